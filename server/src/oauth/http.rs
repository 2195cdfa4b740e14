//! Which requests are there for programs that want tokens?

use axum::{
    extract::{FromRequest, FromRequestParts as _, Request, State},
    http::{HeaderMap, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    ClientClaim, Grant, Proof,
    consent::AUTHORIZE,
    identity, redeem,
    wire::{ASSERTION_TYPE, IssuedToken, KeySet, Metadata, Named, PublicKey, RevokeRequest, TokenRequest},
};
use crate::{
    app::App,
    caller::{Bearer, Caller, asked_host},
    error::{Error, OAuthRefusal},
    http::{
        describe::{Describe, Document},
        extract::{AskedHost, bytes, is_form},
        json,
        operation::{Operation, get, post},
        respond::{Ended, Shown},
    },
    links::Host,
    operators, tenants,
};

const TOKEN: &str = "/oauth/token";
const REVOKE: &str = "/oauth/revoke";
const USERINFO: &str = "/oauth/userinfo";
const KEYS: &str = "/.well-known/jwks.json";

pub fn operations() -> Vec<Operation> {
    vec![
        post(TOKEN, "Give a program a token", issue_token).refusing(&[401, 429]),
        post(REVOKE, "End a token", revoke_token).refusing(&[401, 403, 429]),
        get("/.well-known/oauth-authorization-server", "Where programs get tokens", get_authorization_server)
            .refusing(&[404]),
        get(
            "/.well-known/openid-configuration",
            "The same, for clients that ask who users are",
            get_openid_configuration,
        )
        .refusing(&[404]),
        get(KEYS, "The keys that tokens are signed by", get_keys),
        get(USERINFO, "Who the user is whom the caller acts for", get_userinfo),
        post(USERINFO, "The same (OpenID Connect Core 1.0 §5.3.1)", post_userinfo),
    ]
}

/// A body as a form (RFC 6749 §4) or as JSON (the vendor's clients), with the client that the header names.
struct Asked<T> {
    body: T,
    basic: Option<(String, String)>,
    host: Option<Host>,
}

fn malformed(why: impl Into<String>) -> Error {
    OAuthRefusal::new("invalid_request", why).into()
}

impl<T: DeserializeOwned + Send> FromRequest<App> for Asked<T> {
    type Rejection = Error;
    async fn from_request(request: Request, _: &App) -> Result<Self, Error> {
        let (head, body) = request.into_parts();
        let text = bytes(&head.headers, body).await?;
        let body = if is_form(&head.headers) {
            form(&text)?
        } else {
            json::read(&text).map_err(|error| malformed(error.to_string()))?
        };
        Ok(Self { body, basic: basic(&head.headers)?, host: asked_host(&head) })
    }
}

impl<T: schemars::JsonSchema> Describe for Asked<T> {
    fn describe(document: &mut Document<'_>) {
        let schema = document.request_schema::<T>();
        document.body(&schema, true);
        let form = serde_json::json!({ "schema": schema });
        if let Some(content) = document.request_body.as_mut().and_then(|body| body.get_mut("content")) {
            content["application/x-www-form-urlencoded"] = form;
        }
        document.errors.retain(|error| *error != 415);
    }
}

/// The members of a form. None may stand twice (RFC 6749 §3.2).
fn form<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(text) {
        // What is an object in JSON is its text in a form.
        let value = if name == "user_lookup" {
            json::read(value.as_bytes()).map_err(|_| malformed("`user_lookup` is not an object"))?
        } else {
            Value::String(value.into_owned())
        };
        if members.insert(name.into_owned(), value).is_some() {
            return Err(malformed("a parameter stands twice"));
        }
    }
    json::convert(Value::Object(members), "").map_err(|error| malformed(error.to_string()))
}

