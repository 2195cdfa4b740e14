//! What in a manifest is without effect, outdated or more than is needed?

use alloc::{collections::BTreeSet, string::String, vec::Vec};

use super::{Manifest, Place, Section, Setting, Value, WantedUser};
use crate::{
    catalogue::{Catalogue, DefaultRole},
    groups::Provider,
    names::{RoleName, look_alike},
    scopes::ScopeName,
};

/// Something a reader should know of; it does not stand in the way of a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where in the manifest.
    pub at: Place,
    /// What it is.
    pub text: String,
}

/// Default roles that are about to go or are gone, and what is said of them (reference/access-control.md §10).
const OUTDATED_ROLES: &[(&str, &str)] = &[
    (
        "AutomationCreator",
        "is to be deprecated by the vendor in 2026; a custom role with the scope `automations.private` does the same, and `automations.shared` the like in shared spaces",
    ),
    (
        "Developer",
        "was removed by the vendor in January 2026; a custom role with the scope `api-keys` does the same",
    ),
];

/// What people call the group of all users, whose name is `com.qlik.Everyone`.
const EVERYONE: &str = "Everyone";

/// Scopes that were retired, and by what (the catalogue of 2026-08-18).
const RETIRED_SCOPES: &[&str] =
    &["insight-advisor.limited", "insight-advisor.genai", "insight-advisor-chat.limited"];

/// Looks a manifest over.
#[must_use]
pub fn lint(manifest: &Manifest, catalogue: &Catalogue) -> Vec<Finding> {
    let mut linter = Linter { manifest, catalogue, findings: Vec::new() };
    linter.settings();
    linter.roles();
    linter.assignments();
    linter.findings.sort();
    linter.findings.dedup();
    linter.findings
}

struct Linter<'l> {
    manifest: &'l Manifest,
    catalogue: &'l Catalogue,
    findings: Vec<Finding>,
}

impl<'l> Linter<'l> {
    fn find(&mut self, at: Place, text: impl Into<String>) {
        self.findings.push(Finding { at, text: text.into() });
    }

