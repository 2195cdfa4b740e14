//! What do requests for tokens, and tokens, look like? (reference/auth.md §3.2, RFC 6749 §4, §5)

use rolecall_engine::{refusal::limits, scopes::ScopeName, time::Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Grant, Issued, Lookup};
use crate::error::{Error, OAuthRefusal};

/// The kind of assertion that is taken (RFC 7523 §2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How a body names its client and proves it (RFC 6749 §2.3.1, RFC 7523 §2.2).
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Named {
    /// The client, unless the header `Authorization` says it.
    #[serde(rename = "client_id")]
    pub id: Option<String>,
    /// Its secret, likewise.
    #[serde(rename = "client_secret")]
    pub secret: Option<String>,
    /// A JWT signed by one of its keys, instead of a secret.
    #[serde(rename = "client_assertion")]
    pub assertion: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    #[serde(rename = "client_assertion_type")]
    pub assertion_type: Option<String>,
}

/// A request for a token.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TokenRequest {
    /// What for: `client_credentials` or `urn:qlik:oauth:user-impersonation`.
    grant_type: Option<String>,
    #[serde(flatten)]
    pub client: Named,
    /// The scopes, with blanks between them; all that the client is allowed if not given.
    scope: Option<String>,
    /// Whom to act as.
    user_lookup: Option<UserLookup>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct UserLookup {
    /// `subject`, `userId` or `email`.
    field: String,
    /// What it is.
    value: String,
}

impl TokenRequest {
    /// What the token is for, and which scopes are asked for.
    ///
    /// # Errors
    /// `unsupported_grant_type`, `invalid_request` or `invalid_scope`.
    pub fn read(&self) -> Result<(Grant, Vec<ScopeName>), Error> {
        let missing = |what: &str| OAuthRefusal::new("invalid_request", format!("`{what}` is missing"));
        let grant = match self.grant_type.as_deref() {
            None => return Err(missing("grant_type").into()),
            Some("client_credentials") => Grant::ClientCredentials,
            Some("urn:qlik:oauth:user-impersonation") => {
                let lookup = self.user_lookup.as_ref().ok_or_else(|| missing("user_lookup"))?;
                let value = lookup.value.clone();
                Grant::Impersonation(match lookup.field.as_str() {
                    "subject" => Lookup::Subject(value),
                    "userId" => Lookup::Id(value),
                    "email" => Lookup::Email(value),
                    _ => {
                        let fields = "`user_lookup.field` must be `subject`, `userId` or `email`";
                        return Err(OAuthRefusal::new("invalid_request", fields).into());
                    }
                })
            }
            Some(other) => {
                let said = format!("`{other}` is not a grant type of this server");
                return Err(OAuthRefusal::new("unsupported_grant_type", said).into());
            }
        };
        let scopes = self.scope.as_deref().unwrap_or_default();
        // With blanks between them (RFC 6749 §3.3), or with commas, as the vendor's client has it.
        let scopes = scopes.split([' ', ',']).filter(|scope| !scope.is_empty());
        let scopes = scopes.map(ScopeName::new).collect::<Result<_, _>>();
        let scopes = scopes.map_err(|error| OAuthRefusal::new("invalid_scope", error.to_string()))?;
        Ok((grant, scopes))
    }
}

/// A token.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IssuedToken {
    /// What a request sends as `Authorization: Bearer`.
    access_token: String,
    /// `bearer`.
    token_type: &'static str,
    /// Seconds that it is good for.
    expires_in: i64,
    /// When it ends.
    expires_at: String,
    /// The scopes it reaches, with blanks between them.
    scope: String,
}

impl From<Issued> for IssuedToken {
    fn from(issued: Issued) -> Self {
        let scopes: Vec<&str> = issued.token.scopes.iter().map(ScopeName::as_str).collect();
        Self {
            access_token: issued.text,
            token_type: "bearer",
            expires_in: limits::ACCESS_TOKEN.as_millis() / 1000,
            expires_at: issued.token.expires_at.to_string(),
            scope: scopes.join(" "),
        }
    }
}

impl IssuedToken {
    /// A token that was given to an operator now. It has no scopes: it is for what operators do and for nothing else.
    pub fn of_operator(text: String, now: Timestamp) -> Self {
        Self {
            access_token: text,
            token_type: "bearer",
            expires_in: limits::ACCESS_TOKEN.as_millis() / 1000,
            expires_at: now.plus(limits::ACCESS_TOKEN).to_string(),
            scope: String::new(),
        }
    }
}

/// A request to end a token (RFC 7009 §2.1).
#[derive(Debug, Deserialize, JsonSchema)]
pub struct RevokeRequest {
    /// The token.
    pub token: String,
    /// Not needed.
    #[serde(rename = "token_type_hint")]
    _hint: Option<String>,
    #[serde(flatten)]
    pub client: Named,
}

/// What this server can do (RFC 8414).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuthorizationServer")]
pub struct Metadata {
    pub issuer: String,
    pub jwks_uri: String,
    pub token_endpoint: String,
    pub revocation_endpoint: String,
    pub grant_types_supported: &'static [&'static str],
    pub response_types_supported: &'static [&'static str],
    pub token_endpoint_auth_methods_supported: &'static [&'static str],
    pub token_endpoint_auth_signing_alg_values_supported: &'static [&'static str],
}

/// The keys that tokens are signed by (RFC 7517).
#[derive(Debug, Serialize, JsonSchema)]
pub struct KeySet {
    pub keys: Vec<PublicKey>,
}

/// A key on the curve P-384.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PublicKey {
    pub kty: &'static str,
    pub crv: &'static str,
    pub alg: &'static str,
    #[serde(rename = "use")]
    pub purpose: &'static str,
    pub kid: String,
    pub x: String,
    pub y: String,
}
