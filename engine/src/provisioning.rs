//! What does a login, or the provider behind it, make of a user? (reference/auth.md §6, threats T07, T24)
//!
//! A user is who has the subject, never who has the address. The first provider that names a subject has it for good; what
//! another one says of the same subject is refused. Groups of claims are groups of the provider and nothing else: custom
//! groups stay as they are, and no name in a claim is a role.

use alloc::vec::Vec;

use crate::{
    access::Snapshot,
    change::{Change, Edited, Editor, created, updated},
    groups::{Group, NewGroup, Provider},
    ids::{GroupId, IdpId, UserId},
    licenses::{LicenseAssignment, auto_assigned_roles},
    names::{DisplayName, Email, GroupName, Setting, Subject},
    oauth::BOT,
    periods::{Assigned, Assignments as _},
    users::{KnownSubject, NewUser, User, UserStatus},
};

/// What a provider says of somebody. What it does not say stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who it is.
    pub subject: Subject,
    /// The name to show.
    pub name: Option<DisplayName>,
    /// The address.
    pub email: Option<Email>,
    /// The address of a picture.
    pub picture: Option<Setting>,
    /// The language.
    pub locale: Option<Setting>,
    /// The time zone.
    pub zoneinfo: Option<Setting>,
    /// The names of all groups the user is in there.
    pub groups: Option<Vec<GroupName>>,
}

/// Somebody who logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Which provider says so; none where nobody but ourselves does.
    pub provider: Option<IdpId>,
    /// Whether the provider makes users.
    pub creates: bool,
    /// What it says.
    pub claims: Claims,
}

/// What is known of the subject that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The user who has it.
    pub user: Option<User>,
    /// Whether the provider that the user belongs to is still there.
    pub provider_is_there: bool,
    /// What the subject is entitled to.
    pub license: Option<LicenseAssignment>,
}

/// Why somebody cannot log in. Whoever wants to is told nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// The provider does not make users, and there is none.
    #[error("there is no such user, and the identity provider makes none")]
    Unknown,
    /// The subject is another provider's.
    #[error("the user belongs to another identity provider")]
    OtherProvider,
    /// The subject is that of a program.
    #[error("the subject is that of a program")]
    Program,
    /// An administrator shut the user out.
    #[error("the user is disabled")]
    Disabled,
    /// Nobody answered the invitation in time.
    #[error("the invitation is over")]
    InvitationOver,
    /// The user cannot be made.
    #[error("the user cannot be made")]
    NotPossible,
}

/// Lets somebody in: makes the user if there is none, refreshes what the provider knows, sets the memberships in groups of
/// providers, makes such groups if the tenant's settings say so, and gives the roles that the tenant's flags give.
///
/// `ids` gives identifiers for what is new.
///
/// # Errors
/// Why not.
pub fn admit(
    arrival: Arrival,
    known: Known,
    id: UserId,
    ids: &mut dyn FnMut() -> GroupId,
    tenant: &Snapshot,
    editor: &Editor,
) -> Result<Edited<User>, NotAdmitted> {
    let Arrival { provider, creates, claims } = arrival;
    if claims.subject.as_str().starts_with(BOT) {
        return Err(NotAdmitted::Program);
    }
    let (mut user, license) = match &known.user {
        None if creates => make(&claims, provider, known.license, id, tenant, editor)?,
        None => return Err(NotAdmitted::Unknown),
        Some(user) => {
            let bound = user.provider.filter(|_| known.provider_is_there);
            admissible(user, bound, provider, editor)?;
            refreshed(user, &claims, provider.or(bound), known.license, tenant, editor)
        }
    };
    let (groups, made) = provided_groups(claims.groups.as_deref(), ids, tenant, editor);
    if let Some(groups) = groups {
        put_in_groups(&mut user, &groups, tenant);
    }
    let user = match known.user {
        None => created(user),
        Some(before) => updated(before, user, editor),
    };
    // Users refer to groups, so these come first.
    let mut changes = made.changes;
    changes.extend(user.changes);
    changes.extend(license.changes);
    Ok(Edited { value: user.value, changes })
}

fn admissible(
    user: &User,
    bound: Option<IdpId>,
    provider: Option<IdpId>,
    editor: &Editor,
) -> Result<(), NotAdmitted> {
    if user.client_id.is_some() {
        return Err(NotAdmitted::Program);
    }
    if provider.is_some() && bound.is_some() && bound != provider {
        return Err(NotAdmitted::OtherProvider);
    }
    match user.status {
        UserStatus::Disabled => Err(NotAdmitted::Disabled),
        UserStatus::Invited if user.invite_expires_at.is_some_and(|end| end <= editor.at) => {
            Err(NotAdmitted::InvitationOver)
        }
        UserStatus::Active | UserStatus::Invited | UserStatus::Provisioned => Ok(()),
    }
}

