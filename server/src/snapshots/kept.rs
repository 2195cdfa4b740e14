//! Which snapshot of a tenant is the present one, and which are kept in memory?

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use prometheus_client::metrics::counter::Counter;
use quick_cache::{DefaultHashBuilder, Lifecycle, Weighter, sync::Cache};
use rolecall_engine::{
    access::{Revision, Snapshot},
    ids::TenantId,
    time::Timestamp,
};
use tokio::sync::OwnedMutexGuard;

/// How many bytes snapshots may take together; beyond that some that were not used lately go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget(pub u64);

impl Default for Budget {
    fn default() -> Self {
        Self(256 * 1024 * 1024)
    }
}

/// Tenants that may be loading at the same moment.
const LOADING: usize = 10_000;
/// Tenants that are expected; there may be more. So few that the cache is one shard: of several, each would have room for its
/// share only, and a large tenant needs more.
const EXPECTED: usize = 32;

/// Weighs a snapshot in KiB, as if it were no larger than nearly all the room there is: what is larger is not kept.
#[derive(Clone)]
struct Weight {
    most: u64,
}

impl Weighter<TenantId, Arc<Snapshot>> for Weight {
    fn weight(&self, _: &TenantId, snapshot: &Arc<Snapshot>) -> u64 {
        ((snapshot.memory() / 1024 + 1) as u64).min(self.most)
    }
}

/// Counts what leaves the memory for want of room.
#[derive(Clone)]
struct Evictions(Counter);

impl Lifecycle<TenantId, Arc<Snapshot>> for Evictions {
    /// What is let go once others may use the cache again.
    type RequestState = Vec<Arc<Snapshot>>;

    fn before_evict(&self, _: &mut Self::RequestState, _: &TenantId, _: &mut Arc<Snapshot>) {
        self.0.inc();
    }

    /// What was replaced by a later one comes here too.
    fn on_evict(&self, gone: &mut Self::RequestState, _: TenantId, snapshot: Arc<Snapshot>) {
        gone.push(snapshot);
    }
}

/// What is known of the revisions of tenants.
#[derive(Default)]
struct Latest {
    /// How often everything was forgotten.
    era: u64,
    revisions: HashMap<TenantId, Revision>,
}

/// When a snapshot was begun to be read: nothing that was forgotten since comes back.
#[derive(Debug, Clone, Copy)]
pub struct Era(u64);

/// What became of a snapshot that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It is the present one.
    Present,
    /// The tenant was changed after it was begun to be read.
    Outdated,
    /// All was forgotten since, and this too: it may come from a database that does not count, or have been changed unheard.
    Void,
}

/// The right to load a tenant.
///
/// Many who wait for the same tenant load it once. Whoever came before a load began is served by it, even if the tenant was changed
/// since; whoever came later is not.
pub struct Turn {
    loads: OwnedMutexGuard<Loads>,
    begun: Arc<AtomicU64>,
    /// How many loads were begun when this was asked for.
    came: u64,
}

/// The loads of a tenant.
#[derive(Default)]
struct Loads {
    /// What the last one has read that was outdated when it ended, and which one that was.
    outdated: Option<(u64, Arc<Snapshot>)>,
}

impl Turn {
    /// What was begun to be loaded after this turn was asked for, as it is at a time.
    pub fn loaded_meanwhile(&self, now: Timestamp) -> Option<Arc<Snapshot>> {
        let (_, snapshot) = self.loads.outdated.as_ref().filter(|(number, _)| *number > self.came)?;
        Some(if snapshot.holds_at(now) { Arc::clone(snapshot) } else { Arc::new(snapshot.at(now)) })
    }

    /// A load begins.
    pub fn begin(&mut self) {
        self.loads.outdated = None;
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    /// The load has ended with something that is outdated.
    pub fn end(&mut self, snapshot: Arc<Snapshot>) {
        self.loads.outdated = Some((self.begun.load(Ordering::SeqCst), snapshot));
    }
}

impl Drop for Turn {
    /// What was read serves those who wait, and is gone with the last of them.
    fn drop(&mut self) {
        // The list of loads has one, and this turn.
        if Arc::strong_count(OwnedMutexGuard::mutex(&self.loads)) <= 2 {
            self.loads.outdated = None;
        }
    }
}

/// Who loads a tenant, and how many loads were begun.
#[derive(Default, Clone)]
struct Loading {
    loads: Arc<tokio::sync::Mutex<Loads>>,
    begun: Arc<AtomicU64>,
}

/// The present snapshot of each tenant that was used.
pub struct Snapshots {
    by_tenant: Cache<TenantId, Arc<Snapshot>, Weight, DefaultHashBuilder, Evictions>,
    /// How many left the memory for want of room.
    pub evicted: Counter,
    /// How many were read from the database.
    pub loaded: Counter,
    /// The latest revision of each tenant that was published here. They outlive the snapshots, so that one that was read
    /// before a change is never published behind it.
    latest: Mutex<Latest>,
    loading: Cache<TenantId, Loading>,
}

impl Snapshots {
    /// No snapshots, with room for so many bytes.
    pub fn new(Budget(bytes): Budget) -> Self {
        let room = (bytes / 1024).max(1);
        let weight = Weight { most: (room * 9 / 10).max(1) };
        let evicted = Counter::default();
        let evictions = Evictions(evicted.clone());
        Self {
            by_tenant: Cache::with(EXPECTED, room, weight, DefaultHashBuilder::default(), evictions),
            evicted,
            loaded: Counter::default(),
            latest: Mutex::default(),
            loading: Cache::new(LOADING),
        }
    }

