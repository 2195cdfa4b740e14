//! How do events get from the outbox into the queues of webhooks?
//!
//! Events are taken out of the outbox in the transaction that puts their deliveries into the queues: none is lost, and none is
//! put in twice (threats T73).

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use rolecall_engine::{
    access::Revision,
    events::EventType,
    ids::{TenantId, UserId, WebhookId},
    time::Timestamp,
    webhooks::{About, Webhook},
};
use serde::Deserialize;

use super::sql::{self, Delivery, Status};
use crate::{
    app::App,
    clock::Entropy,
    db::Writer,
    error::Error,
    events::{
        sql::{self as events, Happened},
        wire::CloudEvent,
    },
    webhooks::sql as webhooks,
    write,
};

/// Events that are taken at once.
const BATCH: i64 = 100;
/// Deliveries that may wait for one webhook (threats T72).
const QUEUE: i64 = 10_000;

/// Puts events that are to be delivered into queues, some of each tenant (threats T88); answers whether there may be more.
///
/// # Errors
/// When the database cannot be used.
pub async fn fill(app: &App) -> Result<bool, Error> {
    let mut more = false;
    for tenant in app.db.look_up(async |all| events::waiting(all).await).await? {
        // What cannot be put into queues now is at the next look, and keeps none of the others.
        match fill_one(app, tenant).await {
            Ok(left) => more |= left,
            Err(error) => tracing::error!(%tenant, %error, "the events of a tenant wait for their delivery"),
        }
    }
    Ok(more)
}

/// Answers whether there may be more.
async fn fill_one(app: &App, tenant: TenantId) -> Result<bool, Error> {
    #[cfg(feature = "sabotage")]
    if crate::sabotage::deliveries_outside_the_transaction() {
        return apart(app, tenant).await;
    }
    let (now, entropy) = (app.clock.now(), app.entropy);
    let work = async move |writer: &mut Writer<'_>| fill_some(writer, entropy, now).await;
    write::beside(app, tenant, work).await
}

/// The same in two transactions, if that fault is on.
#[cfg(feature = "sabotage")]
async fn apart(app: &App, tenant: TenantId) -> Result<bool, Error> {
    let (now, entropy) = (app.clock.now(), app.entropy);
    let take = async |writer: &mut Writer<'_>| events::take(writer, BATCH).await;
    let taken = write::beside(app, tenant, take).await?;
    crate::sabotage::dawdle();
    let work = async move |writer: &mut Writer<'_>| put(writer, &taken, entropy, now).await;
    write::beside(app, tenant, work).await
}

/// Answers whether there may be more.
async fn fill_some(writer: &mut Writer<'_>, entropy: Entropy, now: Timestamp) -> Result<bool, Error> {
    let taken = events::take(writer, BATCH).await?;
    put(writer, &taken, entropy, now).await
}

async fn put(
    writer: &mut Writer<'_>,
    taken: &[Happened],
    entropy: Entropy,
    now: Timestamp,
) -> Result<bool, Error> {
    let mut known = Listening::default();
    let mut filled = BTreeSet::new();
    for happened in taken {
        for (part, kind) in (0..).zip(told_as(&happened.kind)) {
            let told = known.told(writer, happened, kind).await?;
            if told.is_empty() {
                continue;
            }
            let Some((event_id, body)) = written(writer.tenant(), happened, kind) else { continue };
            for webhook in told {
                let delivery = Delivery {
                    id: entropy.delivery_id(now),
                    webhook,
                    place: happened.place,
                    part,
                    event_id: event_id.clone(),
                    event_type: kind.name.to_owned(),
                    body: body.clone(),
                    pending: true,
                    status: Status::Untried,
                    message: String::new(),
                    attempts: 0,
                    exchange: String::new(),
                    created_at: now,
                    triggered_at: now,
                };
                sql::add(writer, &delivery).await?;
                filled.insert(webhook);
            }
        }
    }
    for webhook in filled {
        sql::fill_queue(writer, webhook, now).await?;
        bound(writer, webhook, now).await?;
    }
    Ok(i64::try_from(taken.len()) == Ok(BATCH))
}

