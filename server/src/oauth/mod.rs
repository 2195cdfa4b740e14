//! The OAuth server: which program is given which token? (reference/auth.md §3, RFC 6749, RFC 7009)

pub mod authorize;
pub mod consent;
pub mod http;
pub mod identity;
pub mod redeem;
pub mod sql;
mod wire;

use jsonwebtoken::jwk::Jwk;
use rolecall_engine::{
    access::Snapshot,
    change::Edited,
    ids::{OAuthClientId, OAuthGrantId, OAuthTokenId, TenantId, UserId},
    names::Subject,
    oauth::{AuthMethod, GrantType, OAuthClient, OAuthGrant, OAuthToken, granted_scopes},
    refusal::limits,
    scopes::ScopeName,
    users::{User, UserStatus},
};

use redeem::RefreshToken;

use crate::{
    app::App,
    caller::{Bearer, Caller},
    credentials::{
        self, Credential, Given,
        assertion::{Signed, published_key},
    },
    error::{Error, OAuthRefusal},
    limits::Tier,
    links::Host,
    oauth_clients::sql as clients,
    oauth_tokens::{self, sql as tokens},
    snapshots,
    tenants::sql as tenants,
    users::sql as users,
    write::{self, WriteTx},
};

/// How a client says who it is.
pub struct ClientClaim {
    pub id: String,
    pub proof: Proof,
}

/// What a client proves itself by.
pub enum Proof {
    Secret(String),
    /// A JWT that one of its keys signed, and the address it must be made for.
    Assertion {
        token: String,
        audience: String,
    },
    /// Nothing: it is a program that cannot keep a secret.
    None,
}

/// What a client wants a token for.
pub enum Grant {
    /// To act as itself.
    ClientCredentials,
    /// To act as a user.
    Impersonation(Lookup),
    /// To act for whoever let it, by what it shows.
    Shown(redeem::Shown),
}

/// How the user is named whom a client acts as.
pub enum Lookup {
    Subject(String),
    Id(String),
    Email(String),
}

/// A token that was given.
pub struct Issued {
    pub token: OAuthToken,
    /// What is sent.
    pub text: String,
    /// What gives the next one.
    pub refresh: Option<String>,
    /// The grant that it came of, as it was before.
    pub grant: Option<OAuthGrant>,
    /// Whether it was given for another token.
    pub exchanged: bool,
}

impl Issued {
    const fn of(token: OAuthToken, text: String) -> Self {
        Self { token, text, refresh: None, grant: None, exchanged: false }
    }
}

/// The client that says who it is, and its tenant: that whose host was asked, or the only one that has the client. Nothing
/// tells whether it is not there or its proof is wrong.
///
/// # Errors
/// `invalid_client`, or when the database cannot be read.
async fn authenticate(
    app: &App,
    host: Option<&Host>,
    claim: ClientClaim,
) -> Result<(TenantId, OAuthClient), Error> {
    let wrong =
        || Error::from(OAuthRefusal::new("invalid_client", "the client is not known, or its proof is wrong"));
    let (tenant, client) = client_of(app, host, &claim.id).await?.ok_or_else(wrong)?;
    let proven = match &claim.proof {
        Proof::Secret(secret) => client.proves_by(AuthMethod::ClientSecret) && client.has_secret(secret),
        Proof::Assertion { token, audience } if client.proves_by(AuthMethod::PrivateKeyJwt) => {
            let published = published(app, &client, token).await;
            let proof = Signed { token, audience, published: &published };
            app.assertions.accept(&client, &proof, app.clock.now())
        }
        Proof::Assertion { .. } => false,
        Proof::None => !client.settings.is_confidential(),
    };
    if !proven {
        return Err(wrong());
    }
    let snapshot = snapshots::snapshot(app, tenant).await?;
    if !snapshot.is_some_and(|snapshot| snapshot.tenant().is_active()) {
        return Err(not_active());
    }
    Ok((tenant, client))
}

/// The key at a client's `jwksUri` that an assertion names, where the client has such an address and no such key here.
async fn published(app: &App, client: &OAuthClient, token: &str) -> Vec<Jwk> {
    let (Some(address), Some(id)) = (&client.settings.jwks_uri, published_key(client, token)) else {
        return Vec::new();
    };
    let asked = app.discovery.keys(address.as_str(), Some(&id), app.clock.now()).await;
    asked.unwrap_or_else(|why| {
        tracing::info!(client = %client.id, %why, "the keys of a client cannot be read");
        Vec::new()
    })
}

