//! A story: things an administrator does in a tenant, and what users may do then. The engine and the server are told the
//! same ones, each through its own door.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A story as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    pub about: String,
    pub step: Vec<Step>,
}

/// A step: something that is done, or what holds at this point.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Step {
    /// A custom role is made.
    Role {
        name: String,
        #[serde(default)]
        scopes: Vec<String>,
        #[serde(default)]
        refused: bool,
    },
    /// The scopes of a custom role are set.
    Scopes {
        role: String,
        scopes: Vec<String>,
        #[serde(default)]
        refused: bool,
    },
    /// A custom role is deleted.
    NoRole {
        name: String,
        #[serde(default)]
        refused: bool,
    },
    /// A custom group is made, or its roles are set.
    Group {
        name: String,
        #[serde(default)]
        roles: Vec<String>,
        #[serde(default)]
        refused: bool,
    },
    /// A user is made.
    User { name: String },
    /// The direct roles of a user are set.
    Assign {
        user: String,
        roles: Vec<String>,
        #[serde(default)]
        refused: bool,
    },
    /// A user joins a custom group.
    Join {
        user: String,
        group: String,
        #[serde(default)]
        refused: bool,
    },
    /// A user leaves a custom group.
    Leave {
        user: String,
        group: String,
        #[serde(default)]
        refused: bool,
    },
    /// A user's status is set.
    Status {
        user: String,
        status: String,
        #[serde(default)]
        refused: bool,
    },
    /// A user is deleted.
    NoUser {
        name: String,
        #[serde(default)]
        refused: bool,
    },
    /// The roles of Everyone are set.
    Everyone {
        roles: Vec<String>,
        #[serde(default)]
        refused: bool,
    },
    /// The scopes of `UserDefault` are set.
    UserDefault {
        scopes: Vec<String>,
        #[serde(default)]
        refused: bool,
    },
    /// Whether the three auto-assign flags are on.
    Flags { on: bool },
    /// Whether new users are professionals.
    Professionals { on: bool },
    /// What a user may do, may not do, and holds directly.
    Check {
        user: String,
        #[serde(default)]
        can: Vec<String>,
        #[serde(default)]
        cannot: Vec<String>,
        roles: Option<Vec<String>>,
    },
}

/// Whoever a story can be told to. Answers whether what was asked was done.
pub trait Door {
    fn role(&mut self, name: &str, scopes: &[String]) -> bool;
    fn scopes(&mut self, role: &str, scopes: &[String]) -> bool;
    fn no_role(&mut self, name: &str) -> bool;
    fn group(&mut self, name: &str, roles: &[String]) -> bool;
    fn user(&mut self, name: &str) -> bool;
    fn assign(&mut self, user: &str, roles: &[String]) -> bool;
    fn membership(&mut self, user: &str, group: &str, join: bool) -> bool;
    fn status(&mut self, user: &str, status: &str) -> bool;
    fn no_user(&mut self, name: &str) -> bool;
    fn everyone(&mut self, roles: &[String]) -> bool;
    fn user_default(&mut self, scopes: &[String]) -> bool;
    fn flags(&mut self, on: bool);
    fn professionals(&mut self, on: bool);
    fn may(&mut self, user: &str, scope: &str) -> bool;
    fn direct_roles(&mut self, user: &str) -> Vec<String>;
}

impl Story {
    /// Tells the story; panics where it goes otherwise.
    pub fn tell(&self, door: &mut impl Door) {
        for (number, step) in self.step.iter().enumerate() {
            let at = format!("{}: step {}: {step:?}", self.about, number + 1);
            let (done, refused) = match step {
                Step::Role { name, scopes, refused } => (door.role(name, scopes), *refused),
                Step::Scopes { role, scopes, refused } => (door.scopes(role, scopes), *refused),
                Step::NoRole { name, refused } => (door.no_role(name), *refused),
                Step::Group { name, roles, refused } => (door.group(name, roles), *refused),
                Step::User { name } => (door.user(name), false),
                Step::Assign { user, roles, refused } => (door.assign(user, roles), *refused),
                Step::Join { user, group, refused } => (door.membership(user, group, true), *refused),
                Step::Leave { user, group, refused } => (door.membership(user, group, false), *refused),
                Step::Status { user, status, refused } => (door.status(user, status), *refused),
                Step::NoUser { name, refused } => (door.no_user(name), *refused),
                Step::Everyone { roles, refused } => (door.everyone(roles), *refused),
                Step::UserDefault { scopes, refused } => (door.user_default(scopes), *refused),
                Step::Flags { on } => {
                    door.flags(*on);
                    continue;
                }
                Step::Professionals { on } => {
                    door.professionals(*on);
                    continue;
                }
                Step::Check { user, can, cannot, roles } => {
                    check(door, user, can, cannot, roles.as_ref(), &at);
                    continue;
                }
            };
            assert_eq!(done, !refused, "{at}");
        }
    }
}

fn check(
    door: &mut impl Door,
    user: &str,
    can: &[String],
    cannot: &[String],
    roles: Option<&Vec<String>>,
    at: &str,
) {
    for scope in can {
        assert!(door.may(user, scope), "{at}: may not {scope}");
    }
    for scope in cannot {
        assert!(!door.may(user, scope), "{at}: may {scope}");
    }
    if let Some(roles) = roles {
        let mut held = door.direct_roles(user);
        held.sort_unstable();
        let mut expected = roles.clone();
        expected.sort_unstable();
        assert_eq!(held, expected, "{at}");
    }
}

/// All stories, by file name.
pub fn all() -> BTreeMap<String, Story> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/tests/scenarios");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let story = |file: std::path::PathBuf| {
        let text = std::fs::read_to_string(&file).unwrap();
        let story = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        (file.file_stem().unwrap().to_string_lossy().into_owned(), story)
    };
    files.map(story).collect()
}
