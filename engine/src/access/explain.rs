//! Why may somebody do this, or why not, and what would change it?

use alloc::{string::String, vec::Vec};
use core::fmt;

use super::{
    decide::{Decision, Query, decide},
    paths::{Grant, Path},
    people::UserFacts,
    snapshot::{GroupFacts, RoleFacts, Snapshot},
};
use crate::{
    ids::{GroupId, RoleId, UserId},
    periods::Period,
    roles::RoleKind,
    scopes::{ScopeIndex, ScopeName},
    time::Timestamp,
};

/// One way in which a user is granted a scope. It is enough by itself.
#[derive(Debug, Clone, Copy)]
pub struct Way<'s> {
    /// How the user has the role.
    pub path: Path,
    /// The role that grants it.
    pub role: &'s RoleFacts,
    /// The group the role comes by.
    pub group: Option<&'s GroupFacts>,
    /// The scope the role holds, where that is a parent of the one asked for.
    pub parent: Option<&'s ScopeName>,
    /// When it ends; only [`explain`] says so.
    pub expires_at: Option<Timestamp>,
}

/// Why a user may use a scope or may not.
#[derive(Debug, Clone)]
pub struct Explanation<'s> {
    /// Whether the user may.
    pub decision: Decision,
    /// The ways in which the user is granted the scope, also where the user is not active; the first hundred of them. All have
    /// to go to take it away.
    pub ways: Vec<Way<'s>>,
    /// The roles that would grant it if they were assigned; only where nothing grants it.
    pub missing: Vec<&'s RoleFacts>,
}

/// Ways that are told. Nobody reads more, and there may be very many.
const WAYS: usize = 100;

/// Explains a decision.
#[must_use]
pub fn explain<'s>(tenant: &'s Snapshot, query: &Query<'_>) -> Explanation<'s> {
    let decision = decide(tenant, query);
    let scope = tenant.scope(query.scope);
    let ways: Vec<Way<'_>> = match (tenant.user(query.user), scope) {
        (Some(user), Some(scope)) => {
            let ways = tenant.ways(user, scope).take(WAYS);
            ways.map(|way| Way { expires_at: tenant.end_of(query.user, &way), ..way }).collect()
        }
        _ => Vec::new(),
    };
    let grants = |role: &&RoleFacts| scope.is_some_and(|scope| role.grants.contains(scope));
    let assignable = tenant.roles().filter(|role| role.kind != RoleKind::UserDefault);
    let mut missing: Vec<&RoleFacts> =
        if ways.is_empty() { assignable.filter(grants).collect() } else { Vec::new() };
    missing.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Explanation { decision, ways, missing }
}

impl Snapshot {
    /// Every way in which a user is granted a scope, whatever the user's status.
    pub fn ways<'s>(&'s self, user: &'s UserFacts, scope: ScopeIndex) -> impl Iterator<Item = Way<'s>> {
        self.grants(user, scope).filter_map(move |grant| self.way(grant, scope))
    }

    /// Every way in which a user has a role.
    pub fn ways_to<'s>(&'s self, user: &'s UserFacts, role: RoleId) -> impl Iterator<Item = Way<'s>> {
        let held = self.roles_of(user).filter(move |(held, _)| held.id == role);
        held.filter_map(|(role, path)| self.bare_way(Grant { role: role.id, path }))
    }

    /// A grant in words.
    #[must_use]
    pub fn describe(&self, grant: Grant) -> String {
        let way = self.bare_way(grant);
        way.map(|way| alloc::format!("granted {way}")).unwrap_or_default()
    }

