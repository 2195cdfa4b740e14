//! What do web integrations look like outside? (reference/rest-api.md §12)

use rolecall_engine::{
    ids::TenantId,
    names::Setting,
    web_integrations::{self, WebIntegrationOp},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    http::{
        origin::origins,
        patch::{Form, Operation, Operations, of},
    },
    links::{Links, SelfLink},
};

/// A web integration.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebIntegration {
    /// 32 characters.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// Where its pages are from.
    pub valid_origins: Vec<String>,
    /// The tenant it belongs to.
    pub tenant_id: String,
    /// When it was made.
    pub created: String,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// When it was last changed.
    pub last_updated: String,
    /// Where it is.
    pub links: SelfLink,
}

impl WebIntegration {
    pub fn new(integration: &web_integrations::WebIntegration, tenant: TenantId, links: &Links) -> Self {
        Self {
            id: integration.id.to_string(),
            name: integration.name.to_string(),
            valid_origins: integration.origins.iter().map(Setting::to_string).collect(),
            tenant_id: tenant.to_string(),
            created: integration.created_at.to_string(),
            created_by: integration.created_by.map(|user| user.to_string()),
            last_updated: integration.updated_at.to_string(),
            links: links.to(format_args!("/api/v1/web-integrations/{}", integration.id)).into(),
        }
    }
}

/// A web integration to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewWebIntegration {
    /// 1 to 256 characters.
    name: String,
    /// At most 50, for example `https://portal.example`.
    #[serde(default)]
    valid_origins: Vec<String>,
}

fn name(text: &str, at: &str) -> Result<Setting, Error> {
    if text.chars().count() > 256 {
        return Err(Error::at_pointer(at, "must not have more than 256 characters"));
    }
    Setting::new(text.trim()).map_err(|error| Error::at_pointer(at, error))
}

impl NewWebIntegration {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self) -> Result<(Setting, Vec<Setting>), Error> {
        Ok((name(&self.name, "/name")?, origins(&self.valid_origins, "/validOrigins")?))
    }
}

impl Operations for WebIntegrationOp {
    const FORMS: &'static [Form] =
        &[("replace", "/name", of::<String>), ("replace", "/validOrigins", of::<Vec<String>>)];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        let at = operation.place();
        Ok(Some(match operation.form() {
            ("replace", "/name") => Self::Rename(name(&operation.value::<String>()?, &at)?),
            ("replace", "/validOrigins") => {
                Self::ReplaceOrigins(origins(&operation.value::<Vec<String>>()?, &at)?)
            }
            _ => return Ok(None),
        }))
    }
}
