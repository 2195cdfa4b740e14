//! How does a receiver know that a delivery is ours? (reference/events.md §5, Standard Webhooks 1.0)

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rolecall_engine::time::Timestamp;

/// How a secret begins that is the base64 of a key (Standard Webhooks).
const ENCODED: &str = "whsec_";

/// The header with the vendor's signature: the HMAC-SHA256 of the body, keyed by the secret as it is.
pub fn of_body(secret: &str, body: &str) -> String {
    use std::fmt::Write as _;
    let tag = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), body.as_bytes());
    tag.as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The signatures of Standard Webhooks, one for each secret.
pub fn standard<'s>(
    secrets: impl IntoIterator<Item = &'s String>,
    id: &str,
    at: Timestamp,
    body: &str,
) -> String {
    let message = format!("{id}.{}.{body}", at.as_seconds());
    let one = |secret: &String| {
        let tag = sign(&Key::new(HMAC_SHA256, &key(secret)), message.as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    };
    secrets.into_iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The key in a secret: what is encoded in it if it says so, else the secret itself.
fn key(secret: &str) -> Vec<u8> {
    let encoded = secret.strip_prefix(ENCODED).and_then(|encoded| STANDARD.decode(encoded).ok());
    encoded.unwrap_or_else(|| secret.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &str = r#"{"test": 2432232314}"#;
    const PLAIN: &str = "0123456789abcdef0123456789abcdef";

    /// The example that Standard Webhooks publishes, and what another implementation makes of the same with a plain secret.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let at = Timestamp::from_millis(1_614_265_330_999);
        let encoded = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let of_encoded = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let of_plain = "v1,hK4CWvngkaAwjY1pABLuUbOIkEJjW9tAapq1no4ojG0=";
        assert_eq!(standard([&encoded], ID, at, BODY), of_encoded);
        let both = [PLAIN.to_owned(), encoded];
        assert_eq!(standard(&both, ID, at, BODY), format!("{of_plain} {of_encoded}"));
        assert_eq!(standard([&"whsec_*".to_owned()], ID, at, BODY).len(), of_plain.len());
    }

    /// RFC 4231 §4.3, and the same implementation.
    #[test]
    fn the_body_is_signed_as_it_is() {
        let published = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(of_body("Jefe", "what do ya want for nothing?"), published);
        assert_eq!(of_body(PLAIN, BODY), "fd98f3167cae21320482e551ffff4b9572d509ed89a8b62efbeb739a92aad8ad");
    }
}
