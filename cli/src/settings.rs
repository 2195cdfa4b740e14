//! How is a server set up? Flags go before environment variables, those before the file.

use std::{
    collections::HashSet,
    convert::Infallible,
    env, fmt,
    net::SocketAddr,
    num::NonZeroU32,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::{Args, Command, ValueEnum};
use rolecall_engine::catalogue::Catalogue;
use rolecall_server::{
    Allowed, App, Budget, Clock, Entropy, Location, Mailer, Origin, PerMinute, RateLimits, Settings,
    Staleness,
};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{
    catalogue, contexts, log,
    otlp::Traces,
    secret_url::SecretUrl,
    store::{self, Place},
    wait,
};

/// Serve the tenants of a data directory.
#[derive(Args)]
pub struct Serve {
    /// A file with settings in TOML; see `config.example.toml`
    #[arg(long, value_name = "FILE", env = "ROLECALL_CONFIG")]
    config: Option<PathBuf>,
    /// Print the settings that hold, and stop
    #[arg(long)]
    print_config: bool,
    #[command(flatten)]
    given: Given,
}

/// What flags, variables or the file say; what none of them says has a default.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Given {
    /// The address to listen on [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDRESS", env = "ROLECALL_LISTEN")]
    listen: Option<SocketAddr>,
    /// The address to answer Envoy's external authorization on, over gRPC; off if not given
    #[arg(long, value_name = "ADDRESS", env = "ROLECALL_ENVOY_LISTEN")]
    envoy_listen: Option<SocketAddr>,
    /// The address to tell metrics and health on, or `off` [default: 127.0.0.1:9464]
    #[arg(long, value_name = "ADDRESS|off", env = "ROLECALL_METRICS_LISTEN")]
    metrics_listen: Option<MetricsListen>,
    /// The directory that holds the database, if that is SQLite [default: rolecall-data]
    #[arg(long, value_name = "DIR", env = "ROLECALL_DATA")]
    data: Option<PathBuf>,
    /// The PostgreSQL that holds the data instead, for example <postgres://rolecall@db.example.com/rolecall?sslmode=require>
    #[arg(long, value_name = "URL", env = "ROLECALL_DATABASE", hide_env_values = true)]
    database: Option<SecretUrl>,
    /// The file that holds the installation's key: 32 bytes in base64
    #[arg(long, value_name = "FILE", env = "ROLECALL_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// The address the server is reached under from outside, for example <https://access.example.com>
    #[arg(long, value_name = "URL", env = "ROLECALL_PUBLIC_URL")]
    public_url: Option<String>,
    /// The mail server that takes letters to people, for example <smtps://user:password@mail.example.com>
    #[arg(long, value_name = "URL", env = "ROLECALL_SMTP_URL", hide_env_values = true)]
    smtp_url: Option<SecretUrl>,
    /// The sender of letters, for example `Access <access@example.com>`
    #[arg(long, value_name = "ADDRESS", env = "ROLECALL_SMTP_FROM")]
    smtp_from: Option<String>,
    /// Which requests are refused: `off`, `qlik`, `tenfold`, which is ten times what `qlik` is, or a file [default: tenfold]
    #[arg(long, value_name = "off|qlik|tenfold|FILE", env = "ROLECALL_RATE_LIMITS")]
    rate_limits: Option<String>,
    /// Connections served at once [default: 10000]
    #[arg(long, value_name = "N", env = "ROLECALL_MAX_CONNECTIONS")]
    max_connections: Option<usize>,
    /// Mebibytes that the tenants in memory may take; beyond that some not used lately are read again [default: 256]
    #[arg(long, value_name = "MIB", env = "ROLECALL_SNAPSHOT_MEMORY")]
    snapshot_memory: Option<u32>,
    /// Seconds that answers may be behind what other servers on the same database have changed [default: 30]
    #[arg(long, value_name = "SECONDS", env = "ROLECALL_MAX_STALENESS")]
    max_staleness: Option<u64>,
    /// Networks that identity providers and receivers of webhooks may be in although they are not public, for example `10.0.0.0/8`, with commas between
    #[arg(long, value_name = "NETWORKS", env = "ROLECALL_EGRESS_ALLOW")]
    egress_allow: Option<String>,
    /// Seconds between saying that the server is about to stop and refusing connections [default: 0]
    #[arg(long, value_name = "SECONDS", env = "ROLECALL_DRAIN_SECONDS")]
    drain_seconds: Option<u64>,
    /// What is logged, as a filter of `tracing` [default: info]
    #[arg(long, value_name = "FILTER", env = "ROLECALL_LOG")]
    log: Option<String>,
    /// How it is logged [default: text]
    #[arg(long, env = "ROLECALL_LOG_FORMAT")]
    log_format: Option<log::Format>,
    /// A file with the scopes and default roles of a product of one's own, instead of Qlik Cloud's
    #[arg(long, value_name = "FILE", env = "ROLECALL_CATALOGUE")]
    catalogue: Option<PathBuf>,
    /// Have the role Developer, which was retired in January 2026 [default: false]
    #[arg(long, env = "ROLECALL_DEVELOPER_ROLE", num_args = 0..=1, default_missing_value = "true")]
    developer_role: Option<bool>,
    /// What to do with scopes that are not in the catalogue [default: strict]
    #[arg(long, env = "ROLECALL_CATALOGUE_MODE")]
    catalogue_mode: Option<CatalogueMode>,
}

