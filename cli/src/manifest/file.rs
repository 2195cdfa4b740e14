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
    names::{Description, NameError, RoleName},
    scopes::ScopeName,
    spaces::{SpaceRole, SpaceRoles},
};
use serde_saphyr::Spanned;

use super::{
    form::{File, Test, Text},
    known::Known,
    named::Named,
    yaml,
};

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
    /// What must be so, each with its line.
    pub tests: Vec<(Option<u64>, Expectation)>,
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

/// A file of the right form.
pub struct Written {
    file: File,
    sections: BTreeMap<Place, u64>,
}

/// Takes a file apart.
///
/// # Errors
/// When it is not YAML of the right form.
pub fn parse(text: &str) -> Result<Written, Vec<Fault>> {
    let file: File = serde_saphyr::from_str_with_options(text, yaml::options()).map_err(|error| {
        let line = error.location().map(|location| location.line());
        vec![Fault { line, what: yaml::said(&error.without_snippet().to_string()) }]
    })?;
    Ok(Written { file, sections: sections_of(text) })
}

impl Written {
    /// Reads it with the values that variables have in a context, for a tenant where some names are known.
    ///
    /// # Errors
    /// All that is wrong in it.
    pub fn read(
        &self,
        context: Option<&str>,
        given: &BTreeMap<String, String>,
        known: &Known,
    ) -> Result<Read, Vec<Fault>> {
        let file = &self.file;
        let mut variables = file.variables.clone();
        variables.extend(context.and_then(|context| file.contexts.get(context)).cloned().unwrap_or_default());
        variables.extend(given.clone());
        let (lines, manifest) = (self.sections.clone(), Manifest::default());
        let mut reader = Reader { variables, known, lines, faults: Vec::new(), manifest };
        let said = reader.sections(file);
        let tests = file.tests.iter().filter_map(|test| reader.test(test)).collect();
        let owned = match &file.manage {
            None => said.clone(),
            Some(sections) => reader.managed(sections, &said),
        };
        let left = said.difference(&owned).copied().collect();
        let Reader { lines, mut faults, mut manifest, .. } = reader;
        if owned.is_empty() && file.tests.is_empty() {
            let what = "the file says nothing of a tenant, so that there is nothing to do with it".to_owned();
            faults.push(Fault { line: None, what });
        }
        if !faults.is_empty() {
            faults.sort();
            return Err(faults);
        }
        manifest.owned = owned;
        Ok(Read { manifest, tests, left, lines })
    }
}

/// The lines of the sections, where each begins a line. What is written otherwise has lines within the sections only.
fn sections_of(text: &str) -> BTreeMap<Place, u64> {
    let section = |line: &str| {
        let (name, _) = line.split_once(':')?;
        name.parse::<Section>().ok().map(Place::of)
    };
    (1..).zip(text.lines()).filter_map(|(number, line)| Some((section(line)?, number))).collect()
}

struct Reader<'k> {
    variables: BTreeMap<String, String>,
    known: &'k Known,
    lines: BTreeMap<Place, u64>,
    faults: Vec<Fault>,
    manifest: Manifest,
}

