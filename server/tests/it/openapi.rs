//! The document of the API: is it the program's, and does it describe what is answered?

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::harness::{Answer, Server};

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
    assert_eq!(committed, rolecall_server::openapi(), "run `cargo xtask generate`");
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
    if let Some(choices) = schema["anyOf"].as_array() {
        return choices
            .iter()
            .map(|choice| fits(value, choice, document))
            .find(Result::is_ok)
            .unwrap_or(Err(format!("{value}")));
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

#[track_caller]
fn described(answer: &Answer, method: &str, path: &str) {
    let document = rolecall_server::openapi();
    let response = &document["paths"][path][method]["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{method} {path} {}", answer.status);
    match response["content"]["application/json"].get("schema") {
        Some(schema) => {
            fits(&answer.body, schema, &document).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        }
        None => assert!(answer.body.is_null(), "{}", answer.text),
    }
}

#[test]
fn answers_have_the_described_shape() {
    let server = Server::start();
    let admin = server.admin();
    let tenant = server.tenants[0].tenant;
    let role = admin.post("/api/v1/roles", json!({"name": "R"}));
    described(&role, "post", "/api/v1/roles");
    let id = role.body["id"].as_str().unwrap();
    described(&admin.get(&format!("/api/v1/roles/{id}")), "get", "/api/v1/roles/{id}");
    described(&admin.get("/api/v1/roles?limit=2&totalResults=true"), "get", "/api/v1/roles");
    described(&admin.get("/api/v1/roles?limit=0"), "get", "/api/v1/roles");
    described(&server.user().get("/api/v1/roles"), "get", "/api/v1/roles");
    described(&admin.patch(&format!("/api/v1/roles/{id}"), json!([])), "patch", "/api/v1/roles/{id}");
    described(&admin.delete(&format!("/api/v1/roles/{id}")), "delete", "/api/v1/roles/{id}");
    described(
        &admin.get("/api/v1/users?fields=assignedScopes,assignedRoles,assignedGroups,links,name"),
        "get",
        "/api/v1/users",
    );
    described(&admin.get("/api/v1/users/me"), "get", "/api/v1/users/me");
    described(&admin.post("/api/v1/users", json!({"subject": "s"})), "post", "/api/v1/users");
    described(&admin.get("/api/v1/users/actions/count"), "get", "/api/v1/users/actions/count");
    described(&admin.get("/api/v1/groups"), "get", "/api/v1/groups");
    described(&admin.get("/api/v1/groups/settings"), "get", "/api/v1/groups/settings");
    described(&admin.get(&format!("/api/v1/tenants/{tenant}")), "get", "/api/v1/tenants/{id}");
    described(&admin.get("/api/v1/tenants/me"), "get", "/api/v1/tenants/me");
    described(
        &admin.replace(&format!("/api/v1/tenants/{tenant}"), "/hostnames/1", "x"),
        "patch",
        "/api/v1/tenants/{id}",
    );
    described(
        &server.user().post("/api/v1/api-keys", json!({"description": "d"})),
        "post",
        "/api/v1/api-keys",
    );
    described(&admin.get("/api/v1/api-keys"), "get", "/api/v1/api-keys");
    described(
        &admin.get(&format!("/api/v1/api-keys/configs/{tenant}")),
        "get",
        "/api/v1/api-keys/configs/{tenantId}",
    );
    described(&admin.get("/api/v1/licenses/settings"), "get", "/api/v1/licenses/settings");
    described(&admin.get("/api/v1/licenses/assignments"), "get", "/api/v1/licenses/assignments");
    let update = json!({"update": [{"subject": "s", "type": "analyzer"}, {"subject": "n"}]});
    let path = "/api/v1/licenses/assignments/actions/update";
    described(&admin.post(path, update), "post", path);
    described(&admin.get("/rolecall/v1/scopes"), "get", "/rolecall/v1/scopes");
    described(
        &server.anonymous().get("/resources/autogenerated/product-info.json"),
        "get",
        "/resources/autogenerated/product-info.json",
    );
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
