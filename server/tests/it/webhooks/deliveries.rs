//! What is delivered, in which order, how often, and when is it given up? (threats T70–T74)

use std::{
    thread,
    time::{Duration, Instant},
};

use aws_lc_rs::hmac;
use rolecall_engine::time::Span;
use serde_json::{Value, json};

use super::{
    SECRET, holder, make, new_webhook,
    receiver::{Answer, Got, Receiver, held, status},
    with,
};
use crate::harness::{Client, Server};

/// The deliveries of a webhook that were tried, the last one first.
fn deliveries(client: &Client, webhook: &str) -> Vec<Value> {
    client.get(&format!("{webhook}/deliveries?limit=100")).expect(200)["data"].as_array().unwrap().clone()
}

/// Waits for something to be so.
#[track_caller]
fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !is() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits for the last attempt to have failed so.
#[track_caller]
fn failed(client: &Client, webhook: &str, message: &str) {
    let said =
        |delivery: &Value| delivery["statusMessage"].as_str().is_some_and(|said| said.starts_with(message));
    eventually(message, || deliveries(client, webhook).first().is_some_and(said));
}

fn hmac(secret: &str, message: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The signature of Standard Webhooks that a receiver expects.
fn standard(secret: &str, got: &Got) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let [id, at] = ["webhook-id", "webhook-timestamp"].map(|name| got.header(name).unwrap());
    format!("v1,{}", STANDARD.encode(hmac(secret, &format!("{id}.{at}.{}", got.body))))
}

#[test]
fn a_change_is_told_as_a_signed_event() {
    let server = Server::start();
    let (admin, receiver) = (server.admin(), Receiver::start());
    let webhook = with(
        new_webhook(&receiver.url()),
        &json!({"secret": SECRET, "headers": {"X-Plain": "seen"}, "encryptedHeaders": {"X-Key": "hidden"},
            "eventTypes": ["com.qlik.core.role.created", "com.qlik.core.role.updated"]}),
    );
    let path = make(&admin, webhook);
    let role = admin.make_role("Told", &["notes"]);
    admin.replace(&format!("/api/v1/roles/{role}"), "/description", "other").expect(204);
    let got = receiver.wait(2);
    assert_eq!(got[0].line, "POST /events HTTP/1.1");
    let event = got[0].json();
    let tenant = server.tenants[0].tenant.to_string();
    for (member, value) in [
        ("specversion", "1.0"),
        ("type", "com.qlik.core.role.created"),
        ("source", "com.qlik/identities"),
        ("datacontenttype", "application/json"),
        ("tenantid", tenant.as_str()),
        ("userid", admin.id().as_str()),
    ] {
        assert_eq!(event[member], value, "{member}");
    }
    assert_eq!((&event["data"]["id"], &event["data"]["name"]), (&json!(role), &json!("Told")));
    let update = got[1].json();
    let updates = json!([{"path": "/description", "oldValue": "", "newValue": "other"}]);
    assert_eq!(update["data"]["_updates"], updates);
    assert_ne!(update["id"], event["id"]);
    for got in &got {
        assert_eq!(got.header("user-agent"), Some("Rolecall Webhook"));
        assert_eq!(got.header("content-type"), Some("application/json"));
        assert_eq!((got.header("x-plain"), got.header("x-key")), (Some("seen"), Some("hidden")));
        assert_eq!(got.header("webhook-id"), got.json()["id"].as_str());
        assert_eq!(got.header("qlik-signature"), Some(hex(&hmac(SECRET, &got.body)).as_str()));
        assert_eq!(got.header("webhook-signature"), Some(standard(SECRET, got).as_str()));
        let at: i64 = got.header("webhook-timestamp").unwrap().parse().unwrap();
        assert!((server.app.clock.now().as_seconds() - at).abs() < 30);
    }
    eventually("both are listed", || deliveries(&admin, &path).len() == 2);
    let listed = deliveries(&admin, &path);
    let shown = &listed[1];
    assert_eq!((&shown["status"], &shown["eventType"]), (&json!("success"), &event["type"]));
    assert_eq!(shown["request"]["headers"]["X-Key"], "**OMITTED**");
    assert_eq!(shown["request"]["headers"]["X-Plain"], "seen");
    assert_eq!(shown["request"]["body"], got[0].body.as_str());
    assert_eq!((&shown["response"]["statusCode"], &shown["response"]["body"]), (&json!(200), &json!("")));
    let one = format!("{path}/deliveries/{}", shown["id"].as_str().unwrap());
    assert_eq!(admin.get(&one).expect(200), shown);
    eventually("the outbox is empty", || server.database.count("outbox") == 0);
}

