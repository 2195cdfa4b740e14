//! What is known of a tenant when something has to be decided?

use alloc::{string::String, sync::Arc, vec::Vec};

use hashbrown::HashMap;

use super::table::Table;
use crate::{
    catalogue::{Catalogue, Unknown},
    change::{Change, Delta},
    groups::{Group, GroupStatus, Provider},
    ids::{GroupId, RoleId, UserId},
    names::{GroupName, RoleName},
    roles::{Role, RoleKind},
    scopes::{Level, ScopeIndex, ScopeName, ScopeSet},
    tenants::Tenant,
    users::{User, UserStatus},
};

/// How often a tenant was changed. The state of a tenant at a revision never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub i64);

/// What decisions need of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFacts {
    /// The identifier.
    pub id: RoleId,
    /// The name.
    pub name: RoleName,
    /// Default, `UserDefault` or custom.
    pub kind: RoleKind,
    /// User or admin.
    pub level: Level,
    /// Everything it grants, children of parent scopes included.
    pub grants: ScopeSet,
}

/// What decisions need of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFacts {
    /// The name.
    pub name: GroupName,
    /// Who decides about members.
    pub provider: Provider,
    /// Whether it grants its roles.
    pub active: bool,
    /// The roles of its members.
    pub roles: Arc<[RoleId]>,
}

/// What decisions need of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFacts {
    /// Where the user stands.
    pub status: UserStatus,
    /// Direct roles.
    pub roles: Arc<[RoleId]>,
    /// Memberships.
    pub groups: Arc<[GroupId]>,
}

impl From<&User> for UserFacts {
    fn from(user: &User) -> Self {
        Self {
            status: user.status,
            roles: user.roles.as_slice().into(),
            groups: user.groups.as_slice().into(),
        }
    }
}

/// Scopes that are not in the catalogue, in the order they came; their places follow the catalogue's.
#[derive(Debug, Clone, Default)]
struct Opaque {
    names: Vec<ScopeName>,
    places: HashMap<ScopeName, ScopeIndex>,
}

/// A tenant at one revision, compiled for reading. Immutable; [`Snapshot::apply`] makes the next one.
#[derive(Debug, Clone)]
pub struct Snapshot {
    catalogue: Arc<Catalogue>,
    revision: Revision,
    api_keys_revision: Revision,
    tenant: Arc<Tenant>,
    opaque: Arc<Opaque>,
    roles: Arc<HashMap<RoleId, Arc<RoleFacts>>>,
    role_names: Arc<HashMap<String, RoleId>>,
    groups: Table<GroupId, GroupFacts>,
    group_names: Table<(Provider, String), GroupId>,
    users: Table<UserId, UserFacts>,
}

