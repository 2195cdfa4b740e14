//! How are contexts made, looked at and ended?

use std::{
    fs,
    io::{IsTerminal as _, stdin},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    address,
    kept::{Context, Kept, directory, write_secretly},
    key::{Key, Source},
};
use crate::output::{Column, Output};

/// Say which tenants to look after from here, and where their keys are.
#[derive(Subcommand)]
pub enum Contexts {
    /// Name a tenant: its address, and where its key is
    ///
    /// Without a word on the key it is asked for, or read from the first line of the standard input, and kept in a file of its own
    /// that only you can read.
    Create(Create),
    /// List the contexts
    Ls {
        #[command(flatten)]
        output: Output,
    },
    /// Show a context, without its key
    Get {
        /// The context; the current one if not given
        name: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Make a context the one that is meant where none is named
    Use {
        /// The context
        name: String,
    },
    /// End a context, and forget its key where it was kept by `create`
    Rm {
        /// The context
        name: String,
    },
}

/// A context to be made.
#[derive(Args)]
pub struct Create {
    /// What to call it: letters, digits, `.`, `_` and `-`
    name: String,
    /// The server's address, for example <https://acme.eu.qlikcloud.com>
    #[arg(long)]
    url: String,
    #[command(flatten)]
    key: KeyPlace,
    /// Put it in place of one with the same name
    #[arg(long)]
    replace: bool,
}

/// Where the key is.
#[derive(Args)]
#[group(multiple = false)]
struct KeyPlace {
    /// The key is in this variable of the environment, whenever it is needed
    #[arg(long, value_name = "VARIABLE")]
    key_env: Option<String>,
    /// The key is in this file, whenever it is needed
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Keep the key in the desktop's keyring
    #[arg(long)]
    keyring: bool,
    /// The key is what this command prints, whenever it is needed; its words with blanks between them
    #[arg(long, value_name = "COMMAND")]
    key_command: Option<String>,
}

const COLUMNS: &[Column] = &[
    Column::of("NAME", "name"),
    Column::of("CURRENT", "current"),
    Column::of("URL", "url"),
    Column::of("KEY", "key"),
];

impl Contexts {
    pub fn run(self) -> anyhow::Result<()> {
        let directory = directory()?;
        match self {
            Self::Create(create) => create.run(&directory),
            Self::Ls { output } => {
                let kept = Kept::read(&directory)?;
                let rows: Vec<Value> =
                    kept.contexts.iter().map(|(name, one)| shown(&kept, name, one)).collect();
                output.list(COLUMNS, "name", &rows)
            }
            Self::Get { name, output } => {
                let kept = Kept::read(&directory)?;
                let current = if name.is_none() { kept.current()? } else { None };
                let name = name.as_deref().or(current).context("there is no current context")?;
                output.one(COLUMNS, "name", &shown(&kept, name, kept.find(name)?))
            }
            Self::Use { name } => Kept::change(&directory, |kept| {
                kept.find(&name)?;
                kept.current = Some(name);
                Ok(())
            }),
            Self::Rm { name } => {
                let gone = Kept::change(&directory, |kept| {
                    let gone = kept.find(&name)?.clone();
                    kept.contexts.remove(&name);
                    kept.current = kept.current.take().filter(|current| *current != name);
                    Ok(gone)
                })?;
                forget(&directory, &name, &gone.key)
            }
        }
    }
}

fn shown(kept: &Kept, name: &str, context: &Context) -> Value {
    json!({
        "name": name,
        "current": kept.current.as_deref() == Some(name),
        "url": context.url,
        "key": context.key.to_string(),
    })
}

/// Takes away a key that was kept for a context, where the context had it for itself.
fn forget(directory: &Path, name: &str, key: &Source) -> anyhow::Result<()> {
    match key {
        Source::Keyring(name) => Source::forget_in_keyring(name),
        Source::File(file) if *file == own_file(directory, name) => Ok(fs::remove_file(file)?),
        Source::File(_) | Source::Env(_) | Source::Command(_) => Ok(()),
    }
}

/// The file for the key of a context that has no other place.
fn own_file(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.key"))
}

impl Create {
    fn run(self, directory: &Path) -> anyhow::Result<()> {
        let Self { name, url, key, replace } = self;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_name) || name.starts_with(['-', '.']) {
            bail!(
                "`{name}` cannot be a name: 1 to 64 letters, digits, `.`, `_` and `-`, no `.` or `-` first"
            );
        }
        let url = address(&url)?;
        let local = url.host_str().is_some_and(|host| host == "localhost" || host.ends_with(".localhost"))
            || matches!(url.host_str(), Some("127.0.0.1" | "[::1]"));
        if url.scheme() == "http" && !local {
            eprintln!("warning: `{url}` is not encrypted; whoever is on the way can read the key");
        }
        if !replace && Kept::read(directory)?.contexts.contains_key(&name) {
            bail!("there is a context `{name}` already; put another in its place with `--replace`");
        }
        // The directory is made first, since the key may go there.
        Kept::change(directory, |kept| {
            let key = key.source(directory, &name)?;
            let url = url.as_str().trim_end_matches('/').to_owned();
            let before = kept.contexts.insert(name.clone(), Context { url, key: key.clone() });
            kept.current.get_or_insert(name.clone());
            match before {
                Some(before) if before.key != key => forget(directory, &name, &before.key),
                _ => Ok(()),
            }
        })
    }
}

impl KeyPlace {
    /// Where the key is, once it is there.
    fn source(self, directory: &Path, name: &str) -> anyhow::Result<Source> {
        match self {
            Self { key_env: Some(variable), .. } => Ok(Source::Env(variable)),
            Self { key_file: Some(file), .. } => Ok(Source::File(std::path::absolute(file)?)),
            Self { key_command: Some(command), .. } => {
                Ok(Source::Command(command.split_whitespace().map(str::to_owned).collect()))
            }
            Self { keyring: true, .. } => Source::keep_in_keyring(name, &asked(name)?),
            Self { .. } => {
                let file = own_file(directory, name);
                let written = write_secretly(&file, &format!("{}\n", asked(name)?.reveal()));
                written.with_context(|| format!("cannot write `{}`", file.display()))?;
                Ok(Source::File(file))
            }
        }
    }
}

/// The key that somebody types, or the first line of the input.
fn asked(name: &str) -> anyhow::Result<Key> {
    if stdin().is_terminal() {
        return Key::new(&rpassword::prompt_password(format!("API key for `{name}`: "))?);
    }
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    Key::new(&line).context("the key on the standard input cannot be used")
}
