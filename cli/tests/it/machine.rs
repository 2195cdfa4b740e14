//! What is done on the server's machine, as somebody sees it who does it.

use std::process::Command;

use tempfile::TempDir;

use crate::{
    process::rolecall,
    tool::{said, said_with, words},
};

/// A directory with a database and a key.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn command(&self, line: &str) -> Command {
        let mut command = rolecall();
        command.args(words(line)).current_dir(self.0.path());
        command.env("ROLECALL_KEY_FILE", "key").env("ROLECALL_DATA", "data");
        command
    }

    fn says(&self, line: &str) -> String {
        said(line, self.command(line))
    }

    /// The first column of a line that a command prints.
    fn first(&self, line: &str, of: &str) -> String {
        let printed = String::from_utf8(self.command(line).output().unwrap().stdout).unwrap();
        let found = printed.lines().find(|line| line.contains(of)).unwrap_or_else(|| panic!("{printed}"));
        found.split_whitespace().next().unwrap().to_owned()
    }
}

#[test]
fn an_installation_is_looked_after() {
    let machine = Machine::new();
    std::fs::write(machine.0.path().join("catalogue.toml"), "scopes = 5\n").unwrap();
    let mut shown = [
        "migrate status",
        "init --name Acme --hostname acme.example --admin-email ada@acme.example",
        "init --name Acme --hostname acme.example --admin-email ada@acme.example",
        "tenants create --name Globex --hostname globex.example --admin-email gus@globex.example",
        "tenants create --name Globex --hostname globex.example --admin-email gus@globex.example",
        "tenants ls",
        "operators create Deployer",
        "operators ls",
    ]
    .map(|line| machine.says(line))
    .concat();
    let (tenant, operator) = (machine.first("tenants ls", "Acme"), machine.first("operators ls", "Deployer"));
    shown += &[
        format!("tenants key {tenant} ada@acme.example"),
        format!("tenants key {tenant} nobody"),
        format!("operators rm {operator}"),
        format!("operators rm {operator}"),
    ]
    .map(|line| machine.says(&line))
    .concat();
    let password = format!("users set-password {tenant} ada@acme.example");
    shown += &said_with(&password, machine.command(&password), "correct horse battery staple\n");
    shown += &said_with(&password, machine.command(&password), "short\n");
    shown += &[
        "audit verify",
        "migrate status",
        "migrate dry-run",
        "migrate up",
        "migrate copy --from data --to other",
        "migrate copy --from data --to other",
        "catalogue check catalogue.toml",
    ]
    .map(|line| machine.says(line))
    .concat();
    insta::assert_snapshot!(shown);
}
