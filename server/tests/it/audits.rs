//! Does nothing change without its audit row? (threats I5, T80)

use serde_json::{Value, json};

use crate::{harness::Server, oauth::program_of};

struct Row {
    revision: i64,
    kind: String,
    actor: Option<String>,
    trace: String,
    resource: String,
    data: Value,
    updates: Option<Value>,
}

fn rows(server: &Server) -> Vec<Row> {
    let sql =
        "SELECT a.revision, a.event_type, a.actor, a.trace_id, a.resource_id, a.data, a.updates FROM audits a
               WHERE a.tenant_id = '?' ORDER BY a.revision, a.ordinal";
    let json = |text: &String| serde_json::from_str(text).unwrap();
    let row = |row: Vec<Option<String>>| {
        let text = |column: usize| row[column].clone().unwrap();
        Row {
            revision: text(0).parse().unwrap(),
            kind: text(1),
            actor: row[2].clone(),
            trace: text(3),
            resource: text(4),
            data: json(&text(5)),
            updates: row[6].as_ref().map(json),
        }
    };
    let rows = server.database.rows(&sql.replace('?', server.tenants[0].tenant.as_str()));
    rows.into_iter().map(row).collect()
}

fn revision(server: &Server) -> i64 {
    let sql = format!("SELECT revision FROM tenants WHERE tenant_id = '{}'", server.tenants[0].tenant);
    server.database.rows(&sql)[0][0].as_ref().unwrap().parse().unwrap()
}

/// Who acts through a program is told with the program, and what ends with something else ends with a row.
#[test]
fn programs_are_told_beside_users() {
    let server = Server::start();
    let program = program_of(&server.admin(), &json!({}));
    let token = program.token(&server, &json!({}));
    let bot = token.id();
    token.make_role("By a program", &[]);
    server
        .admin()
        .header("qlik-confirm-delete", &program.id)
        .delete(&format!("/api/v1/oauth-clients/{}", program.id))
        .expect(204);
    let sql = "SELECT event_type, actor, client_id FROM audits WHERE tenant_id = '?' ORDER BY revision DESC, ordinal DESC LIMIT 7";
    let mut rows = server.database.rows(&sql.replace('?', server.tenants[0].tenant.as_str()));
    rows.reverse();
    let ada = Some(server.admin().id());
    let expected = [
        ("com.qlik.v1.oauth-client.created", ada.clone(), None),
        ("com.qlik.core.user.created", None, Some(program.id.clone())),
        ("com.qlik.oauth-token.issued", None, Some(program.id.clone())),
        ("com.qlik.core.role.created", Some(bot), Some(program.id.clone())),
        ("com.qlik.oauth-token.revoked", ada.clone(), None),
        ("com.qlik.v1.oauth-client.deleted", ada.clone(), None),
        ("com.qlik.core.user.deleted", ada, None),
    ];
    assert_eq!(rows, expected.map(|(kind, actor, client)| vec![Some(kind.to_owned()), actor, client]));
}

#[test]
fn every_change_leaves_a_row_that_says_all_of_it() {
    let server = Server::start();
    let before = rows(&server).len();
    let role = server.admin().make_role("R", &["notes"]);
    let path = format!("/api/v1/roles/{role}");
    let patched = server.admin().patch(
        &path,
        json!([{"op": "replace", "path": "/name", "value": "S"}, {"op": "add", "path": "/assignedScopes/-", "value": "webhooks"}]),
    );
    let trace = patched.headers["x-b3-traceid"].to_str().unwrap().to_owned();
    server.admin().delete(&path).expect(204);
    let all = rows(&server);
    let [created, updated, deleted] = &all[before..] else { panic!("{} rows", all.len() - before) };
    assert_eq!(created.kind, "com.qlik.core.role.created");
    assert_eq!((&created.data["name"], &created.data["assignedScopes"]), (&"R".into(), &json!(["notes"])));
    assert_eq!(updated.kind, "com.qlik.core.role.updated");
    assert_eq!(updated.trace, trace, "the number of the request");
    assert_eq!(updated.actor, Some(server.admin().id()));
    assert_eq!(updated.resource, role);
    let differences = json!([
        {"path": "/name", "oldValue": "R", "newValue": "S"},
        {"path": "/assignedScopes", "oldValue": ["notes"], "newValue": ["notes", "webhooks"]},
    ]);
    assert_eq!(updated.updates, Some(differences));
    assert_eq!((deleted.kind.as_str(), &deleted.data["name"]), ("com.qlik.core.role.deleted", &"S".into()));
    assert_eq!(
        [created.revision, updated.revision, deleted.revision].map(|at| at - created.revision),
        [0, 1, 2]
    );
    assert_eq!(deleted.revision, revision(&server));
}

