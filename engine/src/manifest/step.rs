//! What is one step from what a tenant holds to what is wanted?

use alloc::{
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::{Place, Section, Setting, Value, listed};
use crate::{
    groups::Provider,
    ids::{GroupId, RoleId, SpaceAssignmentId, SpaceId, UserId},
    names::{Description, GroupName, RoleName, SpaceName},
    roles::RoleKind,
    scopes::ScopeName,
    spaces::SpaceRoles,
};

/// Something that was there when the plan was made, under the name it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known<I, N> {
    /// The identifier.
    pub id: I,
    /// The name.
    pub name: N,
}

/// A set before and after a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit<T> {
    /// What it was.
    pub before: BTreeSet<T>,
    /// What it is.
    pub after: BTreeSet<T>,
}

impl<T: Ord> Edit<T> {
    /// What comes in.
    pub fn gives(&self) -> impl Iterator<Item = &T> {
        self.after.difference(&self.before)
    }

    /// What goes out.
    pub fn takes(&self) -> impl Iterator<Item = &T> {
        self.before.difference(&self.after)
    }
}

/// Who is given roles in a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignee {
    /// A person or a program, by how the manifest calls it.
    User(Known<UserId, String>, bool),
    /// A group; without identifier where an earlier step makes it.
    Group(Option<GroupId>, String),
}

/// One write. Each leaves the tenant in a state that is fit for use, so stopping behind any of them does no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Sets a setting.
    Set {
        /// The setting.
        setting: Setting,
        /// What it was.
        before: Value,
        /// What it is.
        after: Value,
    },
    /// Makes a custom role.
    CreateRole {
        /// The name.
        name: RoleName,
        /// What it is for.
        description: Option<Description>,
        /// What it grants.
        scopes: BTreeSet<ScopeName>,
    },
    /// Says what a custom role is for.
    DescribeRole {
        /// The role.
        role: Known<RoleId, RoleName>,
        /// What was said.
        before: Description,
        /// What is said.
        after: Description,
    },
    /// Changes what a custom role or `UserDefault` grants.
    Grant {
        /// The role.
        role: Known<RoleId, RoleName>,
        /// Whether it is custom or `UserDefault`.
        kind: RoleKind,
        /// The scopes.
        scopes: Edit<ScopeName>,
    },
    /// Makes a custom group.
    CreateGroup {
        /// The name.
        name: GroupName,
        /// What it is for.
        description: Option<Description>,
        /// What its members hold.
        roles: BTreeSet<RoleName>,
    },
    /// Says what a custom group is for.
    DescribeGroup {
        /// The group.
        group: Known<GroupId, GroupName>,
        /// What was said.
        before: Option<Description>,
        /// What is said.
        after: Description,
    },
    /// Changes what members of a group hold, Everyone included.
    Assign {
        /// The group.
        group: Known<GroupId, GroupName>,
        /// Whose it is.
        provider: Provider,
        /// The roles.
        roles: Edit<RoleName>,
    },
    /// Changes the direct roles and custom groups of a user.
    AssignUser {
        /// The user, by how the manifest calls it.
        user: Known<UserId, String>,
        /// The direct roles.
        roles: Option<Edit<RoleName>>,
        /// The custom groups.
        groups: Option<Edit<GroupName>>,
    },
    /// Changes which roles somebody has in a space; none for none at all.
    AssignInSpace {
        /// The space.
        space: Known<SpaceId, SpaceName>,
        /// Who.
        who: Assignee,
        /// The assignment, if there is one.
        assignment: Option<SpaceAssignmentId>,
        /// The roles before.
        before: SpaceRoles,
        /// The roles after.
        after: SpaceRoles,
    },
    /// Deletes a custom role that nobody holds.
    DeleteRole {
        /// The role.
        role: Known<RoleId, RoleName>,
        /// What it grants.
        scopes: BTreeSet<ScopeName>,
    },
    /// Deletes a custom group without members.
    DeleteGroup {
        /// The group.
        group: Known<GroupId, GroupName>,
        /// What its members hold.
        roles: BTreeSet<RoleName>,
    },
}

