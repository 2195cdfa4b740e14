//! Is an answer of one of several nodes ever older than it may be?
//!
//! The protocol by which nodes over one database keep their answers fresh, as a model small enough that all that can happen in
//! it is tried: `docs/concepts/consistency.md` says what it promises. In plain words:
//!
//! - A **write** takes a transaction number, then the tenant's lock, and gives the tenant its next revision. In the same
//!   transaction it enters number, tenant and revision in the feed ([`database`]). A transaction with a smaller number can
//!   commit after one with a larger.
//! - A **node** answers from snapshots in memory ([`node`]). Several times a second it sends a **beacon**: it notes the time,
//!   then in one statement reads what the feed has from its *horizon* on, the oldest transaction that still ran when the
//!   beacon before read; reads the horizon for the next; and writes a row that says how far it has come. When the commit comes
//!   back it drops what is older than what it read, and may answer until the noted time and [`World::lease`] ([`beacon`]).
//! - The **first** beacon of a connection reads nothing, and neither counts what one reads that is heard after the lease has
//!   ended: then the node forgets all it had in memory, what is being loaded included.
//! - A snapshot is **loaded** in a transaction of its own. It is not installed if a later revision is known by then.
//! - An **answer** is worked out from a snapshot. Then, and only then, the lease is looked at, and whether the snapshot is still
//!   not known to be outdated; else it is refused ([`request`]).
//! - A writer that **waits until its change is applied** takes the next transaction number, and waits until each node's row has
//!   come so far, or was written longer ago than a lease lasts ([`barrier`]).
//!
//! What can go wrong happens at any time: nodes pause, for every step waits as long as it likes; they die, and begin anew with
//! nothing; beacons are lost with their connection; hints are lost or late; the primary is cut off and goes on being read while
//! another takes its place.
//!
//! Tenants do not touch each other but by their transactions. So one is watched: it is loaded, and asked about. Others only write.
//!
//! Times are ages, and an age beyond the lease is as good as any other. So neither time nor the number of beacons, loads,
//! questions, and deaths is bounded. Bounded are nodes, writes, loads at once, and questions at once ([`World`]); and the primary
//! is cut off once. Clocks run equally fast. A beacon's row is dated with when the beacon was sent, the earliest it could be, and
//! what is in the feed longer than a lease is gone from it, the soonest it could be.

#![expect(
    clippy::indexing_slicing,
    reason = "sizes are fixed by the world; a mistake fails the test that explores it"
)]

pub mod action;
pub mod barrier;
pub mod beacon;
pub mod database;
pub mod node;
pub mod promises;
pub mod request;
pub mod state;
pub mod world;

pub use world::{Fault, Part, Tenant, World};

/// Which node.
pub type Place = usize;
/// Of the tenant that is watched; 0 is what there was before all writes.
pub type Revision = u8;
/// The number of a transaction; the first is 1.
pub type Xid = u8;
/// Ticks since something happened; one more than the lease stands for all that are longer.
pub type Age = u8;
