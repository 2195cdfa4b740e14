//! `Prefer: preview`: what a change would do is told, and it is not done.

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server};

fn preview(client: &Client) -> Client {
    client.header("prefer", "respond-async, preview; x=1")
}

fn counts(answer: &Answer, scope: &str) -> (i64, i64) {
    let scopes = answer.expect(200)["scopes"].as_array().unwrap();
    let found = scopes.iter().find(|found| found["scope"] == scope);
    found.map_or((0, 0), |found| (found["gain"].as_i64().unwrap(), found["lose"].as_i64().unwrap()))
}

fn named<'a>(answer: &'a Answer, name: &str) -> &'a Value {
    let users = answer.body["users"].as_array().unwrap();
    users.iter().find(|user| user["name"] == name).unwrap_or_else(|| panic!("no {name}: {}", answer.text))
}

#[test]
fn a_change_is_told_and_not_done() {
    let server = Server::start();
    let admin = server.admin();
    let role = format!("/api/v1/roles/{}", admin.find("/api/v1/roles", "Report exporter"));
    let (before, revision) = (admin.get(&role).text, server.revision(0));
    let answer = preview(&admin).op(&role, "add", "/assignedScopes/-", "automl-models:approve");
    assert_eq!(answer.headers["preference-applied"], "preview");
    assert_eq!(counts(&answer, "automl-models:approve"), (1, 0), "Ben has it already, Uma gains it");
    assert_eq!((&answer.body["affectedUsers"], &answer.body["changes"]), (&json!(1), &json!(true)));
    assert_eq!(named(&answer, "Uma User")["gains"], json!(["automl-models:approve"]));
    assert_eq!(named(&answer, "Uma User")["email"], "uma@acme.example");
    let less = preview(&admin).op(&role, "remove-value", "/assignedScopes", "apps.data:export");
    assert_eq!(counts(&less, "apps.data:export"), (0, 2));
    let same = preview(&admin).op(&role, "remove-value", "/assignedScopes", "notes");
    assert_eq!((&same.expect(200)["changes"], &same.body["affectedUsers"]), (&json!(false), &json!(0)));
    assert_eq!(admin.get(&role).text, before);
    assert_eq!(server.revision(0), revision, "nothing was stored");
}

#[test]
fn every_kind_of_change_has_a_preview() {
    let server = Server::start();
    let admin = server.admin();
    let ask = preview(&admin);
    let uma = format!("/api/v1/users/{}", server.user().id());
    let disabled = ask.replace(&uma, "/status", "disabled");
    assert_eq!(counts(&disabled, "api-keys"), (0, 1));
    assert!(named(&disabled, "Uma User")["loses"].as_array().unwrap().contains(&"notes".into()));
    let promoted = ask.op(&uma, "add", "/assignedRoles/-", json!({"name": "TenantAdmin"}));
    assert_eq!(promoted.expect(200)["administrators"], json!({"before": 1, "after": 2}));
    assert_eq!(counts(&ask.delete(&uma), "notes"), (0, 1));
    let made = ask.post("/api/v1/users", json!({"subject": "new", "assignedRoles": [{"name": "Steward"}]}));
    assert_eq!(counts(&made, "notes"), (1, 0));
    let group = format!("/api/v1/groups/{}", admin.find("/api/v1/groups", "Analysts"));
    assert_eq!(counts(&ask.replace(&group, "/assignedRoles", json!([])), "apps.data:export"), (0, 2));
    let everyone = "/systemGroups/000000000000000000000001/assignedRoles";
    let settings = ask.replace("/api/v1/groups/settings", everyone, json!([]));
    assert_eq!(counts(&settings, "automations.private"), (0, 5), "everybody but none by another way");
    let default = format!("/api/v1/roles/{}", admin.find("/api/v1/roles", "UserDefault"));
    assert_eq!(counts(&ask.replace(&default, "/assignedScopes", json!([])), "notes"), (0, 5));
    assert_eq!(ask.post("/api/v1/roles", json!({"name": "R"})).expect(200)["affectedUsers"], 0);
    assert_eq!(
        ask.put("/api/v1/licenses/settings", json!({"autoAssignProfessional": false})).expect(200)["changes"],
        true
    );
    assert_eq!(admin.get("/api/v1/roles?filter=name+eq+%22R%22").expect(200)["data"], json!([]));
    server.user().get("/api/v1/users/me").expect(200);
}

