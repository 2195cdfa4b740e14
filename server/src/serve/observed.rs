//! What may whoever watches over the server ask, apart from those it serves? Its numbers, and whether it is well.
//!
//! An address of its own, so that nobody reaches it who reaches the API (threats T90).

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::sleep,
};
use tower_service::Service as _;

use super::scrape::{OPEN_METRICS, Scrape};
use crate::{
    app::App,
    error::Error,
    health::http::{livez, readyz},
    http::problem,
};

/// How long the head of a request may take to arrive, and how long a connection may wait for the next one.
const HEAD: Duration = Duration::from_secs(10);
/// Bytes of the longest head of a request.
const HEAD_SIZE: usize = 16 * 1024;
/// Connections at once; more wait.
const CONNECTIONS: usize = 16;
/// How long to wait when no connection can be accepted.
const BREATH: Duration = Duration::from_millis(50);

/// Answers whoever watches over the server, for as long as nobody lets go of this.
pub async fn serve(app: App, listener: TcpListener) -> Infallible {
    let scrape = Arc::new(Scrape::new(&app));
    let numbers = get(move || async move { numbers(&scrape) });
    let router = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .with_state(app.clone())
        .route("/metrics", numbers)
        .fallback(|| async { Error::NotFound });
    let open = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&open).acquire_owned().await else { continue };
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let answering = connection(stream, app.clone(), router.clone());
                connections.spawn(async move {
                    answering.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection for metrics could not be accepted");
                sleep(BREATH).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, app: App, router: Router) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (app, mut router) = (app.clone(), router.clone());
        async move {
            let path = request.uri().path().to_owned();
            let Ok(response) = router.call(request.map(axum::body::Body::new)).await;
            Ok::<Response, Infallible>(problem::render(response, &path, false, app.traces.next()))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection for metrics ended");
    }
}

fn numbers(scrape: &Scrape) -> Result<Response, Error> {
    let text = scrape.text().map_err(Error::internal)?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
