//! Which snapshot of a tenant is the present one?

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use rolecall_engine::{access::Snapshot, ids::TenantId};
use tokio::sync::{Mutex, MutexGuard};

/// The present snapshot of each tenant that was used.
#[derive(Default)]
pub struct Snapshots {
    by_tenant: RwLock<HashMap<TenantId, Arc<Snapshot>>>,
    loading: Mutex<()>,
}

impl Snapshots {
    /// The present snapshot, if the tenant was used before.
    pub fn get(&self, tenant: TenantId) -> Option<Arc<Snapshot>> {
        self.by_tenant.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned()
    }

    /// Makes a snapshot the present one, unless a later one is there (threats I8).
    pub fn publish(&self, snapshot: Arc<Snapshot>) {
        let mut by_tenant = self.by_tenant.write().unwrap_or_else(PoisonError::into_inner);
        let present = by_tenant.entry(snapshot.tenant().id).or_insert_with(|| Arc::clone(&snapshot));
        if present.revision() < snapshot.revision() {
            *present = snapshot;
        }
    }

    /// Waits for the right to load a tenant, so that many first requests load it once.
    pub(super) async fn loading(&self) -> MutexGuard<'_, ()> {
        self.loading.lock().await
    }
}
