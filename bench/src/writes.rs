//! Durable writes, beside what the disk and HTTP alone allow.

use std::{collections::HashMap, path::Path, time::Duration};

use anyhow::bail;
use rusqlite::Connection;
use serde_json::json;

use crate::{
    bare::{self, GROUP},
    load::{self, Measured, Request},
    seed,
    server::Server,
};

const TIME: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;

/// `PATCH /users/{id}` with one writer and with many; then the server is killed, and what was acknowledged must be there.
pub fn durable(server: Server, data: &Path, key: &str) -> anyhow::Result<()> {
    let users: Vec<String> =
        seed::ids(server.address, key, "/api/v1/users")?.into_iter().take(GROUP).collect();
    let mut written = HashMap::new();
    let mut counter = 0;
    let mut patch = |writers: usize| -> anyhow::Result<Measured> {
        let mut last = HashMap::new();
        let request = |at: usize| {
            counter += 1;
            let user = users.get(at)?;
            if let Some(before) = last.insert(user.clone(), counter) {
                written.insert(user.clone(), before);
            }
            let body = json!([{"op": "replace", "path": "/name", "value": format!("Patched {counter}")}])
                .to_string();
            Some(Request::new("PATCH", &format!("/api/v1/users/{user}"), Some(key), Some(&body), 204))
        };
        load::run(server.address, writers, TIME, request)
    };
    let livez = Request::get("/livez", None);
    let bare_http =
        |connections| load::run(server.address, connections, Duration::from_secs(1), |_| Some(livez.clone()));
    let mut single = Vec::new();
    let mut many = Vec::new();
    for _ in 0..ROUNDS {
        let (commits, http) = (bare::commits(data)?, bare_http(1)?.median());
        let one = patch(1)?;
        single.push((one.median() / (commits.single + http), one.median(), commits.single, http));
        let (commits, http) = (bare::commits(data)?.grouped, bare_http(GROUP)?.rate);
        let all = patch(GROUP)?;
        many.push((all.rate / commits.min(http), all.rate, commits, http));
    }
    single.sort_by(|a, b| a.0.total_cmp(&b.0));
    many.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let (Some((ratio, own, commit, http)), Some((share, rate, commits, limit))) =
        (single.get(ROUNDS / 2), many.get(ROUNDS / 2))
    {
        println!(
            "durable PATCH, 1 writer: p50 {own:.0} us; a bare commit {commit:.0} us and a bare request {http:.0} us; ratio {ratio:.2} (at most 2)"
        );
        println!(
            "durable PATCH, {GROUP} writers: {rate:.0}/s; bare commits of {GROUP} rows {commits:.0}/s, bare requests {limit:.0}/s; {share:.2} of the smaller (at least 0.5)"
        );
    }
    println!(
        "memory of the server at the end: {:.0} MiB, {:.0} at most",
        server.memory("VmRSS"),
        server.memory("VmHWM")
    );
    drop(server);
    acknowledged(data, &written)
}

/// Every acknowledged write is in the database, although the server was killed.
fn acknowledged(data: &Path, written: &HashMap<String, u64>) -> anyhow::Result<()> {
    let db = Connection::open(data.join("rolecall.db"))?;
    for (user, number) in written {
        let name: String = db.query_row("SELECT name FROM users WHERE id = ?1", [user], |row| row.get(0))?;
        if name.trim_start_matches("Patched ").parse::<u64>().unwrap_or_default() < *number {
            bail!("the acknowledged write {number} of {user} is lost: {name}");
        }
    }
    println!("after a kill, the last acknowledged write of each of {} users is there", written.len());
    Ok(())
}
