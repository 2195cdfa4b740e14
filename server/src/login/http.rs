//! Which requests are there for logging in and out?

use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use cookie::{Cookie, SameSite, time::Duration};

use super::wire::Nothing;
use crate::{
    app::App,
    caller::{asked_host, bearer, foreign_origin, session_cookie, web_integration},
    credentials::cookies::{CSRF, SESSION, SIGNATURE, SessionCookie},
    error::{Error, SessionError},
    http::{
        describe::{Describe, Document},
        operation::{Operation, get, post},
        respond::{Elsewhere, Shown, WithCookies},
    },
    links::{Host, Links},
    tenants,
};

pub fn operations() -> Vec<Operation> {
    vec![
        post("/login/jwt-session", "Log in by a token that an identity provider signed", log_in_by_token)
            .refusing(&[400, 401, 403]),
        get("/logout", "End the session", log_out),
    ]
}

/// A browser, before anybody is known to use it.
pub struct Browser {
    pub host: Option<Host>,
    /// What it was sent as `Authorization: Bearer`.
    bearer: Option<String>,
    cookie: Option<SessionCookie>,
    /// The page that asks, if it is from elsewhere, and the web integration that it names.
    foreign: Option<(String, Option<String>)>,
}

impl FromRequestParts<App> for Browser {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        Ok(Self {
            host: asked_host(parts),
            bearer: bearer(&parts.headers).map(str::to_owned),
            cookie: session_cookie(&parts.headers, app),
            foreign: foreign_origin(parts).map(|origin| (origin, web_integration(parts))),
        })
    }
}

impl Describe for Browser {
    fn describe(_: &mut Document<'_>) {}
}

impl Browser {
    /// Refuses pages from elsewhere that no web integration of the tenant allows.
    async fn refuse_strangers(&self, app: &App) -> Result<(), Error> {
        let Some((origin, integration)) = &self.foreign else { return Ok(()) };
        let named = integration.clone().ok_or(SessionError::OriginNotAllowed)?;
        let tenant = super::tenant_of(app, self.host.as_ref()).await?;
        if super::allows(app, tenant, named, origin.clone()).await? {
            Ok(())
        } else {
            Err(SessionError::OriginNotAllowed.into())
        }
    }

    /// The cookies that say that somebody is logged in.
    async fn cookies(&self, app: &App, session: &SessionCookie) -> Result<Vec<Cookie<'static>>, Error> {
        let links: Links = tenants::links_of_host(app, self.host.as_ref()).await?;
        let value = session.value();
        let (signature, csrf) = (app.cookies.signature(&value), app.cookies.csrf_token(&value));
        let cookie = |(name, value): (&'static str, String)| {
            let cookie = Cookie::build((name, value)).path("/").http_only(true);
            // Pages elsewhere use the session too, where a browser allows that at all.
            let (secure, same_site) =
                if links.is_secure() { (true, SameSite::None) } else { (false, SameSite::Lax) };
            cookie.secure(secure).same_site(same_site).build()
        };
        Ok([(SESSION, value), (SIGNATURE, signature), (CSRF, csrf)].map(cookie).into())
    }
}

/// The cookies of a session, gone.
fn no_cookies() -> Vec<Cookie<'static>> {
    let gone = |name| Cookie::build((name, "")).path("/").max_age(Duration::ZERO).build();
    [SESSION, SIGNATURE, CSRF].map(gone).into()
}

async fn log_in_by_token(
    State(app): State<App>,
    browser: Browser,
) -> Result<WithCookies<Shown<Nothing>>, Error> {
    browser.refuse_strangers(&app).await?;
    let token = browser.bearer.as_deref().ok_or(Error::Unauthenticated)?;
    let session = super::by_token(&app, browser.host.as_ref(), token).await?;
    Ok(WithCookies { cookies: browser.cookies(&app, &session).await?, answer: Shown(Nothing {}) })
}

async fn log_out(State(app): State<App>, browser: Browser) -> Result<WithCookies<Elsewhere>, Error> {
    let links = tenants::links_of_host(&app, browser.host.as_ref()).await?;
    let provider = match browser.cookie {
        Some(cookie) => super::end(&app, cookie).await?,
        None => None,
    };
    let next = provider.and_then(|provider| provider.post_logout);
    let to = next.map_or_else(|| links.to("/login?loggedout=true"), |page| links.elsewhere(page.as_str()));
    Ok(WithCookies { cookies: no_cookies(), answer: Elsewhere(to) })
}
