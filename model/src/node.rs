//! What does a node have in memory?

use crate::{Age, Fault, Revision, World, Xid, beacon::Beacon, request::Request};

/// A node's memory. When it dies all of it is gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// From where on the next beacon reads; nothing before the first of a connection is heard.
    pub horizon: Option<Xid>,
    /// The latest revision that is known of, whether or not it is in memory.
    pub known: Revision,
    /// The revision of the snapshot in memory.
    pub snapshot: Option<Revision>,
    /// The latest revision that was ever installed. The protocol does not look at it.
    pub highest: Revision,
    /// The latest revision of any tenant that a beacon has read. One mistake looks at it; it is 0 elsewhere.
    pub last: Revision,
    /// When the last beacon was sent that was heard.
    pub lease: Age,
    pub beacon: Beacon,
    /// What is being loaded, as it was when that began; sorted.
    pub loads: Vec<Revision>,
    pub request: Request,
    /// Whether a primary that was cut off is the one that last heard a first beacon.
    pub heard_by_cut_off: bool,
}

impl Node {
    pub(crate) fn new(world: &World) -> Self {
        Self {
            horizon: None,
            known: 0,
            snapshot: None,
            highest: 0,
            last: 0,
            lease: world.long_ago(),
            beacon: Beacon::None,
            loads: Vec::new(),
            request: Request::None,
            heard_by_cut_off: false,
        }
    }

    /// Whether the lease is good.
    pub(crate) fn may_answer(&self, world: &World) -> bool {
        self.lease <= world.lease
    }

    /// The tenant has reached a revision: what is older is not used any more.
    pub(crate) fn outdate(&mut self, revision: Revision) {
        self.known = self.known.max(revision);
        self.snapshot = self.snapshot.filter(|installed| *installed >= revision);
    }

    /// Forgets everything. What is being loaded, and what is being answered, belongs to what was forgotten.
    pub(crate) fn forget(&mut self) {
        self.known = 0;
        self.snapshot = None;
        self.loads.clear();
        self.request.outdate();
    }

    pub(crate) fn begin_load(&mut self, revision: Revision) {
        self.loads.push(revision);
        self.loads.sort_unstable();
    }

    /// What was loaded is there: it is installed, unless something later is known.
    pub(crate) fn end_load(&mut self, world: &World, load: usize) {
        let revision = self.loads.remove(load);
        let least = match world.fault {
            Some(Fault::OlderInstalled) => 0,
            Some(Fault::OutdatedInstalled) => self.snapshot.unwrap_or(0),
            _ => self.known,
        };
        if revision >= least {
            self.snapshot = Some(revision);
            self.known = self.known.max(revision);
            self.highest = self.highest.max(revision);
        }
    }

    pub(crate) fn tick(&mut self, world: &World) {
        self.lease = world.older(self.lease);
        if let Beacon::Sent(age) | Beacon::Read(age, _) | Beacon::Committed(age, _) = &mut self.beacon {
            *age = world.older(*age);
        }
        self.request.tick(world);
    }
}
