//! Why somebody may do something, who may, and what a service asks.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rolecall_engine::{
    access::{
        Decision, Denial, Explanation, Grant, Named, Path, Query, Question, Snapshot, TENANT, decide,
        evaluate, explain,
    },
    assignments::RoleRef,
    catalogue::{ActionRule, AutoAssign, Catalogue, Condition, Instance, Part, Plain, ResourceType},
    ids::{GroupId, RoleId, UserId},
    names::Email,
    scopes::ScopeName,
    users::{UserOp, UserStatus},
};

use crate::{
    acts::acts,
    world::{World, cases},
};

/// Scopes of every kind: held by all, by default roles, with parents, with children, by administrators.
const SCOPES: [&str; 6] = [
    "notes",
    "pipelines-projects",
    "pipelines-projects:read",
    "apps.image:export",
    "tenant:administer",
    "no.such",
];

/// Whether a user has a role by a path, by what the user and the groups hold and nothing compiled.
fn holds(world: &World, user: UserId, path: Path, role: RoleId) -> bool {
    let user = &world.users[&user];
    match path {
        Path::UserDefault => role == world.snapshot.catalogue().user_default,
        Path::Direct => world.holds(&user.roles, role),
        Path::Group(group) => world.holds(&user.groups, group) && world.groups[&group].roles.contains(&role),
        Path::Everyone => world.groups[&GroupId::EVERYONE].roles.contains(&role),
    }
}

fn explained<'s>(tenant: &'s Snapshot, user: UserId, scope: &str) -> Explanation<'s> {
    explain(tenant, &Query { user, scope })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(256), ..ProptestConfig::default() })]

    /// Every way that is told is one, the deciding one is among them, and without a way nothing is allowed.
    #[test]
    fn an_explanation_fits_the_decision(acts in acts(40)) {
        let world = World::after(&acts);
        for (user, scope) in world.users.values().flat_map(|user| SCOPES.map(|scope| (user, scope))) {
            let Explanation { decision, ways, missing } = explained(&world.snapshot, user.id, scope);
            prop_assert_eq!(decision, decide(&world.snapshot, &Query { user: user.id, scope }));
            let granted = !ways.is_empty();
            prop_assert_eq!(decision.is_allowed(), granted && user.status == UserStatus::Active);
            let index = world.snapshot.scope(scope);
            for way in &ways {
                prop_assert!(holds(&world, user.id, way.path, way.role.id), "{}", way);
                prop_assert!(index.is_some_and(|scope| way.role.grants.contains(scope)), "{}", way);
                prop_assert_eq!(way.group.map(|group| Path::Group(group.id)), match way.path {
                    Path::Group(_) => Some(way.path),
                    _ => None,
                });
            }
            if let Decision::Allowed(Grant { role, path }) = decision {
                prop_assert!(ways.iter().any(|way| way.role.id == role && way.path == path));
            }
            prop_assert!(!granted || missing.is_empty());
            for role in missing {
                prop_assert!(index.is_some_and(|scope| role.grants.contains(scope)));
            }
        }
    }

    /// A missing role gives what was asked once it is assigned; taking it away again takes that away.
    #[test]
    fn a_missing_role_is_what_was_missing(acts in acts(30), whom in any::<u8>()) {
        let mut world = World::after(&acts);
        let user = *world.users.keys().nth(usize::from(whom) % world.users.len()).unwrap();
        for scope in SCOPES {
            let missing = explained(&world.snapshot, user, scope).missing;
            let Some(role) = missing.first().map(|role| RoleRef::Id(role.id.to_string())) else { continue };
            let editor = world.editor();
            if world.patch_user(user, &[UserOp::AddRole(role.clone())], &editor).is_err() {
                continue;
            }
            prop_assert!(!explained(&world.snapshot, user, scope).ways.is_empty());
            if world.patch_user(user, &[UserOp::RemoveRoles(vec![role])], &editor).is_ok() {
                prop_assert!(explained(&world.snapshot, user, scope).ways.is_empty());
            }
        }
    }

    /// Who may is everyone for whom the decision is yes, also when asked for in parts.
    #[test]
    fn who_may_is_whom_decisions_allow(acts in acts(40)) {
        let tenant = World::after(&acts).snapshot;
        for scope in SCOPES {
            let Some(index) = tenant.scope(scope) else { continue };
            let may = |user: &UserId| decide(&tenant, &Query { user: *user, scope }).is_allowed();
            let expected: BTreeSet<UserId> = tenant.users().map(|(id, _)| id).filter(may).collect();
            let mut found = Vec::new();
            while let Some(next) = tenant.users_who_may(found.last().copied(), index).next() {
                found.push(next);
            }
            prop_assert_eq!(found.len(), expected.len());
            prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
        }
    }

    /// The sources of what a user may are all of it, each with a way.
    #[test]
    fn everything_has_a_source(acts in acts(40)) {
        let tenant = World::after(&acts).snapshot;
        for (_, user) in tenant.users() {
            let sources: Vec<_> = tenant.sources(user, 2).collect();
            prop_assert_eq!(sources.len(), tenant.effective(user).iter().count());
            prop_assert!(sources.iter().all(|(_, ways)| (1..=2).contains(&ways.len())));
        }
    }
}

