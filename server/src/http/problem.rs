//! What does a refused request look like? (reference/errors.md, reference/rest-api.md §1.2)
//!
//! The one place that gives errors their statuses, codes and shapes.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rolecall_engine::refusal::{Refusal, Rule, SpaceRule, WebhookRule};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    family::{BAD_REQUEST, Copies, Family, StatusMember, family},
    scim,
};
use crate::{
    error::{Error, Invalid, SessionError, Source, TenantError},
    idempotency::answer::Answer,
    trace::TraceId,
};

/// An error on its way out; [`render`] gives it a body.
#[derive(Clone)]
struct Unrendered(Arc<Error>);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Unrendered(Arc::new(self)));
        response
    }
}

/// Gives an answer without a body of its own the documented one. `is_patch` tells whether the request was a PATCH.
pub fn render(response: Response, path: &str, is_patch: bool, trace: TraceId) -> Response {
    let unrendered = response.extensions().get::<Unrendered>().cloned();
    let error = match (unrendered, response.status()) {
        (Some(Unrendered(error)), _) => error,
        (None, StatusCode::METHOD_NOT_ALLOWED) => Arc::new(Error::MethodNotAllowed),
        (None, _) => return response,
    };
    if let Error::Previewed(preview) = &*error {
        return previewed(preview);
    }
    if let Error::Replayed(answer) = &*error {
        return replayed(answer);
    }
    if let Error::Internal(fault) = &*error {
        tracing::error!(path, fault, "a request failed");
    }
    let problem = Problem::of(&error, family(path), is_patch);
    let is_scim = path.starts_with(scim::PATH);
    // What others said of the answer stays: which methods there are, and who may read it.
    let (mut head, _) = response.into_parts();
    head.status = problem.status;
    let (body, media_type) = if is_scim {
        (scim::problem(&error, problem.status, problem.detail), scim::MEDIA_TYPE)
    } else {
        (problem.body(family(path), trace), HeaderValue::from_static("application/json"))
    };
    let headers = &mut head.headers;
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, media_type);
    match *error {
        Error::Unauthenticated | Error::OtherTenant => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Error::OAuth(ref refusal) if refusal.error == INVALID_CLIENT => {
            // A realm is a must (RFC 7617 §2).
            let basic = HeaderValue::from_static("Basic realm=\"rolecall\"");
            headers.insert(header::WWW_AUTHENTICATE, basic);
        }
        Error::TooManyRequests(seconds) => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        Error::Unavailable | Error::RevisionUnavailable => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    Response::from_parts(head, body)
}

/// Whether an answer says that there were too many requests.
pub fn is_too_many(response: &Response) -> bool {
    response.status() == StatusCode::TOO_MANY_REQUESTS
}

/// The answer to a request that asked for a preview (RFC 7240 §3).
fn previewed(preview: &Value) -> Response {
    let applied = (HeaderName::from_static("preference-applied"), HeaderValue::from_static("preview"));
    ([applied], axum::Json(preview)).into_response()
}

/// The answer that was given before.
fn replayed(answer: &Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = answer.headers.iter().filter_map(|(name, value)| {
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
    });
    response.headers_mut().extend(headers);
    let replayed = HeaderName::from_static("idempotency-replayed");
    response.headers_mut().insert(replayed, HeaderValue::from_static("true"));
    response
}

/// An error in the words of the contract.
struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Option<String>,
    source: Option<Source>,
    /// The word of OAuth.
    oauth: Option<&'static str>,
}

/// The word for a client that is not known or does not prove itself.
const INVALID_CLIENT: &str = "invalid_client";

