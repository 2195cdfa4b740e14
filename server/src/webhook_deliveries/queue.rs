//! How is what waits for one webhook sent, in its order, until it has arrived or there is no hope? (threats T72, T73)

use rolecall_engine::{
    access::Snapshot,
    change::Edited,
    ids::{TenantId, WebhookId},
    time::{Span, Timestamp},
    webhooks::{Disabled, Webhook},
};

use super::{
    send::{Ended, send},
    sql::{self, Delivery, Queue},
};
use crate::{
    app::App,
    db::{Reader, Writer},
    error::Error,
    snapshots,
    webhooks::sql as webhooks,
    write::{self, WriteTx},
};

/// How long a queue is a node's without a word: longer than an attempt takes.
const LEASE: Span = Span::from_millis(20_000);
/// Deliveries that are sent from one queue before others of the tenant have their turn.
const TURN: usize = 50;
/// How long a receiver may fail until its webhook is switched off.
const HOPE: Span = Span::from_days(3);
/// Seconds between attempts; the last one goes on. Chance makes each up to a fifth shorter or longer.
const PAUSES: &[i64] = &[5, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200];
/// How long the queues of a tenant wait that is not active.
const INACTIVE: Span = Span::from_hours(1);
/// Deliveries that are given up in one commit.
const GIVEN_UP: i64 = 1000;

/// The queue of one webhook, which is this node's for now.
pub struct Taken {
    app: App,
    node: String,
    tenant: TenantId,
    webhook: WebhookId,
}

/// Why nothing more is sent to a webhook.
#[derive(Debug, Clone, Copy)]
enum End {
    Deleted,
    Off,
    Gone,
    Failing,
    NotEntitled,
}

impl End {
    /// Why the webhook is switched off, if it is not off already.
    fn disables(self) -> Option<Disabled> {
        let (code, reason) = match self {
            Self::Deleted | Self::Off => return None,
            Self::Gone => ("RECEIVER-GONE", "the receiver answered 410: it wants no more events"),
            Self::Failing => ("RECEIVER-FAILING", "the receiver took no event for three days"),
            Self::NotEntitled => ("OWNER-NOT-ENTITLED", "its owner may not have webhooks any more"),
        };
        Some(Disabled { code: code.to_owned(), reason: reason.to_owned() })
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Deleted => "given up: the webhook is deleted",
            Self::Off => "given up: the webhook is switched off",
            Self::Gone => "given up: the receiver wants no more events",
            Self::Failing => "given up: the receiver took no event for three days",
            Self::NotEntitled => "given up: the owner may not have webhooks any more",
        }
    }
}

/// What is to be done with a queue.
enum Task {
    Send(Box<(Webhook, Delivery, Queue)>),
    /// Nothing waits in it.
    Rest(Queue),
    /// Nothing is sent from it now.
    Wait,
    End(End),
}

