//! The audit trail as it is read: reference/rest-api.md §10, reference/events.md.

use serde_json::{Value, json};

use crate::{
    harness::{Answer, Client, RUNTIME, Server},
    oauth::program_of,
    scim::program,
    tenants_life::{Operator, TENANTS, new_tenant},
};

const AUDITS: &str = "/api/v1/audits";

/// Somebody with the role that is for reading the trail.
fn auditor(server: &Server) -> Client {
    server.user_with("auditor", &["AuditAdmin"]).1
}

fn items(answer: &Answer) -> &Vec<Value> {
    answer.expect(200)["data"].as_array().unwrap()
}

fn members<'a>(answer: &'a Answer, member: &str) -> Vec<&'a str> {
    items(answer).iter().map(|item| item[member].as_str().unwrap()).collect()
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The newest events, this many.
fn latest(client: &Client, limit: usize) -> Answer {
    client.get(&format!("{AUDITS}?limit={limit}"))
}

/// Says that everything in the first tenant happened some days earlier and was delivered since. The rows are then no
/// longer what was written: this is for what is read, not for what is verified.
fn age(server: &Server, days: i64) {
    let tenant = server.tenants[0].tenant;
    let millis = days * 86_400_000;
    server.database.batch(&format!(
        "UPDATE audits SET at = at - {millis} WHERE tenant_id = '{tenant}'; DELETE FROM outbox WHERE tenant_id = '{tenant}'"
    ));
}

fn archive(server: &Server) {
    RUNTIME.block_on(rolecall_server::retain_audits(&server.app)).unwrap();
}

/// The day of an event, and its time of day.
fn day(item: &Value) -> (&str, &str) {
    item["eventTime"].as_str().unwrap().split_once('T').unwrap()
}

#[test]
fn an_event_says_what_happened() {
    let server = Server::start();
    let role = server.admin().make_role("Exporters", &["notes"]);
    let patched = server.admin().replace(&format!("/api/v1/roles/{role}"), "/name", "Importers");
    patched.expect(204);
    let auditor = auditor(&server);
    let found = auditor.get(&format!("{AUDITS}?eventType=com.qlik.core.role.updated&limit=1"));
    let item = &items(&found)[0];
    let (tenant, ada) = (server.tenants[0].tenant.to_string(), server.admin().id());
    let id = item["id"].as_str().unwrap();
    assert_eq!(item["eventId"], id);
    assert_eq!((&item["tenantId"], &item["userId"]), (&json!(tenant), &json!(ada)));
    assert_eq!(
        (&item["source"], &item["contentType"]),
        (&"com.qlik/identities".into(), &"application/json".into())
    );
    assert_eq!(item["eventTypeVersion"], "1.0");
    assert_eq!((&item["data"]["id"], &item["data"]["name"]), (&json!(role), &"Importers".into()));
    let trace = patched.headers["x-b3-traceid"].to_str().unwrap();
    let updates = json!([{"path": "/name", "oldValue": "Exporters", "newValue": "Importers"}]);
    assert_eq!(item["extensions"], json!({"updates": updates, "traceId": trace}));
    let href = item["links"]["self"]["href"].as_str().unwrap();
    assert!(href.ends_with(&format!("{AUDITS}/{id}")), "{href}");
    assert_eq!(auditor.get(href).expect(200), item);
}

#[test]
fn what_is_not_there_is_not_found() {
    let server = Server::start();
    let other = latest(&server.other_admin(), 1);
    for id in [members(&other, "id")[0], "00000000-0000-8000-8000-000000000000", "1", "x", "%00"] {
        server.admin().get(&format!("{AUDITS}/{id}")).refused(404, "HTTP-404");
    }
    let found = server.admin().get(&format!("{AUDITS}?id={},x", members(&other, "id")[0]));
    assert!(items(&found).is_empty());
}

/// §10: the newest first, ten of them; `AuditAdmin` and `TenantAdmin` may ask.
#[test]
fn who_administers_or_audits_reads_the_trail() {
    let server = Server::start();
    let auditor = auditor(&server);
    assert_eq!(items(&auditor.get(AUDITS)).len(), 10);
    let times = latest(&auditor, 100);
    let mut sorted = members(&times, "eventTime");
    sorted.sort_unstable();
    sorted.reverse();
    assert_eq!(members(&times, "eventTime"), sorted);
    items(&server.admin().get(AUDITS));
    server.user().get(AUDITS).refused(403, "HTTP-403");
    server.admin().make_role("Reader", &["audits:read"]);
    items(&server.user_with("reader", &["Reader"]).1.get(AUDITS));
    server.anonymous().get(AUDITS).refused(401, "HTTP-401");
}

