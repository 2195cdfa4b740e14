//! How are signing keys stored? Sealed.

use rolecall_engine::time::Timestamp;

use crate::{db::System, error::Error};

/// The identifiers and sealed private halves of all keys, the newest last.
pub async fn all(system: &System<'_>) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let sql =
        "SELECT id, sealed_private_key FROM signing_keys WHERE algorithm = 'ES384' ORDER BY created_at, id";
    system.all(sql, &[], |row| Ok((row.text(0)?, row.bytes(1)?))).await
}

/// Stores a key.
pub async fn add(system: &System<'_>, id: &str, sealed: Vec<u8>, now: Timestamp) -> Result<(), Error> {
    let sql = "INSERT INTO signing_keys (id, algorithm, sealed_private_key, created_at) VALUES ($1, 'ES384', $2, $3)";
    system.execute(sql, &[id.into(), sealed.into(), now.into()]).await
}
