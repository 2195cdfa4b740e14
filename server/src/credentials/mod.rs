//! What does a token say, and what is known of tokens that were seen? (reference/auth.md §2, §3)

pub mod assertion;
pub mod cookies;
pub mod discovery;
pub mod invitation;
pub mod keys;
pub mod operator;
pub mod password;
pub mod verify;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::sync::Cache;
use rolecall_engine::{
    access::{Revision, Snapshot},
    api_keys::{ApiKey, ExternalClient, KeyStatus, KeySubject},
    catalogue::Catalogue,
    ids::{ApiKeyId, IdpId, OAuthClientId, OAuthTokenId, SessionId, TenantId, UserId},
    oauth::{Bounds, OAuthToken, Reach},
    scopes::ScopeName,
    sessions::Session,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    api_keys::sql as api_keys, db::Reader, error::Error, identity_providers::sql as providers,
    login::sql as sessions, oauth_clients::sql as oauth_clients, oauth_tokens::sql as oauth_tokens,
    signing::SigningKeys,
};

const AUDIENCE: &str = "qlik.api";
const OF_KEYS: &str = "qlik.api/api-keys";
const OF_CLIENTS: &str = "qlik.api/oauth";
const USER: &str = "user";
const EXTERNAL_CLIENT: &str = "externalClient";
/// Bytes of the longest token that is looked at.
const TOKEN: usize = 8192;
/// Tokens that are remembered.
const REMEMBERED: usize = 100_000;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    aud: String,
    iss: String,
    jti: String,
    sub: String,
    sub_type: String,
    tenant_id: String,
    iat: i64,
    exp: i64,
    /// Of tokens of OAuth clients only (RFC 9068 §2.2).
    #[serde(rename = "client_id", default, skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

/// The token of a key.
///
/// # Errors
/// When signing fails.
pub fn of_key(signing: &SigningKeys, tenant: TenantId, key: &ApiKey) -> Result<String, Error> {
    let (sub, sub_type) = match key.subject {
        KeySubject::User(user) => (user.to_string(), USER),
        KeySubject::ExternalClient(client) => (client.to_string(), EXTERNAL_CLIENT),
    };
    signing.sign(&Claims {
        aud: AUDIENCE.to_owned(),
        iss: OF_KEYS.to_owned(),
        jti: key.id.to_string(),
        sub,
        sub_type: sub_type.to_owned(),
        tenant_id: tenant.to_string(),
        iat: key.created_at.as_seconds(),
        exp: key.expires_at.as_seconds(),
        client_id: None,
        scope: None,
    })
}

/// The token that is sent for an access token.
///
/// # Errors
/// When signing fails.
pub fn of_token(signing: &SigningKeys, tenant: TenantId, token: &OAuthToken) -> Result<String, Error> {
    let scopes: Vec<&str> = token.scopes.iter().map(ScopeName::as_str).collect();
    signing.sign(&Claims {
        aud: AUDIENCE.to_owned(),
        iss: OF_CLIENTS.to_owned(),
        jti: token.id.to_string(),
        sub: token.user.to_string(),
        sub_type: USER.to_owned(),
        tenant_id: tenant.to_string(),
        iat: token.issued_at.as_seconds(),
        exp: token.expires_at.as_seconds(),
        client_id: Some(token.client.to_string()),
        scope: Some(scopes.join(" ")),
    })
}

/// What was given: a key, a token of a client, or the cookie of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    Key(ApiKeyId),
    Token(OAuthTokenId, OAuthClientId),
    Session(SessionId),
}

/// Whom a credential speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A user.
    User(UserId),
    /// A program that provisions users. Its credential is good for nothing else.
    Client(ExternalClient),
}

/// What a token says: what it is, whose, and how far it reaches.
#[derive(Debug, Clone)]
pub struct Credential {
    pub tenant: TenantId,
    pub whose: Whose,
    pub given: Given,
    /// What it allows at most, or exactly.
    bounds: Arc<Bounds>,
    expires_at: Timestamp,
    /// When a session was last used; 0 for what is no session.
    seen_at: Arc<AtomicI64>,
    /// The revision of the tenant since which it is known to be good.
    checked: Revision,
}

impl Credential {
    /// What a token says, if we signed it.
    pub fn read(signing: &SigningKeys, catalogue: &Catalogue, token: &str) -> Option<Self> {
        let claims: Claims = signing.verify(token, AUDIENCE, &[OF_KEYS, OF_CLIENTS])?;
        let whose = match claims.sub_type.as_str() {
            USER => Whose::User(claims.sub.parse().ok()?),
            EXTERNAL_CLIENT if claims.iss == OF_KEYS => Whose::Client(claims.sub.parse().ok()?),
            _ => return None,
        };
        let (given, bounds) = if claims.iss == OF_KEYS {
            (Given::Key(claims.jti.parse().ok()?), Bounds::None)
        } else {
            let scopes: Vec<ScopeName> =
                claims.scope?.split_whitespace().filter_map(|scope| ScopeName::new(scope).ok()).collect();
            let given = Given::Token(claims.jti.parse().ok()?, claims.client_id?.parse().ok()?);
            (given, Bounds::Token(Reach::new(catalogue, &scopes)))
        };
        Some(Self {
            tenant: claims.tenant_id.parse().ok()?,
            whose,
            given,
            bounds: Arc::new(bounds),
            expires_at: Timestamp::from_millis(claims.exp.checked_mul(1000)?),
            seen_at: Arc::default(),
            checked: Revision::default(),
        })
    }

