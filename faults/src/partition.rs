//! A node is cut off from the database: packets vanish, and nobody is told.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    report::Report,
    stage::{Pair, STALENESS, Stage, faulty},
    witness::during,
};

/// How much later than the lease ends an answer may come that was given before.
const LATE: Duration = Duration::from_millis(100);

/// It decides until its lease ends, and not longer.
pub fn a_node_is_cut_off(stage: &Stage, sabotaged: bool) -> anyhow::Result<Report> {
    let installation = stage.installation("partition")?;
    let pair = Pair::start(stage, &installation, &faulty(sabotaged, "never-outdated"))?;
    let nodes = pair.nodes();
    let cast = pair.cast(&nodes);
    let begun = Instant::now();
    let (seen, (cut, mended, back)) = during(&cast, |signals| {
        sleep(STALENESS / 2);
        // What was changed an instant before would have to be read anew.
        let cut = signals.in_between(|| stage.network.cut())?;
        let at = Instant::now();
        sleep(2 * STALENESS);
        drop(cut);
        let mended = Instant::now();
        let back = pair.tenant.decided(pair.b.address)?;
        sleep(STALENESS / 4);
        Ok((at, mended, back))
    })?;
    let mut report = Report::new(seen, begun, &cast, &nodes)?;
    let silent = report.without_decisions(0);
    report.expect(silent < STALENESS, format!("the other node did not decide for {silent:?}"));
    report.note(format!("decides again after {:.1} s", back.as_secs_f64()));
    if let Some(b) = report.seen.asked.get(1) {
        let while_leased = b.answers.good_between(cut, cut + STALENESS / 2);
        let later = b.answers.good_between(cut + STALENESS + LATE, mended);
        report.expect(while_leased > 0, "the node that was cut off stopped deciding at once");
        report.expect(later == 0, format!("it answered {later} questions after its lease"));
    }
    Ok(report)
}
