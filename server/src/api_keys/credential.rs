//! What does the token of an API key say, and what is known of tokens that were seen? (reference/auth.md §2)

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::sync::Cache;
use rolecall_engine::{
    access::{Revision, Snapshot},
    api_keys::{ApiKey, KeyStatus, KeySubject},
    ids::{ApiKeyId, TenantId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use super::sql;
use crate::{db::Reader, error::Error, signing::SigningKeys};

const AUDIENCE: &str = "qlik.api";
const ISSUER: &str = "qlik.api/api-keys";
const SUB_TYPE: &str = "user";
/// Bytes of the longest token that is looked at.
const TOKEN: usize = 4096;
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
}

/// The token of a key; none for keys that are not a user's.
///
/// # Errors
/// When signing fails.
pub fn token(signing: &SigningKeys, tenant: TenantId, key: &ApiKey) -> Result<Option<String>, Error> {
    let KeySubject::User(user) = &key.subject else { return Ok(None) };
    let claims = Claims {
        aud: AUDIENCE.to_owned(),
        iss: ISSUER.to_owned(),
        jti: key.id.to_string(),
        sub: user.to_string(),
        sub_type: SUB_TYPE.to_owned(),
        tenant_id: tenant.to_string(),
        iat: key.created_at.as_seconds(),
        exp: key.expires_at.as_seconds(),
    };
    signing.sign(&claims).map(Some)
}

/// What a token says: which key it is, and whose.
#[derive(Debug, Clone, Copy)]
pub struct Credential {
    pub tenant: TenantId,
    pub user: UserId,
    key: ApiKeyId,
    expires_at: Timestamp,
    /// The revision of the tenant since which the key is known to be good.
    checked: Revision,
}

impl Credential {
    /// What a token says, if we signed it.
    pub fn read(signing: &SigningKeys, token: &str) -> Option<Self> {
        let claims: Claims = signing.verify(token, AUDIENCE, ISSUER)?;
        if claims.sub_type != SUB_TYPE {
            return None;
        }
        Some(Self {
            tenant: claims.tenant_id.parse().ok()?,
            user: claims.sub.parse().ok()?,
            key: claims.jti.parse().ok()?,
            expires_at: Timestamp::from_millis(claims.exp.checked_mul(1000)?),
            checked: Revision::default(),
        })
    }

    /// Whether the token's own time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// The same credential, whose key was good at a revision.
    pub const fn checked(self, at: Revision) -> Self {
        Self { checked: at, ..self }
    }

    /// Whether no key of the tenant changed since the credential was checked.
    pub fn holds(&self, tenant: &Snapshot) -> bool {
        tenant.api_keys_revision() <= self.checked
    }

    /// Looks the key up.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is not there, not the user's, revoked or expired.
    pub async fn check(&self, reader: &Reader<'_>, now: Timestamp) -> Result<(), Error> {
        let key = sql::find(reader, self.key).await?;
        let good = key.is_some_and(|key| key.is_of(Some(self.user)) && key.status(now) == KeyStatus::Active);
        if good { Ok(()) } else { Err(Error::Unauthenticated) }
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
}
