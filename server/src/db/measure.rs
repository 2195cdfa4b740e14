//! How long does work on the database take, how often does it fail, and how much of it waits?

use prometheus_client::metrics::{counter::Counter, family::Family};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{Db, Engine};
use crate::{
    error::Error,
    metrics::{Histogram, Label, SIZES},
    spans,
};

/// What is counted of work on the database. Cloning shares it.
#[derive(Debug, Default, Clone)]
pub struct Measures {
    /// How long work took, with the wait for its turn, by kind.
    pub took: Family<[Label; 1], Histogram>,
    /// How often the database could not do it.
    pub failed: Counter,
}

/// What is counted of SQLite's writing thread. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Commits {
    /// Pieces of work in one commit.
    pub sizes: Histogram,
    /// How long the commits took.
    pub took: Histogram,
}

impl Default for Commits {
    fn default() -> Self {
        Self { sizes: Histogram::of(&SIZES), took: Histogram::default() }
    }
}

/// What the database is busy with.
pub enum Load {
    /// SQLite: pieces of writing work that wait.
    Sqlite { waiting: usize, commits: Commits },
    /// PostgreSQL: connections that are used, that are open and that there may be, and pieces of work that wait for one.
    Postgres { in_use: usize, open: usize, most: usize, waiting: usize },
}

impl Db {
    /// Waits for work, and counts it.
    pub(super) async fn measured(
        &self,
        kind: &'static str,
        work: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        let system = match &self.engine {
            Engine::Sqlite(_) => "sqlite",
            Engine::Postgres(_) => "postgresql",
        };
        let begun = Instant::now();
        let done = work.instrument(spans::transaction(system, kind)).await;
        self.measures.took.get_or_create(&[("kind", kind)]).took(begun.elapsed());
        if done.as_ref().is_err_and(Error::is_fault) {
            self.measures.failed.inc();
        }
        done
    }

    /// What was counted.
    #[must_use]
    pub fn measures(&self) -> &Measures {
        &self.measures
    }

    /// What it is busy with now.
    #[must_use]
    pub fn load(&self) -> Load {
        match &self.engine {
            Engine::Sqlite(engine) => {
                Load::Sqlite { waiting: engine.waiting(), commits: engine.commits.clone() }
            }
            Engine::Postgres(engine) => engine.load(),
        }
    }
}
