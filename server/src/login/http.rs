//! Which requests are there for logging in and out?

use askama::Template;
use axum::{
    extract::{FromRequestParts, State},
    http::{Uri, request::Parts},
};
use cookie::{Cookie, SameSite, time::Duration};
use rolecall_engine::identity_providers::IdentityProvider;

use super::{
    oidc::{self, Errand},
    wire::{LoggedInPage, LoginPage, Nothing, PasswordForm, ProviderLink, checked_return},
};
use crate::{
    app::App,
    asking_page::{Page, WEB_INTEGRATION},
    caller::{asked_host, bearer, cookie as cookie_of, session_cookie},
    credentials::cookies::{CSRF, SESSION, SIGNATURE, SessionCookie},
    error::{Error, SessionError},
    http::{
        describe::{Describe, Document},
        extract::{Form, Head},
        operation::{Operation, get, post},
        query::{Pairs, Parameter, Parameters, Query},
        respond::{Browsed, Elsewhere, Shown, WithCookies},
    },
    links::{Host, Link, Links},
    tenants,
};

pub fn operations() -> Vec<Operation> {
    vec![
        post("/login/jwt-session", "Log in by a token that an identity provider signed", log_in_by_token)
            .refusing(&[400, 401, 403]),
        get("/login", "The page to log in on", show_login),
        post("/login", "Log in by a password", log_in_by_password).refusing(&[403, 429]),
        get("/login/oidc", "Go to an identity provider to log in", depart).refusing(&[501, 502]),
        get("/login/callback", "Come back from an identity provider", arrive),
        get("/logout", "End the session", log_out),
    ]
}

/// A browser, before anybody is known to use it.
pub struct Browser {
    pub host: Option<Host>,
    /// What it was sent as `Authorization: Bearer`.
    bearer: Option<String>,
    cookie: Option<SessionCookie>,
    /// The page that asks.
    pub page: Page,
}

impl FromRequestParts<App> for Browser {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        Ok(Self {
            host: asked_host(parts),
            bearer: bearer(&parts.headers).map(str::to_owned),
            cookie: session_cookie(&parts.headers, app),
            page: Page::of(parts, app),
        })
    }
}

impl Describe for Browser {
    fn describe(_: &mut Document<'_>) {}
}

impl Browser {
    /// The cookies that say that somebody is logged in.
    pub async fn cookies(&self, app: &App, session: &SessionCookie) -> Result<Vec<Cookie<'static>>, Error> {
        let links: Links = tenants::links_of_host(app, self.host.as_ref()).await?;
        let value = session.value();
        let (signature, csrf) = (app.cookies.signature(&value), app.cookies.csrf_token(&value));
        let cookie = |(name, value)| session_cookie_named(name, value, &links);
        Ok([(SESSION, value), (SIGNATURE, signature), (CSRF, csrf)].map(cookie).into())
    }
}

fn session_cookie_named(name: &'static str, value: String, links: &Links) -> Cookie<'static> {
    // Pages elsewhere use the session too, where a browser allows that at all.
    let (secure, same_site) = if links.is_secure() { (true, SameSite::None) } else { (false, SameSite::Lax) };
    Cookie::build((name, value)).path("/").http_only(true).secure(secure).same_site(same_site).build()
}

/// The cookies of a session, gone.
fn no_cookies(links: &Links) -> Vec<Cookie<'static>> {
    let gone = |name| {
        let mut cookie = session_cookie_named(name, String::new(), links);
        cookie.set_max_age(Duration::ZERO);
        cookie
    };
    [SESSION, SIGNATURE, CSRF].map(gone).into()
}

async fn log_in_by_token(
    State(app): State<App>,
    browser: Browser,
) -> Result<WithCookies<Shown<Nothing>>, Error> {
    if browser.page.is_foreign() {
        let tenant = super::tenant_of(&app, browser.host.as_ref()).await?;
        browser.page.must_be_allowed(&app, tenant).await?;
    }
    let token = browser.bearer.as_deref().ok_or(Error::Unauthenticated)?;
    let attempt = super::by_token(&app, browser.host.as_ref(), token).await;
    let session = super::counted(&app, "token", attempt)?;
    Ok(WithCookies { cookies: browser.cookies(&app, &session).await?, answer: Shown(Nothing {}) })
}

/// What a request says that asks although somebody is logged in (OpenID Connect Core 1.0 §3.1.2.1).
const ANEW: &str = "login";

/// The parameters of the page to log in on.
struct AskLogin {
    returnto: Option<String>,
    /// The identity provider to go to.
    provider: Option<String>,
    prompt: Option<String>,
    logged_out: bool,
    hint: Option<String>,
}

