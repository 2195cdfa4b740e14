//! What happened in a tenant?
//!
//! Every change leaves a row that says what it was, who made it, and what the thing is now, and a row that its event is
//! still to be delivered. Both are written with the change (threats I5).

mod event;
mod members;
mod sql;

use rolecall_engine::{
    access::Snapshot,
    change::{Change, Editor},
};

use sql::Row;

use crate::{db::Writer, error::Error, trace::TraceId};

/// Writes down what an edit changed. `tenant` is the state it leads to.
///
/// # Errors
/// When the database cannot be written.
pub async fn record(
    writer: &mut Writer<'_>,
    tenant: &Snapshot,
    changes: &[Change],
    editor: &Editor,
    trace: TraceId,
) -> Result<(), Error> {
    let row = |(ordinal, change)| {
        let event = event::of(change, tenant)?;
        Ok(Row { revision: tenant.revision(), ordinal, event, editor: *editor, trace })
    };
    let rows = (0_i64..).zip(changes).map(row).collect::<Result<Vec<Row>, Error>>()?;
    #[cfg(feature = "sabotage")]
    let rows = late(rows);
    for row in rows {
        sql::append(writer, row).await?;
    }
    Ok(())
}

/// The rows of the transaction before, in place of these, if that fault is on.
#[cfg(feature = "sabotage")]
fn late(rows: Vec<Row>) -> Vec<Row> {
    static WAITING: std::sync::Mutex<Vec<Row>> = std::sync::Mutex::new(Vec::new());
    if !crate::db::sabotage::audits_outside_the_transaction() {
        return rows;
    }
    std::mem::replace(&mut *WAITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner), rows)
}
