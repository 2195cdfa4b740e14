//! What do webhooks look like outside? (reference/events.md §4)

use std::collections::BTreeMap;

use rolecall_engine::events;
use rolecall_engine::{
    events::{EVENT_TYPES, EventLevel},
    names::{Description, Setting, WebhookName},
    webhooks::{self, EventFilter, Header, NewSecret, WebhookOrigin, headers},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Given, GivenOp};
use crate::{
    error::Error,
    http::patch::{Form, Operation, Operations, of},
};

/// What stands in place of values that nobody is shown.
pub const OMITTED: &str = "**OMITTED**";
/// Characters of the longest description.
const DESCRIPTION: usize = 1024;
/// Types of events of a webhook.
const TYPES: usize = 100;

/// Where events are sent.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the contract has them")]
pub struct Webhook {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where events are sent.
    pub url: String,
    /// `tenant` or `user`: whose events.
    pub level: String,
    /// The types of events that are sent.
    pub event_types: Vec<String>,
    /// Which of them (RFC 7644 §3.4.2.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Whether any are sent.
    pub enabled: bool,
    /// Headers that are sent too.
    pub headers: BTreeMap<String, String>,
    /// The same whose values nobody is shown.
    pub encrypted_headers: BTreeMap<String, String>,
    /// Whether there is a secret that deliveries are signed by.
    pub secret_key_added: bool,
    /// Kept: events are always sent as CloudEvents.
    pub enable_cloud_event_delivery: bool,
    /// Kept.
    pub check_certificate_revocation: bool,
    /// What it was made with.
    pub origin: String,
    /// Who made it first.
    pub owner_id: String,
    /// When it was made.
    pub created_at: String,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by_user_id: Option<String>,
    /// When it was last changed.
    pub updated_at: String,
    /// Who changed it last; nobody if that was Rolecall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_by_user_id: Option<String>,
    /// Why Rolecall switched it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    /// The same for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_reason_code: Option<String>,
}

impl From<&webhooks::Webhook> for Webhook {
    fn from(webhook: &webhooks::Webhook) -> Self {
        let (settings, stamps) = (&webhook.settings, &webhook.stamps);
        let plain = settings.headers.iter().map(|header| (header.name.clone(), header.value.clone()));
        let encrypted =
            settings.encrypted_headers.iter().map(|header| (header.name.clone(), OMITTED.to_owned()));
        Self {
            id: webhook.id.to_string(),
            name: settings.name.to_string(),
            description: settings.description.as_ref().map(Description::to_string),
            url: settings.url.to_string(),
            level: webhook.level.to_string(),
            event_types: settings.event_types.iter().map(|kind| kind.name.to_owned()).collect(),
            filter: settings.filter.as_ref().map(|filter| filter.as_str().to_owned()),
            enabled: settings.enabled,
            headers: plain.collect(),
            encrypted_headers: encrypted.collect(),
            secret_key_added: settings.secret.is_some(),
            enable_cloud_event_delivery: settings.cloud_events,
            check_certificate_revocation: settings.checks_revocation,
            origin: webhook.origin.to_string(),
            owner_id: webhook.owner.to_string(),
            created_at: stamps.created_at.to_string(),
            created_by_user_id: stamps.created_by.map(|user| user.to_string()),
            updated_at: stamps.updated_at.to_string(),
            updated_by_user_id: stamps.updated_by.map(|user| user.to_string()),
            disabled_reason: webhook.disabled.as_ref().map(|why| why.reason.clone()),
            disabled_reason_code: webhook.disabled.as_ref().map(|why| why.code.clone()),
        }
    }
}

/// A webhook to be made, or what is put in place of one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewWebhook {
    /// 1 to 512 characters.
    name: String,
    /// At most 1024 characters.
    description: Option<String>,
    /// An `https` address of a public machine, at most 2048 characters.
    url: String,
    /// `tenant` if not given, or `user`; it stays as it is once made.
    level: Option<String>,
    /// See `/api/v1/webhooks/event-types`.
    #[serde(default)]
    event_types: Vec<String>,
    /// `eq` and `ne`, `and` and `or`, on `id`, `spaceId` and `topLevelResourceId`.
    filter: Option<String>,
    /// Whether events are sent.
    #[serde(default)]
    enabled: bool,
    /// At most 2048 bytes.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// At most 2048 bytes.
    #[serde(default)]
    encrypted_headers: BTreeMap<String, String>,
    /// 32 to 64 characters of ASCII.
    secret: Option<String>,
    /// Cannot be switched off again.
    enable_cloud_event_delivery: Option<bool>,
    /// Kept.
    #[serde(default)]
    check_certificate_revocation: bool,
    /// `api` if not given, `automations` or `management-console`.
    origin: Option<String>,
}

