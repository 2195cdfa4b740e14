//! Who is entitled as what, and what follows for the roles of a user? (reference/access-control.md §4a, §7)

use alloc::{boxed::Box, vec::Vec};

use crate::{
    access::Snapshot,
    change::{Change, Delta, Edited, Editor, Entity, created, deleted, updated},
    ids::RoleId,
    names::Subject,
    time::Timestamp,
};

/// What a user is entitled to on a user-based subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entitlement {
    /// Everything; professionals are assigned the tenant's auto-assigned roles.
    Professional,
    /// Looking at content.
    Analyzer,
}

/// An entitlement given to a subject, whether or not a user with that subject exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseAssignment {
    /// The subject.
    pub subject: Subject,
    /// What it is entitled to.
    pub kind: Entitlement,
    /// Since when.
    pub created_at: Timestamp,
}

/// What a new user is entitled to without anybody deciding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LicenseSettings {
    /// Professional.
    pub auto_assign_professional: bool,
    /// Analyzer, where not professional.
    pub auto_assign_analyzer: bool,
}

impl LicenseSettings {
    /// What these settings give a new user.
    #[must_use]
    pub const fn entitlement(self) -> Option<Entitlement> {
        match self {
            Self { auto_assign_professional: true, .. } => Some(Entitlement::Professional),
            Self { auto_assign_analyzer: true, .. } => Some(Entitlement::Analyzer),
            Self { .. } => None,
        }
    }
}

impl Entity for LicenseAssignment {
    fn change(delta: Delta<Self>) -> Change {
        Change::License(Box::new(delta))
    }
    fn touch(&mut self, _: &Editor) {}
}

impl LicenseAssignment {
    /// A new assignment, or the present one with another kind.
    pub fn assign(
        present: Option<Self>,
        subject: &Subject,
        kind: Entitlement,
        editor: &Editor,
    ) -> Edited<Self> {
        match present {
            None => created(Self { subject: subject.clone(), kind, created_at: editor.at }),
            Some(present) => {
                let after = Self { kind, ..present.clone() };
                updated(present, after, editor)
            }
        }
    }

    /// The end of the assignment.
    pub fn remove(self) -> Edited<()> {
        deleted(self)
    }
}

/// The roles that the tenant's auto-assign flags put on a user with this entitlement, in the catalogue's order.
#[must_use]
pub fn auto_assigned_roles(tenant: &Snapshot, entitlement: Option<Entitlement>) -> Vec<RoleId> {
    if entitlement != Some(Entitlement::Professional) {
        return Vec::new();
    }
    let flags = tenant.tenant().auto_assign;
    let is_on = |role: &&crate::catalogue::DefaultRole| role.auto_assign.is_some_and(|flag| flags.get(flag));
    tenant.catalogue().default_roles().filter(is_on).map(|role| role.id).collect()
}
