//! What do assignments in spaces look like outside? (reference/rest-api.md §11)

use rolecall_engine::{
    ids::TenantId,
    spaces::{self, Assignee, SpaceRole},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    http::page::{Page, PageLinks},
    links::{Link, Links},
    spaces::wire::roles,
};

/// The roles that somebody has in a space.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpaceAssignment {
    /// 24 hexadecimal digits.
    pub id: String,
    /// `user`, `group` or `bot`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The user or the group.
    pub assignee_id: String,
    /// The roles.
    pub roles: Vec<&'static str>,
    /// The space.
    pub space_id: String,
    /// The tenant.
    pub tenant_id: String,
    /// When it was made.
    pub created_at: String,
    /// The user who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// When it was last changed.
    pub updated_at: String,
    /// The user who changed it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
    /// Where it is, and where its space is.
    pub links: SpaceAssignmentLinks,
}

/// The links of an assignment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SpaceAssignmentLinks {
    /// The assignment itself.
    #[serde(rename = "self")]
    pub this: Link,
    /// The space.
    pub space: Link,
}

impl SpaceAssignment {
    pub fn new(assignment: &spaces::SpaceAssignment, tenant: TenantId, links: &Links) -> Self {
        let (id, space) = (assignment.id, assignment.space);
        Self {
            id: id.to_string(),
            kind: assignment.assignee.kind().as_str(),
            assignee_id: match assignment.assignee {
                Assignee::User(user) | Assignee::Bot(user) => user.to_string(),
                Assignee::Group(group) => group.to_string(),
            },
            roles: roles(assignment.roles),
            space_id: space.to_string(),
            tenant_id: tenant.to_string(),
            created_at: assignment.stamps.created_at.to_string(),
            created_by: assignment.stamps.created_by.map(|user| user.to_string()),
            updated_at: assignment.stamps.updated_at.to_string(),
            updated_by: assignment.stamps.updated_by.map(|user| user.to_string()),
            links: SpaceAssignmentLinks {
                this: links.to(format_args!("/api/v1/spaces/{space}/assignments/{id}")),
                space: links.to(format_args!("/api/v1/spaces/{space}")),
            },
        }
    }
}

/// A page of assignments.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SpaceAssignments {
    /// The assignments.
    pub data: Vec<SpaceAssignment>,
    /// Where the page and its neighbours are.
    pub links: PageLinks,
    /// How many there are.
    pub meta: SpaceAssignmentsMeta,
}

/// What is said of a list of assignments.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SpaceAssignmentsMeta {
    /// Assignments on the whole list.
    pub count: i64,
}

impl From<Page<SpaceAssignment>> for SpaceAssignments {
    fn from(page: Page<SpaceAssignment>) -> Self {
        let Page { data, total_results, links } = page;
        Self { data, links, meta: SpaceAssignmentsMeta { count: total_results.unwrap_or_default() } }
    }
}

/// An assignment to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewSpaceAssignment {
    /// `user`, `group` or `bot`.
    #[serde(rename = "type")]
    kind: String,
    /// The user or the group.
    assignee_id: String,
    /// At least one, of those of the space's type.
    roles: Vec<String>,
}

impl NewSpaceAssignment {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self) -> Result<spaces::NewSpaceAssignment, Error> {
        let Self { kind, assignee_id, roles } = self;
        Ok(spaces::NewSpaceAssignment {
            kind: kind.parse().map_err(|error| Error::at_pointer("/type", error))?,
            assignee: assignee_id,
            roles: read_roles(&roles)?,
        })
    }
}

/// The roles that somebody is to have.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SpaceAssignmentUpdate {
    /// All of them; at least one, of those of the space's type.
    roles: Vec<String>,
}

impl SpaceAssignmentUpdate {
    /// # Errors
    /// When one of them is not a role.
    pub fn read(self) -> Result<Vec<SpaceRole>, Error> {
        read_roles(&self.roles)
    }
}

fn read_roles(roles: &[String]) -> Result<Vec<SpaceRole>, Error> {
    let role = |(at, role): (usize, &String)| {
        role.parse().map_err(|error| Error::at_pointer(format!("/roles/{at}"), error))
    };
    roles.iter().enumerate().map(role).collect()
}
