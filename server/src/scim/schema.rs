//! What is a resource made of, and which form does what a program sends of it have? (RFC 7643 §2, §7)
//!
//! The schemas that programs are shown are the ones by which what they send is read: names of attributes count in any
//! case, what is read-only or not kept is passed over, nothing and an empty text are the same, and truth values may be
//! texts, as some programs send them.

use std::sync::LazyLock;

use rolecall_engine::names::Setting;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    error::{Error, ScimRefusal},
    links::Links,
};

/// What an attribute's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    #[serde(alias = "reference")]
    String,
    Boolean,
    Complex,
    Integer,
}

/// Who may change an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    ReadOnly,
    ReadWrite,
    Immutable,
}

/// An attribute of a resource, or of one of its values.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Kind,
    #[serde(rename = "multiValued")]
    pub is_many: bool,
    #[serde(rename = "required")]
    pub is_required: bool,
    pub mutability: Mutability,
    #[serde(rename = "subAttributes", default)]
    pub parts: Vec<Attribute>,
}

/// What resources of one kind are made of.
#[derive(Debug, Default, Deserialize)]
pub struct Schema {
    pub id: String,
    attributes: Vec<Attribute>,
}

static DOCUMENTS: LazyLock<Vec<Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("schemas.json")).unwrap_or_default());

fn named(name: &str) -> Schema {
    let found = DOCUMENTS.iter().find(|schema| schema["name"] == name).cloned().unwrap_or_default();
    let mut schema: Schema = serde_json::from_value(found).unwrap_or_default();
    schema.attributes.extend(common());
    schema
}

/// What every resource has beside what its schema says (RFC 7643 §3.1).
fn common() -> Vec<Attribute> {
    let attribute = |name: &str, mutability, is_required| Attribute {
        name: name.to_owned(),
        kind: Kind::String,
        is_many: false,
        is_required,
        mutability,
        parts: Vec::new(),
    };
    vec![
        attribute("externalId", Mutability::ReadWrite, false),
        attribute("id", Mutability::ReadOnly, true),
        attribute("meta", Mutability::ReadOnly, true),
        attribute("schemas", Mutability::ReadOnly, true),
    ]
}

/// Users.
pub static USER: LazyLock<Schema> = LazyLock::new(|| named("User"));
/// Groups.
pub static GROUP: LazyLock<Schema> = LazyLock::new(|| named("Group"));

/// The schemas as programs are shown them.
pub fn documents(links: &Links) -> Vec<Value> {
    let shown = |document: &Value| {
        let mut document = document.clone();
        let id = document.get("id").and_then(Value::as_str).unwrap_or_default();
        let meta = json!({"resourceType": "Schema", "location": links.to(format_args!("/scim/v2/Schemas/{id}")).href});
        let schemas = json!(["urn:ietf:params:scim:schemas:core:2.0:Schema"]);
        if let Some(members) = document.as_object_mut() {
            members.extend([("schemas".to_owned(), schemas), ("meta".to_owned(), meta)]);
        }
        document
    };
    DOCUMENTS.iter().map(shown).collect()
}

/// Values that an attribute of a user may have.
const MANY: usize = 20;

fn find<'s>(attributes: &'s [Attribute], name: &str) -> Option<&'s Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

impl Schema {
    /// The attribute with a name, in any case, with the schema in front or without.
    pub fn find(&self, name: &str) -> Option<&Attribute> {
        find(&self.attributes, self.within(name)?)
    }

    /// The name without the schema in front; none for names of other schemas.
    pub fn within<'n>(&self, name: &'n str) -> Option<&'n str> {
        let prefix = name.get(..self.id.len()).filter(|prefix| prefix.eq_ignore_ascii_case(&self.id));
        match prefix.and_then(|prefix| name.get(prefix.len()..)?.strip_prefix(':')) {
            Some(rest) => Some(rest),
            None => (!is_of_schema(name)).then_some(name),
        }
    }

    /// What is sent of a resource, in the form it has here.
    ///
    /// # Errors
    /// When a value is none the attribute can have.
    pub fn canonical(&self, sent: Map<String, Value>) -> Result<Map<String, Value>, Error> {
        let named = sent.into_iter().filter_map(|(name, value)| Some((self.find(&name)?, value)));
        members(named)
    }
}

