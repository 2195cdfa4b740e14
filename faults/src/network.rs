//! How is a node cut off from the database? It runs in a network of its own, with one link to the database and another one to
//! those who ask; a link that is cut lets nothing through and tells nobody.

use std::{net::Ipv4Addr, process::Command};

use anyhow::bail;

/// A network that is apart from the machine's. It is gone when this is dropped.
pub struct Network {
    name: String,
    to_the_database: Link,
    to_nodes: Link,
}

/// A link between the machine and the network.
struct Link {
    /// What its end is called on this machine.
    name: String,
    here: Ipv4Addr,
    there: Ipv4Addr,
}

impl Network {
    /// Makes one; needs root.
    ///
    /// # Errors
    /// When the machine does not allow it.
    pub fn new() -> anyhow::Result<Self> {
        let number = std::process::id();
        // Addresses that are kept for tests of networks (RFC 2544), so that nobody has them.
        let [.., third] = (number % 250).to_be_bytes();
        let link = |n: u8| Link {
            name: format!("rcf{number}-{n}"),
            here: Ipv4Addr::new(198, 18, third, n * 4 + 1),
            there: Ipv4Addr::new(198, 18, third, n * 4 + 2),
        };
        let name = format!("rolecall-faults-{number}");
        ip(&["netns", "add", &name])?;
        let network = Self { name, to_the_database: link(0), to_nodes: link(1) };
        network.connect(&network.to_the_database)?;
        network.connect(&network.to_nodes)?;
        Ok(network)
    }

    fn connect(&self, Link { name, here, there }: &Link) -> anyhow::Result<()> {
        let far = format!("{name}x");
        ip(&["link", "add", name, "type", "veth", "peer", "name", &far, "netns", &self.name])?;
        ip(&["address", "add", &format!("{here}/30"), "dev", name])?;
        ip(&["-n", &self.name, "address", "add", &format!("{there}/30"), "dev", &far])?;
        ip(&["link", "set", name, "up"])?;
        ip(&["-n", &self.name, "link", "set", &far, "up"])
    }

    /// A command that is to run within.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Where the database is to listen, to be reached from within.
    pub fn of_the_database(&self) -> Ipv4Addr {
        self.to_the_database.here
    }

    /// Where those within are reached from this machine.
    pub fn of_nodes(&self) -> Ipv4Addr {
        self.to_nodes.there
    }

    /// Cuts the link to the database, until the answer is dropped.
    ///
    /// # Errors
    /// When the machine does not do it.
    pub fn cut(&self) -> anyhow::Result<Cut<'_>> {
        ip(&["link", "set", &self.to_the_database.name, "down"])?;
        Ok(Cut(&self.to_the_database.name))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for link in [&self.to_the_database, &self.to_nodes] {
            let _ = ip(&["link", "delete", &link.name]);
        }
        let _ = ip(&["netns", "delete", &self.name]);
    }
}

/// A link that is cut.
pub struct Cut<'n>(&'n str);

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        let _ = ip(&["link", "set", self.0, "up"]);
    }
}

fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("ip").args(arguments).output()?;
    if !output.status.success() {
        bail!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