/// The client with an identifier, of the tenant that has the host, if it is one's.
async fn client_of(
    app: &App,
    host: Option<&Host>,
    id: &str,
) -> Result<Option<(TenantId, OAuthClient)>, Error> {
    let Ok(id) = id.parse::<OAuthClientId>() else { return Ok(None) };
    let name = host.filter(|host| host.may_be_a_tenants()).map(|host| host.name().to_owned());
    let tenant = app
        .db
        .look_up(async move |all| {
            let asked = match name {
                Some(name) => tenants::by_hostname(all, &name).await?,
                None => None,
            };
            match asked {
                Some(asked) => Ok(Some(asked)),
                None => clients::only_tenant_of(all, id).await,
            }
        })
        .await?;
    let Some(tenant) = tenant else { return Ok(None) };
    let client = app.db.read(tenant, async move |reader| clients::find(reader, id).await).await?;
    Ok(client.map(|client| (tenant, client)))
}

/// Refuses a client that was changed since it proved itself: its secret, its key or the client itself may be gone.
async fn still_there(tx: &WriteTx<'_>, client: &OAuthClient) -> Result<(), Error> {
    if !tx.tenant().tenant().is_active() {
        return Err(not_active());
    }
    if clients::find(tx.reader(), client.id).await?.as_ref() == Some(client) {
        return Ok(());
    }
    Err(OAuthRefusal::new("invalid_client", "the client was changed meanwhile; try again").into())
}

fn not_active() -> Error {
    OAuthRefusal::new("unauthorized_client", "the tenant is not active").into()
}

/// Counts a request of a client as a write of its own. One that proves nothing is not counted, or anybody could use up what its
/// users may do: what it shows is counted as its user's.
fn counted(app: &App, tenant: TenantId, client: &OAuthClient) -> Result<(), Error> {
    if !client.settings.is_confidential() {
        return Ok(());
    }
    Ok(app.rate_limits.count_client(tenant, client.id)?)
}

/// Counts what a user lets a client do as a write of the user's.
///
/// # Errors
/// [`Error::TooManyRequests`], or when the tenant cannot be read.
async fn counted_as_user(app: &App, tenant: TenantId, user: UserId) -> Result<(), Error> {
    let users = snapshots::snapshot(app, tenant).await?.map_or(0, |snapshot| snapshot.user_count());
    Ok(app.rate_limits.count(tenant, user, users, Tier::Write)?)
}

/// Gives a client a token.
///
/// # Errors
/// As RFC 6749 §5.2 has them, or when the database cannot be written.
pub async fn issue(
    app: &App,
    host: Option<&Host>,
    claim: ClientClaim,
    grant: Grant,
    scopes: Vec<ScopeName>,
) -> Result<(TenantId, Issued), Error> {
    let (tenant, client) = authenticate(app, host, claim).await?;
    counted(app, tenant, &client)?;
    let as_whom = match grant {
        Grant::Shown(shown) => {
            return redeem::redeem(app, tenant, client, shown).await.map(|issued| (tenant, issued));
        }
        Grant::ClientCredentials => None,
        Grant::Impersonation(lookup) => Some(lookup),
    };
    let (client_id, id) = (client.id, OAuthTokenId::new(app.entropy.bytes()));
    let bot = app.entropy.user_id(app.clock.now());
    let work = async move |tx: &WriteTx<'_>| {
        still_there(tx, &client).await?;
        let scopes = granted_scopes(&client, &scopes)
            .map_err(|refused| OAuthRefusal::new("invalid_scope", refused.to_string()))?;
        let kind = if as_whom.is_some() { GrantType::Impersonation } else { GrantType::ClientCredentials };
        if !client.may(kind) {
            let refused = "the client may not use this grant type";
            return Err(OAuthRefusal::new("unauthorized_client", refused).into());
        }
        let (user, made) = match &as_whom {
            None => acting_as_itself(&client, bot, tx).await?,
            Some(lookup) => (acting_as(lookup, tx.tenant())?, Edited::unchanged(())),
        };
        let token = OAuthToken::issue(id, &client, (kind, user), None, scopes, tx.editor());
        // The user comes first, for the token refers to it.
        Ok(made.and(superfluous(tx, client.id, None).await?).then(token))
    };
    let token = write::as_client(app, tenant, client_id, work).await?;
    let text = credentials::of_token(&app.signing, tenant, &token)?;
    Ok((tenant, Issued::of(token, text)))
}

/// The end of a few tokens that are over, which goes with each new one of a client; and of the oldest of those that came of a grant,
/// if it has too many.
///
/// # Errors
/// When the database cannot be read.
async fn superfluous(
    tx: &WriteTx<'_>,
    client: OAuthClientId,
    family: Option<OAuthGrantId>,
) -> Result<Edited<()>, Error> {
    let now = tx.editor().at;
    let mut gone = tokens::ended(tx.reader(), client, now).await?;
    if let Some(family) = family {
        let beyond = tokens::beyond(tx.reader(), family, limits::TOKENS_OF_GRANT - 1).await?;
        gone.extend(beyond.into_iter().filter(|token| token.expires_at > now));
    }
    Ok(Edited::of_each(gone, OAuthToken::revoke))
}

