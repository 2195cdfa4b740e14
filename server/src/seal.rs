//! How are secrets kept where others may read? (threats T83, T43)

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, Nonce, RandomizedNonceKey},
    hkdf,
};
use zeroize::Zeroizing;

use crate::error::Error;

/// Bytes of a nonce, in front of what is sealed.
const NONCE: usize = 12;

/// The key that every other key of an installation is sealed by: 32 bytes from a file or the environment.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes of a key for one purpose only (RFC 5869).
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn key_for(&self, purpose: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
        let key = hkdf::Salt::new(hkdf::HKDF_SHA256, b"rolecall").extract(self.0.as_slice());
        let mut bytes = Zeroizing::new([0; 32]);
        key.expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|expanded| expanded.fill(bytes.as_mut_slice()))
            .map_err(|_| Error::internal("a key cannot be derived"))?;
        Ok(bytes)
    }

    /// A seal for one purpose only.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn seal_for(&self, purpose: &str) -> Result<Seal, Error> {
        let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, self.key_for(purpose)?.as_slice());
        key.map(Seal).map_err(|_| Error::internal("a key cannot be derived"))
    }
}

/// Seals bytes so that only the same seal opens them, and only in the same context (AES-256-GCM-SIV, RFC 8452).
pub struct Seal(RandomizedNonceKey);

impl Seal {
    /// The bytes, sealed. `context` must be given again to open them; it is not a secret and not in the result.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn seal(&self, context: &[u8], bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let mut sealed = bytes.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(context), &mut sealed);
        let nonce = nonce.map_err(|_| Error::internal("sealing failed"))?;
        sealed.splice(..0, nonce.as_ref().iter().copied());
        Ok(sealed)
    }

    /// The bytes that were sealed; none if they were sealed otherwise or changed.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, bytes) = sealed.split_at_checked(NONCE)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = bytes.to_vec();
        self.0.open_in_place(nonce, Aad::from(context), &mut bytes).ok().map(|open| open.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_purpose_context_and_bytes_open_a_seal() {
        let master = MasterKey::new([7; 32]);
        let seal = master.seal_for("cursor").unwrap();
        let sealed = seal.seal(b"tenant", b"secret").unwrap();
        assert_eq!(seal.open(b"tenant", &sealed).as_deref(), Some(b"secret".as_slice()));
        assert_eq!(seal.open(b"other", &sealed), None);
        assert_eq!(master.seal_for("signing").unwrap().open(b"tenant", &sealed), None);
        assert_eq!(MasterKey::new([8; 32]).seal_for("cursor").unwrap().open(b"tenant", &sealed), None);
        for bit in 0..sealed.len() * 8 {
            let mut broken = sealed.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(seal.open(b"tenant", &broken), None, "bit {bit}");
        }
        assert_eq!(seal.open(b"tenant", b"short"), None);
    }
}
