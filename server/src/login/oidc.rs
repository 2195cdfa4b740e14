//! Logging in by an `OpenID` Connect provider. (OpenID Connect Core 1.0 §3.1, RFC 9700 §4.4, §4.5, §4.7, threats T21, T22)
//!
//! Whoever comes back must be the browser that was sent: it brings a sealed cookie that says to whom it was sent, with which
//! state, nonce and verifier. What a provider says counts for that provider only.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Validation, jwk::Jwk};
use rolecall_engine::{
    identity_providers::{ClaimsMapping, IdentityProvider, OidcSettings, SignatureAlgorithm, Trust},
    ids::{IdpId, TenantId},
    names::{DisplayName, Email, Setting, Subject},
    provisioning::{Arrival, Claims},
    sessions::Proof,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Begun, assertion::group_names, begin, providers, tenant_of};
use crate::{
    app::App,
    credentials::{cookies::SessionCookie, discovery::Metadata, keys},
    egress::NotAsked,
    error::{Error, SessionError},
    links::{Host, Links},
};

/// Seconds that somebody may take at the provider.
pub const PATIENCE: i64 = 600;
/// What is asked for where the provider's options do not say.
const SCOPE: &str = "openid profile email";
/// Bytes of the longest identity token.
const TOKEN: usize = 64 * 1024;
/// What the cookie is sealed for.
const CONTEXT: &[u8] = b"login";

/// What a browser brings back that was sent to a provider.
#[derive(Serialize, Deserialize)]
struct Sent {
    tenant: String,
    provider: String,
    state: String,
    nonce: String,
    verifier: String,
    returnto: Option<String>,
    /// Whether the provider was to ask although it knows who somebody is.
    anew: bool,
    departed_at: i64,
}

/// What a browser is sent to a provider for.
pub struct Errand {
    /// Where to go to then.
    pub returnto: Option<String>,
    /// Whether the provider asks although it knows who somebody is.
    pub anew: bool,
    /// Who probably logs in.
    pub hint: Option<String>,
}

/// Where a browser is sent, and the cookie that it brings back.
pub struct Departure {
    pub to: String,
    pub cookie: String,
}

/// What a browser brings back in its address.
pub struct Returned {
    pub code: Option<String>,
    pub state: Option<String>,
    pub issuer: Option<String>,
    pub error: Option<String>,
}

fn failed(why: impl Into<String>) -> Error {
    SessionError::Provider(why.into()).into()
}

impl From<NotAsked> for Error {
    fn from(why: NotAsked) -> Self {
        failed(why.to_string())
    }
}

/// The provider with an identifier, if people log in by it in a browser, and how it is asked.
async fn provider(app: &App, tenant: TenantId, id: &str) -> Result<(IdentityProvider, OidcSettings), Error> {
    let unknown = || Error::from(SessionError::NoIdentityProvider);
    let id: IdpId = id.parse().map_err(|_| unknown())?;
    let found = app.db.read(tenant, async move |reader| providers::find(reader, id).await).await?;
    let found = found.filter(|provider| provider.active).ok_or_else(unknown)?;
    match &found.trust {
        Trust::Oidc(oidc) if oidc.interactive => {
            let live = oidc.live.clone().ok_or_else(unknown)?;
            Ok((found, live))
        }
        Trust::Saml(_) => Err(SessionError::Saml.into()),
        Trust::Oidc(_) | Trust::Jwt(_) => Err(unknown()),
    }
}

/// Where browsers come back to.
fn callback(links: &Links) -> String {
    links.to("/login/callback").href
}