impl Problem {
    fn of(error: &Error, family: &Family, is_patch: bool) -> Self {
        let (status, code, title) = match error {
            Error::Unauthenticated => (StatusCode::UNAUTHORIZED, "HTTP-401", "Unauthorized"),
            Error::OtherTenant => (StatusCode::UNAUTHORIZED, "AUTH-5", "Forbidden"),
            Error::Forbidden(_) => (StatusCode::FORBIDDEN, "HTTP-403", "Forbidden"),
            Error::NotFound => (StatusCode::NOT_FOUND, family.not_found.0, family.not_found.1),
            Error::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "HTTP-405", "Method not allowed"),
            Error::Refused(refusal) => match status(&refusal.rule) {
                StatusCode::FORBIDDEN => (StatusCode::FORBIDDEN, "HTTP-403", "Forbidden"),
                StatusCode::CONFLICT => (StatusCode::CONFLICT, "HTTP-409", "Conflict"),
                _ => bad_request(family, is_patch),
            },
            Error::OAuth(refusal) if refusal.error == INVALID_CLIENT => {
                (StatusCode::UNAUTHORIZED, "HTTP-401", "Unauthorized")
            }
            Error::Session(error) => session_error(error),
            Error::Tenant(error) => tenant_error(*error),
            Error::Invalid(_) | Error::OAuth(_) | Error::Scim(_) => bad_request(family, is_patch),
            Error::NotSupported => (StatusCode::NOT_IMPLEMENTED, "HTTP-501", "Not implemented"),
            Error::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "HTTP-413", "Payload too large"),
            Error::UnsupportedMediaType(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "HTTP-415", "Unsupported media type")
            }
            Error::TooManyRequests(_) => {
                (StatusCode::TOO_MANY_REQUESTS, "HTTP-429", "API rate limit reached.")
            }
            Error::Timeout => (StatusCode::REQUEST_TIMEOUT, "HTTP-408", "Request timeout"),
            Error::Unavailable | Error::Stopping => {
                (StatusCode::SERVICE_UNAVAILABLE, "HTTP-503", "Service unavailable")
            }
            Error::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "HTTP-507", "Insufficient storage"),
            Error::Changed => (StatusCode::PRECONDITION_FAILED, "HTTP-412", "Precondition failed"),
            Error::RevisionUnavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "revision-unavailable", "Revision unavailable")
            }
            Error::DoneBefore => (StatusCode::CONFLICT, "HTTP-409", "Conflict"),
            Error::Previewed(_) | Error::Replayed(_) | Error::Internal(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "HTTP-500", "Internal server error")
            }
        };
        let detail = match error {
            Error::Internal(_) | Error::NotFound => None,
            Error::OtherTenant => Some(String::from("User is not a member of tenant")),
            other => Some(shortened(other.to_string())),
        };
        let source = match error {
            Error::Refused(refusal) => pointer(refusal).map(Source::Pointer),
            Error::Invalid(invalid) => {
                let Invalid { source, .. } = &**invalid;
                source.clone()
            }
            _ => None,
        };
        let oauth = match error {
            Error::OAuth(refusal) => Some(refusal.error),
            _ => family.speaks_oauth.then(|| oauth_word(status)),
        };
        Self { status, code, title, detail, source, oauth }
    }

    fn body(self, family: &Family, trace: TraceId) -> Body {
        let Self { status, code, title, detail, source, oauth } = self;
        let item = Item {
            code,
            title,
            detail: detail.as_deref(),
            status: match family.status {
                StatusMember::Absent => None,
                StatusMember::Number => Some(status.as_u16().into()),
                StatusMember::Text => Some(status.as_str().into()),
            },
            source: source.as_ref().filter(|_| family.copies != Copies::Members),
            meta: match (&source, family.copies) {
                (Some(source), Copies::Members) => Some(json!({ "source": source })),
                _ => (code == "TENANTS-10").then(|| json!({"code": code, "title": detail})),
            },
        };
        let deprecated = |text| Some(text).filter(|_| family.copies == Copies::Message);
        let copy = || Item { source: source.as_ref(), ..item.clone() };
        let copy = (family.copies == Copies::Members).then(copy);
        let refused = Refused {
            code: Some(code).filter(|code| *code == CSRF),
            copy,
            errors: [item],
            trace_id: trace.to_string(),
            error: oauth.or(deprecated(title)),
            error_description: detail.as_deref().filter(|_| oauth.is_some()),
            message: deprecated(detail.as_deref().unwrap_or(title)),
        };
        serde_json::to_vec(&refused).unwrap_or_default().into()
    }
}

/// The word of OAuth for an error that has none of its own (RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1).
fn oauth_word(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "invalid_token",
        StatusCode::FORBIDDEN => "insufficient_scope",
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "temporarily_unavailable",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request",
    }
}

