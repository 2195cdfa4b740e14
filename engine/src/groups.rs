//! What is a group, and how may it change? (reference/access-control.md §3, §6, §8)

use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    access::Snapshot,
    assignments::{RoleRef, resolve_roles},
    catalogue::Catalogue,
    change::{Change, Delta, Edited, Editor, Entity, Stamps, created, deleted, updated},
    filter::{Filter, GroupAttribute},
    ids::{GroupId, RoleId},
    names::{Description, GroupName, Setting, look_alike},
    refusal::{Refusal, Rule, limits},
    tenants::Tenant,
    words::words,
};

words! {
    /// Who decides about the members of a group.
    Provider {
        /// The identity provider, at login or by SCIM.
        Idp = "idp",
        /// The administrators of the tenant.
        Custom = "custom",
        /// Rolecall: every user is a member.
        System = "system",
    }
}

words! {
    /// Whether a group grants its roles.
    GroupStatus {
        /// It does.
        Active = "active",
        /// It does not.
        Disabled = "disabled",
    }
}

/// A group of users that hold its roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The identifier.
    pub id: GroupId,
    /// The name, unique among the groups of the same provider.
    pub name: GroupName,
    /// Who decides about members.
    pub provider: Provider,
    /// Whether it grants its roles.
    pub status: GroupStatus,
    /// What it is for.
    pub description: Option<Description>,
    /// What the identity provider calls it, beside the name.
    pub external_id: Option<Setting>,
    /// The roles its members hold, in the order given.
    pub roles: Vec<RoleId>,
    /// Who made and edited it.
    pub stamps: Stamps,
}

/// A group to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// The name.
    pub name: GroupName,
    /// [`Provider::Idp`] or [`Provider::Custom`].
    pub provider: Provider,
    /// What it is for.
    pub description: Option<Description>,
    /// What the identity provider calls it, beside the name.
    pub external_id: Option<Setting>,
    /// The roles its members hold.
    pub roles: Vec<RoleRef>,
}

/// Whether a filter asks about roles, which only administrators see (reference/access-control.md §5).
#[must_use]
pub fn asks_about_roles(filter: &Filter<GroupAttribute>) -> bool {
    filter.mentions(GroupAttribute::RoleId) || filter.mentions(GroupAttribute::RoleName)
}

/// One operation of a patch (reference/rest-api.md §4.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupOp {
    /// These roles instead of the present ones.
    ReplaceRoles(Vec<RoleRef>),
    /// One role more; no effect if the group has it. Rolecall's own: the contract only replaces.
    AddRole(RoleRef),
    /// One role less; no effect if the group does not have it. Rolecall's own.
    RemoveRole(RoleRef),
    /// Another name.
    Rename(GroupName),
    /// Another description.
    Describe(Description),
}

/// One operation of a patch of the group settings (reference/rest-api.md §4.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingsOp {
    /// Whether a login creates the groups it claims.
    AutoCreate(bool),
    /// Deprecated by the vendor: accepted, and without effect.
    SyncIdp(bool),
    /// These roles for every user instead of the present ones.
    ReplaceEveryoneRoles(Vec<RoleRef>),
}

impl Entity for Group {
    fn change(delta: Delta<Self>) -> Change {
        Change::Group(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.stamps.touch(editor);
    }
}

impl Group {
    /// The name of the system group Everyone, the same in every tenant.
    pub const EVERYONE: &str = "com.qlik.Everyone";

    /// The group that holds every user of a fresh tenant.
    pub fn everyone(catalogue: &Catalogue, editor: &Editor) -> Edited<Self> {
        created(Self {
            id: GroupId::EVERYONE,
            name: GroupName::stored(String::from(Self::EVERYONE)),
            provider: Provider::System,
            status: GroupStatus::Active,
            description: None,
            external_id: None,
            roles: catalogue.initial_everyone.clone(),
            stamps: Stamps::new(editor),
        })
    }

    /// A new group without members.
    ///
    /// # Errors
    /// When the name is taken or looks like a system group's, a role is unknown or not assignable, there are more than
    /// 100 roles, or the tenant has 10,000 groups.
    pub fn create(
        new: NewGroup,
        id: GroupId,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        if tenant.groups() >= limits::GROUPS {
            return Err(Rule::TooManyGroups(limits::GROUPS).into());
        }
        free_name(&new.name, new.provider, id, tenant)?;
        Ok(created(Self {
            id,
            name: new.name,
            provider: new.provider,
            status: GroupStatus::Active,
            description: new.description,
            external_id: new.external_id,
            roles: roles_of_group(&new.roles, tenant)?,
            stamps: Stamps::new(editor),
        }))
    }