impl Taken {
    /// Takes a queue of a tenant that is due, if there is one.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn of(app: &App, node: &str, tenant: TenantId) -> Result<Option<Self>, Error> {
        let now = app.clock.now();
        if !app.db.read(tenant, async move |reader| sql::is_due(reader, now).await).await? {
            return Ok(None);
        }
        let name = node.to_owned();
        let work = async move |writer: &mut Writer<'_>| sql::claim(writer, &name, now, now.plus(LEASE)).await;
        let webhook = write::beside(app, tenant, work).await?.map(|id| id.parse()).transpose();
        Ok(webhook.map_err(Error::internal)?.map(|webhook| Self {
            app: app.clone(),
            node: node.to_owned(),
            tenant,
            webhook,
        }))
    }

    /// Sends what waits. Should that fail, another one takes the queue when the lease is over.
    pub async fn work_off(self) {
        if let Err(error) = self.turn().await {
            tracing::warn!(tenant = %self.tenant, webhook = %self.webhook, %error, "deliveries wait");
        }
    }

    async fn turn(&self) -> Result<(), Error> {
        for _ in 0..TURN {
            match self.task().await? {
                Task::Send(task) => {
                    let (webhook, delivery, queue) = *task;
                    if !self.send(webhook, delivery, queue).await? {
                        return Ok(());
                    }
                }
                Task::Rest(queue) => {
                    if self.rest(queue).await? {
                        return Ok(());
                    }
                }
                Task::Wait => return self.release(self.app.clock.now().plus(INACTIVE)).await,
                Task::End(end) => return self.end(end).await,
            }
        }
        self.release(self.app.clock.now()).await
    }

    async fn task(&self) -> Result<Task, Error> {
        let id = self.webhook;
        let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
            let Some(webhook) = webhooks::find(reader, id).await? else { return Ok(Task::End(End::Deleted)) };
            if !webhook.settings.enabled {
                return Ok(Task::End(End::Off));
            }
            if !tenant.tenant().is_active() {
                return Ok(Task::Wait);
            }
            if !webhook.is_entitled(tenant) {
                return Ok(Task::End(End::NotEntitled));
            }
            let queue = sql::queue(reader, id).await?.ok_or(Error::NotFound)?;
            Ok(match sql::head(reader, id).await? {
                Some(delivery) => Task::Send(Box::new((webhook, delivery, queue))),
                None => Task::Rest(queue),
            })
        };
        snapshots::scan(&self.app, self.tenant, work).await.map(|(_, task)| task)
    }

    /// Sends one delivery; answers whether the next one may follow. How a failure ends counts for the webhook as it was sent to: if
    /// that was changed meanwhile, the delivery is sent to what it is now.
    async fn send(&self, webhook: Webhook, mut delivery: Delivery, queue: Queue) -> Result<bool, Error> {
        let ended = send(&self.app, self.tenant, &webhook, &mut delivery).await?;
        let now = self.app.clock.now();
        let hopeless = queue.failing_since.is_some_and(|since| since.plus(HOPE) <= now);
        let end = match ended {
            Ended::Well => {
                delivery.pending = false;
                return self.go_on(delivery).await.map(|()| true);
            }
            Ended::Gone => End::Gone,
            Ended::Badly if hopeless => End::Failing,
            Ended::Badly => return self.pause(webhook, delivery, queue).await,
        };
        let is_off = self.disable(end, Some(webhook)).await?;
        delivery.pending = !is_off;
        self.go_on(delivery).await?;
        if is_off {
            self.give_up(end).await?;
        }
        Ok(!is_off)
    }

    /// Writes down how a delivery ended, and keeps the queue for what follows.
    async fn go_on(&self, delivery: Delivery) -> Result<(), Error> {
        let (id, node, until) = (self.webhook, self.node.clone(), self.app.clock.now().plus(LEASE));
        let work = async move |writer: &mut Writer<'_>| {
            sql::note(writer, &delivery).await?;
            sql::go_on(writer, id, &node, until).await
        };
        write::beside(&self.app, self.tenant, work).await
    }

    /// Gives the queue back after a delivery that did not arrive, unless the webhook that it was sent to is another one by now;
    /// answers whether that is so, and the delivery may be sent to that.
    async fn pause(&self, sent: Webhook, mut delivery: Delivery, queue: Queue) -> Result<bool, Error> {
        let (now, id, node) = (self.app.clock.now(), self.webhook, self.node.clone());
        let next = now.plus(pause(queue.attempts, self.app.entropy.bytes()));
        let work = async move |writer: &mut Writer<'_>| {
            let is_other = webhooks::find(writer, id).await?.is_none_or(|webhook| webhook != sent);
            if is_other {
                sql::note(writer, &delivery).await?;
                sql::go_on(writer, id, &node, now.plus(LEASE)).await?;
            } else {
                delivery.message =
                    format!("{}; attempt {}, the next one at {next}", delivery.message, delivery.attempts);
                sql::note(writer, &delivery).await?;
                sql::pause(writer, id, &node, now, next).await?;
            }
            Ok(is_other)
        };
        write::beside(&self.app, self.tenant, work).await
    }

    /// Ends the queue for a reason that was seen, if it still is one.
    async fn end(&self, end: End) -> Result<(), Error> {
        if self.disable(end, None).await? {
            self.give_up(end).await
        } else {
            self.release(self.app.clock.now()).await
        }
    }

    /// Switches the webhook off, if there still is a reason to: it is as it was when somebody sent to it, or nobody did and its
    /// owner may not have it. Answers whether nothing more is sent to it.
    async fn disable(&self, end: End, sent: Option<Webhook>) -> Result<bool, Error> {
        let (id, Some(why)) = (self.webhook, end.disables()) else { return Ok(true) };
        let code = why.code.clone();
        let edit = async move |tx: &WriteTx<'_>| {
            let Some(webhook) = webhooks::find(tx.reader(), id).await? else {
                return Ok(Edited::unchanged(true));
            };
            let stays = match sent {
                Some(sent) => webhook != sent,
                None => webhook.is_entitled(tx.tenant()),
            };
            if stays {
                return Ok(Edited::unchanged(false));
            }
            Ok(webhook.disable(why, tx.editor()).map(|_| true))
        };
        let is_off = match write::as_system(&self.app, self.tenant, edit).await {
            // The tenant is gone.
            Err(Error::NotFound) => true,
            done => done?,
        };
        if is_off {
            tracing::warn!(tenant = %self.tenant, webhook = %id, code, "a webhook is switched off");
        }
        Ok(is_off)
    }

    /// Ends all that waits, and then the queue. A webhook that was switched on again has what waits for it sent.
    async fn give_up(&self, end: End) -> Result<(), Error> {
        let (id, now) = (self.webhook, self.app.clock.now());
        let mut more = true;
        while more {
            let node = self.node.clone();
            let work = async move |writer: &mut Writer<'_>| {
                let found = webhooks::find(writer, id).await?;
                if found.as_ref().is_some_and(|webhook| webhook.settings.enabled) {
                    sql::release(writer, id, &node, now).await?;
                    return Ok(false);
                }
                if sql::give_up(writer, id, GIVEN_UP, end.message(), now).await? > 0 {
                    return Ok(true);
                }
                match sql::queue(writer, id).await? {
                    Some(queue) if found.is_some() => drop(sql::rest(writer, id, &node, queue.filled).await?),
                    _ => sql::forget_queue(writer, id).await?,
                }
                Ok(false)
            };
            more = write::beside(&self.app, self.tenant, work).await?;
        }
        Ok(())
    }

    async fn rest(&self, queue: Queue) -> Result<bool, Error> {
        let (id, node) = (self.webhook, self.node.clone());
        let work = async move |writer: &mut Writer<'_>| sql::rest(writer, id, &node, queue.filled).await;
        write::beside(&self.app, self.tenant, work).await
    }

    async fn release(&self, next: Timestamp) -> Result<(), Error> {
        let (id, node) = (self.webhook, self.node.clone());
        let work = async move |writer: &mut Writer<'_>| sql::release(writer, id, &node, next).await;
        write::beside(&self.app, self.tenant, work).await
    }
}

