//! Who is entitled as what, and what follows for the roles of a user? (reference/access-control.md §4a, §7)

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};

use crate::{
    access::Snapshot,
    change::{Change, Delta, Edited, Editor, Entity, created, deleted, updated},
    ids::RoleId,
    names::Subject,
    time::Timestamp,
    words::words,
};

words! {
    /// What a user is entitled to on a user-based subscription.
    Entitlement {
        /// Everything; professionals are assigned the tenant's auto-assigned roles.
        Professional = "professional",
        /// Looking at content.
        Analyzer = "analyzer",
    }
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

/// What a user without an entitlement is entitled to, when made and at each login, without anybody deciding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LicenseSettings {
    /// Professional.
    pub auto_assign_professional: bool,
    /// Analyzer, where not professional.
    pub auto_assign_analyzer: bool,
}

impl LicenseSettings {
    /// What these settings give such a user.
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
    /// A new assignment.
    pub fn assign(subject: Subject, kind: Entitlement, editor: &Editor) -> Edited<Self> {
        created(Self { subject, kind, created_at: editor.at })
    }
}

/// One operation on assignments (reference/rest-api.md §12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssignmentOp {
    /// The subject is entitled so, whatever it was before.
    Add(Subject, Entitlement),
    /// The subject is no longer entitled so.
    Remove(Subject, Entitlement),
    /// The assignment of `source` goes to `subject`, as `kind` if that is given.
    Update {
        /// Who has the assignment.
        source: Subject,
        /// What it must be; anything if not given.
        source_kind: Option<Entitlement>,
        /// Who is to have it.
        subject: Subject,
        /// What it is to be; as it is if not given.
        kind: Option<Entitlement>,
    },
}

/// What became of an operation on assignments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A subject has an assignment that it had not before.
    Created,
    /// An assignment is as was asked.
    Done,
    /// There is no such assignment.
    NotFound,
}

impl AssignmentOp {
    /// The subjects it concerns.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        let (one, other) = match self {
            Self::Add(subject, _) | Self::Remove(subject, _) => (subject, None),
            Self::Update { source, subject, .. } => (source, Some(subject)),
        };
        core::iter::once(one).chain(other)
    }

    fn apply(&self, all: &mut BTreeMap<Subject, LicenseAssignment>, editor: &Editor) -> Outcome {
        match self {
            Self::Add(subject, kind) => put(all, subject, *kind, editor.at),
            Self::Remove(subject, kind) => match all.get(subject) {
                Some(present) if present.kind == *kind => {
                    all.remove(subject);
                    Outcome::Done
                }
                _ => Outcome::NotFound,
            },
            Self::Update { source, source_kind, subject, kind } => {
                match all.get(source).map(|present| present.kind) {
                    Some(present) if source_kind.is_none_or(|wanted| wanted == present) => {
                        if source != subject {
                            all.remove(source);
                        }
                        put(all, subject, kind.unwrap_or(present), editor.at)
                    }
                    _ => Outcome::NotFound,
                }
            }
        }
    }
}

fn put(
    all: &mut BTreeMap<Subject, LicenseAssignment>,
    subject: &Subject,
    kind: Entitlement,
    at: Timestamp,
) -> Outcome {
    if let Some(present) = all.get_mut(subject) {
        present.kind = kind;
        return Outcome::Done;
    }
    all.insert(subject.clone(), LicenseAssignment { subject: subject.clone(), kind, created_at: at });
    Outcome::Created
}

/// The assignments after each of the operations that could be done, and what became of each. `present` are those of
/// all subjects that the operations concern.
pub fn edit_assignments(
    present: Vec<LicenseAssignment>,
    ops: &[AssignmentOp],
    editor: &Editor,
) -> Edited<Vec<Outcome>> {
    let before: BTreeMap<Subject, LicenseAssignment> =
        present.into_iter().map(|assignment| (assignment.subject.clone(), assignment)).collect();
    let mut after = before.clone();
    let outcomes = ops.iter().map(|op| op.apply(&mut after, editor)).collect();
    let mut edited = Edited::unchanged(outcomes);
    for (subject, assignment) in &before {
        edited = match after.remove(subject) {
            Some(now) => edited.and(updated(assignment.clone(), now, editor)),
            None => edited.and(deleted(assignment.clone())),
        };
    }
    after.into_values().fold(edited, |edited, assignment| edited.and(created(assignment)))
}

/// Who becomes entitled to more by these changes, and to what.
pub fn newly_entitled(changes: &[Change]) -> impl Iterator<Item = (&Subject, Entitlement)> {
    changes.iter().filter_map(|change| {
        let Change::License(delta) = change else { return None };
        let (before, after) = (delta.before().map(|was| was.kind), delta.after()?);
        (before != Some(after.kind)).then_some((&after.subject, after.kind))
    })
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
