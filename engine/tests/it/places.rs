//! Random things that are done to the spaces of a tenant.

use proptest::prelude::*;
use rolecall_engine::{
    access::{Query, decide},
    ids::{SpaceAssignmentId, SpaceId, UserId},
    names::{Description, SpaceName},
    refusal::Refusal,
    spaces::{
        AssigneeKind, NewSpace, NewSpaceAssignment, Space, SpaceAssignment, SpaceKind, SpaceOp, SpaceRole,
        Standing,
    },
};

use crate::world::{World, choose};

/// Something a user does with a space. Numbers choose among what is there, the first one the user.
#[derive(Debug, Clone)]
pub enum SpaceAct {
    Make(u8, u8, u8),
    Rename(u8, u8, u8),
    Give(u8, u8, u8),
    Delete(u8, u8),
    Assign(u8, u8, bool, u8, u16),
    Replace(u8, u8, u16),
    Take(u8, u8),
}

pub fn space_act() -> impl Strategy<Value = SpaceAct> {
    let n = any::<u8>;
    prop_oneof![
        4 => (n(), n(), n()).prop_map(|(who, name, kind)| SpaceAct::Make(who, name, kind)),
        1 => (n(), n(), n()).prop_map(|(who, space, name)| SpaceAct::Rename(who, space, name)),
        2 => (n(), n(), n()).prop_map(|(who, space, whom)| SpaceAct::Give(who, space, whom)),
        1 => (n(), n()).prop_map(|(who, space)| SpaceAct::Delete(who, space)),
        6 => (n(), n(), any::<bool>(), n(), any::<u16>())
            .prop_map(|(who, space, group, whom, roles)| SpaceAct::Assign(who, space, group, whom, roles)),
        1 => (n(), n(), any::<u16>()).prop_map(|(who, at, roles)| SpaceAct::Replace(who, at, roles)),
        1 => (n(), n()).prop_map(|(who, at)| SpaceAct::Take(who, at)),
    ]
}

/// Roles of a space of a type; the bits say which.
fn roles(kind: SpaceKind, bits: u16) -> Vec<SpaceRole> {
    kind.roles().iter().zip(0_u16..).filter(|(_, at)| bits >> at & 1 == 1).map(|(role, _)| role).collect()
}

impl World {
    /// What a user may do with spaces by scopes.
    pub fn standing(&self, user: UserId) -> Standing {
        let may = |scope: &str| decide(&self.snapshot, &Query { user, scope }).is_allowed();
        Standing::new(user, may, may)
    }

    pub fn make_space(&mut self, who: UserId, name: &str, kind: SpaceKind) -> Result<SpaceId, Refusal> {
        let new = NewSpace { name: SpaceName::new(name).unwrap(), kind, description: None };
        let (at, id) = self.id();
        let id = SpaceId::new(at, id);
        let edited = Space::create(new, id, &self.standing(who), &self.snapshot, &self.editor())?;
        self.keep(edited).map(|space| space.id)
    }

    pub fn patch_space(&mut self, who: UserId, space: SpaceId, ops: &[SpaceOp]) -> Result<Space, Refusal> {
        let held: Vec<SpaceAssignment> = self.assignments.values().cloned().collect();
        let (who, editor) = (self.standing(who), self.editor());
        let edited = self.spaces[&space].clone().edit(ops, &held, &who, &self.snapshot, &editor)?;
        self.keep(edited)
    }

    pub fn assign(
        &mut self,
        who: UserId,
        space: SpaceId,
        (kind, assignee): (AssigneeKind, &str),
        roles: &[SpaceRole],
    ) -> Result<SpaceAssignmentId, Refusal> {
        let new = NewSpaceAssignment { kind, assignee: assignee.to_owned(), roles: roles.to_vec() };
        let (at, id) = self.id();
        let place = (SpaceAssignmentId::new(at, id), space);
        let who = self.standing(who);
        let edited = SpaceAssignment::create(&new, place, &who, &self.snapshot, &self.editor())?;
        self.keep(edited).map(|assignment| assignment.id)
    }

    pub fn space_act(&mut self, act: &SpaceAct) -> Result<(), Refusal> {
        let user = |world: &Self, n: u8| choose(world.users.keys(), n).copied().unwrap();
        let space = |world: &Self, n: u8| choose(world.spaces.keys(), n).copied();
        match *act {
            SpaceAct::Make(who, name, kind) => {
                let kind = SpaceKind::ALL[usize::from(kind) % 3];
                self.make_space(user(self, who), &format!("space {}", name % 16), kind).map(drop)
            }
            SpaceAct::Rename(who, at, name) => {
                let Some(at) = space(self, at) else { return Ok(()) };
                let about = Description::new(&format!("about {name}")).unwrap();
                let name = SpaceName::new(&format!("SPACE {}", name % 16)).unwrap();
                let ops = [SpaceOp::Describe(about), SpaceOp::Rename(name)];
                self.patch_space(user(self, who), at, &ops).map(drop)
            }
            SpaceAct::Give(who, at, whom) => {
                let Some(at) = space(self, at) else { return Ok(()) };
                self.patch_space(user(self, who), at, &[SpaceOp::GiveTo(user(self, whom))]).map(drop)
            }
            SpaceAct::Delete(who, at) => {
                let Some(at) = space(self, at) else { return Ok(()) };
                let who = self.standing(user(self, who));
                let assigned = self.assignments.values().filter(|one| one.space == at).cloned().collect();
                let edited = self.spaces[&at].clone().delete(assigned, &who, &self.snapshot)?;
                self.keep(edited)
            }
            SpaceAct::Assign(who, at, group, whom, bits) => {
                let Some(at) = space(self, at) else { return Ok(()) };
                let whom = if group {
                    (AssigneeKind::Group, choose(self.groups.keys(), whom).unwrap().to_string())
                } else {
                    (AssigneeKind::User, user(self, whom).to_string())
                };
                let roles = roles(self.spaces[&at].kind, bits);
                self.assign(user(self, who), at, (whom.0, &whom.1), &roles).map(drop)
            }
            SpaceAct::Replace(who, at, bits) => {
                let Some(held) = choose(self.assignments.values(), at).cloned() else { return Ok(()) };
                let roles = roles(self.spaces[&held.space].kind, bits);
                let who = self.standing(user(self, who));
                let edited = held.replace_roles(&roles, &who, &self.snapshot, &self.editor())?;
                self.keep(edited).map(drop)
            }
            SpaceAct::Take(who, at) => {
                let Some(held) = choose(self.assignments.values(), at).cloned() else { return Ok(()) };
                let edited = held.delete(&self.standing(user(self, who)), &self.snapshot)?;
                self.keep(edited)
            }
        }
    }
}