    /// The group after all operations of a patch, or none of them.
    ///
    /// # Errors
    /// When an operation breaks a rule of [`Group::create`], or renames a group that is not a custom one.
    pub fn edit(self, ops: &[GroupOp], tenant: &Snapshot, editor: &Editor) -> Result<Edited<Self>, Refusal> {
        let mut group = self.clone();
        for (at, op) in ops.iter().enumerate() {
            group.apply(op, tenant).map_err(|refusal| refusal.in_operation(at))?;
        }
        Ok(updated(self, group, editor))
    }

    fn apply(&mut self, op: &GroupOp, tenant: &Snapshot) -> Result<(), Refusal> {
        match op {
            GroupOp::ReplaceRoles(roles) => self.roles = roles_of_group(roles, tenant)?,
            GroupOp::AddRole(role) => {
                let role = role.resolve(tenant)?;
                if !self.roles.contains(&role) {
                    self.roles.push(role);
                }
                few_enough(&self.roles)?;
            }
            GroupOp::RemoveRole(role) => {
                let gone = role.resolve(tenant)?;
                self.roles.retain(|role| *role != gone);
            }
            GroupOp::Rename(_) | GroupOp::Describe(_) if self.provider != Provider::Custom => {
                return Err(Rule::NotACustomGroup.into());
            }
            GroupOp::Rename(name) => {
                free_name(name, self.provider, self.id, tenant)?;
                self.name = name.clone();
            }
            GroupOp::Describe(description) => self.description = Some(description.clone()),
        }
        Ok(())
    }

    /// The group as the identity provider calls it now.
    ///
    /// # Errors
    /// When it is not one of identity providers, or the name is taken or looks like a system group's.
    pub fn provisioned(
        self,
        name: GroupName,
        external_id: Option<Setting>,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        if self.provider != Provider::Idp {
            return Err(Rule::NotAnIdpGroup.into());
        }
        free_name(&name, self.provider, self.id, tenant)?;
        let after = Self { name, external_id, ..self.clone() };
        Ok(updated(self, after, editor))
    }

    /// The end of a group.
    ///
    /// # Errors
    /// When it is a system group, or a custom group that `has_members`. A group of the identity provider may have
    /// members; it comes back at the next login that claims it.
    pub fn delete(self, has_members: bool) -> Result<Edited<()>, Refusal> {
        match self.provider {
            Provider::System => Err(Rule::SystemGroup.into()),
            Provider::Custom if has_members => Err(Rule::GroupHasMembers(self.name.to_string()).into()),
            Provider::Custom | Provider::Idp => Ok(deleted(self)),
        }
    }
}

/// The group settings after all operations of a patch, or none of them: those that stand in the tenant, and the group
/// Everyone.
///
/// # Errors
/// When a role is unknown or not assignable, or there are more than 100.
pub fn edit_settings(
    settings: Tenant,
    everyone: Group,
    ops: &[SettingsOp],
    tenant: &Snapshot,
    editor: &Editor,
) -> Result<Edited<()>, Refusal> {
    let mut auto_create = settings.auto_create_groups;
    let mut group = everyone.clone();
    for (at, op) in ops.iter().enumerate() {
        match op {
            SettingsOp::AutoCreate(on) => auto_create = *on,
            SettingsOp::SyncIdp(_) => {}
            SettingsOp::ReplaceEveryoneRoles(roles) => {
                group.roles = roles_of_group(roles, tenant).map_err(|refusal| refusal.in_operation(at))?;
            }
        }
    }
    let settings = settings.set_group_settings(auto_create, editor).map(drop);
    Ok(settings.and(updated(everyone, group, editor)))
}

fn roles_of_group(roles: &[RoleRef], tenant: &Snapshot) -> Result<Vec<RoleId>, Refusal> {
    let roles = resolve_roles(roles, tenant)?;
    few_enough(&roles)?;
    Ok(roles)
}

const fn few_enough(roles: &[RoleId]) -> Result<(), Rule> {
    if roles.len() > limits::ROLES_OF_GROUP {
        return Err(Rule::TooManyGroupRoles(limits::ROLES_OF_GROUP));
    }
    Ok(())
}

fn free_name(name: &GroupName, provider: Provider, id: GroupId, tenant: &Snapshot) -> Result<(), Rule> {
    if tenant.group_named(provider, name).is_some_and(|taken| taken != id) {
        return Err(Rule::GroupNameTaken(name.to_string()));
    }
    if look_alike(name.as_str(), Group::EVERYONE) {
        Err(Rule::GroupNameReserved(name.to_string()))
    } else {
        Ok(())
    }
}
