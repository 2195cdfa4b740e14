//! The document of the API: is it the program's, and does it describe what is answered?

use std::{collections::BTreeSet, fs, sync::LazyLock};

use serde_json::Value;

use crate::harness::Answer;

/// The document's operations: identifier, method and path.
pub fn operations() -> Vec<(String, String, String)> {
    let document = rolecall_server::openapi();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            all.push((
                operation["operationId"].as_str().unwrap().to_owned(),
                method.to_uppercase(),
                path.clone(),
            ));
        }
    }
    all
}

#[test]
fn the_committed_document_is_the_programs() {
    let committed: Value = serde_json::from_str(include_str!("../../../openapi.json")).unwrap();
    assert!(committed == rolecall_server::openapi(), "run `cargo xtask generate`");
}

#[test]
fn names_are_there_once() {
    let all = operations();
    let names: BTreeSet<&String> = all.iter().map(|(name, ..)| name).collect();
    assert_eq!(names.len(), all.len());
    let document = rolecall_server::openapi();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let numbered = schemas.keys().find(|name| name.ends_with(|c: char| c.is_ascii_digit()));
    assert_eq!(numbered, None, "two shapes have the same name");
}

/// Whether a value has the members a schema says, and no others.
fn fits(value: &Value, schema: &Value, document: &Value) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = &document["components"]["schemas"][name.rsplit('/').next().unwrap()];
        return fits(value, schema, document).map_err(|error| format!("{name}: {error}"));
    }
    if let Some(choices) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        return choices
            .iter()
            .map(|choice| fits(value, choice, document))
            .find(Result::is_ok)
            .unwrap_or(Err(format!("{value}")));
    }
    if let Some(constant) = schema.get("const") {
        return if constant == value { Ok(()) } else { Err(format!("{value} is not {constant}")) };
    }
    match value {
        Value::Object(members) if schema.get("properties").is_some() => {
            for name in schema["required"].as_array().into_iter().flatten() {
                members.get(name.as_str().unwrap()).ok_or(format!("{name} is missing"))?;
            }
            for (name, member) in members {
                let schema = schema["properties"].get(name).ok_or(format!("{name} is not described"))?;
                fits(member, schema, document)?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|item| fits(item, &schema["items"], document)),
        Value::Object(_) => Ok(()),
        other => {
            let kind = match other {
                Value::String(_) => "string",
                Value::Bool(_) => "boolean",
                Value::Null => "null",
                _ => "integer",
            };
            let types = &schema["type"];
            let fits = types == kind || types.as_array().is_some_and(|types| types.contains(&kind.into()));
            if fits { Ok(()) } else { Err(format!("{other} is not {types}")) }
        }
    }
}

/// Checks that an answer is one that the document describes for its operation. The harness asks it of every answer that
/// any test gets.
#[track_caller]
pub fn is_described(answer: &Answer, method: &str, path: &str) {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(rolecall_server::openapi);
    let path = path.split('?').next().unwrap();
    let fits_path = |template: &&String| {
        template.split('/').count() == path.split('/').count()
            && template
                .split('/')
                .zip(path.split('/'))
                .all(|(want, have)| want == have || want.starts_with('{'))
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let template = paths.keys().filter(fits_path).min_by_key(|template| template.matches('{').count());
    let Some(operation) = template.and_then(|template| paths[template].get(method.to_lowercase())) else {
        return;
    };
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{method} {path} answers {}, which is not described", answer.status);
    let content = &response["content"];
    let media_type =
        ["application/json", "application/scim+json"].into_iter().find(|kind| content.get(kind).is_some());
    if let Some(media_type) = media_type {
        assert_eq!(answer.headers["content-type"], media_type, "{method} {path}");
    }
    match media_type.and_then(|media_type| content[media_type].get("schema")) {
        Some(schema) => {
            fits(&answer.body, schema, &DOCUMENT).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        }
        None => assert!(answer.body.is_null(), "{}", answer.text),
    }
}

#[test]
fn the_list_of_what_is_supported_names_every_operation() {
    let supported = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../SUPPORTED.md")).unwrap();
    let missing: Vec<String> = operations()
        .into_iter()
        .map(|(_, method, path)| format!("`{method} {path}`"))
        .filter(|operation| !supported.contains(operation))
        .collect();
    assert!(missing.is_empty(), "SUPPORTED.md says nothing of {}", missing.join(", "));
}
