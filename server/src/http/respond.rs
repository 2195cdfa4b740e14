//! What does a handler answer when all went well?

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use cookie::Cookie;
use schemars::JsonSchema;
use serde::Serialize;

use super::describe::{Describe, Document};
use crate::links::Link;

/// Says that the connection ends with the answer.
pub fn end(response: &mut Response) {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
}

/// The last answer on a connection.
pub fn last(mut response: Response) -> Response {
    end(&mut response);
    response
}

/// Says that what was done is not known everywhere yet.
pub fn not_everywhere(response: &mut Response) {
    *response.status_mut() = StatusCode::ACCEPTED;
}

/// 200 with a body.
pub struct Shown<T>(pub T);

impl<T: Serialize> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        Json(self.0).into_response()
    }
}

impl<T: JsonSchema> Describe for Shown<T> {
    fn describe(document: &mut Document<'_>) {
        document.json::<T>(200, "As asked");
    }
}

/// 201 with a body and its address.
pub struct Created<T> {
    pub at: Link,
    pub body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, location(&self.at), Json(self.body)).into_response()
    }
}

impl<T: JsonSchema> Describe for Created<T> {
    fn describe(document: &mut Document<'_>) {
        document.json::<T>(201, "Created; `Location` has the address");
    }
}

/// 201 with a body that has no address of its own.
pub struct Made<T>(pub T);

impl<T: Serialize> IntoResponse for Made<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl<T: JsonSchema> Describe for Made<T> {
    fn describe(document: &mut Document<'_>) {
        document.json::<T>(201, "Made");
    }
}

/// 200, empty.
pub struct Ended;

impl IntoResponse for Ended {
    fn into_response(self) -> Response {
        StatusCode::OK.into_response()
    }
}

impl Describe for Ended {
    fn describe(document: &mut Document<'_>) {
        document.empty(200, "Done, or there was nothing to do");
    }
}

/// 204, empty.
pub struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl Describe for Done {
    fn describe(document: &mut Document<'_>) {
        document.empty(204, "Done");
    }
}

/// What a browser is answered.
pub enum Browsed {
    /// 200 with a page.
    Page(String),
    /// 401 with a page that says so.
    Refused(String),
    /// 302 to another address.
    Elsewhere(Link),
    /// 303 to another address, once a form was taken.
    After(Link),
}

/// Pages for people need nothing from elsewhere, run nothing and stand in no other page (threats T61, T62).
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

impl IntoResponse for Browsed {
    fn into_response(self) -> Response {
        let page = |status: StatusCode, html: String| {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, POLICY),
                // A form of a page that tells nobody where it is from is taken for one from elsewhere.
                (header::REFERRER_POLICY, "same-origin"),
            ];
            (status, headers, html).into_response()
        };
        match self {
            Self::Page(html) => page(StatusCode::OK, html),
            Self::Refused(html) => page(StatusCode::UNAUTHORIZED, html),
            Self::Elsewhere(link) => Elsewhere(link).into_response(),
            Self::After(link) => (StatusCode::SEE_OTHER, location(&link)).into_response(),
        }
    }
}

impl Describe for Browsed {
    fn describe(document: &mut Document<'_>) {
        document.page();
    }
}

/// 204, with the token of the session in a header.
pub struct Token(pub String);

impl IntoResponse for Token {
    fn into_response(self) -> Response {
        let token = HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static(""));
        (StatusCode::NO_CONTENT, [(HeaderName::from_static("qlik-csrf-token"), token)]).into_response()
    }
}

impl Describe for Token {
    fn describe(document: &mut Document<'_>) {
        document.empty(204, "The token is in the header `qlik-csrf-token`");
    }
}

/// An answer that sets cookies besides.
pub struct WithCookies<T> {
    pub cookies: Vec<Cookie<'static>>,
    pub answer: T,
}

impl<T: IntoResponse> IntoResponse for WithCookies<T> {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        for cookie in self.cookies {
            if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
        response
    }
}

impl<T: Describe> Describe for WithCookies<T> {
    fn describe(document: &mut Document<'_>) {
        T::describe(document);
    }
}

/// 204, empty; or 202 with what the change made.
pub struct DoneOrGiven<T>(pub Option<T>);

impl<T: Serialize> IntoResponse for DoneOrGiven<T> {
    fn into_response(self) -> Response {
        match self.0 {
            None => Done.into_response(),
            Some(given) => (StatusCode::ACCEPTED, Json(given)).into_response(),
        }
    }
}

impl<T: JsonSchema> Describe for DoneOrGiven<T> {
    fn describe(document: &mut Document<'_>) {
        document.given_or_done::<T>();
    }
}

/// 207: each item of the request has a result of its own.
pub struct EachDone<T>(pub T);

impl<T: Serialize> IntoResponse for EachDone<T> {
    fn into_response(self) -> Response {
        (StatusCode::MULTI_STATUS, Json(self.0)).into_response()
    }
}

impl<T: JsonSchema> Describe for EachDone<T> {
    fn describe(document: &mut Document<'_>) {
        document.json::<T>(207, "The result of each item");
    }
}

/// 302 to another address.
pub struct Elsewhere(pub Link);

impl IntoResponse for Elsewhere {
    fn into_response(self) -> Response {
        (StatusCode::FOUND, location(&self.0)).into_response()
    }
}

impl Describe for Elsewhere {
    fn describe(document: &mut Document<'_>) {
        document.empty(302, "`Location` has the address");
    }
}

/// Addresses are made of host names and identifiers, which a header can hold.
fn location(link: &Link) -> [(header::HeaderName, HeaderValue); 1] {
    [(header::LOCATION, HeaderValue::from_str(&link.href).unwrap_or(HeaderValue::from_static("/")))]
}

/// 200: all is well. What is not, is an error.
pub struct Healthy;

impl IntoResponse for Healthy {
    fn into_response(self) -> Response {
        "ok\n".into_response()
    }
}

impl Describe for Healthy {
    fn describe(document: &mut Document<'_>) {
        document.empty(200, "All is well");
        document.errors.push(503);
    }
}
