//! What do OAuth clients look like outside? (reference/rest-api.md §7)

use std::{fmt::Display, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use rolecall_engine::{
    ids::{TenantId, UserId},
    names::{Description, Setting},
    oauth::{self, AppType, AuthMethod, ClientOp, ClientSettings, Consent, Edit, GrantType, KeyText},
    scopes::ScopeName,
    time::Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    error::Error,
    http::{
        origin::origin,
        patch::{Form, Operation, Operations, of},
    },
};

/// An OAuth client. Members that have no value are left out.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OAuthClient {
    /// 32 hexadecimal digits.
    pub client_id: String,
    /// The tenant it belongs to.
    pub tenant_id: String,
    /// `web`, `native`, `spa` or `anonymous-embed`.
    pub app_type: &'static str,
    /// The name to show.
    pub client_name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The address of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// The address of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Where its public keys are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// The origins of a program in a browser.
    pub allowed_origins: Vec<String>,
    /// The most its tokens may reach.
    pub allowed_scopes: Vec<String>,
    /// What it may get tokens for.
    pub allowed_grant_types: Vec<&'static str>,
    /// How it may prove who it is.
    pub allowed_auth_methods: Vec<&'static str>,
    /// Its public keys, as JSON Web Keys.
    pub public_keys: Vec<Value>,
    /// Its secrets; only what tells them apart.
    pub client_secrets: Vec<ClientSecret>,
    /// Whether users are asked before it acts for them.
    pub connection_config: ConnectionConfig,
    /// When it was published to other tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_at: Option<String>,
    /// `user`, where somebody made it, or `service`.
    pub created_by_type: &'static str,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// What is shown of a secret.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientSecret {
    /// Its first characters.
    pub hint: String,
    /// When it was made.
    pub created_at: String,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

impl From<&oauth::Secret> for ClientSecret {
    fn from(secret: &oauth::Secret) -> Self {
        Self {
            hint: secret.hint.clone(),
            created_at: secret.created_at.to_string(),
            created_by: secret.created_by.map(|user| user.to_string()),
        }
    }
}

/// Whether users are asked before a client acts for them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionConfig {
    /// `required` or `trusted`.
    pub consent_method: &'static str,
}

impl From<Consent> for ConnectionConfig {
    fn from(consent: Consent) -> Self {
        Self { consent_method: consent.as_str() }
    }
}

fn texts(items: &[impl ToString]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

impl OAuthClient {
    pub fn new(client: &oauth::OAuthClient, tenant: TenantId) -> Self {
        let text = |setting: &Option<Setting>| setting.as_ref().map(Setting::to_string);
        let key = |KeyText(key): &KeyText| serde_json::from_str(key).unwrap_or_default();
        Self {
            client_id: client.id.to_string(),
            tenant_id: tenant.to_string(),
            app_type: client.settings.app_type.as_str(),
            client_name: client.settings.name.to_string(),
            description: client.settings.description.as_ref().map(Description::to_string),
            logo_uri: text(&client.settings.logo_uri),
            client_uri: text(&client.settings.client_uri),
            jwks_uri: text(&client.settings.jwks_uri),
            redirect_uris: texts(&client.settings.redirect_uris),
            allowed_origins: texts(&client.settings.allowed_origins),
            allowed_scopes: texts(&client.settings.allowed_scopes),
            allowed_grant_types: client.settings.grant_types.iter().map(|grant| grant.as_str()).collect(),
            allowed_auth_methods: client.settings.auth_methods.iter().map(|method| method.as_str()).collect(),
            public_keys: client.settings.public_keys.iter().map(key).collect(),
            client_secrets: client.secrets.iter().map(ClientSecret::from).collect(),
            connection_config: client.settings.consent.into(),
            published_at: client.published_at.map(|at| at.to_string()),
            created_by_type: client.maker(),
            owner_id: client.owner.map(|user: UserId| user.to_string()),
            created_at: client.created_at.to_string(),
            updated_at: client.updated_at.to_string(),
        }
    }
}

/// A new client with its secret, which is shown this once.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OAuthClientWithSecret {
    /// The client.
    #[serde(flatten)]
    pub client: OAuthClient,
    /// The secret, if the client proves itself by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
}

