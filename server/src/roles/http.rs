//! Which requests are there for roles?

use axum::extract::State;
use rolecall_engine::{ids::RoleId, roles::RoleOp};

use super::{sql, wire};
use crate::{
    app::App,
    caller::{Administrator, Caller},
    error::Error,
    http::{
        extract::{Body, Id},
        operation::{Operation, delete, get, patch, post},
        page::{Page, Paging, Shape, Style},
        patch::Patch,
        query::Query,
        respond::{Created, Done, Shown},
    },
};

pub fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/roles", "List roles", list_roles),
        post("/api/v1/roles", "Make a custom role", create_role),
        get("/api/v1/roles/{id}", "Get a role", get_role),
        patch("/api/v1/roles/{id}", "Change a custom role, or the scopes of UserDefault", patch_role),
        delete("/api/v1/roles/{id}", "Delete a custom role that nobody holds", delete_role),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "name", style: Style::Cursor };

async fn list_roles(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Query(paging): Query<Paging>,
) -> Result<Shown<Page<wire::Role>>, Error> {
    let keyset = paging.keyset(&app, &caller, &SHAPE)?;
    let found = super::list(&app, &caller, paging.filter()?, keyset).await?;
    let found = found.map(|role| wire::Role::new(&role, caller.tenant_id(), &app.catalogue, caller.links()));
    paging.page(&app, &caller, &SHAPE, found).map(Shown)
}

async fn create_role(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Body(new): Body<wire::NewRole>,
) -> Result<Created<wire::Role>, Error> {
    let role = super::create(&app, &caller, new.read()?).await?;
    let body = wire::Role::new(&role, caller.tenant_id(), &app.catalogue, caller.links());
    Ok(Created { at: body.links.this.clone(), body })
}

async fn get_role(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<RoleId>,
) -> Result<Shown<wire::Role>, Error> {
    let role = super::get(&app, &caller, id).await?;
    Ok(Shown(wire::Role::new(&role, caller.tenant_id(), &app.catalogue, caller.links())))
}

async fn patch_role(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<RoleId>,
    Patch(ops): Patch<RoleOp>,
) -> Result<Done, Error> {
    super::patch(&app, &caller, id, ops).await.map(|()| Done)
}

async fn delete_role(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<RoleId>,
) -> Result<Done, Error> {
    super::delete(&app, &caller, id).await.map(|()| Done)
}
