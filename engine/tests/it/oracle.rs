//! A naive reference of who may do what, to compare the engine with on random tenants. (reference/access-control.md §1.1)

use std::collections::BTreeSet;

use proptest::prelude::*;
use rolecall_engine::{
    groups::GroupStatus,
    ids::{GroupId, RoleId},
    periods::Period,
    roles::RoleKind,
    users::{User, UserStatus},
};

use crate::{
    acts::acts,
    laws::allowed,
    world::{World, cases},
};

/// The scopes a role grants, read off the catalogue and the role without anything compiled.
fn scopes_of(world: &World, id: RoleId) -> BTreeSet<String> {
    let catalogue = world.snapshot.catalogue();
    let mut scopes = BTreeSet::new();
    match world.roles.get(&id) {
        Some(role) if role.kind == RoleKind::Default => {
            for scope in catalogue.default_role(id).unwrap().grants.iter() {
                scopes.insert(catalogue.scope(scope).unwrap().name.to_string());
            }
        }
        Some(role) => scopes.extend(role.scopes.iter().map(ToString::to_string)),
        None => {}
    }
    for scope in catalogue.scopes() {
        let parent = scope.parent.map(|parent| catalogue.scope(parent).unwrap().name.to_string());
        if parent.is_some_and(|parent| scopes.contains(&parent)) {
            scopes.insert(scope.name.to_string());
        }
    }
    scopes
}

/// UserDefault ∪ direct roles ∪ roles of groups ∪ roles of Everyone, for active users.
fn expected(world: &World, user: &User) -> BTreeSet<String> {
    let mut roles = vec![world.snapshot.catalogue().user_default];
    let holds = |period: Period| {
        period.valid_from().is_none_or(|from| from <= world.now)
            && period.expires_at().is_none_or(|until| world.now < until)
    };
    roles.extend(user.roles.iter().filter(|role| holds(role.period)).map(|role| role.to));
    let groups = user.groups.iter().filter(|group| holds(group.period)).map(|group| group.to);
    for group in groups.chain([GroupId::EVERYONE]).filter_map(|id| world.groups.get(&id)) {
        if group.status == GroupStatus::Active {
            roles.extend(&group.roles);
        }
    }
    let all = roles.into_iter().flat_map(|role| scopes_of(world, role)).collect();
    if user.status == UserStatus::Active { all } else { BTreeSet::new() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(512), ..ProptestConfig::default() })]

    #[test]
    fn the_engine_decides_as_the_reference_does(acts in acts(40)) {
        let world = World::after(&acts);
        for user in world.users.values() {
            prop_assert_eq!(allowed(&world.snapshot, user.id), expected(&world, user));
        }
    }
}
