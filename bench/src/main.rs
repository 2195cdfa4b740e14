//! What does the server cost, beside what it could cost at least? `cargo xtask bench` prints all of it.
//!
//! Machines are shared and noisy, so each figure is taken in turn with the one it is compared with, and the ratio counts.

#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

mod bare;
mod load;
mod reads;
mod seed;
mod server;
mod writes;

use std::path::PathBuf;

use seed::Size;
use server::Server;

/// The tenant that is measured.
const LARGE: Size = Size { users: 100_000, groups: 10_000, roles: 500 };
/// A tenth of it, to see what grows with the number of users.
const SMALL: Size = Size { users: 10_000, groups: 1_000, roles: 500 };

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("target/bench"), PathBuf::from);
    let (large, small) = (folder.join("large"), folder.join("small"));
    seed::tenant(&large, LARGE)?;
    seed::tenant(&small, SMALL)?;
    let (key, small_key) = (seed::key(&large)?, seed::key(&small)?);
    idle(&folder)?;
    let server = Server::start(&large)?;
    let other = Server::start(&small)?;
    reads::own_roles(&server, &key)?;
    reads::lists(&server, &key)?;
    reads::filters((&server, &key), (&other, &small_key))?;
    drop(other);
    println!(
        "memory of the server after reads: {:.0} MiB, {:.0} at most",
        server.memory("VmRSS"),
        server.memory("VmHWM")
    );
    writes::durable(server, &large, &key)
}

/// What a server holds that has one tenant and nothing to do.
fn idle(folder: &std::path::Path) -> anyhow::Result<()> {
    let data = tempfile::Builder::new().prefix("idle-").tempdir_in(folder)?;
    let words =
        ["init", "--name", "Idle", "--hostname", "idle.example", "--admin-email", "admin@bench.example"];
    server::run(data.path(), &words)?;
    let server = Server::start(data.path())?;
    seed::get(&format!("http://{}/api/v1/users/me", server.address), &seed::key(data.path())?)?;
    println!("memory of an idle server: {:.0} MiB", server.memory("VmRSS"));
    Ok(())
}
