//! How does what happens show in traces? Names are those of OpenTelemetry's semantic conventions for HTTP and databases.
//!
//! Nobody makes these spans unless traces are wanted: they have a target of their own, which logs leave out. They name
//! operations and machines, and no tenant, person or path.

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use tracing::{Span, field::Empty, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::trace::{self, Parent};

/// The target of these spans.
pub const TARGET: &str = "rolecall::spans";

/// A request, as a part of what its caller does. What it was is known when it is answered.
pub fn request(parent: Option<Parent>) -> Span {
    let span = info_span!(
        target: TARGET,
        "request",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
        rolecall.operation = Empty,
    );
    if let Some(Parent { trace, span: id, is_sampled }) = parent.filter(|_| !span.is_disabled()) {
        let flags = if is_sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
        let trace = TraceId::from_bytes(u128::from(trace).to_be_bytes());
        let id = SpanId::from_bytes(id.to_be_bytes());
        let caller = SpanContext::new(trace, id, flags, true, TraceState::NONE);
        let _ = span.set_parent(Context::new().with_remote_span_context(caller));
    }
    span
}

/// Says what a request was. Methods that are not of HTTP are not repeated.
pub fn answered(span: &Span, method: &str, operation: &str, route: Option<&str>, status: u16) {
    if span.is_disabled() {
        return;
    }
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let method = known.into_iter().find(|known| *known == method);
    span.record("http.request.method", method.unwrap_or("_OTHER"));
    span.record("rolecall.operation", operation);
    span.record("http.response.status_code", i64::from(status));
    let mut name = method.unwrap_or("HTTP").to_owned();
    if let Some(route) = route {
        span.record("http.route", route);
        name = format!("{name} {route}");
    }
    // Recording `otel.name` would not do: the span has begun.
    span.context().span().update_name(name);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// A transaction of the database, with the wait for it. What is no part of a request is not traced.
pub fn transaction(system: &'static str, kind: &'static str) -> Span {
    if trace::present().is_none() {
        return Span::none();
    }
    info_span!(
        target: TARGET,
        "transaction",
        otel.name = kind,
        otel.kind = "client",
        db.system.name = system,
        db.operation.name = kind,
    )
}

/// A request to another machine, of which only the name is told.
pub fn outgoing(method: &'static str, host: &str) -> Span {
    info_span!(
        target: TARGET,
        "outgoing",
        otel.name = method,
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = method,
        http.response.status_code = Empty,
        server.address = host,
    )
}

/// Says what came of the request to another machine that is being made here: its status, or none if there was no answer.
pub fn outcome(status: Option<u16>) {
    let span = Span::current();
    match status {
        Some(status) => span.record("http.response.status_code", i64::from(status)),
        None => span.record("otel.status_code", "ERROR"),
    };
}
