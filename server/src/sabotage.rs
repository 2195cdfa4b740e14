//! Which deliberate fault is on? Only in builds for the crash harness and the fault suite, which must notice each of them.

use std::{sync::LazyLock, thread::sleep, time::Duration};

static FAULT: LazyLock<String> = LazyLock::new(|| std::env::var("SABOTAGE").unwrap_or_default());

/// Whether answers are given before the commit; then it takes a little until the commit comes.
pub(crate) fn answers_before_the_commit() -> bool {
    *FAULT == "answer-before-commit"
}

/// The little it takes.
pub(crate) fn dawdle() {
    sleep(Duration::from_millis(5));
}

/// Whether events leave the outbox in a transaction of their own.
pub(crate) fn deliveries_outside_the_transaction() -> bool {
    *FAULT == "deliveries-outside-transaction"
}

/// Whether the audit rows of a change wait for the next transaction.
pub(crate) fn audits_outside_the_transaction() -> bool {
    *FAULT == "audit-outside-transaction"
}

/// Whether leases do not end.
pub(crate) fn leases_never_end() -> bool {
    *FAULT == "never-outdated"
}

/// Whether leases are counted by the clock of the day, which can be set back.
pub(crate) fn leases_go_by_the_wall_clock() -> bool {
    *FAULT == "lease-by-wall-clock"
}