#[test]
fn what_changes_nothing_leaves_none() {
    let server = Server::start();
    let (before, at) = (rows(&server).len(), revision(&server));
    let uma = format!("/api/v1/users/{}", server.user().id());
    server.admin().patch(&uma, json!([])).expect(204);
    server.admin().replace(&uma, "/name", "Uma User").expect(204);
    server.admin().replace(&uma, "/name", 5).expect(400);
    server.admin().post("/api/v1/roles", json!({"name": "TenantAdmin"})).expect(400);
    server.user().post("/api/v1/roles", json!({"name": "x"})).expect(403);
    server
        .admin()
        .replace(&format!("/api/v1/users/{}", server.admin().id()), "/assignedRoles", json!([]))
        .expect(403);
    assert_eq!((rows(&server).len(), revision(&server)), (before, at));
}

#[test]
fn each_kind_of_thing_has_its_events() {
    let server = Server::start();
    let before = rows(&server).len();
    let tenant = server.tenants[0].tenant;
    let group = server.admin().make_group("G");
    server.admin().replace(&format!("/api/v1/groups/{group}"), "/name", "H").expect(204);
    server.admin().delete(&format!("/api/v1/groups/{group}")).expect(204);
    server.admin().replace("/api/v1/groups/settings", "/autoCreateGroups", true).expect(204);
    server.admin().replace(&format!("/api/v1/tenants/{tenant}"), "/name", "N").expect(204);
    server
        .admin()
        .replace(&format!("/api/v1/api-keys/configs/{tenant}"), "/max_keys_per_user", 9)
        .expect(204);
    server.admin().put("/api/v1/licenses/settings", json!({"autoAssignAnalyzer": true})).expect(200);
    let add = json!({"add": [{"subject": "a", "type": "analyzer"}]});
    server.admin().post("/api/v1/licenses/assignments/actions/add", add).expect(207);
    let key = server.user().post("/api/v1/api-keys", json!({"description": "k"}));
    let key = format!("/api/v1/api-keys/{}", key.expect(201)["id"].as_str().unwrap());
    server.user().replace(&key, "/description", "l").expect(204);
    server.user().delete(&key).expect(204);
    let user = server.admin().make_user("u");
    server.admin().delete(&format!("/api/v1/users/{user}")).expect(204);
    let all = rows(&server);
    let kinds: Vec<&str> = all[before..].iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "com.qlik.core.group.created",
            "com.qlik.core.group.updated",
            "com.qlik.core.group.deleted",
            "com.qlik.core.group-setting.updated",
            "com.qlik.tenant.updated",
            "com.qlik.api-keys-config.updated",
            "rolecall.license-settings.updated",
            "rolecall.license-assignment.created",
            "com.qlik.core.api-key.created",
            "com.qlik.core.api-key.updated",
            "com.qlik.core.api-key.deleted",
            "com.qlik.core.user.created",
            "rolecall.license-assignment.created",
            "com.qlik.core.user.deleted",
        ]
    );
    let token = |row: &Row| row.data.to_string().contains("eyJ");
    assert!(!all.iter().any(token), "no token is written down");
}
