//! Web integrations: which pages elsewhere may use sessions. (reference/rest-api.md §12)

pub mod http;
pub mod sql;
mod wire;

use rolecall_engine::{
    ids::WebIntegrationId,
    names::Setting,
    web_integrations::{WebIntegration, WebIntegrationOp},
};

use crate::{
    app::App,
    caller::{Administrator, Caller},
    db::{Found, Keyset, Reader},
    error::Error,
    write::WriteTx,
};

/// A page of the tenant's web integrations.
pub async fn list(
    app: &App,
    caller: &Caller<Administrator>,
    keyset: Keyset,
) -> Result<Found<WebIntegration>, Error> {
    let work = async move |reader: &Reader<'_>| sql::page(reader, &keyset).await;
    app.db.scan(caller.tenant_id(), work).await
}

/// One web integration.
pub async fn get(
    app: &App,
    caller: &Caller<Administrator>,
    id: WebIntegrationId,
) -> Result<WebIntegration, Error> {
    let found = app.db.read(caller.tenant_id(), async move |reader| sql::find(reader, id).await).await?;
    found.ok_or(Error::NotFound)
}

/// Makes a web integration.
pub async fn create(
    app: &App,
    caller: &Caller<Administrator>,
    name: Setting,
    origins: Vec<Setting>,
) -> Result<WebIntegration, Error> {
    let id = WebIntegrationId::new(app.entropy.bytes());
    let edit = async move |tx: &WriteTx<'_>| {
        let others = sql::count(tx.reader()).await?;
        Ok(WebIntegration::create(name, origins, id, others, tx.editor())?)
    };
    caller.write(app, edit).await
}

/// Changes a web integration.
pub async fn patch(
    app: &App,
    caller: &Caller<Administrator>,
    id: WebIntegrationId,
    ops: Vec<WebIntegrationOp>,
) -> Result<(), Error> {
    let edit = async move |tx: &WriteTx<'_>| {
        let found = sql::find(tx.reader(), id).await?.ok_or(Error::NotFound)?;
        Ok(found.edit(ops, tx.editor())?.map(drop))
    };
    caller.write(app, edit).await
}

/// Deletes a web integration.
pub async fn delete(app: &App, caller: &Caller<Administrator>, id: WebIntegrationId) -> Result<(), Error> {
    let edit =
        async move |tx: &WriteTx<'_>| Ok(sql::find(tx.reader(), id).await?.ok_or(Error::NotFound)?.delete());
    caller.write(app, edit).await
}
