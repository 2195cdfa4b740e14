//! How does a node learn what was changed, and that it may answer?

use crate::{
    Age, Fault, Revision, Tenant, World, Xid,
    database::{Database, Row},
    node::Node,
};

/// How far a node's beacon has come, and how long ago it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Beacon {
    None,
    Sent(Age),
    /// The statement has read; its commit has not come yet.
    Read(Age, Reading),
    /// It is committed, and the answer is on its way.
    Committed(Age, Reading),
}

/// What a beacon reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reading {
    /// From where on the next one reads.
    pub horizon: Xid,
    /// The latest revision that the feed names.
    pub revision: Revision,
    /// The latest of any tenant that the feed names. It is looked at by one mistake only, and 0 elsewhere.
    pub last: Revision,
    /// Whether it was read on a primary that was cut off.
    pub cut_off: bool,
}

impl Reading {
    /// What a node reads that has come so far. The first beacon of a connection reads nothing but the horizon.
    pub(crate) fn new(world: &World, database: &Database, node: &Node) -> Self {
        let mut reading = Self { horizon: database.horizon(), revision: 0, last: 0, cut_off: false };
        if world.is(Fault::FeedByLastTransaction) {
            reading.horizon = database.feed(world).map(|(xid, ..)| xid + 1).max().unwrap_or(1);
        }
        for (xid, tenant, revision, age) in database.feed(world) {
            let is_new = if world.is(Fault::FeedByRevision) {
                node.horizon.is_some() && revision > node.last
            } else {
                node.horizon.is_some_and(|horizon| xid >= horizon)
            };
            if is_new && age <= world.lease && tenant == Tenant::Watched {
                reading.revision = reading.revision.max(revision);
            }
            if world.is(Fault::FeedByRevision) {
                reading.last = reading.last.max(revision);
            }
        }
        reading
    }

    /// What a primary shows that was cut off; there, all that is asked is read.
    pub(crate) fn of_cut_off(node: &Node, revision: Revision) -> Self {
        Self { horizon: node.horizon.unwrap_or(1), revision, last: 0, cut_off: true }
    }
}

impl Node {
    /// The beacon's transaction commits: what the node says of itself can be seen.
    pub(crate) fn row(&self, age: Age) -> Row {
        Row { watermark: self.horizon.unwrap_or(0), age }
    }

    /// The beacon's answer has come.
    pub(crate) fn hear(&mut self, world: &World, sent: Age, reading: Reading) {
        let is_first = self.horizon.is_none() && !world.is(Fault::NothingForgottenAtFirst);
        let is_late = !self.may_answer(world) && !world.is(Fault::NothingForgottenAfterTheLease);
        if is_first || is_late {
            self.forget();
        }
        self.outdate(reading.revision);
        self.last = reading.last;
        self.horizon = Some(reading.horizon);
        self.heard_by_cut_off = reading.cut_off;
        self.lease = if world.is(Fault::LeaseFromTheEnd) { 0 } else { sent };
        self.beacon = Beacon::None;
        self.request.beacon_heard(world);
    }

    /// The connection is lost, and the beacon with it: it changes nothing here, whatever came of it there.
    pub(crate) fn disconnect(&mut self) {
        self.horizon = None;
        self.beacon = Beacon::None;
        self.request.beacon_lost();
    }
}
