//! What goes with somebody or something that is deleted: each end has its audit row (threats I5).

use std::collections::BTreeMap;

use rolecall_engine::names::Subject;
use rolecall_server::set_password;
use serde_json::{Value, json};

use crate::{
    authorize::{allow, spa},
    harness::{Client, RUNTIME, Server},
    logins::with_provider,
    oauth::program_of,
    webhooks,
};

/// Tables of things that go with others, and the kinds of the rows of the trail that say so.
const GOES: [(&str, &str); 7] = [
    ("passwords", "rolecall.password.deleted"),
    ("sessions", "com.qlik.user-session.end"),
    ("oauth_tokens", "com.qlik.oauth-token.revoked"),
    ("oauth_grants", "rolecall.oauth-grant.deleted"),
    ("oauth_consents", "rolecall.oauth-consent.deleted"),
    ("webhooks", "rolecall.webhook.deleted"),
    ("space_assignments", "com.qlik.v1.space.assignment.deleted"),
];

/// How much there is of each, and how often the trail says that one went.
fn counts(server: &Server) -> BTreeMap<&'static str, (i64, i64)> {
    let count = |(table, kind)| {
        let told = server.database.count(&format!("audits WHERE event_type = '{kind}'"));
        (table, (server.database.count(table), told))
    };
    GOES.into_iter().map(count).collect()
}

/// Deletes something; answers how much of each table went with it, once the trail says as much.
#[track_caller]
fn deleted(server: &Server, path: &str, client: &Client) -> BTreeMap<&'static str, i64> {
    let before = counts(server);
    client.delete(path).expect(204);
    let mut gone = BTreeMap::new();
    for (table, (left, told)) in counts(server) {
        let (was, told_before) = before[table];
        assert_eq!(was - left, told - told_before, "{table}");
        gone.extend((was > left).then_some((table, was - left)));
    }
    gone
}

/// Somebody with everything that a user can have; answers the identifier.
fn settled(server: &Server, subject: &str) -> String {
    let client = spa(server, &json!({}));
    allow(server, &client, subject);
    let nora = server.admin().find("/api/v1/users", &format!("{subject} by token"));
    let hooks = server.admin().make_role("Hooks", &["webhooks", "api-keys"]);
    let roles = format!("/api/v1/users/{nora}");
    server.admin().replace(&roles, "/assignedRoles", json!([{"id": hooks}])).expect(204);
    let of_keys = json!({"level": "user", "eventTypes": ["com.qlik.core.api-key.created"]});
    let hook = webhooks::with(webhooks::new_webhook("https://1.1.1.1/"), &of_keys);
    webhooks::make(&server.key_of(subject), hook);
    let (tenant, subject_of) = (server.tenants[0].tenant, Subject::new(subject).unwrap());
    let password = "correct horse battery".to_owned();
    RUNTIME.block_on(set_password(&server.app, tenant, subject_of, password)).unwrap();
    // The password has ended the session; this is a second one.
    allow(server, &client, subject);
    nora
}

#[test]
fn what_ends_with_a_user_is_told() {
    let server = with_provider();
    let admin = server.admin();
    let nora = settled(&server, "nora");
    let owned = admin.make_space("Owned", "shared");
    admin.put(&format!("/api/v1/spaces/{owned}"), json!({"ownerId": nora})).expect(200);
    let other = admin.make_space("Other", "shared");
    admin.assign_in_space(&other, ("user", &nora), &["producer"]);
    let gone = deleted(&server, &format!("/api/v1/users/{nora}"), &admin);
    let all: Vec<&str> = gone.keys().copied().collect();
    let mut expected = GOES.map(|(table, _)| table);
    expected.sort_unstable();
    assert_eq!(all, expected, "{gone:?}");
    let last = "SELECT updates FROM audits WHERE event_type = 'com.qlik.v1.space.updated' ORDER BY sequence DESC LIMIT 1";
    let updates: Value = serde_json::from_str(server.database.rows(last)[0][0].as_ref().unwrap()).unwrap();
    assert_eq!(updates[0], json!({"path": "/ownerId", "oldValue": nora, "newValue": null}));
}

#[test]
fn what_ends_with_a_client_is_told() {
    let server = with_provider();
    let admin = server.admin();
    let client = spa(&server, &json!({}));
    for subject in ["nora", "olaf"] {
        allow(&server, &client, subject);
    }
    let confirmed = admin.header("qlik-confirm-delete", &client);
    let gone = deleted(&server, &format!("/api/v1/oauth-clients/{client}"), &confirmed);
    assert_eq!(gone, [("oauth_consents", 2), ("oauth_grants", 2), ("oauth_tokens", 2)].into());
    // What a program has that acts as itself goes with the user that it acts as.
    let program = program_of(&admin, &json!({}));
    let token = program.token(&server, &json!({}));
    let space = admin.make_space("Of many", "managed");
    admin.assign_in_space(&space, ("bot", &token.id()), &["publisher"]);
    let confirmed = admin.header("qlik-confirm-delete", &program.id);
    let gone = deleted(&server, &format!("/api/v1/oauth-clients/{}", program.id), &confirmed);
    assert_eq!(gone, [("oauth_tokens", 1), ("space_assignments", 1)].into());
}

#[test]
fn what_ends_with_a_group_or_a_space_is_told() {
    let server = Server::start();
    let admin = server.admin();
    let group = admin.make_group("Crew");
    let spaces = [admin.make_space("One", "shared"), admin.make_space("Two", "shared")];
    for space in &spaces {
        admin.assign_in_space(space, ("group", &group), &["producer"]);
        admin.assign_in_space(space, ("user", &server.user().id()), &["consumer"]);
    }
    let assignments = |count| [("space_assignments", count)].into();
    assert_eq!(deleted(&server, &format!("/api/v1/groups/{group}"), &admin), assignments(2));
    assert_eq!(deleted(&server, &format!("/api/v1/spaces/{}", spaces[0]), &admin), assignments(1));
}
