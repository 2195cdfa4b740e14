//! How is a tenant asked over the public API, of a Rolecall or of Qlik Cloud?

mod error;
mod pace;
mod retry;

use std::{sync::Mutex, time::Duration};

use bytes::Bytes;
pub use error::{ApiError, Refused};
use pace::Pace;
use reqwest::{
    Method, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, LOCATION},
    redirect::Policy,
};
use retry::Patience;
use rolecall_server::Entropy;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::{contexts::Target, members::Members as _};

/// How long a connection may take to be made, and a request to be answered.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_mins(1);
/// The most things on a page (reference/rest-api.md §1.3).
const PAGE: &str = "100";
/// Redirects that are followed; the contract has one.
const REDIRECTS: usize = 3;
/// The catalogue of scopes, which only a Rolecall has.
const SCOPES: &str = "/rolecall/v1/scopes";
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What is asked for: a path of the API, beginning with `/`, with the query it needs.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The method.
    pub method: Method,
    /// The path and the query.
    pub url: String,
    /// The body, if there is one.
    pub body: Option<Value>,
    /// Headers besides those of every request.
    pub headers: Vec<(&'static str, String)>,
}

impl Ask {
    /// A request with a body.
    pub fn new(method: Method, path: impl Into<String>, body: Option<Value>) -> Self {
        Self { method, url: path.into(), body, headers: Vec::new() }
    }

    /// A question: a path, and names and values for its query.
    pub fn get(path: &str, query: &[(&str, &str)]) -> Self {
        let mut url = path.to_owned();
        for (at, (name, value)) in query.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.push_str(name);
            url.push('=');
            url.extend(form_urlencoded::byte_serialize(value.as_bytes()));
        }
        Self::new(Method::GET, url, None)
    }

    /// The same, refused if the server's tag of what it is about is not this one any more. A server that gives no tags is not asked.
    pub fn expecting(mut self, tag: Option<String>) -> Self {
        self.headers.extend(tag.map(|tag| (IF_MATCH.as_str(), tag)));
        self
    }

    /// Whether sending it twice does what sending it once does, whoever answers. Patches are, if they only replace.
    fn is_repeatable(&self) -> bool {
        let replaces = |body: &Value| {
            body.as_array()
                .is_some_and(|operations| operations.iter().all(|one| one.member("op") == "replace"))
        };
        match self.method {
            Method::GET | Method::PUT | Method::DELETE => true,
            Method::PATCH => self.body.as_ref().is_some_and(replaces),
            _ => false,
        }
    }
}

/// A tenant that can be asked.
pub struct Client {
    http: reqwest::Client,
    /// What the context is called, if it has a name.
    pub name: Option<String>,
    base: Url,
    authorization: HeaderValue,
    /// The catalogue of a Rolecall; none for another server.
    scopes: OnceCell<Option<Vec<Value>>>,
    pace: Mutex<Pace>,
    quiet: bool,
}

/// An answer that is no error.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// A page of a list (reference/rest-api.md §1.3).
#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    #[serde(default)]
    links: Links,
}

#[derive(Deserialize, Default)]
struct Links {
    #[serde(default)]
    next: Option<Link>,
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    href: Option<String>,
}

impl Links {
    fn next(self) -> Option<String> {
        self.next.and_then(|next| next.href)
    }
}

impl Client {
    /// A client for a tenant. Nothing is sent yet. A `quiet` one does not say what it waits for.
    ///
    /// # Errors
    /// When the key cannot be one, or the machine's certificates cannot be read.
    pub fn new(target: Target, quiet: bool) -> anyhow::Result<Self> {
        // Only the program's own choice of cryptography; that it was chosen before does no harm.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("rolecall/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(Policy::none());
        Ok(Self {
            http: http.build()?,
            name: target.name,
            base: target.url,
            authorization: target.key.bearer()?,
            scopes: OnceCell::new(),
            pace: Mutex::default(),
            quiet,
        })
    }

    /// The server's address.
    pub const fn base(&self) -> &Url {
        &self.base
    }

