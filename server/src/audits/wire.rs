//! What do events of the trail look like outside? (reference/rest-api.md §10)

use rolecall_engine::{
    audits::{Day, RETENTION},
    ids::TenantId,
    time::Timestamp,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{
    id::EventId,
    sql::{Kept, Selection},
};
use crate::{
    error::Error,
    http::query::Pairs,
    links::{Links, SelfLink},
};

/// An event as the archive has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArchivedEvent {
    /// A UUID; the same as `id` while the event has one.
    pub event_id: String,
    /// What happened, for example `com.qlik.core.role.updated`.
    pub event_type: String,
    /// Always `1.0`.
    pub event_type_version: String,
    /// When.
    pub event_time: String,
    /// The part of the product it comes from.
    pub source: String,
    /// The user who did it; none where no user did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The tenant.
    pub tenant_id: String,
    /// Always `application/json`.
    pub content_type: String,
    /// The thing as it is since, or was if it is gone.
    pub data: Value,
    /// What else there is to say.
    pub extensions: Extensions,
}

/// What else there is to say of an event.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Extensions {
    /// The program that acted, for the user or by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The user whom the thing belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// The space it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub space_id: Option<String>,
    /// The thing that it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_level_resource_id: Option<String>,
    /// What was changed: `path`, `oldValue` and `newValue` of each member that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updates: Option<Vec<Value>>,
    /// Why, if the request said so. Rolecall's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The number of the request. Rolecall's own.
    pub trace_id: String,
}

/// A program that acted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// The identifier of the OAuth client, or of the identity provider whose program it is.
    pub sub: String,
    /// `client` or `identityProvider`.
    pub sub_type: &'static str,
}

/// An event.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditEvent {
    /// A UUID.
    pub id: String,
    /// What happened.
    #[serde(flatten)]
    pub event: ArchivedEvent,
    /// Where it is.
    pub links: SelfLink,
}

/// How long events are kept.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditSettings {
    /// The settings.
    pub data: Retention,
}

/// How long events are kept.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Retention {
    /// Seconds until an event is in the archive only.
    #[serde(rename = "EventTTL")]
    pub event_ttl: i64,
    /// Whether there is an archive.
    pub archive_enabled: bool,
}

impl AuditSettings {
    pub const fn new() -> Self {
        Self { data: Retention { event_ttl: RETENTION.as_millis() / 1000, archive_enabled: true } }
    }
}

impl ArchivedEvent {
    /// # Errors
    /// When what is kept is no JSON.
    pub fn new(row: Kept, tenant: TenantId) -> Result<Self, Error> {
        let event_id = EventId::of(tenant, &row).to_string();
        let Kept {
            event_type, source, at, actor: user, client, provider, trace, reason, data, updates, ..
        } = row;
        let data: Value = serde_json::from_str(&data).map_err(Error::internal)?;
        let updates = updates.map(|updates| serde_json::from_str(&updates)).transpose();
        let by = |sub_type| move |sub| Actor { sub, sub_type };
        let actor = (client.map(by("client"))).or_else(|| provider.map(by("identityProvider")));
        let (space, top_level) = space(&event_type, &data);
        Ok(Self {
            event_id,
            event_type_version: "1.0".to_owned(),
            event_time: Timestamp::from_millis(at).to_string(),
            source,
            user_id: user,
            tenant_id: tenant.to_string(),
            content_type: "application/json".to_owned(),
            extensions: Extensions {
                actor,
                owner_id: owner(&data),
                space_id: space,
                top_level_resource_id: top_level,
                updates: updates.map_err(Error::internal)?,
                reason,
                trace_id: trace,
            },
            event_type,
            data,
        })
    }
}

impl AuditEvent {
    /// # Errors
    /// As [`ArchivedEvent::new`].
    pub fn new(row: Kept, tenant: TenantId, links: &Links) -> Result<Self, Error> {
        let event = ArchivedEvent::new(row, tenant)?;
        let id = event.event_id.clone();
        let links = links.to(format_args!("/api/v1/audits/{id}")).into();
        Ok(Self { id, event, links })
    }
}

fn text(data: &Value, member: &str) -> Option<String> {
    data.get(member)?.as_str().map(str::to_owned)
}

/// Whom a thing belongs to, by the member that says so in things of its kind.
fn owner(data: &Value) -> Option<String> {
    let named = ["ownerId", "resourceOwner", "userId"].iter().find_map(|member| text(data, member));
    let key = || text(data, "sub").filter(|_| data.get("subType").is_some_and(|kind| kind == "user"));
    named.or_else(key)
}

/// The space that a thing is or is in, and the same once more where it is a part of it.
fn space(event_type: &str, data: &Value) -> (Option<String>, Option<String>) {
    match text(data, "spaceId") {
        Some(space) => (Some(space.clone()), Some(space)),
        None if event_type.starts_with("com.qlik.v1.space.") => (text(data, "id"), None),
        None => (None, None),
    }
}

/// Identifiers that a list is asked for at most.
const IDS: usize = 100;

/// Which events a request asks for.
///
/// # Errors
/// When `eventTime` is no interval, or there are too many identifiers.
pub fn selection(pairs: &Pairs) -> Result<Selection, Error> {
    let text = |name| pairs.get(name).map(str::to_owned);
    Ok(Selection {
        time: pairs.get("eventTime").map(interval).transpose()?,
        event_type: text("eventType"),
        source: text("source"),
        user: text("userId"),
        ids: pairs.get("id").map(ids).transpose()?,
    })
}

/// What is not well-formed names nothing.
fn ids(list: &str) -> Result<Vec<EventId>, Error> {
    if list.split(',').count() > IDS {
        return Err(Error::at_parameter("id", format!("must not be more than {IDS} identifiers")));
    }
    Ok(list.split(',').filter_map(|id| id.trim().parse().ok()).collect())
}

/// Two points in time with a slash between (ISO 8601 §5.5).
fn interval(text: &str) -> Result<(Timestamp, Timestamp), Error> {
    let wrong = |why: &dyn std::fmt::Display| Error::at_parameter("eventTime", why);
    let form = "must be two points in time, for example `2026-11-24T08:00:00Z/2026-11-24T09:00:00Z`";
    let (from, until) = text.split_once('/').ok_or_else(|| wrong(&form))?;
    let from: Timestamp = from.parse().map_err(|error| wrong(&error))?;
    let until: Timestamp = until.parse().map_err(|error| wrong(&error))?;
    if until < from {
        return Err(wrong(&"must not end before it begins"));
    }
    Ok((from, until))
}

/// From when on and before when events are asked for, in milliseconds since 1970: points in time, or days that begin.
///
/// # Errors
/// When one is neither, or the second lies before the first.
pub fn span(pairs: &Pairs) -> Result<(i64, i64), Error> {
    let millis = |name| {
        let day = pairs.get(name).and_then(|text| text.parse::<Day>().ok()).map(Day::begins);
        let time = day.map_or_else(|| pairs.parse::<Timestamp>(name), |begin| Ok(Some(begin)))?;
        Ok::<_, Error>(time.map(Timestamp::as_millis))
    };
    let (from, until) = (millis("from")?.unwrap_or(i64::MIN), millis("to")?.unwrap_or(i64::MAX));
    if until < from {
        Err(Error::at_parameter("to", "must not lie before `from`"))
    } else {
        Ok((from, until))
    }
}
