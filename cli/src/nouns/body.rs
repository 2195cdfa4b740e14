//! What do the flags of a command say in the words of the API?

use std::path::Path;

use anyhow::{Context as _, bail};
use clap::ArgMatches;
use serde_json::{Map, Value, json};

use super::noun::{Field, Kind, Noun};
use crate::files;

/// What is to be changed.
pub struct Changes {
    /// Operations that somebody wrote.
    pub operations: Vec<Value>,
    /// Members and what they are to be.
    pub members: Vec<(&'static str, Value)>,
}

/// The body of a new thing.
///
/// # Errors
/// When what is written is no object, or nothing is said.
pub fn create(noun: &Noun, given: &ArgMatches, written: Option<Value>) -> anyhow::Result<Value> {
    let mut body: Map<String, Value> = match written {
        None => Map::new(),
        Some(Value::Object(body)) => body,
        Some(_) => bail!("the body of {} is an object", noun.one()),
    };
    for field in noun.fields.iter().filter(|field| field.when.creates()) {
        if let Some(value) = value(field, given) {
            body.insert(field.member.to_owned(), value);
        }
    }
    if body.is_empty() {
        bail!("say what the {} is to be, by flags or `--from`", noun.word);
    }
    complete(noun, &mut body);
    Ok(Value::Object(body))
}

/// Says in the body of a new thing what is usual where nothing else is said.
pub fn complete(noun: &Noun, body: &mut Map<String, Value>) {
    for field in noun.fields {
        if let Kind::Usually(text) = field.kind {
            body.entry(field.member).or_insert_with(|| json!(text));
        }
    }
}

/// What is to be changed of a thing.
///
/// # Errors
/// When what is written is no list, or nothing is to be changed.
pub fn edit(noun: &Noun, given: &ArgMatches, written: Option<Value>) -> anyhow::Result<Changes> {
    let operations = match written {
        None => Vec::new(),
        Some(Value::Array(operations)) => operations,
        Some(_) => bail!("a JSON Patch is a list of operations"),
    };
    let fields = noun.fields.iter().filter(|field| field.when.edits());
    let members: Vec<_> = fields.filter_map(|field| Some((field.member, value(field, given)?))).collect();
    if operations.is_empty() && members.is_empty() {
        bail!("say what is to be changed; see `rolecall {} edit --help`", noun.name);
    }
    Ok(Changes { operations, members })
}

fn value(field: &Field, given: &ArgMatches) -> Option<Value> {
    let texts = || given.get_many::<String>(field.flag).map(|texts| texts.cloned().collect::<Vec<_>>());
    match field.kind {
        Kind::Text | Kind::Usually(_) => given.get_one::<String>(field.flag).map(|text| json!(text)),
        Kind::Flag => given.get_one::<bool>(field.flag).map(|flag| json!(flag)),
        Kind::Number => given.get_one::<u32>(field.flag).map(|number| json!(number)),
        Kind::Texts => texts().map(|texts| json!(texts)),
        Kind::Roles => texts().map(|names| names.into_iter().map(|name| json!({"name": name})).collect()),
    }
}

/// What is written in the file that is named, or in the standard input, which can be read only once.
///
/// # Errors
/// When it cannot be read, or is not JSON.
pub fn written(given: &ArgMatches) -> anyhow::Result<Option<Value>> {
    let Ok(Some(name)) = given.try_get_one::<String>("from") else { return Ok(None) };
    let text = files::text(Path::new(name))?;
    serde_json::from_str(&text).map(Some).with_context(|| format!("`{name}` is not JSON"))
}
