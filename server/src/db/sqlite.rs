//! How does SQLite store every acknowledged change without syncing the disk for each?
//!
//! One thread writes. It takes all work that waits, runs one piece after the other, commits once, and answers all of them:
//! group commit. `synchronous=FULL` makes that commit durable before anybody is answered. Readers have connections of
//! their own and see the last commit.
//!
//! Work that is refused has stored nothing, so there is nothing to undo for it. Should work fail after it has stored
//! something, which takes a fault of the program or the disk, the whole commit is undone and all of it answered so.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use rolecall_engine::{access::Snapshot, ids::TenantId};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::Instant,
};

use super::{
    Left, Writer,
    measure::Commits,
    migrate::{self, Missing, Step},
    ready, tx,
    work::{Change, Publish, Work},
};
use crate::{error::Error, trace::Onward};

/// Pieces of work in one commit.
const BATCH: usize = 128;
/// Pieces of work that may wait; who comes later waits for a place.
const QUEUE: usize = 1024;
/// Prepared statements a connection keeps.
const STATEMENTS: usize = 256;

pub(super) struct Sqlite {
    file: PathBuf,
    readers: Mutex<Vec<Connection>>,
    scans: Arc<Semaphore>,
    jobs: mpsc::Sender<Job>,
    pub(super) commits: Commits,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the work of the present commit has led to so far.
#[derive(Default)]
struct Batch {
    /// The states of tenants.
    uncommitted: HashMap<TenantId, Arc<Snapshot>>,
    /// Whether work failed after it had stored something, so that nothing of the commit may stay.
    spoilt: bool,
}

/// What is left to do once it is known whether the commit succeeded.
type Ending = Box<dyn FnOnce(Result<(), CommitFailed>) + Send>;

/// Work in its place within a commit; it answers once that is known.
type Turn = Box<dyn FnOnce(&Connection, &mut Batch) -> Ending + Send>;

enum Job {
    Work(Turn),
    Close,
}

/// The commit that should have made the work durable failed.
#[derive(Debug, Clone, Copy)]
enum CommitFailed {
    /// There is no room for it.
    Full,
    Otherwise,
}

impl From<CommitFailed> for Error {
    fn from(failed: CommitFailed) -> Self {
        match failed {
            CommitFailed::Full => Self::StorageFull,
            CommitFailed::Otherwise => Self::Unavailable,
        }
    }
}

impl From<&rusqlite::Error> for CommitFailed {
    fn from(error: &rusqlite::Error) -> Self {
        if error.sqlite_error_code() == Some(ErrorCode::DiskFull) { Self::Full } else { Self::Otherwise }
    }
}

fn connect(file: &Path) -> Result<Connection, Error> {
    let connection = Connection::open(file)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000; PRAGMA trusted_schema = OFF;",
    )?;
    Ok(connection)
}

