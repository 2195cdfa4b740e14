//! Which steps lead from what a tenant holds to what is wanted?

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::{String, ToString},
    vec::Vec,
};

use super::{
    Assignee, Edit, Holdings, Known, Manifest, Place, Problem, Section, Setting, Step, WantedGroup,
    WantedRole, Why,
    names::{Meant, Names},
    order::{Phase, ordered},
};
use crate::{
    access::Impact,
    groups::{Group, Provider},
    ids::{GroupId, UserId},
    names::{GroupName, RoleName, SpaceName},
    refusal::limits,
    roles::{Role, RoleKind},
    scopes::ScopeName,
    spaces::{Assignee as Present, Member, Space, SpaceAssignment, SpaceRoles},
    users::User,
};

/// What is to be done, in this order, and what it does to what users may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The steps. Behind each the tenant is fit for use, and planning anew leads on.
    pub steps: Vec<Step>,
    /// Who gains and loses what by all of them.
    pub impact: Impact,
    /// The direct roles that the caller keeps although the manifest leaves the caller out: their administration.
    pub kept: BTreeSet<RoleName>,
    /// How many users may use a scope only while the steps are done, and neither before nor behind them.
    pub passing: BTreeMap<ScopeName, usize>,
}

/// The steps to what a manifest wants; with `prune` also those that delete what it does not say in the sections that it owns.
///
/// # Errors
/// When a name means nothing or several things in the tenant, a rule of the tenant is against a step, or the caller would be locked
/// out. All that is found is told.
pub fn plan(holdings: &Holdings, manifest: &Manifest, prune: bool) -> Result<Plan, Vec<Problem>> {
    let names = Names { holdings, manifest, problems: Vec::new() };
    let mut planner = Planner { names, prune, steps: Vec::new(), kept: BTreeSet::new() };
    planner.all();
    let Planner { names, steps, kept, .. } = planner;
    if !names.problems.is_empty() {
        return Err(names.problems);
    }
    if steps.is_empty() {
        return Ok(Plan { kept, ..Plan::default() });
    }
    let ordered = ordered(holdings, steps)?;
    let (impact, passing) = (ordered.impact.clone(), ordered.passing());
    Ok(Plan { steps: ordered.into_steps(), impact, kept, passing })
}

struct Planner<'p> {
    names: Names<'p>,
    prune: bool,
    steps: Vec<(Phase, Step)>,
    kept: BTreeSet<RoleName>,
}

