//! How is the audit trail stored?

use rolecall_engine::{access::Revision, change::Editor};

use super::event::Event;
use crate::{db::Writer, error::Error, trace::TraceId};

/// The place of a row in the trail of a tenant.
pub struct Place {
    pub revision: Revision,
    /// Counts the changes of one edit.
    pub ordinal: i64,
}

/// Adds a row to the trail and to what is to be delivered.
pub async fn append(
    writer: &mut Writer<'_>,
    at: Place,
    event: &Event,
    editor: &Editor,
    trace: TraceId,
) -> Result<(), Error> {
    let Place { revision: Revision(revision), ordinal } = at;
    let row = [
        revision.into(),
        ordinal.into(),
        event.kind.into(),
        editor.at.into(),
        editor.user.into(),
        trace.to_string().into(),
        event.resource.as_str().into(),
        event.data.as_str().into(),
        event.updates.as_deref().into(),
    ];
    let columns =
        ["revision", "ordinal", "event_type", "at", "actor", "trace_id", "resource_id", "data", "updates"];
    writer.insert("audits", &columns, row).await?;
    writer.insert("outbox", &["revision", "ordinal"], [revision.into(), ordinal.into()]).await
}
