//! How is one entry of a large map changed without copying the map?

use alloc::{sync::Arc, vec, vec::Vec};
use core::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
};

use hashbrown::{DefaultHashBuilder, HashMap};

/// Shards in a chunk.
const CHUNK: usize = 64;
/// Entries in a shard, on average, before the table is spread over more shards.
const LOAD: usize = 32;

type Shard<K, V> = Arc<HashMap<K, V, DefaultHashBuilder>>;
type Root<K, V> = Arc<Vec<Arc<Vec<Shard<K, V>>>>>;

/// An immutable map whose versions share what they have in common.
///
/// Entries lie in small maps, those in chunks, those in a root. A change copies one small map, one chunk and the root: a
/// few microseconds with a million entries. Copying the table itself costs two reference counts.
#[derive(Debug, Clone)]
pub(super) struct Table<K, V> {
    root: Root<K, V>,
    hasher: DefaultHashBuilder,
    len: usize,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { root: root(1), hasher: DefaultHashBuilder::default(), len: 0 }
    }
}

fn root<K, V>(chunks: usize) -> Root<K, V> {
    let shard = Shard::default();
    let chunk = Arc::new(vec![shard; CHUNK]);
    Arc::new(vec![chunk; chunks])
}

impl<K: Eq + Hash + Clone, V: Clone> Table<K, V> {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The chunk and the shard within it where a key belongs.
    fn place<Q: Hash + ?Sized>(&self, key: &Q) -> (usize, usize) {
        // The low bits choose the shard; hashbrown uses the others as well, which does no harm.
        let hash = usize::try_from(self.hasher.hash_one(key) & 0xffff_ffff).unwrap_or_default();
        ((hash / CHUNK) % self.root.len(), hash % CHUNK)
    }

    pub(super) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (chunk, shard) = self.place(key);
        self.root.get(chunk)?.get(shard)?.get(key)
    }

    fn shard_mut<Q: Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut HashMap<K, V, DefaultHashBuilder>> {
        let (chunk, shard) = self.place(key);
        let chunk = Arc::make_mut(Arc::make_mut(&mut self.root).get_mut(chunk)?);
        Some(Arc::make_mut(chunk.get_mut(shard)?))
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.len >= self.root.len() * CHUNK * LOAD {
            self.spread();
        }
        if let Some(shard) = self.shard_mut(&key)
            && shard.insert(key, value).is_none()
        {
            self.len += 1;
        }
    }

    pub(super) fn remove<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if self.get(key).is_some()
            && let Some(shard) = self.shard_mut(key)
        {
            shard.remove(key);
            self.len -= 1;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.root.iter().flat_map(|chunk| chunk.iter()).flat_map(|shard| shard.iter())
    }

    /// Twice as many chunks. Happens as often as the number of entries doubles.
    fn spread(&mut self) {
        let mut wider = Self { root: root(self.root.len() * 2), hasher: self.hasher.clone(), len: self.len };
        for (key, value) in self.iter() {
            if let Some(shard) = wider.shard_mut(key) {
                shard.insert(key.clone(), value.clone());
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
}
