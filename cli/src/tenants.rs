//! How are tenants made and found on the server's machine?

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use rolecall_engine::{
    catalogue::Catalogue,
    ids::TenantId,
    names::{DisplayName, Email, Hostname, Subject},
    time::Span,
};
use rolecall_server::{
    App, Clock, Db, Entropy, Location, MasterKey, Missing, Settings,
    setup::{self, Earlier, Founded, NewTenant},
};

use crate::{
    settings::Installation,
    store::{self, Place},
};

/// How long the administrator's first key lives.
const KEY_LIFETIME: Span = Span::from_hours(24);

/// Make the first tenant of a database.
#[derive(Args)]
pub struct Init {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    tenant: New,
}

/// What a tenant is made of.
#[derive(Args)]
pub struct New {
    /// The name the tenant shows
    #[arg(long)]
    name: String,
    /// The host name it is reached under; can be given twice
    #[arg(long, required = true)]
    hostname: Vec<String>,
    /// The administrator's e-mail address
    #[arg(long)]
    admin_email: String,
    /// What the identity provider will call the administrator; the address if not given
    #[arg(long)]
    admin_subject: Option<String>,
}

/// Make and look at tenants.
#[derive(Subcommand)]
pub enum Tenants {
    /// Make a tenant, and its administrator's API key
    Create {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        tenant: New,
    },
    /// List the tenants
    Ls {
        #[command(flatten)]
        place: Place,
    },
    /// Make an API key for a user of a tenant, for an administrator who has none any more
    Key {
        #[command(flatten)]
        place: Place,
        /// The tenant's identifier
        #[arg(allow_hyphen_values = true)]
        tenant: String,
        /// The user's subject
        subject: String,
    },
}

impl Init {
    pub async fn run(self) -> anyhow::Result<()> {
        let installation = Installation::of(self.place)?;
        let key = store::key_or_new(installation.key_file.as_deref())?;
        // There is nobody yet whom new steps could disturb.
        let db = match &installation.location {
            Location::Postgres(_) => store::open(&installation.location, Missing::Do).await?,
            Location::File(_) => store::open_for_a_command(&installation.location).await?,
        };
        let app = app(db, installation.catalogue, key).await?;
        if !setup::list(&app).await?.is_empty() {
            bail!("the store has a tenant already; make another one with `rolecall tenants create`");
        }
        make(&app, self.tenant).await
    }
}

impl Tenants {
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Create { place, tenant } => make(&existing(place).await?, tenant).await,
            Self::Ls { place } => {
                for (id, name) in setup::list(&existing(place).await?).await? {
                    println!("{id}  {name}");
                }
                Ok(())
            }
            Self::Key { place, tenant, subject } => {
                let app = existing(place).await?;
                let id: TenantId = tenant.parse().with_context(|| format!("`{tenant}` is not a tenant"))?;
                let user = Subject::new(&subject).with_context(|| format!("`{subject}` is not a subject"))?;
                let issued = setup::issue_key(&app, id, user, KEY_LIFETIME, Earlier::Stays).await;
                println!("{}", issued.with_context(|| format!("no key for `{subject}` in `{tenant}`"))?);
                app.close().await;
                Ok(())
            }
        }
    }
}

/// The installation whose key is there, for a command that ends at once.
pub async fn existing(place: Place) -> anyhow::Result<App> {
    let installation = Installation::of(place)?;
    let key = store::key(installation.key_file.as_deref())?;
    app(store::open_for_a_command(&installation.location).await?, installation.catalogue, key).await
}

async fn app(db: Db, catalogue: Catalogue, master_key: MasterKey) -> anyhow::Result<App> {
    Ok(App::new(db, Settings::new(master_key, catalogue), Clock::default(), Entropy).await?)
}

async fn make(app: &App, new: New) -> anyhow::Result<()> {
    setup::refuse_other_catalogue(app).await?;
    let hostname =
        |name: &String| Hostname::new(name).with_context(|| format!("`{name}` cannot be a host name"));
    let email = Email::new(&new.admin_email)
        .with_context(|| format!("`{}` cannot be an address", new.admin_email))?;
    let subject = new.admin_subject.as_deref().unwrap_or(&new.admin_email);
    let tenant = NewTenant {
        name: DisplayName::new(&new.name).with_context(|| format!("`{}` cannot be a name", new.name))?,
        hostnames: new.hostname.iter().map(hostname).collect::<Result<_, _>>()?,
        admin_subject: Subject::new(subject).with_context(|| format!("`{subject}` cannot be a subject"))?,
        admin_email: Some(email),
        key_lifetime: KEY_LIFETIME,
    };
    let Founded { tenant, admin_key } = setup::create(app, tenant).await?;
    app.close().await;
    println!("tenant     {tenant}");
    println!("admin key  {admin_key}");
    eprintln!("The key is shown this once and lives 24 hours; `rolecall tenants key` makes another.");
    Ok(())
}
