//! What do those see who write, ask, give and take rights while something fails?
//!
//! Writers make users, each once and never again, and remember whose were acknowledged. One gives and takes rights. Askers ask
//! each node who has the right.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, sleep},
    time::{Duration, Instant},
};

use anyhow::bail;
use serde_json::json;

use crate::{
    client::{Answers, Client},
    history::{Answer, Change, Right},
    tenant::{Tenant, has_at_first},
};

const WRITERS: usize = 4;
const ASKERS: usize = 2;
/// How long somebody who writes waits for an answer: longer than a node does for the database.
const WRITE: Duration = Duration::from_secs(30);
/// How long somebody who asks waits.
const ASK: Duration = Duration::from_secs(1);
/// Between two of the same.
const PAUSE: Duration = Duration::from_millis(10);
/// How long changes may take to end, and to be known.
const SETTLED: Duration = Duration::from_millis(400);
/// How long a node may take until it answers, when all is mended.
const MENDED: Duration = Duration::from_mins(1);

/// Who does what.
pub struct Cast<'c> {
    pub tenant: &'c Tenant,
    /// Where users are made.
    pub writes: &'c [SocketAddr],
    /// Where rights are given and taken.
    pub changes: SocketAddr,
    /// Between two changes.
    pub pace: Duration,
    /// Who is asked.
    pub asks: &'c [SocketAddr],
    /// What all nodes have as `--max-staleness`.
    pub staleness: Duration,
}

/// What they are told.
#[derive(Default)]
pub struct Signals {
    stop: AtomicBool,
    hold: AtomicBool,
}

impl Signals {
    /// Lets nobody begin a change, and something happen once those that were begun have ended and all nodes know them.
    ///
    /// # Errors
    /// When that does.
    pub fn in_between<T>(&self, happens: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.hold.store(true, Ordering::Relaxed);
        sleep(SETTLED);
        let happened = happens();
        self.hold.store(false, Ordering::Relaxed);
        happened
    }

    /// Waits while nobody is to begin a change; answers whether there are to be any more.
    fn goes_on(&self) -> bool {
        while self.hold.load(Ordering::Relaxed) && !self.stop.load(Ordering::Relaxed) {
            sleep(PAUSE);
        }
        !self.stop.load(Ordering::Relaxed)
    }
}

/// What was seen.
#[derive(Default)]
pub struct Seen {
    pub writes: Answers,
    /// Identifiers of users whose creation was acknowledged.
    pub acknowledged: Vec<String>,
    /// Subjects of those whose creation was refused for a reason that says that nothing was stored.
    pub refused: Vec<String>,
    /// By who was asked.
    pub asked: Vec<Asked>,
    pub changes: usize,
    /// How many answers were older than they may be.
    pub stale: usize,
    /// How many said that somebody has a right who never had.
    pub wrong: usize,
    pub decisions: usize,
}

/// What one node answered.
#[derive(Default)]
pub struct Asked {
    pub answers: Answers,
    decided: Vec<Decided>,
}

/// The answer to one question about all people.
struct Decided {
    asked: Instant,
    came: Instant,
    people: Vec<bool>,
    stranger: bool,
}

/// Has everybody do their part while something happens.
///
/// # Errors
/// When that cannot be made to happen, or an answer is none.
pub fn during<T>(
    cast: &Cast<'_>,
    happens: impl FnOnce(&Signals) -> anyhow::Result<T>,
) -> anyhow::Result<(Seen, T)> {
    let signals = Signals::default();
    let run = format!("{:x}", std::process::id());
    thread::scope(|scope| {
        let (signals, run) = (&signals, &run);
        let writers: Vec<_> = (0..WRITERS)
            .zip(cast.writes.iter().cycle())
            .map(|(n, node)| scope.spawn(move || write(cast, *node, &format!("{run}-{n}"), signals)))
            .collect();
        let changes = scope.spawn(move || change(cast, signals));
        let askers: Vec<Vec<_>> = cast
            .asks
            .iter()
            .map(|node| (0..ASKERS).map(|_| scope.spawn(move || ask(cast, *node, signals))).collect())
            .collect();
        let happened = happens(signals);
        signals.stop.store(true, Ordering::Relaxed);
        let mut seen = Seen::default();
        for written in writers.into_iter().filter_map(|writer| writer.join().ok()) {
            seen.writes.add(written.answers);
            seen.acknowledged.extend(written.acknowledged);
            seen.refused.extend(written.refused);
        }
        let changes = changes.join().unwrap_or_default();
        for askers in askers {
            let mut all = Asked::default();
            for asked in askers.into_iter().filter_map(|asker| asker.join().ok()) {
                let asked = asked?;
                all.answers.add(asked.answers);
                all.decided.extend(asked.decided);
            }
            seen.asked.push(all);
        }
        seen.judge(&changes, cast);
        Ok((seen, happened?))
    })
}

