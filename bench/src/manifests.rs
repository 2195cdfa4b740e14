//! Access as code in a large tenant: planning alone, and the commands that read all of it over the API.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rolecall_engine::{
    change::Editor,
    ids::TenantId,
    manifest::{Holdings, Manifest, Section, export, plan},
    names::DisplayName,
    tenants::Tenant,
    time::Timestamp,
};

use crate::{
    seed,
    server::{self, Server},
    world::{Scale, World},
};

const SCALE: Scale = Scale { users: 100_000, groups: 10_000, custom_roles: 500 };
/// Groups whose roles are taken in the plan that finds something.
const EDITED: usize = 100;
/// How often the program is started.
const STARTS: u32 = 100;

/// Planning in memory, from what was read and what is wanted.
///
/// # Errors
/// When a plan is not what it must be.
pub fn planning() -> anyhow::Result<()> {
    let holdings = holdings(&World::new(SCALE));
    let manifest = export(&holdings, Section::ALL);
    timed(&holdings, &manifest, 0, "nothing to do")?;
    let mut edited = manifest;
    for group in edited.groups.values_mut().filter(|group| group.roles.is_some()).take(EDITED) {
        group.roles = Some(std::collections::BTreeSet::new());
    }
    timed(&holdings, &edited, EDITED, "the roles of 100 groups to take")
}

fn timed(holdings: &Holdings, manifest: &Manifest, steps: usize, what: &str) -> anyhow::Result<()> {
    let own = std::process::id();
    // What was most so far does not count.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let held = server::memory(own, "VmRSS");
    let begun = Instant::now();
    let Ok(plan) = plan(holdings, manifest, false) else { bail!("there is no plan") };
    let took = begun.elapsed().as_secs_f64();
    if plan.steps.len() != steps {
        bail!("{} steps instead of {steps}", plan.steps.len());
    }
    println!(
        "planning for {SCALE:?}, {what}: {took:.2} s (at most 1); memory {held:.0} MiB with the tenant and the file, {:.0} at most (at most 400)",
        server::memory(own, "VmHWM")
    );
    Ok(())
}

fn holdings(world: &World) -> Holdings {
    let editor = Editor::system(Timestamp::from_millis(0));
    let tenant =
        Tenant::create(TenantId::new([1; 32]), DisplayName::stored("Bench".to_owned()), Vec::new(), &editor);
    let mut holdings = Holdings::new(std::sync::Arc::clone(&world.catalogue), tenant.value, &editor);
    holdings.roles = world.roles.iter().map(|role| (role.id, role.clone())).collect();
    holdings.groups = world.groups.iter().map(|group| (group.id, group.clone())).collect();
    holdings.users = world.users.iter().map(|user| (user.id, user.stored())).collect();
    holdings.compiled()
}

/// The commands on a tenant that a server has, and what the program costs that has nothing to do.
///
/// # Errors
/// When the server cannot be asked, or a command fails.
pub fn commands(data: &Path, key: &str) -> anyhow::Result<()> {
    let server = Server::start(data)?;
    let begun = Instant::now();
    let mut things = 0;
    for list in ["/api/v1/roles", "/api/v1/groups", "/api/v1/users", "/api/v1/spaces"] {
        things += pages(&server, key, list)?;
    }
    let bare = begun.elapsed();
    let file = tempfile::NamedTempFile::new()?;
    let (export, memory) = command(&server, key, &["export"], file.reopen()?.into())?;
    println!(
        "export: {:.1} s, {memory:.0} MiB at most; the same {things} things read by a bare client in {:.1} s; ratio of the rates {:.2} (at least 0.7)",
        export.as_secs_f64(),
        bare.as_secs_f64(),
        bare.as_secs_f64() / export.as_secs_f64()
    );
    let file = file.path().to_string_lossy();
    let (plan, memory) = command(&server, key, &["plan", &file], Stdio::null())?;
    println!("plan of what was exported: {:.1} s, {memory:.0} MiB at most", plan.as_secs_f64());
    let before = server::cpu_of_children();
    for _ in 0..STARTS {
        command(&server, key, &["--version"], Stdio::null())?;
    }
    println!(
        "`rolecall --version`: {:.1} ms of a processor (at most 10)",
        (server::cpu_of_children() - before) * 1000.0 / f64::from(STARTS)
    );
    Ok(())
}

/// Reads a list page by page; answers how many things are on it.
fn pages(server: &Server, key: &str, list: &str) -> anyhow::Result<usize> {
    let mut things = 0;
    let mut at = Some(format!("http://{}{list}?limit=100", server.address));
    while let Some(page) = at {
        let page = seed::get(&page, key)?;
        things += page.get("data").and_then(serde_json::Value::as_array).context("no data")?.len();
        at = seed::next(&page);
    }
    Ok(things)
}

/// Runs a command of the program on the server's tenant; answers how long it took and the most it held.
fn command(server: &Server, key: &str, words: &[&str], output: Stdio) -> anyhow::Result<(Duration, f64)> {
    let begun = Instant::now();
    let mut command = Command::new(server::program()?);
    command
        .args(words)
        .env("ROLECALL_URL", format!("http://{}", server.address))
        .env("ROLECALL_API_KEY", key);
    let mut child = command.stdout(output).spawn()?;
    let mut most = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        most = f64::max(most, server::memory(child.id(), "VmHWM"));
        std::thread::sleep(Duration::from_millis(1));
    };
    if !status.success() {
        bail!("{words:?}: {status}");
    }
    Ok((begun.elapsed(), most))
}
