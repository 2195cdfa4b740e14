//! What happened in a tenant?
//!
//! Every change leaves a row that says what it was, who made it, and what the thing is now, and a row that its event is
//! still to be delivered. Both are written with the change (threats I5).

mod event;
mod sql;

use rolecall_engine::{
    access::Snapshot,
    change::{Change, Editor},
};

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
    let events = changes.iter().map(|change| event::of(change, tenant));
    for (ordinal, event) in (0_i64..).zip(events) {
        let at = sql::Place { revision: tenant.revision(), ordinal };
        sql::append(writer, at, &event, editor, trace).await?;
    }
    Ok(())
}
