//! Manifests: what is planned is what is wanted, in an order in which stopping does no harm.

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;
use rolecall_engine::{
    access::Snapshot,
    assignments::{GroupRef, RoleRef},
    change::Stamps,
    groups::Provider,
    ids::{SpaceId, UserId},
    manifest::{
        Expectation, Holdings, Manifest, Plan, Section, Setting, Step, Stop, Value, WantedGroup, WantedRole,
        WantedSpace, WantedUser, Who, Why, examine, export, lint, plan,
    },
    names::{GroupName, RoleName, SpaceName},
    scopes::{ScopeName, ScopeSet},
    spaces::{Space, SpaceKind, SpaceRole, SpaceRoles},
    users::UserOp,
};

use crate::{
    acts::{Act, RoleAct, UserAct, acts},
    world::{World, cases},
};

fn holdings(world: &World) -> Holdings {
    let catalogue = Arc::new(world.snapshot.catalogue().clone());
    let mut holdings = Holdings::new(catalogue, world.tenant.clone(), &world.editor());
    holdings.snapshot = world.snapshot.clone();
    holdings.roles.clone_from(&world.roles);
    holdings.groups.clone_from(&world.groups);
    holdings.users.clone_from(&world.users);
    holdings.spaces.clone_from(&world.spaces);
    holdings.assignments.clone_from(&world.assignments);
    holdings
}

/// Without what is assigned for some time, of which a manifest does not speak.
fn lasting(acts: Vec<Act>) -> Vec<Act> {
    let keep = |act: Act| match act {
        Act::PatchUser(user, ops) => {
            let timed = |op: &UserAct| matches!(op, UserAct::AssignRole(..) | UserAct::AssignGroup(..));
            Act::PatchUser(user, ops.into_iter().filter(|op| !timed(op)).collect())
        }
        other => other,
    };
    acts.into_iter().map(keep).collect()
}

/// Whether a manifest can say what an act does.
fn can_be_said(act: &Act) -> bool {
    let of_user = |op: &UserAct| {
        matches!(
            op,
            UserAct::Roles(_)
                | UserAct::AddRole(_)
                | UserAct::RemoveRole(_)
                | UserAct::Join(_)
                | UserAct::Leave(_)
        )
    };
    match act {
        Act::MakeRole(..)
        | Act::DeleteRole(_)
        | Act::PatchGroup(..)
        | Act::DeleteGroup(_)
        | Act::Everyone(_)
        | Act::UserDefault(_)
        | Act::Flag(..) => true,
        Act::PatchRole(_, ops) => !ops.iter().any(|op| matches!(op, RoleAct::Rename(_))),
        Act::MakeGroup(_, idp, _) => !idp,
        Act::PatchUser(_, ops) => ops.iter().all(of_user),
        _ => false,
    }
}

/// A tenant, and the same as somebody wants it.
fn two(before: Vec<Act>, after: &[Act]) -> (World, World) {
    let present = World::after(&lasting(before));
    let mut wanted = present.clone();
    // Groups of identity providers come and go with logins, not with a manifest.
    let of_providers =
        |world: &World| world.groups.values().filter(|group| group.provider == Provider::Idp).count();
    for act in after.iter().filter(|act| can_be_said(act)) {
        let mut next = wanted.clone();
        let _ = next.act(act);
        if of_providers(&next) == of_providers(&wanted) {
            wanted = next;
        }
    }
    (present, wanted)
}

fn done(mut holdings: Holdings, steps: &[Step]) -> Holdings {
    for step in steps {
        holdings.perform(step).unwrap();
    }
    holdings
}

fn may(snapshot: &Snapshot) -> BTreeMap<UserId, ScopeSet> {
    snapshot.users().map(|(id, facts)| (id, snapshot.effective(facts))).collect()
}

/// Whether everybody may do in a state what they may do both before and behind it.
fn nobody_lacks(before: &Snapshot, between: &Snapshot, after: &Snapshot) -> bool {
    let (before, between, after) = (may(before), may(between), may(after));
    before
        .iter()
        .all(|(id, was)| was.iter().all(|scope| !after[id].contains(scope) || between[id].contains(scope)))
}

