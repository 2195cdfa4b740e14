//! Laws that hold for every tenant.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rolecall_engine::{
    access::{GroupFacts, Query, RoleFacts, Snapshot, SpaceFacts, UserFacts, decide, impact},
    catalogue::Catalogue,
    change::{Change, Editor},
    groups::Provider,
    ids::UserId,
    names::SpaceName,
    oauth::{ADMIN_CLASSIC, Bounds, Reach, USER_DEFAULT, decide_within},
    scopes::{Level, ScopeName},
    time::Timestamp,
    users::UserStatus,
};

use crate::{
    acts::{Act, RoleAct, acts, user_acts},
    world::{World, cases},
};

/// The scopes that decisions allow a user.
pub fn allowed(snapshot: &Snapshot, user: UserId) -> BTreeSet<String> {
    let scopes = snapshot.catalogue().scopes().map(|scope| scope.name.as_str());
    scopes.filter(|scope| decide(snapshot, &Query { user, scope }).is_allowed()).map(str::to_owned).collect()
}

/// The scopes a user is granted, whatever the status.
fn granted(snapshot: &Snapshot, facts: &UserFacts) -> BTreeSet<String> {
    let scopes = snapshot.effective(facts);
    scopes.iter().filter_map(|scope| snapshot.scope_name(scope)).map(ScopeName::to_string).collect()
}

/// Everything a snapshot can be asked about spaces.
fn spaces_of(snapshot: &Snapshot) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut spaces: Vec<SpaceFacts> = snapshot.spaces().cloned().collect();
    spaces.sort_by_key(|space| space.id);
    let named: Vec<_> =
        (0..16).map(|n| snapshot.space_named(&SpaceName::new(&format!("Space {n}")).unwrap())).collect();
    let mut users: Vec<UserId> = snapshot.users().map(|(id, _)| id).collect();
    users.sort_unstable();
    let of_user = |user: &UserId| {
        let ids: Vec<_> = snapshot.spaces_of(*user).into_iter().map(|space| space.id).collect();
        let rights: Vec<_> = spaces.iter().map(|space| snapshot.rights_in(*user, space)).collect();
        (ids, rights)
    };
    let of_users: Vec<_> = users.iter().map(of_user).collect();
    (spaces, named, of_users, snapshot.space_count())
}