impl Parameters for AskLogin {
    fn parameters() -> Vec<Parameter> {
        vec![
            Parameter::text("returnto", "Where to go to then: an address of the tenant"),
            Parameter::text(WEB_INTEGRATION, "The web integration whose pages may be returned to"),
            Parameter::text("idp", "The identity provider to go to"),
            Parameter::text("prompt", "`login`: ask although somebody is logged in"),
            Parameter::text("login_hint", "Who probably logs in"),
            Parameter::boolean("loggedout", "Whether somebody just logged out"),
        ]
    }
    fn read(pairs: Pairs, _: &Uri) -> Result<Self, Error> {
        let text = |name: &str| pairs.get(name).map(str::to_owned);
        Ok(Self {
            returnto: text("returnto"),
            provider: text("idp"),
            prompt: text("prompt"),
            logged_out: pairs.flag("loggedout")?,
            hint: text("login_hint"),
        })
    }
}

impl AskLogin {
    async fn back(&self, app: &App, browser: &Browser, links: &Links) -> Result<Back, Error> {
        let (to, integration) = (self.returnto.as_deref(), browser.page.integration.clone());
        Back::read(app, browser.host.as_ref(), links, to, integration, self.prompt.as_deref()).await
    }
}

/// Where to go to after a login, and the web integration that allows it. It goes through the browser with every step, so it is
/// checked at each.
#[derive(Default)]
struct Back {
    to: Option<String>,
    integration: Option<String>,
    /// Whether somebody who is logged in already logs in again, at the provider too.
    anew: bool,
}

impl Back {
    /// # Errors
    /// When that is nowhere the tenant allows.
    async fn read(
        app: &App,
        host: Option<&Host>,
        links: &Links,
        returnto: Option<&str>,
        integration: Option<String>,
        prompt: Option<&str>,
    ) -> Result<Self, Error> {
        let origins = match &integration {
            Some(integration) => Some(super::origins(app, host, integration).await?),
            None => None,
        };
        let to = checked_return(returnto, links.origin(), origins.as_deref())?;
        Ok(Self { to, integration, anew: prompt == Some(ANEW) })
    }
}

async fn show_login(
    State(app): State<App>,
    browser: Browser,
    Query(asked): Query<AskLogin>,
) -> Result<Browsed, Error> {
    let ways = super::ways(&app, browser.host.as_ref()).await?;
    let links = tenants::links_of_host(&app, browser.host.as_ref()).await?;
    let host = browser.host.as_ref();
    let back = asked.back(&app, &browser, &links).await?;
    if let (Some(cookie), false) = (browser.cookie.clone(), back.anew)
        && let Some(name) = super::who(&app, host, cookie).await?
    {
        let page = || render(&LoggedInPage { tenant: ways.tenant.clone(), name });
        return match back.to {
            Some(to) => Ok(Browsed::Elsewhere(absolute(&links, &to))),
            None => page().map(Browsed::Page),
        };
    }
    let message = asked.logged_out.then_some("You are logged out.");
    let providers = provider_links(&ways.providers, &back, asked.hint.as_deref());
    if let ([only], false, None) = (providers.as_slice(), ways.passwords, message) {
        return Ok(Browsed::Elsewhere(links.to(&only.href)));
    }
    let page = LoginPage {
        tenant: ways.tenant,
        message,
        providers,
        passwords: ways.passwords,
        returnto: back.to,
        integration: back.integration,
        anew: back.anew,
        username: asked.hint.unwrap_or_default(),
    };
    render(&page).map(Browsed::Page)
}

/// The buttons of the providers that ask in a browser.
fn provider_links(providers: &[IdentityProvider], back: &Back, hint: Option<&str>) -> Vec<ProviderLink> {
    let link = |provider: &IdentityProvider| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("idp", &provider.id.to_string());
        if let Some(to) = &back.to {
            query.append_pair("returnto", to);
        }
        if let Some(integration) = &back.integration {
            query.append_pair(WEB_INTEGRATION, integration);
        }
        if back.anew {
            query.append_pair("prompt", ANEW);
        }
        if let Some(hint) = hint {
            query.append_pair("login_hint", hint);
        }
        let described = Some(provider.description.as_str()).filter(|text| !text.is_empty());
        let name = described.unwrap_or_else(|| provider.vendor.as_str()).to_owned();
        ProviderLink { name, href: format!("/login/oidc?{}", query.finish()) }
    };
    providers.iter().map(link).collect()
}

/// An address that was checked, as a whole one.
fn absolute(links: &Links, checked: &str) -> Link {
    if checked.starts_with('/') { links.to(checked) } else { Link::elsewhere(checked) }
}

pub fn render(page: &impl Template) -> Result<String, Error> {
    page.render().map_err(Error::internal)
}

