//! How does a test get a PostgreSQL of its own?

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context as _, bail};

/// The superuser of a cluster, who needs no password.
const USER: &str = "rolecall";
/// Whom the server runs as where the tests run as root, which PostgreSQL refuses.
const SERVER: &str = "postgres";

/// How many this process has made.
static MADE: AtomicUsize = AtomicUsize::new(0);

/// A throwaway cluster on this machine. It ends when this is dropped.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    options: String,
    /// The port it listens on.
    pub port: u16,
    /// Its address, without a database's name.
    pub url: String,
}

impl Cluster {
    /// Makes and starts one in memory, where the machine has room there: what is tested is no disk.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn in_memory() -> anyhow::Result<Self> {
        Self::start(&memory())
    }

    /// Makes and starts one below a folder.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn start(parent: &Path) -> anyhow::Result<Self> {
        Self::start_with(parent, None, &[], &[])
    }

    /// As [`Cluster::start`]. Whoever asks by a further address of this machine is trusted too; settings are `name=value`, and
    /// there may be more words for `initdb`.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn start_with(
        parent: &Path,
        further: Option<Ipv4Addr>,
        settings: &[&str],
        layout: &[&str],
    ) -> anyhow::Result<Self> {
        let programs = programs()?;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("rolecall-postgres-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder)?;
        if is_root()? {
            own(&folder)?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("postgres://{USER}@127.0.0.1:{port}");
        let addresses = further.map_or_else(|| "127.0.0.1".to_owned(), |more| format!("127.0.0.1,{more}"));
        let mut options = format!(
            "-p {port} -c listen_addresses={addresses} -c unix_socket_directories= -c max_connections=400"
        );
        for setting in settings {
            options.push_str(" -c ");
            options.push_str(setting);
        }
        let cluster = Self { programs, folder, options, port, url };
        let data = cluster.data();
        let words = ["-D", &data, "-A", "trust", "-U", USER, "--locale=C", "-E", "UTF8"];
        cluster.run("initdb", &[&words, layout].concat())?;
        if further.is_some() {
            let who = Path::new(&cluster.data()).join("pg_hba.conf");
            fs::write(&who, fs::read_to_string(&who)? + "host all all samenet trust\n")?;
        }
        cluster.begin()?;
        Ok(cluster)
    }

    /// Starts it again after it has ended.
    ///
    /// # Errors
    /// When it does not start.
    pub fn begin(&self) -> anyhow::Result<()> {
        // Left behind by one that was killed; its number may still be there, where nobody asks how it ended.
        if self.processes().is_empty() {
            let _ = fs::remove_file(Path::new(&self.data()).join("postmaster.pid"));
        }
        let log = self.folder.join("log");
        let log = log.to_string_lossy();
        let started =
            self.run("pg_ctl", &["-D", &self.data(), "-w", "-o", &self.options, "-l", &log, "start"]);
        started.with_context(|| fs::read_to_string(&*log).unwrap_or_default())
    }

    /// Makes a database; answers its address.
    ///
    /// # Errors
    /// When it refuses.
    pub fn database(&self, name: &str) -> anyhow::Result<String> {
        self.tell(&format!("CREATE DATABASE {name}"))?;
        Ok(format!("{}/{name}", self.url))
    }

    /// Has it do something, as its superuser.
    ///
    /// # Errors
    /// When it refuses.
    pub fn tell(&self, statement: &str) -> anyhow::Result<()> {
        let mut command = Command::new("psql");
        finish(command.args(["-q", "-c", statement]).arg(format!("{}/postgres", self.url)))
    }

    /// The numbers of its processes, that of the first one first; none if it does not run.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        processes(Path::new(&self.data()))
    }

    fn data(&self) -> String {
        self.folder.join("data").to_string_lossy().into_owned()
    }

    /// Runs one of its programs as somebody whom it accepts.
    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let program = self.programs.join(program);
        let mut command = if is_root()? {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", SERVER, "--regid", SERVER, "--clear-groups"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        finish(command.args(arguments).current_dir(&self.folder))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Where files lie in memory, if the machine has room there; else where it keeps temporary ones.
#[must_use]
pub fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

/// The processes of the server over a data directory, the first one first; none if it does not run.
#[must_use]
pub fn processes(data: &Path) -> Vec<u32> {
    let first = || {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let process: u32 = text.lines().next()?.parse().ok()?;
        // The number may have been left behind, and be another's by now.
        (fs::read_link(format!("/proc/{process}/cwd")).ok()? == fs::canonicalize(data).ok()?)
            .then_some(process)
    };
    let Some(first) = first() else { return Vec::new() };
    let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|number| number.parse().ok());
    [first].into_iter().chain(children).collect()
}

/// Gives a folder to whoever the server runs as.
fn own(folder: &Path) -> anyhow::Result<()> {
    finish(Command::new("chown").arg(SERVER).arg(folder))
}

/// Runs a command, and expects it to succeed.
fn finish(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run `{program}`"))?;
    if !output.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Where Debian keeps the programs of the newest PostgreSQL.
///
/// # Errors
/// When it is not installed.
pub fn programs() -> anyhow::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").context("PostgreSQL is not installed")?;
    let versions = versions.filter_map(|version| version.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let newest = versions.max().context("PostgreSQL is not installed")?;
    Ok(PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin")))
}

fn is_root() -> anyhow::Result<bool> {
    let id = Command::new("id").arg("-u").output()?;
    Ok(id.stdout.trim_ascii() == b"0")
}
