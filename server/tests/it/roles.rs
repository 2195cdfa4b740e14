//! Roles: reference/access-control.md §2, reference/rest-api.md §2, and the product's decisions.

use rolecall_engine::catalogue::{Catalogue, Unknown};
use serde_json::json;

use crate::harness::{Server, Setup};

const ROLES: &str = "/api/v1/roles";

#[test]
fn names_are_unique_and_case_sensitive() {
    let server = Server::start();
    server.admin().make_role("Exporter", &[]);
    let again = server.admin().post(ROLES, json!({"name": " Exporter "}));
    again.refused(400, "HTTP-400");
    assert_eq!(again.place(), "/name");
    let other = server.admin().make_role("exporter", &[]);
    let renamed = server.admin().replace(&format!("{ROLES}/{other}"), "/name", "Exporter");
    renamed.refused(400, "ROLES-10");
    assert_eq!(renamed.place(), "/0/value");
    server.other_admin().make_role("Exporter", &[]);
}

#[test]
fn a_name_that_looks_like_a_default_role_is_refused() {
    let server = Server::start();
    for name in [
        "tenantadmin",
        "Tenant Admin",
        "Ｔenantadmin",
        "TenantАdmin",
        "Stew\u{200b}ard",
        "userdefault",
        "TenantAdrnin",
        "Developer",
        "developer",
    ] {
        let made = server.admin().post(ROLES, json!({ "name": name }));
        made.refused(400, "HTTP-400");
        assert_eq!(made.place(), "/name", "{name}");
    }
}

#[test]
fn scopes_must_be_known_and_fit_the_role() {
    let server = Server::start();
    for (scope, why) in [
        ("no.such:scope", "not in the catalogue"),
        ("admin_classic", "custom role"),
        ("users", "custom role"),
    ] {
        let made =
            server.admin().post(ROLES, json!({"name": "R", "assignedScopes": ["apps.image:export", scope]}));
        let error = made.refused(400, "HTTP-400");
        assert!(
            error["detail"].as_str().unwrap().contains(scope)
                && error["detail"].as_str().unwrap().contains(why),
            "{error}"
        );
        assert_eq!(made.place(), "/assignedScopes/1");
    }
    let user_default = format!("{ROLES}/{}", server.admin().find(ROLES, "UserDefault"));
    let added = server.admin().op(&user_default, "add", "/assignedScopes/-", "admin.csp");
    added.refused(400, "ROLES-10");
    assert_eq!(server.admin().get(ROLES).expect(200)["data"].as_array().unwrap().len(), 20);
}

#[test]
fn a_lenient_catalogue_takes_scopes_it_does_not_know() {
    let mut catalogue = Catalogue::qlik();
    catalogue.unknown = Unknown::Accept;
    let server = Server::with(Setup { catalogue, ..Setup::default() });
    server.admin().make_role("Own", &["billing:read", "notes"]);
    let (_, user) = server.user_with("own", &["Own"]);
    let scopes = user.get("/api/v1/users/me?fields=assignedScopes").expect(200)["assignedScopes"].clone();
    assert!(scopes.as_array().unwrap().contains(&"billing:read".into()));
    let many = |from: usize, n: usize| (from..from + n).map(|n| format!("own:{n}")).collect::<Vec<_>>();
    let make = |from, n| {
        server.admin().post(ROLES, json!({"name": format!("R{from}-{n}"), "assignedScopes": many(from, n)}))
    };
    for thousand in 0..9 {
        make(1000 * thousand, 1000).expect(201);
    }
    make(0, 1001).refused(400, "HTTP-400");
    let too_many = make(9000, 1000);
    too_many.refused(400, "HTTP-400");
    assert_eq!(too_many.place(), "/assignedScopes");
    make(9000, 999).expect(201);
    make(5000, 999).expect(201);
}

#[test]
fn a_role_with_an_admin_scope_is_of_level_admin() {
    let server = Server::start();
    let made = server.admin().post(ROLES, json!({"name": "Origins", "assignedScopes": ["admin.csp"]}));
    assert_eq!(made.expect(201)["level"], "admin");
    let path = format!("{ROLES}/{}", made.body["id"].as_str().unwrap());
    server.admin().op(&path, "remove-value", "/assignedScopes", "admin.csp").expect(204);
    assert_eq!(server.admin().get(&path).expect(200)["level"], "user");
    let (_, holder) = server.user_with("origins", &["Origins"]);
    holder.get(ROLES).refused(403, "HTTP-403");
}

