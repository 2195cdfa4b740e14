//! What may a room do with the database?
//!
//! A [`Reader`] asks, a [`Writer`] also stores. Both belong to one tenant: `$1` of every statement is that tenant, and a
//! statement without `$1` is refused. Their functions are `async` because another engine has to wait where SQLite has
//! the answer at once.

use std::{
    ops::{ControlFlow, Deref},
    pin::pin,
    sync::Arc,
};

use futures_util::StreamExt as _;
use rolecall_engine::{access::Snapshot, ids::TenantId};
use tokio_postgres::types::ToSql;

use super::{Row, Value, dialect};
use crate::error::Error;

/// A connection of one of the engines, in a transaction.
#[derive(Clone, Copy)]
pub(super) enum Connection<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c deadpool_postgres::ClientWrapper),
}

/// A text and its parameters, `$1` the first.
struct Statement<'s> {
    sql: &'s str,
    parameters: Vec<&'s Value<'s>>,
    /// Whether it must store something, or must not.
    stores: bool,
}

impl<'s> Statement<'s> {
    /// # Errors
    /// When a parameter holds U+0000, which PostgreSQL has in no text, so that nothing can be found by it.
    fn new(
        sql: &'s str,
        parameters: impl Iterator<Item = &'s Value<'s>>,
        stores: bool,
    ) -> Result<Self, Error> {
        let parameters: Vec<&Value<'_>> = parameters.collect();
        if parameters.iter().any(|value| matches!(value, Value::Text(text) if text.contains('\0'))) {
            return Err(Error::invalid("no text can hold U+0000"));
        }
        Ok(Self { sql, parameters, stores })
    }

    fn misused(&self) -> Error {
        Error::internal(format!("a reader reads and a writer stores: {}", self.sql))
    }
}

impl Connection<'_> {
    /// Hands on rows until `each` has enough.
    async fn each(
        self,
        statement: &Statement<'_>,
        mut each: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(), Error> {
        match self {
            Self::Sqlite(connection) => {
                let mut prepared = prepare(connection, statement)?;
                let mut rows = prepared.raw_query();
                while let Some(row) = rows.next()? {
                    if each(&Row::Sqlite(row))?.is_break() {
                        break;
                    }
                }
            }
            Self::Postgres(client) => {
                let prepared = prepare_remote(client, statement).await?;
                let parameters = statement.parameters.iter().map(|value| *value as &(dyn ToSql + Sync));
                let mut rows = pin!(client.query_raw(&prepared, parameters).await?);
                while let Some(row) = rows.next().await {
                    if each(&Row::Postgres(&row?))?.is_break() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Runs a statement; answers the number of rows it stored.
    async fn execute(self, statement: &Statement<'_>) -> Result<usize, Error> {
        match self {
            Self::Sqlite(connection) => Ok(prepare(connection, statement)?.raw_execute()?),
            Self::Postgres(client) => {
                let prepared = prepare_remote(client, statement).await?;
                let parameters = statement.parameters.iter().map(|value| *value as &(dyn ToSql + Sync));
                let stored = client.execute_raw(&prepared, parameters).await?;
                usize::try_from(stored).map_err(Error::internal)
            }
        }
    }
}

fn prepare<'c>(
    connection: &'c rusqlite::Connection,
    statement: &Statement<'_>,
) -> Result<rusqlite::CachedStatement<'c>, Error> {
    let mut prepared = connection.prepare_cached(&dialect::sqlite(statement.sql))?;
    if prepared.readonly() == statement.stores {
        return Err(statement.misused());
    }
    for (at, value) in statement.parameters.iter().enumerate() {
        prepared.raw_bind_parameter(at + 1, value)?;
    }
    Ok(prepared)
}

async fn prepare_remote(
    client: &deadpool_postgres::ClientWrapper,
    statement: &Statement<'_>,
) -> Result<tokio_postgres::Statement, Error> {
    if dialect::stores(statement.sql) != statement.stores {
        return Err(statement.misused());
    }
    Ok(client.prepare_cached(&dialect::postgres(statement.sql)).await?)
}

/// Reads the rows of one tenant.
pub struct Reader<'c> {
    connection: Connection<'c>,
    tenant: TenantId,
    own: Value<'static>,
}

impl<'c> Reader<'c> {
    pub(super) fn new(connection: Connection<'c>, tenant: TenantId) -> Self {
        Self { connection, tenant, own: tenant.into() }
    }

    /// The tenant whose rows are read.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// A statement that reads, or one that `stores`.
    fn statement<'s>(
        &'s self,
        sql: &'s str,
        parameters: &'s [Value<'s>],
        stores: bool,
    ) -> Result<Statement<'s>, Error> {
        if !is_bound(sql) {
            return Err(Error::internal(format!("a statement must be bound to the tenant by $1: {sql}")));
        }
        Statement::new(sql, std::iter::once(&self.own).chain(parameters), stores)
    }

    /// All rows of the answer; `$2` is the first of `parameters`.
    pub async fn all<T>(
        &self,
        sql: &str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        let each = |row: &Row<'_>| {
            all.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        };
        self.connection.each(&self.statement(sql, parameters, false)?, each).await?;
        Ok(all)
    }

    /// The first row of the answer.
    pub async fn first<T>(
        &self,
        sql: &str,
        parameters: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut read = Some(read);
        let mut first = None;
        let each = |row: &Row<'_>| {
            first = read.take().map(|read| read(row)).transpose()?;
            Ok(ControlFlow::Break(()))
        };
        self.connection.each(&self.statement(sql, parameters, false)?, each).await?;
        Ok(first)
    }

    /// The integer that is the answer.
    pub async fn count(&self, sql: &str, parameters: &[Value<'_>]) -> Result<i64, Error> {
        let count = self.first(sql, parameters, |row| row.integer(0)).await?;
        count.ok_or_else(|| Error::internal(format!("no row from {sql}")))
    }
}