#[test]
fn filters_are_exact() {
    let server = Server::start();
    let admin = server.admin();
    let keeper = server.key_of("acme\\ben@acme.example");
    let all = latest(&admin, 100);
    let by = |query: &str| admin.get(&format!("{AUDITS}?limit=100&{query}"));
    let types = by("eventType=com.qlik.core.user.created");
    assert!(members(&types, "eventType").iter().all(|kind| *kind == "com.qlik.core.user.created"));
    assert!(!items(&types).is_empty());
    assert!(items(&by("eventType=COM.QLIK.CORE.USER.CREATED")).is_empty(), "case counts");
    let sources = by("source=com.qlik/api-keys");
    assert!(members(&sources, "eventType").iter().all(|kind| kind.starts_with("com.qlik.core.api-key.")));
    assert!(!items(&sources).is_empty());
    let ben = keeper.id();
    assert!(items(&by(&format!("userId={ben}"))).is_empty());
    keeper.replace(&format!("/api/v1/users/{ben}"), "/preferredLocale", "de").expect(204);
    assert_eq!(items(&by(&format!("userId={ben}"))).len(), 1);
    let some = &members(&all, "id")[3..6];
    assert_eq!(members(&by(&format!("id={}", some.join(","))), "id"), some);
    let last = members(&all, "eventTime")[0];
    let at_once = by(&format!("eventTime={last}/{last}"));
    assert!(members(&at_once, "eventTime").iter().all(|time| *time == last), "both ends belong to it");
    assert!(!items(&at_once).is_empty());
    assert!(items(&by("eventTime=1999-01-01T00:00:00Z/1999-12-31T00:00:00Z")).is_empty());
}

#[test]
fn wrong_parameters_are_told() {
    let server = Server::start();
    let many = vec!["x"; 101].join(",");
    for (query, place) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("sort=-userId", "sort"),
        ("next=x", "next"),
        ("eventTime=yesterday", "eventTime"),
        ("eventTime=2026-01-01/2026-01-02", "eventTime"),
        ("eventTime=2026-01-02T00:00:00Z/2026-01-01T00:00:00Z", "eventTime"),
        (&*format!("id={many}"), "id"),
    ] {
        let answer = server.admin().get(&format!("{AUDITS}?{query}"));
        let error = answer.refused(400, "HTTP-400");
        assert_eq!(error["status"], Value::Null, "errors of audits have none");
        assert_eq!(answer.place(), place, "{query}");
    }
}

#[test]
fn pages_lead_through_all_of_it_in_any_order() {
    let server = Server::start();
    let admin = server.admin();
    for sort in ["-eventTime", "+eventTime", "-eventType", "+eventType", "-source", "%2Bsource"] {
        let whole = admin.get(&format!("{AUDITS}?limit=100&sort={sort}"));
        assert!(!whole.body["links"].as_object().unwrap().contains_key("prev"));
        let mut page = admin.get(&format!("{AUDITS}?limit=7&sort={sort}"));
        let (mut seen, mut pages) = (Vec::new(), Vec::new());
        loop {
            seen.extend(members(&page, "id").into_iter().map(str::to_owned));
            pages.push(members(&page, "id").join(" "));
            let Some(next) = page.body["links"]["next"]["href"].as_str().map(str::to_owned) else { break };
            page = admin.get(&next);
        }
        assert_eq!(seen, members(&whole, "id"), "{sort}");
        let back = admin.get(page.body["links"]["prev"]["href"].as_str().unwrap());
        assert_eq!(members(&back, "id").join(" "), pages[pages.len() - 2], "{sort}");
    }
    let types = admin.get(&format!("{AUDITS}?limit=100&sort=%2BeventType"));
    let mut sorted = members(&types, "eventType");
    sorted.sort_unstable();
    assert_eq!(members(&types, "eventType"), sorted);
}

#[test]
fn programs_are_told_beside_users() {
    let server = Server::start();
    let program_of_admin = program_of(&server.admin(), &json!({}));
    let token = program_of_admin.token(&server, &json!({}));
    let bot = token.id();
    token.make_role("By a program", &[]);
    let found = latest(&server.admin(), 1);
    let item = &items(&found)[0];
    assert_eq!(item["userId"], bot);
    assert_eq!(item["extensions"]["actor"], json!({"sub": program_of_admin.id, "subType": "client"}));
    let (provider, scim) = program(&server, &server.admin(), "https://idp.example");
    scim.header("x-reason", "joins the company")
        .post("/scim/v2/Users", json!({"userName": "new"}))
        .expect(201);
    let found = server.admin().get(&format!("{AUDITS}?limit=1&eventType=com.qlik.core.user.created"));
    let item = &items(&found)[0];
    assert!(item.get("userId").is_none());
    assert_eq!(item["extensions"]["actor"], json!({"sub": provider, "subType": "identityProvider"}));
    assert_eq!(item["extensions"]["reason"], "joins the company");
}

