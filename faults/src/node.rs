//! A node: a process of the program, as it is shipped, with a deliberate fault if one is wanted.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::{Child, Command},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long a node may take to begin.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running node. It is killed when this is dropped.
pub struct Node {
    child: Child,
    pub address: SocketAddr,
}

impl Node {
    /// Starts one. What it logs is added to a file.
    ///
    /// # Errors
    /// When it does not begin to listen.
    pub fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        let before = usize::try_from(file.metadata()?.len())?;
        let mut child = command.stderr(file).spawn()?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && child.try_wait()?.is_none() {
            let said = fs::read_to_string(log)?;
            if let Some(address) = said.get(before..).unwrap_or_default().lines().find_map(address) {
                return Ok(Self { child, address });
            }
            sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        let _ = child.wait();
        bail!("the node did not begin; see `{}`", log.display())
    }

    /// Ends it as the kernel does that is out of memory.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn kill(mut self) -> anyhow::Result<()> {
        signal(self.child.id(), Signal::KILL)?;
        self.child.wait()?;
        Ok(())
    }

    /// Stops it, until the answer is dropped.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pause(&self) -> anyhow::Result<Pause> {
        Pause::of(self.child.id())
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended by itself.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the line by which a node says that it is ready.
fn address(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    line.get("address")?.as_str()?.parse().ok()
}

/// A process that is stopped. It goes on when this is dropped.
pub struct Pause(u32);

impl Pause {
    /// Stops a process.
    ///
    /// # Errors
    /// When there is none of that number.
    pub fn of(process: u32) -> anyhow::Result<Self> {
        signal(process, Signal::STOP)?;
        Ok(Self(process))
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        let _ = signal(self.0, Signal::CONT);
    }
}

/// Sends a signal to one process.
///
/// # Errors
/// When there is none of that number.
pub fn signal(process: u32, signal: Signal) -> anyhow::Result<()> {
    let number = i32::try_from(process).ok().and_then(Pid::from_raw).context("no process")?;
    kill_process(number, signal).with_context(|| format!("process {process}"))
}

/// What a process is called; PostgreSQL's say what they do.
pub fn called(process: u32) -> String {
    fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default()
}
