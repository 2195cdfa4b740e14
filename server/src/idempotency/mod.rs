//! How is a request done once, however often it is sent?
//!
//! Whoever sends it gives it a name, `Idempotency-Key`. With the change is stored, in its transaction, that the request of that
//! name is done; what it is answered is stored behind it. Who sends it again is given the same answer.

pub mod answer;
pub mod once;
pub mod sql;
