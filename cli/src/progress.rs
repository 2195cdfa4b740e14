//! How far is a run, and shall it stop?

use std::{
    io::{IsTerminal as _, stderr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::wait;

/// A line on the terminal, where there is one.
pub struct Progress {
    bar: ProgressBar,
    stopping: Arc<AtomicBool>,
}

impl Progress {
    /// Whether somebody would see one.
    pub fn is_seen(quiet: bool) -> bool {
        !quiet && stderr().is_terminal()
    }

    /// Of so many lines or steps. From now on a signal stops the run between two of them, and a second one at once.
    ///
    /// # Errors
    /// When signals cannot be received.
    pub fn of(count: usize, what: &str, quiet: bool) -> anyhow::Result<Self> {
        let bar = ProgressBar::with_draw_target(u64::try_from(count).ok(), target(quiet));
        let style = format!("{{human_pos}} of {{human_len}} {what}s, {{per_sec}}, {{eta}} left");
        bar.set_style(ProgressStyle::with_template(&style)?);
        bar.enable_steady_tick(Duration::from_secs(1));
        let stopping = Arc::new(AtomicBool::new(false));
        let what = what.to_owned();
        let (stop, told, shown) = (wait::for_stop()?, Arc::clone(&stopping), bar.clone());
        tokio::spawn(async move {
            stop.await;
            told.store(true, Ordering::Relaxed);
            shown.println(format!("stopping behind the {what} it is at; once more to stop at once"));
        });
        Ok(Self { bar, stopping })
    }

    /// One more line is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// Writes something where the line is, which then stands below it.
    pub fn beside<T>(&self, writes: impl FnOnce() -> T) -> T {
        self.bar.suspend(writes)
    }

    /// Whether somebody wants it to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Takes the line from the terminal.
    pub fn end(self) {
        self.bar.finish_and_clear();
    }
}

fn target(quiet: bool) -> ProgressDrawTarget {
    if Progress::is_seen(quiet) { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}
