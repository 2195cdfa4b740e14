//! How is everything tested, on a machine that has only Rust and Debian's packages?

use crate::run as command;

pub fn run() -> anyhow::Result<()> {
    command("", "cargo", &["fmt", "--all", "--check"])
}
