//! How is what is sent to webhooks stored?

use std::sync::LazyLock;

use rolecall_engine::{
    ids::{DeliveryId, TenantId, WebhookId},
    time::Timestamp,
};

use crate::{
    db::{Found, Keyset, List, Reader, Row, Sort, Sorts, System, Table, Value, Writer},
    error::Error,
    events::sql::Place,
};

/// What deliveries can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[("status", &[Sort::up("status")]), ("triggeredAt", &[Sort::up("triggered_at")])];

/// When a queue is due in which nothing is.
const NEVER: Timestamp = Timestamp::MAX;

/// How the last attempt of a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// There was none yet.
    Untried,
    Success,
    Fail,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Untried => "",
            Self::Success => "success",
            Self::Fail => "fail",
        }
    }

    fn of(text: &str) -> Self {
        match text {
            "success" => Self::Success,
            "" => Self::Untried,
            _ => Self::Fail,
        }
    }
}

/// An event that is or was sent to a webhook.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: DeliveryId,
    pub webhook: WebhookId,
    pub place: Place,
    /// Which event of that place: there may be older types beside it.
    pub part: i64,
    pub event_id: String,
    pub event_type: String,
    pub body: String,
    /// Whether it is still to be sent.
    pub pending: bool,
    pub status: Status,
    pub message: String,
    pub attempts: i64,
    /// The request and the answer of the last attempt, as JSON.
    pub exchange: String,
    pub created_at: Timestamp,
    pub triggered_at: Timestamp,
}

static DELIVERIES: LazyLock<Table<15>> = LazyLock::new(|| {
    let columns = [
        "id",
        "webhook_id",
        "revision",
        "ordinal",
        "part",
        "event_id",
        "event_type",
        "body",
        "pending",
        "status",
        "status_message",
        "attempts",
        "exchange",
        "created_at",
        "triggered_at",
    ];
    Table::new("webhook_deliveries", columns)
});

fn read(row: &Row<'_>) -> Result<Delivery, Error> {
    Ok(Delivery {
        id: row.parse(0)?,
        webhook: row.parse(1)?,
        place: Place { revision: row.integer(2)?, ordinal: row.integer(3)? },
        part: row.integer(4)?,
        event_id: row.text(5)?,
        event_type: row.text(6)?,
        body: row.text(7)?,
        pending: row.boolean(8)?,
        status: Status::of(&row.text(9)?),
        message: row.text(10)?,
        attempts: row.integer(11)?,
        exchange: row.text(12)?,
        created_at: row.time(13)?,
        triggered_at: row.time(14)?,
    })
}

/// Stores a new delivery.
pub async fn add(writer: &mut Writer<'_>, delivery: &Delivery) -> Result<(), Error> {
    let values: [Value<'_>; 15] = [
        delivery.id.into(),
        delivery.webhook.into(),
        delivery.place.revision.into(),
        delivery.place.ordinal.into(),
        delivery.part.into(),
        delivery.event_id.as_str().into(),
        delivery.event_type.as_str().into(),
        delivery.body.as_str().into(),
        delivery.pending.into(),
        delivery.status.as_str().into(),
        delivery.message.as_str().into(),
        delivery.attempts.into(),
        delivery.exchange.as_str().into(),
        delivery.created_at.into(),
        delivery.triggered_at.into(),
    ];
    writer.insert(&DELIVERIES, &values).await
}

/// One delivery of a webhook that was tried.
pub async fn find(
    reader: &Reader<'_>,
    webhook: WebhookId,
    id: DeliveryId,
) -> Result<Option<Delivery>, Error> {
    let found = reader.find(&DELIVERIES, id, read).await?;
    Ok(found.filter(|found| found.webhook == webhook && found.status != Status::Untried))
}

/// What a list of deliveries is narrowed to.
#[derive(Debug, Default)]
pub struct Selection {
    pub event_type: Option<String>,
    pub status: Option<String>,
}

/// A page of the deliveries of a webhook that were tried.
pub async fn page(
    reader: &Reader<'_>,
    webhook: WebhookId,
    selection: &Selection,
    keyset: &Keyset,
) -> Result<Found<Delivery>, Error> {
    let mut list = List::of(&DELIVERIES);
    list.and(|parameters| format!("webhook_id = {} AND status <> ''", parameters.add(webhook.to_string())));
    for (column, wanted) in [("event_type", &selection.event_type), ("status", &selection.status)] {
        if let Some(wanted) = wanted {
            list.and(|parameters| format!("{column} = {}", parameters.add(wanted.clone())));
        }
    }
    list.page(reader, keyset, read).await
}