/// What would be refused is refused in a preview too, and reads are as they are.
#[test]
fn a_preview_is_refused_like_the_change() {
    let server = Server::start();
    let admin = server.admin();
    let ask = preview(&admin);
    ask.post("/api/v1/roles", json!({"name": "TenantAdmin"})).refused(400, "HTTP-400");
    ask.delete(&format!("/api/v1/users/{}", admin.id())).refused(403, "HTTP-403");
    preview(&server.user()).post("/api/v1/roles", json!({"name": "R"})).refused(403, "HTTP-403");
    ask.delete(&format!("/api/v1/roles/{}", "0".repeat(24))).refused(404, "IDENTITIES-10402");
    assert!(ask.get("/api/v1/roles").expect(200)["data"].is_array());
    admin
        .header("prefer", "previews, return=minimal")
        .post("/api/v1/roles", json!({"name": "R"}))
        .expect(201);
}

/// Several changes that build upon each other: what all of them would do, and nothing of it done.
#[test]
fn a_plan_is_tried_in_order() {
    let server = Server::start();
    let admin = server.admin();
    let change =
        |method: &str, path: &str, body: Value| json!({"method": method, "path": path, "body": body});
    let one = |op: &str, path: &str, value: Value| json!([{"op": op, "path": path, "value": value}]);
    let attempt =
        |changes: Vec<Value>| admin.post("/rolecall/v1/access/impact", json!({ "changes": changes }));
    let uma = format!("/api/v1/users/{}", server.user().id());
    let exporter = format!("/api/v1/roles/{}", admin.find("/api/v1/roles", "Report exporter"));
    let analysts = format!("/api/v1/groups/{}", admin.find("/api/v1/groups", "Analysts"));
    let tried = attempt(vec![
        change(
            "POST",
            "/api/v1/roles",
            json!({"name": "Approver", "assignedScopes": ["automl-models:approve"]}),
        ),
        change("PATCH", &uma, one("add", "/assignedRoles/-", json!({"name": "Approver"}))),
        change("PATCH", &analysts, one("replace", "/assignedRoles", json!([]))),
        change("DELETE", &exporter, Value::Null),
        change("POST", "/api/v1/users", json!({"subject": "new", "assignedRoles": [{"name": "Approver"}]})),
    ]);
    assert_eq!(counts(&tried, "automl-models:approve"), (2, 0), "Uma and the new user");
    assert_eq!(counts(&tried, "apps.data:export"), (0, 2), "Uma and Ben");
    assert_eq!(named(&tried, "Uma User")["gains"], json!(["automl-models:approve"]));
    assert_eq!(admin.get("/api/v1/roles?filter=name+eq+%22Approver%22").expect(200)["data"], json!([]));
    admin.get(&exporter).expect(200);

    let wrong = attempt(vec![
        change("PATCH", &uma, one("replace", "/name", json!("N"))),
        change("DELETE", &exporter, Value::Null),
    ]);
    wrong.refused(400, "HTTP-400");
    assert_eq!(wrong.place(), "/changes/1");
    assert!(wrong.text.contains("is assigned to a user or a group"), "{}", wrong.text);
    let ada = format!("/api/v1/users/{}", admin.id());
    for refused in [
        change("PATCH", &ada, one("replace", "/assignedRoles", json!([]))),
        change("DELETE", &format!("/api/v1/users/{}", "0".repeat(24)), Value::Null),
        change("GET", &uma, Value::Null),
        change("PATCH", "/api/v1/tenants/me", json!([])),
        change("PATCH", &uma, json!([["replace", "/name", "N"]])),
    ] {
        attempt(vec![refused]).refused(400, "HTTP-400");
    }
    attempt(vec![change("DELETE", &uma, Value::Null); 101]).refused(400, "HTTP-400");
    assert_eq!(attempt(vec![]).expect(200)["changes"], false);
}
