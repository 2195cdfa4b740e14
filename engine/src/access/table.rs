//! How is one entry of a large map changed without copying the map?

use alloc::{string::String, sync::Arc, vec::Vec};
use core::{
    borrow::Borrow,
    hash::{BuildHasher as _, Hash},
};

use foldhash::fast::FixedState;

use crate::ids::{GroupId, RoleId, SpaceId, UserId};

/// Shards in a chunk.
const CHUNK: usize = 64;
/// Entries in a shard, on average, before the table is spread over more shards.
const LOAD: usize = 32;

/// Where a key lies: a number that is the same in every version and every process, and evenly spread.
pub(super) trait Spread {
    fn spread(&self) -> u64;
}

fn hashed(key: &(impl Hash + ?Sized)) -> u64 {
    FixedState::with_seed(0).hash_one(key)
}

impl Spread for String {
    fn spread(&self) -> u64 {
        self.as_str().spread()
    }
}

impl Spread for str {
    fn spread(&self) -> u64 {
        hashed(self)
    }
}

impl<A: Hash> Spread for (A, String) {
    fn spread(&self) -> u64 {
        hashed(self)
    }
}

macro_rules! by_identifier {
    ($($id:ty),+) => {
        $(impl Spread for $id {
            fn spread(&self) -> u64 {
                self.unique().wrapping_mul(0x9e37_79b9_7f4a_7c15)
            }
        })+
    };
}

by_identifier!(UserId, GroupId, RoleId, SpaceId);

/// Half of a cryptographic hash: evenly spread already.
impl Spread for [u8; 16] {
    fn spread(&self) -> u64 {
        self.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
    }
}

/// Entries in the order of their keys' places, of equal ones in the order of the keys.
type Shard<K, V> = Arc<[(K, V)]>;
type Chunk<K, V> = Arc<[Shard<K, V>]>;

/// An immutable map whose versions ahead what they have in common.
///
/// Entries lie in small sorted arrays, those in chunks, those in a root. A change copies one array, one chunk and the root:
/// a few microseconds with a million entries. Copying the table itself costs one reference count. Since places are evenly
/// spread, an entry is found where its share of the array says, or beside it.
///
/// There is one order of entries in all versions, see [`Table::in_order`].
#[derive(Debug, Clone)]
pub(super) struct Table<K, V> {
    root: Arc<[Chunk<K, V>]>,
    len: usize,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        let empty: Chunk<K, V> = (0..CHUNK).map(|_| Shard::default()).collect();
        Self { root: Arc::new([empty]), len: 0 }
    }
}

impl<K: Spread + Ord + Clone, V: Clone> Table<K, V> {
    /// A table of many entries at once; of those with the same key the last counts.
    pub(super) fn of(mut entries: Vec<(K, V)>) -> Self {
        // Stable, so that the last of equals stays last.
        entries.sort_by(|(a, _), (b, _)| (a.spread(), a).cmp(&(b.spread(), b)));
        entries.reverse();
        entries.dedup_by(|(a, _), (b, _)| a == b);
        let len = entries.len();
        let mut chunks = 1;
        while len >= chunks * CHUNK * LOAD {
            chunks *= 2;
        }
        // From the end, so that what is taken need not be moved.
        let shard = |at: usize, entries: &mut Vec<(K, V)>| -> Shard<K, V> {
            let begins = entries.iter().rev().position(|(key, _)| place(key.spread(), chunks * CHUNK).0 > at);
            let taken = begins.unwrap_or(entries.len());
            entries.drain(entries.len() - taken..).rev().collect()
        };
        let root = (0..chunks)
            .map(|chunk| (0..CHUNK).map(|at| shard(chunk * CHUNK + at, &mut entries)).collect())
            .collect();
        Self { root, len }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    fn shards(&self) -> usize {
        self.root.len() * CHUNK
    }

    fn shard(&self, at: usize) -> Option<&Shard<K, V>> {
        self.root.get(at / CHUNK)?.get(at % CHUNK)
    }

    pub(super) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Spread + Ord + ?Sized,
    {
        let spread = key.spread();
        let (at, ahead) = place(spread, self.shards());
        let shard = self.shard(at)?;
        let found = find(shard, key, spread, ahead).ok()?;
        shard.get(found).map(|(_, value)| value)
    }

    /// Puts another array in place of a shard.
    fn replace(&mut self, at: usize, shard: Shard<K, V>) {
        let root = Arc::make_mut(&mut self.root);
        let chunk = root.get_mut(at / CHUNK).map(Arc::make_mut);
        if let Some(place) = chunk.and_then(|chunk| chunk.get_mut(at % CHUNK)) {
            *place = shard;
        }
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.len >= self.shards() * LOAD {
            self.spread_wider();
        }
        let spread = key.spread();
        let (at, ahead) = place(spread, self.shards());
        let Some(shard) = self.shard(at) else { return };
        let found = find(shard, &key, spread, ahead);
        let (Ok(begin) | Err(begin)) = found;
        let rest = begin + usize::from(found.is_ok());
        let before = shard.iter().take(begin).cloned();
        let behind = shard.iter().skip(rest).cloned();
        let next = before.chain([(key, value)]).chain(behind).collect();
        self.len += usize::from(found.is_err());
        self.replace(at, next);
    }

    pub(super) fn remove<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Spread + Ord + ?Sized,
    {
        let spread = key.spread();
        let (at, ahead) = place(spread, self.shards());
        let Some(shard) = self.shard(at) else { return };
        if let Ok(found) = find(shard, key, spread, ahead) {
            let next = shard.iter().enumerate().filter(|(n, _)| *n != found).map(|(_, entry)| entry.clone());
            let next = next.collect();
            self.len -= 1;
            self.replace(at, next);
        }
    }

    /// All entries.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.root.iter().flat_map(|chunk| chunk.iter()).flat_map(|shard| shard.iter())
    }

