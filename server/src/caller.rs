//! Who calls, and what may they do?
//!
//! A [`Caller`] in the signature of a use case is the proof that somebody was asked. Only a request makes one: its
//! credential names the tenant and the user, and the engine decides.

use std::{
    fmt::Display,
    marker::PhantomData,
    sync::{Arc, OnceLock},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts, uri::Authority},
};
use cookie::Cookie;
use rolecall_engine::{
    access::{Decision, Denial, Query, Snapshot},
    catalogue::Catalogue,
    change::Editor,
    ids::{OAuthClientId, TenantId, UserId},
    names::Reason,
    oauth::{ADMIN_CLASSIC, Bounds, Operator, Told, USER_DEFAULT, decide_within},
    spaces::Standing,
    time::Timestamp,
    webhooks::{ADMINISTER_WEBHOOKS, WEBHOOKS, WebhookStanding},
};

use crate::{
    app::App,
    asking_page::Page,
    credentials::{
        self, Credential, Given,
        cookies::{SESSION, SIGNATURE, SessionCookie},
        verify::{verify, verify_session},
    },
    db::Reader,
    error::{Error, SessionError},
    etag::Expected,
    limits::Tier,
    links::{Host, Links, Origin},
    operators::sql as operators,
    tenants::sql as tenants,
    trace::{Cause, TraceId},
    written,
};

/// What a caller must hold.
pub trait Permission: Send + Sync + 'static {
    /// The scope; none where being an active user of the tenant is enough.
    const SCOPE: Option<&'static str>;
    /// Whether any token will do, where no scope is needed; else one that is for what every user may do.
    const ANY_TOKEN: bool = false;
}

/// Any active user of the tenant, with whatever token: for questions about the token itself.
pub enum Bearer {}
impl Permission for Bearer {
    const SCOPE: Option<&'static str> = None;
    const ANY_TOKEN: bool = true;
}

/// Any active user of the tenant.
pub enum Member {}
impl Permission for Member {
    const SCOPE: Option<&'static str> = None;
}

/// Whoever administers the tenant.
pub enum Administrator {}
impl Permission for Administrator {
    const SCOPE: Option<&'static str> = Some(Catalogue::ADMINISTER);
}

/// Whoever may ask what others may do.
pub enum Evaluator {}
impl Permission for Evaluator {
    const SCOPE: Option<&'static str> = Some(Catalogue::EVALUATE);
}

/// Whoever may read the audit trail.
pub enum Auditor {}
impl Permission for Auditor {
    const SCOPE: Option<&'static str> = Some(Catalogue::READ_AUDITS);
}

/// Whoever may make API keys.
pub enum KeyMaker {}
impl Permission for KeyMaker {
    const SCOPE: Option<&'static str> = Some(Catalogue::API_KEYS);
}

/// Somebody who was found to hold `P` when the request came in.
pub struct Caller<P> {
    pub(crate) who: Who,
    tenant: Arc<Snapshot>,
    /// The host that was asked, and the address of the installation.
    host: Option<Host>,
    public_url: Option<Origin>,
    links: OnceLock<Links>,
    /// Whether only a preview of what the request would do is asked for.
    pub(crate) previews: bool,
    permission: PhantomData<fn() -> P>,
}

/// Whose request it is.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    credential: Credential,
    user: UserId,
    pub(crate) cause: Cause,
}

impl<P> Caller<P> {
    /// The tenant the caller is in, as it was when the request came in.
    pub fn tenant(&self) -> &Arc<Snapshot> {
        &self.tenant
    }

    /// The tenant's identifier.
    pub fn tenant_id(&self) -> TenantId {
        self.who.credential.tenant
    }

    /// The user.
    pub fn user(&self) -> UserId {
        self.who.user
    }

    /// Whether the user administers the tenant.
    pub fn is_administrator(&self) -> bool {
        self.who.administers(&self.tenant)
    }

    /// Whether the caller may use a scope: is granted it, and the credential reaches so far.
    pub fn decide(&self, scope: &str) -> Decision {
        self.who.decide(&self.tenant, scope)
    }

    /// Who asks, to be judged within the work that answers.
    pub(crate) fn asker(&self) -> Who {
        self.who.clone()
    }

