//! Which tenants does somebody look after from here, and with which keys? One file in the user's own directory.

mod command;
mod kept;
mod key;
mod several;

use std::{env, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
pub use command::Contexts;
use kept::Kept;
pub use key::Key;
use key::Source;
use reqwest::Url;
pub use several::Answers;

use crate::api::Client;

/// Where the file is, if not where the system keeps settings.
pub const DIRECTORY_VARIABLE: &str = "ROLECALL_CONFIG_DIR";
/// A tenant without any context.
pub const URL_VARIABLE: &str = "ROLECALL_URL";
/// The key of that tenant.
pub const KEY_VARIABLE: &str = "ROLECALL_API_KEY";
/// A file with the key of that tenant.
pub const KEY_FILE_VARIABLE: &str = "ROLECALL_API_KEY_FILE";
/// The variables of the environment that are no server's settings.
pub const VARIABLES: [&str; 4] = [DIRECTORY_VARIABLE, URL_VARIABLE, KEY_VARIABLE, KEY_FILE_VARIABLE];

/// A tenant, and what opens it.
pub struct Target {
    /// What the context is called, if it has a name.
    pub name: Option<String>,
    /// The server's address.
    pub url: Url,
    /// What proves who asks.
    pub key: Key,
}

/// Which tenants a command is about.
#[derive(Debug, Clone, Default, Args)]
pub struct Reach {
    /// The contexts of the tenants to ask, one after the other [default: the tenant of `ROLECALL_URL`, else the current context]
    #[arg(long, value_name = "NAME[,NAME…]", value_delimiter = ',')]
    pub context: Vec<String>,
}

/// A tenant that was named, or why it cannot be asked.
type Reached = (Option<String>, anyhow::Result<Client>);

impl Reach {
    /// Whether several tenants are asked.
    pub const fn is_several(&self) -> bool {
        self.context.len() > 1
    }

    fn each(&self, quiet: bool) -> anyhow::Result<Vec<Reached>> {
        let targets = self.targets()?;
        refuse_twice(&targets)?;
        let client = |target: anyhow::Result<Target>| target.and_then(|target| Client::new(target, quiet));
        Ok(targets.into_iter().map(|(name, target)| (name, client(target))).collect())
    }

    /// The one tenant of a command that is about one.
    ///
    /// # Errors
    /// When there are several, no such context, or no key.
    pub fn client(&self, quiet: bool) -> anyhow::Result<Client> {
        if self.is_several() {
            bail!("this is about one tenant; give one context");
        }
        let (_, client) = self.each(quiet)?.pop().context("there is no context")?;
        client
    }

    fn targets(&self) -> anyhow::Result<Vec<Named>> {
        if self.context.is_empty()
            && let Some(target) = of_environment()?
        {
            return Ok(vec![(None, Ok(target))]);
        }
        let kept = Kept::read(&kept::directory()?)?;
        let named = |name: &str| (Some(name.to_owned()), kept.target(name));
        if !self.context.is_empty() {
            return Ok(self.context.iter().map(|name| named(name)).collect());
        }
        let current = kept.current()?.with_context(|| {
            format!(
                "no tenant is named: make a context with `rolecall context create`, or set `{URL_VARIABLE}` and `{KEY_VARIABLE}`"
            )
        })?;
        Ok(vec![named(current)])
    }
}

/// A tenant that was named, or why there is none.
type Named = (Option<String>, anyhow::Result<Target>);

/// Refuses to do something twice to one tenant: one with the same address and the same key.
fn refuse_twice(targets: &[Named]) -> anyhow::Result<()> {
    let is_same = |one: &Target, other: &Target| one.url == other.url && one.key == other.key;
    for (at, (name, target)) in targets.iter().enumerate() {
        for (earlier, other) in targets.iter().take(at) {
            let [name, earlier] = [name, earlier].map(|name| name.as_deref().unwrap_or_default());
            if name == earlier {
                bail!("the context `{name}` is named twice");
            }
            if let (Ok(target), Ok(other)) = (target, other)
                && is_same(target, other)
            {
                bail!("the contexts `{earlier}` and `{name}` are the same tenant");
            }
        }
    }
    Ok(())
}

/// The tenant that the environment names.
fn of_environment() -> anyhow::Result<Option<Target>> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let (key, file) = (variable(KEY_VARIABLE), variable(KEY_FILE_VARIABLE));
    let Some(url) = variable(URL_VARIABLE) else {
        return Ok(None);
    };
    let url = address(&url).with_context(|| format!("`{URL_VARIABLE}` cannot be used"))?;
    let source = match (key, file) {
        (Some(_), None) => Source::Env(KEY_VARIABLE.to_owned()),
        (None, Some(file)) => Source::File(PathBuf::from(file)),
        (Some(_), Some(_)) => {
            bail!("the key is given twice: in `{KEY_VARIABLE}` and in `{KEY_FILE_VARIABLE}`")
        }
        (None, None) => {
            bail!("`{URL_VARIABLE}` is set, and no key: set `{KEY_VARIABLE}` or `{KEY_FILE_VARIABLE}`")
        }
    };
    Ok(Some(Target { name: None, url, key: source.key()? }))
}

/// A server's address: `https://host[:port]`, or `http`.
fn address(text: &str) -> anyhow::Result<Url> {
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&whole).with_context(|| format!("`{text}` is no address"))?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain {
        bail!("`{text}` is not `http(s)://host[:port]`");
    }
    if !url.username().is_empty() || url.password().is_some() {
        bail!("an address with a password in it is not used; keys come from elsewhere");
    }
    Ok(url)
}
