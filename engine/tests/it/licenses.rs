//! Licence assignments: each operation for itself, on what those before it left. (reference/rest-api.md §12)

use std::collections::BTreeMap;

use proptest::prelude::*;
use rolecall_engine::{
    change::{Change, Editor},
    licenses::{AssignmentOp, Entitlement, LicenseAssignment, LicenseSettings, Outcome, edit_assignments},
    names::Subject,
    time::Timestamp,
};

const AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn kind() -> impl Strategy<Value = Entitlement> {
    prop::sample::select(vec![Entitlement::Professional, Entitlement::Analyzer])
}

fn subject() -> impl Strategy<Value = Subject> {
    (0..4).prop_map(|n| Subject::new(&format!("s{n}")).unwrap())
}

fn op() -> impl Strategy<Value = AssignmentOp> {
    prop_oneof![
        (subject(), kind()).prop_map(|(subject, kind)| AssignmentOp::Add(subject, kind)),
        (subject(), kind()).prop_map(|(subject, kind)| AssignmentOp::Remove(subject, kind)),
        (subject(), prop::option::of(kind()), subject(), prop::option::of(kind())).prop_map(
            |(source, source_kind, subject, kind)| AssignmentOp::Update {
                source,
                source_kind,
                subject,
                kind
            }
        ),
    ]
}

/// What the operations lead to, done on a map by the words of the contract.
fn expected(
    mut all: BTreeMap<Subject, Entitlement>,
    ops: &[AssignmentOp],
) -> (BTreeMap<Subject, Entitlement>, Vec<Outcome>) {
    let mut outcomes = Vec::new();
    for op in ops {
        outcomes.push(match op {
            AssignmentOp::Add(subject, kind) => match all.insert(subject.clone(), *kind) {
                Some(_) => Outcome::Done,
                None => Outcome::Created,
            },
            AssignmentOp::Remove(subject, kind) if all.get(subject) == Some(kind) => {
                all.remove(subject);
                Outcome::Done
            }
            AssignmentOp::Update { source, source_kind, subject, kind }
                if all
                    .get(source)
                    .is_some_and(|present| source_kind.is_none_or(|wanted| wanted == *present)) =>
            {
                let present = all.remove(source).unwrap();
                let known = source == subject || all.contains_key(subject);
                all.insert(subject.clone(), kind.unwrap_or(present));
                if known { Outcome::Done } else { Outcome::Created }
            }
            AssignmentOp::Remove(..) | AssignmentOp::Update { .. } => Outcome::NotFound,
        });
    }
    (all, outcomes)
}

proptest! {
    #[test]
    fn operations_do_what_their_words_say(
        present in prop::collection::btree_map(subject(), kind(), 0..4),
        ops in prop::collection::vec(op(), 0..8),
    ) {
        let assignment = |(subject, kind): (&Subject, &Entitlement)| LicenseAssignment { subject: subject.clone(), kind: *kind, created_at: AT };
        let edited = edit_assignments(present.iter().map(assignment).collect(), &ops, &Editor::system(AT));
        let (after, outcomes) = expected(present.clone(), &ops);
        prop_assert_eq!(&edited.value, &outcomes);
        let mut reached = present;
        for change in edited.changes {
            let Change::License(delta) = change else { panic!("not a licence") };
            let subject = delta.latest().subject.clone();
            match delta.after() {
                Some(now) => reached.insert(subject, now.kind),
                None => reached.remove(&subject),
            };
        }
        prop_assert_eq!(reached, after);
    }
}

#[test]
fn professional_goes_before_analyzer() {
    let settings = |auto_assign_professional, auto_assign_analyzer| {
        LicenseSettings { auto_assign_professional, auto_assign_analyzer }.entitlement()
    };
    assert_eq!(settings(true, true), Some(Entitlement::Professional));
    assert_eq!(settings(false, true), Some(Entitlement::Analyzer));
    assert_eq!(settings(false, false), None);
}
