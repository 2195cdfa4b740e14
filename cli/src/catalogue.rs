//! How is a catalogue looked at before it is used?

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use rolecall_engine::catalogue::{Catalogue, Unknown};
use rolecall_server::{read_catalogue, write_catalogue};

/// Look at catalogues of scopes and default roles.
#[derive(Subcommand)]
pub enum Catalogues {
    /// Check a catalogue's file, and say what is in it
    Check {
        /// The file
        file: PathBuf,
    },
    /// Print a catalogue as a file, to begin one's own with
    Show {
        /// The file; Qlik Cloud's catalogue if not given
        file: Option<PathBuf>,
    },
}

impl Catalogues {
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Check { file } => {
                let catalogue = read(&file)?;
                println!(
                    "{} scopes, {} default roles, {} types of resources",
                    catalogue.len(),
                    catalogue.default_roles().count(),
                    catalogue.resources.len()
                );
                Ok(())
            }
            Self::Show { file } => {
                let catalogue = file.as_deref().map_or_else(|| Ok(Catalogue::qlik()), read)?;
                print!("{}", write_catalogue(&catalogue)?);
                Ok(())
            }
        }
    }
}

/// The catalogue in a file.
///
/// # Errors
/// When it cannot be read, or is not a catalogue.
fn read(file: &Path) -> anyhow::Result<Catalogue> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    read_catalogue(&text).with_context(|| format!("the catalogue `{}` cannot be used", file.display()))
}

/// The catalogue of an installation: that of a file, or else Qlik Cloud's, with its retired role or without.
///
/// # Errors
/// When the file cannot be read, or is not a catalogue.
pub fn of(file: Option<&Path>, developer_role: bool, lenient: bool) -> anyhow::Result<Catalogue> {
    let mut catalogue = match file {
        Some(file) => read(file)?,
        None if developer_role => Catalogue::qlik_with_developer(),
        None => Catalogue::qlik(),
    };
    if lenient {
        catalogue.unknown = Unknown::Accept;
    }
    Ok(catalogue)
}
