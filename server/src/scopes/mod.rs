//! Scopes: what there is to be allowed.

pub mod http;
mod wire;
