//! What is kept of a password? Whoever has none cannot log in by one.

use alloc::{boxed::Box, string::String};

use crate::{
    change::{Change, Delta, Edited, Editor, Entity, created, deleted, updated},
    ids::UserId,
    time::Timestamp,
};

/// The password of a user, for installations without an identity provider. Only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Password {
    /// Whose it is.
    pub user: UserId,
    /// The hash with its salt and its parameters, as a PHC string.
    pub hash: String,
    /// When it was set.
    pub set_at: Timestamp,
}

impl Entity for Password {
    fn change(delta: Delta<Self>) -> Change {
        Change::Password(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.set_at = editor.at;
    }
}

impl Password {
    /// A password in place of the one before.
    pub fn set(before: Option<Self>, user: UserId, hash: String, editor: &Editor) -> Edited<Self> {
        let after = Self { user, hash, set_at: editor.at };
        match before {
            None => created(after),
            Some(before) => updated(before, after, editor),
        }
    }

    /// The end of the password, with its user.
    pub fn forget(self) -> Edited<()> {
        deleted(self)
    }
}
