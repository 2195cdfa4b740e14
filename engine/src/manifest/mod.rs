//! What should a tenant hold, what leads there, and does that do what is meant?
//!
//! A [`Manifest`] names what somebody wants, [`Holdings`] are what there is, and [`plan`] says the [`Step`]s between the two. Names,
//! not identifiers, so that one manifest does for many tenants.

mod expect;
mod export;
mod holdings;
mod lint;
mod names;
mod order;
mod plan;
mod problem;
mod settings;
mod step;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};

pub use expect::{Expectation, Outcome, Who, examine};
pub use export::export;
pub use holdings::{Holdings, Stop};
pub use lint::{Finding, lint};
pub use plan::{Plan, plan};
pub use problem::{Place, Problem, Why};
pub use settings::{Setting, Value};
pub use step::{Assignee, Edit, Known, Step};

use crate::{
    groups::Provider,
    names::{Description, GroupName, RoleName, SpaceName},
    scopes::ScopeName,
    spaces::SpaceRoles,
    words::words,
};

words! {
    /// A part of a tenant that a manifest can own.
    Section {
        /// The three settings that put roles on entitled users.
        AutoAssign = "autoAssign",
        /// Whether logins make groups.
        GroupSettings = "groupSettings",
        /// How many API keys, and for how long.
        ApiKeys = "apiKeys",
        /// The roles of the group Everyone.
        Everyone = "everyone",
        /// The scopes of the role `UserDefault`.
        UserDefault = "userDefault",
        /// The custom roles.
        Roles = "roles",
        /// The custom groups, and their roles.
        Groups = "groups",
        /// The roles of groups of identity providers.
        IdpGroups = "idpGroups",
        /// The direct roles and custom groups of users.
        Users = "users",
        /// Who has roles in spaces.
        Spaces = "spaces",
    }
}

impl Section {
    /// All there are.
    pub const ALL: &[Self] = &[
        Self::AutoAssign,
        Self::GroupSettings,
        Self::ApiKeys,
        Self::Everyone,
        Self::UserDefault,
        Self::Roles,
        Self::Groups,
        Self::IdpGroups,
        Self::Users,
        Self::Spaces,
    ];

    /// The section of groups of a provider.
    #[must_use]
    pub const fn of_groups(provider: Provider) -> Self {
        match provider {
            Provider::Custom | Provider::System => Self::Groups,
            Provider::Idp => Self::IdpGroups,
        }
    }
}

/// What somebody wants a tenant to hold. What it does not say stays as it is; a list that it says is meant whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// The sections that it says and owns. Nothing of others is touched.
    pub owned: BTreeSet<Section>,
    /// Settings of the tenant.
    pub settings: BTreeMap<Setting, Value>,
    /// The roles of the group Everyone.
    pub everyone: Option<BTreeSet<RoleName>>,
    /// The scopes of the role `UserDefault`.
    pub user_default: Option<BTreeSet<ScopeName>>,
    /// Custom roles.
    pub roles: BTreeMap<RoleName, WantedRole>,
    /// Custom groups, and groups of identity providers.
    pub groups: BTreeMap<(Provider, GroupName), WantedGroup>,
    /// Users, by subject or by e-mail address.
    pub users: BTreeMap<String, WantedUser>,
    /// Spaces.
    pub spaces: BTreeMap<SpaceName, WantedSpace>,
}

/// A custom role as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedRole {
    /// What it is for, if that is said.
    pub description: Option<Description>,
    /// What it grants.
    pub scopes: BTreeSet<ScopeName>,
}

/// A group as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedGroup {
    /// What it is for, if that is said.
    pub description: Option<Description>,
    /// What its members hold, if that is said.
    pub roles: Option<BTreeSet<RoleName>>,
}

/// A user as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedUser {
    /// The direct roles, if they are said.
    pub roles: Option<BTreeSet<RoleName>>,
    /// The custom groups, if they are said.
    pub groups: Option<BTreeSet<GroupName>>,
}

/// Who should have which roles in a space.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedSpace {
    /// Users, by subject or by e-mail address.
    pub users: BTreeMap<String, SpaceRoles>,
    /// Groups, by name; by identifier where two have the name.
    pub groups: BTreeMap<String, SpaceRoles>,
}

/// Everything in a set, with commas between.
fn listed<T: core::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| alloc::format!("`{item}`")).collect();
    items.join(", ")
}