impl Snapshot {
    /// A tenant with nobody in it.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>, tenant: Tenant, revision: Revision) -> Self {
        Self {
            catalogue,
            revision,
            api_keys_revision: revision,
            tenant: Arc::new(tenant),
            opaque: Arc::default(),
            roles: Arc::default(),
            role_names: Arc::default(),
            groups: Table::default(),
            group_names: Table::default(),
            users: Table::default(),
        }
    }

    /// The next revision: this one after `changes`. Costs by what changed, not by what the tenant holds.
    #[must_use]
    pub fn apply(&self, revision: Revision, changes: &[Change]) -> Self {
        let mut next = Self { revision, ..self.clone() };
        for change in changes {
            match change {
                Change::Tenant(delta) => {
                    if let Some(tenant) = delta.after() {
                        next.tenant = Arc::new(tenant.clone());
                    }
                }
                Change::Role(delta) => next.apply_role(delta),
                Change::Group(delta) => next.apply_group(delta),
                Change::User(delta) => next.apply_user(delta),
                Change::License(_) => {}
                Change::ApiKey(_) => next.api_keys_revision = revision,
            }
        }
        next
    }

    /// Puts a role in, in place of the one with the same identifier.
    pub fn put_role(&mut self, role: &Role) {
        let grants = self.grants(role);
        let facts =
            RoleFacts { id: role.id, name: role.name.clone(), kind: role.kind, level: role.level, grants };
        Arc::make_mut(&mut self.role_names).insert(role.name.as_str().into(), role.id);
        Arc::make_mut(&mut self.roles).insert(role.id, Arc::new(facts));
    }

    fn apply_role(&mut self, delta: &Delta<Role>) {
        if let Some(before) = delta.before() {
            Arc::make_mut(&mut self.role_names).remove(before.name.as_str());
            Arc::make_mut(&mut self.roles).remove(&before.id);
        }
        if let Some(after) = delta.after() {
            self.put_role(after);
        }
    }

    /// Everything a role grants: what the catalogue says for a default role, else its scopes with their children.
    fn grants(&mut self, role: &Role) -> ScopeSet {
        if role.kind == RoleKind::Default {
            return self.catalogue.default_role(role.id).map(|role| role.grants.clone()).unwrap_or_default();
        }
        let mut grants = ScopeSet::new();
        for name in &role.scopes {
            if let Some(scope) = self.scope(name.as_str()).or_else(|| self.add_opaque(name)) {
                self.catalogue.with_children(scope).for_each(|scope| grants.insert(scope));
            }
        }
        grants
    }

    /// Gives a scope that is not in the catalogue a place, if the catalogue lets roles hold such scopes.
    fn add_opaque(&mut self, name: &ScopeName) -> Option<ScopeIndex> {
        let place = u16::try_from(self.catalogue.len() + self.opaque.names.len()).ok().map(ScopeIndex);
        let place = place.filter(|_| self.catalogue.unknown == Unknown::Accept)?;
        let opaque = Arc::make_mut(&mut self.opaque);
        opaque.names.push(name.clone());
        opaque.places.insert(name.clone(), place);
        Some(place)
    }

    /// How many scopes there are that are not in the catalogue.
    #[must_use]
    pub fn opaque_scopes(&self) -> usize {
        self.opaque.names.len()
    }

    /// Puts a group in, in place of the one with the same identifier.
    pub fn put_group(&mut self, group: &Group) {
        let facts = GroupFacts {
            name: group.name.clone(),
            provider: group.provider,
            active: group.status == GroupStatus::Active,
            roles: group.roles.as_slice().into(),
        };
        self.group_names.insert((group.provider, group.name.as_str().into()), group.id);
        self.groups.insert(group.id, facts);
    }

    fn apply_group(&mut self, delta: &Delta<Group>) {
        if let Some(before) = delta.before() {
            self.group_names.remove(&(before.provider, String::from(before.name.as_str())));
            self.groups.remove(&before.id);
        }
        if let Some(after) = delta.after() {
            self.put_group(after);
        }
    }

    fn apply_user(&mut self, delta: &Delta<User>) {
        let Some(user) = delta.after() else { return self.users.remove(&delta.latest().id) };
        let same = |before: &User| {
            (before.status, &before.roles, &before.groups) == (user.status, &user.roles, &user.groups)
        };
        if !delta.before().is_some_and(same) {
            self.put_user(user.id, UserFacts::from(user));
        }
    }

    /// Puts a user in, in place of the one with the same identifier.
    pub fn put_user(&mut self, id: UserId, facts: UserFacts) {
        self.users.insert(id, facts);
    }

    /// The revision this is.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// The last revision at which an API key of the tenant may have changed. What was verified about a key at this
    /// revision or later still holds.
    #[must_use]
    pub const fn api_keys_revision(&self) -> Revision {
        self.api_keys_revision
    }

    /// The catalogue the tenant is judged by.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The tenant and its settings.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The role with an identifier.
    #[must_use]
    pub fn role(&self, id: RoleId) -> Option<&RoleFacts> {
        self.roles.get(&id).map(AsRef::as_ref)
    }

    /// The role with a name.
    #[must_use]
    pub fn role_named(&self, name: &RoleName) -> Option<&RoleFacts> {
        self.role_names.get(name.as_str()).and_then(|id| self.role(*id))
    }

    /// All roles, in no order.
    pub fn roles(&self) -> impl Iterator<Item = &RoleFacts> {
        self.roles.values().map(AsRef::as_ref)
    }

    /// How many custom roles there are.
    #[must_use]
    pub fn custom_roles(&self) -> usize {
        self.roles.values().filter(|role| role.kind == RoleKind::Custom).count()
    }

    /// The group with an identifier, system groups included.
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<&GroupFacts> {
        self.groups.get(&id)
    }

    /// The group with a name among those of a provider.
    #[must_use]
    pub fn group_named(&self, provider: Provider, name: &GroupName) -> Option<GroupId> {
        self.group_names.get(&(provider, String::from(name.as_str()))).copied()
    }

    /// How many groups there are, system groups not counted.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups.len().saturating_sub(usize::from(self.groups.get(&GroupId::EVERYONE).is_some()))
    }

    /// The user with an identifier.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&UserFacts> {
        self.users.get(&id)
    }

    /// All users, in no order.
    pub fn users(&self) -> impl Iterator<Item = (UserId, &UserFacts)> {
        self.users.iter().map(|(id, facts)| (*id, facts))
    }

    /// How many users there are.
    #[must_use]
    pub const fn user_count(&self) -> usize {
        self.users.len()
    }

    /// The place of a scope in sets of this snapshot.
    #[must_use]
    pub fn scope(&self, name: &str) -> Option<ScopeIndex> {
        self.catalogue.find(name).or_else(|| self.opaque.places.get(name).copied())
    }

    /// The name of the scope at a place in sets of this snapshot.
    #[must_use]
    pub fn scope_name(&self, scope: ScopeIndex) -> Option<&ScopeName> {
        let known = self.catalogue.scope(scope).map(|scope| &scope.name);
        known.or_else(|| self.opaque.names.get(usize::from(scope.0).checked_sub(self.catalogue.len())?))
    }

    /// Everything a user is granted, by all paths of reference/access-control.md §1.1, whatever the user's status.
    #[must_use]
    pub fn effective(&self, user: &UserFacts) -> ScopeSet {
        let mut granted = ScopeSet::new();
        for (role, _) in self.roles_of(user) {
            granted.extend(&role.grants);
        }
        granted
    }
}