/// Sends a browser to a provider.
///
/// # Errors
/// When there is no such provider, or it does not say how it is asked.
pub async fn depart(
    app: &App,
    host: Option<&Host>,
    links: &Links,
    id: &str,
    errand: Errand,
) -> Result<Departure, Error> {
    let tenant = tenant_of(app, host).await?;
    let (provider, settings) = provider(app, tenant, id).await?;
    let metadata = app.discovery.metadata(&settings).await?;
    let [state, nonce, verifier] = [app.entropy.secret(), app.entropy.secret(), app.entropy.secret()];
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let scope = settings.scope.as_ref().map_or(SCOPE, Setting::as_str);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([
        ("response_type", "code"),
        ("client_id", settings.client_id.as_ref().map_or("", Setting::as_str)),
        ("redirect_uri", &callback(links)),
        ("scope", scope),
        ("state", &state),
        ("nonce", &nonce),
        ("code_challenge_method", "S256"),
        ("code_challenge", &challenge),
    ]);
    if errand.anew {
        // A provider that is told an age says when it asked (OpenID Connect Core 1.0 §3.1.2.1).
        query.extend_pairs([("prompt", "login"), ("max_age", "0")]);
    }
    if let Some(hint) = &errand.hint {
        query.append_pair("login_hint", hint);
    }
    let separator = if metadata.authorization_endpoint.contains('?') { '&' } else { '?' };
    let to = format!("{}{separator}{}", metadata.authorization_endpoint, query.finish());
    if !to.starts_with("https://") && !to.starts_with("http://") {
        return Err(failed("its page to log in on is no web page"));
    }
    let sent = Sent {
        tenant: tenant.to_string(),
        provider: provider.id.to_string(),
        state,
        nonce,
        verifier,
        returnto: errand.returnto,
        anew: errand.anew,
        departed_at: app.clock.now().as_seconds(),
    };
    let sent = serde_json::to_vec(&sent).map_err(Error::internal)?;
    Ok(Departure { to, cookie: URL_SAFE_NO_PAD.encode(app.login_states.seal(CONTEXT, &sent)?) })
}

/// Lets in whoever comes back from a provider; answers where to go to then.
///
/// # Errors
/// When the browser was not sent, or the provider does not say who it is.
pub async fn arrive(
    app: &App,
    host: Option<&Host>,
    links: &Links,
    cookie: &str,
    returned: Returned,
) -> Result<(SessionCookie, Option<String>), Error> {
    let tenant = tenant_of(app, host).await?;
    let opened =
        URL_SAFE_NO_PAD.decode(cookie).ok().and_then(|cookie| app.login_states.open(CONTEXT, &cookie));
    let sent: Option<Sent> = opened.and_then(|opened| serde_json::from_slice(&opened).ok());
    let now = app.clock.now();
    let sent = sent
        .filter(|sent| sent.tenant == tenant.to_string() && now.as_seconds() < sent.departed_at + PATIENCE);
    let sent = sent.filter(|sent| returned.state.as_deref() == Some(sent.state.as_str()));
    let sent = sent.ok_or_else(|| failed("the browser was not sent there, or too long ago"))?;
    let (provider, settings) = provider(app, tenant, &sent.provider).await?;
    let metadata = app.discovery.metadata(&settings).await?;
    let must_say = metadata.authorization_response_iss_parameter_supported;
    let said = returned.issuer.as_deref();
    if said.is_some_and(|issuer| issuer != metadata.issuer) || (said.is_none() && must_say) {
        return Err(failed("another provider answered"));
    }
    if let Some(error) = returned.error {
        return Err(failed(format!("it refused: {}", error.chars().take(100).collect::<String>())));
    }
    let code = returned.code.ok_or_else(|| failed("it sent no code"))?;
    let given = exchange(app, links, &settings, &metadata, (&code, &sent.verifier)).await?;
    let known = Asked { settings: &settings, metadata: &metadata, nonce: &sent.nonce };
    let mut said = known.identity(app, &given.id_token, provider.clock_tolerance, now).await?;
    let said_at = sent.answered_at(&said, provider.clock_tolerance, now)?;
    if let (Some(address), false, Some(token)) =
        (&metadata.userinfo_endpoint, settings.claims_from_token, &given.access_token)
    {
        let told = app.discovery.egress().get(address, Some(token)).await?;
        let told: Map<String, Value> =
            serde_json::from_slice(&told).map_err(|_| failed("what it tells of the user is no object"))?;
        // It must be the same user (OpenID Connect Core 1.0 §5.3.2).
        if told.get("sub") != said.get("sub") {
            return Err(failed("it tells of another user"));
        }
        said.extend(told);
    }
    let claims = claims(&said, &settings)?;
    let arrival = Arrival { provider: Some(provider.id), creates: provider.creates_users, claims };
    let begun = Begun { by: Some(provider), said_at, ..Begun::by(Proof::Oidc) };
    Ok((begin(app, tenant, arrival, begun).await?, sent.returnto))
}

