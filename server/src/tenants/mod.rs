//! Tenants: who shares nothing with each other. (reference/rest-api.md §5)

pub mod found;
pub mod http;
pub mod purge;
pub mod sql;
mod wire;

use std::collections::HashSet;

use aws_lc_rs::digest::{SHA256, digest};
use found::Foundation;
use rolecall_engine::{
    change::{Edited, Editor},
    ids::TenantId,
    names::{DisplayName, Hostname},
    tenants::{Place, Tenant, TenantOp},
};

use crate::{
    app::App,
    caller::{Administrator, Caller, Member, Operating},
    error::{Error, TenantError},
    links::{Host, Links, Origin},
    write::{self, WriteTx},
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

/// A tenant that an operator makes.
pub struct NewTenant {
    /// The first label of the host name if not given.
    pub name: Option<DisplayName>,
    /// One of its own if there are none.
    pub hostnames: Vec<Hostname>,
    pub place: Place,
    pub license_key: String,
}

/// Makes a tenant with the catalogue's default roles, the group Everyone, and the operator's client, but without any people.
///
/// # Errors
/// When its host names cannot be a tenant's or are taken, or the database cannot be written.
pub async fn create(app: &App, by: &Operating, new: NewTenant) -> Result<Tenant, Error> {
    let NewTenant { name, mut hostnames, place, license_key } = new;
    if hostnames.is_empty() {
        hostnames.push(own_hostname(app)?);
    }
    found::check(app, &hostnames)?;
    let label = || hostnames.first().map(|name| name.split().0.to_owned()).unwrap_or_default();
    let name = name.unwrap_or_else(|| DisplayName::stored(label()));
    let license = digest(&SHA256, license_key.as_bytes()).as_ref().try_into().map_err(Error::internal)?;
    let editor = Editor { client: Some(by.operator().id), ..Editor::system(app.clock.now()) };
    let fresh = Tenant::create(app.entropy.tenant_id(), name, hostnames, &editor);
    let foundation = Foundation::of(Tenant::licensed(fresh, place, license), app, &editor);
    let client = by.operator().client_in(&foundation.snapshot(app, &editor), &editor)?;
    let Foundation { tenant, edited } = foundation;
    let edited = edited.and(client.map(drop));
    write::establish(app, tenant.clone(), edited, editor, by.cause.clone()).await?;
    Ok(tenant)
}

/// A host name that nobody chose: letters under the installation's public host, or under the own machine's.
fn own_hostname(app: &App) -> Result<Hostname, Error> {
    let letters = app.entropy.bytes::<16>().map(|byte| char::from(b'a' + byte % 26));
    let public = app.public_url.as_ref().map(Origin::host).filter(|host| host.may_be_a_tenants());
    let parent = public.map_or("localhost", Host::name);
    Hostname::new(&format!("{}.{parent}", letters.iter().collect::<String>())).map_err(Error::internal)
}

/// Shuts everybody out of a tenant, and says when all of it is deleted.
///
/// # Errors
/// [`Error::NotFound`]; when `confirmed` is no host name of the tenant, the days are out of range, or the database cannot be
/// written.
pub async fn deactivate(
    app: &App,
    by: &Operating,
    id: TenantId,
    confirmed: Option<String>,
    days: u32,
) -> Result<Tenant, Error> {
    end_or_resume(app, by, id, confirmed, move |tenant, editor| Ok(tenant.deactivate(days, editor)?)).await
}

/// Lets everybody into a tenant again.
///
/// # Errors
/// As [`deactivate`].
pub async fn reactivate(
    app: &App,
    by: &Operating,
    id: TenantId,
    confirmed: Option<String>,
) -> Result<Tenant, Error> {
    end_or_resume(app, by, id, confirmed, |tenant, editor| Ok(tenant.reactivate(editor)?)).await
}

async fn end_or_resume(
    app: &App,
    by: &Operating,
    id: TenantId,
    confirmed: Option<String>,
    edit: impl FnOnce(Tenant, &Editor) -> Result<Edited<Tenant>, Error> + Send + 'static,
) -> Result<Tenant, Error> {
    let confirmed = confirmed.and_then(|name| Hostname::new(&name).ok());
    let work = async move |tx: &WriteTx<'_>| {
        let tenant = tx.tenant().tenant().clone();
        if !confirmed.is_some_and(|name| tenant.hostnames.contains(&name)) {
            return Err(TenantError::NotConfirmed.into());
        }
        edit(tenant, tx.editor())
    };
    write::as_operator(app, id, by, work).await
}
