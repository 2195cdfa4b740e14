//! How is a tenant brought to what a file says, and what would that change?

mod apply;
mod file;
mod form;
mod furnish;
mod known;
mod named;
mod planning;
mod report;
mod tenant;
mod write;
mod yaml;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
pub use furnish::Furnishing;
use rolecall_engine::manifest::{Place, Section, export, lint};

use self::{
    file::{Fault, Written},
    known::Known,
    tenant::Tenant,
};
use crate::{
    api::Client,
    catalogue,
    contexts::Reach,
    files,
    output::{print, print_json, visible},
};

/// What a difference ends with.
const DIFFERENCE: u8 = 2;

/// Keep tenants as files say.
#[derive(Subcommand)]
pub enum Manifests {
    /// Show what a file would change in a tenant, and who would gain and lose what
    Plan {
        #[command(flatten)]
        planning: Planning,
        /// Write the plan into this file, to be reviewed and applied as it is
        #[arg(long, value_name = "FILE", value_parser = files::target)]
        out: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a tenant to what a file says, or as a reviewed plan says
    Apply {
        #[command(flatten)]
        planning: Planning,
    },
    /// Say whether a tenant is what a file says; ends with 2 if not
    Drift {
        #[command(flatten)]
        planning: Planning,
    },
    /// Print the file that says what a tenant is
    Export {
        /// The sections; all if not given
        #[arg(long, value_name = "SECTION[,SECTION…]", value_delimiter = ',', value_parser = section)]
        only: Vec<Section>,
        #[command(flatten)]
        asked: Asked,
    },
    /// Say what in a file is without effect, outdated or more than is needed; ends with 2 if anything is
    Lint {
        #[command(flatten)]
        given: Given,
        /// The context of which variables have their values; nothing is asked of its tenant
        #[arg(long, value_name = "NAME")]
        context: Option<String>,
        /// The catalogue that the server has, if not Qlik Cloud's
        #[arg(long, value_name = "FILE", env = "ROLECALL_CATALOGUE")]
        catalogue: Option<PathBuf>,
    },
    /// Try the tests of a file on the tenant as it would be once the file is applied
    Test {
        #[command(flatten)]
        planning: Planning,
        /// Write the outcome into this file, as build servers read it
        #[arg(long, value_name = "FILE", value_parser = files::target)]
        junit: Option<PathBuf>,
    },
    /// Print the JSON Schema of the files, for editors
    Schema,
}

/// A file, and the values of its variables.
#[derive(Debug, Args)]
pub struct Given {
    /// The file, or `-`
    file: PathBuf,
    /// The value of a variable, instead of the file's
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
}

/// Which tenants are asked.
#[derive(Debug, Args)]
pub struct Asked {
    #[command(flatten)]
    reach: Reach,
    /// The catalogue that the server has, if not Qlik Cloud's
    #[arg(long, value_name = "FILE", env = "ROLECALL_CATALOGUE")]
    catalogue: Option<PathBuf>,
    /// Say nothing besides the data and errors
    #[arg(short, long)]
    quiet: bool,
}

/// What is planned, and for which tenants.
#[derive(Debug, Args)]
pub struct Planning {
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    asked: Asked,
    /// Delete, in the sections that the file owns, what it does not say
    #[arg(long)]
    prune: bool,
}

fn section(text: &str) -> Result<Section, String> {
    text.parse().map_err(|unknown: rolecall_engine::words::UnknownWord| unknown.to_string())
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be `NAME=VALUE`")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Manifests {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Plan { planning, out, json } => planning.show(out.as_deref(), json).await,
            Self::Apply { planning } => planning.apply().await,
            Self::Drift { planning } => planning.drift().await,
            Self::Export { only, asked } => asked.export(&only).await,
            Self::Lint { given, context, catalogue } => given.lint(context.as_deref(), catalogue.as_deref()),
            Self::Test { planning, junit } => planning.test(junit.as_deref()).await,
            Self::Schema => print_json(&schemars::schema_for!(form::File)).map(|()| ExitCode::SUCCESS),
        }
    }
}

impl Given {
    fn values(&self) -> BTreeMap<String, String> {
        self.variables.iter().cloned().collect()
    }

    fn lint(&self, context: Option<&str>, catalogue: Option<&Path>) -> anyhow::Result<ExitCode> {
        // Names are those of a tenant that is not asked.
        let read = self.read(&self.parse(&files::text(&self.file)?)?, context, &Known::later())?;
        let catalogue = catalogue::of(catalogue, false, true)?;
        let mut found: Vec<Fault> = lint(&read.manifest, &catalogue)
            .into_iter()
            .map(|finding| Fault {
                line: read.line(&finding.at),
                what: format!("{}: {}", finding.at, finding.text),
            })
            .collect();
        let left = read.left.iter().map(|section| {
            let line = read.line(&Place::of(*section));
            Fault { line, what: format!("{section}: is said and not managed, so it is not applied") }
        });
        found.extend(left);
        found.sort();
        print(&told(&self.file, &found))?;
        Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCE) })
    }

    fn parse(&self, text: &str) -> anyhow::Result<Written> {
        file::parse(text).map_err(|faults| refused(&self.file, &faults))
    }

    fn read(&self, written: &Written, context: Option<&str>, known: &Known) -> anyhow::Result<file::Read> {
        written.read(context, &self.values(), known).map_err(|faults| refused(&self.file, &faults))
    }
}

/// What is wrong with a file, each thing on a line with its place.
fn told(file: &Path, faults: &[Fault]) -> String {
    let line = |fault: &Fault| {
        let line = fault.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}: {}\n", file.display(), visible(&fault.what))
    };
    faults.iter().map(line).collect()
}

fn refused(file: &Path, faults: &[Fault]) -> anyhow::Error {
    anyhow::anyhow!("the file cannot be used\n{}", told(file, faults).trim_end())
}

impl Asked {
    async fn read(&self, client: &Client, sections: &[Section]) -> anyhow::Result<Tenant> {
        let catalogue = catalogue::of(self.catalogue.as_deref(), true, true)?;
        let tenant = tenant::read(client, catalogue, sections).await?;
        for role in tenant.unknown_roles.iter().filter(|_| !self.quiet) {
            let role = visible(role);
            eprintln!("warning: what the default role `{role}` grants is not known, and not counted");
        }
        Ok(tenant)
    }

    async fn export(&self, only: &[Section]) -> anyhow::Result<ExitCode> {
        let client = self.reach.client(self.quiet)?;
        let sections = if only.is_empty() { Section::ALL } else { only };
        let tenant = self.read(&client, sections).await?;
        print(&write::write(&export(&tenant.holdings, sections))?)?;
        Ok(ExitCode::SUCCESS)
    }
}
