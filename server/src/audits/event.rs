//! Which event does a change make, and what does it say? (reference/events.md §2, §3)

mod spaces;

use rolecall_engine::{
    access::Snapshot,
    api_keys::{ApiKey, KeySubject},
    change::{Change, Delta},
    groups::Group,
    ids::{
        ApiKeyId, GroupId, OAuthClientId, OAuthTokenId, RoleId, SpaceAssignmentId, SpaceId, TenantId, UserId,
    },
    licenses::LicenseAssignment,
    names::{Description, Email, Hostname, Setting},
    oauth::{AuthMethod, GrantType, KeyText, OAuthClient, OAuthToken, Secret},
    periods::{Assigned, Period},
    roles::{Role, RoleKind},
    scopes::ScopeName,
    spaces as space,
    tenants::Tenant,
    time::Timestamp,
    users::User,
};
use serde::{Serialize, Serializer};

use crate::error::Error;

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
const CLIENT: Kinds = Kinds(
    "com.qlik.v1.oauth-client.created",
    "com.qlik.v1.oauth-client.updated",
    "com.qlik.v1.oauth-client.deleted",
);
const TOKEN: Kinds =
    Kinds("com.qlik.oauth-token.issued", "com.qlik.oauth-token.updated", "com.qlik.oauth-token.revoked");
/// The contract has no event for these; the names are ours.
const LICENSE: Kinds = Kinds(
    "rolecall.license-assignment.created",
    "rolecall.license-assignment.updated",
    "rolecall.license-assignment.deleted",
);

/// The event of a change. `tenant` gives names to the roles and groups that the change refers to.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn of(change: &Change, tenant: &Snapshot) -> Result<Event, Error> {
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
        Change::OAuthClient(delta) => event(&CLIENT, delta, |client| client.id.to_string(), client_members),
        Change::OAuthToken(delta) => {
            event(token_kinds(delta, tenant.moment()), delta, |token| token.id.to_string(), token_members)
        }
        Change::Space(delta) => event(
            &spaces::SPACE,
            delta,
            |space| space.id.to_string(),
            |space| spaces::space_members(space, tenant),
        ),
        Change::SpaceAssignment(delta) => event(
            &spaces::ASSIGNMENT,
            delta,
            |assignment| assignment.id.to_string(),
            |assignment| spaces::assignment_members(assignment, tenant),
        ),
        Change::License(delta) => {
            event(&LICENSE, delta, |license| license.subject.to_string(), license_members)
        }
    }
}

