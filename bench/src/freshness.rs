//! Is what was acknowledged seen by the next question, what do changes cost those who ask, and how soon is a tenant there?

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    load::{self, Request},
    seed,
    server::Server,
};

/// Connections that change something and ask.
const WRITERS: usize = 32;
/// Connections that only ask.
const READERS: usize = 16;
const TIME: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;

fn question(user: &str, key: &str) -> Request {
    let body = json!({"subject": {"type": "user", "id": user}, "action": {"name": "glossary:all"},
        "resource": {"type": "tenant", "id": "bench.example"}})
    .to_string();
    Request::new("POST", "/access/v1/evaluation", Some(key), Some(&body), 200)
}

/// Gives a user a role that nobody has, or takes it again.
fn change(user: &str, key: &str, gives: bool) -> Request {
    let op = if gives { "add" } else { "remove-value" };
    let body = json!([{"op": op, "path": "/assignedRoles", "value": {"name": "Steward"}}]).to_string();
    Request::new("PATCH", &format!("/api/v1/users/{user}"), Some(key), Some(&body), 204)
}

/// So many pairs of a change and the question about it, on connections side by side; a stale answer fails.
///
/// # Errors
/// When an answer is stale.
pub fn acknowledged(server: &Server, key: &str, pairs: usize) -> anyhow::Result<()> {
    let users: Vec<String> =
        seed::ids(server.address, key, "/api/v1/users")?.into_iter().take(WRITERS).collect();
    let mut steps = vec![0_usize; WRITERS];
    let mut done = 0;
    let begun = Instant::now();
    load::run(server.address, WRITERS, Duration::MAX, |at| {
        let (user, step) = (users.get(at)?, steps.get_mut(at)?);
        if done >= pairs && *step % 4 == 0 {
            return None;
        }
        *step += 1;
        Some(match *step % 4 {
            1 => change(user, key, true),
            2 => {
                done += 1;
                question(user, key).saying("\"decision\":true")
            }
            3 => change(user, key, false),
            _ => {
                done += 1;
                question(user, key).saying("\"decision\":false")
            }
        })
    })?;
    println!(
        "{done} changes, each asked about once acknowledged: no stale answer, in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Questions, with and without one change in a hundred of them.
pub fn beside_changes(server: &Server, key: &str) -> anyhow::Result<()> {
    let users = seed::ids(server.address, key, "/api/v1/users")?;
    let run = |changes: bool| {
        let mut n = 0_usize;
        load::run(server.address, READERS, TIME, |_| {
            n += 1;
            let user = users.get(n * 7919 % users.len())?;
            let is_change = changes && n.is_multiple_of(100);
            Some(if is_change {
                change(user, key, n.is_multiple_of(200)).uncounted()
            } else {
                question(user, key)
            })
        })
    };
    let mut rounds =
        (0..ROUNDS).map(|_| Ok((run(false)?, run(true)?))).collect::<anyhow::Result<Vec<_>>>()?;
    rounds.sort_by(|(a, b), (c, d)| {
        (b.quantile(0.99) / a.quantile(0.99)).total_cmp(&(d.quantile(0.99) / c.quantile(0.99)))
    });
    let (without, with) = rounds.swap_remove(ROUNDS / 2);
    println!(
        "questions at {READERS} connections: p99 {:.0} us; with 1 % of changes between them {:.0} us; ratio {:.2} (at most 1.2)",
        without.quantile(0.99),
        with.quantile(0.99),
        with.quantile(0.99) / without.quantile(0.99)
    );
    Ok(())
}

/// From nothing in memory to the first decision of a small tenant: its credential is verified, and all of it loaded.
pub fn from_nothing(data: &Path, key: &str) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let server = Server::start(data)?;
        // The process has answered something, and knows nothing of the tenant.
        let mut first = Some(Request::get("/livez", None));
        load::run(server.address, 1, Duration::MAX, |_| first.take())?;
        let mut asked = Some(question("000000000000000000000000", key));
        let measured = load::run(server.address, 1, Duration::MAX, |_| asked.take())?;
        times.push(measured.median() / 1000.0);
    }
    times.sort_by(f64::total_cmp);
    if let Some(median) = times.get(ROUNDS / 2) {
        println!("from nothing to the first decision of a tenant of 100 users: {median:.1} ms (at most 3)");
    }
    Ok(())
}