/// A form that a page of another site sends would log its visitor in as somebody else (threats T60). Browsers say where a form
/// is from; where nothing is said, it was no browser.
async fn log_in_by_password(
    State(app): State<App>,
    browser: Browser,
    Form(form): Form<PasswordForm>,
) -> Result<WithCookies<Browsed>, Error> {
    browser.page.must_be_ours()?;
    let host = browser.host.as_ref();
    let ways = super::ways(&app, host).await?;
    let links = tenants::links_of_host(&app, host).await?;
    let PasswordForm { username, password, returnto, integration, prompt } = form;
    let integration = integration.filter(|integration| !integration.is_empty());
    let back = Back::read(&app, host, &links, returnto.as_deref(), integration, prompt.as_deref()).await?;
    let attempt = super::password::by_password(&app, host, &username, password).await;
    let message = match super::counted(&app, "password", attempt) {
        Ok(session) => {
            let link = back.to.map_or_else(|| links.to("/login"), |to| absolute(&links, &to));
            return Ok(WithCookies {
                cookies: browser.cookies(&app, &session).await?,
                answer: Browsed::After(link),
            });
        }
        Err(Error::Session(SessionError::NotAdmitted)) => "The name or the password is wrong.",
        Err(Error::TooManyRequests(_)) => "Too many attempts. Wait half a minute and try again.",
        Err(other) => return Err(other),
    };
    let page = LoginPage {
        tenant: ways.tenant,
        message: Some(message),
        providers: provider_links(&ways.providers, &back, None),
        passwords: true,
        returnto: back.to,
        integration: back.integration,
        anew: back.anew,
        username,
    };
    Ok(WithCookies { cookies: Vec::new(), answer: Browsed::Refused(render(&page)?) })
}

/// The cookie that a browser brings back from a provider.
const SENT: &str = "rolecall.login";

fn sent_cookie(value: String, secure: bool, life: Duration) -> Cookie<'static> {
    let cookie = Cookie::build((SENT, value)).path("/login").http_only(true).secure(secure);
    cookie.same_site(SameSite::Lax).max_age(life).build()
}

async fn depart(
    State(app): State<App>,
    browser: Browser,
    Query(asked): Query<AskLogin>,
) -> Result<WithCookies<Browsed>, Error> {
    let links = tenants::links_of_host(&app, browser.host.as_ref()).await?;
    let host = browser.host.as_ref();
    let back = asked.back(&app, &browser, &links).await?;
    let provider = asked.provider.unwrap_or_default();
    let errand = Errand { returnto: back.to, anew: back.anew, hint: asked.hint };
    let departure = oidc::depart(&app, host, &links, &provider, errand).await?;
    let cookie = sent_cookie(departure.cookie, links.is_secure(), Duration::seconds(oidc::PATIENCE));
    Ok(WithCookies { cookies: vec![cookie], answer: Browsed::Elsewhere(Link::elsewhere(&departure.to)) })
}

/// What comes back from a provider, and the cookie that goes with it.
struct Return(oidc::Returned);

impl Parameters for Return {
    fn parameters() -> Vec<Parameter> {
        vec![
            Parameter::text("code", "What the provider gives a token for"),
            Parameter::text("state", "What it was sent"),
            Parameter::text("iss", "Who it is (RFC 9207)"),
            Parameter::text("error", "Why there is no code"),
        ]
    }
    fn read(pairs: Pairs, _: &Uri) -> Result<Self, Error> {
        let text = |name: &str| pairs.get(name).map(str::to_owned);
        Ok(Self(oidc::Returned {
            code: text("code"),
            state: text("state"),
            issuer: text("iss"),
            error: text("error"),
        }))
    }
}

async fn arrive(
    State(app): State<App>,
    Head(head): Head,
    browser: Browser,
    Query(Return(returned)): Query<Return>,
) -> Result<WithCookies<Browsed>, Error> {
    let host = browser.host.as_ref();
    let links = tenants::links_of_host(&app, host).await?;
    let gone = sent_cookie(String::new(), links.is_secure(), Duration::ZERO);
    let cookie = cookie_of(&head.headers, SENT).unwrap_or_default();
    let attempt = oidc::arrive(&app, host, &links, cookie, returned).await;
    match super::counted(&app, "provider", attempt) {
        Ok((session, to)) => {
            let link = to.map_or_else(|| links.to("/login"), |to| absolute(&links, &to));
            let mut cookies = browser.cookies(&app, &session).await?;
            cookies.push(gone);
            Ok(WithCookies { cookies, answer: Browsed::Elsewhere(link) })
        }
        Err(Error::Session(why)) => {
            tracing::info!(%why, "nobody came back from an identity provider");
            let ways = super::ways(&app, host).await?;
            let page = LoginPage {
                tenant: ways.tenant,
                message: Some("Logging in did not work. Try again, or ask an administrator."),
                providers: provider_links(&ways.providers, &Back::default(), None),
                passwords: ways.passwords,
                returnto: None,
                integration: None,
                anew: false,
                username: String::new(),
            };
            Ok(WithCookies { cookies: vec![gone], answer: Browsed::Refused(render(&page)?) })
        }
        Err(other) => Err(other),
    }
}

async fn log_out(State(app): State<App>, browser: Browser) -> Result<WithCookies<Elsewhere>, Error> {
    let links = tenants::links_of_host(&app, browser.host.as_ref()).await?;
    let provider = match browser.cookie {
        Some(cookie) => super::end(&app, cookie).await?,
        None => None,
    };
    let next = provider.and_then(|provider| provider.post_logout);
    let to = next.map_or_else(|| links.to("/login?loggedout=true"), |page| Link::elsewhere(page.as_str()));
    Ok(WithCookies { cookies: no_cookies(&links), answer: Elsewhere(to) })
}
