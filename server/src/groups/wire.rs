//! What do groups look like outside? (reference/rest-api.md §4.2, §4.3, §4.5, §4.6)

use std::fmt;

use std::collections::BTreeMap;

use rolecall_engine::{
    access::Snapshot,
    assignments,
    groups::{self, GroupOp, Provider, SettingsOp},
    names::{Description, GroupName},
};
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{
    error::Error,
    http::patch::{Form, Operation, Operations, of},
    links::{Links, SelfLink},
    roles::wire::{RoleChoice, RoleRef, role_choices},
};

/// A group.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The tenant it belongs to.
    pub tenant_id: String,
    /// Unique among the groups of the provider type.
    pub name: String,
    /// `active` or `disabled`.
    pub status: &'static str,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `idp` or `custom`; none for system groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_type: Option<&'static str>,
    /// The roles its members hold; for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_roles: Option<Vec<RoleRef>>,
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

impl Group {
    /// A group as somebody sees it who may, or may not, see `roles`.
    pub fn new(group: groups::Group, tenant: &Snapshot, roles: bool, links: &Links) -> Self {
        Self {
            id: group.id.to_string(),
            tenant_id: tenant.tenant().id.to_string(),
            name: group.name.to_string(),
            status: group.status.as_str(),
            description: group.description.map(|description| description.to_string()),
            provider_type: Some(group.provider)
                .filter(|provider| *provider != Provider::System)
                .map(Provider::as_str),
            assigned_roles: roles.then(|| role_refs(&group.roles, tenant)),
            created_at: group.stamps.created_at.to_string(),
            last_updated_at: group.stamps.updated_at.to_string(),
            created_by: group.stamps.created_by.map(|user| user.to_string()),
            updated_by: group.stamps.updated_by.map(|user| user.to_string()),
            links: links.to(format_args!("/api/v1/groups/{}", group.id)).into(),
        }
    }
}

fn role_refs(ids: &[rolecall_engine::ids::RoleId], tenant: &Snapshot) -> Vec<RoleRef> {
    ids.iter().filter_map(|id| tenant.role(*id)).map(RoleRef::from).collect()
}

/// A group to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewGroup {
    /// 1 to 256 characters, unique among the groups of the provider type.
    name: String,
    /// `active`.
    status: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// `idp` (if not given) or `custom`.
    provider_type: Option<String>,
    /// The roles its members hold, by identifier or by name; at most 100.
    assigned_roles: Option<Vec<RoleChoice>>,
}

impl NewGroup {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self) -> Result<groups::NewGroup, Error> {
        let Self { name, status, description, provider_type, assigned_roles } = self;
        if status.is_some_and(|status| status != "active") {
            return Err(Error::at_pointer("/status", "a group can only be made `active`"));
        }
        let description = description.map(|text| Description::new(&text)).transpose();
        Ok(groups::NewGroup {
            name: GroupName::new(&name).map_err(|error| Error::at_pointer("/name", error))?,
            provider: provider(provider_type.as_deref(), "/providerType")?,
            external_id: None,
            description: description.map_err(|error| Error::at_pointer("/description", error))?,
            roles: role_choices(assigned_roles.unwrap_or_default(), "/assignedRoles")?,
        })
    }
}

/// Who decides about the members; the identity provider if not said.
fn provider(word: Option<&str>, at: &str) -> Result<Provider, Error> {
    match word {
        None | Some("idp") => Ok(Provider::Idp),
        Some("custom") => Ok(Provider::Custom),
        Some(_) => Err(Error::at_pointer(at, "must be `idp` or `custom`")),
    }
}

/// A group that a request means: its identifier as a text, or an object with the identifier or the name.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub enum GroupChoice {
    /// The identifier.
    Id(String),
    /// The identifier or the name.
    Members(GroupMembers),
}

/// The identifier or the name of a group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupMembers {
    /// 24 hexadecimal digits.
    id: Option<String>,
    /// The name, if there is no identifier.
    name: Option<String>,
    /// `idp` (if not given) or `custom`.
    provider_type: Option<String>,
}

impl<'de> Deserialize<'de> for GroupChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Choice;

        impl<'de> Visitor<'de> for Choice {
            type Value = GroupChoice;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an identifier or an object")
            }
            fn visit_str<E>(self, id: &str) -> Result<GroupChoice, E> {
                Ok(GroupChoice::Id(id.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<GroupChoice, A::Error> {
                GroupMembers::deserialize(MapAccessDeserializer::new(members)).map(GroupChoice::Members)
            }
        }

        deserializer.deserialize_any(Choice)
    }
}

