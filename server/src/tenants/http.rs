//! Which requests are there for tenants?

use axum::extract::State;
use rolecall_engine::{ids::TenantId, tenants::TenantOp};

use super::wire;
use crate::{
    app::App,
    caller::{Administrator, Caller, Member},
    error::Error,
    http::{
        extract::Id,
        operation::{Operation, get, patch},
        patch::Patch,
        respond::{Done, Elsewhere, Shown},
    },
};

pub fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/tenants/me", "Get the address of the caller's tenant", get_my_tenant),
        get("/api/v1/tenants/{id}", "Get the caller's tenant", get_tenant),
        patch("/api/v1/tenants/{id}", "Change the caller's tenant", patch_tenant),
    ]
}

async fn get_my_tenant(_: State<App>, caller: Caller<Member>) -> Result<Elsewhere, Error> {
    Ok(Elsewhere(caller.links().to(format_args!("/api/v1/tenants/{}", caller.tenant_id()))))
}

async fn get_tenant(
    _: State<App>,
    caller: Caller<Member>,
    Id(id): Id<TenantId>,
) -> Result<Shown<wire::Tenant>, Error> {
    super::get(&caller, id).map(|tenant| Shown(wire::Tenant::new(tenant, caller.links())))
}

async fn patch_tenant(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<TenantId>,
    Patch(ops): Patch<TenantOp>,
) -> Result<Done, Error> {
    super::patch(&app, &caller, id, ops).await.map(|()| Done)
}
