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
    pub fn of(parts: &Parts) -> Self {
        Self { foreign: foreign(parts), integration: integration(parts) }
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

fn foreign(parts: &Parts) -> Option<String> {
    let origin = parts.headers.get(header::ORIGIN)?.to_str().unwrap_or("null");
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host);
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