/// The bot user of a client, and what makes it if it is not there yet.
async fn acting_as_itself(
    client: &OAuthClient,
    id: UserId,
    tx: &WriteTx<'_>,
) -> Result<(UserId, Edited<()>), Error> {
    let subject = Subject::stored(client.bot_subject());
    match users::with_subject(tx.reader(), &subject).await? {
        Some(user) => {
            let found = users::find(tx.reader(), tx.tenant(), user).await?;
            let of = found.and_then(|user| user.client_id);
            if of.is_none_or(|id| id.as_str() != client.id.to_string()) {
                return Err(OAuthRefusal::new(
                    "invalid_grant",
                    "somebody else has the subject of the client",
                )
                .into());
            }
            active(tx.tenant(), user).map(|user| (user, Edited::unchanged(())))
        }
        None => Ok((id, User::bot(client, id, tx.tenant(), tx.editor()).map(drop))),
    }
}

/// The user a client wants to act as. Nothing tells whether there is such a user.
fn acting_as(lookup: &Lookup, tenant: &Snapshot) -> Result<UserId, Error> {
    let user = match lookup {
        Lookup::Subject(subject) => tenant.user_with_subject(subject),
        Lookup::Id(id) => id.parse().ok(),
        Lookup::Email(email) => match tenant.users_with_email(email) {
            [user] => Some(*user),
            _ => None,
        },
    };
    active(tenant, user.unwrap_or(UserId::new(0, [0; 8])))
}

fn active(tenant: &Snapshot, user: UserId) -> Result<UserId, Error> {
    let is_active = tenant.user(user).is_some_and(|facts| facts.status == UserStatus::Active);
    let refused = || OAuthRefusal::new("invalid_grant", "no token can be given for this user");
    is_active.then_some(user).ok_or_else(|| refused().into())
}

/// Which token a text is, if it is one of ours and was given to a client.
fn given(app: &App, text: &str) -> Option<(Credential, OAuthTokenId, OAuthClientId)> {
    let credential = Credential::read(&app.signing, &app.catalogue, text)?;
    match credential.given {
        Given::Token(id, client) => Some((credential, id, client)),
        Given::Key(_) | Given::Session(_) => None,
    }
}

/// Ends a token of the client that asks. A token that is not the client's, or none at all, is no error (RFC 7009 §2.2).
///
/// # Errors
/// `invalid_client`, or when the database cannot be written.
pub async fn revoke(app: &App, host: Option<&Host>, claim: ClientClaim, text: &str) -> Result<(), Error> {
    let (tenant, client) = authenticate(app, host, claim).await?;
    counted(app, tenant, &client)?;
    let client_id = client.id;
    if let Some(token) = RefreshToken::read(&app.cookies, text).filter(|token| token.is_of(tenant)) {
        let work =
            async move |tx: &WriteTx<'_>| redeem::end(tx, &token, |grant| grant.client == client_id).await;
        return write::as_client(app, tenant, client_id, work).await;
    }
    let Some((_, id, _)) =
        given(app, text).filter(|(credential, _, of)| credential.tenant == tenant && *of == client.id)
    else {
        return Ok(());
    };
    let work = async move |tx: &WriteTx<'_>| {
        let token = tokens::find(tx.reader(), id).await?;
        Ok(token.map_or(Edited::unchanged(()), OAuthToken::revoke))
    };
    write::as_client(app, tenant, client_id, work).await
}

/// Ends a token of the caller; for administrators, anybody's.
///
/// # Errors
/// When the database cannot be written.
pub async fn revoke_own(app: &App, caller: &Caller<Bearer>, text: &str) -> Result<(), Error> {
    if let Some(token) =
        RefreshToken::read(&app.cookies, text).filter(|token| token.is_of(caller.tenant_id()))
    {
        let edit = async move |tx: &WriteTx<'_>| {
            let editor = *tx.editor();
            redeem::end(tx, &token, |grant| editor.administrator || editor.user == Some(grant.user)).await
        };
        return caller.write(app, edit).await;
    }
    let Some((_, id, _)) =
        given(app, text).filter(|(credential, ..)| credential.tenant == caller.tenant_id())
    else {
        return Ok(());
    };
    match oauth_tokens::revoke(app, caller, id).await {
        Err(Error::NotFound) => Ok(()),
        revoked => revoked,
    }
}
