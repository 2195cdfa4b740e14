//! How are contexts kept? In one file that only its user reads, and that is written whole or not at all.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use super::{DIRECTORY_VARIABLE, Target, address, key::Source};

/// The bits of a mode that let others write.
const OTHERS_WRITE: u32 = 0o022;

/// A tenant, and where its key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The server's address.
    pub url: String,
    /// Where the key is.
    pub key: Source,
}

/// All contexts, and which one is meant where none is named.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    #[serde(default)]
    pub contexts: BTreeMap<String, Context>,
}

/// The directory that the file is in.
///
/// # Errors
/// When the environment names none.
pub fn directory() -> anyhow::Result<PathBuf> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let of_system = || variable("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    variable(DIRECTORY_VARIABLE)
        .or_else(|| of_system().map(|path| path.join("rolecall")))
        .or_else(|| Some(variable("HOME")?.join(".config/rolecall")))
        .with_context(|| format!("there is no directory for contexts; set `{DIRECTORY_VARIABLE}`"))
}

fn file(directory: &Path) -> PathBuf {
    directory.join("contexts.toml")
}

impl Kept {
    /// The contexts in a directory; none if there is no file yet.
    ///
    /// # Errors
    /// When the file cannot be read, is not of the right form, or others could have written it: it can name commands.
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        let file = file(directory);
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            read => read.with_context(|| format!("cannot read `{}`", file.display()))?,
        };
        if fs::metadata(&file)?.permissions().mode() & OTHERS_WRITE != 0 {
            bail!("others can write `{0}`; look at it, then `chmod 600 {0}`", file.display());
        }
        toml::from_str(&text).with_context(|| format!("`{}` cannot be used", file.display()))
    }

    /// Changes the contexts in a directory. Whoever else does waits.
    ///
    /// # Errors
    /// When `change` refuses, or the file cannot be written.
    pub fn change<T>(
        directory: &Path,
        change: impl FnOnce(&mut Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.with_context(|| format!("cannot make the directory `{}`", directory.display()))?;
        let lock = File::create(directory.join("contexts.lock"))?;
        lock.lock()?;
        let mut kept = Self::read(directory)?;
        let answer = change(&mut kept)?;
        let file = file(directory);
        write_secretly(&file, &toml::to_string(&kept)?)
            .with_context(|| format!("cannot write `{}`", file.display()))?;
        Ok(answer)
    }

    /// The context with a name.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, name: &str) -> anyhow::Result<&Context> {
        self.contexts
            .get(name)
            .with_context(|| format!("there is no context `{name}`; known: {}", self.known()))
    }

    /// The context that is meant where none is named, if there is one.
    ///
    /// # Errors
    /// When the file names one that is not in it.
    pub fn current(&self) -> anyhow::Result<Option<&str>> {
        match self.current.as_deref() {
            Some(name) if !self.contexts.contains_key(name) => bail!(
                "the current context `{name}` is not there; choose another one with `rolecall context use`; known: {}",
                self.known()
            ),
            current => Ok(current),
        }
    }

    fn known(&self) -> String {
        let known: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
        if known.is_empty() { "there is none yet".to_owned() } else { known.join(", ") }
    }

    /// The tenant of a context, with its key.
    ///
    /// # Errors
    /// When there is no such context, or no key.
    pub fn target(&self, name: &str) -> anyhow::Result<Target> {
        let context = self.find(name)?;
        let key = context.key.key().with_context(|| format!("the context `{name}` has no key"))?;
        Ok(Target { name: Some(name.to_owned()), url: address(&context.url)?, key })
    }
}

/// Writes a file that only its user may read, in place of the one that is there.
///
/// # Errors
/// When it cannot be written.
pub fn write_secretly(file: &Path, text: &str) -> std::io::Result<()> {
    let mut new = file.as_os_str().to_owned();
    new.push(".new");
    let _ = fs::remove_file(&new);
    let mut made = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
    made.write_all(text.as_bytes())?;
    made.sync_all()?;
    fs::rename(&new, file)
}
