//! Does a change that depends on what was read notice that others changed something meanwhile? (threats T09)

use serde_json::json;

use crate::harness::{Answer, Client, RUNTIME, Server};

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

fn give(client: &Client, path: &str, roles: &[&str]) -> Answer {
    let roles: Vec<_> = roles.iter().map(|id| json!({"id": id})).collect();
    client.replace(path, "/assignedRoles", json!(roles))
}

#[test]
fn a_stale_list_does_not_give_back_what_was_taken() {
    let server = Server::start();
    let admin = server.admin();
    let [one, two] = ["One", "Two"].map(|name| admin.make_role(name, &["notes"]));
    let user = format!("/api/v1/users/{}", admin.make_user("uta"));
    give(&admin, &user, &[&one]).expect(204);

    let seen = tag(&admin.get(&user));
    assert_eq!(tag(&admin.get("/api/v1/users")), seen, "of a list too");
    let dependent = || admin.header("if-match", &seen);
    give(&admin, &user, &[]).expect(204);
    give(&dependent(), &user, &[&one, &two]).refused(412, "HTTP-412");
    dependent().post("/api/v1/roles", json!({"name": "Three"})).expect(201);
    let other = format!("/api/v1/users/{}", admin.make_user("ute"));
    give(&dependent(), &other, &[&one]).refused(412, "HTTP-412");
    let seen_later = tag(&admin.get(&other));
    admin.make_user("utz");
    give(&admin.header("if-match", &seen_later), &other, &[&one]).expect(204);
    give(&admin.header("if-match", "\"1000000\""), &other, &[]).refused(412, "HTTP-412");
    assert_eq!(admin.get(&user).expect(200)["assignedRoles"], json!([]), "it is as the other left it");

    let now = tag(&admin.get(&user));
    assert_ne!(now, seen);
    let either = admin.header("if-match", &format!("{seen}, {now}"));
    give(&either, &user, &[&two]).expect(204);
    give(&either, &user, &[&one]).refused(412, "HTTP-412");
    give(&admin.header("if-match", "*"), &user, &[&one]).expect(204);
    give(&admin.header("if-match", "nonsense"), &user, &[]).refused(412, "HTTP-412");
}

/// Sent again, a request is answered as before, though it has changed what it depends on.
#[test]
fn what_is_done_once_may_depend_on_what_was_seen() {
    let server = Server::start();
    let admin = server.admin();
    let seen = tag(&admin.get("/api/v1/roles"));
    let once = admin.header("if-match", &seen).header("idempotency-key", "made");
    let made = once.post("/api/v1/roles", json!({"name": "One"}));
    let again = once.post("/api/v1/roles", json!({"name": "One"}));
    assert_eq!(made.expect(201), again.expect(201));
    assert_eq!(again.headers["idempotency-replayed"], "true");
}

/// What a request has changed itself does not stand in its way.
#[test]
fn a_request_of_several_changes_is_done_whole() {
    let server = Server::start();
    let admin = server.admin();
    let seen = tag(&admin.get("/api/v1/users"));
    let two = json!({"invitees": [{"email": "a@acme.example"}, {"email": "b@acme.example"}]});
    let dependent = admin.header("if-match", &seen);
    let invited = dependent.post("/api/v1/users/actions/invite", two);
    let statuses: Vec<_> =
        invited.expect(207)["data"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, ["ok", "ok"]);
}

#[test]
fn only_what_a_caller_reads_has_a_tag() {
    let server = Server::start();
    let has_tag = |answer: Answer| answer.headers.contains_key("etag");
    assert!(has_tag(server.admin().get("/api/v1/groups")));
    assert!(!has_tag(server.anonymous().get("/livez")));
    assert!(!has_tag(server.admin().get("/api/v1/roles/000000000000000000000000")), "a refusal");
}

/// A preview is refused as the change would be.
#[test]
fn a_preview_depends_on_what_was_seen_too() {
    let server = Server::start();
    let admin = server.admin();
    let user = format!("/api/v1/users/{}", admin.make_user("uta"));
    let role = admin.make_role("One", &["notes"]);
    let seen = tag(&admin.get(&user));
    give(&admin.header("if-match", &seen).header("prefer", "preview"), &user, &[&role]).expect(200);
    give(&admin, &user, &[&role]).expect(204);
    give(&admin.header("if-match", &seen).header("prefer", "preview"), &user, &[]).refused(412, "HTTP-412");
}

/// What was seen last may be changed however long ago that was; what was seen before rows left the trail may not.
#[test]
fn a_quiet_tenant_can_be_changed() {
    let server = Server::start();
    let admin = server.admin();
    let user = format!("/api/v1/users/{}", admin.make_user("uta"));
    let before = tag(&admin.get(&user));
    let role = admin.make_role("One", &["notes"]);
    let seen = tag(&admin.get(&user));
    // All of it was 92 days ago, and has left the trail for the archive.
    server.database.batch("UPDATE audits SET at = at - 7948800000; DELETE FROM outbox");
    RUNTIME.block_on(rolecall_server::retain_audits(&server.app)).unwrap();
    give(&admin.header("if-match", &before), &user, &[&role]).refused(412, "HTTP-412");
    give(&admin.header("if-match", &seen), &user, &[&role]).expect(204);
}
