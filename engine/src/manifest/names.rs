//! Whom and what do the names in a manifest mean in a tenant?

use alloc::{collections::BTreeSet, string::ToString, vec::Vec};

use super::{Holdings, Manifest, Place, Problem, Section, Why, listed};
use crate::{
    groups::Provider,
    ids::{GroupId, UserId},
    names::{GroupName, RoleName},
    roles::RoleKind,
    scopes::ScopeName,
};

/// Finds what names mean, and keeps what it does not find.
pub(super) struct Names<'n> {
    pub(super) holdings: &'n Holdings,
    pub(super) manifest: &'n Manifest,
    pub(super) problems: Vec<Problem>,
}

/// What the name of a group means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// A group that is there.
    Present(GroupId),
    /// One that the manifest makes.
    Made,
}

impl Names<'_> {
    pub(super) fn report(&mut self, at: Place, why: Why) {
        self.problems.push(why.at(at));
    }

    /// Whether the manifest makes or keeps a custom role of this name.
    fn makes_role(&self, name: &RoleName) -> bool {
        self.manifest.owned.contains(&Section::Roles) && self.manifest.roles.contains_key(name)
    }

    /// Reports those of some roles that cannot be assigned.
    pub(super) fn assignable(&mut self, at: &Place, roles: &BTreeSet<RoleName>) {
        for name in roles {
            let why = match self.holdings.snapshot.role_named(name) {
                Some(role) if role.kind == RoleKind::UserDefault => Why::UserDefaultIsNotAssigned,
                Some(_) => continue,
                None if self.makes_role(name) => continue,
                None => Why::UnknownRole(name.to_string()),
            };
            self.report(at.at(name), why);
        }
    }

    /// Reports those of some scopes that neither the catalogue knows nor a role of the tenant holds.
    pub(super) fn known(&mut self, at: &Place, scopes: &BTreeSet<ScopeName>) {
        let snapshot = &self.holdings.snapshot;
        let unknown = scopes.iter().filter(|scope| snapshot.scope(scope.as_str()).is_none());
        for scope in unknown {
            self.report(at.at(scope), Why::UnknownScope(scope.to_string()));
        }
    }

    /// The user whom a text names: by subject, else by address.
    pub(super) fn user(&mut self, at: &Place, text: &str) -> Option<UserId> {
        match find_user(self.holdings, text) {
            Ok(user) => Some(user),
            Err(why) => {
                self.report(at.clone(), why);
                None
            }
        }
    }

    /// The group that a text names: a custom one or one of an identity provider, or one with that identifier.
    pub(super) fn group(&mut self, at: &Place, text: &str) -> Option<Meant> {
        let snapshot = &self.holdings.snapshot;
        let by_id = GroupId::from_hex(text).filter(|id| snapshot.group(*id).is_some());
        if let Some(id) = by_id {
            return Some(Meant::Present(id));
        }
        let stored = GroupName::stored(text.to_string());
        let name = GroupName::new(text).ok();
        let canonical = |provider| name.as_ref().and_then(|name| snapshot.group_named(provider, name));
        let named = |provider| snapshot.group_named(provider, &stored).or_else(|| canonical(provider));
        let made = name.as_ref().is_some_and(|name| self.makes_group(name));
        let found: Vec<GroupId> =
            [Provider::Custom, Provider::Idp, Provider::System].into_iter().filter_map(named).collect();
        match (found.as_slice(), made) {
            ([], true) => Some(Meant::Made),
            ([one], _) => Some(Meant::Present(*one)),
            ([], false) => {
                self.report(at.clone(), Why::UnknownGroup(text.to_string()));
                None
            }
            (several, _) => {
                self.report(at.clone(), Why::AmbiguousGroup(text.to_string(), listed(several)));
                None
            }
        }
    }

    /// Whether the manifest makes or keeps a custom group of this name.
    fn makes_group(&self, name: &GroupName) -> bool {
        self.manifest.owned.contains(&Section::Groups)
            && self.manifest.groups.contains_key(&(Provider::Custom, name.clone()))
    }

    /// Reports those of some groups that are no custom groups.
    pub(super) fn joinable(&mut self, at: &Place, groups: &BTreeSet<GroupName>) {
        for name in groups {
            let there = self.holdings.snapshot.group_named(Provider::Custom, name).is_some();
            if !there && !self.makes_group(name) {
                self.report(at.at(name), Why::UnknownGroup(name.to_string()));
            }
        }
    }
}

/// The user whom a text names: by subject, else by address.
pub(super) fn find_user(holdings: &Holdings, text: &str) -> Result<UserId, Why> {
    if let Some(id) = holdings.snapshot.user_with_subject(text) {
        return Ok(id);
    }
    match holdings.snapshot.users_with_email(text) {
        [] => Err(Why::UnknownUser(text.to_string())),
        [one] => Ok(*one),
        several => {
            let subjects = several.iter().filter_map(|id| Some(&holdings.users.get(id)?.subject));
            Err(Why::AmbiguousUser(text.to_string(), listed(subjects)))
        }
    }
}