/// The name and the password of `Authorization: Basic`, each encoded as in a form (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Error> {
    let Some(value) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    let Some((scheme, encoded)) = value.split_once(' ') else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let read = || {
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (name, password) = decoded.split_once(':')?;
        let plain =
            |text: &str| Some(percent_decode_str(&text.replace('+', " ")).decode_utf8().ok()?.into_owned());
        Some((plain(name)?, plain(password)?))
    };
    read().map(Some).ok_or_else(|| malformed("the header `Authorization` is not well-formed"))
}

/// Who the client says it is. It proves itself in one way only (RFC 6749 §2.3).
fn claim(
    basic: Option<(String, String)>,
    named: Named,
    audience: Option<String>,
) -> Result<ClientClaim, Error> {
    let Named { id, secret, assertion, assertion_type } = named;
    let refused = |why| Error::from(OAuthRefusal::new("invalid_client", why));
    match (basic, secret, assertion) {
        (Some((name, _)), None, None) if id.as_ref().is_some_and(|id| *id != name) => {
            Err(refused("the header and the body name different clients"))
        }
        (Some((id, password)), None, None) => Ok(ClientClaim { id, proof: Proof::Secret(password) }),
        (None, Some(secret), None) => {
            let id = id.ok_or_else(|| malformed("`client_id` is missing"))?;
            Ok(ClientClaim { id, proof: Proof::Secret(secret) })
        }
        (None, None, Some(token)) if assertion_type.as_deref() == Some(ASSERTION_TYPE) => {
            let id = id.ok_or_else(|| malformed("`client_id` is missing"))?;
            let audience =
                audience.ok_or_else(|| refused("the client is not known, or its proof is wrong"))?;
            Ok(ClientClaim { id, proof: Proof::Assertion { token, audience } })
        }
        (None, None, Some(_)) => Err(malformed("`client_assertion_type` is not known")),
        (None, None, None) => match id {
            Some(id) => Ok(ClientClaim { id, proof: Proof::None }),
            None => Err(refused("the client does not say who it is")),
        },
        _ => Err(malformed("the client proves who it is in more than one way")),
    }
}

/// The address that assertions are made for, wherever they are sent (RFC 7523 §3).
async fn token_address(app: &App, host: Option<&Host>) -> Option<String> {
    let links = tenants::links_of_host(app, host).await.ok()?;
    Some(links.to(TOKEN).href)
}

async fn issue_token(
    State(app): State<App>,
    Asked { body, basic, host }: Asked<TokenRequest>,
) -> Result<Shown<IssuedToken>, Error> {
    let asked = body.read(&app.cookies);
    let mut named = body.client;
    // A refresh token says whose it is.
    if let (Ok((Grant::Shown(redeem::Shown::Refresh(token, _)), _)), None, None) = (&asked, &basic, &named.id)
    {
        let client = token.client(&app).await?.ok_or_else(redeem::invalid_grant)?;
        named.id = Some(client.to_string());
    }
    // Who does not prove who it is learns nothing else.
    let claim = claim(basic, named, token_address(&app, host.as_ref()).await)?;
    let (grant, scopes) = asked?;
    if let Some(token) = operators::token(&app, host.as_ref(), &claim, &grant).await? {
        return Ok(Shown(IssuedToken::of_operator(token, app.clock.now())));
    }
    let (tenant, issued) = super::issue(&app, host.as_ref(), claim, grant, scopes).await?;
    let id_token = match &issued.grant {
        Some(grant) => {
            let links = tenants::links_of_host(&app, host.as_ref()).await?;
            identity::token(&app, tenant, links.origin(), grant, &issued.token).await?
        }
        None => None,
    };
    Ok(Shown(IssuedToken::new(issued, id_token)))
}

/// Who the user is whom the caller acts for.
async fn get_userinfo(
    State(app): State<App>,
    caller: Caller<Bearer>,
) -> Result<Shown<Map<String, Value>>, Error> {
    let told = caller
        .told()
        .ok_or_else(|| Error::Forbidden("this needs a token with the scope `openid`".to_owned()))?;
    let (tenant, user) = identity::user(&app, caller.tenant_id(), caller.user()).await?;
    Ok(Shown(identity::claims(&user, &tenant, told.profile, told.email)))
}

