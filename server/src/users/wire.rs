//! What do users look like outside? (reference/rest-api.md §3.2, §3.3, §3.5)

use rolecall_engine::{
    access::{GroupFacts, Snapshot},
    assignments,
    names::{DisplayName, Email, NameError, Setting, Subject},
    scopes::ScopeName,
    time::Timestamp,
    users::{self, UserOp, UserStatus},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    groups::wire::{GroupChoice, group_choices},
    http::patch::{Form, Operation, Operations, of},
    links::{Link, SelfLink},
    roles::wire::{RoleChoice, RoleRef, role_choices},
};

/// A user. Members that were not asked for, have no value or may not be seen are left out.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The tenant the user is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// What the identity provider calls the user; unique in the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The address of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// The language the identity provider knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The time zone the identity provider knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    /// The language the user chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_locale: Option<String>,
    /// The time zone the user chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_zoneinfo: Option<String>,
    /// `active`, `invited`, `disabled` or `provisioned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    /// When the invitation ends, in seconds since 1970; only while invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_expiry: Option<i64>,
    /// The OAuth client of a bot user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Direct roles; for administrators and the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_roles: Option<Vec<RoleRef>>,
    /// The groups the user is in, without Everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_groups: Option<Vec<GroupRef>>,
    /// Every scope the user is granted by any path; for administrators and the user. In lists only if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_scopes: Option<Vec<String>>,
    /// When the user was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When the user was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_updated_at: Option<String>,
    /// Where the user is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<SelfLink>,
}

/// A group within a user.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupRef {
    /// 24 hexadecimal digits.
    pub id: String,
    /// Unique among the groups of the provider type.
    pub name: String,
    /// `idp` or `custom`.
    pub provider_type: &'static str,
    /// The roles its members hold; for administrators and the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_roles: Option<Vec<RoleRef>>,
}

/// The members of a user that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// All but those that are only shown if asked for.
    Default,
    /// All of them.
    All,
    /// These, and the identifier. Names that no member has are ignored.
    Only(Vec<String>),
}

impl Fields {
    /// Reads a list of names with commas between them.
    pub fn read(names: &str) -> Self {
        Self::Only(names.split(',').map(|name| name.trim().to_owned()).collect())
    }

    /// Whether a member is asked for.
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::Default => name != "assignedScopes",
            Self::All => true,
            Self::Only(names) => names.iter().any(|known| known == name),
        }
    }

    /// Whether only members are asked for that the tenant's snapshot has.
    pub fn are_in_snapshot(&self) -> bool {
        const THERE: &[&str] =
            &["id", "tenantId", "status", "assignedRoles", "assignedGroups", "assignedScopes", "links"];
        match self {
            Self::Default | Self::All => false,
            Self::Only(names) => names.iter().all(|name| THERE.contains(&name.as_str())),
        }
    }
}

/// What a user is shown with.
#[derive(Clone, Copy)]
pub struct View<'v> {
    pub tenant: &'v Snapshot,
    pub fields: &'v Fields,
    /// Whether the roles may be seen.
    pub roles: bool,
}

impl View<'_> {
    fn group_ref(&self, group: &GroupFacts) -> GroupRef {
        let roles = || self.tenant.roles_of_group(group).map(RoleRef::from).collect();
        GroupRef {
            id: group.id.to_string(),
            name: group.name.to_string(),
            provider_type: group.provider.as_str(),
            assigned_roles: self.roles.then(roles),
        }
    }
}

impl User {
    /// A user as its row and the tenant's snapshot have it.
    pub fn new(user: &users::User, view: View<'_>, link: Link) -> Self {
        let asked = |name, value: Option<&str>| value.filter(|_| view.fields.has(name)).map(str::to_owned);
        let setting = |name, value: &Option<Setting>| asked(name, value.as_ref().map(Setting::as_str));
        Self {
            subject: asked("subject", Some(user.subject.as_str())),
            name: asked("name", Some(user.name.as_str())),
            email: asked("email", user.email.as_ref().map(Email::as_str)),
            picture: setting("picture", &user.picture),
            locale: setting("locale", &user.locale),
            zoneinfo: setting("zoneinfo", &user.zoneinfo),
            preferred_locale: setting("preferredLocale", &user.preferred_locale),
            preferred_zoneinfo: setting("preferredZoneinfo", &user.preferred_zoneinfo),
            status: view.fields.has("status").then(|| user.status.as_str()),
            invite_expiry: user
                .invite_expires_at
                .filter(|_| view.fields.has("inviteExpiry"))
                .map(Timestamp::as_seconds),
            client_id: setting("clientId", &user.client_id),
            created_at: view.fields.has("createdAt").then(|| user.created_at.to_string()),
            last_updated_at: view.fields.has("lastUpdatedAt").then(|| user.updated_at.to_string()),
            ..Self::of_snapshot(user.id, view, link)
        }
    }

