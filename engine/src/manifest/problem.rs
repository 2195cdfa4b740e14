//! Why can a manifest not be planned, and where in it?

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::Section;
use crate::refusal::Refusal;

/// Where in a manifest something stands: the section, then names, each within what comes before it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub Vec<String>);

impl Place {
    /// A section.
    #[must_use]
    pub fn of(section: Section) -> Self {
        Self(alloc::vec![section.to_string()])
    }

    /// What is called so in it.
    #[must_use]
    pub fn at(&self, name: impl fmt::Display) -> Self {
        Self(self.0.iter().cloned().chain([name.to_string()]).collect())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(": "))
    }
}

/// Something that stands in the way of a plan. Nothing is written while there is one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {why}")]
pub struct Problem {
    /// Where in the manifest.
    pub at: Place,
    /// What it is.
    pub why: Why,
}

/// What can stand in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says what it is")]
pub enum Why {
    #[error("the tenant has no role `{0}`, and the file makes none")]
    UnknownRole(String),
    #[error("`UserDefault` is everybody's and cannot be assigned; say `userDefault` for its scopes")]
    UserDefaultIsNotAssigned,
    #[error("`{0}` is a default role; the file cannot say what it grants")]
    DefaultRole(String),
    #[error("the tenant knows no scope `{0}`")]
    UnknownScope(String),
    #[error("the tenant has no group `{0}`, and the file makes none")]
    UnknownGroup(String),
    #[error("the identity provider has made no group `{0}` yet; logins and SCIM make them")]
    UnknownIdpGroup(String),
    #[error("two groups are called `{0}`: {1}; write the identifier")]
    AmbiguousGroup(String, String),
    #[error("the tenant has no user with the subject or address `{0}`")]
    UnknownUser(String),
    #[error("several users have the address `{0}`, with the subjects {1}; write the subject")]
    AmbiguousUser(String, String),
    #[error("`{0}` and `{1}` are the same user")]
    SameUser(String, String),
    #[error("`{0}` and `{1}` are the same group")]
    SameGroup(String, String),
    #[error("the tenant has no space `{0}`")]
    UnknownSpace(String),
    #[error("it owns the space, and with that has all roles in it")]
    OwnsTheSpace,
    #[error("`--prune` would delete the role `{0}`, which is held by {1}")]
    RoleInUse(String, String),
    #[error("`--prune` would delete the group `{0}`, which has members, for example {1}")]
    GroupHasMembers(String, String),
    #[error(
        "this would take the administration of the tenant from you; it is never taken from who applies a file"
    )]
    LocksOut,
    #[error("something else that the file says changes it too")]
    Moved,
    #[error("{0}")]
    Refused(Refusal),
}

impl Why {
    /// It, at a place.
    #[must_use]
    pub const fn at(self, at: Place) -> Problem {
        Problem { at, why: self }
    }
}
