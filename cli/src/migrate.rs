//! How does a database get the shape of this version, and how does all it holds get into another?

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use clap::Subcommand;
use rolecall_server::{Db, Location, Missing, copy};

use crate::{
    secret_url::SecretUrl,
    settings::Installation,
    store::{self, Place},
};

/// Bring a database to the shape of this version, or copy it into another.
#[derive(Subcommand)]
pub enum Migrate {
    /// Do the steps that are missing, all of them or none
    Up {
        #[command(flatten)]
        place: Place,
    },
    /// List the steps, done and missing; ends with 2 if one is missing
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// Print what `up` would do, in SQL
    DryRun {
        #[command(flatten)]
        place: Place,
    },
    /// Copy all that a database holds into an empty one, from SQLite to PostgreSQL or back, and compare them
    Copy {
        /// The data directory or the address to copy from; no server may use it meanwhile
        #[arg(long, value_name = "DIR|URL")]
        from: String,
        /// The data directory or the address to copy to
        #[arg(long, value_name = "DIR|URL")]
        to: String,
    },
}

impl Migrate {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Up { place } => up(&Installation::of(place)?.location).await,
            Self::Status { place } => status(&Installation::of(place)?.location).await,
            Self::DryRun { place } => dry_run(&Installation::of(place)?.location).await,
            Self::Copy { from, to } => copied(&place_of(&from)?, &place_of(&to)?).await,
        }
    }
}

fn place_of(text: &str) -> anyhow::Result<Location> {
    let url = store::is_postgres(text).then(|| SecretUrl::from(text.to_owned()));
    store::location(Path::new(text), url.as_ref())
}

async fn up(location: &Location) -> anyhow::Result<ExitCode> {
    let (db, lock) = match location {
        Location::File(_) => store::open_to_serve(location).await?,
        Location::Postgres(_) => (store::open(location, Missing::Do).await?, None),
    };
    db.close().await;
    drop(lock);
    println!("{} is of the shape of this version", store::shown(location));
    Ok(ExitCode::SUCCESS)
}

async fn status(location: &Location) -> anyhow::Result<ExitCode> {
    let steps = Db::steps(location).await?;
    for step in &steps {
        println!("{:<8} {}", if step.done { "done" } else { "missing" }, step.name);
    }
    Ok(if steps.iter().all(|step| step.done) { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

async fn dry_run(location: &Location) -> anyhow::Result<ExitCode> {
    for step in Db::steps(location).await?.iter().filter(|step| !step.done) {
        println!("-- {}\n{}\n", step.name, step.sql.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

async fn copied(from: &Location, to: &Location) -> anyhow::Result<ExitCode> {
    if let Location::File(file) = from
        && !file.exists()
    {
        bail!("there is no database `{}`", file.display());
    }
    let (from, from_lock) = store::open_to_serve(from).await?;
    let (to, to_lock) = match to {
        Location::File(_) => store::open_to_serve(to).await?,
        Location::Postgres(_) => (store::open(to, Missing::Do).await?, None),
    };
    copy(&from, &to, |copied| eprintln!("{:>9} rows of {}, compared", copied.rows, copied.table)).await?;
    to.close().await;
    from.close().await;
    drop((from_lock, to_lock));
    println!("everything was copied");
    Ok(ExitCode::SUCCESS)
}
