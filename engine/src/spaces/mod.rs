//! What is a space, and how may it change? (reference/rest-api.md §11)

mod assignments;
mod rights;
mod words;

use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};

pub use assignments::{Assignee, AssigneeKind, NewSpaceAssignment, SpaceAssignment};
pub use rights::{Member, Rights, Standing};
pub use words::{SpaceAction, SpaceActions, SpaceKind, SpaceRole, SpaceRoles};

use crate::{
    access::Snapshot,
    change::{Change, Delta, Edited, Editor, Entity, Stamps, created, deleted, updated},
    ids::{SpaceId, UserId},
    names::{Description, SpaceName},
    refusal::{Refusal, SpaceRule, limits},
};

/// The place of content. Who is assigned a role in it may do with the content what the role allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// The identifier.
    pub id: SpaceId,
    /// The name, unique in the tenant.
    pub name: SpaceName,
    /// Which roles there are in it.
    pub kind: SpaceKind,
    /// What it is for.
    pub description: Option<Description>,
    /// Who has all roles in it; none once that user is gone.
    pub owner: Option<UserId>,
    /// Who made and edited it.
    pub stamps: Stamps,
}

/// A space to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSpace {
    /// The name.
    pub name: SpaceName,
    /// The type.
    pub kind: SpaceKind,
    /// What it is for.
    pub description: Option<Description>,
}

/// One operation of a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpaceOp {
    /// Another name.
    Rename(SpaceName),
    /// Another owner.
    GiveTo(UserId),
    /// Another description.
    Describe(Description),
}

impl Entity for Space {
    fn change(delta: Delta<Self>) -> Change {
        Change::Space(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.stamps.touch(editor);
    }
}

impl Space {
    /// A new space, owned by whoever makes it.
    ///
    /// # Errors
    /// When the maker may not make spaces of the type, the name is taken, or the tenant has 10,000 spaces.
    pub fn create(
        new: NewSpace,
        id: SpaceId,
        maker: &Standing,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        let NewSpace { name, kind, description } = new;
        if !maker.may_create(kind) {
            return Err(SpaceRule::MayNotMake(kind.as_str(), kind.creating_scope()).into());
        }
        if tenant.space_count() >= limits::SPACES {
            return Err(SpaceRule::TooMany(limits::SPACES).into());
        }
        free_name(&name, id, tenant)?;
        let stamps = Stamps::new(editor);
        Ok(created(Self { id, name, kind, description, owner: Some(maker.user), stamps }))
    }

    /// The space after all operations of a patch, or none of them. `held` are the assignments in it of users it may be
    /// given to; an owner has all roles and so needs none.
    ///
    /// # Errors
    /// When `who` may not do it, the name is taken, or the new owner is not in the tenant.
    pub fn edit(
        self,
        ops: &[SpaceOp],
        held: &[SpaceAssignment],
        who: &Standing,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        let may = who.rights_in(tenant, self.id).actions;
        needs(SpaceAction::Update, may)?;
        let mut space = self.clone();
        for (at, op) in ops.iter().enumerate() {
            space.apply(op, may, tenant).map_err(|rule| Refusal::from(rule).in_operation(at))?;
        }
        let given = space.owner != self.owner;
        let listed = |of: &&SpaceAssignment| of.assignee.user() == space.owner && of.space == space.id;
        let needless = held.iter().find(listed).filter(|_| given).cloned();
        let edited = updated(self, space, editor);
        Ok(match needless {
            Some(assignment) => edited.and(deleted(assignment)),
            None => edited,
        })
    }

    fn apply(&mut self, op: &SpaceOp, may: SpaceActions, tenant: &Snapshot) -> Result<(), SpaceRule> {
        match op {
            SpaceOp::Rename(name) => {
                free_name(name, self.id, tenant)?;
                self.name = name.clone();
            }
            SpaceOp::Describe(description) => self.description = Some(description.clone()),
            SpaceOp::GiveTo(user) if self.owner == Some(*user) => {}
            SpaceOp::GiveTo(user) => {
                needs(SpaceAction::ChangeOwner, may)?;
                tenant.user(*user).ok_or_else(|| SpaceRule::UnknownOwner(user.to_string()))?;
                self.owner = Some(*user);
            }
        }
        Ok(())
    }

    /// The space without its owner, who leaves the tenant.
    pub fn disown(self, editor: &Editor) -> Edited<Self> {
        let after = Self { owner: None, ..self.clone() };
        updated(self, after, editor)
    }

    /// The end of a space, and of all assignments in it.
    ///
    /// # Errors
    /// When `who` may not do it.
    pub fn delete(
        self,
        assignments: Vec<SpaceAssignment>,
        who: &Standing,
        tenant: &Snapshot,
    ) -> Result<Edited<()>, Refusal> {
        needs(SpaceAction::Delete, who.rights_in(tenant, self.id).actions)?;
        Ok(Edited::of_each(assignments, SpaceAssignment::end).and(deleted(self)))
    }
}

/// Refuses who may not do something with a space.
fn needs(action: SpaceAction, may: SpaceActions) -> Result<(), SpaceRule> {
    if may.has(action) { Ok(()) } else { Err(SpaceRule::Needs(action.as_str())) }
}

fn free_name(name: &SpaceName, id: SpaceId, tenant: &Snapshot) -> Result<(), SpaceRule> {
    let taken = tenant.space_named(name).is_some_and(|taken| taken != id);
    if taken { Err(SpaceRule::NameTaken(String::from(name.as_str()))) } else { Ok(()) }
}
