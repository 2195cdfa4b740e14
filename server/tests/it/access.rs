//! Decisions over HTTP: AuthZEN 1.0, with the scenario of its certification. The names of those tests are the sections of
//! the scenario.

use rolecall_server::read_catalogue;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server, Setup};

const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";

/// A server with the scenario's fixture. Whoever asks holds the scope for that and nothing else.
fn certified() -> (Server, Client) {
    let catalogue = read_catalogue(include_str!("certification.toml")).unwrap();
    let server = Server::with(Setup { catalogue, ..Setup::default() });
    server.user_with("alice", &["Writer"]);
    server.user_with("bob", &["Archivist"]);
    server.admin().make_role("Asker", &["access:evaluate"]);
    let asker = server.user_with("asker", &["Asker"]).1;
    (server, asker)
}

fn entity(kind: &str, id: &str) -> Value {
    json!({"type": kind, "id": id})
}

fn question(subject: &str, action: &str, record: &str) -> Value {
    json!({"subject": entity("user", subject), "action": {"name": action}, "resource": entity("record", record)})
}

/// The question with a property of one of its parts.
fn with(mut question: Value, part: &str, name: &str, value: impl Into<Value>) -> Value {
    question[part]["properties"][name] = value.into();
    question
}

fn decision(client: &Client, question: &Value) -> bool {
    client.post(EVALUATION, question.clone()).expect(200)["decision"].as_bool().unwrap()
}

fn decisions(answer: &Answer) -> Vec<bool> {
    let evaluations = answer.expect(200)["evaluations"].as_array().unwrap();
    evaluations.iter().map(|evaluation| evaluation["decision"].as_bool().unwrap()).collect()
}

