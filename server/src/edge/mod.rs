//! What does Rolecall answer under which address? The table of contents.

mod consistency;
mod cors;
mod idempotency;
pub mod openapi;
mod pages;
mod unread;

use std::{any::Any, panic::AssertUnwindSafe, time::Duration};

use axum::{
    BoxError, Router,
    body::{Body, Bytes, HttpBody},
    http::{HeaderName, HeaderValue, Method, Request, header},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use tokio::time::Instant;
use tower_service::Service as _;
use tracing::{Instrument as _, Span};
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
    etag,
    events::http as events,
    explain::http as explain,
    groups::http as groups,
    health::http as health,
    http::{
        operation::{Answered, Operation},
        problem,
        respond::last,
    },
    identity_providers::http as identity_providers,
    invitations::http as invitations,
    licenses::http as licenses,
    limits::Tier,
    links::Origin,
    login::{http as login, invited},
    metrics::Answers,
    oauth::{consent, http as oauth},
    oauth_clients::http as oauth_clients,
    oauth_tokens::http as oauth_tokens,
    roles::http as roles,
    scim::http as scim,
    scopes::http as scopes,
    space_assignments::http as space_assignments,
    spaces::http as spaces,
    spans,
    tenants::http as tenants,
    trace::{self, Parent, TraceId},
    users::http as users,
    web_integrations::http as web_integrations,
    webhook_deliveries::http as webhook_deliveries,
    webhooks::http as webhooks,
    written::{self, Noted},
};

/// The response header with the number of the request (reference/rest-api.md §1.1).
const TRACE: HeaderName = HeaderName::from_static("x-b3-traceid");

/// The number that a caller gave the request; it is given back (AuthZEN 1.0 §10.1.6).
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The request header with what a caller says of its own work (W3C Trace Context §3.2).
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

/// For a year browsers ask a host that is reached over TLS in no other way (RFC 6797 §6.1). They pass it over where it came without.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");

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
    /// What is counted of the question that is asked most.
    evaluations: Answers,
}

/// The operation of answers that are of none.
const OTHER: &str = "other";

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
        let evaluations = app.metrics.of(EVALUATE.operation, EVALUATE.tier.name());
        Self { app, router, for_pages, evaluations }
    }

    /// The answer to a request.
    pub fn answer<B>(&self, request: Request<B>) -> impl Future<Output = Response>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let parent = parent(&request);
        let trace = parent.map_or_else(|| self.app.traces.next(), |parent| parent.trace);
        trace::within(trace, self.observed(request, trace).instrument(spans::request(parent)))
    }

    /// As [`Edge::answer`], with all that is counted and logged of it.
    async fn observed<B>(&self, request: Request<B>, trace: TraceId) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let _in_flight = self.app.metrics.begin();
        let begun = Instant::now();
        let uri = request.uri().clone();
        let path = uri.path();
        let request_id = request.headers().get(REQUEST_ID).cloned();
        let method = request.method().clone();
        let answering = AssertUnwindSafe(self.consistently(request, trace)).catch_unwind();
        let response = answering.await.unwrap_or_else(|panic| panicked(&*panic));
        let mut response = self.finish(response, path, method == Method::PATCH, trace);
        if let Some(id) = request_id {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        let status = response.status().as_u16();
        self.count(&method, path, &response, begun);
        if status < 400 {
            tracing::debug!(%method, path, status, "answered");
        } else {
            tracing::info!(%method, path, status, "refused");
        }
        response
    }

    /// Counts an answer, and says in traces what it was.
    fn count(&self, method: &Method, path: &str, response: &Response, begun: Instant) {
        let (status, time) = (response.status().as_u16(), begun.elapsed());
        let is_evaluation = is_evaluation(method, path);
        let of = if is_evaluation { Some(EVALUATE) } else { response.extensions().get().copied() };
        let operation = of.map_or(OTHER, |of| of.operation);
        spans::answered(&Span::current(), method.as_str(), operation, of.map(|of| of.path), status);
        if is_evaluation {
            return self.evaluations.count(status, time);
        }
        let tier = of.map_or(OTHER, |of| of.tier.name());
        self.app.metrics.count(operation, tier, status, time);
        if problem::is_too_many(response) {
            self.app.metrics.rate_limited.get_or_create(&[("tier", tier)]).inc();
        }
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
        let (once, (response, noted)) = if request.headers().contains_key(idempotency::KEY) {
            match idempotency::named(request.map(Body::new)).await {
                Ok((request, once)) => (once, written::noted(self.dispatch(request, trace)).await),
                Err(error) => return last(error.into_response()),
            }
        } else {
            (None, written::noted(self.dispatch(request, trace)).await)
        };
        let Noted { seen, written } = noted;
        let mut response = consistency::conclude(&self.app, asked, response, written).await;
        let is_read = method == Method::GET && response.status().is_success();
        let tag = seen.filter(|_| is_read).map(etag::of).and_then(|tag| HeaderValue::try_from(tag).ok());
        if let Some(tag) = tag {
            response.headers_mut().entry(header::ETAG).or_insert(tag);
        }
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
        let of_page = request.headers().contains_key(header::ORIGIN);
        if is_evaluation(request.method(), request.uri().path()) && !of_page {
            return access::answer_evaluation(&self.app, trace, request).await;
        }
        request.extensions_mut().insert(trace);
        let (head, body) = request.into_parts();
        let (body, watch) = watched(Body::new(body));
        let router = if of_page { &self.for_pages } else { &self.router };
        let Ok(mut response) = router.clone().call(Request::from_parts(head, body)).await;
        watch.mark(&mut response);
        response
    }

    /// Gives an answer what every answer has.
    fn finish(&self, response: Response, path: &str, is_patch: bool, trace: TraceId) -> Response {
        let mut response = problem::render(response, path, is_patch, trace);
        let headers = response.headers_mut();
        if let Ok(trace) = HeaderValue::from_str(&trace.to_string()) {
            headers.insert(TRACE, trace);
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        if self.app.public_url.as_ref().is_some_and(Origin::is_secure) {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
        }
        response
    }

    /// The answer to a request that is not even looked at.
    #[must_use]
    pub fn refuse(&self, error: Error) -> Response {
        let response = self.finish(error.into_response(), "", false, self.app.traces.next());
        self.app.metrics.count(OTHER, OTHER, response.status().as_u16(), Duration::ZERO);
        response
    }
}

/// The question that is asked most, which does not go through the table of operations unless a page asks it.
const EVALUATE: Answered = Answered { operation: "evaluate", tier: Tier::Decision, path: access::EVALUATION };

fn is_evaluation(method: &Method, path: &str) -> bool {
    *method == Method::POST && path == access::EVALUATION
}

/// What the caller says of its own work, if it says one thing.
fn parent<B>(request: &Request<B>) -> Option<Parent> {
    let mut said = request.headers().get_all(TRACE_PARENT).iter();
    let parent = Parent::read(said.next()?.to_str().ok()?)?;
    said.next().is_none().then_some(parent)
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
    Error::internal(format!("panicked: {}", text.unwrap_or_default())).into_response()
}
