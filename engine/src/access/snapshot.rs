//! What is known of a tenant when something has to be decided?

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use super::{
    granting::{Granting, GroupGrants, Row},
    opaque::Opaque,
    people::{Numbers, People, Roster, UserFacts},
    slots::{Slot, Slots},
    spaces::Places,
    table::Table,
};
use crate::{
    catalogue::{Catalogue, Unknown},
    change::{Change, Delta},
    groups::{Group, GroupStatus, Provider},
    ids::{GroupId, RoleId, UserId},
    names::{GroupName, RoleName},
    roles::{Role, RoleKind},
    scopes::{Level, ScopeIndex, ScopeName, ScopeSet},
    spaces::Member,
    tenants::Tenant,
    time::Timestamp,
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
    /// The identifier.
    pub id: GroupId,
    /// The name.
    pub name: GroupName,
    /// Who decides about members.
    pub provider: Provider,
    /// Whether it grants its roles.
    pub active: bool,
    /// The roles of its members.
    pub(super) roles: Box<[Slot]>,
}

/// A tenant at one revision and one moment, compiled for reading. Immutable; [`Snapshot::apply`] makes the next one, and
/// [`Snapshot::at`] the same at another moment: what is assigned for some time only is in it while it holds.
///
/// Users refer to roles and groups by small numbers, and for each scope there is a row that says which roles grant it. So
/// a decision is a look-up of the user and of the scope, and some bits; and a change of a role is a change of its bits,
/// however many users hold it.
#[derive(Debug, Clone)]
pub struct Snapshot {
    catalogue: Arc<Catalogue>,
    revision: Revision,
    pub(super) moment: Timestamp,
    credentials_revision: Revision,
    tenant: Arc<Tenant>,
    opaque: Arc<Opaque>,
    pub(super) roles: Slots<RoleId, RoleFacts>,
    role_names: Table<String, RoleId>,
    granting: Arc<Granting>,
    pub(super) groups: Slots<GroupId, GroupFacts>,
    group_names: Table<(Provider, String), GroupId>,
    /// What the groups grant, by their numbers.
    pub(super) group_grants: Arc<Vec<GroupGrants>>,
    /// The number of the role that every user has.
    pub(super) user_default: Option<Slot>,
    /// The number of the group that every user is in.
    pub(super) everyone: Option<Slot>,
    pub(super) people: People,
    pub(super) places: Places,
}

