//! What is answered to each question about access?

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use rolecall_engine::{
    access::{Query, UserFacts, Way, explain},
    scopes::ScopeIndex,
};
use serde_json::{Value, json};

use super::{
    Asking, Person, me,
    people::{called, find},
    read::{OtherCatalogue, ReadUser, Tenant},
};
use crate::{
    api::{ApiError, Client},
    members::Members as _,
    output::{Column, visible},
};

/// Ways that are told of each scope in lists.
const FEW: usize = 10;

fn ways(ways: &[Way<'_>]) -> Vec<String> {
    ways.iter().map(ToString::to_string).collect()
}

fn facts<'t>(tenant: &'t Tenant, (id, user): Person<'_>) -> anyhow::Result<&'t UserFacts> {
    tenant.snapshot.user(id).with_context(|| format!("the user `{}` was not read", user.id))
}

fn scope(tenant: &Tenant, name: &str) -> anyhow::Result<ScopeIndex> {
    let found = tenant.snapshot.scope(name);
    found.with_context(|| format!("there is no scope `{}` in the catalogue or in a role", visible(name)))
}

/// The user who is asked about: the one who is named, else the one whose key it is.
async fn subject<'t>(client: &Client, tenant: &'t Tenant, name: Option<&str>) -> anyhow::Result<Person<'t>> {
    if let Some(name) = name {
        return find(tenant, name);
    }
    let me = me(client).await?;
    find(tenant, me.member("id").as_str().context("the server does not say whose key it is")?)
}

/// Says whether a user may use a scope.
pub async fn can(asking: &Asking, user: Option<&str>, name: &str) -> anyhow::Result<bool> {
    let client = asking.client()?;
    let tenant = match asking.read(&client).await {
        Err(error) if user.is_none() && is_kept_from(&error) => {
            return can_i(asking, &client, name, error).await;
        }
        read => read?,
    };
    let person = subject(&client, &tenant, user).await?;
    scope(&tenant, name)?;
    let explained = explain(&tenant.snapshot, &Query { user: person.0, scope: name });
    let may = explained.decision.is_allowed();
    let text = format!("{}: {}\n", if may { "yes" } else { "no" }, visible(&explained.to_string()));
    let said = json!({"user": person.1.id, "scope": name, "allowed": may, "reason": explained.to_string()});
    asking.output.text(&text, &said)?;
    Ok(may)
}

/// Whether the tenant cannot be read because the key's user may not, or because its catalogue is not known here.
fn is_kept_from(error: &anyhow::Error) -> bool {
    let is_forbidden =
        matches!(error.downcast_ref(), Some(ApiError::Refused(refused)) if refused.status == 403);
    is_forbidden || error.is::<OtherCatalogue>()
}

/// What the user whose key it is may use, as the server tells everybody; else why the tenant could not be read.
fn own_scopes(me: &Value, error: anyhow::Error) -> anyhow::Result<BTreeSet<&str>> {
    let scopes = me.member("assignedScopes").as_array().ok_or(error)?;
    Ok(scopes.iter().filter_map(Value::as_str).collect())
}

/// Says whether the user whose key it is may use a scope, where the tenant cannot be read.
async fn can_i(asking: &Asking, client: &Client, name: &str, error: anyhow::Error) -> anyhow::Result<bool> {
    let me = me(client).await?;
    let may = own_scopes(&me, error)?.contains(name);
    if !may && !is_known(asking, client, name).await? {
        bail!("there is no scope `{}` in the catalogue", visible(name));
    }
    let said = json!({"user": me.member("id"), "scope": name, "allowed": may});
    asking.output.text(if may { "yes\n" } else { "no\n" }, &said)?;
    Ok(may)
}

/// Whether there is a scope: in the server's catalogue, or in the one that is known here.
async fn is_known(asking: &Asking, client: &Client, name: &str) -> anyhow::Result<bool> {
    Ok(match client.scopes().await? {
        Some(all) => all.iter().any(|scope| scope.member("name") == name),
        None => asking.catalogue()?.find(name).is_some(),
    })
}

const SCOPE: Column = Column::of("SCOPE", "scope");
const SCOPES: &[Column] = &[SCOPE, Column::of("BY", "ways")];

/// Lists what a user may use.
pub async fn all_of(asking: &Asking, user: Option<&str>) -> anyhow::Result<()> {
    let client = asking.client()?;
    let tenant = match asking.read(&client).await {
        Err(error) if user.is_none() && is_kept_from(&error) => {
            let me = me(&client).await?;
            let scopes = own_scopes(&me, error)?;
            asking.output.note("by what you may use them is shown to administrators");
            let rows: Vec<Value> = scopes.into_iter().map(|scope| json!({"scope": scope})).collect();
            return asking.output.list(&[SCOPE], "scope", &rows);
        }
        read => read?,
    };
    let person = subject(&client, &tenant, user).await?;
    let facts = facts(&tenant, person)?;
    if !facts.is_active() {
        asking.output.note(&format!("the user is {}: none of this counts until that ends", facts.status));
    }
    let sources = tenant.snapshot.sources(facts, FEW);
    let mut rows: Vec<Value> =
        sources.map(|(scope, by)| json!({"scope": scope.as_str(), "ways": ways(&by)})).collect();
    rows.sort_by_key(|row| row.member("scope").as_str().map(str::to_owned));
    asking.output.list(SCOPES, "scope", &rows)
}

