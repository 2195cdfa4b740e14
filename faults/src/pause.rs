//! A node is stopped for longer than its lease, as a process, and as a machine that sleeps and gets no packets either.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    report::Report,
    stage::{STALENESS, Stage, ready},
    witness::{Cast, during},
};

const SECOND: Duration = Duration::from_secs(1);

/// Its first answers when it goes on are not of before.
pub fn node(stage: &Stage, sabotaged: bool) -> anyhow::Result<Report> {
    let installation = stage.installation("pause", sabotaged.then_some("never-outdated"))?;
    let (a, b) = (installation.node("a", None)?, installation.node_apart(&stage.network, "b", &[])?);
    let tenant = installation.tenant(&a)?;
    let nodes = [a.address, b.address];
    let cast = Cast {
        tenant: &tenant,
        writes: &nodes,
        changes: a.address,
        pace: STALENESS / 20,
        asks: &nodes,
        staleness: STALENESS,
    };
    let begun = Instant::now();
    let (seen, awake) = during(&cast, || {
        sleep(SECOND);
        let pause = b.pause()?;
        sleep(STALENESS + SECOND);
        drop(pause);
        sleep(SECOND);
        let (pause, cut) = (b.pause()?, stage.network.cut()?);
        sleep(STALENESS + SECOND);
        drop(pause);
        // The network comes later than the process: nobody tells it what it has missed.
        sleep(SECOND / 2);
        drop(cut);
        let awake = Instant::now();
        ready(b.address)?;
        sleep(SECOND);
        Ok(awake)
    })?;
    let mut report = Report::new(seen, begun, &cast, &nodes)?;
    let silent = report.without_decisions(0);
    report.expect(silent < STALENESS, format!("the other node did not decide for {silent:?}"));
    let again = report.seen.asked.get(1).map_or(0, |b| b.answers.good_between(awake, Instant::now()));
    report.expect(again > 0, "the node that was stopped did not decide again");
    Ok(report)
}
