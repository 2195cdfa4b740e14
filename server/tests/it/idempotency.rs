//! Is a request that was given a name done once, however often it is sent?

use std::thread;

use rolecall_engine::time::Span;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server};

const ROLES: &str = "/api/v1/roles";

fn named(client: &Client, name: &str) -> Client {
    client.header("idempotency-key", name)
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

/// Custom roles with names of one letter.
fn roles(client: &Client) -> usize {
    let all = client.get("/api/v1/roles?filter=type%20eq%20%22custom%22&limit=100");
    all.names().iter().filter(|name| name.len() == 1).count()
}

#[test]
fn a_request_is_done_once() {
    let server = Server::start();
    let admin = server.admin();
    let client = named(&admin, "4f0c");
    let body = json!({"name": "R", "assignedScopes": ["notes"]});
    let first = client.post(ROLES, body.clone());
    first.expect(201);
    assert!(!is_replayed(&first));
    for _ in 0..2 {
        let again = client.post(ROLES, body.clone());
        assert!(is_replayed(&again));
        assert_eq!((again.status, &again.text), (201, &first.text));
        assert_eq!(again.headers["rolecall-revision"], first.headers["rolecall-revision"]);
        assert_eq!(again.headers["content-type"], first.headers["content-type"]);
    }
    assert_eq!(roles(&admin), 1);
    // Without a name, or with another, it is another request.
    admin.post(ROLES, body.clone()).refused(400, "HTTP-400");
    named(&admin, "4f0d").post(ROLES, body).refused(400, "HTTP-400");
    // So it is on a server that was started since.
    let restarted = server.copy();
    let again =
        named(&restarted.admin(), "4f0c").post(ROLES, json!({"name": "R", "assignedScopes": ["notes"]}));
    assert_eq!((is_replayed(&again), &again.body["id"]), (true, &first.body["id"]));
}

#[test]
fn every_way_to_change_something_is_done_once() {
    let server = Server::start();
    let admin = server.admin();
    let role = format!("{ROLES}/{}", admin.make_role("R", &[]));
    let maker = server.user_with("maker", &["Key maker"]).1;
    let key = named(&maker, "key").post("/api/v1/api-keys", json!({"description": "x", "expiry": "PT1H"}));
    let token = key.expect(201)["token"].as_str().unwrap();
    let again = named(&maker, "key").post("/api/v1/api-keys", json!({"description": "x", "expiry": "PT1H"}));
    assert_eq!((is_replayed(&again), &again.text), (true, &key.text));
    let stored = server.database.stored();
    let end = &token.as_bytes()[token.len() - 40..];
    assert!(!stored.windows(40).any(|bytes| bytes == end), "what is kept is sealed");
    let patch = json!([{"op": "add", "path": "/assignedScopes/-", "value": "notes"}]);
    for _ in 0..2 {
        named(&admin, "patch").patch(&role, patch.clone()).expect(204);
    }
    assert_eq!(admin.get(&role).expect(200)["assignedScopes"], json!(["notes"]));
    for _ in 0..2 {
        named(&admin, "delete").delete(&role).expect(204);
    }
    admin.delete(&role).expect(404);
}

#[test]
fn a_name_is_of_one_request_and_of_one_user() {
    let server = Server::start();
    let (admin, other) = (server.admin(), server.other_admin());
    let body = |name: &str| json!({"name": name});
    named(&admin, "a").post(ROLES, body("R")).expect(201);
    let refused = named(&admin, "a").post(ROLES, body("S"));
    assert!(refused.refused(400, "HTTP-400")["detail"].as_str().unwrap().contains("another request"));
    named(&admin, "a").put("/api/v1/licenses/settings", json!({"autoAssignProfessional": false})).expect(400);
    named(&other, "a").post(ROLES, body("R")).expect(201);
    let (_, second) = server.user_with("second", &["TenantAdmin"]);
    named(&second, "a").post(ROLES, body("T")).expect(201);
    assert_eq!(roles(&admin), 2);
    // What was refused may be sent again.
    named(&admin, "b").post(ROLES, json!({"name": ""})).refused(400, "HTTP-400");
    named(&admin, "b").post(ROLES, body("U")).expect(201);
    for wrong in ["", "ü", &"x".repeat(256)] {
        named(&admin, wrong).post(ROLES, body("V")).refused(400, "HTTP-400");
    }
    named(&admin, &"x".repeat(255)).post(ROLES, body("V")).expect(201);
    named(&admin, "a").get(ROLES).expect(200);
}

/// Of many at once one does it; the others are given its answer, or told that it is being done.
#[test]
fn at_the_same_time_one_does_it() {
    let server = Server::start();
    let ask = || named(&server.admin(), "x").post(ROLES, json!({"name": "R"}));
    let answers: Vec<Answer> = thread::scope(|scope| {
        let sent: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)));
    assert_eq!(answers.iter().filter(|answer| answer.status == 201 && !is_replayed(answer)).count(), 1);
    let made: Vec<&Value> =
        answers.iter().filter(|answer| answer.status == 201).map(|made| &made.body["id"]).collect();
    assert!(made.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(roles(&server.admin()), 1);
}

#[test]
fn names_are_known_for_a_day() {
    let server = Server::start();
    let made = named(&server.admin(), "x").post(ROLES, json!({"name": "R"})).expect(201)["id"].clone();
    server.app.clock.advance(Span::from_hours(25));
    let admin = server.key_of("acme\\ada@acme.example");
    named(&admin, "y").post(ROLES, json!({"name": "S"})).expect(201);
    admin.delete(&format!("{ROLES}/{}", made.as_str().unwrap())).expect(204);
    let again = named(&admin, "x").post(ROLES, json!({"name": "R"}));
    assert_eq!((again.status, is_replayed(&again)), (201, false));
    assert_eq!(server.database.count("idempotency_keys"), 2);
}

/// Preview and name go together: a preview does nothing, so nothing is done.
#[test]
fn a_preview_uses_no_name_up() {
    let server = Server::start();
    let client = named(&server.admin(), "x");
    client.header("prefer", "preview").post(ROLES, json!({"name": "R"})).expect(200);
    client.post(ROLES, json!({"name": "R"})).expect(201);
}