/// A secret that a change made necessary, which is shown this once.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GivenSecret {
    /// The secret.
    pub client_secret: String,
}

/// A new secret, which is shown this once.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewSecret {
    /// The client.
    pub client_id: String,
    /// The secret.
    pub client_secret: String,
    /// What tells it apart.
    #[serde(flatten)]
    pub shown: ClientSecret,
}

/// When a client was published.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Published {
    /// When.
    pub published_at: String,
}

impl From<Option<Timestamp>> for Published {
    fn from(at: Option<Timestamp>) -> Self {
        Self { published_at: at.map(|at| at.to_string()).unwrap_or_default() }
    }
}

/// A client to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewOAuthClient {
    /// `web`, `native`, `spa` or `anonymous-embed`.
    app_type: String,
    /// At most 512 characters.
    client_name: String,
    /// What it is for.
    description: Option<String>,
    /// The address of a picture.
    logo_uri: Option<String>,
    /// The address of the program.
    client_uri: Option<String>,
    /// Where its public keys are.
    jwks_uri: Option<String>,
    /// At most 5: where codes may be sent.
    #[serde(default)]
    redirect_uris: Vec<String>,
    /// At most 5, of a program in a browser.
    #[serde(default)]
    allowed_origins: Vec<String>,
    /// The most its tokens may reach.
    #[serde(default)]
    allowed_scopes: Vec<String>,
    /// `client_credentials` or `urn:qlik:oauth:user-impersonation`, of a program on a server.
    #[serde(default)]
    allowed_grant_types: Vec<String>,
    /// `client_secret` (if not given, for programs on a server) or `private_key_jwt`.
    allowed_auth_methods: Option<Vec<String>>,
    /// JSON Web Keys.
    #[serde(default)]
    public_keys: Vec<Value>,
    /// Whether users are asked.
    connection_config: Option<NewConnectionConfig>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NewConnectionConfig {
    /// `required` or `trusted`.
    consent_method: String,
}

/// The items of a list, each read.
fn items<S: AsRef<str>, T, E: Display>(
    texts: &[S],
    at: &str,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, Error> {
    let item = |(n, text): (usize, &S)| {
        read(text.as_ref()).map_err(|error| Error::at_pointer(format!("{at}/{n}"), error))
    };
    texts.iter().enumerate().map(item).collect()
}

fn word<T: FromStr<Err: Display>>(text: &str, at: &str) -> Result<T, Error> {
    text.parse().map_err(|error| Error::at_pointer(at, error))
}

/// Characters of the longest name, and of the longest address that is sent somebody to.
const NAME: usize = 512;
const URI: usize = 256;

fn bounded(text: &str, most: usize) -> Result<Setting, String> {
    if text.chars().count() > most {
        return Err(format!("must have at most {most} characters"));
    }
    Setting::new(text).map_err(|error| error.to_string())
}

fn name(text: &str) -> Result<Setting, String> {
    bounded(text.trim(), NAME)
}

/// The address of a page, a picture or keys.
fn setting(text: &str) -> Result<Setting, String> {
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return Err("must begin with `https://`".to_owned());
    }
    Setting::new(text).map_err(|error| error.to_string())
}

/// Where a code may be sent: compared letter by letter later, so only what means one thing (RFC 9700 §2.1, §4.1).
fn redirect_uri(text: &str) -> Result<Setting, String> {
    let uri: http::Uri = text.parse().map_err(|_| "must be an absolute address".to_owned())?;
    let (scheme, host) = (uri.scheme_str(), uri.host());
    let loopback = host.is_some_and(|host| {
        ["localhost", "127.0.0.1", "[::1]"].contains(&host) || host.ends_with(".localhost")
    });
    let good = match scheme {
        Some("https") => host.is_some(),
        Some("http") => loopback,
        Some(own) => own.contains('.'),
        None => false,
    };
    let plain = !text.contains(['#', '*', '@']);
    if good && plain {
        bounded(text, URI)
    } else {
        Err("must be `https`, `http` on the own machine, or a scheme of the program's own, without `#`"
            .to_owned())
    }
}

