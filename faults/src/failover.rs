//! The primary's machine is lost: PostgreSQL and Patroni are killed at once, and a standby takes over.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    loopback::{Loopback, end_receivers},
    node::Pause,
    report::Report,
    stage::Stage,
    witness::{Cast, during},
};

const SECOND: Duration = Duration::from_secs(1);
/// Longer than it takes.
const STALENESS: Duration = Duration::from_secs(30);

/// Decisions go on, and nothing that was acknowledged is lost.
pub fn the_primary_is_lost(stage: &Stage, sabotaged: bool) -> anyhow::Result<Report> {
    let cluster = Loopback::start(stage, STALENESS)?;
    let old = cluster.primary()?;
    let installation = cluster.installation(stage, "fail-over", old)?;
    let tenant = Loopback::tenant(&installation)?;
    if sabotaged {
        Loopback::acknowledge_alone(old)?;
    }
    let nodes = Loopback::nodes();
    let [first, _] = nodes;
    let cast = Cast {
        tenant: &tenant,
        writes: &[Loopback::front()],
        changes: first,
        pace: SECOND / 2,
        asks: &nodes,
        staleness: STALENESS,
    };
    let begun = Instant::now();
    let (seen, (new, took)) = during(&cast, |_| {
        sleep(5 * SECOND);
        let receivers = if sabotaged { cluster.receivers() } else { Vec::new() };
        let stopped: Vec<(u32, Pause)> = receivers
            .into_iter()
            .map(|process| Ok((process, Pause::of(process)?)))
            .collect::<anyhow::Result<_>>()?;
        sleep(SECOND / 2);
        cluster.tell(&["kill", &old.name()])?;
        end_receivers(stopped);
        let taken_over = cluster.another_than(old)?;
        sleep(10 * SECOND);
        Ok(taken_over)
    })?;
    cluster.tell(&["start", &old.name()])?;
    let mut report = Report::new(seen, begun, &cast, &nodes)?;
    report.note(format!("{} took over after {:.1} s", new.name(), took.as_secs_f64()));
    let silent = report.without_decisions(0).max(report.without_decisions(1));
    report.expect(silent < STALENESS, format!("there was no decision for {silent:?}"));
    Ok(report)
}
