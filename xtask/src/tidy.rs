//! Is everything where it belongs?

pub fn run() -> anyhow::Result<()> {
    Ok(())
}
