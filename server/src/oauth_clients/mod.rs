//! OAuth clients: which programs may be given tokens. (reference/rest-api.md §7)

pub mod http;
pub mod sql;
mod wire;

use rolecall_engine::{
    change::Edited,
    filter::{ClientAttribute, Filter},
    ids::OAuthClientId,
    names::Subject,
    oauth::{AuthMethod, ClientOp, ClientSettings, OAuthClient, OAuthConsent, OAuthGrant, OAuthToken},
    refusal::Refusal,
};

use crate::{
    app::App,
    caller::{Administrator, Caller, Member},
    db::{Found, Keyset, Reader},
    error::Error,
    oauth::sql as oauth,
    oauth_tokens::sql as tokens,
    users::{leaving, sql as users},
    write::WriteTx,
};

/// A page of the tenant's clients that a filter selects.
pub async fn list(
    app: &App,
    caller: &Caller<Administrator>,
    filter: Option<Filter<ClientAttribute>>,
    keyset: Keyset,
) -> Result<Found<OAuthClient>, Error> {
    let work = async move |reader: &Reader<'_>| sql::page(reader, filter.as_ref(), &keyset).await;
    app.db.scan(caller.tenant_id(), work).await
}

/// One client, for administrators.
pub async fn get(app: &App, caller: &Caller<Administrator>, id: OAuthClientId) -> Result<OAuthClient, Error> {
    found(app, caller, id).await
}

/// One client, for whoever is asked whether it may act for them.
pub async fn consented(app: &App, caller: &Caller<Member>, id: OAuthClientId) -> Result<OAuthClient, Error> {
    found(app, caller, id).await
}

/// Lets a client act for the caller no more: takes back the consent, and ends all that came of it.
pub async fn disconnect(app: &App, caller: &Caller<Member>, id: OAuthClientId) -> Result<(), Error> {
    found(app, caller, id).await?;
    let user = caller.user();
    let edit = async move |tx: &WriteTx<'_>| {
        let consent = oauth::consent(tx.reader(), id, user).await?;
        let mut edited = consent.map_or(Edited::unchanged(()), OAuthConsent::take_back);
        let grants = oauth::of_user(tx.reader(), user).await?;
        for grant in grants.into_iter().filter(|grant| grant.client == id) {
            let family = tokens::of_family(tx.reader(), grant.id).await?;
            edited = edited.and(grant.end(family));
        }
        Ok(edited)
    };
    caller.write(app, edit).await
}

async fn found<P: Send + Sync + 'static>(
    app: &App,
    caller: &Caller<P>,
    id: OAuthClientId,
) -> Result<OAuthClient, Error> {
    let found = app.db.read(caller.tenant_id(), async move |reader| sql::find(reader, id).await).await?;
    found.ok_or(Error::NotFound)
}

/// Makes a client; answers it with its secret, if it has one. A client may be given more than a narrow token reaches, so such
/// a token makes none, and changes none.
pub async fn create(
    app: &App,
    caller: &Caller<Administrator>,
    new: ClientSettings,
) -> Result<(OAuthClient, Option<String>), Error> {
    caller.require_whole_reach()?;
    let id = OAuthClientId::new(app.entropy.bytes());
    let keeps = new.is_confidential() && new.auth_methods.contains(&AuthMethod::ClientSecret);
    let secret = keeps.then(|| app.entropy.secret());
    let kept = secret.clone();
    let edit = async move |tx: &WriteTx<'_>| {
        let others = sql::count(tx.reader()).await?;
        Ok(OAuthClient::create(new, id, kept.as_deref(), others, tx.tenant(), tx.editor())?)
    };
    Ok((caller.write(app, edit).await?, secret))
}

