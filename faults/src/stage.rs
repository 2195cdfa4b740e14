//! Where faults happen: a PostgreSQL, a network apart that is one link away from it, and nodes here and there.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rolecall_postgres::Cluster;

use crate::{client::Client, network::Network, node::Node, tenant::Tenant, witness::Cast};

/// What nodes have as `--max-staleness` if nothing else is said.
pub const STALENESS: Duration = Duration::from_secs(2);
/// How long a node may take to be ready when all is mended.
const PATIENCE: Duration = Duration::from_secs(30);

/// The variables of a node beside its settings.
pub type Variables = [(&'static str, String)];

/// What gives a node a fault on purpose, if that is wanted.
pub fn faulty(wanted: bool, fault: &str) -> Vec<(&'static str, String)> {
    wanted.then(|| ("SABOTAGE", fault.to_owned())).into_iter().collect()
}

/// What all faults share. It is gone when this is dropped.
pub struct Stage {
    pub program: PathBuf,
    /// Where logs and small files stay.
    folder: PathBuf,
    pub cluster: Cluster,
    pub network: Network,
    databases: AtomicUsize,
}

impl Stage {
    /// Prepares one; needs root.
    ///
    /// # Errors
    /// When the machine does not allow it, or PostgreSQL is not installed.
    pub fn new(program: PathBuf, folder: PathBuf) -> anyhow::Result<Self> {
        let network = Network::new()?;
        // A backend that nobody listens to any more ends, as it does soon in life: what it was about to do is not done.
        let settings = ["client_connection_check_interval=10ms"];
        let memory = rolecall_postgres::memory();
        let cluster = Cluster::start_with(&memory, Some(network.of_the_database()), &settings, &[])?;
        Ok(Self { program, folder, cluster, network, databases: AtomicUsize::new(0) })
    }

    /// A folder for one run, with nothing in it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// An installation over a database of its own in the PostgreSQL of all.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn installation(&self, name: &str) -> anyhow::Result<Installation> {
        let database = format!("faults_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let near = self.cluster.database(&database)?;
        let (host, port) = (self.network.of_the_database(), self.cluster.port);
        let far = format!("postgres://rolecall@{host}:{port}/{database}");
        Installation::found(&self.program, self.folder(name)?, Store::Postgres { near, far })
    }
}

/// Where an installation keeps what it stores.
pub enum Store {
    /// PostgreSQL's address, and another way to it: for nodes in the network apart, or past what stands before it.
    Postgres { near: String, far: String },
    /// A directory.
    Sqlite(PathBuf),
}

/// An installation with one tenant.
pub struct Installation {
    program: PathBuf,
    folder: PathBuf,
    store: Store,
    /// An administrator's.
    pub key: String,
}

impl Installation {
    /// Makes one; its key and logs are in the folder.
    ///
    /// # Errors
    /// When the program refuses it.
    pub fn found(program: &Path, folder: PathBuf, store: Store) -> anyhow::Result<Self> {
        let mut installation = Self { program: program.to_owned(), folder, store, key: String::new() };
        let tenant = ["--name", "Acme", "--hostname", "acme.localhost", "--admin-email", "ada@acme.example"];
        let printed = installation.run(&[&["init"], &tenant[..]].concat())?;
        let key = printed.lines().find_map(|line| line.strip_prefix("admin key"));
        key.context("`init` prints no key")?.trim().clone_into(&mut installation.key);
        Ok(installation)
    }

    /// Runs a command of the program; answers what it prints.
    ///
    /// # Errors
    /// When it fails.
    pub fn run(&self, words: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.program);
        self.set_up(command.args(words), false);
        let output = command.output()?;
        if !output.status.success() {
            let [printed, said] =
                [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
            bail!("{words:?}: {printed}{said}");
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    fn set_up(&self, command: &mut Command, far_away: bool) {
        let sets_up = |name: &str| name.starts_with("ROLECALL_") || name.starts_with("OTEL_");
        for (name, _) in std::env::vars().filter(|(name, _)| sets_up(name)) {
            command.env_remove(name);
        }
        command.arg("--key-file").arg(self.folder.join("key"));
        match &self.store {
            Store::Postgres { far, .. } if far_away => command.args(["--database", far]),
            Store::Postgres { near, .. } => command.args(["--database", near]),
            Store::Sqlite(data) => command.arg("--data").arg(data),
        };
    }

    /// Starts a node on this machine; on a port if one is given.
    ///
    /// # Errors
    /// When it does not start.
    pub fn node(&self, name: &str, port: Option<u16>, variables: &Variables) -> anyhow::Result<Node> {
        let address = SocketAddr::from(([127, 0, 0, 1], port.unwrap_or_default()));
        let mut command = Command::new(&self.program);
        self.start(command.envs(variables.iter().cloned()), name, address, false)
    }

    /// Starts a node on this machine that goes to the database by the other way.
    ///
    /// # Errors
    /// When it does not start.
    pub fn node_by_the_other_way(&self, name: &str) -> anyhow::Result<Node> {
        self.start(&mut Command::new(&self.program), name, SocketAddr::from(([127, 0, 0, 1], 0)), true)
    }

    /// Starts a node in the network apart.
    ///
    /// # Errors
    /// When it does not start.
    pub fn node_apart(&self, network: &Network, name: &str, variables: &Variables) -> anyhow::Result<Node> {
        let mut command = network.command(&self.program.to_string_lossy());
        self.start(
            command.envs(variables.iter().cloned()),
            name,
            SocketAddr::from((network.of_nodes(), 0)),
            true,
        )
    }

    fn start(
        &self,
        command: &mut Command,
        name: &str,
        address: SocketAddr,
        far_away: bool,
    ) -> anyhow::Result<Node> {
        command.args(["serve", "--metrics-listen", "off", "--rate-limits", "off", "--log-format", "json"]);
        command.args(["--listen", &address.to_string()]);
        command.args(["--max-staleness", &STALENESS.as_secs().to_string()]);
        self.set_up(command, far_away);
        let node = Node::start(command, &self.folder.join(format!("{name}.log")))?;
        ready(node.address)?;
        Ok(node)
    }

    /// Prepares the tenant by a node.
    ///
    /// # Errors
    /// When the node refuses something.
    pub fn tenant(&self, node: &Node) -> anyhow::Result<Tenant> {
        Tenant::prepare(node.address, self.key.clone())
    }

    /// A file in its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Two nodes over one database, of which the second is in the network apart, where it fails.
pub struct Pair {
    pub a: Node,
    pub b: Node,
    pub tenant: Tenant,
}

impl Pair {
    /// Starts them; the second with variables.
    ///
    /// # Errors
    /// When one does not start.
    pub fn start(stage: &Stage, installation: &Installation, variables: &Variables) -> anyhow::Result<Self> {
        let a = installation.node("a", None, &[])?;
        let b = installation.node_apart(&stage.network, "b", variables)?;
        let tenant = installation.tenant(&a)?;
        Ok(Self { a, b, tenant })
    }

    /// Where both are.
    pub fn nodes(&self) -> [SocketAddr; 2] {
        [self.a.address, self.b.address]
    }

    /// Who asks both, and writes to the first: what the second is about to store when it fails keeps the tenant's lock for some
    /// seconds.
    pub fn cast<'c>(&'c self, nodes: &'c [SocketAddr; 2]) -> Cast<'c> {
        Cast {
            tenant: &self.tenant,
            writes: &nodes[..1],
            changes: self.a.address,
            pace: STALENESS / 20,
            asks: nodes,
            staleness: STALENESS,
        }
    }
}

/// Waits until a node is ready; answers how long that took.
///
/// # Errors
/// When it takes too long.
pub fn ready(node: SocketAddr) -> anyhow::Result<Duration> {
    let client = Client::new("", Duration::from_secs(1));
    let begun = Instant::now();
    while client.get(node, "/readyz").status != 200 {
        if begun.elapsed() > PATIENCE {
            bail!("{node} is not ready after {PATIENCE:?}");
        }
        sleep(Duration::from_millis(20));
    }
    Ok(begun.elapsed())
}
