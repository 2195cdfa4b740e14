//! Which role or group does a reference in a request mean? (reference/access-control.md §3, §8)

use alloc::{string::String, vec::Vec};

use crate::{
    access::{GroupFacts, Snapshot},
    groups::Provider,
    ids::{GroupId, RoleId},
    names::{GroupName, RoleName},
    refusal::{Refusal, Rule},
    roles::RoleKind,
};

/// A reference to a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleRef {
    /// By identifier, as sent.
    Id(String),
    /// By name, as sent.
    Name(String),
}

impl RoleRef {
    /// The role that is meant. A name means the role whose canonical name it is, and no other.
    ///
    /// # Errors
    /// When there is no such role, or it is the one that every user has anyway.
    pub fn resolve(&self, tenant: &Snapshot) -> Result<RoleId, Rule> {
        let (text, found) = match self {
            Self::Id(id) => (id, id.parse().ok().and_then(|id| tenant.role(id))),
            Self::Name(name) => (name, RoleName::new(name).ok().and_then(|name| tenant.role_named(&name))),
        };
        match found {
            None => Err(Rule::UnknownRole(text.clone())),
            Some(role) if role.kind == RoleKind::UserDefault => Err(Rule::NotAssignable(text.clone())),
            Some(role) => Ok(role.id),
        }
    }
}

/// The roles that are meant, each once, in the order of the request.
///
/// # Errors
/// As [`RoleRef::resolve`], with the item that is wrong.
pub fn resolve_roles(roles: &[RoleRef], tenant: &Snapshot) -> Result<Vec<RoleId>, Refusal> {
    let mut ids = Vec::with_capacity(roles.len());
    for (item, role) in roles.iter().enumerate() {
        let id = role.resolve(tenant).map_err(|rule| Refusal::at_item(rule, item))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// A reference to a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupRef {
    /// By identifier, as sent.
    Id(String),
    /// By name and provider, as sent.
    Name(String, Provider),
}

impl GroupRef {
    /// The group that is meant; system groups cannot be referred to.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn resolve<'t>(&self, tenant: &'t Snapshot) -> Result<(GroupId, &'t GroupFacts), Rule> {
        let (text, found) = match self {
            Self::Id(id) => (id, id.parse().ok()),
            Self::Name(name, provider) => {
                (name, GroupName::new(name).ok().and_then(|name| tenant.group_named(*provider, &name)))
            }
        };
        let found = found.and_then(|id| Some((id, tenant.group(id)?)));
        found
            .filter(|(_, group)| group.provider != Provider::System)
            .ok_or_else(|| Rule::UnknownGroup(text.clone()))
    }
}
