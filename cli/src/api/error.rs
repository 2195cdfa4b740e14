//! Why was there no answer, or a refusal? One line that says all of it. (reference/rest-api.md §1.2)

use std::{error::Error as _, fmt, time::Duration};

use reqwest::{
    StatusCode, Url,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::Value;

use super::Ask;
use crate::{members::Members as _, output::visible};

/// What came instead of an answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Nobody answered.
    #[error("cannot reach {base}: {why}")]
    Unreachable {
        /// The server's address.
        base: String,
        /// Why not.
        why: String,
        /// Whether the request may have arrived.
        sent: bool,
    },
    /// The server answered that it does not do it.
    #[error(transparent)]
    Refused(Box<Refused>),
    /// The answer is none that the contract has.
    #[error("{request}: {what}")]
    Strange {
        /// The method and the path.
        request: String,
        /// What is wrong.
        what: String,
    },
}

impl ApiError {
    pub(super) fn unanswered(base: &Url, error: &reqwest::Error) -> Self {
        let causes = std::iter::successors(error.source(), |&cause| cause.source());
        let why = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
        let why = if error.is_timeout() { "it does not answer in time".to_owned() } else { why };
        let base = base.as_str().trim_end_matches('/').to_owned();
        Self::Unreachable { base, why, sent: !error.is_connect() }
    }

    pub(super) fn strange(ask: &Ask, what: impl Into<String>) -> Self {
        Self::Strange { request: format!("{} {}", ask.method, ask.url), what: what.into() }
    }
}

/// What a server says when it refuses.
#[derive(Debug)]
pub struct Refused {
    request: String,
    /// The status.
    pub status: u16,
    title: &'static str,
    problems: Vec<Problem>,
    trace: Option<String>,
    /// For how long it asks not to be asked again.
    pub(super) retry_after: Option<Duration>,
}

/// One of the errors in an answer.
#[derive(Debug)]
struct Problem {
    code: String,
    title: String,
    detail: Option<String>,
    at: Option<String>,
}

impl Refused {
    pub(super) fn new(ask: &Ask, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let header = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        let trace = body.member("traceId").as_str().map(str::to_owned).or_else(|| header("x-b3-traceid"));
        let errors = body.member("errors").as_array().map(Vec::as_slice).unwrap_or_default();
        let seconds = header(RETRY_AFTER.as_str()).and_then(|seconds| seconds.trim().parse().ok());
        Self {
            request: format!("{} {}", ask.method, ask.url.split('?').next().unwrap_or_default()),
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("refused"),
            problems: errors.iter().map(Problem::of).collect(),
            trace,
            retry_after: seconds.map(Duration::from_secs),
        }
    }
}

impl Problem {
    fn of(error: &Value) -> Self {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let source = if error.member("source").is_object() {
            error.member("source")
        } else {
            error.member("meta").member("source")
        };
        Self {
            code: text(error.member("code")).unwrap_or_default(),
            title: text(error.member("title")).unwrap_or_default(),
            detail: text(error.member("detail")),
            at: text(source.member("pointer")).or_else(|| text(source.member("parameter"))),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.title)?;
        self.detail.as_ref().map_or(Ok(()), |detail| write!(f, ": {detail}"))?;
        self.at.as_ref().map_or(Ok(()), |at| write!(f, " (at `{at}`)"))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is refused with {}", self.request, self.status)?;
        let said: Vec<String> = self.problems.iter().map(|problem| visible(&problem.to_string())).collect();
        if said.is_empty() {
            write!(f, " {}", self.title)?;
        } else {
            write!(f, ": {}", said.join("; "))?;
        }
        if self.status == 401 {
            f.write_str("; is the key right, and still good?")?;
        }
        self.trace.as_ref().map_or(Ok(()), |trace| write!(f, " [trace {}]", visible(trace)))
    }
}

impl std::error::Error for Refused {}
