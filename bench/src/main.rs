//! What does the server cost, beside what it could cost at least? `cargo xtask bench` prints all of it.
//!
//! Machines are shared and noisy, so each figure is taken in turn with the one it is compared with, and the ratio counts.

#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

mod bare;
mod cerbos;
mod engine;
mod freshness;
mod load;
mod logins;
mod nodes;
#[cfg(feature = "peers")]
mod peers;
mod questions;
mod reads;
mod receivers;
mod seed;
mod server;
mod tenants;
mod tokens;
mod world;
mod writes;

use std::path::{Path, PathBuf};

use seed::Size;
use server::Server;

/// The allocator of the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The tenant that is measured.
const LARGE: Size = Size { users: 100_000, groups: 10_000, roles: 500 };
/// A tenth of it, to see what grows with the number of users.
const SMALL: Size = Size { users: 10_000, groups: 1_000, roles: 500 };

/// A small one.
const TINY: Size = Size { users: 100, groups: 10, roles: 10 };
/// Changes that are each asked about, where decisions alone are measured.
const PAIRS: usize = 1_000_000;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    if first.as_deref() == Some(questions::Bare::WORD) {
        return questions::Bare::serve();
    }
    let folder = first.map_or_else(|| PathBuf::from("target/bench"), PathBuf::from);
    let parts: Vec<String> = arguments.collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    if wanted("engine") {
        engine::decisions();
        engine::huge();
        engine::readers();
        engine::many();
    }
    #[cfg(feature = "peers")]
    if wanted("peers") {
        peers::side_by_side()?;
    }
    let (large, small) = (folder.join("large"), folder.join("small"));
    if wanted("decisions") || wanted("api") {
        seed::tenant(&large, LARGE)?;
    }
    if wanted("decisions") {
        questions::restart(&large, &seed::key(&large)?)?;
        let (server, key) = (Server::start(&large)?, seed::key(&large)?);
        questions::decisions(&server, &key)?;
        freshness::beside_changes(&server, &key)?;
        freshness::acknowledged(&server, &key, if parts.is_empty() { 10_000 } else { PAIRS })?;
        let tiny = folder.join("tiny");
        seed::tenant(&tiny, TINY)?;
        freshness::from_nothing(&tiny, &seed::key(&tiny)?)?;
    }
    if wanted("tokens") {
        seed::tenant(&small, SMALL)?;
        tokens::programs(&Server::start(&small)?, &seed::key(&small)?)?;
    }
    if wanted("logins") {
        // What logs in and is provisioned stays in the store, so it is a store of its own.
        let own = tempfile::Builder::new().prefix("logins-").tempdir_in(&folder)?;
        seed::tenant(own.path(), SMALL)?;
        logins::all(&Server::start(own.path())?, &seed::key(own.path())?)?;
    }
    if wanted("receivers") {
        let own = tempfile::Builder::new().prefix("receivers-").tempdir_in(&folder)?;
        seed::tenant(own.path(), SMALL)?;
        receivers::hanging(own.path(), &seed::key(own.path())?)?;
    }
    if wanted("tenants") {
        tenants::all(&folder.join("tenants"))?;
    }
    // Only with a PostgreSQL: `cargo xtask bench` has one.
    if wanted("nodes")
        && let Ok(database) = std::env::var("BENCH_DATABASE")
    {
        let own = tempfile::Builder::new().prefix("nodes-").tempdir_in(&folder)?;
        nodes::all(own.path(), &database)?;
    }
    // Only if it is asked for by name: it needs a program from npm.
    if parts.iter().any(|part| part == "cerbos") {
        seed::tenant(&small, SMALL)?;
        cerbos::side_by_side(&folder.join("cerbos"), &small, &seed::key(&small)?)?;
    }
    if wanted("api") {
        seed::tenant(&small, SMALL)?;
        api(&folder, &large, &small)?;
    }
    Ok(())
}

/// The API of the contract.
fn api(folder: &Path, large: &Path, small: &Path) -> anyhow::Result<()> {
    let (key, small_key) = (seed::key(large)?, seed::key(small)?);
    idle(folder)?;
    let server = Server::start(large)?;
    let other = Server::start(small)?;
    reads::own_roles(&server, &key)?;
    reads::lists(&server, &key)?;
    reads::filters((&server, &key), (&other, &small_key))?;
    drop(other);
    println!(
        "memory of the server after reads: {:.0} MiB, {:.0} at most",
        server.memory("VmRSS"),
        server.memory("VmHWM")
    );
    writes::durable(server, large, &key)
}

/// What a server holds that has one tenant and nothing to do.
fn idle(folder: &Path) -> anyhow::Result<()> {
    let data = tempfile::Builder::new().prefix("idle-").tempdir_in(folder)?;
    let words =
        ["init", "--name", "Idle", "--hostname", "idle.example", "--admin-email", "admin@bench.example"];
    server::run(data.path(), &words)?;
    let server = Server::start(data.path())?;
    seed::get(&format!("http://{}/api/v1/users/me", server.address), &seed::key(data.path())?)?;
    println!("memory of an idle server: {:.0} MiB", server.memory("VmRSS"));
    Ok(())
}
