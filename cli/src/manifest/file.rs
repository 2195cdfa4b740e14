//! How is a manifest written in a file, and what is wrong with one that is not?

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use rolecall_engine::{
    api_keys::Lifetime,
    groups::Provider,
    manifest::{
        Expectation, Manifest, Place, Section, Setting, Value, WantedGroup, WantedRole, WantedSpace,
        WantedUser, Who,
    },
    names::{Description, GroupName, NameError, RoleName, SpaceName},
    scopes::ScopeName,
    spaces::{SpaceRole, SpaceRoles},
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::{named::Named, yaml};

type Text = Spanned<String>;

/// What a tenant should hold. What is not said stays as it is; a list that is said is meant whole.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct File {
    /// Values for `${name}` in texts.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// Other values for `${name}` in a context.
    #[serde(default)]
    contexts: BTreeMap<String, BTreeMap<String, String>>,
    /// The sections that the file owns; those that it says, if not given. Nothing of others is touched.
    #[schemars(with = "Option<Vec<String>>")]
    #[serde(default, deserialize_with = "said")]
    manage: Option<Vec<Text>>,
    /// Which roles are put on entitled users when they are made or log in.
    #[serde(default, deserialize_with = "said")]
    auto_assign: Option<AutoAssign>,
    /// What logins do to groups.
    #[serde(default, deserialize_with = "said")]
    group_settings: Option<GroupSettings>,
    /// How many API keys, and for how long.
    #[serde(default, deserialize_with = "said")]
    api_keys: Option<ApiKeys>,
    /// The roles of the group Everyone, by name.
    #[schemars(with = "Option<Vec<String>>")]
    #[serde(default, deserialize_with = "said")]
    everyone: Option<Vec<Text>>,
    /// The scopes of the role `UserDefault`.
    #[schemars(with = "Option<Vec<String>>")]
    #[serde(default, deserialize_with = "said")]
    user_default: Option<Vec<Text>>,
    /// Custom roles, by name.
    #[schemars(with = "Option<BTreeMap<String, Role>>")]
    #[serde(default, deserialize_with = "said")]
    roles: Option<Named<Role>>,
    /// Custom groups, by name.
    #[schemars(with = "Option<BTreeMap<String, Group>>")]
    #[serde(default, deserialize_with = "said")]
    groups: Option<Named<Group>>,
    /// Groups of identity providers, by name. Logins and SCIM make them.
    #[schemars(with = "Option<BTreeMap<String, IdpGroup>>")]
    #[serde(default, deserialize_with = "said")]
    idp_groups: Option<Named<IdpGroup>>,
    /// Users, by subject or e-mail address. They are not made.
    #[schemars(with = "Option<BTreeMap<String, User>>")]
    #[serde(default, deserialize_with = "said")]
    users: Option<Named<User>>,
    /// Spaces, by name. They are not made.
    #[schemars(with = "Option<BTreeMap<String, Space>>")]
    #[serde(default, deserialize_with = "said")]
    spaces: Option<Named<Space>>,
    /// What must be so once the file is applied; else it is not.
    #[serde(default)]
    tests: Vec<Test>,
}

