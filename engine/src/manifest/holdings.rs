//! What does a tenant hold, and what does it hold behind a step?

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::ToString,
    sync::Arc,
    vec::Vec,
};

use super::{Assignee, Edit, Known, Step};
use crate::{
    access::{Entry, Revision, Roster, Snapshot, keep_administrator},
    assignments::{GroupRef, RoleRef},
    catalogue::Catalogue,
    change::{Change, Editor},
    groups::{Group, GroupOp, NewGroup, Provider, SettingsOp, edit_settings},
    ids::{GroupId, RoleId, SpaceAssignmentId, SpaceId, UserId},
    names::{Description, GroupName, RoleName},
    refusal::Refusal,
    roles::{NewRole, Role, RoleOp},
    spaces::{AssigneeKind, NewSpaceAssignment, Space, SpaceAssignment, SpaceRole, Standing},
    tenants::Tenant,
    users::{User, UserOp},
};

/// What a tenant holds, as far as it was read. It is changed by the rules that the tenant itself goes by, so that what they refuse
/// is known before anything is written.
#[derive(Debug, Clone)]
pub struct Holdings {
    /// The tenant, compiled for reading.
    pub snapshot: Snapshot,
    /// Its roles.
    pub roles: BTreeMap<RoleId, Role>,
    /// Its groups, Everyone among them.
    pub groups: BTreeMap<GroupId, Group>,
    /// Its users.
    pub users: BTreeMap<UserId, User>,
    /// Its spaces.
    pub spaces: BTreeMap<SpaceId, Space>,
    /// Who has roles in them.
    pub assignments: BTreeMap<SpaceAssignmentId, SpaceAssignment>,
    /// Who is to change it, if that is a user of it.
    pub caller: Option<UserId>,
    made: u32,
}

/// Why a step was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// What it starts from is not there any more.
    #[error("it was changed meanwhile")]
    Moved,
    /// A rule of the tenant is against it.
    #[error("{0}")]
    Refused(#[from] Refusal),
}

