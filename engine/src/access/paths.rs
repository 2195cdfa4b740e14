//! By which paths do roles come to a user, and what do they grant? (reference/access-control.md §1.1)

use super::{
    people::UserFacts,
    slots::Slot,
    snapshot::{RoleFacts, Snapshot},
};
use crate::{
    ids::{GroupId, RoleId},
    scopes::{ScopeIndex, ScopeSet},
};

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

impl Snapshot {
    /// The number of every role a user has, with the path it comes by.
    pub(super) fn slots_of<'s>(
        &'s self,
        user: &'s UserFacts,
    ) -> impl Iterator<Item = (Slot, Path)> + use<'s> {
        let direct = user.roles().iter().map(|slot| (*slot, Path::Direct));
        let by_group = user.groups().iter().filter_map(|slot| self.groups.get(*slot)).flat_map(|group| {
            let granted: &[Slot] = if group.active { &group.roles } else { &[] };
            granted.iter().map(|slot| (*slot, Path::Group(group.id)))
        });
        self.slots_of_everybody().chain(direct).chain(by_group)
    }

    /// Whether a user is granted a scope, whatever the user's status.
    #[must_use]
    pub fn is_granted(&self, user: &UserFacts, scope: ScopeIndex) -> bool {
        self.first_grant(user, scope).is_some()
    }

    /// A way in which a user is granted a scope: the number of the role, and the path.
    pub(super) fn first_grant(&self, user: &UserFacts, scope: ScopeIndex) -> Option<(Slot, Path)> {
        let row = self.granting(scope);
        if let Some(default) = self.user_default.filter(|role| row.has(*role)) {
            return Some((default, Path::UserDefault));
        }
        if let Some(direct) = user.roles().iter().find(|role| row.has(**role)) {
            return Some((*direct, Path::Direct));
        }
        let groups = user.groups().iter().chain(&self.everyone);
        groups.copied().find_map(|group| {
            let grants = self.group_grants.get(usize::from(group))?;
            if grants.more {
                let facts = self.groups.get(group)?;
                return Some((*facts.roles.iter().find(|role| row.has(**role))?, self.path_of(group)?));
            }
            Some((grants.first(row)?, self.path_of(group)?))
        })
    }

    /// The path that leads through a group.
    fn path_of(&self, group: Slot) -> Option<Path> {
        if self.everyone == Some(group) {
            Some(Path::Everyone)
        } else {
            Some(Path::Group(self.groups.get(group)?.id))
        }
    }

    /// The numbers of the roles that every user has.
    pub(super) fn slots_of_everybody(&self) -> impl Iterator<Item = (Slot, Path)> + use<'_> {
        let default = self.user_default.map(|slot| (slot, Path::UserDefault));
        let everyone = self.everyone.and_then(|slot| self.groups.get(slot)).filter(|group| group.active);
        let by_everyone = everyone.into_iter().flat_map(|group| group.roles.iter());
        default.into_iter().chain(by_everyone.map(|slot| (*slot, Path::Everyone)))
    }

    /// Every way in which a user is granted a scope, whatever the user's status. Each is enough by itself.
    pub fn grants<'s>(
        &'s self,
        user: &'s UserFacts,
        scope: ScopeIndex,
    ) -> impl Iterator<Item = Grant> + use<'s> {
        let row = self.granting(scope);
        self.slots_of(user)
            .filter(move |(slot, _)| row.has(*slot))
            .filter_map(|(slot, path)| Some(Grant { role: self.role_at(slot)?.id, path }))
    }

    /// The roles that every user has.
    pub fn roles_of_everybody(&self) -> impl Iterator<Item = &RoleFacts> {
        self.slots_of_everybody().filter_map(|(slot, _)| self.role_at(slot))
    }

    /// Every role a user has with the path it comes by; a role that comes by several paths is listed for each.
    pub fn roles_of<'s>(
        &'s self,
        user: &'s UserFacts,
    ) -> impl Iterator<Item = (&'s RoleFacts, Path)> + use<'s> {
        self.slots_of(user).filter_map(|(slot, path)| Some((self.role_at(slot)?, path)))
    }

    /// Everything a user is granted, by all paths of reference/access-control.md §1.1, whatever the user's status.
    #[must_use]
    pub fn effective(&self, user: &UserFacts) -> ScopeSet {
        let mut granted = ScopeSet::new();
        for (role, _) in self.roles_of(user) {
            granted.extend(&role.grants);
        }
        granted
    }
}
