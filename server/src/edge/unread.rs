//! Was all of a request's body read?
//!
//! What follows on a connection whose body was not read cannot be told from it, so the connection ends; the answer says so, or
//! a client would send its next request into nothing.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use hyper::body::{Frame, SizeHint};

use crate::http::respond::end;

/// A body, and whether it was read to its end.
struct Watched(Body, Arc<AtomicBool>);

/// Knows whether a body was read to its end.
pub struct Watch(Arc<AtomicBool>);

/// The same body, watched.
pub fn watched(body: Body) -> (Body, Watch) {
    let ended = Arc::new(AtomicBool::new(body.is_end_stream()));
    (Body::new(Watched(body, Arc::clone(&ended))), Watch(ended))
}

impl Watch {
    /// Says in an answer that the connection ends with it, where some of the body was not read.
    pub fn mark(&self, response: &mut Response) {
        if !self.0.load(Ordering::Relaxed) {
            end(response);
        }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.0).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.0.is_end_stream() {
            self.1.store(true, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
