//! How are scopes, roles and members given and taken, so that nothing is lost that somebody else gives or takes meanwhile?
//!
//! Each round reads what is there, works out what is missing, and asks for that alone; it ends once nothing is missing any more. Where
//! the API takes single additions and removals, they are sent; where it only takes whole lists, the list is made from what was read
//! a moment before (reference/access-control.md §3, §8).

use anyhow::{Context as _, bail};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Doing,
    find::{again, called, find, id},
    noun,
    noun::{Noun, Part},
};
use crate::{
    api::{Ask, Client},
    members::Members as _,
    output::Output,
};

/// Rounds before it is given up: others change the same all the time.
pub const ROUNDS: usize = 6;

/// What is given or taken.
#[derive(Clone, Copy)]
pub struct Change {
    /// What is changed.
    pub noun: &'static Noun,
    /// What is given or taken.
    pub part: Part,
    /// Whether it is given.
    pub adds: bool,
}

/// What is so once something was given or taken, or did not have to be.
pub const fn has(adds: bool, changed: bool) -> &'static str {
    match (adds, changed) {
        (true, true) => "now has",
        (true, false) => "already has",
        (false, true) => "no longer has",
        (false, false) => "does not have",
    }
}

/// One thing that is given or taken.
pub struct Given {
    /// The scope, or the identifier of the role, user or group.
    pub id: String,
    /// What people call it.
    pub called: String,
}

impl Given {
    /// A scope.
    pub fn scope(name: &str) -> Self {
        Self { id: name.to_owned(), called: name.to_owned() }
    }
}

/// Gives a thing what it lacks in a list, or takes what it has; answers whether there was anything to do.
///
/// # Errors
/// When it cannot be read or changed.
pub async fn settle(
    client: &Client,
    noun: &'static Noun,
    thing: &Value,
    member: &'static str,
    given: &[Given],
    adds: bool,
    doing: &Doing,
) -> anyhow::Result<bool> {
    let owner = Given { id: id(noun, thing)?.to_owned(), called: called(noun, thing) };
    Target { noun, owner: &owner, member, adds }.settle(client, given, doing).await
}

impl Change {
    /// Gives or takes.
    pub async fn run(
        self,
        client: &Client,
        name: &str,
        names: &[&String],
        doing: &Doing,
        output: &Output,
    ) -> anyhow::Result<()> {
        let whole = find(client, self.noun, name).await?;
        let owner = Given { id: id(self.noun, &whole)?.to_owned(), called: called(self.noun, &whole) };
        if self.part == Part::Member && whole.member("providerType") != "custom" {
            bail!(
                "nobody can be put into the group `{}` or taken out: administrators decide about members of custom groups only",
                owner.called
            );
        }
        let mut items = Vec::new();
        for name in names {
            items.push(self.item(client, name).await?);
        }
        if self.part == Part::Member {
            // Members are kept with the users.
            let users = noun("user").context("there are users")?;
            for user in &items {
                let group = [Given { id: owner.id.clone(), called: owner.called.clone() }];
                let target = Target { noun: users, owner: user, member: "assignedGroups", adds: self.adds };
                let changed = target.settle(client, &group, doing).await?;
                self.say(output, doing, &owner.called, &user.called, changed);
            }
            return Ok(());
        }
        let member = if self.part == Part::Scope { "assignedScopes" } else { "assignedRoles" };
        let target = Target { noun: self.noun, owner: &owner, member, adds: self.adds };
        let changed = target.settle(client, &items, doing).await?;
        let all: Vec<&str> = items.iter().map(|item| item.called.as_str()).collect();
        self.say(output, doing, &owner.called, &all.join("`, `"), changed);
        Ok(())
    }

    async fn item(self, client: &Client, name: &str) -> anyhow::Result<Given> {
        let other = match self.part {
            Part::Scope => return Ok(Given::scope(name)),
            Part::Role => noun("role"),
            Part::Member => noun("user"),
        };
        let other = other.context("there are roles and users")?;
        let found = find(client, other, name).await?;
        Ok(Given { id: id(other, &found)?.to_owned(), called: called(other, &found) })
    }