impl Holdings {
    /// What a tenant holds of which nothing was read yet.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>, tenant: Tenant, editor: &Editor) -> Self {
        Self {
            snapshot: Snapshot::new(catalogue, tenant, Revision(0), editor.at),
            roles: BTreeMap::new(),
            groups: BTreeMap::new(),
            users: BTreeMap::new(),
            spaces: BTreeMap::new(),
            assignments: BTreeMap::new(),
            caller: editor.user,
            made: 0,
        }
    }

    /// With everything that was read put into the snapshot.
    #[must_use]
    pub fn compiled(mut self) -> Self {
        self.roles.values().for_each(|role| self.snapshot.put_role(role));
        self.groups.values().for_each(|group| self.snapshot.put_group(group));
        let mut users = Roster::default();
        self.users.values().for_each(|user| users.add(&self.snapshot, &Entry::from(user)));
        self.snapshot.put_users(users);
        let spaces: Vec<Space> = self.spaces.values().cloned().collect();
        let assignments: Vec<SpaceAssignment> = self.assignments.values().cloned().collect();
        self.snapshot.put_spaces(&spaces, &assignments);
        self
    }

    fn editor(&self) -> Editor {
        Editor { user: self.caller, ..Editor::system(self.snapshot.moment()) }
    }

    /// The direct roles of a user that hold now.
    pub(super) fn direct_roles(&self, user: &User) -> Vec<&RoleName> {
        let held = user.roles.iter().filter(|role| role.period.holds(self.snapshot.moment()));
        held.filter_map(|held| Some(&self.roles.get(&held.to)?.name)).collect()
    }

    /// The custom groups a user is in now.
    pub(super) fn custom_groups(&self, user: &User) -> Vec<&GroupName> {
        let held = user.groups.iter().filter(|group| group.period.holds(self.snapshot.moment()));
        let groups = held.filter_map(|held| self.groups.get(&held.to));
        groups.filter(|group| group.provider == Provider::Custom).map(|group| &group.name).collect()
    }

    /// The roles of a group.
    pub(super) fn roles_of(&self, group: &Group) -> Vec<&RoleName> {
        group.roles.iter().filter_map(|id| Some(&self.roles.get(id)?.name)).collect()
    }

    /// Does a step, if what it starts from is still there; answers the changes.
    ///
    /// # Errors
    /// When it is not, or a rule of the tenant is against the step. Then nothing is changed.
    pub fn perform(&mut self, step: &Step) -> Result<Vec<Change>, Stop> {
        let changes = self.edit(step)?;
        let snapshot = &self.snapshot;
        let after = snapshot.apply(Revision(snapshot.revision().0 + 1), snapshot.moment(), &changes);
        keep_administrator(snapshot, &after, &changes).map_err(Refusal::from)?;
        self.snapshot = after;
        for change in &changes {
            self.take(change);
        }
        Ok(changes)
    }

    fn edit(&mut self, step: &Step) -> Result<Vec<Change>, Stop> {
        let editor = self.editor();
        let tenant = self.snapshot.clone();
        Ok(match step {
            Step::Set { setting, before, after } => {
                let present = tenant.tenant().clone();
                unmoved(setting.of(&present) == *before)?;
                setting.set(after, present, &editor)?.changes
            }
            Step::CreateRole { name, description, scopes } => {
                unmoved(tenant.role_named(name).is_none())?;
                let description = description.clone().unwrap_or_else(nothing_said);
                let scopes = scopes.iter().cloned().collect();
                let new = NewRole { name: name.clone(), description, scopes };
                Role::create(new, self.next_role(), &tenant, &editor)?.changes
            }
            Step::DescribeRole { role, before, after } => {
                let role = self.role(role)?;
                unmoved(role.description == *before)?;
                role.edit(&[RoleOp::Describe(after.clone())], &tenant, &editor)?.changes
            }
            Step::Grant { role, scopes, .. } => {
                let role = self.role(role)?;
                unmoved(is_same(role.scopes.iter(), &scopes.before))?;
                role.edit(&[RoleOp::ReplaceScopes(scopes.after.iter().cloned().collect())], &tenant, &editor)?
                    .changes
            }
            Step::DeleteRole { role, scopes } => {
                let role = self.role(role)?;
                unmoved(is_same(role.scopes.iter(), scopes))?;
                let held = tenant.is_held(role.id);
                role.delete(held)?.changes
            }
            Step::CreateGroup { .. }
            | Step::DescribeGroup { .. }
            | Step::Assign { .. }
            | Step::DeleteGroup { .. } => self.edit_group(step, &tenant, &editor)?,
            Step::AssignUser { user, roles, groups } => {
                let user = self.users.get(&user.id).cloned().ok_or(Stop::Moved)?;
                unmoved(roles.as_ref().is_none_or(|edit| is_same(self.direct_roles(&user), &edit.before)))?;
                unmoved(groups.as_ref().is_none_or(|edit| is_same(self.custom_groups(&user), &edit.before)))?;
                let ops = user_ops(roles.as_ref(), groups.as_ref());
                user.edit(&ops, &tenant, &editor)?.changes
            }
            Step::AssignInSpace { .. } => self.edit_space(step, &tenant, &editor)?,
        })
    }

    fn edit_group(&mut self, step: &Step, tenant: &Snapshot, editor: &Editor) -> Result<Vec<Change>, Stop> {
        Ok(match step {
            Step::CreateGroup { name, description, roles } => {
                unmoved(tenant.group_named(Provider::Custom, name).is_none())?;
                let new = NewGroup {
                    name: name.clone(),
                    provider: Provider::Custom,
                    description: description.clone(),
                    external_id: None,
                    roles: refs(roles),
                };
                Group::create(new, self.next_group(), tenant, editor)?.changes
            }
            Step::DescribeGroup { group, before, after } => {
                let group = self.group(group)?;
                unmoved(group.description == *before)?;
                group.edit(&[GroupOp::Describe(after.clone())], tenant, editor)?.changes
            }
            Step::Assign { group, roles, .. } => {
                let group = self.group(group)?;
                unmoved(is_same(self.roles_of(&group), &roles.before))?;
                let after = refs(&roles.after);
                if group.provider == Provider::System {
                    let ops = [SettingsOp::ReplaceEveryoneRoles(after)];
                    let settings = tenant.tenant().clone();
                    return Ok(edit_settings(settings, group, &ops, tenant, editor)?.changes);
                }
                group.edit(&[GroupOp::ReplaceRoles(after)], tenant, editor)?.changes
            }
            Step::DeleteGroup { group, roles } => {
                let group = self.group(group)?;
                unmoved(is_same(self.roles_of(&group), roles))?;
                let has_members = tenant.has_members(group.id);
                group.delete(has_members)?.changes
            }
            _ => Vec::new(),
        })
    }

    fn edit_space(&mut self, step: &Step, tenant: &Snapshot, editor: &Editor) -> Result<Vec<Change>, Stop> {
        let Step::AssignInSpace { space, who, assignment, before, after } = step else {
            return Ok(Vec::new());
        };
        let standing = Standing::new(editor.user.unwrap_or(UserId::new(0, [0; 8])), |_| true, |_| true);
        let present =
            assignment.map(|id| self.assignments.get(&id).cloned().ok_or(Stop::Moved)).transpose()?;
        let roles: Vec<SpaceRole> = after.iter().collect();
        let Some(present) = present else {
            let (kind, assignee) = match who {
                Assignee::User(user, false) => (AssigneeKind::User, user.id.to_string()),
                Assignee::User(user, true) => (AssigneeKind::Bot, user.id.to_string()),
                Assignee::Group(id, name) => {
                    let made = || {
                        GroupName::new(name).ok().and_then(|name| tenant.group_named(Provider::Custom, &name))
                    };
                    (AssigneeKind::Group, id.or_else(made).map(|id| id.to_string()).unwrap_or_default())
                }
            };
            let new = NewSpaceAssignment { kind, assignee, roles };
            let id = (SpaceAssignmentId::new(u32::MAX, self.next()), space.id);
            return Ok(SpaceAssignment::create(&new, id, &standing, tenant, editor)?.changes);
        };
        unmoved(present.roles == *before)?;
        Ok(if after.is_empty() {
            present.delete(&standing, tenant)?.changes
        } else {
            present.replace_roles(&roles, &standing, tenant, editor)?.changes
        })
    }

    fn role(&self, known: &Known<RoleId, RoleName>) -> Result<Role, Stop> {
        let role = self.roles.get(&known.id).ok_or(Stop::Moved)?;
        unmoved(role.name == known.name).map(|()| role.clone())
    }

    fn group(&self, known: &Known<GroupId, GroupName>) -> Result<Group, Stop> {
        let group = self.groups.get(&known.id).ok_or(Stop::Moved)?;
        unmoved(group.name == known.name).map(|()| group.clone())
    }

    /// An identifier for something that is made here; the tenant chooses another one.
    fn next(&mut self) -> [u8; 8] {
        self.made += 1;
        u64::from(self.made).to_be_bytes()
    }

    fn next_role(&mut self) -> RoleId {
        RoleId::new(u32::MAX, self.next())
    }

    fn next_group(&mut self) -> GroupId {
        GroupId::new(u32::MAX, self.next())
    }

    fn take(&mut self, change: &Change) {
        match change {
            Change::Role(delta) => put(&mut self.roles, delta.latest().id, delta.after()),
            Change::Group(delta) => put(&mut self.groups, delta.latest().id, delta.after()),
            Change::User(delta) => put(&mut self.users, delta.latest().id, delta.after()),
            Change::SpaceAssignment(delta) => put(&mut self.assignments, delta.latest().id, delta.after()),
            // The tenant is in the snapshot, and no step makes anything else.
            _ => {}
        }
    }
}

