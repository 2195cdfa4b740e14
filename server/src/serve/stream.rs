//! What does the HTTP library not do with a connection that we need?
//!
//! It drops a `Content-Length` that stands beside a `Transfer-Encoding`, which leaves nothing to refuse such a request by:
//! this stream notes such a head as it comes in. It sets a timer anew for each head that is awaited, which costs more than
//! reading the head: this stream keeps one timer, and looks at the clock when it rings. And it closes a connection whose
//! request it has not read to the end, upon which the system tells the client that the connection broke, often before the
//! client has read the answer: this stream first reads on for a while.

use std::{
    future::Future,
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// How the headers begin that say where a body ends.
const LENGTH: &[u8] = b"content-length:";
const ENCODING: &[u8] = b"transfer-encoding:";

/// How long, and how many bytes, a client may go on sending once all was answered.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_SIZE: usize = 16 * 1024 * 1024;

/// What a stream and whoever answers the requests in it tell each other.
#[derive(Clone)]
pub(super) struct Notes(Arc<Noted>);

struct Noted {
    /// Whether the head of a request has come in that says twice where its body ends.
    said_twice: AtomicBool,
    begun: Instant,
    /// Since when the next head is awaited, in milliseconds from the begin; [`ANSWERING`] while it is not.
    awaited: AtomicU64,
    /// Whether bytes of an answer wait for the other side to take them. The system looks after that.
    stalled: AtomicBool,
}

const ANSWERING: u64 = u64::MAX;

impl Notes {
    pub(super) fn new() -> Self {
        let (said_twice, stalled) = (AtomicBool::new(false), AtomicBool::new(false));
        Self(Arc::new(Noted { said_twice, begun: Instant::now(), awaited: AtomicU64::new(0), stalled }))
    }

    /// Whether a head that says it twice has come in since this was last asked.
    pub(super) fn said_twice(&self) -> bool {
        self.0.said_twice.swap(false, Ordering::Relaxed)
    }

    /// Notes that a head has come in, and is being answered.
    pub(super) fn answering(&self) {
        self.0.awaited.store(ANSWERING, Ordering::Relaxed);
    }

    /// Notes that the next head is awaited.
    pub(super) fn awaiting(&self) {
        let millis = u64::try_from(self.0.begun.elapsed().as_millis()).unwrap_or_default();
        self.0.awaited.store(millis, Ordering::Relaxed);
    }

    /// Notes whether bytes of an answer could be sent. As long as there are some, the next head is not overdue.
    fn sent(&self, sent: bool) {
        self.0.stalled.store(!sent, Ordering::Relaxed);
        if self.0.awaited.load(Ordering::Relaxed) != ANSWERING {
            self.awaiting();
        }
    }

    /// Since when the next head is awaited, if it is.
    fn awaited(&self) -> Option<Instant> {
        let millis = Some(self.0.awaited.load(Ordering::Relaxed)).filter(|millis| *millis != ANSWERING)?;
        if self.0.stalled.load(Ordering::Relaxed) {
            return None;
        }
        Some(self.0.begun + Duration::from_millis(millis))
    }
}

/// Looks at lines as they come in. A JSON body has no lines like those of a head, so what is in a body does no harm.
#[derive(Default)]
struct Watch {
    /// The beginning of a line that has not come in as a whole.
    begun: Vec<u8>,
    length: bool,
    encoding: bool,
}

impl Watch {
    /// Takes bytes; answers whether a head with both headers ended in them.
    fn ends_head_with_both(&mut self, mut bytes: &[u8]) -> bool {
        let mut both = false;
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            if self.begun.is_empty() {
                both |= self.line(line);
            } else {
                self.begin(line);
                let line = std::mem::take(&mut self.begun);
                both |= self.line(&line);
            }
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.begin(bytes);
        both
    }

    /// Keeps as much of the beginning of a line as tells a header.
    fn begin(&mut self, bytes: &[u8]) {
        let room = ENCODING.len().saturating_sub(self.begun.len());
        self.begun.extend(bytes.iter().take(room));
    }

    /// Takes a line; answers whether it ends a head with both headers.
    fn line(&mut self, line: &[u8]) -> bool {
        let is = |name: &[u8]| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        self.length |= is(LENGTH);
        self.encoding |= is(ENCODING);
        if !matches!(line, [] | [b'\r']) {
            return false;
        }
        let both = self.length && self.encoding;
        (self.length, self.encoding) = (false, false);
        both
    }
}

pub(super) struct Stream {
    tcp: TcpStream,
    watch: Watch,
    notes: Notes,
    /// How long a head may be awaited, and when to look next whether one has been for longer.
    patience: Duration,
    look: Pin<Box<Sleep>>,
    /// Set once all was answered: how long to read on yet, and how many bytes.
    linger: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, notes: Notes, patience: Duration) -> Self {
        let look = Box::pin(sleep(patience));
        Self { tcp, watch: Watch::default(), notes, patience, look, linger: None }
    }

    /// Whether a head has been awaited for too long. If not, looks again when it might have been.
    fn has_no_patience(&mut self, context: &mut Context<'_>) -> bool {
        while self.look.as_mut().poll(context).is_ready() {
            let end = self.notes.awaited().unwrap_or_else(Instant::now) + self.patience;
            if end <= Instant::now() {
                return true;
            }
            self.look.as_mut().reset(end);
        }
        false
    }

    fn watch(&mut self, bytes: &[u8]) {
        if self.watch.ends_head_with_both(bytes) {
            self.notes.0.said_twice.store(true, Ordering::Relaxed);
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
        if result.is_pending() && self.has_no_patience(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
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
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.notes.sent(written.is_ready());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, bytes);
        self.notes.sent(written.is_ready());
        written
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

#[cfg(test)]
mod tests {
    use super::*;

    /// However the bytes are cut, a head that says it twice is seen, and nothing else.
    #[test]
    fn heads_are_seen_however_they_are_cut() {
        let twice = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX: y\r\nCONTENT-LENGTH: 3\r\n\r\n";
        let once = "POST / HTTP/1.1\r\nContent-Length: 26\r\n\r\n{\"transfer-encoding:\": 1}\r\nPOST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        for (text, expected) in [(twice, true), (once, false)] {
            for size in 1..text.len() {
                let mut watch = Watch::default();
                let seen =
                    text.as_bytes().chunks(size).filter(|part| watch.ends_head_with_both(part)).count();
                assert_eq!(seen, usize::from(expected), "{size}: {text}");
            }
        }
    }
}