/// The events of a token. One that has ended by itself is not revoked, but forgotten.
fn token_kinds(delta: &Delta<OAuthToken>, now: Timestamp) -> &'static Kinds {
    match delta {
        Delta::Deleted(token) if token.expires_at <= now => &Kinds("", "", "rolecall.oauth-token.expired"),
        _ => &TOKEN,
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

/// The members of a thing, in an order of their own, with their values.
type Members<'m, const N: usize> = [(&'static str, Member<'m>); N];

/// The value of a member. It is written when it is needed, without a copy.
#[derive(Clone, Copy, PartialEq)]
enum Member<'m> {
    Absent,
    Text(&'m str),
    Boolean(bool),
    Integer(i64),
    Time(Timestamp),
    Tenant(TenantId),
    User(UserId),
    Role(RoleId),
    Group(GroupId),
    ApiKey(ApiKeyId),
    Client(OAuthClientId),
    Token(OAuthTokenId),
    Space(SpaceId),
    SpaceAssignment(SpaceAssignmentId),
    SpaceRoles(space::SpaceRoles),
    Settings(&'m [Setting]),
    /// Never more than what tells them apart.
    Secrets(&'m [Secret]),
    Keys(&'m [KeyText]),
    Grants(&'m [GrantType]),
    Methods(&'m [AuthMethod]),
    Scopes(&'m [ScopeName]),
    Hostnames(&'m [Hostname]),
    Roles(&'m [RoleId], Names<'m>),
    AssignedRoles(&'m [Assigned<RoleId>], Names<'m>),
    AssignedGroups(&'m [Assigned<GroupId>], Names<'m>),
}

/// Who knows the names of roles and groups.
#[derive(Clone, Copy)]
struct Names<'m>(&'m Snapshot);

impl PartialEq for Names<'_> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<'m> Names<'m> {
    fn role(self, id: RoleId, period: Period) -> Named<'m> {
        Named::new(&id, self.0.role(id).map(|role| role.name.as_str()), period)
    }

    fn group(self, id: GroupId, period: Period) -> Named<'m> {
        Named::new(&id, self.0.group(id).map(|group| group.name.as_str()), period)
    }
}

/// A role or a group with its name, and for which time it is assigned.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Named<'m> {
    id: String,
    name: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

impl<'m> Named<'m> {
    fn new(id: &impl ToString, name: Option<&'m str>, period: Period) -> Self {
        let text = |time: Timestamp| time.to_string();
        let (valid_from, expires_at) = (period.valid_from().map(text), period.expires_at().map(text));
        Self { id: id.to_string(), name, valid_from, expires_at }
    }
}

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Boolean(is) => serializer.serialize_bool(*is),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Time(time) => serializer.collect_str(time),
            Self::Tenant(id) => serializer.serialize_str(id.as_str()),
            Self::User(id) => serializer.collect_str(id),
            Self::Role(id) => serializer.collect_str(id),
            Self::Group(id) => serializer.collect_str(id),
            Self::ApiKey(id) => serializer.collect_str(id),
            Self::Client(id) => serializer.collect_str(id),
            Self::Token(id) => serializer.collect_str(id),
            Self::Space(id) => serializer.collect_str(id),
            Self::SpaceAssignment(id) => serializer.collect_str(id),
            Self::SpaceRoles(roles) => serializer.collect_seq(roles.iter().map(space::SpaceRole::as_str)),
            Self::Settings(settings) => serializer.collect_seq(settings.iter().map(Setting::as_str)),
            Self::Secrets(secrets) => serializer.collect_seq(secrets.iter().map(|secret| &secret.hint)),
            Self::Grants(grants) => serializer.collect_seq(grants.iter().map(|grant| grant.as_str())),
            Self::Methods(methods) => serializer.collect_seq(methods.iter().map(|method| method.as_str())),
            Self::Keys(keys) => serializer.collect_seq(keys.iter().map(|KeyText(key)| key)),
            Self::Scopes(scopes) => serializer.collect_seq(scopes.iter().map(ScopeName::as_str)),
            Self::Hostnames(names) => serializer.collect_seq(names.iter().map(Hostname::as_str)),
            Self::Roles(ids, names) => {
                serializer.collect_seq(ids.iter().map(|id| names.role(*id, Period::ALWAYS)))
            }
            Self::AssignedRoles(roles, names) => {
                serializer.collect_seq(roles.iter().map(|role| names.role(role.to, role.period)))
            }
            Self::AssignedGroups(groups, names) => {
                serializer.collect_seq(groups.iter().map(|group| names.group(group.to, group.period)))
            }
        }
    }
}

impl<'m> From<&'m str> for Member<'m> {
    fn from(text: &'m str) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Member<'_> {
    fn from(is: bool) -> Self {
        Self::Boolean(is)
    }
}

impl<'m> From<Option<&'m Setting>> for Member<'m> {
    fn from(setting: Option<&'m Setting>) -> Self {
        setting.map_or(Self::Absent, |setting| Self::Text(setting.as_str()))
    }
}

/// A member that differs from before.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Difference<'m> {
    path: String,
    old_value: Member<'m>,
    new_value: Member<'m>,
}

/// The member that changes with every update and says nothing about it.
const LAST_UPDATED: &str = "lastUpdatedAt";

