//! The token that requests of a session repeat. (reference/auth.md §5)

pub mod http;
