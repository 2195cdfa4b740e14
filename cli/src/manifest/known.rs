//! Which names are those of things that are there? These are taken as they are: a real tenant may call things what Rolecall would
//! write otherwise or refuse.

use std::collections::HashSet;

use rolecall_engine::{
    manifest::Holdings,
    names::{GroupName, NameError, RoleName, SpaceName},
};

/// The names of what is there.
#[derive(Debug, Default)]
pub struct Known {
    /// Whether that is not known yet, so that each may be one.
    any: bool,
    roles: HashSet<String>,
    groups: HashSet<String>,
    spaces: HashSet<String>,
}

impl Known {
    /// Before a tenant is read.
    pub fn later() -> Self {
        Self { any: true, ..Self::default() }
    }

    /// Those of a tenant.
    pub fn of(holdings: &Holdings) -> Self {
        Self {
            any: false,
            roles: holdings.roles.values().map(|role| role.name.to_string()).collect(),
            groups: holdings.groups.values().map(|group| group.name.to_string()).collect(),
            spaces: holdings.spaces.values().map(|space| space.name.to_string()).collect(),
        }
    }

    /// A name of a role, in the form of new ones if none is called so.
    ///
    /// # Errors
    /// When no new role can have it.
    pub fn role(&self, text: &str) -> Result<RoleName, NameError> {
        if self.has(&self.roles, text) { Ok(RoleName::stored(text.to_owned())) } else { RoleName::new(text) }
    }

    /// A name of a group, the same way.
    ///
    /// # Errors
    /// When no new group can have it.
    pub fn group(&self, text: &str) -> Result<GroupName, NameError> {
        if self.has(&self.groups, text) {
            Ok(GroupName::stored(text.to_owned()))
        } else {
            GroupName::new(text)
        }
    }

    /// A name of a space, the same way.
    ///
    /// # Errors
    /// When no new space can have it.
    pub fn space(&self, text: &str) -> Result<SpaceName, NameError> {
        if self.has(&self.spaces, text) {
            Ok(SpaceName::stored(text.to_owned()))
        } else {
            SpaceName::new(text)
        }
    }

    fn has(&self, names: &HashSet<String>, text: &str) -> bool {
        self.any || names.contains(text)
    }
}