    fn bare_way(&self, Grant { role, path }: Grant) -> Option<Way<'_>> {
        let group = match path {
            Path::Group(group) => self.group(group),
            Path::UserDefault | Path::Direct | Path::Everyone => None,
        };
        Some(Way { path, role: self.role(role)?, group, parent: None, expires_at: None })
    }

    fn way(&self, grant: Grant, scope: ScopeIndex) -> Option<Way<'_>> {
        let way = self.bare_way(grant)?;
        let parent = self.catalogue().scope(scope).and_then(|scope| scope.parent);
        let parent = parent.filter(|parent| way.role.grants.contains(*parent));
        Some(Way { parent: parent.and_then(|at| self.scope_name(at)), ..way })
    }

    /// Everything a user is granted, with the first few ways it comes by, whatever the user's status.
    pub fn sources<'s>(
        &'s self,
        user: &'s UserFacts,
        few: usize,
    ) -> impl Iterator<Item = (&'s ScopeName, Vec<Way<'s>>)> {
        let granted: Vec<ScopeIndex> = self.effective(user).iter().collect();
        let ways = move |scope| self.ways(user, scope).take(few).collect();
        granted.into_iter().filter_map(move |scope| Some((self.scope_name(scope)?, ways(scope))))
    }

    /// Whether a user or a group has a role. Looks at all of them.
    #[must_use]
    pub fn is_held(&self, role: RoleId) -> bool {
        let Some(slot) = self.roles.slot(&role) else { return false };
        self.groups.iter().any(|group| group.roles.contains(&slot))
            || self.users().any(|(_, user)| user.roles().contains(&slot))
            || self.people.with_timed(|timed| {
                timed.roles.iter().any(|held| held.to == role && self.is_open(held.period))
            })
    }

    /// Whether a period has not ended.
    fn is_open(&self, period: Period) -> bool {
        !period.is_over(self.moment())
    }

    /// Whether anybody is in a group; in Everyone nobody needs to be. Looks at all users.
    #[must_use]
    pub fn has_members(&self, group: GroupId) -> bool {
        let Some(slot) = self.groups.slot(&group) else { return false };
        self.users().any(|(_, user)| user.groups().contains(&slot))
            || self.people.with_timed(|timed| {
                timed.groups.iter().any(|held| held.to == group && self.is_open(held.period))
            })
    }

    /// Whether a user may do anything: the user is active, and so is the tenant.
    pub(super) fn is_active(&self, facts: &UserFacts) -> bool {
        self.tenant().is_active() && facts.is_active()
    }

    /// The users who may use a scope, behind `after` in the order of [`Snapshot::users_behind`].
    pub fn users_who_may(&self, after: Option<UserId>, scope: ScopeIndex) -> impl Iterator<Item = UserId> {
        let users = self.users_behind(after);
        let may = move |facts: &UserFacts| self.is_active(facts) && self.is_granted(facts, scope);
        users.filter(move |(_, facts)| may(facts)).map(|(id, _)| id)
    }

    /// The users who are active and for whom `has` answers something, with that, behind `after` in the order of
    /// [`Snapshot::users_behind`].
    pub fn active_users_with<'s, T>(
        &'s self,
        after: Option<UserId>,
        has: impl Fn(&'s UserFacts) -> Vec<T>,
    ) -> impl Iterator<Item = (UserId, Vec<T>)> {
        self.users_behind(after)
            .filter(|(_, facts)| self.is_active(facts))
            .map(move |(id, facts)| (id, has(facts)))
            .filter(|(_, found)| !found.is_empty())
    }
}

impl Way<'_> {
    /// What takes this way away.
    #[must_use]
    pub fn end(&self) -> String {
        let role = &self.role.name;
        match (self.path, self.group) {
            (Path::UserDefault, _) => match self.parent {
                Some(parent) => alloc::format!("take the scope `{parent}` out of the role `{role}`"),
                None => alloc::format!("take the scope out of the role `{role}`"),
            },
            (Path::Everyone, _) => alloc::format!("take the role `{role}` from Everyone"),
            (Path::Group(_), Some(group)) => alloc::format!(
                "take the user out of the group `{}`, or the role `{role}` from the group",
                group.name
            ),
            (Path::Direct | Path::Group(_), _) => alloc::format!("take the role `{role}` from the user"),
        }
    }
}

impl fmt::Display for Way<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by the role `{}`", self.role.name)?;
        match (self.path, self.group) {
            (Path::UserDefault, _) => f.write_str(", which every user has"),
            (Path::Everyone, _) => f.write_str(" of Everyone"),
            (Path::Group(_), Some(group)) => write!(f, " of the group `{}`", group.name),
            (Path::Direct | Path::Group(_), _) => Ok(()),
        }?;
        self.parent.map_or(Ok(()), |parent| write!(f, ", through the scope `{parent}`"))?;
        self.expires_at.map_or(Ok(()), |end| write!(f, ", until {end}"))
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.decision, self.ways.split_first()) {
            (Decision::Allowed(_), Some((first, more))) => {
                write!(f, "granted {first}")?;
                match more.len() {
                    0 => Ok(()),
                    1 => f.write_str(", and in one other way"),
                    // There may be more than were looked for.
                    more if more + 1 >= WAYS => write!(f, ", and in at least {more} other ways"),
                    more => write!(f, ", and in {more} other ways"),
                }
            }
            (Decision::Allowed(_) | Decision::AllowedInSpace(_), _) => f.write_str("granted"),
            (Decision::Kept, _) => f.write_str("granted when the session began"),
            (Decision::Denied(why), _) => why.fmt(f),
        }
    }
}