const HOLDERS: &[Column] = &[
    Column::of("ID", "id"),
    Column::of("NAME", "name"),
    Column::of("EMAIL", "email"),
    Column::of("SUBJECT", "subject"),
    Column::of("BY", "ways"),
];

/// Lists who may use a scope.
pub async fn who_can(asking: &Asking, name: &str) -> anyhow::Result<()> {
    let client = asking.client()?;
    let tenant = asking.read(&client).await?;
    let scope = scope(&tenant, name)?;
    let may: BTreeSet<_> = tenant.snapshot.users_who_may(None, scope).collect();
    let mut rows = Vec::new();
    for (id, user) in tenant.users.iter().filter(|(id, _)| may.contains(id)) {
        let by: Vec<Way<'_>> = tenant.snapshot.ways(facts(&tenant, (*id, user))?, scope).take(FEW).collect();
        rows.push(json!({
            "id": user.id,
            "name": user.name,
            "email": user.email,
            "subject": user.subject,
            "ways": ways(&by),
        }));
    }
    asking.output.list(HOLDERS, "id", &rows)
}

/// Says why a user may use a scope or may not, and what would change it.
pub async fn explained(asking: &Asking, name: &str, scope_name: &str) -> anyhow::Result<bool> {
    let client = asking.client()?;
    let tenant = asking.read(&client).await?;
    let person = find(&tenant, name)?;
    scope(&tenant, scope_name)?;
    let explained = explain(&tenant.snapshot, &Query { user: person.0, scope: scope_name });
    let may = explained.decision.is_allowed();
    let mut text = format!(
        "{} {} use `{scope_name}`: {}\n",
        visible(called(person.1)),
        if may { "may" } else { "may not" },
        visible(&explained.to_string()),
    );
    if !explained.ways.is_empty() {
        text += "\nIt is granted in these ways; all of them have to go to take it away:\n";
        for way in &explained.ways {
            text += &visible(&format!("  {way}: {}", way.end()));
            text.push('\n');
        }
    }
    if !explained.missing.is_empty() {
        text += "\nThese roles would grant it:\n";
        for role in &explained.missing {
            text += &visible(&format!("  {}", role.name));
            text.push('\n');
        }
    }
    let way = |way: &Way<'_>| json!({"way": way.to_string(), "end": way.end()});
    let missing: Vec<&str> = explained.missing.iter().map(|role| role.name.as_str()).collect();
    let said = json!({
        "user": person.1.id,
        "scope": scope_name,
        "allowed": may,
        "reason": explained.to_string(),
        "ways": explained.ways.iter().map(way).collect::<Vec<_>>(),
        "missing": missing,
    });
    asking.output.text(&text, &said)?;
    Ok(may)
}

const DIFFERENCES: &[Column] =
    &[Column::of("ONLY", "user"), Column::of("SCOPE", "scope"), Column::of("BY", "ways")];

/// Lists what one of two users may use and the other may not; answers whether there is anything.
pub async fn differences(asking: &Asking, first: &str, second: &str) -> anyhow::Result<bool> {
    let client = asking.client()?;
    let tenant = asking.read(&client).await?;
    let (first, second) = (find(&tenant, first)?, find(&tenant, second)?);
    let (of_first, of_second) = (usable(&tenant, first)?, usable(&tenant, second)?);
    let same_name = called(first.1) == called(second.1);
    let only = |person: Person<'_>,
                has: &BTreeMap<String, Vec<String>>,
                other: &BTreeMap<String, Vec<String>>| {
        let missing = has.iter().filter(|(scope, _)| !other.contains_key(*scope));
        let name = told_apart(person.1, same_name);
        let row = |(scope, ways): (&String, &Vec<String>)| json!({"user": name, "id": person.1.id, "subject": person.1.subject, "scope": scope, "ways": ways});
        missing.map(row).collect::<Vec<Value>>()
    };
    let rows = [only(first, &of_first, &of_second), only(second, &of_second, &of_first)].concat();
    if rows.is_empty() {
        asking.output.note("the two may use the same");
    }
    asking.output.list(DIFFERENCES, "scope", &rows)?;
    Ok(!rows.is_empty())
}

/// What people call a user, with the subject where another is called the same.
fn told_apart(user: &ReadUser, same_name: bool) -> String {
    let name = called(user);
    if same_name { format!("{name} ({})", user.subject) } else { name.to_owned() }
}

/// What a user may use, and by which ways; nothing if the user is not active.
fn usable(tenant: &Tenant, person: Person<'_>) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let facts = facts(tenant, person)?;
    if !facts.is_active() {
        return Ok(BTreeMap::new());
    }
    let sources = tenant.snapshot.sources(facts, FEW);
    Ok(sources.map(|(scope, by)| (scope.to_string(), ways(&by))).collect())
}
