//! Is what makes no sense refused in the documented shape, and does it change nothing? (threats T42, T45)

use serde_json::json;

use crate::harness::Server;

const ROLES: &str = "/api/v1/roles";

#[test]
fn bodies_that_are_not_what_they_must_be() {
    let server = Server::start();
    let before = server.revision(0);
    let deep = format!("{{\"name\":\"x\",\"a\":{}{}}}", "[".repeat(40), "]".repeat(40));
    let bodies: Vec<&[u8]> = vec![
        b"",
        b"{",
        b"[]",
        b"null",
        b"5",
        b"\"x\"",
        b"{\"name\":\"a\",\"name\":\"b\"}",
        b"{\"name\":\"a\"} x",
        b"{\"name\":null}",
        b"{\"name\":5}",
        b"{\"name\":[\"a\"]}",
        b"{\"name\":{}}",
        b"{name:\"a\"}",
        b"{\"name\":\"a\",}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"name\":\"\xff\"}",
        b"{\"name\":\"a\",\"n\":1e999}",
        b"\xef\xbb\xbf{\"name\":\"a\"}",
        b"{\"name\":\"a\",\"assignedScopes\":\"notes\"}",
        deep.as_bytes(),
        b"{\"name\":\"a\",\"assignedScopes\":[null]}",
        b"{\"name\":\"a\\u0000b\"}",
        b"{\"name\":\"a\\u202eb\"}",
        b"{\"name\":\"\"}",
        b"{\"name\":\"   \"}",
        b"{\"name\":\"a\",\"description\":5}",
        b"{\"name\":\"a\",\"x\":{\"b\":1,\"b\":1}}",
    ];
    for body in bodies {
        let answer = server.admin().send("POST", ROLES, Some(("application/json", body)));
        answer.refused(400, "HTTP-400");
        answer.place();
    }
    let long = json!({"name": "x".repeat(257)});
    assert_eq!(server.admin().post(ROLES, long).place(), "/name");
    let long = json!({"name": "x", "description": "x".repeat(4097)});
    assert_eq!(server.admin().post(ROLES, long).place(), "/description");
    assert_eq!(server.revision(0), before);
}

#[test]
fn large_bodies_are_refused() {
    let server = Server::start();
    let large = json!({"subject": "x", "name": "n", "unknown": "x".repeat(500_000)}).to_string();
    let sized = server.admin().send("POST", "/api/v1/users", Some(("application/json", large.as_bytes())));
    sized.refused(413, "HTTP-413");
    let fits = json!({"subject": "x", "unknown": "x".repeat(499_000)}).to_string();
    server.admin().send("POST", "/api/v1/users", Some(("application/json", fits.as_bytes()))).expect(201);
}

/// An array is not taken for an object whose members it has in some order, whatever the request.
#[test]
fn arrays_are_no_objects() {
    let server = Server::start();
    let admin = server.admin();
    let tenant = server.tenants[0].tenant;
    let user = format!("/api/v1/users/{}", admin.make_user("u"));
    let before = admin.get(&user).text;
    for (method, path, body) in [
        ("POST", ROLES, json!(["R", "d", ["notes"]])),
        ("POST", "/api/v1/users", json!(["s", "n", "a@b.c", null, null, null, null, null])),
        ("POST", "/api/v1/groups", json!(["g", null, null, "custom", null])),
        ("POST", "/api/v1/api-keys", json!(["d", null, null, null])),
        ("POST", "/api/v1/users/actions/filter", json!(["name pr"])),
        ("POST", "/api/v1/licenses/assignments/actions/add", json!([[["x", "analyzer"]]])),
        ("POST", "/api/v1/licenses/assignments/actions/add", json!({"add": [["x", "analyzer"]]})),
        ("PUT", "/api/v1/licenses/settings", json!([false, false])),
        ("PATCH", &user, json!([["replace", "/name", "n"]])),
        (
            "PATCH",
            &user,
            json!([{"op": "replace", "path": "/assignedRoles", "value": [[null, "TenantAdmin"]]}]),
        ),
        (
            "PATCH",
            &user,
            json!([{"op": "add", "path": "/assignedGroups/-", "value": [null, "Analysts", "custom"]}]),
        ),
        ("PATCH", "/api/v1/groups/settings", json!([["replace", "/autoCreateGroups", true]])),
        ("PATCH", &format!("/api/v1/tenants/{tenant}"), json!([["replace", "/name", "n"]])),
    ] {
        let text = body.to_string();
        let caller = if path.ends_with("api-keys") { server.user() } else { server.admin() };
        let answer = caller.send(method, path, Some(("application/json", text.as_bytes())));
        assert_eq!(answer.expect(400)["errors"][0]["title"].as_str().map(str::is_empty), Some(false));
        assert!(!answer.text.contains("struct") && !answer.text.contains("untagged"), "{}", answer.text);
    }
    assert_eq!(admin.get(&user).text, before);
    let long = json!({"name": "L", "assignedScopes": ["x".repeat(400_000)]});
    assert!(admin.post(ROLES, long).text.len() < 2000, "what was sent is not sent back in full");
}

