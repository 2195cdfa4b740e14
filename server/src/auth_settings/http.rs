//! Which requests are there for these settings?

use axum::extract::State;

use super::wire::{AuthSettings, SettingsOp};
use crate::{
    app::App,
    caller::{Administrator, Caller},
    error::Error,
    http::{
        operation::{Operation, get, patch},
        patch::Patch,
        respond::Shown,
    },
};

const SETTINGS: &str = "/api/core/auth-settings";

pub fn operations() -> Vec<Operation> {
    vec![
        get(SETTINGS, "Get how long sessions are good for", get_auth_settings),
        patch(SETTINGS, "Change how long sessions are good for", patch_auth_settings),
    ]
}

async fn get_auth_settings(
    _: State<App>,
    caller: Caller<Administrator>,
) -> Result<Shown<AuthSettings>, Error> {
    Ok(Shown(caller.tenant().tenant().into()))
}

async fn patch_auth_settings(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Patch(ops): Patch<SettingsOp>,
) -> Result<Shown<AuthSettings>, Error> {
    let tenant = super::patch(&app, &caller, ops).await?;
    Ok(Shown((&tenant).into()))
}
