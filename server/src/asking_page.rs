//! Which page makes a browser ask, and may it? (Fetch §3.2, threats T60)
//!
//! A browser sends cookies whoever's page asks, and says whose page it is. Where nothing is said, it was no page of another site,
//! or no browser.

use axum::http::{header, request::Parts};
use rolecall_engine::ids::TenantId;

use crate::{
    app::App,
    db::Reader,
    error::{Error, SessionError},
    links::{Host, Origin},
    web_integrations::sql as web_integrations,
};

/// The header, or parameter, that names a web integration.
pub const WEB_INTEGRATION: &str = "qlik-web-integration-id";

/// The page that asks.
pub struct Page {
    /// Its origin, if it is from elsewhere.
    foreign: Option<String>,
    /// The web integration that it names.
    pub integration: Option<String>,
}

impl Page {
    /// The page behind a request.
    pub fn of(parts: &Parts, app: &App) -> Self {
        Self { foreign: foreign(parts, app.public_url.as_ref()), integration: integration(parts) }
    }

    /// Whether it is from elsewhere.
    pub const fn is_foreign(&self) -> bool {
        self.foreign.is_some()
    }

    /// Refuses a page from elsewhere, whoever's it is.
    ///
    /// # Errors
    /// [`SessionError::OriginNotAllowed`].
    pub fn must_be_ours(&self) -> Result<(), Error> {
        if self.is_foreign() { Err(SessionError::OriginNotAllowed.into()) } else { Ok(()) }
    }

    /// Refuses a page from elsewhere that is not one of the web integration of a tenant that it names.
    ///
    /// # Errors
    /// [`SessionError::OriginNotAllowed`], or when the database cannot be read.
    pub async fn must_be_allowed(&self, app: &App, tenant: TenantId) -> Result<(), Error> {
        let Some(origin) = self.foreign.clone() else { return Ok(()) };
        let integration = self.integration.clone().ok_or(SessionError::OriginNotAllowed)?;
        let allows =
            async move |reader: &Reader<'_>| web_integrations::allows(reader, &integration, &origin).await;
        if app.db.read(tenant, allows).await? { Ok(()) } else { Err(SessionError::OriginNotAllowed.into()) }
    }
}

/// The origin of a page that is not one of the host that is asked. Behind TLS neither is a page of that host that came without it:
/// whoever stands between can write one.
fn foreign(parts: &Parts, public: Option<&Origin>) -> Option<String> {
    let origin = parts.headers.get(header::ORIGIN)?.to_str().unwrap_or("null");
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own_machine = || host.and_then(|host| host.parse().ok()).is_some_and(|host: Host| host.is_loopback());
    let needs_tls = public.is_some_and(Origin::is_secure) && !own_machine();
    let own = origin.split_once("://").is_some_and(|(scheme, authority)| {
        Some(authority) == host && (scheme == "https" || (scheme == "http" && !needs_tls))
    });
    (!own).then(|| origin.to_owned())
}

/// Named in a header, or in the address.
fn integration(parts: &Parts) -> Option<String> {
    let header = parts.headers.get(WEB_INTEGRATION).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let query = || {
        let mut pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        pairs.find(|(name, _)| name == WEB_INTEGRATION).map(|(_, id)| id.into_owned())
    };
    header.or_else(query)
}
