//! Provisioning: programs of identity providers that make, change and end users and groups. (RFC 7643, RFC 7644)

pub mod groups;
pub mod http;
mod patch;
mod path;
mod schema;
mod sql;
mod wire;

use std::sync::Arc;

use rolecall_engine::{
    access::Snapshot,
    filter::{Filter, ScimUserAttribute},
    ids::{IdpId, UserId},
    scim::{Holder, KnownNames, Provisioned, deprovision, provision, reprovision},
    users::User,
};

use self::sql::Window;
use crate::{
    app::App, db::Reader, error::Error, licenses::sql as licenses, provisioner::Provisioner, snapshots,
    users::leaving, write::WriteTx,
};

/// A part of the list of users that the program sees, and how many there are.
pub async fn list(
    app: &App,
    client: &Provisioner,
    filter: Option<Filter<ScimUserAttribute>>,
    window: Window,
) -> Result<(Arc<Snapshot>, (Vec<User>, i64)), Error> {
    let provider = client.provider();
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        sql::users_page(reader, tenant, provider, filter.as_ref(), window).await
    };
    snapshots::scan(app, client.tenant_id(), work).await
}

/// One user that the program sees.
pub async fn get(app: &App, client: &Provisioner, id: UserId) -> Result<(Arc<Snapshot>, User), Error> {
    let provider = client.provider();
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        let found = sql::holders(reader, tenant, &[id]).await?.pop();
        let seen = found.filter(|holder| holder.is_seen_by(provider));
        seen.map(|holder| holder.user).ok_or(Error::NotFound)
    };
    snapshots::read(app, client.tenant_id(), work).await
}

/// The user with an identifier, whom the program sees.
async fn seen(tx: &WriteTx<'_>, provider: IdpId, id: UserId) -> Result<Holder, Error> {
    let found = sql::holders(tx.reader(), tx.tenant(), &[id]).await?.pop();
    found.filter(|holder| holder.is_seen_by(provider)).ok_or(Error::NotFound)
}

/// What is known of the names that a user is given who has an identifier, if there is such a user yet.
async fn known_names(
    tx: &WriteTx<'_>,
    provider: IdpId,
    to: &Provisioned,
    present: Option<&User>,
) -> Result<KnownNames, Error> {
    let reader = tx.reader();
    let holder = sql::with_subject(reader, tx.tenant(), &to.subject).await?;
    let own = present.map(|user| user.id).or_else(|| holder.as_ref().map(|holder| holder.user.id));
    let user_name_is_free = sql::is_free(reader, provider, &to.profile.user_name, own).await?;
    let mut entitled: Vec<_> = licenses::find(reader, &to.subject).await?.into_iter().collect();
    if let Some(user) = present.filter(|user| user.subject != to.subject) {
        entitled.extend(licenses::find(reader, &user.subject).await?);
    }
    Ok(KnownNames { holder, user_name_is_free, licenses: entitled })
}

/// Makes a user, or takes over the one with the subject who belongs to no provider.
pub async fn create(app: &App, client: &Provisioner, to: Provisioned) -> Result<User, Error> {
    let id = app.entropy.user_id(app.clock.now());
    let provider = client.provider();
    let edit = async move |tx: &WriteTx<'_>| {
        let known = known_names(tx, provider, &to, None).await?;
        let edited = provision(to, provider, known, id, tx.tenant(), tx.editor())?;
        leaving::with_sessions(tx, edited).await
    };
    client.write(app, edit).await
}

/// Changes a user to what `to` makes of it.
pub async fn edit(
    app: &App,
    client: &Provisioner,
    id: UserId,
    to: impl FnOnce(&User) -> Result<Provisioned, Error> + Send + 'static,
) -> Result<User, Error> {
    let provider = client.provider();
    let edit = async move |tx: &WriteTx<'_>| {
        let holder = seen(tx, provider, id).await?;
        let to = to(&holder.user)?;
        let known = known_names(tx, provider, &to, Some(&holder.user)).await?;
        let edited = reprovision(holder, to, provider, known, tx.tenant(), tx.editor())?;
        leaving::with_sessions(tx, edited).await
    };
    client.write(app, edit).await
}

/// Deletes a user, with all that is the user's.
pub async fn delete(app: &App, client: &Provisioner, id: UserId) -> Result<(), Error> {
    let provider = client.provider();
    let edit = async move |tx: &WriteTx<'_>| {
        let holder = seen(tx, provider, id).await?;
        let deleted = deprovision(holder, tx.tenant(), tx.editor())?;
        Ok(leaving::belongings(tx, id).await?.and(deleted))
    };
    client.write(app, edit).await
}