impl Snapshot {
    /// A tenant with nobody in it.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>, tenant: Tenant, revision: Revision, moment: Timestamp) -> Self {
        Self {
            catalogue,
            revision,
            moment,
            credentials_revision: revision,
            tenant: Arc::new(tenant),
            opaque: Arc::default(),
            roles: Slots::default(),
            role_names: Table::default(),
            granting: Arc::default(),
            groups: Slots::default(),
            group_names: Table::default(),
            group_grants: Arc::default(),
            user_default: None,
            everyone: None,
            people: People::default(),
            places: Places::default(),
        }
    }

    /// The next revision: this one after `changes` that were made at a moment. Costs by what changed, not by what the tenant
    /// holds.
    #[must_use]
    pub fn apply(&self, revision: Revision, moment: Timestamp, changes: &[Change]) -> Self {
        let mut next = Self { revision, ..self.at(moment) };
        for change in changes {
            match change {
                Change::Tenant(delta) => {
                    if let Some(tenant) = delta.after() {
                        next.tenant = Arc::new(tenant.clone());
                    }
                }
                Change::Role(delta) => next.apply_role(delta),
                Change::Group(delta) => next.apply_group(delta),
                Change::User(_)
                | Change::License(_)
                | Change::OAuthGrant(_)
                | Change::OAuthConsent(_)
                | Change::Password(_)
                | Change::WebIntegration(_)
                | Change::Webhook(_) => {}
                // With a provider end the keys of its programs.
                Change::IdentityProvider(delta) => next.note_credential(delta.before().is_some()),
                Change::Space(delta) => next.places.apply(delta),
                Change::SpaceAssignment(delta) => next.places.apply_assignment(delta),
                Change::ApiKey(delta) => next.note_credential(delta.before().is_some()),
                Change::OAuthClient(delta) => next.note_credential(delta.before().is_some()),
                // What has ended by itself is forgotten, which ends nothing.
                Change::Session(delta) => {
                    next.note_credential(delta.before().is_some_and(|session| session.expires_at > moment));
                }
                Change::OAuthToken(delta) => {
                    next.note_credential(delta.before().is_some_and(|token| token.expires_at > moment));
                }
            }
        }
        // Users refer to roles and groups, so they come behind them.
        for change in changes {
            if let Change::User(delta) = change {
                let numbers = Numbers { roles: &next.roles, groups: &next.groups };
                next.people.apply(delta, numbers, next.moment);
                if delta.after().is_none() {
                    next.places.forget(Member::User(delta.latest().id));
                }
            }
        }
        if next.roles.is_worn() || next.groups.is_worn() { next.renumbered() } else { next }
    }

    /// Notes that a credential may have ended; one that is new has not.
    fn note_credential(&mut self, was_there: bool) {
        if was_there {
            self.credentials_revision = self.revision;
        }
    }

    /// The same with new numbers for roles and groups. Needed once in tens of thousands of new groups.
    fn renumbered(self) -> Self {
        let mut next = Self {
            roles: Slots::default(),
            granting: Arc::default(),
            groups: Slots::default(),
            group_grants: Arc::default(),
            people: People::default(),
            ..self.clone()
        };
        for role in self.roles.iter() {
            next.keep_role(role.clone());
        }
        for group in self.groups.iter() {
            let roles: Vec<RoleId> = self.roles_of_group(group).map(|role| role.id).collect();
            let roles = next.slots(&roles);
            next.keep_group(GroupFacts { roles, ..group.clone() });
        }
        next.people = self.people.renumbered(self.numbers(), next.numbers());
        next
    }

    /// Puts a role in, in place of the one with the same identifier.
    pub fn put_role(&mut self, role: &Role) {
        let grants = self.granted_by(role);
        self.role_names.insert(role.name.as_str().into(), role.id);
        self.keep_role(RoleFacts {
            id: role.id,
            name: role.name.clone(),
            kind: role.kind,
            level: role.level,
            grants,
        });
    }

    fn keep_role(&mut self, facts: RoleFacts) {
        let (id, grants) = (facts.id, facts.grants.clone());
        let Some(slot) = self.roles.put(id, facts) else { return };
        Arc::make_mut(&mut self.granting).set(slot, grants.iter());
        if id == self.catalogue.user_default {
            self.user_default = Some(slot);
        }
    }

    fn apply_role(&mut self, delta: &Delta<Role>) {
        if let Some(before) = delta.before() {
            self.role_names.remove(before.name.as_str());
        }
        match delta.after() {
            Some(after) => self.put_role(after),
            None => {
                if let Some(slot) = self.roles.remove(&delta.latest().id) {
                    Arc::make_mut(&mut self.granting).clear(slot);
                }
            }
        }
    }

    /// Everything a role grants: what the catalogue says for a default role, else its scopes with their children.
    fn granted_by(&mut self, role: &Role) -> ScopeSet {
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
        let accepted = self.catalogue.unknown == Unknown::Accept;
        accepted.then(|| Arc::make_mut(&mut self.opaque).add(name, self.catalogue.len())).flatten()
    }

    /// Puts a group in, in place of the one with the same identifier.
    pub fn put_group(&mut self, group: &Group) {
        let facts = GroupFacts {
            id: group.id,
            name: group.name.clone(),
            provider: group.provider,
            active: group.status == GroupStatus::Active,
            roles: self.slots(&group.roles),
        };
        self.group_names.insert((group.provider, group.name.as_str().into()), group.id);
        self.keep_group(facts);
    }

    fn keep_group(&mut self, facts: GroupFacts) {
        let (id, grants) = (facts.id, GroupGrants::of(&facts));
        let Some(slot) = self.groups.put(id, facts) else { return };
        self.set_group_grants(slot, grants);
        if id == GroupId::EVERYONE {
            self.everyone = Some(slot);
        }
    }

    fn set_group_grants(&mut self, slot: Slot, grants: GroupGrants) {
        let all = Arc::make_mut(&mut self.group_grants);
        let at = usize::from(slot);
        if all.len() <= at {
            all.resize(at + 1, GroupGrants::NOTHING);
        }
        if let Some(place) = all.get_mut(at) {
            *place = grants;
        }
    }

    fn slots(&self, roles: &[RoleId]) -> Box<[Slot]> {
        roles.iter().filter_map(|role| self.roles.slot(role)).collect()
    }

    fn apply_group(&mut self, delta: &Delta<Group>) {
        if let Some(before) = delta.before() {
            self.group_names.remove(&(before.provider, String::from(before.name.as_str())));
        }
        if let Some(after) = delta.after() {
            return self.put_group(after);
        }
        let id = delta.latest().id;
        if let Some(slot) = self.groups.remove(&id) {
            self.set_group_grants(slot, GroupGrants::NOTHING);
        }
        self.places.forget(Member::Group(id));
    }

    /// Puts users in, in place of all who were there.
    pub fn put_users(&mut self, users: Roster) {
        self.people = users.into_people();
    }

    /// The revision this is.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// The last revision at which an API key, an OAuth client, a token or an identity provider of the tenant may have changed or ended. What was
    /// verified about one at this revision or later still holds.
    #[must_use]
    pub const fn credentials_revision(&self) -> Revision {
        self.credentials_revision
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
        self.roles.find(&id)
    }

    /// The role with a name.
    #[must_use]
    pub fn role_named(&self, name: &RoleName) -> Option<&RoleFacts> {
        self.role_names.get(name.as_str()).and_then(|id| self.role(*id))
    }

    /// All roles, in no order.
    pub fn roles(&self) -> impl Iterator<Item = &RoleFacts> {
        self.roles.iter()
    }

    /// How many custom roles there are.
    #[must_use]
    pub fn custom_roles(&self) -> usize {
        self.roles().filter(|role| role.kind == RoleKind::Custom).count()
    }

    /// The group with an identifier, system groups included.
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<&GroupFacts> {
        self.groups.find(&id)
    }

    /// The group with a name among those of a provider.
    #[must_use]
    pub fn group_named(&self, provider: Provider, name: &GroupName) -> Option<GroupId> {
        self.group_names.get(&(provider, String::from(name.as_str()))).copied()
    }

    /// The roles of a group, in the order given, whether the group is active or not.
    pub fn roles_of_group<'s>(&'s self, group: &'s GroupFacts) -> impl Iterator<Item = &'s RoleFacts> {
        group.roles.iter().filter_map(|slot| self.roles.get(*slot))
    }

    /// How many groups there are, system groups not counted.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups.len().saturating_sub(usize::from(self.groups.slot(&GroupId::EVERYONE).is_some()))
    }

    /// The user with an identifier.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&UserFacts> {
        self.people.find(id)
    }

    /// The user with a subject.
    #[must_use]
    pub fn user_with_subject(&self, subject: &str) -> Option<UserId> {
        self.people.with_subject(subject)
    }

    /// The users with an e-mail address, in whatever case.
    #[must_use]
    pub fn users_with_email(&self, email: &str) -> &[UserId] {
        self.people.with_email(email)
    }

    /// The direct roles of a user, in the order given.
    pub fn direct_roles<'s>(&'s self, user: &'s UserFacts) -> impl Iterator<Item = &'s RoleFacts> {
        user.roles().iter().filter_map(|slot| self.roles.get(*slot))
    }

    /// The groups of a user, in the order joined; Everyone is not among them.
    pub fn memberships<'s>(&'s self, user: &'s UserFacts) -> impl Iterator<Item = &'s GroupFacts> {
        user.groups().iter().filter_map(|slot| self.groups.get(*slot))
    }

    /// All users behind `after`, in an order that stays the same from one revision to the next.
    pub fn users_behind(&self, after: Option<UserId>) -> impl Iterator<Item = (UserId, &UserFacts)> {
        self.people.behind(after)
    }

    /// All users, in no order.
    pub fn users(&self) -> impl Iterator<Item = (UserId, &UserFacts)> {
        self.people.all()
    }

    /// How many users there are.
    #[must_use]
    pub const fn user_count(&self) -> usize {
        self.people.len()
    }

    /// About how many bytes it takes, what it shares with other revisions and the catalogue included.
    #[must_use]
    pub fn memory(&self) -> usize {
        const OF_A_USER: usize = 120;
        // With a few assignments.
        const OF_A_TIMED_USER: usize = 400;
        const OF_A_GROUP: usize = 300;
        const OF_A_ROLE: usize = 400;
        // An empty table has its shards already.
        const AT_LEAST: usize = 16 * 1024;
        let opaque = self.opaque.len() * 200;
        AT_LEAST
            + self.people.len() * OF_A_USER
            + self.people.timed.len() * OF_A_TIMED_USER
            + self.groups.len() * OF_A_GROUP
            + self.roles.len() * OF_A_ROLE
            + self.granting.memory()
            + self.places.memory()
            + opaque
    }

    /// The roles that grant a scope.
    pub(super) fn granting(&self, scope: ScopeIndex) -> Row<'_> {
        self.granting.row(scope)
    }

    pub(super) const fn numbers(&self) -> Numbers<'_> {
        Numbers { roles: &self.roles, groups: &self.groups }
    }

    /// The role with a number.
    pub(super) fn role_at(&self, slot: Slot) -> Option<&RoleFacts> {
        self.roles.get(slot)
    }

    /// The place of a scope in sets of this snapshot.
    #[must_use]
    pub fn scope(&self, name: &str) -> Option<ScopeIndex> {
        self.catalogue.find(name).or_else(|| self.opaque.place(name))
    }

    /// The name of the scope at a place in sets of this snapshot.
    #[must_use]
    pub fn scope_name(&self, scope: ScopeIndex) -> Option<&ScopeName> {
        let known = self.catalogue.scope(scope).map(|scope| &scope.name);
        known.or_else(|| self.opaque.name(usize::from(scope.0).checked_sub(self.catalogue.len())?))
    }
}
