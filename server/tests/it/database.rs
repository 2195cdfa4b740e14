//! Where a server of a test keeps its tenants: SQLite, or PostgreSQL if `TEST_DATABASE` says where one is.

use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process::Command,
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use rolecall_server::{Db, Location, Missing};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::harness::RUNTIME;

/// The address of a PostgreSQL whose databases are made and dropped at will, without a database's name, for example
/// `postgres://me@127.0.0.1:5433`.
static POSTGRES: LazyLock<Option<String>> = LazyLock::new(|| env::var("TEST_DATABASE").ok());

/// The database of one server.
pub struct Database {
    place: Place,
}

enum Place {
    File(PathBuf),
    Postgres { address: String, name: String, owned: bool },
}

fn address(name: &str) -> String {
    format!("{}/{name}", POSTGRES.as_ref().unwrap())
}

async fn client(name: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&address(name), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A name that no other database has.
fn new_name() -> String {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    format!("test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed))
}

/// An empty database of the present shape, to be copied.
async fn template() -> &'static str {
    static TEMPLATE: tokio::sync::OnceCell<String> = tokio::sync::OnceCell::const_new();
    let made = TEMPLATE.get_or_init(async || {
        let name = new_name();
        client("postgres").await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        Db::open(&Location::Postgres(address(&name)), Missing::Do).await.unwrap().close().await;
        name
    });
    made.await
}

impl Database {
    /// A new one in a folder or, where there is one, in PostgreSQL.
    pub async fn new(folder: &std::path::Path) -> Self {
        if POSTGRES.is_none() {
            return Self::file(folder);
        }
        let (name, template) = (new_name(), template().await);
        let make = format!("CREATE DATABASE {name} TEMPLATE {template}");
        let client = client("postgres").await;
        // Whoever was connected to the template may not be quite gone.
        while let Err(error) = client.batch_execute(&make).await {
            assert!(error.code() == Some(&tokio_postgres::error::SqlState::OBJECT_IN_USE), "{error}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Self { place: Place::Postgres { address: address(&name), name, owned: true } }
    }

    /// One in a folder.
    pub fn file(folder: &std::path::Path) -> Self {
        Self { place: Place::File(folder.join("rolecall.db")) }
    }

    /// The same database for a second server, reached over another port; none if it is not for several.
    pub fn over(&self, port: u16) -> Option<Self> {
        let Place::Postgres { name, .. } = &self.place else { return None };
        let (user, _) = POSTGRES.as_ref()?.rsplit_once(':')?;
        let address = format!("{user}:{port}/{name}");
        Some(Self { place: Place::Postgres { address, name: name.clone(), owned: false } })
    }

    /// The port that PostgreSQL is reached over.
    pub fn port() -> Option<u16> {
        POSTGRES.as_ref()?.rsplit_once(':')?.1.parse().ok()
    }

    /// Opens it.
    pub async fn open(&self) -> Db {
        let location = match &self.place {
            Place::File(file) => Location::File(file.clone()),
            Place::Postgres { address, .. } => Location::Postgres(address.clone()),
        };
        Db::open(&location, Missing::Do).await.unwrap()
    }

    /// A copy in a folder, of what it holds now.
    pub async fn copy(&self, folder: &std::path::Path) -> Self {
        let copy = Self::new(folder).await;
        match (&self.place, &copy.place) {
            (Place::File(file), Place::File(to)) => {
                for (file, to) in [(file.clone(), to.clone()), (wal(file), wal(to))] {
                    if file.exists() {
                        fs::copy(file, to).unwrap();
                    }
                }
            }
            (Place::Postgres { .. }, Place::Postgres { name, .. }) => {
                let client = client(name).await;
                client.batch_execute("SET session_replication_role = replica").await.unwrap();
                client.batch_execute(&format!("TRUNCATE {}", tables(&client).await)).await.unwrap();
                client.batch_execute(&self.dump(&["--data-only", "--inserts"])).await.unwrap();
            }
            _ => unreachable!("both are of one kind"),
        }
        copy
    }

    /// The rows that a statement answers, each column as text.
    pub fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        match &self.place {
            Place::File(file) => {
                let connection = connect(file);
                let mut statement = connection.prepare(sql).unwrap();
                let columns = statement.column_count();
                let cell = |value| match value {
                    rusqlite::types::Value::Null => None,
                    rusqlite::types::Value::Integer(value) => Some(value.to_string()),
                    rusqlite::types::Value::Text(text) => Some(text),
                    other => panic!("{other:?} is no text"),
                };
                let row =
                    |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column).map(cell)).collect();
                statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
            }
            Place::Postgres { name, .. } => RUNTIME.block_on(async {
                let answer = client(name).await.simple_query(sql).await.unwrap();
                let rows = answer.iter().filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => Some(row),
                    _ => None,
                });
                rows.map(|row| (0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
                    .collect()
            }),
        }
    }

    /// How many rows there are of a table, or of a table under a condition.
    pub fn count(&self, rows: &str) -> i64 {
        self.rows(&format!("SELECT count(*) FROM {rows}"))[0][0].as_ref().unwrap().parse().unwrap()
    }

    /// The tables with rows of tenants, and the names and types of their columns.
    pub fn columns(&self) -> BTreeMap<String, Vec<(String, String)>> {
        let sql = match &self.place {
            Place::File(_) => {
                "SELECT m.name, c.name, c.type FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
            }
            Place::Postgres { .. } => {
                "SELECT table_name, column_name, data_type FROM information_schema.columns
                 WHERE table_schema = current_schema() AND is_updatable = 'YES'"
            }
        };
        let mut tables: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for row in self.rows(sql) {
            let [table, column, kind] =
                row.into_iter().map(Option::unwrap).collect::<Vec<_>>().try_into().unwrap();
            tables.entry(table).or_default().push((column, kind));
        }
        tables.retain(|_, columns| columns.iter().any(|(name, _)| name == "tenant_id"));
        tables
    }

    /// Runs statements beside the server, whatever refers to what they change.
    pub fn batch(&self, sql: &str) {
        match &self.place {
            Place::File(file) => {
                connect(file)
                    .execute_batch(&format!("PRAGMA foreign_keys = OFF; BEGIN; {sql}; COMMIT"))
                    .unwrap();
            }
            Place::Postgres { name, .. } => RUNTIME.block_on(async {
                let free = "SET session_replication_role = replica";
                client(name).await.batch_execute(&format!("{free}; BEGIN; {sql}; COMMIT")).await.unwrap();
            }),
        }
    }

    /// Changes rows of PostgreSQL as another program would, whose changes are told of by triggers alone.
    pub fn change(&self, sql: &str) {
        let Place::Postgres { name, .. } = &self.place else { panic!("SQLite has one program") };
        RUNTIME.block_on(async {
            client(name).await.batch_execute(&format!("BEGIN; {sql}; COMMIT")).await.unwrap();
        });
    }

    /// Everything that is stored, as bytes to look for something in.
    pub fn stored(&self) -> Vec<u8> {
        match &self.place {
            Place::File(file) => {
                let mut all = fs::read(file).unwrap();
                all.extend(fs::read(wal(file)).unwrap_or_default());
                all
            }
            Place::Postgres { .. } => self.dump(&[]).into_bytes(),
        }
    }

    fn dump(&self, how: &[&str]) -> String {
        let Place::Postgres { name, .. } = &self.place else { panic!("SQLite has no dump") };
        let dump = Command::new("pg_dump").args(how).arg(address(name)).output().unwrap();
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        let text = String::from_utf8(dump.stdout).unwrap();
        // What `psql` alone understands.
        text.lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n")
    }
}

fn wal(file: &std::path::Path) -> PathBuf {
    file.with_extension("db-wal")
}

fn connect(file: &std::path::Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    connection
}

async fn tables(client: &Client) -> String {
    let sql = "SELECT string_agg(tablename, ', ') FROM pg_tables WHERE schemaname = current_schema()";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Place::Postgres { name, owned: true, .. } = &self.place {
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            RUNTIME.spawn(async move { client("postgres").await.batch_execute(&drop).await });
        }
    }
}
