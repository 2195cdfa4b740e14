//! May this user do this? (reference/access-control.md §1.1)

use core::fmt;

use super::snapshot::{RoleFacts, Snapshot, UserFacts};
use crate::{
    ids::{GroupId, RoleId, UserId},
    users::UserStatus,
};

/// A question: may this user use this scope?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'q> {
    /// Who wants to.
    pub user: UserId,
    /// The scope that is needed.
    pub scope: &'q str,
}

/// How a role comes to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// It is every user's: the role `UserDefault`.
    UserDefault,
    /// Assigned to the user.
    Direct,
    /// Assigned to a group the user is in.
    Group(GroupId),
    /// Assigned to the group Everyone.
    Everyone,
}

/// A role that grants what was asked, and how it comes to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: RoleId,
    /// How the user has it.
    pub path: Path,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// The tenant has no such user.
    UnknownUser,
    /// Only active users may do anything.
    NotActive(UserStatus),
    /// There is no such scope.
    UnknownScope,
    /// No role of the user grants it.
    NotGranted,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownUser => f.write_str("the user is not in the tenant"),
            Self::NotActive(status) => write!(f, "the user is {}", status.as_str()),
            Self::UnknownScope => f.write_str("the scope is not known"),
            Self::NotGranted => f.write_str("no role of the user grants it"),
        }
    }
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes, by this grant; there may be more.
    Allowed(Grant),
    /// No.
    Denied(Denial),
}

impl Decision {
    /// Whether the answer is yes.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// Answers a question. What is not granted, and what is not known, is denied.
#[must_use]
pub fn decide(tenant: &Snapshot, query: &Query<'_>) -> Decision {
    let Some(user) = tenant.user(query.user) else { return Decision::Denied(Denial::UnknownUser) };
    if user.status != UserStatus::Active {
        return Decision::Denied(Denial::NotActive(user.status));
    }
    let Some(scope) = tenant.scope(query.scope) else { return Decision::Denied(Denial::UnknownScope) };
    let granting = tenant.roles_of(user).find(|(role, _)| role.grants.contains(scope));
    granting.map_or(Decision::Denied(Denial::NotGranted), |(role, path)| {
        Decision::Allowed(Grant { role: role.id, path })
    })
}

impl Snapshot {
    /// The roles that every user has.
    pub fn roles_of_everybody(&self) -> impl Iterator<Item = RoleId> {
        core::iter::once(self.catalogue().user_default).chain(self.roles_of_group(GroupId::EVERYONE).copied())
    }

    /// Every role a user has with the path it comes by; a role that comes by several paths is listed for each.
    pub fn roles_of<'s>(&'s self, user: &'s UserFacts) -> impl Iterator<Item = (&'s RoleFacts, Path)> {
        let default = core::iter::once((&self.catalogue().user_default, Path::UserDefault));
        let direct = user.roles.iter().map(|role| (role, Path::Direct));
        let by_group =
            user.groups.iter().flat_map(|id| self.roles_of_group(*id).map(|role| (role, Path::Group(*id))));
        let everyone = self.roles_of_group(GroupId::EVERYONE).map(|role| (role, Path::Everyone));
        default
            .chain(direct)
            .chain(by_group)
            .chain(everyone)
            .filter_map(|(role, path)| Some((self.role(*role)?, path)))
    }

    fn roles_of_group(&self, id: GroupId) -> impl Iterator<Item = &RoleId> {
        self.group(id).filter(|group| group.active).into_iter().flat_map(|group| group.roles.iter())
    }
}
