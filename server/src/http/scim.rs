//! How are programs that provision users answered? (RFC 7644 §3.9, §3.12)

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    describe::{Describe, Document},
    query::{Pairs, Parameter, Parameters},
};
use crate::{
    error::{Error, Invalid, Source},
    links::Link,
};

/// All paths for such programs begin with this.
pub const PATH: &str = "/scim/v2";
pub const MEDIA_TYPE_NAME: &str = "application/scim+json";
pub const MEDIA_TYPE: HeaderValue = HeaderValue::from_static(MEDIA_TYPE_NAME);

/// The body of an error.
pub fn problem(error: &Error, status: StatusCode, detail: Option<String>) -> Body {
    let kind = match error {
        Error::Scim(refusal) => Some(refusal.kind),
        Error::Refused(_) if status == StatusCode::CONFLICT => Some("uniqueness"),
        Error::Refused(_) if status == StatusCode::BAD_REQUEST => Some("invalidValue"),
        Error::Invalid(invalid) => {
            let Invalid { source, .. } = &**invalid;
            let is_whole = matches!(source, Some(Source::Pointer(pointer)) if pointer.is_empty());
            Some(if is_whole { "invalidSyntax" } else { "invalidValue" })
        }
        _ => None,
    };
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.as_str(),
        "detail": detail.or_else(|| status.canonical_reason().map(str::to_owned)),
    });
    if let (Some(kind), Some(members)) = (kind, body.as_object_mut()) {
        members.insert("scimType".to_owned(), kind.into());
    }
    Body::from(body.to_string())
}

/// What the document says of such a body.
pub fn problem_schema() -> Value {
    json!({"type": "object", "required": ["schemas", "status", "detail"], "properties": {
        "schemas": {"type": "array", "items": {"type": "string"}},
        "status": {"type": "string"},
        "scimType": {"type": "string", "description": "A word of RFC 7644 §3.12"},
        "detail": {"type": "string"},
    }})
}

/// The attributes that a request asks for (RFC 7644 §3.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// These only, if there are any.
    only: Option<Vec<String>>,
    /// All but these.
    without: Vec<String>,
}

pub const SELECTION: &[Parameter] = &[
    Parameter::text("attributes", "The attributes to answer, with commas between them"),
    Parameter::text("excludedAttributes", "The attributes not to answer, with commas between them"),
];

/// What is answered whatever is asked for.
const ALWAYS: &[&str] = &["id", "schemas"];

impl Parameters for Selection {
    fn parameters() -> Vec<Parameter> {
        SELECTION.to_vec()
    }

    fn read(pairs: Pairs, _: &Uri) -> Result<Self, Error> {
        Self::of(&pairs)
    }
}

impl Selection {
    /// What the parameters of a query ask for.
    ///
    /// # Errors
    /// When both are there.
    pub fn of(pairs: &Pairs) -> Result<Self, Error> {
        let names = |name| pairs.get(name).map(|names| names.split(',').map(plain).collect());
        let (only, without) = (names("attributes"), names("excludedAttributes"));
        if only.is_some() && without.is_some() {
            return Err(Error::at_parameter("attributes", "not together with `excludedAttributes`"));
        }
        Ok(Self { only, without: without.unwrap_or_default() })
    }

    /// Whether an attribute of a resource, or a part of it, is asked for.
    pub fn has(&self, name: &str) -> bool {
        let is_within = |asked: &String| {
            asked.split('.').next().is_some_and(|attribute| attribute.eq_ignore_ascii_case(name))
        };
        let is_it = |asked: &String| asked.eq_ignore_ascii_case(name);
        self.only.as_ref().is_none_or(|only| only.iter().any(is_within)) && !self.without.iter().any(is_it)
    }

    /// Takes off what is not asked for: of a resource, or of those in a list.
    fn prune(&self, answer: &mut Value) {
        match answer.get_mut("Resources") {
            Some(Value::Array(resources)) => {
                resources.iter_mut().filter_map(Value::as_object_mut).for_each(|one| self.prune_one(one));
            }
            _ => answer.as_object_mut().into_iter().for_each(|one| self.prune_one(one)),
        }
    }

