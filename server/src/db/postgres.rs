//! How does PostgreSQL store every acknowledged change, for several nodes at once?
//!
//! Work runs on threads of its own, each of which runs many pieces at once: a piece waits for the database more than it
//! computes. Nobody who stops waiting for an answer stops the work: a commit that was begun is not left alone.
//!
//! Writing work locks its tenant's row first, so that a tenant is changed by one piece after the other, whichever node runs
//! it. Within a node they queue up before they take a connection: a busy tenant leaves connections for the others.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::{Arc, PoisonError},
    thread::available_parallelism,
    time::Duration,
};

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, QueueMode, RecyclingMethod,
    Runtime, Timeouts,
};
use futures_util::FutureExt as _;
use quick_cache::sync::Cache;
use rolecall_engine::ids::TenantId;
use tokio::{
    sync::{Mutex, mpsc},
    time::{Instant, timeout},
};
use tokio_postgres::{
    Client, Config, Socket, config::TargetSessionAttrs, error::SqlState, tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::task::{LocalPoolHandle, TaskTracker};

use super::{
    Left, Writer,
    feed::hint_of,
    measure::Load,
    migrate::{self, Missing, Step},
    tx::Connection,
    work::{Change, Publish, Work},
};
use crate::{error::Error, trace::Onward};

/// What is sent over a connection that is under TLS.
type TlsStream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// Connections of a node.
const CONNECTIONS: usize = 64;
/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks whether the other end of a silent connection is still there.
const PROBES: Duration = Duration::from_secs(1);
/// How long work may take with little to do, and with much.
const SHORT: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_mins(1);
/// How long a commit is waited for, besides the work. It is not stopped then, and nobody knows how it ends.
const COMMIT: Duration = Duration::from_mins(1);
/// Hints that may wait.
const HINTS: usize = 1000;
/// Tenants that may have work waiting at the same moment.
const WRITING: usize = 10_000;
/// What each session is told: how long a statement, a lock and a transaction that does nothing may take.
const SESSION: &str =
    "-c statement_timeout=60s -c lock_timeout=10s -c idle_in_transaction_session_timeout=5s";
/// Work that concerns no tenant takes turns by this lock.
pub(super) const TURNS: &str = "SELECT pg_advisory_xact_lock(7267465063616)";

pub(super) struct Postgres {
    url: String,
    pool: Pool,
    /// For work that takes few round trips, and for work that reads much.
    short: Threads,
    long: Threads,
    accepted: TaskTracker,
    /// Whose turn it is to write to a tenant.
    turns: Cache<TenantId, Arc<Mutex<()>>>,
    hints: mpsc::Sender<String>,
    heard: Heard,
}

/// Where the beacons of this node are heard. A connection to another place, for example to a primary that was cut off, is of no
/// use: it would show what was, as if it were so.
#[derive(Clone, Default)]
struct Heard(Arc<std::sync::Mutex<Option<Epoch>>>);

#[derive(Clone)]
struct Epoch {
    node: String,
    name: String,
    began: Instant,
}

impl Heard {
    fn epoch(&self) -> Option<Epoch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a connection of that age was made since the beacons are heard.
    fn is_younger(&self, created: std::time::Instant) -> bool {
        self.epoch().is_none_or(|epoch| created >= epoch.began.into_std())
    }

    /// Whether the last beacon that began an epoch can be seen from a connection.
    async fn is_seen_by(&self, client: &Client) -> Result<bool, tokio_postgres::Error> {
        let Some(Epoch { node, name, .. }) = self.epoch() else { return Ok(true) };
        let row =
            client.query_opt("SELECT 1 FROM nodes WHERE id = $1 AND epoch = $2", &[&node, &name]).await?;
        Ok(row.is_some())
    }
}

impl Postgres {
    /// # Errors
    /// When the address is none, the database cannot be reached, or is not of the present shape.
    pub(super) async fn open(url: &str, missing: Missing) -> Result<Self, Error> {
        migrated(url, missing).await?;
        let heard = Heard::default();
        let pool = pool(url, &heard)?;
        let (hints, waiting) = mpsc::channel(HINTS);
        tokio::spawn(Self::send_hints(pool.clone(), waiting));
        Ok(Self {
            url: url.to_owned(),
            pool,
            hints,
            heard,
            short: Threads::new(SHORT),
            long: Threads::new(LONG),
            accepted: TaskTracker::new(),
            turns: Cache::new(WRITING),
        })
    }

    /// Runs work with a connection on one of the threads. How long it may take it says itself.
    async fn on(
        &self,
        threads: &Threads,
        work: impl AsyncFnOnce(&ClientWrapper) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        if self.accepted.is_closed() {
            return Err(Error::Unavailable);
        }
        let pool = self.pool.clone();
        let token = self.accepted.token();
        let onward = Onward::here();
        let run = move || {
            onward.wait(async move {
                let _token = token;
                let client = pool.get().await.map_err(unavailable)?;
                let done = AssertUnwindSafe(work(&client)).catch_unwind().await;
                let done = done.unwrap_or_else(|_| Err(Error::internal("work on the database panicked")));
                if done.as_ref().is_err_and(Error::is_fault) {
                    // Nobody knows what state it is in.
                    drop(Object::take(client));
                }
                done
            })
        };
        threads.pool.spawn_pinned(run).await.map_err(Error::internal)?
    }

    /// Reads rows of one state.
    async fn read_on(&self, threads: &Threads, work: Work) -> Result<(), Error> {
        let limit = threads.limit;
        self.on(threads, async move |client: &ClientWrapper| {
            in_time(limit, async {
                let beginning = client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                // Sent together: the work need not wait for the answer to this.
                let (begun, done) = futures_util::join!(beginning, work(Connection::Postgres(client)));
                let ended = client.batch_execute("ROLLBACK").await;
                begun?;
                ended?;
                done
            })
            .await
        })
        .await
    }

    pub(super) async fn read(&self, work: Work) -> Result<(), Error> {
        self.read_on(&self.short, work).await
    }

    pub(super) async fn scan(&self, work: Work) -> Result<(), Error> {
        self.read_on(&self.long, work).await
    }

    pub(super) async fn write(
        &self,
        tenant: TenantId,
        change: Change,
        publish: Publish,
    ) -> Result<(), Error> {
        let Ok(turn) = self.turns.get_or_insert_with(&tenant, || Ok::<_, Infallible>(Arc::default()));
        let turn = timeout(PATIENCE, turn.lock_owned()).await.map_err(unavailable)?;
        let hints = self.hints.clone();
        self.on(&self.short, async move |client: &ClientWrapper| {
            let _turn = turn;
            let stored = in_time(SHORT, async {
                let (begun, left) = futures_util::join!(begin(client, tenant), async {
                    let mut writer = Writer::new(Connection::Postgres(client), tenant, None);
                    change(&mut writer).await
                });
                let left = begun.and(left);
                if !matches!(left, Ok(Left::Note | Left::State(_))) {
                    client.batch_execute("ROLLBACK").await?;
                }
                left
            });
            let left = stored.await?;
            if !matches!(left, Left::Nothing) {
                commit(client).await?;
            }
            if let Left::State(state) = left {
                let _ = hints.try_send(hint_of(tenant, state.revision()));
                publish(state);
            }
            Ok(())
        })
        .await
    }

    pub(super) async fn system(&self, work: Work) -> Result<(), Error> {
        self.on(&self.short, async move |client: &ClientWrapper| {
            let stored = in_time(SHORT, async {
                client.batch_execute("BEGIN").await?;
                client.batch_execute(TURNS).await?;
                let done = work(Connection::Postgres(client)).await;
                if done.is_err() {
                    client.batch_execute("ROLLBACK").await?;
                }
                done
            });
            stored.await?;
            commit(client).await
        })
        .await
    }

    /// Tells the other nodes something, if there is room; what they are not told they find out.
    pub(super) fn hint(&self, text: String) {
        let _ = self.hints.try_send(text);
    }

    /// A connection of its own.
    pub(super) async fn connect(
        &self,
    ) -> Result<(Client, tokio_postgres::Connection<Socket, TlsStream>), Error> {
        Ok(configuration(&self.url)?.connect(MakeRustlsConnect::new(tls()?)).await?)
    }

    /// From now on only connections count that were made since, and that see the beacon that began this.
    pub(super) fn begin_epoch(&self, node: &str, name: &str) {
        let epoch = Epoch { node: node.to_owned(), name: name.to_owned(), began: Instant::now() };
        *self.heard.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(epoch);
    }

    pub(super) fn load(&self) -> Load {
        let status = self.pool.status();
        let in_use = status.size.saturating_sub(status.available);
        Load::Postgres { in_use, open: status.size, most: status.max_size, waiting: status.waiting }
    }

    pub(super) fn takes_work(&self) -> bool {
        !self.accepted.is_closed()
    }

    pub(super) async fn close(&self) {
        self.accepted.close();
        self.accepted.wait().await;
        self.pool.close();
    }
}

/// As many threads as there are processors, and how long a piece of work may take on them.
struct Threads {
    pool: LocalPoolHandle,
    limit: Duration,
}

impl Threads {
    fn new(limit: Duration) -> Self {
        Self { pool: LocalPoolHandle::new(available_parallelism().map_or(1, usize::from)), limit }
    }
}

/// What work answers within a time.
async fn in_time<T>(limit: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(limit, work).await.unwrap_or_else(|late| Err(unavailable(late)))
}

fn unavailable(error: impl std::fmt::Display) -> Error {
    tracing::error!(%error, "the database cannot be used");
    Error::Unavailable
}

/// How sessions are begun at an address.
fn configuration(url: &str) -> Result<Config, Error> {
    let config = url.parse::<Config>();
    let mut config =
        config.map_err(|_| Error::internal("the address of the database is not one of PostgreSQL's"))?;
    let options = config.get_options().map_or_else(|| SESSION.to_owned(), |own| format!("{SESSION} {own}"));
    config.options(options).application_name("rolecall").target_session_attrs(TargetSessionAttrs::ReadWrite);
    config.tcp_user_timeout(PATIENCE).keepalives_idle(PATIENCE).keepalives_interval(PROBES);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE);
    }
    Ok(config)
}

