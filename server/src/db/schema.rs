//! Which tables does the database have, and which refer to which?

use super::{System, dialect};
use crate::error::Error;

/// A table, as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// What identifies a row.
    pub(super) key: Vec<String>,
}

impl Shape {
    /// Whether it has rows of tenants.
    fn is_of_tenants(&self) -> bool {
        self.columns.iter().any(|column| column == "tenant_id")
    }
}

impl System<'_> {
    /// All tables. A table comes before those that it refers to: when a row goes, nothing refers to it any more, so nothing
    /// goes with it.
    pub(super) async fn tables(&self) -> Result<Vec<Shape>, Error> {
        let schema = dialect::schema(self.connection());
        let mut waiting = Vec::new();
        for name in self.all(schema.tables, &[], |row| row.text(0)).await? {
            let of = [name.as_str().into()];
            let columns = self.all(schema.columns, &of, |row| row.text(0)).await?;
            let key = self.all(schema.keys, &of, |row| row.text(0)).await?;
            let refers = self.all(schema.parents, &of, |row| row.text(0)).await?;
            waiting.push((Shape { name, columns, key }, refers));
        }
        let mut ordered = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let is_free = |(table, _): &(Shape, Vec<String>)| {
                let mut others = waiting.iter().filter(|(other, _)| other.name != table.name);
                others.all(|(_, refers)| !refers.contains(&table.name))
            };
            let at = waiting.iter().position(is_free);
            let at = at.ok_or_else(|| Error::internal("tables refer to each other in a circle"))?;
            ordered.push(waiting.remove(at).0);
        }
        Ok(ordered)
    }

    /// The tables that have rows of tenants, in the same order.
    pub async fn tenant_tables(&self) -> Result<Vec<Shape>, Error> {
        Ok(self.tables().await?.into_iter().filter(Shape::is_of_tenants).collect())
    }
}