fn make(
    claims: &Claims,
    provider: Option<IdpId>,
    license: Option<LicenseAssignment>,
    id: UserId,
    tenant: &Snapshot,
    editor: &Editor,
) -> Result<(User, Edited<()>), NotAdmitted> {
    let new = NewUser {
        subject: claims.subject.clone(),
        name: claims.name.clone(),
        email: claims.email.clone(),
        picture: claims.picture.clone(),
        invited: false,
        roles: Vec::new(),
    };
    let known = KnownSubject { user: None, license };
    let made = User::create(new, id, known, tenant, editor).map_err(|_| NotAdmitted::NotPossible)?;
    let (locale, zoneinfo) = (claims.locale.clone(), claims.zoneinfo.clone());
    let besides = made.changes.into_iter().filter(|change| !matches!(change, Change::User(_))).collect();
    Ok((User { locale, zoneinfo, provider, ..made.value }, Edited { value: (), changes: besides }))
}

/// What the provider knows of the user, and the roles that the tenant's flags give to such users
/// (reference/access-control.md §4a).
fn refreshed(
    user: &User,
    claims: &Claims,
    provider: Option<IdpId>,
    license: Option<LicenseAssignment>,
    tenant: &Snapshot,
    editor: &Editor,
) -> (User, Edited<()>) {
    let said = |said: &Option<Setting>, known: &Option<Setting>| said.clone().or_else(|| known.clone());
    let mut after = User {
        name: claims.name.clone().unwrap_or_else(|| user.name.clone()),
        email: claims.email.clone().or_else(|| user.email.clone()),
        picture: said(&claims.picture, &user.picture),
        locale: said(&claims.locale, &user.locale),
        zoneinfo: said(&claims.zoneinfo, &user.zoneinfo),
        provider,
        status: UserStatus::Active,
        invite_expires_at: None,
        ..user.clone()
    };
    let license = match (license, tenant.tenant().licenses.entitlement()) {
        (Some(license), _) => Edited::unchanged(Some(license)),
        (None, Some(kind)) => LicenseAssignment::assign(user.subject.clone(), kind, editor).map(Some),
        (None, None) => Edited::unchanged(None),
    };
    let entitlement = license.value.as_ref().map(|license| license.kind);
    for role in auto_assigned_roles(tenant, entitlement) {
        after.roles.add(role, editor.at);
    }
    (after, license.map(drop))
}

/// The groups of providers with these names that there are or that are made, and what makes them.
fn provided_groups(
    names: Option<&[GroupName]>,
    ids: &mut dyn FnMut() -> GroupId,
    tenant: &Snapshot,
    editor: &Editor,
) -> (Option<Vec<GroupId>>, Edited<()>) {
    let mut made = Edited::unchanged(());
    let Some(names) = names else { return (None, made) };
    let mut groups = Vec::with_capacity(names.len());
    let mut with_new = None;
    let mut seen: Vec<&GroupName> = Vec::with_capacity(names.len());
    for name in names {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        if let Some(group) = tenant.group_named(Provider::Idp, name) {
            groups.push(group);
            continue;
        }
        if !tenant.tenant().auto_create_groups {
            continue;
        }
        let new = NewGroup {
            name: name.clone(),
            provider: Provider::Idp,
            description: None,
            external_id: None,
            roles: Vec::new(),
        };
        // Each new one counts for the limit that the next one has to keep.
        let present = with_new.as_ref().unwrap_or(tenant);
        // A name that only a system group may have, or one group too many, is passed over: nobody is kept out by it.
        if let Ok(group) = Group::create(new, ids(), present, editor) {
            groups.push(group.value.id);
            with_new = Some(present.apply(present.revision(), editor.at, &group.changes));
            made = made.and(group.map(drop));
        }
    }
    (Some(groups), made)
}

/// Puts a user in these groups of providers and in no other such groups.
fn put_in_groups(user: &mut User, groups: &[GroupId], tenant: &Snapshot) {
    let provided = |id: GroupId| tenant.group(id).is_some_and(|group| group.provider == Provider::Idp);
    user.groups.retain(|held| !provided(held.to) || groups.contains(&held.to));
    for group in groups {
        if !user.groups.iter().any(|held| held.to == *group) {
            user.groups.push(Assigned::from(*group));
        }
    }
}

impl Claims {
    /// Who it is, and nothing else.
    #[must_use]
    pub const fn only(subject: Subject) -> Self {
        Self { subject, name: None, email: None, picture: None, locale: None, zoneinfo: None, groups: None }
    }
}
