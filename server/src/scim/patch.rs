//! What becomes of a resource that is patched? (RFC 7644 §3.5.2)

use rolecall_engine::filter::{Compare, Filter, ItemAttribute, Operand};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    path::{self, Path, selects},
    schema::{Attribute, Kind, Mutability, Schema},
};
use crate::error::{Error, ScimRefusal};

/// Operations of a patch.
const OPERATIONS: usize = 1000;

/// A patch, as sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ScimPatch")]
pub struct Patch {
    /// At most 1000.
    #[serde(rename = "Operations", alias = "operations")]
    operations: Vec<Operation>,
}

/// One operation of a patch.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ScimOperation")]
struct Operation {
    /// `add`, `remove` or `replace`, in any case.
    op: String,
    /// The attribute; without one, the value has attributes.
    path: Option<String>,
    /// What to add, or to put in place.
    value: Option<Value>,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Add,
    Remove,
    Replace,
}

/// What a patch does to one attribute.
#[derive(Debug)]
pub struct Step<'s> {
    pub verb: Verb,
    pub path: Path<'s>,
    /// In the form it has here; none for nothing.
    pub value: Option<Value>,
}

impl Patch {
    /// What it does, attribute by attribute. What is not kept is passed over.
    ///
    /// # Errors
    /// When it cannot be done to any resource of the schema.
    pub fn steps(self, schema: &Schema) -> Result<Vec<Step<'_>>, Error> {
        if self.operations.len() > OPERATIONS {
            return Err(ScimRefusal::invalid_value(format!("a patch has at most {OPERATIONS} operations")));
        }
        let mut steps = Vec::new();
        for Operation { op, path, value } in self.operations {
            let verb = match op.to_ascii_lowercase().as_str() {
                "add" => Verb::Add,
                "remove" => Verb::Remove,
                "replace" => Verb::Replace,
                _ => return Err(ScimRefusal::invalid_syntax(format!("`{op}` is not an operation"))),
            };
            match (path.filter(|path| !path.is_empty()), value) {
                (Some(path), value) => steps.extend(named(schema, verb, &path, value)?),
                (None, _) if verb == Verb::Remove => {
                    return Err(ScimRefusal::no_target("`remove` needs a path"));
                }
                (None, Some(Value::Object(members))) => {
                    for (name, value) in members {
                        steps.extend(unnamed(schema, verb, &name, value)?);
                    }
                }
                (None, _) => {
                    return Err(ScimRefusal::invalid_value("without a path the value must be an object"));
                }
            }
        }
        Ok(steps)
    }
}

/// The step of an operation with a path.
fn named<'s>(
    schema: &'s Schema,
    verb: Verb,
    path: &str,
    value: Option<Value>,
) -> Result<Option<Step<'s>>, Error> {
    let Some(path) = path::read(schema, path)? else { return Ok(None) };
    let target = path.part.unwrap_or(path.attribute);
    let fixed = [path.attribute, target].iter().any(|part| part.mutability == Mutability::ReadOnly);
    if fixed {
        return Err(ScimRefusal::mutability(format!("`{}` cannot be changed", target.name)));
    }
    if verb != Verb::Remove && value.is_none() {
        return Err(ScimRefusal::invalid_value("the operation needs a value"));
    }
    step(verb, path, value).map(Some)
}

/// The step for a member of the value of an operation without a path. Some programs write paths there.
fn unnamed<'s>(schema: &'s Schema, verb: Verb, name: &str, value: Value) -> Result<Option<Step<'s>>, Error> {
    let path = match path::read(schema, name) {
        Ok(Some(path)) => path,
        Ok(None) => return Ok(None),
        // As in a whole resource, what nobody knows is passed over.
        Err(_) if !name.contains(['[', '.']) => return Ok(None),
        Err(error) => return Err(error),
    };
    let target = path.part.unwrap_or(path.attribute);
    if [path.attribute, target].iter().any(|part| part.mutability == Mutability::ReadOnly) {
        return Ok(None);
    }
    step(verb, path, Some(value)).map(Some)
}

