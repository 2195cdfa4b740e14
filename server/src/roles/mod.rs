//! Roles: what can be held in a tenant, and what each grants. (reference/rest-api.md §2)

pub mod http;
pub mod sql;
pub mod wire;

use std::sync::Arc;

use rolecall_engine::{
    filter::{Filter, RoleAttribute},
    ids::RoleId,
    roles::{NewRole, Role, RoleOp},
};

use crate::{
    app::App,
    caller::{Administrator, Caller},
    db::{Found, Keyset},
    error::Error,
};

/// A page of the tenant's roles.
pub async fn list(
    app: &App,
    caller: &Caller<Administrator>,
    filter: Option<Filter<RoleAttribute>>,
    keyset: Keyset,
) -> Result<Found<Role>, Error> {
    let catalogue = Arc::clone(&app.catalogue);
    let work = async move |reader: &crate::db::Reader<'_>| {
        sql::page(reader, filter.as_ref(), &keyset, &catalogue).await
    };
    app.db.scan(caller.tenant_id(), work).await
}

/// One role.
pub async fn get(app: &App, caller: &Caller<Administrator>, id: RoleId) -> Result<Role, Error> {
    let role = app.db.read(caller.tenant_id(), async move |reader| sql::find(reader, id).await).await?;
    role.ok_or(Error::NotFound)
}

/// Makes a custom role.
pub async fn create(app: &App, caller: &Caller<Administrator>, new: NewRole) -> Result<Role, Error> {
    let id = app.entropy.role_id(app.clock.now());
    caller.write(app, async move |tx| Ok(Role::create(new, id, tx.tenant(), tx.editor())?)).await
}

/// Changes a custom role, or the scopes of `UserDefault`.
pub async fn patch(
    app: &App,
    caller: &Caller<Administrator>,
    id: RoleId,
    ops: Vec<RoleOp>,
) -> Result<(), Error> {
    let edit = async move |tx: &crate::write::WriteTx<'_>| {
        let role = sql::find(tx.reader(), id).await?.ok_or(Error::NotFound)?;
        Ok(role.edit(&ops, tx.tenant(), tx.editor())?.map(drop))
    };
    caller.write(app, edit).await
}

/// Deletes a custom role that nobody holds.
pub async fn delete(app: &App, caller: &Caller<Administrator>, id: RoleId) -> Result<(), Error> {
    let edit = async move |tx: &crate::write::WriteTx<'_>| {
        let role = sql::find(tx.reader(), id).await?.ok_or(Error::NotFound)?;
        let in_use = sql::in_use(tx.reader(), id, tx.editor().at).await?;
        Ok(role.delete(in_use)?)
    };
    caller.write(app, edit).await
}
