//! What is a role, and how may it change? (reference/access-control.md §1, §2)

use alloc::{boxed::Box, string::ToString, vec::Vec};

use crate::{
    access::Snapshot,
    catalogue::{Catalogue, DefaultRole, Unknown},
    change::{Change, Delta, Edited, Editor, Entity, Stamps, created, deleted, updated},
    ids::RoleId,
    names::{Description, RoleName, look_alike},
    refusal::{Refusal, Rule, limits},
    scopes::{Level, ScopeName},
    time::Timestamp,
    words::words,
};

words! {
    /// What kind of role it is.
    RoleKind {
        /// Comes with the product; what it grants is fixed by the catalogue.
        Default = "default",
        /// The one default role whose scopes can be edited: what every user may do. Never assigned.
        UserDefault = "user-default",
        /// The tenant's own.
        Custom = "custom",
    }
}

impl RoleKind {
    /// The `type` of the contract, which does not tell `UserDefault` from other default roles.
    #[must_use]
    pub const fn contract(self) -> &'static str {
        match self {
            Self::Default | Self::UserDefault => "default",
            Self::Custom => "custom",
        }
    }
}

/// A role: what it grants can be given to users and groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The identifier.
    pub id: RoleId,
    /// The name, unique in the tenant.
    pub name: RoleName,
    /// Default, `UserDefault` or custom.
    pub kind: RoleKind,
    /// Admin if it holds an admin scope.
    pub level: Level,
    /// What it is for; may be empty.
    pub description: Description,
    /// The scopes it was given, in the order given. Empty for default roles, whose grants are in the catalogue.
    pub scopes: Vec<ScopeName>,
    /// Who made and edited it.
    pub stamps: Stamps,
}

/// A custom role to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRole {
    /// The name.
    pub name: RoleName,
    /// What it is for.
    pub description: Description,
    /// What it grants.
    pub scopes: Vec<ScopeName>,
}

/// One operation of a patch (reference/rest-api.md §2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleOp {
    /// Another name.
    Rename(RoleName),
    /// Another description.
    Describe(Description),
    /// These scopes instead of the present ones.
    ReplaceScopes(Vec<ScopeName>),
    /// One scope more; no effect if it is there.
    AddScope(ScopeName),
    /// One scope less; no effect if it is not there.
    RemoveScope(ScopeName),
}

impl Entity for Role {
    fn change(delta: Delta<Self>) -> Change {
        Change::Role(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.stamps.touch(editor);
    }
}

impl Role {
    /// A new custom role.
    ///
    /// # Errors
    /// When the name is taken or looks like a default role's, a scope is unknown or not for custom roles, or the tenant
    /// has 500 custom roles.
    pub fn create(
        new: NewRole,
        id: RoleId,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        if tenant.custom_roles() >= limits::CUSTOM_ROLES {
            return Err(Rule::TooManyRoles(limits::CUSTOM_ROLES).into());
        }
        free_name(&new.name, id, tenant)?;
        let mut role = Self {
            id,
            name: new.name,
            kind: RoleKind::Custom,
            level: Level::User,
            description: new.description,
            scopes: Vec::new(),
            stamps: Stamps::new(editor),
        };
        role.replace_scopes(new.scopes, tenant)?;
        Ok(created(role))
    }

    /// A default role as the catalogue describes it, for a tenant that does not have it yet.
    pub fn adopt(role: &DefaultRole, catalogue: &Catalogue, editor: &Editor) -> Edited<Self> {
        let user_default = role.id == catalogue.user_default;
        let made = Timestamp::from_millis(i64::from(role.id.seconds()) * 1000);
        created(Self {
            id: role.id,
            name: role.name.clone(),
            kind: if user_default { RoleKind::UserDefault } else { RoleKind::Default },
            level: role.level,
            description: Description::stored(role.about.clone()),
            scopes: if user_default { catalogue.initial_user_default.clone() } else { Vec::new() },
            stamps: Stamps::new(&Editor { at: made, ..*editor }),
        })
    }

    /// The role after all operations of a patch, or none of them.
    ///
    /// # Errors
    /// When the role is a default one, or an operation breaks a rule of [`Role::create`].
    pub fn edit(self, ops: &[RoleOp], tenant: &Snapshot, editor: &Editor) -> Result<Edited<Self>, Refusal> {
        if self.kind == RoleKind::Default {
            return Err(Rule::DefaultRole(self.name.to_string()).into());
        }
        let mut role = self.clone();
        for (at, op) in ops.iter().enumerate() {
            role.apply(op, tenant).map_err(|refusal| refusal.in_operation(at))?;
        }
        Ok(updated(self, role, editor))
    }

