//! Which request is this? The same number is in the answer, in the log and in the audit trail.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rolecall_engine::names::Reason;

use crate::{clock::Entropy, idempotency::once::Once};

/// The number of a request, written as 32 lower-case hexadecimal digits (reference/errors.md §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(u128);

/// What a change is written down with beside who made it: the number of the request, and why, if it says so; and the name under
/// which it is to be done once.
#[derive(Debug, Clone)]
pub struct Cause {
    pub trace: TraceId,
    pub reason: Option<Reason>,
    pub once: Option<Arc<Once>>,
}

impl From<TraceId> for Cause {
    fn from(trace: TraceId) -> Self {
        Self { trace, reason: None, once: None }
    }
}

/// Gives numbers that no other request has: a random one to begin with, then one after the other, far apart.
#[derive(Debug)]
pub struct Traces {
    first: u128,
    given: AtomicU64,
}

impl Traces {
    /// Numbers of a process of its own.
    pub fn new(entropy: Entropy) -> Self {
        Self { first: u128::from_be_bytes(entropy.bytes()), given: AtomicU64::new(0) }
    }

    /// The next number.
    pub fn next(&self) -> TraceId {
        // An odd factor, so that no number comes twice.
        const APART: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
        let given = self.given.fetch_add(1, Ordering::Relaxed);
        TraceId(self.first.wrapping_add(u128::from(given).wrapping_mul(APART)))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
