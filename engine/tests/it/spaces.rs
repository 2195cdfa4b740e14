//! Spaces: who may make, see and change them, and what each role allows. (reference/rest-api.md §11)

use std::collections::BTreeSet;

use proptest::prelude::*;
use rolecall_engine::{
    access::{Decision, Denial, Named, Question, SPACE, SpaceGrant, evaluate},
    assignments::RoleRef,
    catalogue::{Part, Plain},
    groups::Provider,
    ids::{SpaceId, UserId},
    names::{NameError, SpaceName},
    refusal::{Refusal, Rule, SpaceRule},
    spaces::{
        Assignee, AssigneeKind, Member, Rights, Space, SpaceAction, SpaceAssignment, SpaceKind, SpaceOp,
        SpaceRole,
    },
    users::{UserOp, UserStatus},
};

use crate::{
    acts::acts,
    world::{World, cases},
};

fn words<'w, T>(items: impl Iterator<Item = T>, word: fn(T) -> &'w str) -> String {
    items.map(word).collect::<Vec<_>>().join(" ")
}

/// The tables, as people read them.
#[test]
fn each_type_has_its_roles_and_each_role_its_actions() {
    let roles = |kind: SpaceKind| words(kind.roles().iter(), SpaceRole::as_str);
    assert_eq!(roles(SpaceKind::Shared), "codeveloper consumer dataconsumer facilitator producer");
    assert_eq!(
        roles(SpaceKind::Managed),
        "basicconsumer consumer contributor dataconsumer facilitator publisher"
    );
    assert_eq!(
        roles(SpaceKind::Data),
        "consumer dataconsumer datapreview facilitator operator producer publisher"
    );
    for role in SpaceRole::ALL {
        let actions = words(role.actions().iter(), SpaceAction::as_str);
        let expected = match role {
            SpaceRole::Facilitator => "read update delete link_environment restrict",
            SpaceRole::Producer | SpaceRole::CoDeveloper => "create read",
            SpaceRole::Publisher => "read publish",
            _ => "read",
        };
        assert_eq!(actions, expected, "{role}");
    }
    let owner = |kind: SpaceKind| words(kind.owner_actions().iter(), SpaceAction::as_str);
    assert_eq!(owner(SpaceKind::Shared), "change_owner create read update delete link_environment restrict");
    assert_eq!(
        owner(SpaceKind::Managed),
        "change_owner read update delete publish link_environment restrict"
    );
}

#[test]
fn names_of_spaces_are_names_of_folders() {
    assert_eq!(SpaceName::new("  Sales\u{a0} 2026 ").unwrap().as_str(), "Sales 2026");
    for wrong in ["a/b", "a\\b", "a:b", "a*", "?", "<a", "a>", "a|b", "\"a\"", "a\u{ff0f}b"] {
        assert!(matches!(SpaceName::new(wrong), Err(NameError::Malformed(_))), "{wrong}");
    }
    assert_eq!(SpaceName::new(" "), Err(NameError::Empty));
    assert_eq!(SpaceName::new(&"x".repeat(257)), Err(NameError::TooLong(256)));
}

trait Broken {
    /// The rule of spaces that was broken.
    fn broken(&self) -> SpaceRule;
}

impl Broken for Refusal {
    fn broken(&self) -> SpaceRule {
        match &self.rule {
            Rule::Space(rule) => rule.clone(),
            other => panic!("{other}"),
        }
    }
}

/// A tenant with an administrator, users with the roles that make spaces, and one without.
fn world() -> (World, UserId, UserId, UserId) {
    let mut world = World::new();
    world.set_everyone(Vec::new()).unwrap();
    let admin = *world.users.keys().next().unwrap();
    let maker = world.make_user("maker", vec![RoleRef::Name("SharedSpaceCreator".into())], false).unwrap();
    let other = world.make_user("other", Vec::new(), false).unwrap();
    for user in [maker, other] {
        let editor = world.editor();
        world.patch_user(user, &[UserOp::ReplaceRoles(Vec::new())], &editor).unwrap();
    }
    let editor = world.editor();
    let role = UserOp::AddRole(RoleRef::Name("SharedSpaceCreator".into()));
    world.patch_user(maker, &[role], &editor).unwrap();
    (world, admin, maker, other)
}

