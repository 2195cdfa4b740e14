//! What do deliveries look like outside? (reference/events.md §4)

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sql;
use crate::egress::Received;

/// An event that was sent to a webhook.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The webhook.
    pub webhook_id: String,
    /// The type of the event.
    pub event_type: String,
    /// How the last attempt ended: `success` or `fail`.
    pub status: &'static str,
    /// The same for people, and when there will be another attempt.
    pub status_message: String,
    /// When that attempt was.
    pub triggered_at: String,
    /// What was sent.
    pub request: DeliveryRequest,
    /// What was answered, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<DeliveryResponse>,
}

/// What was sent.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeliveryRequest {
    /// Where to.
    pub url: String,
    /// With which headers; the values of encrypted ones are left out.
    pub headers: BTreeMap<String, String>,
    /// The event.
    pub body: String,
}

/// What was answered.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryResponse {
    /// The status.
    pub status_code: u16,
    /// The first headers.
    pub headers: BTreeMap<String, String>,
    /// Always empty: what is at an address is nobody's business here (threats T72).
    pub body: &'static str,
}

/// The request and the answer of an attempt, as they are stored.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Exchange {
    url: String,
    headers: Vec<(String, String)>,
    answer: Option<(u16, Vec<(String, String)>)>,
}

impl Exchange {
    pub fn new(url: &str, headers: Vec<(String, String)>, answer: Option<Received>) -> Self {
        let answer = answer.map(|Received { status, headers }| (status, headers));
        Self { url: url.to_owned(), headers, answer }
    }
}

/// Headers by name; the values of one that stands twice are joined (RFC 9110 §5.3).
fn by_name(headers: Vec<(String, String)>) -> BTreeMap<String, String> {
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        named.entry(name).and_modify(|known| *known = format!("{known}, {value}")).or_insert(value);
    }
    named
}

impl Delivery {
    pub fn new(delivery: sql::Delivery) -> Self {
        // One that was given up before the first attempt has none.
        let exchange: Option<Exchange> = serde_json::from_str(&delivery.exchange).ok();
        let Exchange { url, headers, answer } = exchange.unwrap_or_default();
        let response =
            |(status_code, headers)| DeliveryResponse { status_code, headers: by_name(headers), body: "" };
        Self {
            id: delivery.id.to_string(),
            webhook_id: delivery.webhook.to_string(),
            event_type: delivery.event_type,
            status: delivery.status.as_str(),
            status_message: delivery.message,
            triggered_at: delivery.triggered_at.to_string(),
            request: DeliveryRequest { url, headers: by_name(headers), body: delivery.body },
            response: answer.map(response),
        }
    }
}