/// Reads and stores the rows of one tenant within a transaction.
pub struct Writer<'c> {
    reader: Reader<'c>,
    uncommitted: Option<Arc<Snapshot>>,
    has_stored: bool,
}

impl<'c> Deref for Writer<'c> {
    type Target = Reader<'c>;
    fn deref(&self) -> &Reader<'c> {
        &self.reader
    }
}

impl<'c> Writer<'c> {
    pub(super) fn new(
        connection: Connection<'c>,
        tenant: TenantId,
        uncommitted: Option<Arc<Snapshot>>,
    ) -> Self {
        Self { reader: Reader::new(connection, tenant), uncommitted, has_stored: false }
    }

    /// The state that earlier work of the same commit left, if there is any.
    pub fn uncommitted(&self) -> Option<&Arc<Snapshot>> {
        self.uncommitted.as_ref()
    }

    /// Whether something was stored.
    pub(super) const fn has_stored(&self) -> bool {
        self.has_stored
    }

    /// Stores something; answers the number of rows.
    pub async fn execute(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<usize, Error> {
        self.has_stored = true;
        self.reader.connection.execute(&self.reader.statement(sql, parameters, true)?).await
    }

    /// Stores something; answers what the statement says of the rows it touched (`RETURNING`), in no order.
    pub async fn returning<T>(
        &mut self,
        sql: &str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.has_stored = true;
        let mut all = Vec::new();
        let each = |row: &Row<'_>| {
            all.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        };
        self.reader.connection.each(&self.reader.statement(sql, parameters, true)?, each).await?;
        Ok(all)
    }
}

/// Reads and stores what belongs to the installation rather than to a tenant: host names, signing keys, operators.
pub struct System<'c> {
    connection: Connection<'c>,
}

impl<'c> System<'c> {
    pub(super) const fn new(connection: Connection<'c>) -> Self {
        Self { connection }
    }

    pub(super) const fn connection(&self) -> Connection<'c> {
        self.connection
    }

    /// All rows of the answer; `$1` is the first of `parameters`.
    pub async fn all<T>(
        &self,
        sql: &str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        let each = |row: &Row<'_>| {
            all.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        };
        let statement = Statement::new(sql, parameters.iter(), false)?;
        self.connection.each(&statement, each).await?;
        Ok(all)
    }

    /// Stores something.
    pub async fn execute(&self, sql: &str, parameters: &[Value<'_>]) -> Result<(), Error> {
        let statement = Statement::new(sql, parameters.iter(), true)?;
        self.connection.execute(&statement).await.map(drop)
    }
}

/// Whether `$1`, and not only `$10`, stands in a text.
fn is_bound(sql: &str) -> bool {
    sql.split("$1").skip(1).any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::ready;

    /// What is not bound to a tenant, and what stores where only reading is meant, is refused (threats I3).
    #[test]
    fn a_statement_keeps_to_its_tenant_and_its_purpose() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (tenant_id TEXT, a TEXT)").unwrap();
        let tenant = "0123456789abcdefghijklmnopqrstuv".parse().unwrap();
        let mut writer = Writer::new(Connection::Sqlite(&connection), tenant, None);
        let insert = "INSERT INTO t VALUES ($1, $2)";
        assert!(ready(writer.execute(insert, &["x".into()])).is_ok());
        assert!(ready(writer.execute("DELETE FROM t", &[])).is_err());
        assert!(ready(writer.execute("SELECT a FROM t WHERE tenant_id = $1", &[])).is_err());
        assert!(ready(writer.all(insert, &["y".into()], |_| Ok(()))).is_err());
        let ten: Vec<Value<'_>> = (0..9).map(|_| "x".into()).collect();
        assert!(ready(writer.count("SELECT count(*) FROM t WHERE a = $10", &ten)).is_err());
        assert_eq!(ready(writer.count("SELECT count(*) FROM t WHERE tenant_id = $1", &[])).unwrap(), 1);
    }
}