/// Edits a client as `edit` says.
async fn edit<T: Send + 'static>(
    app: &App,
    caller: &Caller<Administrator>,
    id: OAuthClientId,
    edit: impl FnOnce(OAuthClient, &WriteTx<'_>) -> Result<Edited<T>, Error> + Send + 'static,
) -> Result<T, Error> {
    caller.require_whole_reach()?;
    let work = async move |tx: &WriteTx<'_>| {
        let client = sql::find(tx.reader(), id).await?.ok_or(Error::NotFound)?;
        edit(client, tx)
    };
    caller.write(app, work).await
}

/// Changes a client. One that proves itself by a secret from then on and has none is given one, which is answered.
pub async fn patch(
    app: &App,
    caller: &Caller<Administrator>,
    id: OAuthClientId,
    ops: Vec<ClientOp>,
) -> Result<Option<String>, Error> {
    let secret = app.entropy.secret();
    let change = move |client: OAuthClient, tx: &WriteTx<'_>| {
        let had = client.proves_by(AuthMethod::ClientSecret);
        let edited = client.edit(&ops, tx.tenant(), tx.editor())?;
        if had || !edited.value.lacks_secret() {
            return Ok(edited.map(|_| None));
        }
        let Edited { value, changes } = edited;
        let given = value.add_secret(&secret, tx.editor())?;
        Ok(Edited { value: Some(secret), changes }.and(given))
    };
    edit(app, caller, id, change).await
}

/// Deletes a client, and with it its tokens, what users let it do, and the user it acted as.
pub async fn delete(app: &App, caller: &Caller<Administrator>, id: OAuthClientId) -> Result<(), Error> {
    let work = async move |tx: &WriteTx<'_>| {
        let client = sql::find(tx.reader(), id).await?.ok_or(Error::NotFound)?;
        let subject = Subject::stored(client.bot_subject());
        let bot = users::with_subject(tx.reader(), &subject).await?;
        let mut tokens = tokens::of_client(tx.reader(), id).await?;
        tokens.retain(|token| Some(token.user) != bot);
        let grants = oauth::of_client(tx.reader(), id).await?;
        let consents = oauth::consents_of_client(tx.reader(), id).await?;
        let deleted = Edited::of_each(tokens, OAuthToken::revoke)
            .and(Edited::of_each(grants, |grant: OAuthGrant| grant.end(Vec::new())))
            .and(Edited::of_each(consents, OAuthConsent::take_back))
            .and(client.delete());
        let Some(bot) = bot else { return Ok(deleted) };
        let user = users::find(tx.reader(), tx.tenant(), bot).await?.ok_or(Error::NotFound)?;
        Ok(leaving::belongings(tx, bot).await?.and(deleted).and(user.delete_with_client()))
    };
    caller.write(app, work).await
}

/// Lets other tenants use a client.
pub async fn publish(
    app: &App,
    caller: &Caller<Administrator>,
    id: OAuthClientId,
) -> Result<OAuthClient, Error> {
    edit(app, caller, id, |client, tx| Ok(client.publish(tx.editor()))).await
}

/// Gives a client one more secret; answers it with the secret.
pub async fn add_secret(
    app: &App,
    caller: &Caller<Administrator>,
    id: OAuthClientId,
) -> Result<(OAuthClient, String), Error> {
    let secret = app.entropy.secret();
    let kept = secret.clone();
    let add = move |client: OAuthClient, tx: &WriteTx<'_>| {
        client.add_secret(&kept, tx.editor()).map_err(|refusal: Refusal| refusal.into())
    };
    Ok((edit(app, caller, id, add).await?, secret))
}

/// Takes a secret from a client.
pub async fn remove_secret(
    app: &App,
    caller: &Caller<Administrator>,
    id: OAuthClientId,
    hint: String,
) -> Result<(), Error> {
    let remove = move |client: OAuthClient, tx: &WriteTx<'_>| {
        let edited = client.remove_secret(&hint, tx.editor()).ok_or(Error::NotFound)?;
        Ok(edited.map(drop))
    };
    edit(app, caller, id, remove).await
}
