//! Which event does a change make, and what does it say? (reference/events.md §2, §3)

use rolecall_engine::{
    access::Snapshot,
    api_keys::{ApiKey, KeySubject},
    change::{Change, Delta},
    groups::Group,
    ids::{GroupId, RoleId},
    licenses::LicenseAssignment,
    names::{Description, Email, Setting},
    roles::{Role, RoleKind},
    scopes::ScopeName,
    tenants::Tenant,
    users::User,
};
use serde_json::{Map, Value, json};

/// What happened, in the words of the contract.
pub struct Event {
    /// The type, for example `com.qlik.core.role.updated`.
    pub kind: &'static str,
    /// The identifier of the changed thing.
    pub resource: String,
    /// The thing as it is now, or was if it is gone, as JSON.
    pub data: String,
    /// The members that differ from before, as JSON: `[{"path", "oldValue", "newValue"}]`.
    pub updates: Option<String>,
}

/// The types of the events that a thing makes when it is created, updated and deleted.
struct Kinds(&'static str, &'static str, &'static str);

const ROLE: Kinds =
    Kinds("com.qlik.core.role.created", "com.qlik.core.role.updated", "com.qlik.core.role.deleted");
const GROUP: Kinds =
    Kinds("com.qlik.core.group.created", "com.qlik.core.group.updated", "com.qlik.core.group.deleted");
const USER: Kinds =
    Kinds("com.qlik.core.user.created", "com.qlik.core.user.updated", "com.qlik.core.user.deleted");
const TENANT: Kinds = Kinds("com.qlik.tenant.created", "com.qlik.tenant.updated", "com.qlik.tenant.deleted");
const API_KEY: Kinds =
    Kinds("com.qlik.core.api-key.created", "com.qlik.core.api-key.updated", "com.qlik.core.api-key.deleted");
/// The contract has no event for these; the names are ours.
const LICENSE: Kinds = Kinds(
    "rolecall.license-assignment.created",
    "rolecall.license-assignment.updated",
    "rolecall.license-assignment.deleted",
);

/// The event of a change. `tenant` gives names to the roles and groups that the change refers to.
pub fn of(change: &Change, tenant: &Snapshot) -> Event {
    match change {
        Change::Role(delta) => {
            event(&ROLE, delta, |role| role.id.to_string(), |role| role_members(role, tenant))
        }
        Change::Group(delta) => {
            event(&GROUP, delta, |group| group.id.to_string(), |group| group_members(group, tenant))
        }
        Change::User(delta) => {
            event(&USER, delta, |user| user.id.to_string(), |user| user_members(user, tenant))
        }
        Change::Tenant(delta) => {
            event(tenant_kinds(delta), delta, |tenant| tenant.id.to_string(), tenant_members)
        }
        Change::ApiKey(delta) => event(&API_KEY, delta, |key| key.id.to_string(), key_members),
        Change::License(delta) => {
            event(&LICENSE, delta, |license| license.subject.to_string(), license_members)
        }
    }
}

/// The events of a tenant. Settings of which the contract has events of their own are edited one kind at a time.
fn tenant_kinds(delta: &Delta<Tenant>) -> &'static Kinds {
    let Delta::Updated { before, after } = delta else { return &TENANT };
    if before.auto_create_groups != after.auto_create_groups {
        &Kinds("", "com.qlik.core.group-setting.updated", "")
    } else if before.api_keys != after.api_keys {
        &Kinds("", "com.qlik.api-keys-config.updated", "")
    } else if before.licenses != after.licenses {
        &Kinds("", "rolecall.license-settings.updated", "")
    } else {
        &TENANT
    }
}

