//! What can go wrong, and what may be said about it?

use std::{error::Error as StdError, fmt};

use rolecall_engine::refusal::{Refusal, Rule};
use serde::Serialize;

use crate::{idempotency::answer::Answer, limits::RetryAfter};

/// Why a request is not answered as it was meant. `http/problem.rs` says what each looks like outside.
#[derive(Debug)]
pub enum Error {
    /// No credential, or one that is not, or no longer, good.
    Unauthenticated,
    /// The credential belongs to another tenant than the host name.
    OtherTenant,
    /// The caller may not do this.
    Forbidden(String),
    /// There is no such thing, or the caller may not see it.
    NotFound,
    /// The address exists, but not for this method.
    MethodNotAllowed,
    /// The engine refused an edit.
    Refused(Box<Refusal>),
    /// The request itself is wrong.
    Invalid(Box<Invalid>),
    /// A program is not given a token.
    OAuth(Box<OAuthRefusal>),
    /// What a program that provisions users asks for cannot be, in the words of SCIM.
    Scim(Box<ScimRefusal>),
    /// What the standard knows and this server does not do.
    NotSupported,
    /// Something about logging in or sessions, for which the contract has a code of its own.
    Session(SessionError),
    /// Something about making or ending tenants, for which the contract has a code of its own.
    Tenant(TenantError),
    /// The body is larger than the given number of bytes.
    TooLarge(usize),
    /// The body is not JSON.
    UnsupportedMediaType(&'static str),
    /// Too many requests; good again after the given number of seconds.
    TooManyRequests(u64),
    /// The request took too long to arrive.
    Timeout,
    /// The database cannot be used now.
    Unavailable,
    /// The database has no room for what is to be stored.
    StorageFull,
    /// What is to be changed was changed since the state that the request depends on.
    Changed,
    /// What the request wants to see is not known here yet.
    RevisionUnavailable,
    /// The server is about to stop.
    Stopping,
    /// Nothing was done, since only a preview was asked for: this is it.
    Previewed(serde_json::Value),
    /// The request was done before: this is what it was answered.
    Replayed(Box<Answer>),
    /// The request was done before, or is being done; what it was answered is not known.
    DoneBefore,
    /// A fault of the program or of its surroundings. Said to the log, not to the caller.
    Internal(Box<dyn StdError + Send + Sync>),
}

/// What is wrong with a request, and where.
#[derive(Debug)]
pub struct Invalid {
    pub detail: String,
    pub source: Option<Source>,
}

/// A place in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A place in the body, as a JSON pointer (RFC 6901).
    Pointer(String),
    /// A parameter of the query.
    Parameter(String),
}

/// Why a program is not given a token, in the words of RFC 6749 §5.2.
#[derive(Debug)]
pub struct OAuthRefusal {
    /// The word for programs.
    pub error: &'static str,
    /// The same for people.
    pub description: String,
}

/// Why a request of a program that provisions users is wrong, in the words of RFC 7644 §3.12.
#[derive(Debug)]
pub struct ScimRefusal {
    /// The word for programs.
    pub kind: &'static str,
    /// The same for people.
    pub detail: String,
}

macro_rules! scim_refusals {
    ($($(#[$doc:meta])* $name:ident = $kind:literal,)+) => {
        impl ScimRefusal {
            $($(#[$doc])* pub fn $name(detail: impl Into<String>) -> Error {
                Error::Scim(Box::new(Self { kind: $kind, detail: detail.into() }))
            })+
        }
    };
}

scim_refusals! {
    /// The body is not of the form it must have.
    invalid_syntax = "invalidSyntax",
    /// A filter is none.
    invalid_filter = "invalidFilter",
    /// A path of a patch names nothing.
    invalid_path = "invalidPath",
    /// An operation of a patch has nothing to change.
    no_target = "noTarget",
    /// A value cannot be one of its attribute.
    invalid_value = "invalidValue",
    /// An attribute cannot be changed so.
    mutability = "mutability",
}

/// What is wrong with a login, or with a request of somebody who is logged in (reference/errors.md §1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The host that was asked is no tenant's, or the tenant has nobody who says who somebody is.
    #[error("nobody can log in under this host name")]
    NoAuthentication,
    /// Nobody who may say it has said who somebody is.
    #[error("the token is of no identity provider of this tenant")]
    NoIdentityProvider,
    /// A token cannot log anybody in, and why.
    #[error("JWT_LOGIN_VALIDATIONS {0}")]
    BadToken(String),
    /// Whoever it is cannot log in. Nothing tells why.
    #[error("you cannot log in")]
    NotAdmitted,
    /// Where to go to after a login is not an address here.
    #[error("`returnto` must be an address of this tenant")]
    BadReturn,
    /// The same, for pages elsewhere.
    #[error("`returnto` is not an address of the web integration")]
    ReturnNotAllowed,
    /// The page that asks is from elsewhere, and no web integration allows that.
    #[error("the page is from an origin that no web integration of the tenant allows")]
    OriginNotAllowed,
    /// There is no such OAuth client here.
    #[error("the client is not known here")]
    UnknownClient,
    /// A code must not be sent there.
    #[error("`redirect_uri` is not one of the client's")]
    RedirectNotRegistered,
    /// A request that changes something does not repeat the session's token.
    #[error("the header `qlik-csrf-token` is missing or wrong")]
    CsrfToken,
    /// There is no session, so there is no such token.
    #[error("there is no session")]
    NoCsrfToken,
    /// Such a token is only for sessions.
    #[error("only sessions need a token")]
    CsrfNotSupported,
    /// The identity provider cannot be asked, or does not answer as it must.
    #[error("the identity provider did not answer as it must: {0}")]
    Provider(String),
    /// What is not supported.
    #[error("logging in by SAML is not supported; use OpenID Connect or signed tokens")]
    Saml,
}

/// What is wrong with a request to make or end a tenant (reference/errors.md §1, reference/rest-api.md §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TenantError {
    /// There is no licence key.
    #[error("`licenseKey` is required")]
    NoLicense,
    /// The licence key cannot be one.
    #[error("a licence key has 1 to 4096 characters")]
    BadLicense,
    /// The header does not repeat a host name of the tenant.
    #[error("the header `qlik-confirm-hostname` must be a host name of the tenant")]
    NotConfirmed,
}

