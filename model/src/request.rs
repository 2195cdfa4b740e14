//! What is asked of a node, and is it answered?

use crate::{Age, Fault, Revision, World, node::Node};

/// The question that a node is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    None,
    /// It waits for a beacon that is begun after it came. All up to the revision was acknowledged by then.
    Waiting(Revision, Wait),
    /// It was worked out what to answer. Nothing was said yet.
    Evaluated(Answer),
}

/// What has come of the beacon that a question waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wait {
    NotSent,
    Sent,
    Heard,
}

/// What is about to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Answer {
    /// The snapshot's.
    pub revision: Revision,
    pub mode: Mode,
    /// Whether the node has forgotten everything since.
    pub is_outdated: bool,
    /// The lease of when it was worked out. It is looked at by one mistake only, and 0 elsewhere.
    pub lease: Age,
}

/// How new an answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    Bounded,
    /// At least of a revision.
    AtLeast(Revision),
    /// As of when the question came; what was acknowledged by then.
    Full(Revision),
}

impl Request {
    pub(crate) fn beacon_sent(&mut self) {
        if let Self::Waiting(_, wait @ Wait::NotSent) = self {
            *wait = Wait::Sent;
        }
    }

    pub(crate) fn beacon_lost(&mut self) {
        if let Self::Waiting(_, wait @ Wait::Sent) = self {
            *wait = Wait::NotSent;
        }
    }

    pub(crate) fn beacon_heard(&mut self, world: &World) {
        if let Self::Waiting(_, wait) = self
            && (*wait == Wait::Sent || world.is(Fault::AnyBeaconIsFull))
        {
            *wait = Wait::Heard;
        }
    }

    pub(crate) fn outdate(&mut self) {
        if let Self::Evaluated(answer) = self {
            answer.is_outdated = true;
        }
    }

    pub(crate) fn tick(&mut self, world: &World) {
        if let Self::Evaluated(answer) = self
            && world.is(Fault::LeaseOfTheQuestion)
        {
            answer.lease = world.older(answer.lease);
        }
    }
}

impl Node {
    /// Works out an answer, if there is a snapshot to do it from that is good enough.
    pub(crate) fn evaluate(&self, world: &World, mode: Mode) -> Option<Answer> {
        let revision = self.snapshot?;
        if let Mode::AtLeast(least) = mode
            && revision < least
            && !world.is(Fault::TokenIgnored)
        {
            return None;
        }
        if world.is(Fault::LeaseBeforeEvaluating) && !self.may_answer(world) {
            return None;
        }
        let lease = if world.is(Fault::LeaseOfTheQuestion) { self.lease } else { 0 };
        Some(Answer { revision, mode, is_outdated: false, lease })
    }

    /// Whether an answer that was worked out may be given now. Here both are looked at in one step. Where that takes two, the
    /// lease comes first: between the two a beacon could outdate the snapshot and renew the lease.
    pub(crate) fn gives(&self, world: &World, answer: Answer) -> bool {
        let is_present = !answer.is_outdated && answer.revision >= self.known;
        match world.fault {
            Some(Fault::LeaseBeforeEvaluating) => true,
            Some(Fault::LeaseAlone) => self.may_answer(world),
            Some(Fault::LeaseOfTheQuestion) => answer.lease <= world.lease,
            _ => self.may_answer(world) && is_present,
        }
    }

    /// What would be answered if the node went on now.
    pub(crate) fn given(&self, world: &World) -> Option<Answer> {
        match self.request {
            Request::Evaluated(answer) if self.gives(world, answer) => Some(answer),
            _ => None,
        }
    }
}
