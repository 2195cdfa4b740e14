//! Is the trail what was written? Each row's hash is over the row before and all of its own columns. (threats T81)

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};
use rolecall_engine::ids::TenantId;

use super::sql::{Kept, values};
use crate::db::Value;

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of the last row; 0 if there is none.
    pub sequence: i64,
    /// Its time, in milliseconds since 1970.
    pub at: i64,
    /// Its hash; none if the last row is from before there were hashes.
    pub hash: Option<String>,
}

/// The hash of a row: SHA-256 over the hash before, the tenant and the columns, each with its length, in hexadecimal
/// digits. The first hash of a chain has none before it.
pub fn hash(before: Option<&str>, tenant: TenantId, row: &Kept) -> String {
    let mut context = Context::new(&SHA256);
    let mut add = |kind: u8, bytes: &[u8]| {
        context.update(&[kind]);
        context.update(&bytes.len().to_be_bytes());
        context.update(bytes);
    };
    add(b't', before.unwrap_or_default().as_bytes());
    add(b't', tenant.as_str().as_bytes());
    let [columns @ .., _its_own_hash] = &values(row);
    for value in columns {
        match value {
            Value::Null => add(b'n', &[]),
            Value::Integer(number) => add(b'i', &number.to_be_bytes()),
            Value::Text(text) => add(b't', text.as_bytes()),
            Value::Bytes(bytes) => add(b'b', bytes),
        }
    }
    context.finish().as_ref().iter().fold(String::with_capacity(64), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