impl Sent {
    /// When a provider asked who somebody is, as its identity token says; since the browser was sent, if that was wanted
    /// (OpenID Connect Core 1.0 §3.1.2.1, §3.1.3.7).
    fn answered_at(
        &self,
        said: &Map<String, Value>,
        tolerance: i64,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let said = said.get("auth_time").and_then(Value::as_i64);
        let at = said.filter(|at| at.saturating_sub(tolerance) <= now.as_seconds());
        if self.anew && at.is_none_or(|at| at.saturating_add(tolerance) < self.departed_at) {
            return Err(failed("it does not say that it asked the user again"));
        }
        let least = if self.anew { self.departed_at } else { 0 };
        Ok(at.map(|at| Timestamp::from_millis(at.max(least).saturating_mul(1000))))
    }
}

/// What a provider gives for a code.
#[derive(Deserialize)]
struct Given {
    id_token: String,
    access_token: Option<String>,
}

async fn exchange(
    app: &App,
    links: &Links,
    settings: &OidcSettings,
    metadata: &Metadata,
    (code, verifier): (&str, &str),
) -> Result<Given, Error> {
    let client = settings.client_id.as_ref().map_or("", Setting::as_str);
    let sealed = settings.client_secret.as_ref().ok_or_else(|| failed("it has no secret"))?;
    let secret = app.provider_secrets.open(b"client-secret", &sealed.0);
    let secret = secret.and_then(|secret| String::from_utf8(secret).ok());
    let secret = secret.ok_or_else(|| Error::internal("a secret was sealed by another key"))?;
    let redirect_uri = callback(links);
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", verifier),
    ];
    // Basic where nothing is said (OpenID Connect Discovery 1.0 §3).
    let methods = &metadata.token_endpoint_auth_methods_supported;
    let in_body = !methods.is_empty() && !methods.iter().any(|method| method == "client_secret_basic");
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let (name, password) = (encoded(client), encoded(&secret));
    if in_body {
        form.extend([("client_id", client), ("client_secret", &secret)]);
    }
    let basic = (!in_body).then_some((name.as_str(), password.as_str()));
    let answer = app.discovery.egress().post_form(&metadata.token_endpoint, &form, basic).await?;
    serde_json::from_slice(&answer).map_err(|_| failed("it gave no identity token"))
}

/// What was asked, which the identity token must answer.
struct Asked<'a> {
    settings: &'a OidcSettings,
    metadata: &'a Metadata,
    nonce: &'a str,
}

