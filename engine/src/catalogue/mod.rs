//! Which scopes and default roles does a product have, and what does a fresh tenant begin with?
//!
//! A catalogue is data. The built-in one is Qlik Cloud's, see [`qlik`].

pub mod qlik;
mod resources;

use alloc::{string::String, vec::Vec};

use hashbrown::HashMap;
pub use resources::{ActionRule, Condition, Instance, Part, Plain, ResourceType};

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
    /// What can be acted on besides the tenant.
    pub resources: Vec<ResourceType>,
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
    /// The identifier of the role `UserDefault`, the same in every tenant.
    pub const USER_DEFAULT: RoleId =
        RoleId::new(0x66fa_3b20, [0xd1, 0x8c, 0x4e, 0x7a, 0x5b, 0x92, 0xf0, 0x64]);
    /// The scope that asks what others may do: the decision API. Rolecall's own.
    pub const EVALUATE: &str = "access:evaluate";
    /// The scope that reads the audit trail. Rolecall's own.
    pub const READ_AUDITS: &str = "audits:read";
    /// The scope that manages one's own API keys (reference/auth.md §2).
    pub const API_KEYS: &str = "api-keys";
    /// The scope that administers all spaces.
    pub const ADMINISTER_SPACES: &str = "admin.spaces";
    /// The scope that sees all spaces.
    pub const READ_SPACES: &str = "admin.spaces:read";

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

    /// The scopes with these names and those they include. Names that are not known are left out.
    #[must_use]
    pub fn set<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> ScopeSet {
        let known = names.into_iter().filter_map(|name| self.find(name));
        known.flat_map(|scope| self.with_children(scope)).collect()
    }

    /// The name of the scope that includes another one.
    #[must_use]
    pub fn parent_of(&self, scope: &Scope) -> Option<&ScopeName> {
        self.scope(scope.parent?).map(|parent| &parent.name)
    }

    /// A scope and the scopes it includes.
    pub fn with_children(&self, scope: ScopeIndex) -> impl Iterator<Item = ScopeIndex> + '_ {
        core::iter::once(scope).chain(self.children.get(&scope).into_iter().flatten().copied())
    }

    /// The kind of resource with a name.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<&ResourceType> {
        self.resources.iter().find(|kind| kind.name == name)
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

    /// A catalogue of these scopes and default roles; `UserDefault` comes behind them.
    #[must_use]
    pub fn new(scopes: Vec<Scope>, mut default_roles: Vec<DefaultRole>) -> Self {
        default_roles.push(DefaultRole {
            id: Self::USER_DEFAULT,
            name: RoleName::stored(String::from("UserDefault")),
            level: Level::User,
            about: String::from("What every user may do; not assignable"),
            permissions: Vec::new(),
            grants: ScopeSet::new(),
            promotes: false,
            auto_assign: None,
        });
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
            resources: Vec::new(),
            reserved: Vec::new(),
            user_default: Self::USER_DEFAULT,
            initial_user_default: Vec::new(),
            initial_everyone: Vec::new(),
        }
    }
}
