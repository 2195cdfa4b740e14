//! The server over HTTP, with a real database.

mod harness;
mod statements;
