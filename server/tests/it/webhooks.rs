//! Webhooks: who may have them, what they must be, and what they are told. (reference/events.md §4, §5)

mod deliveries;
mod receiver;

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    harness::{Client, Server},
    oauth::program_of,
};

pub const WEBHOOKS: &str = "/api/v1/webhooks";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A webhook that nothing is wrong with.
pub fn new_webhook(url: &str) -> Value {
    json!({"name": "Hook", "url": url, "eventTypes": ["com.qlik.core.role.created"], "enabled": true})
}

/// The same with other members.
pub fn with(mut webhook: Value, members: &Value) -> Value {
    let others = members.as_object().unwrap().clone();
    webhook.as_object_mut().unwrap().extend(others);
    webhook
}

/// Makes a webhook; answers its address.
#[track_caller]
pub fn make(client: &Client, webhook: Value) -> String {
    let made = client.post(WEBHOOKS, webhook);
    format!("{WEBHOOKS}/{}", made.expect(201)["id"].as_str().unwrap())
}

/// Waits for something to be sent to a webhook; answers its identifier.
pub fn first_delivery(client: &Client, webhook: &str) -> String {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let sent = client.get(&format!("{webhook}/deliveries"));
        if let Some(id) = sent.expect(200)["data"][0]["id"].as_str() {
            return id.to_owned();
        }
        assert!(Instant::now() < until, "nothing was sent to {webhook}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A user of the first tenant who may have webhooks and administers nothing.
fn holder(server: &Server, subject: &str) -> Client {
    if server.admin().get("/api/v1/roles?filter=name+eq+%22Hooks%22").names().is_empty() {
        server.admin().make_role("Hooks", &["webhooks", "api-keys"]);
    }
    server.user_with(subject, &["Hooks"]).1
}

#[test]
fn a_webhook_is_made_changed_and_deleted() {
    let server = Server::start();
    let admin = server.admin();
    let sent = with(
        new_webhook("https://hook.example/a"),
        &json!({"description": "For tests", "secret": SECRET, "filter": "id eq \"x\" or spaceId ne \"y\"",
            "headers": {"X-Plain": "seen"}, "encryptedHeaders": {"Authorization": "Bearer hidden"},
            "checkCertificateRevocation": true, "origin": "management-console"}),
    );
    let made = admin.post(WEBHOOKS, sent);
    let webhook = made.expect(201).clone();
    assert!(!made.text.contains("hidden") && !made.text.contains(SECRET));
    let (id, ada) = (webhook["id"].as_str().unwrap(), admin.id());
    let path = format!("{WEBHOOKS}/{id}");
    assert!(made.headers["location"].to_str().unwrap().ends_with(&path));
    for (member, value) in [
        ("level", json!("tenant")),
        ("secretKeyAdded", json!(true)),
        ("headers", json!({"X-Plain": "seen"})),
        ("encryptedHeaders", json!({"Authorization": "**OMITTED**"})),
        ("enableCloudEventDelivery", json!(true)),
        ("origin", json!("management-console")),
        ("ownerId", json!(ada)),
        ("updatedByUserId", json!(ada)),
    ] {
        assert_eq!(webhook[member], value, "{member}");
    }
    assert_eq!(admin.get(&path).expect(200), &webhook);
    let ops = json!([
        {"op": "replace", "path": "/name", "value": "Other"},
        {"op": "replace", "path": "/url", "value": "https://hook.example/b"},
        {"op": "replace", "path": "/encryptedHeaders", "value": {"Authorization": "Bearer hidden"}},
        {"op": "remove", "path": "/description"},
        {"op": "remove", "path": "/secret"},
        {"op": "add", "path": "/eventTypes", "value": ["com.qlik.v1.user.created", "com.qlik.v1.user.created"]},
        {"op": "replace", "path": "/enabled", "value": false},
    ]);
    admin.patch(&path, ops).expect(204);
    let changed = admin.get(&path).expect(200).clone();
    assert_eq!(changed["name"], "Other");
    assert_eq!(changed["secretKeyAdded"], false);
    assert_eq!(changed["eventTypes"], json!(["com.qlik.v1.user.created"]));
    assert!(changed.get("description").is_none() && changed["updatedAt"] != webhook["updatedAt"]);
    let put = admin.put(&path, json!({"name": "Put", "url": "https://hook.example/c"}));
    let put = put.expect(200);
    assert_eq!(
        (&put["eventTypes"], &put["headers"], &put["encryptedHeaders"]),
        (&json!([]), &json!({}), &json!({}))
    );
    assert_eq!((&put["enabled"], put.get("filter"), &put["level"]), (&json!(false), None, &json!("tenant")));
    admin.delete(&path).expect(204);
    admin.get(&path).refused(404, "HTTP-404");
}

#[test]
fn what_cannot_be_a_webhook_is_refused_with_its_place() {
    let server = Server::start();
    let admin = server.admin();
    let path = make(
        &admin,
        with(new_webhook("https://hook.example/"), &json!({"encryptedHeaders": {"X-Key": "k"}})),
    );
    let before = admin.get(&path).text;
    let long = |n: usize| "x".repeat(n);
    let wrong = [
        ("/name", json!({"name": ""})),
        ("/name", json!({"name": long(513)})),
        ("/description", json!({"description": long(1025)})),
        ("/url", json!({"url": "http://hook.example/"})),
        ("/url", json!({"url": "https://10.0.0.1/"})),
        ("/url", json!({"url": "https://169.254.169.254/latest"})),
        ("/url", json!({"url": "https://[::ffff:10.0.0.1]/"})),
        ("/url", json!({"url": "https://user:pass@hook.example/"})),
        ("/url", json!({"url": "ftp://hook.example/"})),
        ("/url", json!({"url": "x"})),
        ("/url", json!({"url": format!("https://hook.example/{}", long(2048))})),
        ("/eventTypes/1", json!({"eventTypes": ["com.qlik.core.role.created", "com.qlik.v1.app.created"]})),
        ("/filter", json!({"filter": "id co \"x\""})),
        ("/filter", json!({"filter": "id eq 'x'"})),
        ("/filter", json!({"filter": "name eq \"x\""})),
        ("/filter", json!({"filter": "id pr"})),
        ("/filter", json!({"filter": "id eq null"})),
        ("/filter", json!({"filter": format!("id eq \"{}\"", long(2048))})),
        ("/secret", json!({"secret": long(31)})),
        ("/secret", json!({"secret": long(65)})),
        ("/secret", json!({"secret": "ä".repeat(32)})),
        ("/headers/Host", json!({"headers": {"Host": "inner"}})),
        ("/headers/webhook-signature", json!({"headers": {"webhook-signature": "v1,x"}})),
        ("/headers/a b", json!({"headers": {"a b": "x"}})),
        ("/headers/X", json!({"headers": {"X": "a\r\nInjected: b"}})),
        ("/headers/x-a", json!({"headers": {"X-A": "1", "x-a": "2"}})),
        ("/headers/X", json!({"headers": {"X": long(2048)}})),
        ("/headers", json!({"headers": {"x-key": "1"}, "encryptedHeaders": {"X-Key": "2"}})),
        ("/encryptedHeaders", json!({"encryptedHeaders": {"X-Key": "**OMITTED**"}})),
        ("/level", json!({"level": "user", "eventTypes": []})),
        ("/level", json!({"level": "all"})),
        ("/origin", json!({"origin": "elsewhere"})),
        ("/enableCloudEventDelivery", json!({"enableCloudEventDelivery": false})),
        ("/enabled", json!({"enabled": "yes"})),
    ];
    for (place, members) in wrong {
        let body = with(new_webhook("https://hook.example/"), &members);
        let answer = admin.put(&path, body.clone());
        answer.refused(400, "HTTP-400");
        assert_eq!(answer.place(), place, "{members}");
        assert!(answer.body["errors"][0].get("status").is_none());
        if !["/level", "/enableCloudEventDelivery"].contains(&place) {
            admin.post(WEBHOOKS, body).refused(400, "HTTP-400");
        }
    }
    for (place, ops) in [
        ("/0/value", json!([{"op": "replace", "path": "/url", "value": "https://hook.example/other"}])),
        (
            "/1/value",
            json!([{"op": "add", "path": "/enabled", "value": true},
            {"op": "remove", "path": "/enableCloudEventDelivery"}]),
        ),
        ("/0/value", json!([{"op": "add", "path": "/headers", "value": {"x-KEY": "v"}}])),
        ("/0/value", json!([{"op": "replace", "path": "/secret", "value": "short"}])),
        ("/0/path", json!([{"op": "remove", "path": "/name"}])),
        ("/0/path", json!([{"op": "replace", "path": "/level", "value": "user"}])),
        ("/0/op", json!([{"op": "move", "path": "/name", "value": "x"}])),
    ] {
        let answer = admin.patch(&path, ops.clone());
        answer.refused(400, "HTTP-400");
        assert_eq!(answer.place(), place, "{ops}");
    }
    assert_eq!(admin.get(&path).text, before, "nothing was changed");
    assert_eq!(admin.get(WEBHOOKS).expect(200)["data"].as_array().unwrap().len(), 1);
}

/// Level `tenant` is for TenantAdmin, level `user` for whoever holds the scope, and everybody sees the own ones.
#[test]
fn everybody_has_the_own_ones_and_administrators_all() {
    let server = Server::start();
    let (admin, una, uwe) = (server.admin(), holder(&server, "una"), holder(&server, "uwe"));
    let own = |client: &Client| {
        let own = json!({"level": "user", "eventTypes": ["com.qlik.core.api-key.created"]});
        make(client, with(new_webhook("https://hook.example/"), &own))
    };
    let of_tenant = make(&admin, new_webhook("https://hook.example/"));
    let (of_una, of_uwe) = (own(&una), own(&uwe));
    una.post(WEBHOOKS, new_webhook("https://hook.example/")).refused(403, "HTTP-403");
    let other_type = with(new_webhook("https://hook.example/"), &json!({"level": "user"}));
    let refused = una.post(WEBHOOKS, other_type);
    refused.refused(400, "HTTP-400");
    assert_eq!(refused.place(), "/eventTypes/0");
    for path in [&of_tenant, &of_uwe] {
        una.get(path).refused(404, "HTTP-404");
        una.delete(path).refused(404, "HTTP-404");
        una.replace(path, "/name", "x").refused(404, "HTTP-404");
        una.put(path, new_webhook("https://hook.example/")).refused(404, "HTTP-404");
        una.get(&format!("{path}/deliveries")).refused(404, "HTTP-404");
    }
    una.get(&of_una).expect(200);
    una.replace(&of_una, "/name", "Mine").expect(204);
    let ids = |client: &Client| client.get(WEBHOOKS).expect(200)["data"].as_array().unwrap().len();
    assert_eq!((ids(&una), ids(&admin)), (1, 3));
    admin.delete(&of_uwe).expect(204);
    let bare = server.user_with("bare", &[]).1;
    for (method, path) in
        [("GET", WEBHOOKS), ("GET", "/api/v1/webhooks/event-types"), ("GET", of_una.as_str())]
    {
        bare.send(method, path, None).refused(403, "HTTP-403");
    }
    // Whoever is deleted takes the own ones along; those of the tenant stay.
    let una_id = una.id();
    admin.delete(&format!("/api/v1/users/{una_id}")).expect(204);
    assert_eq!(ids(&admin), 1);
}

#[test]
fn there_are_only_so_many() {
    let server = Server::start();
    let admin = server.admin();
    let una = holder(&server, "una");
    for _ in 0..100 {
        make(&admin, new_webhook("https://hook.example/"));
    }
    admin.post(WEBHOOKS, new_webhook("https://hook.example/")).refused(403, "HTTP-403");
    let own = with(new_webhook("https://hook.example/"), &json!({"level": "user", "eventTypes": []}));
    for _ in 0..150 {
        make(&una, own.clone());
    }
    una.post(WEBHOOKS, own.clone()).refused(403, "HTTP-403");
    make(&admin, own);
}

#[test]
fn lists_are_narrowed_sorted_and_paged() {
    let server = Server::start();
    let admin = server.admin();
    let second = server.user_with("second", &["TenantAdmin"]).1;
    for (name, url, members) in [
        ("Alpha_1", "https://a.example/x", json!({"enabled": false})),
        ("beta", "https://b.example/x", json!({"eventTypes": ["com.qlik.v1.user.deleted"]})),
        ("Gamma", "https://A.example/y", json!({"origin": "automations", "level": "user", "eventTypes": []})),
    ] {
        make(&admin, with(with(new_webhook(url), &json!({"name": name})), &members));
    }
    let found = |query: &str| {
        let answer = admin.get(&format!("{WEBHOOKS}?sort=name&{query}"));
        answer.names().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    let (ada, other) = (admin.id(), second.id());
    for (query, names) in [
        ("", "Alpha_1 beta Gamma"),
        ("name=*A*", "Alpha_1 beta Gamma"),
        ("name=ALPHA_1", "Alpha_1"),
        ("name=ALPHA%25", ""),
        ("name=Alph__1", ""),
        ("url=https://a.example/*", "Alpha_1 Gamma"),
        ("enabled=true", "beta Gamma"),
        ("enabled=False", "Alpha_1"),
        ("eventTypes=com.qlik.v1.user.deleted,com.qlik.none", "beta"),
        ("level=user", "Gamma"),
        ("origins=automations", "Gamma"),
        ("origins=api,automations", "Alpha_1 beta Gamma"),
        (&format!("ownerId={ada}"), "Alpha_1 beta Gamma"),
        (&format!("createdByUserId={other}"), ""),
        (&format!("updatedByUserId={ada}&level=tenant"), "Alpha_1 beta"),
    ] {
        assert_eq!(found(query), names, "{query}");
    }
    let sorted = |sort: &str| {
        let answer = admin.get(&format!("{WEBHOOKS}?sort={sort}"));
        answer.names().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(sorted("-name"), "Gamma beta Alpha_1");
    assert_eq!(sorted("url"), "Alpha_1 Gamma beta");
    assert_eq!(sorted("createdAt"), "Alpha_1 beta Gamma");
    assert_eq!(admin.get(WEBHOOKS).names(), ["Gamma", "beta", "Alpha_1"], "the newest first");
    let page = admin.get(&format!("{WEBHOOKS}?limit=2"));
    assert_eq!(page.names(), ["Gamma", "beta"]);
    let next = page.body["links"]["next"]["href"].as_str().unwrap();
    let next = admin.get(next);
    assert_eq!(next.names(), ["Alpha_1"]);
    let back = next.body["links"]["prev"]["href"].as_str().unwrap();
    assert_eq!(admin.get(back).names(), ["Gamma", "beta"]);
    for (query, place) in [
        ("sort=level", "sort"),
        ("limit=0", "limit"),
        ("level=x", "level"),
        ("enabled=x", "enabled"),
        ("origins=x", "origins"),
        ("next=x", "next"),
    ] {
        let refused = admin.get(&format!("{WEBHOOKS}?{query}"));
        refused.refused(400, "HTTP-400");
        assert_eq!(refused.place(), place);
    }
}

/// Whatever the audit trail has is a type that webhooks can be told of.
#[test]
fn all_types_of_events_are_listed() {
    let server = Server::start();
    let types = server.admin().get("/api/v1/webhooks/event-types");
    let types = types.expect(200)["data"].as_array().unwrap();
    let names: BTreeSet<&str> = types.iter().map(|kind| kind["name"].as_str().unwrap()).collect();
    assert!(names.contains("com.qlik.v1.user.created") && names.contains("com.qlik.core.user.created"));
    let of_users: Vec<&Value> = types
        .iter()
        .filter(|kind| kind["levels"] == json!(["tenant", "user"]))
        .map(|kind| &kind["name"])
        .collect();
    assert_eq!(of_users.len(), 3, "those of API keys: {of_users:?}");
    let kinds = server_kinds();
    let missing: Vec<&String> = kinds.iter().filter(|kind| !names.contains(kind.as_str())).collect();
    assert!(kinds.len() > 40 && missing.is_empty(), "{missing:?}");
}

/// The types that stand in the program's tables of the trail.
fn server_kinds() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/audits");
    let files = ["event.rs", "event/spaces.rs", "event/webhooks.rs"];
    let texts = files.map(|file| std::fs::read_to_string(format!("{folder}/{file}")).unwrap());
    let is_kind = |text: &&str| {
        (text.starts_with("com.qlik.") || text.starts_with("rolecall.")) && !text.ends_with('.')
    };
    texts.iter().flat_map(|text| text.split('"')).filter(is_kind).map(ToString::to_string).collect()
}

/// Nobody who reads the database finds a secret in it, and one that is moved elsewhere is of no use (threats T83).
#[test]
fn secrets_are_sealed_where_they_are() {
    let server = Server::start();
    let admin = server.admin();
    let receiver = receiver::Receiver::start();
    let secret = "canary-of-a-secret-0123456789abcdef";
    let hidden = json!({"secret": secret, "encryptedHeaders": {"X-Key": "canary-of-a-header"}});
    let path = make(&admin, with(new_webhook(&receiver.url()), &hidden));
    let other = make(&admin, with(new_webhook(&receiver.url()), &json!({"eventTypes": []})));
    admin.make_role("One", &[]);
    let got = receiver.wait(1);
    assert_eq!(got[0].header("x-key"), Some("canary-of-a-header"));
    let stored = server.database.stored();
    for canary in [secret, "canary-of-a-header"] {
        assert!(!stored.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary}");
    }
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let (one, two, kind) = (id(&path), id(&other), "com.qlik.core.role.created");
    server.database.batch(&format!(
        "UPDATE webhooks SET document = (SELECT document FROM webhooks WHERE id = '{one}'), event_types = '{kind}' WHERE id = '{two}';
         INSERT INTO webhook_event_types SELECT tenant_id, '{two}', 0, '{kind}' FROM webhooks WHERE id = '{two}'"
    ));
    admin.make_role("Two", &[]);
    receiver.wait(2);
    let swapped = admin.get(&format!("{other}/deliveries"));
    assert_eq!(swapped.expect(200)["data"], json!([]), "nothing was sent with the secret of another");
}

/// A token that administers webhooks, for a user who does, needs no other scope.
#[test]
fn a_program_administers_webhooks() {
    let server = Server::start();
    let admin = server.admin();
    let path = make(&admin, new_webhook("https://hook.example/a"));
    let program = program_of(&admin, &json!({"allowedScopes": ["user_default", "admin.webhooks"]}));
    let token = program.token(&server, &json!({"scope": "admin.webhooks"}));
    token.get(&path).expect(200);
    token.replace(&path, "/name", "Renamed").expect(204);
    token.get("/api/v1/roles").refused(403, "HTTP-403");
    let bot = format!("/api/v1/users/{}", program.token(&server, &json!({})).id());
    admin.replace(&bot, "/assignedRoles", json!([])).expect(204);
    token.get(&path).refused(403, "HTTP-403");
}

/// What is kept and does nothing yet is told of in the trail too.
#[test]
fn every_change_says_what_was_changed() {
    let server = Server::start();
    let admin = server.admin();
    let path = make(&admin, new_webhook("https://hook.example/a"));
    let with_check =
        with(new_webhook("https://hook.example/a"), &json!({"checkCertificateRevocation": true}));
    admin.put(&path, with_check).expect(200);
    let trail = admin.get("/api/v1/audits?eventType=rolecall.webhook.updated");
    let updates = &trail.expect(200)["data"][0]["extensions"]["updates"];
    let update = json!([{"path": "/checkCertificateRevocation", "oldValue": false, "newValue": true}]);
    assert_eq!(*updates, update, "{}", trail.text);
}

#[test]
fn a_filter_looks_for_what_stands_in_double_quotes() {
    let server = Server::start();
    let admin = server.admin();
    let filtered = |filter: &str| {
        admin.post(WEBHOOKS, with(new_webhook("https://hook.example/a"), &json!({"filter": filter})))
    };
    filtered(r#"id eq "o'neil@acme.example" or id eq "\"'""#).expect(201);
    filtered("id eq 'x'").refused(400, "HTTP-400");
    filtered(r#"id eq "x" or spaceId ne 'y'"#).refused(400, "HTTP-400");
}