/// Whether everybody may do in a state only what they may do before or behind it, or what is told.
fn nobody_passes(before: &Snapshot, between: &Snapshot, after: &Snapshot, plan: &Plan) -> bool {
    let told = |scope| between.scope_name(scope).is_some_and(|name| plan.passing.contains_key(name));
    let (was, has, is) = (may(before), may(between), may(after));
    let active = before.users().filter(|(_, facts)| facts.is_active());
    active.map(|(id, _)| id).all(|id| {
        has[&id].iter().all(|scope| was[&id].contains(scope) || is[&id].contains(scope) || told(scope))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(96), ..ProptestConfig::default() })]

    /// What was exported is what is there.
    #[test]
    fn export_then_plan_is_empty(acts in acts(40)) {
        let holdings = holdings(&World::after(&lasting(acts)));
        let manifest = export(&holdings, Section::ALL);
        let plan = plan(&holdings, &manifest, true).unwrap();
        prop_assert_eq!(plan.steps, vec![]);
    }

    /// Wherever it is stopped, planning and applying again leads to the same end, and nobody lacks in between what they keep.
    #[test]
    fn any_interruption_is_made_good(before in acts(24), after in acts(24)) {
        let (present, wanted) = two(before, &after);
        let (present, wanted) = (holdings(&present), holdings(&wanted));
        let manifest = export(&wanted, Section::ALL);
        let caller = present.caller.unwrap();
        let plan_ = match plan(&present, &manifest, true) {
            Ok(plan) => plan,
            Err(problems) => {
                let only_locks = problems.iter().all(|problem| problem.why == Why::LocksOut);
                prop_assert!(only_locks && !wanted.snapshot.administers(caller), "{problems:?}");
                return Ok(());
            }
        };
        let end = done(present.clone(), &plan_.steps);
        prop_assert_eq!(export(&end, Section::ALL), manifest.clone());
        let mut state = present.clone();
        for step in &plan_.steps {
            state.perform(step).unwrap();
            prop_assert!(state.snapshot.administers(caller));
            prop_assert!(nobody_lacks(&present.snapshot, &state.snapshot, &end.snapshot), "{step}");
            prop_assert!(nobody_passes(&present.snapshot, &state.snapshot, &end.snapshot, &plan_), "{step}");
            let rest = plan(&state, &manifest, true).unwrap();
            prop_assert!(rest.steps.iter().all(|step| plan_.steps.contains(step)), "what is left was planned");
            let end = done(state.clone(), &rest.steps);
            prop_assert_eq!(plan(&end, &manifest, true).unwrap().steps, vec![]);
        }
    }

    /// Nothing that the manifest does not own is touched, and what somebody else changes meanwhile is not overwritten.
    #[test]
    fn what_others_change_is_not_lost(
        before in acts(24),
        after in acts(24),
        meanwhile in acts(12),
        owned in prop::sample::subsequence(Section::ALL, 0..=10),
    ) {
        let (present, wanted) = two(before, &after);
        let manifest = export(&holdings(&wanted), &owned);
        let Ok(plan) = plan(&holdings(&present), &manifest, false) else { return Ok(()) };
        let mut moved = present;
        for act in &lasting(meanwhile) {
            let _ = moved.act(act);
        }
        let others: Vec<Section> = Section::ALL.iter().copied().filter(|section| !owned.contains(section)).collect();
        let mut state = holdings(&moved);
        let before = export(&state, &others);
        for step in &plan.steps {
            let was = state.clone();
            if let Err(stop) = state.perform(step) {
                prop_assert!(matches!(stop, Stop::Moved | Stop::Refused(_)));
                prop_assert_eq!(export(&state, Section::ALL), export(&was, Section::ALL));
            }
        }
        prop_assert_eq!(export(&state, &others), before);
    }
}

fn role(name: &str) -> RoleName {
    RoleName::new(name).unwrap()
}

fn scope(name: &str) -> ScopeName {
    ScopeName::new(name).unwrap()
}

fn owning(sections: &[Section]) -> Manifest {
    Manifest { owned: sections.iter().copied().collect(), ..Manifest::default() }
}

fn problems(holdings: &Holdings, manifest: &Manifest, prune: bool) -> Vec<String> {
    plan(holdings, manifest, prune).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn auto_assign_is_switched_off() {
    let world = World::new();
    let mut manifest = owning(&[Section::AutoAssign, Section::Everyone]);
    let flags = [Setting::SharedSpaces, Setting::PrivateContent, Setting::DataServices];
    manifest.settings.extend(flags.map(|flag| (flag, Value::On(false))));
    manifest.everyone = Some([].into());
    let plan = plan(&holdings(&world), &manifest, false).unwrap();
    let lines: Vec<String> = plan.steps.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "~ autoAssign `sharedSpaceCreator`\n    ~ value: on -> off",
            "~ autoAssign `privateAnalyticsContentCreator`\n    ~ value: on -> off",
            "~ autoAssign `dataServicesContributor`\n    ~ value: on -> off",
            "~ group `com.qlik.Everyone`\n    - role AutomationCreator\n    - role PrivateAnalyticsContentCreator\n    - role SharedSpaceCreator",
        ]
    );
    assert_eq!(plan.impact.affected, 1, "the administrator, who is the only user");
}

