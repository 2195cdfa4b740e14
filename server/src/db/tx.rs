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

    /// A statement that reads, or one that `stores`.
    fn statement(
        &self,
        sql: &str,
        parameters: &[Value<'_>],
        stores: bool,
    ) -> Result<CachedStatement<'c>, Error> {
        if !is_bound(sql) {
            return Err(Error::internal(format!("a statement must be bound to the tenant by $1: {sql}")));
        }
        let mut statement = prepare(self.connection, sql)?;
        if statement.readonly() == stores {
            return Err(Error::internal(format!("a reader reads and a writer stores: {sql}")));
        }
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
        let mut statement = self.statement(sql, parameters, false)?;
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
        let mut statement = self.statement(sql, parameters, false)?;
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
        Ok(self.reader.statement(sql, parameters, true)?.raw_execute()?)
    }

    /// Stores something; answers what the statement says of the rows it touched (`RETURNING`), in no order.
    #[expect(clippy::unused_async, reason = "see the module")]
    pub async fn returning<T>(
        &mut self,
        sql: &str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.has_stored = true;
        let mut statement = self.reader.statement(sql, parameters, true)?;
        let mut rows = statement.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(read(&Row(row))?);
        }
        Ok(all)
    }
}

/// Reads and stores what belongs to the installation rather than to a tenant: host names, signing keys, operators.
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

/// Whether `$1`, and not only `$10`, stands in a text.
fn is_bound(sql: &str) -> bool {
    sql.split("$1").skip(1).any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// SQLite counts `$n` by first appearance and `?n` by number; the texts mean the number.
fn prepare<'c>(connection: &'c Connection, sql: &str) -> Result<CachedStatement<'c>, Error> {
    Ok(connection.prepare_cached(&sql.replace('$', "?"))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::ready;

    /// What is not bound to a tenant, and what stores where only reading is meant, is refused (threats I3).
    #[test]
    fn a_statement_keeps_to_its_tenant_and_its_purpose() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (tenant_id TEXT, a TEXT)").unwrap();
        let tenant = "0123456789abcdefghijklmnopqrstuv".parse().unwrap();
        let mut writer = Writer::new(&connection, tenant, None);
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