type Members<const N: usize> = [(&'static str, Value); N];

/// The member that changes with every update and says nothing about it.
const LAST_UPDATED: &str = "lastUpdatedAt";

fn event<T, const N: usize>(
    kinds: &Kinds,
    delta: &Delta<T>,
    resource: impl Fn(&T) -> String,
    members: impl Fn(&T) -> Members<N>,
) -> Event {
    let latest = members(delta.latest());
    let (kind, updates) = match delta {
        Delta::Created(_) => (kinds.0, None),
        Delta::Updated { before, .. } => (kinds.1, Some(differences(members(before), &latest))),
        Delta::Deleted(_) => (kinds.2, None),
    };
    let data: Map<String, Value> = latest
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Event {
        kind,
        resource: resource(delta.latest()),
        data: Value::from(data).to_string(),
        updates: updates.map(|updates| Value::from(updates).to_string()),
    }
}

fn differences<const N: usize>(before: Members<N>, after: &Members<N>) -> Vec<Value> {
    let pairs = before.into_iter().zip(after);
    let changed = pairs.filter(|((name, old), (_, new))| old != new && *name != LAST_UPDATED);
    changed
        .map(|((name, old), (_, new))| json!({"path": format!("/{name}"), "oldValue": old, "newValue": new}))
        .collect()
}

fn text(value: &(impl ToString + ?Sized)) -> Value {
    Value::String(value.to_string())
}

fn opt_text(value: Option<impl ToString>) -> Value {
    value.map_or(Value::Null, |value| text(&value))
}

fn role_refs(ids: &[RoleId], tenant: &Snapshot) -> Value {
    let named =
        |id: &RoleId| json!({"id": id.to_string(), "name": tenant.role(*id).map(|role| role.name.as_str())});
    ids.iter().map(named).collect()
}

fn group_refs(ids: &[GroupId], tenant: &Snapshot) -> Value {
    let named = |id: &GroupId| json!({"id": id.to_string(), "name": tenant.group(*id).map(|group| group.name.as_str())});
    ids.iter().map(named).collect()
}

fn role_members(role: &Role, tenant: &Snapshot) -> Members<13> {
    let promotes = tenant.catalogue().default_role(role.id).is_some_and(|role| role.promotes);
    [
        ("id", text(&role.id)),
        ("name", text(&role.name)),
        ("level", role.level.as_str().into()),
        ("tenantId", text(&tenant.tenant().id)),
        ("type", role.kind.contract().into()),
        ("canEdit", (role.kind != RoleKind::Default).into()),
        ("canDelete", (role.kind == RoleKind::Custom).into()),
        ("description", text(&role.description)),
        ("assignedScopes", role.scopes.iter().map(ScopeName::as_str).collect()),
        ("userEntitlementType", (if promotes { "fullUser" } else { "" }).into()),
        ("createdAt", text(&role.stamps.created_at)),
        (LAST_UPDATED, text(&role.stamps.updated_at)),
        ("updatedBy", opt_text(role.stamps.updated_by)),
    ]
}

fn group_members(group: &Group, tenant: &Snapshot) -> Members<9> {
    [
        ("id", text(&group.id)),
        ("tenantId", text(&tenant.tenant().id)),
        ("name", text(&group.name)),
        ("status", group.status.as_str().into()),
        ("providerType", group.provider.as_str().into()),
        ("description", opt_text(group.description.as_ref().map(Description::as_str))),
        ("assignedRoles", role_refs(&group.roles, tenant)),
        ("createdAt", text(&group.stamps.created_at)),
        (LAST_UPDATED, text(&group.stamps.updated_at)),
    ]
}

fn user_members(user: &User, tenant: &Snapshot) -> Members<17> {
    let setting = |setting: &Option<Setting>| opt_text(setting.as_ref().map(Setting::as_str));
    [
        ("id", text(&user.id)),
        ("tenantId", text(&tenant.tenant().id)),
        ("subject", text(&user.subject)),
        ("name", text(&user.name)),
        ("email", opt_text(user.email.as_ref().map(Email::as_str))),
        ("picture", setting(&user.picture)),
        ("locale", setting(&user.locale)),
        ("zoneinfo", setting(&user.zoneinfo)),
        ("preferredLocale", setting(&user.preferred_locale)),
        ("preferredZoneinfo", setting(&user.preferred_zoneinfo)),
        ("status", user.status.as_str().into()),
        ("inviteExpiry", user.invite_expires_at.map_or(Value::Null, |at| at.as_seconds().into())),
        ("clientId", setting(&user.client_id)),
        ("assignedRoles", role_refs(&user.roles, tenant)),
        ("assignedGroups", group_refs(&user.groups, tenant)),
        ("createdAt", text(&user.created_at)),
        (LAST_UPDATED, text(&user.updated_at)),
    ]
}

fn tenant_members(tenant: &Tenant) -> Members<15> {
    let on = tenant.auto_assign;
    [
        ("id", text(&tenant.id)),
        ("name", text(&tenant.name)),
        ("hostnames", tenant.hostnames.iter().map(text).collect()),
        ("status", tenant.status.as_str().into()),
        ("autoAssignCreateSharedSpacesRoleToProfessionals", on.shared_spaces.into()),
        ("autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals", on.private_content.into()),
        ("autoAssignDataServicesContributorRoleToProfessionals", on.data_services.into()),
        ("enableAnalyticCreation", tenant.enable_analytic_creation.into()),
        ("enableAppOpeningFeedback", tenant.enable_app_opening_feedback.into()),
        ("autoCreateGroups", tenant.auto_create_groups.into()),
        ("autoAssignProfessional", tenant.licenses.auto_assign_professional.into()),
        ("autoAssignAnalyzer", tenant.licenses.auto_assign_analyzer.into()),
        ("maxKeysPerUser", tenant.api_keys.max_per_user.into()),
        ("maxApiKeyExpiry", tenant.api_keys.max_lifetime.as_str().into()),
        ("scimExternalClientExpiry", tenant.api_keys.external_lifetime.as_str().into()),
    ]
}

fn key_members(key: &ApiKey) -> Members<6> {
    let (sub, sub_type) = match &key.subject {
        KeySubject::User(user) => (user.to_string(), "user"),
        KeySubject::ExternalClient(client) => (client.clone(), "externalClient"),
    };
    [
        ("id", text(&key.id)),
        ("sub", sub.into()),
        ("subType", sub_type.into()),
        ("description", text(&key.description)),
        ("expiry", text(&key.expires_at)),
        ("revoked", key.revoked.into()),
    ]
}

fn license_members(license: &LicenseAssignment) -> Members<3> {
    [
        ("subject", text(&license.subject)),
        ("type", license.kind.as_str().into()),
        ("created", text(&license.created_at)),
    ]
}
