//! How is one entry of a large map changed without copying the map?

use alloc::{sync::Arc, vec, vec::Vec};
use core::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// Shards in a chunk.
const CHUNK: usize = 64;
/// Entries in a shard, on average, before the table is spread over more shards.
const LOAD: usize = 32;

type Shard<K, V> = Arc<HashTable<(K, V)>>;
type Root<K, V> = Arc<Vec<Arc<Vec<Shard<K, V>>>>>;

/// An immutable map whose versions share what they have in common.
///
/// Entries lie in small maps, those in chunks, those in a root. A change copies one small map, one chunk and the root: a
/// few microseconds with a million entries. Copying the table itself costs one reference count.
///
/// The upper bits of a key's hash choose the small map, and the hash is the same in every version and every process: so
/// there is an order of entries that stays while others come and go, see [`Table::in_order`].
#[derive(Debug, Clone)]
pub(super) struct Table<K, V> {
    root: Root<K, V>,
    len: usize,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { root: root(1), len: 0 }
    }
}

fn root<K, V>(chunks: usize) -> Root<K, V> {
    let shard = Arc::new(HashTable::new());
    let chunk = Arc::new(vec![shard; CHUNK]);
    Arc::new(vec![chunk; chunks])
}

fn hash<Q: Hash + ?Sized>(key: &Q) -> u64 {
    FixedState::with_seed(0).hash_one(key)
}

/// The hash within a shard, whose keys have their upper bits in common.
const fn within(hash: u64) -> u64 {
    hash.rotate_left(32)
}

impl<K: Eq + Hash + Clone, V: Clone> Table<K, V> {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The shard where a hash belongs.
    fn place(&self, hash: u64) -> usize {
        let shards = (self.root.len() * CHUNK) as u64;
        // Below the number of shards, which fits.
        usize::try_from(((hash >> 32) * shards) >> 32).unwrap_or_default()
    }

    fn shard(&self, at: usize) -> Option<&Shard<K, V>> {
        self.root.get(at / CHUNK)?.get(at % CHUNK)
    }

    fn shard_mut(&mut self, at: usize) -> Option<&mut HashTable<(K, V)>> {
        let chunk = Arc::make_mut(Arc::make_mut(&mut self.root).get_mut(at / CHUNK)?);
        Some(Arc::make_mut(chunk.get_mut(at % CHUNK)?))
    }

    pub(super) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = hash(key);
        let shard = self.shard(self.place(hash))?;
        shard.find(within(hash), |(known, _)| known.borrow() == key).map(|(_, value)| value)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.len >= self.root.len() * CHUNK * LOAD {
            self.spread();
        }
        let hashed = hash(&key);
        let Some(shard) = self.shard_mut(self.place(hashed)) else { return };
        if let Some((_, present)) = shard.find_mut(within(hashed), |(known, _)| *known == key) {
            *present = value;
        } else {
            shard.insert_unique(within(hashed), (key, value), |(key, _)| within(hash(key)));
            self.len += 1;
        }
    }

    pub(super) fn remove<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = hash(key);
        if self.get(key).is_some()
            && let Some(shard) = self.shard_mut(self.place(hash))
            && let Ok(entry) = shard.find_entry(within(hash), |(known, _)| known.borrow() == key)
        {
            entry.remove();
            self.len -= 1;
        }
    }

    /// All entries, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let shards = self.root.iter().flat_map(|chunk| chunk.iter());
        shards.flat_map(|shard| shard.iter()).map(|(key, value)| (key, value))
    }

    /// All entries behind `after` in an order that is the same in every version: whoever goes through them in parts sees
    /// each that stays once, whatever comes and goes meanwhile.
    pub(super) fn in_order<'t>(
        &'t self,
        after: Option<&K>,
    ) -> impl Iterator<Item = (&'t K, &'t V)> + use<'t, K, V>
    where
        K: Ord,
    {
        let behind = after.map(|key| (hash(key), key.clone()));
        let first = behind.as_ref().map_or(0, |(hash, _)| self.place(*hash));
        (first..self.root.len() * CHUNK).filter_map(|at| self.shard(at)).flat_map(move |shard| {
            let entries = shard.iter().map(|(key, value)| (hash(key), key, value));
            let mut entries: Vec<(u64, &K, &V)> = entries
                .filter(|(hash, key, _)| behind.as_ref().is_none_or(|(h, k)| (hash, *key) > (h, k)))
                .collect();
            entries.sort_unstable_by_key(|(hash, key, _)| (*hash, *key));
            entries.into_iter().map(|(_, key, value)| (key, value))
        })
    }

    /// Twice as many chunks. Happens as often as the number of entries doubles.
    fn spread(&mut self) {
        let mut wider = Self { root: root(self.root.len() * 2), len: self.len };
        for (key, value) in self.iter() {
            let hashed = hash(key);
            if let Some(shard) = wider.shard_mut(wider.place(hashed)) {
                let entry = (key.clone(), value.clone());
                shard.insert_unique(within(hashed), entry, |(key, _)| within(hash(key)));
            }
        }
        *self = wider;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_not_touched_by_changes_of_the_next() {
        let mut table = Table::default();
        for key in 0..10_000 {
            table.insert(key, key * 2);
        }
        let before = table.clone();
        table.insert(5, 0);
        table.remove(&7);
        table.insert(20_000, 1);
        assert_eq!(
            (before.get(&5), before.get(&7), before.get(&20_000), before.len()),
            (Some(&10), Some(&14), None, 10_000)
        );
        assert_eq!(
            (table.get(&5), table.get(&7), table.get(&20_000), table.len()),
            (Some(&0), None, Some(&1), 10_000)
        );
        assert_eq!(table.iter().count(), 10_000);
        table.remove(&7);
        assert_eq!(table.len(), 10_000);
    }

    /// Gone through in parts, while the table grows over more shards: what stays is seen once.
    #[test]
    fn the_order_outlives_changes() {
        let mut table = Table::default();
        for key in 0..3_000 {
            table.insert(key, ());
        }
        let (mut seen, mut last, mut new) = (Vec::new(), None, 3_000);
        loop {
            let part: Vec<i32> = table.in_order(last.as_ref()).map(|(key, ())| *key).take(100).collect();
            let Some(end) = part.last() else { break };
            last = Some(*end);
            seen.extend(part.into_iter().filter(|key| *key < 3_000));
            for _ in 0..50 {
                table.insert(new, ());
                new += 1;
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..3_000).collect::<Vec<_>>());
    }
}
