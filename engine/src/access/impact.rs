//! What does a change do to what users may do?

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{
    people::UserFacts,
    slots::{Slot, SlotSet},
    snapshot::{GroupFacts, Snapshot},
};
use crate::{
    catalogue::Catalogue,
    change::Change,
    ids::{GroupId, RoleId, UserId},
    scopes::{ScopeIndex, ScopeName, ScopeSet},
};

/// What a change does to what users may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Impact {
    /// Users who may do more or less than before.
    pub affected: usize,
    /// For each scope how many users gain it, and how many lose it.
    pub scopes: BTreeMap<ScopeName, Counts>,
    /// Some of the users, each with what is gained and lost.
    pub users: Vec<UserImpact>,
    /// Active users who administer the tenant before and after.
    pub administrators: [usize; 2],
}

/// How many users gain and lose something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Users who gain it.
    pub gain: usize,
    /// Users who lose it.
    pub lose: usize,
}

/// What a user gains and loses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserImpact {
    /// The user.
    pub user: UserId,
    /// Scopes the user may use afterwards and not before.
    pub gains: Vec<ScopeName>,
    /// Scopes the user may use before and not afterwards.
    pub loses: Vec<ScopeName>,
}

/// Compares what users may do before and after some changes, both at the moment of the changes. At most `named` of them are
/// told by name.
#[must_use]
pub fn impact(before: &Snapshot, after: &Snapshot, changes: &[Change], named: usize) -> Impact {
    let before = &before.at(after.moment());
    let touched = Touched::of(before, after, changes);
    let administrators = before.administrators();
    let still = if touched.may_administer(after) { after.administrators() } else { administrators };
    let mut impact = Impact { administrators: [administrators, still], ..Impact::default() };
    for user in &touched.users {
        let [was, is] = [before, after].map(|tenant| tenant.may_use(*user));
        impact.add(after, before, *user, &was, &is, named);
    }
    if touched.scopes.is_empty() {
        return impact;
    }
    let given = |tenant: &Snapshot| (tenant.roles.given(), tenant.groups.given());
    let (was, is) = (given(before), given(after));
    let renumbered = is.0 < was.0 || is.1 < was.1;
    for (user, facts) in after.users() {
        // Users who were not changed themselves refer to the same numbers before and after, unless all were given anew.
        let reached = touched.reaches(facts)
            || (renumbered && before.user(user).is_some_and(|facts| touched.reaches(facts)));
        if !facts.is_active() || !reached || touched.users.contains(&user) {
            continue;
        }
        let among = |tenant: &Snapshot| -> ScopeSet {
            let Some(facts) = tenant.user(user) else { return ScopeSet::new() };
            touched.scopes.iter().copied().filter(|scope| tenant.is_granted(facts, *scope)).collect()
        };
        impact.add(after, before, user, &among(before), &among(after), named);
    }
    impact
}

impl Impact {
    fn add(
        &mut self,
        after: &Snapshot,
        before: &Snapshot,
        user: UserId,
        was: &ScopeSet,
        is: &ScopeSet,
        named: usize,
    ) {
        let name = |scope| after.scope_name(scope).or_else(|| before.scope_name(scope)).cloned();
        let only = |one: &ScopeSet, other: &ScopeSet| -> Vec<ScopeName> {
            one.iter().filter(|scope| !other.contains(*scope)).filter_map(name).collect()
        };
        let (gains, loses) = (only(is, was), only(was, is));
        if gains.is_empty() && loses.is_empty() {
            return;
        }
        self.affected += 1;
        for scope in &gains {
            self.scopes.entry(scope.clone()).or_default().gain += 1;
        }
        for scope in &loses {
            self.scopes.entry(scope.clone()).or_default().lose += 1;
        }
        if self.users.len() < named {
            self.users.push(UserImpact { user, gains, loses });
        }
    }
}

/// What may be different for whom.
#[derive(Default)]
struct Touched {
    /// Users who were changed themselves.
    users: BTreeSet<UserId>,
    /// The scopes that changed roles and groups may give or take.
    scopes: BTreeSet<ScopeIndex>,
    /// The changed roles.
    roles: SlotSet,
    /// The groups that are changed themselves or have one of the changed roles.
    groups: SlotSet,
    /// Whether every user has one of the changed roles or groups.
    everybody: bool,
}

impl Touched {
    fn of(before: &Snapshot, after: &Snapshot, changes: &[Change]) -> Self {
        let mut touched = Self::default();
        for change in changes {
            match change {
                Change::User(delta) => {
                    touched.users.insert(delta.latest().id);
                }
                Change::Role(delta) => touched.role([before, after], delta.latest().id),
                Change::Group(delta) => touched.group([before, after], delta.latest().id),
                Change::Tenant(_)
                | Change::License(_)
                | Change::ApiKey(_)
                | Change::OAuthClient(_)
                | Change::OAuthToken(_)
                | Change::OAuthGrant(_)
                | Change::OAuthConsent(_)
                | Change::Password(_)
                | Change::IdentityProvider(_)
                | Change::Session(_)
                | Change::WebIntegration(_)
                | Change::Webhook(_)
                | Change::Space(_)
                | Change::SpaceAssignment(_) => {}
            }
        }
        for tenant in [before, after] {
            let has_changed_role =
                |group: &&GroupFacts| group.roles.iter().any(|role| touched.roles.has(*role));
            let groups = tenant.groups.iter().filter(has_changed_role);
            let groups: Vec<Slot> = groups.filter_map(|group| tenant.groups.slot(&group.id)).collect();
            touched.groups.extend(groups);
            touched.everybody |= tenant.slots_of_everybody().any(|(role, _)| touched.roles.has(role));
            let everyone = tenant.groups.slot(&GroupId::EVERYONE);
            touched.everybody |= everyone.is_some_and(|everyone| touched.groups.has(everyone));
        }
        touched
    }

    fn role(&mut self, tenants: [&Snapshot; 2], role: RoleId) {
        let [was, is] = tenants.map(|tenant| tenant.role(role).map(|role| role.grants.clone()));
        let (was, is) = (was.unwrap_or_default(), is.unwrap_or_default());
        self.roles.extend(tenants.iter().filter_map(|tenant| tenant.roles.slot(&role)));
        self.scopes.extend(was.iter().filter(|scope| !is.contains(*scope)));
        self.scopes.extend(is.iter().filter(|scope| !was.contains(*scope)));
    }

    fn group(&mut self, tenants: [&Snapshot; 2], group: GroupId) {
        for tenant in tenants {
            self.groups.extend(tenant.groups.slot(&group));
            let roles = tenant.group(group).into_iter().flat_map(|facts| tenant.roles_of_group(facts));
            self.scopes.extend(roles.flat_map(|role| role.grants.iter()));
        }
    }

    /// Whether somebody may have become an administrator, or ceased to be one.
    fn may_administer(&self, tenant: &Snapshot) -> bool {
        let administer = tenant.scope(Catalogue::ADMINISTER);
        !self.users.is_empty() || administer.is_none_or(|scope| self.scopes.contains(&scope))
    }

    /// Whether a user has one of the changed roles or groups.
    fn reaches(&self, user: &UserFacts) -> bool {
        self.everybody
            || user.roles().iter().any(|role| self.roles.has(*role))
            || user.groups().iter().any(|group| self.groups.has(*group))
    }
}

impl Snapshot {
    /// What a user may use: everything granted, if the user is active.
    fn may_use(&self, user: UserId) -> ScopeSet {
        let active = self.user(user).filter(|facts| facts.is_active());
        active.map(|facts| self.effective(facts)).unwrap_or_default()
    }
}
