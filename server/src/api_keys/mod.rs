//! API keys: how programs speak for a user. (reference/rest-api.md §6)

pub mod http;
pub mod sql;
mod wire;

use rolecall_engine::{
    api_keys::{ApiKey, ApiKeySettingsOp, KeyStatus, KeySubject, KnownKeys, NewApiKey},
    ids::{ApiKeyId, TenantId},
    names::Description,
    refusal::Rule,
};

use crate::{
    app::App,
    caller::{Administrator, Caller, KeyMaker, Member, Permission},
    credentials,
    db::{Found, Keyset, Reader},
    error::Error,
    identity_providers::sql as providers,
    write::WriteTx,
};

/// A page of the keys that the caller may see: all for an administrator, else the own ones.
pub async fn list(
    app: &App,
    caller: &Caller<Member>,
    narrowed: sql::Narrowed,
    keyset: Keyset,
) -> Result<Found<ApiKey>, Error> {
    let own = caller.user().to_string();
    let narrowed = if caller.is_administrator() {
        narrowed
    } else if [&narrowed.subject, &narrowed.created_by].into_iter().flatten().any(|user| *user != own) {
        return Err(Rule::KeysOfOthers.into());
    } else {
        sql::Narrowed { subject: Some(own), ..narrowed }
    };
    let now = app.clock.now();
    let work = async move |reader: &Reader<'_>| sql::page(reader, narrowed, now, &keyset).await;
    app.db.scan(caller.tenant_id(), work).await
}

/// One key that the caller may see.
pub async fn get(app: &App, caller: &Caller<Member>, id: ApiKeyId) -> Result<ApiKey, Error> {
    let key = app.db.read(caller.tenant_id(), async move |reader| sql::find(reader, id).await).await?;
    let visible = key.filter(|key| key.is_of(Some(caller.user())) || caller.is_administrator());
    visible.ok_or(Error::NotFound)
}

/// Makes a key for the caller, or for a program that provisions users; answers it with its token.
pub async fn create(app: &App, caller: Caller<Member>, new: NewApiKey) -> Result<(ApiKey, String), Error> {
    match new.subject {
        KeySubject::User(_) => make(app, &caller.holding::<KeyMaker>()?, new).await,
        KeySubject::ExternalClient(_) => {
            // The key knows no scopes.
            caller.require_whole_reach()?;
            make(app, &caller.holding::<Administrator>()?, new).await
        }
    }
}

async fn make<P: Permission>(
    app: &App,
    caller: &Caller<P>,
    new: NewApiKey,
) -> Result<(ApiKey, String), Error> {
    let id = app.entropy.api_key_id();
    let user = caller.user();
    let edit = async move |tx: &WriteTx<'_>| {
        let keys = sql::of_user(tx.reader(), user).await?;
        let active = keys.iter().filter(|key| key.status(tx.editor().at) == KeyStatus::Active).count();
        let provider_is_there = match new.subject {
            KeySubject::User(_) => false,
            KeySubject::ExternalClient(client) => providers::find(tx.reader(), client.0).await?.is_some(),
        };
        let known = KnownKeys { active, provider_is_there };
        Ok(ApiKey::create(new, id, &tx.tenant().tenant().api_keys, known, tx.editor())?)
    };
    let key = caller.write(app, edit).await?;
    let token = credentials::of_key(&app.signing, caller.tenant_id(), &key)?;
    Ok((key, token))
}

/// Describes the caller's key otherwise.
pub async fn patch(
    app: &App,
    caller: &Caller<Member>,
    id: ApiKeyId,
    descriptions: Vec<Description>,
) -> Result<(), Error> {
    get(app, caller, id).await?;
    let edit = async move |tx: &WriteTx<'_>| {
        let key = sql::find(tx.reader(), id).await?.ok_or(Error::NotFound)?;
        Ok(key.describe(descriptions, tx.editor())?.map(drop))
    };
    caller.write(app, edit).await
}

/// Ends a key: its owner deletes it, an administrator revokes it.
pub async fn delete(app: &App, caller: &Caller<Member>, id: ApiKeyId) -> Result<(), Error> {
    get(app, caller, id).await?;
    let edit = async move |tx: &WriteTx<'_>| {
        let key = sql::find(tx.reader(), id).await?.ok_or(Error::NotFound)?;
        Ok(key.end(tx.editor())?)
    };
    caller.write(app, edit).await
}

/// Changes the settings of API keys in the caller's tenant.
pub async fn patch_settings(
    app: &App,
    caller: &Caller<Administrator>,
    id: TenantId,
    ops: Vec<ApiKeySettingsOp>,
) -> Result<(), Error> {
    if caller.tenant_id() != id {
        return Err(Error::NotFound);
    }
    let edit = async move |tx: &WriteTx<'_>| {
        let tenant = tx.tenant().tenant().clone();
        let settings = tenant.api_keys.clone().edit(&ops)?;
        Ok(tenant.set_api_keys(settings, tx.editor()).map(drop))
    };
    caller.write(app, edit).await
}
