//! May the request that a proxy asks about go through?
//!
//! The proxy sends on the credential it was given, and says in the address which scopes its route needs: nginx
//! (`auth_request`), Traefik and Caddy in the query, Envoy, which adds the path it was asked for, in the path. Anything but a
//! 200 means no.

use axum::{
    Router,
    extract::{Path, RawQuery, State},
    http::{HeaderName, HeaderValue},
    response::{IntoResponse, Response},
    routing::any,
};
use rolecall_engine::{
    access::{Decision, Query, decide},
    names::Email,
    users::User,
};

use crate::{
    app::App,
    caller::{Caller, Member},
    error::Error,
    snapshots,
    users::sql as users,
};

/// Whatever the method: proxies repeat the one they were asked with, or use GET.
pub fn router() -> Router<App> {
    Router::new()
        .route("/rolecall/v1/access/forward", any(by_query))
        .route("/rolecall/v1/access/forward/{scope}", any(by_path))
        .route("/rolecall/v1/access/forward/{scope}/", any(by_path))
        .route("/rolecall/v1/access/forward/{scope}/{*asked}", any(by_path))
}

async fn by_query(
    State(app): State<App>,
    caller: Caller<Member>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let pairs = form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let scopes: Vec<String> =
        pairs.filter(|(name, _)| name == "scope").map(|(_, scope)| scope.into_owned()).collect();
    pass(&app, &caller, &scopes).await
}

async fn by_path(
    State(app): State<App>,
    caller: Caller<Member>,
    Path(path): Path<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let scopes: Vec<String> = path.into_iter().take(1).map(|(_, scope)| scope).collect();
    pass(&app, &caller, &scopes).await
}

/// 200 with who the user is.
async fn pass(app: &App, caller: &Caller<Member>, scopes: &[String]) -> Result<Response, Error> {
    let user = permitted(app, caller, scopes).await?;
    let mut response = ().into_response();
    for (name, value) in identity(&user) {
        if let Some(value) = value {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    Ok(response)
}

/// The user, who holds every scope, of which there is at least one.
///
/// # Errors
/// When the user does not, or no scope is named.
pub(super) async fn permitted(app: &App, caller: &Caller<Member>, scopes: &[String]) -> Result<User, Error> {
    if scopes.is_empty() {
        return Err(Error::at_parameter("scope", "is required: the scope that the proxy's route needs"));
    }
    for scope in scopes {
        if let Decision::Denied(why) = decide(caller.tenant(), &Query { user: caller.user(), scope }) {
            return Err(Error::Forbidden(format!("this needs the scope `{scope}`: {why}")));
        }
    }
    let id = caller.user();
    let find = async move |reader: &crate::db::Reader<'_>, tenant: &_| {
        users::find(reader, tenant, id).await?.ok_or(Error::Unauthenticated)
    };
    Ok(snapshots::read(app, caller.tenant_id(), find).await?.1)
}

/// Who the user is, in the headers that applications behind proxies know. What a header cannot hold is left out.
pub(super) fn identity(user: &User) -> [(&'static str, Option<HeaderValue>); 4] {
    let value = |text: &str| HeaderValue::from_bytes(text.as_bytes()).ok();
    [
        ("remote-user", value(user.subject.as_str())),
        ("remote-name", value(user.name.as_str())),
        ("remote-email", user.email.as_ref().map(Email::as_str).and_then(value)),
        ("x-rolecall-user", value(&user.id.to_string())),
    ]
}