#[test]
fn an_explanation_in_words() {
    let mut world = World::new();
    let role = world.make_role("Exporter", &["pipelines-projects"]).unwrap();
    let roles = || vec![RoleRef::Id(role.to_string())];
    world.set_flag(AutoAssign::DataServices, false);
    let uma = world.make_user("uma", Vec::new(), false).unwrap();
    let scope = "pipelines-projects";
    assert_eq!(explained(&world.snapshot, uma, scope).to_string(), "no role of the user grants it");
    let named = |tenant: &Snapshot| {
        explained(tenant, uma, scope).missing.iter().map(|role| role.name.to_string()).collect::<Vec<_>>()
    };
    assert!(named(&world.snapshot).contains(&String::from("Exporter")));
    world.set_everyone(roles()).unwrap();
    assert_eq!(
        explained(&world.snapshot, uma, scope).to_string(),
        "granted by the role `Exporter` of Everyone"
    );
    let editor = world.editor();
    world.patch_user(uma, &[UserOp::AddRole(roles().remove(0))], &editor).unwrap();
    let explanation = explained(&world.snapshot, uma, scope);
    let mut ends: Vec<String> = explanation.ways.iter().map(rolecall_engine::access::Way::end).collect();
    ends.sort_unstable();
    assert_eq!(ends, ["take the role `Exporter` from Everyone", "take the role `Exporter` from the user"]);
    assert!(explanation.to_string().ends_with(", and in one other way"), "{explanation}");
    let child = explained(&world.snapshot, uma, "pipelines-projects:read");
    assert!(child.ways.iter().any(|way| way.to_string().ends_with("through the scope `pipelines-projects`")));
}

/// Only so many ways are looked for, so there may be more.
#[test]
fn ways_that_were_not_looked_for_are_not_denied() {
    let mut world = World::new();
    let uma = world.make_user("uma", Vec::new(), false).unwrap();
    let mut explanation = explained(&world.snapshot, uma, "notes");
    explanation.ways = vec![explanation.ways[0]; 99];
    assert!(explanation.to_string().ends_with(", and in 98 other ways"), "{explanation}");
    explanation.ways.push(explanation.ways[0]);
    assert!(explanation.to_string().ends_with(", and in at least 99 other ways"), "{explanation}");
}

/// Where the role holds a parent of the scope, that is what there is to take.
#[test]
fn what_everybody_has_is_taken_out_of_the_role_that_has_it() {
    let mut world = World::new();
    let uma = world.make_user("uma", Vec::new(), false).unwrap();
    let end = |tenant: &Snapshot, scope: &str| explained(tenant, uma, scope).ways[0].end();
    assert_eq!(end(&world.snapshot, "notes"), "take the scope out of the role `UserDefault`");
    world.set_user_default(vec![ScopeName::new("pipelines-projects").unwrap()]).unwrap();
    assert_eq!(
        end(&world.snapshot, "pipelines-projects:read"),
        "take the scope `pipelines-projects` out of the role `UserDefault`"
    );
}

fn ask(tenant: &Snapshot, subject: (&str, &str), action: &str, resource: (&str, &str)) -> Decision {
    asking(tenant, subject, action, resource, &|_, _| None)
}

fn asking(
    tenant: &Snapshot,
    (kind, id): (&str, &str),
    action: &str,
    resource: (&str, &str),
    properties: &dyn Fn(Part, &str) -> Option<Plain>,
) -> Decision {
    let resource = Named { kind: resource.0, id: resource.1 };
    evaluate(tenant, &Question { subject: Named { kind, id }, action, resource, properties })
}

