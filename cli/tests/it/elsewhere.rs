//! Tenants of another server, which leaves out what the contract lets it leave out.

use std::{
    fs,
    net::TcpListener,
    process::Command,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::{
    merging::{Got, request},
    tool::{Tool, said},
};

const ADMIN: &str = "62b9d3c2a1b2c3d4e5f60001";
const HIDDEN: &str = "62b9d3c2a1b2c3d4e5f60002";
const TEAM: &str = "62b9d3c2a1b2c3d4e5f60003";
const SUE: &str = "62b9d3c2a1b2c3d4e5f60004";
const SPACE: &str = "62b9d3c2a1b2c3d4e5f60005";

/// A server whose list of roles hides one that a user has, and which says neither whose groups are nor of which type a space is.
fn start(patched: Arc<Mutex<Vec<Value>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            request(&mut stream.unwrap(), |got| answer(got, &patched));
        }
    });
    url
}

fn answer(got: &Got, patched: &Mutex<Vec<Value>>) -> (u16, Value) {
    let admin = json!({"id": ADMIN, "name": "TenantAdmin", "type": "default", "level": "admin"});
    let roles = json!([admin, {"id": HIDDEN, "name": "Hidden"}]);
    let team = json!([{"id": TEAM, "name": "Team"}]);
    let sue =
        json!({"id": SUE, "subject": "sue", "name": "Sue", "assignedRoles": roles, "assignedGroups": team});
    let list = |data: Value| (200, json!({"data": data, "links": {}}));
    let mut words = got.line.split(' ');
    match (words.next().unwrap(), words.next().unwrap().split('?').next().unwrap()) {
        ("GET", "/api/v1/tenants/me") => (200, json!({"id": "t", "name": "Elsewhere"})),
        ("GET", "/api/v1/users/me") => (200, sue),
        ("GET", path) if path.ends_with(SUE) => (200, sue),
        ("GET", "/api/v1/users") => list(json!([sue])),
        ("GET", "/api/v1/roles") => list(json!([admin])),
        ("GET", "/api/v1/groups") if got.line.contains("systemGroups") => list(json!([])),
        ("GET", "/api/v1/groups") => {
            list(json!([{"id": TEAM, "name": "Team", "providerType": "custom", "assignedRoles": []}]))
        }
        ("GET", "/api/v1/spaces") => list(json!([{"id": SPACE, "name": "Odd"}])),
        ("GET", path) if path.ends_with("/assignments") => list(json!([])),
        ("PATCH", _) => {
            patched.lock().unwrap().push(got.body.clone());
            (204, Value::Null)
        }
        _ => (404, json!({"errors": [{"code": "X-404", "title": "Not found"}]})),
    }
}

#[test]
fn what_may_be_left_out_is_left_out() {
    let tool = Tool::start();
    let patched = Arc::default();
    let url = start(Arc::clone(&patched));
    let text = "users:\n  sue:\n    roles: [TenantAdmin]\n    groups: []\n";
    fs::write(tool.contexts.path().join("sue.yaml"), text).unwrap();
    let run = |line: &str| {
        let mut command: Command = tool.command(line);
        said(line, {
            command.env("ROLECALL_URL", &url).current_dir(tool.contexts.path());
            command
        })
    };
    let shown = ["can-i tenant:administer --as sue", "export --only users,spaces", "apply sue.yaml"].map(run);
    insta::assert_snapshot!(shown.concat());
    let operations = json!([
        {"op": "replace", "path": "/assignedRoles", "value": [{"name": "TenantAdmin"}]},
        {"op": "remove-value", "path": "/assignedGroups", "value": TEAM},
    ]);
    assert_eq!(*patched.lock().unwrap(), [operations]);
}
