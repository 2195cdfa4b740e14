//! Who waits for changes, and how are they told that there are some?
//!
//! What is told is only that something may have changed: whoever waits looks for itself, so nothing is lost where a word is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rolecall_engine::ids::TenantId;
use tokio::sync::Notify;

/// Streams of events of one tenant, and of all.
const OF_TENANT: usize = 20;
const OF_ALL: usize = 1000;

/// Tells of changes those who wait for them.
#[derive(Default)]
pub struct Signal {
    deliverer: Notify,
    streams: Mutex<Streams>,
}

#[derive(Default)]
struct Streams {
    open: usize,
    of_tenants: HashMap<TenantId, (usize, Arc<Notify>)>,
}

impl Signal {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells that a tenant was changed.
    pub fn changed(&self, tenant: TenantId) {
        self.deliverer.notify_one();
        if let Some((_, notify)) = self.streams().of_tenants.get(&tenant) {
            notify.notify_waiters();
        }
    }

    /// Has all streams look around.
    pub fn wake_all(&self) {
        self.streams().of_tenants.values().for_each(|(_, notify)| notify.notify_waiters());
    }

    /// Waits until some tenant was changed since this was last asked. There is one who asks.
    pub async fn next_change(&self) {
        self.deliverer.notified().await;
    }

    /// Somebody more who waits for the changes of a tenant; none if there are too many.
    pub fn listen(self: &Arc<Self>, tenant: TenantId) -> Option<Listener> {
        let mut streams = self.streams();
        let (count, notify) = streams.of_tenants.get(&tenant).cloned().unwrap_or_default();
        if count >= OF_TENANT || streams.open >= OF_ALL {
            return None;
        }
        streams.open += 1;
        streams.of_tenants.insert(tenant, (count + 1, Arc::clone(&notify)));
        Some(Listener { signal: Arc::clone(self), tenant, notify })
    }
}

/// Somebody who waits for the changes of a tenant.
pub struct Listener {
    signal: Arc<Signal>,
    tenant: TenantId,
    notify: Arc<Notify>,
}

impl Listener {
    /// What is notified when the tenant is changed.
    pub fn notify(&self) -> Arc<Notify> {
        Arc::clone(&self.notify)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut streams = self.signal.streams();
        streams.open -= 1;
        if let Some((count, _)) = streams.of_tenants.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                streams.of_tenants.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tenant with many streams keeps no other from one, and a stream that ended makes room.
    #[test]
    fn streams_are_counted_by_tenant_and_in_all() {
        let signal = Arc::new(Signal::default());
        let tenant = |n: u8| TenantId::new([n; 32]);
        let mut open: Vec<Listener> = (0..OF_TENANT).map(|_| signal.listen(tenant(1)).unwrap()).collect();
        assert!(signal.listen(tenant(1)).is_none());
        open.pop();
        open.push(signal.listen(tenant(1)).unwrap());
        while open.len() < OF_ALL {
            let one = u8::try_from(open.len() / OF_TENANT + 1).unwrap();
            open.push(signal.listen(tenant(one)).unwrap());
        }
        assert!(signal.listen(tenant(0)).is_none());
        drop(open);
        assert!(signal.streams().of_tenants.is_empty() && signal.listen(tenant(0)).is_some());
    }
}
