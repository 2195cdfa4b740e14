//! What do tokens look like outside? (reference/rest-api.md §7.1)

use rolecall_engine::{ids::TenantId, oauth};
use schemars::JsonSchema;
use serde::Serialize;

/// A token that is good at this time.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OAuthToken {
    /// A UUID, also in the token.
    pub id: String,
    /// The user it speaks for.
    pub user_id: String,
    /// The tenant it belongs to.
    pub tenant_id: String,
    /// The client that was given it, in words.
    pub description: String,
}

impl OAuthToken {
    pub fn new(token: &oauth::OAuthToken, tenant: TenantId) -> Self {
        Self {
            id: token.id.to_string(),
            user_id: token.user.to_string(),
            tenant_id: tenant.to_string(),
            description: format!("issued to client {}", token.client),
        }
    }
}
