//! Reads: the own roles, lists, deep pages, filters.

use std::{fmt::Write as _, time::Duration};

use anyhow::Context as _;

use crate::{
    load::{self, Measured, Request},
    seed,
    server::Server,
};

/// How long each load lasts, and how often it is taken in turn with the one it is compared with.
const TIME: Duration = Duration::from_millis(1500);
const ROUNDS: usize = 3;

/// Two loads in turn; answers the round with the median ratio of rates.
fn pairs(
    a: impl Fn() -> anyhow::Result<Measured>,
    b: impl Fn() -> anyhow::Result<Measured>,
) -> anyhow::Result<(Measured, Measured)> {
    let mut rounds = (0..ROUNDS).map(|_| Ok((a()?, b()?))).collect::<anyhow::Result<Vec<_>>>()?;
    rounds.sort_by(|(a, b), (c, d)| (a.rate / b.rate).total_cmp(&(c.rate / d.rate)));
    Ok(rounds.swap_remove(ROUNDS / 2))
}

fn asking(server: &Server, connections: usize, path: &str, key: Option<&str>) -> anyhow::Result<Measured> {
    let request = Request::get(path, key);
    load::run(server.address, connections, TIME, |_| Some(request.clone()))
}

/// `users/me` with the own roles and groups, beside a request that needs nothing at all.
pub fn own_roles(server: &Server, key: &str) -> anyhow::Result<()> {
    let path = "/api/v1/users/me?fields=assignedGroups,assignedRoles";
    for connections in [16, 64] {
        let (own, bare) = pairs(
            || asking(server, connections, path, Some(key)),
            || asking(server, connections, "/livez", None),
        )?;
        println!(
            "users/me?fields at {connections} connections: {:.0}/s, p50 {:.0} us, p99 {:.0} us; livez {:.0}/s; ratio {:.2} (at least 0.5)",
            own.rate,
            own.median(),
            own.quantile(0.99),
            bare.rate,
            own.rate / bare.rate
        );
    }
    Ok(())
}

/// Pages of lists, the first ones and a deep one.
pub fn lists(server: &Server, key: &str) -> anyhow::Result<()> {
    for path in [
        "/api/v1/roles?limit=100",
        "/api/v1/users?limit=100",
        "/api/v1/groups?limit=100",
        "/api/v1/users?limit=100&filter=name%20co%20%22x%22",
        "/api/v1/users?limit=100&filter=name%20co%20%2299%22",
    ] {
        for connections in [16, 64] {
            let measured = asking(server, connections, path, Some(key))?;
            println!(
                "{path} at {connections} connections: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
                measured.rate,
                measured.median() / 1000.0,
                measured.quantile(0.99) / 1000.0
            );
        }
    }
    let first = "/api/v1/users?limit=100";
    let deep = deep_page(server, key, 999)?;
    let (deep, first) =
        pairs(|| asking(server, 16, &deep, Some(key)), || asking(server, 16, first, Some(key)))?;
    println!(
        "page 1,000 of users: {:.0}/s; page 1: {:.0}/s; the deep page costs {:.2} times the first (at most 1.5)",
        deep.rate,
        first.rate,
        first.rate / deep.rate
    );
    Ok(())
}

/// The path of the page behind so many pages.
fn deep_page(server: &Server, key: &str, pages: usize) -> anyhow::Result<String> {
    let origin = format!("http://{}", server.address);
    let mut at = format!("{origin}/api/v1/users?limit=100");
    for _ in 0..pages {
        at = seed::next(&seed::get(&at, key)?).context("there is no page behind")?;
    }
    // The link names the host that was asked, which here is always the same.
    let path = at.split_once("/api/v1/").context("no path")?.1;
    Ok(format!("/api/v1/{path}"))
}

/// Filters that an index can serve, with ten times as many users.
pub fn filters(
    (large, large_key): (&Server, &str),
    (small, small_key): (&Server, &str),
) -> anyhow::Result<()> {
    for filter in [
        "name eq \"User 000777\"",
        "name sw \"User 0007\"",
        "subject eq \"idp\\\\000777\"",
        "email eq \"u000777@bench.example\"",
        "status eq \"active\" and name eq \"User 000777\"",
        "assignedRoles.name eq \"TenantAdmin\"",
    ] {
        let mut path = String::from("/api/v1/users?limit=100&filter=");
        for byte in filter.bytes() {
            write!(path, "%{byte:02x}")?;
        }
        let (many, few) = pairs(
            || asking(large, 16, &path, Some(large_key)),
            || asking(small, 16, &path, Some(small_key)),
        )?;
        println!(
            "filter {filter}: {:.0}/s at 100,000 users, {:.0}/s at 10,000; {:.2} times the cost (at most 2)",
            many.rate,
            few.rate,
            few.rate / many.rate
        );
    }
    Ok(())
}
