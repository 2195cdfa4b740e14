//! What do API keys look like outside? (reference/rest-api.md §6)

use rolecall_engine::{
    api_keys::{self, ApiKeySettings, ApiKeySettingsOp, KeySubject, Lifetime, NewApiKey as New},
    ids::{TenantId, UserId},
    names,
    refusal::Rule,
    time::Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    http::patch::{Form, Operation, Operations, of},
};

/// An API key.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// A UUID, also in the token.
    pub id: String,
    /// The tenant it belongs to.
    pub tenant_id: String,
    /// What it is for.
    pub description: String,
    /// Whom it speaks for: a user's identifier, or `SCIM\` and that of an identity provider.
    pub sub: String,
    /// `user` or `externalClient`.
    pub sub_type: &'static str,
    /// `active`, `expired` or `revoked`.
    pub status: &'static str,
    /// When it ends by itself.
    pub expiry: String,
    /// When it was made.
    pub created: String,
    /// The user who made it.
    pub created_by_user: String,
    /// When it was last changed.
    pub last_updated: String,
}

impl ApiKey {
    pub fn new(key: &api_keys::ApiKey, tenant: TenantId, now: Timestamp) -> Self {
        let (sub, sub_type) = match &key.subject {
            KeySubject::User(user) => (user.to_string(), "user"),
            KeySubject::ExternalClient(client) => (client.to_string(), "externalClient"),
        };
        Self {
            id: key.id.to_string(),
            tenant_id: tenant.to_string(),
            description: key.description.to_string(),
            sub,
            sub_type,
            status: key.status(now).as_str(),
            expiry: key.expires_at.to_string(),
            created: key.created_at.to_string(),
            created_by_user: key.created_by.map(|user| user.to_string()).unwrap_or_default(),
            last_updated: key.updated_at.to_string(),
        }
    }
}

/// A new API key with its token, which is shown this once.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ApiKeyWithToken {
    /// The key.
    #[serde(flatten)]
    pub key: ApiKey,
    /// The token: what a request sends as `Authorization: Bearer`.
    pub token: String,
}

/// An API key to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewApiKey {
    /// What it is for.
    description: String,
    /// How long it lives, as an ISO 8601 duration; as long as the tenant allows if not given.
    expiry: Option<String>,
    /// Whom it speaks for; the caller if not given. For an external client `SCIM\` and the identifier of an identity provider.
    sub: Option<String>,
    /// `user` (if not given) or `externalClient`.
    sub_type: Option<String>,
}

impl NewApiKey {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self, caller: UserId) -> Result<New, Error> {
        let Self { description, expiry, sub, sub_type } = self;
        let user = |id: &str| {
            id.parse().map_err(|_| Error::at_pointer("/sub", "must be the identifier of the caller"))
        };
        let subject = match (sub_type.as_deref(), sub) {
            (None | Some("user"), None) => KeySubject::User(caller),
            (None | Some("user"), Some(sub)) => KeySubject::User(user(&sub)?),
            (Some("externalClient"), sub) => {
                let client = sub.unwrap_or_default().parse().map_err(|_| Rule::UnknownIdentityProvider)?;
                KeySubject::ExternalClient(client)
            }
            (Some(_), _) => return Err(Error::at_pointer("/subType", "must be `user` or `externalClient`")),
        };
        let lifetime = expiry.map(|text| Lifetime::new(&text)).transpose();
        Ok(New {
            description: read_description(&description)
                .map_err(|error| Error::at_pointer("/description", error))?,
            lifetime: lifetime.map_err(|error| Error::at_pointer("/expiry", error))?,
            subject,
        })
    }
}

/// The description of a key, which must say something.
fn read_description(text: &str) -> Result<names::Description, names::NameError> {
    if text.trim().is_empty() { Err(names::NameError::Empty) } else { names::Description::new(text) }
}

/// Another description of a key.
pub struct Describe(pub names::Description);

impl Operations for Describe {
    const FORMS: &'static [Form] = &[("replace", "/description", of::<String>)];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        Ok(match operation.form() {
            ("replace", "/description") => Some(Self(operation.text(read_description)?)),
            _ => None,
        })
    }
}

/// A tenant's settings of API keys. The names are the contract's.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApiKeySettings")]
pub struct Settings {
    /// Active keys of one user.
    pub max_keys_per_user: u32,
    /// The longest life of a key, as an ISO 8601 duration.
    pub max_api_key_expiry: String,
    /// The life of a key that provisions users.
    #[serde(rename = "scim_externalClient_expiry")]
    pub scim_external_client_expiry: String,
}

impl From<&ApiKeySettings> for Settings {
    fn from(settings: &ApiKeySettings) -> Self {
        Self {
            max_keys_per_user: settings.max_per_user,
            max_api_key_expiry: settings.max_lifetime.as_str().to_owned(),
            scim_external_client_expiry: settings.external_lifetime.as_str().to_owned(),
        }
    }
}

impl Operations for ApiKeySettingsOp {
    const FORMS: &'static [Form] = &[
        ("replace", "/max_keys_per_user", of::<i64>),
        ("replace", "/max_api_key_expiry", of::<String>),
        ("replace", "/scim_externalClient_expiry", of::<String>),
    ];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        let lifetime =
            || Lifetime::new(&operation.value::<String>()?).map_err(|error| operation.wrong(error));
        Ok(Some(match operation.form() {
            ("replace", "/max_keys_per_user") => Self::MaxPerUser(operation.value()?),
            ("replace", "/max_api_key_expiry") => Self::MaxLifetime(lifetime()?),
            ("replace", "/scim_externalClient_expiry") => Self::ExternalLifetime(lifetime()?),
            _ => return Ok(None),
        }))
    }
}