#[derive(Default)]
struct Written {
    answers: Answers,
    acknowledged: Vec<String>,
    refused: Vec<String>,
}

fn write(cast: &Cast<'_>, node: SocketAddr, name: &str, signals: &Signals) -> Written {
    let client = Client::new(&cast.tenant.key, WRITE);
    let mut written = Written::default();
    for number in 0.. {
        if !signals.goes_on() {
            break;
        }
        let subject = format!("{name}-{number}");
        let reply = client.post(node, "/api/v1/users", &json!({"subject": subject, "name": "Witness"}));
        let made = reply.said.get("id").and_then(|id| id.as_str());
        written.answers.count(reply.status, reply.status == 201);
        match (reply.status, made) {
            (201, Some(id)) => written.acknowledged.push(id.to_owned()),
            (507, _) => written.refused.push(subject),
            _ => {}
        }
        sleep(PAUSE);
    }
    written
}

/// Changes one right after the other; half of them so that all nodes know it.
fn change(cast: &Cast<'_>, signals: &Signals) -> Vec<Change> {
    let client = Client::new(&cast.tenant.key, WRITE);
    let mut changes = Vec::new();
    while signals.goes_on() {
        let n = changes.len();
        let Some(change) = cast.tenant.change(&client, cast.changes, n, n % 4 > 1, || signals.goes_on())
        else {
            break;
        };
        changes.push(change);
        sleep(cast.pace);
    }
    changes
}

fn ask(cast: &Cast<'_>, node: SocketAddr, signals: &Signals) -> anyhow::Result<Asked> {
    let client = Client::new(&cast.tenant.key, ASK);
    let question = cast.tenant.question();
    let mut seen = Asked::default();
    while !signals.stop.load(Ordering::Relaxed) {
        let asked = Instant::now();
        let reply = client.post(node, "/access/v1/evaluations", &question);
        let came = Instant::now();
        seen.answers.count(reply.status, reply.status == 200);
        if reply.status == 200 {
            let (people, stranger) = cast.tenant.decisions(&reply.said)?;
            seen.decided.push(Decided { asked, came, people, stranger });
        }
        sleep(PAUSE);
    }
    Ok(seen)
}

impl Seen {
    fn judge(&mut self, changes: &[Change], cast: &Cast<'_>) {
        self.changes = changes.iter().filter(|change| change.acknowledged.is_some()).count();
        let rights: Vec<Right> = (0..cast.tenant.people.len())
            .map(|n| Right { at_first: has_at_first(n), change: changes.get(n).copied() })
            .collect();
        for decided in self.asked.iter().flat_map(|asked| &asked.decided) {
            self.decisions += decided.people.len() + 1;
            self.wrong += usize::from(decided.stranger);
            for (right, allowed) in rights.iter().zip(&decided.people) {
                let answer = Answer { asked: decided.asked, came: decided.came, allowed: *allowed };
                self.stale += usize::from(!right.may_be(answer, cast.staleness));
            }
        }
    }

    /// How many acknowledged users a node does not know. It is asked again while it cannot answer.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn missing(&self, cast: &Cast<'_>, node: SocketAddr) -> anyhow::Result<usize> {
        let client = Client::new(&cast.tenant.key, WRITE);
        let begun = Instant::now();
        let mut missing = 0;
        for user in &self.acknowledged {
            let path = format!("/api/v1/users/{user}");
            let status = loop {
                match client.get(node, &path).status {
                    status @ (200 | 404) => break status,
                    status if begun.elapsed() > MENDED => bail!("{node} does not answer: {status}"),
                    _ => sleep(10 * PAUSE),
                }
            };
            missing += usize::from(status == 404);
        }
        Ok(missing)
    }

    /// How many users are there who were refused for good.
    ///
    /// # Errors
    /// When the node does not answer.
    pub fn stored_though_refused(&self, cast: &Cast<'_>, node: SocketAddr) -> anyhow::Result<usize> {
        let client = Client::new(&cast.tenant.key, WRITE);
        let mut stored = 0;
        for subject in &self.refused {
            let reply = client.get(node, &format!("/api/v1/users?filter=subject%20eq%20%22{subject}%22"));
            let Some(found) = reply.said.get("data").and_then(|found| found.as_array()) else {
                bail!("{node} does not answer: {}", reply.status);
            };
            stored += found.len();
        }
        Ok(stored)
    }
}
