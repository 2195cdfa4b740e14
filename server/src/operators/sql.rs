//! How are operators stored? In a table of the installation.

use rolecall_engine::{
    ids::OAuthClientId,
    names::Setting,
    oauth::{Operator, Secret},
};

use crate::{
    db::{Reader, Row, System, Value},
    error::Error,
};

const COLUMNS: &str = "id, name, hint, secret_hash, created_at";

fn read(row: &Row<'_>) -> Result<Operator, Error> {
    let hash = row.bytes(3)?.try_into().map_err(|_| Error::internal("a hash has 32 bytes"))?;
    Ok(Operator {
        id: row.parse(0)?,
        name: Setting::stored(row.text(1)?),
        secret: Secret { hint: row.text(2)?, hash, created_at: row.time(4)?, created_by: None },
    })
}

/// One operator.
pub async fn find(system: &System<'_>, id: OAuthClientId) -> Result<Option<Operator>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM operators WHERE id = $1");
    Ok(system.all(&sql, &[id.into()], read).await?.pop())
}

/// The same within the work on a tenant, to which an operator does not belong.
pub async fn find_beside(reader: &Reader<'_>, id: OAuthClientId) -> Result<Option<Operator>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM operators WHERE id = $2 AND $1 <> ''");
    reader.first(&sql, &[id.into()], read).await
}

/// All operators, the oldest first.
pub async fn all(system: &System<'_>) -> Result<Vec<Operator>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM operators ORDER BY created_at, id");
    system.all(&sql, &[], read).await
}

/// Stores a new operator.
pub async fn add(system: &System<'_>, operator: &Operator) -> Result<(), Error> {
    let sql = format!("INSERT INTO operators ({COLUMNS}) VALUES ($1, $2, $3, $4, $5)");
    let Operator { id, name, secret } = operator;
    let values: [Value<'_>; 5] = [
        (*id).into(),
        name.as_str().into(),
        secret.hint.as_str().into(),
        secret.hash.to_vec().into(),
        secret.created_at.into(),
    ];
    system.execute(&sql, &values).await
}

/// Deletes an operator.
pub async fn remove(system: &System<'_>, id: OAuthClientId) -> Result<(), Error> {
    system.execute("DELETE FROM operators WHERE id = $1", &[id.into()]).await
}
