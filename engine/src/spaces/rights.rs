//! What may somebody do with a space? (reference/rest-api.md §11)

use super::{SpaceAction, SpaceActions, SpaceKind, SpaceRoles};
use crate::{
    access::Snapshot,
    catalogue::Catalogue,
    ids::{GroupId, SpaceId, UserId},
};

/// Who is assigned roles in a space, as decisions see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Member {
    /// A user.
    User(UserId),
    /// Whoever is in a group.
    Group(GroupId),
}

/// What somebody may do with a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights {
    /// The roles in it, the own and those of groups; all for the owner.
    pub roles: SpaceRoles,
    /// What these allow, and what administering all spaces does.
    pub actions: SpaceActions,
}

impl Rights {
    /// Whether the space is there for them at all.
    #[must_use]
    pub const fn sees(self) -> bool {
        self.actions.has(SpaceAction::Read)
    }
}

/// What somebody may do with spaces by scopes, whatever the roles in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The user.
    pub user: UserId,
    /// Whether all spaces are theirs to administer.
    administers: bool,
    /// Whether they see all spaces.
    sees_all: bool,
    /// Of which types they may make spaces, in the order of [`SpaceKind::ALL`].
    creates: [bool; 3],
}

impl Standing {
    /// The standing of a user who `may` use scopes, of which some may be kept from an earlier time and are not granted `now`. Who
    /// administers the tenant administers its spaces. To see them it is enough to have been granted that; what is done with them
    /// lasts, so that takes somebody who is granted it now.
    #[must_use]
    pub fn new(user: UserId, may: impl Fn(&str) -> bool, now: impl Fn(&str) -> bool) -> Self {
        let administering = [Catalogue::ADMINISTER, Catalogue::ADMINISTER_SPACES];
        let administers = administering.into_iter().any(|scope| may(scope) && now(scope));
        let creates = [SpaceKind::Shared, SpaceKind::Managed, SpaceKind::Data];
        Self {
            user,
            administers,
            sees_all: administering.into_iter().chain([Catalogue::READ_SPACES]).any(&may),
            creates: creates.map(|kind| administers || may(kind.creating_scope())),
        }
    }

    /// Whether all spaces are theirs to administer.
    #[must_use]
    pub const fn administers(&self) -> bool {
        self.administers
    }

    /// Whether they see all spaces.
    #[must_use]
    pub const fn sees_all(&self) -> bool {
        self.sees_all
    }

    /// Whether they may make spaces of a type.
    #[must_use]
    pub fn may_create(&self, kind: SpaceKind) -> bool {
        let kinds = SpaceKind::ALL.iter().zip(self.creates);
        kinds.into_iter().any(|(known, creates)| *known == kind && creates)
    }

    /// What they may do with a space; nothing if it is not there.
    #[must_use]
    pub fn rights_in(&self, tenant: &Snapshot, space: SpaceId) -> Rights {
        let Some(facts) = tenant.space(space) else { return Rights::default() };
        let Rights { roles, mut actions } = tenant.rights_in(self.user, facts);
        if self.sees_all {
            actions = actions.or(SpaceActions::of(&[SpaceAction::Read]));
        }
        if self.administers {
            actions = actions.or(SpaceActions::ADMINISTERING);
        }
        Rights { roles, actions }
    }
}