/// Only what is asked for is sent: by type, by filter, by level, and nothing of another tenant (threats T74).
#[test]
fn a_webhook_is_told_what_it_asked_for() {
    let server = Server::start();
    let (admin, receiver, una) = (server.admin(), Receiver::start(), holder(&server, "una"));
    let hook = |client: &Client, members: Value| make(client, with(new_webhook(&receiver.url()), &members));
    let keys = json!(["com.qlik.core.api-key.created"]);
    hook(&una, json!({"name": "own", "level": "user", "eventTypes": keys, "headers": {"X-Hook": "own"}}));
    hook(&admin, json!({"eventTypes": keys, "headers": {"X-Hook": "all"}}));
    hook(&server.other_admin(), json!({"eventTypes": keys, "headers": {"X-Hook": "elsewhere"}}));
    hook(&admin, json!({"eventTypes": keys, "enabled": false, "headers": {"X-Hook": "off"}}));
    let space = admin.make_space("Here", "shared");
    let filter = format!("spaceId eq \"{space}\" and topLevelResourceId ne \"x\"");
    let types = json!(["com.qlik.v1.space.updated", "com.qlik.v1.space.assignment.created"]);
    hook(&admin, json!({"eventTypes": types, "filter": filter, "headers": {"X-Hook": "space"}}));
    let old_and_new = json!(["com.qlik.v1.user.created", "com.qlik.core.user.created"]);
    hook(&admin, json!({"eventTypes": old_and_new, "headers": {"X-Hook": "users"}}));
    una.post("/api/v1/api-keys", json!({"description": "of una"})).expect(201);
    server.user().post("/api/v1/api-keys", json!({"description": "of uma"})).expect(201);
    let elsewhere = admin.make_space("Elsewhere", "shared");
    for (space, name) in [(&elsewhere, "Not told"), (&space, "Renamed")] {
        admin.replace(&format!("/api/v1/spaces/{space}"), "/name", name).expect(200);
    }
    admin.assign_in_space(&space, ("user", &una.id()), &["consumer"]);
    admin.make_user("new");
    receiver.wait(7);
    let told = |hook: &str| {
        let of = |got: &Got| {
            let event = got.json();
            let data = &event["data"];
            let name = data["description"].as_str().or(data["name"].as_str()).unwrap_or_default().to_owned();
            format!("{} {name}", event["type"].as_str().unwrap())
        };
        let got = receiver.got();
        got.iter().filter(|got| got.header("x-hook") == Some(hook)).map(of).collect::<Vec<_>>()
    };
    assert_eq!(told("own"), ["com.qlik.core.api-key.created of una"]);
    assert_eq!(told("all"), ["com.qlik.core.api-key.created of una", "com.qlik.core.api-key.created of uma"]);
    let of_space = ["com.qlik.v1.space.updated Renamed", "com.qlik.v1.space.assignment.created "];
    assert_eq!(told("space"), of_space);
    assert_eq!(told("users"), ["com.qlik.core.user.created new", "com.qlik.v1.user.created new"]);
    assert_eq!((told("elsewhere").len(), told("off").len()), (0, 0));
    let got = receiver.got();
    let ids =
        got.iter().filter(|got| got.header("x-hook") == Some("users")).map(|got| got.json()["id"].clone());
    let ids: Vec<Value> = ids.collect();
    assert_ne!(ids[0], ids[1], "an older type is an event of its own");
}

