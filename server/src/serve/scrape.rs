//! What do the numbers under `/metrics` mean?

use std::{fmt, fs};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet, text::encode},
    metrics::{MetricType, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{app::App, db::Load, metrics::Label};

/// The media type of what is answered.
pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All there is to see of a server in numbers.
pub struct Scrape(Registry);

impl Scrape {
    /// What there is to see of an installation's server, which begins now.
    #[must_use]
    pub fn new(app: &App) -> Self {
        let mut registry = Registry::default();
        let build = Family::<[Label; 1], Gauge>::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("rolecall_build_info", "The version of the program", build);
        requests(&mut registry, app);
        tenants(&mut registry, app);
        database(&mut registry, app);
        let started_at = app.clock.now().as_millis();
        registry.register_collector(Box::new(Now { app: app.clone(), started_at }));
        Self(registry)
    }

    /// The numbers as they are now.
    ///
    /// # Errors
    /// When they cannot be written down, which is a fault of the program.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.0)?;
        Ok(text)
    }
}

fn requests(registry: &mut Registry, app: &App) {
    let metrics = &app.metrics;
    let of = "by operation, tier and class of status";
    registry.register(
        "rolecall_requests",
        format!("Requests that were answered, {of}"),
        metrics.answers.clone(),
    );
    registry.register(
        "rolecall_request_duration_seconds",
        "How long it took until an answer began, by operation and tier",
        metrics.durations.clone(),
    );
    registry.register("rolecall_connections", "Connections that are open", metrics.connections.clone());
    let decisions = metrics.decisions.by_answer.clone();
    registry.register("rolecall_decisions", "Decisions on access, by answer", decisions);
    registry.register(
        "rolecall_rate_limited",
        "Requests that were too many, by tier",
        metrics.rate_limited.clone(),
    );
    registry.register("rolecall_logins", "Attempts to log in, by way and outcome", metrics.logins.clone());
    let attempts = metrics.webhook_attempts.clone();
    registry.register("rolecall_webhook_attempts", "Attempts to deliver an event, by outcome", attempts);
    registry.register(
        "rolecall_webhook_duration_seconds",
        "How long it took until a webhook had answered or not",
        metrics.webhook_durations.clone(),
    );
    registry.register("rolecall_audit_rows", "Rows written into audit trails", metrics.audit_rows.clone());
}

fn tenants(registry: &mut Registry, app: &App) {
    let snapshots = &app.snapshots;
    registry.register("rolecall_snapshot_loads", "Tenants read into memory", snapshots.loaded.clone());
    registry.register(
        "rolecall_snapshot_evictions",
        "Tenants that left the memory for want of room",
        snapshots.evicted.clone(),
    );
    if app.db.is_shared() {
        registry.register(
            "rolecall_beacon_duration_seconds",
            "How long the database took to hear that this server is there",
            app.beacons.took.clone(),
        );
        registry.register(
            "rolecall_beacon_failures",
            "How often the database did not hear that this server is there",
            app.beacons.failed.clone(),
        );
    }
}

fn database(registry: &mut Registry, app: &App) {
    let measures = app.db.measures();
    registry.register(
        "rolecall_database_duration_seconds",
        "How long work on the database took with the wait for its turn, by kind",
        measures.took.clone(),
    );
    registry.register(
        "rolecall_database_failures",
        "Work that the database could not do",
        measures.failed.clone(),
    );
    if let Load::Sqlite { commits, .. } = app.db.load() {
        registry.register("rolecall_sqlite_commit_size", "Pieces of work in one commit", commits.sizes);
        registry.register("rolecall_sqlite_commit_duration_seconds", "How long a commit took", commits.took);
    }
}

/// What is looked up when somebody asks.
struct Now {
    app: App,
    /// Milliseconds of Unix time.
    started_at: i64,
}

impl fmt::Debug for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Now")
    }
}

impl Collector for Now {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = |name: &str, help: &str, value: f64| {
            encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
        };
        let Self { app, started_at } = self;
        gauge(
            "rolecall_requests_in_flight",
            "Requests that are being answered",
            of_i64(app.metrics.in_flight()),
        )?;
        let [tenants, bytes, most] = app.snapshots.size().map(of_u64);
        gauge("rolecall_snapshots", "Tenants in memory", tenants)?;
        gauge("rolecall_snapshot_bytes", "Memory that they take", bytes)?;
        gauge("rolecall_snapshot_budget_bytes", "Memory that they may take", most)?;
        if let Some(seconds) = app.lease.remaining() {
            gauge("rolecall_lease_seconds", "How long this server may still answer from memory", seconds)?;
        }
        match app.db.load() {
            Load::Sqlite { waiting, .. } => {
                gauge("rolecall_sqlite_waiting", "Pieces of writing work that wait", of(waiting))?;
            }
            Load::Postgres { in_use, open, most, waiting } => {
                gauge("rolecall_postgres_connections_used", "Connections that are used", of(in_use))?;
                gauge("rolecall_postgres_connections_open", "Connections that are open", of(open))?;
                gauge("rolecall_postgres_connections_max", "Connections that there may be", of(most))?;
                gauge("rolecall_postgres_waiting", "Pieces of work that wait for a connection", of(waiting))?;
            }
        }
        let started = of_i64(*started_at) / 1000.0;
        gauge("process_start_time_seconds", "When the server was started, in Unix time", started)?;
        let Some(process) = Process::now() else { return Ok(()) };
        gauge("process_resident_memory_bytes", "Memory that the process takes", process.memory)?;
        gauge("process_open_fds", "Files and connections that the process has open", process.files)?;
        let name = "process_cpu_seconds";
        let help = "Time of processors that the process took";
        let mut counter = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        counter.encode_counter::<NoLabelSet, _, u64>(&process.seconds, None)
    }
}

/// What the system says of the process, where it says it in the manner of Linux.
struct Process {
    memory: f64,
    files: f64,
    seconds: f64,
}

impl Process {
    fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // What comes before may have blanks in it: the name of the program.
        let (_, fields) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let ticks = number(11)?.saturating_add(number(12)?);
        Some(Self {
            memory: of_u64(number(21)?.saturating_mul(rustix::param::page_size() as u64)),
            files: of(fs::read_dir("/proc/self/fd").ok()?.count()),
            seconds: of_u64(ticks) / of_u64(rustix::param::clock_ticks_per_second()),
        })
    }
}

fn of(number: usize) -> f64 {
    of_u64(number as u64)
}

#[expect(clippy::cast_precision_loss, reason = "the format has only such numbers")]
fn of_u64(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "the format has only such numbers")]
fn of_i64(number: i64) -> f64 {
    number as f64
}
