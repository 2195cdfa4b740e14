//! How does a tenant that can only be asked over the API become one that questions can be put to?
//!
//! What the API shows of roles, groups, Everyone and users becomes the engine's snapshot, so that every answer is the engine's, for a real tenant as for
//! a Rolecall. Identifiers that are none of Rolecall's, and default roles that have others there, get places of their own.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use rolecall_engine::{
    access::{Entry, Revision, Roster, Snapshot},
    catalogue::{Catalogue, Unknown},
    change::{Editor, Stamps},
    groups::{Group, GroupStatus, Provider},
    ids::{GroupId, RoleId, TenantId, UserId},
    names::{Description, DisplayName, GroupName, RoleName},
    oauth::BOT,
    periods::Assigned,
    roles::{Role, RoleKind},
    scopes::{Level, ScopeName},
    tenants::{self, TenantStatus},
    users::UserStatus,
};
use rolecall_server::Clock;
use serde::Deserialize;
use serde_json::Value;
use tokio::try_join;

use crate::{api::Client, members::Members as _};

/// A role or a group that another thing refers to.
#[derive(Debug, Clone, Deserialize)]
pub struct Reference {
    /// The identifier.
    pub id: String,
    /// The name.
    #[serde(default)]
    pub name: Option<String>,
}

/// A role, as the API shows it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadRole {
    /// The identifier.
    pub id: String,
    /// The name.
    pub name: String,
    /// `default` or `custom`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `admin` or `user`.
    #[serde(default)]
    pub level: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What it grants, if it is a custom one or `UserDefault`.
    #[serde(default)]
    pub assigned_scopes: Option<Vec<String>>,
}

/// A group, as the API shows it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadGroup {
    /// The identifier.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// `idp` or `custom`; system groups may have none.
    #[serde(default)]
    pub provider_type: Option<String>,
    /// `active` or `disabled`.
    #[serde(default)]
    pub status: Option<String>,
    /// The roles of its members.
    #[serde(default)]
    pub assigned_roles: Option<Vec<Reference>>,
}

/// A user, as the API shows one.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadUser {
    /// The identifier.
    pub id: String,
    /// What the identity provider calls the user.
    pub subject: String,
    /// The name to show.
    #[serde(default)]
    pub name: String,
    /// The address.
    #[serde(default)]
    pub email: Option<String>,
    /// Where the user stands.
    #[serde(default)]
    pub status: Option<String>,
    /// The OAuth client that acts as this user.
    #[serde(default)]
    pub client_id: Option<String>,
    /// When the user was made.
    #[serde(default)]
    pub created_at: Option<String>,
    /// The direct roles.
    #[serde(default)]
    pub assigned_roles: Option<Vec<Reference>>,
    /// The groups, without Everyone.
    #[serde(default)]
    pub assigned_groups: Option<Vec<Reference>>,
}

impl ReadUser {
    /// Whether an OAuth client acts as this user.
    pub fn is_bot(&self) -> bool {
        self.client_id.is_some() || self.subject.starts_with(BOT)
    }
}

/// A tenant that was read.
pub struct Tenant {
    /// The engine's view of it.
    pub snapshot: Snapshot,
    /// The tenant and its settings, as the API shows them.
    pub about: Value,
    /// The roles.
    pub roles: Vec<ReadRole>,
    /// The groups, Everyone first.
    pub groups: Vec<ReadGroup>,
    /// The users, with their identifiers in the snapshot.
    pub users: Vec<(UserId, ReadUser)>,
    /// Default roles of which it is not known what they grant.
    pub unknown_roles: Vec<String>,
}

/// Reads all that decides about access in a tenant. `catalogue` is what the product's default roles and scopes are.
///
/// # Errors
/// When the key's user may not see it, or the server does not answer.
pub async fn read(client: &Client, mut catalogue: Catalogue) -> anyhow::Result<Tenant> {
    refuse_other_catalogue(client, &catalogue).await?;
    // A real tenant may have newer scopes; they count as what they are called.
    catalogue.unknown = Unknown::Accept;
    let (about, roles, mut groups, others, users) = try_join!(
        client.get("/api/v1/tenants/me", &[]),
        client.all("/api/v1/roles", &[]),
        client.all("/api/v1/groups", &[("systemGroups", "true")]),
        client.all("/api/v1/groups", &[]),
        client.all("/api/v1/users", &[]),
    )?;
    groups.extend::<Vec<ReadGroup>>(others);
    compiled(about, roles, groups, users, catalogue)
}

/// Why a tenant was not read: its scopes are not those that are known here.
#[derive(Debug, thiserror::Error)]
#[error("the server has a catalogue of its own; name its file with `--catalogue`")]
pub struct OtherCatalogue;

/// Refuses a server whose catalogue is not the one that answers would be computed by.
async fn refuse_other_catalogue(client: &Client, catalogue: &Catalogue) -> anyhow::Result<()> {
    let Some(scopes) = client.scopes().await? else { return Ok(()) };
    let mut names = scopes.iter().filter_map(|scope| scope.member("name").as_str());
    match names.find(|name| catalogue.find(name).is_none()) {
        Some(_) => Err(OtherCatalogue.into()),
        None => Ok(()),
    }
}

