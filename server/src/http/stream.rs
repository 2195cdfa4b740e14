//! How is an answer sent that is longer than what should be in memory?

use std::marker::PhantomData;

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt as _, future::ready, stream};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::describe::{Describe, Document};
use crate::error::Error;

/// The media type of JSON Lines: one value a line.
const JSON_LINES: &str = "application/x-ndjson";

/// 200 with items that are read while they are sent. If that fails on the way, the connection ends before the answer does.
struct Sent<T> {
    body: Body,
    items: PhantomData<fn() -> T>,
}

impl<T: Serialize> Sent<T> {
    /// What `write` makes of each item, between two texts.
    fn new<E: Stream<Item = Result<Vec<T>, Error>> + Send + 'static>(
        (before, after): (&'static str, &'static str),
        items: E,
        mut write: impl FnMut(&mut Vec<u8>, &T) -> serde_json::Result<()> + Send + 'static,
    ) -> Self {
        let chunks = items.map(move |items| {
            let mut bytes = Vec::new();
            items?.iter().try_for_each(|item| write(&mut bytes, item)).map_err(Error::internal)?;
            Ok(Bytes::from(bytes))
        });
        let text =
            |text: &'static str| stream::once(ready(Ok::<_, Error>(Bytes::from_static(text.as_bytes()))));
        let body = Body::from_stream(text(before).chain(chunks).chain(text(after)));
        Self { body, items: PhantomData }
    }
}

/// 200 with JSON Lines.
pub struct Lines<T>(Sent<T>);

impl<T: Serialize> Lines<T> {
    /// A line for each item.
    pub fn new(items: impl Stream<Item = Result<Vec<T>, Error>> + Send + 'static) -> Self {
        Self(Sent::new(("", ""), items, |bytes, item| {
            serde_json::to_writer(&mut *bytes, item)?;
            bytes.push(b'\n');
            Ok(())
        }))
    }
}

impl<T> IntoResponse for Lines<T> {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, JSON_LINES)], self.0.body).into_response()
    }
}

impl<T> Describe for Lines<T> {
    fn describe(document: &mut Document<'_>) {
        let content = json!({JSON_LINES: {"schema": {"type": "string"}}});
        document.success = (200, json!({"description": "One JSON object a line", "content": content}));
    }
}

/// 200 with an object whose member `data` has all items.
pub struct All<T>(Sent<T>);

/// What that object is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
struct Listed<T> {
    /// The items.
    data: Vec<T>,
}

impl<T: Serialize> All<T> {
    /// These items.
    pub fn new(items: impl Stream<Item = Result<Vec<T>, Error>> + Send + 'static) -> Self {
        let mut first = true;
        Self(Sent::new(("{\"data\":[", "]}"), items, move |bytes, item| {
            if !std::mem::take(&mut first) {
                bytes.push(b',');
            }
            serde_json::to_writer(bytes, item)
        }))
    }
}

impl<T> IntoResponse for All<T> {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0.body).into_response()
    }
}

impl<T: JsonSchema> Describe for All<T> {
    fn describe(document: &mut Document<'_>) {
        document.json::<Listed<T>>(200, "As asked");
    }
}
