//! Does any input make the program fail? Inputs are found by what code they reach, with the fuzzer of LLVM.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context as _, bail};

use crate::{output, root, run_with};

const TARGETS: [&str; 5] = ["filter", "patch", "evaluation", "cursor", "catalogue"];
/// How many run at once.
const AT_ONCE: usize = 2;
/// What tells the fuzzer which code an input reaches.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Runs every target for so many seconds, from its seeds and from what earlier runs found.
pub fn all(seconds: u32) -> anyhow::Result<()> {
    let version = output("rustc", &["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc has a host")?;
    let target_dir = root().join("target/fuzz");
    // With the machine named, build scripts and macros are built without the flags.
    let build = ["build", "--release", "--quiet", "--target", host];
    let variables = [("RUSTFLAGS", FLAGS), ("CARGO_TARGET_DIR", &target_dir.to_string_lossy())];
    run_with("fuzz", "cargo", &build, &variables)?;
    let programs = target_dir.join(host).join("release");
    for some in TARGETS.chunks(AT_ONCE) {
        let running: Vec<_> = some
            .iter()
            .map(|target| {
                let program = programs.join(target);
                thread::spawn(move || one(target, &program, seconds))
            })
            .collect();
        for one in running {
            one.join().map_err(|_| anyhow::anyhow!("a target could not be run"))??;
        }
    }
    Ok(())
}

fn one(target: &str, program: &PathBuf, seconds: u32) -> anyhow::Result<()> {
    let found = root().join("target/fuzz/corpus").join(target);
    fs::create_dir_all(&found)?;
    let ran = Command::new(program)
        .args([format!("-max_total_time={seconds}"), "-timeout=10".into(), "-rss_limit_mb=4096".into()])
        .args(["-max_len=4096", "-print_final_stats=1", "-verbosity=0", "-dict=fuzz/dictionary.txt"])
        .arg("-artifact_prefix=target/fuzz/")
        .args([found, root().join("fuzz/seeds").join(target)])
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{}`", program.display()))?;
    let said = String::from_utf8_lossy(&ran.stderr);
    if !ran.status.success() {
        bail!("fuzzing `{target}` failed; the input is in target/fuzz/\n{said}");
    }
    let executed = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    println!("fuzzed {target} for {seconds} s: {} inputs", executed.unwrap_or_default().trim());
    Ok(())
}
