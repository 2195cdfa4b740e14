//! Users: reference/access-control.md §3, §5, §8, §9 and reference/rest-api.md §3.

use std::thread;

use rolecall_engine::time::Span;
use serde_json::{Value, json};

use crate::harness::{Client, Server, names};

const USERS: &str = "/api/v1/users";

fn user(client: &Client, id: &str) -> Value {
    client.get(&format!("{USERS}/{id}")).expect(200).clone()
}

#[test]
fn a_user_is_made_in_every_documented_way() {
    let server = Server::start();
    let role = server.admin().find("/api/v1/roles", "Steward");
    let made = server.admin().post(
        USERS,
        json!({"subject": "idp\\ann", "name": "Ann", "email": "ann@example.com", "picture": "https://x.example/a.png",
               "tenantId": server.tenants[0].tenant.as_str(), "assignedRoles": [{"id": role}], "unknown": {"a": 1}}),
    );
    let body = made.expect(201);
    assert_eq!(
        (&body["subject"], &body["name"], &body["status"]),
        (&"idp\\ann".into(), &"Ann".into(), &"active".into())
    );
    assert_eq!(names(&body["assignedRoles"])[0], "Steward");
    assert_eq!(body["tenantId"], server.tenants[0].tenant.as_str());
    assert!(body.get("unknown").is_none());
    let link = body["links"]["self"]["href"].as_str().unwrap();
    assert_eq!(made.headers["location"], link);
    assert_eq!(server.admin().get(link).expect(200)["email"], "ann@example.com");

    let by_name = server
        .admin()
        .post(USERS, json!({"subject": "b", "assignedRoles": [{"name": "Steward"}], "status": "active"}));
    assert_eq!(names(&by_name.expect(201)["assignedRoles"])[0], "Steward");
    let legacy = server.admin().post(USERS, json!({"subject": "c", "roles": ["Steward"]}));
    assert_eq!(names(&legacy.expect(201)["assignedRoles"])[0], "Steward");
    let invited =
        server.admin().post(USERS, json!({"subject": "d", "email": "d@example.com", "status": "invited"}));
    assert_eq!(invited.expect(201)["status"], "invited");
    assert_eq!(invited.body["name"], "d@example.com");
    let expiry = invited.body["inviteExpiry"].as_i64().unwrap();
    let in_a_week = server.app.clock.now().plus(Span::from_days(7)).as_seconds();
    assert!((in_a_week - 60..=in_a_week).contains(&expiry), "{expiry}");
}

/// A list shows a new user with its roles or not at all, however close it is read to the moment of the change.
#[test]
fn a_list_is_of_one_state() {
    let server = Server::start();
    let (admin, reader) = (server.admin(), server.admin());
    thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for n in 0..150 {
                let role = admin.make_role(&format!("role {n}"), &[]);
                admin
                    .post(USERS, json!({"subject": format!("new {n}"), "assignedRoles": [{"id": role}]}))
                    .expect(201);
            }
        });
        while !writer.is_finished() {
            let page = reader.get("/api/v1/users?sort=-createdAt&limit=3&filter=subject+sw+%22new%22");
            for user in page.expect(200)["data"].as_array().unwrap() {
                let number = user["subject"].as_str().unwrap().trim_start_matches("new ");
                assert_eq!(names(&user["assignedRoles"])[0], format!("role {number}"), "{user}");
            }
        }
        writer.join().unwrap();
    });
}