#[test]
fn what_stands_in_the_way_is_told_all_at_once() {
    let mut world = World::new();
    world.make_role("Used", &["notes"]).unwrap();
    world.make_user("uma", vec![RoleRef::Name("Used".into())], false).unwrap();
    for subject in ["one", "two"] {
        world.make_user(subject, vec![], true).unwrap();
    }
    world.make_group("Twice", Provider::Custom, vec![]).unwrap();
    let holdings = holdings(&world);

    let mut manifest =
        owning(&[Section::Roles, Section::Everyone, Section::Groups, Section::IdpGroups, Section::Users]);
    manifest.everyone = Some([role("UserDefault"), role("Nobody made it")].into());
    manifest.roles.insert(role("Steward"), WantedRole::default());
    let scopes = [scope("notes"), scope("nots")].into();
    manifest.roles.insert(role("New"), WantedRole { description: None, scopes });
    manifest.groups.insert((Provider::Idp, GroupName::new("From afar").unwrap()), WantedGroup::default());
    for user in ["x@example.com", "nobody", "uma"] {
        let groups = Some([GroupName::new("Twice").unwrap()].into());
        manifest.users.insert(user.into(), WantedUser { roles: None, groups });
    }
    assert_eq!(
        problems(&holdings, &manifest, false),
        [
            "everyone: Nobody made it: the tenant has no role `Nobody made it`, and the file makes none",
            "everyone: UserDefault: `UserDefault` is everybody's and cannot be assigned; say `userDefault` for its scopes",
            "roles: New: scopes: nots: the tenant knows no scope `nots`",
            "roles: Steward: `Steward` is a default role; the file cannot say what it grants",
            "idpGroups: From afar: the identity provider has made no group `From afar` yet; logins and SCIM make them",
            "users: nobody: the tenant has no user with the subject or address `nobody`",
            "users: x@example.com: several users have the address `x@example.com`, with the subjects `one`, `two`; write the subject",
        ]
    );
    assert_eq!(
        problems(&holdings, &owning(&[Section::Roles]), true),
        ["roles: Used: `--prune` would delete the role `Used`, which is held by the user `uma`"]
    );
    assert_eq!(plan(&holdings, &owning(&[Section::Roles]), false).unwrap().steps, []);
}

/// Of two steps of one edit the second starts from where the first leads to.
#[test]
fn what_follows_from_a_refusal_is_not_told_as_another() {
    let mut world = World::new();
    world.make_role("Reader", &["notes"]).unwrap();
    let mut manifest = owning(&[Section::Roles]);
    let wanted = WantedRole { description: None, scopes: [scope("automations")].into() };
    manifest.roles.insert(role("Reader"), wanted);
    let problems = problems(&holdings(&world), &manifest, false);
    assert!(problems.len() == 1 && problems[0].contains("`automations`"), "{problems:?}");
}

/// Whoever leaves a group does so before it is given something, and whoever joins one does so once it was taken.
#[test]
fn nobody_has_in_between_what_they_are_not_to_have() {
    let mut world = World::new();
    let admin = || vec![RoleRef::Name("TenantAdmin".into())];
    let groups = |name: &str| vec![GroupRef::Name(name.into(), Provider::Custom)];
    let (gives, takes) = ("Gains", "Loses");
    world.make_group(gives, Provider::Custom, vec![]).unwrap();
    world.make_group(takes, Provider::Custom, admin()).unwrap();
    let leaves = world.make_user("leaves", vec![], false).unwrap();
    world.make_user("joins", vec![], false).unwrap();
    let editor = world.editor();
    world.patch_user(leaves, &[UserOp::AddGroup(groups(gives).remove(0))], &editor).unwrap();
    let mut manifest = owning(&[Section::Groups, Section::Users]);
    let group = |name: &str| GroupName::new(name).unwrap();
    for (name, roles) in [(gives, Some([role("TenantAdmin")].into())), (takes, Some([].into()))] {
        manifest.groups.insert((Provider::Custom, group(name)), WantedGroup { description: None, roles });
    }
    for (user, groups) in [("leaves", Some([].into())), ("joins", Some([group(takes)].into()))] {
        manifest.users.insert(user.into(), WantedUser { roles: None, groups });
    }
    let plan = plan(&holdings(&world), &manifest, false).unwrap();
    let heads: Vec<String> = plan.steps.iter().map(|step| step.head().1).collect();
    assert_eq!(heads, ["user `leaves`", "group `Gains`", "group `Loses`", "user `joins`"]);
    assert_eq!(plan.passing, BTreeMap::new());
}