    /// All entries behind `after` in an order that is the same in every version: whoever goes through them in parts sees
    /// each that stays once, whatever comes and goes meanwhile.
    pub(super) fn in_order<'t>(
        &'t self,
        after: Option<&K>,
    ) -> impl Iterator<Item = &'t (K, V)> + use<'t, K, V> {
        let behind = after.map(|key| (key.spread(), key.clone()));
        let first = behind.as_ref().map_or(0, |(spread, _)| place(*spread, self.shards()).0);
        let shards = (first..self.shards()).filter_map(|at| self.shard(at));
        shards.flat_map(|shard| shard.iter()).skip_while(move |(key, _)| {
            behind.as_ref().is_some_and(|(spread, last)| (key.spread(), key) <= (*spread, last))
        })
    }

    /// Twice as many chunks. Happens as often as the number of entries doubles.
    fn spread_wider(&mut self) {
        *self = Self::of(self.iter().cloned().collect());
    }
}

/// The shard of so many where a key belongs, and which share of the shard, of 2³², comes before it.
fn place(spread: u64, shards: usize) -> (usize, u64) {
    let scaled = (spread >> 32) * shards as u64;
    // Below the number of shards, which fits.
    (usize::try_from(scaled >> 32).unwrap_or_default(), scaled & 0xffff_ffff)
}

/// Where a key is in a shard, or would be.
fn find<K, V, Q>(shard: &[(K, V)], key: &Q, spread: u64, ahead: u64) -> Result<usize, usize>
where
    K: Borrow<Q>,
    Q: Spread + Ord + ?Sized,
{
    let order = |at: usize| {
        shard.get(at).map(|(known, _)| (known.borrow().spread(), known.borrow()).cmp(&(spread, key)))
    };
    let mut at = usize::try_from((ahead * shard.len() as u64) >> 32).unwrap_or_default();
    while at > 0 && order(at - 1).is_some_and(core::cmp::Ordering::is_ge) {
        at -= 1;
    }
    while order(at).is_some_and(core::cmp::Ordering::is_lt) {
        at += 1;
    }
    if order(at).is_some_and(core::cmp::Ordering::is_eq) { Ok(at) } else { Err(at) }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use super::*;

    fn id(n: u32) -> UserId {
        UserId::new(n, u64::from(n).wrapping_mul(0x517c_c1b7_2722_0a95).to_be_bytes())
    }

    #[test]
    fn a_version_is_not_touched_by_changes_of_the_next() {
        let mut table = Table::default();
        for key in 0..10_000 {
            table.insert(id(key), key * 2);
        }
        let before = table.clone();
        table.insert(id(5), 0);
        table.remove(&id(7));
        table.insert(id(20_000), 1);
        assert_eq!(
            (before.get(&id(5)), before.get(&id(7)), before.get(&id(20_000)), before.len()),
            (Some(&10), Some(&14), None, 10_000)
        );
        assert_eq!(
            (table.get(&id(5)), table.get(&id(7)), table.get(&id(20_000)), table.len()),
            (Some(&0), None, Some(&1), 10_000)
        );
        assert_eq!(table.iter().count(), 10_000);
        table.remove(&id(7));
        assert_eq!(table.len(), 10_000);
    }

    /// Made at once or one by one, and whatever is taken out: the same as a map of the library.
    #[test]
    fn it_holds_what_any_map_holds() {
        let entries: Vec<(UserId, u32)> = (0..5_000_u32).map(|n| (id(n * 7 % 3_000), n)).collect();
        let mut expected: BTreeMap<UserId, u32> = entries.iter().copied().collect();
        let mut one_by_one = Table::default();
        for (key, value) in &entries {
            one_by_one.insert(*key, *value);
        }
        let mut at_once = Table::of(entries);
        for table in [&mut one_by_one, &mut at_once] {
            assert_eq!(table.len(), expected.len());
            assert!(expected.iter().all(|(key, value)| table.get(key) == Some(value)));
            assert_eq!(table.get(&id(9_999)), None);
            (0..3_000).step_by(3).for_each(|n| table.remove(&id(n)));
        }
        expected.retain(|key, _| !(0..3_000).step_by(3).any(|n| id(n) == *key));
        assert!(one_by_one.in_order(None).eq(at_once.in_order(None)));
        assert_eq!(one_by_one.iter().copied().collect::<BTreeMap<_, _>>(), expected);
    }

    /// Keys that all belong into one place are found all the same.
    #[test]
    fn keys_that_meet_are_told_apart() {
        let entries: Vec<(UserId, u32)> = (0..200).map(|n| (UserId::new(n, [1; 8]), n)).collect();
        let table = Table::of(entries.clone());
        assert!(entries.iter().all(|(key, value)| table.get(key) == Some(value)));
    }

    /// Gone through in parts, while the table grows over more shards: what stays is seen once.
    #[test]
    fn the_order_outlives_changes() {
        let mut table = Table::default();
        for key in 0..3_000 {
            table.insert(id(key), key);
        }
        let (mut seen, mut last, mut new) = (Vec::new(), None, 3_000);
        loop {
            let part: Vec<(UserId, u32)> = table.in_order(last.as_ref()).copied().take(100).collect();
            let Some((end, _)) = part.last() else { break };
            last = Some(*end);
            seen.extend(part.into_iter().map(|(_, key)| key).filter(|key| *key < 3_000));
            for _ in 0..50 {
                table.insert(id(new), new);
                new += 1;
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..3_000).collect::<Vec<_>>());
    }
}