    fn default_role(&self, name: &str) -> Option<&'l DefaultRole> {
        self.catalogue.default_roles().find(|role| role.name.as_str() == name)
    }

    /// Flags that put a role on users who have it by Everyone anyway.
    fn settings(&mut self) {
        let Some(everyone) = &self.manifest.everyone else { return };
        for (setting, value) in &self.manifest.settings {
            let role = self
                .catalogue
                .default_roles()
                .find(|role| setting.flag().is_some_and(|flag| role.auto_assign == Some(flag)));
            let Some(role) = role.filter(|role| everyone.contains(&role.name)) else { continue };
            let at = Place::of(setting.section()).at(setting);
            match value {
                Value::On(true) => {
                    self.find(at, alloc::format!("has no effect while Everyone holds `{}`", role.name));
                }
                _ => self.find(
                    at,
                    alloc::format!("is off, but Everyone holds `{}`, so everybody has it", role.name),
                ),
            }
        }
        if self.manifest.settings.get(&Setting::MaxKeysPerUser) == Some(&Value::Count(0))
            && self
                .manifest
                .user_default
                .as_ref()
                .is_some_and(|scopes| scopes.iter().any(|scope| scope.as_str() == Catalogue::API_KEYS))
        {
            let at = Place::of(Section::UserDefault).at(Catalogue::API_KEYS);
            self.find(at, "has no effect while `maxKeysPerUser` is 0");
        }
    }

    fn roles(&mut self) {
        let no_scopes = BTreeSet::new();
        let default = self.manifest.user_default.as_ref().unwrap_or(&no_scopes);
        self.scopes(&Place::of(Section::UserDefault), default);
        for (name, role) in &self.manifest.roles {
            let at = Place::of(Section::Roles).at(name);
            if role.scopes.is_empty() {
                self.find(at.clone(), "grants nothing");
            }
            self.scopes(&at.at("scopes"), &role.scopes);
            for scope in role.scopes.iter().filter(|scope| default.contains(*scope)) {
                let text = "has no effect: every user has it by `userDefault`";
                self.find(at.at("scopes").at(scope), text);
            }
            let shadowed =
                self.catalogue.default_roles().find(|role| look_alike(name.as_str(), role.name.as_str()));
            if let Some(default) = shadowed {
                self.find(
                    at.clone(),
                    alloc::format!("can be mistaken for the default role `{}`", default.name),
                );
            }
            if !self.is_assigned(name) {
                self.find(at, "is assigned to nobody by this file");
            }
        }
    }

    fn is_assigned(&self, role: &RoleName) -> bool {
        let assigned = |roles: Option<&BTreeSet<RoleName>>| roles.is_some_and(|roles| roles.contains(role));
        let manifest = self.manifest;
        // Who does not say all of who holds what cannot tell.
        let partly = ![Section::Everyone, Section::Groups, Section::IdpGroups, Section::Users]
            .iter()
            .any(|section| manifest.owned.contains(section));
        partly
            || assigned(manifest.everyone.as_ref())
            || manifest.groups.values().any(|group| assigned(group.roles.as_ref()))
            || manifest.users.values().any(|user| assigned(user.roles.as_ref()))
    }

    /// Scopes of which the set has the parent, and retired ones.
    fn scopes(&mut self, at: &Place, scopes: &BTreeSet<ScopeName>) {
        for name in scopes {
            let known = self.catalogue.find(name.as_str());
            if RETIRED_SCOPES.contains(&name.as_str()) {
                self.find(at.at(name), "was retired by the vendor");
            } else if known.is_none() {
                self.find(
                    at.at(name),
                    "is no scope of the catalogue; a plan takes it where a role of the tenant has it already",
                );
            }
            let scope = known.and_then(|scope| self.catalogue.scope(scope));
            let parent = scope.and_then(|scope| self.catalogue.parent_of(scope));
            if let Some(parent) = parent.filter(|parent| scopes.contains(*parent)) {
                self.find(at.at(name), alloc::format!("has no effect beside `{parent}`, which includes it"));
            }
        }
    }

    fn assignments(&mut self) {
        let no_roles = BTreeSet::new();
        let everyone = self.manifest.everyone.as_ref().unwrap_or(&no_roles);
        let at = Place::of(Section::Everyone);
        self.assigned(&at, everyone, &no_roles);
        for name in everyone {
            let role = self.default_role(name.as_str());
            if role.is_some_and(|role| self.catalogue.administers(role.id)) {
                self.find(at.at(name), "makes every user an administrator of the tenant");
            }
        }
        for ((provider, name), group) in &self.manifest.groups {
            let at = Place::of(Section::of_groups(*provider)).at(name);
            if *provider == Provider::Custom && look_alike(name.as_str(), EVERYONE) {
                self.find(at.clone(), "is not the group of all users, whose roles `everyone` says");
            }
            let roles = group.roles.as_ref().unwrap_or(&no_roles);
            self.assigned(&at.at("roles"), roles, everyone);
        }
        for (name, user) in &self.manifest.users {
            let at = Place::of(Section::Users).at(name).at("roles");
            let roles = user.roles.as_ref().unwrap_or(&no_roles);
            self.assigned(&at, roles, everyone);
            self.by_groups(&at, user, roles);
        }
    }

    fn assigned(&mut self, at: &Place, roles: &BTreeSet<RoleName>, everyone: &BTreeSet<RoleName>) {
        for name in roles {
            if let Some((_, text)) = OUTDATED_ROLES.iter().find(|(role, _)| *role == name.as_str()) {
                self.find(at.at(name), *text);
            }
            if everyone.contains(name) {
                self.find(at.at(name), "has no effect: every user has it by Everyone");
            }
        }
    }

    /// Direct roles that a user has by one of the groups anyway.
    fn by_groups(&mut self, at: &Place, user: &WantedUser, roles: &BTreeSet<RoleName>) {
        for group in user.groups.iter().flatten() {
            let wanted = self.manifest.groups.get(&(Provider::Custom, group.clone()));
            let of_group = wanted.and_then(|group| group.roles.as_ref());
            for name in roles.iter().filter(|name| of_group.is_some_and(|held| held.contains(*name))) {
                self.find(at.at(name), alloc::format!("has no effect: the group `{group}` gives it"));
            }
        }
    }
}
