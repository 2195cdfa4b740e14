//! Decisions over HTTP, beside a bare server of the same stack.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request as Incoming, Response, body, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use crate::{
    load::{self, Measured, Request},
    seed,
    server::Server,
};

const TIME: Duration = Duration::from_millis(1500);
const ROUNDS: usize = 5;

/// A server that reads a question and answers a constant: what the stack costs without anything of ours.
pub struct Bare;

impl Bare {
    /// The word this program is started by as that server.
    pub const WORD: &str = "bare-server";

    /// Serves until the process is killed; prints the address.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn serve() -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            println!("{}", listener.local_addr()?);
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(constant));
                tokio::spawn(connection);
            }
        })
    }
}

async fn constant(request: Incoming<body::Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let bytes =
        request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let question: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let known = question.get("subject").is_some();
    let answer = json!({"decision": known, "context": {"code": "granted", "reason": "granted by the role `Role 0001` of the group `Group 00001`", "revision": 12345}});
    let mut response = Response::new(Full::new(Bytes::from(answer.to_string())));
    response
        .headers_mut()
        .insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    Ok(response)
}

fn bare() -> anyhow::Result<(std::process::Child, SocketAddr)> {
    use std::io::BufRead as _;
    let mut child = std::process::Command::new(std::env::current_exe()?)
        .arg(Bare::WORD)
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
    let address = line.trim().parse()?;
    Ok((child, address))
}

/// How long a server that starts on a large tenant takes to its first decision.
pub fn restart(data: &std::path::Path, key: &str) -> anyhow::Result<()> {
    let question = json!({"subject": {"type": "email", "id": "admin@bench.example"}, "action": {"name": "notes"}, "resource": {"type": "tenant", "id": "bench.example"}}).to_string();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begun = std::time::Instant::now();
        let server = Server::start(data)?;
        let started = begun.elapsed();
        let url = format!("http://{}/access/v1/evaluation", server.address);
        ureq::post(&url)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .send(question.as_bytes())?;
        times.push((begun.elapsed(), started));
    }
    times.sort_unstable();
    if let Some((decided, started)) = times.get(ROUNDS / 2) {
        println!(
            "restart: {started:.0?} until it listens, {decided:.0?} until its first decision (at most 1 s)"
        );
    }
    Ok(())
}

/// One question at a time and a hundred at once, at 16 and 64 connections.
pub fn decisions(server: &Server, key: &str) -> anyhow::Result<()> {
    let (mut child, address) = bare()?;
    let measured = compare(server, key, address);
    child.kill()?;
    child.wait()?;
    measured
}

fn compare(server: &Server, key: &str, bare: SocketAddr) -> anyhow::Result<()> {
    let users = seed::ids(server.address, key, "/api/v1/users")?;
    let question = |at: usize| {
        let user = users.get(at * 7919 % users.len())?;
        Some(
            json!({"subject": {"type": "user", "id": user}, "action": {"name": "apps.image:export"}, "resource": {"type": "tenant", "id": "bench.example"}}),
        )
    };
    let single: Vec<String> = (0..1000).filter_map(question).map(|question| question.to_string()).collect();
    let many: Vec<Value> = (0..100).filter_map(question).collect();
    let many = json!({ "evaluations": many }).to_string();
    let post = |path: &str, body: &str| Request::new("POST", path, Some(key), Some(body), 200);
    let asked: Vec<Request> = single.iter().map(|body| post("/access/v1/evaluation", body)).collect();
    let run = |address, connections| -> anyhow::Result<Measured> {
        let mut next = 0;
        load::run(address, connections, TIME, |_| {
            next += 1;
            asked.get(next % asked.len()).cloned()
        })
    };
    for connections in [16, 64] {
        let mut rounds = (0..ROUNDS)
            .map(|_| Ok((run(server.address, connections)?, run(bare, connections)?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        rounds.sort_by(|(a, b), (c, d)| (a.rate / b.rate).total_cmp(&(c.rate / d.rate)));
        let (own, constant) = rounds.swap_remove(ROUNDS / 2);
        println!(
            "evaluation at {connections} connections: {:.0}/s, p99 {:.0} us; a constant from the same stack {:.0}/s, p99 {:.0} us; ratio {:.2} (at least 0.9), of p99 {:.2} (at most 1.15)",
            own.rate,
            own.quantile(0.99),
            constant.rate,
            constant.quantile(0.99),
            own.rate / constant.rate,
            own.quantile(0.99) / constant.quantile(0.99)
        );
    }
    let batch = post("/access/v1/evaluations", &many);
    let batches = load::run(server.address, 16, TIME, |_| Some(batch.clone()))?;
    let one = run(server.address, 16)?;
    println!(
        "evaluations of 100: {:.0} decisions/s; {:.1} times what single questions reach (at least 30)",
        batches.rate * 100.0,
        batches.rate * 100.0 / one.rate
    );
    Ok(())
}
