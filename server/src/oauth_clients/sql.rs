//! How are OAuth clients stored?

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_engine::{
    change::Delta,
    filter::{ClientAttribute, Filter},
    ids::{OAuthClientId, TenantId, UserId},
    names::{Description, Setting, fold},
    oauth::{AppType, ClientSettings, KeyText, OAuthClient, Secret},
    scopes::ScopeName,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    db::{
        Found, Keyset, List, Parameters, Reader, Row, Sort, Sorts, System, Table, Test, Value, Writer, column,
    },
    error::Error,
};

/// What clients can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[
    ("clientId", &[Sort::up("id")]),
    ("clientName", &[Sort::up("name_fold")]),
    ("appType", &[Sort::up("app_type")]),
    ("tenantId", &[Sort::up("tenant_id")]),
    ("createdAt", &[Sort::up("created_at")]),
    ("updatedAt", &[Sort::up("updated_at")]),
];

static CLIENTS: LazyLock<Table<7>> = LazyLock::new(|| {
    Table::new(
        "oauth_clients",
        ["id", "name", "name_fold", "app_type", "document", "created_at", "updated_at"],
    )
});

/// Who made a client. Quotes in the texts of a document stand behind a backslash, so the member is found.
const CREATED_BY_TYPE: &str = r#"CASE WHEN document LIKE '%"owner":null%' THEN 'service' ELSE 'user' END"#;

/// What is in the document.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    description: Option<String>,
    logo_uri: Option<String>,
    client_uri: Option<String>,
    jwks_uri: Option<String>,
    redirect_uris: Vec<String>,
    allowed_origins: Vec<String>,
    allowed_scopes: Vec<String>,
    grant_types: Vec<String>,
    auth_methods: Vec<String>,
    public_keys: Vec<String>,
    consent: String,
    secrets: Vec<StoredSecret>,
    published_at: Option<i64>,
    owner: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredSecret {
    hint: String,
    hash: String,
    created_at: i64,
    created_by: Option<String>,
}

