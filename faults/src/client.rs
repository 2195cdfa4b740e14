//! One who asks nodes over HTTP, and what they were answered.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::Value;
use ureq::{Agent, http};

/// A client with an administrator's key. Connections are kept, and made anew after whatever failed.
pub struct Client<'k> {
    agent: Agent,
    key: &'k str,
}

/// An answer. What had none has status 0.
#[derive(Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub said: Value,
    /// Whether what the request preferred was done.
    pub preferred: bool,
}

impl<'k> Client<'k> {
    /// One who waits so long for an answer.
    pub fn new(key: &'k str, patience: Duration) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(patience));
        Self { agent: config.build().into(), key }
    }

    pub fn get(&self, node: SocketAddr, path: &str) -> Reply {
        self.ask("GET", node, path, None, None)
    }

    pub fn post(&self, node: SocketAddr, path: &str, body: &Value) -> Reply {
        self.ask("POST", node, path, Some(body), None)
    }

    /// Asks, with a preference of the header `Prefer` if there is one.
    pub fn ask(
        &self,
        method: &str,
        node: SocketAddr,
        path: &str,
        body: Option<&Value>,
        preference: Option<&str>,
    ) -> Reply {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://{node}{path}"))
            .header("authorization", format!("Bearer {}", self.key));
        if let Some(preference) = preference {
            request = request.header("prefer", preference);
        }
        let answered = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json").body(body.to_string());
                request.ok().and_then(|request| self.agent.run(request).ok())
            }
            None => request.body(()).ok().and_then(|request| self.agent.run(request).ok()),
        };
        answered.and_then(read).unwrap_or_default()
    }
}

fn read(mut answer: http::Response<ureq::Body>) -> Option<Reply> {
    let text = answer.body_mut().read_to_string().ok()?;
    Some(Reply {
        status: answer.status().as_u16(),
        said: serde_json::from_str(&text).unwrap_or_default(),
        preferred: answer.headers().contains_key("preference-applied"),
    })
}

/// Statuses with how often they came, and when good answers did.
#[derive(Debug, Default)]
pub struct Answers {
    pub statuses: BTreeMap<u16, usize>,
    good: Vec<Instant>,
}

impl Answers {
    /// Counts an answer of a status that is good, or is not.
    pub fn count(&mut self, status: u16, good: bool) {
        *self.statuses.entry(status).or_default() += 1;
        if good {
            self.good.push(Instant::now());
        }
    }

    /// Adds those of somebody else.
    pub fn add(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.good.extend(other.good);
    }

    /// How many were good.
    pub fn good(&self) -> usize {
        self.good.len()
    }

    /// How many were not.
    pub fn bad(&self) -> usize {
        self.statuses.values().sum::<usize>() - self.good.len()
    }

    /// How many good ones came between two moments.
    pub fn good_between(&self, from: Instant, to: Instant) -> usize {
        self.good.iter().filter(|time| (from..=to).contains(time)).count()
    }

    /// The longest time without a good one between two moments.
    pub fn longest_gap(&self, from: Instant, to: Instant) -> Duration {
        let within = self.good.iter().copied().filter(|time| (from..=to).contains(time));
        let mut times: Vec<Instant> = within.chain([from, to]).collect();
        times.sort_unstable();
        times.iter().zip(times.iter().skip(1)).map(|(a, b)| *b - *a).max().unwrap_or_default()
    }
}
