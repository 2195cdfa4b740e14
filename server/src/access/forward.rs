//! May the request that a proxy asks about go through?
//!
//! The proxy sends on the credential it was given, and says in the address which scopes its route needs: nginx
//! (`auth_request`), Traefik and Caddy in the query, Envoy, which adds the path it was asked for, in the path. Anything but a
//! 200 means no.

use axum::{
    Extension, Router,
    extract::{RawQuery, State},
    http::{HeaderName, HeaderValue, Uri},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::any,
};
use percent_encoding::percent_decode_str;
use rolecall_engine::{access::Decision, names::Email, users::User};

use crate::{
    app::App,
    caller::{Bearer, Caller},
    error::Error,
    http::operation::Answered,
    limits::Tier,
    snapshots,
    users::sql as users,
};

/// What comes before the scope in the path.
const PREFIX: &str = "/rolecall/v1/access/forward/";

/// Whatever the method: proxies repeat the one they were asked with, or use GET.
pub fn router() -> Router<App> {
    // Questions, like those of the decision API, and no part of what a user may ask in a minute.
    let uncounted = Extension(Tier::Decision);
    let answered = Answered { operation: "forward", tier: Tier::Decision, path: PREFIX };
    Router::new()
        .route("/rolecall/v1/access/forward", any(by_query))
        .route("/rolecall/v1/access/forward/{scope}", any(by_path))
        .route("/rolecall/v1/access/forward/{scope}/", any(by_path))
        .route("/rolecall/v1/access/forward/{scope}/{*asked}", any(by_path))
        .layer(uncounted)
        .route_layer(map_response(answered.marks()))
}

async fn by_query(
    State(app): State<App>,
    caller: Caller<Bearer>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let pairs = form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let scopes: Vec<String> =
        pairs.filter(|(name, _)| name == "scope").map(|(_, scope)| scope.into_owned()).collect();
    pass(&app, &caller, &scopes).await
}

/// Of the path only the scope is looked at: what was asked for may be anything.
async fn by_path(State(app): State<App>, caller: Caller<Bearer>, asked: Uri) -> Result<Response, Error> {
    let scope = asked.path().trim_start_matches(PREFIX).split('/').next().unwrap_or_default();
    let scope = percent_decode_str(scope).decode_utf8().map_err(|_| Error::NotFound)?.into_owned();
    pass(&app, &caller, &[scope]).await
}

/// 200 with who the user is.
async fn pass(app: &App, caller: &Caller<Bearer>, scopes: &[String]) -> Result<Response, Error> {
    let user = permitted(app, caller, scopes).await?;
    let mut response = ().into_response();
    for (name, value) in identity(&user) {
        // Empty rather than absent: proxies overwrite what the client sent only by what is there.
        let value = value.unwrap_or(HeaderValue::from_static(""));
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    Ok(response)
}

/// The user, who holds every scope, of which there is at least one.
///
/// # Errors
/// When the user does not, or no scope is named.
pub(super) async fn permitted(app: &App, caller: &Caller<Bearer>, scopes: &[String]) -> Result<User, Error> {
    if scopes.is_empty() {
        return Err(Error::at_parameter("scope", "is required: the scope that the proxy's route needs"));
    }
    for scope in scopes {
        let decision = caller.decide(scope);
        app.metrics.decisions.count(decision.is_allowed());
        if let Decision::Denied(why) = decision {
            return Err(Error::Forbidden(format!("this needs the scope `{scope}`: {why}")));
        }
    }
    let id = caller.user();
    let find = async move |reader: &crate::db::Reader<'_>, tenant: &_| {
        users::find(reader, tenant, id).await?.ok_or(Error::Unauthenticated)
    };
    Ok(snapshots::read(app, caller.tenant_id(), find).await?.1)
}

/// Who the user is, in the headers that applications behind proxies know; none where there is nothing, or nothing that a
/// header can hold.
pub(super) fn identity(user: &User) -> [(&'static str, Option<HeaderValue>); 4] {
    let value = |text: &str| HeaderValue::from_bytes(text.as_bytes()).ok();
    [
        ("remote-user", value(user.subject.as_str())),
        ("remote-name", value(user.name.as_str())),
        ("remote-email", user.email.as_ref().map(Email::as_str).and_then(value)),
        ("x-rolecall-user", value(&user.id.to_string())),
    ]
}
