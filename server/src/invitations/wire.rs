//! What do requests to invite people, their answers and the letters look like?

use std::fmt::Display;

use askama::Template;
use rolecall_engine::{
    invitations::{Invitation, Invitee},
    names::{DisplayName, Email, Setting, Subject},
    users::User,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    mail::{Letter, NotSent},
};

/// People to be invited.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Invitations {
    /// At most 100.
    invitees: Vec<NewInvitee>,
}

/// Somebody to be invited.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Invitee")]
struct NewInvitee {
    /// The address, which is the subject too.
    email: String,
    /// The name to show; the address if not given.
    name: Option<String>,
    /// The language, as ISO 639-1 has it; kept as the locale of the user.
    language: Option<String>,
    /// Whether somebody who is invited already is written to again.
    #[serde(default)]
    resend: bool,
}

/// Invitees in one request.
const INVITEES: usize = 100;

impl Invitations {
    /// Whom to invite; of those who cannot be, why.
    ///
    /// # Errors
    /// When there are too many.
    pub fn read(self) -> Result<Vec<Result<Invitee, Outcome>>, Error> {
        if self.invitees.len() > INVITEES {
            return Err(Error::at_pointer("/invitees", format!("at most {INVITEES} at once")));
        }
        Ok(self.invitees.into_iter().map(NewInvitee::read).collect())
    }
}

impl NewInvitee {
    fn read(self) -> Result<Invitee, Outcome> {
        let wrong =
            |member: &str, why: &dyn Display| Outcome::wrong(&self.email, &format_args!("`{member}` {why}"));
        let language = self.language.as_deref();
        if language.is_some_and(|code| code.len() != 2 || !code.bytes().all(|b| b.is_ascii_lowercase())) {
            return Err(wrong("language", &"must be two letters, as ISO 639-1 has it"));
        }
        let name = self.name.as_deref().map(DisplayName::new).transpose();
        Ok(Invitee {
            email: Email::new(&self.email).map_err(|error| wrong("email", &error))?,
            subject: Subject::new(&self.email).map_err(|error| wrong("email", &error))?,
            name: name.map_err(|error| wrong("name", &error))?,
            locale: language.map(|code| Setting::stored(code.to_owned())),
            resend: self.resend,
        })
    }
}

/// What became of an invitation.
#[derive(Debug, Clone)]
pub enum Outcome {
    Invited(Email, Box<User>),
    Exists(Email, Box<User>),
    Active(Email),
    Disabled(Email),
    /// The user is invited, but was not told, and why.
    NotSent(Email, String),
    /// Somebody is written to too often.
    TooOften(Email),
    /// What was sent, and what is wrong with it.
    Wrong(String, String),
}

impl Outcome {
    pub fn wrong(email: &str, why: &dyn Display) -> Self {
        Self::Wrong(email.chars().take(255).collect(), why.to_string())
    }

    /// What becomes of the same invitation once more.
    pub fn again(self) -> Self {
        match self {
            Self::Invited(email, user) => Self::Exists(email, user),
            other => other,
        }
    }
}

/// What became of the invitations, in their order.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "InvitationResults")]
pub struct Results {
    /// One for each invitee.
    data: Vec<InvitationResult>,
}

/// What became of an invitation.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct InvitationResult {
    /// `ok`, `exists` or `error`.
    status: &'static str,
    /// The address.
    email: String,
    /// The user's subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// `1001` for a user who is active, `1002` for one who is disabled, `1003` where no letter could be sent; else a status of
    /// HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    /// What is wrong with this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl From<Vec<Outcome>> for Results {
    fn from(outcomes: Vec<Outcome>) -> Self {
        Self { data: outcomes.into_iter().map(InvitationResult::from).collect() }
    }
}

impl From<Outcome> for InvitationResult {
    fn from(outcome: Outcome) -> Self {
        let invited = |status, email: Email, user: &User| Self {
            status,
            email: email.to_string(),
            subject: Some(user.subject.to_string()),
            user_id: Some(user.id.to_string()),
            ..Self::default()
        };
        let refused = |email: String, code, title, detail| Self {
            status: "error",
            email,
            code: Some(code),
            title: Some(title),
            detail,
            ..Self::default()
        };
        match outcome {
            Outcome::Invited(email, user) => invited("ok", email, &user),
            Outcome::Exists(email, user) => invited("exists", email, &user),
            Outcome::Active(email) => refused(email.to_string(), "1001", "The user is active.", None),
            Outcome::Disabled(email) => refused(email.to_string(), "1002", "The user is disabled.", None),
            Outcome::NotSent(email, why) => {
                let detail =
                    format!("the user is invited, but was not told: {why}; invite again with `resend`");
                refused(email.to_string(), "1003", "The invitation was not sent.", Some(detail))
            }
            Outcome::TooOften(email) => {
                let detail = "too many invitations of this address; wait half a minute".to_owned();
                refused(email.to_string(), "429", "Too many requests", Some(detail))
            }
            Outcome::Wrong(email, why) => refused(email, "400", "Bad request", Some(why)),
        }
    }
}

/// The letter as HTML.
#[derive(Template)]
#[template(path = "invitation_letter.html")]
struct LetterPage<'l> {
    tenant: &'l str,
    link: &'l str,
    until: &'l str,
}

/// The letter to somebody who is invited to a tenant.
///
/// # Errors
/// When the page cannot be written.
pub fn letter(tenant: &str, link: &str, invitation: &Invitation) -> Result<Letter, NotSent> {
    let until = invitation.ends_at.to_string();
    // To the minute: `2026-11-26T14:00`.
    let until = until.get(..16).unwrap_or_default().replace('T', " ") + " UTC";
    let html = LetterPage { tenant, link, until: &until }.render();
    Ok(Letter {
        to: invitation.email.clone(),
        subject: format!("You are invited to {tenant}"),
        text: format!(
            "You are invited to {tenant}.\n\nChoose a password here, and you are in:\n\n{link}\n\nThe link is good once, \
             until {until}. If you do not know what this is about, do nothing.\n"
        ),
        html: html.map_err(|error| NotSent::Refused(error.into()))?,
    })
}
