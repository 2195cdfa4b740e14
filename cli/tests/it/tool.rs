//! The command line as somebody uses it from elsewhere, and what it prints, with what differs from run to run taken out.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::process::{Sandbox, rolecall};

/// A sandbox, and a directory for contexts.
pub struct Tool {
    pub sandbox: Sandbox,
    _data: tempfile::TempDir,
    pub contexts: tempfile::TempDir,
}

impl Tool {
    pub fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(data.path(), None);
        Self { sandbox, _data: data, contexts: tempfile::tempdir().unwrap() }
    }

    /// A command without any tenant.
    pub fn nowhere(&self, line: &str) -> Command {
        let mut command = rolecall();
        command.env("ROLECALL_CONFIG_DIR", self.contexts.path()).env_remove("XDG_CONFIG_HOME");
        command.args(words(line)).stdin(Stdio::null());
        command
    }

    /// A command for a tenant of the sandbox, by one of the keys it printed.
    pub fn with_key(&self, key: &str, line: &str) -> Command {
        let mut command = self.nowhere(line);
        command.env("ROLECALL_URL", self.sandbox.url()).env("ROLECALL_API_KEY", key);
        command
    }

    /// A command for Acme, by its administrator.
    pub fn command(&self, line: &str) -> Command {
        self.with_key(self.sandbox.admin_key(), line)
    }

    /// The key of Acme's plain user.
    pub fn user_key(&self) -> &str {
        self.sandbox.tenant()["userKey"].as_str().unwrap()
    }

    /// What commands print one after the other, for Acme's administrator.
    pub fn transcript(&self, lines: &[&str]) -> String {
        lines.iter().map(|line| said(line, self.command(line))).collect()
    }

    /// What a command prints that ends well.
    pub fn out(&self, line: &str) -> String {
        let output = self.command(line).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The words of a line; those in quotes are one.
pub fn words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate();
    let word = |(at, part): (usize, &str)| match at % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
        _ => vec![part.to_owned()],
    };
    parts.flat_map(word).collect()
}

/// A command, how it ends, and what it prints.
pub fn said(line: &str, mut command: Command) -> String {
    let output = command.output().unwrap();
    told(line, output)
}

/// The same for a command that is told something on its standard input.
pub fn said_with(line: &str, mut command: Command, input: &str) -> String {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    told(line, child.wait_with_output().unwrap())
}

fn told(line: &str, output: std::process::Output) -> String {
    let text = |bytes: Vec<u8>| steady(&String::from_utf8(bytes).unwrap());
    let code = output.status.code().unwrap();
    let (out, error) = (text(output.stdout), text(output.stderr));
    let error: String = error.lines().flat_map(|line| ["! ", line, "\n"]).collect();
    let end = if code == 0 { String::new() } else { format!("[ends with {code}]\n") };
    format!("$ rolecall {}\n{out}{error}{end}\n", steady(line))
}

/// The text with identifiers, times, ports and keys that are the same in each run.
pub fn steady(text: &str) -> String {
    let part = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    let mut steady = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if part(first) { rest.find(|c| !part(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (word, more) = rest.split_at(end);
        steady.push_str(&same(word));
        rest = more;
    }
    steady
}

fn same(word: &str) -> String {
    let hex = |word: &str| word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_time = word.len() >= 20 && word.ends_with('Z') && word.as_bytes()[10] == b'T';
    let is_id = match word.len() {
        24 => hex(word) && !word.starts_with("00000000"),
        32 => {
            word.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) && !word.contains('.')
        }
        36 => word.split('-').count() == 5,
        _ => false,
    };
    if word.starts_with("eyJ") {
        return "TOKEN".to_owned();
    }
    if word.len() > 36 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)) {
        return "SECRET".to_owned();
    }
    if is_time {
        return word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    }
    if is_id {
        return "x".repeat(word.len());
    }
    match word.strip_prefix("127.0.0.1:") {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => "127.0.0.1:PORT".to_owned(),
        _ => word.to_owned(),
    }
}

/// The names of the files in a directory.
pub fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
