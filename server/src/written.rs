//! What did a request see and change?
//!
//! Whoever answers it says so, so that the next question can ask to see what was changed, whichever node it comes to, and the next
//! change can depend on what was seen.

use std::cell::Cell;

use rolecall_engine::{access::Revision, ids::TenantId};

/// What is noted of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Noted {
    /// How far the caller's tenant had come when the request came. What is read is of that state or a later one.
    pub seen: Option<Revision>,
    /// Which tenant was led to which revision.
    pub written: Option<(TenantId, Revision)>,
}

tokio::task_local! {
    static NOTED: Cell<Noted>;
}

/// Answers a request, and says what was noted of it.
pub async fn noted<T>(answer: impl Future<Output = T>) -> (T, Noted) {
    let answer = async {
        let answer = answer.await;
        (answer, NOTED.with(Cell::get))
    };
    NOTED.scope(Cell::default(), answer).await
}

/// What is noted of the present request by now; nothing outside of requests.
pub fn so_far() -> Noted {
    NOTED.try_with(Cell::get).unwrap_or_default()
}

/// Notes how far the tenant of the present request's caller has come.
pub fn note_seen(revision: Revision) {
    note(Noted { seen: Some(revision), ..so_far() });
}

/// Notes that what the present request stored is durable. Outside of requests nobody asks.
pub fn note_written(tenant: TenantId, revision: Revision) {
    note(Noted { written: Some((tenant, revision)), ..so_far() });
}

fn note(noted: Noted) {
    let _ = NOTED.try_with(|cell| cell.set(noted));
}
