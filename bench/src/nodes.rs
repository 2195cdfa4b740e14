//! Several nodes over one PostgreSQL: what they store in a second, how soon one knows what another changed, and what a busy
//! database costs decisions.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::{
    load::{self, Measured, Request},
    seed,
    server::{self, Server},
};

const WRITERS: usize = 32;
const TIME: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;
/// Changes on one node that are asked about on the other.
const REVOKES: usize = 1000;

/// A tenant with its administrator.
struct Tenant {
    id: String,
    key: String,
    user: String,
}

/// `database` is the address of an empty one.
///
/// # Errors
/// When a server refuses something, or answers what is not so.
pub fn all(folder: &Path, database: &str) -> anyhow::Result<()> {
    let tenants = tenants(folder, database)?;
    let (a, b) = (Server::start_over(folder, database)?, Server::start_over(folder, database)?);
    let tenants = tenants.into_iter().map(|(id, key)| {
        let user = seed::ids(a.address, &key, "/api/v1/users")?.into_iter().next().context("nobody")?;
        Ok(Tenant { id, key, user })
    });
    let tenants: Vec<Tenant> = tenants.collect::<anyhow::Result<_>>()?;
    durable(&a, &tenants, database)?;
    let first = tenants.first().context("no tenant")?;
    revokes(&a, &b, first)?;
    busy(&b, first, database)
}

/// Makes a tenant for each writer; answers their identifiers and keys.
fn tenants(folder: &Path, database: &str) -> anyhow::Result<Vec<(String, String)>> {
    let made = (0..WRITERS).map(|n| {
        let (name, host) = (
            format!("Bench {n}"),
            if n == 0 { "bench.example".to_owned() } else { format!("bench{n}.example") },
        );
        let words: &[&str] = if n == 0 { &["init"] } else { &["tenants", "create"] };
        let more = [
            "--name",
            &name,
            "--hostname",
            &host,
            "--admin-email",
            "a@bench.example",
            "--database",
            database,
        ];
        let printed = server::run(folder, &[words, &more].concat())?;
        let of = |what: &str| {
            printed.lines().find_map(|line| line.strip_prefix(what)).map(|text| text.trim().to_owned())
        };
        Ok((of("tenant").context("no tenant")?, of("admin key").context("no key")?))
    });
    made.collect()
}

fn rename(tenant: &Tenant, n: usize) -> Request {
    let body = json!([{"op": "replace", "path": "/name", "value": format!("Patched {n}")}]).to_string();
    Request::new("PATCH", &format!("/api/v1/users/{}", tenant.user), Some(&tenant.key), Some(&body), 204)
}

/// `PATCH /users/{id}`, each writer in a tenant of its own, beside pgbench with statements like those it makes.
fn durable(server: &Server, tenants: &[Tenant], database: &str) -> anyhow::Result<()> {
    let rows: Vec<String> =
        (1..).zip(tenants).map(|(n, tenant)| format!("({n}, '{}', '{}')", tenant.id, tenant.user)).collect();
    let table = format!(
        "CREATE TABLE bench_writers (n INTEGER PRIMARY KEY, tenant_id TEXT COLLATE \"C\", user_id TEXT COLLATE \"C\");
         INSERT INTO bench_writers VALUES {}",
        rows.join(", ")
    );
    run("psql", &["-q", "-v", "ON_ERROR_STOP=1", "-c", &table, database])?;
    let script = tempfile::NamedTempFile::new()?;
    std::fs::write(script.path(), include_str!("patch.sql"))?;
    let script = script.path().to_string_lossy();
    let (clients, seconds) = (WRITERS.to_string(), TIME.as_secs().to_string());
    let writers = format!("writers={WRITERS}");
    let bare = [
        "-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &seconds, "-D", &writers, "-f", &script,
        database,
    ];
    let mut rounds = Vec::new();
    let mut counter = 0;
    for _ in 0..ROUNDS {
        let printed = run("pgbench", &bare)?;
        let rate =
            printed.lines().find_map(|line| line.strip_prefix("tps = ")).context("pgbench says nothing")?;
        let bare: f64 = rate.split_whitespace().next().context("pgbench says nothing")?.parse()?;
        let own = load::run(server.address, WRITERS, TIME, |at| {
            counter += 1;
            Some(rename(tenants.get(at)?, counter))
        })?;
        rounds.push((own.rate / bare, own.rate, bare));
    }
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((share, own, bare)) = rounds.get(ROUNDS / 2) {
        println!(
            "durable PATCH over PostgreSQL, {WRITERS} writers: {own:.0}/s; pgbench with such statements {bare:.0}/s; ratio {share:.2} (at least 0.5)"
        );
    }
    run("psql", &["-q", "-c", "DROP TABLE bench_writers", database]).map(drop)
}