impl Reader<'_> {
    fn fault(&mut self, at: &Text, what: impl Into<String>) {
        self.faults.push(Fault { line: Some(at.referenced.line()), what: what.into() });
    }

    fn note<T>(&mut self, place: Place, at: &Spanned<T>) {
        self.lines.insert(place, at.referenced.line());
    }

    /// A text with the values of its variables; `$${` stands for `${`. None if one has no value, which is a fault.
    fn text(&mut self, text: &Text) -> Option<String> {
        let mut whole = String::new();
        let mut rest = text.value.as_str();
        let mut is_whole = true;
        while let Some((before, behind)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                whole = whole + before + "${";
                rest = behind;
                continue;
            }
            whole.push_str(before);
            let Some((name, behind)) = behind.split_once('}') else {
                self.fault(text, "`${` without `}`");
                return None;
            };
            if let Some(value) = self.variables.get(name) {
                whole.push_str(value);
            } else {
                is_whole = false;
                self.fault(text, format!("the variable `{name}` has no value here; give it one under `variables`, or with `--var {name}=…`"));
            }
            rest = behind;
        }
        is_whole.then_some(whole + rest)
    }

    /// A text as a value of its kind.
    fn value<T, E: ToString>(&mut self, text: &Text, read: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        let whole = self.text(text)?;
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
        let known = self.known;
        texts.map(|texts| self.set(place, texts, |text| known.role(text)))
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
        if let Some(flags) = &file.auto_assign {
            self.set_to(Setting::SharedSpaces, flags.shared_space_creator.as_ref(), Value::On);
            self.set_to(Setting::PrivateContent, flags.private_analytics_content_creator.as_ref(), Value::On);
            self.set_to(Setting::DataServices, flags.data_services_contributor.as_ref(), Value::On);
        }
        if let Some(settings) = &file.group_settings {
            self.set_to(Setting::AutoCreateGroups, settings.auto_create_groups.as_ref(), Value::On);
        }
        let Some(keys) = &file.api_keys else { return };
        self.set_to(Setting::MaxKeysPerUser, keys.max_keys_per_user.as_ref(), Value::Count);
        for (setting, text) in
            [(Setting::MaxKeyLifetime, &keys.max_lifetime), (Setting::ScimKeyLifetime, &keys.scim_lifetime)]
        {
            let Some(text) = text else { continue };
            self.note(Place::of(Section::ApiKeys).at(setting), text);
            let life = self.value(text, Lifetime::new);
            self.manifest.settings.extend(life.map(|life| (setting, Value::Life(life))));
        }
    }

    fn set_to<T: Copy>(&mut self, setting: Setting, said: Option<&Spanned<T>>, value: impl Fn(T) -> Value) {
        let Some(said) = said else { return };
        self.note(Place::of(setting.section()).at(setting), said);
        self.manifest.settings.insert(setting, value(said.value));
    }

    fn things(&mut self, file: &File) {
        let known = self.known;
        let role = |text: &str| known.role(text);
        let group = |text: &str| known.group(text);
        let space = |text: &str| known.space(text);
        if let Some(roles) = &file.roles {
            self.named(&Place::of(Section::Roles), roles, role, |reader, at, name, role| {
                let description = reader.description(role.description.as_ref());
                let scopes = reader.set(&at.at("scopes"), &role.scopes, ScopeName::new);
                reader.manifest.roles.insert(name, WantedRole { description, scopes });
            });
        }
        if let Some(groups) = &file.groups {
            self.named(&Place::of(Section::Groups), groups, group, |reader, at, name, group| {
                let description = reader.description(group.description.as_ref());
                let roles = reader.roles(&at.at("roles"), group.roles.as_ref());
                reader.manifest.groups.insert((Provider::Custom, name), WantedGroup { description, roles });
            });
        }
        if let Some(groups) = &file.idp_groups {
            self.named(&Place::of(Section::IdpGroups), groups, group, |reader, at, name, group| {
                let roles = reader.roles(&at.at("roles"), group.roles.as_ref());
                let wanted = WantedGroup { description: None, roles };
                reader.manifest.groups.insert((Provider::Idp, name), wanted);
            });
        }
        if let Some(users) = &file.users {
            self.named(&Place::of(Section::Users), users, as_is, |reader, at, name, user| {
                let roles = reader.roles(&at.at("roles"), user.roles.as_ref());
                let groups = user.groups.as_ref();
                let groups = groups.map(|groups| reader.set(&at.at("groups"), groups, group));
                reader.manifest.users.insert(name, WantedUser { roles, groups });
            });
        }
        if let Some(spaces) = &file.spaces {
            self.named(&Place::of(Section::Spaces), spaces, space, |reader, at, name, space| {
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

    fn test(&mut self, test: &Test) -> Option<(Option<u64>, Expectation)> {
        let known = self.known;
        let named = [&test.user, &test.because].into_iter().flatten();
        let texts = named.chain(test.holder_of.iter().flatten()).chain(&test.can).chain(&test.cannot);
        let line = texts.map(|text| text.referenced.line()).min();
        let who = match (&test.user, &test.holder_of) {
            (Some(user), None) => Who::User(self.text(user)?),
            (None, Some(roles)) => Who::Holder(
                roles.iter().filter_map(|role| self.value(role, |text| known.role(text))).collect(),
            ),
            _ => {
                self.faults.push(Fault { line, what: "a test says either `user` or `holderOf`".to_owned() });
                return None;
            }
        };
        if test.can.is_empty() && test.cannot.is_empty() {
            self.faults.push(Fault { line, what: "a test says what somebody can or cannot do".to_owned() });
        }
        let expectation = Expectation {
            who,
            can: test.can.iter().filter_map(|scope| self.text(scope)).collect(),
            cannot: test.cannot.iter().filter_map(|scope| self.text(scope)).collect(),
            because: test.because.as_ref().and_then(|role| self.value(role, |text| known.role(text))),
        };
        Some((line, expectation))
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