/// The delivery that is next in the queue of a webhook.
pub async fn head(reader: &Reader<'_>, webhook: WebhookId) -> Result<Option<Delivery>, Error> {
    let sql = "webhook_id = $2 AND pending = 1 ORDER BY revision, ordinal, part LIMIT 1";
    Ok(reader.matching(&DELIVERIES, sql, &[webhook.into()], read).await?.pop())
}

/// How many deliveries wait for a webhook.
pub async fn waiting(reader: &Reader<'_>, webhook: WebhookId) -> Result<i64, Error> {
    let sql =
        "SELECT count(*) FROM webhook_deliveries WHERE tenant_id = $1 AND webhook_id = $2 AND pending = 1";
    reader.count(sql, &[webhook.into()]).await
}

/// Writes down how an attempt ended. What was given up meanwhile does not wait again.
pub async fn note(writer: &mut Writer<'_>, delivery: &Delivery) -> Result<(), Error> {
    let sql = "UPDATE webhook_deliveries SET pending = $3, status = $4, status_message = $5, attempts = $6,
               exchange = $7, triggered_at = $8 WHERE tenant_id = $1 AND id = $2 AND pending >= $3";
    let values = [
        delivery.id.into(),
        delivery.pending.into(),
        delivery.status.as_str().into(),
        delivery.message.as_str().into(),
        delivery.attempts.into(),
        delivery.exchange.as_str().into(),
        delivery.triggered_at.into(),
    ];
    writer.execute(sql, &values).await.map(drop)
}

/// Gives up the deliveries that have waited longest for a webhook, at most so many; answers how many.
pub async fn give_up(
    writer: &mut Writer<'_>,
    webhook: WebhookId,
    most: i64,
    why: &str,
    now: Timestamp,
) -> Result<usize, Error> {
    let sql =
        "UPDATE webhook_deliveries SET pending = 0, status = 'fail', status_message = $4, triggered_at = $5
               WHERE tenant_id = $1 AND id IN
               (SELECT id FROM webhook_deliveries WHERE tenant_id = $1 AND webhook_id = $2 AND pending = 1
                ORDER BY revision, ordinal, part LIMIT $3)";
    writer.execute(sql, &[webhook.into(), most.into(), why.into(), now.into()]).await
}

/// How far the queue of a webhook is.
#[derive(Debug, Clone, Copy)]
pub struct Queue {
    pub filled: i64,
    pub attempts: i64,
    pub failing_since: Option<Timestamp>,
}

/// The queue of a webhook.
pub async fn queue(reader: &Reader<'_>, webhook: WebhookId) -> Result<Option<Queue>, Error> {
    let sql = "SELECT filled, attempts, failing_since FROM webhook_queues
               WHERE tenant_id = $1 AND webhook_id = $2";
    let read = |row: &Row<'_>| {
        Ok(Queue { filled: row.integer(0)?, attempts: row.integer(1)?, failing_since: row.opt_time(2)? })
    };
    reader.first(sql, &[webhook.into()], read).await
}

/// Notes that something was put into the queue of a webhook.
pub async fn fill_queue(writer: &mut Writer<'_>, webhook: WebhookId, now: Timestamp) -> Result<(), Error> {
    let sql = "INSERT INTO webhook_queues
               (tenant_id, webhook_id, due_at, filled, attempts, failing_since, taken_until, taken_by)
               VALUES ($1, $2, $3, 1, 0, NULL, 0, '') ON CONFLICT (tenant_id, webhook_id) DO UPDATE SET
               filled = webhook_queues.filled + 1, due_at =
               CASE WHEN webhook_queues.due_at >= $4 THEN excluded.due_at ELSE webhook_queues.due_at END";
    writer.execute(sql, &[webhook.into(), now.into(), NEVER.into()]).await.map(drop)
}

