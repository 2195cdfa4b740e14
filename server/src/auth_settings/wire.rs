//! What do these settings look like outside? (reference/rest-api.md §12)

use rolecall_engine::{sessions::SessionLimits, tenants::Tenant};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    error::Error,
    http::patch::{Form, Operation, Operations, of},
};

/// How long sessions are good for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthSettings {
    /// The tenant's identifier.
    pub id: String,
    /// The tenant they are of.
    pub tenant_id: String,
    /// Whether nobody has changed them.
    pub is_default: bool,
    /// Minutes without a request after which a session ends.
    pub user_session_inactivity_timeout_minutes: i64,
    /// Minutes after which it ends whatever happens: whole hours.
    pub max_user_session_lifespan_minutes: i64,
    /// Whether programs may make clients of themselves: never.
    pub dynamic_client_registration_enabled: bool,
}

impl From<&Tenant> for AuthSettings {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            tenant_id: tenant.id.to_string(),
            is_default: tenant.sessions == SessionLimits::default(),
            user_session_inactivity_timeout_minutes: tenant.sessions.inactivity_minutes,
            max_user_session_lifespan_minutes: tenant.sessions.lifespan_minutes,
            dynamic_client_registration_enabled: false,
        }
    }
}

/// One operation of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsOp {
    /// Minutes without a request.
    Inactivity(i64),
    /// Minutes whatever happens.
    Lifespan(i64),
}

impl Operations for SettingsOp {
    const FORMS: &'static [Form] = &[
        ("replace", "/userSessionInactivityTimeoutMinutes", of::<i64>),
        ("replace", "/maxUserSessionLifespanMinutes", of::<i64>),
    ];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        Ok(Some(match operation.form() {
            ("replace", "/userSessionInactivityTimeoutMinutes") => Self::Inactivity(operation.value()?),
            ("replace", "/maxUserSessionLifespanMinutes") => Self::Lifespan(operation.value()?),
            _ => return Ok(None),
        }))
    }
}
