//! Who may do what in a tenant, why, and what would end it? Answered by the engine from what the API shows.

mod answers;
mod people;
pub mod read;
mod review;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use rolecall_engine::{catalogue::Catalogue, ids::UserId};
use serde_json::Value;

use crate::{
    api::Client,
    catalogue,
    contexts::Reach,
    files,
    members::Members as _,
    output::{Column, Output},
};

/// Ask who may do what in a tenant.
#[derive(Subcommand)]
pub enum Questions {
    /// Show whose key it is that asks
    Whoami {
        #[command(flatten)]
        reach: Reach,
        #[command(flatten)]
        output: Output,
    },
    /// Say whether a user may use a scope, or which ones; ends with 2 if not
    CanI {
        /// The scope
        #[arg(required_unless_present = "list")]
        scope: Option<String>,
        /// The user's identifier, subject, e-mail address or name; whose key it is, if not given
        #[arg(long = "as", value_name = "USER")]
        user: Option<String>,
        /// List all scopes that the user may use, and by what
        #[arg(long, conflicts_with = "scope")]
        list: bool,
        #[command(flatten)]
        asking: Asking,
    },
    /// List who may use a scope, and by what
    WhoCan {
        /// The scope
        scope: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Say why a user may use a scope, by every way, and what would end it
    Explain {
        /// The user's identifier, subject, e-mail address or name
        user: String,
        /// The scope
        scope: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Compare users, and review what everybody has
    #[command(subcommand)]
    Access(Access),
}

/// Compare users, and review what everybody has.
#[derive(Subcommand)]
pub enum Access {
    /// List the scopes that one of two users may use and the other may not; ends with 2 if there are any
    Diff {
        /// A user's identifier, subject, e-mail address or name
        first: String,
        /// The other one's
        second: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// List what everybody has and by what, with what an auditor looks for
    Review {
        /// Write a page with charts into this file, for a browser without network
        #[arg(long, value_name = "FILE", value_parser = files::target)]
        html: Option<PathBuf>,
        /// Do not read from the audit trail when users last signed in
        #[arg(long)]
        no_sign_ins: bool,
        #[command(flatten)]
        asking: Asking,
    },
}

/// Which tenant is asked about, and in which form the answer comes.
#[derive(Args)]
pub struct Asking {
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    output: Output,
    /// The catalogue that the server has, if not Qlik Cloud's
    #[arg(long, value_name = "FILE", env = "ROLECALL_CATALOGUE")]
    catalogue: Option<PathBuf>,
}

impl Asking {
    fn client(&self) -> anyhow::Result<Client> {
        self.reach.client(self.output.quiet)
    }

    fn catalogue(&self) -> anyhow::Result<Catalogue> {
        catalogue::of(self.catalogue.as_deref(), true, true)
    }

    /// Reads the tenant.
    async fn read(&self, client: &Client) -> anyhow::Result<read::Tenant> {
        let tenant = read::read(client, self.catalogue()?).await?;
        for role in &tenant.unknown_roles {
            self.output.note(&format!(
                "warning: what the default role `{role}` grants is not known, and not counted"
            ));
        }
        Ok(tenant)
    }
}

/// What an answer of yes or no ends with.
fn code(yes: bool) -> ExitCode {
    if yes { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

impl Questions {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Whoami { reach, output } => whoami(&reach, &output).await,
            Self::CanI { scope: Some(scope), user, asking, .. } => {
                answers::can(&asking, user.as_deref(), &scope).await.map(code)
            }
            Self::CanI { user, asking, .. } => {
                answers::all_of(&asking, user.as_deref()).await?;
                Ok(ExitCode::SUCCESS)
            }
            Self::WhoCan { scope, asking } => {
                answers::who_can(&asking, &scope).await?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Explain { user, scope, asking } => {
                answers::explained(&asking, &user, &scope).await.map(code)
            }
            Self::Access(Access::Diff { first, second, asking }) => {
                answers::differences(&asking, &first, &second).await.map(|differ| code(!differ))
            }
            Self::Access(Access::Review { html, no_sign_ins, asking }) => {
                review::run(&asking, html.as_deref(), !no_sign_ins).await?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

const ME: &[Column] = &[
    Column::of("CONTEXT", "context"),
    Column::of("SERVER", "server"),
    Column::of("TENANT", "tenantId"),
    Column::of("ID", "id"),
    Column::of("NAME", "name"),
    Column::of("EMAIL", "email"),
    Column::of("SUBJECT", "subject"),
    Column::of("ROLES", "assignedRoles.name"),
    Column::of("GROUPS", "assignedGroups.name"),
];

async fn whoami(reach: &Reach, output: &Output) -> anyhow::Result<ExitCode> {
    let answers = reach.ask(output.quiet, async |client, _: &[Value]| row_of_me(&client).await).await?;
    let has_name = |row: &Value| !row.member("context").is_null();
    let named = reach.is_several() || answers.all.iter().any(has_name);
    let columns = if named { ME } else { ME.get(1..).unwrap_or_default() };
    match answers.all.as_slice() {
        [me] if !reach.is_several() => output.one(columns, "id", me)?,
        rows => output.list(columns, "id", rows)?,
    }
    answers.all_there()?;
    Ok(ExitCode::SUCCESS)
}

async fn row_of_me(client: &Client) -> anyhow::Result<Value> {
    let mut me = me(client).await?;
    if let Some(members) = me.as_object_mut() {
        let server = client.base().as_str().trim_end_matches('/');
        members.insert("server".to_owned(), server.into());
        members.insert("context".to_owned(), client.name.clone().into());
    }
    Ok(me)
}

/// The user whose key it is, as the API shows one.
async fn me(client: &Client) -> anyhow::Result<Value> {
    Ok(client.get("/api/v1/users/me", &[]).await?)
}

/// A user of a tenant that was read.
type Person<'t> = (UserId, &'t read::ReadUser);
