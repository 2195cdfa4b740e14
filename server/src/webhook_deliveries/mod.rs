//! Deliveries: what is sent to webhooks, and what was. (reference/events.md §4, §5)
//!
//! Events go from the outbox into the queues of the webhooks that are told of them ([`fill`]), and from a queue to the receiver
//! ([`queue`]), one after the other. Any number of nodes do both, over one database ([`run`]).

pub mod fill;
pub mod http;
mod queue;
pub mod run;
pub mod send;
mod sign;
pub mod sql;
mod wire;

use rolecall_engine::ids::{DeliveryId, WebhookId};
use sql::{Delivery, Selection};

use crate::{
    app::App,
    caller::{Bearer, Caller},
    db::{Found, Keyset, Reader, Writer},
    error::Error,
    webhooks, write,
};

/// A page of what was sent to a webhook.
pub async fn list(
    app: &App,
    caller: &Caller<Bearer>,
    webhook: WebhookId,
    selection: Selection,
    keyset: Keyset,
) -> Result<Found<Delivery>, Error> {
    let who = webhooks::standing(caller)?;
    let work = async move |reader: &Reader<'_>| {
        webhooks::seen(reader, &who, webhook).await?;
        sql::page(reader, webhook, &selection, &keyset).await
    };
    app.db.scan(caller.tenant_id(), work).await
}

/// Something that was sent to a webhook.
pub async fn get(
    app: &App,
    caller: &Caller<Bearer>,
    webhook: WebhookId,
    id: DeliveryId,
) -> Result<Delivery, Error> {
    let who = webhooks::standing(caller)?;
    let work = async move |reader: &Reader<'_>| {
        webhooks::seen(reader, &who, webhook).await?;
        sql::find(reader, webhook, id).await?.ok_or(Error::NotFound)
    };
    app.db.read(caller.tenant_id(), work).await
}

/// Sends something to a webhook once more, at once and beside its queue; answers how that ended.
pub async fn resend(
    app: &App,
    caller: &Caller<Bearer>,
    webhook: WebhookId,
    id: DeliveryId,
) -> Result<Delivery, Error> {
    let sent = get(app, caller, webhook, id).await?;
    if caller.previews {
        return Err(Error::invalid("what a receiver would answer cannot be previewed"));
    }
    let webhook = webhooks::get(app, caller, webhook).await?;
    let now = app.clock.now();
    let id = app.entropy.delivery_id(now);
    let mut again = Delivery { id, pending: false, attempts: 0, created_at: now, ..sent };
    send::send(app, caller.tenant_id(), &webhook, &mut again).await?;
    let stored = again.clone();
    let work = async move |writer: &mut Writer<'_>| sql::add(writer, &stored).await;
    write::beside(app, caller.tenant_id(), work).await?;
    Ok(again)
}

#[cfg(test)]
mod tests {
    use rolecall_engine::{
        events::{EventLevel, EventType},
        ids::TenantId,
        names::{Description, Setting, WebhookName},
        webhooks::{NewWebhook, Webhook, WebhookOp, WebhookOrigin, WebhookSettings, WebhookStanding},
    };

    use super::*;
    use crate::{demo::COMPANIES, webhooks::sql as webhooks, write::WriteTx};

    /// A tenant, and a webhook of it that is told of its own changes.
    pub(super) async fn webhook(app: &App, company: usize) -> (TenantId, WebhookId) {
        let tenant = COMPANIES[company].make(app).await.unwrap().tenant;
        let id = app.entropy.webhook_id(app.clock.now());
        let settings = WebhookSettings {
            name: WebhookName::new("own").unwrap(),
            description: None,
            url: Setting::stored("https://receiver.example/".to_owned()),
            event_types: vec![EventType::named("rolecall.webhook.updated").unwrap()],
            filter: None,
            enabled: true,
            headers: Vec::new(),
            encrypted_headers: Vec::new(),
            secret: None,
            cloud_events: true,
            checks_revocation: false,
        };
        let new = NewWebhook { level: EventLevel::Tenant, origin: WebhookOrigin::Api, settings };
        let create = async move |tx: &WriteTx<'_>| {
            let mut users = tx.tenant().users().map(|(user, _)| user);
            let user = users.find(|user| tx.tenant().administers(*user)).unwrap();
            let who = WebhookStanding { user, administers: true, holds: true };
            Ok(Webhook::create(new, id, 0, &who, tx.tenant(), tx.editor())?.map(drop))
        };
        write::as_system(app, tenant, create).await.unwrap();
        (tenant, id)
    }

    pub(super) async fn edit(app: &App, (tenant, id): (TenantId, WebhookId), op: WebhookOp) {
        let edit = async move |tx: &WriteTx<'_>| {
            let webhook = webhooks::find(tx.reader(), id).await?.unwrap();
            Ok(webhook.edit(vec![op], tx.tenant(), tx.editor())?.map(drop))
        };
        write::as_system(app, tenant, edit).await.unwrap();
    }

    /// So many events that the webhook is told of.
    pub(super) async fn tell(app: &App, webhook: (TenantId, WebhookId), events: usize) {
        for _ in 0..events {
            let description = Description::new(&app.entropy.secret()).unwrap();
            edit(app, webhook, WebhookOp::Description(Some(description))).await;
        }
    }

    pub(super) async fn waiting(app: &App, (tenant, id): (TenantId, WebhookId)) -> i64 {
        app.db.read(tenant, async move |reader: &Reader<'_>| sql::waiting(reader, id).await).await.unwrap()
    }
}
