//! Receivers of webhooks that take a connection and never answer: what they cost decisions, and how much waits for them.

use std::{net::TcpListener, path::Path, time::Duration};

use anyhow::{Context as _, bail};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    load::{self, Measured, Request},
    seed,
    server::Server,
    tokens::post,
};

const TIME: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;
const READERS: usize = 16;
/// Webhooks of the tenant, all of which lead to a receiver that hangs.
const WEBHOOKS: usize = 4;
/// Deliveries that wait for one webhook at most, as the guide says.
const QUEUE: i64 = 10_000;
/// Changes at once at the end: more than a queue holds.
const CHANGES: usize = 12_000;

/// # Errors
/// When the server refuses something, or a queue grows beyond its bound.
pub fn hanging(data: &Path, key: &str) -> anyhow::Result<()> {
    let server = Server::start_with(data, &["--egress-allow", "127.0.0.0/8"])?;
    // The system takes the connections; nobody ever reads from them.
    let receiver = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", receiver.local_addr()?);
    let hooks = (0..WEBHOOKS).map(|n| {
        let new = json!({"name": format!("Hangs {n}"), "url": url, "enabled": false,
            "eventTypes": ["com.qlik.core.user.updated"]});
        let hook = post(&server, "/api/v1/webhooks", Some(key), &new)?;
        hook.get("id").and_then(Value::as_str).map(str::to_owned).context("no webhook")
    });
    let hooks = hooks.collect::<anyhow::Result<Vec<_>>>()?;
    let enable = |enabled: bool| {
        let body = json!([{"op": "replace", "path": "/enabled", "value": enabled}]).to_string();
        let mut rest = hooks.iter();
        let next = |_| {
            let path = format!("/api/v1/webhooks/{}", rest.next()?);
            Some(Request::new("PATCH", &path, Some(key), Some(&body), 204))
        };
        load::run(server.address, 1, Duration::MAX, next).map(drop)
    };
    let users = seed::ids(server.address, key, "/api/v1/users")?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let without = questions(&server, key, &users)?;
        enable(true)?;
        let with = questions(&server, key, &users)?;
        enable(false)?;
        rounds.push((with.quantile(0.99) / without.quantile(0.99), without, with));
    }
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((ratio, without, with)) = rounds.get(ROUNDS / 2) {
        println!(
            "questions beside 1 % of changes: p99 {:.0} us; told to {WEBHOOKS} receivers that hang {:.0} us; ratio {ratio:.2} (at most 1.1)",
            without.quantile(0.99),
            with.quantile(0.99)
        );
    }
    enable(true)?;
    let mut rest = 0..CHANGES;
    let rename = |_| Some(change(users.get(1)?, key, rest.next()?));
    let changes = load::run(server.address, READERS, Duration::MAX, rename)?;
    std::thread::sleep(TIME);
    let waiting = waiting(data)?;
    println!(
        "{CHANGES} changes meanwhile: {:.0}/s; at most {waiting} wait for one receiver (at most {QUEUE}); memory {:.0} MiB",
        changes.rate,
        server.memory("VmRSS")
    );
    if waiting > QUEUE {
        bail!("{waiting} deliveries wait for one webhook");
    }
    Ok(())
}

/// Questions, with one change among a hundred.
fn questions(server: &Server, key: &str, users: &[String]) -> anyhow::Result<Measured> {
    let mut n = 0;
    load::run(server.address, READERS, TIME, |_| {
        n += 1;
        let user = users.get(n * 7919 % users.len())?;
        if n.is_multiple_of(100) {
            return Some(change(user, key, n).uncounted());
        }
        let body = json!({"subject": {"type": "user", "id": user}, "action": {"name": "notes"},
            "resource": {"type": "tenant", "id": "bench.example"}});
        Some(Request::new("POST", "/access/v1/evaluation", Some(key), Some(&body.to_string()), 200))
    })
}

fn change(user: &str, key: &str, n: usize) -> Request {
    let body = json!([{"op": "replace", "path": "/name", "value": format!("Patched {n}")}]).to_string();
    Request::new("PATCH", &format!("/api/v1/users/{user}"), Some(key), Some(&body), 204)
}

/// The most deliveries that wait for one webhook.
fn waiting(data: &Path) -> anyhow::Result<i64> {
    let db = Connection::open(data.join("rolecall.db"))?;
    let most = "SELECT coalesce(max(waiting), 0) FROM (SELECT count(*) AS waiting FROM webhook_deliveries WHERE pending = 1 GROUP BY webhook_id)";
    Ok(db.query_row(most, [], |row| row.get(0))?)
}
