//! May the request that Envoy asks about go through? (`envoy.service.auth.v3.Authorization`, over gRPC)
//!
//! Envoy sends the head of each request. The scope that the route needs stands in the route's configuration, as the context
//! extension `scope`; the answer lets the request through with who the user is, or says what to answer instead.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::http::{Request as HttpRequest, request::Parts};
use prost::Message;
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    body::Body,
    codegen::{Service, http},
    server::{Grpc, NamedService, UnaryService},
    transport::{Server, server::TcpIncoming},
};
use tonic_prost::ProstCodec;

use super::forward::{identity, permitted};
use crate::{
    app::App,
    caller::{Bearer, Caller},
    error::Error,
    limits::Tier,
    nodes,
    trace::{self, Parent},
};

/// What Envoy asks. Only what is looked at is here; protobuf leaves out the rest.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CheckRequest {
    #[prost(message, optional, tag = "1")]
    pub attributes: Option<Attributes>,
}

/// What the request is, and what its route's configuration says.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Attributes {
    #[prost(message, optional, tag = "4")]
    pub request: Option<Asked>,
    #[prost(map = "string, string", tag = "10")]
    pub context_extensions: HashMap<String, String>,
}

/// The request.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Asked {
    #[prost(message, optional, tag = "2")]
    pub http: Option<Head>,
}

/// Its head; the names of headers are in lower case.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Head {
    #[prost(map = "string, string", tag = "3")]
    pub headers: HashMap<String, String>,
}

/// The answer: a status of 0 lets the request through.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CheckResponse {
    #[prost(message, optional, tag = "1")]
    pub status: Option<RpcStatus>,
    #[prost(message, optional, tag = "2")]
    pub denied: Option<Denied>,
    #[prost(message, optional, tag = "3")]
    pub allowed: Option<Allowed>,
}

/// A status of gRPC.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: String,
}

/// What to answer instead.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Denied {
    #[prost(message, optional, tag = "1")]
    pub status: Option<HttpStatus>,
    #[prost(string, tag = "3")]
    pub body: String,
}

/// A status of HTTP.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct HttpStatus {
    #[prost(int32, tag = "1")]
    pub code: i32,
}

/// What to send on.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Allowed {
    #[prost(message, repeated, tag = "2")]
    pub headers: Vec<HeaderOption>,
    /// Headers that are taken away first, so that nobody sends them in our name.
    #[prost(string, repeated, tag = "5")]
    pub headers_to_remove: Vec<String>,
}

/// A header that takes the place of one with the same name.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct HeaderOption {
    #[prost(message, optional, tag = "1")]
    pub header: Option<Header>,
}

/// A header.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Header {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// The extension of a route's configuration that names the scope; several with blanks between them.
const SCOPE: &str = "scope";

/// The codes of gRPC that are answered: let it through, and two kinds of no.
const OK: i32 = 0;
const PERMISSION_DENIED: i32 = 7;
const UNAUTHENTICATED: i32 = 16;

/// Serves Envoy until `stop` ends.
///
/// # Errors
/// When connections cannot be accepted.
pub async fn serve(app: App, listener: TcpListener, stop: impl Future<Output = ()>) -> Result<(), Error> {
    nodes::first_beacon(&app).await;
    let server = Server::builder().add_service(Authorization(app));
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    server.serve_with_incoming_shutdown(incoming, stop).await.map_err(Error::internal)
}

/// The service that Envoy calls.
#[derive(Clone)]
struct Authorization(App);

impl NamedService for Authorization {
    const NAME: &'static str = "envoy.service.auth.v3.Authorization";
}

type Answering<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl Service<http::Request<Body>> for Authorization {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answering<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            if request.uri().path() != "/envoy.service.auth.v3.Authorization/Check" {
                return Ok(Status::unimplemented("there is only `Check`").into_http());
            }
            let codec: ProstCodec<CheckResponse, CheckRequest> = ProstCodec::default();
            Ok(Grpc::new(codec).unary(service, request).await)
        })
    }
}

