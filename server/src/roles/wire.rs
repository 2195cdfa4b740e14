//! What do roles look like outside? (reference/rest-api.md §2.2, §2.3, §2.5)

use rolecall_engine::{
    access::RoleFacts,
    assignments,
    catalogue::Catalogue,
    ids::TenantId,
    names::{Description, RoleName},
    roles::{self, RoleKind, RoleOp},
    scopes::ScopeName,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    http::patch::{Form, Operation, Operations, of},
    links::{Links, SelfLink},
};

/// A role.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The tenant it belongs to.
    pub tenant_id: String,
    /// Unique in the tenant.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// `default` or `custom`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `user`, or `admin` if it is a role of administrators.
    pub level: &'static str,
    /// Whether it can be patched.
    pub can_edit: bool,
    /// Whether it can be deleted.
    pub can_delete: bool,
    /// Deprecated: see `userEntitlementType`.
    pub full_user: bool,
    /// `fullUser` if holding it makes a basic user a full user, else empty.
    pub user_entitlement_type: &'static str,
    /// What a custom role or `UserDefault` grants.
    pub assigned_scopes: Vec<String>,
    /// What a default role grants, as `resource:action`.
    pub permissions: Vec<String>,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub last_updated_at: String,
    /// The user who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// The user who changed it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
    /// Where it is.
    pub links: SelfLink,
}

impl Role {
    pub fn new(role: &roles::Role, tenant: TenantId, catalogue: &Catalogue, links: &Links) -> Self {
        let shipped = catalogue.default_role(role.id);
        let promotes = shipped.is_some_and(|shipped| shipped.promotes);
        Self {
            id: role.id.to_string(),
            tenant_id: tenant.to_string(),
            name: role.name.to_string(),
            description: role.description.to_string(),
            kind: role.kind.contract(),
            level: role.level.as_str(),
            can_edit: role.kind != RoleKind::Default,
            can_delete: role.kind == RoleKind::Custom,
            full_user: promotes,
            user_entitlement_type: if promotes { "fullUser" } else { "" },
            assigned_scopes: role.scopes.iter().map(ToString::to_string).collect(),
            permissions: shipped.map(|shipped| shipped.permissions.clone()).unwrap_or_default(),
            created_at: role.stamps.created_at.to_string(),
            last_updated_at: role.stamps.updated_at.to_string(),
            created_by: role.stamps.created_by.map(|user| user.to_string()),
            updated_by: role.stamps.updated_by.map(|user| user.to_string()),
            links: links.to(format_args!("/api/v1/roles/{}", role.id)).into(),
        }
    }
}

/// A role within something that holds it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RoleRef {
    /// 24 hexadecimal digits.
    pub id: String,
    /// Unique in the tenant.
    pub name: String,
    /// `default` or `custom`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `user` or `admin`.
    pub level: &'static str,
}

impl From<&RoleFacts> for RoleRef {
    fn from(role: &RoleFacts) -> Self {
        Self {
            id: role.id.to_string(),
            name: role.name.to_string(),
            kind: role.kind.contract(),
            level: role.level.as_str(),
        }
    }
}

/// A role that a request means, by identifier or by name.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct RoleChoice {
    /// 24 hexadecimal digits.
    id: Option<String>,
    /// The name, if there is no identifier.
    name: Option<String>,
}

impl RoleChoice {
    /// # Errors
    /// When it has neither identifier nor name; `at` is its place in the body.
    pub fn read(self, at: &str) -> Result<assignments::RoleRef, Error> {
        let id = self.id.map(assignments::RoleRef::Id);
        let choice = id.or(self.name.map(assignments::RoleRef::Name));
        choice.ok_or_else(|| Error::at_pointer(at, "a role is meant by its `id` or its `name`"))
    }
}

/// # Errors
/// When one of them has neither identifier nor name; `at` is the place of the list in the body.
pub fn role_choices(choices: Vec<RoleChoice>, at: &str) -> Result<Vec<assignments::RoleRef>, Error> {
    choices.into_iter().enumerate().map(|(item, choice)| choice.read(&format!("{at}/{item}"))).collect()
}

/// A role to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewRole {
    /// 1 to 256 characters, unique in the tenant.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// Scopes that a custom role may hold.
    assigned_scopes: Option<Vec<String>>,
}

impl NewRole {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self) -> Result<roles::NewRole, Error> {
        let Self { name, description, assigned_scopes } = self;
        Ok(roles::NewRole {
            name: RoleName::new(&name).map_err(|error| Error::at_pointer("/name", error))?,
            description: Description::new(&description.unwrap_or_default())
                .map_err(|error| Error::at_pointer("/description", error))?,
            scopes: scopes(assigned_scopes.unwrap_or_default(), "/assignedScopes")?,
        })
    }
}

fn scopes(names: Vec<String>, at: &str) -> Result<Vec<ScopeName>, Error> {
    let read = |(item, name): (usize, String)| {
        ScopeName::new(&name)
            .map_err(|error| Error::at_pointer(format!("{at}/{item}"), format!("`{name}` is {error}")))
    };
    names.into_iter().enumerate().map(read).collect()
}

impl Operations for RoleOp {
    const FORMS: &'static [Form] = &[
        ("replace", "/name", of::<String>),
        ("replace", "/description", of::<String>),
        ("replace", "/assignedScopes", of::<Vec<String>>),
        ("add", "/assignedScopes/-", of::<String>),
        ("remove-value", "/assignedScopes", of::<String>),
    ];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        let scope = || ScopeName::new(&operation.value::<String>()?).map_err(|error| operation.wrong(error));
        Ok(Some(match operation.form() {
            ("replace", "/name") => Self::Rename(operation.text(RoleName::new)?),
            ("replace", "/description") => Self::Describe(operation.text(Description::new)?),
            ("replace", "/assignedScopes") => {
                Self::ReplaceScopes(scopes(operation.value()?, &operation.place())?)
            }
            ("add", "/assignedScopes/-") => Self::AddScope(scope()?),
            ("remove-value", "/assignedScopes") => Self::RemoveScope(scope()?),
            _ => return Ok(None),
        }))
    }
}