    /// The present snapshot as it is at a time, if it is in memory.
    pub fn get(&self, tenant: TenantId, now: Timestamp) -> Option<Arc<Snapshot>> {
        let known = self.by_tenant.get(&tenant)?;
        if known.holds_at(now) {
            return Some(known);
        }
        // Looked at again in an era: what was forgotten meanwhile does not come back.
        let era = self.era();
        let known = self.by_tenant.get(&tenant)?;
        Some(self.turned(&known, now, era))
    }

    /// A snapshot of an era in which something that was assigned for some time only has begun or ended since.
    fn turned(&self, known: &Snapshot, now: Timestamp, era: Era) -> Arc<Snapshot> {
        let turned = Arc::new(known.at(now));
        self.publish(Arc::clone(&turned), era);
        turned
    }

    /// How many are in memory, how many bytes they take, and how many they may take.
    pub fn size(&self) -> [u64; 3] {
        let bytes = |weight: u64| weight.saturating_mul(1024);
        let tenants = u64::try_from(self.by_tenant.len()).unwrap_or(u64::MAX);
        [tenants, bytes(self.by_tenant.weight()), bytes(self.by_tenant.capacity())]
    }

    /// The present era.
    pub fn era(&self) -> Era {
        Era(self.latest.lock().unwrap_or_else(PoisonError::into_inner).era)
    }

    /// Makes a snapshot the present one, unless a later one was that before (threats I8), or all was forgotten since the era in
    /// which it was begun to be read.
    pub fn publish(&self, snapshot: Arc<Snapshot>, Era(era): Era) -> Published {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.era != era {
            return Published::Void;
        }
        let tenant = snapshot.tenant().id;
        let present = latest.revisions.entry(tenant).or_insert(snapshot.revision());
        if *present > snapshot.revision() {
            return Published::Outdated;
        }
        *present = snapshot.revision();
        self.by_tenant.insert(tenant, snapshot);
        Published::Present
    }

    /// As [`Snapshots::publish`], for one that was read from the database.
    pub fn publish_read(&self, snapshot: Arc<Snapshot>, era: Era) -> Published {
        self.loaded.inc();
        self.publish(snapshot, era)
    }

    /// As [`Snapshots::publish`], for one that was written, in a transaction that was begun in an era. If all was forgotten since,
    /// the tenant may have been changed further; that it has come so far is known.
    pub fn publish_written(&self, snapshot: Arc<Snapshot>, era: Era) {
        let (tenant, revision) = (snapshot.tenant().id, snapshot.revision());
        if self.publish(snapshot, era) == Published::Void {
            self.outdate(tenant, revision);
        }
    }

    /// Notes that a tenant has reached a revision: an earlier one is not the present one any more. Answers whether it
    /// was.
    pub fn outdate(&self, tenant: TenantId, revision: Revision) -> bool {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = latest.revisions.entry(tenant).or_insert(revision);
        *known = (*known).max(revision);
        let earlier = |snapshot: Arc<Snapshot>| snapshot.revision() < revision;
        let outdated = self.by_tenant.peek(&tenant).is_some_and(earlier);
        if outdated {
            self.by_tenant.remove(&tenant);
        }
        outdated
    }

    /// Forgets everything: what is known may not be so any more.
    pub fn clear(&self) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.era += 1;
        latest.revisions.clear();
        self.by_tenant.clear();
    }

    /// Forgets a tenant that is gone.
    pub fn forget(&self, tenant: TenantId) {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).revisions.remove(&tenant);
        self.by_tenant.remove(&tenant);
    }

    /// Waits for the right to load a tenant.
    pub(super) async fn turn_to_load(&self, tenant: TenantId) -> Turn {
        let Ok(Loading { loads, begun }) =
            self.loading.get_or_insert_with(&tenant, || Ok::<_, Infallible>(Loading::default()));
        let came = begun.load(Ordering::SeqCst);
        Turn { loads: loads.lock_owned().await, begun, came }
    }
}

#[cfg(test)]
mod tests {
    use rolecall_engine::{catalogue::Catalogue, change::Editor, names::DisplayName, tenants::Tenant};

    use super::*;

