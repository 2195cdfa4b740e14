//! What is in the tenant already, and which of it does a line mean?

use std::collections::HashMap;

use anyhow::{Context as _, bail};
use rolecall_engine::{
    catalogue::Catalogue,
    names::{GroupName, RoleName},
    refusal::Rule,
};
use serde_json::Value;

use super::{
    file::Line,
    kinds::{Holds, Kind},
};
use crate::{
    api::Client,
    members::Members as _,
    nouns::{Given, Noun, noun},
    output::visible,
};

/// What is in the tenant already.
pub struct Present {
    /// What the lines are about.
    pub noun: &'static Noun,
    /// Whether the tenant is a Rolecall's.
    pub is_rolecall: bool,
    /// The caller.
    pub me: Value,
    /// The scopes there are; whether custom roles may hold them, and whether `UserDefault` may.
    pub scopes: HashMap<String, (bool, bool)>,
    things: Vec<Value>,
    /// The places of the things, by what tells them apart, and by addresses.
    named: HashMap<String, Vec<usize>>,
    addressed: HashMap<String, Vec<usize>>,
    roles: HashMap<String, Value>,
    groups: HashMap<String, Value>,
}

/// The thing that a line is about.
pub struct Found<'p> {
    /// The thing.
    pub thing: &'p Value,
    /// How it was found, where that is worth a word.
    pub by: Option<String>,
}

impl Present {
    /// Reads what lines of a kind are about.
    ///
    /// # Errors
    /// When the server does not show it.
    pub async fn read(client: &Client, kind: Kind) -> anyhow::Result<Self> {
        let noun = noun(kind.noun()).context("there are users, groups and roles")?;
        let of = async |wanted: bool, path: &str| -> anyhow::Result<Vec<Value>> {
            Ok(if wanted { client.list(path, &[]).await? } else { Vec::new() })
        };
        let holds = |holds: Holds| kind.fields().iter().any(|field| field.holds == holds);
        let roles = of(holds(Holds::Roles), "/api/v1/roles").await?;
        let mut groups = of(holds(Holds::Groups), "/api/v1/groups").await?;
        // Where two have one name, the custom one is meant.
        groups.sort_by_key(|group| group.member("providerType") == "custom");
        let mut things = client.list(noun.path, &[]).await?;
        things.retain(|thing| thing.member("status") != "deleted");
        let scopes = client.scopes().await?;
        let key = kind.fields().first().map_or("", |field| field.member);
        let text = |thing: &Value, member: &str| thing.member(member).as_str().unwrap_or_default().to_owned();
        let by_name = |all: Vec<Value>| all.into_iter().map(|thing| (text(&thing, "name"), thing)).collect();
        Ok(Self {
            noun,
            is_rolecall: scopes.is_some(),
            me: client.get("/api/v1/users/me", &[]).await?,
            scopes: scopes.map_or_else(known_scopes, |shown| shown_scopes(shown)),
            named: places(&things, |thing| text(thing, key)),
            addressed: places(&things, |thing| text(thing, "email").to_lowercase()),
            things,
            roles: by_name(roles),
            groups: by_name(groups),
        })
    }

    /// All there is of what the lines are about.
    pub fn all(&self) -> impl Iterator<Item = &Value> {
        self.things.iter()
    }

    /// The thing that a line is about: whoever has its subject, else its address, in its first column or in that of addresses; of groups of one
    /// name the custom one, where no provider is said.
    ///
    /// # Errors
    /// When several have the address.
    pub fn find(&self, line: &Line) -> anyhow::Result<Option<Found<'_>>> {
        let key = line.key();
        let of_provider = |thing: &&Value| {
            line.text("provider").is_none_or(|provider| thing.member("providerType") == provider)
        };
        let canonical = match self.noun.name {
            "role" => RoleName::new(key).map(|name| name.to_string()).ok(),
            "group" => GroupName::new(key).map(|name| name.to_string()).ok(),
            _ => None,
        };
        for name in [Some(key), canonical.as_deref()].into_iter().flatten() {
            let mut found: Vec<&Value> = self.at(&self.named, name).filter(of_provider).collect();
            if found.len() > 1 {
                found.retain(|thing| thing.member("providerType") == "custom");
            }
            if let Some(thing) = found.pop() {
                return Ok(Some(Found { thing, by: None }));
            }
        }
        for email in [Some(key), line.text("email")].into_iter().flatten().filter(|text| !text.is_empty()) {
            let found: Vec<&Value> = self.at(&self.addressed, &email.to_lowercase()).collect();
            let mut subjects: Vec<&str> =
                found.iter().filter_map(|user| user.member("subject").as_str()).collect();
            subjects.sort_unstable();
            let subjects = visible(&subjects.join("`, `"));
            match found.as_slice() {
                [] => {}
                [thing] => {
                    return Ok(Some(Found {
                        thing,
                        by: Some(format!("by the e-mail address of `{subjects}`")),
                    }));
                }
                _ => bail!(
                    "several have the e-mail address `{}`: `{subjects}`; say which one by the subject",
                    visible(email)
                ),
            }
        }
        Ok(None)
    }

    fn at<'p>(
        &'p self,
        places: &'p HashMap<String, Vec<usize>>,
        name: &str,
    ) -> impl Iterator<Item = &'p Value> {
        places.get(name).into_iter().flatten().filter_map(|at| self.things.get(*at))
    }

    /// What a cell names, to be given or taken.
    ///
    /// # Errors
    /// When something is not there, or cannot be given.
    pub fn named(&self, holds: Holds, text: &str) -> anyhow::Result<Vec<Given>> {
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|name| self.one(holds, name)).collect()
    }

    fn one(&self, holds: Holds, name: &str) -> anyhow::Result<Given> {
        let found = match holds {
            Holds::Roles => self.roles.get(name).ok_or_else(|| Rule::UnknownRole(visible(name)))?,
            Holds::Groups => {
                let group = self.groups.get(name).ok_or_else(|| Rule::UnknownGroup(visible(name)))?;
                if group.member("providerType") != "custom" {
                    bail!(Rule::IdpGroup(visible(name)));
                }
                group
            }
            Holds::Scopes | Holds::Text | Holds::Fixed => return Ok(Given::scope(name)),
        };
        let id = found.member("id").as_str().context("the server shows a thing without identifier")?;
        Ok(Given { id: id.to_owned(), called: name.to_owned() })
    }
}

/// The scopes of a Rolecall.
fn shown_scopes(shown: &[Value]) -> HashMap<String, (bool, bool)> {
    let flag = |scope: &Value, name: &str| scope.member(name).as_bool().unwrap_or_default();
    let scope = |scope: &Value| {
        Some((
            scope.member("name").as_str()?.to_owned(),
            (flag(scope, "customRole"), flag(scope, "userDefault")),
        ))
    };
    shown.iter().filter_map(scope).collect()
}

/// The scopes that a real tenant is known to have; it does not list them.
fn known_scopes() -> HashMap<String, (bool, bool)> {
    let scopes = Catalogue::qlik();
    scopes.scopes().map(|scope| (scope.name.to_string(), (scope.custom_role, scope.user_default))).collect()
}

fn places(things: &[Value], name: impl Fn(&Value) -> String) -> HashMap<String, Vec<usize>> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, thing) in things.iter().enumerate() {
        places.entry(name(thing)).or_default().push(at);
    }
    places
}
