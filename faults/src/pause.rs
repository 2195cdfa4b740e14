//! A node is stopped for longer than its lease, as a process, and as a machine that sleeps and gets no packets either.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    report::Report,
    stage::{Pair, STALENESS, Stage, faulty},
    witness::during,
};

const SECOND: Duration = Duration::from_secs(1);

/// Its first answers when it goes on are not of before.
pub fn a_node_is_stopped(stage: &Stage, sabotaged: bool) -> anyhow::Result<Report> {
    let installation = stage.installation("pause")?;
    let pair = Pair::start(stage, &installation, &faulty(sabotaged, "never-outdated"))?;
    let nodes = pair.nodes();
    let cast = pair.cast(&nodes);
    let begun = Instant::now();
    let (seen, back) = during(&cast, |signals| {
        sleep(SECOND);
        let pause = signals.in_between(|| pair.b.pause())?;
        sleep(STALENESS + SECOND);
        drop(pause);
        pair.tenant.decided(pair.b.address)?;
        let (pause, cut) = signals.in_between(|| Ok((pair.b.pause()?, stage.network.cut()?)))?;
        sleep(STALENESS + SECOND);
        drop(pause);
        // The network comes later than the process: nobody tells it what it has missed.
        sleep(SECOND / 2);
        drop(cut);
        pair.tenant.decided(pair.b.address)
    })?;
    let mut report = Report::new(seen, begun, &cast, &nodes)?;
    let silent = report.without_decisions(0);
    report.expect(silent < STALENESS, format!("the other node did not decide for {silent:?}"));
    report.note(format!("decides again after {:.1} s", back.as_secs_f64()));
    Ok(report)
}