/// Takes the queue of a tenant that was due first, if one is due and nobody has it; it is the node's until then. Answers the
/// webhook's identifier as it is stored: what was stored in this work must not be undone because of one that is none.
pub async fn claim(
    writer: &mut Writer<'_>,
    node: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<String>, Error> {
    let sql = "UPDATE webhook_queues SET taken_until = $2, taken_by = $3
               WHERE tenant_id = $1 AND taken_until <= $4 AND webhook_id =
               (SELECT webhook_id FROM webhook_queues WHERE tenant_id = $1 AND due_at <= $4 AND taken_until <= $4
                ORDER BY due_at, webhook_id LIMIT 1) RETURNING webhook_id";
    let taken = writer.returning(sql, &[until.into(), node.into(), now.into()], |row| row.text(0)).await?;
    Ok(taken.into_iter().next())
}

/// Whether a queue of the tenant is due that nobody has.
pub async fn is_due(reader: &Reader<'_>, now: Timestamp) -> Result<bool, Error> {
    let sql =
        "SELECT 1 FROM webhook_queues WHERE tenant_id = $1 AND due_at <= $2 AND taken_until <= $2 LIMIT 1";
    Ok(reader.first(sql, &[now.into()], |_| Ok(())).await?.is_some())
}

/// The tenants with queues that are due and that nobody has.
pub async fn due(all: &System<'_>, now: Timestamp) -> Result<Vec<TenantId>, Error> {
    let sql = "SELECT DISTINCT tenant_id FROM webhook_queues WHERE due_at <= $1 AND taken_until <= $1
               ORDER BY tenant_id";
    all.all(sql, &[now.into()], |row| row.parse(0)).await
}

/// Keeps the queue of a webhook for longer, after a delivery that arrived.
pub async fn go_on(
    writer: &mut Writer<'_>,
    webhook: WebhookId,
    node: &str,
    until: Timestamp,
) -> Result<(), Error> {
    let sql = "UPDATE webhook_queues SET attempts = 0, failing_since = NULL, taken_until = $4
               WHERE tenant_id = $1 AND webhook_id = $2 AND taken_by = $3";
    writer.execute(sql, &[webhook.into(), node.into(), until.into()]).await.map(drop)
}

/// Gives the queue of a webhook back, after a delivery that did not arrive, until `next`.
pub async fn pause(
    writer: &mut Writer<'_>,
    webhook: WebhookId,
    node: &str,
    now: Timestamp,
    next: Timestamp,
) -> Result<(), Error> {
    let sql =
        "UPDATE webhook_queues SET attempts = attempts + 1, failing_since = COALESCE(failing_since, $4),
               due_at = $5, taken_until = 0 WHERE tenant_id = $1 AND webhook_id = $2 AND taken_by = $3";
    writer.execute(sql, &[webhook.into(), node.into(), now.into(), next.into()]).await.map(drop)
}

/// Gives the queue of a webhook back until `next`.
pub async fn release(
    writer: &mut Writer<'_>,
    webhook: WebhookId,
    node: &str,
    next: Timestamp,
) -> Result<(), Error> {
    let sql = "UPDATE webhook_queues SET due_at = $4, taken_until = 0
               WHERE tenant_id = $1 AND webhook_id = $2 AND taken_by = $3";
    writer.execute(sql, &[webhook.into(), node.into(), next.into()]).await.map(drop)
}

/// Gives back the queue of a webhook in which nothing is; answers whether that is so still.
pub async fn rest(
    writer: &mut Writer<'_>,
    webhook: WebhookId,
    node: &str,
    filled: i64,
) -> Result<bool, Error> {
    let sql = "UPDATE webhook_queues SET due_at = $5, attempts = 0, failing_since = NULL, taken_until = 0
               WHERE tenant_id = $1 AND webhook_id = $2 AND taken_by = $3 AND filled = $4";
    let values = [webhook.into(), node.into(), filled.into(), NEVER.into()];
    Ok(writer.execute(sql, &values).await? > 0)
}

/// Has what waits for a webhook sent now, since the webhook was changed.
pub async fn renew_queue(writer: &mut Writer<'_>, webhook: WebhookId, now: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE webhook_queues SET due_at = $3, attempts = 0, failing_since = NULL
               WHERE tenant_id = $1 AND webhook_id = $2 AND due_at < $4";
    writer.execute(sql, &[webhook.into(), now.into(), NEVER.into()]).await.map(drop)
}

/// Forgets the queue of a webhook that is gone.
pub async fn forget_queue(writer: &mut Writer<'_>, webhook: WebhookId) -> Result<(), Error> {
    let sql = "DELETE FROM webhook_queues WHERE tenant_id = $1 AND webhook_id = $2";
    writer.execute(sql, &[webhook.into()]).await.map(drop)
}

/// The tenants with deliveries from before a time.
pub async fn old(all: &System<'_>, before: Timestamp) -> Result<Vec<TenantId>, Error> {
    let sql = "SELECT DISTINCT tenant_id FROM webhook_deliveries WHERE created_at < $1 ORDER BY tenant_id";
    all.all(sql, &[before.into()], |row| row.parse(0)).await
}

/// Deletes deliveries from before a time, at most so many; answers how many.
pub async fn forget_old(writer: &mut Writer<'_>, before: Timestamp, most: i64) -> Result<usize, Error> {
    let sql = "DELETE FROM webhook_deliveries WHERE tenant_id = $1 AND id IN
               (SELECT id FROM webhook_deliveries WHERE tenant_id = $1 AND created_at < $2
                ORDER BY created_at, id LIMIT $3)";
    writer.execute(sql, &[before.into(), most.into()]).await
}
