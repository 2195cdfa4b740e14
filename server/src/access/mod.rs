//! What is known of each tenant in memory?

pub mod snapshots;
pub mod sql;

use std::sync::Arc;

use rolecall_engine::{access::Snapshot, ids::TenantId};

use crate::{app::App, error::Error};

/// The present snapshot of a tenant, loaded on first use; none if there is no such tenant.
///
/// # Errors
/// When the database cannot be read.
pub async fn snapshot(app: &App, tenant: TenantId) -> Result<Option<Arc<Snapshot>>, Error> {
    if let Some(snapshot) = app.snapshots.get(tenant) {
        return Ok(Some(snapshot));
    }
    let _loading = app.snapshots.loading().await;
    if let Some(snapshot) = app.snapshots.get(tenant) {
        return Ok(Some(snapshot));
    }
    let catalogue = Arc::clone(&app.catalogue);
    let Some(snapshot) = app.db.scan(tenant, async |reader| sql::load(reader, catalogue).await).await? else {
        return Ok(None);
    };
    app.snapshots.publish(Arc::new(snapshot));
    Ok(app.snapshots.get(tenant))
}