/// Where no order keeps that from them, it is told.
#[test]
fn what_is_held_only_in_between_is_told() {
    let mut world = World::new();
    world.make_role("Reader", &["notes"]).unwrap();
    let reader = vec![RoleRef::Name("Reader".into())];
    world.make_group("Team", Provider::Custom, reader).unwrap();
    let uma = world.make_user("uma", vec![], false).unwrap();
    let editor = world.editor();
    let team = GroupRef::Name("Team".into(), Provider::Custom);
    world.patch_user(uma, &[UserOp::AddGroup(team)], &editor).unwrap();
    let mut manifest = owning(&[Section::Roles, Section::Groups]);
    let wanted = WantedRole { description: None, scopes: [scope("apps.image:export")].into() };
    manifest.roles.insert(role("Reader"), wanted);
    let wanted = WantedGroup { description: None, roles: Some([].into()) };
    manifest.groups.insert((Provider::Custom, GroupName::new("Team").unwrap()), wanted);
    let plan = plan(&holdings(&world), &manifest, false).unwrap();
    assert_eq!(plan.impact.affected, 0);
    assert_eq!(plan.passing, [(scope("apps.image:export"), 1)].into());
}

#[test]
fn nobody_is_meant_twice_in_a_space() {
    let mut world = World::new();
    world.make_user("uma", vec![], true).unwrap();
    let team = world.make_group("Team", Provider::Custom, vec![]).unwrap();
    let mut holdings = holdings(&world);
    let name = SpaceName::new("Sales").unwrap();
    let stamps = Stamps::new(&world.editor());
    let id = SpaceId::new(1, [1; 8]);
    let space =
        Space { id, name: name.clone(), kind: SpaceKind::Shared, description: None, owner: None, stamps };
    holdings.spaces.insert(id, space);
    let roles = SpaceRoles::of(&[SpaceRole::Consumer]);
    let mut wanted = WantedSpace::default();
    wanted.users.extend(["uma", "x@example.com"].map(|text| (text.to_owned(), roles)));
    wanted.groups.extend(["Team", &team.to_string(), "New", "New "].map(|text| (text.to_owned(), roles)));
    let mut manifest = owning(&[Section::Groups, Section::Spaces]);
    manifest.groups.insert((Provider::Custom, GroupName::new("New").unwrap()), WantedGroup::default());
    manifest.spaces.insert(name, wanted);
    let problems = problems(&holdings.compiled(), &manifest, false);
    assert_eq!(
        problems,
        [
            "spaces: Sales: users: x@example.com: `uma` and `x@example.com` are the same user".to_owned(),
            "spaces: Sales: groups: New : `New` and `New ` are the same group".to_owned(),
            format!("spaces: Sales: groups: Team: `{team}` and `Team` are the same group"),
        ]
    );
}

#[test]
fn who_applies_a_file_stays_an_administrator() {
    let holdings = holdings(&World::new());
    let mut manifest = owning(&[Section::Users]);
    let none = WantedUser { roles: Some([].into()), groups: None };
    manifest.users.insert("admin".into(), none);
    assert_eq!(
        problems(&holdings, &manifest, false),
        [
            "users: admin: this would take the administration of the tenant from you; it is never taken from who applies a file"
        ]
    );
    let kept = plan(&holdings, &owning(&[Section::Users]), true).unwrap();
    assert_eq!(kept.kept, [role("TenantAdmin")].into());
    let end = done(holdings, &kept.steps);
    let roles = export(&end, &[Section::Users]).users["admin"].roles.clone().unwrap();
    assert_eq!(roles, [role("TenantAdmin")].into(), "all others are pruned");
}

