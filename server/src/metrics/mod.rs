//! What is counted while the server works?
//!
//! Nothing here tells tenants, people or things apart: labels are names of operations, tiers and outcomes, which are few. What
//! can be looked up when somebody asks is not counted; `serve/scrape.rs` does that, and says what each number means.

mod sharded;

use std::time::Duration;

use prometheus_client::metrics::{
    counter::{Atomic as _, Counter},
    family::Family,
    gauge::Gauge,
};
pub use sharded::{Histogram, SIZES, Sharded};

/// A label and what it says.
pub type Label = (&'static str, &'static str);

/// A counter that every request may count.
pub type Many = Counter<u64, Sharded>;

/// What is counted of requests and what they lead to.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Answers, by operation, tier and class of status.
    pub answers: Family<[Label; 3], Many>,
    /// How long they took, by operation and tier.
    pub durations: Family<[Label; 2], Histogram>,
    in_flight: Sharded,
    /// Connections that are open.
    pub connections: Gauge,
    pub decisions: Decisions,
    /// Requests that were too many, by tier.
    pub rate_limited: Family<[Label; 1], Counter>,
    /// Logins, by way and outcome.
    pub logins: Family<[Label; 2], Counter>,
    /// Attempts to deliver an event to a webhook, by outcome, and how long they took.
    pub webhook_attempts: Family<[Label; 1], Counter>,
    pub webhook_durations: Histogram,
    /// Rows of audit trails that are durable.
    pub audit_rows: Counter,
}

/// Decisions by answer.
#[derive(Debug)]
pub struct Decisions {
    pub by_answer: Family<[Label; 1], Many>,
    allowed: Many,
    denied: Many,
}

impl Default for Decisions {
    fn default() -> Self {
        let by_answer = Family::default();
        let of = |answer| Many::clone(&by_answer.get_or_create(&[("answer", answer)]));
        let (allowed, denied) = (of("allowed"), of("denied"));
        Self { by_answer, allowed, denied }
    }
}

impl Decisions {
    pub fn count(&self, is_allowed: bool) {
        if is_allowed { &self.allowed } else { &self.denied }.inc();
    }
}

/// A request that is being answered, for as long as this lives.
pub struct InFlight<'m>(&'m Sharded);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub fn begin(&self) -> InFlight<'_> {
        self.in_flight.inc();
        InFlight(&self.in_flight)
    }

    /// Requests that are being answered now.
    pub fn in_flight(&self) -> i64 {
        self.in_flight.get().cast_signed()
    }

    /// Counts an answer.
    pub fn count(&self, operation: &'static str, tier: &'static str, status: u16, time: Duration) {
        let labels = [("operation", operation), ("tier", tier)];
        if let Some(class) = class(status).and_then(|class| CLASSES.get(class)) {
            let [operation, tier] = labels;
            self.answers.get_or_create(&[operation, tier, ("status", class)]).inc();
        }
        self.durations.get_or_create(&labels).took(time);
    }

    /// Where the answers of an operation are counted.
    pub fn of(&self, operation: &'static str, tier: &'static str) -> Answers {
        let labels = [("operation", operation), ("tier", tier)];
        let answers = CLASSES.map(|class| {
            let [operation, tier] = labels;
            self.answers.get_or_create(&[operation, tier, ("status", class)]).clone()
        });
        Answers { answers, durations: self.durations.get_or_create(&labels).clone() }
    }
}

/// Classes of statuses, from 100 on.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

fn class(status: u16) -> Option<usize> {
    usize::from(status / 100).checked_sub(1)
}

/// Where the answers of one operation are counted. It is kept by whoever gives so many that looking it up takes too long.
#[derive(Debug, Clone)]
pub struct Answers {
    answers: [Many; 5],
    durations: Histogram,
}

impl Answers {
    /// Counts an answer.
    pub fn count(&self, status: u16, time: Duration) {
        if let Some(answers) = class(status).and_then(|class| self.answers.get(class)) {
            answers.inc();
        }
        self.durations.took(time);
    }
}
