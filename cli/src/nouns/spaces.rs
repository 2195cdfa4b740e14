//! Who has which roles in a space, and how are they given and taken (reference/rest-api.md §11)?
//!
//! The API keeps them in one assignment for each user and group, whose roles are replaced as a whole. As in `parts`, each round reads
//! what is there and asks for what is missing alone, until nothing is.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use clap::{Arg, ArgGroup, ArgMatches, Command};
use reqwest::Method;
use rolecall_engine::oauth::BOT;
use serde_json::{Value, json};

use super::{
    change,
    doing::Doing,
    find::{again, called, find, id},
    named, noun,
    noun::Noun,
    parts::{ROUNDS, has},
    reading, ways,
};
use crate::{
    api::{ApiError, Ask, Client},
    members::Members as _,
    output::{Column, Output},
};

/// What is shown of who has roles in a space.
pub const HOLDERS: &[Column] = &[
    Column::of("ID", "id"),
    Column::of("TYPE", "type"),
    Column::of("ASSIGNEE", "assigneeId"),
    Column::of("NAME", "name"),
    Column::of("ROLES", "roles"),
];

/// The arguments that say whose roles they are.
const WHOSE: [&str; 2] = ["user", "group"];

/// With the commands about the roles in a space.
pub fn commands(space: &Noun, command: Command) -> Command {
    let look = Command::new("roles").about("List who has which roles in a space, besides its owner");
    let add = "Give a user or a group roles in a space, besides those that are there".to_owned();
    let remove = "Take roles in a space from a user or a group, and nothing else".to_owned();
    command
        .subcommand(reading(named(space, look, false)))
        .subcommand(whose(change(space, "add", "role", add)))
        .subcommand(whose(change(space, "remove", "role", remove)))
}

fn whose(command: Command) -> Command {
    let argument = |other: &'static Noun| {
        let help = format!("The {} that has them, by its {}", other.word, ways(other));
        Arg::new(other.name).long(other.name).value_name(other.name.to_uppercase()).help(help)
    };
    let command = command.args(WHOSE.into_iter().filter_map(noun).map(argument));
    command.group(ArgGroup::new("whose").args(WHOSE).required(true))
}

/// The users and groups that have roles in a space, with their names. Its owner is none of them and has them all.
///
/// # Errors
/// When the space is not there, or they cannot be read.
pub async fn holders(client: &Client, space: &Noun, name: &str) -> anyhow::Result<Vec<Value>> {
    let found = find(client, space, name).await?;
    let mut held = client.list(&assignments(space, &found)?, &[]).await?;
    for one in &mut held {
        let other = kind(if one.member("type") == "group" { "group" } else { "user" })?;
        let Some(whose) = one.member("assigneeId").as_str() else { continue };
        let name = match again(client, other, whose).await {
            Ok(whose) => Some(called(other, &whose)),
            // Somebody who is not there any more has no name.
            Err(error) if is_gone(&error) => None,
            Err(error) => return Err(error),
        };
        if let Some(members) = one.as_object_mut() {
            members.insert("name".to_owned(), name.into());
        }
    }
    Ok(held)
}

/// Roles in a space that are given or taken.
pub struct Change<'g> {
    /// What a space is.
    pub space: &'static Noun,
    /// The roles.
    pub roles: BTreeSet<&'g str>,
    /// Whether they are given.
    pub adds: bool,
}

