//! The wall clock of a node's machine jumps, forwards and backwards, while it runs. Clocks that nobody sets go on.

use std::{
    fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::{
    report::Report,
    stage::{Pair, STALENESS, Stage, faulty},
    witness::{Signals, during},
};

/// How much later than the lease ends an answer may come that was given before.
const LATE: Duration = Duration::from_millis(100);
/// Forwards, which ends the lease, and backwards, which does not make it longer.
const FORWARDS: &str = "+120s";
const BACKWARDS: &str = "-3600s";

/// Decisions stay right, and the lease is as long as it is.
pub fn a_clock_jumps(stage: &Stage, sabotaged: bool) -> anyhow::Result<Report> {
    let installation = stage.installation("clock")?;
    let file = installation.file("time");
    fs::write(&file, "+0s")?;
    let mut variables = faulty(sabotaged, "lease-by-wall-clock");
    variables.extend([
        ("LD_PRELOAD", library()?.to_string_lossy().into_owned()),
        ("FAKETIME_TIMESTAMP_FILE", file.to_string_lossy().into_owned()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]);
    let pair = Pair::start(stage, &installation, &variables)?;
    let _left = Left(pair.b.process());
    let nodes = pair.nodes();
    let cast = pair.cast(&nodes);
    let begun = Instant::now();
    let (seen, times) = during(&cast, |signals| {
        let set = |text: &str| fs::write(&file, text);
        sleep(STALENESS / 2);
        let ahead = cut_off_while(signals, stage, STALENESS / 2, || set(FORWARDS))?;
        pair.tenant.decided(pair.b.address)?;
        sleep(STALENESS / 2);
        let behind = cut_off_while(signals, stage, 2 * STALENESS, || set(BACKWARDS))?;
        pair.tenant.decided(pair.b.address)?;
        sleep(STALENESS / 4);
        set("+0s")?;
        sleep(STALENESS / 4);
        Ok([ahead, behind])
    })?;
    let mut report = Report::new(seen, begun, &cast, &nodes)?;
    let [(ahead, mended), (behind, mended_again)] = times;
    if let Some(b) = report.seen.asked.get(1) {
        let good = |from, to| b.answers.good_between(from, to);
        let counts = [good(begun, ahead), good(mended, behind), good(mended_again, Instant::now())];
        let [too_late, later] = [good(ahead + LATE, mended), good(behind + STALENESS + LATE, mended_again)];
        report.expect(
            counts.iter().all(|count| *count > 0),
            format!("with the clock right, ahead and behind it decided {counts:?} times"),
        );
        report
            .expect(too_late == 0, format!("cut off with the clock ahead it answered {too_late} questions"));
        report.expect(
            later == 0,
            format!("with the clock behind it answered {later} questions after its lease"),
        );
    }
    Ok(report)
}

/// Sets the clock of the node while it is cut off, for so long; answers from when to when that was.
fn cut_off_while(
    signals: &Signals,
    stage: &Stage,
    time: Duration,
    set: impl FnOnce() -> std::io::Result<()>,
) -> anyhow::Result<(Instant, Instant)> {
    let cut = signals.in_between(|| stage.network.cut())?;
    set()?;
    let begun = Instant::now();
    sleep(time);
    drop(cut);
    Ok((begun, Instant::now()))
}

/// What the library keeps in memory for a process, which stays when that is killed. It is gone when this is dropped.
struct Left(u32);

impl Drop for Left {
    fn drop(&mut self) {
        for name in ["faketime_shm", "sem.faketime_sem"] {
            let _ = fs::remove_file(format!("/dev/shm/{name}_{}", self.0));
        }
    }
}

/// Debian's `libfaketime`.
fn library() -> anyhow::Result<PathBuf> {
    let folders = fs::read_dir("/usr/lib")?.filter_map(|entry| Some(entry.ok()?.path()));
    let library = |folder: PathBuf| folder.join("faketime/libfaketimeMT.so.1");
    folders.map(library).find(|file: &PathBuf| Path::exists(file)).context("`libfaketime` is not installed")
}
