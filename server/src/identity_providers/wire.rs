//! What do identity providers look like outside? (reference/rest-api.md §9)

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use jsonwebtoken::DecodingKey;
use rolecall_engine::{
    identity_providers::{
        self, ClaimsMapping, IdpOp, JwtTrust, OidcSettings, OidcTrust, PendingState, Protocol, Sealed,
        StaticKey, Trust, Vendor,
    },
    ids::TenantId,
    names::{Description, NameError, Setting},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    credentials::keys,
    error::Error,
    http::patch::{Form, Operation, Operations, of},
};

/// An identity provider. Secrets are not shown.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProvider {
    /// 24 hexadecimal digits.
    pub id: String,
    /// `OIDC`, `SAML` or `jwtAuth`.
    pub protocol: &'static str,
    /// Whose product it is.
    pub provider: &'static str,
    /// Whether anybody can log in by it.
    pub active: bool,
    /// Whether people log in by it in a browser.
    pub interactive: bool,
    /// The tenants it is for.
    pub tenant_ids: [String; 1],
    /// What it is for.
    pub description: String,
    /// Seconds by which its clock may differ.
    pub clock_tolerance_sec: i64,
    /// Whether whoever it names becomes a user.
    pub create_new_users_on_login: bool,
    /// Where browsers go once somebody logged out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uri: Option<String>,
    /// How it is asked, and why it is believed.
    pub options: Value,
    /// The same for later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_options: Option<Value>,
    /// `verified`, `pending` or `error`: what is known of the pending options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_state: Option<&'static str>,
    /// When it was made.
    pub created: String,
    /// When it was last changed.
    pub last_updated: String,
}

pub fn shown(provider: &identity_providers::IdentityProvider, tenant: TenantId) -> IdentityProvider {
    let (options, pending, state) = match &provider.trust {
        Trust::Jwt(JwtTrust { issuer, key }) => {
            let key = json!({"kid": key.id.as_str(), "pem": key.pem});
            (json!({"issuer": issuer.as_str(), "staticKeys": [key]}), None, None)
        }
        Trust::Oidc(oidc) => (
            oidc.live.as_ref().map_or_else(|| json!({}), oidc_options),
            oidc.pending.as_ref().map(oidc_options),
            Some(oidc.state.as_str()),
        ),
        Trust::Saml(document) => (serde_json::from_str(document).unwrap_or_default(), None, None),
    };
    IdentityProvider {
        id: provider.id.to_string(),
        protocol: provider.protocol().as_str(),
        provider: provider.vendor.as_str(),
        active: provider.active,
        interactive: provider.is_interactive(),
        tenant_ids: [tenant.to_string()],
        description: provider.description.to_string(),
        clock_tolerance_sec: provider.clock_tolerance,
        create_new_users_on_login: provider.creates_users,
        post_logout_redirect_uri: provider.post_logout.as_ref().map(Setting::to_string),
        options,
        pending_options: pending,
        pending_state: state,
        created: provider.created_at.to_string(),
        last_updated: provider.updated_at.to_string(),
    }
}

fn oidc_options(settings: &OidcSettings) -> Value {
    let mut options = Map::new();
    for (name, setting) in [
        ("realm", &settings.realm),
        ("discoveryUrl", &settings.discovery_url),
        ("clientId", &settings.client_id),
        ("scope", &settings.scope),
        ("audience", &settings.audience),
    ] {
        if let Some(setting) = setting {
            options.insert(name.to_owned(), setting.as_str().into());
        }
    }
    let mapped = settings.claims.entries().into_iter().filter(|(_, pointers)| !pointers.is_empty());
    options.insert("claimsMapping".to_owned(), mapped.map(|(name, to)| (name, json!(to))).collect());
    if let Some(configuration) = &settings.configuration {
        let configuration = serde_json::from_str(configuration).unwrap_or_default();
        options.insert("openid_configuration".to_owned(), configuration);
    }
    if let Some(signature) = settings.signature {
        options.insert("idTokenSignatureAlg".to_owned(), signature.as_str().into());
    }
    let clients: Vec<&str> = settings.allowed_client_ids.iter().map(Setting::as_str).collect();
    if !clients.is_empty() {
        options.insert("allowedClientIds".to_owned(), json!(clients));
    }
    for (name, on) in [
        ("emailVerifiedAlwaysTrue", settings.email_always_verified),
        ("useClaimsFromIdToken", settings.claims_from_token),
        ("blockOfflineAccessScope", settings.block_offline_access),
    ] {
        options.insert(name.to_owned(), on.into());
    }
    Value::Object(options)
}