/// Brings the database to the present shape, on a session of its own.
async fn migrated(url: &str, missing: Missing) -> Result<(), Error> {
    let (mut client, connection) = configuration(url)?.connect(MakeRustlsConnect::new(tls()?)).await?;
    let session = tokio::spawn(connection);
    keeps_what_it_acknowledges(&client).await?;
    migrate::postgres(&mut client, missing).await?;
    drop(client);
    let _ = session.await;
    Ok(())
}

/// The steps of the database at an address.
pub(super) async fn steps(url: &str) -> Result<Vec<Step>, Error> {
    let (client, connection) = configuration(url)?.connect(MakeRustlsConnect::new(tls()?)).await?;
    tokio::spawn(connection);
    migrate::steps_of_postgres(&client).await
}

fn pool(url: &str, heard: &Heard) -> Result<Pool, Error> {
    let (made, kept) = (heard.clone(), heard.clone());
    let manager = Manager::from_config(
        configuration(url)?,
        MakeRustlsConnect::new(tls()?),
        ManagerConfig { recycling_method: RecyclingMethod::Fast },
    );
    let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
    Pool::builder(manager)
        .max_size(CONNECTIONS)
        // The one that was used last knows the statements.
        .queue_mode(QueueMode::Lifo)
        .post_create(Hook::async_fn(move |client: &mut ClientWrapper, _| {
            let heard = made.clone();
            Box::pin(async move {
                if heard.is_seen_by(client).await.map_err(HookError::Backend)? {
                    return Ok(());
                }
                Err(HookError::message("the database is not the one that hears this node's beacons"))
            })
        }))
        .pre_recycle(Hook::sync_fn(move |_, metrics| {
            let counts = kept.is_younger(metrics.created);
            if counts { Ok(()) } else { Err(HookError::message("the connection is of an earlier epoch")) }
        }))
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(Error::internal)
}

