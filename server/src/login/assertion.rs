//! Whom does a signed token log in? (reference/auth.md §4, RFC 8725, threats T20, T21)

use std::collections::HashSet;

use jsonwebtoken::{Validation, errors::ErrorKind};
use rolecall_engine::{
    identity_providers::{IdentityProvider, JwtTrust, Trust},
    names::{DisplayName, Email, GroupName, NameError, Subject},
    provisioning::Claims,
    refusal::limits,
    time::{Span, Timestamp},
};
use serde_json::{Map, Value};

use crate::{
    credentials::keys,
    error::{Error, SessionError},
};

/// Whom tokens must be made for.
const AUDIENCE: &str = "qlik.api/login/jwt-session";
/// Seconds that a token may live.
const LIFETIME: i64 = 3600;
/// Bytes of the longest token that is looked at, characters of the longest `kid` and `jti`.
const TOKEN: usize = 64 * 1024;
const KEY_ID: usize = 256;
const JTI: usize = 256;

/// What a token says, once it is believed.
pub struct Said {
    pub provider: IdentityProvider,
    pub claims: Claims,
    pub jti: String,
    /// When the token counts no more in any case.
    pub expires_at: Timestamp,
}

fn bad(why: impl Into<String>) -> Error {
    SessionError::BadToken(why.into()).into()
}

/// What a token says, if one of the providers signed it, for us, and it is good now. Of its header only the name of the key
/// is used, which finds one that is here already.
///
/// # Errors
/// When no provider is known that could have signed it, it is not signed by that, or it lacks what it must say.
pub fn read(providers: &[IdentityProvider], token: &str, now: Timestamp) -> Result<Said, Error> {
    let unknown = || Error::from(SessionError::NoIdentityProvider);
    let short = Some(token).filter(|token| token.len() <= TOKEN).ok_or_else(unknown)?;
    let header = keys::header(short).ok_or_else(unknown)?;
    let kid = header.kid.filter(|kid| kid.len() <= KEY_ID).ok_or_else(unknown)?;
    let named = providers.iter().filter(|provider| provider.active).filter_map(|provider| {
        let Trust::Jwt(trust) = &provider.trust else { return None };
        (trust.key.id.as_str() == kid).then_some((provider, trust))
    });
    let mut refused = unknown();
    for (provider, trust) in named {
        match signed(trust, short) {
            Ok(claims) => return said(provider, &claims, now),
            Err(why) => refused = why,
        }
    }
    Err(refused)
}

/// The claims of a token, if the key signed it and it is from the issuer and for us.
fn signed(trust: &JwtTrust, token: &str) -> Result<Map<String, Value>, Error> {
    let key = keys::from_pem(&trust.key.pem).map_err(Error::internal)?;
    let mut validation = Validation { algorithms: key.algorithms.to_vec(), ..Validation::default() };
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[trust.issuer.as_str()]);
    validation.required_spec_claims = HashSet::new();
    // Times are looked at below, by our own clock.
    validation.validate_exp = false;
    let decoded = jsonwebtoken::decode(token, &key.key, &validation);
    let claims: Map<String, Value> = decoded.map(|data| data.claims).map_err(|error| match error.kind() {
        ErrorKind::InvalidAudience => bad("Invalid claim: aud"),
        _ => SessionError::NoIdentityProvider.into(),
    })?;
    // The library looks at these two only where they are texts.
    let believed = Believed(&claims);
    if believed.text("iss")? != trust.issuer.as_str() {
        return Err(SessionError::NoIdentityProvider.into());
    }
    match believed.value("aud")? {
        Value::String(_) => Ok(claims),
        Value::Array(all) if all.iter().all(Value::is_string) => Ok(claims),
        _ => Err(wrong("aud")),
    }
}

/// The claims of a token that is believed. What is missing or wrong is told by its name.
struct Believed<'c>(&'c Map<String, Value>);

fn missing(name: &str) -> Error {
    bad(format!("Missing required claim: {name}"))
}

fn wrong(name: &str) -> Error {
    bad(format!("Invalid claim: {name}"))
}

impl<'c> Believed<'c> {
    fn value(&self, name: &str) -> Result<&'c Value, Error> {
        self.0.get(name).filter(|value| !value.is_null()).ok_or_else(|| missing(name))
    }

    fn text(&self, name: &str) -> Result<&'c str, Error> {
        self.value(name)?.as_str().ok_or_else(|| wrong(name))
    }

    fn name<T>(&self, name: &str, read: fn(&str) -> Result<T, NameError>) -> Result<T, Error> {
        read(self.text(name)?).map_err(|_| wrong(name))
    }

    /// A time in seconds, with or without a fraction (RFC 7519 §2).
    fn seconds(&self, name: &str) -> Result<i64, Error> {
        let at = self.value(name)?.as_f64().filter(|at| at.is_finite());
        #[expect(clippy::cast_possible_truncation, reason = "a fraction of a second does not count")]
        at.map(|at| at as i64).ok_or_else(|| wrong(name))
    }

    /// When the token ends, if it is good now.
    fn ends(&self, tolerance: i64, now: i64) -> Result<i64, Error> {
        let [issued, begins, ends] = [self.seconds("iat")?, self.seconds("nbf")?, self.seconds("exp")?];
        if ends.saturating_sub(begins) > LIFETIME || begins > ends {
            return Err(wrong("exp"));
        }
        for (name, in_time) in [
            ("nbf", begins.saturating_sub(tolerance) <= now),
            ("iat", issued.saturating_sub(tolerance) <= now),
            ("exp", now < ends.saturating_add(tolerance)),
        ] {
            if !in_time {
                return Err(wrong(name));
            }
        }
        Ok(ends)
    }
}

/// What is said in claims that are believed.
fn said(provider: &IdentityProvider, claims: &Map<String, Value>, now: Timestamp) -> Result<Said, Error> {
    let believed = Believed(claims);
    if believed.text("subType")? != "user" {
        return Err(wrong("subType"));
    }
    let jti = Some(believed.text("jti")?).filter(|jti| (1..=JTI).contains(&jti.len()));
    let jti = jti.ok_or_else(|| wrong("jti"))?.to_owned();
    let tolerance = provider.clock_tolerance;
    let ends = believed.ends(tolerance, now.as_seconds())?;
    let verified = believed.value("email_verified")?.as_bool().ok_or_else(|| wrong("email_verified"))?;
    let email = believed.name("email", Email::new)?;
    let groups = claims.get("groups").map(|claim| group_names(claim).ok_or_else(|| wrong("groups")));
    let claims = Claims {
        subject: believed.name("sub", Subject::new)?,
        name: Some(believed.name("name", DisplayName::new)?),
        // An address that nobody verified is nobody's.
        email: verified.then_some(email),
        picture: None,
        locale: None,
        zoneinfo: None,
        groups: groups.transpose()?,
    };
    let ends = Timestamp::from_millis(ends.saturating_mul(1000));
    let expires_at = ends.plus(Span::from_millis(tolerance * 1000));
    Ok(Said { provider: provider.clone(), claims, jti, expires_at })
}

/// The groups of a claim; none if it is not a list of texts. More than anybody can be in are taken for none, and names that
/// no group can have are passed over (threats T24).
pub fn group_names(claim: &Value) -> Option<Vec<GroupName>> {
    let names = claim.as_array()?;
    if names.len() > limits::CLAIMED_GROUPS {
        return Some(Vec::new());
    }
    let names: Vec<&str> = names.iter().map(Value::as_str).collect::<Option<_>>()?;
    Some(names.into_iter().filter_map(|name| GroupName::new(name).ok()).collect())
}
