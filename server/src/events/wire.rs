//! What does an event look like outside? (CloudEvents 1.0, reference/events.md §1)

use rolecall_engine::{
    events::{EventType, source_of},
    ids::TenantId,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::sql::Happened;
use crate::error::Error;

/// An event.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CloudEvent {
    /// `1.0`
    pub specversion: &'static str,
    /// The same whenever and wherever this event is told.
    pub id: String,
    /// Which part of the product it is from.
    pub source: &'static str,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// When.
    pub time: String,
    /// `application/json`
    pub datacontenttype: &'static str,
    /// The tenant it happened in.
    pub tenantid: String,
    /// Whose doing it was, if it was a user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userid: Option<String>,
    /// The thing as it is now, or was; `_updates` has what differs from before.
    pub data: Value,
}

impl CloudEvent {
    /// An event of the trail.
    ///
    /// # Errors
    /// When what the trail has is not JSON.
    pub fn new(tenant: TenantId, happened: &Happened) -> Result<Self, Error> {
        let mut data: Value = serde_json::from_str(&happened.data).map_err(Error::internal)?;
        if let (Some(updates), Some(members)) = (&happened.updates, data.as_object_mut()) {
            let updates = serde_json::from_str(updates).map_err(Error::internal)?;
            members.insert("_updates".to_owned(), updates);
        }
        Ok(Self {
            specversion: "1.0",
            id: format!("{tenant}-{}", happened.place),
            source: source_of(&happened.kind),
            kind: happened.kind.clone(),
            time: happened.at.to_string(),
            datacontenttype: "application/json",
            tenantid: tenant.to_string(),
            userid: happened.actor.clone(),
            data,
        })
    }

    /// The same under an older type: an event of its own.
    pub fn told_as(self, older: &EventType) -> Self {
        Self {
            id: format!("{}-{}", self.id, older.name),
            source: older.source,
            kind: older.name.to_owned(),
            ..self
        }
    }
}
