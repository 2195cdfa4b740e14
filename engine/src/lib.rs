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

#![no_std]
#![warn(missing_docs)]

extern crate alloc;

pub mod access;
pub mod api_keys;
pub mod assignments;
pub mod catalogue;
pub mod change;
pub mod filter;
pub mod groups;
pub mod ids;
pub mod licenses;
pub mod names;
pub mod refusal;
pub mod roles;
pub mod scopes;
pub mod tenants;
pub mod time;
pub mod users;
pub mod words;
