//! How does a receiver know that a delivery is ours? (reference/events.md §5, Standard Webhooks 1.0)

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rolecall_engine::time::Timestamp;

/// How a secret begins that is the base64 of a key (Standard Webhooks).
const ENCODED: &str = "whsec_";

/// The header with the vendor's signature: the HMAC-SHA256 of the body, keyed by the secret as it is.
pub fn of_body(secret: &str, body: &str) -> String {
    use std::fmt::Write as _;
    let tag = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), body.as_bytes());
    tag.as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The signatures of Standard Webhooks, one for each secret.
pub fn standard<'s>(
    secrets: impl IntoIterator<Item = &'s String>,
    id: &str,
    at: Timestamp,
    body: &str,
) -> String {
    let message = format!("{id}.{}.{body}", at.as_seconds());
    let one = |secret: &String| {
        let tag = sign(&Key::new(HMAC_SHA256, &key(secret)), message.as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    };
    secrets.into_iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The key in a secret: what is encoded in it if it says so, else the secret itself.
fn key(secret: &str) -> Vec<u8> {
    let encoded = secret.strip_prefix(ENCODED).and_then(|encoded| STANDARD.decode(encoded).ok());
    encoded.unwrap_or_else(|| secret.as_bytes().to_vec())
}