fn event<'d, T, const N: usize>(
    kinds: &Kinds,
    delta: &'d Delta<T>,
    resource: impl Fn(&T) -> String,
    members: impl Fn(&'d T) -> Members<'d, N>,
) -> Result<Event, Error> {
    let latest = members(delta.latest());
    let (kind, updates) = match delta {
        Delta::Created(_) => (kinds.0, None),
        Delta::Updated { before, .. } => (kinds.1, Some(differences(members(before), &latest))),
        Delta::Deleted(_) => (kinds.2, None),
    };
    let mut data = Vec::with_capacity(512);
    let present = latest.iter().filter(|(_, value)| *value != Member::Absent);
    serde_json::Serializer::new(&mut data)
        .collect_map(present.map(|(name, value)| (name, value)))
        .map_err(Error::internal)?;
    Ok(Event {
        kind,
        resource: resource(delta.latest()),
        data: String::from_utf8(data).map_err(Error::internal)?,
        updates: updates
            .map(|updates| serde_json::to_string(&updates))
            .transpose()
            .map_err(Error::internal)?,
    })
}

fn differences<'m, const N: usize>(before: Members<'m, N>, after: &Members<'m, N>) -> Vec<Difference<'m>> {
    let pairs = before.into_iter().zip(after);
    let changed = pairs.filter(|((name, old), (_, new))| old != new && *name != LAST_UPDATED);
    let difference = |((name, old_value), (_, new_value)): ((&str, _), &(_, _))| Difference {
        path: format!("/{name}"),
        old_value,
        new_value: *new_value,
    };
    changed.map(difference).collect()
}

fn role_members<'m>(role: &'m Role, tenant: &'m Snapshot) -> Members<'m, 13> {
    let promotes = tenant.catalogue().default_role(role.id).is_some_and(|role| role.promotes);
    [
        ("id", Member::Role(role.id)),
        ("name", role.name.as_str().into()),
        ("level", role.level.as_str().into()),
        ("tenantId", Member::Tenant(tenant.tenant().id)),
        ("type", role.kind.contract().into()),
        ("canEdit", (role.kind != RoleKind::Default).into()),
        ("canDelete", (role.kind == RoleKind::Custom).into()),
        ("description", role.description.as_str().into()),
        ("assignedScopes", Member::Scopes(&role.scopes)),
        ("userEntitlementType", (if promotes { "fullUser" } else { "" }).into()),
        ("createdAt", Member::Time(role.stamps.created_at)),
        (LAST_UPDATED, Member::Time(role.stamps.updated_at)),
        ("updatedBy", role.stamps.updated_by.map_or(Member::Absent, Member::User)),
    ]
}

fn group_members<'m>(group: &'m Group, tenant: &'m Snapshot) -> Members<'m, 9> {
    let description = group.description.as_ref().map(Description::as_str);
    [
        ("id", Member::Group(group.id)),
        ("tenantId", Member::Tenant(tenant.tenant().id)),
        ("name", group.name.as_str().into()),
        ("status", group.status.as_str().into()),
        ("providerType", group.provider.as_str().into()),
        ("description", description.map_or(Member::Absent, Member::Text)),
        ("assignedRoles", Member::Roles(&group.roles, Names(tenant))),
        ("createdAt", Member::Time(group.stamps.created_at)),
        (LAST_UPDATED, Member::Time(group.stamps.updated_at)),
    ]
}

fn user_members<'m>(user: &'m User, tenant: &'m Snapshot) -> Members<'m, 17> {
    let email = user.email.as_ref().map(Email::as_str);
    let invite_expiry = user.invite_expires_at.map(Timestamp::as_seconds);
    [
        ("id", Member::User(user.id)),
        ("tenantId", Member::Tenant(tenant.tenant().id)),
        ("subject", user.subject.as_str().into()),
        ("name", user.name.as_str().into()),
        ("email", email.map_or(Member::Absent, Member::Text)),
        ("picture", user.picture.as_ref().into()),
        ("locale", user.locale.as_ref().into()),
        ("zoneinfo", user.zoneinfo.as_ref().into()),
        ("preferredLocale", user.preferred_locale.as_ref().into()),
        ("preferredZoneinfo", user.preferred_zoneinfo.as_ref().into()),
        ("status", user.status.as_str().into()),
        ("inviteExpiry", invite_expiry.map_or(Member::Absent, Member::Integer)),
        ("clientId", user.client_id.as_ref().into()),
        ("assignedRoles", Member::AssignedRoles(&user.roles, Names(tenant))),
        ("assignedGroups", Member::AssignedGroups(&user.groups, Names(tenant))),
        ("createdAt", Member::Time(user.created_at)),
        (LAST_UPDATED, Member::Time(user.updated_at)),
    ]
}