/// The steps of the database in a file, which is not made.
pub(super) fn steps(file: &Path) -> Result<Vec<Step>, Error> {
    migrate::steps_of_sqlite(&Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

impl Sqlite {
    pub(super) fn open(file: &Path, missing: Missing) -> Result<Self, Error> {
        let mut connection = connect(file)?;
        migrate::sqlite(&mut connection, missing)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let commits = Commits::default();
        let counted = commits.clone();
        let writer = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_loop(&connection, queue, &counted));
        Ok(Self {
            file: file.to_owned(),
            readers: Mutex::default(),
            scans: Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from))),
            jobs,
            commits,
            writer: Mutex::new(Some(writer.map_err(Error::internal)?)),
        })
    }

    /// Runs reading work on a connection of its own, here and now, within a transaction.
    pub(super) fn read(&self, work: Work) -> Result<(), Error> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = idle.map_or_else(|| self.connect_reader(), Ok)?;
        connection.prepare_cached("BEGIN")?.raw_execute()?;
        let result = ready(work(tx::Connection::Sqlite(&connection)));
        connection.prepare_cached("ROLLBACK")?.raw_execute()?;
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        result
    }

    /// A connection that cannot write, whatever is asked of it.
    fn connect_reader(&self) -> Result<Connection, Error> {
        let connection = connect(&self.file)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    /// As [`Sqlite::read`], on one of as many threads as there are processors.
    pub(super) async fn scan(self: &Arc<Self>, work: Work) -> Result<(), Error> {
        let permit = Arc::clone(&self.scans).acquire_owned().await.map_err(Error::internal)?;
        let engine = Arc::clone(self);
        let onward = Onward::here();
        let scan = move || {
            let _permit = permit;
            onward.run(|| engine.read(work))
        };
        tokio::task::spawn_blocking(scan).await.map_err(Error::internal)?
    }

    pub(super) async fn write(
        &self,
        tenant: TenantId,
        change: Change,
        publish: Publish,
    ) -> Result<(), Error> {
        let run = move |connection: &Connection, batch: &mut Batch| {
            let mut writer = Writer::new(
                tx::Connection::Sqlite(connection),
                tenant,
                batch.uncommitted.get(&tenant).cloned(),
            );
            let left = guarded(|| ready(change(&mut writer)));
            match &left {
                Ok(Left::State(state)) => {
                    batch.uncommitted.insert(tenant, Arc::clone(state));
                }
                Ok(Left::Note) => {}
                Ok(Left::Nothing) | Err(_) => batch.spoilt |= writer.has_stored(),
            }
            left
        };
        let finish = move |left: Left| {
            if let Left::State(state) = left {
                publish(state);
            }
        };
        self.submit(run, finish).await
    }

    pub(super) async fn system(&self, work: Work) -> Result<(), Error> {
        let run = |connection: &Connection, batch: &mut Batch| {
            let done = guarded(|| ready(work(tx::Connection::Sqlite(connection))));
            batch.spoilt |= done.is_err();
            done
        };
        self.submit(run, std::convert::identity).await
    }

    /// Hands work to the writing thread and waits until it is done; `finish` is called with its result after the commit. If
    /// that fails, so does all of its work, that which stored nothing too: it may have seen what other work of the same commit
    /// stored.
    async fn submit<W: Send + 'static>(
        &self,
        run: impl FnOnce(&Connection, &mut Batch) -> Result<W, Error> + Send + 'static,
        finish: impl FnOnce(W) + Send + 'static,
    ) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        let onward = Onward::here();
        let work = move |connection: &Connection, batch: &mut Batch| -> Ending {
            let done = onward.run(|| run(connection, batch));
            // What failed after it had stored something, or by a fault of its own, says so itself.
            let own_fault = done.as_ref().is_err_and(Error::is_fault);
            Box::new(move |committed| {
                let known = if own_fault { Ok(()) } else { committed.map_err(Error::from) };
                // Who asked may have gone; what was committed stays.
                let _ = reply.send(known.and(done).map(finish));
            })
        };
        self.jobs.send(Job::Work(Box::new(work))).await.map_err(|_| Error::Unavailable)?;
        // Work that the writing thread let go was never begun.
        answer.await.map_err(|_| Error::Unavailable)?
    }

    /// Pieces of work that wait for the writing thread.
    pub(super) fn waiting(&self) -> usize {
        QUEUE - self.jobs.capacity()
    }

    /// Whether the writing thread is there.
    pub(super) fn takes_work(&self) -> bool {
        !self.jobs.is_closed()
    }

    pub(super) async fn close(&self) {
        let _ = self.jobs.send(Job::Close).await;
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        }
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The result of work, or an error if it panics.
fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Error::internal("writing work panicked")))
}

fn write_loop(connection: &Connection, mut queue: mpsc::Receiver<Job>, commits: &Commits) {
    let mut open = true;
    while open && let Some(first) = queue.blocking_recv() {
        let mut next = Some(first);
        let mut answers = Vec::new();
        let begun = begin(connection);
        let mut batch = Batch::default();
        while let Some(job) = next {
            match job {
                Job::Work(_) if begun.is_err() => {}
                Job::Work(work) => {
                    answers.push(work(connection, &mut batch));
                    // Some faults make SQLite end the transaction by itself; what comes next would run outside of one.
                    batch.spoilt |= connection.is_autocommit();
                }
                Job::Close => {
                    open = false;
                    break;
                }
            }
            next = if answers.len() < BATCH && !batch.spoilt { queue.try_recv().ok() } else { None };
        }
        if begun.is_ok() {
            commits.sizes.observe(answers.len() as u64);
            let ended = Instant::now();
            finish(connection, batch.spoilt, answers);
            commits.took.took(ended.elapsed());
        }
    }
}

