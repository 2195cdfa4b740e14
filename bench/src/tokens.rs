//! Tokens for programs: how many a second, and what a request with one costs beside an API key.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::{Value, json};

use crate::{
    load::{self, Request},
    server::Server,
};

const CONNECTIONS: usize = 16;
const TIME: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

/// Signatures a second of the kind that tokens have, on both processors.
fn signatures() -> anyhow::Result<f64> {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, pkcs8.as_ref())?;
    // As long as a token.
    let text = [b'x'; 400];
    let begun = Instant::now();
    let sign = || {
        let mut made = 0_u32;
        while begun.elapsed() < TIME / 2 && pair.sign(&random, &text).is_ok() {
            made += 1;
        }
        made
    };
    let made: u32 = thread::scope(|threads| {
        let both = [threads.spawn(sign), threads.spawn(sign)];
        both.into_iter().filter_map(|one| one.join().ok()).sum()
    });
    Ok(f64::from(made) / begun.elapsed().as_secs_f64())
}

pub fn post(server: &Server, path: &str, key: Option<&str>, body: &Value) -> anyhow::Result<Value> {
    let mut request = ureq::post(format!("http://{}{path}", server.address));
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    Ok(request.send_json(body)?.body_mut().read_json()?)
}

/// What a new client sends for a token, and one that it was given.
pub fn token_of(server: &Server, key: &str) -> anyhow::Result<(Value, String)> {
    let new = json!({"appType": "web", "clientName": "Bench", "allowedGrantTypes": ["client_credentials"],
        "allowedScopes": ["user_default", "admin_classic"]});
    let client = post(server, "/api/v1/oauth-clients", Some(key), &new)?;
    let text = |name: &str| client.get(name).and_then(Value::as_str).context("no client");
    let asks = json!({"grant_type": "client_credentials", "client_id": text("clientId")?, "client_secret": text("clientSecret")?});
    let token = post(server, "/oauth/token", None, &asks)?;
    let token = token.get("access_token").and_then(Value::as_str).context("no token")?.to_owned();
    Ok((asks, token))
}

/// # Errors
/// When the server refuses something.
pub fn programs(server: &Server, key: &str) -> anyhow::Result<()> {
    let (asks, token) = token_of(server, key)?;
    let asks = Request::new("POST", "/oauth/token", None, Some(&asks.to_string()), 200);
    let me = |key: &str| Request::get("/api/v1/users/me?fields=assignedRoles", Some(key));
    let (mut issued, mut requests) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (bare, given) =
            (signatures()?, load::run(server.address, CONNECTIONS, TIME, |_| Some(asks.clone()))?);
        issued.push((given.rate / bare, given.rate, bare));
        let rate = |key: &str| -> anyhow::Result<f64> {
            let one = me(key);
            Ok(load::run(server.address, CONNECTIONS, TIME / 2, |_| Some(one.clone()))?.rate)
        };
        let (by_key, by_token) = (rate(key)?, rate(&token)?);
        requests.push((by_token / by_key, by_token, by_key));
    }
    issued.sort_by(|a, b| a.0.total_cmp(&b.0));
    requests.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let (Some((share, rate, bare)), Some((ratio, token, key))) =
        (issued.get(ROUNDS / 2), requests.get(ROUNDS / 2))
    {
        println!(
            "tokens for programs: {rate:.0}/s, each a durable write; bare signatures {bare:.0}/s; ratio {share:.2} (at least 0.6)"
        );
        println!(
            "a request with a token: {token:.0}/s; with an API key {key:.0}/s; ratio {ratio:.2} (at least 0.8)"
        );
    }
    Ok(())
}
