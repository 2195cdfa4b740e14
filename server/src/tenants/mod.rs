//! Tenants: who shares nothing with each other. (reference/rest-api.md §5)

pub mod http;
pub mod sql;
mod wire;

use std::collections::HashSet;

use rolecall_engine::{
    ids::TenantId,
    tenants::{Tenant, TenantOp},
};

use crate::{
    app::App,
    caller::{Administrator, Caller, Member},
    error::Error,
    write::WriteTx,
};

/// The tenant with an identifier, which must be the caller's.
pub fn get(caller: &Caller<Member>, id: TenantId) -> Result<&Tenant, Error> {
    let own = caller.tenant().tenant();
    if own.id == id { Ok(own) } else { Err(Error::NotFound) }
}

/// Changes the caller's tenant.
pub async fn patch(
    app: &App,
    caller: &Caller<Administrator>,
    id: TenantId,
    ops: Vec<TenantOp>,
) -> Result<(), Error> {
    if caller.tenant_id() != id {
        return Err(Error::NotFound);
    }
    let public = app.public_url.as_ref().map(|origin| origin.host().name().to_owned());
    let edit = async move |tx: &WriteTx<'_>| {
        let mut taken = HashSet::new();
        for op in &ops {
            if let TenantOp::SetAlias(alias) = op
                && (public.as_deref() == Some(alias.as_str())
                    || sql::has_hostname(tx.reader(), alias).await?)
            {
                taken.insert(alias.clone());
            }
        }
        let tenant = tx.tenant().tenant().clone();
        Ok(tenant.edit(&ops, |alias| taken.contains(alias), tx.editor())?.map(drop))
    };
    caller.write(app, edit).await
}
