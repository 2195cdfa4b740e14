//! Assignments: which roles and groups somebody has, and for which time. (`/rolecall/v1/users/{id}/assignments`)

pub mod http;
mod wire;

use std::sync::Arc;

use rolecall_engine::{
    access::Snapshot,
    ids::UserId,
    refusal::{Refusal, Rule},
    users::UserOp,
};

use crate::{
    app::App,
    caller::{Administrator, Caller, Member},
    error::Error,
    users::sql as users,
    write::WriteTx,
};

/// The tenant with a user whose assignments the caller may see: the own ones, and those of others for administrators.
fn of_user(caller: &Caller<Member>, id: UserId) -> Result<Arc<Snapshot>, Error> {
    if caller.user() != id && !caller.is_administrator() {
        return Err(Rule::NotAdministrator.into());
    }
    let tenant = Arc::clone(caller.tenant());
    if tenant.user(id).is_some() { Ok(tenant) } else { Err(Error::NotFound) }
}

/// Assigns a role or a group to a user for some time.
async fn assign(app: &App, caller: &Caller<Administrator>, id: UserId, assign: UserOp) -> Result<(), Error> {
    let edit = async move |tx: &WriteTx<'_>| {
        let user = users::find(tx.reader(), tx.tenant(), id).await?.ok_or(Error::NotFound)?;
        let edited = user.edit(&[assign], tx.tenant(), tx.editor()).map_err(refused)?;
        Ok(edited.map(drop))
    };
    caller.write(app, edit).await
}

/// A refusal in terms of the body, which is no patch.
fn refused(refusal: Refusal) -> Error {
    match refusal.rule {
        Rule::UnknownRole(_) | Rule::NotAssignable(_) => Error::at_pointer("/role", refusal.rule),
        Rule::UnknownGroup(_) | Rule::IdpGroup(_) => Error::at_pointer("/group", refusal.rule),
        rule => rule.into(),
    }
}