    fn prune_one(&self, resource: &mut Map<String, Value>) {
        resource.retain(|name, _| ALWAYS.contains(&name.as_str()) || self.has(name));
        for (name, value) in resource {
            let parts = |asked: &[String]| -> Vec<String> {
                let part = |asked: &String| {
                    let (attribute, part) = asked.split_once('.')?;
                    attribute.eq_ignore_ascii_case(name).then(|| part.to_owned())
                };
                asked.iter().filter_map(part).collect()
            };
            let whole = |only: &Vec<String>| only.iter().any(|asked| asked.eq_ignore_ascii_case(name));
            let only = self.only.as_ref().filter(|only| !whole(only)).map(|only| parts(only));
            let inner = Self { only, without: parts(&self.without) };
            if inner == Self::default() || ALWAYS.contains(&name.as_str()) {
                continue;
            }
            let items = match value {
                Value::Array(items) => items.iter_mut().collect(),
                one => vec![one],
            };
            for item in items.into_iter().filter_map(Value::as_object_mut) {
                item.retain(|part, _| inner.has(part));
            }
        }
    }
}

/// The name of an attribute without its schema.
fn plain(name: &str) -> String {
    let name = name.trim();
    let local = if name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) {
        name.rsplit(':').next()
    } else {
        None
    };
    local.unwrap_or(name).to_owned()
}

/// 200 with a resource, or a list of resources.
pub struct Answered<T> {
    pub body: T,
    pub selection: Selection,
}

impl<T> Answered<T> {
    /// All of it.
    pub fn whole(body: T) -> Self {
        Self { body, selection: Selection::default() }
    }
}

fn body<T: Serialize>(body: &T, selection: &Selection) -> Result<String, Error> {
    let mut answer = serde_json::to_value(body).map_err(Error::internal)?;
    if *selection != Selection::default() {
        selection.prune(&mut answer);
    }
    Ok(answer.to_string())
}

impl<T: Serialize> IntoResponse for Answered<T> {
    fn into_response(self) -> Response {
        match body(&self.body, &self.selection) {
            Ok(body) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response(),
            Err(error) => error.into_response(),
        }
    }
}

impl<T: JsonSchema> Describe for Answered<T> {
    fn describe(document: &mut Document<'_>) {
        describe::<T>(document, 200, "As asked");
    }
}

fn describe<T: JsonSchema>(document: &mut Document<'_>, status: u16, about: &str) {
    let schema = document.schemas.response::<T>();
    document.success =
        (status, json!({"description": about, "content": {MEDIA_TYPE_NAME: {"schema": schema}}}));
}

/// 201 with a resource and its address.
pub struct Provisioned<T> {
    pub at: Link,
    pub answer: Answered<T>,
}

impl<T: Serialize> IntoResponse for Provisioned<T> {
    fn into_response(self) -> Response {
        let location = HeaderValue::from_str(&self.at.href).unwrap_or(HeaderValue::from_static("/"));
        let mut response = self.answer.into_response();
        if response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::CREATED;
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

impl<T: JsonSchema> Describe for Provisioned<T> {
    fn describe(document: &mut Document<'_>) {
        describe::<T>(document, 201, "Made, or taken over; `Location` has the address");
    }
}

/// 501: a part of the standard that is not there.
pub struct NotSupported;

impl IntoResponse for NotSupported {
    fn into_response(self) -> Response {
        Error::NotSupported.into_response()
    }
}

impl Describe for NotSupported {
    fn describe(document: &mut Document<'_>) {
        let schema = json!({"$ref": "#/components/schemas/ScimError"});
        let content = json!({MEDIA_TYPE_NAME: {"schema": schema}});
        document.success = (501, json!({"description": "Not supported", "content": content}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_answered() {
        let user = json!({"id": "1", "schemas": [], "userName": "ann", "name": {"givenName": "A", "familyName": "B"},
            "emails": [{"value": "a@x", "type": "work"}]});
        for (query, expected) in [
            ("/", user.clone()),
            ("/?attributes=username", json!({"id": "1", "schemas": [], "userName": "ann"})),
            ("/?attributes=name.givenName", json!({"id": "1", "schemas": [], "name": {"givenName": "A"}})),
            (
                "/?excludedAttributes=emails.type,urn:ietf:params:scim:schemas:core:2.0:User:name,id",
                json!({"id": "1", "schemas": [], "userName": "ann", "emails": [{"value": "a@x"}]}),
            ),
        ] {
            let selection = Selection::of(&Pairs::of(&query.parse().unwrap())).unwrap();
            let mut answer = user.clone();
            selection.prune(&mut answer);
            assert_eq!(answer, expected, "{query}");
            let mut list = json!({"totalResults": 1, "Resources": [user.clone()]});
            selection.prune(&mut list);
            assert_eq!(list, json!({"totalResults": 1, "Resources": [expected]}), "{query}");
        }
        let both = Pairs::of(&"/?attributes=a&excludedAttributes=b".parse().unwrap());
        assert!(Selection::of(&both).is_err());
    }
}
