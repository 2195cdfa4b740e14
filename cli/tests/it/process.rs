//! A running program.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

/// The program, not started yet, with nothing of the environment that could set it up. Many run at once, so none tells metrics
/// unless it is said where.
pub fn rolecall() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    let sets_up = |name: &str| name.starts_with("ROLECALL_") || name.starts_with("OTEL_");
    for (name, _) in std::env::vars().filter(|(name, _)| sets_up(name)) {
        command.env_remove(name);
    }
    command.env("ROLECALL_METRICS_LISTEN", "off");
    command
}

pub fn terminate(child: &Child) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}

/// A running sandbox. It is killed when this is dropped.
pub struct Sandbox {
    pub child: Child,
    /// What it printed when it was ready.
    pub started: Value,
    _output: BufReader<ChildStdout>,
}

impl Sandbox {
    /// Starts a sandbox over a data directory.
    pub fn start(data: &Path, sabotage: Option<&str>) -> Self {
        let mut command = rolecall();
        command.args(["dev", "--json", "--port", "0", "--data"]).arg(data);
        command.envs(sabotage.map(|fault| ("SABOTAGE", fault)));
        Self::of(command)
    }

    /// Starts a command that prints one line of JSON when it is ready.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let started = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        Self { child, started, _output: output }
    }

    pub fn url(&self) -> &str {
        self.started["url"].as_str().unwrap()
    }

    pub fn tenant(&self) -> &Value {
        &self.started["tenants"][0]
    }

    pub fn admin_key(&self) -> &str {
        self.tenant()["adminKey"].as_str().unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks over HTTP; answers the status and the body, or nothing if no answer came.
pub fn ask(
    agent: &ureq::Agent,
    method: &str,
    url: &str,
    key: &str,
    body: Option<&Value>,
) -> Option<(u16, Value)> {
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(url)
        .header("authorization", format!("Bearer {key}"));
    let text = body.map(Value::to_string).unwrap_or_default();
    let answer = match body {
        Some(_) => agent.run(request.header("content-type", "application/json").body(text).unwrap()),
        None => agent.run(request.body(()).unwrap()),
    };
    let mut answer = answer.ok()?;
    let text = answer.body_mut().read_to_string().ok()?;
    Some((answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default()))
}

pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}
