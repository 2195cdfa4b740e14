//! What does a node do so that deliveries go on?
//!
//! After each commit, and now and then since other nodes commit too, it moves events from the outbox into queues, and works off
//! queues that are due: a few at once of each tenant, so that hanging receivers of one hold up no other (threats T72).

use std::{collections::HashMap, sync::Arc, time::Duration};

use rolecall_engine::{
    ids::TenantId,
    time::{Span, Timestamp},
};
use tokio::{
    sync::{Notify, Semaphore},
    task::{Id, JoinSet, yield_now},
    time::{interval, sleep},
};

use super::{fill::fill, queue::Taken, sql};
use crate::{app::App, db::Writer, error::Error, write};

/// How often to look without a word: for what other nodes commit, and for attempts that are due again.
const LOOK: Duration = Duration::from_secs(2);
/// How long to wait after a commit, so that several are looked at together.
const GATHER: Duration = Duration::from_millis(20);
/// Queues of one tenant that are worked off at once, and of all.
const OF_TENANT: usize = 4;
const OF_ALL: usize = 256;
/// How often to look for deliveries that nobody needs to see any more, how old they are, and how many go in one commit.
const FORGETTING: Duration = Duration::from_mins(1);
const KEPT: Span = Span::from_days(7);
const FORGOTTEN: i64 = 500;

/// Delivers events for as long as it runs.
pub async fn run(app: App) {
    let node = app.entropy.secret();
    let room = Arc::new(Semaphore::new(OF_ALL));
    let mut lanes = Lanes::default();
    let mut forgetting = interval(FORGETTING);
    loop {
        let more = look(&app, &node, &room, &mut lanes).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "events wait for their delivery");
            false
        });
        tokio::select! {
            () = app.signal.next_change() => sleep(GATHER).await,
            () = lanes.ended() => {}
            () = yield_now(), if more => {}
            () = sleep(LOOK) => {}
            _ = forgetting.tick() => {
                if let Err(error) = forget(&app).await {
                    tracing::warn!(%error, "old deliveries were not deleted");
                }
            }
        }
    }
}

/// Answers whether more events may wait to be put into queues.
async fn look(app: &App, node: &str, room: &Arc<Semaphore>, lanes: &mut Lanes) -> Result<bool, Error> {
    let more = fill(app).await?;
    let now = app.clock.now();
    for tenant in app.db.look_up(async move |all| sql::due(all, now).await).await? {
        lanes.see_to(tenant, |more| lane(app.clone(), node.to_owned(), tenant, Arc::clone(room), more));
    }
    Ok(more)
}

/// The tenants whose queues are worked off now.
#[derive(Default)]
struct Lanes {
    running: JoinSet<()>,
    tenants: HashMap<TenantId, (Id, Arc<Notify>)>,
}

impl Lanes {
    /// Begins to work off the queues of a tenant, or tells who does that there are more.
    fn see_to<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        tenant: TenantId,
        begin: impl FnOnce(Arc<Notify>) -> F,
    ) {
        if let Some((_, more)) = self.tenants.get(&tenant) {
            more.notify_one();
            return;
        }
        let more = Arc::new(Notify::new());
        let id = self.running.spawn(begin(Arc::clone(&more))).id();
        self.tenants.insert(tenant, (id, more));
    }

    /// Waits until a tenant has no queue any more that is due.
    async fn ended(&mut self) {
        match self.running.join_next_with_id().await {
            None => std::future::pending().await,
            Some(ended) => {
                let ended = ended.map_or_else(|error| error.id(), |(id, ())| id);
                self.tenants.retain(|_, (id, _)| *id != ended);
            }
        }
    }
}

/// Works off the queues of a tenant until none is due.
async fn lane(app: App, node: String, tenant: TenantId, room: Arc<Semaphore>, more: Arc<Notify>) {
    let mut working = JoinSet::new();
    loop {
        while working.len() < OF_TENANT {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            match Taken::of(&app, &node, tenant).await {
                Ok(Some(queue)) => {
                    working.spawn(async move {
                        queue.work_off().await;
                        drop(permit);
                    });
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%tenant, %error, "the queues of a tenant wait");
                    break;
                }
            }
        }
        tokio::select! {
            ended = working.join_next() => if ended.is_none() { return },
            () = more.notified() => {}
        }
    }
}

/// Deletes what was delivered long ago, and what never was.
async fn forget(app: &App) -> Result<(), Error> {
    let before = Timestamp::from_millis(app.clock.now().as_millis() - KEPT.as_millis());
    for tenant in app.db.look_up(async move |all| sql::old(all, before).await).await? {
        // Those that cannot be deleted now are at the next look, and keep none of the others.
        if let Err(error) = forget_of(app, tenant, before).await {
            tracing::error!(%tenant, %error, "old deliveries of a tenant cannot be deleted");
        }
    }
    Ok(())
}

async fn forget_of(app: &App, tenant: TenantId, before: Timestamp) -> Result<(), Error> {
    let mut more = true;
    while more {
        let work = async move |writer: &mut Writer<'_>| sql::forget_old(writer, before, FORGOTTEN).await;
        more = write::beside(app, tenant, work).await? > 0;
    }
    Ok(())
}