impl UnaryService<CheckRequest> for Authorization {
    type Response = CheckResponse;
    type Future = Answering<Response<CheckResponse>, Status>;

    fn call(&mut self, request: Request<CheckRequest>) -> Self::Future {
        let app = self.0.clone();
        Box::pin(async move { Ok(Response::new(check(&app, request.into_inner()).await)) })
    }
}

/// The number of the request is that which Envoy was sent, if it was sent one.
async fn check(app: &App, asked: CheckRequest) -> CheckResponse {
    let CheckRequest { attributes } = asked;
    let Attributes { request, context_extensions } = attributes.unwrap_or_default();
    let headers = request.and_then(|request| request.http).unwrap_or_default().headers;
    let parent = headers.get("traceparent").and_then(|parent| Parent::read(parent));
    let trace = parent.map_or_else(|| app.traces.next(), |parent| parent.trace);
    trace::within(trace, answer(app, &headers, &context_extensions)).await
}

async fn answer(
    app: &App,
    headers: &HashMap<String, String>,
    context_extensions: &HashMap<String, String>,
) -> CheckResponse {
    let scopes: Vec<String> = context_extensions
        .get(SCOPE)
        .map(|scopes| scopes.split_whitespace().map(str::to_owned).collect())
        .unwrap_or_default();
    let term = app.lease.term();
    let judged = allowed(app, headers, &scopes).await;
    // As `edge` does it for HTTP.
    match judged.and_then(|headers| if term.is_running() { Ok(headers) } else { Err(Error::Unavailable) }) {
        Ok(headers) => CheckResponse {
            status: Some(RpcStatus { code: OK, message: String::new() }),
            allowed: Some(headers),
            denied: None,
        },
        Err(error) => {
            let (code, status) = match error {
                Error::Unauthenticated | Error::OtherTenant => (UNAUTHENTICATED, 401),
                Error::TooManyRequests(_) => (PERMISSION_DENIED, 429),
                ref fault if fault.is_fault() => (PERMISSION_DENIED, 503),
                _ => (PERMISSION_DENIED, 403),
            };
            let message = match error {
                Error::Internal(_) => String::from("no decision is possible now"),
                other => other.to_string(),
            };
            CheckResponse {
                status: Some(RpcStatus { code, message: message.clone() }),
                denied: Some(Denied { status: Some(HttpStatus { code: status }), body: message }),
                allowed: None,
            }
        }
    }
}

/// What is sent on with a request that may go through.
async fn allowed(app: &App, headers: &HashMap<String, String>, scopes: &[String]) -> Result<Allowed, Error> {
    let parts = head(headers)?;
    let caller = Caller::<Bearer>::of(&parts, app, app.traces.present(), Tier::Decision).await?;
    let user = permitted(app, &caller, scopes).await?;
    let mut sent = Allowed { headers: Vec::new(), headers_to_remove: Vec::new() };
    for (name, value) in identity(&user) {
        match value.as_ref().and_then(|value| value.to_str().ok()) {
            Some(value) => sent.headers.push(HeaderOption {
                header: Some(Header { key: name.to_owned(), value: value.to_owned() }),
            }),
            None => sent.headers_to_remove.push(name.to_owned()),
        }
    }
    Ok(sent)
}

/// The head of the request that Envoy was sent, as far as it says who asks and whom.
fn head(headers: &HashMap<String, String>) -> Result<Parts, Error> {
    let host = headers.get(":authority").or_else(|| headers.get("host"));
    let sent = [("authorization", headers.get("authorization")), ("host", host)];
    let sent = sent.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let request = sent.fold(HttpRequest::builder(), |request, (name, value)| request.header(name, value));
    Ok(request.body(()).map_err(|_| Error::Unauthenticated)?.into_parts().0)
}
