//! May a node answer from what it has in memory?
//!
//! Where several nodes share a database, each knows what the others changed only as of its last beacon. It may answer for some
//! time after that, and not longer: an answer is never older than the lease. The time is counted by a clock that never goes back
//! and that goes on while the machine sleeps or is stopped without knowing it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use tokio::sync::{Notify, watch};

use crate::{clock::Moment, metrics::Histogram};

/// How long answers may be behind: 1 s to 300 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staleness(pub Duration);

impl Default for Staleness {
    fn default() -> Self {
        Self(Duration::from_secs(30))
    }
}

/// Until when an answer may be given; for ever, if nobody else writes to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term(Option<Moment>);

impl Term {
    /// Whether it has not ended.
    pub fn is_running(self) -> bool {
        #[cfg(feature = "sabotage")]
        if crate::sabotage::leases_never_end() {
            return true;
        }
        self.0.is_none_or(|end| Moment::now() <= end)
    }
}

/// Until when a node may answer from memory.
#[derive(Debug)]
pub enum Lease {
    /// For ever: nobody else writes to the database.
    Own,
    /// Until a moment, as the number that it is.
    Shared(AtomicU64),
}

impl Lease {
    /// The lease of a node that has not sent a beacon yet.
    pub fn new(shared: bool) -> Self {
        if shared { Self::Shared(AtomicU64::new(0)) } else { Self::Own }
    }

    /// Whether it is good.
    pub fn is_good(&self) -> bool {
        self.term().is_running()
    }

    /// How long it lasts as it is now. Whoever looks for an answer takes this before, and asks when the answer is there whether
    /// it still runs: what renews the lease meanwhile may say that the answer is outdated.
    pub fn term(&self) -> Term {
        match self {
            Self::Own => Term(None),
            Self::Shared(until) => Term(Some(Moment(until.load(Ordering::Acquire)))),
        }
    }

    /// How long it will be good, and if it is over, for how long it is; none where it is good for ever.
    pub fn remaining(&self) -> Option<f64> {
        let Self::Shared(until) = self else { return None };
        let (until, now) = (until.load(Ordering::Acquire), Moment::now().0);
        let apart = Duration::from_millis(until.abs_diff(now)).as_secs_f64();
        Some(if until >= now { apart } else { -apart })
    }

    /// Makes it good for so long after a beacon was sent that has succeeded. When the answer to it came does not count.
    pub fn renew(&self, sent: Moment, Staleness(span): Staleness) {
        if let Self::Shared(until) = self {
            let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
            until.fetch_max(sent.0.saturating_add(span), Ordering::Release);
        }
    }
}

/// The beacons of this node, counted.
#[derive(Debug)]
pub struct Beacons {
    /// How many were begun to be sent.
    pub begun: AtomicU64,
    /// The last one that was heard.
    pub heard: watch::Sender<u64>,
    /// Wakes whoever sends the next one.
    pub wanted: Notify,
    /// How long the answers to them took.
    pub took: Histogram,
    /// How often the database could not be followed, or did not hear one.
    pub failed: Counter,
}

impl Default for Beacons {
    fn default() -> Self {
        Self {
            begun: AtomicU64::new(0),
            heard: watch::Sender::new(0),
            wanted: Notify::new(),
            took: Histogram::default(),
            failed: Counter::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_counts_from_when_the_beacon_was_sent() {
        let lease = Lease::new(true);
        assert!(!lease.is_good(), "nothing is known yet");
        let sent = Moment(Moment::now().0 - 2000);
        lease.renew(sent, Staleness(Duration::from_secs(1)));
        assert!(!lease.is_good(), "it had ended when the answer came");
        lease.renew(Moment::now(), Staleness::default());
        assert!(lease.is_good());
        lease.renew(sent, Staleness(Duration::from_secs(1)));
        assert!(lease.is_good(), "an earlier beacon shortens nothing");
        let lease = Lease::new(true);
        let term = lease.term();
        lease.renew(Moment::now(), Staleness::default());
        assert!(lease.is_good() && !term.is_running(), "what was begun before is not longer good for it");
        assert!(Lease::new(false).is_good());
    }
}