impl NewWebhook {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self) -> Result<(Option<EventLevel>, WebhookOrigin, Given), Error> {
        let level = word(self.level.as_deref(), "/level")?;
        let origin = word(self.origin.as_deref(), "/origin")?.unwrap_or(WebhookOrigin::Api);
        let filter = self.filter.as_deref().map(EventFilter::new).transpose();
        let given = Given {
            name: name(&self.name, "/name")?,
            description: self.description.map(|text| description(&text, "/description")).transpose()?,
            url: url(&self.url, "/url")?,
            event_types: event_types(&self.event_types, "/eventTypes")?,
            filter: filter
                .map_err(|error| Error::at_pointer("/filter", format!("the filter is wrong {error}")))?,
            enabled: self.enabled,
            headers: read_headers(self.headers, "/headers")?,
            encrypted_headers: encrypted(self.encrypted_headers, "/encryptedHeaders")?,
            secret: self.secret.map(|text| secret(&text, "/secret")).transpose()?,
            cloud_events: self.enable_cloud_event_delivery.unwrap_or(true),
            checks_revocation: self.check_certificate_revocation,
        };
        Ok((level, origin, given))
    }
}

fn word<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: Option<&str>,
    at: &str,
) -> Result<Option<T>, Error> {
    text.map(str::parse).transpose().map_err(|error| Error::at_pointer(at, error))
}

fn name(text: &str, at: &str) -> Result<WebhookName, Error> {
    WebhookName::new(text).map_err(|error| Error::at_pointer(at, error))
}

fn description(text: &str, at: &str) -> Result<Description, Error> {
    if text.chars().count() > DESCRIPTION {
        let most = format!("must not have more than {DESCRIPTION} characters");
        return Err(Error::at_pointer(at, most));
    }
    Description::new(text).map_err(|error| Error::at_pointer(at, error))
}

fn url(text: &str, at: &str) -> Result<Setting, Error> {
    Setting::new(text).map_err(|error| Error::at_pointer(at, error))
}

fn secret(text: &str, at: &str) -> Result<NewSecret, Error> {
    NewSecret::new(text).map_err(|error| Error::at_pointer(at, error))
}

/// Types of events, each once.
fn event_types(names: &[String], at: &str) -> Result<Vec<&'static events::EventType>, Error> {
    if names.len() > TYPES {
        return Err(Error::at_pointer(at, format!("must not be more than {TYPES}")));
    }
    let mut types: Vec<&'static events::EventType> = Vec::with_capacity(names.len());
    for (n, name) in names.iter().enumerate() {
        let kind = events::EventType::named(name).ok_or_else(|| {
            let unknown = format!("there is no type `{name}`; see `/api/v1/webhooks/event-types`");
            Error::at_pointer(format!("{at}/{n}"), unknown)
        })?;
        if !types.contains(&kind) {
            types.push(kind);
        }
    }
    Ok(types)
}

fn read_headers(all: BTreeMap<String, String>, at: &str) -> Result<Vec<Header<String>>, Error> {
    headers(all).map_err(|(name, error)| {
        let name = name.replace('~', "~0").replace('/', "~1");
        Error::at_pointer(format!("{at}/{name}"), error)
    })
}

/// Headers whose values nobody is shown: what is shown in their place is none.
fn encrypted(all: BTreeMap<String, String>, at: &str) -> Result<Vec<Header<String>>, Error> {
    if all.values().any(|value| value == OMITTED) {
        return Err(Error::at_pointer(at, format!("send the values themselves, not `{OMITTED}`")));
    }
    read_headers(all, at)
}

