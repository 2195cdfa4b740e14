//! What may a room do with the database?
//!
//! A [`Reader`] asks, a [`Writer`] also stores. Both belong to one tenant: `$1` of every statement is that tenant, and a
//! statement without `$1` is refused. Their functions are `async` because another engine has to wait where SQLite has
//! the answer at once.

use std::{ops::Deref, sync::Arc};

use rolecall_engine::{access::Snapshot, ids::TenantId};
use rusqlite::{CachedStatement, Connection, ToSql};

use super::{Row, Value};
use crate::error::Error;

/// Reads the rows of one tenant.
pub struct Reader<'c> {
    connection: &'c Connection,
    tenant: TenantId,
}

impl<'c> Reader<'c> {
    pub(super) const fn new(connection: &'c Connection, tenant: TenantId) -> Self {
        Self { connection, tenant }
    }

    /// The tenant whose rows are read.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn statement(&self, sql: &str, parameters: &[Value<'_>]) -> Result<CachedStatement<'c>, Error> {
        if !sql.contains("$1") {
            return Err(Error::internal(format!("a statement must be bound to the tenant by $1: {sql}")));
        }
        let mut statement = prepare(self.connection, sql)?;
        statement.raw_bind_parameter(1, self.tenant.as_str())?;
        for (at, value) in parameters.iter().enumerate() {
            statement.raw_bind_parameter(at + 2, value)?;
        }
        Ok(statement)
    }

    /// All rows of the answer; `$2` is the first of `parameters`.
    #[expect(clippy::unused_async, reason = "see the module")]
    pub async fn all<T>(
        &self,
        sql: &str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut statement = self.statement(sql, parameters)?;
        let mut rows = statement.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(read(&Row(row))?);
        }
        Ok(all)
    }

    /// The first row of the answer.
    #[expect(clippy::unused_async, reason = "see the module")]
    pub async fn first<T>(
        &self,
        sql: &str,
        parameters: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut statement = self.statement(sql, parameters)?;
        let mut rows = statement.raw_query();
        rows.next()?.map(|row| read(&Row(row))).transpose()
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
    pub(super) const fn new(
        connection: &'c Connection,
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
    #[expect(clippy::unused_async, reason = "see the module")]
    pub async fn execute(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<usize, Error> {
        self.has_stored = true;
        Ok(self.reader.statement(sql, parameters)?.raw_execute()?)
    }
}

/// Reads and stores what belongs to the installation rather than to a tenant: host names, signing keys.
pub struct System<'c> {
    connection: &'c Connection,
}

impl<'c> System<'c> {
    pub(super) const fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }

    /// All rows of the answer; `$1` is the first of `parameters`.
    #[expect(clippy::unused_async, reason = "see the module")]
    pub async fn all<T>(
        &self,
        sql: &str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut statement = prepare(self.connection, sql)?;
        let parameters: Vec<&dyn ToSql> = parameters.iter().map(|value| value as &dyn ToSql).collect();
        let mut rows = statement.query(parameters.as_slice())?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(read(&Row(row))?);
        }
        Ok(all)
    }

    /// Stores something.
    pub async fn execute(&self, sql: &str, parameters: &[Value<'_>]) -> Result<(), Error> {
        self.all(sql, parameters, |_| Ok(())).await.map(drop)
    }
}

/// SQLite counts `$n` by first appearance and `?n` by number; the texts mean the number.
fn prepare<'c>(connection: &'c Connection, sql: &str) -> Result<CachedStatement<'c>, Error> {
    Ok(connection.prepare_cached(&sql.replace('$', "?"))?)
}
