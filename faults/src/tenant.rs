//! A tenant with people of whom half have a right, and one who never gets it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::{
    client::{Client, Reply},
    history::Change,
};

/// The right, as a scope.
const RIGHT: &str = "apps.image:export";
/// Whose right changes.
const PEOPLE: usize = 100;

/// How long a node may take until it does what it is asked.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Tenant {
    pub key: String,
    role: String,
    /// Whose right changes once: it is taken from those with an even place, and given to the others.
    pub people: Vec<String>,
    /// Who never has it.
    stranger: String,
}

impl Tenant {
    /// Prepares a tenant, of whose administrator this is a key.
    ///
    /// # Errors
    /// When a node refuses something.
    pub fn prepare(node: SocketAddr, key: String) -> anyhow::Result<Self> {
        let client = Client::new(&key, PATIENCE);
        let make = |path: &str, body: Value| -> anyhow::Result<String> {
            let Reply { status, said, .. } = client.post(node, path, &body);
            let made = said.get("id").and_then(Value::as_str).map(str::to_owned);
            made.with_context(|| format!("POST {path}: {status} {said}"))
        };
        let role = make("/api/v1/roles", json!({"name": "Exporter", "assignedScopes": [RIGHT]}))?;
        let person = |n: usize| {
            let roles = if has_at_first(n) { json!([{"id": role}]) } else { json!([]) };
            make("/api/v1/users", json!({"subject": format!("person-{n}"), "assignedRoles": roles}))
        };
        let people = (0..PEOPLE).map(person).collect::<anyhow::Result<_>>()?;
        let stranger = make("/api/v1/users", json!({"subject": "stranger"}))?;
        Ok(Self { key, role, people, stranger })
    }

    /// Gives somebody the right, or takes it; tries again until that is acknowledged, or nobody waits for it any more.
    pub fn change(
        &self,
        client: &Client<'_>,
        node: SocketAddr,
        n: usize,
        wait: bool,
        goes_on: impl Fn() -> bool,
    ) -> Option<Change> {
        let person = self.people.get(n)?;
        let roles = if has_at_first(n) { json!([]) } else { json!([{"id": self.role}]) };
        let body = json!([{"op": "replace", "path": "/assignedRoles", "value": roles}]);
        let sent = Instant::now();
        while goes_on() {
            let path = format!("/api/v1/users/{person}");
            let reply = client.ask("PATCH", node, &path, Some(&body), wait.then_some("wait=applied"));
            if [202, 204].contains(&reply.status) {
                return Some(Change {
                    sent,
                    acknowledged: Some(Instant::now()),
                    everywhere: reply.preferred,
                });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(Change { sent, acknowledged: None, everywhere: false })
    }

    /// Asks about all of them in one request.
    pub fn question(&self) -> Value {
        let ask = |id: &String| json!({"subject": {"type": "user", "id": id}});
        let questions: Vec<Value> = self.people.iter().chain([&self.stranger]).map(ask).collect();
        json!({"action": {"name": RIGHT}, "resource": {"type": "tenant", "id": "acme.localhost"}, "evaluations": questions})
    }

    /// Waits until a node decides; answers how long that took.
    ///
    /// # Errors
    /// When it takes too long.
    pub fn decided(&self, node: SocketAddr) -> anyhow::Result<Duration> {
        let client = Client::new(&self.key, PATIENCE);
        let begun = Instant::now();
        while client.post(node, "/access/v1/evaluations", &self.question()).status != 200 {
            if begun.elapsed() > PATIENCE {
                bail!("{node} does not decide after {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(begun.elapsed())
    }

    /// What was answered: about the people, and about the stranger.
    ///
    /// # Errors
    /// When it is not an answer to the question.
    pub fn decisions(&self, said: &Value) -> anyhow::Result<(Vec<bool>, bool)> {
        let all = said.get("evaluations").and_then(Value::as_array).context("no answers")?;
        let decision = |one: &Value| one.get("decision").and_then(Value::as_bool);
        let mut all: Vec<bool> = all.iter().map(decision).collect::<Option<_>>().context("no decision")?;
        if all.len() != self.people.len() + 1 {
            bail!("{} decisions", all.len());
        }
        let stranger = all.pop().context("no decision")?;
        Ok((all, stranger))
    }
}

/// Whether somebody has the right at first.
pub fn has_at_first(n: usize) -> bool {
    n.is_multiple_of(2)
}
