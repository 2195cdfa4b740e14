//! How do several nodes over one database agree?
//!
//! Each follows the others: it sends beacons, forgets what others have changed, and may answer from memory for as long as its
//! lease lasts. Whoever needs more than that says so: to see at least some change, to see everything, or that a change counts
//! only once all nodes know it.

use std::{sync::atomic::Ordering, time::Duration};

use rolecall_engine::{access::Revision, ids::TenantId};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::{
    app::App,
    clock::Moment,
    db::{Feed, Hints},
    error::Error,
    snapshots,
};

/// Between two beacons.
const BEAT: Duration = Duration::from_millis(250);
/// Between two beacons at least, however many ask for one: each is a commit.
const SPACE: Duration = Duration::from_millis(5);
/// Before the connection is made anew after it was lost.
const BREATH: Duration = Duration::from_millis(100);
/// How long a request waits that wants to see more than what is in memory.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks whether all nodes know something.
const LOOK: Duration = Duration::from_millis(10);
/// Between two times at which old entries are forgotten.
const TIDYING: Duration = Duration::from_mins(1);

/// Follows the other nodes, for ever. Where there cannot be any, it ends at once.
pub async fn follow(app: App) {
    let node = app.entropy.secret();
    loop {
        let epoch = app.entropy.secret();
        match app.db.follow(&node, epoch, app.staleness.0).await {
            Ok(None) => return,
            Ok(Some(feed)) => {
                let Err(error) = keep_up(&app, feed).await;
                tracing::warn!(%error, "the database does not hear this node any more");
            }
            Err(error) => tracing::warn!(%error, "the database does not hear this node"),
        }
        app.beacons.failed.inc();
        sleep(BREATH).await;
    }
}

/// Waits until the node may answer, if that comes soon.
pub async fn first_beacon(app: &App) {
    let mut heard = app.beacons.heard.subscribe();
    if !app.lease.is_good() {
        let _ = timeout(5 * PATIENCE, heard.changed()).await;
    }
}

/// Sends beacons for as long as they are heard.
async fn keep_up(app: &App, mut feed: Feed) -> Result<std::convert::Infallible, Error> {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tidied = Instant::now();
    let mut first = true;
    let mut again = false;
    loop {
        // What a beacon reads is said by the next one only. Somebody waits for that who has asked.
        let asked = !again && wait(app, &feed, &mut beat).await;
        again = asked;
        sleep(SPACE).await;
        let number = app.beacons.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let sent = Moment::now();
        let begun = Instant::now();
        let changed = feed.beacon().await?;
        app.beacons.took.took(begun.elapsed());
        // The beacon may have read before a change whose writer did not wait for a node that was silent for so long.
        if first || !app.lease.is_good() {
            app.snapshots.clear();
            first = false;
        }
        for (tenant, revision) in changed {
            forget(app, tenant, revision);
        }
        app.lease.renew(sent, app.staleness);
        app.beacons.heard.send_replace(number);
        if tidied.elapsed() > TIDYING {
            tidied = Instant::now();
            feed.tidy_up().await?;
        }
    }
}

/// Waits until a beacon is due. Meanwhile hints are followed. Answers whether somebody waits until all nodes know something.
async fn wait(app: &App, feed: &Feed, beat: &mut tokio::time::Interval) -> bool {
    loop {
        tokio::select! {
            _ = beat.tick() => return false,
            () = app.beacons.wanted.notified() => return false,
            Hints { changed, asked } = feed.hints() => {
                for (tenant, revision) in changed {
                    forget(app, tenant, revision);
                }
                if asked {
                    return true;
                }
            }
        }
    }
}

/// Forgets a tenant as it was before a revision, and reads it anew if it was in memory.
fn forget(app: &App, tenant: TenantId, revision: Revision) {
    app.signal.changed(tenant);
    if app.snapshots.outdate(tenant, revision) {
        let app = app.clone();
        tokio::spawn(async move { snapshots::snapshot(&app, tenant).await });
    }
}

/// Waits until a beacon was heard that was sent after this was called: all that was acknowledged before is known then.
///
/// # Errors
/// When that does not come soon.
pub async fn everything(app: &App) -> Result<(), Error> {
    if !app.db.is_shared() {
        return Ok(());
    }
    let needed = app.beacons.begun.load(Ordering::SeqCst) + 1;
    let mut heard = app.beacons.heard.subscribe();
    app.beacons.wanted.notify_one();
    let waited = timeout(PATIENCE, heard.wait_for(|heard| *heard >= needed)).await;
    waited.map(drop).map_err(|_| Error::RevisionUnavailable)
}

/// Waits until a tenant is known at a revision or a later one.
///
/// # Errors
/// When that does not come soon.
pub async fn at_least(app: &App, tenant: TenantId, revision: Revision) -> Result<(), Error> {
    let known =
        async || snapshots::snapshot(app, tenant).await.map(|known| known.map(|known| known.revision()));
    if known().await?.is_none_or(|known| known >= revision) {
        return Ok(());
    }
    forget(app, tenant, revision);
    match timeout(PATIENCE, known()).await {
        Ok(Ok(Some(known))) if known >= revision => Ok(()),
        Ok(Ok(None)) => Ok(()),
        Ok(Err(error)) => Err(error),
        _ => Err(Error::RevisionUnavailable),
    }
}

/// Waits until every node knows all that was changed by now, or does not answer any more. Answers whether that came within the
/// time for which nodes may be behind.
///
/// # Errors
/// When the database cannot be used.
pub async fn applied(app: &App) -> Result<bool, Error> {
    if !app.lease.is_good() {
        // The database that is asked may be one that hears nobody.
        return Ok(false);
    }
    let Some(mark) = app.db.mark().await? else { return Ok(true) };
    let began = Instant::now();
    while !app.db.is_known_everywhere(mark.clone()).await? {
        if began.elapsed() > app.staleness.0 {
            return Ok(false);
        }
        sleep(LOOK).await;
    }
    Ok(true)
}
