//! What programs that provision users may make of these: RFC 7644, threats T12, T13, T24.

use rolecall_engine::{
    assignments::RoleRef,
    change::{Change, Delta},
    groups::Provider,
    ids::{IdpId, UserId},
    licenses::{Entitlement, LicenseAssignment},
    names::{GroupName, Setting, Subject},
    periods::Period,
    refusal::Rule,
    scim::{Holder, KnownNames, Provisioned, deprovision, provision, reprovision, set_membership},
    time::Span,
    users::{
        UserOp,
        UserStatus::{self, Active, Disabled, Invited, Provisioned as Waiting},
    },
};

use crate::world::{IDP, World, holder, program, provisioned};

const OTHER: IdpId = IdpId::new(1, [8; 8]);
const ID: UserId = UserId::new(1, [7; 8]);

fn says(subject: &str) -> Provisioned {
    provisioned(subject, Some(true))
}

fn names(holder: Option<Holder>) -> KnownNames {
    KnownNames { holder, user_name_is_free: true, licenses: Vec::new() }
}

#[test]
fn a_new_user_waits_for_a_login_with_what_new_users_have() {
    let mut world = World::new();
    world.entitle(true);
    let editor = program(world.now);
    let made = provision(says("ann"), IDP, names(None), ID, &world.snapshot, &editor).unwrap();
    assert_eq!((made.value.status, made.value.provider), (Waiting, Some(IDP)));
    assert_eq!(made.value.roles.len(), 3, "what the tenant's flags give to professionals");
    assert!(matches!(&made.changes[..], [Change::User(_), Change::License(_)]));
    let bot = provision(says("qlikbot\\x"), IDP, names(None), ID, &world.snapshot, &editor);
    assert_eq!(bot.unwrap_err().rule, Rule::SubjectReserved);
    let taken = KnownNames { user_name_is_free: false, ..names(None) };
    let taken = provision(says("ann"), IDP, taken, ID, &world.snapshot, &editor);
    assert_eq!(taken.unwrap_err().rule, Rule::UserNameTaken("ann".into()));
    let off = provision(provisioned("ann", Some(false)), IDP, names(None), ID, &world.snapshot, &editor);
    assert_eq!(off.unwrap().value.status, Disabled);
}

#[test]
fn whom_nobody_has_is_taken_over_and_nobody_else() {
    let mut world = World::new();
    let free = world.make_user("free", Vec::new(), false).unwrap();
    let admin = world.make_user("second", vec![RoleRef::Name("TenantAdmin".into())], false).unwrap();
    let editor = program(world.now);
    let take = |id: UserId, bound: Option<IdpId>| {
        let holder = Holder { user: world.users[&id].clone(), bound };
        provision(says("x"), IDP, names(Some(holder)), ID, &world.snapshot, &editor)
    };
    let taken = take(free, None).unwrap().value;
    assert_eq!((taken.id, taken.provider, taken.status), (free, Some(IDP), Active));
    // Who is to administer the tenant in an hour only is an administrator too.
    let later = world.make_user("third", Vec::new(), false).unwrap();
    let hour =
        Period::new(Some(world.now.plus(Span::from_hours(1))), Some(world.now.plus(Span::from_hours(2))));
    let ops = [UserOp::AssignRole(RoleRef::Name("TenantAdmin".into()), hour.unwrap())];
    world.patch_user(later, &ops, &world.editor()).unwrap();
    let take = |id: UserId, bound: Option<IdpId>| {
        let holder = Holder { user: world.users[&id].clone(), bound };
        provision(says("x"), IDP, names(Some(holder)), ID, &world.snapshot, &editor)
    };
    for (id, bound) in [(free, Some(OTHER)), (free, Some(IDP)), (admin, None), (later, None)] {
        assert_eq!(take(id, bound).unwrap_err().rule, Rule::SubjectTaken("x".into()));
    }
}

#[test]
fn an_administrator_of_no_provider_is_changed_by_none() {
    let mut world = World::new();
    let group = world.make_group("Admins", Provider::Idp, vec![RoleRef::Name("TenantAdmin".into())]).unwrap();
    let member = world.make_user("member", Vec::new(), false).unwrap();
    let editor = program(world.now);
    let joined =
        set_membership(holder(&world.users[&member]), group, true, &world.snapshot, &editor).unwrap();
    world.keep(joined).unwrap();
    let admins: Vec<UserId> = world.users.keys().copied().collect();
    for admin in admins {
        let present = || holder(&world.users[&admin]);
        let refused = Rule::AdministratorOfNoProvider;
        let tenant = &world.snapshot;
        assert!(present().is_seen_by(IDP));
        assert_eq!(
            reprovision(present(), says("x"), IDP, names(None), tenant, &editor).unwrap_err().rule,
            refused
        );
        assert_eq!(deprovision(present(), tenant, &editor).unwrap_err().rule, refused);
        assert_eq!(set_membership(present(), group, false, tenant, &editor).unwrap_err().rule, refused);
        let bound = Holder { bound: Some(IDP), ..present() };
        assert!(deprovision(bound, tenant, &editor).is_ok(), "one of the provider is");
    }
}

