//! What does the document of the API say? (OpenAPI 3.1)

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operations;
use crate::{
    http::{
        describe::{Document, Schemas},
        operation::Operation,
        preview::Preview,
        scim,
    },
    limits::Tier,
};

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut schemas = Schemas::default();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations() {
        let description = describe(&operation, &mut schemas);
        paths
            .entry(operation.path)
            .or_default()
            .insert(operation.method.as_str().to_lowercase(), description);
    }
    let mut components = schemas.into_components();
    components.insert("Errors".into(), errors_schema());
    components.insert("ScimError".into(), scim::problem_schema());
    let operator = json!({"type": "http", "scheme": "bearer", "description": "A token of an operator of the installation"});
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rolecall",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Access control for multi-tenant products",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "parameters": Map::from_iter([CONSISTENCY, REVISION, ONCE, EXPECTED].map(|(name, about)| (name.to_owned(), header(name, about)))),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An API key"}, "operator": operator},
        },
    })
}

fn describe(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut document = Document::new(operation.path, schemas);
    (operation.describe)(&mut document);
    let Document {
        mut parameters,
        request_body,
        success,
        also,
        mut errors,
        authenticated,
        scope,
        has_preview,
        operating,
        ..
    } = document;
    errors.extend(operation.refusals);
    if (authenticated || operating) && operation.tier == Tier::Write {
        parameters.push(header("X-Reason", "Why, for who reads the audit trail: 1 to 512 characters"));
        parameters.push(json!({"$ref": format!("#/components/parameters/{}", ONCE.0)}));
        errors.extend([400, 409]);
    }
    if has_preview && operation.tier == Tier::Write {
        parameters.push(json!({"$ref": format!("#/components/parameters/{}", EXPECTED.0)}));
        errors.push(412);
    }
    if authenticated || operating {
        parameters.extend(
            [CONSISTENCY, REVISION]
                .map(|(name, _)| json!({"$ref": format!("#/components/parameters/{name}")})),
        );
        errors.push(503);
    }
    let mut responses = refusals(errors, operation.path);
    responses.insert(success.0.to_string(), success.1.clone());
    responses.extend(also.into_iter().map(|(status, answer)| (status.to_string(), answer)));
    if has_preview && operation.tier == Tier::Write {
        preview(&mut responses, schemas, success.0);
        parameters.push(header("Prefer", "`preview`: answer what the request would do, and do nothing"));
    }
    let security = security(authenticated, operating);
    let mut described = Map::from_iter([
        ("operationId".into(), operation.id.into()),
        ("summary".into(), operation.summary.into()),
        ("tags".into(), json!([operation.tag])),
        ("responses".into(), responses.into()),
        ("security".into(), security),
    ]);
    if authenticated {
        described.insert("x-rolecall-tier".into(), tier(operation.tier).into());
    }
    if let Some(scope) = scope {
        described.insert("x-rolecall-scope".into(), scope.into());
    }
    if !parameters.is_empty() {
        described.insert("parameters".into(), parameters.into());
    }
    if let Some(body) = request_body {
        described.insert("requestBody".into(), body);
    }
    described.into()
}

/// What refuses a request, by status.
fn refusals(mut errors: Vec<u16>, path: &str) -> Map<String, Value> {
    errors.sort_unstable();
    errors.dedup();
    let described = errors.into_iter().map(|error| {
        let about = axum::http::StatusCode::from_u16(error).ok().and_then(|status| status.canonical_reason());
        let content = if path.starts_with(scim::PATH) {
            json!({scim::MEDIA_TYPE_NAME: {"schema": {"$ref": "#/components/schemas/ScimError"}}})
        } else {
            json!({"application/json": {"schema": {"$ref": "#/components/schemas/Errors"}}})
        };
        (error.to_string(), json!({"description": about, "content": content}))
    });
    described.collect()
}

/// Whose credential a request needs.
fn security(authenticated: bool, operating: bool) -> Value {
    match (authenticated, operating) {
        (true, _) => json!([{"bearer": []}]),
        (false, true) => json!([{"operator": []}]),
        (false, false) => json!([]),
    }
}

/// What every request may ask of the answer's age.
const CONSISTENCY: (&str, &str) = (
    "Rolecall-Consistency",
    "`bounded`, the default: as the server knows it, which is not long behind what others changed; `full`: as it is now",
);
const REVISION: (&str, &str) = (
    "Rolecall-Revision",
    "What an answer to a change said in this header: the answer sees at least that change",
);

/// What every request that changes something may be given.
const ONCE: (&str, &str) = (
    "Idempotency-Key",
    "A name of the request, 1 to 255 characters: sent again within a day, it is answered as before and does nothing",
);

/// What every change may depend on.
const EXPECTED: (&str, &str) = (
    "If-Match",
    "The `ETag` of an answer: the change is made if nothing of what it changes was changed since, and else answered 412",
);

/// A header that a request may have.
fn header(name: &str, about: &str) -> Value {
    json!({"name": name, "in": "header", "description": about, "schema": {"type": "string"}})
}

/// Adds the answer to `Prefer: preview`, beside the one a success has if that has the same status.
fn preview(responses: &mut Map<String, Value>, schemas: &mut Schemas, success: u16) {
    let schema = schemas.response::<Preview>();
    let usual = responses.get("200").filter(|_| success == 200);
    let usual = usual.and_then(|usual| usual.pointer("/content/application~1json/schema")).cloned();
    let schema = usual.map_or_else(|| schema.clone(), |usual| json!({"anyOf": [usual, schema]}));
    let about = if success == 200 { "As asked, or what it would do" } else { "What the request would do" };
    responses.insert(
        "200".into(),
        json!({"description": about, "content": {"application/json": {"schema": schema}}}),
    );
}

const fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Read => "tier1",
        Tier::Write => "tier2",
        Tier::Filter => "filter",
        Tier::Audit => "audit",
        Tier::Decision => "none",
    }
}

/// The shape that `problem.rs` gives every error.
fn errors_schema() -> Value {
    let source = json!({"type": "object", "properties": {
        "pointer": {"type": "string", "description": "Where in the body, as a JSON pointer"},
        "parameter": {"type": "string", "description": "Which parameter of the query"},
    }});
    let item = json!({"type": "object", "required": ["code", "title"], "properties": {
        "code": {"type": "string"},
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "status": {"type": ["integer", "string"]},
        "source": source,
        "meta": {"type": "object"},
    }});
    let copy = |kind: &str| {
        let about = "That of the error again, from spaces";
        json!({"deprecated": true, "description": about, "type": kind})
    };
    json!({"type": "object", "required": ["errors", "traceId"], "properties": {
        "errors": {"type": "array", "items": item},
        "traceId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "code": {"type": "string", "description": "`CSRF-TOKEN-2` again, where a session's token is missing"},
        "error": {"type": "string", "description": "A word of RFC 6749, from `/oauth`; the title again, from licences, deprecated"},
        "error_description": {"type": "string", "description": "The detail again, from `/oauth`"},
        "message": {"type": "string", "deprecated": true, "description": "The detail again, from licences"},
        "code": copy("string"),
        "title": copy("string"),
        "detail": copy("string"),
        "meta": copy("object"),
        "source": copy("object"),
    }})
}
