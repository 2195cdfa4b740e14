//! How is the sandbox started?

use std::{net::Ipv4Addr, path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::Args;
use rolecall_engine::catalogue::Catalogue;
use rolecall_server::{
    Allowed, App, Clock, Entropy, Mailer, RateLimits, Settings,
    demo::{COMPANIES, Company, Demo, EMPTY, PASSWORD},
};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::{catalogue, log, manifest::Furnishing, otlp::Traces, settings, store, wait};

/// Connections the sandbox serves at once.
const CONNECTIONS: usize = 1024;

/// Start a sandbox.
#[derive(Args)]
pub struct Dev {
    /// The directory that keeps the data; without it, everything is gone when the sandbox stops
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The port to listen on; 0 for any that is free
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Print one line of JSON instead of text
    #[arg(long)]
    json: bool,
    /// Which requests are refused: `off`, `qlik`, `tenfold`, which is ten times what `qlik` is, or a file
    #[arg(long, value_name = "off|qlik|tenfold|FILE", default_value = "off")]
    rate_limits: String,
    /// A file with the scopes and default roles of a product of one's own, instead of Qlik Cloud's
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Have the role Developer, which was retired in January 2026
    #[arg(long)]
    developer_role: bool,
    /// Accept scopes that are not in the catalogue
    #[arg(long)]
    lenient: bool,
    /// Instead of the demo tenants one that is as a file says, for example one that `rolecall export` printed
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The context of which the file's variables have their values
    #[arg(long, value_name = "NAME", requires = "from")]
    from_context: Option<String>,
}

impl Dev {
    pub async fn run(self) -> anyhow::Result<()> {
        let context = self.from_context.as_deref();
        let furnishing = self.from.as_deref().map(|file| Furnishing::read(file, context)).transpose()?;
        let traces = Traces::wanted()?;
        log::to_standard_error("warn", log::Format::Text, traces.as_ref())?;
        let (data, temporary) = if let Some(data) = &self.data {
            (data.clone(), None)
        } else {
            let temporary = tempfile::Builder::new().prefix("rolecall-").tempdir()?;
            (temporary.path().to_owned(), Some(temporary))
        };
        let data = data.as_path();
        let (db, _lock) = store::open_to_serve(&store::location(data, None)?).await?;
        let key = store::sandbox_key(data)?;
        let limits = settings::rate_limits(&self.rate_limits)?;
        let settings = Settings {
            rate_limits: RateLimits::new(limits),
            egress: Allowed::own_machine(),
            mail: Mailer::inbox(data.join("inbox")),
            ..Settings::new(key, self.catalogue()?)
        };
        let app = App::new(db, settings, Clock::default(), Entropy).await?;
        let lacking = rolecall_server::setup::refuse_other_catalogue(&app).await?;
        rolecall_server::setup::adopt_default_roles(&app, lacking).await?;
        let mut companies = Vec::new();
        let wanted: &'static [Company] = if furnishing.is_some() { EMPTY } else { COMPANIES };
        for company in wanted {
            let made = company.make(&app).await?;
            company.set_passwords(&app, made.tenant).await?;
            companies.push(made);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await;
        let listener = listener.with_context(|| format!("cannot listen on port {}", self.port))?;
        let url = format!("http://{}", listener.local_addr()?);
        let stop = wait::for_stop()?;
        let serving = tokio::spawn(rolecall_server::serve(app, listener, CONNECTIONS, Duration::ZERO, stop));
        if let Some(furnishing) = furnishing {
            let key = companies.iter().find_map(|demo| demo.admin_key.as_deref());
            let key = key.context("the sandbox has no administrator any more")?;
            furnishing.furnish(&url, key, self.catalogue()?).await?;
        }
        if self.json {
            println!("{}", serde_json::to_string(&Started::new(&url, &companies))?);
        } else {
            print(&url, &companies);
        }
        serving.await?;
        Traces::end(traces).await;
        drop(temporary);
        Ok(())
    }

    fn catalogue(&self) -> anyhow::Result<Catalogue> {
        catalogue::of(self.catalogue.as_deref(), self.developer_role, self.lenient)
    }
}

/// What scripts are told.
#[derive(Serialize)]
struct Started<'s> {
    url: &'s str,
    tenants: Vec<StartedTenant<'s>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StartedTenant<'s> {
    id: String,
    name: &'s str,
    hostname: &'s str,
    admin_email: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_email: Option<&'s str>,
    password: &'s str,
    admin_key: Option<&'s str>,
    user_key: Option<&'s str>,
}

impl<'s> Started<'s> {
    fn new(url: &'s str, companies: &'s [Demo]) -> Self {
        let tenant = |demo: &'s Demo| StartedTenant {
            id: demo.tenant.to_string(),
            name: demo.name,
            hostname: &demo.hostname,
            admin_email: &demo.admin_email,
            user_email: demo.user_email.as_deref(),
            password: PASSWORD,
            admin_key: demo.admin_key.as_deref(),
            user_key: demo.user_key.as_deref(),
        };
        Self { url, tenants: companies.iter().map(tenant).collect() }
    }
}

fn print(url: &str, companies: &[Demo]) {
    println!("Rolecall's sandbox is at {url}. Stop it with Ctrl-C; see {url}/docs for what it can do.");
    println!("Letters are not sent; they are at {url}/rolecall/dev/inbox.\n");
    let shown = |key: &Option<String>| key.clone().unwrap_or_else(|| "(nobody has it any more)".to_owned());
    for demo in companies {
        println!("{} ({})", demo.name, demo.tenant);
        println!("  admin key of {}:\n    {}", demo.admin_email, shown(&demo.admin_key));
        if demo.user_email.is_some() {
            println!("  key of a plain user:\n    {}", shown(&demo.user_key));
        }
        let port = url.rsplit_once(':').map_or("", |(_, port)| port);
        let people: Vec<&str> = [Some(&demo.admin_email), demo.user_email.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        println!("  log in at http://{}:{port}/login as {},", demo.hostname, people.join(" or "));
        println!("    with the password {PASSWORD}\n");
    }
    let keys = companies.first().and_then(|demo| demo.admin_key.as_ref().zip(demo.user_key.as_ref()));
    let Some((admin_key, user_key)) = keys else { return };
    println!("Try it:\n");
    println!(
        "# what a plain user holds\ncurl -s '{url}/api/v1/users/me?fields=assignedGroups,assignedRoles' \\"
    );
    println!("  -H 'Authorization: Bearer {user_key}'\n");
    println!("# make a custom role\ncurl -s {url}/api/v1/roles -H 'Content-Type: application/json' \\");
    println!("  -H 'Authorization: Bearer {admin_key}' \\");
    println!("  -d '{{\"name\": \"Exporter\", \"assignedScopes\": [\"apps.image:export\"]}}'\n");
    println!(
        "# see it among the roles\ncurl -s -G {url}/api/v1/roles --data-urlencode 'filter=type eq \"custom\"' \\"
    );
    println!("  -H 'Authorization: Bearer {admin_key}'");
}
