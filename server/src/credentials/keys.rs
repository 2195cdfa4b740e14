//! Which key of somebody else's checks a signature, and by which algorithms? (RFC 8725 §3.1, threats T20)
//!
//! The key says which algorithms it is for; what a token's header says only chooses among those.

use jsonwebtoken::{
    Algorithm, DecodingKey, Header,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};

/// The header of somebody else's token; none if it is no token, or wants to be understood in a way that is not known here
/// (RFC 7515 §4.1.11).
pub fn header(token: &str) -> Option<Header> {
    jsonwebtoken::decode_header(token).ok().filter(|header| header.crit.is_none())
}

/// A public key, and the algorithms it is for.
pub struct VerifyingKey {
    pub key: DecodingKey,
    pub algorithms: &'static [Algorithm],
}

const RSA: &[Algorithm] = &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256];

/// Bytes of the shortest RSA key that is taken, one of 2048 bits, as PKCS #1 has it (RFC 7518 §3.3).
const RSA_KEY: usize = 266;
/// Bytes of the longest PEM text.
const PEM: usize = 16 * 1024;

/// A key in PEM: a public key or a certificate.
///
/// # Errors
/// When it is neither, or holds more than the public half.
pub fn from_pem(pem: &str) -> Result<VerifyingKey, &'static str> {
    if pem.len() > PEM || pem.contains("PRIVATE KEY") {
        return Err("must be a public key or a certificate in PEM");
    }
    let pem = pem.as_bytes();
    if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
        let long = key.try_get_as_bytes().is_ok_and(|der| der.len() >= RSA_KEY);
        let key = VerifyingKey { key, algorithms: RSA };
        return if long { Ok(key) } else { Err("an RSA key must have 2048 bits or more") };
    }
    if let Ok(key) = DecodingKey::from_ec_pem(pem) {
        // Which curve it is on, the signature's length says; one of the other curve is refused.
        return Ok(VerifyingKey { key, algorithms: &[Algorithm::ES256, Algorithm::ES384] });
    }
    DecodingKey::from_ed_pem(pem)
        .map(|key| VerifyingKey { key, algorithms: &[Algorithm::EdDSA] })
        .map_err(|_| "must be a public key or a certificate in PEM")
}

/// A key of a key set (RFC 7517); none if it is not for signatures, or of a kind that is not taken.
pub fn from_jwk(jwk: &Jwk) -> Option<VerifyingKey> {
    if jwk.common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
        return None;
    }
    let algorithms: &'static [Algorithm] = match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::RSA(_), None) => RSA,
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::RS256)) => &[Algorithm::RS256],
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::RS384)) => &[Algorithm::RS384],
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::RS512)) => &[Algorithm::RS512],
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::PS256)) => &[Algorithm::PS256],
        (AlgorithmParameters::EllipticCurve(key), algorithm) => match (&key.curve, algorithm) {
            (EllipticCurve::P256, None | Some(KeyAlgorithm::ES256)) => &[Algorithm::ES256],
            (EllipticCurve::P384, None | Some(KeyAlgorithm::ES384)) => &[Algorithm::ES384],
            _ => return None,
        },
        (AlgorithmParameters::OctetKeyPair(_), None | Some(KeyAlgorithm::EdDSA)) => &[Algorithm::EdDSA],
        _ => return None,
    };
    Some(VerifyingKey { key: DecodingKey::from_jwk(jwk).ok()?, algorithms })
}