#[test]
fn owners_and_spaces_are_named() {
    let server = Server::start();
    let admin = server.admin();
    let space = admin.make_space("Sales", "shared");
    let found = latest(&admin, 1);
    let extensions = &items(&found)[0]["extensions"];
    assert_eq!((&extensions["spaceId"], &extensions["ownerId"]), (&json!(space), &json!(admin.id())));
    admin.assign_in_space(&space, ("user", &server.user().id()), &["consumer"]);
    let found = latest(&admin, 1);
    let extensions = &items(&found)[0]["extensions"];
    assert_eq!((&extensions["spaceId"], &extensions["topLevelResourceId"]), (&json!(space), &json!(space)));
    server.user().post("/api/v1/api-keys", json!({"description": "k"})).expect(201);
    let found = latest(&admin, 1);
    assert_eq!(items(&found)[0]["extensions"]["ownerId"], server.user().id());
}

#[test]
fn a_reason_is_kept_with_all_that_a_request_changes() {
    let server = Server::start();
    let because = server.admin().header("x-reason", "  Ticket 4711:  für das Audit ");
    let user = because.make_user("u");
    let found = latest(&server.admin(), 2);
    for item in items(&found) {
        assert_eq!(item["extensions"]["reason"], "Ticket 4711: für das Audit", "{item}");
    }
    server.admin().delete(&format!("/api/v1/users/{user}")).expect(204);
    assert!(items(&latest(&server.admin(), 1))[0]["extensions"].get("reason").is_none());
}

/// Of a tenant that an operator makes, everything has the operator's reason.
#[test]
fn operators_give_reasons_too() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let made =
        operator.client(&server).header("x-reason", "Contract 5").post(TENANTS, new_tenant("five.localhost"));
    let tenant = made.expect(201)["id"].as_str().unwrap().to_owned();
    let reasons =
        format!("SELECT DISTINCT reason, client_id, trace_id FROM audits WHERE tenant_id = '{tenant}'");
    let trace = made.headers["x-b3-traceid"].to_str().unwrap().to_owned();
    assert_eq!(server.database.rows(&reasons), [["Contract 5".to_owned(), operator.id, trace].map(Some)]);
}

#[test]
fn a_wrong_reason_is_refused_and_nothing_changes() {
    let server = Server::start();
    let before = server.revision(0);
    let long = "x".repeat(513);
    for wrong in ["", "  ", "tab\there", &long, "zero\u{200b}width"] {
        let answer = server.admin().header("x-reason", wrong).post("/api/v1/roles", json!({"name": "R"}));
        let error = answer.refused(400, "HTTP-400");
        assert!(error["detail"].as_str().unwrap().contains("x-reason"), "{error}");
    }
    let twice = server.admin().header("x-reason", "a").header("x-reason", "b");
    twice.post("/api/v1/roles", json!({"name": "R"})).refused(400, "HTTP-400");
    assert_eq!(server.revision(0), before);
    server.admin().header("x-reason", &long).get("/api/v1/roles").expect(200);
    server.admin().header("x-reason", &"x".repeat(512)).make_role("R", &[]);
}

#[test]
fn settings_sources_and_types_are_told() {
    let server = Server::start();
    let admin = server.admin();
    let settings = admin.get(&format!("{AUDITS}/settings"));
    assert_eq!(settings.expect(200), &json!({"data": {"EventTTL": 7_776_000, "ArchiveEnabled": true}}));
    for (list, member) in [("sources", "source"), ("types", "eventType")] {
        let listed = admin.get(&format!("{AUDITS}/{list}"));
        let known: Vec<&str> = items(&listed).iter().map(|item| item.as_str().unwrap()).collect();
        assert!(known.is_sorted() && known.len() > 5, "{known:?}");
        let all = latest(&admin, 100);
        assert!(members(&all, member).iter().all(|one| known.contains(one)), "{known:?}");
        assert!(listed.body["links"]["self"]["href"].as_str().unwrap().ends_with(list));
    }
}

