//! What do assignments look like?

use rolecall_engine::{access::Snapshot, ids::UserId, periods::Period, time::Timestamp, users::UserOp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    groups::wire::GroupChoice,
    roles::wire::{RoleChoice, RoleRef},
};

/// Whether an assignment holds.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It has yet to begin.
    Scheduled,
    /// It holds.
    Active,
    /// It has ended.
    Ended,
}

impl State {
    fn of(period: Period, now: Timestamp) -> Self {
        if period.is_over(now) {
            Self::Ended
        } else if period.holds(now) {
            Self::Active
        } else {
            Self::Scheduled
        }
    }
}

/// A group that somebody is in.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AssignedGroup")]
#[serde(rename_all = "camelCase")]
pub struct GroupRef {
    /// 24 hexadecimal digits.
    pub id: String,
    /// Unique among the groups of the provider type.
    pub name: String,
    /// `idp` or `custom`.
    pub provider_type: &'static str,
}

/// A role or a group that somebody has, for which time.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// The role, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleRef>,
    /// The group, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupRef>,
    /// When it begins, if it has not always held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// When it ends, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Whether it holds.
    pub state: State,
}

/// The direct roles and the groups of a user.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Assignments {
    /// The roles, then the groups, each in the order given.
    pub data: Vec<Assignment>,
}

impl Assignments {
    pub fn new(tenant: &Snapshot, user: UserId, now: Timestamp) -> Self {
        let (roles, groups) = tenant.assignments(user);
        let timed = |period: Period| Assignment {
            role: None,
            group: None,
            valid_from: period.valid_from().map(|at| at.to_string()),
            expires_at: period.expires_at().map(|at| at.to_string()),
            state: State::of(period, now),
        };
        let roles = roles.iter().map(|assigned| Assignment {
            role: tenant.role(assigned.to).map(RoleRef::from),
            ..timed(assigned.period)
        });
        let groups = groups.iter().map(|assigned| Assignment {
            group: tenant.group(assigned.to).map(|group| GroupRef {
                id: group.id.to_string(),
                name: group.name.to_string(),
                provider_type: group.provider.as_str(),
            }),
            ..timed(assigned.period)
        });
        Self { data: roles.chain(groups).collect() }
    }
}

/// A role or a group to be assigned. What is assigned already is assigned for this time instead.
#[derive(Debug, Deserialize, JsonSchema)]
// A misspelt end would be none.
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAssignment {
    /// The role; either this or the group.
    role: Option<RoleChoice>,
    /// The custom group.
    group: Option<GroupChoice>,
    /// When it begins, as RFC 3339 has it; at once if not given.
    valid_from: Option<String>,
    /// When it ends; never if not given.
    expires_at: Option<String>,
}

impl NewAssignment {
    /// # Errors
    /// When a member cannot be what it says, or it is not either a role or a group.
    pub fn read(self) -> Result<UserOp, Error> {
        let time = |text: Option<String>, at: &str| -> Result<Option<Timestamp>, Error> {
            let read = |text: String| text.parse().map_err(|error| Error::at_pointer(at, error));
            text.map(read).transpose()
        };
        let (from, until) = (time(self.valid_from, "/validFrom")?, time(self.expires_at, "/expiresAt")?);
        let period = Period::new(from, until)?;
        match (self.role, self.group) {
            (Some(role), None) => Ok(UserOp::AssignRole(role.read("/role")?, period)),
            (None, Some(group)) => Ok(UserOp::AssignGroup(group.read("/group")?, period)),
            _ => Err(Error::at_pointer("", "say either `role` or `group`")),
        }
    }
}
