//! What does a handler get out of a request: an identifier, a body?

use std::{str::FromStr, time::Duration};

use axum::{
    BoxError,
    body::{Bytes, HttpBody},
    extract::{FromRequest, FromRequestParts, RawPathParams, Request},
    http::{HeaderMap, header, request::Parts},
};
use http_body_util::{BodyExt as _, Collected, LengthLimitError, Limited};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{
    describe::{Describe, Document},
    json,
};
use crate::{app::App, caller::asked_host, error::Error, links::Host};

/// Bytes of the longest body (reference/rest-api.md §1.9).
const BODY: usize = 500_000;
/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

/// The identifier in the path. One that is not well-formed names nothing.
pub struct Id<T>(pub T);

impl<T: FromStr> FromRequestParts<App> for Id<T> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Error::NotFound)?;
        let id = params.iter().last().and_then(|(_, value)| value.parse().ok());
        id.map(Self).ok_or(Error::NotFound)
    }
}

impl<T> Describe for Id<T> {
    fn describe(document: &mut Document<'_>) {
        document.path_parameters();
    }
}

/// Two identifiers in the path, one behind the other.
pub struct Ids<A, B>(pub A, pub B);

impl<A: FromStr, B: FromStr> FromRequestParts<App> for Ids<A, B> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Error::NotFound)?;
        let mut values = params.iter().map(|(_, value)| value);
        let (first, second) = (values.next().unwrap_or_default(), values.next().unwrap_or_default());
        first.parse().ok().zip(second.parse().ok()).map(|(a, b)| Self(a, b)).ok_or(Error::NotFound)
    }
}

impl<A, B> Describe for Ids<A, B> {
    fn describe(document: &mut Document<'_>) {
        document.path_parameters();
    }
}

/// The identifier of what is to be deleted, repeated in the header `qlik-confirm-delete` (reference/rest-api.md §7).
pub struct Repeated(pub Option<String>);

const CONFIRM: &str = "qlik-confirm-delete";

impl FromRequestParts<App> for Repeated {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        let value = parts.headers.get(CONFIRM).and_then(|value| value.to_str().ok());
        Ok(Self(value.map(str::to_owned)))
    }
}

impl Describe for Repeated {
    fn describe(document: &mut Document<'_>) {
        let about = "The identifier once more, so that nothing is deleted by mistake";
        document.parameters.push(serde_json::json!({
            "name": CONFIRM, "in": "header", "required": true, "description": about, "schema": {"type": "string"},
        }));
        document.errors.push(400);
    }
}

/// The identifier in the path, and the host name of what it names in the header `qlik-confirm-hostname`
/// (reference/rest-api.md §5).
pub struct Confirmed<T>(pub T, pub Option<String>);

const CONFIRM_HOSTNAME: &str = "qlik-confirm-hostname";

impl<T: FromStr> FromRequestParts<App> for Confirmed<T> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let Id(id) = Id::from_request_parts(parts, app).await?;
        let value = parts.headers.get(CONFIRM_HOSTNAME).and_then(|value| value.to_str().ok());
        Ok(Self(id, value.map(str::to_owned)))
    }
}

impl<T> Describe for Confirmed<T> {
    fn describe(document: &mut Document<'_>) {
        document.path_parameters();
        let about = "A host name of the tenant, so that nothing is ended by mistake";
        document.parameters.push(serde_json::json!({
            "name": CONFIRM_HOSTNAME, "in": "header", "required": true, "description": about, "schema": {"type": "string"},
        }));
        document.errors.push(412);
    }
}

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Error;
    async fn from_request(request: Request, _: &App) -> Result<Self, Error> {
        json::read(&body(request).await?).map(Self)
    }
}

impl<T: JsonSchema> Describe for Body<T> {
    fn describe(document: &mut Document<'_>) {
        let schema = document.request_schema::<T>();
        document.body(&schema, true);
    }
}

/// A JSON body of a question. What is not JSON is a bad request here, whatever it says it is (AuthZEN 1.0 §10.1.7).
pub struct Question<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Question<T> {
    type Rejection = Error;
    async fn from_request(request: Request, _: &App) -> Result<Self, Error> {
        let (head, body) = request.into_parts();
        question(&head.headers, body).await.map(Self)
    }
}

