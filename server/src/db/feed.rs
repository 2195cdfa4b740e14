//! How does a node learn what other nodes changed?
//!
//! On a connection of its own a node sends a beacon several times a second: one statement that says how far the node has come,
//! and reads which tenants were changed since. That it writes is the point: on a primary that was cut off its commit does not
//! come back, so that nobody goes on believing it. Between beacons nodes hint at changes; a hint may be lost.
//!
//! A transaction with a smaller number can end after one with a larger. So a beacon reads all from the oldest transaction that
//! still ran when the one before it read.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, stream::poll_fn};
use rolecall_engine::{access::Revision, ids::TenantId};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_postgres::{AsyncMessage, Client, Row, types::ToSql};

use super::{Db, Engine, postgres::Postgres};
use crate::error::Error;

/// How long a beacon may take. Later it may have been heard or not.
const BEACON: Duration = Duration::from_secs(1);
/// Where hints are given.
const CHANNEL: &str = "rolecall";
/// The hint that somebody waits for all nodes.
const ASKED: &str = "!";
/// Tenants that may wait to be followed by hints; others wait for the next beacon (threats I11).
const HINTED: usize = 10_000;
/// How long what was changed can be read in the feed, and nodes that were not seen are remembered.
const KEPT: &str = "10 minutes";

const SEND: &str = "
    WITH me AS (
        INSERT INTO nodes (id, epoch, watermark, lease, seen_at) VALUES ($1, $2, CAST($3 AS TEXT)::XID8, $4, clock_timestamp())
        ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, watermark = excluded.watermark, lease = excluded.lease,
                                       seen_at = excluded.seen_at
    )
    SELECT CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT), f.tenant, f.revision
    FROM (SELECT 1) AS always LEFT JOIN feed f ON f.transaction >= CAST($3 AS TEXT)::XID8";

/// The tenants that were changed, each with a revision that it has reached.
pub type Changed = Vec<(TenantId, Revision)>;

/// What nodes told each other between beacons.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The tenants that were changed, each with the latest revision that was named.
    pub changed: HashMap<TenantId, Revision>,
    /// Whether somebody waits until all nodes know something.
    pub asked: bool,
}

impl Hints {
    fn is_empty(&self) -> bool {
        self.changed.is_empty() && !self.asked
    }

    /// Adds what a message says. What cannot be read was of a newer version: nothing is lost but the hint.
    fn add(&mut self, text: &str) {
        for word in text.split(' ') {
            self.asked |= word == ASKED;
            let Some((tenant, revision)) = word.split_once(':') else { continue };
            let (Ok(tenant), Ok(revision)) = (tenant.parse(), revision.parse()) else { continue };
            if self.changed.len() < HINTED || self.changed.contains_key(&tenant) {
                let latest = self.changed.entry(tenant).or_insert(Revision(revision));
                *latest = (*latest).max(Revision(revision));
            }
        }
    }
}

/// The hints that nobody has followed yet. They take no more room, however long nobody comes.
#[derive(Default)]
struct Waiting {
    hints: Mutex<Hints>,
    some: Notify,
}

impl Waiting {
    fn add(&self, text: &str) {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner).add(text);
        self.some.notify_one();
    }

    /// All of them, once there are any.
    async fn take(&self) -> Hints {
        loop {
            let hints = mem::take(&mut *self.hints.lock().unwrap_or_else(PoisonError::into_inner));
            if !hints.is_empty() {
                return hints;
            }
            self.some.notified().await;
        }
    }
}

/// A node's connection for beacons and hints.
pub struct Feed {
    engine: Arc<Postgres>,
    client: Client,
    hints: Arc<Waiting>,
    /// Whether the database has said that it did less than it was asked.
    warned: Arc<AtomicBool>,
    node: String,
    epoch: String,
    lease: i64,
    /// The oldest transaction that may still have run when the last beacon read; none before the first.
    horizon: Option<String>,
}

