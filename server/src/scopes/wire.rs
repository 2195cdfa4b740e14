//! What do scopes look like outside?

use rolecall_engine::catalogue::{self, Catalogue};
use schemars::JsonSchema;
use serde::Serialize;

/// A scope of the catalogue.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// The name, unique in the catalogue.
    pub name: String,
    /// `user`, or `admin` if it reaches the whole tenant.
    pub level: &'static str,
    /// What it allows.
    pub description: String,
    /// The scope that includes this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Whether an OAuth client may be given it.
    pub oauth: bool,
    /// Whether a custom role may hold it.
    pub custom_role: bool,
    /// Whether the role `UserDefault` may hold it.
    pub user_default: bool,
}

impl Scope {
    pub fn new(scope: &catalogue::Scope, catalogue: &Catalogue) -> Self {
        Self {
            name: scope.name.to_string(),
            level: scope.level.as_str(),
            description: scope.about.clone(),
            parent: catalogue.parent_of(scope).map(ToString::to_string),
            oauth: scope.oauth,
            custom_role: scope.custom_role,
            user_default: scope.user_default,
        }
    }
}
