//! Which requests are there for API keys?

use axum::{extract::State, http::Uri};
use rolecall_engine::{
    api_keys::ApiKeySettingsOp,
    ids::{ApiKeyId, TenantId},
};

use super::{
    sql::{self, Narrowed},
    wire,
};
use crate::{
    app::App,
    caller::{Administrator, Caller, Member},
    error::Error,
    http::{
        extract::{Body, Id},
        operation::{Operation, delete, get, patch, post},
        page::{LIMIT, Page, Paging, ROWS, Shape, Style},
        patch::Patch,
        query::{Pairs, Parameter, Parameters, Query},
        respond::{Created, Done, Shown},
    },
};

pub fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/api-keys", "List the caller's API keys; for administrators, all", list_api_keys),
        post(
            "/api/v1/api-keys",
            "Make an API key for the caller, or for a program that provisions users",
            create_api_key,
        ),
        get("/api/v1/api-keys/{id}", "Get an API key", get_api_key),
        patch("/api/v1/api-keys/{id}", "Describe an API key of the caller otherwise", patch_api_key),
        delete(
            "/api/v1/api-keys/{id}",
            "Delete an API key of the caller, or revoke another's",
            delete_api_key,
        ),
        get("/api/v1/api-keys/configs/{tenantId}", "Get the settings of API keys", get_api_key_settings),
        patch(
            "/api/v1/api-keys/configs/{tenantId}",
            "Change the settings of API keys",
            patch_api_key_settings,
        ),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "-created", style: Style::Row };

/// The parameters of a list of keys.
struct ListApiKeys {
    paging: Paging,
    narrowed: Narrowed,
}

const NARROW: &[Parameter] = &[
    Parameter::text("sub", "Keys that speak for this subject"),
    Parameter::text("createdByUser", "Keys that this user made"),
    Parameter::text("status", "`active`, `expired` or `revoked`"),
];

impl Parameters for ListApiKeys {
    fn parameters() -> Vec<Parameter> {
        [LIMIT, ROWS, NARROW].concat()
    }

    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        let text = |name| pairs.get(name).map(str::to_owned);
        let narrowed = Narrowed {
            subject: text("sub"),
            created_by: text("createdByUser"),
            status: pairs.parse("status")?,
        };
        Ok(Self { narrowed, paging: Paging::read(pairs, uri)? })
    }
}

async fn list_api_keys(
    State(app): State<App>,
    caller: Caller<Member>,
    Query(query): Query<ListApiKeys>,
) -> Result<Shown<Page<wire::ApiKey>>, Error> {
    let ListApiKeys { paging, narrowed } = query;
    let keyset = paging.keyset(&app, &caller, &SHAPE)?;
    let now = app.clock.now();
    let found = super::list(&app, &caller, narrowed, keyset).await?;
    let found = found.map(|key| wire::ApiKey::new(&key, caller.tenant_id(), now));
    paging.page(&app, &caller, &SHAPE, found).map(Shown)
}

async fn create_api_key(
    State(app): State<App>,
    caller: Caller<Member>,
    Body(new): Body<wire::NewApiKey>,
) -> Result<Created<wire::ApiKeyWithToken>, Error> {
    let (tenant, links) = (caller.tenant_id(), caller.links().clone());
    let new = new.read(caller.user())?;
    let (key, token) = super::create(&app, caller, new).await?;
    let at = links.to(format_args!("/api/v1/api-keys/{}", key.id));
    let key = wire::ApiKey::new(&key, tenant, app.clock.now());
    Ok(Created { at, body: wire::ApiKeyWithToken { key, token } })
}

async fn get_api_key(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<ApiKeyId>,
) -> Result<Shown<wire::ApiKey>, Error> {
    let key = super::get(&app, &caller, id).await?;
    Ok(Shown(wire::ApiKey::new(&key, caller.tenant_id(), app.clock.now())))
}

async fn patch_api_key(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<ApiKeyId>,
    Patch(ops): Patch<wire::Describe>,
) -> Result<Done, Error> {
    let descriptions = ops.into_iter().map(|wire::Describe(description)| description).collect();
    super::patch(&app, &caller, id, descriptions).await.map(|()| Done)
}

async fn delete_api_key(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<ApiKeyId>,
) -> Result<Done, Error> {
    super::delete(&app, &caller, id).await.map(|()| Done)
}

async fn get_api_key_settings(
    _: State<App>,
    caller: Caller<Member>,
    Id(id): Id<TenantId>,
) -> Result<Shown<wire::Settings>, Error> {
    let tenant = caller.tenant().tenant();
    if tenant.id == id { Ok(Shown((&tenant.api_keys).into())) } else { Err(Error::NotFound) }
}

async fn patch_api_key_settings(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<TenantId>,
    Patch(ops): Patch<ApiKeySettingsOp>,
) -> Result<Done, Error> {
    super::patch_settings(&app, &caller, id, ops).await.map(|()| Done)
}
