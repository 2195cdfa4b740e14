//! How does SQLite's log stay short while nobody waits for that?
//!
//! A thread of its own carries what was committed from the log to the database file. The writing thread then adds the
//! little that was committed meanwhile: only when all is carried over is the log used from its start again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use rusqlite::{Connection, ErrorCode};

use crate::error::Error;

/// Rows that are stored between one checkpoint and the next; a change stores about four, in as many pages or fewer.
const ROWS: u64 = 4096;

/// The write-ahead log, and the thread that empties it.
pub(super) struct Log {
    wake: SyncSender<()>,
    /// Whether that thread has just carried over what there was.
    emptied: Arc<AtomicBool>,
    /// The rows that had been stored when it was last woken.
    rows: u64,
    thread: JoinHandle<()>,
}

impl Log {
    pub(super) fn start(connection: Connection) -> Result<Self, Error> {
        let (wake, woken): (_, Receiver<()>) = sync_channel(1);
        let emptied = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&emptied);
        let empty = move || {
            for () in woken {
                checkpoint(&connection);
                done.store(true, Ordering::Release);
            }
        };
        let thread = std::thread::Builder::new().name("sqlite-log".to_owned()).spawn(empty);
        Ok(Self { wake, emptied, rows: 0, thread: thread.map_err(Error::internal)? })
    }

    /// To be called between commits.
    pub(super) fn keep_short(&mut self, writer: &Connection) {
        if self.emptied.swap(false, Ordering::Acquire) {
            checkpoint(writer);
        }
        let rows = writer.total_changes();
        if rows - self.rows >= ROWS && self.wake.try_send(()).is_ok() {
            self.rows = rows;
        }
    }

    pub(super) fn stop(self) {
        drop(self.wake);
        let _ = self.thread.join();
    }
}

/// Carries over what no reader keeps in the log, without waiting for anybody.
fn checkpoint(connection: &Connection) {
    let carried = connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)");
    if let Err(error) = carried.and_then(|mut carry| carry.query_row([], |_| Ok(()))) {
        tracing::error!(%error, "the log could not be carried over to the database file");
        must_not_go_on_after_a_disk_error(&error);
    }
}

/// After a failed sync nobody knows what is on the disk. The next start finds out.
pub(super) fn must_not_go_on_after_a_disk_error(error: &rusqlite::Error) {
    if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) {
        std::process::abort();
    }
}
