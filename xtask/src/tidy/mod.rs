//! Is everything where it belongs? Checked by file name, so that a file in the wrong place is told, not argued about.

mod files;
mod imports;
mod ladder;
mod papers;
mod places;
mod sizes;

use anyhow::bail;
use files::{File, all};

/// Something that is not as it should be.
type Fault = String;

/// A check of all Rust files.
type Check = fn(&[File]) -> Vec<Fault>;

const CHECKS: &[Check] = &[files::heads, files::names, sizes::check, places::check, ladder::check];

/// Runs all checks over the repository.
pub fn run() -> anyhow::Result<()> {
    let root = crate::root();
    let files = all(&root, "rs")?;
    let mut faults: Vec<Fault> = CHECKS.iter().flat_map(|check| check(&files)).collect();
    faults.extend(papers::check(&root, &files, &all(&root, "md")?));
    if faults.is_empty() {
        println!("tidy: {} files are where they belong", files.len());
        return Ok(());
    }
    bail!("{} things are not tidy:\n  {}", faults.len(), faults.join("\n  "))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        super::run().unwrap();
    }
}
