//! What is a client told of the user whom it acts for? (OpenID Connect Core 1.0 §2, §5)

use rolecall_engine::{
    access::Snapshot,
    ids::{TenantId, UserId},
    names::{Email, Setting},
    oauth::{EMAIL, OAuthGrant, OAuthToken, OPENID, PROFILE, Stage},
    scopes::ScopeName,
    users::User,
};
use serde_json::{Map, Value, json};

use crate::{app::App, db::Reader, error::Error, snapshots, users::sql as users};

/// Seconds that an identity token is good for.
const LIFETIME: i64 = 3600;

/// The claims about a user that scopes let through.
pub fn claims(user: &User, tenant: &Snapshot, profile: bool, email: bool) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), user.id.to_string().into());
    if profile {
        claims.insert("name".to_owned(), user.name.as_str().into());
        claims.insert("preferred_username".to_owned(), user.subject.as_str().into());
        for (name, setting) in
            [("picture", &user.picture), ("locale", &user.locale), ("zoneinfo", &user.zoneinfo)]
        {
            if let Some(setting) = setting.as_ref().map(Setting::as_str) {
                claims.insert(name.to_owned(), setting.into());
            }
        }
        let groups = user.groups.iter().filter(|held| held.period.holds(tenant.moment()));
        let groups = groups.filter_map(|held| tenant.group(held.to));
        let names: Vec<&str> = groups.map(|group| group.name.as_str()).collect();
        claims.insert("groups".to_owned(), json!(names));
    }
    if let (true, Some(address)) = (email, user.email.as_ref().map(Email::as_str)) {
        claims.insert("email".to_owned(), address.into());
        // Nobody here has asked whether the address is the user's.
        claims.insert("email_verified".to_owned(), false.into());
    }
    claims
}

/// The user with the tenant, for claims.
///
/// # Errors
/// When there is no such user any more, or the database cannot be read.
pub async fn user(
    app: &App,
    tenant: TenantId,
    id: UserId,
) -> Result<(std::sync::Arc<Snapshot>, User), Error> {
    let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
        users::find(reader, tenant, id).await?.ok_or(Error::NotFound)
    };
    snapshots::read(app, tenant, work).await
}

/// The identity token that comes with a token, where the grant has `openid`.
///
/// # Errors
/// When the user is gone, the database cannot be read or signing fails.
pub async fn token(
    app: &App,
    tenant: TenantId,
    issuer: &str,
    grant: &OAuthGrant,
    token: &OAuthToken,
) -> Result<Option<String>, Error> {
    let has = |wanted: &str| token.scopes.iter().any(|scope: &ScopeName| scope.as_str() == wanted);
    if !has(OPENID) {
        return Ok(None);
    }
    let (snapshot, user) = user(app, tenant, token.user).await?;
    let mut said = claims(&user, &snapshot, has(PROFILE), has(EMAIL));
    let client = token.client.to_string();
    let given_at = token.issued_at.as_seconds();
    for (name, value) in [
        ("iss", json!(issuer)),
        ("aud", json!(client)),
        ("azp", json!(client)),
        ("iat", json!(given_at)),
        ("exp", json!(given_at + LIFETIME)),
    ] {
        said.insert(name.to_owned(), value);
    }
    // It is asked for by `max_age`, and then it is known (OpenID Connect Core 1.0 §2).
    if let Some(at) = grant.authenticated_at {
        said.insert("auth_time".to_owned(), at.as_seconds().into());
    }
    if let Stage::Code { binding, .. } = &grant.stage
        && let Some(nonce) = &binding.nonce
    {
        said.insert("nonce".to_owned(), nonce.as_str().into());
    }
    app.signing.sign(&said).map(Some)
}
