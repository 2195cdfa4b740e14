//! A node is cut off from the database: packets vanish, and nobody is told.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    report::Report,
    stage::{STALENESS, Stage, ready},
    witness::{Cast, during},
};

/// How much later than the lease ends an answer may come that was given before.
const LATE: Duration = Duration::from_millis(100);

/// It decides until its lease ends, and not longer.
pub fn node(stage: &Stage, sabotaged: bool) -> anyhow::Result<Report> {
    let installation = stage.installation("partition", sabotaged.then_some("never-outdated"))?;
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
    let (seen, (cut, mended)) = during(&cast, || {
        sleep(STALENESS / 2);
        let cut = stage.network.cut()?;
        let at = Instant::now();
        sleep(2 * STALENESS);
        drop(cut);
        let mended = Instant::now();
        ready(b.address)?;
        sleep(STALENESS / 2);
        Ok((at, mended))
    })?;
    let mut report = Report::new(seen, begun, &cast, &nodes)?;
    let silent = report.without_decisions(0);
    report.expect(silent < STALENESS, format!("the other node did not decide for {silent:?}"));
    if let Some(b) = report.seen.asked.get(1) {
        let while_leased = b.answers.good_between(cut, cut + STALENESS / 2);
        let later = b.answers.good_between(cut + STALENESS + LATE, mended);
        let again = b.answers.good_between(mended, Instant::now());
        report.expect(while_leased > 0, "the node that was cut off stopped deciding at once");
        report.expect(later == 0, format!("it answered {later} questions after its lease"));
        report.expect(again > 0, "it did not decide again when it was not cut off any more");
    }
    Ok(report)
}