    fn snapshot(tenant: &str, revision: i64) -> Arc<Snapshot> {
        let editor = Editor::system(Timestamp::from_millis(0));
        let name = DisplayName::stored("T".to_owned());
        let tenant = Tenant::create(tenant.parse().unwrap(), name, Vec::new(), &editor).value;
        Arc::new(Snapshot::new(Arc::new(Catalogue::qlik()), tenant, Revision(revision), editor.at))
    }

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    /// What is known to be earlier, or was read before all was forgotten, does not come back.
    #[test]
    fn what_was_outdated_or_forgotten_stays_away() {
        let snapshots = Snapshots::new(Budget::default());
        let tenant: TenantId = A.parse().unwrap();
        let at = || snapshots.get(tenant, Timestamp::EPOCH).map(|snapshot| snapshot.revision().0);
        let era = snapshots.era();
        assert_eq!(snapshots.publish_read(snapshot(A, 5), era), Published::Present);
        assert!(!snapshots.outdate(tenant, Revision(5)));
        assert_eq!(at(), Some(5));
        assert!(snapshots.outdate(tenant, Revision(6)));
        let read = |revision, era| snapshots.publish_read(snapshot(A, revision), era);
        assert_eq!(read(5, era), Published::Outdated, "it was read before the change was known");
        assert_eq!(at(), None);
        assert_eq!(read(6, era), Published::Present);
        snapshots.clear();
        assert_eq!(read(7, era), Published::Void, "it was read before all was forgotten");
        assert_eq!(at(), None);
        assert_eq!(read(4, snapshots.era()), Published::Present, "the database may be another one now");
    }

    /// A state that all was forgotten after does not come back, neither as it is at a later time nor by a change whose commit
    /// was waited for meanwhile.
    #[test]
    fn what_was_forgotten_meanwhile_stays_away() {
        let snapshots = Snapshots::new(Budget::default());
        let tenant: TenantId = A.parse().unwrap();
        let at = || snapshots.get(tenant, Timestamp::EPOCH).map(|snapshot| snapshot.revision().0);
        let era = snapshots.era();
        assert_eq!(snapshots.publish(snapshot(A, 5), era), Published::Present);
        let known = snapshots.get(tenant, Timestamp::EPOCH).unwrap();
        snapshots.clear();
        let later = Timestamp::from_millis(1000);
        assert_eq!(
            snapshots.turned(&known, later, era).revision(),
            Revision(5),
            "it answers who has it already"
        );
        assert_eq!(at(), None);
        snapshots.publish_written(snapshot(A, 6), era);
        assert_eq!(at(), None, "another node may have changed it since");
        let read = |revision| snapshots.publish_read(snapshot(A, revision), snapshots.era());
        assert_eq!(read(5), Published::Outdated, "it was read before the change");
        assert_eq!(read(7), Published::Present);
        snapshots.publish_written(snapshot(A, 6), era);
        assert_eq!(at(), Some(7));
    }

    /// What was outdated when it was there serves those who came before it was begun, and nobody else; then it is gone.
    #[tokio::test]
    async fn a_load_serves_those_who_came_before_it_began() {
        let snapshots = Arc::new(Snapshots::new(Budget::default()));
        let tenant: TenantId = A.parse().unwrap();
        let mut first = snapshots.turn_to_load(tenant).await;
        let wait = || {
            let snapshots = Arc::clone(&snapshots);
            tokio::spawn(async move {
                let turn = snapshots.turn_to_load(tenant).await;
                let loaded = turn.loaded_meanwhile(Timestamp::EPOCH);
                loaded.map(|snapshot| snapshot.revision().0)
            })
        };
        let early = wait();
        tokio::task::yield_now().await;
        first.begin();
        let late = wait();
        tokio::task::yield_now().await;
        first.end(snapshot(A, 5));
        assert_eq!(first.loaded_meanwhile(Timestamp::EPOCH).map(|own| own.revision().0), Some(5));
        drop(first);
        assert_eq!((early.await.unwrap(), late.await.unwrap()), (Some(5), None));
        let after = snapshots.turn_to_load(tenant).await;
        assert!(after.loaded_meanwhile(Timestamp::EPOCH).is_none() && after.loads.outdated.is_none());
    }

    /// What is published never goes back to an earlier revision, though it left the memory meanwhile (threats I8).
    #[test]
    fn an_earlier_revision_is_not_published() {
        let snapshots = Snapshots::new(Budget(1));
        let at = |name: &str| {
            snapshots.get(name.parse().unwrap(), Timestamp::EPOCH).map(|snapshot| snapshot.revision().0)
        };
        let publish = |name, revision| snapshots.publish(snapshot(name, revision), snapshots.era());
        assert_eq!(publish(A, 5), Published::Present);
        assert_eq!(publish(A, 4), Published::Outdated);
        assert_eq!(at(A), Some(5));
        assert_eq!(publish(B, 1), Published::Present);
        assert_eq!((at(A), at(B)), (None, Some(1)), "there is room for one");
        assert_eq!((snapshots.evicted.get(), snapshots.size()), (1, [1, 1024, 1024]));
        assert_eq!(publish(A, 4), Published::Outdated);
        assert_eq!(at(A), None);
        assert_eq!(publish(A, 6), Published::Present);
        assert_eq!(at(A), Some(6));
    }
}