/// A provider to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewIdentityProvider {
    /// `OIDC`, `SAML` or `jwtAuth`.
    protocol: String,
    /// Whose product it is, for example `generic`; `external` for `jwtAuth`.
    provider: String,
    /// At most 128 characters.
    description: Option<String>,
    /// The tenants it is for: the caller's.
    #[serde(rename = "tenantIds")]
    _tenants: Option<Vec<String>>,
    /// Whether people log in by it in a browser.
    interactive: Option<bool>,
    /// Whether pending options hold at once.
    skip_verify: Option<bool>,
    /// Whether whoever it names becomes a user.
    create_new_users_on_login: Option<bool>,
    /// 0 to 7200; 5 if not given.
    clock_tolerance_sec: Option<i64>,
    /// Where browsers go once somebody logged out.
    post_logout_redirect_uri: Option<String>,
    /// How it is asked, and why it is believed.
    options: Option<Value>,
    /// How it is to be asked once that is verified.
    pending_options: Option<Options>,
}

/// How an OpenID Connect provider is asked.
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "OidcOptions")]
#[serde(rename_all = "camelCase")]
pub struct Options {
    realm: Option<String>,
    discovery_url: Option<String>,
    #[serde(rename = "openid_configuration")]
    configuration: Option<Value>,
    client_id: Option<String>,
    client_secret: Option<String>,
    scope: Option<String>,
    claims_mapping: Option<BTreeMap<String, Vec<String>>>,
    audience: Option<String>,
    allowed_client_ids: Option<Vec<String>>,
    id_token_signature_alg: Option<String>,
    #[serde(default)]
    email_verified_always_true: bool,
    #[serde(default)]
    use_claims_from_id_token: bool,
    #[serde(default)]
    block_offline_access_scope: bool,
    #[serde(rename = "decryptingKey")]
    decrypting_key: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JwtOptions {
    issuer: String,
    static_keys: Vec<StaticKeyOption>,
}

#[derive(Debug, Deserialize)]
struct StaticKeyOption {
    kid: String,
    pem: String,
}

/// Pointers to one claim, and clients that may be named.
const POINTERS: usize = 20;
const CLIENTS: usize = 100;
/// Characters of the longest secret.
const SECRET: usize = 4096;
/// Bytes of the longest options that are kept as they are.
const DOCUMENT: usize = 32 * 1024;

/// How a secret becomes one that may be kept.
type Seal<'s> = &'s dyn Fn(&str) -> Result<Sealed, Error>;

fn word<T: FromStr<Err: Display>>(text: &str, at: &str) -> Result<T, Error> {
    text.parse().map_err(|error| Error::at_pointer(at, error))
}

fn setting(text: Option<&str>, most: usize, at: &str) -> Result<Option<Setting>, Error> {
    let read = |text: &str| {
        if text.chars().count() > most { Err(NameError::TooLong(most)) } else { Setting::new(text) }
    };
    text.map(read).transpose().map_err(|error| Error::at_pointer(at, error))
}

/// Where a browser is sent to: a page, not a script.
fn page(text: Option<&str>, at: &str) -> Result<Option<Setting>, Error> {
    let web = |text: &&str| text.starts_with("https://") || text.starts_with("http://");
    match text {
        Some(text) if !web(&text) => Err(Error::at_pointer(at, "must begin with `https://`")),
        text => setting(text, 2083, at),
    }
}

impl NewIdentityProvider {
    /// # Errors
    /// When a member cannot be what it says, or one is missing.
    pub fn read(self, seal: Seal<'_>) -> Result<identity_providers::NewIdentityProvider, Error> {
        let vendor: Vendor = word(&self.provider, "/provider")?;
        let protocol: Protocol = word(&self.protocol, "/protocol")?;
        if (protocol == Protocol::JwtAuth) != (vendor == Vendor::External) {
            return Err(Error::at_pointer("/provider", "`external` and `jwtAuth` go together"));
        }
        let description = self.description.as_deref().unwrap_or_default();
        let trust = match protocol {
            Protocol::JwtAuth => Trust::Jwt(jwt_trust(self.options)?),
            Protocol::Oidc => {
                let options: Option<Options> = match self.options {
                    Some(options) => Some(convert(options, "/options")?),
                    None => None,
                };
                let interactive = self.interactive.unwrap_or(false);
                let skip = self.skip_verify.unwrap_or(false);
                Trust::Oidc(Box::new(oidc_trust(options, self.pending_options, interactive, skip, seal)?))
            }
            Protocol::Saml => Trust::Saml(document(&self.options.unwrap_or_else(|| json!({})), "/options")?),
        };
        Ok(identity_providers::NewIdentityProvider {
            vendor,
            description: described(description, "/description")?,
            creates_users: self.create_new_users_on_login.unwrap_or(true),
            clock_tolerance: self.clock_tolerance_sec.unwrap_or(5),
            post_logout: page(self.post_logout_redirect_uri.as_deref(), "/postLogoutRedirectUri")?,
            trust,
        })
    }
}

/// Options that are kept as they are: they are read whenever somebody logs in.
fn document(value: &Value, at: &str) -> Result<String, Error> {
    let text = value.to_string();
    if text.len() <= DOCUMENT {
        return Ok(text);
    }
    Err(Error::at_pointer(at, format!("must have at most {DOCUMENT} bytes")))
}

fn described(text: &str, at: &str) -> Result<Description, Error> {
    if text.chars().count() > 128 {
        return Err(Error::at_pointer(at, NameError::TooLong(128)));
    }
    Description::new(text).map_err(|error| Error::at_pointer(at, error))
}

fn convert<T: serde::de::DeserializeOwned>(value: Value, at: &str) -> Result<T, Error> {
    crate::http::json::convert(value, at)
}

fn jwt_trust(options: Option<Value>) -> Result<JwtTrust, Error> {
    let missing = || Error::at_pointer("/options", "must have `issuer` and `staticKeys`");
    let JwtOptions { issuer, static_keys } = convert(options.ok_or_else(missing)?, "/options")?;
    let [StaticKeyOption { kid, pem }] = <[_; 1]>::try_from(static_keys)
        .map_err(|_| Error::at_pointer("/options/staticKeys", "must have one key"))?;
    let name = |text: &str, at: &str| {
        setting(Some(text), 256, at)?.ok_or_else(|| Error::at_pointer(at, "must not be empty"))
    };
    let _: DecodingKey =
        keys::from_pem(&pem).map_err(|why| Error::at_pointer("/options/staticKeys/0/pem", why))?.key;
    Ok(JwtTrust {
        issuer: name(&issuer, "/options/issuer")?,
        key: StaticKey { id: name(&kid, "/options/staticKeys/0/kid")?, pem },
    })
}

fn oidc_trust(
    options: Option<Options>,
    pending: Option<Options>,
    interactive: bool,
    skip_verify: bool,
    seal: Seal<'_>,
) -> Result<OidcTrust, Error> {
    let (given, at) = match (options, pending) {
        (_, Some(pending)) if interactive => (pending, "/pendingOptions"),
        (Some(options), _) if !interactive => (options, "/options"),
        _ if interactive => return Err(Error::at_pointer("/pendingOptions", "is missing")),
        _ => return Err(Error::at_pointer("/options", "is missing")),
    };
    let settings = given.read(at, seal)?;
    if interactive {
        for (missing, name) in
            [(settings.client_id.is_none(), "clientId"), (settings.client_secret.is_none(), "clientSecret")]
        {
            if missing {
                return Err(Error::at_pointer(format!("{at}/{name}"), "is missing"));
            }
        }
    }
    let live_at_once = skip_verify || !interactive;
    let state = if live_at_once { PendingState::Verified } else { PendingState::Pending };
    let (live, pending) = if live_at_once { (Some(settings), None) } else { (None, Some(settings)) };
    Ok(OidcTrust { interactive, live, pending, state })
}

impl Options {
    fn read(self, at: &str, seal: Seal<'_>) -> Result<OidcSettings, Error> {
        let of = |name: &str| format!("{at}/{name}");
        if self.decrypting_key.is_some() {
            return Err(Error::at_pointer(of("decryptingKey"), "encrypted tokens are not supported"));
        }
        if self.discovery_url.is_none() && self.configuration.is_none() {
            return Err(Error::at_pointer(of("discoveryUrl"), "is missing"));
        }
        let realm = setting(self.realm.as_deref(), 254, &of("realm"))?;
        if realm.as_ref().is_some_and(|realm| !is_realm(realm.as_str())) {
            return Err(Error::at_pointer(of("realm"), "must be of letters, digits and `.-_`"));
        }
        let mut claims = ClaimsMapping::default();
        for (name, pointers) in self.claims_mapping.unwrap_or_default() {
            let at = of(&format!("claimsMapping/{name}"));
            if pointers.len() > POINTERS {
                return Err(Error::at_pointer(at, format!("must be at most {POINTERS} pointers")));
            }
            if pointers.iter().any(|pointer| !pointer.starts_with('/') || pointer.len() > 256) {
                return Err(Error::at_pointer(at, "must be JSON pointers, for example `/sub`"));
            }
            let mapped = claims.of_mut(&name).ok_or_else(|| Error::at_pointer(&at, "is not a claim"))?;
            *mapped = pointers;
        }
        if claims.sub.is_empty() {
            return Err(Error::at_pointer(of("claimsMapping/sub"), "is missing"));
        }
        let clients = self.allowed_client_ids.unwrap_or_default();
        if clients.len() > CLIENTS || clients.iter().any(|client| client.len() > 512) {
            let error = format!("must be at most {CLIENTS}, of at most 512 bytes each");
            return Err(Error::at_pointer(of("allowedClientIds"), error));
        }
        let secret = self.client_secret.as_deref();
        if secret.is_some_and(|secret| secret.chars().count() > SECRET) {
            return Err(Error::at_pointer(of("clientSecret"), NameError::TooLong(SECRET)));
        }
        let signature = self.id_token_signature_alg.as_deref();
        Ok(OidcSettings {
            realm,
            discovery_url: page(self.discovery_url.as_deref(), &of("discoveryUrl"))?,
            configuration: self
                .configuration
                .map(|configuration| document(&configuration, &of("openid_configuration")))
                .transpose()?,
            client_id: setting(self.client_id.as_deref(), 512, &of("clientId"))?,
            client_secret: secret.map(seal).transpose()?,
            scope: setting(self.scope.as_deref(), 254, &of("scope"))?,
            claims,
            audience: setting(self.audience.as_deref(), 256, &of("audience"))?,
            allowed_client_ids: clients
                .iter()
                .map(|client| Setting::new(client))
                .collect::<Result<_, _>>()
                .map_err(|error| Error::at_pointer(of("allowedClientIds"), error))?,
            signature: signature.map(|name| word(name, &of("idTokenSignatureAlg"))).transpose()?,
            email_always_verified: self.email_verified_always_true,
            claims_from_token: self.use_claims_from_id_token,
            block_offline_access: self.block_offline_access_scope,
        })
    }
}

/// Letters, digits and `.-_`, with a letter or digit in front (reference/rest-api.md §9).
fn is_realm(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    text.len() >= 2 && text.bytes().all(plain) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// One operation of a patch, with a secret that is still to be sealed.
pub enum IdpPatch {
    /// As it is.
    Op(IdpOp),
    /// Other options for later.
    Pending(Box<Options>, String),
}

impl IdpPatch {
    /// # Errors
    /// When the options cannot be used.
    pub fn read(self, seal: Seal<'_>) -> Result<IdpOp, Error> {
        match self {
            Self::Op(op) => Ok(op),
            Self::Pending(options, at) => Ok(IdpOp::SetPending(Box::new(options.read(&at, seal)?))),
        }
    }
}

impl Operations for IdpPatch {
    const FORMS: &'static [Form] = &[
        ("replace", "/description", of::<String>),
        ("replace", "/active", of::<bool>),
        ("replace", "/createNewUsersOnLogin", of::<bool>),
        ("replace", "/clockToleranceSec", of::<i64>),
        ("replace", "/postLogoutRedirectUri", of::<Option<String>>),
        ("replace", "/pendingOptions", of::<Options>),
        ("promote-options", "/options", of::<Option<bool>>),
        ("promote-options", "/pendingOptions", of::<Option<bool>>),
    ];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        let at = operation.place();
        Ok(Some(Self::Op(match operation.form() {
            ("replace", "/description") => IdpOp::Describe(described(&operation.value::<String>()?, &at)?),
            ("replace", "/active") => IdpOp::Activate(operation.value()?),
            ("replace", "/createNewUsersOnLogin") => IdpOp::CreateUsers(operation.value()?),
            ("replace", "/clockToleranceSec") => IdpOp::Tolerate(operation.value()?),
            ("replace", "/postLogoutRedirectUri") => {
                IdpOp::PostLogout(page(operation.value::<Option<String>>()?.as_deref(), &at)?)
            }
            ("replace", "/pendingOptions") => {
                return Ok(Some(Self::Pending(Box::new(operation.value()?), at)));
            }
            ("promote-options", _) => IdpOp::Promote,
            _ => return Ok(None),
        })))
    }
}

/// What identity providers need to know of the tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "IdentityProviderMetadata")]
pub struct Metadata {
    /// Where browsers come back to.
    pub redirect_uris: Vec<String>,
}

/// Where the caller's subscription is managed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PortalLinks {}

/// Which identity providers are in use.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "IdentityProviderStatus")]
pub struct Status {
    /// All there are.
    idps_metadata: Vec<StatusOfOne>,
    /// How many of them people log in by in a browser.
    active_interactive_idps_count: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
struct StatusOfOne {
    active: bool,
    provider: &'static str,
    interactive: bool,
}

impl Status {
    pub fn of(providers: &[identity_providers::IdentityProvider]) -> Self {
        let one = |provider: &identity_providers::IdentityProvider| StatusOfOne {
            active: provider.active,
            provider: provider.vendor.as_str(),
            interactive: provider.is_interactive(),
        };
        let idps_metadata: Vec<StatusOfOne> = providers.iter().map(one).collect();
        let active = idps_metadata.iter().filter(|one| one.active && one.interactive).count();
        Self { idps_metadata, active_interactive_idps_count: active }
    }
}