/// What a client may be allowed; codes and exchanges need no allowance.
fn grant_type(text: &str) -> Result<GrantType, String> {
    let grant: Option<GrantType> = text.parse().ok().filter(|grant: &GrantType| grant.is_listed());
    grant.ok_or_else(|| "must be `client_credentials` or `urn:qlik:oauth:user-impersonation`".to_owned())
}

fn scope(text: &str) -> Result<ScopeName, String> {
    ScopeName::new(text).map_err(|error| error.to_string())
}

/// Bytes of the shortest modulus that is taken (RFC 7518 §3.3), and of a coordinate on P-384.
const MODULUS: usize = 256;
const COORDINATE: usize = 48;

/// A key that signatures of the client can be checked by.
fn public_key(key: &Value) -> Result<KeyText, String> {
    let parsed: Jwk = serde_json::from_value(key.clone()).map_err(|error| error.to_string())?;
    let use_is_fine =
        parsed.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let id_is_fine = parsed
        .common
        .key_id
        .as_ref()
        .is_some_and(|id| (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()));
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let kind_is_fine = match (&parsed.algorithm, parsed.common.key_algorithm) {
        (AlgorithmParameters::RSA(key), Some(KeyAlgorithm::RS256 | KeyAlgorithm::RS512)) => {
            let long =
                bytes(&key.n).is_some_and(|n| n.iter().skip_while(|byte| **byte == 0).count() >= MODULUS);
            // More than one.
            long && bytes(&key.e).is_some_and(|e| e.iter().skip_while(|byte| **byte == 0).ne(&[1]))
        }
        (AlgorithmParameters::EllipticCurve(key), Some(KeyAlgorithm::ES384)) => {
            let whole = |half: &str| bytes(half).is_some_and(|half| half.len() == COORDINATE);
            key.curve == EllipticCurve::P384 && whole(&key.x) && whole(&key.y)
        }
        _ => false,
    };
    let secret = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|member| key.get(member).is_some());
    if secret {
        return Err("is a private key; keep it to yourself".to_owned());
    }
    if !(use_is_fine && id_is_fine && kind_is_fine) {
        return Err(
            "must have a `kid` and be of `alg` RS256 or RS512 with at least 2048 bits, or ES384".to_owned()
        );
    }
    serde_json::to_string(key).map(KeyText).map_err(|error| error.to_string())
}

fn public_keys(keys: &[Value], at: &str) -> Result<Vec<KeyText>, Error> {
    let item = |(n, key)| public_key(key).map_err(|error| Error::at_pointer(format!("{at}/{n}"), error));
    keys.iter().enumerate().map(item).collect()
}

fn optional(text: Option<String>, at: &str) -> Result<Option<Setting>, Error> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| setting(&text)).transpose().map_err(|error| Error::at_pointer(at, error))
}

impl NewOAuthClient {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self) -> Result<ClientSettings, Error> {
        let app_type: AppType = word(&self.app_type, "/appType")?;
        let description = self.description.filter(|text| !text.is_empty());
        let usual = if app_type == AppType::Web { vec![AuthMethod::ClientSecret] } else { Vec::new() };
        let auth_methods = self.allowed_auth_methods;
        let consent = self.connection_config.map(|config| config.consent_method);
        Ok(ClientSettings {
            app_type,
            name: name(&self.client_name).map_err(|error| Error::at_pointer("/clientName", error))?,
            description: description
                .map(|text| Description::new(&text))
                .transpose()
                .map_err(|error| Error::at_pointer("/description", error))?,
            logo_uri: optional(self.logo_uri, "/logoUri")?,
            client_uri: optional(self.client_uri, "/clientUri")?,
            jwks_uri: optional(self.jwks_uri, "/jwksUri")?,
            redirect_uris: items(&self.redirect_uris, "/redirectUris", redirect_uri)?,
            allowed_origins: items(&self.allowed_origins, "/allowedOrigins", origin)?,
            allowed_scopes: items(&self.allowed_scopes, "/allowedScopes", scope)?,
            grant_types: items(&self.allowed_grant_types, "/allowedGrantTypes", grant_type)?,
            auth_methods: auth_methods.map_or(Ok(usual), |methods| {
                items(&methods, "/allowedAuthMethods", str::parse::<AuthMethod>)
            })?,
            public_keys: public_keys(&self.public_keys, "/publicKeys")?,
            consent: consent
                .map_or(Ok(Consent::Required), |consent| word(&consent, "/connectionConfig/consentMethod"))?,
        })
    }
}

