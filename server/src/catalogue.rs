//! Which scopes, default roles and resources does a product of one's own have? Read from a file, and written as one.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    ops::Range,
};

use rolecall_engine::{
    catalogue::{ActionRule, Catalogue, Condition, DefaultRole, Instance, Part, Plain, ResourceType, Scope},
    ids::RoleId,
    names::RoleName,
    scopes::{Level, ScopeIndex, ScopeName, ScopeSet},
};
use serde::{Deserialize, Serialize};
use toml::Spanned;

/// What is wrong with a catalogue, and in which line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CatalogueError {
    line: usize,
    problem: String,
}

impl fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

/// A catalogue as its file has it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    /// The scopes that `UserDefault` holds in a fresh tenant.
    #[serde(default)]
    user_default: Vec<Spanned<String>>,
    /// The roles that Everyone holds in a fresh tenant.
    #[serde(default)]
    everyone: Vec<Spanned<String>>,
    #[serde(default)]
    scope: Vec<ScopeEntry>,
    #[serde(default)]
    role: Vec<RoleEntry>,
    #[serde(default)]
    resource: Vec<ResourceEntry>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ScopeEntry {
    name: Spanned<String>,
    #[serde(default)]
    about: String,
    /// The scope that includes this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<Spanned<String>>,
    /// Whether it reaches the whole tenant.
    #[serde(default)]
    admin: bool,
    /// Whether custom roles may hold it.
    #[serde(default = "yes")]
    custom_role: bool,
    /// Whether `UserDefault` may hold it; not if it is an admin scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_default: Option<bool>,
    /// Whether OAuth clients may be given it.
    #[serde(default = "yes")]
    oauth: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RoleEntry {
    name: Spanned<String>,
    /// 24 hexadecimal digits; made from the name if not given. Whoever renames a role keeps its identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Spanned<String>>,
    #[serde(default)]
    about: String,
    /// Whether its holders administer the tenant.
    #[serde(default)]
    administrator: bool,
    #[serde(default)]
    scopes: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ResourceEntry {
    #[serde(rename = "type")]
    kind: Spanned<String>,
    #[serde(default)]
    instances: Vec<InstanceEntry>,
    #[serde(default)]
    action: Vec<ActionEntry>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct InstanceEntry {
    id: Spanned<String>,
    #[serde(default)]
    properties: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ActionEntry {
    name: Spanned<String>,
    scope: Spanned<String>,
    /// `"resource.<property>"` or `"action.<property>"`, and the value it has.
    #[serde(default)]
    when: BTreeMap<Spanned<String>, Value>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(untagged)]
enum Value {
    Boolean(bool),
    Integer(i64),
    Text(String),
}

impl From<Value> for Plain {
    fn from(value: Value) -> Self {
        match value {
            Value::Boolean(truth) => Self::Boolean(truth),
            Value::Integer(number) => Self::Integer(number),
            Value::Text(text) => Self::Text(text),
        }
    }
}

/// Scopes that Rolecall itself asks for. They are in every catalogue.
const OWN: [&str; 4] =
    [Catalogue::ADMINISTER, Catalogue::EVALUATE, Catalogue::READ_AUDITS, Catalogue::API_KEYS];

/// Reads a catalogue.
///
/// # Errors
/// When the text is not a catalogue, or says something that cannot be; with the line.
pub fn read(text: &str) -> Result<Catalogue, CatalogueError> {
    let reader = Reader { text };
    let file: File = toml::from_str(text).map_err(|error| {
        let problem = error.message().to_owned();
        reader.wrong(error.span().unwrap_or_default(), problem)
    })?;
    reader.catalogue(file)
}

/// A catalogue as a file. What only the built-in catalogue has (the vendor's `permissions`, auto-assign, promotion) is not in
/// it.
///
/// # Errors
/// When it cannot be written.
pub fn write(catalogue: &Catalogue) -> Result<String, toml::ser::Error> {
    let name_of = |at| catalogue.scope(at).map(|scope| scope.name.as_str());
    let own = |name: &str| OWN.contains(&name);
    let scope = |scope: &Scope| ScopeEntry {
        name: spanned(scope.name.as_str()),
        about: scope.about.clone(),
        parent: catalogue.parent_of(scope).map(|parent| spanned(parent.as_str())),
        admin: scope.level == Level::Admin,
        custom_role: scope.custom_role,
        user_default: Some(scope.user_default),
        oauth: scope.oauth,
    };
    let role = |role: &DefaultRole| {
        let administrator = catalogue.administers(role.id);
        let names = role.grants.iter().filter_map(name_of);
        RoleEntry {
            name: spanned(role.name.as_str()),
            id: Some(spanned(&role.id.to_string())),
            about: role.about.clone(),
            administrator,
            scopes: names.filter(|name| !administrator || !own(name)).map(spanned).collect(),
        }
    };
    let everyone = catalogue.initial_everyone.iter().filter_map(|id| catalogue.default_role(*id));
    let roles = catalogue.default_roles().filter(|role| role.id != Catalogue::USER_DEFAULT);
    toml::to_string(&File {
        user_default: catalogue.initial_user_default.iter().map(|name| spanned(name.as_str())).collect(),
        everyone: everyone.map(|role| spanned(role.name.as_str())).collect(),
        scope: catalogue.scopes().filter(|scope| !OWN.contains(&scope.name.as_str())).map(scope).collect(),
        role: roles.map(role).collect(),
        resource: catalogue.resources.iter().map(ResourceEntry::from).collect(),
    })
}

fn spanned(text: &str) -> Spanned<String> {
    Spanned::new(0..0, text.to_owned())
}

impl From<&ResourceType> for ResourceEntry {
    fn from(kind: &ResourceType) -> Self {
        let condition = |condition: &Condition| {
            let of = match condition.of {
                Part::Action => "action",
                Part::Resource => "resource",
            };
            (spanned(&format!("{of}.{}", condition.property)), Value::from(&condition.is))
        };
        let action = |rule: &ActionRule| ActionEntry {
            name: spanned(&rule.action),
            scope: spanned(rule.scope.as_str()),
            when: rule.when.iter().map(condition).collect(),
        };
        let instance = |instance: &Instance| InstanceEntry {
            id: spanned(&instance.id),
            properties: instance
                .properties
                .iter()
                .map(|(name, value)| (name.clone(), value.into()))
                .collect(),
        };
        Self {
            kind: spanned(&kind.name),
            instances: kind.instances.iter().map(instance).collect(),
            action: kind.actions.iter().map(action).collect(),
        }
    }
}

impl From<&Plain> for Value {
    fn from(value: &Plain) -> Self {
        match value {
            Plain::Boolean(truth) => Self::Boolean(*truth),
            Plain::Integer(number) => Self::Integer(*number),
            Plain::Text(text) => Self::Text(text.clone()),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn wrong(&self, span: Range<usize>, problem: impl Into<String>) -> CatalogueError {
        let before = self.text.get(..span.start).unwrap_or_default();
        CatalogueError { line: before.matches('\n').count() + 1, problem: problem.into() }
    }

    fn at<T>(&self, place: &Spanned<T>, problem: impl Into<String>) -> CatalogueError {
        self.wrong(place.span(), problem)
    }

    /// Refuses what stands twice.
    fn once<'e>(&self, names: impl Iterator<Item = &'e Spanned<String>>) -> Result<(), CatalogueError> {
        let mut seen = HashSet::new();
        for name in names {
            if !seen.insert(name.as_ref()) {
                return Err(self.at(name, format!("`{}` stands twice", name.as_ref())));
            }
        }
        Ok(())
    }

    fn catalogue(&self, file: File) -> Result<Catalogue, CatalogueError> {
        let File { user_default, everyone, scope, role, resource } = file;
        let scopes = self.scopes(scope)?;
        let bare = Catalogue::new(scopes.clone(), Vec::new());
        self.once(role.iter().map(|role| &role.name))?;
        let names: Vec<Spanned<String>> = role.iter().map(|role| role.name.clone()).collect();
        let roles = role.into_iter().map(|role| self.role(role, &bare)).collect::<Result<Vec<_>, _>>()?;
        let mut whole = Catalogue::new(scopes, roles);
        self.told_apart(&names, &whole)?;
        if !whole.default_roles().any(|role| whole.administers(role.id)) {
            let problem = "no role has `administrator = true`, so nobody could administer a tenant";
            return Err(self.wrong(0..0, problem));
        }
        let everyone = everyone.iter().map(|name| self.default_role(name, &whole));
        whole.initial_everyone = everyone.collect::<Result<_, _>>()?;
        let user_default = user_default.iter().map(|name| self.default_scope(name, &whole));
        whole.initial_user_default = user_default.collect::<Result<_, _>>()?;
        self.once(resource.iter().map(|resource| &resource.kind))?;
        let resources = resource.into_iter().map(|resource| self.resource(resource, &whole));
        whole.resources = resources.collect::<Result<_, _>>()?;
        Ok(whole)
    }

    /// Refuses two roles with the same identifier, or whose names are the same once they are in their one form.
    fn told_apart(&self, names: &[Spanned<String>], all: &Catalogue) -> Result<(), CatalogueError> {
        let (mut ids, mut forms) = (HashSet::new(), HashSet::new());
        for (role, name) in all.default_roles().zip(names) {
            if !ids.insert(role.id) || !forms.insert(&role.name) {
                return Err(self.at(name, "another role has the same `id`, or the same name"));
            }
        }
        Ok(())
    }

    fn default_role(&self, name: &Spanned<String>, all: &Catalogue) -> Result<RoleId, CatalogueError> {
        let found = all.default_roles().find(|role| role.name.as_str() == name.as_ref());
        let found = found.filter(|role| role.id != Catalogue::USER_DEFAULT).map(|role| role.id);
        found.ok_or_else(|| self.at(name, format!("there is no role `{}`", name.as_ref())))
    }

    /// The scopes, Rolecall's own first.
    fn scopes(&self, entries: Vec<ScopeEntry>) -> Result<Vec<Scope>, CatalogueError> {
        self.once(entries.iter().map(|entry| &entry.name))?;
        let qlik = Catalogue::qlik();
        let own = OWN.iter().filter_map(|name| qlik.find(name).and_then(|at| qlik.scope(at)).cloned());
        let mut scopes: Vec<Scope> = own.map(|scope| Scope { parent: None, ..scope }).collect();
        let mut parents = Vec::new();
        for entry in entries {
            let name = ScopeName::new(entry.name.as_ref())
                .map_err(|error| self.at(&entry.name, error.to_string()))?;
            if OWN.contains(&name.as_str()) {
                return Err(self.at(&entry.name, format!("`{name}` is Rolecall's own and always there")));
            }
            let user_default = entry.user_default.unwrap_or(!entry.admin && entry.custom_role);
            if user_default && (entry.admin || !entry.custom_role) {
                return Err(self.at(
                    &entry.name,
                    "`UserDefault` may hold only what custom roles may hold, and no admin scope",
                ));
            }
            parents.push((scopes.len(), entry.parent));
            scopes.push(Scope {
                name,
                level: if entry.admin { Level::Admin } else { Level::User },
                parent: None,
                about: entry.about,
                oauth: entry.oauth,
                custom_role: entry.custom_role,
                user_default,
            });
        }
        if u16::try_from(scopes.len()).is_err() {
            return Err(self.wrong(0..0, "more than 65,535 scopes"));
        }
        let children: HashSet<usize> =
            parents.iter().filter(|(_, parent)| parent.is_some()).map(|(at, _)| *at).collect();
        for (child, parent) in parents {
            let Some(parent) = parent else { continue };
            let at = scopes.iter().position(|scope| scope.name.as_str() == parent.as_ref());
            let at =
                at.ok_or_else(|| self.at(&parent, format!("there is no scope `{}`", parent.as_ref())))?;
            if children.contains(&at) {
                return Err(self.at(&parent, "a parent cannot have a parent itself"));
            }
            if let Some(scope) = scopes.get_mut(child) {
                scope.parent = ScopeIndex::new(at);
            }
        }
        Ok(scopes)
    }

    fn known_scope<'c>(
        &self,
        name: &Spanned<String>,
        all: &'c Catalogue,
    ) -> Result<&'c Scope, CatalogueError> {
        let found = all.find(name.as_ref()).and_then(|at| all.scope(at));
        found.ok_or_else(|| self.at(name, format!("there is no scope `{}`", name.as_ref())))
    }

    fn default_scope(&self, name: &Spanned<String>, all: &Catalogue) -> Result<ScopeName, CatalogueError> {
        let scope = self.known_scope(name, all)?;
        if scope.user_default {
            Ok(scope.name.clone())
        } else {
            Err(self.at(name, format!("`UserDefault` cannot hold `{}`", scope.name)))
        }
    }

    fn role(&self, entry: RoleEntry, all: &Catalogue) -> Result<DefaultRole, CatalogueError> {
        let name =
            RoleName::new(entry.name.as_ref()).map_err(|error| self.at(&entry.name, error.to_string()))?;
        if name.as_str() == "UserDefault" {
            return Err(self.at(&entry.name, "`UserDefault` is always there; see `user-default`"));
        }
        let id = match &entry.id {
            None => id_of(name.as_str()),
            Some(id) => RoleId::from_hex(id.as_ref())
                .filter(|id| *id != Catalogue::USER_DEFAULT)
                .ok_or_else(|| self.at(id, "not 24 lower-case hexadecimal digits"))?,
        };
        let mut level = if entry.administrator { Level::Admin } else { Level::User };
        let mut held = Vec::new();
        for scope in &entry.scopes {
            let scope = self.known_scope(scope, all)?;
            if scope.level == Level::Admin {
                level = Level::Admin;
            }
            held.push(scope.name.as_str());
        }
        if let (Some(scope), false) =
            (entry.scopes.iter().find(|scope| scope.as_ref() == Catalogue::ADMINISTER), entry.administrator)
        {
            return Err(self.at(scope, "say `administrator = true` instead"));
        }
        let own = OWN.into_iter().filter(|_| entry.administrator);
        let grants: ScopeSet = all.set(held.into_iter().chain(own));
        let permissions =
            grants.iter().filter_map(|at| all.scope(at)).map(|scope| scope.name.to_string()).collect();
        Ok(DefaultRole {
            id,
            name,
            level,
            about: entry.about,
            permissions,
            grants,
            promotes: false,
            auto_assign: None,
        })
    }

    fn resource(&self, entry: ResourceEntry, all: &Catalogue) -> Result<ResourceType, CatalogueError> {
        if entry.kind.as_ref() == rolecall_engine::access::TENANT {
            return Err(self.at(&entry.kind, "the type `tenant` is always there; its actions are the scopes"));
        }
        if entry.kind.as_ref() == rolecall_engine::access::SPACE {
            return Err(self.at(
                &entry.kind,
                "the type `space` is always there; its actions are what roles in spaces allow",
            ));
        }
        self.once(entry.instances.iter().map(|instance| &instance.id))?;
        for (at, action) in entry.action.iter().enumerate() {
            let earlier = entry
                .action
                .iter()
                .take(at)
                .find(|earlier| earlier.name.as_ref() == action.name.as_ref() && earlier.when.is_empty());
            if earlier.is_some() {
                return Err(self.at(&action.name, "never counts: a rule without conditions comes before it"));
            }
        }
        let actions = entry.action.into_iter().map(|action| {
            let when = action.when.into_iter().map(|(key, is)| self.condition(&key, is));
            Ok(ActionRule {
                scope: self.known_scope(&action.scope, all)?.name.clone(),
                action: action.name.into_inner(),
                when: when.collect::<Result<_, _>>()?,
            })
        });
        let instances = entry.instances.into_iter().map(|instance| Instance {
            id: instance.id.into_inner(),
            properties: instance.properties.into_iter().map(|(name, value)| (name, value.into())).collect(),
        });
        Ok(ResourceType {
            actions: actions.collect::<Result<_, CatalogueError>>()?,
            instances: instances.collect(),
            name: entry.kind.into_inner(),
        })
    }

    fn condition(&self, key: &Spanned<String>, is: Value) -> Result<Condition, CatalogueError> {
        let (of, property) = match key.as_ref().split_once('.') {
            Some(("resource", property)) => (Part::Resource, property),
            Some(("action", property)) => (Part::Action, property),
            _ => return Err(self.at(key, "a condition is about `resource.…` or `action.…`")),
        };
        Ok(Condition { of, property: property.to_owned(), is: is.into() })
    }
}

/// The identifier of a default role that is given none: it follows from the name (FNV-1a, 64 bits).
fn id_of(name: &str) -> RoleId {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    RoleId::new(0x6000_0000, hash.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "everyone = ['Reader']
user-default = ['notes']
[[scope]]
name = 'notes'
[[scope]]
name = 'notes:read'
parent = 'notes'
[[scope]]
name = 'notes:purge'
admin = true
[[role]]
name = 'Admin'
administrator = true
[[role]]
name = 'Reader'
scopes = ['notes:read']
[[resource]]
type = 'note'
instances = [{ id = 'n1', properties = { locked = true, size = 3 } }]
action = [
    { name = 'read', when = { \"resource.locked\" = true }, scope = 'notes:purge' },
    { name = 'read', scope = 'notes:read' },
]
";

    #[test]
    fn a_catalogue_is_read_as_it_is_written() {
        let catalogue = read(GOOD).unwrap();
        let admin = catalogue.default_roles().find(|role| role.name.as_str() == "Admin").unwrap();
        assert!(catalogue.administers(admin.id) && admin.level == Level::Admin);
        assert_eq!(catalogue.len(), 3 + OWN.len());
        let text = write(&catalogue).unwrap();
        let again = read(&text).unwrap();
        assert_eq!(write(&again).unwrap(), text);
        assert_eq!(again.resources, catalogue.resources);
        let ids = |catalogue: &Catalogue| catalogue.default_roles().map(|role| role.id).collect::<Vec<_>>();
        assert_eq!(ids(&again), ids(&catalogue));
        let qlik = write(&Catalogue::qlik()).unwrap();
        assert_eq!(write(&read(&qlik).unwrap()).unwrap(), qlik);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (from, to, line, problem) in [
            ("parent = 'notes'", "parent = 'note'", 7, "there is no scope `note`"),
            ("parent = 'notes'", "parent = 'notes:read'", 7, "a parent cannot have a parent"),
            ("name = 'notes:read'", "name = 'notes'", 6, "`notes` stands twice"),
            ("name = 'notes:read'", "name = 'not a scope'", 6, "not a scope name"),
            ("name = 'notes:read'", "name = 'tenant:administer'", 6, "Rolecall's own"),
            ("scopes = ['notes:read']", "scopes = ['nothing']", 16, "there is no scope `nothing`"),
            ("scopes = ['notes:read']", "scopes = ['tenant:administer']", 16, "administrator = true"),
            ("administrator = true", "administrator = false", 1, "nobody could administer"),
            ("everyone = ['Reader']", "everyone = ['Nobody']", 1, "there is no role `Nobody`"),
            ("user-default = ['notes']", "user-default = ['notes:purge']", 2, "cannot hold"),
            ("admin = true", "admin = true\nuser-default = true", 9, "no admin scope"),
            ("admin = true", "admins = true", 10, "unknown field `admins`"),
            ("resource.locked", "subject.locked", 21, "`resource.…` or `action.…`"),
            ("type = 'note'", "type = 'tenant'", 18, "always there"),
            ("type = 'note'", "type = 'space'", 18, "always there"),
            ("name = 'Reader'", "name = ' Admin'", 15, "the same name"),
            (
                "name = 'Reader'",
                "name = 'Reader'\nid = '6000000000000000000000aa'\n[[role]]\nname = 'R'\nid = '6000000000000000000000aa'",
                18,
                "the same `id`",
            ),
            ("{ \"resource.locked\" = true }", "{}", 22, "never counts"),
            ("[[role]]", "[[role]", 11, ""),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from}");
            let error = read(&text).map(|_| ()).unwrap_err();
            assert_eq!(error.line, line, "{to}: {error}");
            assert!(error.problem.contains(problem), "{to}: {error}");
        }
    }
}
