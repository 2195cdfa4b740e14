//! What stands in the cookies of a session? (reference/auth.md §5, threats T27, T60)
//!
//! The cookie names the session and holds a secret that only its hash is kept of; beside it stands a signature, so that
//! nothing is looked up for a cookie that was not made here. The token against forged requests follows from the cookie.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_engine::ids::{SessionId, TenantId};

use crate::{error::Error, seal::MasterKey};

/// The cookies' names.
pub const SESSION: &str = "eas.sid";
pub const SIGNATURE: &str = "eas.sid.sig";
pub const CSRF: &str = "_csrfToken";

/// The key that cookies are signed by.
pub struct CookieKey(hmac::Key);

/// What a cookie of a session says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCookie {
    pub tenant: TenantId,
    pub session: SessionId,
    /// What only its owner has.
    pub secret: String,
}

impl SessionCookie {
    /// The value of the cookie.
    pub fn value(&self) -> String {
        let Self { tenant, session, secret } = self;
        format!("{tenant}.{session}.{secret}")
    }

    fn read(value: &str) -> Option<Self> {
        let (tenant, rest) = value.split_once('.')?;
        let (session, secret) = rest.split_once('.')?;
        Some(Self { tenant: tenant.parse().ok()?, session: session.parse().ok()?, secret: secret.to_owned() })
    }
}

impl CookieKey {
    /// The key of an installation.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn new(master: &MasterKey) -> Result<Self, Error> {
        let bytes = master.key_for("cookies")?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice())))
    }

    fn tag(&self, purpose: &str, value: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, format!("{purpose}\0{value}").as_bytes()))
    }

    fn has_tag(&self, purpose: &str, value: &str, tag: &str) -> bool {
        let Ok(tag) = URL_SAFE_NO_PAD.decode(tag) else { return false };
        hmac::verify(&self.0, format!("{purpose}\0{value}").as_bytes(), &tag).is_ok()
    }

    /// The signature beside a session's cookie.
    pub fn signature(&self, value: &str) -> String {
        self.tag(SESSION, value)
    }

    /// What a session's cookie says, if the signature beside it is ours.
    pub fn read(&self, value: &str, signature: &str) -> Option<SessionCookie> {
        if self.has_tag(SESSION, value, signature) { SessionCookie::read(value) } else { None }
    }

    /// The token that requests which change something repeat in a header.
    pub fn csrf_token(&self, value: &str) -> String {
        self.tag(CSRF, value)
    }

    /// Whether a text is that token.
    pub fn is_csrf_token(&self, value: &str, token: &str) -> bool {
        self.has_tag(CSRF, value, token)
    }

    /// A text of our own for somebody's browser, for a purpose: it comes back unchanged or not at all.
    pub fn bind(&self, purpose: &str, text: &str) -> String {
        format!("{text}.{}", self.tag(purpose, text))
    }

    /// The text that was bound, if it is ours and for this purpose.
    pub fn unbind<'b>(&self, purpose: &str, bound: &'b str) -> Option<&'b str> {
        let (text, tag) = bound.rsplit_once('.')?;
        self.has_tag(purpose, text, tag).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_comes_back_whole_or_not_at_all() {
        let key = CookieKey::new(&MasterKey::new([7; 32])).unwrap();
        let cookie = SessionCookie {
            tenant: TenantId::new([1; 32]),
            session: SessionId::new([2; 16]),
            secret: "s3cret".to_owned(),
        };
        let value = cookie.value();
        let signature = key.signature(&value);
        assert_eq!(key.read(&value, &signature), Some(cookie));
        let other = CookieKey::new(&MasterKey::new([8; 32])).unwrap();
        for (value, signature) in [
            (value.replace("s3", "s4"), signature.clone()),
            (value.clone(), String::new()),
            (value.clone(), key.csrf_token(&value)),
            (value.clone(), other.signature(&value)),
        ] {
            assert_eq!(key.read(&value, &signature), None, "{value} {signature}");
        }
        assert!(key.is_csrf_token(&value, &key.csrf_token(&value)));
        assert!(!key.is_csrf_token(&value, &signature));
        let bound = key.bind("state", "a.b");
        assert_eq!(key.unbind("state", &bound), Some("a.b"));
        assert_eq!(key.unbind("other", &bound), None);
    }
}
