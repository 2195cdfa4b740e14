//! What is written down when something changes?
//!
//! Every change leaves a row that says what it was, who made it, and what the thing is now, and a row that its event is
//! still to be delivered. Both are written with the change (threats I5).

use rolecall_engine::{
    access::{Revision, Snapshot},
    change::{Change, Editor},
    events::source_of,
};

use super::{
    chain::{self, Head},
    event::{self, Event},
    sql::{self, Kept},
};
use crate::{
    db::{Reader, Writer},
    error::Error,
    etag::Expected,
    trace::Cause,
};

/// Changes that are looked at since something was seen; what was seen before that is too old.
const FAR: usize = 10_000;

/// What happened, before it is a link of the chain.
struct Row {
    revision: Revision,
    /// Counts the changes of one edit.
    ordinal: i64,
    event: Event,
    editor: Editor,
    cause: Cause,
}

/// Writes down what an edit changed. `tenant` is the state it leads to.
///
/// # Errors
/// When the database cannot be written.
pub async fn record(
    writer: &mut Writer<'_>,
    tenant: &Snapshot,
    changes: &[Change],
    editor: &Editor,
    cause: &Cause,
) -> Result<(), Error> {
    let row = |(ordinal, change)| {
        let event = event::of(change, tenant)?;
        Ok(Row { revision: tenant.revision(), ordinal, event, editor: *editor, cause: cause.clone() })
    };
    let rows = (0_i64..).zip(changes).map(row).collect::<Result<Vec<Row>, Error>>()?;
    #[cfg(feature = "sabotage")]
    let rows = late(rows);
    let mut head = sql::head(writer).await?;
    for row in rows {
        let mut kept = row.behind(&head);
        kept.hash = Some(chain::hash(head.hash.as_deref(), writer.tenant(), &kept));
        sql::append(writer, &kept).await?;
        head = Head { sequence: kept.sequence, at: kept.at, hash: kept.hash };
    }
    sql::set_head(writer, &head).await
}

/// Refuses to change what was changed since it was seen, if the change depends on that. `tenant` is the state that the changes lead to.
/// It stands before anything is stored.
///
/// # Errors
/// [`Error::Changed`], or when the database cannot be read.
pub async fn refuse_changed(
    reader: &Reader<'_>,
    tenant: &Snapshot,
    changes: &[Change],
    cause: &Cause,
) -> Result<(), Error> {
    let Some(seen) = cause.expected.as_ref().and_then(Expected::revisions) else { return Ok(()) };
    let Revision(next) = tenant.revision();
    let seen = seen.into_iter().map(|Revision(seen)| seen).filter(|seen| (0..next).contains(seen));
    let Some(latest) = seen.max() else { return Err(Error::Changed) };
    if latest + 1 == next {
        return Ok(());
    }
    let Some(since) = sql::changed_since(reader, Revision(latest), FAR).await? else {
        return Err(Error::Changed);
    };
    for change in changes {
        let event = event::of(change, tenant)?;
        let is_same = |(kind, resource): &(String, String)| {
            *resource == event.resource && thing_of(kind) == thing_of(event.kind)
        };
        if since.iter().any(is_same) {
            return Err(Error::Changed);
        }
    }
    Ok(())
}

/// What a kind of event is about: all but what became of it.
fn thing_of(kind: &str) -> &str {
    kind.rsplit_once('.').map_or(kind, |(thing, _)| thing)
}

impl Row {
    /// The row behind the end of a chain. Times do not go back in it, even where a clock does: so days are parts of it.
    fn behind(self, head: &Head) -> Kept {
        let Self { revision: Revision(revision), ordinal, event, editor, cause } = self;
        Kept {
            sequence: head.sequence + 1,
            revision,
            ordinal,
            source: source_of(event.kind).to_owned(),
            event_type: event.kind.to_owned(),
            at: editor.at.as_millis().max(head.at),
            actor: editor.user.map(|user| user.to_string()),
            client: editor.client.map(|client| client.to_string()),
            provider: editor.provider.map(|provider| provider.to_string()),
            trace: cause.trace.to_string(),
            reason: cause.reason.map(|reason| reason.to_string()),
            resource: event.resource,
            data: event.data,
            updates: event.updates,
            hash: None,
        }
    }
}

/// The rows of the transaction before, in place of these, if that fault is on.
#[cfg(feature = "sabotage")]
fn late(rows: Vec<Row>) -> Vec<Row> {
    static WAITING: std::sync::Mutex<Vec<Row>> = std::sync::Mutex::new(Vec::new());
    if !crate::sabotage::audits_outside_the_transaction() {
        return rows;
    }
    std::mem::replace(&mut *WAITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner), rows)
}
