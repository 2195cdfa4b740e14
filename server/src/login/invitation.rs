//! Accepting an invitation: whoever has the link chooses a password, and is logged in. (reference/rest-api.md §3.4, threats T10)

use rolecall_engine::{
    change::Edited,
    ids::TenantId,
    invitations::Invitation,
    passwords::Password,
    provisioning::{Arrival, Claims},
    sessions::Proof,
    time::Timestamp,
    users::User,
};

use super::{Begun, begin, sql, tenant_of};
use crate::{
    app::App,
    credentials::{
        cookies::SessionCookie,
        invitation::{Offered, read},
        password,
    },
    db::Reader,
    error::{Error, SessionError},
    links::Host,
    snapshots,
    users::sql as users,
    write::WriteTx,
};

/// What somebody accepts an invitation with.
pub struct Accepting {
    offered: Offered,
    /// The hash of the password.
    hash: String,
}

/// Who is invited, as the page says it.
pub struct Welcome {
    pub tenant: String,
    pub email: String,
}

/// Whom a link invites.
///
/// # Errors
/// [`SessionError::NotAdmitted`] when it is not good here and now, whatever is wrong with it.
pub async fn welcome(app: &App, host: Option<&Host>, token: &str) -> Result<Welcome, Error> {
    let (_, tenant, user) = invited(app, host, token).await?;
    Ok(Welcome { tenant, email: user.email.map(|email| email.to_string()).unwrap_or_default() })
}

/// The tenant's name and the user whom a link invites.
async fn invited(app: &App, host: Option<&Host>, token: &str) -> Result<(Offered, String, User), Error> {
    let refused = || Error::from(SessionError::NotAdmitted);
    let tenant = tenant_of(app, host).await.map_err(|error| match error {
        Error::Session(_) => refused(),
        other => other,
    })?;
    // Nothing is looked up for what we did not sign.
    let offered = read(&app.cookies, token).filter(|offered| offered.tenant == tenant).ok_or_else(refused)?;
    let (now, asked) = (app.clock.now(), offered.clone());
    let work = async move |reader: &Reader<'_>, snapshot: &_| {
        let user = users::find(reader, snapshot, asked.user).await?;
        Ok(user.filter(|user| is_of(&asked, tenant, user, now)))
    };
    let (snapshot, user) = snapshots::read(app, tenant, work).await?;
    Ok((offered, snapshot.tenant().name.to_string(), user.ok_or_else(refused)?))
}

fn is_of(offered: &Offered, tenant: TenantId, user: &User, now: Timestamp) -> bool {
    Invitation::of(user, now).is_some_and(|invitation| offered.is_of(tenant, &invitation))
}

/// Sets the password of whom a link invites, and begins a session. The link is used up.
///
/// # Errors
/// As [`welcome`]; when the password is too short or too long, or too many attempts were made.
pub async fn accept(
    app: &App,
    host: Option<&Host>,
    token: &str,
    text: String,
) -> Result<SessionCookie, Error> {
    let (offered, _, user) = invited(app, host, token).await?;
    super::password::check_length(&text)?;
    // Each attempt costs a hash.
    if !app.letters.count(offered.tenant, &user.id.to_string()) {
        return Err(Error::TooManyRequests(super::password::WAIT));
    }
    let hash = password::hash(offered.tenant, text, app.entropy.bytes()).await?;
    let arrival = Arrival { provider: None, creates: false, claims: Claims::only(user.subject) };
    let tenant = offered.tenant;
    let accepting = Some(Accepting { offered, hash });
    begin(app, tenant, arrival, Begun { accepting, ..Begun::by(Proof::Invitation) }).await
}

/// Refuses an invitation that is not the present one any more.
pub(super) async fn still_invited(tx: &WriteTx<'_>, accepting: &Accepting) -> Result<(), Error> {
    let user = users::find(tx.reader(), tx.tenant(), accepting.offered.user).await?;
    let is_good = |user: &User| is_of(&accepting.offered, tx.tenant().tenant().id, user, tx.editor().at);
    user.filter(is_good).map(drop).ok_or_else(|| SessionError::NotAdmitted.into())
}

/// The password of whoever accepts.
pub(super) async fn password_of(tx: &WriteTx<'_>, accepting: Accepting) -> Result<Edited<()>, Error> {
    let Accepting { offered, hash } = accepting;
    let before = sql::password(tx.reader(), offered.user).await?;
    Ok(Password::set(before, offered.user, hash, tx.editor()).map(drop))
}