/// What does not arrive holds up what comes behind it, is sent again under the same identifier, and then the rest in order.
#[test]
fn the_order_is_kept_over_failures() {
    let server = Server::start();
    let (admin, receiver) = (server.admin(), Receiver::start());
    let redirect = format!("HTTP/1.1 307 x\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", receiver.url());
    receiver.answers([status(200), status(503), Answer::Text(redirect)]);
    let path = make(&admin, new_webhook(&receiver.url()));
    for name in ["One", "Two", "Three"] {
        admin.make_role(name, &[]);
    }
    failed(&admin, &path, "it answered 503; attempt 1, the next one at ");
    server.app.clock.advance(Span::from_hours(1));
    failed(&admin, &path, "it answered 307; attempt 2, the next one at ");
    server.app.clock.advance(Span::from_hours(1));
    let names: Vec<String> = receiver.wait(5).iter().map(Got::name).collect();
    assert_eq!(names, ["One", "Two", "Two", "Two", "Three"], "a redirect is an answer like any other");
    let got = receiver.got();
    assert_eq!(got[1].header("webhook-id"), got[3].header("webhook-id"));
    assert_eq!(got[1].body, got[3].body);
    eventually("all are listed", || deliveries(&admin, &path).len() == 3);
    let listed = deliveries(&admin, &path);
    assert!(listed.iter().all(|delivery| delivery["status"] == "success"), "{listed:?}");
    assert_eq!(admin.get(&format!("{path}/deliveries?status=fail")).expect(200)["data"], json!([]));
}

#[test]
fn a_secret_is_changed_without_a_failed_delivery() {
    let server = Server::start();
    let (admin, receiver) = (server.admin(), Receiver::start());
    let path = make(&admin, with(new_webhook(&receiver.url()), &json!({"secret": SECRET})));
    let next = "fedcba9876543210fedcba9876543210";
    admin.replace(&path, "/secret", next).expect(204);
    let changed = admin.get(&path).text;
    // Said once more it is the same secret, not another one.
    admin.replace(&path, "/secret", next).expect(204);
    admin.put(&path, with(new_webhook(&receiver.url()), &json!({"secret": next}))).expect(200);
    assert_eq!(admin.get(&path).text, changed);
    admin.make_role("One", &[]);
    let got = receiver.wait(1).remove(0);
    let both = format!("{} {}", standard(next, &got), standard(SECRET, &got));
    assert_eq!(got.header("webhook-signature"), Some(both.as_str()));
    assert_eq!(got.header("qlik-signature"), Some(hex(&hmac(next, &got.body)).as_str()));
    server.app.clock.advance(Span::from_hours(24));
    admin.make_role("Two", &[]);
    let got = receiver.wait(2).remove(1);
    assert_eq!(got.header("webhook-signature"), Some(standard(next, &got).as_str()));
    admin.op(&path, "remove", "/secret", Value::Null).expect(204);
    admin.make_role("Three", &[]);
    let got = receiver.wait(3).remove(2);
    assert_eq!((got.header("webhook-signature"), got.header("qlik-signature")), (None, None));
}

#[test]
fn a_receiver_that_is_gone_is_left_alone() {
    let server = Server::start();
    let (admin, receiver) = (server.admin(), Receiver::start());
    receiver.answers([status(410)]);
    let path = make(&admin, new_webhook(&receiver.url()));
    admin.make_role("One", &[]);
    admin.make_role("Two", &[]);
    receiver.wait(1);
    eventually("it is off", || admin.get(&path).expect(200)["enabled"] == false);
    let webhook = admin.get(&path).expect(200).clone();
    assert_eq!(webhook["disabledReasonCode"], "RECEIVER-GONE");
    assert!(webhook["disabledReason"].is_string() && webhook.get("updatedByUserId").is_none());
    admin.make_role("Three", &[]);
    admin.replace(&path, "/enabled", true).expect(204);
    assert!(admin.get(&path).expect(200).get("disabledReasonCode").is_none());
    admin.make_role("Four", &[]);
    let got = receiver.wait(2);
    let of: Vec<String> = got.iter().map(Got::name).collect();
    assert_eq!(of, ["One", "Four"], "what was told meanwhile is not sent");
}

