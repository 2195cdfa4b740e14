//! How is the audit trail stored?

use std::sync::LazyLock;

use rolecall_engine::{access::Revision, change::Editor};

use super::event::Event;
use crate::{
    db::{Table, Writer},
    error::Error,
    trace::TraceId,
};

/// A row of the trail.
pub struct Row {
    pub revision: Revision,
    /// Counts the changes of one edit.
    pub ordinal: i64,
    pub event: Event,
    pub editor: Editor,
    pub trace: TraceId,
}

static AUDITS: LazyLock<Table<11>> = LazyLock::new(|| {
    let columns = [
        "revision",
        "ordinal",
        "event_type",
        "at",
        "actor",
        "client_id",
        "provider_id",
        "trace_id",
        "resource_id",
        "data",
        "updates",
    ];
    Table::new("audits", columns)
});

/// Adds a row to the trail and to what is to be delivered.
pub async fn append(writer: &mut Writer<'_>, row: Row) -> Result<(), Error> {
    let Row { revision: Revision(revision), ordinal, event, editor, trace } = row;
    let values = [
        revision.into(),
        ordinal.into(),
        event.kind.into(),
        editor.at.into(),
        editor.user.into(),
        editor.client.into(),
        editor.provider.into(),
        trace.to_string().into(),
        event.resource.into(),
        event.data.into(),
        event.updates.into(),
    ];
    writer.insert(&AUDITS, &values).await?;
    let outbox = "INSERT INTO outbox (tenant_id, revision, ordinal) VALUES ($1, $2, $3)";
    writer.execute(outbox, &[revision.into(), ordinal.into()]).await.map(drop)
}
