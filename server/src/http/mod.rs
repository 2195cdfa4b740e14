//! What are requests taken apart by, and answers put together?

pub mod describe;
pub mod extract;
pub mod family;
pub mod json;
pub mod operation;
pub mod origin;
pub mod page;
pub mod patch;
pub mod place;
pub mod preview;
pub mod problem;
pub mod query;
pub mod respond;
pub mod scim;
pub mod stream;
