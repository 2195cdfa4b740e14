//! Where do traces go? Nowhere, unless OpenTelemetry's own variables of the environment name a collector.

use std::{
    env,
    fmt::{self, Debug},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use opentelemetry::{
    KeyValue,
    trace::{SpanId, TraceId, TracerProvider as _},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{IdGenerator, RandomIdGenerator, SdkTracer, SdkTracerProvider},
};
use rolecall_server::trace;
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

/// How long the last spans may take to be sent when the server stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends spans to a collector, many at once.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins, if the environment names a collector (OpenTelemetry: OTLP exporter and SDK configuration).
    ///
    /// # Errors
    /// When the collector cannot be reached in the way the environment asks for.
    pub fn wanted() -> anyhow::Result<Option<Self>> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let collector = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
        let off = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || variable("OTEL_TRACES_EXPORTER").is_some_and(|exporter| exporter == "none");
        if off || !collector.iter().any(|name| variable(name).is_some()) {
            return Ok(None);
        }
        for name in ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"] {
            if variable(name).is_some_and(|protocol| protocol != "http/protobuf") {
                bail!("`{name}` must be `http/protobuf`, the only way in which traces are sent");
            }
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new()?)
            .with_protocol(Protocol::HttpBinary)
            .build()
            .context("traces cannot be sent as the variables `OTEL_EXPORTER_OTLP_…` ask for")?;
        let named = variable("OTEL_SERVICE_NAME").is_some()
            || variable("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|given| given.contains("service.name="));
        let resource =
            Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let resource = if named { resource } else { resource.with_service_name("rolecall") };
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_id_generator(Numbers::default())
            .with_resource(resource.build())
            .build();
        Ok(Some(Self(provider)))
    }

    /// What makes spans of the program's into those that are sent.
    pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>(&self) -> OpenTelemetryLayer<S, SdkTracer> {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("rolecall"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
    }

    /// Sends what was not sent yet.
    pub async fn end(traces: Option<Self>) {
        let Some(Self(provider)) = traces else { return };
        let sent = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(PATIENCE)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::warn!("the last spans were not sent");
        }
    }
}

/// Traces have the number of the request they begin with.
#[derive(Debug, Clone, Default)]
struct Numbers(RandomIdGenerator);

impl IdGenerator for Numbers {
    fn new_trace_id(&self) -> TraceId {
        let request = trace::present().map(|trace| TraceId::from_bytes(u128::from(trace).to_be_bytes()));
        request.unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}

/// The way to the collector. The library sends from a thread of its own, where the client cannot run.
struct Collector {
    client: reqwest::Client,
    runtime: Handle,
    /// Whether the last spans were not taken. Only the first failure of a row is logged.
    failing: AtomicBool,
}

impl Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector")
    }
}

impl Collector {
    fn new() -> anyhow::Result<Self> {
        // Only the library's own choice of cryptography; that it was chosen before does no harm.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        Ok(Self { client: client.build()?, runtime: Handle::current(), failing: AtomicBool::new(false) })
    }

    async fn send(
        client: reqwest::Client,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, reqwest::Error> {
        let response = client.execute(request.try_into()?).await?;
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = response.headers().clone();
        *answer.body_mut() = response.bytes().await?;
        Ok(answer)
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.spawn(Self::send(self.client.clone(), request)).await?;
        // The address may have a password in it.
        let sent = sent.map_err(reqwest::Error::without_url);
        let failed = !sent.as_ref().is_ok_and(|answer| answer.status().is_success());
        if failed && !self.failing.swap(failed, Ordering::Relaxed) {
            let status = sent.as_ref().ok().map(|answer| answer.status().as_u16());
            tracing::warn!(
                status,
                error = sent.as_ref().err().map(tracing::field::display),
                "traces cannot be sent"
            );
        }
        self.failing.store(failed, Ordering::Relaxed);
        Ok(sent?)
    }
}
