//! Which requests are there for that token?

use axum::{extract::State, http::request::Parts};

use crate::{
    app::App,
    asking_page::Page,
    caller::{bearer, session_cookie},
    credentials::verify::verify_session,
    error::{Error, SessionError},
    http::{
        extract::Head,
        operation::{Operation, get},
        respond::Token,
    },
};

pub fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/csrf-token", "Get the token that requests of a session repeat", get_csrf_token)
            .refusing(&[400, 401, 403, 404]),
    ]
}

async fn get_csrf_token(State(app): State<App>, Head(head): Head) -> Result<Token, Error> {
    let Parts { headers, .. } = &head;
    if bearer(headers).is_some() {
        return Err(SessionError::CsrfNotSupported.into());
    }
    let cookie = session_cookie(headers, &app).ok_or(SessionError::NoCsrfToken)?;
    let (token, tenant) = (app.cookies.csrf_token(&cookie.value()), cookie.tenant);
    verify_session(&app, cookie).await?;
    Page::of(&head, &app).must_be_allowed(&app, tenant).await?;
    Ok(Token(token))
}
