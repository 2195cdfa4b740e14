//! Who has which roles in a space, and how may that change? (reference/rest-api.md §11)

use alloc::{boxed::Box, string::ToString, vec::Vec};

use super::{Member, SpaceAction, SpaceKind, SpaceRole, SpaceRoles, Standing, needs};
use crate::{
    access::Snapshot,
    change::{Change, Delta, Edited, Editor, Entity, Stamps, created, deleted, updated},
    ids::{GroupId, SpaceAssignmentId, SpaceId, UserId},
    refusal::{Refusal, SpaceRule, limits},
    words::words,
};

words! {
    /// What kind of somebody has roles in a space.
    AssigneeKind {
        /// A person.
        User = "user",
        /// Whoever is in a group.
        Group = "group",
        /// An OAuth client that acts as itself.
        Bot = "bot",
    }
}

/// Who has roles in a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignee {
    /// A person.
    User(UserId),
    /// Whoever is in a group.
    Group(GroupId),
    /// An OAuth client that acts as itself, by its user.
    Bot(UserId),
}

impl Assignee {
    /// What kind of somebody it is.
    #[must_use]
    pub const fn kind(self) -> AssigneeKind {
        match self {
            Self::User(_) => AssigneeKind::User,
            Self::Group(_) => AssigneeKind::Group,
            Self::Bot(_) => AssigneeKind::Bot,
        }
    }

    /// The user, if it is not a group.
    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(user) | Self::Bot(user) => Some(user),
            Self::Group(_) => None,
        }
    }

    /// Who it is to a decision, for which it makes no difference whether a user is a person.
    #[must_use]
    pub const fn member(self) -> Member {
        match self {
            Self::User(user) | Self::Bot(user) => Member::User(user),
            Self::Group(group) => Member::Group(group),
        }
    }

    /// The assignee that a kind and an identifier name in a request.
    ///
    /// # Errors
    /// When there is none.
    pub fn resolve(kind: AssigneeKind, id: &str, tenant: &Snapshot) -> Result<Self, SpaceRule> {
        let user = |bot: bool| {
            let id = UserId::from_hex(id)?;
            tenant.user(id).filter(|user| user.bot == bot).map(|_| id)
        };
        let found = match kind {
            AssigneeKind::User => user(false).map(Self::User),
            AssigneeKind::Bot => user(true).map(Self::Bot),
            AssigneeKind::Group => {
                let id = GroupId::from_hex(id);
                id.filter(|id| tenant.group(*id).is_some()).map(Self::Group)
            }
        };
        found.ok_or_else(|| SpaceRule::UnknownAssignee(kind.as_str(), id.to_string()))
    }
}

/// The roles that somebody has in a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceAssignment {
    /// The identifier.
    pub id: SpaceAssignmentId,
    /// The space.
    pub space: SpaceId,
    /// Who; nobody has two assignments in a space.
    pub assignee: Assignee,
    /// The roles, of those of the space's type. Never none.
    pub roles: SpaceRoles,
    /// Who made and edited it.
    pub stamps: Stamps,
}

/// An assignment to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSpaceAssignment {
    /// The kind of assignee.
    pub kind: AssigneeKind,
    /// The identifier of the assignee, as sent.
    pub assignee: alloc::string::String,
    /// The roles.
    pub roles: Vec<SpaceRole>,
}

impl Entity for SpaceAssignment {
    fn change(delta: Delta<Self>) -> Change {
        Change::SpaceAssignment(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.stamps.touch(editor);
    }
}

impl SpaceAssignment {
    /// Gives somebody roles in a space that is there.
    ///
    /// # Errors
    /// When `who` may not do it, there is no such assignee, the assignee has roles in the space already, a role is none of
    /// the space's type, there is no role, or 1,000 have roles in the space.
    pub fn create(
        new: &NewSpaceAssignment,
        (id, space): (SpaceAssignmentId, SpaceId),
        who: &Standing,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        needs(SpaceAction::Update, who.rights_in(tenant, space).actions)?;
        let facts = tenant.space(space).ok_or(SpaceRule::Needs(SpaceAction::Update.as_str()))?;
        let assignee = Assignee::resolve(new.kind, &new.assignee, tenant)?;
        if facts.owner.is_some() && facts.owner == assignee.user() {
            return Err(SpaceRule::OwnerHasAllRoles.into());
        }
        if facts.roles_of(assignee.member()).is_some() {
            return Err(SpaceRule::AlreadyIn.into());
        }
        if facts.members().count() >= limits::SPACE_ASSIGNMENTS {
            return Err(SpaceRule::TooManyAssignments(limits::SPACE_ASSIGNMENTS).into());
        }
        let roles = roles_of(&new.roles, facts.kind)?;
        Ok(created(Self { id, space, assignee, roles, stamps: Stamps::new(editor) }))
    }

    /// The assignment with these roles instead of the present ones.
    ///
    /// # Errors
    /// As [`SpaceAssignment::create`].
    pub fn replace_roles(
        self,
        roles: &[SpaceRole],
        who: &Standing,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        needs(SpaceAction::Update, who.rights_in(tenant, self.space).actions)?;
        let facts = tenant.space(self.space).ok_or(SpaceRule::Needs(SpaceAction::Update.as_str()))?;
        let after = Self { roles: roles_of(roles, facts.kind)?, ..self.clone() };
        Ok(updated(self, after, editor))
    }

    /// Takes the roles.
    ///
    /// # Errors
    /// When `who` may not do it.
    pub fn delete(self, who: &Standing, tenant: &Snapshot) -> Result<Edited<()>, Refusal> {
        needs(SpaceAction::Update, who.rights_in(tenant, self.space).actions)?;
        Ok(self.end())
    }

    /// The end of the assignment, whoever asks: with the space, or with the assignee.
    pub fn end(self) -> Edited<()> {
        deleted(self)
    }
}

fn roles_of(roles: &[SpaceRole], kind: SpaceKind) -> Result<SpaceRoles, Refusal> {
    if roles.is_empty() {
        return Err(SpaceRule::NoRole.into());
    }
    let there_are = kind.roles();
    if let Some(item) = roles.iter().position(|role| !there_are.has(*role)) {
        let role = roles.get(item).map_or("", |role| role.as_str());
        return Err(Refusal::at_item(SpaceRule::RoleNotOfType(role, kind.as_str()).into(), item));
    }
    Ok(SpaceRoles::of(roles))
}