fn rights(world: &World, user: UserId, space: SpaceId) -> Rights {
    world.standing(user).rights_in(&world.snapshot, space)
}

#[test]
fn a_space_is_made_by_who_may_make_its_type() {
    let (mut world, admin, maker, other) = world();
    let refused = |kind: &'static str, scope| SpaceRule::MayNotMake(kind, scope);
    let shared = world.make_space(maker, "Sales", SpaceKind::Shared).unwrap();
    assert_eq!(world.spaces[&shared].owner, Some(maker));
    let managed = world.make_space(maker, "M", SpaceKind::Managed).unwrap_err().broken();
    assert_eq!(managed, refused("managed", "spaces.managed"));
    let data = world.make_space(maker, "D", SpaceKind::Data).unwrap_err().broken();
    assert_eq!(data, refused("data", "spaces.data"));
    let none = world.make_space(other, "S", SpaceKind::Shared).unwrap_err().broken();
    assert_eq!(none, refused("shared", "spaces.shared:create"));
    for (name, kind) in [("M", SpaceKind::Managed), ("D", SpaceKind::Data)] {
        world.make_space(admin, name, kind).unwrap();
    }
    let taken = world.make_space(admin, "SALES", SpaceKind::Data).unwrap_err().broken();
    assert_eq!(taken, SpaceRule::NameTaken("SALES".into()));
    let rename = SpaceOp::Rename(SpaceName::new("SALES").unwrap());
    assert_eq!(world.patch_space(maker, shared, &[rename]).unwrap().name.as_str(), "SALES", "its own");
}

#[test]
fn roles_are_assigned_by_who_manages_the_space() {
    let (mut world, admin, maker, other) = world();
    let space = world.make_space(maker, "Sales", SpaceKind::Shared).unwrap();
    let (user, id) = (AssigneeKind::User, other.to_string());
    let assign = |world: &mut World, who, assignee: (AssigneeKind, &str), roles: &[SpaceRole]| {
        world.assign(who, space, assignee, roles).map_err(|refusal| (refusal.broken(), refusal.item))
    };
    let consumer = [SpaceRole::Consumer];
    assert_eq!(
        assign(&mut world, other, (user, &id), &consumer),
        Err((SpaceRule::Needs("update"), None)),
        "not by who is not in it"
    );
    let wrong = [SpaceRole::Consumer, SpaceRole::Publisher];
    let not_of_type = SpaceRule::RoleNotOfType("publisher", "shared");
    assert_eq!(assign(&mut world, maker, (user, &id), &wrong), Err((not_of_type, Some(1))));
    assert_eq!(assign(&mut world, maker, (user, &id), &[]), Err((SpaceRule::NoRole, None)));
    for (kind, unknown) in [(user, "nobody"), (AssigneeKind::Bot, &*id), (AssigneeKind::Group, &*id)] {
        let refused = Err((SpaceRule::UnknownAssignee(kind.as_str(), unknown.into()), None));
        assert_eq!(assign(&mut world, maker, (kind, unknown), &consumer), refused);
    }
    let owner = maker.to_string();
    assert_eq!(
        assign(&mut world, maker, (user, &owner), &consumer),
        Err((SpaceRule::OwnerHasAllRoles, None))
    );
    let held = assign(&mut world, maker, (user, &id), &consumer).unwrap();
    assert_eq!(assign(&mut world, admin, (user, &id), &consumer), Err((SpaceRule::AlreadyIn, None)));
    assert!(rights(&world, other, space).sees());
    assert_eq!(
        world.patch_space(other, space, &[]).unwrap_err().broken(),
        SpaceRule::Needs("update"),
        "seeing is not changing"
    );
    let who = world.standing(maker);
    let facilitator = [SpaceRole::Facilitator];
    let edited = world.assignments[&held]
        .clone()
        .replace_roles(&facilitator, &who, &world.snapshot, &world.editor())
        .unwrap();
    world.keep(edited).unwrap();
    let everyone = (AssigneeKind::Group, "000000000000000000000001");
    assign(&mut world, other, everyone, &consumer).unwrap();
    assert!(world.patch_space(other, space, &[SpaceOp::GiveTo(other)]).is_err(), "only its owner gives it");
}

