//! Where does an installation keep its data and its key?

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use rolecall_server::{Db, MasterKey};

/// Where the data and the key are.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The directory that holds the database
    #[arg(long, value_name = "DIR", env = "ROLECALL_DATA", default_value = "rolecall-data")]
    pub data: PathBuf,
    /// The file that holds the installation's key: 32 bytes in base64
    #[arg(long, value_name = "FILE", env = "ROLECALL_KEY_FILE")]
    pub key_file: Option<PathBuf>,
}

/// The variable that holds the key itself, where files are not the way secrets come.
pub const KEY_VARIABLE: &str = "ROLECALL_KEY";

/// Opens the database of a data directory, and makes both if they are not there.
///
/// # Errors
/// When that is not possible.
pub fn open(data: &Path) -> anyhow::Result<Db> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("cannot make the data directory `{}`", data.display()))?;
    let file = data.join("rolecall.db");
    Db::open_sqlite(&file).with_context(|| format!("cannot open the database `{}`", file.display()))
}

/// Makes sure that no other server uses a data directory, for as long as the answer lives.
///
/// # Errors
/// When another one does.
pub fn lock(data: &Path) -> anyhow::Result<File> {
    let file = data.join("rolecall.lock");
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&file)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!("another server uses the data directory `{}`", data.display()),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock `{}`", file.display()))
        }
    }
}

/// The installation's key, from the environment or from its file.
///
/// # Errors
/// When it is in neither, or not of the right form.
pub fn key(file: Option<&Path>) -> anyhow::Result<MasterKey> {
    match (std::env::var(KEY_VARIABLE), file) {
        (Ok(_), Some(_)) => bail!("the key is given twice: in `{KEY_VARIABLE}` and by a key file"),
        (Ok(text), None) => {
            parse(&text).with_context(|| format!("the key in `{KEY_VARIABLE}` cannot be used"))
        }
        (Err(_), Some(file)) => read(file),
        (Err(_), None) => bail!("there is no key: name its file with `--key-file`, or set `{KEY_VARIABLE}`"),
    }
}

/// The key in a file, which is made if it is not there.
///
/// # Errors
/// When it cannot be read or made.
pub fn key_or_new(file: Option<&Path>) -> anyhow::Result<MasterKey> {
    if let Some(file) = file.filter(|file| !file.exists()) {
        let text = STANDARD.encode(random()?);
        let mut made = OpenOptions::new().create_new(true).write(true).mode(0o600).open(file);
        made.as_mut()
            .map_err(|error| anyhow::anyhow!("{error}"))
            .and_then(|made| Ok(writeln!(made, "{text}")?))
            .with_context(|| format!("cannot make the key file `{}`", file.display()))?;
    }
    key(file)
}

fn read(file: &Path) -> anyhow::Result<MasterKey> {
    let text = fs::read_to_string(file).with_context(|| {
        format!("cannot read the key file `{}`; `rolecall init` makes one", file.display())
    })?;
    parse(&text).with_context(|| format!("the key file `{}` cannot be used", file.display()))
}

fn parse(text: &str) -> anyhow::Result<MasterKey> {
    let bytes = STANDARD.decode(text.trim()).context("it is not base64")?;
    let bytes = <[u8; 32]>::try_from(bytes).ok().context("it does not have 32 bytes")?;
    Ok(MasterKey::new(bytes))
}

/// 32 bytes that nobody can guess.
///
/// # Errors
/// When the operating system has none.
#[expect(
    clippy::disallowed_methods,
    reason = "the key is made before there is anything to inject a source into"
)]
pub fn random() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("there are no random bytes: {error}"))?;
    Ok(bytes)
}