/// What an operation does to a list. A single item stands for a list of one; to remove without an item is to remove all.
fn edit<T, R: DeserializeOwned>(
    operation: &Operation,
    read: impl Fn(&[R], &str) -> Result<Vec<T>, Error>,
) -> Result<Edit<T>, Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given<R> {
        Several(Vec<R>),
        One(R),
    }
    let at = operation.place();
    let given = || -> Result<Vec<T>, Error> {
        match operation.value::<Given<R>>()? {
            Given::Several(items) => read(&items, &at),
            Given::One(item) => read(&[item], &at),
        }
    };
    Ok(match operation.form().0 {
        "add" => Edit::Add(given()?),
        "remove" if operation.has_value() => Edit::Remove(given()?),
        "remove" => Edit::Replace(Vec::new()),
        _ => Edit::Replace(given()?),
    })
}

/// The new value of a member that may have none.
fn value_of<T>(operation: &Operation, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, Error> {
    if operation.form().0 == "remove" {
        return Ok(None);
    }
    let text: String = operation.value()?;
    if text.is_empty() { Ok(None) } else { read(&text).map(Some).map_err(|error| operation.wrong(error)) }
}

macro_rules! forms {
    ($($path:literal: $kind:ty),* $(,)?) => {
        &[$(("replace", $path, of::<$kind>), ("add", $path, of::<$kind>), ("remove", $path, of::<$kind>)),*]
    };
}

impl Operations for ClientOp {
    const FORMS: &'static [Form] = forms![
        "/clientName": String,
        "/description": String,
        "/logoUri": String,
        "/clientUri": String,
        "/jwksUri": String,
        "/redirectUris": Vec<String>,
        "/allowedOrigins": Vec<String>,
        "/allowedScopes": Vec<String>,
        "/allowedGrantTypes": Vec<String>,
        "/allowedAuthMethods": Vec<String>,
        "/publicKeys": Vec<Value>,
    ];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        let description = |text: &str| Description::new(text).map_err(|error| error.to_string());
        Ok(Some(match operation.form() {
            ("remove", "/clientName") => return Ok(None),
            (_, "/clientName") => {
                Self::Name(name(&operation.value::<String>()?).map_err(|error| operation.wrong(error))?)
            }
            (_, "/description") => Self::Description(value_of(operation, description)?),
            (_, "/logoUri") => Self::LogoUri(value_of(operation, setting)?),
            (_, "/clientUri") => Self::ClientUri(value_of(operation, setting)?),
            (_, "/jwksUri") => Self::JwksUri(value_of(operation, setting)?),
            (_, "/redirectUris") => {
                Self::RedirectUris(edit(operation, |texts: &[String], at| items(texts, at, redirect_uri))?)
            }
            (_, "/allowedOrigins") => {
                Self::AllowedOrigins(edit(operation, |texts: &[String], at| items(texts, at, origin))?)
            }
            (_, "/allowedScopes") => {
                Self::AllowedScopes(edit(operation, |texts: &[String], at| items(texts, at, scope))?)
            }
            (_, "/allowedGrantTypes") => {
                Self::GrantTypes(edit(operation, |texts: &[String], at| items(texts, at, grant_type))?)
            }
            (_, "/allowedAuthMethods") => {
                Self::AuthMethods(edit(operation, |texts: &[String], at| items(texts, at, str::parse))?)
            }
            (_, "/publicKeys") => Self::PublicKeys(edit(operation, public_keys)?),
            _ => return Ok(None),
        }))
    }
}

/// Another way of asking users.
pub struct SetConsent(pub Consent);

impl Operations for SetConsent {
    const FORMS: &'static [Form] = &[("replace", "/consentMethod", of::<String>)];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        let consent = operation.value::<String>()?.parse().map_err(|error| operation.wrong(error))?;
        Ok(Some(Self(consent)))
    }
}