impl Db {
    /// Whether other nodes may change what is stored.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// The connection of a node for beacons and hints, where nodes share a database. All that was known before is forgotten by
    /// then: what is read from now on is read from the database that hears the beacons.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn follow(&self, node: &str, epoch: String, lease: Duration) -> Result<Option<Feed>, Error> {
        let Engine::Postgres(engine) = &self.engine else { return Ok(None) };
        let (client, mut connection) =
            timeout(BEACON, engine.connect()).await.map_err(|_| Error::Unavailable)??;
        let (hints, warned) = (Arc::<Waiting>::default(), Arc::new(AtomicBool::new(false)));
        let (told, seen) = (Arc::clone(&hints), Arc::clone(&warned));
        let mut messages = poll_fn(move |context| connection.poll_message(context));
        tokio::spawn(async move {
            while let Some(Ok(message)) = messages.next().await {
                match message {
                    AsyncMessage::Notification(hint) => told.add(hint.payload()),
                    AsyncMessage::Notice(notice) if notice.severity() == "WARNING" => {
                        seen.store(true, Ordering::Release);
                    }
                    _ => {}
                }
            }
        });
        let listen = format!("LISTEN {CHANNEL}");
        timeout(BEACON, client.batch_execute(&listen)).await.map_err(|_| Error::Unavailable)??;
        let lease = i64::try_from(lease.as_millis()).map_err(Error::internal)?;
        Ok(Some(Feed {
            engine: Arc::clone(engine),
            client,
            hints,
            warned,
            node: node.to_owned(),
            epoch,
            lease,
            horizon: None,
        }))
    }

    /// Hints to all nodes that a tenant was changed.
    fn hint(&self, text: String) {
        if let Engine::Postgres(engine) = &self.engine {
            engine.hint(text);
        }
    }

    /// A point behind all that is committed by now; none where no other node reads.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn mark(&self) -> Result<Option<String>, Error> {
        if !self.is_shared() {
            return Ok(None);
        }
        let sql = "SELECT CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT)";
        let mark = self.look_up(async |system| system.all(sql, &[], |row| row.text(0)).await).await?;
        self.hint(ASKED.to_owned());
        Ok(mark.into_iter().next())
    }

    /// Whether every node that may answer knows all that was committed before a mark.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn is_known_everywhere(&self, mark: String) -> Result<bool, Error> {
        let sql = "SELECT id FROM nodes WHERE watermark < CAST($1 AS TEXT)::XID8
                   AND seen_at > clock_timestamp() - lease * INTERVAL '1 millisecond'";
        let behind =
            async move |system: &super::System<'_>| system.all(sql, &[mark.into()], |_| Ok(())).await;
        Ok(self.look_up(behind).await?.is_empty())
    }
}

impl Feed {
    /// Says that the node is there and knows what earlier beacons have read; reads what was changed since. The first one
    /// reads nothing: nothing is known before it.
    ///
    /// # Errors
    /// When the database did not say in time that it heard it. The connection is of no use then.
    pub async fn beacon(&mut self) -> Result<Changed, Error> {
        let known = self.horizon.as_deref().unwrap_or("0");
        // Before the first, the feed is not read: its end is what counts.
        let sql = if self.horizon.is_some() {
            SEND
        } else {
            &SEND.replace("LEFT JOIN feed f ON", "LEFT JOIN feed f ON FALSE AND")
        };
        let parameters: [&(dyn ToSql + Sync); 4] = [&self.node, &self.epoch, &known, &self.lease];
        let sent = self.client.query(sql, &parameters);
        let rows = timeout(BEACON, sent).await.map_err(|_| Error::Unavailable)??;
        if self.warned.load(Ordering::Acquire) {
            return Err(Error::Unavailable);
        }
        if self.horizon.is_none() {
            self.engine.begin_epoch(&self.node, &self.epoch);
        }
        self.horizon = rows.first().map(|row| row.try_get(0)).transpose()?;
        let changed = |row: &Row| -> Result<Option<(TenantId, Revision)>, Error> {
            let Some(tenant) = row.try_get::<_, Option<&str>>(1)? else { return Ok(None) };
            Ok(Some((tenant.parse().map_err(Error::internal)?, Revision(row.try_get(2)?))))
        };
        rows.iter().filter_map(|row| changed(row).transpose()).collect()
    }