fn begin(connection: &Connection) -> Result<(), CommitFailed> {
    let begun = connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.raw_execute());
    begun.map(drop).map_err(|error| {
        tracing::error!(%error, "the database cannot be written");
        CommitFailed::from(&error)
    })
}

#[cfg(not(feature = "sabotage"))]
fn finish(connection: &Connection, spoilt: bool, endings: Vec<Ending>) {
    let committed = end(connection, spoilt);
    for end in endings {
        end(committed);
    }
}

#[cfg(feature = "sabotage")]
fn finish(connection: &Connection, spoilt: bool, endings: Vec<Ending>) {
    let early = crate::sabotage::answers_before_the_commit();
    let committed = if early { Ok(()) } else { end(connection, spoilt) };
    for end in endings {
        end(committed);
    }
    if early {
        crate::sabotage::dawdle();
        let _ = end(connection, spoilt);
    }
}

fn end(connection: &Connection, spoilt: bool) -> Result<(), CommitFailed> {
    if !spoilt {
        return commit(connection);
    }
    tracing::error!("work failed after it had stored something; nothing of its commit was kept");
    let _ = connection.execute_batch("ROLLBACK");
    Err(CommitFailed::Otherwise)
}

fn commit(connection: &Connection) -> Result<(), CommitFailed> {
    let committed = connection.prepare_cached("COMMIT").and_then(|mut commit| commit.raw_execute());
    committed.map(drop).map_err(|error| {
        tracing::error!(%error, "a commit failed; nothing of it was kept");
        // After a failed sync nobody knows what is on the disk. The next start finds out; this process must not go on.
        if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) {
            std::process::abort();
        }
        let _ = connection.execute_batch("ROLLBACK");
        CommitFailed::from(&error)
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Db, System, Written},
        *,
    };

    const ADD: &str =
        "INSERT INTO signing_keys (id, algorithm, sealed_private_key, created_at) VALUES ($1, 'x', x'00', 0)";

    fn open(folder: &Path) -> Db {
        Db::open_sqlite(&folder.join("test.db")).unwrap()
    }

    async fn add(
        db: &Db,
        id: &'static str,
        then: impl FnOnce() -> Result<(), Error> + Send + 'static,
    ) -> bool {
        let work = async move |system: &System<'_>| {
            system.execute(ADD, &[id.into()]).await?;
            then()
        };
        db.system(work).await.is_ok()
    }

    async fn stored(db: &Db) -> Vec<String> {
        let ids = "SELECT id FROM signing_keys ORDER BY id";
        db.look_up(async |system| system.all(ids, &[], |row| row.text(0)).await).await.unwrap()
    }

    /// Rows that a tenant has in the outbox.
    async fn waiting(db: &Db, tenant: TenantId) -> i64 {
        let count = "SELECT count(*) FROM outbox WHERE tenant_id = $1";
        db.read(tenant, async |reader| reader.count(count, &[]).await).await.unwrap()
    }

    /// Work that fails or panics after it has stored something leaves nothing, and the thread goes on.
    #[tokio::test]
    async fn what_fails_late_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path());
        assert!(add(&db, "a", || Ok(())).await);
        assert!(!add(&db, "b", || Err(Error::NotFound)).await);
        assert!(!add(&db, "c", || panic!("on purpose")).await);
        assert!(add(&db, "d", || Ok(())).await);
        assert_eq!(stored(&db).await, ["a", "d"]);
    }

    /// A full disk refuses what does not fit, says so, and keeps what was acknowledged; once there is room it goes on.
    #[tokio::test]
    async fn a_full_disk_refuses_and_keeps() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path());
        let room = async |pages: &'static str| {
            db.system(async move |system| system.all(pages, &[], |_| Ok(())).await).await.unwrap();
        };
        let large = async |id: &'static str| {
            let sql = "INSERT INTO signing_keys (id, algorithm, sealed_private_key, created_at) VALUES ($1, 'x', zeroblob(100000), 0)";
            db.system(async move |system| system.execute(sql, &[id.into()]).await).await
        };
        assert!(add(&db, "a", || Ok(())).await);
        // As little as there can be: what there is already.
        room("PRAGMA max_page_count = 1").await;
        assert!(matches!(large("b").await, Err(Error::StorageFull)));
        assert_eq!(stored(&db).await, ["a"]);
        room("PRAGMA max_page_count = 100000").await;
        assert!(large("c").await.is_ok());
        assert_eq!(stored(&db).await, ["a", "c"]);
    }

    /// The same for work on a tenant, whose failures that stored nothing cost nobody anything.
    #[tokio::test]
    async fn a_tenants_work_that_fails_late_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path());
        let tenant = "0123456789abcdefghijklmnopqrstuv".parse().unwrap();
        let before = waiting(&db, tenant).await;
        let fails = async |writer: &mut Writer<'_>| {
            writer.execute("DELETE FROM outbox WHERE tenant_id = $1", &[]).await?;
            Err::<Written<()>, _>(Error::NotFound)
        };
        let refused = db.write(tenant, fails, |_| {}).await;
        assert!(matches!(refused, Err(Error::Unavailable)), "{refused:?}");
        let does_nothing = async |_: &mut Writer<'_>| Err::<Written<()>, _>(Error::NotFound);
        assert!(matches!(db.write(tenant, does_nothing, |_| {}).await, Err(Error::NotFound)));
        assert_eq!(waiting(&db, tenant).await, before);
    }

    /// What is stored beside the changes of a tenant stays too, and costs nobody else anything.
    #[tokio::test]
    async fn what_is_no_change_of_the_tenant_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path());
        let tenant = "0123456789abcdefghijklmnopqrstuv".parse().unwrap();
        let add = async |writer: &mut Writer<'_>| {
            let sql = "INSERT INTO outbox (tenant_id, revision, ordinal) VALUES ($1, 1, 1)";
            writer.execute(sql, &[]).await?;
            Ok(Written { value: (), left: Left::Note })
        };
        db.write(tenant, add, |_| {}).await.unwrap();
        assert_eq!(waiting(&db, tenant).await, 1);
    }

    /// A commit is synced before it is acknowledged. What a power cut leaves cannot be tried here; that SQLite was told can.
    #[test]
    fn commits_are_synced() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connect(&folder.path().join("test.db")).unwrap();
        let pragma = |name: &str| -> String {
            connection
                .query_row(&format!("PRAGMA {name}"), (), |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|value| format!("{value:?}"))
                .unwrap()
        };
        assert_eq!(
            (pragma("synchronous"), pragma("journal_mode")),
            ("Integer(2)".into(), "Text(\"wal\")".into())
        );
    }

    /// Whoever shares a commit with work that fails late is told, and nobody is told that what was undone is durable.
    #[tokio::test]
    async fn nothing_that_was_undone_is_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path());
        let ids: Vec<&'static str> = (0..200).map(|n| &*format!("{n:03}").leak()).collect();
        let work = ids.iter().enumerate().map(|(n, id)| {
            let (db, id) = (db.clone(), *id);
            let fails = n % 7 == 3;
            tokio::spawn(async move {
                add(&db, id, move || if fails { Err(Error::NotFound) } else { Ok(()) }).await.then_some(id)
            })
        });
        let mut acknowledged = Vec::new();
        for task in work.collect::<Vec<_>>() {
            acknowledged.extend(task.await.unwrap());
        }
        assert_eq!(stored(&db).await, acknowledged);
        assert!(ids.iter().skip(3).step_by(7).all(|failed| !acknowledged.contains(failed)));
    }
}
