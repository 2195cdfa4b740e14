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
use rolecall_server::{Db, Error, MasterKey};

/// Where the data and the key are. What is not said here, the server's file of settings says.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The file with the server's settings
    #[arg(long, value_name = "FILE", env = "ROLECALL_CONFIG")]
    pub config: Option<PathBuf>,
    /// The directory that holds the database [default: rolecall-data]
    #[arg(long, value_name = "DIR", env = "ROLECALL_DATA")]
    pub data: Option<PathBuf>,
    /// The file that holds the installation's key: 32 bytes in base64
    #[arg(long, value_name = "FILE", env = "ROLECALL_KEY_FILE")]
    pub key_file: Option<PathBuf>,
    /// The catalogue that the server has, if not Qlik Cloud's: new tenants get its default roles
    #[arg(long, value_name = "FILE", env = "ROLECALL_CATALOGUE")]
    pub catalogue: Option<PathBuf>,
    /// Whether the server has the role Developer, which was retired in January 2026 [default: false]
    #[arg(long, env = "ROLECALL_DEVELOPER_ROLE", num_args = 0..=1, default_missing_value = "true")]
    pub developer_role: Option<bool>,
}

/// The variable that holds the key itself, where files are not the way secrets come.
pub const KEY_VARIABLE: &str = "ROLECALL_KEY";

/// Opens the database of a data directory for a server, and makes both if they are not there. Nobody else can serve them for
/// as long as the second answer lives.
///
/// # Errors
/// When that is not possible, or another server uses them.
pub fn open_to_serve(data: &Path) -> anyhow::Result<(Db, File)> {
    let Some(lock) = lock(data)? else {
        bail!("another server uses the data directory `{}`", data.display())
    };
    Ok((open(data, Db::open_sqlite)?, lock))
}

/// Opens the database of a data directory for a command that ends at once, beside a server if there is one.
///
/// # Errors
/// When that is not possible.
pub fn open_for_a_command(data: &Path) -> anyhow::Result<Db> {
    let lock = lock(data)?;
    open(data, if lock.is_some() { Db::open_sqlite } else { Db::open_sqlite_beside_a_server })
}

fn open(data: &Path, open: fn(&Path) -> Result<Db, Error>) -> anyhow::Result<Db> {
    let file = data.join("rolecall.db");
    open(&file).with_context(|| format!("cannot open the database `{}`", file.display()))
}

/// Locks a data directory, which is made if it is not there; none if a server uses it.
fn lock(data: &Path) -> anyhow::Result<Option<File>> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("cannot make the data directory `{}`", data.display()))?;
    let file = data.join("rolecall.lock");
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&file)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
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
        make_key(file).with_context(|| format!("cannot make the key file `{}`", file.display()))?;
    }
    key(file)
}

/// The key of a sandbox, in its data directory.
///
/// # Errors
/// When it cannot be read or made.
pub fn sandbox_key(data: &Path) -> anyhow::Result<MasterKey> {
    let file = data.join("dev.key");
    if !file.exists() {
        make_key(&file).with_context(|| format!("cannot make the key file `{}`", file.display()))?;
    }
    read(&file)
}

fn make_key(file: &Path) -> anyhow::Result<()> {
    let text = STANDARD.encode(random()?);
    let mut made = OpenOptions::new().create_new(true).write(true).mode(0o600).open(file)?;
    Ok(writeln!(made, "{text}")?)
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
#[expect(
    clippy::disallowed_methods,
    reason = "the key is made before there is anything to inject a source into"
)]
fn random() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("there are no random bytes: {error}"))?;
    Ok(bytes)
}