/// After three days without an answer nothing more is tried, and all that waited is there to be seen.
#[test]
fn a_receiver_that_fails_for_three_days_is_given_up() {
    let server = Server::start();
    let (admin, receiver) = (server.admin(), Receiver::start());
    receiver.always(status(500));
    let path = make(&admin, new_webhook(&receiver.url()));
    admin.make_role("One", &[]);
    admin.make_role("Two", &[]);
    for attempt in 1..=4 {
        failed(&admin, &path, &format!("it answered 500; attempt {attempt}, the next one at "));
        assert_eq!(admin.get(&path).expect(200)["enabled"], true, "{attempt}");
        server.app.clock.advance(Span::from_hours(if attempt < 4 { 23 } else { 5 }));
    }
    receiver.wait(5);
    eventually("it is off", || admin.get(&path).expect(200)["enabled"] == false);
    assert_eq!(admin.get(&path).expect(200)["disabledReasonCode"], "RECEIVER-FAILING");
    eventually("both are listed", || deliveries(&admin, &path).len() == 2);
    for delivery in deliveries(&admin, &path) {
        assert_eq!(delivery["status"], "fail");
    }
    assert_eq!(receiver.got().len(), 5, "the second event was never tried");
}

/// How a receiver answers counts for the webhook as it was sent to. Once that leads elsewhere, what waits is sent there at once.
#[test]
fn an_earlier_receiver_ends_nothing() {
    let server = Server::start();
    let admin = server.admin();
    for (failures, hours, last) in [(0, 0, 410), (2, 1, 500), (2, 37, 500)] {
        let (earlier, later, (answer, barrier)) = (Receiver::start(), Receiver::start(), held(last));
        earlier.answers((0..failures).map(|_| status(500)).chain([answer]));
        let path = make(&admin, new_webhook(&earlier.url()));
        let name = format!("{failures} {hours} {last}");
        admin.make_role(&name, &[]);
        for attempt in 1..=failures {
            failed(&admin, &path, &format!("it answered 500; attempt {attempt}, the next one at "));
            server.app.clock.advance(Span::from_hours(hours));
        }
        earlier.wait(failures + 1);
        admin.replace(&path, "/url", later.url()).expect(204);
        barrier.wait();
        assert_eq!(later.wait(1)[0].name(), name);
        assert_eq!(admin.get(&path).expect(200)["enabled"], true, "{name}");
        admin.delete(&path).expect(204);
    }
}

#[test]
fn deliveries_can_be_seen_for_a_week() {
    let server = Server::start();
    let (admin, receiver) = (server.admin(), Receiver::start());
    let path = make(&admin, new_webhook(&receiver.url()));
    admin.make_role("One", &[]);
    admin.make_role("Two", &[]);
    eventually("both are listed", || deliveries(&admin, &path).len() == 2);
    for (name, days) in [("One", 8), ("Two", 6)] {
        let millis = days * 86_400_000_i64;
        server.database.batch(&format!(
            "UPDATE webhook_deliveries SET created_at = created_at - {millis} WHERE body LIKE '%\"{name}\"%'"
        ));
    }
    // A server looks when it starts, and every minute.
    let restarted = server.copy();
    eventually("the older one is gone", || deliveries(&restarted.admin(), &path).len() == 1);
    assert!(
        deliveries(&restarted.admin(), &path)[0]["request"]["body"].as_str().unwrap().contains("\"Two\"")
    );
}

