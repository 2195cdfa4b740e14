//! The rules of Rolecall: who holds what in a tenant, what may change, and who may do what.
//!
//! Nothing here reads a clock, a file or a socket, and nothing waits: values come in, values go out. Without `std`
//! that is not a promise but a fact of the build.
//!
//! Three ideas carry the crate:
//!
//! * An edit takes the present value and answers an [`Edited`](change::Edited): the new value and the
//!   [`Change`](change::Change)s that lead to it. No change, nothing to store.
//! * A [`Snapshot`](access::Snapshot) is a tenant compiled for reading. It is immutable; applying changes makes the next.
//! * [`decide`](access::decide) answers a question on a snapshot. It cannot fail, and what it does not know it denies.
//!
//! Embedded in a program, without a server:
//!
//! ```
//! use std::sync::Arc;
//!
//! use rolecall_engine::{
//!     access::{Entry, Query, Revision, Roster, Snapshot, decide, explain},
//!     catalogue::Catalogue,
//!     change::Editor,
//!     ids::{RoleId, TenantId, UserId},
//!     names::{Description, DisplayName, RoleName},
//!     roles::{NewRole, Role},
//!     scopes::ScopeName,
//!     tenants::Tenant,
//!     time::Timestamp,
//!     users::UserStatus,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let editor = Editor::system(Timestamp::from_millis(0));
//! let tenant = Tenant::create(TenantId::new([7; 32]), DisplayName::new("Acme")?, Vec::new(), &editor).value;
//! let mut acme = Snapshot::new(Arc::new(Catalogue::qlik()), tenant, Revision(1), editor.at);
//!
//! let new = NewRole {
//!     name: RoleName::new("Exporter")?,
//!     description: Description::new("")?,
//!     scopes: vec![ScopeName::new("apps.image:export")?],
//! };
//! let exporter = Role::create(new, RoleId::new(1, [1; 8]), &acme, &editor)?;
//! acme = acme.apply(Revision(2), editor.at, &exporter.changes);
//!
//! let (uma, mut users) = (UserId::new(1, [2; 8]), Roster::default());
//! let roles = [exporter.value.id.into()];
//! let entry =
//!     Entry { id: uma, status: UserStatus::Active, bot: false, subject: "uma", email: None, roles: &roles, groups: &[] };
//! users.add(&acme, &entry);
//! acme.put_users(users);
//!
//! let export = Query { user: uma, scope: "apps.image:export" };
//! assert!(decide(&acme, &export).is_allowed());
//! assert_eq!(explain(&acme, &export).to_string(), "granted by the role `Exporter`");
//! assert!(!decide(&acme, &Query { user: uma, scope: "tenant:administer" }).is_allowed());
//! # Ok(())
//! # }
//! ```

#![no_std]
#![warn(missing_docs)]

extern crate alloc;

pub mod access;
pub mod api_keys;
pub mod assignments;
pub mod audits;
pub mod catalogue;
pub mod change;
pub mod events;
pub mod filter;
pub mod groups;
pub mod identity_providers;
pub mod ids;
pub mod invitations;
pub mod licenses;
pub mod manifest;
pub mod names;
pub mod oauth;
pub mod passwords;
pub mod periods;
pub mod provisioning;
pub mod refusal;
pub mod roles;
pub mod scim;
pub mod scopes;
pub mod sessions;
pub mod spaces;
pub mod tenants;
pub mod time;
pub mod users;
pub mod web_integrations;
pub mod webhooks;
pub mod words;