/// A day is as long as 24 hours, whichever of them is written.
#[test]
fn settings_that_mean_the_same_are_the_same() {
    let holdings = holdings(&World::new());
    let mut manifest = owning(&[Section::ApiKeys]);
    let life = |text| Value::Life(rolecall_engine::api_keys::Lifetime::new(text).unwrap());
    manifest.settings.insert(Setting::MaxKeyLifetime, life("P1D"));
    assert_eq!(plan(&holdings, &manifest, false).unwrap().steps, []);
    manifest.settings.insert(Setting::MaxKeyLifetime, life("P2D"));
    assert_eq!(plan(&holdings, &manifest, false).unwrap().steps.len(), 1);
}

/// A plan to delete something is one to delete it as it is.
#[test]
fn what_is_deleted_is_what_was_planned() {
    let mut world = World::new();
    world.make_role("Spare", &["notes"]).unwrap();
    let planned = plan(&holdings(&world), &owning(&[Section::Roles]), true).unwrap().steps;
    assert_eq!(
        planned.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["- role `Spare`\n    - scope notes"]
    );
    let mut other = World::new();
    other.make_role("Spare", &["notes", "lineage:read"]).unwrap();
    assert!(matches!(holdings(&other).perform(&planned[0]), Err(Stop::Moved)));
}

#[test]
fn expectations_come_true_or_say_why_not() {
    let mut world = World::new();
    world.make_role("Exporter", &["apps.image:export"]).unwrap();
    world.make_user("uma", vec![RoleRef::Name("Exporter".into())], false).unwrap();
    let holdings = holdings(&world);
    let told = |who: Who, can: &[&str], cannot: &[&str], because: Option<&str>| -> Vec<Option<String>> {
        let owned = |scopes: &[&str]| scopes.iter().map(ToString::to_string).collect();
        let because = because.map(role);
        let expectation = Expectation { who, can: owned(can), cannot: owned(cannot), because };
        examine(&holdings, &expectation).into_iter().map(|outcome| outcome.failure).collect()
    };
    let uma = || Who::User("uma".into());
    assert_eq!(told(uma(), &["apps.image:export"], &["tenant:administer"], Some("Exporter")), [None, None]);
    assert_eq!(
        told(uma(), &["apps.image:export", "admin.apps"], &["notes", "nots"], Some("Steward")),
        [
            Some("granted by the role `Exporter`".into()),
            Some("no role of the user grants it".into()),
            Some("granted by the role `UserDefault`, which every user has".into()),
            Some("the tenant knows no scope `nots`".into()),
        ]
    );
    let plain = Who::Holder(vec![]);
    assert_eq!(told(plain, &["notes"], &["apps.image:export"], None), [None, None]);
    let exporter = Who::Holder(vec![role("Exporter")]);
    assert_eq!(told(exporter, &["apps.image:export"], &[], None), [None]);
}

#[test]
fn what_is_without_effect_is_told() {
    let mut manifest = owning(Section::ALL);
    manifest.settings.insert(Setting::SharedSpaces, Value::On(true));
    manifest.everyone = Some([role("SharedSpaceCreator"), role("AutomationCreator")].into());
    manifest.user_default = Some([scope("notes")].into());
    let scopes = [scope("notes"), scope("automations"), scope("automations.shared"), scope("nots")].into();
    manifest.roles.insert(role("Maker"), WantedRole { description: None, scopes });
    manifest.groups.insert((Provider::Custom, GroupName::new("everyone").unwrap()), WantedGroup::default());
    let roles = Some([role("SharedSpaceCreator")].into());
    manifest.users.insert("uma".into(), WantedUser { roles, groups: None });
    let catalogue = rolecall_engine::catalogue::Catalogue::qlik();
    let found: Vec<String> = lint(&manifest, &catalogue)
        .iter()
        .map(|finding| format!("{}: {}", finding.at, finding.text))
        .collect();
    assert_eq!(
        found,
        [
            "autoAssign: sharedSpaceCreator: has no effect while Everyone holds `SharedSpaceCreator`",
            "everyone: AutomationCreator: is to be deprecated by the vendor in 2026; a custom role with the scope `automations.private` does the same, and `automations.shared` the like in shared spaces",
            "groups: everyone: is not the group of all users, whose roles `everyone` says",
            "roles: Maker: is assigned to nobody by this file",
            "roles: Maker: scopes: notes: has no effect: every user has it by `userDefault`",
            "roles: Maker: scopes: nots: is no scope of the catalogue; a plan takes it where a role of the tenant has it already",
            "users: uma: roles: SharedSpaceCreator: has no effect: every user has it by Everyone",
        ]
    );
}
