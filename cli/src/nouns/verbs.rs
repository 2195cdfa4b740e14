//! What is asked of the API for each verb?

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    body::Changes,
    doing::Doing,
    find::{called, everyone, find, id},
    lockout::loss,
    noun::Noun,
};
use crate::{
    api::{Ask, Client},
    members::Members as _,
    output::{Output, print, visible_json},
};

/// All of them, or those that fit. Groups begin with Everyone, which the API lists apart.
pub async fn list(client: &Client, noun: &Noun, filter: Option<&str>) -> anyhow::Result<Vec<Value>> {
    let query: Vec<(&str, &str)> = filter.map(|filter| ("filter", filter)).into_iter().collect();
    let mut all = Vec::new();
    if noun.name == "group" && filter.is_none() {
        all.push(everyone(client).await?);
    }
    all.extend(client.list(noun.path, &query).await?);
    Ok(all)
}

/// Prints the pages of a list as they come.
pub async fn list_raw(client: &Client, noun: &Noun, filter: Option<&str>) -> anyhow::Result<()> {
    let query: Vec<(&str, &str)> = filter.map(|filter| ("filter", filter)).into_iter().collect();
    let mut written = Ok(());
    client
        .pages(noun.path, &query, |page| {
            written = print(&(visible_json(&page.to_string()) + "\n"));
        })
        .await?;
    written
}

/// One of them.
pub async fn get(client: &Client, noun: &Noun, name: &str) -> anyhow::Result<Value> {
    match only(client, noun).await? {
        Some(path) => Ok(client.get(&path, &[]).await?),
        None => find(client, noun, name).await,
    }
}

/// Where the one thing there is is.
async fn only(client: &Client, noun: &Noun) -> anyhow::Result<Option<String>> {
    let Some(path) = noun.only.filter(|path| path.contains("{tenant}")) else {
        return Ok(noun.only.map(str::to_owned));
    };
    let tenant = client.get("/api/v1/tenants/me", &[]).await?;
    let id = tenant.member("id").as_str().context("the tenant has no identifier")?;
    Ok(Some(path.replace("{tenant}", id)))
}

/// Makes one; answers it, unless it is only tried.
pub async fn create(
    client: &Client,
    noun: &Noun,
    body: Value,
    doing: &Doing,
) -> anyhow::Result<Option<Value>> {
    doing.send(client, &Ask::new(Method::POST, noun.path, Some(body))).await
}

/// Changes one, if it is not already as it should be; answers the secret that this made, if it made one.
pub async fn edit(
    client: &Client,
    noun: &Noun,
    name: &str,
    changes: Changes,
    doing: &Doing,
    output: &Output,
) -> anyhow::Result<Option<Value>> {
    let thing = get(client, noun, name).await?;
    let (path, what) = match only(client, noun).await? {
        Some(path) => (path, noun.word.to_owned()),
        None => (
            format!("{}/{}", noun.path, id(noun, &thing)?),
            format!("{} `{}`", noun.word, called(noun, &thing)),
        ),
    };
    let differs = |(member, value): &(&str, Value)| {
        let pointer = format!("/{member}");
        thing.pointer(&pointer).is_none_or(|present| present != value)
    };
    let replaced = changes.members.into_iter().filter(differs);
    let replace = |(member, value)| json!({"op": "replace", "path": format!("/{member}"), "value": value});
    let operations: Vec<Value> = changes.operations.into_iter().chain(replaced.map(replace)).collect();
    if operations.is_empty() {
        output.note(&format!("the {what} is so already"));
        return Ok(None);
    }
    let ask = Ask::new(Method::PATCH, path, Some(operations.into()));
    doing.keep_administration(client, std::slice::from_ref(&ask)).await?;
    let Some(mut answer) = doing.send(client, &ask).await? else { return Ok(None) };
    output.note(&format!("the {what} is changed"));
    let has_secret = noun.secret.is_some_and(|secret| !secret.text(&answer).is_empty());
    if let Some(members) = answer.as_object_mut() {
        members.insert(noun.id.to_owned(), thing.member(noun.id).clone());
    }
    Ok(has_secret.then_some(answer))
}

/// Deletes some of them, once all are found and somebody agrees.
pub async fn remove(
    client: &Client,
    noun: &Noun,
    names: &[&String],
    doing: &Doing,
    output: &Output,
) -> anyhow::Result<()> {
    let mut things = Vec::new();
    for name in names {
        things.push(find(client, noun, name).await?);
    }
    let asks = things.iter().map(|thing| deletion(noun, thing)).collect::<anyhow::Result<Vec<Ask>>>()?;
    let all: Vec<String> = things.iter().map(|thing| format!("`{}`", called(noun, thing))).collect();
    let place = client.name.as_deref().unwrap_or(client.base().as_str());
    let question = format!("Delete the {}{} {} at {place}?", noun.word, plural(&all), all.join(", "));
    let lost = if doing.yes { None } else { loss(client, &asks).await? };
    doing.confirm(lost.as_deref(), &question)?;
    for (ask, called) in asks.iter().zip(&all) {
        let sent = doing.send(client, ask).await;
        if sent.with_context(|| format!("the {} {called} is not deleted", noun.word))?.is_some() {
            output.note(&format!("the {} {called} is deleted", noun.word));
        }
    }
    Ok(())
}

fn deletion(noun: &Noun, thing: &Value) -> anyhow::Result<Ask> {
    let id = id(noun, thing)?;
    let mut ask = Ask::new(Method::DELETE, format!("{}/{id}", noun.path), None);
    if noun.name == "oauth-client" {
        ask.headers.push(("qlik-confirm-delete", id.to_owned()));
    }
    Ok(ask)
}

const fn plural(all: &[String]) -> &'static str {
    if all.len() == 1 { "" } else { "s" }
}
