//! Which requests are there for tenants?

use axum::extract::State;
use rolecall_engine::{ids::TenantId, tenants::TenantOp};

use super::wire::{self, Deactivated, Deactivation, Reactivated, Reactivation};
use crate::{
    app::App,
    caller::{Administrator, Caller, Member, Operating},
    error::Error,
    http::{
        extract::{Body, Confirmed, Id, OptionalBody},
        operation::{Operation, get, patch, post},
        patch::Patch,
        respond::{Created, Done, Elsewhere, Shown},
    },
    links::Links,
};

pub fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/tenants/me", "Get the address of the caller's tenant", get_my_tenant),
        get("/api/v1/tenants/{id}", "Get the caller's tenant", get_tenant),
        patch("/api/v1/tenants/{id}", "Change the caller's tenant", patch_tenant),
        post("/api/v1/tenants", "Make a tenant, as an operator", create_tenant),
        post("/api/v1/tenants/{id}/actions/deactivate", "End a tenant, as an operator", deactivate_tenant),
        post(
            "/api/v1/tenants/{id}/actions/reactivate",
            "Take back the end of a tenant, as an operator",
            reactivate_tenant,
        ),
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

/// The link leads to the new tenant's own host, where the operator's client gets tokens.
async fn create_tenant(
    State(app): State<App>,
    by: Operating,
    Body(new): Body<wire::NewTenant>,
) -> Result<Created<wire::Tenant>, Error> {
    let tenant = super::create(&app, &by, new.read()?).await?;
    let links = Links::of_tenant(&tenant, by.host.as_ref(), app.public_url.as_ref());
    let at = links.to(format_args!("/api/v1/tenants/{}", tenant.id));
    Ok(Created { body: wire::Tenant::new(&tenant, &links), at })
}

async fn deactivate_tenant(
    State(app): State<App>,
    by: Operating,
    Confirmed(id, hostname): Confirmed<TenantId>,
    OptionalBody(body): OptionalBody<Deactivation>,
) -> Result<Shown<Deactivated>, Error> {
    let tenant = super::deactivate(&app, &by, id, hostname, body.days()).await?;
    Ok(Shown(Deactivated::from(&tenant)))
}

async fn reactivate_tenant(
    State(app): State<App>,
    by: Operating,
    Confirmed(id, hostname): Confirmed<TenantId>,
    OptionalBody(Reactivation {}): OptionalBody<Reactivation>,
) -> Result<Shown<Reactivated>, Error> {
    super::reactivate(&app, &by, id, hostname).await?;
    Ok(Shown(Reactivated {}))
}