impl Step {
    /// The place in a manifest that asks for it; the section, for what a manifest leaves out.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Set { setting, .. } => Place::of(setting.section()).at(setting),
            Self::Grant { kind: RoleKind::UserDefault, .. } => Place::of(Section::UserDefault),
            Self::CreateRole { name, .. } => Place::of(Section::Roles).at(name),
            Self::DescribeRole { role, .. } | Self::Grant { role, .. } | Self::DeleteRole { role, .. } => {
                Place::of(Section::Roles).at(&role.name)
            }
            Self::Assign { provider: Provider::System, .. } => Place::of(Section::Everyone),
            Self::CreateGroup { name, .. } => Place::of(Section::Groups).at(name),
            Self::DescribeGroup { group, .. } | Self::DeleteGroup { group, .. } => {
                Place::of(Section::Groups).at(&group.name)
            }
            Self::Assign { group, provider, .. } => Place::of(Section::of_groups(*provider)).at(&group.name),
            Self::AssignUser { user, .. } => Place::of(Section::Users).at(&user.name),
            Self::AssignInSpace { space, who, .. } => {
                let (kind, name) = match who {
                    Assignee::User(user, _) => ("users", &user.name),
                    Assignee::Group(_, name) => ("groups", name),
                };
                Place::of(Section::Spaces).at(&space.name).at(kind).at(name)
            }
        }
    }

    /// What it is about, and how: `+` makes, `~` changes, `-` deletes.
    #[must_use]
    pub fn head(&self) -> (char, String) {
        let (sign, what, name): (_, &str, &dyn fmt::Display) = match self {
            Self::Set { setting, .. } => ('~', setting.section().as_str(), setting),
            Self::CreateRole { name, .. } => ('+', "role", name),
            Self::DescribeRole { role, .. } | Self::Grant { role, .. } => ('~', "role", &role.name),
            Self::DeleteRole { role, .. } => ('-', "role", &role.name),
            Self::CreateGroup { name, .. } => ('+', "group", name),
            Self::DescribeGroup { group, .. } | Self::Assign { group, .. } => ('~', "group", &group.name),
            Self::DeleteGroup { group, .. } => ('-', "group", &group.name),
            Self::AssignUser { user, .. } => ('~', "user", &user.name),
            Self::AssignInSpace { space, .. } => ('~', "space", &space.name),
        };
        (sign, alloc::format!("{what} `{name}`"))
    }

    /// What is different behind it, a line for each thing that comes or goes.
    #[must_use]
    pub fn lines(&self) -> Vec<(char, String)> {
        let mut lines = Vec::new();
        let mut change = |what: &str, before: &dyn fmt::Display, after: &dyn fmt::Display| {
            lines.push(('~', alloc::format!("{what}: {before} -> {after}")));
        };
        match self {
            Self::Set { before, after, .. } => change("value", before, after),
            Self::DescribeRole { before, after, .. } => {
                change("description", &quoted(Some(before)), &quoted(Some(after)));
            }
            Self::DescribeGroup { before, after, .. } => {
                change("description", &quoted(before.as_ref()), &quoted(Some(after)));
            }
            Self::CreateRole { description, scopes, .. } => {
                described(&mut lines, description.as_ref());
                lines.extend(scopes.iter().map(|scope| ('+', alloc::format!("scope {scope}"))));
            }
            Self::CreateGroup { description, roles, .. } => {
                described(&mut lines, description.as_ref());
                lines.extend(roles.iter().map(|role| ('+', alloc::format!("role {role}"))));
            }
            Self::Grant { scopes, .. } => edited(&mut lines, "scope", scopes),
            Self::Assign { roles, .. } => edited(&mut lines, "role", roles),
            Self::AssignUser { roles, groups, .. } => {
                if let Some(roles) = roles {
                    edited(&mut lines, "role", roles);
                }
                if let Some(groups) = groups {
                    edited(&mut lines, "group", groups);
                }
            }
            Self::AssignInSpace { who, before, after, .. } => {
                let who = match who {
                    Assignee::User(user, _) => alloc::format!("user {}", user.name),
                    Assignee::Group(_, name) => alloc::format!("group {name}"),
                };
                let words = |roles: SpaceRoles| {
                    if roles.is_empty() { String::from("nothing") } else { listed(roles.iter()) }
                };
                change(&who, &words(*before), &words(*after));
            }
            Self::DeleteRole { scopes, .. } => {
                lines.extend(scopes.iter().map(|scope| ('-', alloc::format!("scope {scope}"))));
            }
            Self::DeleteGroup { roles, .. } => {
                lines.extend(roles.iter().map(|role| ('-', alloc::format!("role {role}"))));
            }
        }
        lines
    }
}

fn quoted(description: Option<&Description>) -> String {
    alloc::format!("{:?}", description.map(ToString::to_string).unwrap_or_default())
}

fn described(lines: &mut Vec<(char, String)>, description: Option<&Description>) {
    let said = description.filter(|text| !text.as_str().is_empty());
    lines.extend(said.map(|text| ('+', alloc::format!("description {}", quoted(Some(text))))));
}

fn edited<T: Ord + fmt::Display>(lines: &mut Vec<(char, String)>, what: &str, edit: &Edit<T>) {
    lines.extend(edit.gives().map(|item| ('+', alloc::format!("{what} {item}"))));
    lines.extend(edit.takes().map(|item| ('-', alloc::format!("{what} {item}"))));
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, what) = self.head();
        write!(f, "{sign} {what}")?;
        self.lines().iter().try_for_each(|(sign, line)| write!(f, "\n    {sign} {line}"))
    }
}
