//! Which values does the path of a patch mean? (RFC 7644 §3.5.2 "PATH")

use rolecall_engine::{
    filter::{Filter, ItemAttribute, Limits, Operand, parse},
    names::fold,
};
use serde_json::{Map, Value};

use super::schema::{Attribute, Schema, is_of_schema};
use crate::error::{Error, ScimRefusal};

/// What a path means: an attribute, of its values those that a filter selects, and of these a part.
#[derive(Debug)]
pub struct Path<'s> {
    pub attribute: &'s Attribute,
    pub filter: Option<Filter<ItemAttribute>>,
    pub part: Option<&'s Attribute>,
}

/// Attributes of the standard that Rolecall does not keep (RFC 7643 §4.1). A patch may name them; nothing comes of it.
const NOT_KEPT: &[&str] = &[
    "nickName",
    "profileUrl",
    "title",
    "userType",
    "preferredLanguage",
    "password",
    "phoneNumbers",
    "ims",
    "addresses",
    "entitlements",
    "roles",
    "x509Certificates",
];

/// Reads a path; none if it means something that is not kept.
///
/// # Errors
/// When it is no path, or names what there is not.
pub fn read<'s>(schema: &'s Schema, text: &str) -> Result<Option<Path<'s>>, Error> {
    let text = text.trim();
    let invalid = || ScimRefusal::invalid_path(format!("`{text}` is not the path of anything here"));
    let Some(local) = schema.within(text) else {
        return if is_of_schema(text) && !text.eq_ignore_ascii_case(&schema.id) {
            Ok(None)
        } else {
            Err(invalid())
        };
    };
    let (name, filter, part) = split(local).ok_or_else(invalid)?;
    let Some(attribute) = schema.find(name) else {
        let known = NOT_KEPT.iter().any(|known| known.eq_ignore_ascii_case(name));
        return if known { Ok(None) } else { Err(invalid()) };
    };
    if filter.is_some() && (!attribute.is_many || attribute.parts.is_empty()) {
        return Err(invalid());
    }
    let filter = filter.map(|filter| parse(filter, Limits::QUERY)).transpose();
    let filter = filter.map_err(|error| ScimRefusal::invalid_filter(format!("`{text}`: {error}")))?;
    let part = match part {
        None => None,
        Some(part) => Some(attribute.part(part).ok_or_else(invalid)?),
    };
    Ok(Some(Path { attribute, filter, part }))
}

/// `name`, `name.part`, `name[filter]` or `name[filter].part`, taken apart.
fn split(text: &str) -> Option<(&str, Option<&str>, Option<&str>)> {
    let Some((name, rest)) = text.split_once('[') else {
        return Some(match text.split_once('.') {
            None => (text, None, None),
            Some((name, part)) => (name, None, Some(part)),
        });
    };
    // A bracket in a quoted value is one of that.
    let (mut quoted, mut escaped) = (false, false);
    let end = rest.char_indices().find_map(|(at, c)| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some(at),
            _ => {}
        }
        None
    })?;
    let (filter, rest) = (rest.get(..end)?, rest.get(end + 1..)?);
    match rest {
        "" => Some((name, Some(filter), None)),
        part => Some((name, Some(filter), Some(part.strip_prefix('.')?))),
    }
}

/// Whether a filter selects one of several values.
pub fn selects(filter: &Filter<ItemAttribute>, item: &Map<String, Value>) -> bool {
    let values = |attribute: ItemAttribute| {
        let name = match attribute {
            ItemAttribute::Value => "value",
            ItemAttribute::Type => "type",
            ItemAttribute::Display => "display",
            ItemAttribute::Primary => {
                let is = item.get("primary").and_then(Value::as_bool).unwrap_or(false);
                return vec![Operand::Text(is.to_string())];
            }
        };
        item.get(name).and_then(Value::as_str).map(|text| Operand::Text(fold(text))).into_iter().collect()
    };
    filter.selects(&values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::USER;

    #[test]
    fn paths_mean_something_or_are_refused() {
        for path in [
            "userName",
            "NAME.givenname",
            "emails",
            "emails[type eq \"work\"]",
            "emails[type eq \"a]b\" and primary eq true].value",
            "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName",
            "externalId",
        ] {
            assert!(read(&USER, path).unwrap().is_some(), "{path}");
        }
        for path in ["title", "addresses[type eq \"work\"].locality", "urn:x:y:z", "password"] {
            assert!(read(&USER, path).unwrap().is_none(), "{path}");
        }
        for path in [
            "",
            "nothing",
            "emails[",
            "emails[type eq \"work\"",
            "emails[type is \"work\"]",
            "emails[type eq \"work\"]value",
            "emails.nothing",
            "userName[value eq \"x\"]",
            "name.givenName.more",
            "urn:ietf:params:scim:schemas:core:2.0:User:",
        ] {
            assert!(read(&USER, path).is_err(), "{path}");
        }
    }
}
