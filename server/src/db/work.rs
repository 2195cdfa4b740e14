//! How does work reach an engine that cannot know what it answers?
//!
//! Each room's work has a type of its own, and so has its answer. Engines are given it without: they are compiled once, and not
//! once for each piece of work that there is.

use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use rolecall_engine::access::Snapshot;
use tokio::sync::oneshot;

use super::{
    Left, Written,
    tx::{Connection, Writer},
};
use crate::error::Error;

/// Work that reads, or that belongs to no tenant.
pub(super) type Work =
    Box<dyn for<'c> FnOnce(Connection<'c>) -> LocalBoxFuture<'c, Result<(), Error>> + Send>;
/// Work that changes a tenant.
pub(super) type Change =
    Box<dyn for<'w> FnOnce(&'w mut Writer<'_>) -> LocalBoxFuture<'w, Result<Left, Error>> + Send>;
/// What is done with the state that a change led to, once it is durable.
pub(super) type Publish = Box<dyn FnOnce(Arc<Snapshot>) + Send>;

/// What work answered, once its engine says that it was done.
pub(super) struct Answer<T>(oneshot::Receiver<T>);

impl<T> Answer<T> {
    /// # Errors
    /// When the work was not done, which whoever ran it has said before.
    pub(super) fn get(mut self) -> Result<T, Error> {
        self.0.try_recv().map_err(Error::internal)
    }
}

pub(super) fn work<T: Send + 'static>(
    work: impl AsyncFnOnce(Connection<'_>) -> Result<T, Error> + Send + 'static,
) -> (Work, Answer<T>) {
    let (put, answer) = oneshot::channel();
    let work: Work = Box::new(move |connection| {
        Box::pin(async move {
            let _ = put.send(work(connection).await?);
            Ok(())
        })
    });
    (work, Answer(answer))
}

pub(super) fn change<T: Send + 'static>(
    work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<Written<T>, Error> + Send + 'static,
) -> (Change, Answer<T>) {
    let (put, answer) = oneshot::channel();
    let change: Change = Box::new(move |writer| {
        Box::pin(async move {
            let Written { value, left } = work(writer).await?;
            let _ = put.send(value);
            Ok(left)
        })
    });
    (change, Answer(answer))
}