/// Whether the name of an attribute begins with that of a schema.
pub fn is_of_schema(name: &str) -> bool {
    name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

impl Attribute {
    /// The part with a name, in any case.
    pub fn part(&self, name: &str) -> Option<&Self> {
        find(&self.parts, name)
    }

    /// The error that a value is none the attribute can have.
    pub fn wrong(&self, why: impl std::fmt::Display) -> Error {
        ScimRefusal::invalid_value(format!("`{}`: {why}", self.name))
    }

    /// A value in the form it has here; none if it is nothing.
    ///
    /// # Errors
    /// When the attribute cannot have it.
    pub fn canonical(&self, value: Value) -> Result<Option<Value>, Error> {
        if !self.is_many {
            return self.one(value);
        }
        let items = match value {
            Value::Null => Vec::new(),
            Value::Array(items) => items,
            one => vec![one],
        };
        // The members of a group are bounded by the size of a body.
        if items.len() > MANY && self.name != "members" {
            return Err(self.wrong(format_args!("at most {MANY} values")));
        }
        let items: Vec<Value> =
            items.into_iter().filter_map(|item| self.one(item).transpose()).collect::<Result<_, _>>()?;
        Ok(Some(items).filter(|items| !items.is_empty()).map(Value::Array))
    }

    /// One of the values.
    ///
    /// # Errors
    /// As [`Attribute::canonical`].
    pub fn one(&self, value: Value) -> Result<Option<Value>, Error> {
        match (self.kind, value) {
            (_, Value::Null) => Ok(None),
            (Kind::Complex, Value::Object(sent)) => {
                let named = sent.into_iter().filter_map(|(name, value)| Some((self.part(&name)?, value)));
                let members = members(named)?;
                Ok(Some(members).filter(|members| !members.is_empty()).map(Value::Object))
            }
            // A value that is not taken apart is the value itself.
            (Kind::Complex, Value::String(text)) if self.is_many => self.one(json!({ "value": text })),
            (Kind::Complex, _) => Err(self.wrong("must be an object")),
            (Kind::Boolean, Value::Bool(is)) => Ok(Some(is.into())),
            (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => {
                Ok(Some(true.into()))
            }
            (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => {
                Ok(Some(false.into()))
            }
            (Kind::Boolean, _) => Err(self.wrong("must be `true` or `false`")),
            (Kind::String, Value::String(text)) if text.is_empty() => Ok(None),
            (Kind::String, Value::String(text)) => {
                Setting::new(&text).map_err(|error| self.wrong(error))?;
                Ok(Some(text.into()))
            }
            (Kind::String | Kind::Integer, _) => Err(self.wrong("must be a text")),
        }
    }
}

fn members<'s>(sent: impl Iterator<Item = (&'s Attribute, Value)>) -> Result<Map<String, Value>, Error> {
    let mut members = Map::new();
    for (attribute, value) in sent.filter(|(attribute, _)| attribute.mutability != Mutability::ReadOnly) {
        if let Some(value) = attribute.canonical(value)?
            && members.insert(attribute.name.clone(), value).is_some()
        {
            return Err(attribute.wrong("stands twice"));
        }
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_read() {
        let number = |schema: &Schema| schema.attributes.len();
        assert_eq!((DOCUMENTS.len(), number(&USER), number(&GROUP)), (5, 13, 6));
    }

    #[test]
    fn what_is_sent_takes_its_form() {
        let sent = json!({"USERNAME": "ann", "active": "False", "name": {"GivenName": "Ann", "nick": "A"}, "emails": "a@x",
            "urn:ietf:params:scim:schemas:core:2.0:User:locale": "de", "nickName": "A", "displayName": "", "timezone": null,
            "id": "1", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "D"}, "photos": []});
        let Value::Object(sent) = sent else { panic!("no object") };
        let expected = json!({"userName": "ann", "active": false, "name": {"givenName": "Ann"},
            "emails": [{"value": "a@x"}], "locale": "de"});
        assert_eq!(Value::Object(USER.canonical(sent).unwrap()), expected);
        for wrong in [
            json!({"active": "yes"}),
            json!({"userName": 1}),
            json!({"userName": "a", "username": "b"}),
            json!({"name": "Ann"}),
            json!({"locale": "a\u{202e}b"}),
            json!({"emails": vec!["a@x"; 21]}),
        ] {
            let Value::Object(wrong) = wrong else { panic!("no object") };
            assert!(USER.canonical(wrong.clone()).is_err(), "{wrong:?}");
        }
    }
}
