//! Which pages elsewhere may read our answers? (Fetch §3.2, threats T60)
//!
//! Those of a web integration of the tenant, and programs in browsers that the tenant has a client for; nobody else's.

use std::time::Duration;

use axum::http::{
    HeaderName, HeaderValue, Method,
    header::{ETAG, RETRY_AFTER},
    request::Parts,
};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::{TRACE, consistency::REVISION};
use crate::{
    app::App, asking_page::Page, caller::asked_host, error::Error, links::Host,
    oauth_clients::sql as oauth_clients, tenants, web_integrations::sql as web_integrations,
};

/// How long browsers remember what they were told.
const REMEMBERED: Duration = Duration::from_mins(10);
const CSRF_TOKEN: HeaderName = HeaderName::from_static("qlik-csrf-token");

pub fn layer(app: App) -> CorsLayer {
    let allowed = move |origin: HeaderValue, head: &Parts| {
        // A page of ours needs no leave.
        let (app, host, elsewhere) = (app.clone(), asked_host(head), Page::of(head, &app).is_foreign());
        async move {
            let (Ok(origin), true) = (origin.to_str(), elsewhere) else { return false };
            // Whatever fails, nobody reads.
            allows(&app, host.as_ref(), origin.to_owned()).await.unwrap_or_else(|error| {
                tracing::error!(%error, "origins cannot be looked up");
                false
            })
        }
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::async_predicate(allowed))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([CSRF_TOKEN, ETAG, RETRY_AFTER, REVISION, TRACE])
        .max_age(REMEMBERED)
}

async fn allows(app: &App, host: Option<&Host>, origin: String) -> Result<bool, Error> {
    let Some(tenant) = tenants::of_host(app, host).await? else { return Ok(false) };
    let work = async move |reader: &crate::db::Reader<'_>| {
        let by_integration = web_integrations::any_allows(reader, &origin).await?;
        Ok(by_integration || oauth_clients::any_allows(reader, &origin).await?)
    };
    app.db.read(tenant, work).await
}