#[test]
fn media_types() {
    let server = Server::start();
    let post = |media_type: &str, name: &str| {
        server.admin().send("POST", ROLES, Some((media_type, format!("{{\"name\":\"{name}\"}}").as_bytes())))
    };
    post("application/json; charset=utf-8", "a").expect(201);
    post("APPLICATION/JSON", "b").expect(201);
    post("text/plain", "c").refused(415, "HTTP-415");
    post("application/x-www-form-urlencoded", "c").refused(415, "HTTP-415");
    let get = server.admin().header("content-type", "application/json");
    get.get(ROLES).expect(200);
    let role = format!("{ROLES}/{}", get.find(ROLES, "a"));
    get.delete(&role).expect(204);
}

#[test]
fn a_patch_has_at_most_100_operations() {
    let server = Server::start();
    let role = format!("{ROLES}/{}", server.admin().make_role("R", &[]));
    let ops = |n: usize| vec![json!({"op": "replace", "path": "/name", "value": "S"}); n];
    server.admin().patch(&role, ops(100)).expect(204);
    server.admin().patch(&role, ops(101)).refused(400, "ROLES-10");
}

/// What is read-only stays as it is, whatever a request says of it (threats T41).
#[test]
fn read_only_members_are_not_written() {
    let server = Server::start();
    let made = server.admin().post(
        ROLES,
        json!({"name": "R", "id": "000000000000000000000009", "tenantId": "x", "type": "default", "level": "admin", "canEdit": false,
               "canDelete": false, "permissions": ["a:b"], "createdAt": "2000-01-01T00:00:00Z", "createdBy": "x", "fullUser": true, "links": {}}),
    );
    let role = made.expect(201);
    assert_eq!(
        (&role["type"], &role["level"], &role["permissions"]),
        (&"custom".into(), &"user".into(), &json!([]))
    );
    assert_ne!(role["id"], "000000000000000000000009");
    let made = server.admin().post(
        "/api/v1/users",
        json!({"subject": "s", "id": "000000000000000000000009", "clientId": "bot", "assignedScopes": ["admin.csp"], "createdAt": "2000-01-01T00:00:00Z",
               "assignedGroups": [{"name": "Analysts"}], "inviteExpiry": 5, "locale": "de"}),
    );
    let user = made.expect(201);
    for member in ["clientId", "inviteExpiry", "locale"] {
        assert!(user.get(member).is_none(), "{member}");
    }
    assert_eq!(user["assignedGroups"], json!([]));
    assert!(!user["assignedScopes"].as_array().unwrap().contains(&"admin.csp".into()));
}

#[test]
fn paths_that_try_to_be_others() {
    let server = Server::start();
    let id = server.admin().find(ROLES, "Steward");
    for path in [
        format!("/api/v1/roles/{id}/"),
        format!("/api/v1/roles/{id}/.."),
        format!("/api/v1//roles/{id}"),
        "/api/v1/roles/..%2fusers%2fme".into(),
        "/api/v1/users/..;/roles".into(),
        format!("/api/v1/ROLES/{id}"),
        format!("/API/v1/roles/{id}"),
        format!("/api/v1/roles/{id}%00"),
        format!("/api/v1/roles/%2e%2e/roles/{id}"),
        format!("/api/v1/roles/{id}%2f"),
        "/api/v1/users/%6de".into(),
        "/api/v1/users/me%20".into(),
    ] {
        for client in [server.admin(), server.user(), server.anonymous()] {
            let answer = client.get(&path);
            assert!(
                [401, 403, 404].contains(&answer.status) || path.contains("%6d"),
                "{path}: {}",
                answer.text
            );
        }
    }
    server.user().send("POST", "/api/v1/roles/x", None).refused(405, "HTTP-405");
    server.admin().send("TRACE", ROLES, None).refused(405, "HTTP-405");
}

/// Only what the contract lists can be patched: nothing else is read, tested, copied or moved (threats T42).
#[test]
fn operations_that_are_not_listed_are_refused() {
    let server = Server::start();
    let admin = server.admin();
    let tenant = server.tenants[0].tenant.as_str();
    let (_, key) =
        (0, server.user().post("/api/v1/api-keys", json!({"description": "k"})).expect(201)["id"].clone());
    let paths = [
        format!("{ROLES}/{}", admin.make_role("R", &[])),
        format!("/api/v1/users/{}", admin.make_user("u")),
        format!("/api/v1/groups/{}", admin.make_group("G")),
        "/api/v1/groups/settings".to_owned(),
        format!("/api/v1/tenants/{tenant}"),
        format!("/api/v1/api-keys/configs/{tenant}"),
        format!("/api/v1/api-keys/{}", key.as_str().unwrap()),
    ];
    for path in &paths {
        let client = if path.contains("api-keys/") && !path.contains("configs") {
            server.user()
        } else {
            server.admin()
        };
        for operation in [
            json!({"op": "test", "path": "/name", "value": "R"}),
            json!({"op": "copy", "from": "/id", "path": "/name"}),
            json!({"op": "move", "from": "/name", "path": "/description"}),
            json!({"op": "remove", "path": "/name"}),
            json!({"op": "replace", "path": "", "value": {}}),
            json!({"op": "replace", "path": "/", "value": "x"}),
            json!({"op": "replace", "path": "/id", "value": "x"}),
            json!({"op": "replace", "path": "/tenantId", "value": "x"}),
            json!({"op": "replace", "path": "/createdBy", "value": "x"}),
            json!({"op": "replace", "path": "/__proto__", "value": "x"}),
        ] {
            let answer = client.patch(path, json!([operation]));
            assert_eq!(answer.status, 400, "{path} {operation}: {}", answer.text);
        }
    }
}
