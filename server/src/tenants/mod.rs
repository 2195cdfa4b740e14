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
    links::{Host, Links},
    write::WriteTx,
};

/// The tenant with an identifier, which must be the caller's.
pub fn get(caller: &Caller<Member>, id: TenantId) -> Result<&Tenant, Error> {
    let own = caller.tenant().tenant();
    if own.id == id { Ok(own) } else { Err(Error::NotFound) }
}

/// The tenant that has a host; for the own machine or the installation's public host, the only tenant there is.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_host(app: &App, host: Option<&Host>) -> Result<Option<TenantId>, Error> {
    let Some(host) = host else { return Ok(None) };
    let public = app.public_url.as_ref().is_some_and(|origin| origin.host() == host);
    let name = host.may_be_a_tenants().then(|| host.name().to_owned());
    let shared = public || host.is_loopback();
    app.db
        .look_up(async move |all| {
            let named = match name {
                Some(name) => sql::by_hostname(all, &name).await?,
                None => None,
            };
            if named.is_some() || !shared { Ok(named) } else { sql::only(all).await }
        })
        .await
}

/// Addresses for somebody who need not be known: of the tenant whose host was asked, or of the installation for a host that
/// is nobody's.
///
/// # Errors
/// [`Error::NotFound`] for a host that is not known to be Rolecall's, or when the database cannot be read.
pub async fn links_of_host(app: &App, host: Option<&Host>) -> Result<Links, Error> {
    // Only the row is read: nobody makes a tenant be loaded by this.
    let tenant = match of_host(app, host).await? {
        Some(tenant) => app.db.read(tenant, async |reader| sql::find(reader).await).await?,
        None => None,
    };
    let tenant = tenant.as_ref().map(|(tenant, _)| tenant);
    Links::for_anybody(tenant, host, app.public_url.as_ref()).ok_or(Error::NotFound)
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
