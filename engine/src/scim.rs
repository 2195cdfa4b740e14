//! What may a program that provisions users for an identity provider make of them? (RFC 7644, reference/auth.md §6,
//! threats T12, T13, T24)
//!
//! A program sees the users of its provider and those of none. It never sees users of other providers and those of
//! programs, and it never changes an administrator whom no provider brought. What it writes belongs to its provider
//! from then on.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    access::Snapshot,
    catalogue::Catalogue,
    change::{Change, Edited, Editor, updated},
    ids::{GroupId, IdpId, UserId},
    licenses::{AssignmentOp, LicenseAssignment, edit_assignments},
    names::{DisplayName, Email, Setting, Subject},
    oauth::BOT,
    periods::{Assignments as _, Period},
    refusal::{Refusal, Rule},
    users::{KnownSubject, NewUser, User, UserStatus},
};

/// What the provider's program gave of a user beside what every user has, so that it is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name that is unique among the users the program sees, folded.
    pub user_name: String,
    /// What the provider calls the user, folded, where it said so.
    pub external_id: Option<String>,
    /// All of it, as it is given back. The rules have no use for it.
    pub document: String,
    /// Whether the user was shut out before ever having logged in.
    pub waits: bool,
}

/// What a program says of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioned {
    /// Who it is: what the provider calls the user, and where it does not say so the user name.
    pub subject: Subject,
    /// The user name, for messages.
    pub user_name: String,
    /// The name to show.
    pub name: DisplayName,
    /// The address.
    pub email: Option<Email>,
    /// The address of a picture.
    pub picture: Option<Setting>,
    /// The language.
    pub locale: Option<Setting>,
    /// The time zone.
    pub zoneinfo: Option<Setting>,
    /// Whether the user may log in; if it does not say so, that stays as it is.
    pub active: Option<bool>,
    /// What is given back.
    pub profile: Profile,
}

/// A user, and the provider that the user belongs to, if that is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The user.
    pub user: User,
    /// The provider.
    pub bound: Option<IdpId>,
}

/// What is known of the names that a program gives a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownNames {
    /// The user who has the subject.
    pub holder: Option<Holder>,
    /// Whether no other user that the program sees has the user name.
    pub user_name_is_free: bool,
    /// What the subject is entitled to, and what the present one is.
    pub licenses: Vec<LicenseAssignment>,
}

impl Holder {
    /// Whether a program of a provider may know of the user.
    #[must_use]
    pub fn is_seen_by(&self, provider: IdpId) -> bool {
        self.user.client_id.is_none() && self.bound.is_none_or(|bound| bound == provider)
    }

    /// Whether a program of a provider may change the user, whom it sees.
    ///
    /// # Errors
    /// [`Rule::AdministratorOfNoProvider`].
    pub fn changeable(&self, tenant: &Snapshot) -> Result<(), Rule> {
        let administers = |tenant: &Snapshot| {
            let scope = tenant.scope(Catalogue::ADMINISTER);
            let facts = tenant.user(self.user.id);
            scope.zip(facts).is_some_and(|(scope, facts)| tenant.is_granted(facts, scope))
        };
        // Who is to administer the tenant later is treated as who does.
        let User { roles, groups, .. } = &self.user;
        let periods = roles.iter().map(|role| role.period).chain(groups.iter().map(|group| group.period));
        let mut later = periods.filter_map(Period::valid_from).filter(|from| *from > tenant.moment());
        let mut protected = || administers(tenant) || later.any(|from| administers(&tenant.at(from)));
        if self.bound.is_none() && protected() { Err(Rule::AdministratorOfNoProvider) } else { Ok(()) }
    }
}