impl Asked<'_> {
    /// The claims of an identity token, if the provider signed it for us, just now, in answer to what was asked.
    async fn identity(
        &self,
        app: &App,
        token: &str,
        tolerance: i64,
        now: Timestamp,
    ) -> Result<Map<String, Value>, Error> {
        let wrong = || failed("its identity token is not good");
        let short = Some(token).filter(|token| token.len() <= TOKEN).ok_or_else(wrong)?;
        let header = keys::header(short).ok_or_else(wrong)?;
        let keys = app.discovery.keys(&self.metadata.jwks_uri, header.kid.as_deref(), now).await?;
        let claims = keys.iter().find_map(|key| self.signed(key, short)).ok_or_else(wrong)?;
        let seconds = |name: &str| claims.get(name).and_then(Value::as_i64);
        let (Some(ends), Some(issued)) = (seconds("exp"), seconds("iat")) else { return Err(wrong()) };
        let clock = now.as_seconds();
        let in_time = clock < ends.saturating_add(tolerance) && issued.saturating_sub(tolerance) <= clock;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let client = self.settings.client_id.as_ref().map(Setting::as_str);
        let ours = match claims.get("aud") {
            Some(Value::Array(several)) if several.len() > 1 => text("azp") == client,
            _ => text("azp").is_none_or(|azp| Some(azp) == client),
        };
        let fits = text("iss") == Some(self.metadata.issuer.as_str()) && text("nonce") == Some(self.nonce);
        if in_time && ours && fits { Ok(claims) } else { Err(wrong()) }
    }

    fn signed(&self, key: &Jwk, token: &str) -> Option<Map<String, Value>> {
        let key = keys::from_jwk(key)?;
        let mut algorithms = match self.settings.signature {
            None => key.algorithms.to_vec(),
            Some(SignatureAlgorithm::Rs256) => vec![jsonwebtoken::Algorithm::RS256],
            Some(SignatureAlgorithm::Rs512) => vec![jsonwebtoken::Algorithm::RS512],
        };
        algorithms.retain(|algorithm| key.algorithms.contains(algorithm));
        let mut validation = Validation { algorithms, ..Validation::default() };
        if validation.algorithms.is_empty() {
            return None;
        }
        validation.set_audience(&[self.settings.client_id.as_ref()?.as_str()]);
        validation.set_issuer(&[&self.metadata.issuer]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        // Times are looked at by our own clock.
        validation.validate_exp = false;
        jsonwebtoken::decode(token, &key.key, &validation).ok().map(|decoded| decoded.claims)
    }
}

/// What a provider says, by where its options say it stands; by the standard's names where they do not.
fn claims(said: &Map<String, Value>, settings: &OidcSettings) -> Result<Claims, Error> {
    let mapping: &ClaimsMapping = &settings.claims;
    let all = Value::Object(said.clone());
    let at = |pointers: &[String], usual: &str| -> Option<Value> {
        let found = pointers.iter().find_map(|pointer| all.pointer(pointer));
        let found = if pointers.is_empty() { all.pointer(usual) } else { found };
        found.filter(|value| !value.is_null()).cloned()
    };
    let text = |pointers: &[String], usual: &str| {
        at(pointers, usual).and_then(|value| value.as_str().map(str::to_owned))
    };
    let subject = text(&mapping.sub, "/sub").ok_or_else(|| failed("it does not say who the user is"))?;
    let subject = settings.realm.as_ref().map_or(subject.clone(), |realm| format!("{realm}\\{subject}"));
    let verified = settings.email_always_verified
        || at(&mapping.email_verified, "/email_verified")
            .is_some_and(|value| value == true || value == "true");
    let setting =
        |pointers: &[String], usual: &str| text(pointers, usual).and_then(|text| Setting::new(&text).ok());
    let name = text(&mapping.name, "/name").and_then(|name| DisplayName::new(&name).ok());
    let email = text(&mapping.email, "/email").and_then(|email| Email::new(&email).ok());
    // A provider that has too many groups to say says only that (threats T24).
    let too_many = said.get("hasgroups").is_some_and(|has| *has == true)
        || said.get("_claim_names").is_some_and(|names| names.get("groups").is_some());
    let groups = at(&mapping.groups, "/groups").map(|groups| match groups {
        Value::String(one) => group_names(&Value::Array(vec![Value::String(one)])),
        groups => group_names(&groups),
    });
    Ok(Claims {
        subject: Subject::new(&subject).map_err(|_| failed("its name for the user cannot be one"))?,
        name,
        email: email.filter(|_| verified),
        picture: setting(&mapping.picture, "/picture"),
        locale: setting(&mapping.locale, "/locale"),
        zoneinfo: setting(&mapping.zoneinfo, "/zoneinfo"),
        groups: if too_many { Some(Vec::new()) } else { groups.map(Option::unwrap_or_default) },
    })
}
