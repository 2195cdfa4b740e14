//! How are API keys stored? Only what is known about them; a token is nowhere.

use std::sync::LazyLock;

use rolecall_engine::{
    api_keys::{ApiKey, KeyStatus, KeySubject},
    change::Delta,
    ids::{ApiKeyId, UserId},
    names::Description,
    time::Timestamp,
};

use crate::{
    db::{Found, Keyset, List, Reader, Row, Sort, Sorts, Table, Value, Writer},
    error::Error,
};

/// What keys can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[
    ("createdByUser", &[Sort::up("created_by")]),
    ("sub", &[Sort::up("subject")]),
    // Active keys end later than expired ones, and revoked keys come behind both.
    ("status", &[Sort::up("revoked"), Sort::down("expires_at")]),
    ("description", &[Sort::up("description")]),
    ("created", &[Sort::up("created_at")]),
];

static API_KEYS: LazyLock<Table<9>> = LazyLock::new(|| {
    Table::new(
        "api_keys",
        [
            "id",
            "subject_type",
            "subject",
            "description",
            "revoked",
            "expires_at",
            "created_at",
            "created_by",
            "updated_at",
        ],
    )
});

const USER: &str = "user";
const EXTERNAL_CLIENT: &str = "externalClient";

fn values(key: &ApiKey) -> [Value<'_>; 9] {
    let (subject_type, subject) = match &key.subject {
        KeySubject::User(user) => (USER, user.to_string()),
        KeySubject::ExternalClient(client) => (EXTERNAL_CLIENT, client.to_string()),
    };
    [
        key.id.into(),
        subject_type.into(),
        subject.into(),
        key.description.as_str().into(),
        key.revoked.into(),
        key.expires_at.into(),
        key.created_at.into(),
        key.created_by.map(|user| user.to_string()).unwrap_or_default().into(),
        key.updated_at.into(),
    ]
}

fn read(row: &Row<'_>) -> Result<ApiKey, Error> {
    let subject = match row.text(1)?.as_str() {
        USER => KeySubject::User(row.parse(2)?),
        _ => KeySubject::ExternalClient(row.parse(2)?),
    };
    Ok(ApiKey {
        id: row.parse(0)?,
        subject,
        description: Description::stored(row.text(3)?),
        revoked: row.boolean(4)?,
        expires_at: row.time(5)?,
        created_at: row.time(6)?,
        created_by: row.text(7)?.parse().ok(),
        updated_at: row.time(8)?,
    })
}

/// One key.
pub async fn find(reader: &Reader<'_>, id: ApiKeyId) -> Result<Option<ApiKey>, Error> {
    reader.find(&API_KEYS, id, read).await
}

/// All keys of a user.
pub async fn of_user(reader: &Reader<'_>, user: UserId) -> Result<Vec<ApiKey>, Error> {
    let condition = "subject_type = 'user' AND subject = $2 ORDER BY created_at, id";
    reader.matching(&API_KEYS, condition, &[user.into()], read).await
}

/// What a list of keys is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Narrowed {
    /// Keys that speak for this subject.
    pub subject: Option<String>,
    /// Keys that this user made.
    pub created_by: Option<String>,
    /// Keys with this status.
    pub status: Option<KeyStatus>,
}

/// A page of the keys that are left when all of these are applied.
pub async fn page(
    reader: &Reader<'_>,
    narrowed: Narrowed,
    now: Timestamp,
    keyset: &Keyset,
) -> Result<Found<ApiKey>, Error> {
    let mut list = List::of(&API_KEYS);
    if let Some(subject) = narrowed.subject {
        list.and(|parameters| format!("subject = {}", parameters.add(subject)));
    }
    if let Some(user) = narrowed.created_by {
        list.and(|parameters| format!("created_by = {}", parameters.add(user)));
    }
    if let Some(status) = narrowed.status {
        list.and(|parameters| match status {
            KeyStatus::Active => format!("revoked = 0 AND expires_at > {}", parameters.add(now)),
            KeyStatus::Expired => format!("revoked = 0 AND expires_at <= {}", parameters.add(now)),
            KeyStatus::Revoked => String::from("revoked = 1"),
        });
    }
    list.page(reader, keyset, read).await
}

/// Stores what happened to a key.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<ApiKey>) -> Result<(), Error> {
    writer.store(&API_KEYS, delta, values).await
}
