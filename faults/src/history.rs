//! Which answers to "may they?" were right, given when the right was given or taken?
//!
//! An answer may be of any moment from S before it was asked for until it came: S is `--max-staleness`. A change that was
//! acknowledged to be known everywhere is in every answer that is asked for from then on. A change whose answer never came may
//! have been made or not.

use std::time::{Duration, Instant};

/// Leases are counted in whole milliseconds.
const ROUNDING: Duration = Duration::from_millis(1);

/// What became of somebody's right: it is given or taken once.
#[derive(Debug, Clone, Copy)]
pub struct Right {
    pub at_first: bool,
    pub change: Option<Change>,
}

#[derive(Debug, Clone, Copy)]
pub struct Change {
    /// When it was asked for the first time.
    pub sent: Instant,
    /// When it was acknowledged; none if it was not.
    pub acknowledged: Option<Instant>,
    /// Whether it was acknowledged to be known by all nodes.
    pub everywhere: bool,
}

/// An answer to the question whether somebody has the right.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    pub asked: Instant,
    pub came: Instant,
    pub allowed: bool,
}

impl Right {
    /// Whether an answer is of a moment that it may be of.
    pub fn may_be(&self, answer: Answer, staleness: Duration) -> bool {
        let Some(change) = self.change else { return answer.allowed == self.at_first };
        if answer.allowed != self.at_first {
            return change.sent <= answer.came;
        }
        let grace = if change.everywhere { Duration::ZERO } else { staleness };
        change.acknowledged.is_none_or(|known| answer.asked <= known + grace + ROUNDING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "some moment")]
    fn an_answer_is_of_a_moment_that_is_not_too_long_ago() {
        let zero = Instant::now();
        let at = |millis| zero + Duration::from_millis(millis);
        let taken = |acknowledged: Option<u64>, everywhere| {
            let change = Change { sent: at(1000), acknowledged: acknowledged.map(at), everywhere };
            Right { at_first: true, change: Some(change) }
        };
        let may = |right: Right, asked, allowed| {
            let answer = Answer { asked: at(asked), came: at(asked + 5), allowed };
            right.may_be(answer, Duration::from_secs(2))
        };
        let right = taken(Some(1010), false);
        assert!(may(right, 900, true) && !may(right, 900, false), "it was not taken yet");
        assert!(may(right, 998, false), "it was taken before the answer came");
        assert!(may(right, 3000, true) && may(right, 3000, false), "not long ago");
        assert!(!may(right, 3012, true) && may(right, 3012, false), "long ago");
        let right = taken(Some(1010), true);
        assert!(may(right, 1010, true) && !may(right, 1012, true), "all know it");
        let right = taken(None, false);
        assert!(may(right, 9000, true) && may(right, 9000, false), "nobody knows");
        let never = Right { at_first: false, change: None };
        assert!(may(never, 1000, false) && !may(never, 1000, true));
    }
}