    fn say(self, output: &Output, doing: &Doing, owner: &str, items: &str, changed: bool) {
        if doing.dry_run && changed {
            return;
        }
        let has = has(self.adds, changed);
        output.note(&format!("the {} `{owner}` {has} `{items}`", self.noun.word));
    }
}

/// A list of a thing that is changed.
#[derive(Clone, Copy)]
struct Target<'t> {
    noun: &'static Noun,
    owner: &'t Given,
    member: &'static str,
    adds: bool,
}

impl Target<'_> {
    /// Asks until what should be there is, and what should not is not; answers whether anything had to be asked.
    async fn settle(self, client: &Client, items: &[Given], doing: &Doing) -> anyhow::Result<bool> {
        let mut refused: Option<(Vec<String>, anyhow::Error)> = None;
        let mut acknowledged = false;
        for round in 0..ROUNDS {
            let present = match self.present(client).await {
                // Who took the right to look from themselves cannot look again; it was done.
                Err(_) if acknowledged => return Ok(true),
                present => present?,
            };
            let is_missing = |item: &&Given| present.contains(&item.id) != self.adds;
            let missing: Vec<&Given> = items.iter().filter(is_missing).collect();
            if missing.is_empty() {
                return Ok(round > 0);
            }
            if let Some((before, error)) = refused.take()
                && before == present
            {
                return Err(error);
            }
            let operations = self.operations(client, &present, &missing).await?;
            let path = format!("{}/{}", self.noun.path, self.owner.id);
            let ask = Ask::new(Method::PATCH, path, Some(operations));
            if !self.adds && round == 0 {
                doing.keep_administration(client, std::slice::from_ref(&ask)).await?;
            }
            match doing.send(client, &ask).await {
                Ok(None) => return Ok(true),
                Ok(Some(_)) => acknowledged = true,
                // Perhaps somebody else did the same, or something that forbids it: the next round shows.
                Err(error) => refused = Some((present, error)),
            }
        }
        bail!("the {} `{}` is changed by others all the time; try again", self.noun.word, self.owner.called)
    }

    /// What is in the list now.
    async fn present(self, client: &Client) -> anyhow::Result<Vec<String>> {
        let thing = again(client, self.noun, &self.owner.id).await?;
        let list = match thing.member(self.member) {
            Value::Array(list) => list,
            Value::Null if self.member == "assignedGroups" => return Ok(Vec::new()),
            _ => bail!("the server does not show `{}`; that takes a TenantAdmin", self.member),
        };
        let id = |item: &Value| item.as_str().or_else(|| item.member("id").as_str()).map(str::to_owned);
        Ok(list.iter().filter_map(id).collect())
    }

    async fn operations(
        self,
        client: &Client,
        present: &[String],
        missing: &[&Given],
    ) -> anyhow::Result<Value> {
        let one_by_one = match (self.noun.name, self.member) {
            (_, "assignedScopes" | "assignedGroups") => true,
            ("user" | "group", _) => client.is_rolecall().await?,
            _ => false,
        };
        let path = format!("/{}", self.member);
        let value = |id: &str| if self.member == "assignedRoles" { json!({"id": id}) } else { json!(id) };
        if one_by_one {
            let operation = |item: &&Given| {
                let value = value(&item.id);
                if self.adds {
                    json!({"op": "add", "path": format!("{path}/-"), "value": value})
                } else {
                    json!({"op": "remove-value", "path": path, "value": value})
                }
            };
            return Ok(missing.iter().map(operation).collect());
        }
        let is_missing = |id: &String| missing.iter().any(|item| item.id == *id);
        let mut whole: Vec<Value> =
            present.iter().filter(|id| self.adds || !is_missing(id)).map(|id| value(id)).collect();
        if self.adds {
            whole.extend(missing.iter().map(|item| value(&item.id)));
        }
        Ok(json!([{"op": "replace", "path": path, "value": whole}]))
    }
}