    /// Refuses a caller who does not hold a scope besides what the request needed.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require(&self, scope: &'static str) -> Result<(), Error> {
        self.who.holds(&self.tenant, scope)
    }

    /// Refuses a caller whose token does not reach all that its user may do: what the caller is about to make has no such bounds.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn require_whole_reach(&self) -> Result<(), Error> {
        let whole = self.who.credential.bounds().is_whole();
        let why = || format!("this needs a token with the scopes `{USER_DEFAULT}` and `{ADMIN_CLASSIC}`");
        if whole { Ok(()) } else { Err(Error::Forbidden(why())) }
    }

    /// What the caller's token lets it know of the user; none if nothing.
    pub fn told(&self) -> Option<Told> {
        match self.who.credential.bounds() {
            Bounds::Token(reach) => reach.told(),
            Bounds::None | Bounds::Session(_) => None,
        }
    }

    /// The same caller as the proof of another permission, which is proved again where something is written.
    ///
    /// # Errors
    /// As for a request that needs it.
    pub fn holding<Q: Permission>(self) -> Result<Caller<Q>, Error> {
        self.who.may::<Q>(&self.tenant)?;
        let Self { who, tenant, host, public_url, links, previews, permission: _ } = self;
        Ok(Caller { who, tenant, host, public_url, links, previews, permission: PhantomData })
    }

    /// Addresses of things for people of the tenant who are written to.
    pub fn tenant_links(&self) -> Links {
        Links::of_tenant(self.tenant.tenant(), self.host.as_ref(), self.public_url.as_ref())
    }

    /// Addresses of things, as the caller reaches them.
    pub fn links(&self) -> &Links {
        self.links
            .get_or_init(|| Links::new(self.tenant.tenant(), self.host.as_ref(), self.public_url.as_ref()))
    }
}

impl Who {
    pub(crate) const fn tenant(&self) -> TenantId {
        self.credential.tenant
    }

    pub(crate) const fn user(&self) -> UserId {
        self.user
    }

    /// Makes the proof again for the tenant as it is now, within a transaction (threats I12).
    ///
    /// # Errors
    /// When the credential or what the user holds was taken away since.
    pub(crate) async fn prove<P: Permission>(
        &self,
        tenant: &Snapshot,
        reader: &Reader<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        if !tenant.tenant().is_active() {
            return Err(Error::Unauthenticated);
        }
        if !self.credential.holds(tenant) {
            self.credential.check(reader, now).await?;
        }
        self.may::<P>(tenant)?;
        if P::SCOPE == Some(Catalogue::ADMINISTER) && !self.still_administers(tenant) {
            return Err(Error::Forbidden(format!("this needs the scope `{}` now", Catalogue::ADMINISTER)));
        }
        Ok(())
    }

    /// Refuses a credential whose own time is over: what goes on asks once more.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`].
    pub(crate) fn has_time_left(&self, now: Timestamp) -> Result<(), Error> {
        if self.credential.is_over(now) { Err(Error::Unauthenticated) } else { Ok(()) }
    }

    fn decide(&self, tenant: &Snapshot, scope: &str) -> Decision {
        decide_within(tenant, &Query { user: self.user(), scope }, self.credential.bounds())
    }

    /// Whether the user administers the tenant, and the credential reaches so far.
    fn administers(&self, tenant: &Snapshot) -> bool {
        self.decide(tenant, Catalogue::ADMINISTER).is_allowed()
    }

    /// The same, and the user is granted that now. A session keeps what was granted when it began; but what somebody makes as an
    /// administrator is still there when the session is over (decision 0007).
    fn still_administers(&self, tenant: &Snapshot) -> bool {
        self.administers(tenant) && self.is_granted_now(tenant, Catalogue::ADMINISTER)
    }

    fn is_granted_now(&self, tenant: &Snapshot, scope: &str) -> bool {
        decide_within(tenant, &Query { user: self.user(), scope }, &Bounds::None).is_allowed()
    }

    /// What the user may do with spaces by scopes, and the credential reaches.
    pub(crate) fn standing(&self, tenant: &Snapshot) -> Standing {
        let may = |scope: &str| self.decide(tenant, scope).is_allowed();
        Standing::new(self.user(), may, |scope| self.is_granted_now(tenant, scope))
    }

    /// What the user may do with webhooks.
    pub(crate) fn webhook_standing(&self, tenant: &Snapshot) -> WebhookStanding {
        let may = |scope| self.decide(tenant, scope).is_allowed();
        let administers = self.still_administers(tenant)
            || may(ADMINISTER_WEBHOOKS) && self.is_granted_now(tenant, ADMINISTER_WEBHOOKS);
        WebhookStanding { user: self.user(), administers, holds: may(WEBHOOKS) }
    }