/// The body of an error.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Refused<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'p str>,
    errors: [Item<'p>; 1],
    #[serde(flatten)]
    copy: Option<Item<'p>>,
    trace_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'p str>,
    #[serde(rename = "error_description", skip_serializing_if = "Option::is_none")]
    error_description: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'p str>,
}

#[derive(Clone, Serialize)]
struct Item<'p> {
    code: &'p str,
    title: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'p Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Value>,
}

/// The same of what is wrong with a request to make or end a tenant.
const fn tenant_error(error: TenantError) -> (StatusCode, &'static str, &'static str) {
    match error {
        TenantError::NoLicense => (StatusCode::BAD_REQUEST, "TENANTS-21", "Missing licenseKey property"),
        TenantError::BadLicense => (StatusCode::FORBIDDEN, "TENANTS-23", "Invalid license error"),
        TenantError::NotConfirmed => (StatusCode::PRECONDITION_FAILED, "HTTP-412", "Precondition failed"),
    }
}

/// The code that browsers' clients look for at the top (reference/auth.md §5).
const CSRF: &str = "CSRF-TOKEN-2";

/// The status, code and title of what is wrong with a login or a session (reference/errors.md §1).
const fn session_error(error: &SessionError) -> (StatusCode, &'static str, &'static str) {
    use SessionError as E;
    const LOGIN: StatusCode = StatusCode::UNAUTHORIZED;
    match error {
        E::NoAuthentication => (LOGIN, "LOGIN-2", "No authentication configured for this hostname"),
        E::NoIdentityProvider => (LOGIN, "INVALID-IDP-CONFIG", "Invalid identity provider configuration"),
        E::BadToken(_) => (StatusCode::BAD_REQUEST, "INTERNAL-TOKEN-1", "Invalid token request"),
        E::NotAdmitted => (LOGIN, "HTTP-401", "Unauthorized"),
        E::BadReturn => (LOGIN, "LOGIN-8", "Illegal returnto value"),
        E::ReturnNotAllowed => (LOGIN, "LOGIN-10", "returnto not included in web integration whitelist"),
        E::OriginNotAllowed => (StatusCode::FORBIDDEN, "HTTP-403", "Forbidden"),
        E::UnknownClient => (StatusCode::BAD_REQUEST, "OAUTH-14", "OAuth client is not authorized"),
        E::RedirectNotRegistered => (StatusCode::BAD_REQUEST, "OAUTH-1", "Invalid redirect_uri"),
        E::CsrfToken => (StatusCode::FORBIDDEN, CSRF, "Invalid CSRF token"),
        E::NoCsrfToken => (StatusCode::NOT_FOUND, "CSRF-TOKEN-3", "No token found"),
        E::CsrfNotSupported => (
            StatusCode::BAD_REQUEST,
            "CSRF-TOKEN-4",
            "CSRF token not supported for given authentication type",
        ),
        E::Provider(_) => (StatusCode::BAD_GATEWAY, "HTTP-502", "Bad gateway"),
        E::Saml => (StatusCode::NOT_IMPLEMENTED, "HTTP-501", "Not implemented"),
    }
}

/// Characters of the longest detail; what was sent may be in it.
const DETAIL: usize = 1000;

fn shortened(mut detail: String) -> String {
    if let Some((end, _)) = detail.char_indices().nth(DETAIL) {
        detail.truncate(end);
        detail.push('…');
    }
    detail
}

const fn bad_request(family: &Family, is_patch: bool) -> (StatusCode, &'static str, &'static str) {
    if is_patch {
        (StatusCode::BAD_REQUEST, family.bad_patch, "Invalid PATCH request")
    } else {
        (StatusCode::BAD_REQUEST, BAD_REQUEST, "Bad request")
    }
}

