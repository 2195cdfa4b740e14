//! Three PostgreSQL under Patroni, and two nodes, as `deploy/loopback/cluster.sh` runs them.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rustix::process::Signal;
use serde_json::json;

use crate::{
    client::Client,
    node::{Pause, called, signal},
    stage::{Installation, Stage, Store},
    tenant::Tenant,
};

/// The first of its hundred ports.
const PORT: u16 = 17_500;
/// How long a fail-over may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long Patroni may take to do what it is told.
const TOLD: Duration = Duration::from_secs(6);

/// A running cluster. It is stopped and deleted when this is dropped.
pub struct Loopback {
    program: PathBuf,
    folder: PathBuf,
    staleness: Duration,
}

impl Loopback {
    /// Starts one. It takes half a minute.
    ///
    /// # Errors
    /// When a program is not installed, or does not start.
    pub fn start(stage: &Stage, staleness: Duration) -> anyhow::Result<Self> {
        // PostgreSQL's user must be able to get there.
        let folder = std::env::temp_dir().join(format!("rolecall-faults-{}", std::process::id()));
        let cluster = Self { program: stage.program.clone(), folder, staleness };
        cluster.tell(&["start"])?;
        Ok(cluster)
    }

    /// Has the script do something; answers what it prints.
    ///
    /// # Errors
    /// When it fails.
    pub fn tell(&self, words: &[&str]) -> anyhow::Result<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/loopback/cluster.sh");
        let mut command = Command::new(script);
        command.args(words).env("DIR", &self.folder).env("PORT", PORT.to_string());
        command.env("ROLECALL", &self.program);
        command.env("ROLECALL_MAX_STALENESS", self.staleness.as_secs().to_string());
        let output = command.output()?;
        if !output.status.success() {
            bail!("cluster.sh {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// The member that is primary.
    ///
    /// # Errors
    /// When there is none.
    pub fn primary(&self) -> anyhow::Result<Member> {
        let name = self.tell(&["primary"])?;
        let number = name.strip_prefix("pg").and_then(|number| number.parse().ok());
        Ok(Member { number: number.with_context(|| format!("the primary is `{name}`"))? })
    }

    /// Waits until another member is primary; answers which, and after how long.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn another_than(&self, old: Member) -> anyhow::Result<(Member, Duration)> {
        let begun = Instant::now();
        loop {
            match self.primary() {
                Ok(new) if new != old => return Ok((new, begun.elapsed())),
                _ if begun.elapsed() > PATIENCE => bail!("nobody takes over from {}", old.name()),
                _ => sleep(Duration::from_millis(100)),
            }
        }
    }

    /// An installation with a tenant, and what nodes need that ask one member of the cluster directly.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn installation(&self, stage: &Stage, name: &str, member: Member) -> anyhow::Result<Installation> {
        let folder = stage.folder(name)?;
        fs::copy(self.folder.join("key"), folder.join("key"))?;
        let variables = fs::read_to_string(self.folder.join("env"))?;
        let near = variables.split('\'').find(|text| text.starts_with("postgres://"));
        let near = near.context("the cluster does not say where its database is")?.to_owned();
        let far = near.replace(&format!(":{}/", PORT + 3), &format!(":{}/", PORT + 10 + member.number));
        Installation::found(&stage.program, folder, Store::Postgres { near, far })
    }

    /// Prepares the tenant of an installation.
    ///
    /// # Errors
    /// When a node refuses something.
    pub fn tenant(installation: &Installation) -> anyhow::Result<Tenant> {
        let [first, _] = Self::nodes();
        Tenant::prepare(first, installation.key.clone())
    }

    /// Where the nodes are.
    pub fn nodes() -> [SocketAddr; 2] {
        [31, 32].map(|n| SocketAddr::from(([127, 0, 0, 1], PORT + n)))
    }

    /// The address before the nodes.
    pub fn front() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], PORT + 4))
    }

    /// Lets commits be acknowledged that no standby has.
    ///
    /// # Errors
    /// When Patroni does not take it.
    pub fn acknowledge_alone(primary: Member) -> anyhow::Result<()> {
        let patroni = SocketAddr::from(([127, 0, 0, 1], PORT + 20 + primary.number));
        let change = json!({"synchronous_mode": false});
        let reply = Client::new("", TOLD).ask("PATCH", patroni, "/config", Some(&change), None);
        if reply.status != 200 {
            bail!("Patroni says {}", reply.status);
        }
        sleep(TOLD);
        Ok(())
    }

    /// Stops a member's Patroni, until the answer is dropped.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause_patroni(&self, member: Member) -> anyhow::Result<Pause> {
        let file = fs::read_to_string(self.folder.join("run").join(member.name()))?;
        Pause::of(file.split_whitespace().next().context("no process")?.parse()?)
    }

    /// The processes by which other members receive what a primary wrote.
    pub fn receivers(&self) -> Vec<u32> {
        let members = (1..=3).map(|number| Member { number });
        let processes = members
            .flat_map(|member| rolecall_postgres::processes(&self.folder.join(member.name()).join("data")));
        processes.filter(|process| called(*process).contains("walreceiver")).collect()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        if let Err(error) = self.tell(&["clean"]) {
            eprintln!("{error:#}");
        }
    }
}

/// One of the three PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    number: u16,
}

impl Member {
    pub fn name(self) -> String {
        format!("pg{}", self.number)
    }
}

/// Has receivers end without what waits for them; they are stopped.
pub fn end_receivers(receivers: Vec<(u32, Pause)>) {
    for (process, pause) in receivers {
        let _ = signal(process, Signal::TERM);
        drop(pause);
    }
}