#[test]
fn a_user_that_cannot_be_made_is_not() {
    let server = Server::start();
    server.admin().make_user("taken");
    for (new, status, place) in [
        (json!({"subject": "taken"}), 409, "/subject"),
        (json!({"subject": "x", "status": "invited"}), 400, "/email"),
        (json!({"subject": "x", "status": "disabled"}), 400, "/status"),
        (json!({"subject": "x", "email": "no"}), 400, "/email"),
        (json!({"subject": ""}), 400, "/subject"),
        (json!({"name": "x"}), 400, ""),
        (json!({"subject": 5}), 400, "/subject"),
        (json!({"subject": "x", "tenantId": server.tenants[1].tenant.as_str()}), 400, "/tenantId"),
        (
            json!({"subject": "x", "assignedRoles": [{"name": "Steward"}, {"name": "steward"}]}),
            400,
            "/assignedRoles/1",
        ),
        (json!({"subject": "x", "assignedRoles": [{"name": "UserDefault"}]}), 400, "/assignedRoles/0"),
        (json!({"subject": "x", "assignedRoles": [{}]}), 400, "/assignedRoles/0"),
    ] {
        let made = server.admin().post(USERS, new.clone());
        made.expect(status);
        assert_eq!(made.place(), place, "{new}");
    }
    server.other_admin().make_user("taken");
    assert_eq!(server.admin().get("/api/v1/users/actions/count").expect(200), &json!({"total": 6}));
}

#[test]
fn roles_are_assigned_in_all_forms() {
    let server = Server::start();
    let role = server.admin().make_role("Custom", &[]);
    let path = format!("{USERS}/{}", server.admin().make_user("u"));
    let now = || names(&server.admin().get(&path).expect(200)["assignedRoles"]).join(" ");
    for (op, pointer, value, after) in [
        ("replace", "/assignedRoles", json!([{"id": role}]), "Custom"),
        ("add", "/assignedRoles/-", json!({"name": "Steward"}), "Custom Steward"),
        ("add", "/assignedRoles/-", json!({"name": "Steward"}), "Custom Steward"),
        ("remove-value", "/assignedRoles", json!({"id": role}), "Steward"),
        ("remove-value", "/assignedRoles", json!({"id": role}), "Steward"),
        ("replace", "/assignedRoles", json!([{"name": "Custom"}, {"name": "Custom"}]), "Custom"),
        (
            "replace",
            "/assignedRoles",
            json!([{"id": role, "name": "shown before", "type": "custom", "level": "user"}]),
            "Custom",
        ),
        ("set", "/roles", json!(["Steward", "Custom"]), "Steward Custom"),
        ("unset", "/roles", json!(["Steward"]), "Custom"),
        ("replace", "/roles", json!(["Steward"]), "Steward"),
        ("replace", "/assignedRoles", json!([]), ""),
    ] {
        server.admin().op(&path, op, pointer, value.clone()).expect(204);
        assert_eq!(now(), after, "{op} {pointer} {value}");
    }
    for wrong in [
        json!([{"name": "custom"}]),
        json!([{"id": "000000000000000000000009"}]),
        json!([{"name": "UserDefault"}]),
    ] {
        let refused = server.admin().replace(&path, "/assignedRoles", wrong);
        refused.refused(400, "USERS-10");
        assert_eq!(refused.place(), "/0/value/0");
    }
}

