//! Which scopes and default roles does a product have, and what does a fresh tenant begin with?
//!
//! A catalogue is data. The built-in one is Qlik Cloud's, see [`qlik`].

pub mod qlik;

use alloc::{string::String, vec::Vec};

use hashbrown::HashMap;

use crate::{
    ids::RoleId,
    names::RoleName,
    scopes::{Level, ScopeIndex, ScopeName, ScopeSet},
};

/// A scope: one thing a role can allow.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The name, unique in the catalogue.
    pub name: ScopeName,
    /// Whether it reaches the whole tenant.
    pub level: Level,
    /// The scope that includes this one. Nesting is one level deep (reference/access-control.md §1.1).
    pub parent: Option<ScopeIndex>,
    /// What it allows, in a few words.
    pub about: String,
    /// Whether an OAuth client may be given it.
    pub oauth: bool,
    /// Whether a custom role may hold it.
    pub custom_role: bool,
    /// Whether the role `UserDefault` may hold it.
    pub user_default: bool,
}

/// Which tenant setting puts a default role on entitled users (reference/access-control.md §4a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoAssign {
    /// `autoAssignCreateSharedSpacesRoleToProfessionals`
    SharedSpaces,
    /// `autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals`
    PrivateContent,
    /// `autoAssignDataServicesContributorRoleToProfessionals`
    DataServices,
}

/// A role that comes with the product: the same in every tenant, not editable.
#[derive(Debug, Clone)]
pub struct DefaultRole {
    /// The same in every tenant.
    pub id: RoleId,
    /// The name, unique in the catalogue.
    pub name: RoleName,
    /// Whether it is a role of administrators.
    pub level: Level,
    /// What it is for.
    pub about: String,
    /// What it grants, in the vendor's vocabulary `resource:action`; shown, never evaluated.
    pub permissions: Vec<String>,
    /// What it grants, in scopes; children of a granted scope are in the set.
    pub grants: ScopeSet,
    /// Whether holding it makes a basic user a full user, on capacity subscriptions (reference/access-control.md §7).
    pub promotes: bool,
    /// The tenant setting that assigns it.
    pub auto_assign: Option<AutoAssign>,
}

/// What a catalogue does with a scope name it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// Refuse it.
    #[default]
    Refuse,
    /// Let custom roles and `UserDefault` hold it, as a scope without children.
    Accept,
}

/// The scopes and default roles of a product, and what a fresh tenant begins with.
#[derive(Debug, Clone)]
pub struct Catalogue {
    scopes: Vec<Scope>,
    by_name: HashMap<ScopeName, ScopeIndex>,
    children: HashMap<ScopeIndex, Vec<ScopeIndex>>,
    default_roles: Vec<DefaultRole>,
    /// What to do with scope names that are not in the catalogue.
    pub unknown: Unknown,
    /// Names that no custom role may have or look like, besides those of the default roles.
    pub reserved: Vec<RoleName>,
    /// The role every user has and nobody can be given.
    pub user_default: RoleId,
    /// The scopes `UserDefault` holds in a fresh tenant.
    pub initial_user_default: Vec<ScopeName>,
    /// The roles the group Everyone holds in a fresh tenant.
    pub initial_everyone: Vec<RoleId>,
}

impl Catalogue {
    /// The scope that administers a tenant: users, groups, roles and settings. Rolecall's own.
    ///
    /// Only default roles hold it; whoever holds one of them is an administrator. It is not for custom roles,
    /// `UserDefault` or OAuth clients.
    pub const ADMINISTER: &str = "tenant:administer";
    /// The scope that manages one's own API keys (reference/auth.md §2).
    pub const API_KEYS: &str = "api-keys";

    /// The number of scopes in the catalogue.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.scopes.len()
    }

    /// Whether there is no scope at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.scopes.is_empty()
    }

    /// The scopes in the order they are listed.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.scopes.iter()
    }

    /// The scope at a place.
    #[must_use]
    pub fn scope(&self, at: ScopeIndex) -> Option<&Scope> {
        self.scopes.get(usize::from(at.0))
    }

    /// The place of a scope.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<ScopeIndex> {
        self.by_name.get(name).copied()
    }

    /// A scope and the scopes it includes.
    pub fn with_children(&self, scope: ScopeIndex) -> impl Iterator<Item = ScopeIndex> + '_ {
        core::iter::once(scope).chain(self.children.get(&scope).into_iter().flatten().copied())
    }

    /// The default roles in the order they are listed, `UserDefault` last.
    pub fn default_roles(&self) -> impl Iterator<Item = &DefaultRole> {
        self.default_roles.iter()
    }

    /// The default role with an identifier.
    #[must_use]
    pub fn default_role(&self, id: RoleId) -> Option<&DefaultRole> {
        self.default_roles.iter().find(|role| role.id == id)
    }

    /// Whether holding the default role makes an administrator.
    #[must_use]
    pub fn administers(&self, id: RoleId) -> bool {
        let scope = self.find(Self::ADMINISTER);
        scope.zip(self.default_role(id)).is_some_and(|(scope, role)| role.grants.contains(scope))
    }

    fn build(scopes: Vec<Scope>, default_roles: Vec<DefaultRole>, user_default: RoleId) -> Self {
        let place = |at: usize| u16::try_from(at).map(ScopeIndex).ok();
        let by_name = scopes
            .iter()
            .enumerate()
            .filter_map(|(at, scope)| Some((scope.name.clone(), place(at)?)))
            .collect();
        let mut children: HashMap<ScopeIndex, Vec<ScopeIndex>> = HashMap::new();
        for (at, scope) in scopes.iter().enumerate() {
            if let (Some(parent), Some(child)) = (scope.parent, place(at)) {
                children.entry(parent).or_default().push(child);
            }
        }
        Self {
            scopes,
            by_name,
            children,
            default_roles,
            unknown: Unknown::Refuse,
            reserved: Vec::new(),
            user_default,
            initial_user_default: Vec::new(),
            initial_everyone: Vec::new(),
        }
    }
}
