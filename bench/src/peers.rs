//! The same questions to other policy engines that run in the process, each in the model that suits it best.
//!
//! Their facts are read off the rows by themselves, so that answers which agree say something.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hint::black_box,
    str::FromStr as _,
};

use anyhow::Context as _;
use casbin::{CoreApi as _, MgmtApi as _};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use rolecall_engine::{
    access::Snapshot,
    ids::{GroupId, RoleId},
    roles::{Role, RoleKind},
};

use crate::{
    engine::{QUESTIONS, USUAL, ask, each, questions},
    world::{UserRow, World},
};

/// Questions for which Cedar must answer as Rolecall does.
const AGREED: usize = 1_000_000;

type Names = BTreeSet<String>;

/// Who holds what, by names alone.
struct Facts {
    /// The scopes that a role grants, children of scopes included.
    roles: BTreeMap<String, Names>,
    groups: BTreeMap<String, Names>,
    /// The groups and the direct roles of each user; what everybody holds is written out.
    users: BTreeMap<String, (Names, Names)>,
}

impl Facts {
    fn new(world: &World) -> Self {
        let text = |id: &RoleId| id.to_string();
        let everyone = GroupId::EVERYONE.to_string();
        let default = world.roles.iter().filter(|role| role.kind == RoleKind::UserDefault);
        let default: Names = default.map(|role| role.id.to_string()).collect();
        let user = |user: &UserRow| {
            let groups = user.groups.iter().map(|group| group.to.to_string()).chain([everyone.clone()]);
            let roles = user.roles.iter().map(|role| role.to.to_string()).chain(default.iter().cloned());
            (user.id.to_string(), (groups.collect(), roles.collect()))
        };
        Self {
            roles: world.roles.iter().map(|role| (role.id.to_string(), granted(world, role))).collect(),
            groups: world
                .groups
                .iter()
                .map(|group| (group.id.to_string(), group.roles.iter().map(text).collect()))
                .collect(),
            users: world.users.iter().map(user).collect(),
        }
    }
}

/// The scopes a role grants, read off the catalogue without anything compiled.
fn granted(world: &World, role: &Role) -> Names {
    let catalogue = &world.catalogue;
    let name = |scope| catalogue.scope(scope).map(|scope| scope.name.to_string());
    let fixed = catalogue.default_role(role.id).filter(|_| role.kind == RoleKind::Default);
    let mut scopes: Names = match fixed {
        Some(role) => role.grants.iter().filter_map(name).collect(),
        None => role.scopes.iter().map(ToString::to_string).collect(),
    };
    for scope in catalogue.scopes() {
        if scope.parent.and_then(name).is_some_and(|parent| scopes.contains(&parent)) {
            scopes.insert(scope.name.to_string());
        }
    }
    scopes
}

/// An engine that answers whether a user may do something.
type Engine = Box<dyn FnMut(&str, &str) -> anyhow::Result<bool>>;

/// Asks every engine, and checks what it answers.
pub fn side_by_side() -> anyhow::Result<()> {
    let world = World::new(USUAL);
    let snapshot = world.snapshot();
    let facts = Facts::new(&world);
    let asked = questions(&world, AGREED);
    let engines: [(&str, usize, Engine); 4] = [
        ("Cedar, a user in a group in a role in a scope", AGREED, cedar_by_hierarchy(&facts)?),
        ("Cedar, a scope with a set of roles", AGREED / 10, cedar_by_attribute(&facts)?),
        ("Rego (regorus), tables", AGREED / 100, rego(&facts)?),
        ("casbin, roles of roles", AGREED / 1000, casbin(&facts)?),
    ];
    for (name, count, mut engine) in engines {
        let asked = asked.get(..count).unwrap_or_default();
        compare(name, &snapshot, asked, &mut engine)?;
    }
    Ok(())
}

fn compare(
    name: &str,
    snapshot: &Snapshot,
    asked: &[(String, &str)],
    engine: &mut Engine,
) -> anyhow::Result<()> {
    for (user, scope) in asked {
        let (own, other) = (ask(snapshot, user, scope), engine(user, scope)?);
        anyhow::ensure!(own == other, "{name} says {other} of {user} and {scope}, Rolecall says {own}");
    }
    let timed = asked.get(..asked.len().min(QUESTIONS)).unwrap_or_default();
    let own = each(timed.len(), || {
        for (user, scope) in timed {
            black_box(ask(snapshot, user, scope));
        }
    });
    let other = each(timed.len(), || {
        for (user, scope) in timed {
            black_box(engine(user, scope).is_ok_and(|allowed| allowed));
        }
    });
    println!(
        "{name}: {:.2} us, {:.0} times Rolecall's {own:.0} ns; {} answers agree",
        other / 1000.0,
        other / own,
        asked.len()
    );
    Ok(())
}

/// Names of kinds of entities.
struct Kinds {
    user: EntityTypeName,
    group: EntityTypeName,
    role: EntityTypeName,
    scope: EntityTypeName,
    check: EntityUid,
}

impl Kinds {
    fn new() -> anyhow::Result<Self> {
        let kind = |name: &str| EntityTypeName::from_str(name).context("a name of a kind");
        Ok(Self {
            user: kind("User")?,
            group: kind("Group")?,
            role: kind("Role")?,
            scope: kind("Scope")?,
            check: EntityUid::from_type_name_and_id(kind("Action")?, EntityId::new("use")),
        })
    }

