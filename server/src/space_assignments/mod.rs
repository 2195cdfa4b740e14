//! Assignments in spaces: who has which roles there. (reference/rest-api.md §11)

pub mod http;
pub mod sql;
mod wire;

use rolecall_engine::{
    access::Snapshot,
    change::Edited,
    ids::{SpaceAssignmentId, SpaceId},
    refusal::{Refusal, SpaceRule},
    spaces::{NewSpaceAssignment, SpaceAction, SpaceAssignment, SpaceRole, Standing},
};
use sql::Selection;

use crate::{
    app::App,
    caller::{Caller, Member},
    db::{Found, Keyset, Reader},
    error::Error,
    snapshots,
    spaces::seen,
    write::WriteTx,
};

/// Refuses who may not know who is in a space: it is not there for who does not see it, and closed to who does not manage it.
fn knows(who: &Standing, tenant: &Snapshot, space: SpaceId) -> Result<(), Error> {
    let rights = seen(who, tenant, space)?;
    let may = who.sees_all() || rights.actions.has(SpaceAction::Update);
    if may { Ok(()) } else { Err(Refusal::from(SpaceRule::Needs(SpaceAction::Update.as_str())).into()) }
}

/// A page of the assignments in a space.
pub async fn list(
    app: &App,
    caller: &Caller<Member>,
    space: SpaceId,
    selection: Selection,
    keyset: Keyset,
) -> Result<Found<SpaceAssignment>, Error> {
    let asker = caller.asker();
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        knows(&asker.standing(tenant), tenant, space)?;
        sql::page(reader, space, &selection, &keyset).await
    };
    snapshots::scan(app, caller.tenant_id(), work).await.map(|(_, found)| found)
}

/// One assignment.
pub async fn get(
    app: &App,
    caller: &Caller<Member>,
    space: SpaceId,
    id: SpaceAssignmentId,
) -> Result<SpaceAssignment, Error> {
    let asker = caller.asker();
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        knows(&asker.standing(tenant), tenant, space)?;
        sql::find(reader, space, id).await?.ok_or(Error::NotFound)
    };
    snapshots::read(app, caller.tenant_id(), work).await.map(|(_, found)| found)
}

/// Gives somebody roles in a space.
pub async fn create(
    app: &App,
    caller: &Caller<Member>,
    space: SpaceId,
    new: NewSpaceAssignment,
) -> Result<SpaceAssignment, Error> {
    let id = app.entropy.space_assignment_id(app.clock.now());
    let asker = caller.asker();
    let edit = async move |tx: &WriteTx<'_>| {
        let who = asker.standing(tx.tenant());
        seen(&who, tx.tenant(), space)?;
        Ok(SpaceAssignment::create(&new, (id, space), &who, tx.tenant(), tx.editor())?)
    };
    caller.write(app, edit).await
}

/// Edits an assignment as `edit` says.
async fn edit<T: Send + 'static>(
    app: &App,
    caller: &Caller<Member>,
    (space, id): (SpaceId, SpaceAssignmentId),
    edit: impl FnOnce(SpaceAssignment, &Standing, &WriteTx<'_>) -> Result<Edited<T>, Error> + Send + 'static,
) -> Result<T, Error> {
    let asker = caller.asker();
    let work = async move |tx: &WriteTx<'_>| {
        let who = asker.standing(tx.tenant());
        knows(&who, tx.tenant(), space)?;
        let assignment = sql::find(tx.reader(), space, id).await?.ok_or(Error::NotFound)?;
        edit(assignment, &who, tx)
    };
    caller.write(app, work).await
}

/// Gives somebody other roles in a space.
pub async fn put(
    app: &App,
    caller: &Caller<Member>,
    at: (SpaceId, SpaceAssignmentId),
    roles: Vec<SpaceRole>,
) -> Result<SpaceAssignment, Error> {
    let replace = move |assignment: SpaceAssignment, who: &Standing, tx: &WriteTx<'_>| {
        Ok(assignment.replace_roles(&roles, who, tx.tenant(), tx.editor())?)
    };
    edit(app, caller, at, replace).await
}

/// Takes somebody's roles in a space.
pub async fn delete(
    app: &App,
    caller: &Caller<Member>,
    at: (SpaceId, SpaceAssignmentId),
) -> Result<(), Error> {
    let end = |assignment: SpaceAssignment, who: &Standing, tx: &WriteTx<'_>| {
        Ok(assignment.delete(who, tx.tenant())?)
    };
    edit(app, caller, at, end).await
}
