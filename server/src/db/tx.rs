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

    fn statement(&self, sql: &str, parameters: &[Value]) -> Result<CachedStatement<'c>, Error> {
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
        parameters: &[Value],
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
        parameters: &[Value],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut statement = self.statement(sql, parameters)?;
        let mut rows = statement.raw_query();
        rows.next()?.map(|row| read(&Row(row))).transpose()
    }

    /// The integer that is the answer.
    pub async fn count(&self, sql: &str, parameters: &[Value]) -> Result<i64, Error> {
        let count = self.first(sql, parameters, |row| row.integer(0)).await?;
        count.ok_or_else(|| Error::internal(format!("no row from {sql}")))
    }
}

/// Reads and stores the rows of one tenant within a transaction.
pub struct Writer<'c> {
    reader: Reader<'c>,
    uncommitted: Option<Arc<Snapshot>>,
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
        Self { reader: Reader::new(connection, tenant), uncommitted }
    }

    /// The state that earlier work of the same commit left, if there is any.
    pub fn uncommitted(&self) -> Option<&Arc<Snapshot>> {
        self.uncommitted.as_ref()
    }

    /// Stores something; answers the number of rows.
    #[expect(clippy::unused_async, reason = "see the module")]
    pub async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<usize, Error> {
        Ok(self.reader.statement(sql, parameters)?.raw_execute()?)
    }

    /// Stores one row.
    pub async fn insert<const N: usize>(
        &mut self,
        table: &str,
        columns: &[&str; N],
        row: [Value; N],
    ) -> Result<(), Error> {
        let places: Vec<String> = (2..N + 2).map(|place| format!("${place}")).collect();
        let sql = format!(
            "INSERT INTO {table} (tenant_id, {}) VALUES ($1, {})",
            columns.join(", "),
            places.join(", ")
        );
        self.execute(&sql, &row).await.map(drop)
    }

    /// Stores the columns in which a row, named by `key`, differs from before.
    pub async fn update<const N: usize>(
        &mut self,
        table: &str,
        key: (&str, Value),
        columns: &[&str; N],
        before: &[Value; N],
        after: [Value; N],
    ) -> Result<(), Error> {
        let (key_column, key) = key;
        let mut sets = Vec::new();
        let mut values = vec![key];
        for ((column, before), after) in columns.iter().zip(before).zip(after) {
            if *before != after {
                values.push(after);
                sets.push(format!("{column} = ${}", values.len() + 1));
            }
        }
        if sets.is_empty() {
            return Ok(());
        }
        let sql =
            format!("UPDATE {table} SET {} WHERE tenant_id = $1 AND {key_column} = $2", sets.join(", "));
        self.execute(&sql, &values).await.map(drop)
    }

    /// Stores an ordered list of items that belong to an owner, in place of the present one.
    pub async fn replace_list<T: Into<Value>>(
        &mut self,
        table: &str,
        owner: (&str, Value),
        item_column: &str,
        items: impl IntoIterator<Item = T>,
    ) -> Result<(), Error> {
        let (owner_column, owner) = owner;
        let delete = format!("DELETE FROM {table} WHERE tenant_id = $1 AND {owner_column} = $2");
        self.execute(&delete, std::slice::from_ref(&owner)).await?;
        for (position, item) in (0_i64..).zip(items) {
            self.insert(
                table,
                &[owner_column, item_column, "position"],
                [owner.clone(), item.into(), position.into()],
            )
            .await?;
        }
        Ok(())
    }

    /// Deletes the row named by `key`.
    pub async fn delete(&mut self, table: &str, key: (&str, Value)) -> Result<(), Error> {
        let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND {} = $2", key.0);
        self.execute(&sql, &[key.1]).await.map(drop)
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
        parameters: &[Value],
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
    pub async fn execute(&self, sql: &str, parameters: &[Value]) -> Result<(), Error> {
        self.all(sql, parameters, |_| Ok(())).await.map(drop)
    }
}

/// SQLite counts `$n` by first appearance and `?n` by number; the texts mean the number.
fn prepare<'c>(connection: &'c Connection, sql: &str) -> Result<CachedStatement<'c>, Error> {
    Ok(connection.prepare_cached(&sql.replace('$', "?"))?)
}