    /// The user as an editor.
    pub(crate) fn editor(&self, tenant: &Snapshot, at: Timestamp) -> Editor {
        let client = match self.credential.given {
            Given::Key(_) | Given::Session(_) => None,
            Given::Token(_, client) => Some(client),
        };
        let administrator = self.still_administers(tenant);
        Editor { user: Some(self.user()), client, administrator, ..Editor::system(at) }
    }

    /// Refuses a user who is not active.
    fn is_active(&self, tenant: &Snapshot) -> Result<(), Error> {
        let facts = tenant.user(self.user()).filter(|facts| facts.is_active());
        facts.map(drop).ok_or(Error::Unauthenticated)
    }

    /// Refuses a user who is not active or does not hold `P`, and a credential that does not reach so far.
    fn may<P: Permission>(&self, tenant: &Snapshot) -> Result<(), Error> {
        let Some(scope) = P::SCOPE else {
            self.is_active(tenant)?;
            let general = P::ANY_TOKEN || self.credential.bounds().is_general();
            let why = || format!("this needs a token with the scope `{USER_DEFAULT}` or `{ADMIN_CLASSIC}`");
            return if general { Ok(()) } else { Err(Error::Forbidden(why())) };
        };
        self.holds(tenant, scope)
    }

    fn holds(&self, tenant: &Snapshot, scope: &str) -> Result<(), Error> {
        match self.decide(tenant, scope) {
            Decision::Allowed(_) | Decision::AllowedInSpace(_) | Decision::Kept => Ok(()),
            Decision::Denied(Denial::UnknownUser | Denial::NotActive(_) | Denial::TenantNotActive) => {
                Err(Error::Unauthenticated)
            }
            Decision::Denied(why) => Err(Error::Forbidden(format!("this needs the scope `{scope}`: {why}"))),
        }
    }
}

impl<P: Permission> FromRequestParts<App> for Caller<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let trace = trace_of(parts)?;
        let tier = parts.extensions.get::<Tier>().copied().unwrap_or(Tier::Read);
        Self::of(parts, app, trace, tier).await
    }
}

impl<P: Permission> Caller<P> {
    /// Whoever makes the request with this head.
    ///
    /// # Errors
    /// When there is no good credential, or its user does not hold `P`.
    pub(crate) async fn of(parts: &Parts, app: &App, trace: TraceId, tier: Tier) -> Result<Self, Error> {
        let (tenant, credential) = match bearer(&parts.headers) {
            Some(token) => verify(app, token).await?,
            None => logged_in(parts, app).await?,
        };
        let host = asked_host(parts);
        refuse_other_tenant(app, &tenant, host.as_ref()).await?;
        let user = credential.user().ok_or(Error::Unauthenticated)?;
        let expected = parts.headers.get_all(header::IF_MATCH).iter().map(HeaderValue::as_bytes);
        let cause = Cause { expected: Expected::by(expected), ..cause(trace, parts, tier)? };
        let who = Who { credential, user, cause };
        who.is_active(&tenant)?;
        app.rate_limits.count(who.tenant(), who.user(), tenant.user_count(), tier)?;
        who.may::<P>(&tenant)?;
        written::note_seen(tenant.revision());
        Ok(Self {
            who,
            tenant,
            host,
            public_url: app.public_url.clone(),
            links: OnceLock::new(),
            previews: prefers_preview(&parts.headers),
            permission: PhantomData,
        })
    }
}

/// An operator of the installation: whoever has a token of one that is still there. It is in no tenant.
pub struct Operating {
    operator: Operator,
    pub(crate) cause: Cause,
    /// The host that was asked.
    pub host: Option<Host>,
}

impl Operating {
    /// The operator.
    pub const fn operator(&self) -> &Operator {
        &self.operator
    }

    /// Makes the proof again, within a transaction.
    ///
    /// # Errors
    /// When the operator was ended since.
    pub(crate) async fn prove(operator: OAuthClientId, reader: &Reader<'_>) -> Result<(), Error> {
        operators::find_beside(reader, operator).await?.map(drop).ok_or(Error::Unauthenticated)
    }
}

impl FromRequestParts<App> for Operating {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let trace = trace_of(parts)?;
        let token = bearer(&parts.headers).ok_or(Error::Unauthenticated)?;
        let Some(id) = credentials::operator::read(&app.signing, token, app.clock.now()) else {
            // Whoever is somebody in a tenant is told that it is not enough.
            verify(app, token).await?;
            return Err(Error::Forbidden("only an operator of the installation may do this".to_owned()));
        };
        let operator = app.db.look_up(async move |all| operators::find(all, id).await).await?;
        let operator = operator.ok_or(Error::Unauthenticated)?;
        app.rate_limits.count_operator(id)?;
        if prefers_preview(&parts.headers) {
            return Err(Error::invalid("what operators do cannot be previewed"));
        }
        Ok(Self { operator, cause: cause(trace, parts, Tier::Write)?, host: asked_host(parts) })
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750 §2.1).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The header that repeats a session's token.
const CSRF_TOKEN: HeaderName = HeaderName::from_static("qlik-csrf-token");

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = all.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| cookie.name() == name)?.value_raw()
}

