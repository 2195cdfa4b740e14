//! How does a thing become a row, and a row a thing again?
//!
//! A room names its table and columns once; the statements to find, store and delete a row follow from that.

use rolecall_engine::change::Delta;

use super::{Reader, Row, Value, Writer};
use crate::error::Error;

/// A table whose rows are things of one kind.
pub struct Table<const N: usize> {
    pub(super) name: &'static str,
    pub(super) columns: [&'static str; N],
    /// Whether a tenant has one row only; else the first column identifies a row.
    single: bool,
    select: String,
    insert: String,
}

impl<const N: usize> Table<N> {
    /// A table of many rows a tenant. The first column identifies a row.
    pub fn new(name: &'static str, columns: [&'static str; N]) -> Self {
        let list = columns.join(", ");
        let places: Vec<String> = (2..N + 2).map(|place| format!("${place}")).collect();
        Self {
            name,
            columns,
            single: false,
            select: format!("SELECT {list} FROM {name} WHERE tenant_id = $1"),
            insert: format!("INSERT INTO {name} (tenant_id, {list}) VALUES ($1, {})", places.join(", ")),
        }
    }

    /// A table with one row a tenant.
    pub fn single(name: &'static str, columns: [&'static str; N]) -> Self {
        Self { single: true, ..Self::new(name, columns) }
    }

    /// The column that identifies a row.
    pub(super) fn key(&self) -> &'static str {
        self.columns.first().copied().unwrap_or_default()
    }

    /// The condition that a row is the one with the key in `$2`, and that key.
    fn at<'v>(&self, row: &[Value<'v>; N]) -> (String, Vec<Value<'v>>) {
        let key: Vec<Value<'v>> = row.first().cloned().into_iter().filter(|_| !self.single).collect();
        let condition = if self.single { String::new() } else { format!(" AND {} = $2", self.key()) };
        (format!("WHERE tenant_id = $1{condition}"), key)
    }
}

impl Reader<'_> {
    /// The row with a key.
    pub async fn find<T, const N: usize>(
        &self,
        table: &Table<N>,
        key: impl Into<Value<'_>>,
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let sql = format!("{} AND {} = $2", table.select, table.key());
        self.first(&sql, &[key.into()], read).await
    }

    /// All rows, in no order.
    pub async fn whole<T, const N: usize>(
        &self,
        table: &Table<N>,
        read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.all(&table.select, &[], read).await
    }

    /// The rows that meet a condition; `$2` is the first of `parameters`.
    pub async fn matching<T, const N: usize>(
        &self,
        table: &Table<N>,
        condition: &str,
        parameters: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.all(&format!("{} AND {condition}", table.select), parameters, read).await
    }
}

impl Writer<'_> {
    /// Stores what happened to a thing: a new row, the columns that differ, or no row any more.
    pub async fn store<'t, T, const N: usize>(
        &mut self,
        table: &Table<N>,
        delta: &'t Delta<T>,
        values: impl Fn(&'t T) -> [Value<'t>; N],
    ) -> Result<(), Error> {
        match delta {
            Delta::Created(new) => self.insert(table, &values(new)).await,
            Delta::Updated { before, after } => self.update(table, &values(before), &values(after)).await,
            Delta::Deleted(gone) => {
                let (at, key) = table.at(&values(gone));
                self.execute(&format!("DELETE FROM {} {at}", table.name), &key).await.map(drop)
            }
        }
    }

    /// Stores a new row.
    pub async fn insert<const N: usize>(
        &mut self,
        table: &Table<N>,
        row: &[Value<'_>; N],
    ) -> Result<(), Error> {
        self.execute(&table.insert, row).await.map(drop)
    }

    async fn update<const N: usize>(
        &mut self,
        table: &Table<N>,
        before: &[Value<'_>; N],
        after: &[Value<'_>; N],
    ) -> Result<(), Error> {
        let (at, mut parameters) = table.at(after);
        let mut sets = Vec::new();
        for ((column, before), after) in table.columns.iter().zip(before).zip(after) {
            if before != after {
                parameters.push(after.clone());
                sets.push(format!("{column} = ${}", parameters.len() + 1));
            }
        }
        if sets.is_empty() {
            return Ok(());
        }
        self.execute(&format!("UPDATE {} SET {} {at}", table.name, sets.join(", ")), &parameters)
            .await
            .map(drop)
    }

    /// Stores an ordered list of items that belong to an owner, in place of the present one.
    pub async fn replace_list<'v, const N: usize>(
        &mut self,
        table: &str,
        (owner_column, owner): (&str, Value<'v>),
        columns: [&str; N],
        items: impl IntoIterator<Item = [Value<'v>; N]>,
    ) -> Result<(), Error> {
        let delete = format!("DELETE FROM {table} WHERE tenant_id = $1 AND {owner_column} = $2");
        self.execute(&delete, std::slice::from_ref(&owner)).await?;
        let places: Vec<String> = (4..N + 4).map(|place| format!("${place}")).collect();
        let insert = format!(
            "INSERT INTO {table} (tenant_id, {owner_column}, position, {}) VALUES ($1, $2, $3, {})",
            columns.join(", "),
            places.join(", ")
        );
        for (position, item) in (0_i64..).zip(items) {
            let row: Vec<Value<'_>> = [owner.clone(), position.into()].into_iter().chain(item).collect();
            self.execute(&insert, &row).await?;
        }
        Ok(())
    }
}