#[test]
fn a_delivery_is_sent_again_by_hand() {
    let server = Server::start();
    let (admin, receiver) = (server.admin(), Receiver::start());
    let path = make(&admin, with(new_webhook(&receiver.url()), &json!({"secret": SECRET})));
    admin.make_role("One", &[]);
    receiver.wait(1);
    eventually("it is listed", || deliveries(&admin, &path).len() == 1);
    let id = deliveries(&admin, &path)[0]["id"].as_str().unwrap().to_owned();
    let resend = format!("{path}/deliveries/{id}/actions/resend");
    receiver.answers([status(502)]);
    let failed = admin.post(&resend, json!({}));
    let failed = failed.expect(201);
    assert_eq!((&failed["status"], &failed["response"]["statusCode"]), (&json!("fail"), &json!(502)));
    let again = admin.post(&resend, json!({}));
    assert_eq!(again.expect(201)["status"], "success");
    let got = receiver.wait(3);
    assert_eq!(got[0].body, got[2].body);
    assert_eq!(got[0].header("webhook-id"), got[2].header("webhook-id"));
    assert_eq!(deliveries(&admin, &path).len(), 3);
    admin.header("prefer", "preview").post(&resend, json!({})).refused(400, "HTTP-400");
    for (wrong, status) in [
        (resend.replace(&id, &"0".repeat(24)), 404),
        (resend.replace(&path, &format!("/api/v1/webhooks/{}", "0".repeat(24))), 404),
        (resend.replace(&id, "x"), 404),
    ] {
        admin.post(&wrong, json!({})).expect(status);
    }
    for (query, place) in [("status=x", "status"), ("sort=id", "sort"), ("limit=101", "limit")] {
        let refused = admin.get(&format!("{path}/deliveries?{query}"));
        refused.refused(400, "HTTP-400");
        assert_eq!(refused.place(), place);
    }
    let of_type = |kind: &str| admin.get(&format!("{path}/deliveries?eventType={kind}&sort=status"));
    assert_eq!(of_type("com.qlik.core.role.created").expect(200)["data"].as_array().unwrap().len(), 3);
    assert_eq!(of_type("x").expect(200)["data"], json!([]));
}

/// Receivers that hang take some of the tenant's places and none of others; answers without end are cut off (threats T72).
#[test]
fn receivers_that_hang_hold_up_nobody_else() {
    let server = Server::start();
    let (admin, hanging, endless, well) =
        (server.admin(), Receiver::start(), Receiver::start(), Receiver::start());
    hanging.always(Answer::Hang);
    endless.always(Answer::Text("HTTP/1.1 200 x\r\ncontent-length: 9999999\r\n\r\nx".to_owned()));
    for _ in 0..20 {
        make(&admin, new_webhook(&hanging.url()));
    }
    let path = make(&server.other_admin(), new_webhook(&endless.url()));
    make(&server.other_admin(), new_webhook(&well.url()));
    admin.make_role("One", &[]);
    hanging.wait(4);
    let begun = Instant::now();
    server.other_admin().make_role("Two", &[]);
    well.wait(1);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    eventually("it counts", || deliveries(&server.other_admin(), &path).len() == 1);
    assert_eq!(deliveries(&server.other_admin(), &path)[0]["status"], "success");
    assert_eq!(hanging.got().len(), 4, "as many at once as a tenant may have");
}

