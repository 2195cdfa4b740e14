//! Who is let in and what a session may do: laws over random tenants. (reference/auth.md §6, threats T07, T24)

use proptest::prelude::*;
use rolecall_engine::{
    access::{Query, UserFacts, decide},
    assignments::RoleRef,
    change::{Change, Edited},
    groups::{Group, Provider, SettingsOp, edit_settings},
    ids::{GroupId, IdpId, RoleId, SessionId, UserId},
    names::{Email, GroupName, Setting, Subject},
    oauth::{Bounds, decide_within},
    periods::Assigned,
    provisioning::{Arrival, Claims, Known, NotAdmitted, admit},
    refusal::Rule,
    sessions::{Opening, Proof, Session, SessionLimits},
    users::{User, UserOp, UserStatus},
    web_integrations::{WebIntegration, WebIntegrationOp},
};

use crate::{
    acts::acts,
    world::{World, cases},
};

const FIRST: IdpId = IdpId::new(1, [1; 8]);
const SECOND: IdpId = IdpId::new(1, [2; 8]);

fn arrival(subject: &str, provider: Option<IdpId>, groups: Option<&[&str]>) -> Arrival {
    let names = |groups: &[&str]| groups.iter().map(|name| GroupName::new(name).unwrap()).collect();
    let claims = Claims {
        email: Email::new("claimed@example.com").ok(),
        locale: Setting::new("de").ok(),
        groups: groups.map(names),
        ..Claims::only(Subject::new(subject).unwrap())
    };
    Arrival { provider, creates: true, claims }
}

impl World {
    fn log_in(&mut self, arrival: Arrival, known_provider: bool) -> Result<Edited<User>, NotAdmitted> {
        let user = self.users.values().find(|user| user.subject == arrival.claims.subject).cloned();
        let known = Known { user, provider_is_there: known_provider, license: None };
        let (at, id) = self.id();
        let mut made = 0;
        let mut ids = || {
            made += 1;
            GroupId::new(at, [made; 8])
        };
        admit(arrival, known, UserId::new(at, id), &mut ids, &self.snapshot, &self.editor())
    }