#[test]
fn others_are_not_seen() {
    let mut world = World::new();
    let id = world.make_user("ann", Vec::new(), false).unwrap();
    let mut user = world.users[&id].clone();
    let seen =
        |user: &rolecall_engine::users::User, bound| Holder { user: user.clone(), bound }.is_seen_by(IDP);
    assert!(seen(&user, None) && seen(&user, Some(IDP)) && !seen(&user, Some(OTHER)));
    user.client_id = Setting::new("client").ok();
    assert!(!seen(&user, None) && !seen(&user, Some(IDP)));
}

/// The status before, whether the user waited, what the program says, and the status after.
#[test]
fn who_never_logged_in_waits_again() {
    let mut world = World::new();
    let id = world.provision(None, provisioned("ann", None)).unwrap();
    let steps: &[(Option<UserStatus>, Option<bool>, UserStatus)] = &[
        (None, None, Waiting),
        (None, Some(true), Waiting),
        (None, Some(false), Disabled),
        (None, None, Disabled),
        (None, Some(false), Disabled),
        (None, Some(true), Waiting),
        (Some(Active), Some(true), Active),
        (None, Some(false), Disabled),
        (None, Some(true), Active),
        (Some(Disabled), None, Disabled),
        (None, Some(true), Active),
        (Some(Invited), Some(true), Invited),
        (None, Some(false), Disabled),
        (None, Some(true), Active),
    ];
    for (at, (by_others, active, expected)) in steps.iter().enumerate() {
        if let Some(status) = by_others {
            world.users.get_mut(&id).unwrap().status = *status;
        }
        let present = holder(&world.users[&id]);
        world.provision(present, provisioned("ann", *active)).unwrap();
        assert_eq!(world.users[&id].status, *expected, "step {at}");
    }
}

#[test]
fn another_subject_takes_the_license_along() {
    let mut world = World::new();
    let id = world.provision(None, says("ann")).unwrap();
    let editor = program(world.now);
    let license = LicenseAssignment {
        subject: Subject::new("ann").unwrap(),
        kind: Entitlement::Analyzer,
        created_at: world.now,
    };
    let known = || KnownNames { licenses: vec![license.clone()], ..names(None) };
    let present = || holder(&world.users[&id]);
    let moved = reprovision(present(), says("bea"), IDP, known(), &world.snapshot, &editor).unwrap();
    let licenses: Vec<_> =
        moved.changes.iter().filter(|change| matches!(change, Change::License(_))).collect();
    let [Change::License(gone), Change::License(made)] = &licenses[..] else { panic!("{licenses:?}") };
    assert!(matches!(**gone, Delta::Deleted(_)) && made.latest().subject.as_str() == "bea");
    assert_eq!(made.latest().kind, Entitlement::Analyzer);
    let other = world.make_user("bea", Vec::new(), false).unwrap();
    let other = holder(&world.users[&other]);
    let taken = reprovision(
        holder(&world.users[&id]),
        says("bea"),
        IDP,
        names(Some(other)),
        &world.snapshot,
        &editor,
    );
    assert_eq!(taken.unwrap_err().rule, Rule::SubjectTaken("bea".into()));
    let present = holder(&world.users[&id]);
    let same = names(Some(present.clone()));
    let unchanged = reprovision(present, says("ann"), IDP, same, &world.snapshot, &editor).unwrap();
    assert!(unchanged.changes.is_empty());
}

#[test]
fn only_groups_of_providers_are_named_by_programs() {
    let mut world = World::new();
    let idp = world.make_group("Sales", Provider::Idp, Vec::new()).unwrap();
    let custom = world.make_group("Custom", Provider::Custom, Vec::new()).unwrap();
    world.make_group("Taken", Provider::Idp, Vec::new()).unwrap();
    let editor = program(world.now);
    let named = |group, name: &str| {
        let name = GroupName::new(name).unwrap();
        let group = world.groups[&group].clone();
        group
            .provisioned(name, Setting::new("g").ok(), &world.snapshot, &editor)
            .map_err(|refusal| refusal.rule)
    };
    let sales = named(idp, "Sales team").unwrap().value;
    assert_eq!((sales.name.as_str(), sales.external_id.is_some()), ("Sales team", true));
    assert!(named(idp, "Custom").is_ok(), "a custom group is another kind");
    assert_eq!(named(idp, "Taken").unwrap_err(), Rule::GroupNameTaken("Taken".into()));
    assert!(matches!(named(idp, "com.qlik.everyone").unwrap_err(), Rule::GroupNameReserved(_)));
    assert_eq!(named(custom, "x").unwrap_err(), Rule::NotAnIdpGroup);
}