/// Too much that waits for one webhook is given up from its beginning, also what is being sent (threats T72).
#[test]
fn a_queue_has_an_end() {
    let server = Server::start();
    let (admin, receiver) = (server.admin(), Receiver::start());
    receiver.always(Answer::Hang);
    let path = make(&admin, new_webhook(&receiver.url()));
    admin.make_role("One", &[]);
    receiver.wait(1);
    let copies = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 9999)
        INSERT INTO webhook_deliveries SELECT tenant_id, '000000000000000000' || CAST(100000 + n AS TEXT), webhook_id, revision, ordinal, n, event_id,
        event_type, body, 1, '', '', 0, '', created_at, triggered_at FROM webhook_deliveries, n";
    server.database.batch(copies);
    admin.make_role("Two", &[]);
    let is_given_up = || {
        let given_up = admin.get(&format!("{path}/deliveries?status=fail")).body["data"][0].clone();
        given_up["statusMessage"] == "given up: more than 10000 deliveries waited"
    };
    eventually("the first one is given up", is_given_up);
    receiver.wait(2);
    assert!(is_given_up(), "and stays so when the attempt has ended");
    assert_eq!(server.database.count("webhook_deliveries WHERE pending = 1"), 10_000);
}

/// An address whose name leads to a machine that is not public is not asked, whatever it was when the webhook was made
/// (threats T70).
#[test]
fn a_name_is_judged_whenever_something_is_sent() {
    let server = Server::start();
    let admin = server.admin();
    let path = make(&admin, new_webhook("https://localhost.example.invalid/"));
    admin.make_role("One", &[]);
    failed(&admin, &path, "it cannot be reached; attempt 1");
    let failed = deliveries(&admin, &path).remove(0);
    assert_eq!((&failed["status"], failed.get("response")), (&json!("fail"), None));
    assert!(
        failed["statusMessage"].as_str().unwrap().starts_with("it cannot be reached; attempt 1"),
        "{failed}"
    );
    // Another address is tried at once.
    let receiver = Receiver::start();
    admin.replace(&path, "/url", receiver.url()).expect(204);
    assert_eq!(receiver.wait(1)[0].name(), "One");
}

/// What an administrator has set up tells nobody anything once that is no administrator any more, until another takes it over.
#[test]
fn a_webhook_of_the_tenant_is_an_administrators() {
    let server = Server::start();
    let (admin, receiver) = (server.admin(), Receiver::start());
    let (ann_id, ann) = server.user_with("ann", &["TenantAdmin"]);
    let path = make(&ann, new_webhook(&receiver.url()));
    admin.make_role("One", &[]);
    receiver.wait(1);
    let ann_path = format!("/api/v1/users/{ann_id}");
    admin.replace(&ann_path, "/assignedRoles", json!([])).expect(204);
    admin.make_role("Two", &[]);
    eventually("it is off", || admin.get(&path).expect(200)["disabledReasonCode"] == "OWNER-NOT-ENTITLED");
    assert_eq!(receiver.got().len(), 1);
    admin.replace(&path, "/enabled", true).expect(204);
    assert_eq!(admin.get(&path).expect(200)["ownerId"], admin.id());
    admin.make_role("Three", &[]);
    receiver.wait(2);
    admin.delete(&ann_path).expect(204);
    admin.make_role("Four", &[]);
    receiver.wait(3);
}

/// Whoever may not have webhooks any more is told nothing more.
#[test]
fn an_owner_without_the_right_is_told_nothing() {
    let server = Server::start();
    let (admin, receiver, una) = (server.admin(), Receiver::start(), holder(&server, "una"));
    let own = json!({"level": "user", "eventTypes": ["com.qlik.core.api-key.created", "com.qlik.core.api-key.updated"]});
    let path = make(&una, with(new_webhook(&receiver.url()), &own));
    let key = una.post("/api/v1/api-keys", json!({"description": "key"})).expect(201)["id"].clone();
    receiver.wait(1);
    let una_id = una.id();
    admin.replace(&format!("/api/v1/users/{una_id}"), "/assignedRoles", json!([])).expect(204);
    admin.delete(&format!("/api/v1/api-keys/{}", key.as_str().unwrap())).expect(204);
    eventually("it is off", || admin.get(&path).expect(200)["disabledReasonCode"] == "OWNER-NOT-ENTITLED");
    assert_eq!(receiver.got().len(), 1);
}
