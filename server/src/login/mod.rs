//! Logging in and out: who begins a session, and who ends it. (reference/auth.md §4, §5, §6)

mod assertion;
pub mod http;
pub mod invitation;
pub mod invited;
pub mod oidc;
pub mod password;
pub mod sql;
mod wire;

use invitation::{Accepting, password_of, still_invited};
use rolecall_engine::{
    change::Edited,
    identity_providers::IdentityProvider,
    ids::{IdpId, SessionId, TenantId},
    passwords::Password,
    provisioning::{Arrival, Known, admit},
    sessions::{Opening, Proof, Session, UsedAssertion},
    time::Timestamp,
    users::{User, UserStatus},
};

use crate::{
    app::App,
    credentials::{cookies::SessionCookie, verify::verify_session},
    db::Reader,
    error::{Error, SessionError},
    identity_providers::sql as providers,
    licenses::sql as licenses,
    links::Host,
    snapshots, tenants,
    users::sql as users,
    web_integrations::sql as web_integrations,
    write::{self, WriteTx},
};

/// Sessions of one user at once; with one more the oldest ends.
const SESSIONS: i64 = 50;

/// The tenant whose people log in under a host, if anybody may use it.
async fn tenant_of(app: &App, host: Option<&Host>) -> Result<TenantId, Error> {
    let nobody = || Error::from(SessionError::NoAuthentication);
    let tenant = tenants::of_host(app, host).await?.ok_or_else(nobody)?;
    let snapshot = snapshots::snapshot(app, tenant).await?;
    snapshot.filter(|snapshot| snapshot.tenant().is_active()).map(|_| tenant).ok_or_else(nobody)
}

/// Begins a session of whoever a signed token names.
///
/// # Errors
/// When nobody can log in under the host, or by the token.
pub async fn by_token(app: &App, host: Option<&Host>, token: &str) -> Result<SessionCookie, Error> {
    let tenant = tenant_of(app, host).await?;
    let known = app.db.read(tenant, async |reader| providers::all(reader).await).await?;
    let said = assertion::read(&known, token, app.clock.now())?;
    let assertion = UsedAssertion { issuer: said.provider.id, jti: said.jti, expires_at: said.expires_at };
    let arrival = Arrival {
        provider: Some(said.provider.id),
        creates: said.provider.creates_users,
        claims: said.claims,
    };
    begin(
        app,
        tenant,
        arrival,
        Begun { by: Some(said.provider), assertion: Some(assertion), ..Begun::by(Proof::Jwt) },
    )
    .await
}

/// Counts what came of an attempt to log in.
fn counted<T>(app: &App, way: &'static str, attempt: Result<T, Error>) -> Result<T, Error> {
    let outcome = match &attempt {
        Ok(_) => "admitted",
        Err(Error::Session(SessionError::Provider(_))) => "failed",
        Err(error) if error.is_fault() => "failed",
        Err(_) => "refused",
    };
    app.metrics.logins.get_or_create(&[("way", way), ("outcome", outcome)]).inc();
    attempt
}

/// What a session is begun by.
struct Begun {
    proof: Proof,
    /// The provider as it was when it was believed.
    by: Option<IdentityProvider>,
    /// When it asked who somebody is, if it says that.
    said_at: Option<Timestamp>,
    assertion: Option<UsedAssertion>,
    /// The invitation that is accepted.
    accepting: Option<Accepting>,
    /// The password as it was when it was looked at.
    password: Option<Password>,
}

impl Begun {
    const fn by(proof: Proof) -> Self {
        Self { proof, by: None, said_at: None, assertion: None, accepting: None, password: None }
    }
}

/// Lets somebody in, and begins a session.
async fn begin(app: &App, tenant: TenantId, arrival: Arrival, begun: Begun) -> Result<SessionCookie, Error> {
    let now = app.clock.now();
    let (id, session, secret) =
        (app.entropy.user_id(now), SessionId::new(app.entropy.bytes()), app.entropy.secret());
    let cookie = SessionCookie { tenant, session, secret: secret.clone() };
    let entropy = app.entropy;
    let work = async move |tx: &WriteTx<'_>| {
        if !tx.tenant().tenant().is_active() {
            return Err(SessionError::NoAuthentication.into());
        }
        let known = known(tx, &arrival).await?;
        still_believed(tx, &begun, known.user.as_ref()).await?;
        let provider = arrival.provider;
        let at = tx.editor().at;
        let admitted = admit(arrival, known, id, &mut || entropy.group_id(at), tx.tenant(), tx.editor());
        let Edited { value: user, mut changes } = admitted.map_err(|why| {
            tracing::info!(%tenant, %why, "somebody was not let in");
            Error::from(SessionError::NotAdmitted)
        })?;
        let after = tx.tenant().apply(tx.tenant().revision(), at, &changes);
        let Begun { proof, said_at, assertion, accepting, .. } = begun;
        if let Some(accepting) = accepting {
            changes.extend(password_of(tx, accepting).await?.changes);
        }
        let (user_id, secret) = (user.id, secret.as_str());
        let opening = Opening { id: session, secret, user: user_id, proof, provider, said_at, assertion };
        changes.extend(superfluous(tx, &user).await?.changes);
        changes.extend(Session::begin(opening, &after, tx.editor()).changes);
        Ok(Edited { value: (), changes })
    };
    write::as_system(app, tenant, work).await?;
    Ok(cookie)
}