/// How long to wait after so many attempts that failed one after the other.
fn pause(attempts: i64, chance: [u8; 1]) -> Span {
    let [chance] = chance;
    let at = usize::try_from(attempts).unwrap_or(usize::MAX).min(PAUSES.len() - 1);
    let seconds = PAUSES.get(at).copied().unwrap_or_default();
    // From four fifths to six fifths.
    Span::from_millis(seconds * 800 + seconds * 400 * i64::from(chance) / 255)
}

#[cfg(test)]
mod tests {
    use rolecall_engine::webhooks::WebhookOp;

    use super::{
        super::{
            fill::fill,
            tests::{edit, tell, waiting, webhook},
        },
        *,
    };
    use crate::app::tests::over;

    /// Whatever was seen before: what waits for a webhook is given up only while that is off.
    #[tokio::test]
    async fn a_webhook_that_is_on_again_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let app = over(&folder.path().join("queue.db")).await;
        let own = webhook(&app, 0).await;
        tell(&app, own, 1).await;
        while fill(&app).await.unwrap() {}
        let take = async || Taken::of(&app, "node", own.0).await.unwrap();
        for seen in [End::Off, End::NotEntitled, End::Off] {
            take().await.unwrap().end(seen).await.unwrap();
            assert_eq!(waiting(&app, own).await, 1, "{seen:?}");
        }
        let taken = take().await.unwrap();
        edit(&app, own, WebhookOp::Enabled(false)).await;
        taken.end(End::Off).await.unwrap();
        assert_eq!(waiting(&app, own).await, 0);
        assert!(take().await.is_none());
    }

    #[test]
    fn pauses_grow_and_differ_by_chance() {
        assert_eq!(pause(0, [0]), Span::from_millis(4000));
        assert_eq!(pause(0, [255]), Span::from_millis(6000));
        assert_eq!(pause(1, [0]), Span::from_millis(48_000));
        assert_eq!(pause(100, [255]), Span::from_millis(51_840_000));
        let all: i64 = (0..16).map(|attempts| pause(attempts, [0]).as_millis()).sum();
        assert!(all > HOPE.as_millis(), "sixteen attempts at the most until there is no hope");
    }
}
