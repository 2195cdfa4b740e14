//! What is counted, and who may see it: threats T90.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    num::NonZeroU32,
    path::Path,
    time::{Duration, Instant},
};

use rolecall_server::{PerMinute, RateLimits, Scrape, serve_observed};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    harness::{RUNTIME, Server, Setup},
    logins::visitor,
};

/// What a server counts, by name and labels.
fn counted(server: &Server) -> BTreeMap<String, f64> {
    let text = Scrape::new(&server.app).text().unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, n)| (name.to_owned(), n.parse().unwrap()))
        .collect()
}

fn question(subject: &str) -> Value {
    json!({
        "subject": {"type": "user", "id": subject}, "action": {"name": "read"},
        "resource": {"type": "tenant", "id": "any"}
    })
}

/// Something of everything that is counted.
fn busy() -> Server {
    let few = |n| NonZeroU32::new(n).unwrap();
    let limits = PerMinute { tier1: few(3), tier2: few(100), filter: few(100) };
    let server = Server::with(Setup { rate_limits: RateLimits::new(Some(limits)), ..Setup::default() });
    let (admin, before) = (server.admin(), server.revision(0));
    admin.make_role("Canary role", &[]);
    assert_ne!(server.revision(0), before);
    admin.post("/access/v1/evaluation", question("nobody")).expect(200);
    admin.post("/access/v1/evaluation", json!({})).expect(400);
    let both = json!({"evaluations": [question("nobody"), question("somebody")]});
    admin.post("/access/v1/evaluations", both).expect(200);
    assert_eq!(admin.get("/rolecall/v1/access/forward?scope=tenant:administer").status, 200);
    assert_eq!((0..6).filter(|_| server.user().get("/api/v1/users/me").status == 429).count(), 3);
    let form = Some((
        "application/x-www-form-urlencoded",
        b"username=canary-name&password=canary-password".as_slice(),
    ));
    visitor(&server).send("POST", "/login", form).expect(401);
    admin.get("/canary-path").expect(404);
    server
}

#[test]
fn what_happens_is_counted() {
    let server = busy();
    // Its connection stays open for as long as it is there.
    let connected = server.anonymous();
    connected.get("/livez").expect(200);
    let counted = counted(&server);
    for (name, n) in [
        ("rolecall_requests_total{operation=\"evaluate\",tier=\"decision\",status=\"2xx\"}", 1.0),
        ("rolecall_requests_total{operation=\"evaluate\",tier=\"decision\",status=\"4xx\"}", 1.0),
        ("rolecall_requests_total{operation=\"evaluate_all\",tier=\"decision\",status=\"2xx\"}", 1.0),
        ("rolecall_requests_total{operation=\"forward\",tier=\"decision\",status=\"2xx\"}", 1.0),
        ("rolecall_requests_total{operation=\"get_me\",tier=\"read\",status=\"2xx\"}", 3.0),
        ("rolecall_requests_total{operation=\"create_role\",tier=\"write\",status=\"2xx\"}", 1.0),
        ("rolecall_requests_total{operation=\"other\",tier=\"other\",status=\"4xx\"}", 1.0),
        ("rolecall_request_duration_seconds_count{operation=\"get_me\",tier=\"read\"}", 6.0),
        (
            "rolecall_request_duration_seconds_bucket{le=\"+Inf\",operation=\"evaluate\",tier=\"decision\"}",
            2.0,
        ),
        ("rolecall_decisions_total{answer=\"allowed\"}", 1.0),
        ("rolecall_decisions_total{answer=\"denied\"}", 3.0),
        ("rolecall_rate_limited_total{tier=\"read\"}", 3.0),
        ("rolecall_logins_total{way=\"password\",outcome=\"refused\"}", 1.0),
        ("rolecall_requests_in_flight", 0.0),
        ("rolecall_snapshot_evictions_total", 0.0),
        ("rolecall_database_failures_total", 0.0),
    ] {
        assert_eq!(counted.get(name), Some(&n), "{name}: {counted:#?}");
    }
    let rows = server.database.rows("SELECT COUNT(*) FROM audits");
    let rows: f64 = rows[0][0].as_ref().unwrap().parse().unwrap();
    assert_eq!(counted.get("rolecall_audit_rows_total"), Some(&rows));
    for some in [
        "rolecall_snapshots",
        "rolecall_snapshot_bytes",
        "rolecall_connections",
        "process_resident_memory_bytes",
    ] {
        assert!(counted[some] > 0.0, "{some}");
    }
}

/// Labels are few words, whoever asks for what.
#[test]
fn numbers_tell_no_secrets_and_no_tenants_apart() {
    let server = busy();
    let text = Scrape::new(&server.app).text().unwrap();
    let [demo, other] = [0, 1].map(|at| &server.tenants[at]);
    let ids = [demo.tenant.to_string(), other.tenant.to_string()];
    let keys =
        [demo.admin_key.as_ref(), demo.user_key.as_ref()].map(|key| key.unwrap().rsplit('.').next().unwrap());
    let words =
        ["canary", "Canary", "acme", "Acme", "nobody", "eyJ", "ROLECALL", env!("CARGO_MANIFEST_DIR"), "/tmp"];
    for word in words.into_iter().chain(ids.iter().map(String::as_str)).chain(keys) {
        assert!(!text.contains(word), "{word}: {text}");
    }
    let labels: BTreeSet<&str> = text
        .split(['{', '}', ','])
        .filter_map(|part| part.split_once("=\""))
        .map(|(label, _)| label)
        .collect();
    let known = ["answer", "kind", "le", "operation", "outcome", "status", "tier", "version", "way"];
    assert_eq!(labels, BTreeSet::from(known));
}

