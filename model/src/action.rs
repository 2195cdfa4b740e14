//! What can happen next?

use crate::{
    Fault, Part, Place, Tenant, World,
    barrier::{self, Barrier},
    beacon::Beacon,
    database::Write,
    node::Node,
    request::{Mode, Request, Wait},
    state::State,
};

/// One step. Whoever takes it could as well have waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Time passes.
    Tick,
    /// A write gets its number, its lock, or is committed.
    Write(usize),
    /// The primary is cut off, and another takes its place.
    FailOver,
    /// A writer begins to wait until its change is applied.
    Mark(usize),
    /// It sees that it is.
    Apply,
    At(Place, Step),
}

/// One step of a node, or of what it has sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Send,
    /// The beacon's statement reads.
    Read,
    /// It reads a primary that was cut off.
    ReadCutOff,
    Commit,
    /// The answer to the beacon comes.
    Hear,
    /// The connection is lost.
    Disconnect,
    /// A hint comes that a write was committed.
    Hint(usize),
    BeginLoad,
    BeginLoadFromCutOff,
    EndLoad(usize),
    /// A snapshot has no room in memory.
    Evict,
    /// A question comes that wants to see everything.
    AskFull,
    Evaluate(Mode),
    /// The question is answered or refused.
    Conclude,
    /// The node dies, and another begins in its place.
    Die,
}

/// All that can happen next.
pub(crate) fn all(world: &World, state: &State, actions: &mut Vec<Action>) {
    actions.push(Action::Tick);
    for write in 0..world.writes.len() {
        let can = match state.database.writes[write] {
            Write::Waiting => state.database.can_begin(world, write),
            Write::Begun(_) => state.database.can_lock(world, write),
            Write::Locked(..) => true,
            Write::Committed(..) => false,
        };
        if can {
            actions.push(Action::Write(write));
        }
        let is_committed = is_seen(world, state, write);
        if is_committed && world.has(Part::Barrier) && state.barrier == Barrier::None {
            actions.push(Action::Mark(write));
        }
    }
    if world.has(Part::OldPrimary) && state.database.cut_off.is_none() {
        actions.push(Action::FailOver);
    }
    if let Barrier::Waiting(_, mark) = state.barrier
        && barrier::is_passed(world, &state.database, mark)
    {
        actions.push(Action::Apply);
    }
    for (place, node) in state.nodes.iter().enumerate() {
        let mut steps = Vec::new();
        beacons(world, state, node, &mut steps);
        memory(world, state, node, &mut steps);
        if world.has(Part::Questions) {
            questions(world, state, node, &mut steps);
        }
        if world.has(Part::Losses) {
            losses(node, &mut steps);
        }
        actions.extend(steps.into_iter().map(|step| Action::At(place, step)));
    }
}

fn beacons(world: &World, state: &State, node: &Node, steps: &mut Vec<Step>) {
    match node.beacon {
        Beacon::None => steps.push(Step::Send),
        Beacon::Sent(_) => {
            steps.push(Step::Read);
            if world.is(Fault::BeaconByRead) && state.database.cut_off.is_some() {
                steps.push(Step::ReadCutOff);
            }
        }
        Beacon::Read(..) => steps.push(Step::Commit),
        Beacon::Committed(..) => steps.push(Step::Hear),
    }
    if world.has(Part::Hints) {
        let committed = (0..world.writes.len()).filter(|write| is_seen(world, state, *write));
        steps.extend(committed.map(Step::Hint));
    }
}

fn losses(node: &Node, steps: &mut Vec<Step>) {
    steps.push(Step::Die);
    if node.horizon.is_some() || node.beacon != Beacon::None {
        steps.push(Step::Disconnect);
    }
    if node.snapshot.is_some() {
        steps.push(Step::Evict);
    }
}

fn memory(world: &World, state: &State, node: &Node, steps: &mut Vec<Step>) {
    steps.extend((0..node.loads.len()).map(Step::EndLoad));
    let may_read_cut_off =
        state.database.cut_off.is_some() && (node.heard_by_cut_off || world.is(Fault::LoadsFromAnywhere));
    if node.loads.len() < world.loads {
        steps.push(Step::BeginLoad);
        if may_read_cut_off {
            steps.push(Step::BeginLoadFromCutOff);
        }
    }
}

fn questions(world: &World, state: &State, node: &Node, steps: &mut Vec<Step>) {
    match node.request {
        Request::None => {
            steps.push(Step::Evaluate(Mode::Bounded));
            if world.has(Part::Tokens) {
                steps.push(Step::Evaluate(Mode::AtLeast(state.database.revision(world))));
            }
            if world.has(Part::Full) {
                steps.push(Step::AskFull);
            }
        }
        Request::Waiting(revision, Wait::Heard) => steps.push(Step::Evaluate(Mode::Full(revision))),
        Request::Waiting(..) => {}
        Request::Evaluated(_) => steps.push(Step::Conclude),
    }
}

/// Whether a write changed the tenant that is watched, and is committed.
fn is_seen(world: &World, state: &State, write: usize) -> bool {
    world.writes[write] == Tenant::Watched && matches!(state.database.writes[write], Write::Committed(..))
}
