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
    /// 1 if the role is among them, else 0: to be combined without a branch for each.
    pub(super) fn bit(self, role: Slot) -> u64 {
        self.0.get(usize::from(role >> 6)).map_or(0, |word| word >> (role & 63) & 1)
    }

    pub(super) fn has(self, role: Slot) -> bool {
        self.bit(role) == 1
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupGrants {
    /// The roles; [`NO_ROLE`] where there are fewer.
    roles: [Slot; 3],
    /// Whether there are more, which its facts have.
    pub(super) more: bool,
}

/// A number that no role has: it grants nothing.
const NO_ROLE: Slot = Slot::MAX;

impl GroupGrants {
    /// What a group grants that has no roles, is not active, or is not there.
    pub(super) const NOTHING: Self = Self { roles: [NO_ROLE; 3], more: false };

    pub(super) fn of(group: &GroupFacts) -> Self {
        let mut grants = Self::NOTHING;
        if group.active {
            grants.roles.iter_mut().zip(&group.roles).for_each(|(place, role)| *place = *role);
            grants.more = group.roles.len() > grants.roles.len();
        }
        grants
    }

    /// The first of the roles that grants what a row is about.
    pub(super) fn first(self, row: Row<'_>) -> Option<Slot> {
        let [a, b, c] = self.roles;
        // One branch for all of them: most groups do not grant what is asked for.
        if row.bit(a) | row.bit(b) | row.bit(c) == 0 {
            return None;
        }
        self.roles.into_iter().find(|role| row.has(*role))
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
