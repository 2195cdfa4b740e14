//! Which files are read and written where somebody names them?

use std::{
    fs,
    io::{Read as _, stdin},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// The standard input, where a file can be named.
const STANDARD: &str = "-";

/// What is in a file, or in the standard input if that is what is named.
///
/// # Errors
/// When it cannot be read, or is no text.
pub fn text(file: &Path) -> anyhow::Result<String> {
    let read = if file == Path::new(STANDARD) {
        let mut text = String::new();
        stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(file)
    };
    read.with_context(|| format!("cannot read `{}`", file.display()))
}

/// A file that is to be written.
///
/// # Errors
/// When it is not the name of one.
pub fn target(name: &str) -> Result<PathBuf, String> {
    if name == STANDARD { Err("must be the name of a file".to_owned()) } else { Ok(name.into()) }
}
