//! Which requests are there for whoever was invited?

use axum::{extract::State, http::Uri};

use super::{
    http::{Browser, render},
    invitation::{self, Welcome},
    wire::{InvitationForm, InvitationPage, NotInvitedPage},
};
use crate::{
    app::App,
    error::{Error, SessionError},
    http::{
        extract::Form,
        operation::{Operation, get, post},
        query::{Pairs, Parameter, Parameters, Query},
        respond::{Browsed, WithCookies},
    },
    tenants,
};

pub fn operations() -> Vec<Operation> {
    vec![
        get("/login/invitation", "The page to accept an invitation on", show_invitation),
        post("/login/invitation", "Accept an invitation by choosing a password", accept_invitation)
            .refusing(&[403, 429]),
    ]
}

/// The token of a link.
struct AskInvitation(String);

impl Parameters for AskInvitation {
    fn parameters() -> Vec<Parameter> {
        vec![Parameter::text("token", "What the letter's link has")]
    }
    fn read(pairs: Pairs, _: &Uri) -> Result<Self, Error> {
        Ok(Self(pairs.get("token").unwrap_or_default().to_owned()))
    }
}

/// The page of an invitation, with what is wrong; the same page for everybody whose link is not good here and now.
async fn invitation_page(
    app: &App,
    browser: &Browser,
    token: String,
    message: Option<String>,
) -> Result<Browsed, Error> {
    match invitation::welcome(app, browser.host.as_ref(), &token).await {
        Ok(Welcome { tenant, email }) => {
            let refused = message.is_some();
            let page = render(&InvitationPage { tenant, email, token, message })?;
            Ok(if refused { Browsed::Refused(page) } else { Browsed::Page(page) })
        }
        Err(Error::Session(SessionError::NotAdmitted)) => {
            render(&NotInvitedPage { tenant: "Rolecall" }).map(Browsed::Refused)
        }
        Err(other) => Err(other),
    }
}

async fn show_invitation(
    State(app): State<App>,
    browser: Browser,
    Query(AskInvitation(token)): Query<AskInvitation>,
) -> Result<Browsed, Error> {
    invitation_page(&app, &browser, token, None).await
}

/// As a form of the page to log in on, it is only taken from that page.
async fn accept_invitation(
    State(app): State<App>,
    browser: Browser,
    Form(form): Form<InvitationForm>,
) -> Result<WithCookies<Browsed>, Error> {
    browser.page.must_be_ours()?;
    let InvitationForm { token, password } = form;
    let attempt = invitation::accept(&app, browser.host.as_ref(), &token, password).await;
    let message = match super::counted(&app, "invitation", attempt) {
        Ok(session) => {
            let links = tenants::links_of_host(&app, browser.host.as_ref()).await?;
            let cookies = browser.cookies(&app, &session).await?;
            return Ok(WithCookies { cookies, answer: Browsed::After(links.to("/login")) });
        }
        Err(Error::Session(SessionError::NotAdmitted)) => None,
        Err(Error::Invalid(wrong)) => Some(format!("{}.", wrong.detail)),
        Err(Error::TooManyRequests(_)) => {
            Some("Too many attempts. Wait half a minute and try again.".to_owned())
        }
        Err(other) => return Err(other),
    };
    let answer = invitation_page(&app, &browser, token, message).await?;
    Ok(WithCookies { cookies: Vec::new(), answer })
}