/// The places of what was read in the snapshot.
struct Places {
    roles: HashMap<String, RoleId>,
    groups: HashMap<String, GroupId>,
}

impl Places {
    fn roles(&self, named: Option<&Vec<Reference>>) -> Vec<RoleId> {
        named.into_iter().flatten().filter_map(|role| self.roles.get(&role.id).copied()).collect()
    }

    fn groups(&self, named: Option<&Vec<Reference>>) -> Vec<Assigned<GroupId>> {
        let groups = named.into_iter().flatten();
        groups.filter_map(|group| self.groups.get(&group.id).copied().map(Assigned::from)).collect()
    }
}

/// The roles that users and groups have and the list of roles hides (reference/rest-api.md §2.6).
fn hidden(roles: &[ReadRole], groups: &[ReadGroup], users: &[ReadUser]) -> Vec<ReadRole> {
    let mut told: HashSet<&str> = roles.iter().map(|role| role.id.as_str()).collect();
    let held = groups.iter().map(|group| &group.assigned_roles);
    let held = held.chain(users.iter().map(|user| &user.assigned_roles)).flatten().flatten();
    let role = |held: &Reference| {
        Some(ReadRole {
            id: held.id.clone(),
            name: held.name.clone()?,
            kind: "default".to_owned(),
            level: None,
            description: String::new(),
            assigned_scopes: None,
        })
    };
    held.filter(|held| told.insert(&held.id)).filter_map(role).collect()
}

/// What was read, for an engine that knows of no API.
///
/// # Errors
/// When something in it cannot be.
pub fn compiled(
    about: Value,
    mut roles: Vec<ReadRole>,
    groups: Vec<ReadGroup>,
    users: Vec<ReadUser>,
    catalogue: Catalogue,
) -> anyhow::Result<Tenant> {
    let editor = Editor::system(Clock::default().now());
    let catalogue = Arc::new(catalogue);
    let mut snapshot =
        Snapshot::new(Arc::clone(&catalogue), tenant(&about, &editor)?, Revision(1), editor.at);
    roles.extend(hidden(&roles, &groups, &users));
    let mut places = Places { roles: HashMap::new(), groups: HashMap::new() };
    let mut unknown_roles = Vec::new();
    for (at, role) in roles.iter().enumerate() {
        let known = catalogue.default_roles().find(|known| known.name.as_str() == role.name);
        let id = known.filter(|_| role.kind == "default").map(|known| known.id);
        if id.is_none() && role.kind == "default" {
            unknown_roles.push(role.name.clone());
        }
        let id = id.or_else(|| RoleId::from_hex(&role.id)).unwrap_or_else(|| RoleId::new(0, place(at)));
        snapshot.put_role(&engine_role(role, id, &catalogue, &editor)?);
        places.roles.insert(role.id.clone(), id);
    }
    for (at, group) in groups.iter().enumerate() {
        let id = GroupId::from_hex(&group.id).unwrap_or_else(|| GroupId::new(0, place(at)));
        snapshot.put_group(&engine_group(group, id, &places, &editor));
        places.groups.insert(group.id.clone(), id);
    }
    let users: Vec<(UserId, ReadUser)> = users
        .into_iter()
        .filter(|user| user.status.as_deref() != Some("deleted"))
        .enumerate()
        .map(|(at, user)| (UserId::from_hex(&user.id).unwrap_or_else(|| UserId::new(0, place(at))), user))
        .collect();
    let mut roster = Roster::default();
    for (id, user) in &users {
        if user.assigned_roles.is_none() {
            bail!("the roles of users are not shown to the key's user; that takes a TenantAdmin");
        }
        let roles: Vec<Assigned<RoleId>> =
            places.roles(user.assigned_roles.as_ref()).into_iter().map(Assigned::from).collect();
        let groups = places.groups(user.assigned_groups.as_ref());
        roster.add(
            &snapshot,
            &Entry {
                id: *id,
                status: status(user)?,
                bot: user.is_bot(),
                subject: &user.subject,
                email: user.email.as_deref(),
                roles: &roles,
                groups: &groups,
            },
        );
    }
    snapshot.put_users(roster);
    Ok(Tenant { snapshot, about, roles, groups, users, unknown_roles })
}

/// The part of an identifier that tells things apart which have others than Rolecall makes.
fn place(at: usize) -> [u8; 8] {
    u64::try_from(at).unwrap_or(u64::MAX).to_be_bytes()
}

fn tenant(about: &Value, editor: &Editor) -> anyhow::Result<tenants::Tenant> {
    let id = about.member("id").as_str().and_then(|id| id.parse().ok()).unwrap_or(TenantId::new([0; 32]));
    let name = DisplayName::stored(about.member("name").as_str().unwrap_or_default().to_owned());
    let mut tenant = tenants::Tenant::create(id, name, Vec::new(), editor).value;
    if let Some(status) = about.member("status").as_str() {
        tenant.status = status.parse::<TenantStatus>().context("the tenant's status is not known")?;
    }
    Ok(tenant)
}

