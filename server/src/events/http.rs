//! Which requests are there for events?

use std::{convert::Infallible, iter::once};

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderName, request::Parts},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures_util::{StreamExt as _, stream};
use serde_json::json;

use super::{Next, Told, sql::Place, wire::CloudEvent};
use crate::{
    app::App,
    caller::{Auditor, Caller},
    error::Error,
    http::{
        describe::{Describe, Document},
        operation::{Operation, get},
        query::Pairs,
    },
};

const EVENTS: &str = "/rolecall/v1/events";

pub fn operations() -> Vec<Operation> {
    vec![get(EVENTS, "Listen to what happens in the tenant", stream_events)]
}

/// Where a stream begins, and whether it goes on.
struct Wanted {
    behind: Option<Place>,
    follow: bool,
}

/// What a browser sends that lost its stream (HTML Standard §9.2).
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

impl FromRequestParts<App> for Wanted {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        let pairs = Pairs::of(&parts.uri);
        let header = parts.headers.get(LAST_EVENT_ID).map(|id| id.to_str().unwrap_or_default());
        let resumed = header.map(str::parse).transpose();
        let resumed =
            resumed.map_err(|error| Error::invalid(format!("the header `Last-Event-ID` {error}")))?;
        let after = pairs.parse("after")?;
        let follow = pairs.get("follow").is_none() || pairs.flag("follow")?;
        Ok(Self { behind: resumed.or(after), follow })
    }
}

impl Describe for Wanted {
    fn describe(document: &mut Document<'_>) {
        let about = "The `id` of the last event that is known; those behind it are told. Else those to come";
        let text = json!({"type": "string"});
        document.parameters.extend([
            json!({"name": "Last-Event-ID", "in": "header", "description": about, "schema": text}),
            json!({"name": "after", "in": "query", "description": about, "schema": text}),
            json!({"name": "follow", "in": "query", "description": "Whether to wait for more events",
                "schema": {"type": "boolean", "default": true}}),
        ]);
        document.errors.push(400);
    }
}

/// 200: events, one after the other.
struct Streamed(Response);

impl IntoResponse for Streamed {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Describe for Streamed {
    fn describe(document: &mut Document<'_>) {
        let about = "Server-Sent Events: `data` is a CloudEvent, `id` its place. The stream ends when the right to it does";
        let content = json!({"text/event-stream": {"schema": {"type": "string"}}});
        document.success = (200, json!({"description": about, "content": content}));
        document.schemas.response::<CloudEvent>();
    }
}

async fn stream_events(
    State(app): State<App>,
    caller: Caller<Auditor>,
    wanted: Wanted,
) -> Result<Streamed, Error> {
    let told = super::tell(&app, &caller, wanted.behind).await?;
    // Whoever loses the stream before the first event begins again here.
    let begin = Ok::<_, Infallible>(Event::default().id(told.at().to_string()).comment("open"));
    let batches = stream::unfold((told, wanted.follow), |(mut told, follow)| async move {
        let batch = next(&mut told, follow).await?;
        Some((stream::iter(batch.into_iter().map(Ok)), (told, follow)))
    });
    let events = stream::iter(once(begin)).chain(batches.flatten());
    // Proxies pass each event on as it comes.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), "no");
    Ok(Streamed(([unbuffered], Sse::new(events)).into_response()))
}

/// The next events; none when the stream ends.
async fn next(told: &mut Told, follow: bool) -> Option<Vec<Event>> {
    if !follow {
        let found = told.present().await.ok()?;
        return Some(found).filter(|found| !found.is_empty()).map(written);
    }
    told.next().await.map(|next| match next {
        Next::Events(found) => written(found),
        Next::Nothing => vec![Event::default().comment("")],
    })
}

fn written(found: Vec<(Place, CloudEvent)>) -> Vec<Event> {
    let event = |(place, event): (Place, CloudEvent)| {
        // A line of JSON has no line breaks.
        let data = serde_json::to_string(&event).unwrap_or_default();
        Event::default().id(place.to_string()).data(data)
    };
    found.into_iter().map(event).collect()
}