/// What the cookies of a session say, if they are ours.
pub fn session_cookie(headers: &HeaderMap, app: &App) -> Option<SessionCookie> {
    app.cookies.read(cookie(headers, SESSION)?, cookie(headers, SIGNATURE)?)
}

/// Whoever is logged in. A browser sends cookies whoever's page asks, so a request that changes something repeats the
/// session's token, and a page from elsewhere is one of a web integration (threats T60).
async fn logged_in(parts: &Parts, app: &App) -> Result<(Arc<Snapshot>, Credential), Error> {
    let cookie = session_cookie(&parts.headers, app).ok_or(Error::Unauthenticated)?;
    let (value, tenant) = (cookie.value(), cookie.tenant);
    let found = verify_session(app, cookie).await?;
    Page::of(parts, app).must_be_allowed(app, tenant).await?;
    if ![Method::GET, Method::HEAD].contains(&parts.method) {
        let token = parts.headers.get(CSRF_TOKEN).and_then(|token| token.to_str().ok()).unwrap_or_default();
        if !app.cookies.is_csrf_token(&value, token) {
            return Err(SessionError::CsrfToken.into());
        }
    }
    Ok(found)
}

/// The number of a request.
///
/// # Errors
/// When it was given none, which is a fault.
pub fn trace_of(head: &Parts) -> Result<TraceId, Error> {
    let trace = head.extensions.get::<TraceId>().copied();
    trace.ok_or_else(|| Error::internal("a request without a trace"))
}

/// The header that says why something is changed.
const REASON: HeaderName = HeaderName::from_static("x-reason");

/// What is written down with what a request changes. Of other requests nobody asks for a reason.
///
/// # Errors
/// When the reason that it gives cannot be one.
pub fn cause(trace: TraceId, head: &Parts, tier: Tier) -> Result<Cause, Error> {
    if tier != Tier::Write {
        return Ok(trace.into());
    }
    let wrong = |why: &dyn Display| Error::invalid(format!("the header `{REASON}` {why}"));
    let mut values = head.headers.get_all(REASON).iter();
    let reason = values.next().map(|value| {
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| wrong(&"must be UTF-8"))?;
        Reason::new(text).map_err(|error| wrong(&error))
    });
    match values.next() {
        None => Ok(Cause {
            trace,
            reason: reason.transpose()?,
            once: head.extensions.get().cloned(),
            expected: None,
        }),
        Some(_) => Err(wrong(&"must not stand twice")),
    }
}

/// Whether one of the preferences is `preview` (RFC 7240 §2).
fn prefers_preview(headers: &HeaderMap) -> bool {
    const PREFER: HeaderName = HeaderName::from_static("prefer");
    let values = headers.get_all(PREFER).iter();
    let mut preferences = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    preferences.any(|preference| {
        let name = preference.split(|byte| b";=".contains(byte)).next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"preview")
    })
}

/// The host that a request names: in its address if that is a whole one, else in the header (RFC 9112 §3.2.2).
pub fn asked_host(request: &Parts) -> Option<Host> {
    let header = || request.headers.get(header::HOST)?.to_str().ok();
    let authority = request.uri.authority().map(Authority::as_str);
    authority.or_else(header)?.parse().ok()
}

/// Refuses a caller who addresses the host of another tenant.
pub(crate) async fn refuse_other_tenant(
    app: &App,
    tenant: &Snapshot,
    host: Option<&Host>,
) -> Result<(), Error> {
    let public =
        |host: &Host| app.public_url.as_ref().is_some_and(|origin| origin.host().name() == host.name());
    let Some(host) = host.filter(|host| host.may_be_a_tenants() && !public(host)) else { return Ok(()) };
    if tenant.tenant().hostnames.iter().any(|name| name.as_str() == host.name()) {
        return Ok(());
    }
    let name = host.name().to_owned();
    let owner =
        app.db.look_up(async move |installation| tenants::by_hostname(installation, &name).await).await?;
    if owner.is_none() { Ok(()) } else { Err(Error::OtherTenant) }
}