    /// Whoever is logged in, by a session that was last used at a time.
    pub fn of_session(tenant: TenantId, session: Session, seen_at: Timestamp) -> Self {
        Self {
            tenant,
            whose: Whose::User(session.user),
            given: Given::Session(session.id),
            bounds: Arc::new(Bounds::Session(session.scopes)),
            expires_at: session.expires_at,
            seen_at: Arc::new(AtomicI64::new(seen_at.as_millis())),
            checked: Revision::default(),
        }
    }

    /// What it allows at most, or exactly.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The user it speaks for, if it speaks for one.
    pub const fn user(&self) -> Option<UserId> {
        match self.whose {
            Whose::User(user) => Some(user),
            Whose::Client(_) => None,
        }
    }

    /// Uses a session, if it was not idle for longer than that.
    pub fn is_used(&self, now: Timestamp, idle: Span) -> bool {
        let seen = Timestamp::from_millis(self.seen_at.load(Ordering::Relaxed));
        let alive = now < seen.plus(idle);
        if alive {
            self.see(now);
        }
        alive
    }

    /// Notes that a session was used at a time.
    pub fn see(&self, at: Timestamp) {
        self.seen_at.fetch_max(at.as_millis(), Ordering::Relaxed);
    }

    /// Whether the token's own time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// The same credential, which was good at a revision.
    pub fn checked(self, at: Revision) -> Self {
        Self { checked: at, ..self }
    }

    /// Whether nothing that it could have ended by was changed since it was checked.
    pub fn holds(&self, tenant: &Snapshot) -> bool {
        tenant.credentials_revision() <= self.checked
    }

    /// Looks it up.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is not there, not whose it says, revoked or expired, or by a provider that is gone or
    /// switched off.
    pub async fn check(&self, reader: &Reader<'_>, now: Timestamp) -> Result<(), Error> {
        let good = match self.given {
            Given::Key(id) => {
                let key = api_keys::find(reader, id).await?;
                let key = key.filter(|key| key.status(now) == KeyStatus::Active);
                match self.whose {
                    Whose::User(user) => key.is_some_and(|key| key.is_of(Some(user))),
                    Whose::Client(client) => {
                        key.is_some_and(|key| key.is_of_client(client)) && is_on(reader, client.0).await?
                    }
                }
            }
            Given::Token(id, client) => {
                let token = oauth_tokens::find(reader, id).await?;
                let client = oauth_clients::find(reader, client).await?;
                let given = token.filter(|token| self.whose == Whose::User(token.user)).zip(client);
                given.is_some_and(|(token, client)| token.is_still_given(&client))
            }
            Given::Session(id) => {
                let session = sessions::find(reader, id).await?;
                match session.filter(|session| self.whose == Whose::User(session.user)) {
                    Some(Session { provider: Some(provider), .. }) => is_on(reader, provider).await?,
                    found => found.is_some(),
                }
            }
        };
        if good { Ok(()) } else { Err(Error::Unauthenticated) }
    }
}

/// Whether an identity provider is there and in use.
async fn is_on(reader: &Reader<'_>, provider: IdpId) -> Result<bool, Error> {
    Ok(providers::find(reader, provider).await?.is_some_and(|provider| provider.active))
}

/// Sessions that were used since somebody last wrote it down, and when, by tenant.
#[derive(Default)]
pub struct LatelySeen(Mutex<BySession>);

type BySession = HashMap<TenantId, HashMap<SessionId, Timestamp>>;

impl LatelySeen {
    /// Notes that a session is used.
    pub fn note(&self, tenant: TenantId, session: SessionId, now: Timestamp) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry(tenant).or_default().insert(session, now);
    }

    /// All that was noted, which is forgotten.
    pub fn take(&self) -> BySession {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The hash a token is known by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token; none if it is longer than any of ours.
    pub fn of(token: &str) -> Option<Self> {
        let short = Some(token).filter(|token| token.len() <= TOKEN)?;
        digest(&SHA256, short.as_bytes()).as_ref().try_into().ok().map(Self)
    }
}

/// The tokens that were verified, by hash.
pub struct Verified(Cache<TokenHash, Credential>);

impl Default for Verified {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Verified {
    pub fn get(&self, hash: TokenHash) -> Option<Credential> {
        self.0.get(&hash)
    }

    pub fn put(&self, hash: TokenHash, credential: Credential) {
        self.0.insert(hash, credential);
    }

    /// Forgets all of a tenant that is gone.
    pub fn forget(&self, tenant: TenantId) {
        self.0.retain(|_, credential| credential.tenant != tenant);
    }
}
