//! Which requests are there for identity providers?

use axum::{extract::State, http::Uri};
use rolecall_engine::ids::IdpId;

use super::{
    sql,
    wire::{self, IdentityProvider, IdpPatch, Metadata, NewIdentityProvider, PortalLinks, Status},
};
use crate::{
    app::App,
    caller::{Administrator, Caller, Member},
    error::Error,
    http::{
        extract::{Body, Id},
        operation::{Operation, delete, get, patch, post},
        page::{CURSORS, LIMIT_ONLY, Page, Paging, Shape, Style},
        patch::Patch,
        query::{Pairs, Parameter, Parameters, Query},
        respond::{Done, Made, Shown},
    },
};

const PROVIDERS: &str = "/api/v1/identity-providers";
const PROVIDER: &str = "/api/v1/identity-providers/{id}";

pub fn operations() -> Vec<Operation> {
    vec![
        get(PROVIDERS, "List identity providers", list_identity_providers),
        post(PROVIDERS, "Make an identity provider", create_identity_provider),
        get(
            "/api/v1/identity-providers/.well-known/metadata.json",
            "What identity providers need to know of the tenant",
            get_idp_metadata,
        ),
        get(
            "/api/v1/identity-providers/me/meta",
            "Where the caller's subscription is managed",
            get_my_idp_meta,
        ),
        get("/api/v1/identity-providers/status", "Which identity providers are in use", get_idp_status),
        get(PROVIDER, "Get an identity provider", get_identity_provider),
        patch(PROVIDER, "Change an identity provider", patch_identity_provider),
        delete(PROVIDER, "Delete an identity provider", delete_identity_provider).refusing(&[400]),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "created", style: Style::Cursor };

struct ListProviders {
    paging: Paging,
    active: Option<bool>,
}

impl Parameters for ListProviders {
    fn parameters() -> Vec<Parameter> {
        let active = Parameter::boolean("active", "Only those that are on, or only those that are off");
        [LIMIT_ONLY, CURSORS, &[active]].concat()
    }
    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        let active = pairs.get("active").map(|_| pairs.flag("active")).transpose()?;
        Ok(Self { paging: Paging::read(pairs, uri)?, active })
    }
}

async fn list_identity_providers(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Query(query): Query<ListProviders>,
) -> Result<Shown<Page<IdentityProvider>>, Error> {
    let ListProviders { paging, active } = query;
    let keyset = paging.keyset(&app, &caller, &SHAPE)?;
    let found = super::list(&app, &caller, active, keyset).await?;
    let found = found.map(|provider| wire::shown(&provider, caller.tenant_id()));
    paging.page(&app, &caller, &SHAPE, found).map(Shown)
}

async fn create_identity_provider(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Body(new): Body<NewIdentityProvider>,
) -> Result<Made<IdentityProvider>, Error> {
    let new = new.read(&|secret| super::seal(&app, secret))?;
    let provider = super::create(&app, &caller, new).await?;
    Ok(Made(wire::shown(&provider, caller.tenant_id())))
}

async fn get_identity_provider(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<IdpId>,
) -> Result<Shown<IdentityProvider>, Error> {
    let provider = super::get(&app, &caller, id).await?;
    Ok(Shown(wire::shown(&provider, caller.tenant_id())))
}

async fn patch_identity_provider(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<IdpId>,
    Patch(ops): Patch<IdpPatch>,
) -> Result<Done, Error> {
    let seal = |secret: &str| super::seal(&app, secret);
    let ops = ops.into_iter().map(|op| op.read(&seal)).collect::<Result<_, _>>()?;
    super::patch(&app, &caller, id, ops).await.map(|()| Done)
}

async fn delete_identity_provider(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<IdpId>,
) -> Result<Done, Error> {
    super::delete(&app, &caller, id).await.map(|()| Done)
}

async fn get_idp_metadata(_: State<App>, caller: Caller<Member>) -> Result<Shown<Metadata>, Error> {
    Ok(Shown(Metadata { redirect_uris: vec![caller.links().to("/login/callback").href] }))
}

/// There is no subscription to manage, so there are no links.
async fn get_my_idp_meta(_: State<App>, _: Caller<Member>) -> Result<Shown<PortalLinks>, Error> {
    Ok(Shown(PortalLinks {}))
}

async fn get_idp_status(
    State(app): State<App>,
    caller: Caller<Administrator>,
) -> Result<Shown<Status>, Error> {
    Ok(Shown(Status::of(&super::all(&app, &caller).await?)))
}