fn status(user: &ReadUser) -> anyhow::Result<UserStatus> {
    let status = user.status.as_deref().unwrap_or("active");
    status.parse().with_context(|| format!("the status `{status}` of `{}` is not known", user.subject))
}

fn engine_role(role: &ReadRole, id: RoleId, catalogue: &Catalogue, editor: &Editor) -> anyhow::Result<Role> {
    let kind = match role.kind.as_str() {
        "default" if id == catalogue.user_default => RoleKind::UserDefault,
        "default" => RoleKind::Default,
        _ => RoleKind::Custom,
    };
    let scope = |name: &String| {
        ScopeName::new(name).with_context(|| format!("the role `{}` has the scope `{name}`", role.name))
    };
    Ok(Role {
        id,
        name: RoleName::stored(role.name.clone()),
        kind,
        level: if role.level.as_deref() == Some("admin") { Level::Admin } else { Level::User },
        description: Description::stored(role.description.clone()),
        scopes: role.assigned_scopes.iter().flatten().map(scope).collect::<Result<_, _>>()?,
        stamps: Stamps::new(editor),
    })
}

fn engine_group(group: &ReadGroup, id: GroupId, places: &Places, editor: &Editor) -> Group {
    Group {
        id,
        name: GroupName::stored(group.name.clone()),
        provider: match group.provider_type.as_deref() {
            _ if id == GroupId::EVERYONE => Provider::System,
            Some("custom") => Provider::Custom,
            _ => Provider::Idp,
        },
        status: match group.status.as_deref() {
            Some("disabled") => GroupStatus::Disabled,
            _ => GroupStatus::Active,
        },
        description: group.description.clone().map(Description::stored),
        external_id: None,
        roles: places.roles(group.assigned_roles.as_ref()),
        stamps: Stamps::new(editor),
    }
}

#[cfg(test)]
mod tests {
    use rolecall_engine::access::{Query, decide};
    use serde_json::json;

    use super::*;

    fn list<T: serde::de::DeserializeOwned>(value: Value) -> Vec<T> {
        serde_json::from_value(value).unwrap()
    }

    /// A real tenant has other identifiers for default roles, old ones for users, and things that are newer than the catalogue.
    #[test]
    fn a_tenant_from_elsewhere_is_judged_by_the_same_rules() {
        let roles = json!([
            {"id": "62b9d3c2a1b2c3d4e5f60001", "name": "TenantAdmin", "type": "default", "level": "admin"},
            {"id": "62b9d3c2a1b2c3d4e5f60002", "name": "UserDefault", "type": "default", "assignedScopes": ["notes"]},
            {"id": "62b9d3c2a1b2c3d4e5f60003", "name": "BrandNew", "type": "default"},
            {"id": "62b9d3c2a1b2c3d4e5f60004", "name": "Own", "type": "custom", "assignedScopes": ["brand.new"]},
        ]);
        let groups = json!([
            {"id": "000000000000000000000001", "name": "com.qlik.Everyone", "assignedRoles": []},
            {"id": "62b9d3c2a1b2c3d4e5f60005", "name": "Team", "providerType": "custom",
                "assignedRoles": [{"id": "62b9d3c2a1b2c3d4e5f60004", "name": "Own"},
                    {"id": "62b9d3c2a1b2c3d4e5f60008", "name": "Hidden"}]},
        ]);
        let users = json!([
            {"id": "aB3_xYz-aB3_xYz-aB3_xYz-aB3_xYz-", "subject": "old", "status": "active",
                "assignedRoles": [{"id": "62b9d3c2a1b2c3d4e5f60001", "name": "TenantAdmin"}]},
            {"id": "62b9d3c2a1b2c3d4e5f60006", "subject": "new", "status": "active", "assignedRoles": [],
                "assignedGroups": [{"id": "62b9d3c2a1b2c3d4e5f60005", "name": "Team"}]},
            {"id": "62b9d3c2a1b2c3d4e5f60007", "subject": "gone", "status": "deleted", "assignedRoles": []},
        ]);
        let mut catalogue = Catalogue::qlik();
        catalogue.unknown = Unknown::Accept;
        let about = json!({"id": "t", "name": "Elsewhere", "status": "active"});
        let read = compiled(about, list(roles), list(groups), list(users), catalogue).unwrap();
        assert_eq!(read.unknown_roles, ["BrandNew", "Hidden"]);
        let subjects: Vec<&str> = read.users.iter().map(|(_, user)| user.subject.as_str()).collect();
        assert_eq!(subjects, ["old", "new"]);
        for (subject, scope, may) in [
            ("old", Catalogue::ADMINISTER, true),
            ("old", "notes", true),
            ("old", "brand.new", false),
            ("new", Catalogue::ADMINISTER, false),
            ("new", "notes", true),
            ("new", "brand.new", true),
        ] {
            let user = read.snapshot.user_with_subject(subject).unwrap();
            let decision = decide(&read.snapshot, &Query { user, scope });
            assert_eq!(decision.is_allowed(), may, "{subject} {scope}");
        }
    }
}