impl GroupChoice {
    /// # Errors
    /// When it has neither identifier nor name; `at` is its place in the body.
    pub fn read(self, at: &str) -> Result<assignments::GroupRef, Error> {
        match self {
            Self::Id(id) | Self::Members(GroupMembers { id: Some(id), .. }) => {
                Ok(assignments::GroupRef::Id(id))
            }
            Self::Members(GroupMembers { id: None, name: Some(name), provider_type }) => {
                let provider = provider(provider_type.as_deref(), &format!("{at}/providerType"))?;
                Ok(assignments::GroupRef::Name(name, provider))
            }
            Self::Members(GroupMembers { id: None, name: None, .. }) => {
                Err(Error::at_pointer(at, "a group is meant by its `id` or its `name`"))
            }
        }
    }
}

/// # Errors
/// When one of them has neither identifier nor name; `at` is the place of the list in the body.
pub fn group_choices(choices: Vec<GroupChoice>, at: &str) -> Result<Vec<assignments::GroupRef>, Error> {
    choices.into_iter().enumerate().map(|(item, choice)| choice.read(&format!("{at}/{item}"))).collect()
}

impl Operations for GroupOp {
    /// The contract's list has no slashes, its examples have. It only replaces; to add one and to take one, without a list
    /// that may be out of date by then, is ours.
    const FORMS: &'static [Form] = &[
        ("replace", "/assignedRoles", of::<Vec<RoleChoice>>),
        ("replace", "/name", of::<String>),
        ("replace", "/description", of::<String>),
        ("replace", "assignedRoles", of::<Vec<RoleChoice>>),
        ("replace", "name", of::<String>),
        ("replace", "description", of::<String>),
        ("add", "/assignedRoles/-", of::<RoleChoice>),
        ("remove-value", "/assignedRoles", of::<RoleChoice>),
    ];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        let role = || operation.value::<RoleChoice>()?.read(&operation.place());
        Ok(Some(match operation.form() {
            ("replace", "/assignedRoles" | "assignedRoles") => {
                Self::ReplaceRoles(role_choices(operation.value()?, &operation.place())?)
            }
            ("add", "/assignedRoles/-") => Self::AddRole(role()?),
            ("remove-value", "/assignedRoles") => Self::RemoveRole(role()?),
            ("replace", "/name" | "name") => Self::Rename(operation.text(GroupName::new)?),
            ("replace", "/description" | "description") => Self::Describe(operation.text(Description::new)?),
            _ => return Ok(None),
        }))
    }
}

impl Operations for SettingsOp {
    const FORMS: &'static [Form] = &[
        ("replace", "/autoCreateGroups", of::<bool>),
        ("replace", "/syncIdpGroups", of::<bool>),
        ("replace", "/systemGroups/000000000000000000000001/assignedRoles", of::<Vec<RoleChoice>>),
    ];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        Ok(Some(match operation.form() {
            ("replace", "/autoCreateGroups") => Self::AutoCreate(operation.value()?),
            ("replace", "/syncIdpGroups") => Self::SyncIdp(operation.value()?),
            ("replace", "/systemGroups/000000000000000000000001/assignedRoles") => {
                Self::ReplaceEveryoneRoles(role_choices(operation.value()?, &operation.place())?)
            }
            _ => return Ok(None),
        }))
    }
}

/// The group settings of a tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "GroupSettings")]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The tenant.
    pub tenant_id: String,
    /// Whether a login creates the groups it claims.
    pub auto_create_groups: bool,
    /// Deprecated: the same as `autoCreateGroups`.
    pub sync_idp_groups: bool,
    /// The system groups by identifier.
    pub system_groups: BTreeMap<String, SystemGroup>,
    /// Where the settings are.
    pub links: SelfLink,
}

/// A group that Rolecall itself keeps.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemGroup {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The name, the same in every tenant.
    pub name: String,
    /// Always true.
    pub enabled: bool,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub last_updated_at: String,
    /// The roles that every user holds.
    pub assigned_roles: Vec<RoleRef>,
}

impl Settings {
    /// The settings of a tenant with its group Everyone.
    pub fn new(everyone: &groups::Group, tenant: &Snapshot, links: &Links) -> Self {
        let group = SystemGroup {
            id: everyone.id.to_string(),
            name: everyone.name.to_string(),
            enabled: true,
            created_at: everyone.stamps.created_at.to_string(),
            last_updated_at: everyone.stamps.updated_at.to_string(),
            assigned_roles: role_refs(&everyone.roles, tenant),
        };
        Self {
            tenant_id: tenant.tenant().id.to_string(),
            auto_create_groups: tenant.tenant().auto_create_groups,
            sync_idp_groups: tenant.tenant().auto_create_groups,
            system_groups: BTreeMap::from([(everyone.id.to_string(), group)]),
            links: links.to("/api/v1/groups/settings").into(),
        }
    }
}