fn tenant_members(tenant: &Tenant) -> Members<'_, 15> {
    let on = tenant.auto_assign;
    [
        ("id", Member::Tenant(tenant.id)),
        ("name", tenant.name.as_str().into()),
        ("hostnames", Member::Hostnames(&tenant.hostnames)),
        ("status", tenant.status.as_str().into()),
        ("autoAssignCreateSharedSpacesRoleToProfessionals", on.shared_spaces.into()),
        ("autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals", on.private_content.into()),
        ("autoAssignDataServicesContributorRoleToProfessionals", on.data_services.into()),
        ("enableAnalyticCreation", tenant.enable_analytic_creation.into()),
        ("enableAppOpeningFeedback", tenant.enable_app_opening_feedback.into()),
        ("autoCreateGroups", tenant.auto_create_groups.into()),
        ("autoAssignProfessional", tenant.licenses.auto_assign_professional.into()),
        ("autoAssignAnalyzer", tenant.licenses.auto_assign_analyzer.into()),
        ("maxKeysPerUser", Member::Integer(tenant.api_keys.max_per_user.into())),
        ("maxApiKeyExpiry", tenant.api_keys.max_lifetime.as_str().into()),
        ("scimExternalClientExpiry", tenant.api_keys.external_lifetime.as_str().into()),
    ]
}

fn key_members(key: &ApiKey) -> Members<'_, 6> {
    let (sub, sub_type) = match &key.subject {
        KeySubject::User(user) => (Member::User(*user), "user"),
        KeySubject::ExternalClient(client) => (Member::Text(client), "externalClient"),
    };
    [
        ("id", Member::ApiKey(key.id)),
        ("sub", sub),
        ("subType", sub_type.into()),
        ("description", key.description.as_str().into()),
        ("expiry", Member::Time(key.expires_at)),
        ("revoked", key.revoked.into()),
    ]
}

fn client_members(client: &OAuthClient) -> Members<'_, 19> {
    let description = client.settings.description.as_ref().map(Description::as_str);
    [
        ("clientId", Member::Client(client.id)),
        ("appType", client.settings.app_type.as_str().into()),
        ("clientName", client.settings.name.as_str().into()),
        ("description", description.map_or(Member::Absent, Member::Text)),
        ("logoUri", client.settings.logo_uri.as_ref().into()),
        ("clientUri", client.settings.client_uri.as_ref().into()),
        ("jwksUri", client.settings.jwks_uri.as_ref().into()),
        ("allowedGrantTypes", Member::Grants(&client.settings.grant_types)),
        ("allowedAuthMethods", Member::Methods(&client.settings.auth_methods)),
        ("publishedAt", client.published_at.map_or(Member::Absent, Member::Time)),
        ("redirectUris", Member::Settings(&client.settings.redirect_uris)),
        ("allowedOrigins", Member::Settings(&client.settings.allowed_origins)),
        ("allowedScopes", Member::Scopes(&client.settings.allowed_scopes)),
        ("consentMethod", client.settings.consent.as_str().into()),
        ("secrets", Member::Secrets(&client.secrets)),
        ("publicKeys", Member::Keys(&client.settings.public_keys)),
        ("ownerId", client.owner.map_or(Member::Absent, Member::User)),
        ("createdAt", Member::Time(client.created_at)),
        (LAST_UPDATED, Member::Time(client.updated_at)),
    ]
}

fn token_members(token: &OAuthToken) -> Members<'_, 7> {
    [
        ("id", Member::Token(token.id)),
        ("issuedToClientId", Member::Client(token.client)),
        ("grantType", token.grant.as_str().into()),
        ("resourceOwner", Member::User(token.user)),
        ("scopes", Member::Scopes(&token.scopes)),
        ("issuedAt", Member::Time(token.issued_at)),
        ("expiresAt", Member::Time(token.expires_at)),
    ]
}

fn license_members(license: &LicenseAssignment) -> Members<'_, 3> {
    [
        ("subject", license.subject.as_str().into()),
        ("type", license.kind.as_str().into()),
        ("created", Member::Time(license.created_at)),
    ]
}
