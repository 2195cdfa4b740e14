//! How do users get passwords, where there is no identity provider?

use std::io::{IsTerminal as _, stdin};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use rolecall_engine::{ids::TenantId, names::Subject};
use rolecall_server::{Error, set_password};

use crate::{store::Place, tenants::existing};

/// Look after users on the server's machine.
#[derive(Subcommand)]
pub enum Users {
    /// Set the password of a user, by which the user can log in without an identity provider
    ///
    /// The password is asked for; where nobody can be asked, it is the first line of the standard input.
    SetPassword {
        #[command(flatten)]
        place: Place,
        /// The tenant's identifier; see `rolecall tenants ls`
        #[arg(allow_hyphen_values = true)]
        tenant: String,
        /// The user's subject
        subject: String,
    },
}

impl Users {
    pub async fn run(self) -> anyhow::Result<()> {
        let Self::SetPassword { place, tenant, subject } = self;
        let tenant: TenantId =
            tenant.parse().with_context(|| format!("`{tenant}` cannot be a tenant's identifier"))?;
        let user = Subject::new(&subject).with_context(|| format!("`{subject}` cannot be a subject"))?;
        let app = existing(place).await?;
        let set = set_password(&app, tenant, user, asked()?).await;
        app.close().await;
        match set {
            Ok(()) => eprintln!("The password is set; whoever was logged in as `{subject}` is logged out."),
            Err(Error::NotFound) => bail!("there is no user `{subject}` in the tenant `{tenant}`"),
            Err(other) => return Err(other.into()),
        }
        Ok(())
    }
}

/// The password that somebody types twice, or the first line of the input.
fn asked() -> anyhow::Result<String> {
    if !stdin().is_terminal() {
        let mut line = String::new();
        stdin().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("The same again: ")? == password {
        Ok(password)
    } else {
        bail!("the two differ")
    }
}
