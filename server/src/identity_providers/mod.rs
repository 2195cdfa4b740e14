//! Identity providers: who may say who somebody is. (reference/rest-api.md §9)

pub mod http;
pub mod sql;
mod wire;

use rolecall_engine::{
    identity_providers::{IdentityProvider, IdpOp, NewIdentityProvider, OidcSettings, Sealed, Trust},
    ids::IdpId,
};

use crate::{
    app::App,
    caller::{Administrator, Caller},
    db::{Found, Keyset, Reader},
    error::Error,
    write::WriteTx,
};

/// A page of the tenant's providers.
pub async fn list(
    app: &App,
    caller: &Caller<Administrator>,
    active: Option<bool>,
    keyset: Keyset,
) -> Result<Found<IdentityProvider>, Error> {
    let work = async move |reader: &Reader<'_>| sql::page(reader, active, &keyset).await;
    app.db.scan(caller.tenant_id(), work).await
}

/// All providers of the tenant.
pub async fn all(app: &App, caller: &Caller<Administrator>) -> Result<Vec<IdentityProvider>, Error> {
    app.db.read(caller.tenant_id(), async |reader| sql::all(reader).await).await
}

/// One provider.
pub async fn get(app: &App, caller: &Caller<Administrator>, id: IdpId) -> Result<IdentityProvider, Error> {
    let found = app.db.read(caller.tenant_id(), async move |reader| sql::find(reader, id).await).await?;
    found.ok_or(Error::NotFound)
}

/// Makes a provider. It says who people are and which groups they are in, so a narrow token makes none, and changes none.
pub async fn create(
    app: &App,
    caller: &Caller<Administrator>,
    new: NewIdentityProvider,
) -> Result<IdentityProvider, Error> {
    caller.require_whole_reach()?;
    let id = app.entropy.idp_id(app.clock.now());
    let edit = async move |tx: &WriteTx<'_>| {
        let others = sql::all(tx.reader()).await?;
        Ok(IdentityProvider::create(new, id, &others, tx.editor())?)
    };
    caller.write(app, edit).await
}

/// Changes a provider, all operations or none.
///
/// # Errors
/// [`Error::Changed`] when pending options are to hold that are not those that were verified (reference/rest-api.md §9).
pub async fn patch(
    app: &App,
    caller: &Caller<Administrator>,
    id: IdpId,
    ops: Vec<IdpOp>,
) -> Result<(), Error> {
    caller.require_whole_reach()?;
    let seen = get(app, caller, id).await?;
    verify(app, &seen, &ops).await?;
    let edit = async move |tx: &WriteTx<'_>| {
        let provider = sql::find(tx.reader(), id).await?.ok_or(Error::NotFound)?;
        if promotes_what_is_there(&ops) && pending(&provider) != pending(&seen) {
            return Err(Error::Changed);
        }
        Ok(provider.edit(&ops, tx.editor())?.map(drop))
    };
    caller.write(app, edit).await
}

/// How a provider is to be asked once somebody says so.
fn pending(provider: &IdentityProvider) -> Option<&OidcSettings> {
    match &provider.trust {
        Trust::Oidc(oidc) => oidc.pending.as_ref(),
        Trust::Jwt(_) | Trust::Saml(_) => None,
    }
}

/// Whether pending options are to hold that were there before.
fn promotes_what_is_there(ops: &[IdpOp]) -> bool {
    let of_options = |op: &&IdpOp| matches!(op, IdpOp::SetPending(_) | IdpOp::Promote);
    ops.iter().find(of_options) == Some(&IdpOp::Promote)
}

/// Refuses to let pending options hold by which the provider cannot be asked.
async fn verify(app: &App, provider: &IdentityProvider, ops: &[IdpOp]) -> Result<(), Error> {
    let mut pending = pending(provider);
    for (at, op) in ops.iter().enumerate() {
        match op {
            IdpOp::SetPending(settings) => pending = Some(settings),
            IdpOp::Promote => {
                let Some(settings) = pending.take() else { continue };
                let asked = app.discovery.metadata(settings).await;
                asked.map_err(|why| {
                    Error::at_pointer(
                        format!("/{at}"),
                        format!("the identity provider cannot be used: {why}"),
                    )
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Deletes a provider. Its users stay, and another provider may name them next.
pub async fn delete(app: &App, caller: &Caller<Administrator>, id: IdpId) -> Result<(), Error> {
    caller.require_whole_reach()?;
    let edit = async move |tx: &WriteTx<'_>| {
        let provider = sql::find(tx.reader(), id).await?.ok_or(Error::NotFound)?;
        Ok(provider.delete()?)
    };
    caller.write(app, edit).await
}

/// A secret of a provider, as it is kept.
pub(super) fn seal(app: &App, secret: &str) -> Result<Sealed, Error> {
    app.provider_secrets.seal(b"client-secret", secret.as_bytes()).map(Sealed)
}
