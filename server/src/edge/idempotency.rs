//! Was a request sent before? (draft-ietf-httpapi-idempotency-key-header)

use std::sync::Arc;

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    http::{HeaderMap, HeaderName, Method, Request, header},
    response::{IntoResponse, Response},
};

use super::consistency::REVISION;
use crate::{
    app::App,
    error::Error,
    http::extract::bytes,
    idempotency::{
        answer::Answer,
        once::{Done, Once},
        sql,
    },
    write,
};

/// The name that whoever sends a request gave it.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Characters of the longest name.
const LONGEST: usize = 255;
/// Bytes of the longest answer that is kept.
const KEPT: u64 = 1024 * 1024;
/// What of an answer's head is given again.
const HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, REVISION];

/// The request, and the name it was given if it is to change something. Its body is read, since it is part of what is asked for.
///
/// # Errors
/// When the name is none, or the body does not arrive.
pub async fn named(mut request: Request<Body>) -> Result<(Request<Body>, Option<Arc<Once>>), Error> {
    let names: Vec<_> = request.headers().get_all(KEY).iter().cloned().collect();
    if names.is_empty() || *request.method() == Method::GET {
        return Ok((request, None));
    }
    let [name] = names.as_slice() else { return Err(Error::invalid("`Idempotency-Key` stands once")) };
    let name = name.to_str().ok().filter(|name| (1..=LONGEST).contains(&name.len()));
    let name = name.ok_or_else(|| Error::invalid("`Idempotency-Key` is 1 to 255 characters of ASCII"))?;
    let body = std::mem::take(request.body_mut());
    let body = bytes(request.headers(), body).await?;
    let address = request.uri().to_string();
    let once = Once::new(name, [request.method().as_str().as_bytes(), address.as_bytes(), &body]);
    let once = Arc::new(once);
    *request.body_mut() = Body::from(body);
    request.extensions_mut().insert(Arc::clone(&once));
    Ok((request, Some(once)))
}

/// Keeps what a request is answered that has done something. An answer that is too long is given and not kept: who sends the
/// request again is told that it is done.
pub async fn keep(app: &App, once: &Once, response: Response) -> Response {
    let Some(done) = once.done().filter(|_| response.status().is_success()) else { return response };
    if response.body().size_hint().upper().is_none_or(|length| length > KEPT) {
        tracing::warn!("an answer is too long to be kept");
        return response;
    }
    let (head, body) = response.into_parts();
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => return Error::internal(error).into_response(),
    };
    let answer = Answer::new(head.status.as_u16(), kept(&head.headers), &body);
    if let Err(error) = store(app, done, &answer).await {
        // It is done all the same. Who sends it again is told that, without the answer.
        tracing::warn!(%error, "an answer is not kept");
    }
    Response::from_parts(head, Body::from(body))
}

async fn store(app: &App, done: &Done, answer: &Answer) -> Result<(), Error> {
    let sealed = answer.sealed(&app.answers, &done.id)?;
    let id = done.id.clone();
    write::beside(app, done.tenant, async move |writer| sql::set_answer(writer, &id, sealed).await).await
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = |name: HeaderName| {
        let value = headers.get(&name)?.to_str().ok()?.to_owned();
        Some((name.to_string(), value))
    };
    HEADERS.into_iter().filter_map(kept).collect()
}
