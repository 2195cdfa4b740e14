//! How do all rows of a tenant go without holding up the others?

use super::{Shape, Writer};
use crate::error::Error;

impl Writer<'_> {
    /// Deletes up to `most` rows of the tenant from a table; answers how many.
    pub async fn erase_some(&mut self, table: &Shape, most: usize) -> Result<usize, Error> {
        let Shape { name, key, .. } = table;
        let key = key.join(", ");
        let some = format!("SELECT {key} FROM {name} WHERE tenant_id = $1 LIMIT {most}");
        self.execute(&format!("DELETE FROM {name} WHERE tenant_id = $1 AND ({key}) IN ({some})"), &[]).await
    }
}