#[test]
fn custom_groups_are_joined_and_left() {
    let server = Server::start();
    let group = server.admin().make_group("G");
    server.admin().make_group("H");
    let idp = server.admin().post("/api/v1/groups", json!({"name": "G"})).expect(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{USERS}/{}", server.admin().make_user("u"));
    let now = || names(&server.admin().get(&path).expect(200)["assignedGroups"]).join(" ");
    for (op, pointer, value, after) in [
        ("add", "/assignedGroups/-", json!(group), "G"),
        ("add", "/assignedGroups/-", json!({"name": "H", "providerType": "custom"}), "G H"),
        ("remove-value", "/assignedGroups", json!(group), "H"),
        ("replace", "/assignedGroups", json!([{"id": group}]), "G"),
        ("replace", "/assignedGroups", json!([{"name": "H", "providerType": "custom"}]), "H"),
        ("replace", "/assignedGroups", json!([]), ""),
    ] {
        server.admin().op(&path, op, pointer, value.clone()).expect(204);
        assert_eq!(now(), after, "{op} {value}");
    }
    server.admin().op(&path, "add", "/assignedGroups/-", group.clone()).expect(204);
    for (op, pointer, value) in [
        ("add", "/assignedGroups/-", json!(group)),
        ("add", "/assignedGroups/-", json!(idp)),
        ("add", "/assignedGroups/-", json!({"name": "G"})),
        ("add", "/assignedGroups/-", json!("000000000000000000000001")),
        ("add", "/assignedGroups/-", json!("nonsense")),
        ("remove-value", "/assignedGroups", json!(idp)),
        ("replace", "/assignedGroups", json!([{"id": group}, {"id": idp}])),
        ("replace", "/assignedGroups", json!([{"name": "H"}])),
    ] {
        let ops = json!([{"op": "replace", "path": "/name", "value": "changed"}, {"op": op, "path": pointer, "value": value}]);
        server.admin().patch(&path, ops).refused(400, "USERS-10");
    }
    assert_eq!(now(), "G");
    assert_eq!(server.admin().get(&path).expect(200)["name"], "u", "nothing of a refused patch is applied");
}

#[test]
fn the_other_members_are_patched() {
    let server = Server::start();
    let path = format!("{USERS}/{}", server.admin().make_user("u"));
    let ops = json!([
        {"op": "replace", "path": "/name", "value": "John"},
        {"op": "replace", "path": "/email", "value": "unicorn@corp.example"},
        {"op": "replace", "path": "/preferredZoneInfo", "value": "America/Halifax"},
        {"op": "replace", "path": "/preferredLocale", "value": "en_US_POSIX"},
        {"op": "replace", "path": "/status", "value": "disabled"},
    ]);
    server.admin().patch(&path, ops).expect(204);
    let user = server.admin().get(&path);
    for (member, value) in [
        ("name", "John"),
        ("email", "unicorn@corp.example"),
        ("preferredZoneinfo", "America/Halifax"),
        ("preferredLocale", "en_US_POSIX"),
        ("status", "disabled"),
    ] {
        assert_eq!(user.expect(200)[member], value);
    }
    server.admin().replace(&path, "/preferredLocale", "").expect(204);
    assert!(server.admin().get(&path).expect(200).get("preferredLocale").is_none());
    for (pointer, value) in [
        ("/status", "deleted"),
        ("/status", "invited"),
        ("/status", "gone"),
        ("/email", "no"),
        ("/subject", "x"),
        ("/id", "x"),
    ] {
        server.admin().replace(&path, pointer, value).refused(400, "USERS-10");
    }
}

#[test]
fn an_invitation_is_renewed_and_ends_when_the_user_becomes_active() {
    let server = Server::start();
    let new = json!({"subject": "d", "email": "d@example.com", "status": "invited"});
    let path = format!("{USERS}/{}", server.admin().post(USERS, new).expect(201)["id"].as_str().unwrap());
    let expiry = || server.admin().get(&path).expect(200)["inviteExpiry"].as_i64();
    let first = expiry().unwrap();
    server.app.clock.advance(Span::from_days(1));
    server.admin().op(&path, "renew", "/inviteExpiry", true).expect(204);
    assert!(expiry().unwrap() >= first + 86_400);
    server.admin().replace(&path, "/inviteExpiry", first + 1000).expect(204);
    assert_eq!(expiry(), Some(first + 1000));
    server.admin().replace(&path, "/inviteExpiry", 5).refused(400, "USERS-10");
    server.admin().replace(&path, "/status", "active").expect(204);
    assert_eq!(expiry(), None);
    server.admin().op(&path, "renew", "/inviteExpiry", true).refused(400, "USERS-10");
}

#[test]
fn users_choose_their_own_preferences_and_nothing_else() {
    let server = Server::start();
    let own = format!("{USERS}/{}", server.user().id());
    let other = format!("{USERS}/{}", server.admin().id());
    let prefer = |path: &str| server.user().replace(path, "/preferredLocale", "de");
    prefer(&own).expect(204);
    prefer(&other).refused(403, "HTTP-403");
    let both = json!([
        {"op": "replace", "path": "/preferredZoneinfo", "value": "Europe/Berlin"},
        {"op": "replace", "path": "/name", "value": "Boss"},
    ]);
    server.user().patch(&own, both).refused(403, "HTTP-403");
    let me = server.user().get("/api/v1/users/me");
    assert_eq!(me.expect(200)["preferredLocale"], "de");
    assert!(me.body.get("preferredZoneinfo").is_none());
    for (op, pointer, value) in [
        ("replace", "/assignedRoles", json!([{"name": "TenantAdmin"}])),
        ("add", "/assignedRoles/-", json!({"name": "TenantAdmin"})),
        ("set", "/roles", json!(["TenantAdmin"])),
        ("add", "/assignedGroups/-", json!({"name": "Data science", "providerType": "custom"})),
        ("replace", "/status", json!("active")),
    ] {
        server.user().op(&own, op, pointer, value).refused(403, "HTTP-403");
    }
}

#[test]
fn roles_of_others_are_seen_by_administrators_only() {
    let server = Server::start();
    let (admin, plain) = (server.admin().id(), server.user().id());
    let shown = |client: &Client, id: &str| {
        let user = user(client, id);
        let groups = user["assignedGroups"].as_array().unwrap();
        [
            user.get("assignedRoles").is_some(),
            user.get("assignedScopes").is_some(),
            groups.iter().all(|group| group.get("assignedRoles").is_some()),
        ]
    };
    assert_eq!(shown(&server.user(), &plain), [true; 3]);
    assert_eq!(shown(&server.user(), &admin)[..2], [false; 2]);
    assert_eq!(shown(&server.admin(), &plain), [true; 3]);
    let ben = server.admin().find(USERS, "Ben Berg");
    assert_eq!(shown(&server.user(), &ben), [false; 3]);
    assert_eq!(names(&user(&server.user(), &ben)["assignedGroups"]), ["Analysts", "Data science"]);
    for listed in server.user().get(USERS).expect(200)["data"].as_array().unwrap() {
        assert_eq!(listed.get("assignedRoles").is_some(), listed["id"] == plain.as_str());
        assert!(listed["name"].is_string() && listed["email"].is_string() && listed["subject"].is_string());
    }
}

#[test]
fn fields_choose_members() {
    let server = Server::start();
    let id = server.user().id();
    let members = |path: &str| {
        let answer = server.admin().get(path);
        let body = answer.expect(200);
        let one = body.get("data").map_or(body, |data| &data[0]);
        one.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(members(&format!("{USERS}/{id}?fields=name,email")), "email id name");
    assert_eq!(members(&format!("{USERS}?fields=name,links")), "id links name");
    assert_eq!(members(&format!("{USERS}?fields=groups,%20subject")), "id subject");
    assert_eq!(members(&format!("{USERS}/{id}?fields=assignedRoles,status")), "assignedRoles id status");
    assert!(!members(USERS).contains("assignedScopes"), "in lists only if asked for");
    assert!(members(&format!("{USERS}?fields=assignedScopes")).contains("assignedScopes"));
}

#[test]
fn users_me_is_the_user() {
    let server = Server::start();
    let me = server.user().get("/api/v1/users/me");
    let mut same = user(&server.user(), me.expect(200)["id"].as_str().unwrap());
    assert_eq!(me.body["links"]["self"]["href"], format!("{}/api/v1/users/me", server.url()));
    same["links"] = me.body["links"].clone();
    assert_eq!(me.body, same);
}

#[test]
fn a_deleted_user_is_gone_with_keys_and_memberships() {
    let server = Server::start();
    let (id, client) = server.user_with("leaver", &["Steward"]);
    server
        .admin()
        .op(
            &format!("{USERS}/{id}"),
            "add",
            "/assignedGroups/-",
            json!({"name": "Analysts", "providerType": "custom"}),
        )
        .expect(204);
    client.get("/api/v1/users/me").expect(200);
    server.admin().delete(&format!("{USERS}/{id}")).expect(204);
    client.get("/api/v1/users/me").refused(401, "HTTP-401");
    server.admin().get(&format!("{USERS}/{id}")).refused(404, "USERS-7");
    let keys = server.admin().get(&format!("/api/v1/api-keys?sub={id}"));
    assert!(keys.expect(200)["data"].as_array().unwrap().iter().all(|key| key["status"] == "revoked"));
    let again = server.admin().make_user("leaver");
    assert_ne!(again, id);
    client.get("/api/v1/users/me").refused(401, "HTTP-401");
}

#[test]
fn a_disabled_user_is_out_at_the_next_request_and_back_again() {
    let server = Server::start();
    let (id, client) = server.user_with("sleeper", &["TenantAdmin"]);
    client.get("/api/v1/roles").expect(200);
    server.admin().replace(&format!("{USERS}/{id}"), "/status", "disabled").expect(204);
    client.get("/api/v1/roles").refused(401, "HTTP-401");
    server.admin().replace(&format!("{USERS}/{id}"), "/status", "active").expect(204);
    client.get("/api/v1/roles").expect(200);
    server.admin().replace(&format!("{USERS}/{id}"), "/assignedRoles", json!([])).expect(204);
    client.get("/api/v1/roles").refused(403, "HTTP-403");
}

#[test]
fn older_parameters_still_work() {
    let server = Server::start();
    let found = |query: &str| server.admin().get(&format!("{USERS}?{query}")).names().join(", ");
    assert_eq!(found("email=BEN@acme.example"), "Ben Berg");
    assert_eq!(found("subject=acme%5Cchloe@acme.example"), "Chloe Chen");
    assert_eq!(found("role=AuditAdmin"), "Dan Diaz");
    assert_eq!(found("status=disabled,invited"), "");
    assert_eq!(found("status=active&sortBy=name&sortOrder=desc&limit=2"), "Uma User, Dan Diaz");
    assert_eq!(found("sortBy=name&sort=+name&limit=1&tenantId=whatever"), "ada@acme.example");
    let ben = server.admin().find(USERS, "Ben Berg");
    assert_eq!(found(&format!("startingAfter={ben}&limit=1")), "Chloe Chen");
    assert_eq!(found(&format!("endingBefore={ben}")), "ada@acme.example");
    let both = server.admin().get(&format!("{USERS}?email=a&filter=name+pr"));
    both.refused(400, "HTTP-400");
    assert_eq!(both.place(), "email");
    server.user().get(&format!("{USERS}?role=TenantAdmin")).refused(403, "HTTP-403");
}

#[test]
fn a_filter_may_come_in_a_body() {
    let server = Server::start();
    let filter = "/api/v1/users/actions/filter";
    assert_eq!(server.admin().send("POST", filter, None).names().len(), 5);
    assert_eq!(server.admin().post(filter, json!({})).names().len(), 5);
    let posted = server
        .admin()
        .post(&format!("{filter}?limit=1&sort=-name&fields=name"), json!({"filter": "name co 'e'"}));
    assert_eq!(posted.names(), ["Uma User"]);
    let next = posted.body["links"]["next"]["href"].as_str().unwrap();
    assert_eq!(server.admin().post(next, json!({"filter": "name co 'e'"})).names(), ["Chloe Chen"]);
    server.admin().post(next, json!({"filter": "name co 'a'"})).refused(400, "HTTP-400");
    let ids: Vec<String> = (0..101).map(|n| format!("id eq '{n:024x}'")).collect();
    server.admin().post(filter, json!({"filter": ids[..100].join(" or ")})).expect(200);
    let many = server.admin().post(filter, json!({"filter": ids.join(" or ")}));
    many.refused(400, "HTTP-400");
    assert_eq!(many.place(), "/filter");
}
