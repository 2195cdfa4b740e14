//! When is all of a tenant deleted?
//!
//! On its day a tenant is marked as gone first, by a change like any other: its host names are free then, and nobody writes
//! to it any more. Its rows go after that, some at a time, so that nobody waits for it. Whatever stops that, the next look
//! goes on with it.

use std::sync::Arc;

use rolecall_engine::{ids::TenantId, tenants::TenantStatus};

use super::sql;
use crate::{
    app::App,
    db::Shape,
    error::Error,
    write::{self, WriteTx},
};

/// Deletes the tenants whose day has come.
///
/// # Errors
/// When the database cannot be used.
pub async fn purge(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    let due = app.db.look_up(async move |all| sql::due(all, now).await).await?;
    if due.is_empty() {
        return Ok(());
    }
    let tables: Arc<[Shape]> = app.db.look_up(async |all| all.tenant_tables().await).await?.into();
    for tenant in due {
        // One that cannot be deleted now is at the next look, and keeps none of the others.
        if let Err(error) = purge_one(app, tenant, &tables).await {
            tracing::error!(%tenant, %error, "a tenant cannot be deleted");
        }
    }
    Ok(())
}

async fn purge_one(app: &App, tenant: TenantId, tables: &Arc<[Shape]>) -> Result<(), Error> {
    let expire = async move |tx: &WriteTx<'_>| {
        let expired = tx.tenant().tenant().clone().expire(tx.editor());
        Ok(expired.map(|tenant| tenant.status == TenantStatus::Deleted))
    };
    match write::as_system(app, tenant, expire).await {
        // It was marked before.
        Ok(true) | Err(Error::NotFound) => {}
        // It was reactivated a moment ago.
        Ok(false) => return Ok(()),
        Err(other) => return Err(other),
    }
    while !write::erase_some(app, tenant, Arc::clone(tables)).await? {}
    app.snapshots.forget(tenant);
    app.verified.forget(tenant);
    tracing::info!(%tenant, "all of a tenant was deleted");
    Ok(())
}
