//! Spaces: places of content, and what their roles allow there. (reference/rest-api.md §11)

pub mod http;
pub mod sql;
pub mod wire;

use std::{convert::identity, sync::Arc};

use rolecall_engine::{
    access::Snapshot,
    change::Edited,
    ids::{SpaceId, UserId},
    refusal::Refusal,
    spaces::{NewSpace, Rights, Space, SpaceAction, SpaceActions, SpaceOp, SpaceRoles, Standing},
};
use sql::Selection;

use crate::{
    app::App,
    caller::{Caller, Member},
    db::{Found, Keyset, Reader},
    error::Error,
    snapshots,
    space_assignments::sql as assignments,
    write::WriteTx,
};

/// A space, and what the caller may do with it.
pub type Seen = (Space, Rights);

/// What a caller wants of the spaces on a list by being in them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// One of these roles; none for any.
    pub roles: SpaceRoles,
    /// All of these actions.
    pub actions: SpaceActions,
    /// Nothing that there is.
    pub nothing: bool,
}

impl Wanted {
    fn is_everything(self) -> bool {
        self.roles.is_empty() && self.actions.is_empty() && !self.nothing
    }

    fn fits(self, rights: Rights) -> bool {
        let roles = self.roles.is_empty() || !self.roles.and(rights.roles).is_empty();
        roles && self.actions.and(rights.actions) == self.actions && !self.nothing
    }
}

/// The spaces on a list, where these are not all there are.
fn among(tenant: &Snapshot, who: &Standing, wanted: Wanted) -> Option<Vec<SpaceId>> {
    let fits = |id: &SpaceId| {
        let rights = who.rights_in(tenant, *id);
        rights.sees() && wanted.fits(rights)
    };
    if !who.sees_all() {
        return Some(tenant.spaces_of(who.user).into_iter().map(|space| space.id).filter(fits).collect());
    }
    let all = || tenant.spaces().map(|space| space.id).filter(fits).collect();
    (!wanted.is_everything()).then(all)
}

/// A page of the spaces that the caller sees.
pub async fn list(
    app: &App,
    caller: &Caller<Member>,
    selection: Selection,
    wanted: Wanted,
    keyset: Keyset,
) -> Result<Found<Seen>, Error> {
    let asker = caller.asker();
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        let who = asker.standing(tenant);
        let found = sql::page(reader, &selection, among(tenant, &who, wanted), &keyset).await?;
        Ok(found.map(|space| {
            let rights = who.rights_in(tenant, space.id);
            (space, rights)
        }))
    };
    snapshots::scan(app, caller.tenant_id(), work).await.map(|(_, found)| found)
}

/// One space that the caller sees.
pub async fn get(app: &App, caller: &Caller<Member>, id: SpaceId) -> Result<Seen, Error> {
    let asker = caller.asker();
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        let rights = seen(&asker.standing(tenant), tenant, id)?;
        let space = sql::find(reader, id).await?.ok_or(Error::NotFound)?;
        Ok((space, rights))
    };
    snapshots::read(app, caller.tenant_id(), work).await.map(|(_, seen)| seen)
}

/// What somebody may do with a space; it is not there for who does not see it.
///
/// # Errors
/// [`Error::NotFound`].
pub fn seen(who: &Standing, tenant: &Snapshot, id: SpaceId) -> Result<Rights, Error> {
    Some(who.rights_in(tenant, id)).filter(|rights| rights.sees()).ok_or(Error::NotFound)
}

/// What the caller may do with a space that was written just now.
fn seen_now(app: &App, caller: &Caller<Member>, space: Space) -> Seen {
    let tenant: Arc<Snapshot> = caller.tenant_now(app);
    let rights = caller.asker().standing(&tenant).rights_in(&tenant, space.id);
    (space, rights)
}

/// Makes a space.
pub async fn create(app: &App, caller: &Caller<Member>, new: NewSpace) -> Result<Seen, Error> {
    let id = app.entropy.space_id(app.clock.now());
    let asker = caller.asker();
    let edit = async move |tx: &WriteTx<'_>| {
        let who = asker.standing(tx.tenant());
        Ok(Space::create(new, id, &who, tx.tenant(), tx.editor())?)
    };
    let space = caller.write(app, edit).await?;
    Ok(seen_now(app, caller, space))
}

/// Changes a space, all operations or none.
pub async fn patch(
    app: &App,
    caller: &Caller<Member>,
    id: SpaceId,
    ops: Vec<SpaceOp>,
) -> Result<Seen, Error> {
    edit(app, caller, id, ops, identity).await
}

/// Puts what a body says in place of what is said of a space. What is wrong is at a member, and in no operation.
pub async fn put(app: &App, caller: &Caller<Member>, id: SpaceId, ops: Vec<SpaceOp>) -> Result<Seen, Error> {
    edit(app, caller, id, ops, |refusal| Refusal { operation: None, ..refusal }).await
}

async fn edit(
    app: &App,
    caller: &Caller<Member>,
    id: SpaceId,
    ops: Vec<SpaceOp>,
    place: fn(Refusal) -> Refusal,
) -> Result<Seen, Error> {
    let asker = caller.asker();
    let edit = async move |tx: &WriteTx<'_>| -> Result<Edited<Space>, Error> {
        let who = asker.standing(tx.tenant());
        seen(&who, tx.tenant(), id)?;
        let space = sql::find(tx.reader(), id).await?.ok_or(Error::NotFound)?;
        let mut held = Vec::new();
        for owner in ops.iter().filter_map(new_owner) {
            held.extend(assignments::of_user_in(tx.reader(), owner, id).await?);
        }
        Ok(space.edit(&ops, &held, &who, tx.tenant(), tx.editor()).map_err(place)?)
    };
    let space = caller.write(app, edit).await?;
    Ok(seen_now(app, caller, space))
}

const fn new_owner(op: &SpaceOp) -> Option<UserId> {
    match op {
        SpaceOp::GiveTo(user) => Some(*user),
        SpaceOp::Rename(_) | SpaceOp::Describe(_) => None,
    }
}

/// Deletes a space, and the assignments in it.
pub async fn delete(app: &App, caller: &Caller<Member>, id: SpaceId) -> Result<(), Error> {
    let asker = caller.asker();
    let edit = async move |tx: &WriteTx<'_>| {
        let who = asker.standing(tx.tenant());
        seen(&who, tx.tenant(), id)?;
        let space = sql::find(tx.reader(), id).await?.ok_or(Error::NotFound)?;
        let assigned = assignments::of_space(tx.reader(), id).await?;
        Ok(space.delete(assigned, &who, tx.tenant())?)
    };
    caller.write(app, edit).await
}

/// The scope that the role for content in the personal space grants.
const PERSONAL: &str = "apps";

/// What the caller may do in the personal space: see it, and make content there where a role of the tenant says so.
pub fn personal_actions(caller: &Caller<Member>) -> SpaceActions {
    let sees = SpaceActions::of(&[SpaceAction::Read]);
    let makes = SpaceActions::of(&[SpaceAction::Create]);
    if caller.decide(PERSONAL).is_allowed() { sees.or(makes) } else { sees }
}
