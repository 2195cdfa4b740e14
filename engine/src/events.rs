//! Which types of events are there, and who may be told of them? (reference/events.md §2)

use alloc::vec::Vec;

use crate::words::words;

words! {
    /// Whose events a webhook is told of.
    EventLevel {
        /// All of the tenant.
        Tenant = "tenant",
        /// Those about what belongs to its owner.
        User = "user",
    }
}

/// A type of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventType {
    /// The name, for example `com.qlik.core.role.created`.
    pub name: &'static str,
    /// The same for people.
    pub title: &'static str,
    /// What it is about.
    pub category: &'static str,
    /// The `source` of its events (reference/events.md §1).
    pub source: &'static str,
    /// The name it has in the audit trail, where that is another one.
    pub core: Option<&'static str>,
    /// Whether users are told of those about what is theirs.
    pub of_users: bool,
}

impl EventType {
    /// The type with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        EVENT_TYPES.iter().find(|known| known.name == name)
    }

    /// Older types by which an event is told once more.
    pub fn older(name: &str) -> impl Iterator<Item = &'static Self> {
        EVENT_TYPES.iter().filter(move |known| known.core == Some(name))
    }

    /// Whether webhooks of a level may be told of it.
    #[must_use]
    pub const fn is_for(&self, level: EventLevel) -> bool {
        matches!(level, EventLevel::Tenant) || self.of_users
    }
}

const IDENTITIES: &str = "com.qlik/identities";
const TENANTS: &str = "com.qlik/tenants";
const EDGE: &str = "com.qlik/edge-auth";
/// Where the contract does not tell, the source has the name of the service.
const KEYS: &str = "com.qlik/api-keys";
const CLIENTS: &str = "com.qlik/oauth-clients";
const TOKENS: &str = "com.qlik/oauth-tokens";
const SPACES: &str = "com.qlik/spaces";
/// The source of events that the contract does not have.
const OWN: &str = "rolecall";

/// The source of an event, by its type.
#[must_use]
pub fn source_of(name: &str) -> &'static str {
    EventType::named(name).map_or(OWN, |kind| kind.source)
}

const fn event(
    name: &'static str,
    title: &'static str,
    category: &'static str,
    source: &'static str,
) -> EventType {
    EventType { name, title, category, source, core: None, of_users: false }
}

const fn of_users(event: EventType) -> EventType {
    EventType { of_users: true, ..event }
}

const fn older(event: EventType, core: &'static str) -> EventType {
    EventType { core: Some(core), ..event }
}

