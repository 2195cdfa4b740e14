//! Which deliberate fault is on? Only in builds for the crash harness, which must notice each of them.

use std::sync::LazyLock;

static FAULT: LazyLock<String> = LazyLock::new(|| std::env::var("ROLECALL_SABOTAGE").unwrap_or_default());

pub(crate) fn answers_before_the_commit() -> bool {
    *FAULT == "answer-before-commit"
}

pub(crate) fn audits_outside_the_transaction() -> bool {
    *FAULT == "audit-outside"
}
