//! What is an event called outside?

use std::{fmt, str::FromStr};

use aws_lc_rs::digest::{SHA256, digest};
use rolecall_engine::ids::{ParseIdError, TenantId};

use super::sql::Kept;

/// The identifier of an event: a UUID of version 8 (RFC 9562 §5.8). It holds where the event stands in its tenant's trail,
/// so that it is found without an index, and a check by which the same place of another tenant has another identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventId(u128);

const REVISION: u32 = 80;
const ORDINAL: u32 = 32;
const ORDINAL_MASK: u128 = (1 << 30) - 1;
const VERSION_8: u128 = 8 << 76;
const VARIANT: u128 = 2 << 62;

impl EventId {
    /// The identifier of a row of a tenant.
    pub fn of(tenant: TenantId, row: &Kept) -> Self {
        Self::at(tenant, row.revision, row.ordinal)
    }

    fn at(tenant: TenantId, revision: i64, ordinal: i64) -> Self {
        let check = digest(&SHA256, format!("{tenant} {revision} {ordinal}").as_bytes());
        let check = check.as_ref().iter().take(6).fold(0_u128, |all, byte| all << 8 | u128::from(*byte));
        let revision = u128::from(revision.cast_unsigned()) << REVISION;
        let ordinal = (u128::from(ordinal.cast_unsigned()) & ORDINAL_MASK) << ORDINAL;
        let (high, low) = ((check >> 32 & 0xfff) << 64, check & 0xffff_ffff);
        Self(revision | VERSION_8 | high | VARIANT | ordinal | low)
    }

    /// Whether it can be one of a tenant.
    pub fn is_of(self, tenant: TenantId) -> bool {
        let (revision, ordinal) = self.place();
        Self::at(tenant, revision, ordinal) == self
    }

    /// The revision and the ordinal of the row that it names, if there is one.
    pub fn place(self) -> (i64, i64) {
        let number = |bits: u128| i64::try_from(bits).unwrap_or(i64::MAX);
        (number(self.0 >> REVISION), number(self.0 >> ORDINAL & ORDINAL_MASK))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |shift: u32, mask: u128| self.0 >> shift & mask;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            part(96, 0xffff_ffff),
            part(80, 0xffff),
            part(64, 0xffff),
            part(48, 0xffff),
            part(0, 0xffff_ffff_ffff)
        )
    }
}

impl FromStr for EventId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        let id = u128::from_str_radix(&digits, 16).map(Self).map_err(|_| ParseIdError)?;
        if id.to_string() == text { Ok(id) } else { Err(ParseIdError) }
    }
}