fn ids(answer: &Answer) -> Vec<&str> {
    answer.expect(200)["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["id"].as_str().unwrap())
        .collect()
}

#[test]
fn c_1_4_required_policy_behaviour() {
    let (_server, client) = certified();
    let soft = |soft| with(question("alice", "delete", "record-1"), "action", "soft", soft);
    let archived =
        |subject: &str| with(question(subject, "write", "record-2"), "resource", "status", "archived");
    for (question, expected) in [
        (question("alice", "read", "record-1"), true),
        (question("alice", "write", "record-1"), true),
        (question("bob", "read", "record-1"), true),
        (question("bob", "write", "record-1"), false),
        (archived("alice"), false),
        (with(archived("bob"), "subject", "role", "admin"), true),
        (soft(true), true),
        (soft(false), false),
        (question("alice", "delete", "record-1"), false),
        (with(archived("alice"), "subject", "role", "admin"), false),
    ] {
        assert_eq!(decision(&client, &question), expected, "{question}");
        assert_eq!(decision(&client, &question), expected, "the same again: {question}");
    }
}

#[test]
fn c_2_2_request_acceptance() {
    let (_server, client) = certified();
    let mut asked = question("alice", "read", "record-1");
    asked["context"] = json!({"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"});
    assert!(decision(&client, &asked));
    for (part, name) in [("subject", "department"), ("action", "method"), ("resource", "owner")] {
        asked = with(asked, part, name, "anything");
    }
    asked["foo"] = "bar".into();
    asked["futureField"] = json!({"nested": true});
    assert!(decision(&client, &asked));
}

#[test]
fn c_2_4_error_handling() {
    let (_server, client) = certified();
    let good = question("alice", "read", "record-1");
    let without = |pointer: &str| {
        let mut question = good.clone();
        let (part, member) = pointer.rsplit_once('/').unwrap();
        question.pointer_mut(part).unwrap().as_object_mut().unwrap().remove(member);
        question
    };
    for pointer in [
        "/subject",
        "/action",
        "/resource",
        "/subject/type",
        "/subject/id",
        "/action/name",
        "/resource/type",
        "/resource/id",
    ] {
        let refused = client.post(EVALUATION, without(pointer));
        refused.refused(400, "HTTP-400");
        assert_eq!(refused.place(), pointer);
    }
    for (pointer, wrong) in [
        ("/subject", json!("alice")),
        ("/subject", json!(["user", "alice"])),
        ("/action/name", json!(123)),
        ("/resource", json!(null)),
    ] {
        let mut question = good.clone();
        *question.pointer_mut(pointer).unwrap() = wrong;
        client.post(EVALUATION, question).refused(400, "HTTP-400");
    }
    let text = good.to_string();
    let send = |body: &str, media_type| client.send("POST", EVALUATION, Some((media_type, body.as_bytes())));
    send(&text, "text/plain").refused(400, "HTTP-400");
    send(&text, "application/xml").refused(400, "HTTP-400");
    send("{\"subject\":", "application/json").refused(400, "HTTP-400");
    send("", "application/json").refused(400, "HTTP-400");
    send("null", "application/json").refused(400, "HTTP-400");
    send(&format!("{{\"context\":{}{}}}", "[".repeat(50), "]".repeat(50)), "application/json")
        .refused(400, "HTTP-400");
}

#[test]
fn c_2_5_header_handling() {
    let (_server, client) = certified();
    let answer =
        client.header("x-request-id", "bfe9eb29 x").post(EVALUATION, question("alice", "read", "record-1"));
    assert_eq!(answer.headers["x-request-id"], "bfe9eb29 x");
    assert_eq!(answer.headers["content-type"], "application/json");
    let refused = client.header("x-request-id", "r2").post(EVALUATION, json!({}));
    assert_eq!((refused.status, &refused.headers["x-request-id"]), (400, &"r2".parse().unwrap()));
    assert!(client.post(EVALUATION, json!({})).headers.get("x-request-id").is_none());
}

#[test]
fn c_3_batches() {
    let (_server, client) = certified();
    let batch = |value: Value| decisions(&client.post(EVALUATIONS, value));
    let record = |id: &str| json!({"resource": entity("record", id)});
    let alice = entity("user", "alice");
    assert_eq!(
        batch(
            json!({"subject": alice, "action": {"name": "read"}, "evaluations": [record("record-1"), record("record-2")]})
        ),
        [true, true]
    );
    let bob = json!({"subject": entity("user", "bob"), "resource": entity("record", "record-1"),
        "evaluations": [{"action": {"name": "read"}}, {"action": {"name": "write"}}]});
    assert_eq!(batch(bob), [true, false]);
    let status = |id: &str, status: &str| json!({"resource": {"type": "record", "id": id, "properties": {"status": status}}});
    assert_eq!(
        batch(json!({"subject": alice, "action": {"name": "write"},
            "evaluations": [status("record-1", "active"), status("record-2", "archived")]})),
        [true, false]
    );
    assert_eq!(
        batch(json!({"action": {"name": "write"}, "resource": status("record-2", "archived")["resource"],
            "evaluations": [{"subject": alice}, {"subject": {"type": "user", "id": "bob", "properties": {"role": "admin"}}}]})),
        [false, true]
    );
    assert_eq!(
        batch(
            json!({"evaluations": [question("alice", "read", "record-1"), question("bob", "write", "record-1")]})
        ),
        [true, false]
    );
    let merged = json!({"subject": alice, "action": {"name": "write"}, "resource": {"type": "record"}, "evaluations": [
        {"resource": {"id": "record-1", "properties": {"status": "active"}}}, status("record-2", "archived")]});
    assert_eq!(batch(merged), [true, false]);
    let part = json!({"subject": alice, "action": {"name": "write"}, "resource": {"type": "record", "properties": {"status": "archived"}},
        "evaluations": [{"resource": {"id": "record-9"}}, {"resource": {"type": "record", "id": "record-9"}}]});
    assert_eq!(
        batch(part),
        [false, true],
        "a part takes over what the whole says, another resource does not"
    );
    let inherited = json!({"subject": alice, "action": {"name": "read"}, "context": {"time": "t"}, "evaluations": [
        record("record-1"), {"resource": entity("record", "record-2"), "context": {"source": "override"}}]});
    assert_eq!(batch(inherited), [true, true]);
}

#[test]
fn c_3_4_errors_of_single_evaluations() {
    let (_server, client) = certified();
    let asked = json!({"subject": entity("user", "alice"), "action": {"name": "read"},
        "evaluations": [{"resource": entity("record", "record-1")}, {}]});
    let answer = client.post(EVALUATIONS, asked);
    assert_eq!(decisions(&answer), [true, false]);
    assert_eq!(answer.body["evaluations"][1]["context"]["error"]["status"], 400);
    let mut alone = question("alice", "read", "record-1");
    assert_eq!(client.post(EVALUATIONS, alone.clone()).expect(200)["decision"], true);
    alone["evaluations"] = json!([]);
    let answer = client.post(EVALUATIONS, alone);
    assert!(answer.expect(200)["decision"] == true && answer.body.get("evaluations").is_none());
    let many = |n: usize| json!({"evaluations": vec![question("alice", "read", "record-1"); n]});
    assert_eq!(decisions(&client.post(EVALUATIONS, many(1000))), vec![true; 1000]);
    let refused = client.post(EVALUATIONS, many(1001));
    refused.refused(400, "HTTP-400");
    assert_eq!(refused.place(), "/evaluations");
}

#[test]
fn a_batch_ends_where_its_semantic_says() {
    let (_server, client) = certified();
    let asked = |semantic: &str| {
        let questions: Vec<Value> =
            ["read", "delete", "write"].iter().map(|action| question("alice", action, "record-1")).collect();
        client.post(
            EVALUATIONS,
            json!({"evaluations": questions, "options": {"evaluations_semantic": semantic}}),
        )
    };
    assert_eq!(decisions(&asked("execute_all")), [true, false, true]);
    assert_eq!(decisions(&asked("deny_on_first_deny")), [true, false]);
    assert_eq!(decisions(&asked("permit_on_first_permit")), [true]);
    asked("whatever").refused(400, "HTTP-400");
}

#[test]
fn c_4_searches() {
    let (server, client) = certified();
    let search = |what: &str, body: Value| client.post(&format!("/access/v1/search/{what}"), body);
    let who = |action: &str, resource: Value| {
        search(
            "subject",
            json!({"subject": {"type": "user"}, "action": {"name": action}, "resource": resource}),
        )
    };
    let id = |name: &str| server.admin().find("/api/v1/users", name);
    let (alice, bob) = (id("alice"), id("bob"));
    let readers = who("read", entity("record", "record-1"));
    assert!([&alice, &bob].iter().all(|id| ids(&readers).contains(&id.as_str())), "{}", readers.text);
    assert!(readers.body["results"].as_array().unwrap().iter().all(|found| found["type"] == "user"));
    let archived = json!({"type": "record", "id": "record-2", "properties": {"status": "archived"}});
    assert_eq!(ids(&who("write", archived.clone())), [&bob]);
    let records = |subject: Value, action: &str| {
        search(
            "resource",
            json!({"subject": subject, "action": {"name": action}, "resource": {"type": "record"}}),
        )
    };
    assert_eq!(ids(&records(entity("user", "alice"), "read")), ["record-1", "record-2"]);
    let admin = json!({"type": "user", "id": "bob", "properties": {"role": "admin"}});
    assert_eq!(ids(&records(admin.clone(), "write")), ["record-2"]);
    let names = |subject: Value, resource: Value| {
        let found = search("action", json!({"subject": subject, "resource": resource, "context": {"a": 1}}));
        let results = found.expect(200)["results"].as_array().unwrap().clone();
        results.iter().map(|found| found["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(entity("user", "alice"), entity("record", "record-1")), ["read", "write"]);
    assert_eq!(names(admin, archived), ["read", "write"]);
    assert!(names(entity("user", "nonexistent-user"), entity("record", "record-1")).is_empty());
    let nothing = json!({"subject": {"type": "spaceship"}, "action": {"name": "read"}, "resource": entity("record", "record-1")});
    assert_eq!(search("subject", nothing).expect(200)["results"], json!([]));
    for (what, wrong) in [
        ("subject", json!({"subject": {"type": "user"}, "resource": entity("record", "record-1")})),
        ("resource", json!({"action": {"name": "read"}, "resource": {"type": "record"}})),
        ("action", json!({"subject": entity("user", "alice")})),
        (
            "subject",
            json!({"subject": {"type": "user"}, "action": {"name": "read"}, "resource": {"type": "record"}}),
        ),
        (
            "resource",
            json!({"subject": {"type": "user"}, "action": {"name": "read"}, "resource": {"type": "record"}}),
        ),
    ] {
        search(what, wrong).refused(400, "HTTP-400");
    }
}

/// Page by page, each found user once; nothing is cut off silently.
#[test]
fn c_4_5_pagination() {
    let (server, client) = certified();
    for n in 0..40 {
        server.admin().make_user(&format!("reader {n}"));
    }
    let search = |page: Value| {
        let asked = json!({"subject": {"type": "user"}, "action": {"name": "read"}, "resource": entity("record", "record-1"), "page": page});
        client.post("/access/v1/search/subject", asked)
    };
    let all: Vec<String> = ids(&search(json!({}))).iter().map(ToString::to_string).collect();
    assert!(all.len() > 42);
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let page = if token.is_empty() { json!({"limit": 7}) } else { json!({"limit": 7, "token": token}) };
        let answer = search(page);
        assert_eq!(answer.body["page"]["count"], ids(&answer).len());
        found.extend(ids(&answer).iter().map(ToString::to_string));
        token = answer.body["page"]["next_token"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(found, all);
    search(json!({"limit": 0})).refused(400, "HTTP-400");
    let names = |page: Value, id: &str| {
        let asked =
            json!({"subject": entity("user", id), "resource": entity("record", "record-1"), "page": page});
        client.post("/access/v1/search/action", asked)
    };
    let first = names(json!({"limit": 1}), "alice");
    let token = &first.expect(200)["page"]["next_token"];
    let second = names(json!({"limit": 1, "token": token}), "alice");
    assert_eq!(
        (&second.expect(200)["results"], &second.body["page"]["next_token"]),
        (&json!([{"name": "write"}]), &json!(""))
    );
    names(json!({"token": token}), "bob").refused(400, "HTTP-400");
    search(json!({"token": "made-up"})).refused(400, "HTTP-400");
}

#[test]
fn c_6_discovery() {
    let (server, client) = certified();
    let found = server.anonymous().get("/.well-known/authzen-configuration");
    let base = server.url();
    assert_eq!(found.expect(200)["policy_decision_point"], base.as_str());
    assert_eq!(found.body["access_evaluation_endpoint"], format!("{base}{EVALUATION}"));
    for member in [
        "access_evaluations_endpoint",
        "search_subject_endpoint",
        "search_resource_endpoint",
        "search_action_endpoint",
    ] {
        let endpoint = found.body[member].as_str().unwrap();
        client.post(endpoint, json!({})).refused(400, "HTTP-400");
    }
    let of = |host: &str| server.anonymous().header("host", host).get("/.well-known/authzen-configuration");
    assert_eq!(of("globex.localhost").expect(200)["policy_decision_point"], "http://globex.localhost");
    of("evil.example").refused(404, "HTTP-404");
}

/// A proxy asks whether a request may go through, in the ways that nginx, Traefik and Caddy, and Envoy ask.
#[test]
fn a_proxy_asks_for_its_route() {
    let server = Server::start();
    let user = server.user();
    let ask = |client: &Client, method: &str, path: &str| {
        client.send(method, &format!("/rolecall/v1/access/forward{path}"), None)
    };
    for (method, path) in [
        ("GET", "?scope=api-keys"),
        ("GET", "?scope=api-keys&scope=notes"),
        ("POST", "?scope=notes"),
        ("GET", "/api-keys"),
        ("DELETE", "/api-keys/"),
        ("PUT", "/api-keys/some/path?and=query"),
    ] {
        let answer = ask(&user, method, path);
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{method} {path}");
        assert_eq!(answer.headers["remote-user"], "acme\\uma@acme.example");
        assert_eq!(
            (&answer.headers["remote-name"], &answer.headers["remote-email"]),
            (&"Uma User".parse().unwrap(), &"uma@acme.example".parse().unwrap())
        );
        assert_eq!(answer.headers["x-rolecall-user"], user.id().as_str());
    }
    let (_, bare) = server.user_with("nobody's address", &[]);
    let answer = ask(&bare, "GET", "/notes/a%FFb");
    assert_eq!(
        (answer.status, answer.headers["remote-email"].as_bytes()),
        (200, &b""[..]),
        "empty, not absent"
    );
    assert_eq!(ask(&user, "GET", "/api%2Dkeys/x").status, 200);
    for path in [
        "?scope=tenant:administer",
        "?scope=api-keys&scope=tenant:administer",
        "/tenant:administer/x",
        "?scope=no.such",
    ] {
        ask(&user, "GET", path).refused(403, "HTTP-403");
    }
    ask(&user, "GET", "").refused(400, "HTTP-400");
    ask(&server.anonymous(), "GET", "?scope=notes").refused(401, "HTTP-401");
    ask(&server.client("junk"), "GET", "/notes").refused(401, "HTTP-401");
    let forwarded = user
        .header("x-forwarded-method", "POST")
        .header("x-forwarded-uri", "/x")
        .header("x-original-uri", "/y");
    assert_eq!(ask(&forwarded, "GET", "?scope=notes").status, 200);
}

/// On the tenant itself the actions are the scopes; subjects are found by what they are called.
#[test]
fn a_tenant_is_a_resource() {
    let server = Server::start();
    let admin = server.admin();
    let tenant = server.tenants[0].tenant.to_string();
    let ask = |kind: &str, id: &str, scope: &str, resource: Value| {
        let asked = json!({"subject": entity(kind, id), "action": {"name": scope}, "resource": resource});
        let answer = admin.post(EVALUATION, asked);
        (answer.expect(200)["decision"] == true, answer.body["context"]["code"].as_str().unwrap().to_owned())
    };
    let own = || entity("tenant", &tenant);
    let uma = server.user().id();
    for (kind, id) in [
        ("user", uma.as_str()),
        ("user", "acme\\uma@acme.example"),
        ("subject", "acme\\uma@acme.example"),
        ("email", "UMA@acme.example"),
    ] {
        assert_eq!(ask(kind, id, "api-keys", own()), (true, "granted".into()), "{kind} {id}");
        assert_eq!(ask(kind, id, "tenant:administer", own()), (false, "not-granted".into()), "{kind} {id}");
    }
    assert!(ask("user", &uma, "api-keys", entity("tenant", "acme.localhost")).0);
    let other = server.tenants[1].tenant.to_string();
    for (kind, id, scope, resource, code) in [
        ("user", "nobody", "notes", own(), "unknown-user"),
        ("group", uma.as_str(), "notes", own(), "unknown-subject-type"),
        ("user", &uma, "no.such", own(), "unknown-scope"),
        ("user", &uma, "notes", entity("tenant", &other), "unknown-resource"),
        ("user", &uma, "notes", entity("tenant", "globex.localhost"), "unknown-resource"),
        ("user", &uma, "notes", entity("app", "1"), "unknown-resource-type"),
        ("user", &server.other_admin().id(), "notes", own(), "unknown-user"),
    ] {
        assert_eq!(ask(kind, id, scope, resource), (false, code.to_owned()));
    }
    admin.replace(&format!("/api/v1/users/{uma}"), "/status", "disabled").expect(204);
    assert_eq!(ask("user", &uma, "api-keys", own()), (false, "not-active".into()));
    let twin = admin.post("/api/v1/users", json!({"subject": "twin", "email": "ben@acme.example"}));
    twin.expect(201);
    assert_eq!(ask("email", "ben@acme.example", "notes", own()), (false, "ambiguous-user".into()));
}

/// Once a change is acknowledged, no decision is made on what was before it, whoever else asks meanwhile.
#[test]
fn a_decision_sees_what_was_acknowledged() {
    let server = Server::start();
    let admin = server.admin();
    let role = format!("/api/v1/roles/{}", admin.find("/api/v1/roles", "Report exporter"));
    let asked = json!({"subject": entity("email", "uma@acme.example"), "action": {"name": "apps.data:export"},
        "resource": entity("tenant", "acme.localhost")});
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (client, asked, done) = (server.admin(), &asked, &done);
            scope.spawn(move || {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    decision(&client, asked);
                }
            });
        }
        for n in 0..400 {
            let op = if n % 2 == 0 { "remove-value" } else { "add" };
            let path = if n % 2 == 0 { "/assignedScopes" } else { "/assignedScopes/-" };
            admin.op(&role, op, path, "apps.data:export").expect(204);
            assert_eq!(decision(&admin, &asked), n % 2 == 1, "change {n}");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