    /// Users in their groups and roles, and groups in their roles.
    fn people(&self, facts: &Facts) -> Vec<Entity> {
        let ids = |kind, names: &Names| -> HashSet<EntityUid> {
            names.iter().map(|name| uid(kind, name)).collect()
        };
        let mut people = Vec::new();
        for (name, roles) in &facts.groups {
            people.push(Entity::new_no_attrs(uid(&self.group, name), ids(&self.role, roles)));
        }
        for (name, (groups, roles)) in &facts.users {
            let mut parents = ids(&self.group, groups);
            parents.extend(ids(&self.role, roles));
            people.push(Entity::new_no_attrs(uid(&self.user, name), parents));
        }
        people
    }

    fn engine(self, policy: &str, entities: Vec<Entity>) -> anyhow::Result<Engine> {
        let policies = PolicySet::from_str(policy)?;
        let entities = Entities::from_entities(entities, None)?;
        let authorizer = Authorizer::new();
        Ok(Box::new(move |user, scope| {
            let (user, scope) = (uid(&self.user, user), uid(&self.scope, scope));
            let request = Request::new(user, self.check.clone(), scope, Context::empty(), None)?;
            Ok(authorizer.is_authorized(&request, &policies, &entities).decision() == Decision::Allow)
        }))
    }
}

fn uid(kind: &EntityTypeName, name: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(name))
}

fn cedar_by_hierarchy(facts: &Facts) -> anyhow::Result<Engine> {
    let kinds = Kinds::new()?;
    let mut entities = kinds.people(facts);
    for (name, scopes) in &facts.roles {
        let scopes = scopes.iter().map(|scope| uid(&kinds.scope, scope)).collect();
        entities.push(Entity::new_no_attrs(uid(&kinds.role, name), scopes));
    }
    kinds.engine("permit(principal, action, resource) when { principal in resource };", entities)
}

fn cedar_by_attribute(facts: &Facts) -> anyhow::Result<Engine> {
    let kinds = Kinds::new()?;
    let mut entities = kinds.people(facts);
    let mut held: BTreeMap<&str, Vec<RestrictedExpression>> = BTreeMap::new();
    for (name, scopes) in &facts.roles {
        for scope in scopes {
            let role = RestrictedExpression::new_entity_uid(uid(&kinds.role, name));
            held.entry(scope).or_default().push(role);
        }
    }
    for (scope, roles) in held {
        let roles = HashMap::from([(String::from("roles"), RestrictedExpression::new_set(roles))]);
        entities.push(Entity::new(uid(&kinds.scope, scope), roles, HashSet::new())?);
    }
    let policy =
        "permit(principal, action, resource) when { resource has roles && principal in resource.roles };";
    kinds.engine(policy, entities)
}

fn rego(facts: &Facts) -> anyhow::Result<Engine> {
    const POLICY: &str = "
        package rolecall
        import rego.v1
        default allow := false
        allow if { some role in data.users[input.user].roles; data.roles[role][input.scope] }
        allow if {
            some group in data.users[input.user].groups
            some role in data.groups[group]
            data.roles[role][input.scope]
        }";
    let roles: BTreeMap<_, BTreeMap<_, _>> = facts
        .roles
        .iter()
        .map(|(role, scopes)| (role, scopes.iter().map(|scope| (scope, true)).collect()))
        .collect();
    let users: BTreeMap<_, _> = facts
        .users
        .iter()
        .map(|(user, (groups, roles))| (user, serde_json::json!({ "groups": groups, "roles": roles })))
        .collect();
    let data = serde_json::json!({ "users": users, "groups": facts.groups, "roles": roles });
    let mut engine = regorus::Engine::new();
    engine.add_policy(String::from("rolecall.rego"), String::from(POLICY))?;
    engine.add_data_json(&data.to_string())?;
    let keys = ["user", "scope"].map(regorus::Value::from);
    Ok(Box::new(move |user, scope| {
        let [of, what] = keys.clone();
        let input = BTreeMap::from([(of, user.into()), (what, scope.into())]);
        engine.set_input(regorus::Value::from(input));
        Ok(*engine.eval_rule(String::from("data.rolecall.allow"))?.as_bool()?)
    }))
}

fn casbin(facts: &Facts) -> anyhow::Result<Engine> {
    const MODEL: &str = "
        [request_definition]
        r = sub, obj
        [policy_definition]
        p = sub, obj
        [role_definition]
        g = _, _
        [policy_effect]
        e = some(where (p.eft == allow))
        [matchers]
        m = r.obj == p.obj && g(r.sub, p.sub)";
    let grants = facts
        .roles
        .iter()
        .flat_map(|(role, scopes)| scopes.iter().map(move |scope| vec![role.clone(), scope.clone()]));
    let in_groups = facts
        .groups
        .iter()
        .flat_map(|(group, roles)| roles.iter().map(|role| vec![group.clone(), role.clone()]));
    let of_users = facts.users.iter().flat_map(|(user, (groups, roles))| {
        groups.iter().chain(roles).map(|held| vec![user.clone(), held.clone()])
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let enforcer = runtime.block_on(async {
        let model = casbin::DefaultModel::from_str(MODEL).await?;
        let mut enforcer = casbin::Enforcer::new(model, casbin::MemoryAdapter::default()).await?;
        enforcer.add_policies(grants.collect()).await?;
        enforcer.add_grouping_policies(in_groups.chain(of_users).collect()).await?;
        casbin::Result::Ok(enforcer)
    })?;
    Ok(Box::new(move |user, scope| Ok(enforcer.enforce((user, scope))?)))
}
