//! Which files are there, and does each begin by saying what it is about?

use std::{fs, path::Path};

use super::Fault;

/// A file of the repository.
pub struct File {
    /// The path from the root, with `/`.
    pub path: String,
    pub text: String,
}

impl File {
    /// The text without the tests at its end.
    pub fn program(&self) -> &str {
        self.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }
}

/// All files of the repository whose names end so.
pub fn all(root: &Path, extension: &str) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    collect(root, root, extension, &mut files)?;
    files.sort_by(|a: &File, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(root: &Path, folder: &Path, extension: &str, files: &mut Vec<File>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "node_modules" && name != "target") {
                collect(root, &path, extension, files)?;
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            let text = fs::read_to_string(&path)?;
            let path = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            files.push(File { path, text });
        }
    }
    Ok(())
}

/// Each file opens with a sentence on what it is about.
pub fn heads(files: &[File]) -> Vec<Fault> {
    let silent = files.iter().filter(|file| !file.text.starts_with("//! "));
    silent.map(|file| format!("{}: does not begin with `//!` and what it is about", file.path)).collect()
}

/// Names that say nothing.
const EMPTY: &[&str] =
    &["utils", "util", "helpers", "helper", "common", "manager", "service", "services", "misc"];

/// No file has a name that says nothing.
pub fn names(files: &[File]) -> Vec<Fault> {
    let empty = |file: &&File| file.path.trim_end_matches(".rs").split('/').any(|part| EMPTY.contains(&part));
    files.iter().filter(empty).map(|file| format!("{}: the name says nothing", file.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    #[test]
    fn silent_files_and_empty_names_are_told() {
        assert_eq!(heads(&[file("a.rs", "//! What?\n"), file("b.rs", "fn b() {}")]).len(), 1);
        assert_eq!(names(&[file("server/src/utils.rs", ""), file("server/src/utilities.rs", "")]).len(), 1);
    }
}