fn put<K: Ord, V: Clone>(all: &mut BTreeMap<K, V>, key: K, value: Option<&V>) {
    match value {
        Some(value) => all.insert(key, value.clone()),
        None => all.remove(&key),
    };
}

fn nothing_said() -> Description {
    Description::stored(alloc::string::String::new())
}

fn unmoved(is: bool) -> Result<(), Stop> {
    if is { Ok(()) } else { Err(Stop::Moved) }
}

/// Whether the present things are those an edit starts from.
fn is_same<'p, T: Ord + 'p>(present: impl IntoIterator<Item = &'p T>, known: &BTreeSet<T>) -> bool {
    let present: BTreeSet<&T> = present.into_iter().collect();
    present.into_iter().eq(known.iter())
}

fn refs<'n>(names: impl IntoIterator<Item = &'n RoleName>) -> Vec<RoleRef> {
    names.into_iter().map(|name| RoleRef::Name(name.to_string())).collect()
}

/// The operations of an edit of a user. What comes in comes first, and what is not said is not touched.
fn user_ops(roles: Option<&Edit<RoleName>>, groups: Option<&Edit<GroupName>>) -> Vec<UserOp> {
    let group = |name: &GroupName| GroupRef::Name(name.to_string(), Provider::Custom);
    let mut ops = Vec::new();
    if let Some(edit) = roles {
        ops.extend(refs(edit.gives()).into_iter().map(UserOp::AddRole));
        ops.push(UserOp::RemoveRoles(refs(edit.takes())));
    }
    if let Some(edit) = groups {
        ops.extend(edit.gives().map(|name| UserOp::AddGroup(group(name))));
        ops.extend(edit.takes().map(|name| UserOp::RemoveGroup(group(name))));
    }
    ops
}