/// The status that breaking a rule has (reference/errors.md §3).
const fn status(rule: &Rule) -> StatusCode {
    match rule {
        Rule::TooManyRoles(_)
        | Rule::DefaultRole(_)
        | Rule::RoleInUse(_)
        | Rule::OwnAdministration
        | Rule::LastAdministrator
        | Rule::TooManyGroups(_)
        | Rule::SystemGroup
        | Rule::GroupHasMembers(_)
        | Rule::NotAdministrator
        | Rule::OwnAccount
        | Rule::KeyForOther
        | Rule::KeysOfOthers
        | Rule::UserOfClient
        | Rule::TokensOfOthers
        | Rule::RolesHidden
        | Rule::AdministratorOfNoProvider
        | Rule::MembersOfOthers
        | Rule::TooManyKeys(_)
        | Rule::TooManyClients(_)
        | Rule::TooManyWebIntegrations(_)
        | Rule::Webhook(
            WebhookRule::MayNotHave
            | WebhookRule::TenantLevel
            | WebhookRule::TooManyOfTenant(_)
            | WebhookRule::TooManyOfUser(_),
        ) => StatusCode::FORBIDDEN,
        Rule::GroupNameTaken(_)
        | Rule::SubjectTaken(_)
        | Rule::UserNameTaken(_)
        | Rule::TooManySecrets(_) => StatusCode::CONFLICT,
        Rule::Space(rule) => space_status(rule),
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The status that breaking a rule of spaces has.
const fn space_status(rule: &SpaceRule) -> StatusCode {
    match rule {
        SpaceRule::MayNotMake(..)
        | SpaceRule::TooMany(_)
        | SpaceRule::TooManyAssignments(_)
        | SpaceRule::Needs(_) => StatusCode::FORBIDDEN,
        SpaceRule::NameTaken(_) | SpaceRule::OwnerHasAllRoles | SpaceRule::AlreadyIn => StatusCode::CONFLICT,
        SpaceRule::UnknownOwner(_)
        | SpaceRule::UnknownAssignee(..)
        | SpaceRule::RoleNotOfType(..)
        | SpaceRule::NoRole => StatusCode::BAD_REQUEST,
    }
}

/// The place in the body that breaks a rule, as a JSON pointer.
fn pointer(refusal: &Refusal) -> Option<String> {
    let member = match refusal.operation {
        Some(operation) => format!("/{operation}/value"),
        None => match &refusal.rule {
            Rule::Webhook(rule) => format!("/{}", rule.members().first()?),
            rule => String::from(member(rule)?),
        },
    };
    Some(match refusal.item {
        Some(item) => format!("{member}/{item}"),
        None => member,
    })
}

/// The member of a body that breaks a rule.
const fn member(rule: &Rule) -> Option<&'static str> {
    match rule {
        Rule::RoleNameTaken(_)
        | Rule::RoleNameReserved(..)
        | Rule::GroupNameTaken(_)
        | Rule::GroupNameReserved(_)
        | Rule::Space(SpaceRule::NameTaken(_)) => Some("/name"),
        Rule::UnknownScope(_)
        | Rule::TooManyScopes(_)
        | Rule::TooManyOpaqueScopes(_)
        | Rule::ScopeNotForCustomRoles(_)
        | Rule::ScopeNotForUserDefault(_) => Some("/assignedScopes"),
        Rule::UnknownRole(_) | Rule::NotAssignable(_) | Rule::TooManyGroupRoles(_) => Some("/assignedRoles"),
        Rule::SubjectTaken(_) | Rule::SubjectReserved => Some("/subject"),
        Rule::UserNameTaken(_) => Some("/userName"),
        Rule::InviteNeedsEmail => Some("/email"),
        Rule::HostnameTaken => Some("/hostnames"),
        Rule::KeyForOther | Rule::UnknownIdentityProvider => Some("/sub"),
        Rule::KeyLivesTooLong(_) => Some("/expiry"),
        Rule::IssuerTaken(_) => Some("/options/issuer"),
        Rule::OriginsOfBrowsersOnly => Some("/allowedOrigins"),
        Rule::GrantNeedsWeb | Rule::ImpersonationNeedsTrust => Some("/allowedGrantTypes"),
        Rule::ScopeNotForClients(_) | Rule::TooManyClientScopes(_) => Some("/allowedScopes"),
        Rule::EmptyPeriod | Rule::PeriodIsOver => Some("/expiresAt"),
        Rule::Space(SpaceRule::MayNotMake(..)) => Some("/type"),
        Rule::Space(SpaceRule::UnknownOwner(_)) => Some("/ownerId"),
        Rule::Space(SpaceRule::UnknownAssignee(..) | SpaceRule::OwnerHasAllRoles | SpaceRule::AlreadyIn) => {
            Some("/assigneeId")
        }
        Rule::Space(SpaceRule::RoleNotOfType(..) | SpaceRule::NoRole) => Some("/roles"),
        _ => None,
    }
}
