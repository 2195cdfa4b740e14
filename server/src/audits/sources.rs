//! Which part of the product does an event come from? (reference/events.md §1)

/// What an event's type begins with, and its source; the first that fits counts. Where the contract does not tell, the
/// source has the name of the service.
const SOURCES: &[(&str, &str)] = &[
    ("com.qlik.core.api-key.", "com.qlik/api-keys"),
    ("com.qlik.api-keys-config.", "com.qlik/api-keys"),
    ("com.qlik.core.", "com.qlik/identities"),
    ("com.qlik.tenant.", "com.qlik/tenants"),
    ("com.qlik.v1.tenant.", "com.qlik/tenants"),
    ("com.qlik.v1.oauth-client.", "com.qlik/oauth-clients"),
    ("com.qlik.oauth-token.", "com.qlik/oauth-tokens"),
    ("com.qlik.user-session.", "com.qlik/edge-auth"),
    ("com.qlik.v1.space.", "com.qlik/spaces"),
];

/// The source of events that the contract does not have.
const OWN: &str = "rolecall";

/// The source of an event, by its type.
pub fn of(kind: &str) -> &'static str {
    SOURCES.iter().find(|(begin, _)| kind.starts_with(begin)).map_or(OWN, |(_, source)| source)
}

/// All sources there are, in order.
pub fn all() -> Vec<&'static str> {
    let mut all: Vec<&str> = SOURCES.iter().map(|(_, source)| *source).chain([OWN]).collect();
    all.sort_unstable();
    all.dedup();
    all
}
