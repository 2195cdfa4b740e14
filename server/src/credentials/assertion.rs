//! Did one of a client's keys sign this, for us, and just now? (reference/auth.md §3.3, RFC 7523)

use std::time::Duration;

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{Jwk, KeyAlgorithm},
};
use moka::sync::Cache;
use rolecall_engine::{
    ids::OAuthClientId,
    oauth::{KeyText, OAuthClient},
    time::Timestamp,
};
use serde::Deserialize;

use super::keys;

/// Bytes of the longest assertion that is looked at.
const ASSERTION: usize = 8192;
/// Seconds that an assertion may live.
const LIFETIME: i64 = 300;
/// Seconds by which clocks may differ.
const SKEW: i64 = 5;
/// Characters of the longest `jti`.
const JTI: usize = 128;

#[derive(Deserialize)]
struct Claims {
    jti: String,
    iat: i64,
    exp: i64,
}

/// The assertions that were accepted while they lived: none is accepted twice, by this process and as long as fewer than a
/// million live at once.
pub struct Assertions(Cache<(OAuthClientId, String), ()>);

impl Default for Assertions {
    fn default() -> Self {
        let lifetime = Duration::from_secs(LIFETIME.unsigned_abs() + 2 * SKEW.unsigned_abs());
        Self(Cache::builder().time_to_live(lifetime).max_capacity(1_000_000).build())
    }
}

impl Assertions {
    /// Whether an assertion proves the client by one of its keys, made for `audience`. It counts once.
    pub fn accept(&self, client: &OAuthClient, proof: &Signed<'_>, now: Timestamp) -> bool {
        let Some(claims) = signed(client, proof) else { return false };
        let now = now.as_seconds();
        let begun = claims.iat.saturating_sub(SKEW) <= now;
        let lives = begun && now < claims.exp.saturating_add(SKEW);
        let short = claims.exp.saturating_sub(claims.iat) <= LIFETIME;
        let fits = (1..=JTI).contains(&claims.jti.len());
        lives && short && fits && self.0.entry((client.id, claims.jti)).or_insert(()).is_fresh()
    }
}

/// An assertion, whom it must be made for, and the keys of the client that are at its `jwksUri`.
pub struct Signed<'a> {
    pub token: &'a str,
    pub audience: &'a str,
    pub published: &'a [Jwk],
}

/// The name of the key that an assertion was signed with, where the client keeps none of that name here.
pub fn published_key(client: &OAuthClient, token: &str) -> Option<String> {
    let short = Some(token).filter(|token| token.len() <= ASSERTION)?;
    let id = keys::header(short)?.kid?;
    let mut known = client.settings.public_keys.iter();
    let is_known = known.any(|KeyText(key)| {
        serde_json::from_str::<Jwk>(key).is_ok_and(|key| key.common.key_id.as_deref() == Some(&id))
    });
    (!is_known).then_some(id)
}

/// What an assertion says, if a key of the client signed it. Of its header only the name of the key is used, which finds one
/// that is here already; the key says which algorithm it is for (RFC 8725 §3.1, §3.10).
fn signed(client: &OAuthClient, proof: &Signed<'_>) -> Option<Claims> {
    let short = Some(proof.token).filter(|token| token.len() <= ASSERTION)?;
    let id = keys::header(short)?.kid?;
    let keys =
        client.settings.public_keys.iter().filter_map(|KeyText(key)| serde_json::from_str::<Jwk>(key).ok());
    let key =
        keys.chain(proof.published.iter().cloned()).find(|key| key.common.key_id.as_deref() == Some(&id))?;
    let algorithm = match key.common.key_algorithm? {
        KeyAlgorithm::RS256 => Algorithm::RS256,
        KeyAlgorithm::RS512 => Algorithm::RS512,
        KeyAlgorithm::ES384 => Algorithm::ES384,
        _ => return None,
    };
    let name = client.id.to_string();
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[proof.audience]);
    validation.set_issuer(&[&name]);
    validation.sub = Some(name);
    validation.set_required_spec_claims(&["aud", "iss", "sub", "exp"]);
    validation.validate_exp = false;
    let decoded = jsonwebtoken::decode(short, &DecodingKey::from_jwk(&key).ok()?, &validation).ok()?;
    Some(decoded.claims)
}
