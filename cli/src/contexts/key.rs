//! Where does the key of a tenant come from? Never from the command line, which everybody on the machine can read.

use std::{
    env, fmt, fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, bail};
use reqwest::header::HeaderValue;
use serde::{Deserialize, Serialize};

/// The program by which keys are kept in the keyring of the desktop (Secret Service).
const KEYRING: &str = "secret-tool";

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// In a variable of the environment.
    Env(String),
    /// In a file.
    File(PathBuf),
    /// In the desktop's keyring, under the name of the context.
    Keyring(String),
    /// What a command prints.
    Command(Vec<String>),
}

/// An API key or an access token. It is not shown.
#[derive(PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key in a text, blanks around it left out.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(text: &str) -> anyhow::Result<Self> {
        let key = text.trim();
        if key.is_empty() {
            bail!("it is empty");
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            bail!("it is no key: keys are letters, digits and signs without blanks");
        }
        Ok(Self(key.to_owned()))
    }

    /// The header that proves who asks.
    ///
    /// # Errors
    /// When the key cannot stand in one.
    pub fn bearer(&self) -> anyhow::Result<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The key itself, to be kept.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Source {
    /// The key.
    ///
    /// # Errors
    /// When there is none.
    pub fn key(&self) -> anyhow::Result<Key> {
        let text = match self {
            Self::Env(name) => env::var(name)
                .ok()
                .with_context(|| format!("the environment variable `{name}` is not set"))?,
            Self::File(file) => {
                fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?
            }
            Self::Keyring(name) => printed(
                KEYRING,
                &[
                    "lookup".to_owned(),
                    "service".to_owned(),
                    "rolecall".to_owned(),
                    "context".to_owned(),
                    name.clone(),
                ],
            )?,
            Self::Command(words) => {
                let (program, rest) = words.split_first().context("the command is empty")?;
                printed(program, rest)?
            }
        };
        Key::new(&text).with_context(|| format!("the key {self} cannot be used"))
    }

    /// Keeps a key in the keyring.
    ///
    /// # Errors
    /// When there is no keyring, or it does not take it.
    pub fn keep_in_keyring(name: &str, key: &Key) -> anyhow::Result<Self> {
        let label = format!("--label=Rolecall context {name}");
        let mut command = Command::new(KEYRING);
        command.args(["store", &label, "service", "rolecall", "context", name]);
        let mut child = command.stdin(Stdio::piped()).spawn().with_context(no_keyring)?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(key.reveal().as_bytes())?;
        }
        if !child.wait()?.success() {
            bail!("the keyring does not take the key");
        }
        Ok(Self::Keyring(name.to_owned()))
    }

    /// Takes a key out of the keyring.
    ///
    /// # Errors
    /// When there is no keyring.
    pub fn forget_in_keyring(name: &str) -> anyhow::Result<()> {
        let mut command = Command::new(KEYRING);
        command.args(["clear", "service", "rolecall", "context", name]);
        command.status().with_context(no_keyring)?;
        Ok(())
    }
}

fn no_keyring() -> String {
    format!("the keyring is reached by `{KEYRING}` (Debian: libsecret-tools), which cannot be run")
}

/// What a command prints, if it succeeds.
fn printed(program: &str, arguments: &[String]) -> anyhow::Result<String> {
    let run = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let Output { status, stdout, .. } = run.with_context(|| format!("cannot run `{program}`"))?;
    if !status.success() {
        bail!("`{program}` ends with {status}");
    }
    String::from_utf8(stdout).with_context(|| format!("`{program}` prints something that is no text"))
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "in the variable `{name}`"),
            Self::File(file) => write!(f, "in the file `{}`", file.display()),
            Self::Keyring(_) => f.write_str("in the keyring"),
            Self::Command(words) => write!(f, "that `{}` prints", words.first().map_or("", String::as_str)),
        }
    }
}
