//! What does the HTTP library not do with a connection that we need?
//!
//! It drops a `Content-Length` that stands beside a `Transfer-Encoding`, which leaves nothing to refuse such a request by:
//! this stream counts such headers as they come in. And it closes a connection whose request it has not read to the end, upon
//! which the system tells the client that the connection broke, often before the client has read the answer: this stream
//! first reads on for a while.

use std::{
    future::Future,
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::http::{HeaderMap, header};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// How a header begins. A JSON body cannot hold such a line.
const LENGTH: &[u8] = b"\ncontent-length";
/// How long, and how many bytes, a client may go on sending once all was answered.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_SIZE: usize = 16 * 1024 * 1024;

/// How many `Content-Length` headers have come in, without those that requests have.
#[derive(Clone, Default)]
pub(super) struct DeclaredLengths(Arc<AtomicUsize>);

impl DeclaredLengths {
    /// Whether more headers came in than this request and those before it have. A request that was sent behind this one
    /// may have come in already; so this may be true without cause, but only for a request that has no length itself.
    pub(super) fn dropped_from(&self, headers: &HeaderMap) -> bool {
        let own = headers.get_all(header::CONTENT_LENGTH).iter().count();
        let before = self.0.fetch_sub(own.min(self.0.load(Ordering::Relaxed)), Ordering::Relaxed);
        before > own
    }
}

pub(super) struct Stream {
    tcp: TcpStream,
    /// Bytes of [`LENGTH`] that the last ones read are.
    matched: usize,
    lengths: DeclaredLengths,
    /// Set once all was answered: how long to read on yet, and how many bytes.
    linger: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, lengths: DeclaredLengths) -> Self {
        // The first line has no line before it.
        Self { tcp, matched: 1, lengths, linger: None }
    }

    fn watch(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.matched = match LENGTH.get(self.matched) {
                Some(next) if byte.to_ascii_lowercase() == *next => self.matched + 1,
                _ => usize::from(*byte == b'\n'),
            };
            if self.matched == LENGTH.len() {
                self.lengths.0.fetch_add(1, Ordering::Relaxed);
                self.matched = 0;
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.tcp).poll_read(context, buffer);
        self.watch(buffer.filled().get(before..).unwrap_or_default());
        result
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    /// Says that nothing more is sent, then reads until the client ends too, within bounds.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { tcp, linger, .. } = &mut *self;
        if linger.is_none() {
            ready!(Pin::new(&mut *tcp).poll_shutdown(context))?;
        }
        let (time, left) = linger.get_or_insert_with(|| (Box::pin(sleep(LINGER)), LINGER_SIZE));
        let mut space = [MaybeUninit::uninit(); 8192];
        while *left > 0 && time.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut *tcp).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                break;
            }
            *left = left.saturating_sub(buffer.filled().len());
        }
        Poll::Ready(Ok(()))
    }
}
