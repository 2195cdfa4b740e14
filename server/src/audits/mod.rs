//! What happened in a tenant? (reference/rest-api.md §10)

pub mod archive;
mod chain;
mod event;
pub mod http;
mod id;
mod members;
pub mod record;
pub mod retain;
mod sql;
pub mod verify;
mod wire;

use futures_util::{Stream, StreamExt as _, stream};
use rolecall_engine::{audits::Day, ids::TenantId};

use self::{
    archive::{Place, Run},
    id::EventId,
    sql::{Kept, Selection},
};
use crate::{
    app::App,
    caller::{Auditor, Caller},
    db::{Found, Keyset, Reader},
    error::Error,
};

/// A page of what happened.
pub async fn list(
    app: &App,
    caller: &Caller<Auditor>,
    mut selection: Selection,
    keyset: Keyset,
) -> Result<Found<Kept>, Error> {
    if let Some(ids) = &mut selection.ids {
        ids.retain(|id| id.is_of(caller.tenant_id()));
    }
    let work = async move |reader: &Reader<'_>| sql::page(reader, &selection, &keyset).await;
    app.db.scan(caller.tenant_id(), work).await
}

/// One event that has not left the trail yet.
pub async fn get(app: &App, caller: &Caller<Auditor>, id: EventId) -> Result<Kept, Error> {
    if !id.is_of(caller.tenant_id()) {
        return Err(Error::NotFound);
    }
    let found = app.db.read(caller.tenant_id(), async move |reader| sql::find(reader, id).await).await?;
    found.ok_or(Error::NotFound)
}

/// What happened on a day that is past, some events at a time.
///
/// # Errors
/// [`Error::NotFound`] when the day is not past; or when the database cannot be read.
pub async fn day(
    app: &App,
    caller: &Caller<Auditor>,
    day: Day,
) -> Result<impl Stream<Item = Result<Vec<Kept>, Error>> + Send + use<>, Error> {
    if !day.is_past(app.clock.now()) {
        return Err(Error::NotFound);
    }
    let time = (day.begins().as_millis(), day.ends().as_millis());
    trail(app.clone(), caller.tenant_id(), time).await
}

/// What happened from one time on and before another one, in milliseconds since 1970, some events at a time: from the archive and the
/// trail, in order. What is sent has been read a moment ago; no more than that is kept in memory.
///
/// # Errors
/// When the database cannot be read.
pub async fn trail(
    app: App,
    tenant: TenantId,
    time: (i64, i64),
) -> Result<impl Stream<Item = Result<Vec<Kept>, Error>> + Send + use<>, Error> {
    let next = async move |app: &App, place: Place| {
        app.db.scan(tenant, async move |reader| archive::run(reader, time, place).await).await
    };
    // Before anything is answered, so that a database that cannot be read is told.
    let Run { rows, end } = next(&app, Place::BEGIN).await?;
    let behind = stream::try_unfold((app, end), move |(app, place)| async move {
        let Some(place) = place else { return Ok(None) };
        let Run { rows, end } = next(&app, place).await?;
        Ok(Some((rows, (app, end))))
    });
    Ok(stream::iter([Ok(rows)]).chain(behind))
}