impl Operations for GivenOp {
    const FORMS: &'static [Form] = &[
        ("add", "/name", of::<String>),
        ("replace", "/name", of::<String>),
        ("add", "/description", of::<String>),
        ("replace", "/description", of::<String>),
        ("remove", "/description", of::<Option<String>>),
        ("add", "/url", of::<String>),
        ("replace", "/url", of::<String>),
        ("add", "/eventTypes", of::<Vec<String>>),
        ("replace", "/eventTypes", of::<Vec<String>>),
        ("remove", "/eventTypes", of::<Option<Vec<String>>>),
        ("add", "/headers", of::<BTreeMap<String, String>>),
        ("replace", "/headers", of::<BTreeMap<String, String>>),
        ("remove", "/headers", of::<Option<BTreeMap<String, String>>>),
        ("add", "/encryptedHeaders", of::<BTreeMap<String, String>>),
        ("replace", "/encryptedHeaders", of::<BTreeMap<String, String>>),
        ("remove", "/encryptedHeaders", of::<Option<BTreeMap<String, String>>>),
        ("add", "/enabled", of::<bool>),
        ("replace", "/enabled", of::<bool>),
        ("remove", "/enabled", of::<Option<bool>>),
        ("add", "/secret", of::<String>),
        ("replace", "/secret", of::<String>),
        ("remove", "/secret", of::<Option<String>>),
        ("add", "/enableCloudEventDelivery", of::<bool>),
        ("replace", "/enableCloudEventDelivery", of::<bool>),
        ("remove", "/enableCloudEventDelivery", of::<Option<bool>>),
    ];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        let at = operation.place();
        Ok(Some(match operation.form() {
            ("remove", path) => return Ok(Self::removing(path)),
            (_, "/name") => Self::Name(name(&operation.value::<String>()?, &at)?),
            (_, "/description") => Self::Description(Some(description(&operation.value::<String>()?, &at)?)),
            (_, "/url") => Self::Url(url(&operation.value::<String>()?, &at)?),
            (_, "/eventTypes") => Self::EventTypes(event_types(&operation.value::<Vec<String>>()?, &at)?),
            (_, "/headers") => Self::Headers(read_headers(operation.value()?, &at)?),
            (_, "/encryptedHeaders") => Self::EncryptedHeaders(encrypted(operation.value()?, &at)?),
            (_, "/enabled") => Self::Enabled(operation.value()?),
            (_, "/secret") => Self::Secret(Some(secret(&operation.value::<String>()?, &at)?)),
            (_, "/enableCloudEventDelivery") => Self::CloudEvents(operation.value()?),
            _ => return Ok(None),
        }))
    }
}

impl GivenOp {
    /// What it is to take a member away.
    fn removing(path: &str) -> Option<Self> {
        Some(match path {
            "/description" => Self::Description(None),
            "/eventTypes" => Self::EventTypes(Vec::new()),
            "/headers" => Self::Headers(Vec::new()),
            "/encryptedHeaders" => Self::EncryptedHeaders(Vec::new()),
            "/enabled" => Self::Enabled(false),
            "/secret" => Self::Secret(None),
            "/enableCloudEventDelivery" => Self::CloudEvents(false),
            _ => return None,
        })
    }
}

/// The types of events there are.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EventTypes {
    data: Vec<EventType>,
}

/// A type of events.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EventType {
    /// The name, for example `com.qlik.core.role.created`.
    name: &'static str,
    /// The same for people.
    title: &'static str,
    /// What it is about.
    category: &'static str,
    /// What is told.
    description: String,
    /// The levels of webhooks that may be told: `tenant`, `user`.
    levels: Vec<&'static str>,
}

impl EventTypes {
    /// All of them.
    pub fn all() -> Self {
        let levels = [EventLevel::Tenant, EventLevel::User];
        let shown = |kind: &events::EventType| EventType {
            name: kind.name,
            title: kind.title,
            category: kind.category,
            description: match kind.core {
                Some(core) => format!("Sent beside `{core}`, for those who know the older name"),
                None => kind.title.to_owned(),
            },
            levels: levels.into_iter().filter(|level| kind.is_for(*level)).map(EventLevel::as_str).collect(),
        };
        Self { data: EVENT_TYPES.iter().map(shown).collect() }
    }
}
