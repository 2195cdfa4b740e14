//! May this client act for whoever is logged in? (RFC 6749 §4.1, RFC 7636, RFC 9207, RFC 9700, reference/auth.md §3.1)
//!
//! Codes are sent only where the client said they may be, letter by letter, and only with a challenge. Whatever is wrong with
//! the client or the address is told to the browser; anything else to the client.

use rolecall_engine::{
    access::Snapshot,
    change::Edited,
    ids::{OAuthGrantId, TenantId, UserId},
    names::Setting,
    oauth::{CodeBinding, Consent, OAuthClient, OAuthConsent, OAuthGrant, granted_scopes},
    scopes::ScopeName,
    sessions::Session,
    users::UserStatus,
};

use super::{client_of, sql, wire::Authorization};
use crate::{
    app::App,
    credentials::{cookies::SessionCookie, verify::verify_session},
    db::Reader,
    error::{Error, SessionError},
    http::family::BAD_REQUEST,
    links::{Host, Links},
    login::sql as sessions,
    snapshots, tenants,
    users::sql as users,
    write::{self, WriteTx},
};

/// What comes of a request to act for somebody.
pub enum Outcome {
    /// The browser goes there: back to the client, with a code or with an error.
    Send(String),
    /// Somebody logs in first; again, if somebody is logged in.
    LogIn { again: bool },
    /// Whoever is logged in is asked.
    Ask(Box<Question>),
}

/// What somebody is asked.
pub struct Question {
    pub tenant: String,
    pub client: String,
    pub user: String,
    /// The scopes, and what each allows.
    pub scopes: Vec<(String, String)>,
    pub redirect_uri: String,
    /// What the answer must repeat.
    pub csrf: String,
}

/// What somebody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    Nothing,
    Allow,
    Deny,
}

/// Letters of a challenge: SHA-256 in base64url (RFC 7636 §4.2).
const CHALLENGE: usize = 43;

/// Milliseconds within which a login is as new as any client may want.
const JUST_NOW: i64 = 60_000;

/// An error that is told to the client (RFC 6749 §4.1.2.1).
struct Told(&'static str, String);

fn told(error: &'static str, why: impl Into<String>) -> Told {
    Told(error, why.into())
}

/// Whoever is logged in, with the tenant as it is.
struct LoggedIn {
    session: Session,
    cookie: SessionCookie,
}

/// What comes of a request to act for whoever is logged in.
///
/// # Errors
/// When the client is not known or the address is not one of its own; when the database cannot be used.
pub async fn authorize(
    app: &App,
    host: Option<&Host>,
    asked: &Authorization,
    cookie: Option<SessionCookie>,
    decided: Decided,
) -> Result<Outcome, Error> {
    let (tenant, client) =
        client_of(app, host, &asked.client_id).await?.ok_or(SessionError::UnknownClient)?;
    let registered =
        client.settings.redirect_uris.iter().find(|uri| Some(uri.as_str()) == asked.redirect_uri.as_deref());
    let redirect_uri = registered.ok_or(SessionError::RedirectNotRegistered)?.clone();
    let links = tenants::links_of_host(app, host).await?;
    let back = Back { redirect_uri: redirect_uri.as_str(), state: asked.state.as_deref(), links: &links };
    let (scopes, binding) = match checked(asked, &client, redirect_uri.clone()) {
        Ok(checked) => checked,
        Err(error) => return Ok(Outcome::Send(back.error(error))),
    };
    let Some(logged_in) = logged_in(app, tenant, cookie, asked).await? else {
        if asked.has_prompt("none") {
            return Ok(Outcome::Send(back.error(told("login_required", "nobody is logged in"))));
        }
        return Ok(Outcome::LogIn { again: asked.has_prompt("login") || asked.max_age.is_some() });
    };
    if decided == Decided::Deny {
        return Ok(Outcome::Send(back.error(told("access_denied", "the user does not allow it"))));
    }
    let user = logged_in.session.user;
    let consented = consented(app, tenant, &client, user, &scopes).await?;
    let asks = decided != Decided::Allow && (!consented || asked.has_prompt("consent"));
    if asks && asked.has_prompt("none") {
        return Ok(Outcome::Send(back.error(told("consent_required", "the user must be asked"))));
    }
    if asks {
        let question = question(app, tenant, &client, &logged_in, &scopes, redirect_uri.as_str()).await?;
        return Ok(Outcome::Ask(Box::new(question)));
    }
    super::counted_as_user(app, tenant, user).await?;
    let code = grant(app, tenant, client, logged_in.session, (scopes, binding), decided).await?;
    Ok(Outcome::Send(back.with(&[("code", &code)])))
}

/// The way back to the client.
struct Back<'b> {
    redirect_uri: &'b str,
    state: Option<&'b str>,
    links: &'b Links,
}