/// Makes a user for a provider; or takes over the one with the subject who belongs to none.
///
/// # Errors
/// When the subject is another user's: one of a provider, of a program, or an administrator; or when the user name is.
pub fn provision(
    to: Provisioned,
    provider: IdpId,
    known: KnownNames,
    id: UserId,
    tenant: &Snapshot,
    editor: &Editor,
) -> Result<Edited<User>, Refusal> {
    if !known.user_name_is_free {
        return Err(Rule::UserNameTaken(to.user_name).into());
    }
    if let Some(holder) = known.holder {
        let free = holder.bound.is_none() && holder.is_seen_by(provider) && holder.changeable(tenant).is_ok();
        if !free {
            return Err(Rule::SubjectTaken(to.subject.to_string()).into());
        }
        let after = provisioned(&holder.user, to, provider);
        return Ok(updated(holder.user, after, editor));
    }
    let new = NewUser {
        subject: to.subject.clone(),
        name: Some(to.name.clone()),
        email: to.email.clone(),
        picture: to.picture.clone(),
        invited: false,
        roles: Vec::new(),
    };
    let license = known.licenses.into_iter().find(|license| license.subject == to.subject);
    let made = User::create(new, id, KnownSubject { user: None, license }, tenant, editor)?;
    let begun = User { status: UserStatus::Provisioned, ..made.value };
    let user = provisioned(&begun, to, provider);
    let besides = made.changes.into_iter().filter(|change| !matches!(change, Change::User(_))).collect();
    Ok(crate::change::created(user).and(Edited { value: (), changes: besides }))
}

/// The user as the program says. Who is called otherwise by the provider now keeps what the subject is entitled to.
///
/// # Errors
/// When the program may not change the user, or a name is another user's.
pub fn reprovision(
    holder: Holder,
    to: Provisioned,
    provider: IdpId,
    known: KnownNames,
    tenant: &Snapshot,
    editor: &Editor,
) -> Result<Edited<User>, Refusal> {
    holder.changeable(tenant)?;
    if !known.user_name_is_free {
        return Err(Rule::UserNameTaken(to.user_name).into());
    }
    let before = holder.user;
    if known.holder.is_some_and(|other| other.user.id != before.id) {
        return Err(Rule::SubjectTaken(to.subject.to_string()).into());
    }
    let mut moved = Edited::unchanged(());
    if to.subject != before.subject {
        if to.subject.as_str().starts_with(BOT) {
            return Err(Rule::SubjectReserved.into());
        }
        let (source, subject) = (before.subject.clone(), to.subject.clone());
        let op = AssignmentOp::Update { source, source_kind: None, subject, kind: None };
        moved = edit_assignments(known.licenses, &[op], editor).map(drop);
    }
    let after = provisioned(&before, to, provider);
    Ok(updated(before, after, editor).and(moved))
}

/// The end of a user.
///
/// # Errors
/// When the program may not change the user.
pub fn deprovision(holder: Holder, tenant: &Snapshot, editor: &Editor) -> Result<Edited<()>, Refusal> {
    holder.changeable(tenant)?;
    holder.user.delete(editor)
}

/// Puts a user in a group of identity providers, or takes the user out.
///
/// # Errors
/// When the program may not change the user.
pub fn set_membership(
    holder: Holder,
    group: GroupId,
    is_member: bool,
    tenant: &Snapshot,
    editor: &Editor,
) -> Result<Edited<User>, Refusal> {
    holder.changeable(tenant)?;
    let mut after = holder.user.clone();
    if is_member {
        after.groups.add(group, editor.at);
    } else {
        after.groups.retain(|held| held.to != group);
    }
    Ok(updated(holder.user, after, editor))
}

fn provisioned(user: &User, to: Provisioned, provider: IdpId) -> User {
    let Provisioned { subject, user_name: _, name, email, picture, locale, zoneinfo, active, profile } = to;
    let waited = user.profile.as_ref().is_some_and(|profile| profile.waits);
    let (status, waits) = standing(user.status, waited, active);
    User {
        subject,
        name,
        email,
        picture,
        locale,
        zoneinfo,
        status,
        invite_expires_at: user.invite_expires_at.filter(|_| status == UserStatus::Invited),
        provider: Some(provider),
        profile: Some(Profile { waits, ..profile }),
        ..user.clone()
    }
}

/// Where a user stands who is to be active, or not. Whoever was provisioned and is let in again still has to log in; everybody else
/// is active then.
const fn standing(status: UserStatus, waited: bool, active: Option<bool>) -> (UserStatus, bool) {
    match (active, status) {
        (Some(false), UserStatus::Provisioned) => (UserStatus::Disabled, true),
        (Some(false), UserStatus::Active | UserStatus::Invited) => (UserStatus::Disabled, false),
        (Some(true), UserStatus::Disabled) if waited => (UserStatus::Provisioned, false),
        (Some(true), UserStatus::Disabled) => (UserStatus::Active, false),
        (Some(false) | None, UserStatus::Disabled) => (UserStatus::Disabled, waited),
        (Some(true) | None, status) => (status, false),
    }
}
