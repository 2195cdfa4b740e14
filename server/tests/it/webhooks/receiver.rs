//! A receiver of events on this machine that answers as it is told.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Barrier, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// What was received.
#[derive(Debug, Clone)]
pub struct Got {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Got {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The name of what the event is about.
    pub fn name(&self) -> String {
        self.json()["data"]["name"].as_str().unwrap_or_default().to_owned()
    }
}

/// How to answer: with a response as text, or not at all.
#[derive(Clone)]
pub enum Answer {
    Text(String),
    /// The same once somebody else waits there too.
    Held(Arc<Barrier>, String),
    Hang,
}

fn text(status: u16) -> String {
    format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n")
}

/// An answer with a status and nothing else.
pub fn status(status: u16) -> Answer {
    Answer::Text(text(status))
}

/// The same, and where to wait so that it is given.
pub fn held(status: u16) -> (Answer, Arc<Barrier>) {
    let barrier = Arc::new(Barrier::new(2));
    (Answer::Held(Arc::clone(&barrier), text(status)), barrier)
}

#[derive(Default)]
struct State {
    got: Vec<Got>,
    answers: VecDeque<Answer>,
    always: Option<Answer>,
}

pub struct Receiver {
    address: SocketAddr,
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let inside = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&inside);
                thread::spawn(move || serve(stream.unwrap(), &shared));
            }
        });
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}/events", self.address)
    }

    /// How to answer the next requests; the others are answered 200.
    pub fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.0.lock().unwrap().answers.extend(answers);
    }

    /// How to answer all requests that nothing else is said of.
    pub fn always(&self, answer: Answer) {
        self.shared.0.lock().unwrap().always = Some(answer);
    }

    pub fn got(&self) -> Vec<Got> {
        self.shared.0.lock().unwrap().got.clone()
    }

    /// Waits until so many were received.
    #[track_caller]
    pub fn wait(&self, count: usize) -> Vec<Got> {
        let until = Instant::now() + Duration::from_secs(30);
        let (state, changed) = &*self.shared;
        let mut state = state.lock().unwrap();
        while state.got.len() < count {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} of {count} arrived", state.got.len());
            state = changed.wait_timeout(state, left).unwrap().0;
        }
        state.got.clone()
    }
}

fn serve(stream: TcpStream, shared: &(Mutex<State>, Condvar)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(got) = read(&mut reader) {
        let mut state = shared.0.lock().unwrap();
        state.got.push(got);
        let answer =
            state.answers.pop_front().or_else(|| state.always.clone()).unwrap_or_else(|| status(200));
        shared.1.notify_all();
        drop(state);
        if let Answer::Held(barrier, _) = &answer {
            barrier.wait();
        }
        match answer {
            Answer::Text(text) | Answer::Held(_, text) => {
                if writer.write_all(text.as_bytes()).is_err() {
                    return;
                }
            }
            Answer::Hang => thread::sleep(Duration::from_mins(1)),
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Got> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        match header.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
            None => break,
        }
    }
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Got { line: line.trim_end().to_owned(), headers, body: String::from_utf8(body).ok()? })
}
