//! Which requests are there for browsers in which a client wants to act for somebody?

use askama::Template as _;
use axum::extract::State;

use super::{
    authorize::{Decided, Outcome, Question, authorize},
    wire::{Authorization, ConsentForm, ConsentPage, ScopeLine},
};
use crate::{
    app::App,
    asking_page::Page,
    caller::{asked_host, session_cookie},
    error::{Error, SessionError},
    http::{
        extract::{Form, Head},
        operation::{Operation, get, post},
        query::Query,
        respond::Browsed,
    },
    links::Link,
    tenants,
};

pub const AUTHORIZE: &str = "/oauth/authorize";

pub fn operations() -> Vec<Operation> {
    vec![
        get(AUTHORIZE, "Let a client act for whoever is logged in", show_authorize).refusing(&[400, 429]),
        post(AUTHORIZE, "Allow what a client asked for, or do not", decide_authorize)
            .refusing(&[400, 403, 429]),
    ]
}

async fn show_authorize(
    State(app): State<App>,
    Head(head): Head,
    Query(asked): Query<Authorization>,
) -> Result<Browsed, Error> {
    let (host, cookie) = (asked_host(&head), session_cookie(&head.headers, &app));
    let outcome = authorize(&app, host.as_ref(), &asked, cookie, Decided::Nothing).await?;
    let links = tenants::links_of_host(&app, host.as_ref()).await?;
    Ok(match outcome {
        Outcome::Send(to) => Browsed::Elsewhere(Link::elsewhere(&to)),
        Outcome::Ask(question) => Browsed::Page(page(*question, &asked)?),
        Outcome::LogIn { again } => Browsed::Elsewhere(links.to(login(&asked, again))),
    })
}

/// Where somebody logs in, to come back to the same request then.
fn login(asked: &Authorization, again: bool) -> String {
    let back = format!("{AUTHORIZE}?{}", asked.query());
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("returnto", &back);
    if again {
        query.append_pair("prompt", "login");
    }
    if let Some(hint) = &asked.login_hint {
        query.append_pair("login_hint", hint);
    }
    format!("/login?{}", query.finish())
}

fn page(question: Question, asked: &Authorization) -> Result<String, Error> {
    let Question { tenant, client, user, scopes, redirect_uri, csrf } = question;
    let mut fields = asked.pairs();
    fields.push(("csrf", csrf));
    let scopes = scopes.into_iter().map(|(name, about)| ScopeLine { name, about }).collect();
    let page = ConsentPage { tenant, client, user, scopes, redirect: redirect_uri, fields };
    page.render().map_err(Error::internal)
}

async fn decide_authorize(
    State(app): State<App>,
    Head(head): Head,
    Form(form): Form<ConsentForm>,
) -> Result<Browsed, Error> {
    let (host, cookie) = (asked_host(&head), session_cookie(&head.headers, &app));
    // Only our own page asks people, whoever else could send what it sends.
    Page::of(&head, &app).must_be_ours()?;
    let ours = |cookie: &crate::credentials::cookies::SessionCookie| {
        app.cookies.is_csrf_token(&cookie.value(), &form.csrf)
    };
    if !cookie.as_ref().is_some_and(ours) {
        return Err(SessionError::CsrfToken.into());
    }
    let decided = if form.decision == "allow" { Decided::Allow } else { Decided::Deny };
    let outcome = authorize(&app, host.as_ref(), &form.asked, cookie, decided).await?;
    let links = tenants::links_of_host(&app, host.as_ref()).await?;
    Ok(match outcome {
        Outcome::Send(to) => Browsed::After(Link::elsewhere(&to)),
        Outcome::Ask(question) => Browsed::Page(page(*question, &form.asked)?),
        Outcome::LogIn { again } => Browsed::After(links.to(login(&form.asked, again))),
    })
}
