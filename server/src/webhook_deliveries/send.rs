//! What is sent to a webhook, and what does it answer?

use rolecall_engine::{ids::TenantId, time::Timestamp, webhooks::Webhook};
use tokio::time::Instant;

use super::{
    sign,
    sql::{Delivery, Status},
    wire::Exchange,
};
use crate::{
    app::App,
    egress::{NotAsked, Received},
    error::Error,
    webhooks::{Vault, wire::OMITTED},
};

/// Who asks.
const AGENT: &str = "Rolecall Webhook";
/// The status of a receiver that is gone for good (RFC 9110 §15.5.11).
const GONE: u16 = 410;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The receiver has it.
    Well,
    /// It is to be tried again.
    Badly,
    /// The receiver wants no more.
    Gone,
}

impl Ended {
    /// Its name in metrics.
    const fn name(self) -> &'static str {
        match self {
            Self::Well => "delivered",
            Self::Badly => "failed",
            Self::Gone => "gone",
        }
    }
}

/// Sends a delivery; writes into it how that ended.
///
/// # Errors
/// When the secrets of the webhook cannot be opened.
pub async fn send(
    app: &App,
    tenant: TenantId,
    webhook: &Webhook,
    delivery: &mut Delivery,
) -> Result<Ended, Error> {
    let at = app.clock.now();
    let Headers { sent, shown } = Headers::new(app, tenant, webhook, delivery, at)?;
    let url = webhook.settings.url.as_str();
    let begun = Instant::now();
    let answer = app.egress.tell(url, &sent, delivery.body.clone()).await;
    app.metrics.webhook_durations.took(begun.elapsed());
    let (ended, message) = match &answer {
        Ok(Received { status, .. }) if (200..300).contains(status) => (Ended::Well, answered(*status)),
        Ok(Received { status: GONE, .. }) => (Ended::Gone, answered(GONE)),
        Ok(Received { status, .. }) => (Ended::Badly, answered(*status)),
        Err(NotAsked(why)) => (Ended::Badly, why.clone()),
    };
    app.metrics.webhook_attempts.get_or_create(&[("outcome", ended.name())]).inc();
    delivery.attempts += 1;
    delivery.triggered_at = at;
    delivery.status = if ended == Ended::Well { Status::Success } else { Status::Fail };
    delivery.message = message;
    delivery.exchange =
        serde_json::to_string(&Exchange::new(url, shown, answer.ok())).map_err(Error::internal)?;
    Ok(ended)
}

fn answered(status: u16) -> String {
    format!("it answered {status}")
}

/// The headers of a request, as they are sent and as they are shown later.
struct Headers {
    sent: Vec<(String, String)>,
    shown: Vec<(String, String)>,
}

impl Headers {
    fn new(
        app: &App,
        tenant: TenantId,
        webhook: &Webhook,
        delivery: &Delivery,
        at: Timestamp,
    ) -> Result<Self, Error> {
        let vault = Vault::of(app, tenant, webhook.id);
        let secrets = webhook.secrets(at).map(|secret| vault.open_secret(secret));
        let secrets = secrets.collect::<Result<Vec<String>, Error>>()?;
        let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut shown = vec![
            named("content-type", "application/json"),
            named("user-agent", AGENT),
            named("webhook-id", &delivery.event_id),
            named("webhook-timestamp", &at.as_seconds().to_string()),
        ];
        if let Some(secret) = secrets.first() {
            let standard = sign::standard(&secrets, &delivery.event_id, at, &delivery.body);
            shown.push(named("Qlik-Signature", &sign::of_body(secret, &delivery.body)));
            shown.push(named("webhook-signature", &standard));
        }
        shown.extend(webhook.settings.headers.iter().map(|header| named(&header.name, &header.value)));
        let mut sent = shown.clone();
        for header in &webhook.settings.encrypted_headers {
            sent.push((header.name.clone(), vault.open_header(header)?));
            shown.push(named(&header.name, OMITTED));
        }
        Ok(Self { sent, shown })
    }
}
