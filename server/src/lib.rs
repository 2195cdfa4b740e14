//! Rolecall's program with state: the HTTP API over the rules and a database.
//!
//! A feature is a folder named by its URL. In it, `http.rs` takes a request apart and puts the answer together, `wire.rs`
//! says what both look like, `mod.rs` loads, asks the engine and stores, `sql.rs` knows the tables. See
//! `ARCHITECTURE.md` for what may use what.

mod access;
mod api_keys;
mod app;
mod asking_page;
mod assignments;
mod audits;
mod auth_settings;
mod caller;
mod catalogue;
mod clock;
mod credentials;
mod csrf_token;
mod db;
pub mod demo;
mod edge;
mod egress;
mod error;
mod etag;
mod events;
mod explain;
mod groups;
mod health;
mod http;
mod idempotency;
mod identity_providers;
mod invitations;
mod lease;
mod licenses;
mod limits;
mod links;
mod login;
mod mail;
mod metrics;
mod nodes;
mod oauth;
mod oauth_clients;
mod oauth_tokens;
pub mod operators;
mod provisioner;
mod roles;
#[cfg(feature = "sabotage")]
mod sabotage;
mod scim;
mod scopes;
mod seal;
mod serve;
pub mod setup;
mod signing;
mod snapshots;
mod space_assignments;
mod spaces;
pub mod spans;
mod tenants;
pub mod trace;
mod users;
mod web_integrations;
mod webhook_deliveries;
mod webhooks;
mod write;
mod written;

pub use access::envoy::{self, serve as serve_envoy};
pub use app::{App, Settings};
pub use audits::{
    retain::retain as retain_audits,
    verify::{Mark, Verdict, verify as verify_audits},
};
pub use catalogue::{CatalogueError, read as read_catalogue, write as write_catalogue};
pub use clock::{Clock, Entropy};
pub use db::{Copied, Db, Location, Missing, copy};
pub use edge::{Edge, openapi::document as openapi};
pub use egress::Allowed;
pub use error::Error;
pub use lease::Staleness;
pub use limits::{PerMinute, RateLimits};
pub use links::Origin;
pub use login::password::set as set_password;
pub use mail::{MailSettingsError, Mailer};
pub use seal::MasterKey;
pub use serve::{observed::serve as serve_observed, scrape::Scrape, serve};
pub use snapshots::kept::Budget;
pub use tenants::purge::purge;