impl Back<'_> {
    /// The address with these parameters, the state and who we are (RFC 9207 §2).
    fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        if let Some(state) = self.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", self.links.origin());
        let separator = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{separator}{}", self.redirect_uri, query.finish())
    }

    fn error(&self, Told(error, why): Told) -> String {
        // Of these the contract says no code of its own.
        let code = ("error_code", BAD_REQUEST);
        self.with(&[("error", error), ("error_description", &why), code, ("error_detail", &why)])
    }
}

/// The scopes of the grant and what its code is bound to.
fn checked(
    asked: &Authorization,
    client: &OAuthClient,
    redirect_uri: Setting,
) -> Result<(Vec<ScopeName>, CodeBinding), Told> {
    if !client.may_get_codes() {
        return Err(told("unauthorized_client", "the client may not be sent codes"));
    }
    if asked.response_type.as_deref() != Some("code") {
        return Err(told("unsupported_response_type", "`response_type` must be `code`"));
    }
    if asked.state.is_none() {
        return Err(told("invalid_request", "`state` is missing"));
    }
    let challenge = asked.code_challenge.clone().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if asked.code_challenge_method.as_deref() != Some("S256")
        || challenge.len() != CHALLENGE
        || !challenge.bytes().all(plain)
    {
        return Err(told("invalid_request", "a `code_challenge` with the method `S256` is needed"));
    }
    let scopes = asked.scopes().map_err(|why| told("invalid_scope", why))?;
    let scopes =
        granted_scopes(client, &scopes).map_err(|refused| told("invalid_scope", refused.to_string()))?;
    let nonce = asked.nonce.as_deref().map(Setting::new).transpose();
    let nonce = nonce.map_err(|why| told("invalid_request", format!("`nonce` {why}")))?;
    Ok((scopes, CodeBinding { redirect_uri, challenge, nonce }))
}

/// Whoever is logged in in this tenant, and proved it recently enough: how long ago nobody knows is not.
async fn logged_in(
    app: &App,
    tenant: TenantId,
    cookie: Option<SessionCookie>,
    asked: &Authorization,
) -> Result<Option<LoggedIn>, Error> {
    let Some(cookie) = cookie.filter(|cookie| cookie.tenant == tenant) else { return Ok(None) };
    match verify_session(app, cookie.clone()).await {
        Ok(_) => {}
        Err(Error::Unauthenticated) => return Ok(None),
        Err(other) => return Err(other),
    }
    let id = cookie.session;
    let session = app.db.read(tenant, async move |reader| sessions::find(reader, id).await).await?;
    let now = app.clock.now();
    // Whoever was asked to log in again has just done so, and is not asked for ever.
    let least = if asked.has_prompt("login") { Some(JUST_NOW) } else { None };
    let most = asked.max_age.map(|seconds| seconds.saturating_mul(1000)).or(least);
    let most = most.map(|most| least.unwrap_or(most).min(most).max(JUST_NOW));
    let recent = |session: &Session| {
        let age = session.authenticated_at.map(|at| now.as_millis().saturating_sub(at.as_millis()));
        most.is_none_or(|most| age.is_some_and(|age| age < most))
    };
    let session = session.filter(recent);
    Ok(session.map(|session| LoggedIn { session, cookie }))
}

