//! A node, or the database, is killed while it writes.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rolecall_postgres::Cluster;
use rustix::process::Signal;

use crate::{
    node::{Pause, called, signal},
    report::Report,
    stage::{STALENESS, Stage, faulty, ready},
    witness::{Cast, during},
};

const SECOND: Duration = Duration::from_secs(1);
/// How often a node is killed.
const KILLS: usize = 5;

/// One of two nodes is killed, and started again.
pub fn a_node_is_killed(stage: &Stage, sabotaged: bool) -> anyhow::Result<Report> {
    let installation = stage.installation("kill-node")?;
    let faulty = faulty(sabotaged, "answer-before-commit");
    let (a, b) = (installation.node("a", None, &[])?, installation.node("b", None, &faulty)?);
    let tenant = installation.tenant(&a)?;
    let nodes = [a.address, b.address];
    let cast = Cast {
        tenant: &tenant,
        writes: &[b.address, a.address, b.address, b.address],
        changes: a.address,
        pace: SECOND / 10,
        asks: &nodes,
        staleness: STALENESS,
    };
    let begun = Instant::now();
    let mut b = Some(b);
    let (seen, ()) = during(&cast, |_| {
        for _ in 0..KILLS {
            sleep(SECOND / 2);
            let Some(killed) = b.take() else { break };
            let port = killed.address.port();
            killed.kill()?;
            sleep(SECOND / 4);
            b = Some(installation.node("b", Some(port), &faulty)?);
        }
        sleep(SECOND);
        Ok(())
    })?;
    let mut report = Report::new(seen, begun, &cast, &nodes)?;
    let silent = report.without_decisions(0);
    report.expect(silent < STALENESS, format!("the other node did not decide for {silent:?}"));
    Ok(report)
}

/// All of PostgreSQL is killed, and started again.
pub fn the_database_is_killed(stage: &Stage, sabotaged: bool) -> anyhow::Result<Report> {
    let installation = stage.installation("kill-postgres")?;
    let (a, b) = (installation.node("a", None, &[])?, installation.node("b", None, &[])?);
    // A node refuses to start over such a database, so this comes later.
    let _careless = sabotaged.then(|| Careless::begin(&stage.cluster)).transpose()?;
    let tenant = installation.tenant(&a)?;
    let nodes = [a.address, b.address];
    let cast = Cast {
        tenant: &tenant,
        writes: &nodes,
        changes: a.address,
        pace: SECOND / 10,
        asks: &nodes,
        staleness: STALENESS,
    };
    let begun = Instant::now();
    let (seen, back) = during(&cast, |_| {
        sleep(SECOND);
        let _idle = sabotaged.then(|| stop_writer(&stage.cluster)).transpose()?;
        sleep(SECOND);
        for process in stage.cluster.processes() {
            // One may have ended by itself.
            let _ = signal(process, Signal::KILL);
        }
        sleep(SECOND);
        stage.cluster.begin()?;
        let back = Instant::now();
        ready(a.address)?;
        ready(b.address)?;
        sleep(SECOND);
        Ok(back)
    })?;
    let mut report = Report::new(seen, begun, &cast, &nodes)?;
    let after = report.seen.writes.good_between(back, Instant::now());
    report.expect(after > 0, "no write was acknowledged once the database was back");
    Ok(report)
}

/// Stops the process that writes what nobody waits for.
fn stop_writer(cluster: &Cluster) -> anyhow::Result<Pause> {
    let is_it = |process: &u32| called(*process).contains("walwriter");
    Pause::of(cluster.processes().into_iter().find(is_it).context("PostgreSQL has no `walwriter`")?)
}

/// A PostgreSQL that acknowledges before it has written, until this is dropped.
struct Careless<'c>(&'c Cluster);

impl<'c> Careless<'c> {
    fn begin(cluster: &'c Cluster) -> anyhow::Result<Self> {
        let careless = Self(cluster);
        cluster.tell("ALTER SYSTEM SET synchronous_commit = off")?;
        cluster.tell("SELECT pg_reload_conf()")?;
        Ok(careless)
    }
}

impl Drop for Careless<'_> {
    fn drop(&mut self) {
        for statement in ["ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()"] {
            let _ = self.0.tell(statement);
        }
    }
}