    /// What the tenant's snapshot alone has of a user.
    pub fn of_snapshot(id: rolecall_engine::ids::UserId, view: View<'_>, link: Link) -> Self {
        let View { tenant, fields, roles } = view;
        let facts = tenant.user(id);
        let scopes = |facts| {
            let granted = tenant.effective(facts);
            granted.iter().filter_map(|scope| tenant.scope_name(scope)).map(ScopeName::to_string).collect()
        };
        Self {
            id: id.to_string(),
            tenant_id: fields.has("tenantId").then(|| tenant.tenant().id.to_string()),
            status: facts.filter(|_| fields.has("status")).map(|facts| facts.status.as_str()),
            assigned_roles: facts
                .filter(|_| roles && fields.has("assignedRoles"))
                .map(|facts| tenant.direct_roles(facts).map(RoleRef::from).collect()),
            assigned_groups: facts
                .filter(|_| fields.has("assignedGroups"))
                .map(|facts| tenant.memberships(facts).map(|group| view.group_ref(group)).collect()),
            assigned_scopes: facts.filter(|_| roles && fields.has("assignedScopes")).map(scopes),
            links: fields.has("links").then(|| link.into()),
            ..Self::default()
        }
    }
}

/// A user to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewUser {
    /// What the identity provider calls the user; unique in the tenant.
    subject: String,
    /// The name to show.
    name: Option<String>,
    /// The address; needed to invite.
    email: Option<String>,
    /// The address of a picture.
    picture: Option<String>,
    /// The caller's tenant, if given.
    tenant_id: Option<String>,
    /// `active` (if not given) or `invited`.
    status: Option<String>,
    /// Direct roles, by identifier or by name.
    assigned_roles: Option<Vec<RoleChoice>>,
    /// Deprecated: direct roles by name.
    roles: Option<Vec<String>>,
}

impl NewUser {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self, tenant: &Snapshot) -> Result<users::NewUser, Error> {
        let Self { subject, name, email, picture, tenant_id, status, assigned_roles, roles } = self;
        if tenant_id.is_some_and(|id| id != tenant.tenant().id.as_str()) {
            return Err(Error::at_pointer("/tenantId", "a user can only be made in the caller's own tenant"));
        }
        let invited = match status.as_deref() {
            None | Some("active") => false,
            Some("invited") => true,
            Some(other) => {
                return Err(Error::at_pointer(
                    "/status",
                    format!("a user cannot be made `{other}`; use `active` or `invited`"),
                ));
            }
        };
        let legacy = || roles.unwrap_or_default().into_iter().map(assignments::RoleRef::Name).collect();
        Ok(users::NewUser {
            subject: Subject::new(&subject).map_err(|error| Error::at_pointer("/subject", error))?,
            name: optional(name, "/name", DisplayName::new)?,
            email: optional(email, "/email", Email::new)?,
            picture: optional(picture, "/picture", Setting::new)?,
            invited,
            roles: assigned_roles
                .map_or_else(|| Ok(legacy()), |roles| role_choices(roles, "/assignedRoles"))?,
        })
    }
}

/// A value that may be left out; an empty text counts as left out.
fn optional<T>(
    text: Option<String>,
    at: &str,
    read: fn(&str) -> Result<T, NameError>,
) -> Result<Option<T>, Error> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| read(&text)).transpose().map_err(|error| Error::at_pointer(at, error))
}

