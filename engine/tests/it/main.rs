//! The rules: laws that hold for every tenant, a naive reference to compare with, and stories anyone can read.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may fail")]

mod acts;
mod clients;
mod explanations;
mod filters;
mod grants;
mod keys;
mod laws;
mod licenses;
mod logins;
mod manifests;
mod names;
mod oracle;
mod places;
mod scim;
mod spaces;
mod stories;
mod story;
mod tenants;
mod world;