/// Who is given a space needs no assignment any more; who gave it has nothing left.
#[test]
fn a_space_is_given_away_by_its_owner() {
    let (mut world, admin, maker, other) = world();
    let space = world.make_space(maker, "Sales", SpaceKind::Shared).unwrap();
    world.assign(maker, space, (AssigneeKind::User, &other.to_string()), &[SpaceRole::Producer]).unwrap();
    let nobody = UserId::new(1, [9; 8]);
    let refused = world.patch_space(maker, space, &[SpaceOp::GiveTo(nobody)]).unwrap_err();
    assert_eq!((refused.broken(), refused.operation), (SpaceRule::UnknownOwner(nobody.to_string()), Some(0)));
    world.patch_space(maker, space, &[SpaceOp::GiveTo(other)]).unwrap();
    assert!(world.assignments.is_empty());
    assert_eq!(rights(&world, other, space).roles, SpaceKind::Shared.roles());
    assert!(!rights(&world, maker, space).sees());
    world.patch_space(admin, space, &[SpaceOp::GiveTo(maker)]).unwrap();
    let editor = world.editor();
    let gone = world.users[&maker].clone().delete(&editor).unwrap();
    world.keep(gone).unwrap();
    assert_eq!(world.snapshot.space(space).unwrap().owner, None, "what was owned stays");
}

#[test]
fn there_are_only_so_many() {
    let (mut world, admin, ..) = world();
    let first = world.make_space(admin, "first", SpaceKind::Shared).unwrap();
    let made = world.spaces[&first].clone();
    let everyone = (AssigneeKind::Group, "000000000000000000000001");
    let held = world.assign(admin, first, everyone, &[SpaceRole::Consumer]).unwrap();
    let held = world.assignments[&held].clone();
    let spaces: Vec<Space> = (0..10_000_u32)
        .map(|n| Space {
            id: if n == 0 { first } else { SpaceId::new(n, [1; 8]) },
            name: SpaceName::new(&format!("s{n}")).unwrap(),
            ..made.clone()
        })
        .collect();
    let assignments: Vec<SpaceAssignment> = (0..1000_u32)
        .map(|n| SpaceAssignment { assignee: Assignee::User(UserId::new(n, [2; 8])), ..held.clone() })
        .collect();
    world.snapshot.put_spaces(&spaces, &assignments);
    let refused = world.make_space(admin, "more", SpaceKind::Shared).unwrap_err();
    assert_eq!(refused.broken(), SpaceRule::TooMany(10_000));
    let refused = world.assign(admin, first, everyone, &[SpaceRole::Consumer]).unwrap_err();
    assert_eq!(refused.broken(), SpaceRule::TooManyAssignments(1000));
}

fn ask(world: &World, user: UserId, action: &str, id: &str) -> Decision {
    let properties = &|_: Part, _: &str| -> Option<Plain> { None };
    let subject = user.to_string();
    let question = Question {
        subject: Named { kind: "user", id: &subject },
        action,
        resource: Named { kind: SPACE, id },
        properties,
    };
    evaluate(&world.snapshot, &question)
}

