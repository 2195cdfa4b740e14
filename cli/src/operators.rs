//! How are programs made and ended that make tenants?

use anyhow::{Context as _, bail};
use clap::Subcommand;
use rolecall_engine::{ids::OAuthClientId, names::Setting};
use rolecall_server::{Error, operators};

use crate::{store::Place, tenants::existing};

/// Look after programs that make and end tenants, on the server's machine.
#[derive(Subcommand)]
pub enum Operators {
    /// Make an operator; its secret is shown once
    Create {
        #[command(flatten)]
        place: Place,
        /// What people call it
        name: String,
    },
    /// List the operators
    Ls {
        #[command(flatten)]
        place: Place,
    },
    /// End an operator and its tokens; its clients in tenants stay, for they are the tenants'
    Rm {
        #[command(flatten)]
        place: Place,
        /// The operator's identifier
        id: String,
    },
}

impl Operators {
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Create { place, name } => {
                let name = Setting::new(name.trim()).ok().filter(|name| !name.as_str().is_empty());
                let name = name.context("an operator needs a name")?;
                let app = existing(place).await?;
                let (operator, secret) = operators::create(&app, name).await?;
                app.close().await;
                println!("client id      {}", operator.id);
                println!("client secret  {secret}");
                eprintln!("The secret is shown this once; `rolecall operators rm` ends the operator.");
            }
            Self::Ls { place } => {
                let app = existing(place).await?;
                for operator in operators::list(&app).await? {
                    let made = operator.secret.created_at;
                    println!("{}  {made}  {}", operator.id, operator.name.as_str());
                }
                app.close().await;
            }
            Self::Rm { place, id } => {
                let operator: OAuthClientId =
                    id.parse().with_context(|| format!("`{id}` cannot be an operator's identifier"))?;
                let app = existing(place).await?;
                let removed = operators::remove(&app, operator).await;
                app.close().await;
                match removed {
                    Err(Error::NotFound) => bail!("there is no operator `{id}`"),
                    other => other?,
                }
            }
        }
        Ok(())
    }
}
