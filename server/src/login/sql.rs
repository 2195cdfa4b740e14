//! How are sessions stored? What a cookie holds besides their identifiers is nowhere.

use std::sync::LazyLock;

use rolecall_engine::{
    change::Delta,
    ids::{IdpId, SessionId, UserId},
    passwords::Password,
    scopes::ScopeName,
    sessions::Session,
    time::Timestamp,
};

use crate::{
    db::{Reader, Row, Table, Value, Writer},
    error::Error,
};

static SESSIONS: LazyLock<Table<9>> = LazyLock::new(|| {
    Table::new(
        "sessions",
        [
            "id",
            "secret",
            "user_id",
            "proof",
            "provider_id",
            "scopes",
            "began_at",
            "expires_at",
            "authenticated_at",
        ],
    )
});

fn values(session: &Session) -> [Value<'_>; 9] {
    let scopes: Vec<&str> = session.scopes.iter().map(ScopeName::as_str).collect();
    [
        session.id.into(),
        session.secret.to_vec().into(),
        session.user.into(),
        session.proof.as_str().into(),
        session.provider.into(),
        scopes.join(" ").into(),
        session.began_at.into(),
        session.expires_at.into(),
        session.authenticated_at.into(),
    ]
}

fn read(row: &Row<'_>) -> Result<Session, Error> {
    let scopes = row.text(5)?;
    let scopes = scopes.split_whitespace().map(ScopeName::new).collect::<Result<_, _>>();
    Ok(Session {
        id: row.parse(0)?,
        secret: row.bytes(1)?.try_into().map_err(|_| Error::internal("a secret's hash of another length"))?,
        user: row.parse(2)?,
        proof: row.parse(3)?,
        provider: row.opt_parse(4)?,
        scopes: scopes.map_err(Error::internal)?,
        began_at: row.time(6)?,
        expires_at: row.time(7)?,
        authenticated_at: row.opt_time(8)?,
        assertion: None,
    })
}

/// One session.
pub async fn find(reader: &Reader<'_>, id: SessionId) -> Result<Option<Session>, Error> {
    reader.find(&SESSIONS, id, read).await
}

/// When a session was last used, as far as that was written down.
pub async fn seen_at(reader: &Reader<'_>, id: SessionId) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT seen_at FROM sessions WHERE tenant_id = $1 AND id = $2";
    reader.first(sql, &[id.into()], |row| row.time(0)).await
}

/// Writes down when a session was last used.
pub async fn see(writer: &mut Writer<'_>, id: SessionId, at: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE sessions SET seen_at = $3 WHERE tenant_id = $1 AND id = $2 AND seen_at < $3";
    writer.execute(sql, &[id.into(), at.into()]).await.map(drop)
}

/// All sessions of a user.
pub async fn of_user(reader: &Reader<'_>, user: UserId) -> Result<Vec<Session>, Error> {
    reader.matching(&SESSIONS, "user_id = $2 ORDER BY id", &[user.into()], read).await
}

/// Those of a user's sessions that began before the newest `most`.
pub async fn beyond(reader: &Reader<'_>, user: UserId, most: i64) -> Result<Vec<Session>, Error> {
    let condition = "user_id = $2 ORDER BY began_at DESC, id DESC LIMIT 4 OFFSET $3";
    reader.matching(&SESSIONS, condition, &[user.into(), most.into()], read).await
}

/// Some of the tenant's sessions that have ended.
pub async fn ended(reader: &Reader<'_>, now: Timestamp) -> Result<Vec<Session>, Error> {
    reader.matching(&SESSIONS, "expires_at <= $2 ORDER BY expires_at LIMIT 4", &[now.into()], read).await
}

/// Whether a token of a provider has logged somebody in before.
pub async fn is_used(reader: &Reader<'_>, issuer: IdpId, jti: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM used_assertions WHERE tenant_id = $1 AND issuer = $2 AND jti = $3";
    Ok(reader.first(sql, &[issuer.into(), jti.into()], |_| Ok(())).await?.is_some())
}

/// Stores what happened to a session. With a new one is stored what it was begun by, which is then used up.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<Session>) -> Result<(), Error> {
    writer.store(&SESSIONS, delta, values).await?;
    let Delta::Created(session) = delta else { return Ok(()) };
    see(writer, session.id, session.began_at).await?;
    let Some(used) = &session.assertion else { return Ok(()) };
    let forget = "DELETE FROM used_assertions WHERE tenant_id = $1 AND expires_at <= $2";
    writer.execute(forget, &[session.began_at.into()]).await?;
    let insert = "INSERT INTO used_assertions (tenant_id, issuer, jti, expires_at) VALUES ($1, $2, $3, $4)";
    let values = [used.issuer.into(), used.jti.as_str().into(), used.expires_at.into()];
    writer.execute(insert, &values).await.map(drop)
}

static PASSWORDS: LazyLock<Table<3>> =
    LazyLock::new(|| Table::new("passwords", ["user_id", "hash", "set_at"]));

/// The password of a user.
pub async fn password(reader: &Reader<'_>, user: UserId) -> Result<Option<Password>, Error> {
    let read = |row: &Row<'_>| Ok(Password { user: row.parse(0)?, hash: row.text(1)?, set_at: row.time(2)? });
    reader.find(&PASSWORDS, user, read).await
}

/// Whether anybody in the tenant has a password.
pub async fn has_passwords(reader: &Reader<'_>) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM passwords WHERE tenant_id = $1 LIMIT 1";
    Ok(reader.first(sql, &[], |_| Ok(())).await?.is_some())
}

fn password_values(password: &Password) -> [Value<'_>; 3] {
    [password.user.into(), password.hash.as_str().into(), password.set_at.into()]
}

/// Stores what happened to a password.
pub async fn store_password(writer: &mut Writer<'_>, delta: &Delta<Password>) -> Result<(), Error> {
    writer.store(&PASSWORDS, delta, password_values).await
}