#[test]
fn decisions_about_spaces_are_by_the_roles_there() {
    let (mut world, admin, maker, other) = world();
    let space = world.make_space(maker, "Sales", SpaceKind::Shared).unwrap();
    let id = space.to_string();
    let group = world.make_group("team", Provider::Custom, Vec::new()).unwrap();
    world.assign(maker, space, (AssigneeKind::Group, &group.to_string()), &[SpaceRole::Producer]).unwrap();
    let editor = world.editor();
    let denied = Decision::Denied;
    assert_eq!(ask(&world, maker, "change_owner", &id), Decision::AllowedInSpace(SpaceGrant::Owner));
    assert_eq!(ask(&world, other, "read", &id), denied(Denial::NotGranted));
    let join = UserOp::AddGroup(rolecall_engine::assignments::GroupRef::Id(group.to_string()));
    world.patch_user(other, &[join], &editor).unwrap();
    let by_group = SpaceGrant::Role(SpaceRole::Producer, Member::Group(group));
    assert_eq!(ask(&world, other, "create", &id), Decision::AllowedInSpace(by_group));
    assert!(
        world.snapshot.describe_in_space(by_group).ends_with("`producer` in the space of the group `team`")
    );
    assert_eq!(ask(&world, other, "update", &id), denied(Denial::NotGranted));
    assert_eq!(ask(&world, other, "fly", &id), denied(Denial::UnknownAction));
    assert_eq!(ask(&world, other, "read", "nowhere"), denied(Denial::UnknownResource));
    assert!(matches!(ask(&world, admin, "update", &id), Decision::Allowed(_)), "by a role of the tenant");
    assert_eq!(ask(&world, admin, "create", &id), denied(Denial::NotGranted), "what is in it is not theirs");
    let disable = UserOp::SetStatus(UserStatus::Disabled);
    world.patch_user(maker, &[disable], &editor).unwrap();
    assert_eq!(ask(&world, maker, "read", &id), denied(Denial::NotActive(UserStatus::Disabled)));
}

/// What a user may do with a space, worked out from the lists of what there is.
fn by_hand(world: &World, user: UserId, space: SpaceId) -> BTreeSet<SpaceAction> {
    let space = &world.spaces[&space];
    let mut actions = BTreeSet::new();
    if space.owner == Some(user) {
        actions.extend(space.kind.owner_actions().iter());
    }
    let groups = &world.users[&user].groups;
    for assignment in world.assignments.values().filter(|assignment| assignment.space == space.id) {
        let counts = match assignment.assignee.member() {
            Member::User(assignee) => assignee == user,
            Member::Group(group) => {
                group == rolecall_engine::ids::GroupId::EVERYONE || world.holds(groups, group)
            }
        };
        if counts {
            actions.extend(assignment.roles.iter().flat_map(|role| role.actions().iter()));
        }
    }
    if world.standing(user).administers() {
        use SpaceAction::{ChangeOwner, Delete, LinkEnvironment, Read, Restrict, Update};
        actions.extend([ChangeOwner, Read, Update, Delete, LinkEnvironment, Restrict]);
    }
    actions
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(128), ..ProptestConfig::default() })]

    /// Decisions are what the lists say, and what is shown to users is what is decided.
    #[test]
    fn decisions_agree_with_the_lists(acts in acts(60)) {
        let world = World::after(&acts);
        for (user, space) in world.users.keys().flat_map(|user| world.spaces.keys().map(move |space| (*user, *space))) {
            let expected = by_hand(&world, user, space);
            let active = world.users[&user].status == UserStatus::Active;
            let asked: BTreeSet<SpaceAction> = SpaceAction::ALL.iter().copied()
                .filter(|action| ask(&world, user, action.as_str(), &space.to_string()).is_allowed()).collect();
            prop_assert_eq!(&asked, if active { &expected } else { const { &BTreeSet::new() } });
            let shown: BTreeSet<SpaceAction> = rights(&world, user, space).actions.iter().collect();
            // Standing is of somebody who came in, and the inactive do not.
            prop_assert!(!active || shown == expected || world.standing(user).sees_all());
        }
    }

    /// Nobody has two assignments in a space, no owner has one, and each has roles of the space's type.
    #[test]
    fn assignments_are_in_order(acts in acts(60)) {
        let world = World::after(&acts);
        let mut seen = BTreeSet::new();
        for assignment in world.assignments.values() {
            let space = &world.spaces[&assignment.space];
            prop_assert!(seen.insert((assignment.space, assignment.assignee.member())));
            prop_assert!(space.owner.is_none() || space.owner != assignment.assignee.user());
            prop_assert!(!assignment.roles.is_empty());
            prop_assert_eq!(assignment.roles.and(space.kind.roles()), assignment.roles);
        }
    }
}