    fn auto_create(&mut self, on: bool) {
        let everyone = self.groups[&GroupId::EVERYONE].clone();
        let op = [SettingsOp::AutoCreate(on)];
        let edited = edit_settings(self.tenant.clone(), everyone, &op, &self.snapshot, &self.editor());
        self.keep(edited.unwrap()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(128)))]

    /// A login changes who is in groups of providers, and what the provider knows; no role, no custom group, nobody else.
    #[test]
    fn a_login_touches_only_what_is_the_providers(acts in acts(40), n in any::<u8>(), groups in prop::collection::vec(any::<u8>(), 0..6)) {
        let mut world = World::after(&acts);
        let users: Vec<User> = world.users.values().cloned().collect();
        let before = users[usize::from(n) % users.len()].clone();
        let names: Vec<String> = world.groups.values().map(|group| group.name.to_string()).collect();
        let claimed: Vec<&str> = groups.iter().map(|n| names[usize::from(*n) % names.len()].as_str()).collect();
        let Ok(edited) = world.log_in(arrival(before.subject.as_str(), Some(FIRST), Some(&claimed)), false) else {
            prop_assert!(before.status == UserStatus::Disabled || before.status == UserStatus::Invited);
            return Ok(());
        };
        for change in &edited.changes {
            let only = match change {
                Change::User(delta) => delta.latest().id == before.id,
                Change::License(delta) => delta.latest().subject == before.subject,
                Change::Group(delta) => delta.before().is_none() && delta.latest().provider == Provider::Idp && delta.latest().roles.is_empty(),
                _ => false,
            };
            prop_assert!(only, "{change:?}");
        }
        let after = edited.value.clone();
        let provided = |id: GroupId| world.snapshot.group(id).is_none_or(|group| group.provider == Provider::Idp);
        let custom = |user: &User| user.groups.iter().filter(|held| !provided(held.to)).copied().collect::<Vec<_>>();
        prop_assert_eq!(custom(&after), custom(&before));
        for held in after.groups.iter().filter(|held| provided(held.to)) {
            let known = world.snapshot.group(held.to);
            let was_claimed = known.is_none_or(|group| claimed.contains(&&*group.name.to_string()));
            prop_assert!(was_claimed, "only what was claimed");
        }
        let kept = |role: &Assigned<RoleId>| after.roles.iter().any(|held| held.to == role.to);
        prop_assert!(before.roles.iter().all(kept), "nothing is taken away");
        let gained = after.roles.iter().filter(|role| !before.roles.contains(role));
        let by_flag = |id| world.snapshot.catalogue().default_role(id).is_some_and(|role| role.auto_assign.is_some());
        prop_assert!(gained.into_iter().all(|role| by_flag(role.to)), "but by the tenant's flags");
        prop_assert_eq!(after.status, UserStatus::Active);
        world.keep(edited).unwrap_or(after);
        // The same once more changes nothing.
        if world.users[&before.id].status == UserStatus::Active {
            let again = world.log_in(arrival(before.subject.as_str(), Some(FIRST), Some(&claimed)), true);
            // The licence is not kept here, so it is given anew.
            let besides = |change: &&Change| !matches!(change, Change::License(_));
            prop_assert_eq!(again.unwrap().changes.iter().filter(besides).count(), 0);
        }
    }

    /// A session is exactly what was granted when it began, for as long as its user is active.
    #[test]
    fn a_session_is_what_was_granted_when_it_began(before in acts(30), after in acts(30), n in any::<u8>()) {
        let mut world = World::after(&before);
        let ids: Vec<UserId> = world.users.keys().copied().collect();
        let user = ids[usize::from(n) % ids.len()];
        let opening = Opening { id: SessionId::new([1; 16]), secret: "s", user, proof: Proof::Password, provider: None, said_at: None, assertion: None };
        let session = Session::begin(opening, &world.snapshot, &world.editor()).value;
        let scopes: Vec<String> = world.snapshot.catalogue().scopes().map(|scope| scope.name.to_string()).collect();
        let facts = world.snapshot.user(user).unwrap();
        let granted: Vec<bool> = scopes.iter().map(|scope| {
            let at = world.snapshot.scope(scope).unwrap();
            world.snapshot.effective(facts).contains(at)
        }).collect();
        for act in &after {
            let _ = world.act(act);
        }
        let bounds = Bounds::Session(session.scopes.clone());
        let active = world.snapshot.user(user).is_some_and(UserFacts::is_active);
        for (scope, granted) in scopes.iter().zip(granted) {
            let may = decide_within(&world.snapshot, &Query { user, scope }, &bounds).is_allowed();
            prop_assert_eq!(may, granted && active, "{}", scope);
        }
        let unknown = Query { user, scope: "no:such" };
        prop_assert!(!decide_within(&world.snapshot, &unknown, &bounds).is_allowed());
    }
}

#[test]
fn who_is_not_let_in_is_told_apart() {
    let mut world = World::new();
    let nora = world.make_user("nora", Vec::new(), false).unwrap();
    let refused = |world: &mut World, arrival| world.log_in(arrival, true).unwrap_err();
    let stranger = Arrival { creates: false, ..arrival("stranger", Some(FIRST), None) };
    assert_eq!(refused(&mut world, stranger), NotAdmitted::Unknown);
    assert_eq!(refused(&mut world, arrival("qlikbot\\x", Some(FIRST), None)), NotAdmitted::Program);
    let edited = world.log_in(arrival("nora", Some(FIRST), None), false).unwrap();
    world.keep(edited).unwrap();
    assert_eq!(refused(&mut world, arrival("nora", Some(SECOND), None)), NotAdmitted::OtherProvider);
    assert!(world.log_in(arrival("nora", None, None), true).is_ok(), "a password is nobody's provider");
    let moved = world.log_in(arrival("nora", Some(SECOND), None), false).unwrap();
    assert_eq!(moved.value.provider, Some(SECOND), "the first provider is gone");
    world.patch_user(nora, &[UserOp::SetStatus(UserStatus::Disabled)], &world.editor()).unwrap();
    assert_eq!(refused(&mut world, arrival("nora", Some(FIRST), None)), NotAdmitted::Disabled);
    world.make_user("invited", Vec::new(), true).unwrap();
    assert!(world.log_in(arrival("invited", Some(FIRST), None), true).is_ok());
    world.pass(200);
    assert_eq!(refused(&mut world, arrival("invited", Some(FIRST), None)), NotAdmitted::InvitationOver);
}

