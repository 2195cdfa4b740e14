//! What is known of each tenant in memory?

pub mod kept;
pub mod sql;

use std::sync::Arc;

use kept::Published;
use rolecall_engine::{access::Snapshot, ids::TenantId};

use crate::{app::App, db::Reader, error::Error, tenants::sql as tenants};

/// How often to look again for the snapshot of the state that is read. A commit can be seen an instant before its snapshot.
const LOOKS: usize = 8;

/// The snapshot of a tenant, as new as when this was called or newer; loaded if there is none in memory; none if there is no such
/// tenant.
///
/// # Errors
/// When the database cannot be read.
pub async fn snapshot(app: &App, tenant: TenantId) -> Result<Option<Arc<Snapshot>>, Error> {
    if let Some(snapshot) = app.snapshots.get(tenant, app.clock.now()) {
        return Ok(Some(snapshot));
    }
    let mut turn = app.snapshots.turn_to_load(tenant).await;
    loop {
        let now = app.clock.now();
        if let Some(snapshot) = app.snapshots.get(tenant, now).or_else(|| turn.loaded_meanwhile(now)) {
            return Ok(Some(snapshot));
        }
        let catalogue = Arc::clone(&app.catalogue);
        let era = app.snapshots.era();
        turn.begin();
        let loaded = app.db.scan(tenant, async move |reader| sql::load(reader, catalogue, now).await).await?;
        let Some(snapshot) = loaded.map(Arc::new) else { return Ok(None) };
        match app.snapshots.publish_read(Arc::clone(&snapshot), era) {
            Published::Present => return Ok(Some(snapshot)),
            // It was changed since. That is all the same to those who asked before: a tenant that is changed faster than it can
            // be loaded is never in memory for long.
            Published::Outdated => turn.end(snapshot),
            Published::Void => {}
        }
    }
}

/// The tenant as the reader sees it; none if there is no such tenant. Where nobody published that state, because somebody
/// else wrote it, it is read from the database.
///
/// # Errors
/// When the database cannot be read.
pub async fn seen_by(app: &App, reader: &Reader<'_>) -> Result<Option<Arc<Snapshot>>, Error> {
    match published(app, reader).await? {
        Some(published) => Ok(Some(published)),
        None => Ok(sql::load(reader, Arc::clone(&app.catalogue), app.clock.now()).await?.map(Arc::new)),
    }
}

/// The published snapshot of the state that the reader sees, if there is one.
async fn published(app: &App, reader: &Reader<'_>) -> Result<Option<Arc<Snapshot>>, Error> {
    let revision = tenants::revision(reader).await?;
    let known = app.snapshots.get(reader.tenant(), app.clock.now());
    Ok(known.filter(|known| Some(known.revision()) == revision))
}

/// Reads a few rows of a tenant, and answers with them the snapshot of the same state.
///
/// # Errors
/// What the work answers, or that the database cannot be read.
pub async fn read<T: Send + 'static>(
    app: &App,
    tenant: TenantId,
    work: impl AsyncFnOnce(&Reader<'_>, &Snapshot) -> Result<T, Error> + Send + 'static,
) -> Result<(Arc<Snapshot>, T), Error> {
    consistent(app, tenant, false, work).await
}

/// As [`read`], for lists and other work that may take milliseconds.
///
/// # Errors
/// What the work answers, or that the database cannot be read.
pub async fn scan<T: Send + 'static>(
    app: &App,
    tenant: TenantId,
    work: impl AsyncFnOnce(&Reader<'_>, &Snapshot) -> Result<T, Error> + Send + 'static,
) -> Result<(Arc<Snapshot>, T), Error> {
    consistent(app, tenant, true, work).await
}

/// Reads a tenant anew and publishes it, once for all who wait for that.
async fn refresh(app: &App, tenant: TenantId) -> Result<(), Error> {
    let mut turn = app.snapshots.turn_to_load(tenant).await;
    if turn.loaded_meanwhile(app.clock.now()).is_some() {
        return Ok(());
    }
    let inside = app.clone();
    let era = app.snapshots.era();
    let load = async move |reader: &Reader<'_>| seen_by(&inside, reader).await;
    turn.begin();
    let loaded = app.db.scan(tenant, load).await?;
    if let Some(snapshot) = loaded
        && app.snapshots.publish_read(Arc::clone(&snapshot), era) == Published::Outdated
    {
        turn.end(snapshot);
    }
    Ok(())
}

async fn consistent<T: Send + 'static>(
    app: &App,
    tenant: TenantId,
    long: bool,
    mut work: impl AsyncFnOnce(&Reader<'_>, &Snapshot) -> Result<T, Error> + Send + 'static,
) -> Result<(Arc<Snapshot>, T), Error> {
    let mut looks = 0;
    loop {
        looks += 1;
        if looks == LOOKS / 2 {
            // Not an instant behind: another process has changed the tenant, or its snapshot left the memory.
            refresh(app, tenant).await?;
        }
        let inside = app.clone();
        let attempt = async move |reader: &Reader<'_>| attempt(&inside, reader, work, looks == LOOKS).await;
        let attempted =
            if long { app.db.scan(tenant, attempt).await? } else { app.db.read(tenant, attempt).await? };
        match attempted {
            Ok(found) => return Ok(found),
            Err(again) => work = again,
        }
        tokio::task::yield_now().await;
    }
}

/// What the work answers if the state that it reads was published; else the work, to be tried again.
async fn attempt<T, W: AsyncFnOnce(&Reader<'_>, &Snapshot) -> Result<T, Error>>(
    app: &App,
    reader: &Reader<'_>,
    work: W,
    last: bool,
) -> Result<Result<(Arc<Snapshot>, T), W>, Error> {
    let tenant = if last { seen_by(app, reader).await? } else { published(app, reader).await? };
    match tenant {
        Some(tenant) => {
            let found = work(reader, &tenant).await?;
            Ok(Ok((tenant, found)))
        }
        None if last => Err(Error::NotFound),
        None => Ok(Err(work)),
    }
}