/// A section that stands in the file. One without anything in it is no section left out.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AutoAssign {
    /// `autoAssignCreateSharedSpacesRoleToProfessionals`
    shared_space_creator: Option<bool>,
    /// `autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals`
    private_analytics_content_creator: Option<bool>,
    /// `autoAssignDataServicesContributorRoleToProfessionals`
    data_services_contributor: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GroupSettings {
    /// Whether a login makes the groups it claims.
    auto_create_groups: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ApiKeys {
    /// Active keys of one user, 0 to 1000.
    max_keys_per_user: Option<u32>,
    /// The longest life of a user's key, as an ISO 8601 duration such as `PT24H`.
    #[schemars(with = "Option<String>")]
    max_lifetime: Option<Text>,
    /// The life of the key of a program that provisions users.
    #[schemars(with = "Option<String>")]
    scim_lifetime: Option<Text>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Role {
    /// What it is for.
    #[schemars(with = "Option<String>")]
    description: Option<Text>,
    /// What it grants.
    #[schemars(with = "Vec<String>")]
    scopes: Vec<Text>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Group {
    /// What it is for.
    #[schemars(with = "Option<String>")]
    description: Option<Text>,
    /// What its members hold, by name.
    #[schemars(with = "Option<Vec<String>>")]
    roles: Option<Vec<Text>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IdpGroup {
    /// What its members hold, by name.
    #[schemars(with = "Option<Vec<String>>")]
    roles: Option<Vec<Text>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct User {
    /// The direct roles, by name.
    #[schemars(with = "Option<Vec<String>>")]
    roles: Option<Vec<Text>>,
    /// The custom groups, by name.
    #[schemars(with = "Option<Vec<String>>")]
    groups: Option<Vec<Text>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Space {
    /// The roles of users in it, by subject or e-mail address.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    users: Named<Vec<Text>>,
    /// The roles of groups in it, by name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    groups: Named<Vec<Text>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Test {
    /// A user of the tenant, by subject or e-mail address.
    #[schemars(with = "Option<String>")]
    user: Option<Text>,
    /// Anybody with these direct roles and none besides; with none, a plain user.
    #[schemars(with = "Option<Vec<String>>")]
    holder_of: Option<Vec<Text>>,
    /// Scopes they may use.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    can: Vec<Text>,
    /// Scopes they may not use.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    cannot: Vec<Text>,
    /// The role that gives each of what they may use.
    #[schemars(with = "Option<String>")]
    because: Option<Text>,
}

/// Something that is wrong with a file, and on which line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The line, counted from 1; none if that cannot be said.
    pub line: Option<u64>,
    /// What.
    pub what: String,
}

/// A file that was read, for one tenant.
#[derive(Debug)]
pub struct Read {
    /// What it wants.
    pub manifest: Manifest,
    /// What must be so.
    pub tests: Vec<Expectation>,
    /// Sections that it says and does not own.
    pub left: Vec<Section>,
    lines: BTreeMap<Place, u64>,
}

impl Read {
    /// The line of a place; of what it stands in, if it has none itself.
    pub fn line(&self, place: &Place) -> Option<u64> {
        let within = (1..=place.0.len()).rev().filter_map(|len| place.0.get(..len));
        within.map(|names| Place(names.to_vec())).find_map(|place| self.lines.get(&place).copied())
    }
}

/// Reads a file, with the values that variables have in a context.
///
/// # Errors
/// When it is not YAML of the right form; all that is wrong with names in it.
pub fn read(text: &str, context: Option<&str>, given: &BTreeMap<String, String>) -> Result<Read, Vec<Fault>> {
    let file: File = serde_saphyr::from_str_with_options(text, yaml::options()).map_err(|error| {
        let line = error.location().map(|location| location.line());
        vec![Fault { line, what: yaml::without_place(&error.without_snippet().to_string()) }]
    })?;
    let mut variables = file.variables.clone();
    variables.extend(context.and_then(|context| file.contexts.get(context)).cloned().unwrap_or_default());
    variables.extend(given.clone());
    let manifest = Manifest::default();
    let mut reader = Reader { variables, lines: BTreeMap::new(), faults: Vec::new(), manifest };
    let said = reader.sections(&file);
    let tests = file.tests.iter().filter_map(|test| reader.test(test)).collect();
    let owned = match &file.manage {
        None => said.clone(),
        Some(sections) => reader.managed(sections, &said),
    };
    let left = said.difference(&owned).copied().collect();
    let Reader { lines, mut faults, mut manifest, .. } = reader;
    if !faults.is_empty() {
        faults.sort();
        return Err(faults);
    }
    manifest.owned = owned;
    Ok(Read { manifest, tests, left, lines })
}

struct Reader {
    variables: BTreeMap<String, String>,
    lines: BTreeMap<Place, u64>,
    faults: Vec<Fault>,
    manifest: Manifest,
}

impl Reader {
    fn fault(&mut self, at: &Text, what: impl Into<String>) {
        self.faults.push(Fault { line: Some(at.referenced.line()), what: what.into() });
    }

    fn note(&mut self, place: Place, at: &Text) {
        self.lines.insert(place, at.referenced.line());
    }

    /// A text with the values of its variables; `$${` stands for `${`.
    fn text(&mut self, text: &Text) -> String {
        let mut whole = String::new();
        let mut rest = text.value.as_str();
        while let Some((before, behind)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                whole = whole + before + "${";
                rest = behind;
                continue;
            }
            whole.push_str(before);
            let Some((name, behind)) = behind.split_once('}') else {
                self.fault(text, "`${` without `}`");
                return whole;
            };
            match self.variables.get(name) {
                Some(value) => whole.push_str(value),
                None => self.fault(text, format!("the variable `{name}` has no value here; give it one under `variables`, or with `--var {name}=…`")),
            }
            rest = behind;
        }
        whole + rest
    }

    /// A text as a value of its kind.
    fn value<T, E: ToString>(&mut self, text: &Text, read: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        let whole = self.text(text);
        match read(&whole) {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(text, format!("`{whole}` cannot be used: {}", error.to_string()));
                None
            }
        }
    }

    /// Names, each once.
    fn set<T: Ord + Display, E: ToString>(
        &mut self,
        place: &Place,
        texts: &[Text],
        read: impl Fn(&str) -> Result<T, E>,
    ) -> BTreeSet<T> {
        let mut set = BTreeSet::new();
        for text in texts {
            let Some(value) = self.value(text, &read) else { continue };
            self.note(place.at(&value), text);
            if set.contains(&value) {
                self.fault(text, format!("`{value}` stands here twice"));
            }
            set.insert(value);
        }
        set
    }

    fn roles(&mut self, place: &Place, texts: Option<&Vec<Text>>) -> Option<BTreeSet<RoleName>> {
        texts.map(|texts| self.set(place, texts, RoleName::new))
    }

    fn description(&mut self, text: Option<&Text>) -> Option<Description> {
        text.and_then(|text| self.value(text, Description::new))
    }

    /// Reads things that have names, each of which means another thing.
    fn named<T, K: Ord + Display + Clone>(
        &mut self,
        section: &Place,
        things: &Named<T>,
        read: impl Fn(&str) -> Result<K, NameError>,
        mut take: impl FnMut(&mut Self, &Place, K, &T),
    ) {
        let mut seen = BTreeSet::new();
        for (name, thing) in things.iter() {
            let Some(key) = self.value(name, &read) else { continue };
            let place = section.at(&key);
            self.note(place.clone(), name);
            if !seen.insert(key.clone()) {
                self.fault(name, format!("`{key}` stands here twice"));
            }
            take(self, &place, key, thing);
        }
    }

    /// The sections that a file says.
    fn sections(&mut self, file: &File) -> BTreeSet<Section> {
        let mut said = BTreeSet::new();
        let mut says = |section: Section, is: bool| is.then(|| said.insert(section));
        says(Section::AutoAssign, file.auto_assign.is_some());
        says(Section::GroupSettings, file.group_settings.is_some());
        says(Section::ApiKeys, file.api_keys.is_some());
        says(Section::Everyone, file.everyone.is_some());
        says(Section::UserDefault, file.user_default.is_some());
        says(Section::Roles, file.roles.is_some());
        says(Section::Groups, file.groups.is_some());
        says(Section::IdpGroups, file.idp_groups.is_some());
        says(Section::Users, file.users.is_some());
        says(Section::Spaces, file.spaces.is_some());
        self.settings(file);
        self.manifest.everyone = self.roles(&Place::of(Section::Everyone), file.everyone.as_ref());
        let scopes = file.user_default.as_ref();
        self.manifest.user_default =
            scopes.map(|scopes| self.set(&Place::of(Section::UserDefault), scopes, ScopeName::new));
        self.things(file);
        said
    }

    fn settings(&mut self, file: &File) {
        let mut set = |setting, value: Option<Value>| {
            self.manifest.settings.extend(value.map(|value| (setting, value)));
        };
        if let Some(flags) = &file.auto_assign {
            set(Setting::SharedSpaces, flags.shared_space_creator.map(Value::On));
            set(Setting::PrivateContent, flags.private_analytics_content_creator.map(Value::On));
            set(Setting::DataServices, flags.data_services_contributor.map(Value::On));
        }
        let groups = file.group_settings.as_ref().and_then(|settings| settings.auto_create_groups);
        set(Setting::AutoCreateGroups, groups.map(Value::On));
        let Some(keys) = &file.api_keys else { return };
        set(Setting::MaxKeysPerUser, keys.max_keys_per_user.map(Value::Count));
        for (setting, text) in
            [(Setting::MaxKeyLifetime, &keys.max_lifetime), (Setting::ScimKeyLifetime, &keys.scim_lifetime)]
        {
            let Some(text) = text else { continue };
            self.note(Place::of(Section::ApiKeys).at(setting), text);
            let life = self.value(text, Lifetime::new);
            self.manifest.settings.extend(life.map(|life| (setting, Value::Life(life))));
        }
    }

    fn things(&mut self, file: &File) {
        if let Some(roles) = &file.roles {
            self.named(&Place::of(Section::Roles), roles, RoleName::new, |reader, at, name, role| {
                let description = reader.description(role.description.as_ref());
                let scopes = reader.set(&at.at("scopes"), &role.scopes, ScopeName::new);
                reader.manifest.roles.insert(name, WantedRole { description, scopes });
            });
        }
        if let Some(groups) = &file.groups {
            self.named(&Place::of(Section::Groups), groups, GroupName::new, |reader, at, name, group| {
                let description = reader.description(group.description.as_ref());
                let roles = reader.roles(&at.at("roles"), group.roles.as_ref());
                reader.manifest.groups.insert((Provider::Custom, name), WantedGroup { description, roles });
            });
        }
        if let Some(groups) = &file.idp_groups {
            self.named(&Place::of(Section::IdpGroups), groups, GroupName::new, |reader, at, name, group| {
                let roles = reader.roles(&at.at("roles"), group.roles.as_ref());
                let wanted = WantedGroup { description: None, roles };
                reader.manifest.groups.insert((Provider::Idp, name), wanted);
            });
        }
        if let Some(users) = &file.users {
            self.named(&Place::of(Section::Users), users, as_is, |reader, at, name, user| {
                let roles = reader.roles(&at.at("roles"), user.roles.as_ref());
                let groups = user.groups.as_ref();
                let groups = groups.map(|groups| reader.set(&at.at("groups"), groups, GroupName::new));
                reader.manifest.users.insert(name, WantedUser { roles, groups });
            });
        }
        if let Some(spaces) = &file.spaces {
            self.named(&Place::of(Section::Spaces), spaces, SpaceName::new, |reader, at, name, space| {
                let users = reader.in_space(&at.at("users"), &space.users);
                let groups = reader.in_space(&at.at("groups"), &space.groups);
                reader.manifest.spaces.insert(name, WantedSpace { users, groups });
            });
        }
    }

    fn in_space(&mut self, place: &Place, who: &Named<Vec<Text>>) -> BTreeMap<String, SpaceRoles> {
        let mut all = BTreeMap::new();
        self.named(place, who, as_is, |reader, at, name, roles| {
            let roles: Vec<SpaceRole> = reader.set(at, roles, str::parse).into_iter().collect();
            all.insert(name, SpaceRoles::of(&roles));
        });
        all
    }

    fn test(&mut self, test: &Test) -> Option<Expectation> {
        let first =
            [&test.user, &test.because].into_iter().flatten().chain(&test.can).chain(&test.cannot).next();
        let who = match (&test.user, &test.holder_of) {
            (Some(user), None) => Who::User(self.text(user)),
            (None, Some(roles)) => {
                Who::Holder(roles.iter().filter_map(|role| self.value(role, RoleName::new)).collect())
            }
            _ => {
                let line = first.map(|text| text.referenced.line());
                self.faults.push(Fault { line, what: "a test says either `user` or `holderOf`".to_owned() });
                return None;
            }
        };
        Some(Expectation {
            who,
            can: test.can.iter().map(|scope| self.text(scope)).collect(),
            cannot: test.cannot.iter().map(|scope| self.text(scope)).collect(),
            because: test.because.as_ref().and_then(|role| self.value(role, RoleName::new)),
        })
    }

    fn managed(&mut self, sections: &[Text], said: &BTreeSet<Section>) -> BTreeSet<Section> {
        let known = |text: &str| {
            let section = Section::ALL.iter().find(|section| section.as_str() == text).copied();
            section.ok_or_else(|| {
                let all: Vec<&str> = Section::ALL.iter().map(|section| section.as_str()).collect();
                format!("there are {}", all.join(", "))
            })
        };
        let mut owned = BTreeSet::new();
        for text in sections {
            match self.value(text, known) {
                Some(section) if !said.contains(&section) => {
                    self.fault(text, format!("the file manages `{section}` and does not say it"));
                }
                section => owned.extend(section),
            }
        }
        owned
    }
}

fn as_is(text: &str) -> Result<String, NameError> {
    if text.trim().is_empty() { Err(NameError::Empty) } else { Ok(text.to_owned()) }
}
