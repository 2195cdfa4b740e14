//! Which scopes are held that are not in the catalogue?

use alloc::vec::Vec;

use hashbrown::HashMap;

use super::Snapshot;
use crate::scopes::{ScopeIndex, ScopeName, ScopeSet};

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

impl Snapshot {
    /// How many scopes roles hold that are not in the catalogue.
    #[must_use]
    pub fn opaque_scopes(&self) -> usize {
        let mut held = ScopeSet::new();
        self.roles().for_each(|role| held.extend(&role.grants));
        held.iter().filter(|scope| usize::from(scope.0) >= self.catalogue().len()).count()
    }
}
