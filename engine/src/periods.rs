//! For which time is something assigned? (Rolecall's own; the contract knows assignments without end only)

use alloc::vec::Vec;

use crate::{refusal::Rule, time::Timestamp};

/// The time in which something holds: from its begin up to its end, the end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    from: Timestamp,
    until: Timestamp,
}

impl Period {
    /// Without begin and end.
    pub const ALWAYS: Self = Self { from: Timestamp::EPOCH, until: Timestamp::MAX };

    /// From a begin to an end, where there are such.
    ///
    /// # Errors
    /// [`Rule::EmptyPeriod`] where the end is not behind the begin.
    pub fn new(from: Option<Timestamp>, until: Option<Timestamp>) -> Result<Self, Rule> {
        let period =
            Self::stored(from.map_or(0, Timestamp::as_millis), until.map_or(i64::MAX, Timestamp::as_millis));
        if period.from < period.until { Ok(period) } else { Err(Rule::EmptyPeriod) }
    }

    /// As it was written with [`Period::millis`].
    #[must_use]
    pub const fn stored(from: i64, until: i64) -> Self {
        Self { from: Timestamp::from_millis(from), until: Timestamp::from_millis(until) }
    }

    /// Begin and end in milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> [i64; 2] {
        [self.from.as_millis(), self.until.as_millis()]
    }

    /// The begin, if there is one.
    #[must_use]
    pub fn valid_from(self) -> Option<Timestamp> {
        Some(self.from).filter(|from| *from > Timestamp::EPOCH)
    }

    /// The end, if there is one.
    #[must_use]
    pub fn expires_at(self) -> Option<Timestamp> {
        Some(self.until).filter(|until| *until < Timestamp::MAX)
    }

    /// Whether it holds at a time.
    #[must_use]
    pub fn holds(self, at: Timestamp) -> bool {
        self.from <= at && !self.is_over(at)
    }

    /// Whether it has ended by a time.
    #[must_use]
    pub fn is_over(self, at: Timestamp) -> bool {
        self.expires_at().is_some_and(|until| until <= at)
    }

    /// Whether it holds at a time as long as another one or longer.
    pub(crate) fn outlasts(self, other: Self, at: Timestamp) -> bool {
        self.holds(at) && self.until >= other.until
    }

    /// The first time behind another at which it begins or ends.
    pub(crate) fn turn(self, behind: Timestamp) -> Option<Timestamp> {
        [self.valid_from(), self.expires_at()].into_iter().flatten().find(|turn| *turn > behind)
    }
}

/// A role or a group that somebody has for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assigned<T> {
    /// What is assigned.
    pub to: T,
    /// For which time.
    pub period: Period,
}

impl<T> From<T> for Assigned<T> {
    fn from(to: T) -> Self {
        Self { to, period: Period::ALWAYS }
    }
}

/// Edits a list of what somebody has, without naming periods. What holds already keeps its period; what is new has no end,
/// and takes the place of what had yet to begin.
pub(crate) trait Assignments<T> {
    /// What holds at a time.
    fn held(&self, at: Timestamp) -> impl Iterator<Item = T>;
    /// These instead of those that hold. What has yet to begin stays.
    fn replace(&mut self, wanted: Vec<T>, at: Timestamp);
    /// One more.
    fn add(&mut self, to: T, at: Timestamp);
    /// One more for some time, or the same for another time.
    fn assign(&mut self, assigned: Assigned<T>);
}

impl<T: Copy + PartialEq> Assignments<T> for Vec<Assigned<T>> {
    fn held(&self, at: Timestamp) -> impl Iterator<Item = T> {
        self.iter().filter(move |assigned| assigned.period.holds(at)).map(|assigned| assigned.to)
    }

    fn replace(&mut self, wanted: Vec<T>, at: Timestamp) {
        let to_begin = |assigned: &&Assigned<T>| {
            !assigned.period.holds(at) && !assigned.period.is_over(at) && !wanted.contains(&assigned.to)
        };
        let later: Self = self.iter().filter(to_begin).copied().collect();
        let present = |to: &T| self.iter().find(|held| held.to == *to && held.period.holds(at)).copied();
        *self = wanted.iter().map(|to| present(to).unwrap_or_else(|| (*to).into())).chain(later).collect();
    }

    fn add(&mut self, to: T, at: Timestamp) {
        if !self.held(at).any(|held| held == to) {
            self.assign(to.into());
        }
    }

    fn assign(&mut self, assigned: Assigned<T>) {
        match self.iter_mut().find(|present| present.to == assigned.to) {
            Some(present) => *present = assigned,
            None => self.push(assigned),
        }
    }
}