/// Everything a snapshot can be asked for.
fn answers(snapshot: &Snapshot) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut roles: Vec<_> = snapshot.roles().cloned().collect();
    roles.sort_by_key(|role| role.id);
    let by_name: Vec<_> =
        roles.iter().map(|role| snapshot.role_named(&role.name).map(|role| role.id)).collect();
    let mut users: Vec<_> = snapshot.users_behind(None).collect();
    users.sort_by_key(|(id, _)| *id);
    let decisions: Vec<_> =
        users.iter().map(|(id, facts)| (allowed(snapshot, *id), granted(snapshot, facts))).collect();
    let ids = |roles: &mut dyn Iterator<Item = &RoleFacts>| roles.map(|role| role.id).collect::<Vec<_>>();
    let group = |group: &GroupFacts| {
        (group.id, group.name.clone(), group.active, ids(&mut snapshot.roles_of_group(group)))
    };
    let held: Vec<_> = users
        .iter()
        .map(|(id, facts)| {
            let groups: Vec<_> = snapshot.memberships(facts).map(group).collect();
            (*id, facts.status, ids(&mut snapshot.direct_roles(facts)), groups, snapshot.assignments(*id))
        })
        .collect();
    let subjects: Vec<_> = (0..60).map(|n| snapshot.user_with_subject(&format!("user {n}"))).collect();
    let emails =
        ["ann", "bob", "x"].map(|local| snapshot.users_with_email(&format!("{local}@example.com")).to_vec());
    let names = (subjects, emails, spaces_of(snapshot));
    let counts =
        (snapshot.custom_roles(), snapshot.groups(), snapshot.user_count(), snapshot.tenant().clone());
    (roles, by_name, held, decisions, names, counts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(256), ..ProptestConfig::default() })]

    /// Following changes leads to the same snapshot as reading everything anew, now and at any time.
    #[test]
    fn incremental_is_rebuilt(acts in acts(40), hours in any::<u8>()) {
        let mut world = World::after(&acts);
        let rebuilt = world.rebuilt();
        prop_assert_eq!(answers(&world.snapshot), answers(&rebuilt));
        let now = world.snapshot.clone();
        world.pass(hours);
        prop_assert_eq!(answers(&world.snapshot), answers(&rebuilt.at(world.now)));
        prop_assert_eq!(answers(&world.snapshot.at(now.moment())), answers(&now));
    }

    /// A preview says what everybody gains and loses, no more and no less.
    #[test]
    fn an_impact_is_the_difference(before in acts(20), after in acts(3)) {
        let mut world = World::after(&before);
        let was = world.snapshot.clone();
        world.changes.clear();
        for act in &after {
            let _ = world.act(act);
        }
        let is = &world.snapshot;
        // That time passes is no change.
        let was = was.at(is.moment());
        let impact = impact(&was, is, &world.changes, usize::MAX);
        let ids: BTreeSet<UserId> = was.users().chain(is.users()).map(|(id, _)| id).collect();
        let mut expected = Vec::new();
        for user in ids {
            let (could, can) = (allowed(&was, user), allowed(is, user));
            let only = |one: &BTreeSet<String>, other| one.difference(other).cloned().collect::<Vec<_>>();
            if could != can {
                expected.push((user, only(&can, &could), only(&could, &can)));
            }
        }
        let names = |scopes: &[ScopeName]| {
            let mut names: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            names.sort_unstable();
            names
        };
        let mut told: Vec<_> =
            impact.users.iter().map(|told| (told.user, names(&told.gains), names(&told.loses))).collect();
        told.sort();
        prop_assert_eq!(impact.affected, expected.len());
        prop_assert_eq!(told, expected);
        let administer = |tenant: &Snapshot| tenant.users().filter(|(id, _)| tenant.administers(*id)).count();
        prop_assert_eq!(impact.administrators, [administer(&was), administer(is)]);
    }

    /// A snapshot does not change when the next one is made from it.
    #[test]
    fn a_snapshot_never_changes(before in acts(20), after in acts(20)) {
        let mut world = World::after(&before);
        let snapshot = world.snapshot.clone();
        let answered = answers(&snapshot);
        for act in &after {
            let _ = world.act(act);
        }
        prop_assert_eq!(answers(&snapshot), answered);
    }

    /// Giving a role, to a user or a group, takes nothing from anybody.
    #[test]
    fn adding_a_grant_never_removes_a_permission(acts in acts(25), who in any::<u8>(), role in any::<u8>()) {
        let mut world = World::after(&acts);
        let before: Vec<_> = world.users.keys().map(|id| (*id, allowed(&world.snapshot, *id))).collect();
        let ops = world.user_ops(&[crate::acts::UserAct::AddRole(role)]);
        let user = *world.users.keys().nth(usize::from(who) % world.users.len()).unwrap();
        let _ = world.patch_user(user, &ops, &world.editor());
        for (id, scopes) in before {
            prop_assert!(allowed(&world.snapshot, id).is_superset(&scopes));
        }
    }

    /// In which order roles, groups and scopes were given decides nothing.
    #[test]
    fn order_is_irrelevant(acts in acts(30)) {
        let world = World::after(&acts);
        let mut turned = world.clone();
        turned.users.values_mut().for_each(|user| { user.roles.reverse(); user.groups.reverse(); });
        turned.groups.values_mut().for_each(|group| group.roles.reverse());
        turned.roles.values_mut().for_each(|role| role.scopes.reverse());
        let snapshot = turned.rebuilt();
        for id in world.users.keys() {
            prop_assert_eq!(allowed(&world.snapshot, *id), allowed(&snapshot, *id));
        }
    }

    /// A scope with children grants them: nobody holds a parent without its children.
    #[test]
    fn a_parent_includes_its_children(acts in acts(30)) {
        let world = World::after(&acts);
        let catalogue = world.snapshot.catalogue();
        for id in world.users.keys() {
            let allowed = allowed(&world.snapshot, *id);
            for scope in catalogue.scopes() {
                let parent = scope.parent.and_then(|parent| catalogue.scope(parent));
                let by_parent = parent.is_some_and(|parent| allowed.contains(parent.name.as_str()));
                prop_assert!(!by_parent || allowed.contains(scope.name.as_str()));
            }
        }
    }

    /// Who is no administrator changes nothing of a user but the own preferences.
    #[test]
    fn an_edit_never_grants_what_the_editor_may_not(acts in acts(25), who in any::<u8>(), whom in any::<u8>(), ops in user_acts()) {
        let mut world = World::after(&acts);
        let ids: Vec<UserId> = world.users.keys().copied().collect();
        let (who, whom) = (ids[usize::from(who) % ids.len()], ids[usize::from(whom) % ids.len()]);
        let editor = Editor { user: Some(who), administrator: false, ..world.editor() };
        let before = world.users[&whom].clone();
        let ops = world.user_ops(&ops);
        let done = world.patch_user(whom, &ops, &editor);
        let after = &world.users[&whom];
        let but_preferences = |user: &rolecall_engine::users::User| {
            (user.name.clone(), user.status, user.roles.clone(), user.groups.clone(), user.email.clone())
        };
        prop_assert_eq!(but_preferences(&before), but_preferences(after));
        prop_assert!(done.is_err() || who == whom || ops.is_empty());
    }

    /// A token adds nothing to what its user may do, and what it does not reach is denied (threats T06).
    #[test]
    fn a_token_only_narrows(acts in acts(25), names in prop::collection::vec(any::<u8>(), 0..6), umbrellas in any::<[bool; 2]>()) {
        let world = World::after(&acts);
        let catalogue = world.snapshot.catalogue();
        let all: Vec<&ScopeName> = catalogue.scopes().map(|scope| &scope.name).collect();
        let mut held: Vec<ScopeName> = names.iter().map(|n| all[usize::from(*n) % all.len()].clone()).collect();
        let both = [(USER_DEFAULT, Level::User), (ADMIN_CLASSIC, Level::Admin)];
        held.extend(both.iter().zip(umbrellas).filter(|(_, on)| *on).map(|((name, _), _)| ScopeName::new(name).unwrap()));
        let umbrellas: Vec<Level> =
            both.iter().filter(|(name, _)| held.iter().any(|held| held.as_str() == *name)).map(|(_, level)| *level).collect();
        let reach = Bounds::Token(Reach::new(catalogue, &held));
        for user in world.users.keys().copied() {
            for known in catalogue.scopes() {
                let query = Query { user, scope: known.name.as_str() };
                let may = decide_within(&world.snapshot, &query, &reach).is_allowed();
                let granted = decide(&world.snapshot, &query).is_allowed();
                let parent = known.parent.and_then(|parent| catalogue.scope(parent)).map(|parent| &parent.name);
                let named = held.contains(&known.name) || parent.is_some_and(|parent| held.contains(parent));
                let reached = named || umbrellas.contains(&known.level);
                let keys = known.name.as_str() == Catalogue::API_KEYS;
                prop_assert_eq!(may, granted && if keys { umbrellas.len() == 2 } else { reached });
                prop_assert_eq!(decide_within(&world.snapshot, &query, &Bounds::None), decide(&world.snapshot, &query));
            }
        }
    }

    /// A patch is its operations one after the other, and the empty patch is nothing.
    #[test]
    fn a_patch_is_its_operations_in_order(acts in acts(25), whom in any::<u8>(), first in user_acts(), second in user_acts()) {
        let world = World::after(&acts);
        let id = *world.users.keys().nth(usize::from(whom) % world.users.len()).unwrap();
        let editor = world.editor();
        let (first, second) = (world.user_ops(&first), world.user_ops(&second));
        let mut at_once = world.clone();
        let done = at_once.patch_user(id, &[first.clone(), second.clone()].concat(), &editor);
        let mut stepwise = world.clone();
        if done.is_ok() && stepwise.patch_user(id, &first, &editor).is_ok() && stepwise.patch_user(id, &second, &editor).is_ok() {
            let but_time = |world: &World| { let user = world.users[&id].clone(); (user.name, user.status, user.roles, user.groups) };
            prop_assert_eq!(but_time(&at_once), but_time(&stepwise));
        }
        let nothing = world.users[&id].clone().edit(&[], &world.snapshot, &editor).unwrap();
        prop_assert!(nothing.changes.is_empty());
        prop_assert_eq!(&nothing.value, &world.users[&id]);
    }

    /// What an edit answers is what its changes lead to; what is refused leads nowhere.
    #[test]
    fn the_changes_of_an_edit_lead_to_its_value(acts in acts(25), whom in any::<u8>(), ops in user_acts()) {
        let world = World::after(&acts);
        let user = world.users.values().nth(usize::from(whom) % world.users.len()).unwrap().clone();
        if let Ok(edited) = user.clone().edit(&world.user_ops(&ops), &world.snapshot, &world.editor()) {
            match &edited.changes[..] {
                [] => prop_assert_eq!(&edited.value, &user),
                [Change::User(delta)] => {
                    prop_assert_eq!(delta.before(), Some(&user));
                    prop_assert_eq!(delta.after(), Some(&edited.value));
                    prop_assert!(edited.value.updated_at > user.updated_at);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    /// Whatever is accepted, an active administrator is left, and nobody lost the own administration by the own hand.
    #[test]
    fn a_tenant_keeps_an_administrator(acts in acts(60)) {
        let mut world = World::new();
        for act in &acts {
            let editor = world.editor().user.unwrap();
            let direct = |world: &World| {
                let mut roles = world.users[&editor].roles.iter();
                roles.any(|role| role.period.holds(world.now) && world.snapshot.catalogue().administers(role.to))
            };
            let was_direct = direct(&world);
            if world.act(act).is_ok() {
                for tenant in [&world.snapshot, &world.snapshot.at(Timestamp::MAX)] {
                    prop_assert!(world.users.keys().any(|id| tenant.administers(*id)), "{:?}", act);
                }
                prop_assert!(!was_direct || direct(&world) || matches!(act, Act::Pass(_)), "{:?}", act);
            }
        }
    }

    /// Only the active may do anything at all.
    #[test]
    fn only_active_users_are_allowed_anything(acts in acts(30)) {
        let world = World::after(&acts);
        for user in world.users.values() {
            let some = !allowed(&world.snapshot, user.id).is_empty();
            prop_assert!(user.status == UserStatus::Active || !some);
        }
    }

    /// What is refused leaves everything as it was.
    #[test]
    fn a_refused_act_changes_nothing(before in acts(25), act in acts(2)) {
        let mut world = World::after(&before);
        for act in &act {
            let answered = answers(&world.snapshot);
            if world.act(act).is_err() {
                prop_assert_eq!(answers(&world.snapshot), answered);
            }
        }
    }

    /// Renaming a group or a role changes nobody's rights (threats T03).
    #[test]
    fn a_name_is_not_a_grant(acts in acts(25), at in any::<u8>(), name in any::<u8>()) {
        let mut world = World::after(&acts);
        let before: Vec<_> = world.users.keys().map(|id| (*id, allowed(&world.snapshot, *id))).collect();
        let _ = world.act(&Act::RenameGroup(at, name));
        let _ = world.act(&Act::PatchRole(at, vec![RoleAct::Rename(name)]));
        for (id, scopes) in before {
            prop_assert_eq!(allowed(&world.snapshot, id), scopes);
        }
    }
}

#[test]
fn what_is_not_known_is_denied() {
    let mut world = World::new();
    let admin = *world.users.keys().next().unwrap();
    let nobody = UserId::new(1, [9; 8]);
    for (user, scope) in [(nobody, "notes"), (admin, "no.such"), (admin, ""), (admin, "TENANT:ADMINISTER")] {
        assert!(!decide(&world.snapshot, &Query { user, scope }).is_allowed(), "{user} {scope}");
    }
    world.make_group("g", Provider::Custom, Vec::new()).unwrap();
    assert!(decide(&world.snapshot, &Query { user: admin, scope: "notes" }).is_allowed());
}