/// The same, asked by POST.
async fn post_userinfo(
    state: State<App>,
    caller: Caller<Bearer>,
) -> Result<Shown<Map<String, Value>>, Error> {
    get_userinfo(state, caller).await
}

/// Who wants to end a token: the client it was given to, or a caller with a token of its own.
enum Revoking {
    Client(Asked<RevokeRequest>),
    Caller(Box<Caller<Bearer>>, RevokeRequest),
}

impl FromRequest<App> for Revoking {
    type Rejection = Error;
    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let (mut head, body) = request.into_parts();
        let scheme = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bears = scheme
            .is_some_and(|value| value.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")));
        let caller = if bears { Some(Caller::from_request_parts(&mut head, app).await?) } else { None };
        let asked = Asked::from_request(Request::from_parts(head, body), app).await?;
        Ok(match caller {
            Some(caller) => Self::Caller(Box::new(caller), asked.body),
            None => Self::Client(asked),
        })
    }
}

impl Describe for Revoking {
    fn describe(document: &mut Document<'_>) {
        Asked::<RevokeRequest>::describe(document);
    }
}

async fn revoke_token(State(app): State<App>, revoking: Revoking) -> Result<Ended, Error> {
    match revoking {
        Revoking::Caller(caller, body) => super::revoke_own(&app, &caller, &body.token).await?,
        Revoking::Client(Asked { body, basic, host }) => {
            let claim = claim(basic, body.client, token_address(&app, host.as_ref()).await)?;
            super::revoke(&app, host.as_ref(), claim, &body.token).await?;
        }
    }
    Ok(Ended)
}

async fn get_authorization_server(
    State(app): State<App>,
    AskedHost(host): AskedHost,
) -> Result<Shown<Metadata>, Error> {
    metadata(&app, host.as_ref()).await.map(Shown)
}

async fn get_openid_configuration(
    State(app): State<App>,
    AskedHost(host): AskedHost,
) -> Result<Shown<Metadata>, Error> {
    metadata(&app, host.as_ref()).await.map(Shown)
}

/// What this server can do (RFC 8414, OpenID Connect Discovery 1.0 §3).
async fn metadata(app: &App, host: Option<&Host>) -> Result<Metadata, Error> {
    let links = tenants::links_of_host(app, host).await?;
    let to = |path: &str| links.to(path).href;
    Ok(Metadata {
        authorization_endpoint: to(AUTHORIZE),
        userinfo_endpoint: to(USERINFO),
        scopes_supported: &["openid", "profile", "email", "offline_access", "user_default", "admin_classic"],
        code_challenge_methods_supported: &["S256"],
        authorization_response_iss_parameter_supported: true,
        subject_types_supported: &["public"],
        id_token_signing_alg_values_supported: &["ES384"],
        claims_supported: &[
            "sub",
            "name",
            "preferred_username",
            "email",
            "email_verified",
            "picture",
            "locale",
            "zoneinfo",
            "groups",
        ],
        issuer: to(""),
        jwks_uri: to(KEYS),
        token_endpoint: to(TOKEN),
        revocation_endpoint: to(REVOKE),
        grant_types_supported: &[
            "authorization_code",
            "client_credentials",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:token-exchange",
            "urn:qlik:oauth:user-impersonation",
        ],
        response_types_supported: &["code"],
        token_endpoint_auth_methods_supported: &[
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
            "none",
        ],
        token_endpoint_auth_signing_alg_values_supported: &["RS256", "RS512", "ES384"],
    })
}

async fn get_keys(State(app): State<App>) -> Result<Shown<KeySet>, Error> {
    let key = |(kid, [x, y]): (&str, [String; 2])| PublicKey {
        kty: "EC",
        crv: "P-384",
        alg: "ES384",
        purpose: "sig",
        kid: kid.to_owned(),
        x,
        y,
    };
    Ok(Shown(KeySet { keys: app.signing.public_keys().map(key).collect() }))
}
