//! How is it stored what users let OAuth clients do? Codes and refresh tokens are nowhere, only their hashes.

use std::sync::LazyLock;

use rolecall_engine::{
    change::Delta,
    ids::{OAuthClientId, OAuthGrantId, UserId},
    names::Setting,
    oauth::{CodeBinding, Hashed, OAuthConsent, OAuthGrant, Stage},
    scopes::ScopeName,
    time::Timestamp,
};

use crate::{
    db::{Reader, Row, Table, Value, Writer},
    error::Error,
};

static GRANTS: LazyLock<Table<14>> = LazyLock::new(|| {
    Table::new(
        "oauth_grants",
        [
            "id",
            "client_id",
            "user_id",
            "scopes",
            "authenticated_at",
            "code",
            "redirect_uri",
            "challenge",
            "nonce",
            "code_expires_at",
            "refreshes",
            "refresh",
            "created_at",
            "expires_at",
        ],
    )
});

static CONSENTS: LazyLock<Table<5>> =
    LazyLock::new(|| Table::new("oauth_consents", ["id", "client_id", "user_id", "scopes", "given_at"]));

fn joined(scopes: &[ScopeName]) -> String {
    scopes.iter().map(ScopeName::as_str).collect::<Vec<_>>().join(" ")
}

fn scopes(text: &str) -> Result<Vec<ScopeName>, Error> {
    text.split_whitespace().map(ScopeName::new).collect::<Result<_, _>>().map_err(Error::internal)
}

fn hashed(bytes: Vec<u8>) -> Result<Hashed, Error> {
    bytes.try_into().map(Hashed).map_err(|_| Error::internal("a hash of another length"))
}

fn values(grant: &OAuthGrant) -> [Value<'_>; 14] {
    let (binding, code_expires_at, refreshes, refresh) = match &grant.stage {
        Stage::Code { binding, expires_at } => (Some(binding), *expires_at, 0, None),
        Stage::Tokens { refreshes, refresh } => (None, Timestamp::EPOCH, *refreshes, *refresh),
    };
    [
        grant.id.into(),
        grant.client.into(),
        grant.user.into(),
        joined(&grant.scopes).into(),
        grant.authenticated_at.into(),
        grant.code.0.to_vec().into(),
        binding.map(|binding| binding.redirect_uri.as_str()).into(),
        binding.map(|binding| binding.challenge.as_str()).into(),
        binding.and_then(|binding| binding.nonce.as_ref()).map(Setting::as_str).into(),
        code_expires_at.into(),
        refreshes.into(),
        refresh.map(|Hashed(hash)| hash.to_vec()).into(),
        grant.created_at.into(),
        grant.expires_at.into(),
    ]
}

fn read(row: &Row<'_>) -> Result<OAuthGrant, Error> {
    let stage = match (row.opt_text(6)?, row.opt_text(7)?) {
        (Some(redirect_uri), Some(challenge)) => {
            let nonce = row.opt_text(8)?.map(Setting::stored);
            let binding = CodeBinding { redirect_uri: Setting::stored(redirect_uri), challenge, nonce };
            Stage::Code { binding, expires_at: row.time(9)? }
        }
        _ => Stage::Tokens {
            refreshes: row.integer(10)?,
            refresh: row.opt_bytes(11)?.map(hashed).transpose()?,
        },
    };
    Ok(OAuthGrant {
        id: row.parse(0)?,
        client: row.parse(1)?,
        user: row.parse(2)?,
        scopes: scopes(&row.text(3)?)?,
        authenticated_at: row.opt_time(4)?,
        code: hashed(row.bytes(5)?)?,
        stage,
        created_at: row.time(12)?,
        expires_at: row.time(13)?,
    })
}

/// One grant.
pub async fn find(reader: &Reader<'_>, id: OAuthGrantId) -> Result<Option<OAuthGrant>, Error> {
    reader.find(&GRANTS, id, read).await
}

/// All grants of a user.
pub async fn of_user(reader: &Reader<'_>, user: UserId) -> Result<Vec<OAuthGrant>, Error> {
    reader.matching(&GRANTS, "user_id = $2 ORDER BY created_at, id", &[user.into()], read).await
}

/// All grants to a client.
pub async fn of_client(reader: &Reader<'_>, client: OAuthClientId) -> Result<Vec<OAuthGrant>, Error> {
    reader.matching(&GRANTS, "client_id = $2 ORDER BY created_at, id", &[client.into()], read).await
}

/// Stores what happened to a grant.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<OAuthGrant>) -> Result<(), Error> {
    writer.store(&GRANTS, delta, values).await
}

fn consent_key(client: OAuthClientId, user: UserId) -> String {
    format!("{client} {user}")
}

/// What a user lets a client do without being asked again.
pub async fn consent(
    reader: &Reader<'_>,
    client: OAuthClientId,
    user: UserId,
) -> Result<Option<OAuthConsent>, Error> {
    reader.find(&CONSENTS, consent_key(client, user), read_consent).await
}

/// All that a user lets clients do without being asked again.
pub async fn consents_of_user(reader: &Reader<'_>, user: UserId) -> Result<Vec<OAuthConsent>, Error> {
    reader.matching(&CONSENTS, "user_id = $2 ORDER BY id", &[user.into()], read_consent).await
}

/// All that users let a client do without being asked again.
pub async fn consents_of_client(
    reader: &Reader<'_>,
    client: OAuthClientId,
) -> Result<Vec<OAuthConsent>, Error> {
    reader.matching(&CONSENTS, "client_id = $2 ORDER BY id", &[client.into()], read_consent).await
}

fn read_consent(row: &Row<'_>) -> Result<OAuthConsent, Error> {
    let (client, user) = (row.parse(1)?, row.parse(2)?);
    Ok(OAuthConsent { client, user, scopes: scopes(&row.text(3)?)?, at: row.time(4)? })
}

fn consent_values(consent: &OAuthConsent) -> [Value<'_>; 5] {
    [
        consent_key(consent.client, consent.user).into(),
        consent.client.into(),
        consent.user.into(),
        joined(&consent.scopes).into(),
        consent.at.into(),
    ]
}

/// Stores what happened to a consent.
pub async fn store_consent(writer: &mut Writer<'_>, delta: &Delta<OAuthConsent>) -> Result<(), Error> {
    writer.store(&CONSENTS, delta, consent_values).await
}
