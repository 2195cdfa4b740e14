//! The server over HTTP, with a real database.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail, and looks at the clock"
)]

mod access;
mod api_keys;
mod assignments;
mod audits;
mod audits_chain;
mod audits_read;
mod authorize;
mod bad_input;
mod database;
mod edge;
mod engines;
mod envoy;
mod escalation;
mod etags;
mod events;
mod explain;
mod grants;
mod groups;
mod harness;
mod hosts;
mod idempotency;
mod identity_providers;
mod invitations;
mod leaving;
mod licenses;
mod lists;
mod logins;
mod metrics;
mod nodes;
mod oauth;
mod oauth_clients;
mod oidc;
mod openapi;
mod origins;
mod passwords;
mod permissions;
mod preview;
mod protection;
mod rate_limits;
mod roles;
mod scim;
mod scopes;
mod spaces;
mod statements;
mod stories;
mod tenancy;
mod tenants;
mod tenants_life;
mod tutorial;
mod users;
mod webhooks;
