//! Events: what happens in a tenant, told as it happens.
//!
//! A stream is one request that goes on. The right to it is looked at again whenever there is something to tell, and every few
//! seconds; without it the stream ends.

pub mod http;
pub mod signal;
pub mod sql;
pub mod wire;

use std::{pin::pin, time::Duration};

use rolecall_engine::access::Snapshot;
use sql::Place;
use tokio::time::timeout;
use wire::CloudEvent;

use self::signal::Listener;
use crate::{
    app::App,
    caller::{Auditor, Caller, Who},
    db::Reader,
    error::Error,
    snapshots,
};

/// Events that are read at once.
const BATCH: i64 = 100;
/// How long nothing is told at most. A connection on which nothing is sent for ten seconds is closed.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Seconds after which somebody may try again who found too many streams.
const ONCE_MORE: u64 = 10;

/// Events that are told one after the other.
pub struct Told {
    app: App,
    who: Who,
    listener: Listener,
    at: Place,
}

/// What a stream has to tell next.
pub enum Next {
    /// Events, and how far the stream is with them.
    Events(Vec<(Place, CloudEvent)>),
    /// That it goes on.
    Nothing,
}

/// Begins to tell the events behind a place; those to come, if none is given.
///
/// # Errors
/// When there are too many streams, or the database cannot be read.
pub async fn tell(app: &App, caller: &Caller<Auditor>, behind: Option<Place>) -> Result<Told, Error> {
    let who = caller.asker();
    let listener = app.signal.listen(caller.tenant_id());
    let listener = listener.ok_or(Error::TooManyRequests(ONCE_MORE))?;
    let at = match behind {
        Some(place) => place,
        None => app.db.read(caller.tenant_id(), async |reader| sql::last(reader).await).await?,
    };
    Ok(Told { app: app.clone(), who, listener, at })
}

impl Told {
    /// How far it is.
    pub const fn at(&self) -> Place {
        self.at
    }

    /// What there is to tell now.
    ///
    /// # Errors
    /// When the caller may not read it any more, or the database cannot be read.
    pub async fn present(&mut self) -> Result<Vec<(Place, CloudEvent)>, Error> {
        let (who, at, now) = (self.who.clone(), self.at, self.app.clock.now());
        let work = async move |reader: &Reader<'_>, tenant: &Snapshot| {
            who.prove::<Auditor>(tenant, reader, now).await?;
            who.has_time_left(now)?;
            sql::behind(reader, at, BATCH).await
        };
        let tenant = self.who.tenant();
        let (_, found) = snapshots::scan(&self.app, tenant, work).await?;
        let told = found.iter().map(|happened| Ok((happened.place, CloudEvent::new(tenant, happened)?)));
        let told = told.collect::<Result<Vec<_>, Error>>()?;
        self.at = told.last().map_or(at, |(place, _)| *place);
        Ok(told)
    }

    /// Waits for something to tell, but not for long; none when the stream ends.
    pub async fn next(&mut self) -> Option<Next> {
        let notify = self.listener.notify();
        loop {
            // Waits from here on: what is changed while there is a look at what is there is not missed.
            let mut changed = pin!(notify.notified());
            changed.as_mut().enable();
            match self.present().await {
                Ok(told) if !told.is_empty() => return Some(Next::Events(told)),
                Ok(_) if !self.app.is_draining() => {}
                Ok(_) => return None,
                Err(error) => {
                    tracing::debug!(tenant = %self.who.tenant(), %error, "a stream of events ends");
                    return None;
                }
            }
            if timeout(HEARTBEAT, changed).await.is_err() {
                return Some(Next::Nothing);
            }
        }
    }
}
