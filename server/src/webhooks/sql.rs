//! How are webhooks stored?

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rolecall_engine::{
    access::Revision,
    change::{Delta, Stamps},
    events::{EventLevel, EventType},
    identity_providers::Sealed,
    ids::{UserId, WebhookId},
    names::{Description, Setting, WebhookName, fold},
    time::Timestamp,
    webhooks::{Disabled, EventFilter, Header, Webhook, WebhookSettings, WebhookStanding},
};
use serde::{Deserialize, Serialize};

use crate::{
    db::{Found, Keyset, List, Parameters, Reader, Row, Sort, Sorts, Table, Value, Writer},
    error::Error,
    webhook_deliveries::sql as deliveries,
};

/// What webhooks can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[
    ("name", &[Sort::up("name_fold")]),
    ("url", &[Sort::up("url_fold")]),
    ("createdAt", &[Sort::up("created_at")]),
    ("updatedAt", &[Sort::up("updated_at")]),
];

static WEBHOOKS: LazyLock<Table<15>> = LazyLock::new(|| {
    let columns = [
        "id",
        "name",
        "name_fold",
        "url",
        "url_fold",
        "level",
        "owner_id",
        "enabled",
        "origin",
        "event_types",
        "document",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
    ];
    Table::new("webhooks", columns)
});

/// What is in the document.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    description: Option<String>,
    filter: Option<String>,
    headers: Vec<(String, String)>,
    encrypted_headers: Vec<(String, String)>,
    secret: Option<String>,
    earlier_secret: Option<(String, i64)>,
    cloud_events: bool,
    checks_revocation: bool,
    since: i64,
    disabled: Option<(String, String)>,
}

fn text(Sealed(bytes): &Sealed) -> String {
    STANDARD.encode(bytes)
}

fn sealed(text: &str) -> Result<Sealed, Error> {
    STANDARD.decode(text).map(Sealed).map_err(Error::internal)
}

impl From<&Webhook> for Document {
    fn from(webhook: &Webhook) -> Self {
        let settings = &webhook.settings;
        let header = |header: &Header<String>| (header.name.clone(), header.value.clone());
        let encrypted = |header: &Header<Sealed>| (header.name.clone(), text(&header.value));
        let earlier = webhook.earlier_secret.as_ref();
        Self {
            description: settings.description.as_ref().map(Description::to_string),
            filter: settings.filter.as_ref().map(|filter| filter.as_str().to_owned()),
            headers: settings.headers.iter().map(header).collect(),
            encrypted_headers: settings.encrypted_headers.iter().map(encrypted).collect(),
            secret: settings.secret.as_ref().map(text),
            earlier_secret: earlier.map(|(secret, until)| (text(secret), until.as_millis())),
            cloud_events: settings.cloud_events,
            checks_revocation: settings.checks_revocation,
            since: webhook.since.0,
            disabled: webhook.disabled.as_ref().map(|why| (why.code.clone(), why.reason.clone())),
        }
    }
}

fn types(webhook: &Webhook) -> impl Iterator<Item = &'static str> {
    webhook.settings.event_types.iter().map(|kind| kind.name)
}

fn values(webhook: &Webhook) -> [Value<'_>; 15] {
    let settings = &webhook.settings;
    [
        webhook.id.into(),
        settings.name.as_str().into(),
        fold(settings.name.as_str()).into(),
        settings.url.as_str().into(),
        fold(settings.url.as_str()).into(),
        webhook.level.as_str().into(),
        webhook.owner.into(),
        settings.enabled.into(),
        webhook.origin.as_str().into(),
        types(webhook).collect::<Vec<_>>().join(" ").into(),
        // Texts and numbers can always be written as JSON.
        serde_json::to_string(&Document::from(webhook)).unwrap_or_default().into(),
        webhook.stamps.created_at.into(),
        webhook.stamps.created_by.into(),
        webhook.stamps.updated_at.into(),
        webhook.stamps.updated_by.into(),
    ]
}

fn read(row: &Row<'_>) -> Result<Webhook, Error> {
    let document: Document = serde_json::from_str(&row.text(10)?).map_err(Error::internal)?;
    let encrypted = |(name, value): (String, String)| Ok(Header { name, value: sealed(&value)? });
    let earlier = document
        .earlier_secret
        .map(|(secret, until)| sealed(&secret).map(|secret| (secret, Timestamp::from_millis(until))));
    let filter = document.filter.as_deref().map(EventFilter::new).transpose();
    Ok(Webhook {
        id: row.parse(0)?,
        level: row.parse(5)?,
        owner: row.parse(6)?,
        origin: row.parse(8)?,
        settings: WebhookSettings {
            name: WebhookName::stored(row.text(1)?),
            description: document.description.map(Description::stored),
            url: Setting::stored(row.text(3)?),
            // A type that there is no more is told to nobody.
            event_types: row.text(9)?.split_whitespace().filter_map(EventType::named).collect(),
            filter: filter.map_err(Error::internal)?,
            enabled: row.boolean(7)?,
            headers: document.headers.into_iter().map(|(name, value)| Header { name, value }).collect(),
            encrypted_headers: document
                .encrypted_headers
                .into_iter()
                .map(encrypted)
                .collect::<Result<_, Error>>()?,
            secret: document.secret.as_deref().map(sealed).transpose()?,
            cloud_events: document.cloud_events,
            checks_revocation: document.checks_revocation,
        },
        since: Revision(document.since),
        earlier_secret: earlier.transpose()?,
        disabled: document.disabled.map(|(code, reason)| Disabled { code, reason }),
        stamps: Stamps {
            created_at: row.time(11)?,
            created_by: row.opt_parse(12)?,
            updated_at: row.time(13)?,
            updated_by: row.opt_parse(14)?,
        },
    })
}

