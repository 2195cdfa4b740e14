//! What does a line ask for, and what of it is not there yet?

use std::collections::HashMap;

use anyhow::{Context as _, bail};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    file::Line,
    kinds::{Holds, Kind},
    rules::Asked,
    tenant::Present,
};
use crate::{
    api::{Ask, Client},
    members::Members as _,
    nouns::{Doing, Given, complete, settle},
    output::visible,
};

/// What became of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Done {
    Made,
    Changed,
    Same,
}

impl Done {
    /// In words, of what was done or was only tried.
    pub const fn word(self, tried: bool) -> &'static str {
        match (self, tried) {
            (Self::Made, false) => "made",
            (Self::Made, true) => "to be made",
            (Self::Changed, false) => "changed",
            (Self::Changed, true) => "to be changed",
            (Self::Same, _) => "same",
        }
    }
}

/// What all lines of a file are done with.
pub struct Job<'a> {
    pub client: &'a Client,
    pub present: &'a Present,
    pub kind: Kind,
    /// Whether what the lines name is taken.
    pub removes: bool,
    pub doing: &'a Doing,
}

impl Job<'_> {
    /// Does what a line asks for and is not so yet; answers what was done, and a word on whom it was done to. So many things were
    /// made by lines before it.
    ///
    /// # Errors
    /// When the tenant refuses or would refuse it.
    pub async fn bring(&self, line: &Line, made: usize) -> anyhow::Result<(Done, Option<String>)> {
        if let Some(fault) = &line.fault {
            bail!("{fault}");
        }
        let found = self.present.find(line)?;
        let thing = found.as_ref().map(|found| found.thing);
        if thing.is_none() && (self.removes || !self.kind.makes()) {
            bail!("there is no {} `{}`", self.present.noun.word, visible(line.key()));
        }
        let asked = Asked { line, present: self.present, thing, removes: self.removes, made };
        asked.judge(!self.doing.dry_run)?;
        let done = match thing {
            Some(thing) if self.change(line, thing).await? => Done::Changed,
            Some(_) => Done::Same,
            None => {
                self.make(line).await?;
                Done::Made
            }
        };
        let stays = thing.filter(|_| !self.removes).and_then(|thing| address_that_stays(line, thing));
        let words: Vec<String> = found.and_then(|found| found.by).into_iter().chain(stays).collect();
        Ok((done, (!words.is_empty()).then(|| words.join("; "))))
    }

    async fn make(&self, line: &Line) -> anyhow::Result<()> {
        let mut body = Map::new();
        for (field, text) in &line.members {
            let value = match field.holds {
                // What a user is who is not invited; the vendor documents no word for it here.
                Holds::Text if field.member == "status" && text == "active" => continue,
                Holds::Text | Holds::Fixed => json!(text),
                Holds::Scopes => self.named(field.holds, text)?.iter().map(|scope| json!(scope.id)).collect(),
                Holds::Roles => {
                    self.named(field.holds, text)?.iter().map(|role| json!({"id": role.id})).collect()
                }
                // Groups are not said when a user is made.
                Holds::Groups => continue,
            };
            body.insert(field.member.to_owned(), value);
        }
        complete(self.present.noun, &mut body);
        let ask = Ask::new(Method::POST, self.present.noun.path, Some(Value::Object(body)));
        let Some(made) = self.doing.send(self.client, &ask).await? else { return Ok(()) };
        for (field, text) in line.members.iter().filter(|(field, _)| field.holds == Holds::Groups) {
            let groups = self.named(field.holds, text)?;
            settle(self.client, self.present.noun, &made, field.member, &groups, true, self.doing)
                .await
                .context("the user is made, and not in all groups")?;
        }
        Ok(())
    }

    /// Changes what differs, and gives what is missing or takes what is there.
    async fn change(&self, line: &Line, thing: &Value) -> anyhow::Result<bool> {
        let mut changed = !self.removes && self.replace(line, thing).await?;
        for (field, text) in line.members.iter().filter(|(field, _)| field.holds.is_list()) {
            let given = self.named(field.holds, text)?;
            if is_to_change(thing, field.member, &given, !self.removes) {
                let settled = settle(
                    self.client,
                    self.present.noun,
                    thing,
                    field.member,
                    &given,
                    !self.removes,
                    self.doing,
                )
                .await;
                changed |= if changed { settled.context("it is done in part")? } else { settled? };
            }
        }
        Ok(changed)
    }

    /// Changes texts that differ.
    async fn replace(&self, line: &Line, thing: &Value) -> anyhow::Result<bool> {
        let texts = line.members.iter().filter(|(field, text)| {
            field.holds == Holds::Text && thing.member(field.member).as_str() != Some(text.as_str())
        });
        let operation = |(field, text): &(super::kinds::Field, String)| json!({"op": "replace", "path": format!("/{}", field.member), "value": text});
        let operations: Vec<Value> = texts.map(operation).collect();
        if operations.is_empty() {
            return Ok(false);
        }
        let id = thing.member("id").as_str().context("the server shows a thing without identifier")?;
        let ask =
            Ask::new(Method::PATCH, format!("{}/{id}", self.present.noun.path), Some(operations.into()));
        self.doing.keep_administration(self.client, std::slice::from_ref(&ask)).await?;
        self.doing.send(self.client, &ask).await?;
        Ok(true)
    }

    fn named(&self, holds: Holds, text: &str) -> anyhow::Result<Vec<Given>> {
        self.present.named(holds, text)
    }
}

/// A word on another address than the user has: it is not changed.
fn address_that_stays(line: &Line, user: &Value) -> Option<String> {
    let email = line.text("email").filter(|email| !email.is_empty())?;
    let present = user.member("email").as_str().unwrap_or_default();
    let same = present.to_lowercase() == email.to_lowercase();
    let stays = if present.is_empty() { "none".to_owned() } else { format!("`{}`", visible(present)) };
    (!same).then(|| format!("the e-mail address is not changed: it stays {stays}"))
}

/// Lines that are about the same are told, and none of them is done.
pub fn refuse_twice(kind: Kind, lines: &mut [Line], present: &Present) {
    let target = |line: &Line| {
        let found = present.find(line).ok().flatten();
        let id = found.and_then(|found| found.thing.member("id").as_str().map(str::to_owned));
        let within = match kind {
            Kind::Memberships => line.text("group"),
            Kind::Groups => line.text("provider").or(Some("custom")).filter(|_| id.is_none()),
            Kind::Users | Kind::Roles => None,
        };
        (id.unwrap_or_else(|| line.key().to_owned()), within.unwrap_or_default().to_owned())
    };
    let targets: Vec<_> = lines.iter().map(target).collect();
    let mut places: HashMap<_, Vec<usize>> = HashMap::new();
    for (line, target) in lines.iter().zip(&targets).filter(|(line, _)| line.fault.is_none()) {
        places.entry(target).or_default().push(line.at);
    }
    for (line, target) in lines.iter_mut().zip(&targets).filter(|(line, _)| line.fault.is_none()) {
        let others = places.get(target).into_iter().flatten();
        line.fault =
            others.copied().find(|at| *at != line.at).map(|at| format!("line {at} is about the same"));
    }
}

fn is_to_change(thing: &Value, member: &str, given: &[Given], adds: bool) -> bool {
    let present = thing.member(member).as_array().map(Vec::as_slice).unwrap_or_default();
    let has = |given: &Given| {
        present.iter().any(|item| item == given.id.as_str() || item.member("id") == given.id.as_str())
    };
    given.iter().any(|given| has(given) != adds)
}
