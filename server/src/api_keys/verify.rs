//! Whose API key is this, and is it still good? (reference/auth.md §2)
//!
//! A token that was verified once is known by its hash. It is good without another look at the database until a key of
//! its tenant changes; then the key is looked up again.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;
use rolecall_engine::{
    access::{Revision, Snapshot},
    api_keys::{ApiKey, KeyStatus, KeySubject},
    ids::{ApiKeyId, TenantId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use super::sql;
use crate::{access, app::App, db::Reader, error::Error};

const AUDIENCE: &str = "qlik.api";
const ISSUER: &str = "qlik.api/api-keys";
const SUB_TYPE: &str = "user";
/// Bytes of the longest token that is looked at.
const TOKEN: usize = 4096;
/// Tokens that are remembered.
const REMEMBERED: u64 = 100_000;

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

/// A token that was verified: which key it is, and whose.
#[derive(Debug, Clone, Copy)]
pub struct Credential {
    pub tenant: TenantId,
    pub user: UserId,
    key: ApiKeyId,
    expires_at: Timestamp,
    /// The revision of the tenant since which the key is known to be good.
    checked: Revision,
}

/// The tokens that were verified, by hash.
pub struct Verified(Cache<[u8; 32], Credential>);

impl Default for Verified {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

/// The token of a key; none for keys that are not a user's.
///
/// # Errors
/// When signing fails.
pub fn token(app: &App, tenant: TenantId, key: &ApiKey) -> Result<Option<String>, Error> {
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
    app.signing.sign(&claims).map(Some)
}

/// Who the bearer of a token is, with the tenant as it is now.
///
/// # Errors
/// [`Error::Unauthenticated`] when the token is not one of ours, or its key is over.
pub async fn verify(app: &App, token: &str) -> Result<(Arc<Snapshot>, Credential), Error> {
    if token.len() > TOKEN {
        return Err(Error::Unauthenticated);
    }
    let hash = <[u8; 32]>::try_from(digest(&SHA256, token.as_bytes()).as_ref()).map_err(Error::internal)?;
    let known = app.verified.0.get(&hash);
    let credential = known.or_else(|| read(app, token)).ok_or(Error::Unauthenticated)?;
    let tenant = access::snapshot(app, credential.tenant).await?.ok_or(Error::Unauthenticated)?;
    if credential.expires_at <= app.clock.now() {
        return Err(Error::Unauthenticated);
    }
    if known.is_some() && credential.holds(&tenant) {
        return Ok((tenant, credential));
    }
    let now = app.clock.now();
    app.db.read(credential.tenant, async move |reader| credential.check(reader, now).await).await?;
    let checked = Credential { checked: tenant.revision(), ..credential };
    app.verified.0.insert(hash, checked);
    Ok((tenant, checked))
}

/// What a token says, if we signed it.
fn read(app: &App, token: &str) -> Option<Credential> {
    let claims: Claims =
        app.signing.verify(token, AUDIENCE, ISSUER).filter(|claims: &Claims| claims.sub_type == SUB_TYPE)?;
    Some(Credential {
        tenant: claims.tenant_id.parse().ok()?,
        user: claims.sub.parse().ok()?,
        key: claims.jti.parse().ok()?,
        expires_at: Timestamp::from_millis(claims.exp.checked_mul(1000)?),
        checked: Revision::default(),
    })
}

impl Credential {
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
