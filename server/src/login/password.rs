//! Logging in by a password, where a tenant has no identity provider or an administrator must get in without it.

use rolecall_engine::{
    change::Edited,
    ids::{TenantId, UserId},
    names::Subject,
    passwords::Password,
    provisioning::{Arrival, Claims},
    sessions::{Proof, Session},
};

use super::{Begun, begin, sql, tenant_of};
use crate::{
    app::App,
    credentials::{cookies::SessionCookie, password},
    error::{Error, SessionError},
    links::Host,
    snapshots,
    users::sql as users,
    write::{self, WriteTx},
};

/// Seconds to wait once too many attempts were made.
pub(super) const WAIT: u64 = 30;

/// Bytes of the longest subject or address that is looked for.
const NAME: usize = 2048;

/// Begins a session of whoever has a subject or an address, and the password. Takes as long whoever it is.
///
/// # Errors
/// When it is nobody, the password is wrong, or too many attempts were made.
pub async fn by_password(
    app: &App,
    host: Option<&Host>,
    name: &str,
    password: String,
) -> Result<SessionCookie, Error> {
    let tenant = tenant_of(app, host).await?;
    // Nobody has such a name or such a password.
    if name.len() > NAME || password.chars().count() > *password::LENGTH.end() {
        return Err(SessionError::NotAdmitted.into());
    }
    if !app.attempts.count(tenant, name) {
        return Err(Error::TooManyRequests(WAIT));
    }
    let user = named(app, tenant, name).await?;
    let known = match &user {
        Some((user, _)) => {
            let user = *user;
            app.db.read(tenant, async move |reader| sql::password(reader, user).await).await?
        }
        None => None,
    };
    let hash = known.as_ref().map(|known| known.hash.clone());
    let good = password::verify(tenant, hash, password).await?;
    let (_, subject) = user.filter(|_| good).ok_or(SessionError::NotAdmitted)?;
    app.attempts.forget(tenant, name);
    let arrival = Arrival { provider: None, creates: false, claims: Claims::only(subject) };
    begin(app, tenant, arrival, Begun { password: known, ..Begun::by(Proof::Password) }).await
}

/// The user with a subject, or the only one with an address.
async fn named(app: &App, tenant: TenantId, name: &str) -> Result<Option<(UserId, Subject)>, Error> {
    let Some(snapshot) = snapshots::snapshot(app, tenant).await? else { return Ok(None) };
    let by_email = || match snapshot.users_with_email(name) {
        [user] => Some(*user),
        _ => None,
    };
    let Some(user) = snapshot.user_with_subject(name).or_else(by_email) else { return Ok(None) };
    let (_, found) =
        snapshots::read(app, tenant, async move |reader, tenant| users::find(reader, tenant, user).await)
            .await?;
    Ok(found.map(|user| (user.id, user.subject)))
}

/// # Errors
/// When a password is too short or too long.
pub(super) fn check_length(text: &str) -> Result<(), Error> {
    if password::LENGTH.contains(&text.chars().count()) {
        return Ok(());
    }
    let (least, most) = (password::LENGTH.start(), password::LENGTH.end());
    Err(Error::invalid(format!("a password has {least} to {most} characters")))
}

/// Sets the password of the user with a subject, for a command on the machine. All sessions of the user end.
///
/// # Errors
/// When the password is too short or too long, there is no such tenant or user, or the database cannot be written.
pub async fn set(app: &App, tenant: TenantId, subject: Subject, text: String) -> Result<(), Error> {
    check_length(&text)?;
    let hash = password::hash(tenant, text, app.entropy.bytes()).await?;
    let work = async move |tx: &WriteTx<'_>| {
        let user = users::with_subject(tx.reader(), &subject).await?.ok_or(Error::NotFound)?;
        let before = sql::password(tx.reader(), user).await?;
        let sessions = sql::of_user(tx.reader(), user).await?;
        let set = Password::set(before, user, hash, tx.editor()).map(drop);
        Ok(Edited { value: (), changes: Edited::of_each(sessions, Session::end).and(set).changes })
    };
    write::as_system(app, tenant, work).await
}
