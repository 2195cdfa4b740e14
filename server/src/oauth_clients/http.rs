//! Which requests are there for OAuth clients?

use axum::extract::State;
use rolecall_engine::{ids::OAuthClientId, oauth::ClientOp};

use super::{
    sql,
    wire::{
        ConnectionConfig, GivenSecret, NewOAuthClient, NewSecret, OAuthClient, OAuthClientWithSecret,
        Published, SetConsent,
    },
};
use crate::{
    app::App,
    caller::{Administrator, Caller, Member},
    error::Error,
    http::{
        extract::{Body, Id, Ids, Repeated},
        operation::{Operation, delete, get, patch, post},
        page::{Page, Paging, Shape, Style},
        patch::Patch,
        query::Query,
        respond::{Done, DoneOrGiven, Made, Shown},
    },
};

const CLIENTS: &str = "/api/v1/oauth-clients";
const CLIENT: &str = "/api/v1/oauth-clients/{id}";
const CONNECTION: &str = "/api/v1/oauth-clients/{id}/connection-configs/me";

pub fn operations() -> Vec<Operation> {
    vec![
        get(CLIENTS, "List OAuth clients", list_oauth_clients),
        post(CLIENTS, "Make an OAuth client", create_oauth_client),
        get(CLIENT, "Get an OAuth client", get_oauth_client),
        patch(CLIENT, "Change an OAuth client", patch_oauth_client),
        delete(CLIENT, "Delete an OAuth client and its tokens", delete_oauth_client),
        post(
            "/api/v1/oauth-clients/{id}/actions/publish",
            "Publish an OAuth client to other tenants",
            publish_oauth_client,
        ),
        post(
            "/api/v1/oauth-clients/{id}/client-secrets",
            "Give an OAuth client one more secret",
            create_client_secret,
        )
        .refusing(&[400, 409]),
        delete(
            "/api/v1/oauth-clients/{id}/client-secrets/{hint}",
            "Take a secret from an OAuth client",
            delete_client_secret,
        ),
        get(CONNECTION, "Whether users are asked before a client acts for them", get_connection_config),
        delete(CONNECTION, "Let a client act for the caller no more", delete_connection_config),
        patch(CONNECTION, "Ask users before a client acts for them, or do not", patch_connection_config),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "clientName", style: Style::Cursor };

async fn list_oauth_clients(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Query(paging): Query<Paging>,
) -> Result<Shown<Page<OAuthClient>>, Error> {
    let keyset = paging.keyset(&app, &caller, &SHAPE)?;
    let found = super::list(&app, &caller, paging.filter()?, keyset).await?;
    let found = found.map(|client| OAuthClient::new(&client, caller.tenant_id()));
    paging.page(&app, &caller, &SHAPE, found).map(Shown)
}

async fn create_oauth_client(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Body(new): Body<NewOAuthClient>,
) -> Result<Made<OAuthClientWithSecret>, Error> {
    let (client, client_secret) = super::create(&app, &caller, new.read()?).await?;
    let client = OAuthClient::new(&client, caller.tenant_id());
    Ok(Made(OAuthClientWithSecret { client, client_secret }))
}

async fn get_oauth_client(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<OAuthClientId>,
) -> Result<Shown<OAuthClient>, Error> {
    let client = super::get(&app, &caller, id).await?;
    Ok(Shown(OAuthClient::new(&client, caller.tenant_id())))
}

async fn patch_oauth_client(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<OAuthClientId>,
    Patch(ops): Patch<ClientOp>,
) -> Result<DoneOrGiven<GivenSecret>, Error> {
    let secret = super::patch(&app, &caller, id, ops).await?;
    Ok(DoneOrGiven(secret.map(|client_secret| GivenSecret { client_secret })))
}

async fn delete_oauth_client(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<OAuthClientId>,
    Repeated(confirmed): Repeated,
) -> Result<Done, Error> {
    if confirmed.as_deref() != Some(id.to_string().as_str()) {
        return Err(Error::invalid("the header `qlik-confirm-delete` must repeat the identifier"));
    }
    super::delete(&app, &caller, id).await.map(|()| Done)
}

async fn publish_oauth_client(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<OAuthClientId>,
) -> Result<Made<Published>, Error> {
    let client = super::publish(&app, &caller, id).await?;
    Ok(Made(client.published_at.into()))
}

async fn create_client_secret(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<OAuthClientId>,
) -> Result<Made<NewSecret>, Error> {
    let (client, client_secret) = super::add_secret(&app, &caller, id).await?;
    let shown = client.secrets.last().ok_or_else(|| Error::internal("the secret was added"))?.into();
    Ok(Made(NewSecret { client_id: id.to_string(), client_secret, shown }))
}

async fn delete_client_secret(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Ids(id, hint): Ids<OAuthClientId, String>,
) -> Result<Done, Error> {
    super::remove_secret(&app, &caller, id, hint).await.map(|()| Done)
}

async fn get_connection_config(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<OAuthClientId>,
) -> Result<Shown<ConnectionConfig>, Error> {
    Ok(Shown(super::consented(&app, &caller, id).await?.settings.consent.into()))
}

async fn delete_connection_config(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<OAuthClientId>,
) -> Result<Done, Error> {
    super::disconnect(&app, &caller, id).await.map(|()| Done)
}

async fn patch_connection_config(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<OAuthClientId>,
    Patch(ops): Patch<SetConsent>,
) -> Result<Done, Error> {
    let ops = ops.into_iter().map(|SetConsent(consent)| ClientOp::Consent(consent)).collect();
    super::patch(&app, &caller, id, ops).await.map(|_| Done)
}
