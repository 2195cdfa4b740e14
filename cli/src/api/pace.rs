//! How fast may changes be sent to a server that takes so many in a minute and no more?

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// Changes in a window (reference/rest-api.md §1.7, tier 2).
const CHANGES: usize = 100;
const WINDOW: Duration = Duration::from_mins(1);

/// When the last changes were sent, or are to be.
#[derive(Default)]
pub struct Pace(VecDeque<Instant>);

impl Pace {
    /// How long to wait before the next change.
    pub fn turn(&mut self) -> Duration {
        let now = Instant::now();
        let oldest = if self.0.len() < CHANGES { None } else { self.0.pop_front() };
        let at = oldest.map_or(now, |oldest| now.max(oldest + WINDOW));
        self.0.push_back(at);
        at - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_go_at_once_and_the_next_wait() {
        let mut pace = Pace::default();
        assert!((0..CHANGES).all(|_| pace.turn() == Duration::ZERO));
        let waits: Vec<Duration> = (0..CHANGES).map(|_| pace.turn()).collect();
        assert!(waits.iter().all(|wait| *wait > WINDOW / 2 && *wait <= WINDOW), "{waits:?}");
        assert!(pace.turn() > WINDOW);
    }
}
