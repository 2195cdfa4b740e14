//! Which request is this? The same number is in the answer, in the log and in the audit trail.

use std::fmt;

use crate::clock::Entropy;

/// The number of a request, written as 32 lower-case hexadecimal digits (reference/errors.md §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(u128);

impl TraceId {
    /// A number no other request has.
    pub fn new(entropy: Entropy) -> Self {
        Self(u128::from_be_bytes(entropy.bytes()))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
