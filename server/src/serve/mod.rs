//! How do requests come in, and how does the server stop?
//!
//! Connections are bounded in number, a request's head must arrive in time, and what is not quite HTTP is refused before
//! anybody acts on it (threats T48, T86).

pub mod observed;
pub mod scrape;
mod stream;

use std::{convert::Infallible, future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::{
    http::{Request, Version, header},
    response::Response,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown};
use stream::{Notes, Stream};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, interval, interval_at, sleep, timeout},
};

use crate::{
    app::App, audits::retain::retain, edge::Edge, error::Error, http::respond::last, nodes,
    tenants::purge::purge, webhook_deliveries::run::run, write::note_seen,
};

/// How long the head of a request may take to arrive, and how long a connection may wait for the next one.
const HEAD: Duration = Duration::from_secs(10);
/// Bytes of the longest head of a request.
const HEAD_SIZE: usize = 64 * 1024;
/// How long sent bytes may wait for the other side to take them.
#[cfg(target_os = "linux")]
const STALLED: Duration = Duration::from_secs(30);
/// How long running requests may take to end once the server stops.
const DRAIN: Duration = Duration::from_secs(30);
/// How often it is written down when sessions were last used.
const NOTING: Duration = Duration::from_secs(30);
/// How often to look for tenants whose day of deletion has come.
const PURGING: Duration = Duration::from_mins(1);
/// How often to look for days of audit trails that belong in the archive.
const RETAINING: Duration = Duration::from_mins(15);
/// How long to wait when no connection can be accepted, for example because there are too many open files.
const BREATH: Duration = Duration::from_millis(50);

/// Serves an installation until `stop` ends; then says that it is not ready, waits `notice` for whoever sends requests to
/// notice, lets running requests end, and closes the database.
pub async fn serve(
    app: App,
    listener: TcpListener,
    connections: usize,
    notice: Duration,
    stop: impl Future<Output = ()>,
) {
    let following = tokio::spawn(nodes::follow(app.clone()));
    nodes::first_beacon(&app).await;
    let edge = Arc::new(Edge::new(app.clone()));
    let open = Arc::new(Semaphore::new(connections));
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(async {
        stop.await;
        app.drain();
        sleep(notice).await;
    });
    let mut noting = interval(NOTING);
    let purging = tokio::spawn(purge_tenants(app.clone()));
    let retaining = tokio::spawn(retain_audits(app.clone()));
    let delivering = tokio::spawn(run(app.clone()));
    loop {
        let accepted = tokio::select! {
            _ = noting.tick() => {
                let app = app.clone();
                tokio::spawn(async move { note_seen(&app).await });
                continue;
            }
            accepted = accept(&listener, &open) => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, permit)) => connect(&app, (stream, permit), Arc::clone(&edge), &graceful),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    purging.abort();
    retaining.abort();
    delivering.abort();
    if timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests still ran when the server stopped");
    }
    note_seen(&app).await;
    following.abort();
    app.close().await;
}

/// Deletes tenants on their day, one look after the other.
async fn purge_tenants(app: App) {
    let mut looking = interval(PURGING);
    loop {
        looking.tick().await;
        if let Err(error) = purge(&app).await {
            tracing::warn!(%error, "tenants whose day has come were not deleted");
        }
    }
}

/// Moves past days of audit trails into the archive, one look after the other.
async fn retain_audits(app: App) {
    // Not at once: whatever starts a server wants it to answer first.
    let mut looking = interval_at(Instant::now() + RETAINING, RETAINING);
    loop {
        looking.tick().await;
        if let Err(error) = retain(&app).await {
            tracing::warn!(%error, "past days of audit trails were not moved into the archive");
        }
    }
}

/// Waits until there may be one more connection, and for it.
async fn accept(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(open).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(STALLED))?;
    Ok((stream, permit))
}

fn connect(
    app: &App,
    (stream, permit): (TcpStream, OwnedSemaphorePermit),
    edge: Arc<Edge>,
    graceful: &GracefulShutdown,
) {
    let notes = Notes::new();
    let stream = Stream::new(stream, notes.clone(), HEAD);
    // Counted by connection: what all requests count is waited for by all processors.
    let shared = Arc::new((edge, notes));
    let service = service_fn(move |request: Request<Incoming>| {
        let shared = Arc::clone(&shared);
        // At once: the library reads once more before it begins to answer.
        shared.1.answering();
        async move {
            let (edge, notes) = &*shared;
            let answer = answer(edge, request, notes).await;
            notes.awaiting();
            Ok::<Response, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    let app = app.clone();
    tokio::spawn(async move {
        app.metrics.connections.inc();
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
        app.metrics.connections.dec();
        drop(permit);
    });
}

async fn answer(edge: &Edge, request: Request<Incoming>, notes: &Notes) -> Response {
    match not_quite_http(&request, notes) {
        Some(why) => last(edge.refuse(Error::invalid(why))),
        None => edge.answer(request).await,
    }
}

/// What is wrong with a request that the library takes and others might read otherwise (RFC 9112 §3.2, §6.1, §6.3).
fn not_quite_http(request: &Request<Incoming>, notes: &Notes) -> Option<&'static str> {
    let headers = request.headers();
    let mut encodings = headers.get_all(header::TRANSFER_ENCODING).iter();
    if let Some(encoding) = encodings.next() {
        if notes.said_twice() {
            return Some("a body has either a length or a transfer encoding, not both");
        }
        if encodings.next().is_some() || !encoding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Some("the only transfer encoding is `chunked`");
        }
    }
    let hosts = headers.get_all(header::HOST).iter().count();
    let needed = request.version() == Version::HTTP_11;
    (hosts > 1 || (hosts == 0 && needed)).then_some("a request has one host")
}