#[test]
fn every_form_of_a_patch_does_what_it_says() {
    let server = Server::start();
    let path = format!("{ROLES}/{}", server.admin().make_role("R", &["apps.image:export"]));
    let ops = json!([
        {"op": "replace", "path": "/name", "value": "Renamed"},
        {"op": "replace", "path": "/description", "value": "two\nlines"},
        {"op": "add", "path": "/assignedScopes/-", "value": "notes"},
        {"op": "add", "path": "/assignedScopes/-", "value": "notes"},
        {"op": "remove-value", "path": "/assignedScopes", "value": "apps.image:export"},
        {"op": "remove-value", "path": "/assignedScopes", "value": "apps.image:export"},
    ]);
    server.admin().patch(&path, ops).expect(204);
    let role = server.admin().get(&path);
    assert_eq!(
        (&role.expect(200)["name"], &role.body["description"]),
        (&"Renamed".into(), &"two\nlines".into())
    );
    assert_eq!(role.body["assignedScopes"], json!(["notes"]));
    server.admin().send("PATCH", &path, Some(("application/json-patch+json", b"[]"))).expect(204);
    assert_eq!(
        server.admin().get(&path).body,
        role.body,
        "the empty patch changes nothing, not even the time"
    );
}

#[test]
fn a_patch_is_done_whole_or_not_at_all() {
    let server = Server::start();
    let path = format!("{ROLES}/{}", server.admin().make_role("R", &["notes"]));
    let before = server.admin().get(&path);
    for (wrong, place) in [
        (json!({"op": "replace", "path": "/assignedScopes", "value": ["no.such"]}), "/1/value/0"),
        (json!({"op": "add", "path": "/name", "value": "x"}), "/1/path"),
        (json!({"op": "move", "path": "/name", "value": "x"}), "/1/op"),
        (json!({"op": "replace", "path": "/id", "value": "x"}), "/1/path"),
        (json!({"op": "replace", "path": "", "value": {}}), "/1/path"),
        (json!({"op": "replace", "path": "/name", "value": 5}), "/1/value"),
        (json!({"op": "replace", "path": "/name"}), "/1/value"),
        (json!({"path": "/name", "value": "x"}), "/1"),
        (json!({"op": "replace", "path": "/assignedScopes", "value": ["notes", 5]}), "/1/value/1"),
    ] {
        let ops = json!([{"op": "replace", "path": "/description", "value": "changed"}, wrong]);
        let patched = server.admin().patch(&path, ops);
        patched.refused(400, "ROLES-10");
        assert_eq!(patched.place(), place, "{}", patched.text);
    }
    assert_eq!(server.admin().get(&path).body, before.body);
}

#[test]
fn what_is_not_there_is_not_found() {
    let server = Server::start();
    let elsewhere = server.other_admin().find(ROLES, "Reader");
    for id in ["000000000000000000000000", "6724D8F5A4ACFA155351AFA7", "x", "..", "a%2Fb", &elsewhere] {
        let path = format!("{ROLES}/{id}");
        for answer in [
            server.admin().get(&path),
            server.admin().delete(&path),
            server.admin().replace(&path, "/name", "x"),
        ] {
            answer.expect(404);
        }
    }
}

#[test]
fn a_tenant_has_at_most_500_custom_roles() {
    let server = Server::start();
    for n in 3..500 {
        server.admin().make_role(&format!("Role {n}"), &[]);
    }
    server.admin().post(ROLES, json!({"name": "One too many"})).refused(403, "HTTP-403");
    let custom = server.admin().get("/api/v1/roles?totalResults=true&limit=1&filter=type+eq+%22custom%22");
    assert_eq!(custom.expect(200)["totalResults"], 500);
    server.other_admin().make_role("Elsewhere there is room", &[]);
    let first = server.admin().find(ROLES, "Role 3");
    server.admin().delete(&format!("{ROLES}/{first}")).expect(204);
    server.admin().make_role("One for another", &[]);
}
