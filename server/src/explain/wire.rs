//! What do explanations look like?

use rolecall_engine::{
    access::{self, Path, Snapshot, Way as EngineWay},
    ids::UserId,
    names::Email,
    scopes::ScopeName,
    users::User,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::roles::wire::RoleRef;

/// How a user has a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "GrantSource")]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Assigned to the user.
    Direct,
    /// Assigned to a group the user is in.
    Group,
    /// Assigned to Everyone.
    Everyone,
    /// The role every user has.
    UserDefault,
}

impl std::str::FromStr for Source {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "direct" => Ok(Self::Direct),
            "group" => Ok(Self::Group),
            "everyone" => Ok(Self::Everyone),
            "user-default" => Ok(Self::UserDefault),
            _ => Err("must be `direct`, `group`, `everyone` or `user-default`"),
        }
    }
}

impl From<Path> for Source {
    fn from(path: Path) -> Self {
        match path {
            Path::UserDefault => Self::UserDefault,
            Path::Direct => Self::Direct,
            Path::Group(_) => Self::Group,
            Path::Everyone => Self::Everyone,
        }
    }
}

/// A group a role comes by.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "GrantGroup")]
pub struct Group {
    /// 24 hexadecimal digits.
    pub id: String,
    /// Unique among the groups of its provider.
    pub name: String,
}

/// One way in which a user is granted something. It is enough by itself.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Grant")]
#[serde(rename_all = "camelCase")]
pub struct Way {
    /// How the user has the role.
    pub source: Source,
    /// The role.
    pub role: RoleRef,
    /// The group the role comes by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// The scope the role holds, if it is a parent of the one in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_scope: Option<String>,
    /// When it ends by itself; only explanations say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// What takes this way away.
    pub remove: String,
}

impl From<EngineWay<'_>> for Way {
    fn from(way: EngineWay<'_>) -> Self {
        Self {
            source: way.path.into(),
            role: RoleRef::from(way.role),
            group: way.group.map(|group| Group { id: group.id.to_string(), name: group.name.to_string() }),
            parent_scope: way.parent.map(ScopeName::to_string),
            expires_at: way.expires_at.map(|at| at.to_string()),
            remove: way.end(),
        }
    }
}

/// A user, with what people know them by.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "KnownUser")]
pub struct Person {
    /// 24 hexadecimal digits.
    pub id: String,
    /// What the identity provider calls the user.
    pub subject: String,
    /// The name to show.
    pub name: String,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// `active`, `invited`, `disabled` or `provisioned`.
    pub status: &'static str,
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            subject: user.subject.to_string(),
            name: user.name.to_string(),
            email: user.email.as_ref().map(Email::to_string),
            status: user.status.as_str(),
        }
    }
}

/// Why a user may use a scope, or may not.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explanation {
    /// The user; none if there is no such one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Person>,
    /// The scope.
    pub scope: String,
    /// Whether the user may.
    pub decision: bool,
    /// A word for programs, as in decisions.
    pub code: &'static str,
    /// The same for people.
    pub reason: String,
    /// The ways in which it is granted, at most 100. All have to go to take it away; more than one means that some are
    /// redundant.
    pub grants: Vec<Way>,
    /// The roles that would grant it, where nothing does; for those who may ask about others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<RoleRef>>,
    /// How often the tenant was changed before the state that was looked at.
    pub revision: i64,
}

impl Explanation {
    pub fn new(
        explained: access::Explanation<'_>,
        scope: &str,
        user: Option<Person>,
        tenant: &Snapshot,
        sees_roles: bool,
    ) -> Self {
        let code = match explained.decision {
            access::Decision::Allowed(_) | access::Decision::AllowedInSpace(_) => "granted",
            access::Decision::Kept => "kept",
            access::Decision::Denied(why) => why.code(),
        };
        Self {
            user,
            scope: scope.to_owned(),
            decision: explained.decision.is_allowed(),
            code,
            reason: explained.to_string(),
            grants: explained.ways.into_iter().map(Way::from).collect(),
            missing: sees_roles.then(|| explained.missing.into_iter().map(RoleRef::from).collect()),
            revision: tenant.revision().0,
        }
    }
}

/// A scope a user is granted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GrantedScope {
    /// The scope.
    pub scope: String,
    /// The ways in which it is granted; at most ten, an explanation has more.
    pub grants: Vec<Way>,
}

/// Everything a user is granted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Effective {
    /// The user. Whoever is not active may use none of the scopes.
    pub user: Person,
    /// The scopes, each with the ways it comes by.
    pub scopes: Vec<GrantedScope>,
    /// How often the tenant was changed before the state that was looked at.
    pub revision: i64,
}

/// Ways that are told of each scope or user in a list.
pub const WAYS: usize = 10;

/// The scopes of a user with their ways, in the order of their names.
pub fn scopes_of(tenant: &Snapshot, user: UserId) -> Vec<GrantedScope> {
    let facts = tenant.user(user);
    let scopes = facts.into_iter().flat_map(|facts| tenant.sources(facts, WAYS).collect::<Vec<_>>());
    let mut scopes: Vec<GrantedScope> = scopes
        .map(|(scope, ways)| GrantedScope {
            scope: scope.to_string(),
            grants: ways.into_iter().map(Way::from).collect(),
        })
        .collect();
    scopes.sort_unstable_by(|a, b| a.scope.cmp(&b.scope));
    scopes
}

/// A user who is granted what was asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Holder {
    /// The user.
    pub user: Person,
    /// The ways in which it is granted; at most ten, an explanation has more.
    pub grants: Vec<Way>,
}

/// What two users are granted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The one.
    pub user: Person,
    /// The other.
    pub with: Person,
    /// What only the one is granted.
    pub only_user: Vec<GrantedScope>,
    /// What only the other is granted.
    pub only_with: Vec<GrantedScope>,
    /// What both are granted.
    pub both: Vec<String>,
}