fn run(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output =
        Command::new(program).args(arguments).output().with_context(|| format!("cannot run `{program}`"))?;
    if !output.status.success() {
        bail!("{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn question(tenant: &Tenant, user: &str) -> Request {
    let body = json!({"subject": {"type": "user", "id": user}, "action": {"name": "glossary:all"},
        "resource": {"type": "tenant", "id": "bench.example"}})
    .to_string();
    Request::new("POST", "/access/v1/evaluation", Some(&tenant.key), Some(&body), 200)
}

fn decides(server: &Server, tenant: &Tenant, user: &str) -> anyhow::Result<bool> {
    let asked = json!({"subject": {"type": "user", "id": user}, "action": {"name": "glossary:all"},
        "resource": {"type": "tenant", "id": "bench.example"}});
    let answer = crate::tokens::post(server, "/access/v1/evaluation", Some(&tenant.key), &asked)?;
    answer.get("decision").and_then(serde_json::Value::as_bool).context("no decision")
}

/// A role is taken on one node; how long until the other says so.
fn revokes(a: &Server, b: &Server, tenant: &Tenant) -> anyhow::Result<()> {
    let change = |gives: bool| -> anyhow::Result<()> {
        let op = if gives { "add" } else { "remove-value" };
        let body = json!([{"op": op, "path": "/assignedRoles", "value": {"name": "Steward"}}]).to_string();
        let path = format!("/api/v1/users/{}", tenant.user);
        let mut once = Some(Request::new("PATCH", &path, Some(&tenant.key), Some(&body), 204));
        load::run(a.address, 1, Duration::MAX, |_| once.take()).map(drop)
    };
    let mut times = Vec::with_capacity(REVOKES);
    for _ in 0..REVOKES {
        for gives in [true, false] {
            change(gives)?;
            let begun = Instant::now();
            while decides(b, tenant, &tenant.user)? != gives {}
            if !gives {
                times.push(begun.elapsed().as_secs_f64() * 1000.0);
            }
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 1000).copied().unwrap_or_default();
    println!(
        "{REVOKES} rights taken on one node and asked about on another: p50 {:.1} ms (at most 10), p99 {:.1} ms (at most 100), at most {:.1} ms",
        at(500),
        at(990),
        times.last().copied().unwrap_or_default()
    );
    Ok(())
}

/// Decisions while the database has much to do, beside those while it has nothing to do.
fn busy(server: &Server, tenant: &Tenant, database: &str) -> anyhow::Result<()> {
    run("pgbench", &["-i", "-q", "-s", "5", database])?;
    // One at a time: with more, it is the processors that are busy, which the database shares on this machine.
    let ask = || load::run(server.address, 1, TIME, |_| Some(question(tenant, &tenant.user)));
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let idle: Measured = ask()?;
        let mut load = Command::new("pgbench")
            .args(["-n", "-c", "1", "-T", &(TIME.as_secs() + 1).to_string(), database])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()?;
        let busy = ask();
        load.wait()?;
        let busy = busy?;
        rounds.push((busy.median() / idle.median(), idle.median(), busy.median()));
    }
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((ratio, idle, busy)) = rounds.get(ROUNDS / 2) {
        println!(
            "decisions with the database idle: p50 {idle:.0} us; busy: {busy:.0} us; ratio {ratio:.2} (at most 1.1)"
        );
    }
    Ok(())
}