fn step(verb: Verb, path: Path<'_>, value: Option<Value>) -> Result<Step<'_>, Error> {
    if let Some(part) = path.part.filter(|part| part.mutability == Mutability::Immutable) {
        return Err(ScimRefusal::mutability(format!("`{}` cannot be changed", part.name)));
    }
    let sent = value.unwrap_or_default();
    let names_some = verb == Verb::Remove && path.attribute.is_many && !sent.is_null();
    let value = match (path.part, &path.filter) {
        (Some(part), _) => part.canonical(sent)?,
        (None, Some(_)) => path.attribute.one(sent)?,
        (None, None) => path.attribute.canonical(sent)?,
    };
    // Taken for none, it would be taken for all.
    if names_some && path.filter.is_none() && path.part.is_none() && value.is_none() {
        return Err(ScimRefusal::invalid_value("the value names nothing to remove"));
    }
    Ok(Step { verb, path, value })
}

impl Step<'_> {
    /// Does it to a resource whose members have their form.
    ///
    /// # Errors
    /// When the resource has no such value to change, or must have the one that is to go.
    pub fn apply(self, resource: &mut Map<String, Value>) -> Result<(), Error> {
        let Self { verb, path, value } = self;
        let name = &path.attribute.name;
        if path.attribute.is_many {
            let mut items = match resource.remove(name) {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            };
            several(verb, &path, value, &mut items)?;
            if !items.is_empty() {
                resource.insert(name.clone(), Value::Array(items));
            }
            return Ok(());
        }
        let value = value.filter(|_| verb != Verb::Remove);
        if value.is_none() && path.attribute.is_required {
            return Err(ScimRefusal::mutability(format!("`{name}` must have a value")));
        }
        match (path.part, value) {
            (None, None) => drop(resource.remove(name)),
            (Some(part), value) => {
                let mut whole = object(resource.remove(name));
                set(&mut whole, part, value);
                if !whole.is_empty() {
                    resource.insert(name.clone(), Value::Object(whole));
                }
            }
            (None, Some(Value::Object(parts))) if path.attribute.kind == Kind::Complex => {
                let mut whole = object(resource.remove(name));
                whole.extend(parts);
                resource.insert(name.clone(), Value::Object(whole));
            }
            (None, Some(value)) => drop(resource.insert(name.clone(), value)),
        }
        Ok(())
    }
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

fn set(members: &mut Map<String, Value>, part: &Attribute, value: Option<Value>) {
    match value {
        Some(value) => drop(members.insert(part.name.clone(), value)),
        None => drop(members.remove(&part.name)),
    }
}

/// Changes the values of an attribute that has several.
fn several(verb: Verb, path: &Path<'_>, value: Option<Value>, items: &mut Vec<Value>) -> Result<(), Error> {
    let Path { attribute, filter, part } = path;
    if filter.is_none() && part.is_none() {
        return whole(verb, attribute, value, items);
    }
    let is_meant = |item: &Value| {
        item.as_object().is_some_and(|item| filter.as_ref().is_none_or(|filter| selects(filter, item)))
    };
    match (verb, part) {
        (Verb::Remove, None) => {
            items.retain(|item| !is_meant(item));
            return Ok(());
        }
        (Verb::Remove, Some(part)) => {
            let meant = items.iter_mut().filter(|item| is_meant(item)).filter_map(Value::as_object_mut);
            meant.for_each(|item| drop(item.remove(&part.name)));
            items.retain(|item| item.as_object().is_some_and(|item| !item.is_empty()));
            return Ok(());
        }
        (Verb::Add | Verb::Replace, _) => {}
    }
    if !items.iter().any(&is_meant) {
        let new = match filter {
            Some(_) if verb == Verb::Replace => None,
            Some(filter) => described(filter),
            None => Some(Map::new()),
        };
        let why = || ScimRefusal::no_target(format!("no value of `{}` is meant", attribute.name));
        items.push(Value::Object(new.ok_or_else(why)?));
        if let Some(Value::Object(item)) = items.last_mut() {
            change(item, *part, verb, value);
        }
        return Ok(());
    }
    let becomes_primary = match part {
        Some(part) => part.name == "primary" && value == Some(Value::Bool(true)),
        None => value.as_ref().is_some_and(is_primary),
    };
    for item in items.iter_mut() {
        let meant = is_meant(item);
        let Some(item) = item.as_object_mut() else { continue };
        if meant {
            change(item, *part, verb, value.clone());
        } else if becomes_primary && item.contains_key("primary") {
            item.insert("primary".to_owned(), false.into());
        }
    }
    Ok(())
}

fn is_primary(item: &Value) -> bool {
    item.get("primary") == Some(&Value::Bool(true))
}

fn change(item: &mut Map<String, Value>, part: Option<&Attribute>, verb: Verb, value: Option<Value>) {
    match (part, value) {
        (Some(part), value) => set(item, part, value),
        (None, Some(Value::Object(new))) => {
            if verb == Verb::Replace {
                item.clear();
            }
            item.extend(new);
        }
        (None, _) => {}
    }
}

/// The value that a filter describes, if all it says is which parts have which texts.
fn described(filter: &Filter<ItemAttribute>) -> Option<Map<String, Value>> {
    match filter {
        Filter::All(parts) => {
            let mut all = Map::new();
            for part in parts {
                all.extend(described(part)?);
            }
            Some(all)
        }
        Filter::Compare(attribute, Compare::Equal, Operand::Text(text)) => {
            let (name, value) = match attribute {
                ItemAttribute::Value => ("value", Value::from(text.as_str())),
                ItemAttribute::Type => ("type", Value::from(text.as_str())),
                ItemAttribute::Display => ("display", Value::from(text.as_str())),
                ItemAttribute::Primary => ("primary", Value::from(text == "true")),
            };
            Some(Map::from_iter([(name.to_owned(), value)]))
        }
        _ => None,
    }
}

/// Changes all values of an attribute at once.
fn whole(
    verb: Verb,
    attribute: &Attribute,
    value: Option<Value>,
    items: &mut Vec<Value>,
) -> Result<(), Error> {
    let given = match value {
        Some(Value::Array(given)) => given,
        _ => Vec::new(),
    };
    match verb {
        // Without a value all of them; some programs name the ones to remove.
        Verb::Remove if given.is_empty() => items.clear(),
        Verb::Remove => {
            let is_gone = |item: &Value| {
                given.iter().filter_map(|gone| gone.get("value")).any(|gone| Some(gone) == item.get("value"))
            };
            items.retain(|item| !is_gone(item));
        }
        Verb::Replace => *items = given,
        Verb::Add => {
            if given.iter().any(is_primary) {
                let present =
                    items.iter_mut().filter(|item| is_primary(item)).filter_map(Value::as_object_mut);
                present.for_each(|item| drop(item.insert("primary".to_owned(), false.into())));
            }
            let new: Vec<Value> = given.into_iter().filter(|item| !items.contains(item)).collect();
            items.extend(new);
            // Once more, for what many patches add.
            attribute.canonical(Value::Array(items.clone()))?;
        }
    }
    Ok(())
}
