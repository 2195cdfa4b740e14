//! Users: who is in a tenant, and what each holds. (reference/rest-api.md §3)

pub mod http;
pub mod leaving;
pub mod sql;
pub mod wire;

use std::sync::Arc;

use rolecall_engine::{
    access::Snapshot,
    filter::{Filter, UserAttribute},
    ids::UserId,
    refusal::Rule,
    users::{KnownSubject, NewUser, User, UserOp, asks_about_roles},
};

use crate::{
    app::App,
    caller::{Administrator, Caller, Member},
    db::{Found, Keyset, Reader},
    error::Error,
    licenses::sql as licenses,
    snapshots,
    write::WriteTx,
};

/// A page of the tenant's users, with the tenant they are in.
pub async fn list(
    app: &App,
    caller: &Caller<Member>,
    filter: Option<Filter<UserAttribute>>,
    keyset: Keyset,
) -> Result<(Arc<Snapshot>, Found<User>), Error> {
    if filter.as_ref().is_some_and(asks_about_roles) && !caller.is_administrator() {
        return Err(Rule::RolesHidden.into());
    }
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        sql::page(reader, tenant, filter.as_ref(), &keyset).await
    };
    snapshots::scan(app, caller.tenant_id(), work).await
}

/// One user, with the tenant the user is in.
pub async fn get(app: &App, caller: &Caller<Member>, id: UserId) -> Result<(Arc<Snapshot>, User), Error> {
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        sql::find(reader, tenant, id).await?.ok_or(Error::NotFound)
    };
    snapshots::read(app, caller.tenant_id(), work).await
}

/// Makes a user.
pub async fn create(app: &App, caller: &Caller<Administrator>, new: NewUser) -> Result<User, Error> {
    let id = app.entropy.user_id(app.clock.now());
    let edit = async move |tx: &WriteTx<'_>| {
        let known = KnownSubject {
            user: sql::with_subject(tx.reader(), &new.subject).await?,
            license: licenses::find(tx.reader(), &new.subject).await?,
        };
        Ok(User::create(new, id, known, tx.tenant(), tx.editor())?)
    };
    caller.write(app, edit).await
}

/// Changes a user; who is no administrator only the own preferences. Answers the user as it is then.
pub async fn patch(app: &App, caller: &Caller<Member>, id: UserId, ops: Vec<UserOp>) -> Result<User, Error> {
    let edit = async move |tx: &WriteTx<'_>| {
        let user = sql::find(tx.reader(), tx.tenant(), id).await?.ok_or(Error::NotFound)?;
        leaving::with_sessions(tx, user.edit(&ops, tx.tenant(), tx.editor())?).await
    };
    caller.write(app, edit).await
}

/// Deletes a user, with all that is the user's.
pub async fn delete(app: &App, caller: &Caller<Administrator>, id: UserId) -> Result<(), Error> {
    let edit = async move |tx: &WriteTx<'_>| {
        let user = sql::find(tx.reader(), tx.tenant(), id).await?.ok_or(Error::NotFound)?;
        let deleted = user.delete(tx.editor())?;
        Ok(leaving::belongings(tx, id).await?.and(deleted))
    };
    caller.write(app, edit).await
}
