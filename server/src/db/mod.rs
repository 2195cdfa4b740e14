//! How does Rolecall keep what it knows?
//!
//! Rooms write one SQL text and get a [`Reader`] or a [`Writer`]; which engine runs it is decided here and nowhere else.

mod copy;
mod dialect;
mod erase;
mod feed;
mod list;
mod measure;
mod migrate;
mod postgres;
mod row;
mod schema;
mod sqlite;
mod table;
mod tx;
mod work;

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

pub use copy::{Copied, copy};
pub use feed::{Feed, Hints};
pub use list::{
    Direction, Found, Key, Keyset, List, Neighbour, Parameters, Sort, Sorts, Test, column, one_of,
};
pub use measure::Load;
use measure::Measures;
pub use migrate::{Missing, Step};
use rolecall_engine::{access::Snapshot, ids::TenantId};
pub use row::{Row, Value};
pub use schema::Shape;
pub use table::Table;
use tx::Connection;
pub use tx::{Reader, System, Writer};
use work::{Change, Publish, Work};

use crate::error::Error;

/// Where a database is.
#[derive(Clone)]
pub enum Location {
    /// SQLite, in a file.
    File(PathBuf),
    /// PostgreSQL, at an address, for example `postgres://rolecall@db.example/rolecall?sslmode=require`.
    Postgres(String),
}

/// The database.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    measures: Measures,
}

#[derive(Clone)]
enum Engine {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(Arc<postgres::Postgres>),
}

/// How work is run that does not change a tenant.
#[derive(Clone, Copy)]
enum Kind {
    Read,
    Scan,
    System,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Scan => "scan",
            Self::System => "system",
        }
    }
}

/// What a piece of writing work leaves behind.
pub struct Written<T> {
    /// The answer to give once it is durable.
    pub value: T,
    pub left: Left,
}

/// What stored work leads to.
pub enum Left {
    /// It stored nothing.
    Nothing,
    /// It stored what is no part of a tenant's state.
    Note,
    /// The tenant's next state.
    State(Arc<Snapshot>),
}

impl Db {
    /// Opens a database. A file that is not there is made.
    ///
    /// # Errors
    /// When it cannot be reached, may lose what it acknowledged, is not Rolecall's, is newer than this program, or misses
    /// steps that are not to be done now.
    pub async fn open(location: &Location, missing: Missing) -> Result<Self, Error> {
        let engine = match location {
            Location::File(file) => Engine::Sqlite(Arc::new(sqlite::Sqlite::open(file, missing)?)),
            Location::Postgres(url) => {
                Engine::Postgres(Arc::new(postgres::Postgres::open(url, missing).await?))
            }
        };
        Ok(Self { engine, measures: Measures::default() })
    }

