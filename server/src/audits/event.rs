//! Which event does a change make, and what does it say? (reference/events.md §2, §3)

mod providers;
mod spaces;
mod webhooks;

use rolecall_engine::{
    access::Snapshot,
    api_keys::ExternalClient,
    change::{Change, Delta},
    events::EventType,
    identity_providers::{ClaimsMapping, Sealed},
    ids::{
        ApiKeyId, GroupId, IdpId, OAuthClientId, OAuthGrantId, OAuthTokenId, RoleId, SessionId,
        SpaceAssignmentId, SpaceId, TenantId, UserId, WebIntegrationId, WebhookId,
    },
    names::{Hostname, Setting},
    oauth::{AuthMethod, GrantType, KeyText, OAuthToken, Secret},
    periods::{Assigned, Period},
    scopes::ScopeName,
    spaces as space,
    tenants::{Tenant, TenantStatus},
    time::Timestamp,
    webhooks::Header,
};
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::Value;

use super::members::{
    client_members, consent_members, grant_members, group_members, integration_members, key_members,
    license_members, password_members, role_members, session_members, tenant_members, token_members,
    user_members,
};
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
const TOKEN: Kinds = Kinds("com.qlik.oauth-token.issued", "", "com.qlik.oauth-token.revoked");
const SESSION: Kinds = Kinds("com.qlik.user-session.begin", "", "com.qlik.user-session.end");
/// The contract has no events for these; the names are ours.
const GRANT: Kinds =
    Kinds("rolecall.oauth-grant.created", "rolecall.oauth-grant.updated", "rolecall.oauth-grant.deleted");
const CONSENT: Kinds = Kinds(
    "rolecall.oauth-consent.created",
    "rolecall.oauth-consent.updated",
    "rolecall.oauth-consent.deleted",
);
const PASSWORD: Kinds =
    Kinds("rolecall.password.created", "rolecall.password.updated", "rolecall.password.deleted");
const INTEGRATION: Kinds = Kinds(
    "rolecall.web-integration.created",
    "rolecall.web-integration.updated",
    "rolecall.web-integration.deleted",
);
const LICENSE: Kinds = Kinds(
    "rolecall.license-assignment.created",
    "rolecall.license-assignment.updated",
    "rolecall.license-assignment.deleted",
);

const EXPIRED: Kinds = Kinds("", "", "rolecall.oauth-token.expired");
const REACTIVATED: Kinds = Kinds("", "com.qlik.v1.tenant.reactivated", "");
const DEACTIVATED: Kinds = Kinds("", "com.qlik.v1.tenant.deactivated", "");
const GONE: Kinds = Kinds("", TENANT.2, "");
const GROUP_SETTINGS: Kinds = Kinds("", "com.qlik.core.group-setting.updated", "");
const KEY_SETTINGS: Kinds = Kinds("", "com.qlik.api-keys-config.updated", "");
const SESSION_SETTINGS: Kinds = Kinds("", "rolecall.auth-settings.updated", "");
const LICENSE_SETTINGS: Kinds = Kinds("", "rolecall.license-settings.updated", "");

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
        Change::OAuthClient(delta) => {
            event(&CLIENT, delta, |client| client.id.to_string(), |client| client_members(client, tenant))
        }
        Change::OAuthToken(delta) => {
            event(token_kinds(delta, tenant.moment()), delta, |token| token.id.to_string(), token_members)
        }
        Change::OAuthGrant(delta) => event(&GRANT, delta, |grant| grant.id.to_string(), grant_members),
        Change::OAuthConsent(delta) => {
            event(&CONSENT, delta, |consent| consent.client.to_string(), consent_members)
        }
        Change::Password(delta) => {
            event(&PASSWORD, delta, |password| password.user.to_string(), password_members)
        }
        Change::IdentityProvider(delta) => event(
            &providers::PROVIDER,
            delta,
            |provider| provider.id.to_string(),
            providers::provider_members,
        ),
        Change::Session(delta) => event(&SESSION, delta, |session| session.id.to_string(), session_members),
        Change::WebIntegration(delta) => {
            event(&INTEGRATION, delta, |integration| integration.id.to_string(), integration_members)
        }
        Change::Webhook(delta) => event(
            &webhooks::WEBHOOK,
            delta,
            |webhook| webhook.id.to_string(),
            |webhook| webhooks::webhook_members(webhook, tenant),
        ),
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
        Delta::Deleted(token) if token.expires_at <= now => &EXPIRED,
        _ => &TOKEN,
    }
}

