//! What is done with this repository? `cargo xtask test`, `tidy`, `bench`, `faults`, `fuzz`, `generate`.

mod coverage;
mod fuzz;
mod test;
mod tidy;

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, bail};
use rolecall_postgres::Cluster;

const USAGE: &str = "usage: cargo xtask <command>

  test      install what the tests need, and run everything
  tidy      check the structure: who may use whom, and how files look
  bench     measure what it costs beside what it could cost at least; all, or `engine`, `decisions`, `tokens`, `logins`,
            `code`, `receivers`, `tenants`, `nodes`, `api`; `peers` alone builds other policy engines and asks them the same questions, `cerbos` a server
  faults    let nodes, the database, the network, clocks and disks fail, and look what is lost; all, those of the tests with
            `--short`, or those named, of which `kills` is the program over SQLite
  fuzz      look for inputs that make it fail, for so many seconds each (600 if not given)
  generate  write what is made from the program: openapi.json, permissions.txt, escalation.txt
";

fn main() -> ExitCode {
    let done = match env::args().nth(1).as_deref() {
        Some("test") => test::all(),
        Some("tidy") => tidy::run(),
        Some("generate") => generate(),
        Some("fuzz") => fuzzing(env::args().nth(2)),
        Some("faults") => faults(&env::args().skip(2).collect::<Vec<_>>()),
        Some("bench") => bench(&env::args().skip(2).collect::<Vec<_>>()),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Runs a command in a folder of the repository, shows what it prints, and expects it to succeed.
fn run(folder: &str, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    run_with(folder, program, arguments, &[])
}

/// As [`run`], with environment variables.
fn run_with(
    folder: &str,
    program: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> anyhow::Result<()> {
    println!("> {program} {}", arguments.join(" "));
    let mut command = Command::new(program);
    command.args(arguments).envs(variables.iter().copied()).current_dir(root().join(folder));
    let status = command.status().with_context(|| format!("cannot run `{program}`"))?;
    if status.success() { Ok(()) } else { bail!("`{program} {}` failed: {status}", arguments.join(" ")) }
}

/// What a command prints.
fn output(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    let output = output.with_context(|| format!("cannot run `{program}`"))?;
    if !output.status.success() {
        bail!("`{program} {}` failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn generate() -> anyhow::Result<()> {
    let document = output("cargo", &["run", "--quiet", "-p", "rolecall-server", "--example", "openapi"])?;
    std::fs::write(root().join("openapi.json"), document)?;
    let tests =
        ["test", "--quiet", "-p", "rolecall-server", "--test", "it", "--", "permissions", "escalation"];
    run_with("", "cargo", &tests, &[("ROLECALL_GENERATE", "1")])?;
    for (file, words) in
        [("commands.md", &["man", "--markdown"][..]), ("access-as-code.schema.json", &["schema"])]
    {
        let printed = output("cargo", &[&["run", "--quiet", "-p", "rolecall", "--"], words].concat())?;
        std::fs::write(root().join("docs/reference").join(file), printed)?;
    }
    println!("wrote openapi.json, permissions.txt, escalation.txt, and the reference of the command line");
    Ok(())
}

/// Longer than the tests do.
fn fuzzing(seconds: Option<String>) -> anyhow::Result<()> {
    let seconds = seconds.map(|text| text.parse()).transpose().context("seconds are a number")?;
    fuzz::all(seconds.unwrap_or(600))
}

/// The part of the faults that are tests of the program over SQLite, and how often it is killed in them.
const KILLS: (&str, &str) = ("kills", "500");

/// Lets faults happen to the program, built so that it can have deliberate ones.
fn faults(which: &[String]) -> anyhow::Result<()> {
    let program = ["-p", "rolecall", "-p", "rolecall-faults", "--features", "rolecall/sabotage"];
    run("", "cargo", &[&["build", "--quiet"], &program[..]].concat())?;
    let (part, often) = KILLS;
    let named: Vec<&str> = which.iter().map(String::as_str).filter(|name| *name != part).collect();
    if which.is_empty() || !named.is_empty() {
        run("", "target/debug/rolecall-faults", &[&["target/faults"], &named[..]].concat())?;
    }
    if which.is_empty() || named.len() < which.len() {
        let tests = [
            "test",
            "--quiet",
            "-p",
            "rolecall",
            "--test",
            "it",
            "--",
            "--nocapture",
            "crash::",
            "deliveries::",
        ];
        run_with("", "cargo", &tests, &[("CRASH_ROUNDS", often), ("DELIVERY_ROUNDS", often)])?;
    }
    Ok(())
}

/// The version of Cerbos that is asked the same questions.
const CERBOS: &str = "cerbos@0.51.0";

fn bench(parts: &[String]) -> anyhow::Result<()> {
    let mut build = vec!["build", "--release", "--quiet", "-p", "rolecall", "-p", "rolecall-bench"];
    if parts.iter().any(|part| part == "peers") {
        build.extend(["--features", "rolecall-bench/peers"]);
    }
    run("", "cargo", &build)?;
    if parts.iter().any(|part| part == "cerbos") {
        let folder = "target/bench/cerbos";
        std::fs::create_dir_all(root().join(folder))?;
        let install = ["install", "--prefix", ".", "--no-audit", "--no-fund", CERBOS];
        run(folder, "npm", &install)?;
    }
    let with_nodes = parts.is_empty() || parts.iter().any(|part| part == "nodes");
    // On the disk: what is measured is durable.
    let cluster = if with_nodes { Some(Cluster::start(&env::temp_dir())?) } else { None };
    let database = cluster.as_ref().map(|cluster| cluster.database("bench")).transpose()?;
    let variables: Vec<(&str, &str)> = database.iter().map(|url| ("BENCH_DATABASE", url.as_str())).collect();
    let parts = parts.iter().map(String::as_str);
    run_with(
        "",
        "target/release/bench",
        &["target/bench"].into_iter().chain(parts).collect::<Vec<_>>(),
        &variables,
    )
}