impl From<TenantError> for Error {
    fn from(error: TenantError) -> Self {
        Self::Tenant(error)
    }
}

impl From<SessionError> for Error {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

impl OAuthRefusal {
    pub fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: description.into() }
    }
}

impl From<RetryAfter> for Error {
    fn from(RetryAfter(seconds): RetryAfter) -> Self {
        Self::TooManyRequests(seconds)
    }
}

impl From<OAuthRefusal> for Error {
    fn from(refusal: OAuthRefusal) -> Self {
        Self::OAuth(Box::new(refusal))
    }
}

impl Error {
    /// A fault that is not the caller's.
    pub fn internal(fault: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(fault.into())
    }

    /// Whether the program or its surroundings failed, and not the request.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        matches!(self, Self::Internal(_) | Self::Unavailable | Self::StorageFull)
    }

    /// A wrong value at a place in the body.
    pub fn at_pointer(pointer: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self::Invalid(Box::new(Invalid {
            detail: detail.to_string(),
            source: Some(Source::Pointer(pointer.into())),
        }))
    }

    /// A wrong value of a query parameter.
    pub fn at_parameter(name: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self::Invalid(Box::new(Invalid {
            detail: detail.to_string(),
            source: Some(Source::Parameter(name.into())),
        }))
    }

    /// A request that is wrong as a whole.
    pub fn invalid(detail: impl fmt::Display) -> Self {
        Self::Invalid(Box::new(Invalid { detail: detail.to_string(), source: None }))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<Rule> for Error {
    fn from(rule: Rule) -> Self {
        Refusal::from(rule).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthenticated => f.write_str("a valid credential is needed"),
            Self::OtherTenant => f.write_str("the credential belongs to another tenant"),
            Self::Forbidden(why) => f.write_str(why),
            Self::NotFound => f.write_str("not found"),
            Self::MethodNotAllowed => f.write_str("the method is not allowed here"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Invalid(invalid) => f.write_str(&invalid.detail),
            Self::OAuth(refusal) => f.write_str(&refusal.description),
            Self::Scim(refusal) => f.write_str(&refusal.detail),
            Self::NotSupported => f.write_str("this part of the standard is not supported"),
            Self::Session(error) => error.fmt(f),
            Self::Tenant(error) => error.fmt(f),
            Self::TooLarge(limit) => write!(f, "the body has more than {limit} bytes"),
            Self::UnsupportedMediaType(needed) => write!(f, "the body must be `{needed}`"),
            Self::TooManyRequests(seconds) => write!(f, "too many requests; try again in {seconds} seconds"),
            Self::Timeout => f.write_str("the request did not arrive in time"),
            Self::Changed => f.write_str(
                "it was changed since what `If-Match` says, or that is too long ago; read it again",
            ),
            Self::RevisionUnavailable => {
                f.write_str("what the request wants to see is not known here yet; try again")
            }
            Self::Unavailable => f.write_str("the database cannot be used now; try again"),
            Self::StorageFull => f.write_str("the database has no room left; nothing was stored"),
            Self::Stopping => f.write_str("the server is about to stop"),
            Self::Replayed(_) => f.write_str("the request was done before"),
            Self::DoneBefore => f.write_str(
                "the request of this `Idempotency-Key` was done, and what it was answered is not known (yet)",
            ),
            Self::Previewed(_) => f.write_str("only a preview was asked for"),
            Self::Internal(fault) => fault.fmt(f),
        }
    }
}

impl StdError for Error {}
