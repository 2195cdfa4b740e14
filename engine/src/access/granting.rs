//! Which roles grant a scope, and which does a group grant?

use alloc::vec::Vec;

use super::{slots::Slot, snapshot::GroupFacts};
use crate::scopes::ScopeIndex;

/// For each scope the roles that grant it, one bit each: whether one of a user's roles grants a scope is then a few looks at
/// neighbouring bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Granting {
    /// Words of 64 roles for each scope.
    stride: usize,
    bits: Vec<u64>,
}

/// The roles that grant one scope.
#[derive(Clone, Copy)]
pub(super) struct Row<'g>(&'g [u64]);

impl Row<'_> {
    pub(super) fn has(self, role: Slot) -> bool {
        self.0.get(usize::from(role >> 6)).is_some_and(|word| word >> (role & 63) & 1 == 1)
    }
}

impl Granting {
    /// The roles that grant a scope.
    pub(super) fn row(&self, scope: ScopeIndex) -> Row<'_> {
        let start = usize::from(scope.0) * self.stride;
        Row(self.bits.get(start..start + self.stride).unwrap_or_default())
    }

    /// Bytes it takes.
    pub(super) const fn memory(&self) -> usize {
        self.bits.len() * 8
    }

    /// Says what a role grants.
    pub(super) fn set(&mut self, role: Slot, grants: impl Iterator<Item = ScopeIndex>) {
        let (word, bit) = (usize::from(role >> 6), 1 << (role & 63));
        if self.stride <= word {
            self.widen(word + 1);
        }
        self.clear(role);
        for scope in grants {
            let at = usize::from(scope.0) * self.stride + word;
            if self.bits.len() <= at {
                self.bits.resize((usize::from(scope.0) + 1) * self.stride, 0);
            }
            if let Some(word) = self.bits.get_mut(at) {
                *word |= bit;
            }
        }
    }

    /// Says that a role grants nothing.
    pub(super) fn clear(&mut self, role: Slot) {
        let (word, bit) = (usize::from(role >> 6), 1 << (role & 63));
        if word < self.stride {
            self.bits.iter_mut().skip(word).step_by(self.stride).for_each(|word| *word &= !bit);
        }
    }

    fn widen(&mut self, stride: usize) {
        let mut bits = Vec::new();
        if self.stride > 0 {
            for row in self.bits.chunks(self.stride) {
                bits.extend_from_slice(row);
                bits.resize(bits.len() + stride - row.len(), 0);
            }
        }
        *self = Self { stride, bits };
    }
}

/// The roles that a group grants. Those of all groups lie beside each other, for few decisions need more of a group.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum GroupGrants {
    /// None: it has none, or is not active.
    #[default]
    Nothing,
    Few(u8, [Slot; 3]),
    /// See its facts.
    Many,
}

impl GroupGrants {
    pub(super) fn of(group: &GroupFacts) -> Self {
        if !group.active || group.roles.is_empty() {
            return Self::Nothing;
        }
        let mut roles = [0; 3];
        match (roles.get_mut(..group.roles.len()), u8::try_from(group.roles.len())) {
            (Some(place), Ok(len)) => {
                place.copy_from_slice(&group.roles);
                Self::Few(len, roles)
            }
            _ => Self::Many,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn each_role_grants_what_was_said_last() {
        let mut granting = Granting::default();
        let scopes = |list: &'static [u16]| list.iter().copied().map(ScopeIndex);
        granting.set(3, scopes(&[0, 7]));
        granting.set(200, scopes(&[7, 300]));
        granting.set(64, scopes(&[1]));
        let holders = |granting: &Granting, scope| {
            (0..300).filter(|role| granting.row(ScopeIndex(scope)).has(*role)).collect::<Vec<Slot>>()
        };
        assert_eq!(holders(&granting, 7), [3, 200]);
        assert_eq!(holders(&granting, 300), [200]);
        granting.set(3, scopes(&[1]));
        assert_eq!((holders(&granting, 7), holders(&granting, 0)), (vec![200], vec![]));
        assert_eq!(holders(&granting, 1), [3, 64]);
        granting.clear(64);
        assert_eq!((holders(&granting, 1), holders(&granting, 9999)), (vec![3], vec![]));
    }
}
