//! A node is stopped for longer than its lease, as a process, and as a machine that sleeps and gets no packets either.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    report::Report,
    stage::{STALENESS, Stage, faulty},
    witness::{Cast, during},
};

const SECOND: Duration = Duration::from_secs(1);

/// Its first answers when it goes on are not of before.
pub fn a_node_is_stopped(stage: &Stage, sabotaged: bool) -> anyhow::Result<Report> {
    let installation = stage.installation("pause")?;
    let a = installation.node("a", None, &[])?;
    let b = installation.node_apart(&stage.network, "b", &faulty(sabotaged, "never-outdated"))?;
    let tenant = installation.tenant(&a)?;
    let nodes = [a.address, b.address];
    let cast = Cast {
        tenant: &tenant,
        writes: &[a.address],
        changes: a.address,
        pace: STALENESS / 20,
        asks: &nodes,
        staleness: STALENESS,
    };
    let begun = Instant::now();
    let (seen, back) = during(&cast, |signals| {
        sleep(SECOND);
        let pause = signals.in_between(|| b.pause())?;
        sleep(STALENESS + SECOND);
        drop(pause);
        tenant.decided(b.address)?;
        let (pause, cut) = signals.in_between(|| Ok((b.pause()?, stage.network.cut()?)))?;
        sleep(STALENESS + SECOND);
        drop(pause);
        // The network comes later than the process: nobody tells it what it has missed.
        sleep(SECOND / 2);
        drop(cut);
        tenant.decided(b.address)
    })?;
    let mut report = Report::new(seen, begun, &cast, &nodes)?;
    let silent = report.without_decisions(0);
    report.expect(silent < STALENESS, format!("the other node did not decide for {silent:?}"));
    report.note(format!("decides again after {:.1} s", back.as_secs_f64()));
    Ok(report)
}
