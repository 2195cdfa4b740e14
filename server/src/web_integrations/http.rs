//! Which requests are there for web integrations?

use axum::{extract::State, http::Uri};
use rolecall_engine::{ids::WebIntegrationId, web_integrations::WebIntegrationOp};

use super::{
    sql,
    wire::{NewWebIntegration, WebIntegration},
};
use crate::{
    app::App,
    caller::{Administrator, Caller},
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

const INTEGRATIONS: &str = "/api/v1/web-integrations";
const INTEGRATION: &str = "/api/v1/web-integrations/{id}";

pub fn operations() -> Vec<Operation> {
    vec![
        get(INTEGRATIONS, "List web integrations", list_web_integrations),
        post(INTEGRATIONS, "Make a web integration", create_web_integration),
        get(INTEGRATION, "Get a web integration", get_web_integration),
        patch(INTEGRATION, "Change a web integration", patch_web_integration),
        delete(INTEGRATION, "Delete a web integration", delete_web_integration),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "name", style: Style::Row };

struct ListIntegrations(Paging);

impl Parameters for ListIntegrations {
    fn parameters() -> Vec<Parameter> {
        [LIMIT, ROWS].concat()
    }
    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        Paging::read(pairs, uri).map(Self)
    }
}

async fn list_web_integrations(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Query(ListIntegrations(paging)): Query<ListIntegrations>,
) -> Result<Shown<Page<WebIntegration>>, Error> {
    let keyset = paging.keyset(&app, &caller, &SHAPE)?;
    let found = super::list(&app, &caller, keyset).await?;
    let found = found.map(|one| WebIntegration::new(&one, caller.tenant_id(), caller.links()));
    paging.page(&app, &caller, &SHAPE, found).map(Shown)
}

async fn create_web_integration(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Body(new): Body<NewWebIntegration>,
) -> Result<Created<WebIntegration>, Error> {
    let (name, origins) = new.read()?;
    let made = super::create(&app, &caller, name, origins).await?;
    let at = caller.links().to(format_args!("/api/v1/web-integrations/{}", made.id));
    Ok(Created { body: WebIntegration::new(&made, caller.tenant_id(), caller.links()), at })
}

async fn get_web_integration(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<WebIntegrationId>,
) -> Result<Shown<WebIntegration>, Error> {
    let found = super::get(&app, &caller, id).await?;
    Ok(Shown(WebIntegration::new(&found, caller.tenant_id(), caller.links())))
}

async fn patch_web_integration(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<WebIntegrationId>,
    Patch(ops): Patch<WebIntegrationOp>,
) -> Result<Done, Error> {
    super::patch(&app, &caller, id, ops).await.map(|()| Done)
}

async fn delete_web_integration(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<WebIntegrationId>,
) -> Result<Done, Error> {
    super::delete(&app, &caller, id).await.map(|()| Done)
}
