//! Which pages are there for people?

use askama::Template;
use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};

use crate::{
    app::App,
    error::Error,
    http::{extract::AskedHost, respond::Browsed},
    mail::Letter,
};

/// The document of the API, as it is committed.
const OPENAPI: &str = include_str!("../../../openapi.json");
const DOCS: &str = include_str!("docs.html");
const DOCS_SCRIPT: &str = include_str!("docs.js");
const DOCS_STYLE: &str = include_str!("docs.css");
const LOGIN_STYLE: &str = include_str!("../../templates/page.css");

/// The page needs nothing from elsewhere and runs nothing but its own script (threats T61, T62).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn router() -> Router<App> {
    Router::new()
        .route("/openapi.json", page("application/json", OPENAPI))
        .route("/docs", page("text/html; charset=utf-8", DOCS))
        .route("/docs/page.js", page("text/javascript; charset=utf-8", DOCS_SCRIPT))
        .route("/login/page.css", page("text/css; charset=utf-8", LOGIN_STYLE))
        .route("/rolecall/dev/inbox", get(show_inbox))
        .route("/docs/page.css", page("text/css; charset=utf-8", DOCS_STYLE))
}

fn page(media_type: &'static str, text: &'static str) -> axum::routing::MethodRouter<App> {
    get(move || async move {
        let headers = [
            (header::CONTENT_TYPE, media_type),
            (header::CACHE_CONTROL, "max-age=3600"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
        ];
        (headers, text).into_response()
    })
}

/// The letters that the sandbox did not send.
#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox {
    tenant: &'static str,
    letters: Vec<Letter>,
}

/// Only there where letters are not sent, and only for the own machine, by whatever name that is asked (threats T26).
async fn show_inbox(State(app): State<App>, AskedHost(host): AskedHost) -> Result<Browsed, Error> {
    let letters = app.mail.shown().filter(|_| host.is_some_and(|host| host.is_loopback()));
    let inbox = Inbox { tenant: "Sandbox", letters: letters.ok_or(Error::NotFound)? };
    inbox.render().map(Browsed::Page).map_err(Error::internal)
}