/// The events of a tenant. Settings of which the contract has events of their own are edited one kind at a time.
fn tenant_kinds(delta: &Delta<Tenant>) -> &'static Kinds {
    let Delta::Updated { before, after } = delta else { return &TENANT };
    if before.status != after.status {
        return match after.status {
            TenantStatus::Active => &REACTIVATED,
            TenantStatus::Deleted => &GONE,
            TenantStatus::Disabled | TenantStatus::UserAccessDisabled => &DEACTIVATED,
        };
    }
    if before.auto_create_groups != after.auto_create_groups {
        &GROUP_SETTINGS
    } else if before.api_keys != after.api_keys {
        &KEY_SETTINGS
    } else if before.sessions != after.sessions {
        &SESSION_SETTINGS
    } else if before.licenses != after.licenses {
        &LICENSE_SETTINGS
    } else {
        &TENANT
    }
}

/// The members of a thing, in an order of their own, with their values.
pub type Members<'m, const N: usize> = [(&'static str, Member<'m>); N];

/// The value of a member. It is written when it is needed, without a copy.
#[derive(Clone, Copy, PartialEq)]
pub enum Member<'m> {
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
    ExternalClient(ExternalClient),
    Client(OAuthClientId),
    Token(OAuthTokenId),
    Grant(OAuthGrantId),
    Provider(IdpId),
    Session(SessionId),
    Integration(WebIntegrationId),
    Space(SpaceId),
    SpaceAssignment(SpaceAssignmentId),
    SpaceRoles(space::SpaceRoles),
    Webhook(WebhookId),
    EventTypes(&'m [&'static EventType]),
    /// Only their names.
    Headers(&'m [Header<String>]),
    SealedHeaders(&'m [Header<Sealed>]),
    /// Only that there is one; another one differs.
    Sealed(&'m Sealed),
    Claims(&'m ClaimsMapping),
    /// A document, as JSON.
    Json(&'m str),
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
pub struct Names<'m>(pub &'m Snapshot);

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
            Self::ExternalClient(client) => serializer.collect_str(client),
            Self::Client(id) => serializer.collect_str(id),
            Self::Token(id) => serializer.collect_str(id),
            Self::Grant(id) => serializer.collect_str(id),
            Self::Provider(id) => serializer.collect_str(id),
            Self::Session(id) => serializer.collect_str(id),
            Self::Integration(id) => serializer.collect_str(id),
            Self::Space(id) => serializer.collect_str(id),
            Self::SpaceAssignment(id) => serializer.collect_str(id),
            Self::SpaceRoles(roles) => serializer.collect_seq(roles.iter().map(space::SpaceRole::as_str)),
            Self::Webhook(id) => serializer.collect_str(id),
            Self::EventTypes(types) => serializer.collect_seq(types.iter().map(|kind| kind.name)),
            Self::Headers(headers) => serializer.collect_seq(headers.iter().map(|header| &header.name)),
            Self::SealedHeaders(headers) => serializer.collect_seq(headers.iter().map(|header| &header.name)),
            Self::Sealed(_) => serializer.serialize_str("sealed"),
            Self::Claims(claims) => {
                let mapped = claims.entries().into_iter().filter(|(_, pointers)| !pointers.is_empty());
                serializer.collect_map(mapped)
            }
            Self::Json(text) => {
                let document: Value = serde_json::from_str(text).map_err(S::Error::custom)?;
                document.serialize(serializer)
            }
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
pub const LAST_UPDATED: &str = "lastUpdatedAt";

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
