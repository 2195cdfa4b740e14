//! What do spaces look like outside? (reference/rest-api.md §11)

use std::str::FromStr;

use rolecall_engine::{
    ids::{TenantId, UserId},
    names::{Description, SpaceName},
    spaces::{self, Rights, SpaceAction, SpaceActions, SpaceKind, SpaceOp, SpaceRole, SpaceRoles},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Seen;
use crate::{
    error::Error,
    http::{
        page::{Page, PageLinks},
        patch::{Form, Operation, Operations, of},
    },
    links::{Link, Links},
};

/// A space.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Space {
    /// 24 hexadecimal digits.
    pub id: String,
    /// Unique in the tenant, in whatever case.
    pub name: String,
    /// The tenant it belongs to.
    pub tenant_id: String,
    /// `shared`, `managed` or `data`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The user who has all roles in it; none once that user is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// The user who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// When it was last changed.
    pub updated_at: String,
    /// What the caller may do with it.
    pub meta: SpaceMeta,
    /// Where it is, and who is in it.
    pub links: SpaceLinks,
}

/// What the caller may do with a space.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpaceMeta {
    /// What the caller may do.
    pub actions: Vec<&'static str>,
    /// The caller's roles, by whatever way.
    pub roles: Vec<&'static str>,
    /// The roles that can be assigned in a space of this type.
    pub assignable_roles: Vec<&'static str>,
}

/// The links of a space.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SpaceLinks {
    /// The space itself.
    #[serde(rename = "self")]
    pub this: Link,
    /// The assignments in it.
    pub assignments: Link,
}

fn actions(actions: SpaceActions) -> Vec<&'static str> {
    actions.iter().map(SpaceAction::as_str).collect()
}

/// Roles as words.
pub fn roles(roles: SpaceRoles) -> Vec<&'static str> {
    roles.iter().map(SpaceRole::as_str).collect()
}

impl Space {
    pub fn new((space, rights): Seen, tenant: TenantId, links: &Links) -> Self {
        let Rights { roles: held, actions: may } = rights;
        Self {
            id: space.id.to_string(),
            name: space.name.to_string(),
            tenant_id: tenant.to_string(),
            kind: space.kind.as_str(),
            description: space.description.map(|description| description.to_string()),
            owner_id: space.owner.map(|user| user.to_string()),
            created_at: space.stamps.created_at.to_string(),
            created_by: space.stamps.created_by.map(|user| user.to_string()),
            updated_at: space.stamps.updated_at.to_string(),
            meta: SpaceMeta {
                actions: actions(may),
                roles: roles(held),
                assignable_roles: roles(space.kind.roles()),
            },
            links: SpaceLinks {
                this: links.to(format_args!("/api/v1/spaces/{}", space.id)),
                assignments: links.to(format_args!("/api/v1/spaces/{}/assignments", space.id)),
            },
        }
    }
}

/// A page of spaces.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Spaces {
    /// The spaces.
    pub data: Vec<Space>,
    /// Where the page and its neighbours are.
    pub links: PageLinks,
    /// How many there are.
    pub meta: SpacesMeta,
}

/// What is said of a list of spaces.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpacesMeta {
    /// Spaces on the whole list.
    pub count: i64,
    /// What the caller may do in the personal space.
    pub personal_space: PersonalSpace,
}

/// What the caller may do in the personal space.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonalSpace {
    /// What the caller may do.
    pub actions: Vec<&'static str>,
    /// Always `personalspace`.
    pub resource_type: &'static str,
}

impl Spaces {
    pub fn new(page: Page<Space>, personal: SpaceActions) -> Self {
        let Page { data, total_results, links } = page;
        let personal_space = PersonalSpace { actions: actions(personal), resource_type: "personalspace" };
        Self { data, links, meta: SpacesMeta { count: total_results.unwrap_or_default(), personal_space } }
    }
}

/// The types of spaces.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SpaceTypes {
    /// All there are.
    pub data: Vec<&'static str>,
}

impl SpaceTypes {
    pub fn all() -> Self {
        Self { data: SpaceKind::ALL.iter().map(|kind| kind.as_str()).collect() }
    }
}

/// A space to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewSpace {
    /// 1 to 256 characters, none of `" * ? < > / | \ :`; unique in the tenant, in whatever case.
    name: String,
    /// `shared`, `managed` or `data`.
    #[serde(rename = "type")]
    kind: String,
    /// What it is for.
    description: Option<String>,
}

impl NewSpace {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self) -> Result<spaces::NewSpace, Error> {
        let Self { name, kind, description } = self;
        Ok(spaces::NewSpace {
            name: space_name(&name)?,
            kind: kind.parse().map_err(|error| Error::at_pointer("/type", error))?,
            description: description.map(|text| about(&text)).transpose()?,
        })
    }
}

fn space_name(text: &str) -> Result<SpaceName, Error> {
    SpaceName::new(text).map_err(|error| Error::at_pointer("/name", error))
}

fn about(text: &str) -> Result<Description, Error> {
    Description::new(text).map_err(|error| Error::at_pointer("/description", error))
}

fn user(text: &str) -> Result<UserId, String> {
    text.parse().map_err(|_| format!("there is no user `{text}`"))
}

/// What a space is to be. What is left out stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpaceUpdate {
    /// As in a new space.
    name: Option<String>,
    /// The user who is to own it.
    owner_id: Option<String>,
    /// What it is for.
    description: Option<String>,
}

impl SpaceUpdate {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self) -> Result<Vec<SpaceOp>, Error> {
        let Self { name, owner_id, description } = self;
        let name = name.map(|name| space_name(&name)).transpose()?;
        let owner = owner_id.map(|id| user(&id)).transpose();
        let owner = owner.map_err(|error| Error::at_pointer("/ownerId", error))?;
        let description = description.map(|text| about(&text)).transpose()?;
        let ops = [name.map(SpaceOp::Rename), description.map(SpaceOp::Describe), owner.map(SpaceOp::GiveTo)];
        Ok(ops.into_iter().flatten().collect())
    }
}

impl Operations for SpaceOp {
    const FORMS: &'static [Form] = &[
        ("replace", "/name", of::<String>),
        ("replace", "/ownerId", of::<String>),
        ("replace", "/description", of::<String>),
    ];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        Ok(Some(match operation.form() {
            ("replace", "/name") => Self::Rename(operation.text(SpaceName::new)?),
            ("replace", "/description") => Self::Describe(operation.text(Description::new)?),
            ("replace", "/ownerId") => {
                let id: String = operation.value()?;
                Self::GiveTo(user(&id).map_err(|error| operation.wrong(error))?)
            }
            _ => return Ok(None),
        }))
    }
}

/// The words of a list with commas between them.
///
/// # Errors
/// When one is not a word of this kind.
pub fn list<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<Vec<T>, T::Err> {
    text.split(',').map(|word| word.trim().parse()).collect()
}
