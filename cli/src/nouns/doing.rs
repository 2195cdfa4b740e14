//! Is something only tried, and who agrees to it?

use std::io::{IsTerminal as _, stderr, stdin};

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::lockout::loss;
use crate::{
    api::{ApiError, Ask, Client},
    output::{print, visible, visible_json},
};

/// What is told of requests that are not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tells {
    /// The requests.
    #[default]
    Requests,
    /// Nothing: something else tells of them.
    Nothing,
}

/// How something is changed.
#[derive(Debug, Clone, Args)]
pub struct Doing {
    /// Print the requests that would change something, one a line, and send none of them
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask before something is deleted, or your own TenantAdmin is lost
    #[arg(short, long)]
    pub yes: bool,
    /// Ask nothing, and fail where something would have to be asked
    #[arg(long)]
    pub no_input: bool,
    /// What is told of requests that are not sent.
    #[arg(skip)]
    pub tells: Tells,
}

impl Doing {
    /// Sends a change, or says what would be sent; answers the body if it was.
    ///
    /// # Errors
    /// When it is refused, or cannot be written.
    pub async fn send(&self, client: &Client, ask: &Ask) -> anyhow::Result<Option<Value>> {
        if self.dry_run {
            let said = json!({"method": ask.method.as_str(), "path": ask.url, "body": ask.body});
            if self.tells == Tells::Requests {
                print(&(visible_json(&said.to_string()) + "\n"))?;
            }
            return Ok(None);
        }
        let sent: Result<Value, ApiError> = client.write(ask).await;
        Ok(Some(sent?))
    }

    /// Makes sure that somebody wants it, and what it takes from them if it takes something.
    ///
    /// # Errors
    /// When nobody does.
    pub fn confirm(&self, loss: Option<&str>, question: &str) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        // A report on many things is no place to ask about one.
        let asks = self.tells == Tells::Requests;
        let hears = !self.no_input && stdin().is_terminal() && stderr().is_terminal();
        match loss {
            Some(loss) if asks && (self.dry_run || hears) => eprintln!("warning: {}", visible(loss)),
            Some(loss) => bail!("{}; if that is meant, say `--yes`", visible(loss)),
            None if self.dry_run || hears => {}
            None => bail!("this has to be confirmed; say `--yes`"),
        }
        if self.dry_run {
            return Ok(());
        }
        eprint!("{} [y/N] ", visible(question));
        let mut answer = String::new();
        stdin().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            bail!("nothing is changed");
        }
        Ok(())
    }

    /// Makes sure that requests do not take from their caller what makes an administrator, unless somebody wants that.
    ///
    /// # Errors
    /// When they do and nobody wants it, or the server does not say.
    pub async fn keep_administration(&self, client: &Client, asks: &[Ask]) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        match loss(client, asks).await? {
            Some(loss) => self.confirm(Some(&loss), "Do it?"),
            None => Ok(()),
        }
    }
}
