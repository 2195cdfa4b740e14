//! A tenant with many users, groups and roles, made over the API like any other.

use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{
    load::{self, Request},
    server::{self, Server},
};

/// How large a tenant is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub users: usize,
    pub groups: usize,
    pub roles: usize,
}

/// Connections that make things at once.
const MAKERS: usize = 64;

/// A data directory with a tenant of this size; made if it is not there.
///
/// # Errors
/// When the server refuses something.
pub fn tenant(data: &Path, size: Size) -> anyhow::Result<()> {
    let done = data.join("seeded");
    if done.exists() {
        return Ok(());
    }
    let _ = std::fs::remove_dir_all(data);
    std::fs::create_dir_all(data)?;
    let words =
        ["init", "--name", "Bench", "--hostname", "bench.example", "--admin-email", "admin@bench.example"];
    server::run(data, &words)?;
    let key = key(data)?;
    let server = Server::start(data)?;
    let begun = Instant::now();
    let make = |path: &str, count: usize, body: &dyn Fn(usize) -> Value| {
        all(server.address, &key, path, count, body)
    };
    make(
        "/api/v1/roles",
        size.roles,
        &|n| json!({"name": format!("Role {n:04}"), "assignedScopes": ["notes", "apps.image:export"]}),
    )?;
    make(
        "/api/v1/groups",
        size.groups,
        &|n| json!({"name": format!("Group {n:05}"), "providerType": "custom", "assignedRoles": [{"name": format!("Role {:04}", n % size.roles)}]}),
    )?;
    make("/api/v1/users", size.users, &|n| {
        let scattered = n * 7919 % size.users;
        json!({"subject": format!("idp\\{n:06}"), "name": format!("User {scattered:06}"), "email": format!("u{n:06}@bench.example")})
    })?;
    join(server.address, &key, size)?;
    println!("seeded {size:?} in {:.0} s", begun.elapsed().as_secs_f64());
    std::fs::write(done, "")?;
    Ok(())
}

/// A fresh key of the administrator.
///
/// # Errors
/// When there is no tenant.
pub fn key(data: &Path) -> anyhow::Result<String> {
    let tenants = server::run(data, &["tenants", "ls"])?;
    let tenant = tenants.split_whitespace().next().context("no tenant")?;
    Ok(server::run(data, &["tenants", "key", tenant, "admin@bench.example"])?.trim().to_owned())
}

fn all(
    address: SocketAddr,
    key: &str,
    path: &str,
    count: usize,
    body: &dyn Fn(usize) -> Value,
) -> anyhow::Result<()> {
    let mut made = 0..count;
    let request =
        |_| made.next().map(|n| Request::new("POST", path, Some(key), Some(&body(n).to_string()), 201));
    load::run(address, MAKERS, Duration::MAX, request).map(drop)
}

/// Puts each user into a group.
fn join(address: SocketAddr, key: &str, size: Size) -> anyhow::Result<()> {
    let groups = ids(address, key, "/api/v1/groups")?;
    let users = ids(address, key, "/api/v1/users")?;
    let mut rest = users.iter().enumerate();
    let request = |_| {
        let (n, user) = rest.next()?;
        let group = groups.get(n % size.groups)?;
        let body = json!([{"op": "add", "path": "/assignedGroups/-", "value": group}]).to_string();
        Some(Request::new("PATCH", &format!("/api/v1/users/{user}"), Some(key), Some(&body), 204))
    };
    load::run(address, MAKERS, Duration::MAX, request).map(drop)
}

/// The identifiers on all pages of a list.
///
/// # Errors
/// When the server cannot be asked.
pub fn ids(address: SocketAddr, key: &str, list: &str) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    let mut at = Some(format!("http://{address}{list}?limit=100&sort=id"));
    while let Some(page) = at {
        let page: Value = get(&page, key)?;
        let items = page.get("data").and_then(Value::as_array).context("no data")?;
        ids.extend(items.iter().filter_map(|item| item.get("id")?.as_str().map(str::to_owned)));
        at = next(&page);
    }
    Ok(ids)
}

/// The address of the page behind.
pub fn next(page: &Value) -> Option<String> {
    page.pointer("/links/next/href")?.as_str().map(str::to_owned)
}

/// # Errors
/// When the server cannot be asked.
pub fn get(url: &str, key: &str) -> anyhow::Result<Value> {
    let mut answer = ureq::get(url).header("authorization", format!("Bearer {key}")).call()?;
    Ok(answer.body_mut().with_config().limit(64 << 20).read_json()?)
}