impl Change<'_> {
    /// Gives or takes them.
    ///
    /// # Errors
    /// When somebody or something is not there, it is refused, or others change the same all the time.
    pub async fn run(
        &self,
        client: &Client,
        name: &str,
        given: &ArgMatches,
        doing: &Doing,
        output: &Output,
    ) -> anyhow::Result<()> {
        let space = find(client, self.space, name).await?;
        let named = WHOSE.iter().find_map(|kind| Some((*kind, given.get_one::<String>(kind)?)));
        let (word, whose) = named.context("say whose roles they are")?;
        let other = kind(word)?;
        let whose = find(client, other, whose).await?;
        let holder = Holder {
            all: assignments(self.space, &space)?,
            kind: if is_bot(&whose) { "bot" } else { word },
            id: id(other, &whose)?,
        };
        let changed = self.settle(client, &holder, doing).await?;
        if doing.dry_run && changed {
            return Ok(());
        }
        let has = has(self.adds, changed);
        let roles: Vec<&str> = self.roles.iter().copied().collect();
        let (whose, space) = (called(other, &whose), called(self.space, &space));
        output.note(&format!("the {word} `{whose}` {has} `{}` in the space `{space}`", roles.join("`, `")));
        Ok(())
    }

    /// Asks until what should be there is, and what should not is not; answers whether anything had to be asked.
    async fn settle(&self, client: &Client, holder: &Holder<'_>, doing: &Doing) -> anyhow::Result<bool> {
        let mut refused: Option<(Option<Assignment>, anyhow::Error)> = None;
        for round in 0..ROUNDS {
            let present = holder.present(client).await?;
            let Some(ask) = self.ask(holder, present.as_ref()) else { return Ok(round > 0) };
            if let Some((before, error)) = refused.take()
                && before == present
            {
                return Err(error);
            }
            match doing.send(client, &ask).await {
                Ok(None) => return Ok(true),
                Ok(Some(_)) => {}
                // Perhaps somebody else did the same, or something that forbids it: the next round shows.
                Err(error) => refused = Some((present, error)),
            }
        }
        bail!("the roles in the space are changed by others all the time; try again")
    }

    /// What has to be asked so that they are given or taken, if anything.
    fn ask(&self, holder: &Holder<'_>, present: Option<&Assignment>) -> Option<Ask> {
        let held = present.and_then(|present| present.shown.member("roles").as_array()).into_iter().flatten();
        let held: BTreeSet<&str> = held.filter_map(Value::as_str).collect();
        let wanted: BTreeSet<&str> = if self.adds { &held | &self.roles } else { &held - &self.roles };
        if wanted == held {
            return None;
        }
        let Some(Assignment { path, tag, .. }) = present else {
            let body = json!({"type": holder.kind, "assigneeId": holder.id, "roles": wanted});
            return Some(Ask::new(Method::POST, holder.all.as_str(), Some(body)));
        };
        let ask = if wanted.is_empty() {
            Ask::new(Method::DELETE, path.as_str(), None)
        } else {
            Ask::new(Method::PUT, path.as_str(), Some(json!({"roles": wanted})))
        };
        Some(ask.expecting(tag.clone()))
    }
}

/// The assignment of somebody, as it was read.
#[derive(PartialEq)]
struct Assignment {
    path: String,
    shown: Value,
    /// By which a change can depend on it, where the server has such tags.
    tag: Option<String>,
}

/// Who has roles in a space.
struct Holder<'h> {
    /// Where the assignments of the space are.
    all: String,
    kind: &'h str,
    id: &'h str,
}

impl Holder<'_> {
    /// The assignment there is.
    async fn present(&self, client: &Client) -> anyhow::Result<Option<Assignment>> {
        let found = client.list(&self.all, &[("assigneeId", self.id)]).await?;
        let Some(found) = found.iter().find(|one| one.member("assigneeId") == self.id) else {
            return Ok(None);
        };
        let one = found.member("id").as_str().context("the server shows an assignment without identifier")?;
        let path = format!("{}/{one}", self.all);
        let (shown, tag) = client.tagged(&path).await?;
        Ok(Some(Assignment { path, shown, tag }))
    }
}

fn kind(name: &str) -> anyhow::Result<&'static Noun> {
    noun(name).context("there are users and groups")
}

fn assignments(space: &Noun, found: &Value) -> anyhow::Result<String> {
    Ok(format!("{}/{}/assignments", space.path, id(space, found)?))
}

fn is_gone(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ApiError::Refused(refused)) if refused.status == 404)
}

/// Whether an OAuth client acts as this user.
fn is_bot(user: &Value) -> bool {
    user.member("subject").as_str().is_some_and(|subject| subject.starts_with(BOT))
}
