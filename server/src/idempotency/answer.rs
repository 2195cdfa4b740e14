//! What of an answer is kept, to be given again?

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::{error::Error, seal::Seal};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    pub fn new(status: u16, headers: Vec<(String, String)>, body: &[u8]) -> Self {
        Self { status, headers, body: STANDARD.encode(body) }
    }

    pub fn body(&self) -> Vec<u8> {
        STANDARD.decode(&self.body).unwrap_or_default()
    }

    /// The answer to the request of a name, sealed: it may hold a secret that is shown once.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn sealed(&self, seal: &Seal, id: &str) -> Result<Vec<u8>, Error> {
        seal.seal(id.as_bytes(), &serde_json::to_vec(self).map_err(Error::internal)?)
    }

    /// The answer that was sealed; none if it was another request's.
    pub fn opened(seal: &Seal, id: &str, sealed: &[u8]) -> Option<Self> {
        serde_json::from_slice(&seal.open(id.as_bytes(), sealed)?).ok()
    }
}
