//! The same questions over HTTP to Cerbos, which speaks the same standard: same generator, in turn.
//!
//! Cerbos keeps no users: the request must tell it the roles of whoever asks. Rolecall is told the identifier alone, and each
//! request carries a credential that it verifies.

use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::{
    load::{self, Measured, Request},
    seed,
    server::{Server, cpu, memory},
};

const CONNECTIONS: usize = 16;
const TIME: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;
/// One that the roles of all groups grant, and one that nobody is granted.
const SCOPES: [(&str, bool); 2] = [("apps.image:export", true), ("glossary:all", false)];

/// A running Cerbos. It is killed when this is dropped.
struct Cerbos {
    child: Child,
    address: SocketAddr,
}

impl Drop for Cerbos {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program that its npm package carries.
fn program(folder: &Path) -> anyhow::Result<PathBuf> {
    let scope = folder.join("node_modules/@cerbos");
    for package in fs::read_dir(&scope).context("Cerbos is not there: `cargo xtask bench cerbos`")? {
        let package = package?;
        let program = package.path().join(package.file_name());
        if program.exists() {
            return Ok(program);
        }
    }
    bail!("no program in {}", scope.display())
}

fn start(folder: &Path, roles: &[String]) -> anyhow::Result<Cerbos> {
    let policies = folder.join("policies");
    fs::create_dir_all(&policies)?;
    let roles = serde_json::to_string(roles)?;
    let mut policy = String::from(
        "apiVersion: api.cerbos.dev/v1\nresourcePolicy:\n  version: default\n  resource: tenant\n  rules:\n",
    );
    for scope in ["notes", "apps.image:export"] {
        writeln!(policy, "    - actions: [\"{scope}\"]\n      effect: EFFECT_ALLOW\n      roles: {roles}")?;
    }
    fs::write(policies.join("tenant.yaml"), policy)?;
    let free = || std::net::TcpListener::bind("127.0.0.1:0")?.local_addr();
    let (address, grpc) = (free()?, free()?);
    let mut child = Command::new(program(folder)?)
        .args(["server", "--log-level=ERROR", "--set=storage.driver=disk", "--set=telemetry.disabled=true"])
        .arg(format!("--set=storage.disk.directory={}", fs::canonicalize(&policies)?.display()))
        .arg(format!("--set=server.httpListenAddr={address}"))
        .arg(format!("--set=server.grpcListenAddr={grpc}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let begun = Instant::now();
    while std::net::TcpStream::connect(address).is_err() {
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill()?;
            bail!("Cerbos did not start");
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(Cerbos { child, address })
}

/// Users with the roles they have by their groups.
fn users(server: &Server, key: &str) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let mut all = Vec::new();
    let first = "/api/v1/users?limit=100&sort=id&fields=id,assignedGroups,assignedRoles";
    let mut at = Some(format!("http://{}{first}", server.address));
    while let Some(page) = at.filter(|_| all.len() < 1000) {
        let page = seed::get(&page, key)?;
        for user in page.get("data").and_then(Value::as_array).context("no data")? {
            let names = |roles: Option<&Value>| -> Vec<String> {
                let roles = roles.and_then(Value::as_array).into_iter().flatten();
                roles.filter_map(|role| role.get("name")?.as_str().map(str::to_owned)).collect()
            };
            let groups = user.get("assignedGroups").and_then(Value::as_array).into_iter().flatten();
            let mut roles: Vec<String> = groups.flat_map(|group| names(group.get("assignedRoles"))).collect();
            if !roles.is_empty() {
                roles.extend(names(user.get("assignedRoles")));
                let id = user.get("id").and_then(Value::as_str).context("no id")?;
                all.push((id.to_owned(), roles));
            }
        }
        at = seed::next(&page);
    }
    Ok(all)
}

/// What a server did in all rounds.
#[derive(Default)]
struct Run {
    rounds: Vec<Measured>,
    /// Seconds of a processor for each answer.
    cpu: Vec<f64>,
}

impl Run {
    fn add(&mut self, address: SocketAddr, process: u32, asked: &[Request]) -> anyhow::Result<()> {
        let before = cpu(process);
        let mut n = 0;
        let measured = load::run(address, CONNECTIONS, TIME, |_| {
            n += 1;
            asked.get(n % asked.len()).cloned()
        })?;
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        self.cpu.push((cpu(process) - before) / n as f64);
        self.rounds.push(measured);
        Ok(())
    }

    fn median(mut values: Vec<f64>) -> f64 {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    }

    fn rate(&self) -> f64 {
        Self::median(self.rounds.iter().map(|round| round.rate).collect())
    }

    fn p99(&self) -> f64 {
        Self::median(self.rounds.iter().map(|round| round.quantile(0.99)).collect())
    }

    fn micros(&self) -> f64 {
        Self::median(self.cpu.clone()) * 1e6
    }
}

/// Asks both in turn. A wrong answer of either fails.
///
/// # Errors
/// When one does not start, or answers wrongly.
pub fn side_by_side(folder: &Path, data: &Path, key: &str) -> anyhow::Result<()> {
    let server = Server::start(data)?;
    let users = users(&server, key)?;
    let mut roles: Vec<String> = users.iter().flat_map(|(_, roles)| roles.clone()).collect();
    roles.sort_unstable();
    roles.dedup();
    roles.retain(|role| role.starts_with("Role "));
    let cerbos = start(folder, &roles)?;
    let request = |user: &str, properties: Value, scope: &str, allowed: bool, key: Option<&str>| {
        let subject = json!({"type": "user", "id": user, "properties": properties});
        let tenant = json!({"type": "tenant", "id": "bench.example"});
        let body = json!({"subject": subject, "action": {"name": scope}, "resource": tenant}).to_string();
        let says = if allowed { "\"decision\":true" } else { "\"decision\":false" };
        Request::new("POST", "/access/v1/evaluation", key, Some(&body), 200).saying(says)
    };
    let (mut own, mut theirs) = (Vec::new(), Vec::new());
    for (user, roles) in &users {
        for (scope, allowed) in SCOPES {
            own.push(request(user, json!({}), scope, allowed, Some(key)));
            theirs.push(request(user, json!({ "cerbos.roles": roles }), scope, allowed, None));
        }
    }
    let (mut rolecall, mut other) = (Run::default(), Run::default());
    for _ in 0..ROUNDS {
        rolecall.add(server.address, server.process(), &own)?;
        other.add(cerbos.address, cerbos.child.id(), &theirs)?;
    }
    let [ours, peers] = [memory(server.process(), "VmRSS"), memory(cerbos.child.id(), "VmRSS")];
    println!(
        "Cerbos beside Rolecall, {} users, {} roles, {CONNECTIONS} connections, the same AuthZEN question:",
        users.len(),
        roles.len()
    );
    println!(
        "  rate: {:.0}/s and {:.0}/s, {:.1} times (at least 15)",
        other.rate(),
        rolecall.rate(),
        rolecall.rate() / other.rate()
    );
    println!(
        "  p99: {:.0} us and {:.0} us, 1/{:.1} (at most 1/8)",
        other.p99(),
        rolecall.p99(),
        other.p99() / rolecall.p99()
    );
    println!(
        "  processor for each answer: {:.0} us and {:.1} us, 1/{:.1} (at most 1/25)",
        other.micros(),
        rolecall.micros(),
        other.micros() / rolecall.micros()
    );
    println!(
        "  memory: {peers:.0} MiB and {ours:.0} MiB with its 10,000 users, 1/{:.1} (at most 1/4)",
        peers / ours
    );
    Ok(())
}
