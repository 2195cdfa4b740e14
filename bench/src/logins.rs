//! Logging in by signed tokens, requests with each kind of credential, and provisioning.

use std::{
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    signature::{
        ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
        UnparsedPublicKey,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use crate::{
    load::{self, Request},
    server::Server,
    tokens::{post, token_of},
};

const CONNECTIONS: usize = 16;
const TIME: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;
/// Users who log in, and users who are provisioned.
const PEOPLE: usize = 200;
const PROVISIONED: usize = 10_000;

/// A key that signs as a portal does.
struct Portal {
    random: SystemRandom,
    pair: EcdsaKeyPair,
    made: usize,
}

impl Portal {
    fn new() -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, pkcs8.as_ref())?;
        Ok(Self { random, pair, made: 0 })
    }

    fn pem(&self) -> anyhow::Result<String> {
        let der = self.pair.public_key().as_der()?;
        Ok(format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(der.as_ref())
        ))
    }

    /// A token that logs somebody in, once.
    fn token(&mut self) -> anyhow::Result<String> {
        self.made += 1;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let sub = format!("portal-{}", self.made % PEOPLE);
        let claims = json!({"iss": "https://portal.example", "aud": "qlik.api/login/jwt-session", "sub": sub, "subType": "user",
            "name": sub, "email": format!("{sub}@portal.example"), "email_verified": true, "jti": self.made.to_string(),
            "iat": now, "nbf": now, "exp": now + 3600});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&json!({"alg": "ES384", "kid": "portal"})), part(&claims));
        let signature = self.pair.sign(&self.random, text.as_bytes())?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }

    /// Signatures of this kind that both processors check in a second.
    fn checks(&self) -> anyhow::Result<f64> {
        let text = [b'x'; 400];
        let signature = self.pair.sign(&self.random, &text)?;
        let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, self.pair.public_key().as_ref());
        let begun = Instant::now();
        let check = || {
            let mut made = 0_u32;
            while begun.elapsed() < TIME / 2 && key.verify(&text, signature.as_ref()).is_ok() {
                made += 1;
            }
            made
        };
        let made: u32 = thread::scope(|threads| {
            let both = [threads.spawn(check), threads.spawn(check)];
            both.into_iter().filter_map(|one| one.join().ok()).sum()
        });
        Ok(f64::from(made) / begun.elapsed().as_secs_f64())
    }
}

/// # Errors
/// When the server refuses something.
pub fn all(server: &Server, key: &str) -> anyhow::Result<()> {
    let mut portal = Portal::new()?;
    let new = json!({"protocol": "jwtAuth", "provider": "external",
        "options": {"issuer": "https://portal.example", "staticKeys": [{"kid": "portal", "pem": portal.pem()?}]}});
    let provider = post(server, "/api/v1/identity-providers", Some(key), &new)?;
    let provider = provider.get("id").and_then(Value::as_str).context("no provider")?.to_owned();
    logins(server, &mut portal)?;
    credentials(server, key, &mut portal)?;
    provisioning(server, key, &provider)
}

fn logins(server: &Server, portal: &mut Portal) -> anyhow::Result<()> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let checks = portal.checks()?;
        let mut tokens = (0..12_000).map(|_| portal.token()).collect::<anyhow::Result<Vec<_>>>()?;
        let next =
            |_| tokens.pop().map(|token| Request::new("POST", "/login/jwt-session", Some(&token), None, 200));
        let measured = load::run(server.address, CONNECTIONS, TIME, next)?;
        rounds.push((measured.rate / checks, measured.rate, checks));
    }
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((share, rate, checks)) = rounds.get(ROUNDS / 2) {
        println!(
            "logins by signed tokens: {rate:.0}/s, each a durable write; bare checks of such signatures {checks:.0}/s; ratio {share:.2} (at least 0.6)"
        );
    }
    Ok(())
}

/// A request with a session, an API key and a token of a client.
fn credentials(server: &Server, key: &str, portal: &mut Portal) -> anyhow::Result<()> {
    let answer = ureq::post(format!("http://{}/login/jwt-session", server.address))
        .header("authorization", format!("Bearer {}", portal.token()?))
        .send_empty()?;
    let set = answer.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let cookies: Vec<&str> = set.filter_map(|cookie| cookie.split(';').next()).collect();
    let (_, token) = token_of(server, key)?;
    let path = "/api/v1/users/me?fields=assignedRoles";
    let kinds = [
        Request::get(path, None).with("Cookie", &cookies.join("; ")),
        Request::get(path, Some(key)),
        Request::get(path, Some(&token)),
    ];
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let rate = |request: &Request| -> anyhow::Result<f64> {
            Ok(load::run(server.address, CONNECTIONS, TIME / 2, |_| Some(request.clone()))?.rate)
        };
        let rates = kinds.iter().map(rate).collect::<anyhow::Result<Vec<f64>>>()?;
        let best = rates.iter().copied().fold(0.0, f64::max);
        rounds.push((rates.iter().copied().fold(best, f64::min) / best, rates));
    }
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((least, rates)) = rounds.get(ROUNDS / 2)
        && let [cookie, key, token] = rates.as_slice()
    {
        println!(
            "a request with a session: {cookie:.0}/s; with an API key {key:.0}/s; with a token {token:.0}/s; the least is {least:.2} of the most (at least 0.8)"
        );
    }
    Ok(())
}

fn provisioning(server: &Server, key: &str, provider: &str) -> anyhow::Result<()> {
    let new = json!({"description": "SCIM", "subType": "externalClient", "sub": format!("SCIM\\{provider}")});
    let made = post(server, "/api/v1/api-keys", Some(key), &new)?;
    let program = made.get("token").and_then(Value::as_str).context("no key")?.to_owned();
    let mut left = PROVISIONED;
    let begun = Instant::now();
    let next = |_| {
        left = left.checked_sub(1)?;
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("scim-{left}"),
            "displayName": format!("User {left}"), "emails": [{"value": format!("scim-{left}@bench.example"), "primary": true}]});
        Some(Request::new("POST", "/scim/v2/Users", Some(&program), Some(&user.to_string()), 201))
    };
    load::run(server.address, CONNECTIONS, Duration::from_mins(5), next)?;
    println!(
        "provisioning of {PROVISIONED} users by SCIM: {:.0} users/s; memory of the server at most {:.0} MiB",
        f64::from(u32::try_from(PROVISIONED)?) / begun.elapsed().as_secs_f64(),
        server.memory("VmHWM")
    );
    Ok(())
}
