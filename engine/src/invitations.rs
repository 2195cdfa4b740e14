//! Who is invited, and what becomes of an invitation? (reference/rest-api.md §3.4, reference/access-control.md §9)
//!
//! Nobody else says what to call whoever is invited, so the subject is the address. The vendor makes one up; with the address
//! people can log in by it and a password, and an identity provider that calls them so finds them.

use alloc::{string::String, vec::Vec};

use crate::{
    access::Snapshot,
    change::{Change, Edited, Editor, created, updated},
    ids::UserId,
    licenses::LicenseAssignment,
    names::{DisplayName, Email, Setting, Subject},
    refusal::{Refusal, limits},
    time::Timestamp,
    users::{KnownSubject, NewUser, User, UserStatus},
};

/// Somebody to be invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitee {
    /// The address.
    pub email: Email,
    /// The subject, which is the address.
    pub subject: Subject,
    /// The name to show; the address if not given.
    pub name: Option<DisplayName>,
    /// The language.
    pub locale: Option<Setting>,
    /// Whether somebody who is invited already is invited anew.
    pub resend: bool,
}

/// What became of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// The user is invited, until then.
    Now(User),
    /// The user was invited before.
    Before(User),
    /// The user needs no invitation.
    Active,
    /// An administrator shut the user out.
    Disabled,
}

/// Invites somebody. `present` are all users who have the subject or the address.
///
/// # Errors
/// When there can be no such user.
pub fn invite(
    invitee: Invitee,
    present: &[User],
    license: Option<LicenseAssignment>,
    id: UserId,
    tenant: &Snapshot,
    editor: &Editor,
) -> Result<Edited<Invited>, Refusal> {
    let has = |status| present.iter().any(|user| user.status == status);
    if has(UserStatus::Active) || has(UserStatus::Provisioned) {
        return Ok(Edited::unchanged(Invited::Active));
    }
    if let Some(user) = present.iter().find(|user| user.status == UserStatus::Invited) {
        let user = user.clone();
        return Ok(if invitee.resend {
            renew(user, editor).map(Invited::Now)
        } else {
            Edited::unchanged(Invited::Before(user))
        });
    }
    if has(UserStatus::Disabled) {
        return Ok(Edited::unchanged(Invited::Disabled));
    }
    let Invitee { email, subject, name, locale, .. } = invitee;
    let new = NewUser { subject, name, email: Some(email), picture: None, invited: true, roles: Vec::new() };
    let known = KnownSubject { user: None, license };
    let made = User::create(new, id, known, tenant, editor)?;
    let besides = made.changes.into_iter().filter(|change| !matches!(change, Change::User(_))).collect();
    let user = created(User { locale, ..made.value });
    Ok(user.and(Edited { value: (), changes: besides }).map(Invited::Now))
}

/// The user, invited for as long as a new one.
fn renew(user: User, editor: &Editor) -> Edited<User> {
    let after = User { invite_expires_at: Some(editor.at.plus(limits::INVITATION)), ..user.clone() };
    updated(user, after, editor)
}

/// What a link to accept an invitation says. It is good while all of it is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Who is invited.
    pub user: UserId,
    /// Under which address.
    pub email: String,
    /// When the invitation ends. One that is renewed ends at another time, and earlier links end with that.
    pub ends_at: Timestamp,
}

impl Invitation {
    /// The present invitation of a user; none if there is none that is good at a time.
    #[must_use]
    pub fn of(user: &User, now: Timestamp) -> Option<Self> {
        let ends_at = user.invite_expires_at.filter(|end| *end > now)?;
        let email = user.email.as_ref().filter(|_| user.status == UserStatus::Invited)?;
        Some(Self { user: user.id, email: String::from(email.as_str()), ends_at })
    }
}
