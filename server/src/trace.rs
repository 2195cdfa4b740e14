//! Which request is this? The same number is in the answer, in the log, in traces and in the audit trail.
//!
//! A caller that traces its own work gives the number (W3C Trace Context). So it tells which requests belong together, and not
//! that there is only one: nothing is looked up by it, and nothing relies on there being no second.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rolecall_engine::names::Reason;

use crate::{clock::Entropy, etag::Expected, idempotency::once::Once};

/// The number of a request, written as 32 lower-case hexadecimal digits (reference/errors.md §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(u128);

tokio::task_local! {
    static PRESENT: TraceId;
}

/// Does something as a part of answering a request.
pub fn within<T>(trace: TraceId, answer: impl Future<Output = T>) -> impl Future<Output = T> {
    PRESENT.scope(trace, answer)
}

/// The number of the request that is being answered here, if one is.
#[must_use]
pub fn present() -> Option<TraceId> {
    PRESENT.try_with(|trace| *trace).ok()
}

/// Goes on with a part of answering a request elsewhere: on another thread, or in another task.
#[derive(Debug, Clone, Copy)]
pub struct Onward(Option<TraceId>);

impl Onward {
    /// From here.
    #[must_use]
    pub fn here() -> Self {
        Self(present())
    }

    /// Work on another thread.
    pub fn run<T>(self, work: impl FnOnce() -> T) -> T {
        match self.0 {
            Some(trace) => PRESENT.sync_scope(trace, work),
            None => work(),
        }
    }

    /// Work in another task.
    pub async fn wait<T>(self, work: impl Future<Output = T>) -> T {
        match self.0 {
            Some(trace) => within(trace, work).await,
            None => work.await,
        }
    }
}

/// What a caller says of its own work that a request is a part of (W3C Trace Context §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    pub trace: TraceId,
    pub span: u64,
    pub is_sampled: bool,
}

impl Parent {
    /// Reads a `traceparent`; none where it is not of the right form, or a later version begins otherwise.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let number = |text: &str, digits: usize| {
            let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            let well_formed = text.len() == digits && text.bytes().all(hexadecimal);
            well_formed.then(|| u128::from_str_radix(text, 16).ok()).flatten()
        };
        let mut parts = text.split('-');
        let version = number(parts.next()?, 2)?;
        let trace = number(parts.next()?, 32).filter(|trace| *trace != 0)?;
        let span = number(parts.next()?, 16).filter(|span| *span != 0)?;
        let flags = number(parts.next()?, 2)?;
        let more = parts.next().is_some();
        let read = version != 0xff && !(version == 0 && more);
        let parent =
            Self { trace: TraceId(trace), span: u64::try_from(span).ok()?, is_sampled: flags & 1 == 1 };
        read.then_some(parent)
    }
}

/// What a change is written down with beside who made it: the number of the request, and why, if it says so; and the name under
/// which it is to be done once; and what it depends on.
#[derive(Debug, Clone)]
pub struct Cause {
    pub trace: TraceId,
    pub reason: Option<Reason>,
    pub once: Option<Arc<Once>>,
    pub expected: Option<Expected>,
}

impl From<TraceId> for Cause {
    fn from(trace: TraceId) -> Self {
        Self { trace, reason: None, once: None, expected: None }
    }
}

impl From<TraceId> for u128 {
    fn from(TraceId(number): TraceId) -> Self {
        number
    }
}

/// Gives numbers to requests whose callers give none. No two are alike: a random one to begin with, then one after the other, far
/// apart.
#[derive(Debug)]
pub struct Traces {
    first: u128,
    given: AtomicU64,
}

impl Traces {
    /// Numbers of a process of its own.
    #[must_use]
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

    /// The number of the request that is being answered, or the next one for what is no part of a request.
    pub fn present(&self) -> TraceId {
        present().unwrap_or_else(|| self.next())
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_the_callers_if_it_is_well_formed() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parent = Parent::read(good).unwrap();
        assert_eq!(parent.trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!((parent.span, parent.is_sampled), (0x00f0_67aa_0ba9_02b7, true));
        assert!(Parent::read(&good.replace("-01", "-00")).is_some_and(|parent| !parent.is_sampled));
        assert!(Parent::read(&format!("cc{}-what-comes", &good[2..])).is_some(), "of a later version");
        for wrong in [
            "",
            "00",
            &good[3..],
            &format!("ff{}", &good[2..]),
            &format!("{good}-more"),
            &good.to_uppercase(),
            &good.replace("4bf92f3577b34da6a3ce929d0e0e4736", "00000000000000000000000000000000"),
            &good.replace("00f067aa0ba902b7", "0000000000000000"),
            &good.replace("4bf9", "4bf"),
            &good.replace("4bf9", "+bf9"),
            &good.replace("4bf9", "4bg9"),
            &good.replace("-01", "-1"),
            &format!(" {good}"),
        ] {
            assert_eq!(Parent::read(wrong), None, "{wrong}");
        }
    }
}
