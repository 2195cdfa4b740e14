//! What does Rolecall answer under which address? The table of contents.

mod consistency;
mod cors;
mod idempotency;
pub mod openapi;
mod pages;
mod unread;

use std::{any::Any, panic::AssertUnwindSafe};

use axum::{
    BoxError, Router,
    body::{Body, Bytes, HttpBody},
    http::{HeaderName, HeaderValue, Method, Request, header},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use tower_service::Service as _;
use unread::watched;

use crate::{
    access::{forward, http as access},
    api_keys::http as api_keys,
    app::App,
    assignments::http as assignments,
    audits::http as audits,
    auth_settings::http as auth_settings,
    csrf_token::http as csrf_token,
    error::Error,
    events::http as events,
    explain::http as explain,
    groups::http as groups,
    health::http as health,
    http::{operation::Operation, problem, respond::last},
    identity_providers::http as identity_providers,
    invitations::http as invitations,
    licenses::http as licenses,
    login::{http as login, invited},
    oauth::{consent, http as oauth},
    oauth_clients::http as oauth_clients,
    oauth_tokens::http as oauth_tokens,
    roles::http as roles,
    scim::http as scim,
    scopes::http as scopes,
    space_assignments::http as space_assignments,
    spaces::http as spaces,
    tenants::http as tenants,
    trace::TraceId,
    users::http as users,
    web_integrations::http as web_integrations,
    webhook_deliveries::http as webhook_deliveries,
    webhooks::http as webhooks,
    written,
};

/// The response header with the number of the request (reference/rest-api.md §1.1).
const TRACE: HeaderName = HeaderName::from_static("x-b3-traceid");

/// The number that a caller gave the request; it is given back (AuthZEN 1.0 §10.1.6).
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// All operations of the API.
pub fn operations() -> Vec<Operation> {
    [
        roles::operations(),
        users::operations(),
        assignments::operations(),
        invitations::operations(),
        groups::operations(),
        spaces::operations(),
        space_assignments::operations(),
        tenants::operations(),
        api_keys::operations(),
        licenses::operations(),
        oauth::operations(),
        consent::operations(),
        oauth_clients::operations(),
        oauth_tokens::operations(),
        identity_providers::operations(),
        login::operations(),
        invited::operations(),
        csrf_token::operations(),
        web_integrations::operations(),
        auth_settings::operations(),
        webhooks::operations(),
        webhook_deliveries::operations(),
        events::operations(),
        scopes::operations(),
        scim::operations(),
        access::operations(),
        explain::operations(),
        audits::operations(),
        health::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Answers requests.
pub struct Edge {
    app: App,
    router: Router,
    /// The same for requests of pages, which browsers let read an answer only if it says so.
    for_pages: Router,
}

impl Edge {
    /// The edge of an installation.
    #[must_use]
    pub fn new(app: App) -> Self {
        let router = operations()
            .into_iter()
            .fold(Router::new(), |router, operation| router.route(operation.path, operation.into_route()));
        let router = router
            .merge(pages::router())
            .merge(forward::router())
            .fallback(|| async { Error::NotFound })
            .with_state(app.clone());
        let for_pages = router.clone().layer(cors::layer(app.clone()));
        Self { app, router, for_pages }
    }

    /// The answer to a request.
    pub async fn answer<B>(&self, request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let trace = self.app.traces.next();
        let uri = request.uri().clone();
        let path = uri.path();
        let request_id = request.headers().get(REQUEST_ID).cloned();
        let method = request.method().clone();
        let answering = AssertUnwindSafe(self.consistently(request, trace)).catch_unwind();
        let response = answering.await.unwrap_or_else(|panic| panicked(&*panic));
        let mut response = finish(response, path, method == Method::PATCH, trace);
        if let Some(id) = request_id {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        let status = response.status().as_u16();
        if status < 400 {
            tracing::debug!(%trace, %method, path, status, "answered");
        } else {
            tracing::info!(%trace, %method, path, status, "refused");
        }
        response
    }

    /// An answer that is as new as the request asks and as the node may give.
    async fn consistently<B>(&self, request: Request<B>, trace: TraceId) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let asked = match consistency::prepare(&self.app, request.headers()).await {
            Ok(asked) => asked,
            // Its body was not read.
            Err(error) => return last(error.into_response()),
        };
        let (once, (response, written)) = if request.headers().contains_key(idempotency::KEY) {
            match idempotency::named(request.map(Body::new)).await {
                Ok((request, once)) => (once, written::noted(self.dispatch(request, trace)).await),
                Err(error) => return last(error.into_response()),
            }
        } else {
            (None, written::noted(self.dispatch(request, trace)).await)
        };
        let mut response = consistency::conclude(&self.app, asked, response, written).await;
        if let Some(once) = once {
            response = idempotency::keep(&self.app, &once, response).await;
        }
        consistency::in_time(asked, &method, uri.path(), written.is_some(), response)
    }

    async fn dispatch<B>(&self, mut request: Request<B>, trace: TraceId) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        if request.method() == Method::POST && request.uri().path() == access::EVALUATION {
            return access::answer_evaluation(&self.app, trace, request).await;
        }
        request.extensions_mut().insert(trace);
        let (head, body) = request.into_parts();
        let (body, watch) = watched(Body::new(body));
        let router = if head.headers.contains_key(header::ORIGIN) { &self.for_pages } else { &self.router };
        let Ok(mut response) = router.clone().call(Request::from_parts(head, body)).await;
        watch.mark(&mut response);
        response
    }

    /// The answer to a request that is not even looked at.
    #[must_use]
    pub fn refuse(&self, error: Error) -> Response {
        finish(error.into_response(), "", false, self.app.traces.next())
    }
}

/// Gives an answer what every answer has.
fn finish(response: Response, path: &str, is_patch: bool, trace: TraceId) -> Response {
    let mut response = problem::render(response, path, is_patch, trace);
    let headers = response.headers_mut();
    if let Ok(trace) = HeaderValue::from_str(&trace.to_string()) {
        headers.insert(TRACE, trace);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
    Error::internal(format!("panicked: {}", text.unwrap_or_default())).into_response()
}
