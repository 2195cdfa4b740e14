//! What do requests for tokens, and tokens, look like? (reference/auth.md §3.2, RFC 6749 §4, §5)

use askama::Template;
use rolecall_engine::{refusal::limits, scopes::ScopeName, time::Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Grant, Issued, Lookup,
    redeem::{CodeShown, RefreshToken, Shown},
};
use crate::{
    credentials::cookies::CookieKey,
    error::{Error, OAuthRefusal},
    http::query::{Pairs, Parameter, Parameters},
};

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
    /// What for: `client_credentials`, `authorization_code`, `refresh_token`, `urn:qlik:oauth:user-impersonation` or
    /// `urn:ietf:params:oauth:grant-type:token-exchange`.
    grant_type: Option<String>,
    #[serde(flatten)]
    pub client: Named,
    /// The scopes, with blanks between them; all that the client is allowed if not given.
    scope: Option<String>,
    /// Whom to act as.
    user_lookup: Option<UserLookup>,
    /// The code that was sent.
    code: Option<String>,
    /// Where it was sent.
    redirect_uri: Option<String>,
    /// What its challenge was made of: 43 to 128 letters, digits and `-._~`.
    code_verifier: Option<String>,
    /// The refresh token.
    refresh_token: Option<String>,
    /// The token to be exchanged, an access token of the same client.
    subject_token: Option<String>,
    /// `urn:ietf:params:oauth:token-type:access_token`.
    subject_token_type: Option<String>,
    /// What the other token is for: `websocket` or `webresource`.
    purpose: Option<String>,
}

/// The kind of token that can be exchanged (RFC 8693 §3).
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The scopes in a text: with blanks between them (RFC 6749 §3.3), or with commas, as the vendor's client has it.
fn scopes_of(text: &str) -> Result<Vec<ScopeName>, String> {
    let scopes = text.split([' ', ',']).filter(|scope| !scope.is_empty());
    scopes.map(ScopeName::new).collect::<Result<_, _>>().map_err(|error| error.to_string())
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
    pub fn read(&self, key: &CookieKey) -> Result<(Grant, Vec<ScopeName>), Error> {
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
            Some("authorization_code") => Grant::Shown(Shown::Code(self.code_shown()?)),
            Some("refresh_token") => {
                let text = self.refresh_token.as_deref().ok_or_else(|| missing("refresh_token"))?;
                let not_good = || OAuthRefusal::new("invalid_grant", "it is no refresh token");
                let token = RefreshToken::read(key, text).ok_or_else(not_good)?;
                Grant::Shown(Shown::Refresh(token, Vec::new()))
            }
            Some("urn:ietf:params:oauth:grant-type:token-exchange") => {
                let text = self.subject_token.clone().ok_or_else(|| missing("subject_token"))?;
                let kind = self.subject_token_type.as_deref().unwrap_or(ACCESS_TOKEN);
                let known = ["websocket", "webresource"];
                if kind != ACCESS_TOKEN || !self.purpose.as_deref().is_some_and(|to| known.contains(&to)) {
                    let why =
                        "an access token can be exchanged for the `purpose` `websocket` or `webresource`";
                    return Err(OAuthRefusal::new("invalid_request", why).into());
                }
                Grant::Shown(Shown::Token(text))
            }
            Some(other) => {
                let said = format!("`{other}` is not a grant type of this server");
                return Err(OAuthRefusal::new("unsupported_grant_type", said).into());
            }
        };
        let scopes = scopes_of(self.scope.as_deref().unwrap_or_default());
        let scopes = scopes.map_err(|why| OAuthRefusal::new("invalid_scope", why))?;
        Ok(match grant {
            Grant::Shown(Shown::Refresh(token, _)) => {
                (Grant::Shown(Shown::Refresh(token, scopes)), Vec::new())
            }
            grant => (grant, scopes),
        })
    }

    fn code_shown(&self) -> Result<CodeShown, Error> {
        let missing = |what: &str| OAuthRefusal::new("invalid_request", format!("`{what}` is missing"));
        let verifier = self.code_verifier.clone().ok_or_else(|| missing("code_verifier"))?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(plain) {
            let why = "`code_verifier` has 43 to 128 letters, digits and `-._~`";
            return Err(OAuthRefusal::new("invalid_request", why).into());
        }
        Ok(CodeShown {
            code: self.code.clone().ok_or_else(|| missing("code"))?,
            redirect_uri: self.redirect_uri.clone().ok_or_else(|| missing("redirect_uri"))?,
            verifier,
        })
    }
}

/// A request to act for whoever is logged in (RFC 6749 §4.1.1, OpenID Connect Core 1.0 §3.1.2.1).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "AuthorizationRequest")]
pub struct Authorization {
    /// The client.
    pub client_id: String,
    /// Where the code is to be sent: one of the client's addresses, letter by letter.
    pub redirect_uri: Option<String>,
    /// `code`.
    pub response_type: Option<String>,
    /// The scopes, with blanks between them.
    pub scope: Option<String>,
    /// What comes back with the code.
    pub state: Option<String>,
    /// `S256`.
    pub code_challenge_method: Option<String>,
    /// SHA-256 of a text that comes with the code, in base64url.
    pub code_challenge: Option<String>,
    /// Who probably logs in.
    pub login_hint: Option<String>,
    /// `none`, `login` or `consent`.
    pub prompt: Option<String>,
    /// What the identity token repeats.
    pub nonce: Option<String>,
    /// Seconds since the login at most.
    #[serde(default, deserialize_with = "seconds")]
    pub max_age: Option<i64>,
}