/// The identifier and the text of an event. One that cannot be written, which takes a fault of the program, is left out: it must
/// not hold up all others.
fn written(tenant: TenantId, happened: &Happened, kind: &EventType) -> Option<(String, String)> {
    let event = CloudEvent::new(tenant, happened);
    let event = event.map(|event| if kind.core.is_some() { event.told_as(kind) } else { event });
    let written = event.and_then(|event| {
        let text = serde_json::to_string(&event).map_err(Error::internal)?;
        Ok((event.id, text))
    });
    written
        .inspect_err(|error| {
            tracing::error!(%tenant, place = %happened.place, %error, "an event cannot be told");
        })
        .ok()
}

/// Gives up what has waited longest where too much waits.
async fn bound(writer: &mut Writer<'_>, webhook: WebhookId, now: Timestamp) -> Result<(), Error> {
    let beyond = sql::waiting(writer, webhook).await? - QUEUE;
    if beyond > 0 {
        let why = format!("given up: more than {QUEUE} deliveries waited");
        let count = sql::give_up(writer, webhook, beyond, &why, now).await?;
        tracing::warn!(tenant = %writer.tenant(), %webhook, count, "deliveries were given up: too many wait");
    }
    Ok(())
}

/// The types by which an event is told: its own, then older ones. One that webhooks do not know is not told.
fn told_as(kind: &str) -> impl Iterator<Item = &'static EventType> {
    EventType::named(kind).into_iter().chain(EventType::older(kind))
}

/// Which webhooks listen to what.
#[derive(Default)]
struct Listening(BTreeMap<(&'static str, Option<UserId>), Vec<Webhook>>);

impl Listening {
    /// Who is told of an event by a type.
    async fn told(
        &mut self,
        writer: &Writer<'_>,
        happened: &Happened,
        kind: &'static EventType,
    ) -> Result<Vec<WebhookId>, Error> {
        let members: Members = serde_json::from_str(&happened.data).unwrap_or_default();
        let whose = members.sub.as_deref().filter(|_| kind.of_users).and_then(|sub| sub.parse().ok());
        let listening = match self.0.entry((kind.name, whose)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(webhooks::listening(writer, kind.name, whose).await?),
        };
        let (about, at) = (members.about(happened), Revision(happened.place.revision));
        let told = listening.iter().filter(|webhook| webhook.is_told(kind, whose, &about, at));
        Ok(told.map(|webhook| webhook.id).collect())
    }
}

/// What filters and levels look at in the data of an event.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    /// The owner of an API key.
    sub: Option<String>,
    /// The space that something is in.
    space_id: Option<String>,
}

impl Members {
    fn about<'e>(&'e self, happened: &'e Happened) -> About<'e> {
        let id = happened.resource.as_str();
        let within = self.space_id.as_deref();
        let is_space = happened.kind.starts_with("com.qlik.v1.space.") && within.is_none();
        About { id, space: within.or(is_space.then_some(id)), top: within.unwrap_or(id) }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{tell, waiting, webhook},
        *,
    };
    use crate::app::tests::over;

    /// What cannot be told of one tenant holds up no other, and much that is told of one no less (threats T88).
    #[tokio::test]
    async fn a_tenant_holds_up_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let app = over(&folder.path().join("fill.db")).await;
        let mut both = [webhook(&app, 0).await, webhook(&app, 1).await];
        both.sort();
        let [first, second] = both;
        while fill(&app).await.unwrap() {}
        tell(&app, first, 150).await;
        tell(&app, second, 1).await;
        let origin = async |origin: &'static str| {
            let sql = "UPDATE webhooks SET origin = $2 WHERE tenant_id = $1";
            let work = async move |writer: &mut Writer<'_>| writer.execute(sql, &[origin.into()]).await;
            write::beside(&app, first.0, work).await.unwrap();
        };
        origin("nobody knows").await;
        assert!(!fill(&app).await.unwrap());
        assert_eq!((waiting(&app, first).await, waiting(&app, second).await), (0, 1));
        origin("api").await;
        tell(&app, second, 1).await;
        assert!(fill(&app).await.unwrap(), "there is more");
        assert_eq!((waiting(&app, first).await, waiting(&app, second).await), (BATCH, 2));
        assert!(!fill(&app).await.unwrap());
        assert_eq!((waiting(&app, first).await, waiting(&app, second).await), (150, 2));
    }
}
