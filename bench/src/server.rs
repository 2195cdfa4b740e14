//! The server under load: a process of its own, as it is shipped.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// A running server. It is killed when this is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

/// The program that stands beside this one.
pub fn program() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("rolecall");
    if program.exists() {
        Ok(program)
    } else {
        bail!("`{}` is not built: `cargo build --release`", program.display())
    }
}

fn command(data: &Path, words: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(program()?);
    command.args(words).arg("--data").arg(data).arg("--key-file").arg(data.join("key"));
    Ok(command)
}

/// Runs a command on a data directory; answers what it prints.
///
/// # Errors
/// When it fails.
pub fn run(data: &Path, words: &[&str]) -> anyhow::Result<String> {
    let output = command(data, words)?.output()?;
    if !output.status.success() {
        bail!("{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

impl Server {
    /// # Errors
    /// When it does not start.
    pub fn start(data: &Path) -> anyhow::Result<Self> {
        Self::start_with(data, &[])
    }

    /// One over a PostgreSQL.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_over(data: &Path, database: &str) -> anyhow::Result<Self> {
        Self::start_with(data, &["--database", database])
    }

    /// One with more settings.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_with(data: &Path, more: &[&str]) -> anyhow::Result<Self> {
        let words = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--metrics-listen",
            "127.0.0.1:0",
            "--rate-limits",
            "off",
            "--log-format",
            "json",
        ];
        let mut child = command(data, &[&words, more].concat())?.stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("no output")?).lines();
        let address = lines.find_map(|line| {
            let line: Value = serde_json::from_str(&line.ok()?).ok()?;
            line.get("address")?.as_str()?.parse().ok()
        });
        std::thread::spawn(move || lines.count());
        Ok(Self { child, address: address.context("the server did not start")? })
    }

    /// A figure of the process, as [`memory`] has it.
    pub fn memory(&self, figure: &str) -> f64 {
        memory(self.process(), figure)
    }

    /// The number of the process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

/// A figure of a process, in MiB: `VmRSS` is what it holds, `VmHWM` the most it held.
pub fn memory(process: u32, figure: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

/// Seconds of a processor that a process has used, its own and the system's for it.
pub fn cpu(process: u32) -> f64 {
    times(&process.to_string(), 11)
}

/// Seconds of a processor that programs have used which this one has started and which have ended.
pub fn cpu_of_children() -> f64 {
    times("self", 13)
}

/// The sum of two times of a process, by the place of the first behind its name.
fn times(process: &str, first: usize) -> f64 {
    // In hundredths of a second, as Linux tells them to programs.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // Behind the name, which may have blanks in it.
    let figures = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = figures.skip(first).take(2).filter_map(|figure| figure.parse::<f64>().ok()).sum();
    ticks / TICKS
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
