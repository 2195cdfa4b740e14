//! How long sessions are good for. (reference/rest-api.md §12)

pub mod http;
mod wire;

use rolecall_engine::{sessions::SessionLimits, tenants::Tenant};
use wire::SettingsOp;

use crate::{
    app::App,
    caller::{Administrator, Caller},
    error::Error,
    write::WriteTx,
};

/// Changes the limits of sessions; answers the tenant as it is then.
pub async fn patch(app: &App, caller: &Caller<Administrator>, ops: Vec<SettingsOp>) -> Result<Tenant, Error> {
    let edit = async move |tx: &WriteTx<'_>| {
        let tenant = tx.tenant().tenant().clone();
        let SessionLimits { mut inactivity_minutes, mut lifespan_minutes } = tenant.sessions;
        for op in ops {
            match op {
                SettingsOp::Inactivity(minutes) => inactivity_minutes = minutes,
                SettingsOp::Lifespan(minutes) => lifespan_minutes = minutes,
            }
        }
        Ok(tenant.set_sessions(SessionLimits { inactivity_minutes, lifespan_minutes }, tx.editor())?)
    };
    caller.write(app, edit).await
}