/// Refuses what was good when it was looked at, and is not now; `user` is whoever arrives.
async fn still_believed(tx: &WriteTx<'_>, begun: &Begun, user: Option<&User>) -> Result<(), Error> {
    if let Some(accepting) = &begun.accepting {
        still_invited(tx, accepting).await?;
    }
    if let Some(password) = &begun.password {
        let present = sql::password(tx.reader(), password.user).await?;
        if present.as_ref() != Some(password) || user.map(|user| user.id) != Some(password.user) {
            return Err(SessionError::NotAdmitted.into());
        }
    }
    if let Some(provider) = &begun.by
        && providers::find(tx.reader(), provider.id).await?.as_ref() != Some(provider)
    {
        return Err(SessionError::NoIdentityProvider.into());
    }
    if let Some(used) = &begun.assertion
        && sql::is_used(tx.reader(), used.issuer, &used.jti).await?
    {
        return Err(SessionError::BadToken("The token was used before: jti".to_owned()).into());
    }
    Ok(())
}

/// What is known of whoever arrives.
async fn known(tx: &WriteTx<'_>, arrival: &Arrival) -> Result<Known, Error> {
    let subject = &arrival.claims.subject;
    let user = match users::with_subject(tx.reader(), subject).await? {
        Some(id) => users::find(tx.reader(), tx.tenant(), id).await?,
        None => None,
    };
    let bound: Option<IdpId> = user.as_ref().and_then(|user| user.provider);
    let provider_is_there = match bound {
        Some(bound) => providers::find(tx.reader(), bound).await?.is_some(),
        None => false,
    };
    let license = licenses::find(tx.reader(), subject).await?;
    Ok(Known { user, provider_is_there, license })
}

/// The end of sessions that are over, and of the oldest ones of somebody who has too many.
async fn superfluous(tx: &WriteTx<'_>, user: &User) -> Result<Edited<()>, Error> {
    let mut gone = sql::ended(tx.reader(), tx.editor().at).await?;
    let beyond = sql::beyond(tx.reader(), user.id, SESSIONS - 1).await?;
    gone.extend(beyond.into_iter().filter(|old| old.expires_at > tx.editor().at));
    Ok(Edited::of_each(gone, Session::end))
}

/// The name of whoever is logged in by a cookie in the tenant of a host; none where nobody is.
///
/// # Errors
/// When the host is no tenant's, or the database cannot be read.
pub async fn who(app: &App, host: Option<&Host>, cookie: SessionCookie) -> Result<Option<String>, Error> {
    if cookie.tenant != tenant_of(app, host).await? {
        return Ok(None);
    }
    let (tenant, user) = match verify_session(app, cookie).await {
        Ok((tenant, credential)) => (tenant.tenant().id, credential.user()),
        Err(Error::Unauthenticated) => return Ok(None),
        Err(other) => return Err(other),
    };
    let Some(user) = user else { return Ok(None) };
    let found =
        snapshots::read(app, tenant, async move |reader, tenant| users::find(reader, tenant, user).await);
    let (_, found) = found.await?;
    Ok(found.filter(|user| user.status == UserStatus::Active).map(|user| user.name.to_string()))
}

/// How people can log in under a host in a browser.
pub struct Ways {
    /// The tenant's name.
    pub tenant: String,
    /// The providers that ask in a browser.
    pub providers: Vec<IdentityProvider>,
    /// Whether anybody has a password.
    pub passwords: bool,
}

/// How people can log in under a host in a browser.
///
/// # Errors
/// When the host is no tenant's, or the database cannot be read.
pub async fn ways(app: &App, host: Option<&Host>) -> Result<Ways, Error> {
    let tenant = tenant_of(app, host).await?;
    let work = async |reader: &Reader<'_>| {
        let found = tenants::sql::find(reader).await?;
        let mut providers = providers::all(reader).await?;
        providers.retain(|provider| provider.active && provider.is_interactive());
        let name = found.map(|(tenant, _)| tenant.name.to_string()).unwrap_or_default();
        Ok(Ways { tenant: name, providers, passwords: sql::has_passwords(reader).await? })
    };
    app.db.read(tenant, work).await
}

/// The origins that a web integration of the host's tenant allows.
///
/// # Errors
/// When the host is no tenant's, or the database cannot be read.
pub async fn origins(app: &App, host: Option<&Host>, integration: &str) -> Result<Vec<String>, Error> {
    let Ok(id) = integration.parse() else { return Ok(Vec::new()) };
    let tenant = tenant_of(app, host).await?;
    let found = app.db.read(tenant, async move |reader| web_integrations::find(reader, id).await).await?;
    let origins = found.into_iter().flat_map(|found| found.origins);
    Ok(origins.map(|origin| origin.to_string()).collect())
}

/// Ends the session of a cookie; answers the provider by which it was begun. A session that is not there is no error.
///
/// # Errors
/// When the database cannot be written.
pub async fn end(app: &App, cookie: SessionCookie) -> Result<Option<IdentityProvider>, Error> {
    let work = async move |tx: &WriteTx<'_>| {
        let found = sql::find(tx.reader(), cookie.session).await?;
        let Some(session) = found.filter(|session| session.has_secret(&cookie.secret)) else {
            return Ok(Edited::unchanged(None));
        };
        let provider = match session.provider {
            Some(provider) => providers::find(tx.reader(), provider).await?,
            None => None,
        };
        Ok(session.end().map(|()| provider))
    };
    write::as_system(app, cookie.tenant, work).await
}
