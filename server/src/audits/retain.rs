//! When do days leave the trail for the archive?

use rolecall_engine::ids::TenantId;

use super::archive;
use crate::{app::App, error::Error, tenants::sql as tenants, write};

/// Moves all days that are past into the archive, tenant by tenant, some rows at a time, so that nobody waits for it.
///
/// # Errors
/// When the database cannot be used.
pub async fn retain(app: &App) -> Result<(), Error> {
    for (tenant, _) in app.db.look_up(async |all| tenants::all(all).await).await? {
        // What cannot be moved now is at the next look, and keeps none of the others.
        if let Err(error) = retain_one(app, tenant).await {
            tracing::error!(%tenant, %error, "past days of an audit trail cannot be moved into the archive");
        }
    }
    Ok(())
}

async fn retain_one(app: &App, tenant: TenantId) -> Result<(), Error> {
    let now = app.clock.now();
    // Looked at first: whoever only reads keeps no writer waiting.
    if app.db.read(tenant, async move |reader| archive::is_due(reader, now).await).await? {
        while write::archive_some(app, tenant).await? {}
    }
    Ok(())
}