/// Where metrics and health are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MetricsListen {
    /// Nowhere.
    Off,
    /// On an address of their own.
    On(SocketAddr),
}

impl Default for MetricsListen {
    fn default() -> Self {
        Self::On(SocketAddr::from(([127, 0, 0, 1], 9464)))
    }
}

impl FromStr for MetricsListen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::On).map_err(|_| format!("`{text}` is neither `off` nor `address:port`"))
    }
}

impl TryFrom<String> for MetricsListen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<MetricsListen> for String {
    fn from(listen: MetricsListen) -> Self {
        match listen {
            MetricsListen::Off => "off".to_owned(),
            MetricsListen::On(address) => address.to_string(),
        }
    }
}

/// What happens to scopes that are not in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CatalogueMode {
    /// They are refused.
    Strict,
    /// Roles may hold them.
    Lenient,
}

/// The settings that hold. Secrets are not among them.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Effective {
    listen: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    envoy_listen: Option<SocketAddr>,
    metrics_listen: MetricsListen,
    data: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<SecretUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smtp_url: Option<SecretUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smtp_from: Option<String>,
    rate_limits: String,
    max_connections: usize,
    snapshot_memory: u32,
    max_staleness: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    egress_allow: Option<String>,
    drain_seconds: u64,
    log: String,
    log_format: log::Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    catalogue: Option<PathBuf>,
    developer_role: bool,
    catalogue_mode: CatalogueMode,
}

/// The limits where nothing else is said.
const TENFOLD: &str = "tenfold";

impl Given {
    /// What this says, and where it says nothing, what `other` says.
    fn or(self, other: Self) -> Self {
        Self {
            listen: self.listen.or(other.listen),
            envoy_listen: self.envoy_listen.or(other.envoy_listen),
            metrics_listen: self.metrics_listen.or(other.metrics_listen),
            data: self.data.or(other.data),
            database: self.database.or(other.database),
            key_file: self.key_file.or(other.key_file),
            public_url: self.public_url.or(other.public_url),
            smtp_url: self.smtp_url.or(other.smtp_url),
            smtp_from: self.smtp_from.or(other.smtp_from),
            rate_limits: self.rate_limits.or(other.rate_limits),
            max_connections: self.max_connections.or(other.max_connections),
            snapshot_memory: self.snapshot_memory.or(other.snapshot_memory),
            max_staleness: self.max_staleness.or(other.max_staleness),
            egress_allow: self.egress_allow.or(other.egress_allow),
            drain_seconds: self.drain_seconds.or(other.drain_seconds),
            log: self.log.or(other.log),
            log_format: self.log_format.or(other.log_format),
            catalogue: self.catalogue.or(other.catalogue),
            developer_role: self.developer_role.or(other.developer_role),
            catalogue_mode: self.catalogue_mode.or(other.catalogue_mode),
        }
    }

    fn effective(self) -> Effective {
        Effective {
            listen: self.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8787))),
            envoy_listen: self.envoy_listen,
            metrics_listen: self.metrics_listen.unwrap_or_default(),
            data: self.data.unwrap_or(PathBuf::from("rolecall-data")),
            database: self.database,
            key_file: self.key_file,
            public_url: self.public_url,
            smtp_url: self.smtp_url,
            smtp_from: self.smtp_from,
            rate_limits: self.rate_limits.unwrap_or(TENFOLD.to_owned()),
            max_connections: self.max_connections.unwrap_or(10_000),
            snapshot_memory: self.snapshot_memory.unwrap_or(256),
            max_staleness: self.max_staleness.unwrap_or(30),
            egress_allow: self.egress_allow,
            drain_seconds: self.drain_seconds.unwrap_or(0),
            log: self.log.unwrap_or("info".to_owned()),
            log_format: self.log_format.unwrap_or(log::Format::Text),
            catalogue: self.catalogue,
            developer_role: self.developer_role.unwrap_or(false),
            catalogue_mode: self.catalogue_mode.unwrap_or(CatalogueMode::Strict),
        }
    }
}