/// Seconds, which are a text in a form.
fn seconds<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Option<i64>, D::Error> {
    let text = Option::<String>::deserialize(reader)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

impl Authorization {
    /// The scopes that are asked for.
    ///
    /// # Errors
    /// When one of them cannot be a scope.
    pub fn scopes(&self) -> Result<Vec<ScopeName>, String> {
        scopes_of(self.scope.as_deref().unwrap_or_default())
    }

    /// Whether something is asked of the user.
    pub fn has_prompt(&self, wanted: &str) -> bool {
        self.prompt.as_deref().is_some_and(|prompt| prompt.split(' ').any(|word| word == wanted))
    }

    /// All that was asked, but a prompt to log in, which is over once somebody did.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("client_id", self.client_id.clone())];
        let prompt = self.prompt.clone().filter(|prompt| prompt != "login");
        for (name, value) in [
            ("redirect_uri", &self.redirect_uri),
            ("response_type", &self.response_type),
            ("scope", &self.scope),
            ("state", &self.state),
            ("code_challenge_method", &self.code_challenge_method),
            ("code_challenge", &self.code_challenge),
            ("login_hint", &self.login_hint),
            ("prompt", &prompt),
            ("nonce", &self.nonce),
            ("max_age", &self.max_age.map(|seconds| seconds.to_string())),
        ] {
            pairs.extend(value.clone().map(|value| (name, value)));
        }
        pairs
    }

    /// The same, as a query.
    pub fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs());
        query.finish()
    }
}

impl Parameters for Authorization {
    fn parameters() -> Vec<Parameter> {
        vec![
            Parameter::text("client_id", "The client"),
            Parameter::text("redirect_uri", "Where the code is to be sent: one of the client's addresses"),
            Parameter::text("response_type", "`code`"),
            Parameter::text("scope", "The scopes, with blanks between them"),
            Parameter::text("state", "What comes back with the code"),
            Parameter::text("code_challenge_method", "`S256`"),
            Parameter::text("code_challenge", "SHA-256 of a text that comes with the code, in base64url"),
            Parameter::text("login_hint", "Who probably logs in"),
            Parameter::text("prompt", "`none`, `login` or `consent`"),
            Parameter::text("nonce", "What the identity token repeats"),
            Parameter::text("max_age", "Seconds since the login at most"),
        ]
    }

    fn read(pairs: Pairs, _: &http::Uri) -> Result<Self, Error> {
        let text = |name: &str| pairs.get(name).map(str::to_owned);
        Ok(Self {
            client_id: text("client_id").unwrap_or_default(),
            redirect_uri: text("redirect_uri"),
            response_type: text("response_type"),
            scope: text("scope"),
            state: text("state"),
            code_challenge_method: text("code_challenge_method"),
            code_challenge: text("code_challenge"),
            login_hint: text("login_hint"),
            prompt: text("prompt"),
            nonce: text("nonce"),
            max_age: pairs.parse("max_age")?,
        })
    }
}

/// What somebody answered who was asked.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ConsentForm {
    #[serde(flatten)]
    pub asked: Authorization,
    /// The token of the session.
    #[serde(default)]
    pub csrf: String,
    /// `allow`, or anything else.
    #[serde(default)]
    pub decision: String,
}

/// The page on which somebody is asked.
#[derive(Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    pub tenant: String,
    pub client: String,
    pub user: String,
    pub scopes: Vec<ScopeLine>,
    pub redirect: String,
    pub fields: Vec<(&'static str, String)>,
}

/// A scope, and what it allows.
pub struct ScopeLine {
    pub name: String,
    pub about: String,
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
    /// What gives the next token, where the grant has `offline_access`.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Who the user is, where the grant has `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    /// When the user proved who they are, in seconds since 1970, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    /// `urn:ietf:params:oauth:token-type:access_token`, where a token was exchanged.
    #[serde(rename = "issued_token_type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

impl IssuedToken {
    pub fn new(issued: Issued, id_token: Option<String>) -> Self {
        let Issued { token, text, refresh, grant, exchanged } = issued;
        let scopes: Vec<&str> = token.scopes.iter().map(ScopeName::as_str).collect();
        Self {
            access_token: text,
            token_type: "bearer",
            expires_in: (token.expires_at.as_millis() - token.issued_at.as_millis()) / 1000,
            expires_at: token.expires_at.to_string(),
            scope: scopes.join(" "),
            refresh_token: refresh,
            id_token,
            auth_time: grant.and_then(|grant| grant.authenticated_at).map(Timestamp::as_seconds),
            kind: exchanged.then_some(ACCESS_TOKEN),
        }
    }

    /// A token that was given to an operator now. It has no scopes: it is for what operators do and for nothing else.
    pub fn of_operator(text: String, now: Timestamp) -> Self {
        Self {
            access_token: text,
            token_type: "bearer",
            expires_in: limits::ACCESS_TOKEN.as_millis() / 1000,
            expires_at: now.plus(limits::ACCESS_TOKEN).to_string(),
            scope: String::new(),
            refresh_token: None,
            id_token: None,
            auth_time: None,
            kind: None,
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
    pub authorization_endpoint: String,
    pub userinfo_endpoint: String,
    pub grant_types_supported: &'static [&'static str],
    pub response_types_supported: &'static [&'static str],
    pub scopes_supported: &'static [&'static str],
    pub code_challenge_methods_supported: &'static [&'static str],
    pub authorization_response_iss_parameter_supported: bool,
    pub subject_types_supported: &'static [&'static str],
    pub id_token_signing_alg_values_supported: &'static [&'static str],
    pub claims_supported: &'static [&'static str],
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