    fn apply(&mut self, op: &RoleOp, tenant: &Snapshot) -> Result<(), Refusal> {
        match op {
            RoleOp::Rename(_) | RoleOp::Describe(_) if self.kind == RoleKind::UserDefault => {
                return Err(Rule::OnlyScopesOf(self.name.to_string()).into());
            }
            RoleOp::Rename(name) => {
                free_name(name, self.id, tenant)?;
                self.name = name.clone();
            }
            RoleOp::Describe(description) => self.description = description.clone(),
            RoleOp::ReplaceScopes(scopes) => self.replace_scopes(scopes.clone(), tenant)?,
            RoleOp::AddScope(scope) => {
                let scopes = self.scopes.iter().chain([scope]).cloned().collect();
                self.replace_scopes(scopes, tenant).map_err(|refusal| Refusal { item: None, ..refusal })?;
            }
            RoleOp::RemoveScope(scope) => {
                let scopes = self.scopes.iter().filter(|held| *held != scope).cloned().collect();
                self.replace_scopes(scopes, tenant)?;
            }
        }
        Ok(())
    }

    /// Sets the scopes, each once, and the level that follows from them. What the role held before is not judged again:
    /// a scope that left the catalogue does not lock the role.
    fn replace_scopes(&mut self, scopes: Vec<ScopeName>, tenant: &Snapshot) -> Result<(), Refusal> {
        if scopes.len() > limits::SCOPES_OF_ROLE {
            return Err(Rule::TooManyScopes(limits::SCOPES_OF_ROLE).into());
        }
        let catalogue = tenant.catalogue();
        let mut opaque = tenant.opaque_scopes();
        let mut held = Vec::with_capacity(scopes.len());
        for (item, scope) in scopes.into_iter().enumerate() {
            if held.contains(&scope) {
                continue;
            }
            if !self.scopes.contains(&scope) {
                self.usable(&scope, catalogue).map_err(|rule| Refusal::at_item(rule, item))?;
                opaque += usize::from(tenant.scope(scope.as_str()).is_none());
            }
            held.push(scope);
        }
        if opaque > limits::OPAQUE_SCOPES {
            return Err(Rule::TooManyOpaqueScopes(limits::OPAQUE_SCOPES).into());
        }
        let is_admin = |scope: &ScopeName| {
            catalogue
                .find(scope.as_str())
                .and_then(|at| catalogue.scope(at))
                .is_some_and(|scope| scope.level == Level::Admin)
        };
        self.level = if held.iter().any(is_admin) { Level::Admin } else { Level::User };
        self.scopes = held;
        Ok(())
    }

    fn usable(&self, name: &ScopeName, catalogue: &Catalogue) -> Result<(), Rule> {
        let known = catalogue.find(name.as_str()).and_then(|at| catalogue.scope(at));
        match known {
            None if catalogue.unknown == Unknown::Accept => Ok(()),
            None => Err(Rule::UnknownScope(name.to_string())),
            Some(scope) if self.kind == RoleKind::UserDefault && !scope.user_default => {
                Err(Rule::ScopeNotForUserDefault(name.to_string()))
            }
            Some(scope) if self.kind == RoleKind::Custom && !scope.custom_role => {
                Err(Rule::ScopeNotForCustomRoles(name.to_string()))
            }
            Some(_) => Ok(()),
        }
    }

    /// The end of a custom role that nobody holds.
    ///
    /// # Errors
    /// When it is a default role, or `in_use` by a user or a group.
    pub fn delete(self, in_use: bool) -> Result<Edited<()>, Refusal> {
        match self.kind {
            RoleKind::Default | RoleKind::UserDefault => Err(Rule::DefaultRole(self.name.to_string()).into()),
            RoleKind::Custom if in_use => Err(Rule::RoleInUse(self.name.to_string()).into()),
            RoleKind::Custom => Ok(deleted(self)),
        }
    }
}

/// Refuses a name that another role has or that can be mistaken for a default role's.
fn free_name(name: &RoleName, id: RoleId, tenant: &Snapshot) -> Result<(), Rule> {
    if tenant.role_named(name).is_some_and(|role| role.id != id) {
        return Err(Rule::RoleNameTaken(name.to_string()));
    }
    let catalogue = tenant.catalogue();
    let mut reserved = catalogue.default_roles().map(|role| &role.name).chain(&catalogue.reserved);
    let shadowed = reserved.find(|reserved| look_alike(name.as_str(), reserved.as_str()));
    shadowed.map_or(Ok(()), |reserved| Err(Rule::RoleNameReserved(name.to_string(), reserved.to_string())))
}
