//! How does a test get a PostgreSQL of its own?

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

/// The superuser of a cluster, who needs no password.
const USER: &str = "rolecall";
/// Whom the server runs as where the tests run as root, which PostgreSQL refuses.
const SERVER: &str = "postgres";

/// A throwaway cluster on this machine. It ends when this is dropped.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    /// Its address, without a database's name.
    pub url: String,
}

impl Cluster {
    /// Makes and starts one in memory, where the machine has room there: what is tested is no disk.
    pub fn in_memory() -> anyhow::Result<Self> {
        let memory = PathBuf::from("/dev/shm");
        Self::start(&if memory.is_dir() { memory } else { std::env::temp_dir() })
    }

    /// Makes and starts one below a folder.
    pub fn start(parent: &Path) -> anyhow::Result<Self> {
        let programs = programs()?;
        let folder = parent.join(format!("rolecall-postgres-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        if is_root()? {
            crate::run("", "chown", &[SERVER, &folder.to_string_lossy()])?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("postgres://{USER}@127.0.0.1:{port}");
        let cluster = Self { programs, folder, url };
        let data = cluster.data();
        cluster.run("initdb", &["-D", &data, "-A", "trust", "-U", USER, "--locale=C", "-E", "UTF8"])?;
        let sockets = cluster.folder.display();
        let options = format!("-p {port} -k {sockets} -c listen_addresses=127.0.0.1 -c max_connections=400");
        let log = cluster.folder.join("log");
        cluster.run("pg_ctl", &["-D", &data, "-w", "-o", &options, "-l", &log.to_string_lossy(), "start"])?;
        Ok(cluster)
    }

    /// Makes a database; answers its address.
    pub fn database(&self, name: &str) -> anyhow::Result<String> {
        let make = format!("CREATE DATABASE {name}");
        crate::run("", "psql", &["-q", "-c", &make, &format!("{}/postgres", self.url)])?;
        Ok(format!("{}/{name}", self.url))
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
        let output = command.args(arguments).current_dir(&self.folder).output()?;
        if !output.status.success() {
            bail!("{} failed: {}", program.display(), String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Where Debian keeps the programs of the newest PostgreSQL.
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
