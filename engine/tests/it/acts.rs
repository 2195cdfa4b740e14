//! Random things that are done to a tenant.

use proptest::prelude::*;

use crate::places::{SpaceAct, space_act};

/// Something an administrator does. Numbers choose among what is there.
#[derive(Debug, Clone)]
pub enum Act {
    MakeRole(u8, Vec<u8>),
    PatchRole(u8, Vec<RoleAct>),
    DeleteRole(u8),
    MakeGroup(u8, bool, Vec<u8>),
    PatchGroup(u8, Vec<u8>),
    GiveGroup(u8, u8, bool),
    RenameGroup(u8, u8),
    DeleteGroup(u8),
    MakeUser(Vec<u8>, bool),
    PatchUser(u8, Vec<UserAct>),
    DeleteUser(u8),
    /// A program says which name a user has, and whether the user may log in.
    Provision(u8, u8, Option<bool>),
    /// A program puts a user in a group, or takes the user out.
    Member(u8, u8, bool),
    Everyone(Vec<u8>),
    UserDefault(Vec<u8>),
    Flag(u8, bool),
    Entitle(bool),
    Pass(u8),
    Space(SpaceAct),
}

#[derive(Debug, Clone)]
pub enum RoleAct {
    Rename(u8),
    Scopes(Vec<u8>),
    Add(u8),
    Remove(u8),
}

#[derive(Debug, Clone)]
pub enum UserAct {
    Roles(Vec<u8>),
    AddRole(u8),
    RemoveRole(u8),
    Join(u8),
    Leave(u8),
    Groups(Vec<u8>),
    Status(u8),
    Locale(u8),
    Rename(u8),
    Email(u8),
    AssignRole(u8, Hours),
    AssignGroup(u8, Hours),
}

/// Begin and end of a period, in hours from 12 hours ago; none where there is no such.
pub type Hours = (Option<u8>, Option<u8>);

fn some() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..4)
}

fn hours() -> impl Strategy<Value = Hours> {
    (prop::option::of(0_u8..36), prop::option::of(0_u8..48))
}

pub fn user_acts() -> impl Strategy<Value = Vec<UserAct>> {
    let act = prop_oneof![
        some().prop_map(UserAct::Roles),
        any::<u8>().prop_map(UserAct::AddRole),
        any::<u8>().prop_map(UserAct::RemoveRole),
        any::<u8>().prop_map(UserAct::Join),
        any::<u8>().prop_map(UserAct::Leave),
        some().prop_map(UserAct::Groups),
        any::<u8>().prop_map(UserAct::Status),
        any::<u8>().prop_map(UserAct::Locale),
        any::<u8>().prop_map(UserAct::Rename),
        any::<u8>().prop_map(UserAct::Email),
        (any::<u8>(), hours()).prop_map(|(role, hours)| UserAct::AssignRole(role, hours)),
        (any::<u8>(), hours()).prop_map(|(group, hours)| UserAct::AssignGroup(group, hours)),
    ];
    prop::collection::vec(act, 0..4)
}

pub fn acts(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let role_act = prop_oneof![
        any::<u8>().prop_map(RoleAct::Rename),
        some().prop_map(RoleAct::Scopes),
        any::<u8>().prop_map(RoleAct::Add),
        any::<u8>().prop_map(RoleAct::Remove),
    ];
    let act = prop_oneof![
        3 => (any::<u8>(), some()).prop_map(|(name, scopes)| Act::MakeRole(name, scopes)),
        2 => (any::<u8>(), prop::collection::vec(role_act, 0..3)).prop_map(|(role, ops)| Act::PatchRole(role, ops)),
        1 => any::<u8>().prop_map(Act::DeleteRole),
        2 => (any::<u8>(), any::<bool>(), some()).prop_map(|(name, idp, roles)| Act::MakeGroup(name, idp, roles)),
        2 => (any::<u8>(), some()).prop_map(|(group, roles)| Act::PatchGroup(group, roles)),
        2 => (any::<u8>(), any::<u8>(), any::<bool>()).prop_map(|(group, role, give)| Act::GiveGroup(group, role, give)),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(group, name)| Act::RenameGroup(group, name)),
        1 => any::<u8>().prop_map(Act::DeleteGroup),
        3 => (some(), any::<bool>()).prop_map(|(roles, invited)| Act::MakeUser(roles, invited)),
        6 => (any::<u8>(), user_acts()).prop_map(|(user, ops)| Act::PatchUser(user, ops)),
        1 => any::<u8>().prop_map(Act::DeleteUser),
        3 => (any::<u8>(), any::<u8>(), any::<Option<bool>>()).prop_map(|(user, name, active)| Act::Provision(user, name, active)),
        2 => (any::<u8>(), any::<u8>(), any::<bool>()).prop_map(|(user, group, is)| Act::Member(user, group, is)),
        1 => some().prop_map(Act::Everyone),
        1 => some().prop_map(Act::UserDefault),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(flag, on)| Act::Flag(flag, on)),
        1 => any::<bool>().prop_map(Act::Entitle),
        3 => (0_u8..12).prop_map(Act::Pass),
        12 => space_act().prop_map(Act::Space),
    ];
    prop::collection::vec(act, 0..most)
}