impl Serve {
    pub async fn run(self) -> anyhow::Result<()> {
        let file = self.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let effective = self.given.or(file).effective().checked()?;
        let shown = toml::to_string(&effective)?;
        if self.print_config {
            print!("{shown}");
            return Ok(());
        }
        let traces = Traces::wanted()?;
        log::to_standard_error(&effective.log, effective.log_format, traces.as_ref())?;
        tracing::info!(configuration = shown.trim_end().replace('\n', "; "), "starting");
        let served = effective.serve().await;
        Traces::end(traces).await;
        served
    }
}

/// Connections at once, snapshots in MiB and seconds of draining that make sense.
const CONNECTIONS_IN: RangeInclusive<usize> = 1..=1_000_000;
const MEMORY_IN: RangeInclusive<u32> = 1..=1_048_576;
const DRAIN_IN: RangeInclusive<u64> = 0..=3600;
const STALENESS_IN: RangeInclusive<u64> = 1..=300;

fn within<T: PartialOrd + fmt::Display>(
    name: &str,
    value: &T,
    range: &RangeInclusive<T>,
) -> anyhow::Result<()> {
    if range.contains(value) {
        return Ok(());
    }
    bail!("`{name}` is {value}, and must be from {} to {}", range.start(), range.end())
}

impl Effective {
    /// The same settings, if each is one that can hold.
    fn checked(self) -> anyhow::Result<Self> {
        within("max-connections", &self.max_connections, &CONNECTIONS_IN)?;
        within("snapshot-memory", &self.snapshot_memory, &MEMORY_IN)?;
        within("max-staleness", &self.max_staleness, &STALENESS_IN)?;
        within("drain-seconds", &self.drain_seconds, &DRAIN_IN)?;
        Ok(self)
    }

    async fn serve(self) -> anyhow::Result<()> {
        let master_key = store::key(self.key_file.as_deref())?;
        let public_url = self.public_url.as_deref().map(|url| {
            url.parse::<Origin>()
                .with_context(|| format!("the public address `{url}` is not `http(s)://host[:port]`"))
        });
        let settings = Settings {
            master_key,
            catalogue: catalogue::of(
                self.catalogue.as_deref(),
                self.developer_role,
                self.catalogue_mode == CatalogueMode::Lenient,
            )?,
            public_url: public_url.transpose()?,
            rate_limits: RateLimits::new(rate_limits(&self.rate_limits)?),
            egress: allowed(self.egress_allow.as_deref())?,
            mail: mailer(self.smtp_url.as_ref(), self.smtp_from.as_deref())?,
            snapshot_budget: Budget(u64::from(self.snapshot_memory) * 1024 * 1024),
            staleness: Staleness(Duration::from_secs(self.max_staleness)),
        };
        let (db, _lock) = store::open_to_serve(&store::location(&self.data, self.database.as_ref())?).await?;
        // As many open files as connections need; if that is not allowed, fewer connections are accepted.
        let _ = rlimit::increase_nofile_limit(self.max_connections as u64 + 256);
        let app = App::new(db, settings, Clock::default(), Entropy).await?;
        let lacking = rolecall_server::setup::refuse_other_catalogue(&app).await?;
        rolecall_server::setup::adopt_default_roles(&app, lacking).await?;
        if rolecall_server::setup::list(&app).await?.is_empty() {
            tracing::warn!("there is no tenant yet; make the first one with `rolecall init`");
        }
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}", self.listen))?;
        let envoy = self.envoy(&app).await?;
        let observed = self.observed(&app).await?;
        tracing::info!(address = %listener.local_addr()?, "ready");
        let stop = wait::for_stop()?;
        let notice = Duration::from_secs(self.drain_seconds);
        let stop = async move {
            stop.await;
            drop(envoy);
        };
        rolecall_server::serve(app, listener, self.max_connections, notice, stop).await;
        // Until the end: whoever watches sees how requests end.
        drop(observed);
        tracing::info!("stopped");
        Ok(())
    }

    /// Tells metrics and health, if that is wanted, for as long as the answer lives.
    async fn observed(&self, app: &App) -> anyhow::Result<Option<JoinSet<Infallible>>> {
        let MetricsListen::On(address) = self.metrics_listen else { return Ok(None) };
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| {
            format!("cannot listen on {address} for metrics; name another by `--metrics-listen`, or `off`")
        })?;
        tracing::info!(metrics = %listener.local_addr()?, "ready for metrics");
        let mut serving = JoinSet::new();
        serving.spawn(rolecall_server::serve_observed(app.clone(), listener));
        Ok(Some(serving))
    }

    /// Answers Envoy, if that is wanted, for as long as the answer lives.
    async fn envoy(&self, app: &App) -> anyhow::Result<Option<watch::Sender<()>>> {
        let Some(address) = self.envoy_listen else { return Ok(None) };
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("cannot listen on {address} for Envoy"))?;
        tracing::info!(envoy = %listener.local_addr()?, "ready for Envoy");
        let (running, mut ended) = watch::channel(());
        let stop = async move { ended.changed().await.unwrap_or_default() };
        let serving = rolecall_server::serve_envoy(app.clone(), listener, stop);
        tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "Envoy is not answered any more");
            }
        });
        Ok(Some(running))
    }
}

