//! How is a thing named by a small number, so that a million users can refer to it in two bytes?

use alloc::{sync::Arc, vec::Vec};

use super::table::{Spread, Table};

/// Things in a chunk.
const CHUNK: u16 = 128;

/// The number of a thing. It is never given to another one within the versions of one snapshot, so whoever still refers
/// to a thing that is gone refers to nothing.
pub(super) type Slot = u16;

/// A set of numbers.
#[derive(Debug, Default)]
pub(super) struct SlotSet(Vec<u64>);

impl SlotSet {
    pub(super) fn insert(&mut self, slot: Slot) {
        let at = usize::from(slot >> 6);
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        if let Some(word) = self.0.get_mut(at) {
            *word |= 1 << (slot & 63);
        }
    }

    pub(super) fn has(&self, slot: Slot) -> bool {
        self.0.get(usize::from(slot >> 6)).is_some_and(|word| word >> (slot & 63) & 1 == 1)
    }
}

impl Extend<Slot> for SlotSet {
    fn extend<I: IntoIterator<Item = Slot>>(&mut self, slots: I) {
        slots.into_iter().for_each(|slot| self.insert(slot));
    }
}

type Chunk<T> = Arc<Vec<Option<Arc<T>>>>;

/// Things with an identifier, each of which has a number. Versions share what they have in common.
#[derive(Debug, Clone)]
pub(super) struct Slots<K, T> {
    numbers: Table<K, Slot>,
    chunks: Arc<Vec<Chunk<T>>>,
    next: Slot,
}

impl<K, T> Default for Slots<K, T> {
    fn default() -> Self {
        Self { numbers: Table::default(), chunks: Arc::default(), next: 0 }
    }
}

impl<K: Spread + Ord + Clone, T> Slots<K, T> {
    /// How many things there are.
    pub(super) const fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The thing with a number.
    pub(super) fn get(&self, slot: Slot) -> Option<&T> {
        let chunk = self.chunks.get(usize::from(slot / CHUNK))?;
        chunk.get(usize::from(slot % CHUNK))?.as_deref()
    }

    /// The number of the thing with an identifier.
    pub(super) fn slot(&self, id: &K) -> Option<Slot> {
        self.numbers.get(id).copied()
    }

    /// The thing with an identifier.
    pub(super) fn find(&self, id: &K) -> Option<&T> {
        self.get(self.slot(id)?)
    }

    /// All things, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).filter_map(Option::as_deref)
    }

    /// Puts a thing in, in place of the one with the same identifier, whose number it keeps. None if there are no numbers
    /// left.
    pub(super) fn put(&mut self, id: K, thing: T) -> Option<Slot> {
        let slot = if let Some(slot) = self.slot(&id) {
            slot
        } else {
            let slot = self.next;
            self.next = self.next.checked_add(1)?;
            self.numbers.insert(id, slot);
            slot
        };
        *self.place(slot)? = Some(Arc::new(thing));
        Some(slot)
    }

    /// Takes a thing out. Answers the number it had.
    pub(super) fn remove(&mut self, id: &K) -> Option<Slot> {
        let slot = self.slot(id)?;
        self.numbers.remove(id);
        *self.place(slot)? = None;
        Some(slot)
    }

    /// How many numbers were given so far.
    pub(super) const fn given(&self) -> Slot {
        self.next
    }

    /// Whether so many numbers were given that it is time to begin anew.
    pub(super) const fn is_worn(&self) -> bool {
        self.next > 60_000
    }

    /// Room for the thing with a number.
    fn place(&mut self, slot: Slot) -> Option<&mut Option<Arc<T>>> {
        let chunks = Arc::make_mut(&mut self.chunks);
        let (chunk, at) = (usize::from(slot / CHUNK), usize::from(slot % CHUNK));
        if chunks.len() <= chunk {
            chunks.resize_with(chunk + 1, Chunk::default);
        }
        let chunk = Arc::make_mut(chunks.get_mut(chunk)?);
        if chunk.len() <= at {
            chunk.resize(at + 1, None);
        }
        chunk.get_mut(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::GroupId;

    #[test]
    fn a_number_is_not_given_twice() {
        let mut slots = Slots::default();
        let id = |n: Slot| GroupId::new(n.into(), [7; 8]);
        for n in 0..300 {
            assert_eq!(slots.put(id(n), n * 2), Some(n));
        }
        let before = slots.clone();
        assert_eq!(slots.remove(&id(7)), Some(7));
        assert_eq!((slots.get(7), slots.find(&id(7)), slots.len()), (None, None, 299));
        assert_eq!((slots.put(id(7), 0), slots.put(id(8), 1)), (Some(300), Some(8)));
        assert_eq!((slots.get(7), slots.find(&id(7)), slots.find(&id(8))), (None, Some(&0), Some(&1)));
        assert_eq!(
            (before.find(&id(7)), before.find(&id(8)), before.iter().count()),
            (Some(&14), Some(&16), 300)
        );
    }
}
