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
use rolecall_server::{Db, Location, MasterKey, Missing};

use crate::secret_url::SecretUrl;

/// Where the data and the key are. What is not said here, the server's file of settings says.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The file with the server's settings
    #[arg(long, value_name = "FILE", env = "ROLECALL_CONFIG")]
    pub config: Option<PathBuf>,
    /// The directory that holds the database, if that is SQLite [default: rolecall-data]
    #[arg(long, value_name = "DIR", env = "ROLECALL_DATA")]
    pub data: Option<PathBuf>,
    /// The PostgreSQL that holds the data instead, for example <postgres://rolecall@db.example.com/rolecall?sslmode=require>
    #[arg(long, value_name = "URL", env = "ROLECALL_DATABASE", hide_env_values = true)]
    pub database: Option<SecretUrl>,
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

/// Where the database is: at an address, or in a data directory.
///
/// # Errors
/// When the address is none of PostgreSQL.
pub fn location(data: &Path, database: Option<&SecretUrl>) -> anyhow::Result<Location> {
    match database.map(SecretUrl::reveal) {
        None => Ok(Location::File(data.join("rolecall.db"))),
        Some(url) if is_postgres(url) => Ok(Location::Postgres(url.to_owned())),
        Some(_) => bail!("a database begins with `postgres://`; for SQLite give its directory by `--data`"),
    }
}

/// Whether a text is an address of PostgreSQL.
pub fn is_postgres(url: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme))
}

/// Opens a database for a server. SQLite's is made and brought to the present shape; nobody else can serve it for as long as
/// the second answer lives. PostgreSQL is for many servers, so it must have the shape already.
///
/// # Errors
/// When that is not possible, or another server uses the file.
pub async fn open_to_serve(location: &Location) -> anyhow::Result<(Db, Option<File>)> {
    let lock = match location {
        Location::File(file) => match lock(file)? {
            Some(lock) => Some(lock),
            None => bail!("another server uses the database `{}`", file.display()),
        },
        Location::Postgres(_) => None,
    };
    let missing = if lock.is_some() { Missing::Do } else { Missing::Refuse };
    Ok((open(location, missing).await?, lock))
}

/// Opens a database for a command that ends at once, beside a server if there is one.
///
/// # Errors
/// When that is not possible.
pub async fn open_for_a_command(location: &Location) -> anyhow::Result<Db> {
    let lock = match location {
        Location::File(file) => lock(file)?,
        Location::Postgres(_) => None,
    };
    open(location, if lock.is_some() { Missing::Do } else { Missing::Refuse }).await
}

/// Opens a database.
///
/// # Errors
/// When that is not possible.
pub async fn open(location: &Location, missing: Missing) -> anyhow::Result<Db> {
    Db::open(location, missing).await.with_context(|| format!("cannot open {}", shown(location)))
}

/// A database, as people are told of it.
pub fn shown(location: &Location) -> String {
    match location {
        Location::File(file) => format!("the database `{}`", file.display()),
        Location::Postgres(url) => format!("the database {}", SecretUrl::from(url.clone())),
    }
}

/// Locks the directory of a database, which is made if it is not there; none if a server uses it.
fn lock(database: &Path) -> anyhow::Result<Option<File>> {
    let data = database.parent().context("a database lies in a directory")?;
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
