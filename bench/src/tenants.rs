//! Very many small tenants: how soon a server over them is ready, and what it holds once all were asked about.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    load::{self, Request},
    seed::{self, Size},
    server::{self, Server},
    tokens::post,
};

const TENANTS: usize = 100_000;
/// The people of each, besides the bot of the program that asks.
const PEOPLE: Size = Size { users: 9, groups: 3, roles: 3 };
const CONNECTIONS: usize = 64;

/// # Errors
/// When a server refuses something.
pub fn all(data: &Path) -> anyhow::Result<()> {
    let operator = tenants(data)?;
    let tokens = tokens(&Server::start(data)?, &operator)?;
    let begun = Instant::now();
    let server = Server::start(data)?;
    let mut first = Some(Request::get("/readyz", None));
    load::run(server.address, 1, Duration::MAX, |_| first.take())?;
    println!(
        "{TENANTS} tenants of 10 users: ready in {:.2} s (at most 3), holding {:.0} MiB",
        begun.elapsed().as_secs_f64(),
        server.memory("VmRSS")
    );
    for round in ["once", "again"] {
        let mut rest = tokens.iter();
        let asked = load::run(server.address, CONNECTIONS, Duration::MAX, |_| {
            let body = json!({"subject": {"type": "user", "id": "000000000000000000000000"},
                "action": {"name": "notes"}, "resource": {"type": "tenant", "id": "any"}});
            Some(Request::new(
                "POST",
                "/access/v1/evaluation",
                Some(rest.next()?),
                Some(&body.to_string()),
                200,
            ))
        })?;
        println!(
            "asked about in each tenant {round}: {:.0}/s, p99 {:.1} ms; memory {:.0} MiB, {:.0} at most (at most 512, with 256 for snapshots)",
            asked.rate,
            asked.quantile(0.99) / 1000.0,
            server.memory("VmRSS"),
            server.memory("VmHWM")
        );
    }
    Ok(())
}

/// Makes the tenants if they are not there; answers the identifier and the secret of their operator.
fn tenants(data: &Path) -> anyhow::Result<(String, String)> {
    let (made, peopled) = (data.join("made"), data.join("peopled"));
    if !made.exists() {
        seed::tenant(data, PEOPLE)?;
        let (id, secret) = operator(data)?;
        make(&Server::start(data)?, &(id.clone(), secret.clone()))?;
        std::fs::write(&made, format!("{id} {secret}"))?;
    }
    if !peopled.exists() {
        people(data)?;
        std::fs::write(&peopled, "")?;
    }
    let kept = std::fs::read_to_string(&made)?;
    let (id, secret) = kept.split_once(' ').context("nobody knows the operator")?;
    Ok((id.to_owned(), secret.to_owned()))
}

fn make(server: &Server, (id, secret): &(String, String)) -> anyhow::Result<()> {
    let asks = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
    let token = post(server, "/oauth/token", None, &asks)?;
    let token = token.get("access_token").and_then(Value::as_str).context("no token")?;
    let mut rest = 1..TENANTS;
    let next = |_| {
        let n = rest.next()?;
        let body = json!({"licenseKey": "bench", "name": format!("Tenant {n}"), "hostnames": [host(n)]});
        Some(Request::new("POST", "/api/v1/tenants", Some(token), Some(&body.to_string()), 201))
    };
    let made = load::run(server.address, CONNECTIONS, Duration::MAX, next)?;
    println!("{TENANTS} tenants made, {:.0}/s", made.rate);
    Ok(())
}

fn host(n: usize) -> String {
    format!("t{n}.bench.example")
}

fn operator(data: &Path) -> anyhow::Result<(String, String)> {
    let printed = server::run(data, &["operators", "create", "Bench"])?;
    let of = |what: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix(what));
        line.map(|text| text.trim().to_owned()).context("no operator")
    };
    Ok((of("client id")?, of("client secret")?))
}

/// Gives each tenant people like those of the first, row by row: a million requests would take minutes and store the same.
fn people(data: &Path) -> anyhow::Result<()> {
    let db = Connection::open(data.join("rolecall.db"))?;
    let first: String =
        db.query_row("SELECT tenant_id FROM hostnames WHERE hostname = 'bench.example'", [], |row| {
            row.get(0)
        })?;
    let admins = "SELECT id FROM users WHERE email = 'admin@bench.example'";
    let copied = [
        ("roles", "kind = 'custom'".to_owned()),
        ("groups", "provider = 'custom'".to_owned()),
        ("group_roles", "group_id IN (SELECT id FROM groups WHERE provider = 'custom')".to_owned()),
        ("users", format!("id NOT IN ({admins})")),
        ("user_groups", format!("user_id NOT IN ({admins})")),
    ];
    db.execute_batch("PRAGMA foreign_keys = OFF; BEGIN")?;
    for (table, which) in copied {
        let mut columns = db.prepare("SELECT name FROM pragma_table_info(?1) WHERE name <> 'tenant_id'")?;
        let columns = columns.query_map([table], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        let (into, from) = (columns.join(", "), columns.join(", c."));
        let copy = format!(
            "INSERT INTO {table} (tenant_id, {into})
             SELECT t.tenant_id, c.{from} FROM tenants t CROSS JOIN (SELECT * FROM {table} WHERE tenant_id = ?1 AND {which}) c
             WHERE t.tenant_id <> ?1"
        );
        db.execute(&copy, [&first])?;
    }
    Ok(db.execute_batch("COMMIT")?)
}

/// A token in each tenant, for the operator's program.
fn tokens(server: &Server, (id, secret): &(String, String)) -> anyhow::Result<Vec<String>> {
    let asks = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
    let mut rest = 1..TENANTS;
    let mut tokens = Vec::with_capacity(TENANTS);
    let next = |_| {
        let asks = Request::new("POST", "/oauth/token", None, Some(&asks.to_string()), 200);
        Some(asks.to(&host(rest.next()?)))
    };
    let given = load::read(server.address, CONNECTIONS, Duration::MAX, next, |_, body| {
        let answer: Value = serde_json::from_slice(body)?;
        tokens.push(answer.get("access_token").and_then(Value::as_str).context("no token")?.to_owned());
        Ok(())
    })?;
    println!("a token in each of {TENANTS} tenants: {:.0}/s", given.rate);
    Ok(tokens)
}
