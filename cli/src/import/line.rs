//! What does a line ask for, and what of it is not there yet?

use std::collections::HashMap;

use anyhow::{Context as _, bail};
use csv::StringRecord;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Field, Holds, Present};
use crate::{
    api::{Ask, Client},
    members::Members as _,
    nouns::{Doing, Given, give},
};

/// A line of a file.
pub struct Line {
    /// Its number.
    pub at: u64,
    /// What tells its thing apart.
    pub name: String,
    /// Why nothing can be done with it.
    pub fault: Option<&'static str>,
    /// What stands in it; nothing is said of what is left out.
    members: Vec<(Field, String)>,
}

/// What became of a line.
#[derive(Clone, Copy)]
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

impl Line {
    pub fn new(record: &StringRecord, columns: &[Field], key: &str) -> Self {
        let members: Vec<(Field, String)> = columns
            .iter()
            .zip(record)
            .filter(|(_, text)| !text.is_empty())
            .map(|(field, text)| (*field, text.to_owned()))
            .collect();
        let name = members.iter().find(|(field, _)| field.name == key).map(|(_, text)| text.clone());
        let fault = if record.len() > columns.len() {
            Some("there is more in it than there are columns")
        } else if name.is_none() {
            Some("it does not say which one it is about")
        } else {
            None
        };
        let at = record.position().map_or(0, csv::Position::line);
        Self { at, name: name.unwrap_or_default(), fault, members }
    }

    /// Makes what is missing; answers what was done.
    pub async fn bring(&self, client: &Client, present: &Present, doing: &Doing) -> anyhow::Result<Done> {
        if present.shared.contains(&self.name) {
            bail!("the tenant has two {}s of this name", present.noun.word);
        }
        if let Some(thing) = present.things.get(&self.name) {
            let changed = self.change(client, present, thing, doing).await?;
            return Ok(if changed { Done::Changed } else { Done::Same });
        }
        let made =
            doing.send(client, &Ask::new(Method::POST, present.noun.path, Some(self.body(present)?))).await?;
        if let Some(made) = made {
            self.give_groups(client, present, &made, doing).await?;
        }
        Ok(Done::Made)
    }

    fn body(&self, present: &Present) -> anyhow::Result<Value> {
        let mut body = Map::new();
        for (field, text) in &self.members {
            let value = match field.holds {
                Holds::Text | Holds::Fixed => json!(text),
                Holds::Scopes => parts(text).collect(),
                Holds::Roles => {
                    let ids = ids(text, &present.roles, "role")?;
                    ids.iter().map(|given| json!({"id": given.id})).collect()
                }
                Holds::Groups => {
                    ids(text, &present.groups, "custom group")?;
                    continue;
                }
            };
            body.insert(field.member.to_owned(), value);
        }
        Ok(Value::Object(body))
    }

    /// Changes what differs and gives what is missing.
    async fn change(
        &self,
        client: &Client,
        present: &Present,
        thing: &Value,
        doing: &Doing,
    ) -> anyhow::Result<bool> {
        // What is not known is found before anything is done.
        self.body(present)?;
        let differs = |(field, text): &&(Field, String)| {
            field.holds == Holds::Text && thing.member(field.member).as_str() != Some(text.as_str())
        };
        let replace = |(field, text): &(Field, String)| json!({"op": "replace", "path": format!("/{}", field.member), "value": text});
        let operations: Vec<Value> = self.members.iter().filter(differs).map(replace).collect();
        let mut changed = !operations.is_empty();
        if changed {
            let id = thing.member("id").as_str().context("the server shows a thing without identifier")?;
            let path = format!("{}/{id}", present.noun.path);
            doing.send(client, &Ask::new(Method::PATCH, path, Some(operations.into()))).await?;
        }
        for (field, text) in &self.members {
            let given = match field.holds {
                Holds::Text | Holds::Fixed => continue,
                Holds::Scopes => parts(text).map(Given::scope).collect(),
                Holds::Roles => ids(text, &present.roles, "role")?,
                Holds::Groups => ids(text, &present.groups, "custom group")?,
            };
            if lacks(thing, field.member, &given) {
                changed |= give(client, present.noun, thing, field.member, &given, doing).await?;
            }
        }
        Ok(changed)
    }

    /// Groups are not said when a user is made.
    async fn give_groups(
        &self,
        client: &Client,
        present: &Present,
        thing: &Value,
        doing: &Doing,
    ) -> anyhow::Result<()> {
        for (field, text) in self.members.iter().filter(|(field, _)| field.holds == Holds::Groups) {
            let groups = ids(text, &present.groups, "custom group")?;
            give(client, present.noun, thing, field.member, &groups, doing)
                .await
                .context("the user is made, and not in all groups")?;
        }
        Ok(())
    }
}

/// Names that stand more than once in a file are told, and not brought in twice.
pub fn refuse_twice(lines: &mut [Line]) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for line in lines.iter() {
        *counts.entry(line.name.clone()).or_default() += 1;
    }
    for line in lines.iter_mut().filter(|line| line.fault.is_none()) {
        if counts.get(&line.name).is_some_and(|count| *count > 1) {
            line.fault = Some("another line is about the same");
        }
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|part| !part.is_empty())
}

fn ids(text: &str, known: &HashMap<String, String>, what: &str) -> anyhow::Result<Vec<Given>> {
    let id = |name: &str| {
        let id = known.get(name).with_context(|| format!("there is no {what} `{name}`"))?;
        Ok(Given { id: id.clone(), called: name.to_owned() })
    };
    parts(text).map(id).collect()
}

fn lacks(thing: &Value, member: &str, given: &[Given]) -> bool {
    let present = thing.member(member).as_array().map(Vec::as_slice).unwrap_or_default();
    let has = |given: &Given| {
        present.iter().any(|item| item == given.id.as_str() || item.member("id") == given.id.as_str())
    };
    !given.iter().all(has)
}
