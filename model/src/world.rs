//! How large is the world that is explored, and what is wrong in it?

use crate::Age;

/// The bounds of a world.
#[derive(Debug, Clone)]
pub struct World {
    pub nodes: usize,
    /// The tenant of each write there can be.
    pub writes: Vec<Tenant>,
    /// For how many ticks after a beacon was sent its node may answer.
    pub lease: Age,
    /// Snapshots that a node loads at once.
    pub loads: usize,
    pub parts: Vec<Part>,
    pub fault: Option<Fault>,
}

/// Whose a write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tenant {
    Watched,
    /// It matters to the watched one by its transactions only.
    Other,
}

/// What can happen besides writes, beacons, and loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Questions come.
    Questions,
    /// Some name a revision that they must see.
    Tokens,
    /// Some want to see everything as of now.
    Full,
    /// A writer waits until all nodes know.
    Barrier,
    /// The primary is cut off, and goes on being read.
    OldPrimary,
    /// Hints arrive between beacons.
    Hints,
    /// Nodes die, connections are lost, and snapshots have no room in memory.
    Losses,
}

/// A mistake that could be made. Each must be found, or the promises say nothing about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The lease is counted from when the beacon's answer came.
    LeaseFromTheEnd,
    /// The lease is looked at, then the answer is worked out.
    LeaseBeforeEvaluating,
    /// Only the lease is looked at, which may have been renewed since the answer was worked out.
    LeaseAlone,
    /// The lease of when the question came is looked at, but not whether the snapshot was outdated since.
    LeaseOfTheQuestion,
    /// The question's revision is not compared with the snapshot's.
    TokenIgnored,
    /// Any beacon that is heard after the question came counts as one that was begun after it.
    AnyBeaconIsFull,
    /// What was loaded is installed, whatever is known.
    OlderInstalled,
    /// What was loaded is compared with what is in memory, not with what is known.
    OutdatedInstalled,
    /// The feed is read from the last revision on that was seen of any tenant.
    FeedByRevision,
    /// The feed is read from the last transaction on that was seen.
    FeedByLastTransaction,
    /// The first beacon of a connection does not make the node forget.
    NothingForgottenAtFirst,
    /// A beacon that is heard after the lease has ended is as good as another.
    NothingForgottenAfterTheLease,
    /// Whether the database that is loaded from is the one that hears the beacons is not looked at.
    LoadsFromAnywhere,
    /// The beacon only reads, so that nothing has to be committed.
    BeaconByRead,
    /// The writer does not wait for nodes that were not seen just now.
    SilentNodesIgnored,
    /// The writer waits for one node instead of all.
    OneNodeIsEnough,
}

impl World {
    pub(crate) fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    pub(crate) fn is(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// The age that stands for all that are longer than the lease.
    pub(crate) fn long_ago(&self) -> Age {
        self.lease + 1
    }

    pub(crate) fn older(&self, age: Age) -> Age {
        self.long_ago().min(age + 1)
    }
}