#[test]
fn a_question_names_its_subject_and_its_tenant() {
    let mut world = World::new();
    let uma = world.make_user("uma", Vec::new(), false).unwrap();
    let editor = world.editor();
    let email = UserOp::SetEmail(Email::new("uma@example.com").unwrap());
    world.patch_user(uma, &[email], &editor).unwrap();
    let (id, acme) = (uma.to_string(), (TENANT, "acme.example"));
    for subject in [("user", id.as_str()), ("user", "uma"), ("subject", "uma"), ("email", "UMA@example.com")]
    {
        assert!(ask(&world.snapshot, subject, "notes", acme).is_allowed(), "{subject:?}");
        assert!(!ask(&world.snapshot, subject, "tenant:administer", acme).is_allowed(), "{subject:?}");
    }
    let tenant = world.tenant.id.to_string();
    assert!(ask(&world.snapshot, ("user", "uma"), "notes", (TENANT, &tenant)).is_allowed());
    let other = world.make_user("other", Vec::new(), false).unwrap();
    world.patch_user(other, &[UserOp::SetEmail(Email::new("uma@example.com").unwrap())], &editor).unwrap();
    for (subject, action, resource, why) in [
        (("user", "nobody"), "notes", acme, Denial::UnknownUser),
        (("subject", id.as_str()), "notes", acme, Denial::UnknownUser),
        (("email", "no@example.com"), "notes", acme, Denial::UnknownUser),
        (("email", "uma@example.com"), "notes", acme, Denial::AmbiguousUser),
        (("robot", "uma"), "notes", acme, Denial::UnknownSubjectType),
        (("user", "uma"), "no.such", acme, Denial::UnknownScope),
        (("user", "uma"), "notes", (TENANT, "other.example"), Denial::UnknownResource),
        (("user", "uma"), "notes", ("planet", "acme.example"), Denial::UnknownResourceType),
    ] {
        assert_eq!(ask(&world.snapshot, subject, action, resource), Decision::Denied(why), "{subject:?}");
    }
}

#[test]
fn the_rules_of_a_resource_say_which_scope_an_action_needs() {
    let rule = |action: &str, when: &[(Part, &str, bool)], scope: &str| ActionRule {
        action: action.into(),
        when: when
            .iter()
            .map(|(of, property, is)| Condition {
                of: *of,
                property: (*property).into(),
                is: Plain::Boolean(*is),
            })
            .collect(),
        scope: ScopeName::new(scope).unwrap(),
    };
    let record = ResourceType {
        name: "record".into(),
        actions: vec![
            rule("edit", &[(Part::Resource, "locked", true)], "tenant:administer"),
            rule("edit", &[(Part::Action, "draft", true), (Part::Resource, "locked", false)], "notes"),
            rule("view", &[], "notes"),
        ],
        instances: vec![Instance {
            id: "1".into(),
            properties: vec![("locked".into(), Plain::Boolean(true))],
        }],
    };
    let mut world = World::new();
    let mut catalogue = Catalogue::qlik();
    catalogue.resources.push(record);
    world.snapshot = world.under(catalogue);
    let uma = ("user", "admin");
    let draft = |part, name: &str| (part == Part::Action && name == "draft").then_some(Plain::Boolean(true));
    let free = |part, name: &str| match (part, name) {
        (Part::Resource, "locked") => Some(Plain::Boolean(false)),
        _ => draft(part, name),
    };
    let granting = |decision: Decision| match decision {
        Decision::Allowed(grant) => world.snapshot.role(grant.role).map(|role| role.name.to_string()),
        Decision::AllowedInSpace(_) | Decision::Kept | Decision::Denied(_) => None,
    };
    // What is stored of the first record, unless the question says otherwise.
    let locked = asking(&world.snapshot, uma, "edit", ("record", "1"), &draft);
    assert_eq!(granting(locked).as_deref(), Some("TenantAdmin"));
    let unlocked = asking(&world.snapshot, uma, "edit", ("record", "1"), &free);
    assert_eq!(granting(unlocked).as_deref(), Some("UserDefault"));
    let unsaid = ask(&world.snapshot, uma, "edit", ("record", "2"));
    assert_eq!(unsaid, Decision::Denied(Denial::UnknownAction));
    assert!(ask(&world.snapshot, uma, "view", ("record", "2")).is_allowed());
    let admin = world.snapshot.user_with_subject("admin").unwrap();
    let record = Named { kind: "record", id: "2" };
    let actions: Vec<&str> = world.snapshot.actions_of(admin, record, &free).collect();
    assert_eq!(actions, ["edit", "view"]);
    let acme = Named { kind: TENANT, id: "acme.example" };
    assert!(world.snapshot.actions_of(admin, acme, &free).any(|action| action == "tenant:administer"));
}
