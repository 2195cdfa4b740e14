//! What does an `OpenID` Connect provider say of itself? (OpenID Connect Discovery 1.0, threats T23)
//!
//! What it says is remembered: what it is for an hour, its keys for a day; keys are asked for anew at most once a minute, when
//! a token names one that is not known.

use std::{sync::Arc, time::Duration};

use jsonwebtoken::jwk::{Jwk, JwkSet};
use moka::sync::Cache;
use rolecall_engine::{
    identity_providers::OidcSettings,
    time::{Span, Timestamp},
};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::egress::{Egress, NotAsked};

/// Keys of one provider that are looked at.
const KEYS: usize = 50;
/// How long what a provider says of itself is believed, and its keys.
const METADATA: Duration = Duration::from_hours(1);
const KEY_LIFE: Duration = Duration::from_hours(24);
/// How long whoever did not answer well is not asked again.
const PAUSE: Duration = Duration::from_secs(10);
/// How long it takes until keys are asked for once more.
const ONCE_MORE: Span = Span::from_millis(60_000);

/// What a provider says of itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    pub userinfo_endpoint: Option<String>,
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

struct Keys {
    keys: Vec<Jwk>,
    asked_at: Timestamp,
}

/// What providers say of themselves.
pub struct Discovery {
    egress: Arc<Egress>,
    metadata: Cache<String, Arc<Metadata>>,
    keys: Cache<String, Arc<Keys>>,
    /// Addresses that did not answer well lately: nobody is asked again for each who comes by.
    failed: Cache<String, NotAsked>,
    /// Who asks an address now: the others wait for what it hears.
    asking: Cache<String, Arc<Mutex<()>>>,
}

fn unusable(why: impl Into<String>) -> NotAsked {
    NotAsked(why.into())
}

impl Discovery {
    pub fn new(egress: Arc<Egress>) -> Self {
        const PROVIDERS: u64 = 10_000;
        Self {
            egress,
            metadata: Cache::builder().time_to_live(METADATA).max_capacity(PROVIDERS).build(),
            keys: Cache::builder().time_to_live(KEY_LIFE).max_capacity(PROVIDERS).build(),
            failed: Cache::builder().time_to_live(PAUSE).max_capacity(PROVIDERS).build(),
            asking: Cache::builder().time_to_idle(PAUSE).max_capacity(PROVIDERS).build(),
        }
    }

    /// The turn to ask an address.
    fn turn(&self, address: &str) -> Arc<Mutex<()>> {
        self.asking.get_with_by_ref(address, Arc::default)
    }

    /// What an address answers, unless it did not answer well just now.
    async fn ask(&self, address: &str) -> Result<Vec<u8>, NotAsked> {
        if let Some(why) = self.failed.get(address) {
            return Err(why);
        }
        let answer = self.egress.get(address, None).await;
        if let Err(why) = &answer {
            self.failed.insert(address.to_owned(), why.clone());
        }
        answer
    }

    /// Asks other machines.
    pub fn egress(&self) -> &Egress {
        &self.egress
    }

    /// What a provider says of itself, or what was said of it when it was set up.
    ///
    /// # Errors
    /// When it does not say it, or not in a way that can be used.
    pub async fn metadata(&self, settings: &OidcSettings) -> Result<Arc<Metadata>, NotAsked> {
        let read = |text: &[u8]| {
            let metadata = serde_json::from_slice::<Metadata>(text);
            metadata.map(Arc::new).map_err(|error| unusable(format!("its configuration is not one: {error}")))
        };
        if let Some(configuration) = &settings.configuration {
            return read(configuration.as_bytes());
        }
        let address = settings.discovery_url.as_ref().ok_or_else(|| unusable("it has no address"))?;
        if let Some(known) = self.metadata.get(address.as_str()) {
            return Ok(known);
        }
        let turn = self.turn(address.as_str());
        let _turn = turn.lock().await;
        if let Some(known) = self.metadata.get(address.as_str()) {
            return Ok(known);
        }
        let metadata = read(&self.ask(address.as_str()).await?)?;
        // Whoever answers must be who was asked (OpenID Connect Discovery 1.0 §4.3).
        let own = address.as_str().strip_suffix("/.well-known/openid-configuration");
        if own.is_some_and(|own| own.trim_end_matches('/') != metadata.issuer.trim_end_matches('/')) {
            return Err(unusable("its issuer is another one than its address says"));
        }
        self.metadata.insert(address.as_str().to_owned(), Arc::clone(&metadata));
        Ok(metadata)
    }

    /// The keys of a provider with a name; all if none is named.
    ///
    /// # Errors
    /// When it does not say them.
    pub async fn keys(&self, address: &str, id: Option<&str>, now: Timestamp) -> Result<Vec<Jwk>, NotAsked> {
        let named = |known: &Keys| -> Vec<Jwk> {
            let fits = |key: &&Jwk| id.is_none() || key.common.key_id.as_deref() == id;
            known.keys.iter().filter(fits).cloned().collect()
        };
        let remembered = || {
            let known = self.keys.get(address)?;
            let found = named(&known);
            (!found.is_empty() || now < known.asked_at.plus(ONCE_MORE)).then_some(found)
        };
        if let Some(found) = remembered() {
            return Ok(found);
        }
        let turn = self.turn(address);
        let _turn = turn.lock().await;
        if let Some(found) = remembered() {
            return Ok(found);
        }
        let text = self.ask(address).await?;
        let set: JwkSet = serde_json::from_slice(&text).map_err(|_| unusable("its keys are no key set"))?;
        if set.keys.len() > KEYS {
            return Err(unusable("it has too many keys"));
        }
        let known = Arc::new(Keys { keys: set.keys, asked_at: now });
        self.keys.insert(address.to_owned(), Arc::clone(&known));
        Ok(named(&known))
    }
}
