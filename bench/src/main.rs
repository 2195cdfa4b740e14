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
mod manifests;
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

use anyhow::{Context as _, bail};
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

/// A part that can be asked for.
struct Part {
    name: &'static str,
    /// Whether it is left out unless it is named.
    only_by_name: bool,
    /// Is given the folder in which things are kept, and whether everything is measured.
    measure: fn(&Path, all: bool) -> anyhow::Result<()>,
}

impl Part {
    const fn of_all(name: &'static str, measure: fn(&Path, all: bool) -> anyhow::Result<()>) -> Self {
        Self { name, only_by_name: false, measure }
    }
}

const PARTS: &[Part] = &[
    Part::of_all("engine", |_, _| {
        engine::decisions();
        engine::huge();
        engine::readers();
        engine::many();
        Ok(())
    }),
    #[cfg(feature = "peers")]
    Part::of_all("peers", |_, _| peers::side_by_side()),
    Part::of_all("decisions", decisions),
    Part::of_all("tokens", |folder, _| {
        let small = folder.join("small");
        seed::tenant(&small, SMALL)?;
        tokens::programs(&Server::start(&small)?, &seed::key(&small)?)
    }),
    // What logs in and is provisioned stays in the store, so it is a store of its own.
    Part::of_all("logins", |folder, _| {
        let own = own(folder, SMALL)?;
        logins::all(&Server::start(own.path())?, &seed::key(own.path())?)
    }),
    Part::of_all("receivers", |folder, _| {
        let own = own(folder, SMALL)?;
        receivers::hanging(own.path(), &seed::key(own.path())?)
    }),
    Part::of_all("code", |folder, _| {
        let large = folder.join("large");
        seed::tenant(&large, LARGE)?;
        manifests::planning()?;
        manifests::commands(&large, &seed::key(&large)?)
    }),
    Part::of_all("tenants", |folder, _| tenants::all(&folder.join("tenants"))),
    Part::of_all("nodes", |folder, _| {
        let database = std::env::var("BENCH_DATABASE").context("`cargo xtask bench` has a PostgreSQL")?;
        let own = tempfile::Builder::new().prefix("nodes-").tempdir_in(folder)?;
        nodes::all(own.path(), &database)
    }),
    // It needs a program from npm.
    Part {
        name: "cerbos",
        only_by_name: true,
        measure: |folder, _| {
            let small = folder.join("small");
            seed::tenant(&small, SMALL)?;
            cerbos::side_by_side(&folder.join("cerbos"), &small, &seed::key(&small)?)
        },
    },
    Part::of_all("api", |folder, _| {
        let (large, small) = (folder.join("large"), folder.join("small"));
        seed::tenant(&large, LARGE)?;
        seed::tenant(&small, SMALL)?;
        api(folder, &large, &small)
    }),
];

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    if first.as_deref() == Some(questions::Bare::WORD) {
        return questions::Bare::serve();
    }
    let folder = first.map_or_else(|| PathBuf::from("target/bench"), PathBuf::from);
    let named: Vec<String> = arguments.collect();
    if let Some(unknown) = named.iter().find(|name| PARTS.iter().all(|part| part.name != **name)) {
        let parts: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        bail!("there is no part `{unknown}`; there are {}", parts.join(", "));
    }
    std::fs::create_dir_all(&folder)?;
    let all = named.is_empty();
    let wanted = |part: &&Part| (all && !part.only_by_name) || named.iter().any(|name| name == part.name);
    PARTS.iter().filter(wanted).try_for_each(|part| (part.measure)(&folder, all))
}

/// A tenant of its own, which is gone afterwards.
fn own(folder: &Path, size: Size) -> anyhow::Result<tempfile::TempDir> {
    let own = tempfile::Builder::new().prefix("own-").tempdir_in(folder)?;
    seed::tenant(own.path(), size)?;
    Ok(own)
}

/// Questions over HTTP, alone and beside changes.
fn decisions(folder: &Path, all: bool) -> anyhow::Result<()> {
    let (large, tiny) = (folder.join("large"), folder.join("tiny"));
    seed::tenant(&large, LARGE)?;
    questions::restart(&large, &seed::key(&large)?)?;
    let (server, key) = (Server::start(&large)?, seed::key(&large)?);
    questions::decisions(&server, &key)?;
    freshness::beside_changes(&server, &key)?;
    freshness::acknowledged(&server, &key, if all { 10_000 } else { PAIRS })?;
    seed::tenant(&tiny, TINY)?;
    freshness::from_nothing(&tiny, &seed::key(&tiny)?)
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
