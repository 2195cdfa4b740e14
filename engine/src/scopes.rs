//! What is a scope, and what is a set of them?

use alloc::{sync::Arc, vec::Vec};
use core::{borrow::Borrow, fmt};

use crate::words::words;

/// The name of a scope, compared byte by byte: 1 to 128 characters of `a–z A–Z 0–9 . _ : -`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeName(Arc<str>);

/// The text cannot name a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a scope name: 1 to 128 letters, digits or `.`, `_`, `:`, `-`")]
pub struct ScopeNameError;

impl ScopeName {
    /// Reads the name of a scope, known or not.
    ///
    /// # Errors
    /// When the text is empty, too long or has a character that no scope has.
    pub fn new(text: &str) -> Result<Self, ScopeNameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        if (1..=128).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(ScopeNameError)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ScopeName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

words! {
    /// Whether something reaches the whole tenant or only what its holder may reach anyway.
    Level {
        /// Ordinary rights.
        User = "user",
        /// Rights over the whole tenant.
        Admin = "admin",
    }
}

/// The place of a scope in a [`Catalogue`](crate::catalogue::Catalogue), or behind it for opaque scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeIndex(pub(crate) u16);

impl ScopeIndex {
    /// The place of a scope that so many come before; none if that are too many.
    #[must_use]
    pub fn new(before: usize) -> Option<Self> {
        u16::try_from(before).ok().map(Self)
    }
}

/// A set of scopes, one bit each.
#[derive(Debug, Clone, Default)]
pub struct ScopeSet(Vec<u64>);

impl ScopeSet {
    /// The set without a scope.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    const fn bit(scope: ScopeIndex) -> (usize, u64) {
        ((scope.0 >> 6) as usize, 1 << (scope.0 & 63))
    }

    /// Puts a scope in.
    pub fn insert(&mut self, scope: ScopeIndex) {
        let (word, bit) = Self::bit(scope);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    /// Whether the scope is in.
    #[must_use]
    pub fn contains(&self, scope: ScopeIndex) -> bool {
        let (word, bit) = Self::bit(scope);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Puts all of `other` in.
    pub fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }

    /// The scopes, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = ScopeIndex> + '_ {
        self.0.iter().zip(0_u16..).flat_map(|(&word, base)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| ScopeIndex((base << 6) + bit))
        })
    }
}

impl PartialEq for ScopeSet {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for ScopeSet {}

impl FromIterator<ScopeIndex> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = ScopeIndex>>(scopes: I) -> Self {
        let mut set = Self::new();
        scopes.into_iter().for_each(|scope| set.insert(scope));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let mut set: ScopeSet = [0, 63, 64, 300].into_iter().map(ScopeIndex).collect();
        assert_eq!(set.iter().map(|scope| scope.0).collect::<Vec<_>>(), [0, 63, 64, 300]);
        assert!(
            set.contains(ScopeIndex(64)) && !set.contains(ScopeIndex(65)) && !set.contains(ScopeIndex(9999))
        );
        set.extend(&[ScopeIndex(500)].into_iter().collect());
        assert!(set.contains(ScopeIndex(500)) && set.contains(ScopeIndex(0)));
        assert_ne!(set, ScopeSet::new());
    }

    #[test]
    fn scope_names_are_plain() {
        assert!(ScopeName::new("admin.direct-access-gateways:delete_gateway").is_ok());
        for wrong in ["", "a b", "ä", "a\n", &"x".repeat(129)] {
            assert_eq!(ScopeName::new(wrong), Err(ScopeNameError), "{wrong}");
        }
    }
}
