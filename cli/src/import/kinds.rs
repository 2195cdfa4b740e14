//! What can come from a file, and which columns are there?

use clap::ValueEnum;

/// What the lines of a file are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Columns `subject`, `name`, `email`, `status`, `roles`, `groups`.
    Users,
    /// Columns `name`, `description`, `provider`, `roles`.
    Groups,
    /// Columns `name`, `description`, `scopes`.
    Roles,
    /// Columns `group`, `user`: who is in which custom group.
    Memberships,
}

/// A column of a file.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The title.
    pub name: &'static str,
    /// The member of the API.
    pub member: &'static str,
    /// What stands in it.
    pub holds: Holds,
    /// Whether there has to be something.
    pub required: bool,
}

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A text that can be changed later.
    Text,
    /// A text that stays.
    Fixed,
    /// Scopes.
    Scopes,
    /// Names of roles.
    Roles,
    /// Names of custom groups.
    Groups,
}

impl Holds {
    /// Whether several can stand in it, which are given and taken one by one.
    pub const fn is_list(self) -> bool {
        matches!(self, Self::Scopes | Self::Roles | Self::Groups)
    }
}

const fn key(name: &'static str, member: &'static str) -> Field {
    Field { name, member, holds: Holds::Fixed, required: true }
}

const fn field(name: &'static str, member: &'static str, holds: Holds) -> Field {
    Field { name, member, holds, required: false }
}

const USERS: &[Field] = &[
    key("subject", "subject"),
    field("name", "name", Holds::Text),
    field("email", "email", Holds::Fixed),
    field("status", "status", Holds::Text),
    field("roles", "assignedRoles", Holds::Roles),
    field("groups", "assignedGroups", Holds::Groups),
];
const GROUPS: &[Field] = &[
    key("name", "name"),
    field("description", "description", Holds::Text),
    field("provider", "providerType", Holds::Fixed),
    field("roles", "assignedRoles", Holds::Roles),
];
const ROLES: &[Field] = &[
    key("name", "name"),
    field("description", "description", Holds::Text),
    field("scopes", "assignedScopes", Holds::Scopes),
];
const MEMBERSHIPS: &[Field] = &[
    key("user", "subject"),
    Field { name: "group", member: "assignedGroups", holds: Holds::Groups, required: true },
];

impl Kind {
    /// What in the table of things the lines are about: members are kept with the users.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Users | Self::Memberships => "user",
            Self::Groups => "group",
            Self::Roles => "role",
        }
    }

    /// The columns; the first one tells things apart.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Users => USERS,
            Self::Groups => GROUPS,
            Self::Roles => ROLES,
            Self::Memberships => MEMBERSHIPS,
        }
    }

    /// Whether what is not there yet is made.
    pub const fn makes(self) -> bool {
        !matches!(self, Self::Memberships)
    }
}