    /// Waits for hints. Never ends without any.
    pub async fn hints(&self) -> Hints {
        self.hints.take().await
    }

    /// Forgets what all nodes know, and nodes that are gone.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn tidy_up(&self) -> Result<(), Error> {
        let forget = format!(
            "DELETE FROM feed WHERE written_at < now() - INTERVAL '{KEPT}';
             DELETE FROM nodes WHERE seen_at < now() - INTERVAL '{KEPT}'"
        );
        Ok(timeout(BEACON, self.client.batch_execute(&forget)).await.map_err(|_| Error::Unavailable)??)
    }
}

/// Changes, as hints name them.
pub(super) fn hint_of(tenant: TenantId, Revision(revision): Revision) -> String {
    format!("{tenant}:{revision}")
}

/// Hints in one message; it has room for 8000 bytes.
const HINTS: usize = 100;

impl Postgres {
    /// Sends hints for as long as there are any, many at once.
    pub(super) async fn send_hints(pool: deadpool_postgres::Pool, mut hints: mpsc::Receiver<String>) {
        while let Some(first) = hints.recv().await {
            let mut all = vec![first];
            while all.len() < HINTS
                && let Ok(next) = hints.try_recv()
            {
                all.push(next);
            }
            let sent = async {
                let client = pool.get().await.map_err(Error::internal)?;
                let notify = client.prepare_cached("SELECT pg_notify($1, $2)").await?;
                client.execute(&notify, &[&CHANNEL, &all.join(" ")]).await?;
                Ok::<(), Error>(())
            };
            if let Err(error) = sent.await {
                tracing::debug!(%error, "a hint was lost");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "0123456789abcdefghijklmnopqrstuv";

    fn read(texts: &[&str]) -> Hints {
        let mut hints = Hints::default();
        for text in texts {
            hints.add(text);
        }
        hints
    }

    #[test]
    fn hints_are_read_as_they_are_written() {
        let tenant: TenantId = TENANT.parse().unwrap();
        let text = format!("{} {}", hint_of(tenant, Revision(8)), hint_of(tenant, Revision(7)));
        let changed = HashMap::from([(tenant, Revision(8))]);
        assert_eq!(read(&[&text]), Hints { changed: changed.clone(), asked: false });
        assert_eq!(read(&[&format!("{text} {ASKED}")]), Hints { changed, asked: true });
        assert_eq!(read(&["what is this", "a:b:c", ":", ""]), Hints::default());
    }

    /// Hints that nobody follows for long take the room of one for each tenant, and of so many tenants at most (threats I11).
    #[tokio::test]
    async fn hints_that_wait_have_an_end() {
        let tenant: TenantId = TENANT.parse().unwrap();
        let waiting = Waiting::default();
        for revision in 1..=1000 {
            waiting.add(&hint_of(tenant, Revision(revision)));
            waiting.add(ASKED);
        }
        for other in 0..HINTED {
            waiting.add(&format!("{other:032}:1"));
        }
        waiting.add(&hint_of(tenant, Revision(1001)));
        let hints = waiting.take().await;
        assert!(hints.asked);
        assert_eq!(hints.changed.len(), HINTED);
        assert_eq!(hints.changed[&tenant], Revision(1001), "what is there already goes on");
        waiting.add(ASKED);
        assert_eq!(waiting.take().await, Hints { asked: true, ..Hints::default() }, "each is followed once");
    }
}