#[test]
fn groups_are_made_while_the_tenant_wants_them() {
    let mut world = World::new();
    let claimed = ["Sales", "com.qlik.Everyone", "Sales"];
    let without = world.log_in(arrival("nora", Some(FIRST), Some(&claimed)), true).unwrap();
    assert!(without.value.groups.is_empty());
    world.auto_create(true);
    let with = world.log_in(arrival("nora", Some(FIRST), Some(&claimed)), true).unwrap();
    let made: Vec<&Group> = with
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Group(delta) => delta.after(),
            _ => None,
        })
        .collect();
    assert_eq!(made.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["Sales"]);
    let user = world.keep(with).unwrap();
    assert_eq!(user.groups.len(), 1);
    // A group of that name that administrators keep is another one.
    world.make_group("Support", Provider::Custom, vec![RoleRef::Name("TenantAdmin".into())]).unwrap();
    let edited = world.log_in(arrival("nora", Some(FIRST), Some(&["Support"])), true).unwrap();
    let user = world.keep(edited).unwrap();
    assert!(!decide(&world.snapshot, &Query { user: user.id, scope: "tenant:administer" }).is_allowed());
}

#[test]
fn sessions_and_their_limits() {
    let mut world = World::new();
    let nora = world.make_user("nora", Vec::new(), false).unwrap();
    let opening = Opening {
        id: SessionId::new([1; 16]),
        secret: "right",
        user: nora,
        proof: Proof::Oidc,
        provider: Some(FIRST),
        said_at: None,
        assertion: None,
    };
    let session = Session::begin(opening.clone(), &world.snapshot, &world.editor()).value;
    // Only a provider that was asked may have known before who somebody is.
    assert_eq!(session.authenticated_at, None);
    let later = Opening { said_at: Some(session.expires_at), ..opening.clone() };
    let later = Session::begin(later, &world.snapshot, &world.editor()).value;
    assert_eq!(later.authenticated_at, Some(later.began_at));
    let password = Opening { proof: Proof::Password, ..opening };
    let password = Session::begin(password, &world.snapshot, &world.editor()).value;
    assert_eq!(password.authenticated_at, Some(password.began_at));
    assert!(session.has_secret("right") && !session.has_secret("wrong"));
    assert_eq!(session.expires_at.as_millis() - session.began_at.as_millis(), 1440 * 60_000);
    let limits =
        |inactivity_minutes, lifespan_minutes| SessionLimits { inactivity_minutes, lifespan_minutes };
    for (limits, good) in [
        (limits(1, 60), true),
        (limits(60, 90), false),
        (limits(0, 60), false),
        (limits(60, 60 * 24 * 31), false),
    ] {
        assert_eq!(world.tenant.clone().set_sessions(limits, &world.editor()).is_ok(), good, "{limits:?}");
    }
    assert_eq!(limits(2, 60).idle().as_millis(), 120_000);
}

#[test]
fn web_integrations_have_few_origins() {
    let world = World::new();
    let text = |text: &str| Setting::new(text).unwrap();
    let make = |n, others| {
        WebIntegration::create(
            text("Portal"),
            vec![text("https://a.example"); n],
            rolecall_engine::ids::WebIntegrationId::new([1; 32]),
            others,
            &world.editor(),
        )
    };
    assert!(make(51, 0).is_err());
    assert_eq!(make(1, 100).unwrap_err().rule, Rule::TooManyWebIntegrations(100));
    let portal = make(50, 99).unwrap().value;
    let ops = vec![WebIntegrationOp::Rename(text("Other")), WebIntegrationOp::ReplaceOrigins(Vec::new())];
    let edited = portal.clone().edit(ops, &world.editor()).unwrap().value;
    assert_eq!((edited.name.as_str(), edited.origins.len()), ("Other", 0));
    assert!(
        portal
            .clone()
            .edit(vec![WebIntegrationOp::ReplaceOrigins(vec![text("x"); 51])], &world.editor())
            .is_err()
    );
    assert_eq!(portal.delete().changes.len(), 1);
}
