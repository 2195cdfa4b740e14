//! Which tables have rows of tenants, and how do all rows of one go without holding up the others?

use super::{
    System, Writer,
    dialect::{self, Schema},
};
use crate::error::Error;

/// A table that has rows of tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantTable {
    name: String,
    /// What identifies a row.
    key: Vec<String>,
}

impl System<'_> {
    /// All tables that have rows of tenants, as the database has them. A table comes before those that it refers to: when a
    /// row goes, nothing refers to it any more, so nothing goes with it.
    pub async fn tenant_tables(&self) -> Result<Vec<TenantTable>, Error> {
        let Schema { tables, keys, parents } = dialect::schema(self.connection());
        let mut waiting = Vec::new();
        for name in self.all(tables, &[], |row| row.text(0)).await? {
            let key = self.all(keys, &[name.as_str().into()], |row| row.text(0)).await?;
            let refers = self.all(parents, &[name.as_str().into()], |row| row.text(0)).await?;
            waiting.push((TenantTable { name, key }, refers));
        }
        let mut ordered = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let is_free = |(table, _): &(TenantTable, Vec<String>)| {
                let mut others = waiting.iter().filter(|(other, _)| other.name != table.name);
                others.all(|(_, refers)| !refers.contains(&table.name))
            };
            let at = waiting.iter().position(is_free);
            let at = at.ok_or_else(|| Error::internal("tables refer to each other in a circle"))?;
            ordered.push(waiting.remove(at).0);
        }
        Ok(ordered)
    }
}

impl Writer<'_> {
    /// Deletes up to `most` rows of the tenant from a table; answers how many.
    pub async fn erase_some(&mut self, table: &TenantTable, most: usize) -> Result<usize, Error> {
        let TenantTable { name, key } = table;
        let key = key.join(", ");
        let some = format!("SELECT {key} FROM {name} WHERE tenant_id = $1 LIMIT {most}");
        self.execute(&format!("DELETE FROM {name} WHERE tenant_id = $1 AND ({key}) IN ({some})"), &[]).await
    }
}