/// Who the database must be, where it is asked over TLS: somebody whom the machine's own authorities, or those in the file
/// `SSL_CERT_FILE`, vouch for.
fn tls() -> Result<rustls::ClientConfig, Error> {
    let mut authorities = rustls::RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(Error::internal)?.with_root_certificates(authorities).with_no_client_auth())
}

/// Refuses a database that answers before it has written.
async fn keeps_what_it_acknowledges(client: &Client) -> Result<(), Error> {
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        let row = client.query_one(&format!("SHOW {setting}"), &[]).await?;
        let value: &str = row.try_get(0)?;
        if value == "off" {
            return Err(Error::internal(format!(
                "the database has `{setting}` off, so that it loses what it acknowledged when its machine fails"
            )));
        }
    }
    Ok(())
}

/// Begins a transaction in which nobody else can change the tenant. A tenant that is not there yet locks nothing. It is one
/// message, so that what is sent right behind it sees the tenant as it is once it is locked.
async fn begin(client: &ClientWrapper, tenant: TenantId) -> Result<(), Error> {
    // An identifier of a tenant has no character that could end the text.
    let lock = format!("SELECT 1 FROM tenants WHERE tenant_id = '{tenant}' FOR UPDATE");
    Ok(client.batch_execute(&format!("BEGIN ISOLATION LEVEL READ COMMITTED; {lock}")).await?)
}

/// Makes what was stored durable. When the answer does not come, nobody knows whether it is: the connection is given up.
async fn commit(client: &ClientWrapper) -> Result<(), Error> {
    #[cfg(feature = "sabotage")]
    if crate::sabotage::answers_before_the_commit() {
        // It takes a little to come. Polled once, which sends it; the answer is not waited for.
        let _ = client.batch_execute("SELECT pg_sleep(0.05); COMMIT").now_or_never();
        return Ok(());
    }
    timeout(COMMIT, client.batch_execute("COMMIT")).await.map_err(unavailable)?.map_err(unavailable)
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let passes = error.code().is_none_or(|code| {
            // Connections, resources, an operator who intervenes, a server that is not the one that writes any more.
            let of_class = ["08", "53", "57", "58"].iter().any(|class| code.code().starts_with(class));
            let others = [
                SqlState::READ_ONLY_SQL_TRANSACTION,
                SqlState::T_R_DEADLOCK_DETECTED,
                SqlState::T_R_SERIALIZATION_FAILURE,
                SqlState::LOCK_NOT_AVAILABLE,
            ];
            of_class || others.contains(code)
        });
        let said = error.as_db_error().map(|said| format!("{}: {}", said.severity(), said.message()));
        let is_ours = said.is_none() && !error.is_closed() && !is_io(&error);
        match said {
            Some(said) if error.code() == Some(&SqlState::DISK_FULL) => {
                tracing::error!(error = said, "the database has no room left");
                Self::StorageFull
            }
            Some(said) if passes => unavailable(said),
            Some(said) => Self::internal(said),
            None if is_ours => Self::internal(error),
            None => unavailable(error),
        }
    }
}

/// Whether the way to the database failed.
fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}
