//! Are the audit trails on the server's machine what was written?

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use rolecall_engine::ids::TenantId;
use rolecall_server::{App, Mark, Verdict, setup, verify_audits};

use crate::{store::Place, tenants::existing};

/// Look after audit trails on the server's machine.
#[derive(Subcommand)]
pub enum Audit {
    /// Check that no row of the trails and their archives was changed, taken out or put elsewhere
    ///
    /// Says for each tenant how many rows there are, or which is the first that is wrong. Ends with 1 if one is.
    Verify {
        #[command(flatten)]
        place: Place,
        /// The tenant's identifier; all tenants if not given
        #[arg(long, allow_hyphen_values = true)]
        tenant: Option<String>,
        /// A file, best on another machine, with the last row of each trail at an earlier look: compared first, and written anew
        /// if all is well. With it, a trail is noticed that was written anew as a whole
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
    },
}

impl Audit {
    pub async fn run(self) -> anyhow::Result<()> {
        let Self::Verify { place, tenant, heads } = self;
        let asked = tenant.map(|tenant| {
            tenant.parse().with_context(|| format!("`{tenant}` cannot be a tenant's identifier"))
        });
        let asked: Option<TenantId> = asked.transpose()?;
        let known = heads.as_deref().map_or_else(|| Ok(Heads::new()), read)?;
        let app = existing(place).await?;
        let looked = look(&app, asked, known).await;
        app.close().await;
        let (heads_now, faults) = looked?;
        if faults > 0 {
            bail!("{faults} of the audit trails are not what was written");
        }
        heads.map_or(Ok(()), |file| write(&file, &heads_now))
    }
}

/// The last row of the trail of each tenant.
type Heads = BTreeMap<String, Mark>;

/// Goes over the trails that are asked for, and says what is found; answers where they end now and how many are wrong.
async fn look(app: &App, asked: Option<TenantId>, mut heads: Heads) -> anyhow::Result<(Heads, usize)> {
    let mut tenants: Vec<TenantId> = setup::list(app).await?.into_iter().map(|(tenant, _)| tenant).collect();
    let mut faults = 0;
    let is_asked = |tenant: &str| asked.is_none_or(|asked| asked.as_str() == tenant);
    for gone in
        heads.keys().filter(|known| is_asked(known) && !tenants.iter().any(|id| id.as_str() == *known))
    {
        println!(
            "{gone}  wrong: the tenant is gone; if it was deleted on its day, take its line out of the file"
        );
        faults += 1;
    }
    tenants.retain(|tenant| is_asked(tenant.as_str()));
    if let (Some(asked), true) = (asked, tenants.is_empty() && faults == 0) {
        bail!("there is no tenant `{asked}`");
    }
    for tenant in tenants {
        match verify_audits(app, tenant, heads.get(tenant.as_str())).await {
            Ok(Verdict { fault: None, end, unhashed }) => {
                let old = if unhashed == 0 {
                    String::new()
                } else {
                    format!(", {unhashed} of them without hashes")
                };
                println!("{tenant}  {} rows{old}", end.sequence);
                heads.insert(tenant.to_string(), end);
            }
            Ok(Verdict { fault: Some(fault), .. }) => {
                println!("{tenant}  wrong: {fault}");
                faults += 1;
            }
            Err(error) => {
                println!("{tenant}  wrong: the rows cannot be read: {error}");
                faults += 1;
            }
        }
    }
    Ok((heads, faults))
}

/// The heads in a file, none if it is not there yet: a line for each tenant with the number of the row and its hash.
fn read(file: &Path) -> anyhow::Result<Heads> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Heads::new()),
        read => read.with_context(|| format!("cannot read `{}`", file.display()))?,
    };
    let head = |(at, line): (usize, &str)| {
        let mut words = line.split(' ');
        let parsed = words.next().zip(words.next().and_then(|number| number.parse().ok()));
        let (tenant, sequence) =
            parsed.with_context(|| format!("line {} of `{}` is no head", at + 1, file.display()))?;
        Ok((tenant.to_owned(), Mark { sequence, hash: words.next().map(str::to_owned) }))
    };
    text.lines().enumerate().map(head).collect()
}

/// Writes the heads in place of those that are there, all or none.
fn write(file: &Path, heads: &Heads) -> anyhow::Result<()> {
    let line = |(tenant, Mark { sequence, hash }): (&String, &Mark)| {
        let hash = hash.as_ref().map(|hash| format!(" {hash}")).unwrap_or_default();
        format!("{tenant} {sequence}{hash}\n")
    };
    let text: String = heads.iter().map(line).collect();
    let mut new = file.as_os_str().to_owned();
    new.push(".new");
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, file))
        .with_context(|| format!("cannot write `{}`", file.display()))
}