impl Operations for UserOp {
    /// What the contract lists, what its examples use besides, and the deprecated `set`, `unset` and `/roles`.
    const FORMS: &'static [Form] = &[
        ("replace", "/name", of::<String>),
        ("replace", "/email", of::<String>),
        ("replace", "/status", of::<String>),
        ("replace", "/preferredLocale", of::<String>),
        ("replace", "/preferredZoneinfo", of::<String>),
        ("replace", "/preferredZoneInfo", of::<String>),
        ("replace", "/inviteExpiry", of::<i64>),
        ("renew", "/inviteExpiry", of::<serde_json::Value>),
        ("replace", "/assignedRoles", of::<Vec<RoleChoice>>),
        ("add", "/assignedRoles/-", of::<RoleChoice>),
        ("add", "/assignedRoles", of::<RoleChoice>),
        ("remove-value", "/assignedRoles", of::<RoleChoice>),
        ("replace", "/assignedGroups", of::<Vec<GroupChoice>>),
        ("add", "/assignedGroups/-", of::<GroupChoice>),
        ("add", "/assignedGroups", of::<GroupChoice>),
        ("remove-value", "/assignedGroups", of::<GroupChoice>),
        ("replace", "/roles", of::<Vec<String>>),
        ("set", "/name", of::<String>),
        ("set", "/status", of::<String>),
        ("set", "/preferredLocale", of::<String>),
        ("set", "/preferredZoneinfo", of::<String>),
        ("set", "/assignedRoles", of::<Vec<RoleChoice>>),
        ("set", "/assignedGroups", of::<Vec<GroupChoice>>),
        ("set", "/roles", of::<Vec<String>>),
        ("unset", "/roles", of::<Vec<String>>),
        ("unset", "/preferredLocale", of::<serde_json::Value>),
        ("unset", "/preferredZoneinfo", of::<serde_json::Value>),
    ];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        Ok(Some(match operation.form() {
            ("replace" | "set", "/name") => Self::Rename(operation.text(DisplayName::new)?),
            ("replace", "/email") => Self::SetEmail(operation.text(Email::new)?),
            ("replace" | "set", "/status") => Self::SetStatus(status(operation)?),
            ("unset", "/preferredLocale") => Self::PreferLocale(None),
            ("unset", "/preferredZoneinfo") => Self::PreferZoneinfo(None),
            (_, "/preferredLocale") => Self::PreferLocale(preference(operation)?),
            (_, "/preferredZoneinfo" | "/preferredZoneInfo") => Self::PreferZoneinfo(preference(operation)?),
            ("renew", "/inviteExpiry") => Self::RenewInvite,
            (_, "/inviteExpiry") => Self::SetInviteExpiry(invite_expiry(operation)?),
            ("unset", "/roles") => Self::RemoveRoles(names(operation)?),
            (_, "/roles") => Self::ReplaceRoles(names(operation)?),
            (op, "/assignedRoles" | "/assignedRoles/-") => read_roles(op, operation)?,
            (op, "/assignedGroups" | "/assignedGroups/-") => read_groups(op, operation)?,
            _ => return Ok(None),
        }))
    }
}

fn read_roles(op: &str, operation: &Operation) -> Result<UserOp, Error> {
    let place = operation.place();
    let one = || operation.value::<RoleChoice>()?.read(&place);
    match op {
        "add" => one().map(UserOp::AddRole),
        "remove-value" => one().map(|role| UserOp::RemoveRoles(vec![role])),
        _ => role_choices(operation.value()?, &place).map(UserOp::ReplaceRoles),
    }
}

fn read_groups(op: &str, operation: &Operation) -> Result<UserOp, Error> {
    let place = operation.place();
    let one = || operation.value::<GroupChoice>()?.read(&place);
    match op {
        "add" => one().map(UserOp::AddGroup),
        "remove-value" => one().map(UserOp::RemoveGroup),
        _ => group_choices(operation.value()?, &place).map(UserOp::ReplaceGroups),
    }
}

fn status(operation: &Operation) -> Result<UserStatus, Error> {
    operation.value::<String>()?.parse().map_err(|error| operation.wrong(error))
}

/// A preference; an empty text takes it back.
fn preference(operation: &Operation) -> Result<Option<Setting>, Error> {
    let text: String = operation.value()?;
    if text.is_empty() { Ok(None) } else { operation.text(Setting::new).map(Some) }
}

fn invite_expiry(operation: &Operation) -> Result<Timestamp, Error> {
    let millis = operation.value::<i64>()?.checked_mul(1000);
    millis.map(Timestamp::from_millis).ok_or_else(|| operation.wrong("must be seconds since 1970"))
}

fn names(operation: &Operation) -> Result<Vec<assignments::RoleRef>, Error> {
    Ok(operation.value::<Vec<String>>()?.into_iter().map(assignments::RoleRef::Name).collect())
}

/// The number of users.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Count {
    /// Users in the tenant.
    pub total: usize,
}