/// What a list of webhooks is narrowed to.
#[derive(Debug, Default)]
pub struct Selection {
    pub created_by: Option<String>,
    pub updated_by: Option<String>,
    pub owner: Option<String>,
    pub enabled: Option<bool>,
    /// One of these; none for any.
    pub event_types: Vec<String>,
    pub level: Option<EventLevel>,
    /// With `*` for any characters.
    pub name: Option<String>,
    pub url: Option<String>,
    /// One of these; none for any.
    pub origins: Vec<String>,
}

/// One webhook.
pub async fn find(reader: &Reader<'_>, id: WebhookId) -> Result<Option<Webhook>, Error> {
    reader.find(&WEBHOOKS, id, read).await
}

/// The webhooks of level `user` of somebody, the oldest first. There are few.
pub async fn of_user(reader: &Reader<'_>, owner: UserId) -> Result<Vec<Webhook>, Error> {
    let sql = "owner_id = $2 AND level = 'user' ORDER BY id";
    reader.matching(&WEBHOOKS, sql, &[owner.into()], read).await
}

/// How many webhooks of level `tenant` there are.
pub async fn count_of_tenant(reader: &Reader<'_>) -> Result<usize, Error> {
    let sql = "SELECT count(*) FROM webhooks WHERE tenant_id = $1 AND level = 'tenant'";
    reader.count(sql, &[]).await.map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

/// The webhooks that may be told of events of a type about what belongs to somebody.
pub async fn listening(
    reader: &Reader<'_>,
    kind: &str,
    whose: Option<UserId>,
) -> Result<Vec<Webhook>, Error> {
    let whose = whose.map(|user| user.to_string()).unwrap_or_default();
    let sql = "enabled = 1 AND (level = 'tenant' OR owner_id = $3) AND id IN
               (SELECT webhook_id FROM webhook_event_types WHERE tenant_id = $1 AND event_type = $2) ORDER BY id";
    reader.matching(&WEBHOOKS, sql, &[kind.into(), whose.into()], read).await
}

/// A page of the webhooks that somebody sees.
pub async fn page(
    reader: &Reader<'_>,
    selection: &Selection,
    who: &WebhookStanding,
    keyset: &Keyset,
) -> Result<Found<Webhook>, Error> {
    let mut list = List::of(&WEBHOOKS);
    if !who.administers {
        list.and(|parameters| format!("level = 'user' AND owner_id = {}", parameters.add(who.user)));
    }
    let Selection { created_by, updated_by, owner, enabled, event_types, level, name, url, origins } =
        selection;
    let level = level.map(|level| level.as_str().to_owned());
    for (column, wanted) in
        [("created_by", created_by), ("updated_by", updated_by), ("owner_id", owner), ("level", &level)]
    {
        if let Some(wanted) = wanted {
            list.and(|parameters| format!("{column} = {}", parameters.add(wanted.clone())));
        }
    }
    if let Some(enabled) = enabled {
        list.and(|parameters| format!("enabled = {}", parameters.add(*enabled)));
    }
    for (column, pattern) in [("name_fold", name), ("url_fold", url)] {
        if let Some(pattern) = pattern {
            list.and(|parameters| like(column, pattern, parameters));
        }
    }
    if !event_types.is_empty() {
        list.and(|parameters| {
            let one = any("event_type", event_types, parameters);
            format!("id IN (SELECT webhook_id FROM webhook_event_types WHERE tenant_id = $1 AND {one})")
        });
    }
    if !origins.is_empty() {
        list.and(|parameters| any("origin", origins, parameters));
    }
    list.page(reader, keyset, read).await
}

/// Whether a column has one of these texts. There are few.
fn any(column: &str, texts: &[String], parameters: &mut Parameters) -> String {
    let places: Vec<String> = texts.iter().map(|text| parameters.add(text.clone())).collect();
    format!("{column} IN ({})", places.join(", "))
}

/// Whether a folded column is like a pattern, in which `*` stands for any characters.
fn like(column: &str, pattern: &str, parameters: &mut Parameters) -> String {
    let mut escaped = String::with_capacity(pattern.len());
    for c in fold(pattern).chars() {
        match c {
            '*' => escaped.push('%'),
            '%' | '_' | '\\' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    format!("{column} LIKE {} ESCAPE '\\'", parameters.add(escaped))
}

/// Stores what happened to a webhook. What waits for it is sent in the new way, or not at all.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<Webhook>) -> Result<(), Error> {
    writer.store(&WEBHOOKS, delta, values).await?;
    let id = delta.latest().id;
    let Some(after) = delta.after() else { return deliveries::forget_queue(writer, id).await };
    if delta.before().is_none_or(|before| before.settings.event_types != after.settings.event_types) {
        let types = types(after).map(|kind| [Value::from(kind)]);
        writer.replace_list("webhook_event_types", ("webhook_id", id.into()), ["event_type"], types).await?;
    }
    deliveries::renew_queue(writer, id, after.stamps.updated_at).await
}
