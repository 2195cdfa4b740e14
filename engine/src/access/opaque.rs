//! Which scopes are held that are not in the catalogue?

use alloc::vec::Vec;

use hashbrown::HashMap;

use crate::scopes::{ScopeIndex, ScopeName};

/// Scopes that are not in the catalogue, in the order they came; their places follow the catalogue's.
#[derive(Debug, Clone, Default)]
pub(super) struct Opaque {
    names: Vec<ScopeName>,
    places: HashMap<ScopeName, ScopeIndex>,
}

impl Opaque {
    pub(super) const fn len(&self) -> usize {
        self.names.len()
    }

    /// The place of a scope.
    pub(super) fn place(&self, name: &str) -> Option<ScopeIndex> {
        self.places.get(name).copied()
    }

    /// The scope that so many others came before.
    pub(super) fn name(&self, before: usize) -> Option<&ScopeName> {
        self.names.get(before)
    }

    /// Gives a scope a place behind the catalogue's, of which there are so many; none if there is no place left.
    pub(super) fn add(&mut self, name: &ScopeName, catalogue: usize) -> Option<ScopeIndex> {
        let place = ScopeIndex::new(catalogue + self.names.len())?;
        self.names.push(name.clone());
        self.places.insert(name.clone(), place);
        Some(place)
    }
}
