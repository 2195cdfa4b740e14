//! When does a writer know that no node goes on answering from what was before its change?

use crate::{
    Fault, Revision, World, Xid,
    database::{Database, Row},
};

/// How far a writer has come that waits until its change is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Barrier {
    /// Nobody waits yet.
    None,
    /// All nodes that may answer must have come to the mark.
    Waiting(Revision, Xid),
    /// It was said that the change is applied.
    Applied(Revision),
}

/// Whether all nodes have come to a mark, or do not answer any more.
pub(crate) fn is_passed(world: &World, database: &Database, mark: Xid) -> bool {
    let silent = if world.is(Fault::SilentNodesIgnored) { 0 } else { world.lease };
    let has_passed = |row: &Row| row.watermark >= mark || row.age > silent;
    let mut rows = database.rows.iter().flatten();
    if world.is(Fault::OneNodeIsEnough) { rows.any(has_passed) } else { rows.all(has_passed) }
}