fn paper(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The rows of the guide's list: the name of a metric, and with what it is there.
fn listed(guide: &str) -> BTreeMap<&str, &str> {
    let rows =
        guide.lines().filter(|line| line.starts_with("| `rolecall_") || line.starts_with("| `process_"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    // Alerts have expressions in the first column.
    let metrics = cells.filter(|cells| ["counter", "gauge", "histogram"].contains(&cells[2]));
    metrics.map(|cells| (cells[1].trim_matches('`'), cells[4])).collect()
}

#[test]
fn the_guide_lists_every_number() {
    let text = Scrape::new(&busy().app).text().unwrap();
    let guide = paper("docs/guides/observe.md");
    let mut found = BTreeSet::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# HELP ")) {
        let (name, help) = line.split_once(' ').unwrap();
        let kind = text.lines().find_map(|line| line.strip_prefix(&format!("# TYPE {name} "))).unwrap();
        let name = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
        let row = format!("| `{name}` | {kind} | {} |", help.trim_end_matches('.'));
        assert!(guide.contains(&row), "{row}");
        found.insert(name);
    }
    let here = if crate::database::Database::port().is_some() { "PostgreSQL" } else { "SQLite" };
    let system = if cfg!(target_os = "linux") { "Linux" } else { "" };
    let listed = listed(&guide).into_iter().filter(|(_, with)| ["", here, system].contains(with));
    assert_eq!(listed.map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>(), found);
}

/// What the dashboard and the alerts ask for is in the list.
#[test]
fn the_dashboard_and_the_alerts_ask_for_what_there_is() {
    let (guide, dashboard) = (paper("docs/guides/observe.md"), paper("deploy/grafana/rolecall.json"));
    let listed = listed(&guide);
    let alerts = guide.split("## Alerts").nth(1).unwrap().split("## Logs").next().unwrap();
    let mut expressions = alerts.to_owned();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    assert!(dashboard["schemaVersion"].as_u64() > Some(30) && dashboard["title"] == "Rolecall");
    let panels = dashboard["panels"].as_array().unwrap();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        for target in panel["targets"].as_array().unwrap() {
            expressions.push(' ');
            expressions.push_str(target["expr"].as_str().unwrap());
        }
    }
    let words = expressions.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let asked: BTreeSet<&str> =
        words.filter(|word| word.starts_with("rolecall_") || word.starts_with("process_")).collect();
    assert!(asked.len() > 20, "{asked:?}");
    for name in &asked {
        let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        assert!(listed.contains_key(histogram.unwrap_or(name)), "{name}");
    }
    let shown = |name: &&&str| asked.iter().any(|asked| asked.trim_end_matches("_bucket") == **name);
    assert_eq!(listed.keys().filter(|name| !shown(name)).collect::<Vec<_>>(), Vec::<&&str>::new());
}

/// What is asked of the address apart, as the bytes that come back.
fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{request}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn metrics_and_health_have_an_address_of_their_own() {
    let server = Server::start();
    // It answers once it is ready.
    server.anonymous().get("/livez").expect(200);
    let (address, serving) = RUNTIME.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (listener.local_addr().unwrap(), tokio::spawn(serve_observed(server.app.clone(), listener)))
    });
    let get =
        |path: &str| ask(address, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    let metrics = get("/metrics");
    assert!(metrics.starts_with("HTTP/1.1 200") && metrics.ends_with("# EOF\n"), "{metrics}");
    assert!(metrics.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
    for path in ["/livez", "/readyz"] {
        assert!(get(path).starts_with("HTTP/1.1 200"), "{path}");
    }
    for path in ["/", "/api/v1/roles", "/openapi.json", "/docs", "/debug/pprof", "/metrics/"] {
        assert!(get(path).starts_with("HTTP/1.1 404"), "{path}");
    }
    let posted = "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert!(ask(address, posted).starts_with("HTTP/1.1 405"));
    server.anonymous().get("/metrics").refused(404, "HTTP-404");
    // Who says nothing, or half of it, is cut off.
    let begun = Instant::now();
    let half = ask(address, "GET /metrics HTTP/1.1\r\nHo");
    assert!(!half.contains("200") && begun.elapsed() < Duration::from_secs(15), "{half}");
    serving.abort();
}

/// A request has the number that its caller gives it, in the answer, in errors and in the audit trail, if it is well formed.
#[test]
fn a_request_is_a_part_of_its_callers_trace() {
    let server = Server::start();
    let number = "4bf92f3577b34da6a3ce929d0e0e4736";
    let of = |parent: &str| server.admin().header("traceparent", parent);
    let good = of(&format!("00-{number}-00f067aa0ba902b7-01"));
    assert_eq!(good.get("/api/v1/roles").headers["x-b3-traceid"], number);
    let refused = good.get("/api/v1/roles/nowhere");
    assert_eq!((refused.status, &refused.body["traceId"]), (404, &number.into()));
    good.make_role("Traced", &[]);
    good.make_role("Traced again", &[]);
    let trail = server.admin().get("/api/v1/audits?eventType=com.qlik.core.role.created").text;
    assert_eq!(trail.matches(number).count(), 2, "one number for two requests is no harm: {trail}");
    let upper = number.to_uppercase();
    for wrong in [
        format!("00-{upper}-00f067aa0ba902b7-01"),
        format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
        number.to_owned(),
        format!("00-{number}-00f067aa0ba902b7-01, 00-{number}-00f067aa0ba902b7-01"),
    ] {
        let answer = of(&wrong).get("/api/v1/roles");
        let given = answer.headers["x-b3-traceid"].to_str().unwrap();
        assert!(given.len() == 32 && given != number && given != upper, "{wrong}: {given}");
    }
}