impl Planner<'_> {
    fn all(&mut self) {
        let manifest = self.names.manifest;
        for section in &manifest.owned {
            match section {
                Section::AutoAssign | Section::GroupSettings | Section::ApiKeys => self.settings(*section),
                Section::Everyone => self.everyone(),
                Section::UserDefault => self.user_default(),
                Section::Roles => self.roles(),
                Section::Groups => self.groups(Provider::Custom),
                Section::IdpGroups => self.groups(Provider::Idp),
                Section::Users => self.users(),
                Section::Spaces => self.spaces(),
            }
        }
    }

    fn step(&mut self, phase: Phase, step: Step) {
        self.steps.push((phase, step));
    }

    /// The steps of an edit: first what it gives, later what it takes; at once where both together are too many.
    fn edit<T: Ord + Clone>(
        &mut self,
        before: BTreeSet<T>,
        after: &BTreeSet<T>,
        most: usize,
        step: impl Fn(Edit<T>) -> Step,
    ) {
        let between: BTreeSet<T> = before.union(after).cloned().collect();
        let between = if between.len() > most { after.clone() } else { between };
        if between != before {
            self.step(Phase::Give, step(Edit { before, after: between.clone() }));
        }
        if between != *after {
            self.step(Phase::Take, step(Edit { before: between, after: after.clone() }));
        }
    }

    fn settings(&mut self, section: Section) {
        let tenant = self.names.holdings.snapshot.tenant();
        let said: Vec<(Setting, _)> =
            self.names.manifest.settings.iter().map(|(at, value)| (*at, value)).collect();
        for (setting, after) in said.into_iter().filter(|(setting, _)| setting.section() == section) {
            let before = setting.of(tenant);
            if !before.is_same(after) {
                self.step(Phase::Set, Step::Set { setting, before, after: after.clone() });
            }
        }
    }

    fn everyone(&mut self) {
        let Some(wanted) = &self.names.manifest.everyone else { return };
        self.names.assignable(&Place::of(Section::Everyone), wanted);
        if let Some(everyone) = self.names.holdings.groups.get(&GroupId::EVERYONE) {
            self.assign(everyone, wanted);
        }
    }

    fn assign(&mut self, group: &Group, wanted: &BTreeSet<RoleName>) {
        let before = self.names.holdings.roles_of(group).into_iter().cloned().collect();
        let known = Known { id: group.id, name: group.name.clone() };
        let provider = group.provider;
        self.edit(before, wanted, limits::ROLES_OF_GROUP, |roles| Step::Assign {
            group: known.clone(),
            provider,
            roles,
        });
    }

    fn user_default(&mut self) {
        let Some(wanted) = &self.names.manifest.user_default else { return };
        let holdings = self.names.holdings;
        if let Some(role) = holdings.roles.values().find(|role| role.kind == RoleKind::UserDefault) {
            self.names.known(&Place::of(Section::UserDefault), wanted);
            self.grant(role, wanted);
        }
    }

    fn grant(&mut self, role: &Role, wanted: &BTreeSet<ScopeName>) {
        let before = role.scopes.iter().cloned().collect();
        let known = Known { id: role.id, name: role.name.clone() };
        let kind = role.kind;
        self.edit(before, wanted, limits::SCOPES_OF_ROLE, |scopes| Step::Grant {
            role: known.clone(),
            kind,
            scopes,
        });
    }

    fn roles(&mut self) {
        let section = Place::of(Section::Roles);
        let (holdings, manifest) = (self.names.holdings, self.names.manifest);
        for (name, wanted) in &manifest.roles {
            let at = section.at(name);
            let present = holdings.snapshot.role_named(name).and_then(|role| holdings.roles.get(&role.id));
            self.names.known(&at.at("scopes"), &wanted.scopes);
            match present {
                Some(role) if role.kind == RoleKind::Custom => self.role(role, wanted),
                Some(_) => self.names.report(at, Why::DefaultRole(name.to_string())),
                None => {
                    let WantedRole { description, scopes } = wanted.clone();
                    self.step(
                        Phase::CreateRole,
                        Step::CreateRole { name: name.clone(), description, scopes },
                    );
                }
            }
        }
        if self.prune {
            let gone =
                |role: &&Role| role.kind == RoleKind::Custom && !manifest.roles.contains_key(&role.name);
            for role in by_name(holdings.roles.values().filter(gone), |role| &role.name) {
                let known = Known { id: role.id, name: role.name.clone() };
                let scopes = role.scopes.iter().cloned().collect();
                self.step(Phase::DeleteRole, Step::DeleteRole { role: known, scopes });
            }
        }
    }

    fn role(&mut self, role: &Role, wanted: &WantedRole) {
        if let Some(after) = wanted.description.clone().filter(|said| *said != role.description) {
            let known = Known { id: role.id, name: role.name.clone() };
            let before = role.description.clone();
            self.step(Phase::Set, Step::DescribeRole { role: known, before, after });
        }
        self.grant(role, &wanted.scopes);
    }

    fn groups(&mut self, provider: Provider) {
        let section = Place::of(Section::of_groups(provider));
        let (holdings, manifest) = (self.names.holdings, self.names.manifest);
        for ((_, name), wanted) in manifest.groups.iter().filter(|((whose, _), _)| *whose == provider) {
            let at = section.at(name);
            if let Some(roles) = &wanted.roles {
                self.names.assignable(&at.at("roles"), roles);
            }
            let present = holdings.snapshot.group_named(provider, name);
            match present.and_then(|id| holdings.groups.get(&id)) {
                Some(group) => self.group(group, wanted),
                None if provider == Provider::Idp => {
                    self.names.report(at, Why::UnknownIdpGroup(name.to_string()));
                }
                None => {
                    let WantedGroup { description, roles } = wanted.clone();
                    let roles = roles.unwrap_or_default();
                    self.step(
                        Phase::CreateGroup,
                        Step::CreateGroup { name: name.clone(), description, roles },
                    );
                }
            }
        }
        if self.prune && provider == Provider::Custom {
            let said = |group: &Group| manifest.groups.contains_key(&(Provider::Custom, group.name.clone()));
            let gone = |group: &&Group| group.provider == Provider::Custom && !said(group);
            for group in by_name(holdings.groups.values().filter(gone), |group| &group.name) {
                let known = Known { id: group.id, name: group.name.clone() };
                let roles = holdings.roles_of(group).into_iter().cloned().collect();
                self.step(Phase::DeleteGroup, Step::DeleteGroup { group: known, roles });
            }
        }
    }

    fn group(&mut self, group: &Group, wanted: &WantedGroup) {
        let said = wanted.description.clone().filter(|_| group.provider == Provider::Custom);
        if let Some(after) = said.filter(|said| Some(said) != group.description.as_ref()) {
            let known = Known { id: group.id, name: group.name.clone() };
            let before = group.description.clone();
            self.step(Phase::Set, Step::DescribeGroup { group: known, before, after });
        }
        if let Some(roles) = &wanted.roles {
            self.assign(group, roles);
        }
    }

    fn users(&mut self) {
        let section = Place::of(Section::Users);
        let (holdings, manifest) = (self.names.holdings, self.names.manifest);
        let mut said: BTreeMap<UserId, &str> = BTreeMap::new();
        for (text, wanted) in &manifest.users {
            let at = section.at(text);
            if let Some(roles) = &wanted.roles {
                self.names.assignable(&at.at("roles"), roles);
            }
            if let Some(groups) = &wanted.groups {
                self.names.joinable(&at.at("groups"), groups);
            }
            let Some(id) = self.names.user(&at, text) else { continue };
            if let Some(other) = said.insert(id, text) {
                self.names.report(at, Why::SameUser(other.to_string(), text.clone()));
                continue;
            }
            if let Some(user) = holdings.users.get(&id) {
                self.user(user, text, wanted.roles.as_ref(), wanted.groups.as_ref());
            }
        }
        if self.prune {
            // Programs hold what the platform gives them.
            let left = |user: &&User| !said.contains_key(&user.id) && user.client_id.is_none();
            for user in by_name(holdings.users.values().filter(left), |user| &user.subject) {
                let roles = self.kept_by_caller(user);
                self.kept.extend(roles.iter().cloned());
                self.user(user, user.subject.as_str(), Some(&roles), Some(&BTreeSet::new()));
            }
        }
    }

    /// Of the direct roles of a user whom the manifest leaves out, those that stay: the caller's administration.
    fn kept_by_caller(&self, user: &User) -> BTreeSet<RoleName> {
        let holdings = self.names.holdings;
        let own = holdings.caller == Some(user.id);
        let administers = |name: &&RoleName| {
            let role = holdings.snapshot.role_named(name);
            role.is_some_and(|role| holdings.snapshot.catalogue().administers(role.id))
        };
        holdings.direct_roles(user).into_iter().filter(|name| own && administers(name)).cloned().collect()
    }

    fn user(
        &mut self,
        user: &User,
        text: &str,
        roles: Option<&BTreeSet<RoleName>>,
        groups: Option<&BTreeSet<GroupName>>,
    ) {
        let holdings = self.names.holdings;
        let roles = edit_of(holdings.direct_roles(user), roles);
        let groups = edit_of(holdings.custom_groups(user), groups);
        if roles.is_some() || groups.is_some() {
            let user = Known { id: user.id, name: text.to_string() };
            self.step(Phase::Assign, Step::AssignUser { user, roles, groups });
        }
    }

    fn spaces(&mut self) {
        let (holdings, manifest) = (self.names.holdings, self.names.manifest);
        for (name, wanted) in &manifest.spaces {
            let at = Place::of(Section::Spaces).at(name);
            let found = holdings.snapshot.space_named(name).and_then(|id| holdings.spaces.get(&id));
            let Some(space) = found else {
                self.names.report(at, Why::UnknownSpace(name.to_string()));
                continue;
            };
            let mut said: BTreeMap<Member, &str> = BTreeMap::new();
            for (text, roles) in &wanted.users {
                let at = at.at("users").at(text);
                let Some(user) = self.names.user(&at, text) else { continue };
                if space.owner == Some(user) {
                    self.names.report(at, Why::OwnsTheSpace);
                    continue;
                }
                if let Some(other) = said.insert(Member::User(user), text) {
                    self.names.report(at, Why::SameUser(other.to_string(), text.clone()));
                    continue;
                }
                let bot = holdings.users.get(&user).is_some_and(|user| user.client_id.is_some());
                let who = Assignee::User(Known { id: user, name: text.clone() }, bot);
                self.in_space(space, who, Some(Member::User(user)), *roles);
            }
            let mut made: BTreeMap<GroupName, &str> = BTreeMap::new();
            for (text, roles) in &wanted.groups {
                let at = at.at("groups").at(text);
                let Some(meant) = self.names.group(&at, text) else { continue };
                let (id, other) = match meant {
                    Meant::Present(id) => (Some(id), said.insert(Member::Group(id), text)),
                    Meant::Made => (None, GroupName::new(text).ok().and_then(|name| made.insert(name, text))),
                };
                if let Some(other) = other {
                    self.names.report(at, Why::SameGroup(other.to_string(), text.clone()));
                    continue;
                }
                self.in_space(space, Assignee::Group(id, text.clone()), id.map(Member::Group), *roles);
            }
            if self.prune {
                self.leave(space, &said);
            }
        }
    }

    fn in_space(&mut self, space: &Space, who: Assignee, member: Option<Member>, after: SpaceRoles) {
        let assignments = self.names.holdings.assignments.values();
        let is = |held: &&SpaceAssignment| held.space == space.id && Some(held.assignee.member()) == member;
        let present = assignments.clone().find(is);
        let before = present.map_or(SpaceRoles::NOTHING, |present| present.roles);
        if before != after {
            let (assignment, space) = (present.map(|present| present.id), known_space(space));
            self.step(Phase::Assign, Step::AssignInSpace { space, who, assignment, before, after });
        }
    }

    /// Takes the roles of those of whom the manifest does not say that they are in a space.
    fn leave(&mut self, space: &Space, said: &BTreeMap<Member, &str>) {
        let holdings = self.names.holdings;
        let left =
            |held: &&SpaceAssignment| held.space == space.id && !said.contains_key(&held.assignee.member());
        let step = |held: &SpaceAssignment| {
            let who = match held.assignee {
                Present::User(id) => Assignee::User(Known { id, name: subject(holdings, id) }, false),
                Present::Bot(id) => Assignee::User(Known { id, name: subject(holdings, id) }, true),
                Present::Group(id) => {
                    let name = holdings.groups.get(&id).map(|group| group.name.to_string());
                    Assignee::Group(Some(id), name.unwrap_or_else(|| id.to_string()))
                }
            };
            Step::AssignInSpace {
                space: known_space(space),
                who,
                assignment: Some(held.id),
                before: held.roles,
                after: SpaceRoles::NOTHING,
            }
        };
        let mut steps: Vec<Step> = holdings.assignments.values().filter(left).map(step).collect();
        steps.sort_by_key(Step::place);
        self.steps.extend(steps.into_iter().map(|step| (Phase::Take, step)));
    }
}

fn subject(holdings: &Holdings, id: UserId) -> String {
    holdings.users.get(&id).map_or_else(|| id.to_string(), |user| user.subject.to_string())
}

/// Things in the order of their names, which is the same in every tenant.
fn by_name<'t, T, N: Ord>(things: impl Iterator<Item = &'t T>, name: impl Fn(&T) -> &N) -> Vec<&'t T> {
    let mut sorted: Vec<&T> = things.collect();
    sorted.sort_by(|a, b| name(a).cmp(name(b)));
    sorted
}

fn known_space(space: &Space) -> Known<crate::ids::SpaceId, SpaceName> {
    Known { id: space.id, name: space.name.clone() }
}

/// The edit that leads to what is wanted, if anything is and is not there yet.
fn edit_of<T: Ord + Clone>(present: Vec<&T>, wanted: Option<&BTreeSet<T>>) -> Option<Edit<T>> {
    let before: BTreeSet<T> = present.into_iter().cloned().collect();
    let after = wanted.filter(|wanted| **wanted != before)?.clone();
    Some(Edit { before, after })
}
