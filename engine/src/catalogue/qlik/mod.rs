//! The catalogue of Qlik Cloud: 225 scopes, 16 default roles and `UserDefault`.
//!
//! Names, levels, uses and parents are the vendor's (scopes as of 2026-08-18, default roles as of 2026-01-26). The descriptions are ours. What is not public is our choice and said so in `SUPPORTED.md`: the
//! `permissions` of most default roles, what each grants in scopes, identifiers that no sample shows, and the beginning
//! of `UserDefault`.

mod roles;
mod scopes;

use alloc::{string::ToString, vec, vec::Vec};

use roles::{DEVELOPER, Grants, ROLE_ROWS, RoleRow};
use scopes::{SCOPE_ROWS, ScopeRow};

use super::{Catalogue, DefaultRole, Scope};
use crate::{
    ids::RoleId,
    names::RoleName,
    scopes::{Level::Admin, ScopeIndex, ScopeName, ScopeSet},
};

/// What every user of a fresh tenant may do: what is documented (`notes`), and what only reads.
const INITIAL_USER_DEFAULT: &[&str] = &[
    "notes",
    "data-connections:read",
    "dataquality:read",
    "discovery-agent:read",
    "knowledgebases:read",
    "lineage:read",
    "pipelines-projects:read",
    "semantictype:read",
];

const INITIAL_EVERYONE: &[&str] =
    &["AutomationCreator", "PrivateAnalyticsContentCreator", "SharedSpaceCreator"];

impl Catalogue {
    /// The catalogue of Qlik Cloud.
    #[must_use]
    pub fn qlik() -> Self {
        Self::from_rows(ROLE_ROWS.iter())
    }

    /// The catalogue of Qlik Cloud with the retired role `Developer`.
    #[must_use]
    pub fn qlik_with_developer() -> Self {
        Self::from_rows(ROLE_ROWS.iter().chain([&DEVELOPER]))
    }

    fn from_rows(roles: impl Iterator<Item = &'static RoleRow>) -> Self {
        let scopes: Vec<Scope> = SCOPE_ROWS.iter().filter_map(scope).collect();
        let bare = Self::new(scopes.clone(), Vec::new());
        let default_roles: Vec<DefaultRole> = roles.filter_map(|row| default_role(row, &bare)).collect();
        let everyones = default_roles.iter().filter(|role| INITIAL_EVERYONE.contains(&role.name.as_str()));
        let initial_everyone = everyones.map(|role| role.id).collect();
        Self {
            initial_user_default: INITIAL_USER_DEFAULT
                .iter()
                .filter_map(|name| ScopeName::new(name).ok())
                .collect(),
            initial_everyone,
            // Else a custom role could stand in the way of the retired one, once it is switched on.
            reserved: vec![RoleName::stored(DEVELOPER.name.to_string())],
            ..Self::new(scopes, default_roles)
        }
    }
}

fn place(name: &str) -> Option<ScopeIndex> {
    let at = SCOPE_ROWS.iter().position(|row| row.name == name)?;
    u16::try_from(at).ok().map(ScopeIndex)
}

fn scope(row: &ScopeRow) -> Option<Scope> {
    Some(Scope {
        name: ScopeName::new(row.name).ok()?,
        level: row.level,
        parent: row.parent.and_then(place),
        about: row.about.to_string(),
        oauth: row.uses.oauth,
        custom_role: row.uses.custom_role,
        user_default: row.uses.user_default,
    })
}

fn default_role(row: &RoleRow, scopes: &Catalogue) -> Option<DefaultRole> {
    let grants: ScopeSet = match row.grants {
        Grants::Scopes(names) => scopes.set(names.iter().copied()),
        Grants::Administration => (0_u16..)
            .map(ScopeIndex)
            .zip(SCOPE_ROWS)
            .filter(|(_, row)| row.level == Admin && row.name != "admin_classic")
            .map(|(at, _)| at)
            .collect(),
    };
    Some(DefaultRole {
        id: RoleId::from_hex(row.id)?,
        name: RoleName::new(row.name).ok()?,
        level: row.level,
        about: row.about.to_string(),
        permissions: row.permissions.iter().map(ToString::to_string).collect(),
        grants,
        promotes: row.promotes,
        auto_assign: row.auto_assign,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scopes::Level;

    #[test]
    fn every_row_is_in_the_catalogue_and_every_name_in_it_is_known() {
        let catalogue = Catalogue::qlik();
        assert_eq!(catalogue.len(), 228, "225 of the vendor's and three of our own");
        assert_eq!(catalogue.default_roles().count(), 17);
        assert_eq!(Catalogue::qlik_with_developer().default_roles().count(), 18);
        assert_eq!(catalogue.initial_everyone.len(), INITIAL_EVERYONE.len());
        for row in SCOPE_ROWS {
            let scope = catalogue.scope(catalogue.find(row.name).unwrap()).unwrap();
            assert_eq!(scope.parent.is_some(), row.parent.is_some(), "{}", row.name);
        }
        for row in ROLE_ROWS {
            assert!(!row.permissions.is_empty(), "{}", row.name);
            if let Grants::Scopes(names) = row.grants {
                assert!(names.iter().all(|name| catalogue.find(name).is_some()), "{}", row.name);
            }
        }
        for name in &catalogue.initial_user_default {
            assert!(catalogue.scope(catalogue.find(name.as_str()).unwrap()).unwrap().user_default, "{name}");
        }
    }

    /// The counts and invariants of the vendor's list of 2026-08-18.
    #[test]
    fn the_vendor_part_agrees_with_its_source() {
        let catalogue = Catalogue::qlik();
        let own = [Catalogue::ADMINISTER, Catalogue::EVALUATE, Catalogue::READ_AUDITS];
        let vendor: Vec<&Scope> =
            catalogue.scopes().filter(|scope| !own.contains(&scope.name.as_str())).collect();
        let count = |test: fn(&Scope) -> bool| vendor.iter().filter(|scope| test(scope)).count();
        assert_eq!(count(|scope| scope.level == Admin), 37);
        assert_eq!(count(|scope| scope.level == Level::User), 188);
        assert_eq!(count(|scope| scope.oauth), 101);
        assert_eq!(count(|scope| scope.custom_role), 185);
        assert_eq!(count(|scope| scope.user_default), 60);
        assert_eq!(count(|scope| scope.parent.is_some()), 31);
        assert_eq!(count(|scope| scope.user_default && (scope.level == Admin || !scope.custom_role)), 0);
        let nested = |scope: &&Scope| {
            scope.parent.and_then(|at| catalogue.scope(at)).is_some_and(|up| up.parent.is_some())
        };
        assert!(!catalogue.scopes().any(|scope| nested(&scope)), "nesting is one level deep");
    }

    #[test]
    fn only_tenant_admin_administers() {
        let catalogue = Catalogue::qlik();
        let holders: Vec<&str> = catalogue
            .default_roles()
            .filter(|role| catalogue.administers(role.id))
            .map(|role| role.name.as_str())
            .collect();
        assert_eq!(holders, ["TenantAdmin"]);
    }
}