    /// Opens the SQLite database in a file, makes it if there is none, and brings it to the present shape.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub fn open_sqlite(file: &Path) -> Result<Self, Error> {
        let engine = Engine::Sqlite(Arc::new(sqlite::Sqlite::open(file, Missing::Do)?));
        Ok(Self { engine, measures: Measures::default() })
    }

    /// The steps that lead to the present shape, and whether each was done. Changes nothing.
    ///
    /// # Errors
    /// When the database cannot be reached, is not Rolecall's, or is newer than this program.
    pub async fn steps(location: &Location) -> Result<Vec<Step>, Error> {
        match location {
            Location::File(file) => sqlite::steps(file),
            Location::Postgres(url) => postgres::steps(url).await,
        }
    }

    /// Reads a few rows of a tenant, all from the same state. For look-ups that take microseconds.
    ///
    /// # Errors
    /// What the work answers, or that the database cannot be read.
    pub async fn read<T: Send + 'static>(
        &self,
        tenant: TenantId,
        work: impl AsyncFnOnce(&Reader<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let work = async move |connection: Connection<'_>| work(&Reader::new(connection, tenant)).await;
        self.run(Kind::Read, work).await
    }

    /// Reads a few rows of the installation, which belong to no tenant.
    ///
    /// # Errors
    /// What the work answers, or that the database cannot be read.
    pub async fn look_up<T: Send + 'static>(
        &self,
        work: impl AsyncFnOnce(&System<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let work = async move |connection: Connection<'_>| work(&System::new(connection)).await;
        self.run(Kind::Read, work).await
    }

    /// Reads rows of a tenant, all from the same state. For lists and other work that may take milliseconds.
    ///
    /// # Errors
    /// What the work answers, or that the database cannot be read.
    pub async fn scan<T: Send + 'static>(
        &self,
        tenant: TenantId,
        work: impl AsyncFnOnce(&Reader<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let work = async move |connection: Connection<'_>| work(&Reader::new(connection, tenant)).await;
        self.run(Kind::Scan, work).await
    }

    /// Changes a tenant. The work runs in a transaction of its own, one after the other; when what it did is durable,
    /// `publish` is called with the state it led to, and the answer is given.
    ///
    /// # Errors
    /// What the work answers, and then nothing was changed; or that the database cannot be written.
    pub async fn write<T: Send + 'static>(
        &self,
        tenant: TenantId,
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<Written<T>, Error> + Send + 'static,
        publish: impl FnOnce(Arc<Snapshot>) + Send + 'static,
    ) -> Result<T, Error> {
        let (change, answer) = work::change(work);
        self.change(tenant, change, Box::new(publish)).await?;
        answer.get()
    }

    /// Reads and stores what belongs to no tenant, in a transaction.
    ///
    /// # Errors
    /// What the work answers, and then nothing was changed; or that the database cannot be written.
    pub async fn system<T: Send + 'static>(
        &self,
        work: impl AsyncFnOnce(&System<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let work = async move |connection: Connection<'_>| work(&System::new(connection)).await;
        self.run(Kind::System, work).await
    }

    async fn run<T: Send + 'static>(
        &self,
        kind: Kind,
        work: impl AsyncFnOnce(Connection<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (work, answer) = work::work(work);
        self.hand_on(kind, work).await?;
        answer.get()
    }

    async fn hand_on(&self, kind: Kind, work: Work) -> Result<(), Error> {
        let done = async {
            match (&self.engine, kind) {
                (Engine::Sqlite(engine), Kind::Read) => engine.read(work),
                (Engine::Sqlite(engine), Kind::Scan) => engine.scan(work).await,
                (Engine::Sqlite(engine), Kind::System) => engine.system(work).await,
                (Engine::Postgres(engine), Kind::Read) => engine.read(work).await,
                (Engine::Postgres(engine), Kind::Scan) => engine.scan(work).await,
                (Engine::Postgres(engine), Kind::System) => engine.system(work).await,
            }
        };
        self.measured(kind.name(), done).await
    }

    async fn change(&self, tenant: TenantId, change: Change, publish: Publish) -> Result<(), Error> {
        let done = async {
            match &self.engine {
                Engine::Sqlite(engine) => engine.write(tenant, change, publish).await,
                Engine::Postgres(engine) => engine.write(tenant, change, publish).await,
            }
        };
        self.measured("write", done).await
    }

    /// Whether the database can be read, and somebody would write to it.
    pub async fn is_usable(&self) -> bool {
        let read = self.look_up(async |system| system.all("SELECT 1", &[], |_| Ok(())).await);
        let takes_work = match &self.engine {
            Engine::Sqlite(engine) => engine.takes_work(),
            Engine::Postgres(engine) => engine.takes_work(),
        };
        takes_work && read.await.is_ok()
    }

    /// Waits until all accepted work is done, then closes the database.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(engine) => engine.close().await,
            Engine::Postgres(engine) => engine.close().await,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) {
            tracing::error!(%error, "the database has no room left");
            return Self::StorageFull;
        }
        Self::internal(error)
    }
}

/// The output of a future that never has to wait, as those over SQLite.
fn ready<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => Err(Error::internal("work on the database waited for something else")),
    }
}