/// Whether the user need not be asked.
async fn consented(
    app: &App,
    tenant: TenantId,
    client: &OAuthClient,
    user: UserId,
    scopes: &[ScopeName],
) -> Result<bool, Error> {
    if client.settings.consent == Consent::Trusted {
        return Ok(true);
    }
    let client = client.id;
    let given = app.db.read(tenant, async move |reader| sql::consent(reader, client, user).await).await?;
    Ok(given.is_some_and(|given| given.covers(scopes)))
}

async fn question(
    app: &App,
    tenant: TenantId,
    client: &OAuthClient,
    logged_in: &LoggedIn,
    scopes: &[ScopeName],
    redirect_uri: &str,
) -> Result<Question, Error> {
    let user = logged_in.session.user;
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| users::find(reader, tenant, user).await;
    let (snapshot, found) = snapshots::read(app, tenant, work).await?;
    let about = |scope: &ScopeName| {
        let at = snapshot.catalogue().find(scope.as_str());
        let known = at.and_then(|at| snapshot.catalogue().scope(at));
        let about = known.map(|known| known.about.clone());
        (scope.to_string(), about.unwrap_or_else(|| umbrella(scope.as_str()).to_owned()))
    };
    Ok(Question {
        tenant: snapshot.tenant().name.to_string(),
        client: client.settings.name.to_string(),
        user: found.map(|user| user.name.to_string()).unwrap_or_default(),
        scopes: scopes.iter().map(about).collect(),
        redirect_uri: redirect_uri.to_owned(),
        csrf: app.cookies.csrf_token(&logged_in.cookie.value()),
    })
}

/// What the scopes allow that are not in the catalogue.
fn umbrella(scope: &str) -> &'static str {
    match scope {
        "user_default" => "Everything that users may do",
        "admin_classic" => "Everything that administrators may do",
        "offline_access" => "Also while you are not there",
        "openid" => "Know who you are",
        "profile" => "See your name, picture and groups",
        "email" => "See your e-mail address",
        _ => "",
    }
}

/// Grants a client what it asked for; answers the code.
async fn grant(
    app: &App,
    tenant: TenantId,
    client: OAuthClient,
    session: Session,
    (scopes, binding): (Vec<ScopeName>, CodeBinding),
    decided: Decided,
) -> Result<String, Error> {
    let id = OAuthGrantId::new(app.entropy.bytes());
    let secret = app.entropy.secret();
    let code = format!("{id}.{secret}");
    let (user, client_id) = (session.user, client.id);
    let work = async move |tx: &WriteTx<'_>| {
        let active = tx.tenant().user(user).is_some_and(|facts| facts.status == UserStatus::Active);
        let present = super::clients::find(tx.reader(), client.id).await?;
        let logged_in = sessions::find(tx.reader(), session.id).await?;
        if !active || present.as_ref() != Some(&client) || logged_in.is_none() {
            return Err(Error::Unauthenticated);
        }
        let mut edited = match client.settings.consent {
            Consent::Trusted => Edited::unchanged(()),
            Consent::Required => {
                let before = sql::consent(tx.reader(), client.id, user).await?;
                let covered = before.as_ref().is_some_and(|consent| consent.covers(&scopes));
                if !covered && decided != Decided::Allow {
                    // The user took it back meanwhile.
                    return Err(Error::Unauthenticated);
                }
                OAuthConsent::give(before, client.id, user, &scopes, tx.editor()).map(drop)
            }
        };
        edited = edited.and(superfluous(tx, user, &client).await?);
        let logged_in = (user, session.authenticated_at);
        Ok(edited.and(OAuthGrant::begin(id, &secret, &client, logged_in, scopes, binding, tx.editor())))
    };
    write::as_user(app, tenant, user, client_id, work).await?;
    Ok(code)
}

/// The end of grants of a user to a client that make room for another one.
async fn superfluous(tx: &WriteTx<'_>, user: UserId, client: &OAuthClient) -> Result<Edited<()>, Error> {
    let mut grants = sql::of_user(tx.reader(), user).await?;
    grants.retain(|grant| grant.client == client.id);
    let mut edited = Edited::unchanged(());
    for grant in OAuthGrant::superfluous(grants, tx.editor().at) {
        let family = super::tokens::of_family(tx.reader(), grant.id).await?;
        edited = edited.and(grant.end(family));
    }
    Ok(edited)
}
