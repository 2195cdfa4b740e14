//! What is in the database, and who sees what of it?

use crate::{Age, Revision, Tenant, World, Xid};

/// The primary; and what another shows that was cut off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Database {
    /// The number that the next transaction gets.
    pub next: Xid,
    /// Each write there can be.
    pub writes: Vec<Write>,
    /// What each node has said last; nothing before its first beacon.
    pub rows: Vec<Option<Row>>,
    /// The revision on a primary that was cut off.
    pub cut_off: Option<Revision>,
}

/// How far a write has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Write {
    Waiting,
    /// It has a number, and no lock yet.
    Begun(Xid),
    /// It has the tenant's lock, and so its revision.
    Locked(Xid, Revision),
    /// It was committed and acknowledged so long ago.
    Committed(Xid, Revision, Age),
}

/// What a node says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// All that was committed by transactions before this, it knows.
    pub watermark: Xid,
    /// How long ago it said so, by the database's clock.
    pub age: Age,
}

impl Database {
    pub(crate) fn new(world: &World) -> Self {
        let writes = vec![Write::Waiting; world.writes.len()];
        Self { next: 1, writes, rows: vec![None; world.nodes], cut_off: None }
    }

    /// The oldest transaction that still runs; the next, if none does.
    pub(crate) fn horizon(&self) -> Xid {
        let running = self.writes.iter().filter_map(|write| match write {
            Write::Begun(xid) | Write::Locked(xid, _) => Some(*xid),
            Write::Waiting | Write::Committed(..) => None,
        });
        running.min().unwrap_or(self.next)
    }

    /// All that was committed: transaction, tenant, revision, and how long ago.
    pub(crate) fn feed<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (Xid, Tenant, Revision, Age)> + 'a {
        let tenants = world.writes.iter().copied();
        self.writes.iter().zip(tenants).filter_map(|(write, tenant)| match *write {
            Write::Committed(xid, revision, age) => Some((xid, tenant, revision, age)),
            _ => None,
        })
    }

    /// The present revision of a tenant.
    pub(crate) fn revision_of(&self, world: &World, whose: Tenant) -> Revision {
        let revisions = self.feed(world).filter(|(_, tenant, ..)| *tenant == whose);
        revisions.map(|(_, _, revision, _)| revision).max().unwrap_or(0)
    }

    /// The present revision of the tenant that is watched.
    pub(crate) fn revision(&self, world: &World) -> Revision {
        self.revision_of(world, Tenant::Watched)
    }

    /// Whether a write can take its tenant's lock.
    pub(crate) fn can_lock(&self, world: &World, write: usize) -> bool {
        let holds = |other: usize| {
            world.writes[other] == world.writes[write] && matches!(self.writes[other], Write::Locked(..))
        };
        matches!(self.writes[write], Write::Begun(_)) && !(0..self.writes.len()).any(holds)
    }

    /// Whether a write is the next of its tenant to begin; which of them it is makes no difference.
    pub(crate) fn can_begin(&self, world: &World, write: usize) -> bool {
        let waits =
            |other: usize| world.writes[other] == world.writes[write] && self.writes[other] == Write::Waiting;
        self.writes[write] == Write::Waiting && !(0..write).any(waits)
    }

    /// A write takes the next step.
    pub(crate) fn advance(&mut self, world: &World, write: usize) {
        let revision = self.revision_of(world, world.writes[write]) + 1;
        self.writes[write] = match self.writes[write] {
            Write::Waiting => {
                self.next += 1;
                Write::Begun(self.next - 1)
            }
            Write::Begun(xid) => Write::Locked(xid, revision),
            Write::Locked(xid, revision) => Write::Committed(xid, revision, 0),
            committed @ Write::Committed(..) => committed,
        };
    }

    /// Another takes the primary's place, with all that was committed. What still ran is lost, and is begun anew.
    pub(crate) fn fail_over(&mut self, world: &World) {
        self.cut_off = Some(self.revision(world));
        for write in &mut self.writes {
            if !matches!(write, Write::Committed(..)) {
                *write = Write::Waiting;
            }
        }
    }

    pub(crate) fn tick(&mut self, world: &World) {
        for write in &mut self.writes {
            if let Write::Committed(_, _, age) = write {
                *age = world.older(*age);
            }
        }
        for row in self.rows.iter_mut().flatten() {
            row.age = world.older(row.age);
        }
    }
}