#[test]
fn days_that_are_past_are_in_the_archive() {
    let server = Server::start();
    let admin = server.admin();
    age(&server, 100);
    let before = latest(&admin, 100);
    let (then, _) = day(&items(&before)[0]);
    let path = format!("{AUDITS}/archive?date={then}");
    let from_the_trail = admin.get(&path).expect(200).clone();
    archive(&server);
    let kept = admin.get(&path);
    assert_eq!(kept.expect(200), &from_the_trail, "wherever it lies");
    let mut expected: Vec<Value> =
        items(&before).iter().filter(|item| day(item).0 == then).cloned().collect();
    expected.reverse();
    for item in &mut expected {
        item.as_object_mut().unwrap().retain(|name, _| !["id", "links"].contains(&name.as_str()));
    }
    let all = items(&kept);
    assert_eq!(&all[all.len() - expected.len()..], expected, "without `id` and `links`, the oldest first");
    assert!(items(&latest(&admin, 100)).is_empty(), "they are in the archive only");
    admin.get(&format!("{AUDITS}/{}", members(&before, "id")[0])).refused(404, "HTTP-404");
    admin.make_role("R", &[]);
    assert_eq!(items(&latest(&admin, 100)).len(), 1);
    assert!(items(&admin.get(&format!("{AUDITS}/archive?date=1999-12-31"))).is_empty());
    let today = items(&latest(&admin, 1))[0].clone();
    for date in [day(&today).0, "9000-01-01"] {
        admin.get(&format!("{AUDITS}/archive?date={date}")).refused(404, "HTTP-404");
    }
    for query in ["", "?date=", "?date=yesterday", "?date=2026-02-30", "?date=2026-1-1"] {
        let answer = admin.get(&format!("{AUDITS}/archive{query}"));
        answer.refused(400, "HTTP-400");
        assert_eq!(answer.place(), "date");
    }
    assert!(items(&server.other_admin().get(&path)).is_empty(), "another tenant's day");
}

/// Whether a row stays whose event is still to be delivered, and those behind it. The server may deliver it first.
fn an_undelivered_row_stays() -> bool {
    let server = Server::start();
    let admin = server.admin();
    age(&server, 80);
    archive(&server);
    assert_eq!(items(&latest(&admin, 10)).len(), 10);
    age(&server, 20);
    let tenant = server.tenants[0].tenant;
    let fifth = "INSERT INTO outbox SELECT tenant_id, revision, ordinal FROM audits WHERE sequence = 5 AND tenant_id = ";
    server.database.batch(&format!("{fifth}'{tenant}'"));
    archive(&server);
    let first = format!("SELECT min(sequence) FROM audits WHERE tenant_id = '{tenant}'");
    server.database.rows(&first) == [[Some("5".to_owned())]]
}

#[test]
fn what_is_not_old_enough_or_not_delivered_stays() {
    assert!((0..10).any(|_| an_undelivered_row_stays()));
}

/// More than are read at once, some of them in the archive.
#[test]
fn an_export_has_all_of_it() {
    let server = Server::start();
    let admin = server.admin();
    for n in 0..230 {
        admin.make_group(&format!("old {n}"));
    }
    age(&server, 100);
    archive(&server);
    for n in 0..230 {
        admin.make_group(&format!("new {n}"));
    }
    let export = |query: &str| {
        let answer = admin.get(&format!("/rolecall/v1/audits/export{query}"));
        assert_eq!(
            (answer.status, &answer.headers["content-type"]),
            (200, &"application/x-ndjson".parse().unwrap())
        );
        answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let all = export("");
    let groups: Vec<&str> = all.iter().filter_map(|event| event["data"]["name"].as_str()).collect();
    let made = |word: &'static str| (0..230).map(move |n| format!("{word} {n}"));
    let made: Vec<String> = made("old").chain(made("new")).collect();
    let groups: Vec<&&str> =
        groups.iter().filter(|name| name.starts_with("old ") || name.starts_with("new ")).collect();
    assert_eq!(groups, made.iter().map(String::as_str).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    let ids: std::collections::BTreeSet<&str> =
        all.iter().map(|event| event["eventId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), all.len());
    let (today, _) = day(all.last().unwrap());
    assert_eq!(export(&format!("?from={today}")), all[all.len() - 230..]);
    assert_eq!(export(&format!("?to={today}")), all[..all.len() - 230]);
    let from = &all[10]["eventTime"];
    let begins = all.iter().position(|event| event["eventTime"] == *from).unwrap();
    assert_eq!(
        export(&format!("?from={}&to={today}", encoded(from.as_str().unwrap()))),
        all[begins..all.len() - 230]
    );
    for (query, place) in
        [("?from=x", "from"), ("?to=2026-13-01", "to"), ("?from=2026-01-02&to=2026-01-01", "to")]
    {
        let answer = admin.get(&format!("/rolecall/v1/audits/export{query}"));
        answer.refused(400, "HTTP-400");
        assert_eq!(answer.place(), place);
    }
    server.user().get("/rolecall/v1/audits/export").refused(403, "HTTP-403");
}
