//! Whose token is this, and is it still good? (reference/auth.md §2, §3)
//!
//! A token that was verified once is known by its hash. It is good without another look at the database until a credential
//! of its tenant ends; then it is looked up again.

use std::sync::Arc;

use rolecall_engine::access::Snapshot;

use super::{Credential, Given, TokenHash, cookies::SessionCookie};
use crate::{app::App, db::Reader, error::Error, login::sql as sessions, snapshots};

/// Who the bearer of a token is, with the tenant as it is now.
///
/// # Errors
/// [`Error::Unauthenticated`] when the token is not one of ours, its key is over, or its tenant is not active.
pub async fn verify(app: &App, token: &str) -> Result<(Arc<Snapshot>, Credential), Error> {
    let hash = TokenHash::of(token).ok_or(Error::Unauthenticated)?;
    // What is in a cookie is no token: it is good only beside its signature, and while it is used.
    let known = app.verified.get(hash).filter(|known| !matches!(known.given, Given::Session(_)));
    let was_known = known.is_some();
    let read = || Credential::read(&app.signing, &app.catalogue, token);
    let credential = known.or_else(read).ok_or(Error::Unauthenticated)?;
    good(app, hash, credential, was_known).await
}

/// Who is logged in by a cookie, with the tenant as it is now. The session is used by that.
///
/// # Errors
/// [`Error::Unauthenticated`] when there is no such session, it is over, or it was idle for too long.
pub async fn verify_session(app: &App, cookie: SessionCookie) -> Result<(Arc<Snapshot>, Credential), Error> {
    let hash = TokenHash::of(&cookie.value()).ok_or(Error::Unauthenticated)?;
    let SessionCookie { tenant, session, secret } = cookie;
    let known = app.verified.get(hash);
    let was_known = known.is_some();
    let credential = if let Some(credential) = known {
        credential
    } else {
        let work = async move |reader: &Reader<'_>| {
            let found = sessions::find(reader, session).await?;
            let found = found.filter(|session| session.has_secret(&secret));
            Ok(found.zip(sessions::seen_at(reader, session).await?))
        };
        let (session, seen_at) = app.db.read(tenant, work).await?.ok_or(Error::Unauthenticated)?;
        Credential::of_session(tenant, session, seen_at)
    };
    let (snapshot, credential) = good(app, hash, credential, was_known).await?;
    let (now, idle) = (app.clock.now(), snapshot.tenant().sessions.idle());
    if !credential.is_used(now, idle) {
        // Another node may have seen it used since.
        let work = async move |reader: &Reader<'_>| sessions::seen_at(reader, session).await;
        let seen_at = app.db.read(tenant, work).await?.ok_or(Error::Unauthenticated)?;
        credential.see(seen_at);
        if !credential.is_used(now, idle) {
            return Err(Error::Unauthenticated);
        }
    }
    app.lately_seen.note(tenant, session, now);
    Ok((snapshot, credential))
}

/// The credential, if it is still good, with the tenant as it is now.
async fn good(
    app: &App,
    hash: TokenHash,
    credential: Credential,
    was_known: bool,
) -> Result<(Arc<Snapshot>, Credential), Error> {
    let tenant = snapshots::snapshot(app, credential.tenant).await?;
    let tenant = tenant.filter(|tenant| tenant.tenant().is_active());
    let tenant = tenant.ok_or(Error::Unauthenticated)?;
    let now = app.clock.now();
    if credential.is_over(now) {
        return Err(Error::Unauthenticated);
    }
    if was_known && credential.holds(&tenant) {
        return Ok((tenant, credential));
    }
    let looked_up = credential.clone();
    app.db.read(credential.tenant, async move |reader| looked_up.check(reader, now).await).await?;
    let checked = credential.checked(tenant.revision());
    app.verified.put(hash, checked.clone());
    Ok((tenant, checked))
}