    /// Whether the server is a Rolecall, which is found out once.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn is_rolecall(&self) -> Result<bool, ApiError> {
        Ok(self.scopes().await?.is_some())
    }

    /// The scopes of a Rolecall's catalogue; none for another server.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn scopes(&self) -> Result<Option<&Vec<Value>>, ApiError> {
        let found = self.scopes.get_or_try_init(async || {
            let body = match self.get(SCOPES, &[]).await {
                Ok(body) => body,
                Err(ApiError::Refused(refused)) if matches!(refused.status, 400 | 403..=406) => {
                    return Ok(None);
                }
                // Something else than JSON: another product's page.
                Err(ApiError::Strange { .. }) => return Ok(None),
                Err(other) => return Err(other),
            };
            let scopes = body.get("data").and_then(Value::as_array).cloned();
            Ok(scopes.filter(|all| all.iter().all(|scope| scope.member("customRole").is_boolean())))
        });
        Ok(found.await?.as_ref())
    }

    /// Gets something.
    ///
    /// # Errors
    /// When it cannot be asked, or refuses.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, ApiError> {
        let ask = Ask::get(path, query);
        self.sent(&ask, None).await?.json(&ask)
    }

    /// Gets something, with the tag by which a change can depend on it. Only a Rolecall gives tags.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn tagged(&self, path: &str) -> Result<(Value, Option<String>), ApiError> {
        let ask = Ask::get(path, &[]);
        let answer = self.sent(&ask, None).await?;
        let tag = answer.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let tag = if self.is_rolecall().await? { tag } else { None };
        Ok((answer.json(&ask)?, tag))
    }

    /// Gets something that may not be there.
    ///
    /// # Errors
    /// When it cannot be asked, or refuses for another reason.
    pub async fn find(&self, path: &str) -> Result<Option<Value>, ApiError> {
        match self.get(path, &[]).await {
            Err(ApiError::Refused(refused)) if refused.status == 404 => Ok(None),
            other => other.map(Some),
        }
    }

    /// Gets the whole of a list, page by page.
    ///
    /// # Errors
    /// When it cannot be asked or refuses, or the list is none of the contract.
    pub async fn list(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<Value>, ApiError> {
        self.all(path, query).await
    }

    /// As [`Client::list`], for things of a form.
    ///
    /// # Errors
    /// As [`Client::list`].
    pub async fn all<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, ApiError> {
        let mut all = Vec::new();
        let take = |ask: &Ask, answer: &Answer| {
            let Page { mut data, links } = answer.json(ask)?;
            all.append(&mut data);
            Ok(links.next())
        };
        self.walk(path, query, take).await?;
        Ok(all)
    }

    /// Gets a list page by page, each handed to `take` as it is.
    ///
    /// # Errors
    /// As [`Client::list`].
    pub async fn pages(
        &self,
        path: &str,
        query: &[(&str, &str)],
        mut take: impl FnMut(&Value),
    ) -> Result<(), ApiError> {
        let take = |ask: &Ask, answer: &Answer| {
            let Page::<IgnoredAny> { links, .. } = answer.json(ask)?;
            take(&answer.json(ask)?);
            Ok(links.next())
        };
        self.walk(path, query, take).await
    }

    /// Goes from page to page; `take` says where the next is.
    async fn walk(
        &self,
        path: &str,
        query: &[(&str, &str)],
        mut take: impl FnMut(&Ask, &Answer) -> Result<Option<String>, ApiError>,
    ) -> Result<(), ApiError> {
        // What only lists system groups may stand with nothing else (reference/rest-api.md §4.1).
        let alone = query.iter().any(|(name, _)| *name == "systemGroups" || *name == "limit");
        let limit = if alone { None } else { Some(("limit", PAGE)) };
        let query: Vec<(&str, &str)> = query.iter().copied().chain(limit).collect();
        let mut ask = Ask::get(path, &query);
        loop {
            let page = self.sent(&ask, None).await?;
            match take(&ask, &page)?.map(|next| self.local(&next)) {
                None => return Ok(()),
                Some(Some(next)) if next != ask.url => ask.url = next,
                Some(_) => return Err(ApiError::strange(&ask, "the link to the next page leads nowhere")),
            }
        }
    }

    /// Changes something; answers the body, null if there is none. Sent again if the answer does not come, where that is safe:
    /// a Rolecall is told that it is the same request.
    ///
    /// # Errors
    /// When it cannot be asked, or refuses.
    pub async fn write(&self, ask: &Ask) -> Result<Value, ApiError> {
        let name = if self.is_rolecall().await? { Some(name_of_request()) } else { None };
        if name.is_none() {
            self.take_turn().await;
        }
        self.sent(ask, name).await?.json(ask)
    }

    /// Waits for as long as the documented number of writes in a minute asks for (reference/rest-api.md §1.7).
    async fn take_turn(&self) {
        let turn = self.pace.lock().map_or_else(|broken| broken.into_inner().turn(), |mut pace| pace.turn());
        self.wait(turn, "there may be 100 changes in a minute").await;
    }

    async fn wait(&self, duration: Duration, why: &str) {
        if duration > Duration::from_secs(2) && !self.quiet {
            eprintln!("waiting for {} seconds: {why}", duration.as_secs());
        }
        tokio::time::sleep(duration).await;
    }

    /// Sends a request until it is answered, or there is no use in trying again.
    async fn sent(&self, ask: &Ask, name: Option<String>) -> Result<Answer, ApiError> {
        let mut patience = Patience::new(ask.is_repeatable() || name.is_some());
        loop {
            match self.followed(ask, name.as_deref()).await {
                Ok(answer) => return Ok(answer),
                // It is gone, and an earlier attempt may have been what took it away.
                Err(ApiError::Refused(refused))
                    if refused.status == 404 && ask.method == Method::DELETE && patience.has_tried() =>
                {
                    return Ok(Answer::nothing());
                }
                Err(error) => match patience.after(&error) {
                    Some(delay) => self.wait(delay, &error.to_string()).await,
                    None => return Err(error),
                },
            }
        }
    }

    /// Sends a request once, and where a question leads elsewhere on the server, goes there.
    async fn followed(&self, ask: &Ask, name: Option<&str>) -> Result<Answer, ApiError> {
        let mut ask = ask.clone();
        for _ in 0..REDIRECTS {
            let answer = self.once(&ask, name).await?;
            if !answer.status.is_redirection() {
                return Ok(answer);
            }
            let there = answer.headers.get(LOCATION).and_then(|there| there.to_str().ok());
            match there.and_then(|there| self.local(there)).filter(|_| ask.method == Method::GET) {
                Some(there) => ask.url = there,
                None => break,
            }
        }
        Err(ApiError::strange(&ask, "the server leads elsewhere; is the address of the context right?"))
    }

    async fn once(&self, ask: &Ask, name: Option<&str>) -> Result<Answer, ApiError> {
        let url = self.base.join(&ask.url).map_err(|_| ApiError::strange(ask, "this is no address"))?;
        let mut request = self.http.request(ask.method.clone(), url);
        request = request.header(AUTHORIZATION, self.authorization.clone());
        if let Some(name) = name {
            request = request.header(IDEMPOTENCY_KEY, name);
        }
        for (header, value) in &ask.headers {
            request = request.header(*header, value);
        }
        if let Some(body) = &ask.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = request.send().await.map_err(|error| ApiError::unanswered(&self.base, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(|error| ApiError::unanswered(&self.base, &error))?;
        if status.is_client_error() || status.is_server_error() {
            return Err(ApiError::Refused(Box::new(Refused::new(ask, status, &headers, &body))));
        }
        Ok(Answer { status, headers, body })
    }

    /// The part of an address that lies on this server. Links may name the server as others reach it, and the key must go to
    /// nobody else, so only the path and the query count.
    fn local(&self, href: &str) -> Option<String> {
        let url = self.base.join(href).ok()?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("{}{query}", url.path()))
    }
}

impl Answer {
    fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// What it says; null where it says nothing.
    fn json<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, ApiError> {
        let body: &[u8] = if self.body.is_empty() { b"null" } else { &self.body };
        serde_json::from_slice(body).map_err(|error| {
            let what = if error.is_data() { "not of the contract" } else { "not JSON" };
            ApiError::strange(ask, format!("the answer is {what}: {error}"))
        })
    }
}

/// A name for a request that no other has.
fn name_of_request() -> String {
    format!("{:032x}", u128::from_be_bytes(Entropy.bytes()))
}
