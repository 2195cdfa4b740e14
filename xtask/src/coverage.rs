//! Which lines of the rules do the engine's tests run?

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::{output, root, run, run_with};

/// Runs the engine's tests once more, counting, and prints what they reach.
pub fn engine() -> anyhow::Result<()> {
    let target = root().join("target/coverage");
    let profiles = target.join("profiles");
    let _ = fs::remove_dir_all(&profiles);
    let programs = target.join("debug/deps");
    // Those of earlier builds would be counted as tests that reach nothing.
    for program in list(&programs).unwrap_or_default().into_iter().filter(|file| is_test(file)) {
        fs::remove_file(program)?;
    }
    let pattern = profiles.join("%p-%m.profraw");
    let variables = [
        ("CARGO_TARGET_DIR", target.to_string_lossy().into_owned()),
        ("RUSTFLAGS", "-C instrument-coverage".to_owned()),
        ("LLVM_PROFILE_FILE", pattern.to_string_lossy().into_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    run_with(
        "",
        "cargo",
        &["test", "--quiet", "--package", "rolecall-engine", "--lib", "--test", "it"],
        &variables,
    )?;
    let tools = tools()?;
    let merged = target.join("engine.profdata");
    let mut merge =
        vec!["merge".to_owned(), "-sparse".into(), "-o".into(), merged.to_string_lossy().into_owned()];
    merge.extend(list(&profiles)?.iter().map(|file| file.to_string_lossy().into_owned()));
    output(&tools.join("llvm-profdata").to_string_lossy(), &borrow(&merge))?;
    let programs = list(&programs)?.into_iter().filter(|file| is_test(file));
    let mut report = vec!["report".to_owned(), format!("--instr-profile={}", merged.display())];
    for program in programs {
        report.extend(["--object".to_owned(), program.to_string_lossy().into_owned()]);
    }
    report.extend(["--sources".to_owned(), root().join("engine/src").to_string_lossy().into_owned()]);
    print(&output(&tools.join("llvm-cov").to_string_lossy(), &borrow(&report))?);
    Ok(())
}

/// The columns of the report that say how many lines there are and how many were run.
fn print(report: &str) {
    println!("\nlines of the engine that its tests run:");
    for line in report.lines() {
        let columns: Vec<&str> = line.split_whitespace().collect();
        if let [file, .., lines, missed, share, _, _, _] = columns[..]
            && share.ends_with('%')
        {
            println!("  {share:>8}  {missed:>4} of {lines:>5} not run  {file}");
        }
    }
}

/// Where the compiler's own tools for coverage are; installs them if they are not there.
fn tools() -> anyhow::Result<PathBuf> {
    let sysroot = output("rustc", &["--print", "sysroot"])?;
    let version = output("rustc", &["--version", "--verbose"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc has no host")?;
    let tools = Path::new(sysroot.trim()).join("lib/rustlib").join(host).join("bin");
    if !tools.join("llvm-cov").exists() {
        run("", "rustup", &["component", "add", "llvm-tools"])?;
    }
    if tools.join("llvm-cov").exists() {
        Ok(tools)
    } else {
        bail!("there is no llvm-cov in `{}`", tools.display())
    }
}

fn list(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

/// Whether a file is one of the engine's test programs.
fn is_test(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    file.extension().is_none() && (name.starts_with("it-") || name.starts_with("rolecall_engine-"))
}

fn borrow(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}
