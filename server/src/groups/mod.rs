//! Groups: users who hold the same roles. (reference/rest-api.md §4)

pub mod http;
pub mod sql;
pub mod wire;

use std::sync::Arc;

use rolecall_engine::{
    access::Snapshot,
    change::Edited,
    filter::{Filter, GroupAttribute},
    groups::{Group, GroupOp, NewGroup, SettingsOp, asks_about_roles, edit_settings},
    ids::GroupId,
    refusal::Rule,
    spaces::SpaceAssignment,
};

use crate::{
    app::App,
    caller::{Administrator, Caller, Member},
    db::{Found, Keyset, Reader},
    error::Error,
    snapshots,
    space_assignments::sql as assignments,
    write::WriteTx,
};

/// A page of the groups, system groups or the others, with the tenant they are in.
pub async fn list(
    app: &App,
    caller: &Caller<Member>,
    filter: Option<Filter<GroupAttribute>>,
    system: bool,
    keyset: Keyset,
) -> Result<(Arc<Snapshot>, Found<Group>), Error> {
    if filter.as_ref().is_some_and(asks_about_roles) && !caller.is_administrator() {
        return Err(Rule::RolesHidden.into());
    }
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        sql::page(reader, tenant, filter.as_ref(), system, &keyset).await
    };
    snapshots::scan(app, caller.tenant_id(), work).await
}

/// One group, with the tenant it is in.
pub async fn get<P>(app: &App, caller: &Caller<P>, id: GroupId) -> Result<(Arc<Snapshot>, Group), Error> {
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        sql::find(reader, tenant, id).await?.ok_or(Error::NotFound)
    };
    snapshots::read(app, caller.tenant_id(), work).await
}

/// Makes a group.
pub async fn create(app: &App, caller: &Caller<Administrator>, new: NewGroup) -> Result<Group, Error> {
    let id = app.entropy.group_id(app.clock.now());
    caller.write(app, async move |tx| Ok(Group::create(new, id, tx.tenant(), tx.editor())?)).await
}

/// Changes a group.
pub async fn patch(
    app: &App,
    caller: &Caller<Administrator>,
    id: GroupId,
    ops: Vec<GroupOp>,
) -> Result<(), Error> {
    let edit = async move |tx: &WriteTx<'_>| {
        let group = sql::find(tx.reader(), tx.tenant(), id).await?.ok_or(Error::NotFound)?;
        Ok(group.edit(&ops, tx.tenant(), tx.editor())?.map(drop))
    };
    caller.write(app, edit).await
}

/// Deletes a group.
pub async fn delete(app: &App, caller: &Caller<Administrator>, id: GroupId) -> Result<(), Error> {
    let edit = async move |tx: &WriteTx<'_>| {
        let group = sql::find(tx.reader(), tx.tenant(), id).await?.ok_or(Error::NotFound)?;
        let has_members = sql::has_members(tx.reader(), id, tx.editor().at).await?;
        let deleted = group.delete(has_members)?;
        Ok(assignments_in_spaces(tx, id).await?.and(deleted))
    };
    caller.write(app, edit).await
}

/// The end of what a group that is deleted has in spaces.
///
/// # Errors
/// When the database cannot be read.
pub async fn assignments_in_spaces(tx: &WriteTx<'_>, group: GroupId) -> Result<Edited<()>, Error> {
    Ok(Edited::of_each(assignments::of_group(tx.reader(), group).await?, SpaceAssignment::end))
}

/// Changes the group settings of the tenant.
pub async fn patch_settings(
    app: &App,
    caller: &Caller<Administrator>,
    ops: Vec<SettingsOp>,
) -> Result<(), Error> {
    let edit = async move |tx: &WriteTx<'_>| {
        let everyone =
            sql::find(tx.reader(), tx.tenant(), GroupId::EVERYONE).await?.ok_or(Error::NotFound)?;
        let settings = tx.tenant().tenant().clone();
        Ok(edit_settings(settings, everyone, &ops, tx.tenant(), tx.editor())?)
    };
    caller.write(app, edit).await
}
