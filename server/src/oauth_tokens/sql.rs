//! How are tokens stored? Only what is known about them; what is sent is nowhere.

use std::sync::LazyLock;

use rolecall_engine::{
    change::Delta,
    ids::{OAuthClientId, OAuthGrantId, OAuthTokenId, UserId},
    oauth::OAuthToken,
    scopes::ScopeName,
    time::Timestamp,
};

use crate::{
    db::{Found, Keyset, List, Reader, Row, Sort, Sorts, Table, Value, Writer},
    error::Error,
};

/// What tokens can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[("userId", &[Sort::up("user_id")])];

static TOKENS: LazyLock<Table<8>> = LazyLock::new(|| {
    Table::new(
        "oauth_tokens",
        ["id", "client_id", "grant_type", "user_id", "scopes", "issued_at", "expires_at", "family"],
    )
});

fn values(token: &OAuthToken) -> [Value<'_>; 8] {
    let scopes: Vec<&str> = token.scopes.iter().map(ScopeName::as_str).collect();
    [
        token.id.into(),
        token.client.into(),
        token.grant.as_str().into(),
        token.user.into(),
        scopes.join(" ").into(),
        token.issued_at.into(),
        token.expires_at.into(),
        token.family.into(),
    ]
}

fn read(row: &Row<'_>) -> Result<OAuthToken, Error> {
    let scopes = row.text(4)?;
    let scopes = scopes.split_whitespace().map(ScopeName::new).collect::<Result<_, _>>();
    Ok(OAuthToken {
        id: row.parse(0)?,
        client: row.parse(1)?,
        grant: row.parse(2)?,
        user: row.parse(3)?,
        scopes: scopes.map_err(Error::internal)?,
        issued_at: row.time(5)?,
        expires_at: row.time(6)?,
        family: row.opt_parse(7)?,
    })
}

/// One token.
pub async fn find(reader: &Reader<'_>, id: OAuthTokenId) -> Result<Option<OAuthToken>, Error> {
    reader.find(&TOKENS, id, read).await
}

/// Some of a client's tokens that have ended.
pub async fn ended(
    reader: &Reader<'_>,
    client: OAuthClientId,
    now: Timestamp,
) -> Result<Vec<OAuthToken>, Error> {
    let condition = "client_id = $2 AND expires_at <= $3 ORDER BY expires_at LIMIT 4";
    reader.matching(&TOKENS, condition, &[client.into(), now.into()], read).await
}

/// All tokens that came of a grant.
pub async fn of_family(reader: &Reader<'_>, family: OAuthGrantId) -> Result<Vec<OAuthToken>, Error> {
    reader.matching(&TOKENS, "family = $2 ORDER BY id", &[family.into()], read).await
}

/// Those of the tokens that came of a grant that were issued before the newest `most`; a few of them.
pub async fn beyond(reader: &Reader<'_>, family: OAuthGrantId, most: i64) -> Result<Vec<OAuthToken>, Error> {
    let condition = "family = $2 ORDER BY issued_at DESC, id DESC LIMIT 4 OFFSET $3";
    reader.matching(&TOKENS, condition, &[family.into(), most.into()], read).await
}

/// All tokens of a client.
pub async fn of_client(reader: &Reader<'_>, client: OAuthClientId) -> Result<Vec<OAuthToken>, Error> {
    reader.matching(&TOKENS, "client_id = $2 ORDER BY id", &[client.into()], read).await
}

/// All tokens that speak for a user.
pub async fn of_user(reader: &Reader<'_>, user: UserId) -> Result<Vec<OAuthToken>, Error> {
    reader.matching(&TOKENS, "user_id = $2 ORDER BY id", &[user.into()], read).await
}

/// A page of the tokens that are good at a time; those of one user, if one is given.
pub async fn page(
    reader: &Reader<'_>,
    user: Option<UserId>,
    now: Timestamp,
    keyset: &Keyset,
) -> Result<Found<OAuthToken>, Error> {
    let mut list = List::of(&TOKENS);
    list.and(|parameters| format!("expires_at > {}", parameters.add(now)));
    if let Some(user) = user {
        list.and(|parameters| format!("user_id = {}", parameters.add(user)));
    }
    list.page(reader, keyset, read).await
}

/// Stores what happened to a token.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<OAuthToken>) -> Result<(), Error> {
    writer.store(&TOKENS, delta, values).await
}
