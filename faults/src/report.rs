//! Was what was seen as it must be, and how is it told?

use std::{
    fmt,
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::witness::{Cast, Seen};

/// What came of a fault.
pub struct Report {
    pub seen: Seen,
    /// Acknowledged users that a node does not know afterwards.
    pub missing: usize,
    begun: Instant,
    ended: Instant,
    /// What was not as this fault must go, each in words.
    pub unexpected: Vec<String>,
    /// What else is worth telling.
    notes: Vec<String>,
}

/// By what a fault is noticed that was made on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    Missing,
    Stale,
}

impl Report {
    /// Reads what was acknowledged by the nodes.
    ///
    /// # Errors
    /// When one does not answer.
    pub fn new(seen: Seen, begun: Instant, cast: &Cast<'_>, nodes: &[SocketAddr]) -> anyhow::Result<Self> {
        let ended = Instant::now();
        let mut missing = 0;
        for node in nodes {
            missing = missing.max(seen.missing(cast, *node)?);
        }
        Ok(Self { seen, missing, begun, ended, unexpected: Vec::new(), notes: Vec::new() })
    }

    /// Notes something that must hold.
    pub fn expect(&mut self, holds: bool, otherwise: impl fmt::Display) {
        if !holds {
            self.unexpected.push(otherwise.to_string());
        }
    }

    /// Notes something that is worth telling.
    pub fn note(&mut self, what: String) {
        self.notes.push(what);
    }

    /// How often that was noticed.
    pub fn count(&self, noticed: Noticed) -> usize {
        match noticed {
            Noticed::Missing => self.missing,
            Noticed::Stale => self.seen.stale,
        }
    }

    /// Whether nothing was lost, and no answer was too old or wrong.
    pub fn is_right(&self) -> bool {
        self.missing + self.seen.stale + self.seen.wrong == 0
    }

    /// Whether all is as it must be.
    pub fn is_good(&self) -> bool {
        self.is_right()
            && self.unexpected.is_empty()
            && self.seen.writes.good() > 0
            && self.seen.decisions > 0
            && self.seen.changes > 0
    }

    /// The longest time in which no write was acknowledged.
    pub fn without_writes(&self) -> Duration {
        self.seen.writes.longest_gap(self.begun, self.ended)
    }

    /// The longest time in which a node, by its place in the cast, gave no decision.
    pub fn without_decisions(&self, node: usize) -> Duration {
        let asked = self.seen.asked.get(node);
        asked.map_or(Duration::MAX, |asked| asked.answers.longest_gap(self.begun, self.ended))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Seen { writes, decisions, stale, wrong, changes, .. } = &self.seen;
        let statuses: Vec<String> =
            writes.statuses.iter().map(|(status, count)| format!("{count} × {}", named(*status))).collect();
        let silent: Vec<String> = (0..self.seen.asked.len())
            .map(|node| format!("{:.1}", self.without_decisions(node).as_secs_f64()))
            .collect();
        write!(
            f,
            "writes {}; {} missing; {changes} rights changed; {decisions} decisions, {stale} stale, {wrong} wrong; \
             longest without a write {:.1} s, without a decision {} s",
            statuses.join(", "),
            self.missing,
            self.without_writes().as_secs_f64(),
            silent.join(" and "),
        )?;
        self.notes.iter().try_for_each(|note| write!(f, "; {note}"))
    }
}

fn named(status: u16) -> String {
    if status == 0 { "no answer".to_owned() } else { status.to_string() }
}