fn words(words: &[impl ToString]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

impl From<&OAuthClient> for Document {
    fn from(client: &OAuthClient) -> Self {
        let text = |setting: &Option<Setting>| setting.as_ref().map(Setting::to_string);
        let user = |user: Option<UserId>| user.map(|user| user.to_string());
        let secret = |secret: &Secret| StoredSecret {
            hint: secret.hint.clone(),
            hash: URL_SAFE_NO_PAD.encode(secret.hash),
            created_at: secret.created_at.as_millis(),
            created_by: user(secret.created_by),
        };
        Self {
            description: client.settings.description.as_ref().map(Description::to_string),
            logo_uri: text(&client.settings.logo_uri),
            client_uri: text(&client.settings.client_uri),
            jwks_uri: text(&client.settings.jwks_uri),
            redirect_uris: words(&client.settings.redirect_uris),
            allowed_origins: words(&client.settings.allowed_origins),
            allowed_scopes: words(&client.settings.allowed_scopes),
            grant_types: words(&client.settings.grant_types),
            auth_methods: words(&client.settings.auth_methods),
            public_keys: client.settings.public_keys.iter().map(|KeyText(key)| key.clone()).collect(),
            consent: client.settings.consent.to_string(),
            secrets: client.secrets.iter().map(secret).collect(),
            published_at: client.published_at.map(Timestamp::as_millis),
            owner: user(client.owner),
        }
    }
}

fn values(client: &OAuthClient) -> [Value<'_>; 7] {
    // Texts and numbers can always be written as JSON.
    let document = serde_json::to_string(&Document::from(client)).unwrap_or_default();
    [
        client.id.into(),
        client.settings.name.as_str().into(),
        fold(client.settings.name.as_str()).into(),
        client.settings.app_type.as_str().into(),
        document.into(),
        client.created_at.into(),
        client.updated_at.into(),
    ]
}

fn read(row: &Row<'_>) -> Result<OAuthClient, Error> {
    let document: Document = serde_json::from_str(&row.text(4)?).map_err(Error::internal)?;
    let settings = |texts: Vec<String>| texts.into_iter().map(Setting::stored).collect();
    let user = |id: Option<String>| id.and_then(|id| id.parse().ok());
    let secret = |secret: StoredSecret| -> Result<Secret, Error> {
        let hash = URL_SAFE_NO_PAD.decode(&secret.hash).map_err(Error::internal)?;
        Ok(Secret {
            hint: secret.hint,
            hash: hash.try_into().map_err(|_| Error::internal("a hash has 32 bytes"))?,
            created_at: Timestamp::from_millis(secret.created_at),
            created_by: user(secret.created_by),
        })
    };
    Ok(OAuthClient {
        id: row.parse(0)?,
        settings: ClientSettings {
            app_type: row.parse(3)?,
            name: Setting::stored(row.text(1)?),
            description: document.description.map(Description::stored),
            logo_uri: document.logo_uri.map(Setting::stored),
            client_uri: document.client_uri.map(Setting::stored),
            jwks_uri: document.jwks_uri.map(Setting::stored),
            redirect_uris: settings(document.redirect_uris),
            allowed_origins: settings(document.allowed_origins),
            allowed_scopes: parsed(&document.allowed_scopes, ScopeName::new)?,
            grant_types: parsed(&document.grant_types, str::parse)?,
            auth_methods: parsed(&document.auth_methods, str::parse)?,
            public_keys: document.public_keys.into_iter().map(KeyText).collect(),
            consent: document.consent.parse().map_err(Error::internal)?,
        },
        secrets: document.secrets.into_iter().map(secret).collect::<Result<_, _>>()?,
        published_at: document.published_at.map(Timestamp::from_millis),
        owner: user(document.owner),
        created_at: row.time(5)?,
        updated_at: row.time(6)?,
    })
}

fn parsed<T, E: std::error::Error + Send + Sync + 'static>(
    words: &[String],
    read: fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, Error> {
    words.iter().map(|word| read(word)).collect::<Result<_, _>>().map_err(Error::internal)
}

/// One client.
pub async fn find(reader: &Reader<'_>, id: OAuthClientId) -> Result<Option<OAuthClient>, Error> {
    reader.find(&CLIENTS, id, read).await
}

/// The tenant that has a client, if no other has one of the same identifier: those of operators are in several.
pub async fn only_tenant_of(system: &System<'_>, id: OAuthClientId) -> Result<Option<TenantId>, Error> {
    let sql = "SELECT tenant_id FROM oauth_clients WHERE id = $1 LIMIT 2";
    let two = system.all(sql, &[id.into()], |row| row.parse(0)).await?;
    Ok(if let [only] = *two { Some(only) } else { None })
}

/// How many clients there are.
pub async fn count(reader: &Reader<'_>) -> Result<usize, Error> {
    let count = reader.count("SELECT count(*) FROM oauth_clients WHERE tenant_id = $1", &[]).await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// A page of the clients that a filter selects.
pub async fn page(
    reader: &Reader<'_>,
    filter: Option<&Filter<ClientAttribute>>,
    keyset: &Keyset,
) -> Result<Found<OAuthClient>, Error> {
    let mut list = List::of(&CLIENTS);
    list.filter(filter, &compare);
    list.page(reader, keyset, read).await
}

fn compare(attribute: ClientAttribute, test: Test<'_>, parameters: &mut Parameters) -> String {
    match attribute {
        ClientAttribute::ClientId => column("id", test, parameters),
        ClientAttribute::ClientName => column("name_fold", test, parameters),
        ClientAttribute::AppType => column("app_type", test, parameters),
        ClientAttribute::TenantId => column("lower(tenant_id)", test, parameters),
        ClientAttribute::CreatedByType => column(CREATED_BY_TYPE, test, parameters),
    }
}

/// Whether pages of an origin are programs that the tenant has a client for.
pub async fn any_allows(reader: &Reader<'_>, origin: &str) -> Result<bool, Error> {
    let clients = reader.matching(&CLIENTS, "app_type = $2", &[AppType::Spa.as_str().into()], read).await?;
    let mut origins = clients.iter().flat_map(|client| &client.settings.allowed_origins);
    Ok(origins.any(|known| known.as_str() == origin))
}

/// Stores what happened to a client. With a client go its tokens.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<OAuthClient>) -> Result<(), Error> {
    writer.store(&CLIENTS, delta, values).await
}
