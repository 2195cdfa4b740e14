//! How is everything tested, on a machine that has only Rust and Debian's packages?

use std::{path::PathBuf, process::Command};

use anyhow::Context as _;
use rolecall_postgres::Cluster;
use serde_json::Value;

use crate::{coverage, fuzz, output, root, run, run_with, tidy};

/// The oldest Node.js that the vendor's client runs on.
const NODE: u32 = 20;
/// Where the vendor's client is tried, and a browser.
const CLIENTS: &[&str] = &["cli/tests/clients/qlik-api", "cli/tests/clients/browser"];
/// Where the compliance checker of SCIM is tried, and where its packages are put.
const SCIM: &str = "cli/tests/clients/scim";
const PACKAGES: &str = "target/clients/scim";

/// Random tenants on which the engine is compared with the naive reference.
const TENANTS: &str = "100000";
/// Seconds for which each kind of input is looked for that makes the program fail.
const FUZZING: u32 = 60;

/// Installs what the tests need, and runs everything.
pub fn all() -> anyhow::Result<()> {
    install()?;
    tidy::run()?;
    run("", "cargo", &["fmt", "--all", "--check"])?;
    run("", "cargo", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])?;
    run_with("", "cargo", &["test", "--workspace"], &[("CRASH_ROUNDS", "100"), ("DELIVERY_ROUNDS", "20")])?;
    faults()?;
    on_postgres()?;
    once_more("cli", &["--ignored"], &[])?;
    once_more("engine", &["oracle"], &[("PROPTEST_CASES", TENANTS)])?;
    clients()?;
    scim()?;
    fuzz::all(FUZZING)?;
    coverage::engine()
}

/// Runs integration tests of a crate in another way, as they were built with the workspace. Asked for the crate alone, cargo
/// would build all of it again, with the features that it needs alone.
fn once_more(krate: &str, arguments: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<()> {
    let built = ["test", "--workspace", "--no-run", "--quiet", "--message-format", "json"];
    let built = output("cargo", &built)?;
    let manifest = root().join(krate).join("Cargo.toml");
    let program = built.lines().find_map(|line| {
        let said: Value = serde_json::from_str(line).ok()?;
        let text = |at| said.pointer(at).and_then(Value::as_str);
        let wanted = text("/manifest_path") == manifest.to_str() && text("/target/kind/0") == Some("test");
        text("/executable").filter(|_| wanted).map(str::to_owned)
    });
    let program = program.with_context(|| format!("`{krate}` has no integration tests"))?;
    run_with(krate, &program, &[&["--quiet"], arguments].concat(), variables)
}

/// Lets faults happen to the program as the tests have built it, which can have deliberate ones too. That takes networks and disks
/// of its own, which not every machine lets be made.
fn faults() -> anyhow::Result<()> {
    let allowed = Command::new("unshare").args(["--net", "--mount", "true"]).status();
    if !allowed.is_ok_and(|status| status.success()) {
        println!(
            "NOT TESTED: faults. They need root and `unshare --net --mount`: `cargo xtask faults --short`"
        );
        return Ok(());
    }
    run("", "cargo", &["build", "--quiet", "-p", "rolecall-faults"])?;
    run("", "target/debug/rolecall-faults", &["target/faults", "--short"])
}

/// What the server does over SQLite it does over PostgreSQL.
fn on_postgres() -> anyhow::Result<()> {
    let cluster = Cluster::in_memory()?;
    once_more("server", &[], &[("TEST_DATABASE", &cluster.url)])
}

fn has(program: &str) -> bool {
    let asks = match program {
        "nginx" => "-v",
        "ip" => "-V",
        _ => "--version",
    };
    Command::new(program).arg(asks).output().is_ok_and(|output| output.status.success())
}

/// Installs programs of Debian's that are not there.
fn install() -> anyhow::Result<()> {
    let wanted = [
        ("npm", "npm"),
        ("node", "nodejs"),
        ("curl", "curl"),
        ("nginx", "nginx-light"),
        ("g++", "g++"),
        ("chromium", "chromium"),
        ("python3", "python3"),
        ("ip", "iproute2"),
        ("faketime", "faketime"),
    ];
    let mut missing: Vec<&str> =
        wanted.iter().filter(|(program, _)| !has(program)).map(|(_, package)| *package).collect();
    if !makes_environments() {
        missing.push("python3-venv");
    }
    if rolecall_postgres::programs().is_err() {
        missing.push("postgresql");
    }
    if missing.is_empty() {
        return Ok(());
    }
    run("", "apt-get", &["update", "--quiet"])?;
    run("", "apt-get", &[&["install", "--yes", "--quiet"][..], &missing].concat())
}

/// Drives the program, as it is shipped, with the vendor's client and in a browser.
fn clients() -> anyhow::Result<()> {
    run("", "cargo", &["build", "--quiet"])?;
    let node = node()?;
    let program = root().join("target/debug/rolecall");
    for client in CLIENTS {
        run(client, "npm", &["ci", "--no-audit", "--no-fund"])?;
        run_with(client, &node.to_string_lossy(), &["--test"], &[("ROLECALL", &program.to_string_lossy())])?;
    }
    Ok(())
}

/// Whether Python can make environments; Debian's cannot without a further package.
fn makes_environments() -> bool {
    let ensurepip = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    ensurepip.is_ok_and(|output| output.status.success())
}

/// Drives the program with a compliance checker of SCIM.
fn scim() -> anyhow::Result<()> {
    run("", "python3", &["-m", "venv", "--clear", PACKAGES])?;
    let packages = root().join(PACKAGES);
    let python = packages.join("bin/python");
    let python = python.to_string_lossy();
    run(SCIM, &python, &["-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"])?;
    let program = root().join("target/debug/rolecall");
    run_with(SCIM, &python, &["check.py"], &[("ROLECALL", &program.to_string_lossy())])
}

/// A Node.js that is new enough: the machine's, or one from npm where Debian's is older.
fn node() -> anyhow::Result<PathBuf> {
    let version = Command::new("node").arg("--version").output()?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    if major.is_some_and(|major: u32| major >= NODE) {
        return Ok(PathBuf::from("node"));
    }
    let tools = root().join("target/node");
    std::fs::create_dir_all(&tools)?;
    let to = tools.to_string_lossy();
    run("", "npm", &["install", "--prefix", &to, "--no-audit", "--no-fund", &format!("node@{NODE}")])?;
    Ok(tools.join("node_modules/.bin/node"))
}
