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
