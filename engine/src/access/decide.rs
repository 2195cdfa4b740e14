//! May this user do this? (reference/access-control.md §1.1)

use core::fmt;

use super::{paths::Grant, people::UserFacts, snapshot::Snapshot, spaces::SpaceGrant};
use crate::{ids::UserId, users::UserStatus};

/// A question: may this user use this scope?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'q> {
    /// Who wants to.
    pub user: UserId,
    /// The scope that is needed.
    pub scope: &'q str,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// Nobody may do anything in a tenant that is not active.
    TenantNotActive,
    /// The tenant has no such user.
    UnknownUser,
    /// Several users have what should name one.
    AmbiguousUser,
    /// There is no such type of subject.
    UnknownSubjectType,
    /// Only active users may do anything.
    NotActive(UserStatus),
    /// There is no such scope.
    UnknownScope,
    /// There is no such type of resource.
    UnknownResourceType,
    /// There is no such resource.
    UnknownResource,
    /// Nothing says which scope the action needs.
    UnknownAction,
    /// No role of the user grants it.
    NotGranted,
    /// The user is granted it, but the token does not reach so far, or the session began before.
    NotReached,
}

impl Denial {
    /// A word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TenantNotActive => "tenant-not-active",
            Self::UnknownUser => "unknown-user",
            Self::AmbiguousUser => "ambiguous-user",
            Self::UnknownSubjectType => "unknown-subject-type",
            Self::NotActive(_) => "not-active",
            Self::UnknownScope => "unknown-scope",
            Self::UnknownResourceType => "unknown-resource-type",
            Self::UnknownResource => "unknown-resource",
            Self::UnknownAction => "unknown-action",
            Self::NotGranted => "not-granted",
            Self::NotReached => "not-reached",
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TenantNotActive => f.write_str("the tenant is not active"),
            Self::UnknownUser => f.write_str("the user is not in the tenant"),
            Self::AmbiguousUser => f.write_str("several users have this address"),
            Self::UnknownSubjectType => f.write_str("subjects are of type `user`, `subject` or `email`"),
            Self::NotActive(status) => write!(f, "the user is {}", status.as_str()),
            Self::UnknownScope => f.write_str("the scope is not known"),
            Self::UnknownResourceType => f.write_str("the type of resource is not known"),
            Self::UnknownResource => f.write_str("the resource is not known in this tenant"),
            Self::UnknownAction => f.write_str("resources of this type have no such action"),
            Self::NotGranted => f.write_str("no role of the user grants it"),
            Self::NotReached => f.write_str("the token or session does not have it"),
        }
    }
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes, by this grant; there may be more.
    Allowed(Grant),
    /// Yes: it was granted when the session began, which keeps what was granted then.
    Kept,
    /// Yes, by being in the space that was asked about.
    AllowedInSpace(SpaceGrant),
    /// No.
    Denied(Denial),
}

impl Decision {
    /// Whether the answer is yes.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed(_) | Self::AllowedInSpace(_) | Self::Kept)
    }
}

/// Answers a question. What is not granted, and what is not known, is denied.
#[must_use]
pub fn decide(tenant: &Snapshot, query: &Query<'_>) -> Decision {
    let user = tenant.user(query.user);
    user.map_or(Decision::Denied(Denial::UnknownUser), |user| tenant.judge(user, query.scope))
}

impl Snapshot {
    /// Refuses whoever may do nothing at all.
    pub(super) fn may_act(&self, user: &UserFacts) -> Result<(), Denial> {
        if !self.tenant().is_active() {
            return Err(Denial::TenantNotActive);
        }
        match user.status {
            UserStatus::Active => Ok(()),
            other => Err(Denial::NotActive(other)),
        }
    }

    /// Answers the question about somebody who was found.
    pub(super) fn judge(&self, user: &UserFacts, scope: &str) -> Decision {
        if let Err(why) = self.may_act(user) {
            return Decision::Denied(why);
        }
        let Some(scope) = self.scope(scope) else { return Decision::Denied(Denial::UnknownScope) };
        let first = self.first_grant(user, scope);
        let grant = first.and_then(|(slot, path)| Some(Grant { role: self.role_at(slot)?.id, path }));
        grant.map_or(Decision::Denied(Denial::NotGranted), Decision::Allowed)
    }
}
