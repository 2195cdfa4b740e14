//! What did a request change?
//!
//! Whoever answers it says so, so that the next question can ask to see it, whichever node it comes to.

use std::cell::Cell;

use rolecall_engine::{access::Revision, ids::TenantId};

tokio::task_local! {
    static WRITTEN: Cell<Option<(TenantId, Revision)>>;
}

/// Answers a request, and says which tenant it led to which revision.
pub async fn noted<T>(answer: impl Future<Output = T>) -> (T, Option<(TenantId, Revision)>) {
    let answer = async {
        let answer = answer.await;
        (answer, WRITTEN.with(Cell::get))
    };
    WRITTEN.scope(Cell::new(None), answer).await
}

/// Notes that what the present request stored is durable. Outside of requests nobody asks.
pub fn note(tenant: TenantId, revision: Revision) {
    let _ = WRITTEN.try_with(|written| written.set(Some((tenant, revision))));
}