/// Who takes letters to people.
fn mailer(url: Option<&SecretUrl>, from: Option<&str>) -> anyhow::Result<Mailer> {
    match (url, from) {
        (Some(url), Some(from)) => Ok(Mailer::smtp(url.reveal(), from)?),
        (None, None) => Ok(Mailer::Off),
        _ => bail!("`smtp-url` and `smtp-from` are given together or not at all"),
    }
}

/// What of an installation a command needs that ends at once.
pub struct Installation {
    /// Where the database is.
    pub location: Location,
    /// The file that holds the key.
    pub key_file: Option<PathBuf>,
    /// The catalogue.
    pub catalogue: Catalogue,
}

impl Installation {
    /// What a command says, and where it says nothing, what the server's file of settings says.
    ///
    /// # Errors
    /// When a file cannot be read, or is not what it should be.
    pub fn of(place: Place) -> anyhow::Result<Self> {
        let file = place.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let Place { data, database, key_file, catalogue, developer_role, .. } = place;
        let given =
            Given { data, database, key_file, catalogue, developer_role, ..Given::default() }.or(file);
        let effective = given.effective();
        Ok(Self {
            catalogue: catalogue::of(effective.catalogue.as_deref(), effective.developer_role, false)?,
            location: store::location(&effective.data, effective.database.as_ref())?,
            key_file: effective.key_file,
        })
    }
}

fn read_file(file: &Path) -> anyhow::Result<Given> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    toml::from_str(&text).with_context(|| format!("`{}` cannot be used", file.display()))
}

/// The networks in a text.
fn allowed(text: Option<&str>) -> anyhow::Result<Allowed> {
    let networks = text.unwrap_or_default().split(',').map(str::trim).filter(|network| !network.is_empty());
    let network = |text: &str| text.parse().with_context(|| format!("`{text}` is not a network"));
    Ok(Allowed(networks.map(network).collect::<Result<_, _>>()?))
}

/// How variables begin that Kubernetes sets for a service called `rolecall`.
const FOREIGN: &[&str] = &["ROLECALL_PORT", "ROLECALL_SERVICE_"];

/// Refuses environment variables that look like settings and are none.
///
/// # Errors
/// When there is one.
pub fn refuse_unknown_variables(program: &Command) -> anyhow::Result<()> {
    fn collect(command: &Command, known: &mut HashSet<String>) {
        let variables = command.get_arguments().filter_map(|argument| argument.get_env());
        known.extend(variables.map(|name| name.to_string_lossy().into_owned()));
        command.get_subcommands().for_each(|command| collect(command, known));
    }
    let beside = contexts::VARIABLES.into_iter().chain([store::KEY_VARIABLE]);
    let mut known: HashSet<String> = beside.map(str::to_owned).collect();
    collect(program, &mut known);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let setting = name.starts_with("ROLECALL_") && !FOREIGN.iter().any(|start| name.starts_with(start));
        if setting && !known.contains(&name) {
            let mut known: Vec<String> = known.into_iter().collect();
            known.sort_unstable();
            bail!("the environment variable `{name}` is not a setting; there are {}", known.join(", "));
        }
    }
    Ok(())
}

/// The limits that a word or a file says; none for no limits.
///
/// # Errors
/// When the file cannot be read or is not of the right form.
pub fn rate_limits(text: &str) -> anyhow::Result<Option<PerMinute>> {
    match text {
        "off" => Ok(None),
        "qlik" => Ok(Some(PerMinute::qlik(NonZeroU32::MIN))),
        TENFOLD => Ok(Some(PerMinute::qlik(NonZeroU32::MIN.saturating_add(9)))),
        file => {
            let text = std::fs::read_to_string(file).with_context(|| {
                format!("the rate limits `{file}` are neither `off` nor `qlik` nor a file")
            })?;
            toml::from_str(&text)
                .map(Some)
                .with_context(|| format!("the rate limits in `{file}` cannot be used"))
        }
    }
}
