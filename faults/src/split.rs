//! Two primaries: Patroni of the primary is stopped, another member takes over, and a node still talks to the old one.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    loopback::Loopback,
    report::Report,
    stage::{STALENESS, Stage},
    witness::{Cast, during},
};

const SECOND: Duration = Duration::from_secs(1);
/// How much later than the lease ends an answer may come that was given before.
const LATE: Duration = Duration::from_millis(100);

/// What that node is asked to store is not acknowledged, and it decides until its lease ends.
pub fn there_are_two_primaries(stage: &Stage, sabotaged: bool) -> anyhow::Result<Report> {
    let cluster = Loopback::start(stage, STALENESS)?;
    let old = cluster.primary()?;
    let installation = cluster.installation(stage, "split-brain", old)?;
    let tenant = Loopback::tenant(&installation)?;
    let left_behind = installation.node_by_the_other_way("left-behind")?;
    if sabotaged {
        Loopback::acknowledge_alone(old)?;
    }
    let [first, second] = Loopback::nodes();
    let cast = Cast {
        tenant: &tenant,
        writes: &[Loopback::front(), left_behind.address],
        changes: first,
        pace: SECOND / 2,
        asks: &[first, second, left_behind.address],
        staleness: STALENESS,
    };
    let begun = Instant::now();
    let (seen, (new, took, promoted, mended)) = during(&cast, |_| {
        sleep(5 * SECOND);
        let pause = cluster.pause_patroni(old)?;
        let (new, took) = cluster.another_than(old)?;
        let promoted = Instant::now();
        sleep(5 * STALENESS);
        drop(pause);
        let mended = Instant::now();
        sleep(10 * SECOND);
        Ok((new, took, promoted, mended))
    })?;
    let mut report = Report::new(seen, begun, &cast, &[first, second])?;
    report.note(format!("{} took over after {:.1} s", new.name(), took.as_secs_f64()));
    if let Some(left_behind) = report.seen.asked.get(2) {
        let before = left_behind.answers.good_between(begun, promoted);
        let later = left_behind.answers.good_between(promoted + STALENESS + LATE, mended);
        report.expect(before > 0, "the node that was left behind never decided");
        report.expect(later == 0, format!("it answered {later} questions after its lease"));
    }
    Ok(report)
}
