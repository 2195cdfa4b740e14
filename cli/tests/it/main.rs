//! The program as it is run: commands, signals, settings, and being killed.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail, and looks at the clock"
)]

mod audit;
mod commands;
mod contexts;
mod crash;
mod deliveries;
mod elsewhere;
mod everyday;
mod help;
mod import;
mod lockout;
mod machine;
mod manifests;
mod merging;
mod nginx;
mod observe;
mod process;
mod questions;
mod strict;
mod tool;
