//! How is it stored that a request is done?

use rolecall_engine::time::{Span, Timestamp};

use crate::{
    db::{Reader, Writer},
    error::Error,
};

/// How long a name is known.
const KNOWN: Span = Span::from_days(1);

/// A request that is done.
pub struct Known {
    /// The hash of what it asked for.
    pub request: String,
    /// What it was answered, sealed; none if that was not stored, or is not yet.
    pub answer: Option<Vec<u8>>,
}

/// The request with a name.
pub async fn find(reader: &Reader<'_>, id: &str) -> Result<Option<Known>, Error> {
    let sql = "SELECT request, answer FROM idempotency_keys WHERE tenant_id = $1 AND id = $2";
    reader
        .first(sql, &[id.into()], |row| Ok(Known { request: row.text(0)?, answer: row.opt_bytes(1)? }))
        .await
}

/// Stores that a request is done, and forgets some that nobody will send again.
pub async fn insert(writer: &mut Writer<'_>, id: &str, request: &str, now: Timestamp) -> Result<(), Error> {
    let forget = "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND id IN
                  (SELECT id FROM idempotency_keys WHERE tenant_id = $1 AND created_at < $2 ORDER BY created_at LIMIT 4)";
    writer.execute(forget, &[Timestamp::from_millis(now.as_millis() - KNOWN.as_millis()).into()]).await?;
    let insert = "INSERT INTO idempotency_keys (tenant_id, id, request, created_at) VALUES ($1, $2, $3, $4)";
    writer.execute(insert, &[id.into(), request.into(), now.into()]).await.map(drop)
}

/// Stores what a request was answered.
pub async fn set_answer(writer: &mut Writer<'_>, id: &str, sealed: Vec<u8>) -> Result<(), Error> {
    let sql = "UPDATE idempotency_keys SET answer = $3 WHERE tenant_id = $1 AND id = $2";
    writer.execute(sql, &[id.into(), sealed.into()]).await.map(drop)
}