/// The question in a body.
///
/// # Errors
/// When it does not arrive, or is no question.
pub async fn question<T: DeserializeOwned, B: HttpBody<Data = Bytes>>(
    headers: &HeaderMap,
    body: B,
) -> Result<T, Error>
where
    B::Error: Into<BoxError>,
{
    let bytes = read(headers, body).await.map_err(|error| match error {
        Error::UnsupportedMediaType(_) => Error::invalid(error),
        other => other,
    })?;
    json::read(&bytes)
}

impl<T: JsonSchema> Describe for Question<T> {
    fn describe(document: &mut Document<'_>) {
        let schema = document.request_schema::<T>();
        document.body(&schema, true);
        document.errors.retain(|error| *error != 415);
    }
}

/// The host that was asked, if it can be one.
pub struct AskedHost(pub Option<Host>);

impl FromRequestParts<App> for AskedHost {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        Ok(Self(asked_host(parts)))
    }
}

impl Describe for AskedHost {
    fn describe(_: &mut Document<'_>) {}
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A form that a page sends.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Error;
    async fn from_request(request: Request, _: &App) -> Result<Self, Error> {
        let (head, body) = request.into_parts();
        if !is_form(&head.headers) {
            return Err(Error::UnsupportedMediaType(FORM));
        }
        let members = form_urlencoded::parse(&bytes(&head.headers, body).await?)
            .map(|(name, value)| (name.into_owned(), serde_json::Value::String(value.into_owned())))
            .collect();
        json::convert(serde_json::Value::Object(members), "").map(Self)
    }
}

impl<T: JsonSchema> Describe for Form<T> {
    fn describe(document: &mut Document<'_>) {
        let schema = document.request_schema::<T>();
        let content = serde_json::json!({FORM: {"schema": schema}});
        document.request_body = Some(serde_json::json!({"required": true, "content": content}));
        document.errors.extend([400, 408, 413, 415]);
    }
}

/// Whether a body says it is a form.
pub fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case(FORM)
}

/// The head of the request, for what looks at more than one part of it.
pub struct Head(pub Parts);

impl FromRequestParts<App> for Head {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        Ok(Self(parts.clone()))
    }
}

impl Describe for Head {
    fn describe(_: &mut Document<'_>) {}
}

/// A JSON body that may be left out.
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<App> for OptionalBody<T> {
    type Rejection = Error;
    async fn from_request(request: Request, _: &App) -> Result<Self, Error> {
        let text = body(request).await?;
        if text.is_empty() { Ok(Self(T::default())) } else { json::read(&text).map(Self) }
    }
}

impl<T: JsonSchema> Describe for OptionalBody<T> {
    fn describe(document: &mut Document<'_>) {
        let schema = document.request_schema::<T>();
        document.body(&schema, false);
    }
}

/// The bytes of a body that says it is JSON, or does not say what it is.
pub async fn body(request: Request) -> Result<Bytes, Error> {
    let (head, body) = request.into_parts();
    read(&head.headers, body).await
}

async fn read<B: HttpBody<Data = Bytes>>(headers: &HeaderMap, body: B) -> Result<Bytes, Error>
where
    B::Error: Into<BoxError>,
{
    let bytes = bytes(headers, body).await?;
    if bytes.is_empty() || is_json(headers) { Ok(bytes) } else { Err(Error::UnsupportedMediaType(JSON)) }
}

/// The bytes of a body, whatever it is.
///
/// # Errors
/// When it is too long, or does not arrive.
pub async fn bytes<B: HttpBody<Data = Bytes>>(headers: &HeaderMap, body: B) -> Result<Bytes, Error>
where
    B::Error: Into<BoxError>,
{
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > BODY as u64) {
        return Err(Error::TooLarge(BODY));
    }
    let arriving = Limited::new(body, BODY).collect();
    let arrived = tokio::time::timeout(ARRIVAL, arriving).await.map_err(|_| Error::Timeout)?;
    arrived.map(Collected::to_bytes).map_err(|error| {
        if error.is::<LengthLimitError>() {
            Error::TooLarge(BODY)
        } else {
            Error::invalid("the body did not arrive as a whole")
        }
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(media_type) = headers.get(header::CONTENT_TYPE) else { return true };
    let media_type = media_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let json = [JSON, "application/json-patch+json", "application/scim+json"];
    json.iter().any(|known| media_type.eq_ignore_ascii_case(known))
}
