//! Operators: programs of the installation that make and end tenants. (reference/rest-api.md §5 "regional OAuth client")
//!
//! They are made on the server's machine only. An operator belongs to no tenant, and its tokens are good for what it does to
//! tenants and for nothing in them. Within a tenant that it made it acts as that tenant's client of the same identifier.

pub(crate) mod sql;

use rolecall_engine::{
    change::Editor,
    ids::OAuthClientId,
    names::{Hostname, Setting},
    oauth::{Operator, Secret},
};

use crate::{
    app::App,
    credentials::operator::of_operator,
    error::{Error, OAuthRefusal},
    links::Host,
    oauth::{ClientClaim, Grant, Proof},
    tenants::sql as tenants,
};

/// Makes an operator; answers it with its secret, which is nowhere else.
///
/// # Errors
/// When the database cannot be written.
pub async fn create(app: &App, name: Setting) -> Result<(Operator, String), Error> {
    let text = app.entropy.secret();
    let secret = Secret::new(&text, &Editor::system(app.clock.now()));
    let operator = Operator { id: OAuthClientId::new(app.entropy.bytes()), name, secret };
    let stored = operator.clone();
    app.db.system(async move |system| sql::add(system, &stored).await).await?;
    Ok((operator, text))
}

/// All operators, the oldest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(app: &App) -> Result<Vec<Operator>, Error> {
    app.db.look_up(async |system| sql::all(system).await).await
}

/// Ends an operator, and with it its tokens. Its clients in tenants stay: they are the tenants'.
///
/// # Errors
/// [`Error::NotFound`]; or when the database cannot be written.
pub async fn remove(app: &App, id: OAuthClientId) -> Result<(), Error> {
    if app.db.look_up(async move |system| sql::find(system, id).await).await?.is_none() {
        return Err(Error::NotFound);
    }
    app.db.system(async move |system| sql::remove(system, id).await).await
}

/// A token for the operator that a client says it is. None where the host is a tenant's, or is not one of the installation's,
/// or the client is no operator: then it may be a client of a tenant.
///
/// # Errors
/// As RFC 6749 §5.2 has them; or when the database cannot be read.
pub async fn token(
    app: &App,
    host: Option<&Host>,
    claim: &ClientClaim,
    grant: &Grant,
) -> Result<Option<String>, Error> {
    let Some(host) = host else { return Ok(None) };
    let wrong = || OAuthRefusal::new("invalid_client", "the client is not known, or its proof is wrong");
    let id: Option<OAuthClientId> = claim.id.parse().ok();
    let name = host.may_be_a_tenants().then(|| host.name().to_owned());
    let look = async move |all: &crate::db::System<'_>| {
        let tenant = match &name {
            Some(name) => tenants::by_hostname(all, name).await?,
            None => None,
        };
        let operator = match id {
            Some(id) => sql::find(all, id).await?,
            None => None,
        };
        Ok((tenant, operator))
    };
    let (tenant, operator) = app.db.look_up(look).await?;
    let registers = Hostname::new(host.name()).is_ok_and(|name| name.is_reserved());
    let public = app.public_url.as_ref().is_some_and(|url| url.host().name() == host.name());
    let own = registers || public || host.is_loopback();
    match operator {
        _ if tenant.is_some() || !own => Ok(None),
        None if registers => Err(wrong().into()),
        None => Ok(None),
        Some(operator) => {
            let Proof::Secret(secret) = &claim.proof else { return Err(wrong().into()) };
            if !operator.secret.is(secret) {
                return Err(wrong().into());
            }
            app.rate_limits.count_operator(operator.id)?;
            if !matches!(grant, Grant::ClientCredentials) {
                let refused = "an operator may only use `client_credentials`";
                return Err(OAuthRefusal::new("unauthorized_client", refused).into());
            }
            of_operator(&app.signing, operator.id, app.clock.now()).map(Some)
        }
    }
}
