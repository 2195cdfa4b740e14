//! How many requests a second does a server answer, and how long does each take?
//!
//! One thread keeps every connection busy with one request at a time. Requests are made beforehand and answers are only
//! counted off by their length, so that most of the time goes to the server.

use std::{
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use mio::{Events, Interest, Poll, Token, net::TcpStream};

/// The bytes of a request, and what its answer must be.
#[derive(Debug, Clone)]
pub struct Request {
    pub bytes: Vec<u8>,
    pub status: u16,
    /// What must stand in it.
    says: &'static str,
    /// Whether the time it takes is measured.
    counts: bool,
}

impl Request {
    pub fn new(method: &str, path: &str, key: Option<&str>, body: Option<&str>, status: u16) -> Self {
        let key = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
        let head =
            body.map(|body| format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        let (head, body) = (head.unwrap_or_default(), body.unwrap_or_default());
        let text = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{key}{head}\r\n{body}");
        Self { bytes: text.into_bytes(), status, says: "", counts: true }
    }

    /// The same, with one more header.
    pub fn with(self, name: &str, value: &str) -> Self {
        let text =
            String::from_utf8_lossy(&self.bytes).replacen("\r\n", &format!("\r\n{name}: {value}\r\n"), 1);
        Self { bytes: text.into_bytes(), ..self }
    }

    /// The same, sent to another host name.
    pub fn to(self, host: &str) -> Self {
        let text = String::from_utf8_lossy(&self.bytes).replacen(
            "Host: 127.0.0.1\r\n",
            &format!("Host: {host}\r\n"),
            1,
        );
        Self { bytes: text.into_bytes(), ..self }
    }

    /// The same, with this in its answer.
    pub fn saying(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    /// The same, which is not measured.
    pub fn uncounted(self) -> Self {
        Self { counts: false, ..self }
    }

    pub fn get(path: &str, key: Option<&str>) -> Self {
        Self::new("GET", path, key, None, 200)
    }
}

/// What a load measured.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Answers a second.
    pub rate: f64,
    latencies: Vec<u32>,
}

impl Measured {
    /// The time within which this share of the answers came, in microseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let at = ((self.latencies.len().saturating_sub(1)) as f64 * share) as usize;
        self.latencies.get(at).map_or(0.0, |nanos| f64::from(*nanos) / 1000.0)
    }

    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

struct Connection {
    stream: TcpStream,
    request: Request,
    written: usize,
    answer: Vec<u8>,
    begun: Instant,
}

/// Makes the requests that `next` gives until it gives no more or the time is over; `next` is told which connection asks.
///
/// # Errors
/// When the server cannot be reached, or answers with another status than expected.
pub fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    next: impl FnMut(usize) -> Option<Request>,
) -> anyhow::Result<Measured> {
    read(address, connections, time, next, |_, _| Ok(()))
}

/// As [`run`]; `heard` is told the answers, each with the connection that asked.
///
/// # Errors
/// As [`run`], and what `heard` says.
pub fn read(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    mut next: impl FnMut(usize) -> Option<Request>,
    mut heard: impl FnMut(usize, &[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<Measured> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(connections.max(8));
    let mut open = Vec::new();
    for at in 0..connections {
        let Some(request) = next(at) else { break };
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        poll.registry().register(&mut stream, Token(at), Interest::READABLE | Interest::WRITABLE)?;
        open.push(Connection {
            stream,
            request,
            written: 0,
            answer: Vec::with_capacity(64 * 1024),
            begun: Instant::now(),
        });
    }
    let begun = Instant::now();
    let mut latencies = Vec::new();
    let mut running = open.len();
    while running > 0 {
        poll.poll(&mut events, Some(Duration::from_secs(30)))?;
        if events.is_empty() {
            bail!("the server did not answer for 30 seconds");
        }
        for event in &events {
            let at = event.token().0;
            let Some(connection) = open.get_mut(at) else { continue };
            while let Some(latency) = connection.step()? {
                if connection.request.counts {
                    latencies.push(latency);
                }
                heard(at, connection.body())?;
                let more = if begun.elapsed() < time { next(at) } else { None };
                let Some(request) = more else {
                    running -= 1;
                    poll.registry().deregister(&mut connection.stream)?;
                    break;
                };
                connection.begin(request);
            }
        }
    }
    let elapsed = begun.elapsed().as_secs_f64();
    latencies.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = latencies.len() as f64 / elapsed;
    Ok(Measured { rate, latencies })
}

impl Connection {
    fn begin(&mut self, request: Request) {
        self.request = request;
        self.written = 0;
        self.answer.clear();
        self.begun = Instant::now();
    }

    /// Writes and reads what can be; answers how long the request took once its answer is whole.
    fn step(&mut self) -> anyhow::Result<Option<u32>> {
        while let Some(rest) = self.request.bytes.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(written) => self.written += written,
                Err(error) if [ErrorKind::WouldBlock, ErrorKind::NotConnected].contains(&error.kind()) => {
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => bail!("the server closed the connection: {}", String::from_utf8_lossy(&self.answer)),
                Ok(read) => {
                    self.answer.extend(buffer.get(..read).unwrap_or_default());
                    if self.is_whole()? {
                        return Ok(Some(u32::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u32::MAX)));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The body of the answer.
    fn body(&self) -> &[u8] {
        let begin = find(&self.answer, b"\r\n\r\n").map_or(self.answer.len(), |head| head + 4);
        self.answer.get(begin..).unwrap_or_default()
    }

    fn is_whole(&self) -> anyhow::Result<bool> {
        let Some(head) = find(&self.answer, b"\r\n\r\n") else { return Ok(false) };
        let text = String::from_utf8_lossy(self.answer.get(..head).unwrap_or_default());
        let status: u16 = text.get(9..12).and_then(|status| status.parse().ok()).context("no status")?;
        if status != self.request.status {
            bail!("answered {}", String::from_utf8_lossy(&self.answer));
        }
        let length = text.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ").and_then(|length| length.parse().ok())
        });
        let whole = self.answer.len() >= head + 4 + length.unwrap_or(0);
        let says = self.request.says;
        if whole && !says.is_empty() && find(&self.answer, says.as_bytes()).is_none() {
            bail!("expected `{says}`, answered {}", String::from_utf8_lossy(&self.answer));
        }
        Ok(whole)
    }
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}
