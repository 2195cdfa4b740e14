//! Which thing does somebody mean by a name?

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::noun::Noun;
use crate::{
    api::Client,
    members::Members as _,
    output::{Column, visible},
};

/// The system group that everybody is in (reference/access-control.md §1).
pub const EVERYONE: &str = "000000000000000000000001";

/// The identifier of a thing.
///
/// # Errors
/// When it has none.
pub fn id<'t>(noun: &Noun, thing: &'t Value) -> anyhow::Result<&'t str> {
    thing
        .member(noun.id)
        .as_str()
        .with_context(|| format!("the server shows {} without identifier", noun.one()))
}

/// What people call a thing.
pub fn called(noun: &Noun, thing: &Value) -> String {
    let names = noun.called.iter().filter_map(|member| thing.member(member).as_str());
    visible(names.chain(thing.member(noun.id).as_str()).find(|name| !name.is_empty()).unwrap_or_default())
}

/// The system group that everybody is in.
///
/// # Errors
/// When it cannot be read.
pub async fn everyone(client: &Client) -> anyhow::Result<Value> {
    let system = client.list("/api/v1/groups", &[("systemGroups", "true")]).await?;
    system
        .into_iter()
        .find(|group| group.member("id") == EVERYONE)
        .context("the server does not show the group Everyone")
}

/// The one thing that is meant by an identifier or a name.
///
/// # Errors
/// When there is none, or there are several.
pub async fn find(client: &Client, noun: &Noun, name: &str) -> anyhow::Result<Value> {
    if noun.name == "group" && [EVERYONE, "com.qlik.Everyone"].contains(&name) {
        return everyone(client).await;
    }
    if could_be_id(name)
        && let Some(thing) = client.find(&format!("{}/{name}", noun.path)).await?
    {
        return Ok(thing);
    }
    let mut found = candidates(client, noun, name).await?;
    found.retain(|thing| noun.called.iter().any(|member| is_called(thing, member, name)));
    if noun.name == "group" && name == "Everyone" {
        // The API lists it apart. Another group may have that name.
        found.push(everyone(client).await?);
    }
    match (found.pop(), found.as_slice()) {
        (Some(only), []) => Ok(only),
        (None, _) => bail!("there is no {} `{}`", noun.word, visible(name)),
        (Some(last), others) => {
            let all: Vec<String> = others.iter().chain([&last]).map(|thing| described(noun, thing)).collect();
            bail!(
                "`{}` names {} {}s; say which by its identifier:\n  {}",
                visible(name),
                all.len(),
                noun.word,
                all.join("\n  ")
            )
        }
    }
}

/// The thing as it is now.
///
/// # Errors
/// When it cannot be read any more.
pub async fn again(client: &Client, noun: &Noun, id: &str) -> anyhow::Result<Value> {
    if noun.name == "group" && id == EVERYONE {
        return everyone(client).await;
    }
    Ok(client.get(&format!("{}/{id}", noun.path), &[]).await?)
}

/// Whether a text may stand in a path as an identifier.
fn could_be_id(text: &str) -> bool {
    (24..=36).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// Addresses are the same in any case; names are not.
fn is_called(thing: &Value, member: &str, name: &str) -> bool {
    thing.member(member).as_str().is_some_and(|present| {
        present == name || (member == "email" && present.to_lowercase() == name.to_lowercase())
    })
}

async fn candidates(client: &Client, noun: &Noun, name: &str) -> anyhow::Result<Vec<Value>> {
    if !noun.has_filter {
        return Ok(client.list(noun.path, &[]).await?);
    }
    let quoted = Value::from(name).to_string();
    let terms: Vec<String> = noun.called.iter().map(|member| format!("{member} eq {quoted}")).collect();
    Ok(client.list(noun.path, &[("filter", &terms.join(" or "))]).await?)
}

fn described(noun: &Noun, thing: &Value) -> String {
    let columns = noun.columns.iter().take(4).map(|column: &Column| column.text(thing));
    visible(&columns.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("  "))
}