/// All types, by what they are about. What begins with `rolecall.` has no name in the contract.
pub const EVENT_TYPES: &[EventType] = &[
    event("com.qlik.core.role.created", "Role created", "Roles", IDENTITIES),
    event("com.qlik.core.role.updated", "Role updated", "Roles", IDENTITIES),
    event("com.qlik.core.role.deleted", "Role deleted", "Roles", IDENTITIES),
    event("com.qlik.core.user.created", "User created", "Users", IDENTITIES),
    event("com.qlik.core.user.updated", "User updated", "Users", IDENTITIES),
    event("com.qlik.core.user.deleted", "User deleted", "Users", IDENTITIES),
    older(
        event("com.qlik.v1.user.created", "User created (older)", "Users", IDENTITIES),
        "com.qlik.core.user.created",
    ),
    older(
        event("com.qlik.v1.user.deleted", "User deleted (older)", "Users", IDENTITIES),
        "com.qlik.core.user.deleted",
    ),
    event("com.qlik.core.group.created", "Group created", "Groups", IDENTITIES),
    event("com.qlik.core.group.updated", "Group updated", "Groups", IDENTITIES),
    event("com.qlik.core.group.deleted", "Group deleted", "Groups", IDENTITIES),
    event("com.qlik.core.group-setting.updated", "Group settings updated", "Groups", IDENTITIES),
    of_users(event("com.qlik.core.api-key.created", "API key created", "API keys", KEYS)),
    of_users(event("com.qlik.core.api-key.updated", "API key updated", "API keys", KEYS)),
    of_users(event("com.qlik.core.api-key.deleted", "API key deleted", "API keys", KEYS)),
    event("com.qlik.api-keys-config.updated", "Settings of API keys updated", "API keys", KEYS),
    event("com.qlik.tenant.created", "Tenant created", "Tenants", TENANTS),
    event("com.qlik.tenant.updated", "Tenant updated", "Tenants", TENANTS),
    event("com.qlik.tenant.deleted", "Tenant deleted", "Tenants", TENANTS),
    event("com.qlik.v1.tenant.deactivated", "Tenant deactivated", "Tenants", TENANTS),
    event("com.qlik.v1.tenant.reactivated", "Tenant reactivated", "Tenants", TENANTS),
    event("rolecall.auth-settings.updated", "Limits of sessions updated", "Tenants", OWN),
    event("com.qlik.v1.oauth-client.created", "OAuth client created", "OAuth", CLIENTS),
    event("com.qlik.v1.oauth-client.updated", "OAuth client updated", "OAuth", CLIENTS),
    event("com.qlik.v1.oauth-client.deleted", "OAuth client deleted", "OAuth", CLIENTS),
    event("com.qlik.oauth-token.issued", "OAuth token issued", "OAuth", TOKENS),
    event("com.qlik.oauth-token.revoked", "OAuth token revoked", "OAuth", TOKENS),
    event("rolecall.oauth-token.expired", "OAuth token expired", "OAuth", OWN),
    event("rolecall.oauth-grant.created", "OAuth grant created", "OAuth", OWN),
    event("rolecall.oauth-grant.updated", "OAuth grant updated", "OAuth", OWN),
    event("rolecall.oauth-grant.deleted", "OAuth grant deleted", "OAuth", OWN),
    event("rolecall.oauth-consent.created", "OAuth consent given", "OAuth", OWN),
    event("rolecall.oauth-consent.updated", "OAuth consent updated", "OAuth", OWN),
    event("rolecall.oauth-consent.deleted", "OAuth consent withdrawn", "OAuth", OWN),
    event("com.qlik.user-session.begin", "Session begun", "Sessions", EDGE),
    event("com.qlik.user-session.end", "Session ended", "Sessions", EDGE),
    event("rolecall.password.created", "Password set", "Sessions", OWN),
    event("rolecall.password.updated", "Password changed", "Sessions", OWN),
    event("rolecall.password.deleted", "Password removed", "Sessions", OWN),
    event("rolecall.identity-provider.created", "Identity provider created", "Sessions", OWN),
    event("rolecall.identity-provider.updated", "Identity provider updated", "Sessions", OWN),
    event("rolecall.identity-provider.deleted", "Identity provider deleted", "Sessions", OWN),
    event("rolecall.web-integration.created", "Web integration created", "Sessions", OWN),
    event("rolecall.web-integration.updated", "Web integration updated", "Sessions", OWN),
    event("rolecall.web-integration.deleted", "Web integration deleted", "Sessions", OWN),
    event("com.qlik.v1.space.created", "Space created", "Spaces", SPACES),
    event("com.qlik.v1.space.updated", "Space updated", "Spaces", SPACES),
    event("com.qlik.v1.space.deleted", "Space deleted", "Spaces", SPACES),
    event("com.qlik.v1.space.assignment.created", "Roles in a space assigned", "Spaces", SPACES),
    event("com.qlik.v1.space.assignment.updated", "Roles in a space updated", "Spaces", SPACES),
    event("com.qlik.v1.space.assignment.deleted", "Roles in a space taken away", "Spaces", SPACES),
    event("rolecall.license-assignment.created", "Licence assigned", "Licences", OWN),
    event("rolecall.license-assignment.updated", "Licence changed", "Licences", OWN),
    event("rolecall.license-assignment.deleted", "Licence taken away", "Licences", OWN),
    event("rolecall.license-settings.updated", "Settings of licences updated", "Licences", OWN),
    event("rolecall.webhook.created", "Webhook created", "Webhooks", OWN),
    event("rolecall.webhook.updated", "Webhook updated", "Webhooks", OWN),
    event("rolecall.webhook.deleted", "Webhook deleted", "Webhooks", OWN),
];

/// The types that the trail has, in order.
#[must_use]
pub fn types() -> Vec<&'static str> {
    ordered(EVENT_TYPES.iter().filter(|kind| kind.core.is_none()).map(|kind| kind.name))
}

/// All sources, in order.
#[must_use]
pub fn sources() -> Vec<&'static str> {
    ordered(EVENT_TYPES.iter().map(|kind| kind.source))
}

fn ordered(names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut all: Vec<&str> = names.collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_there_once_and_older_ones_lead_to_newer_ones() {
        for (at, kind) in EVENT_TYPES.iter().enumerate() {
            assert_eq!(
                EVENT_TYPES.iter().position(|other| other.name == kind.name),
                Some(at),
                "{}",
                kind.name
            );
            assert!(kind.core.is_none_or(|core| EventType::named(core).is_some()), "{}", kind.name);
        }
        let older: alloc::vec::Vec<&str> =
            EventType::older("com.qlik.core.user.created").map(|kind| kind.name).collect();
        assert_eq!(older, ["com.qlik.v1.user.created"]);
    }
}
