//! What is promised, and what must be possible so that the promises are worth something?

use stateright::Property;

use crate::{
    Part, Tenant, World,
    barrier::Barrier,
    request::{Answer, Mode, Request},
    state::State,
};

/// No answer misses a change that was acknowledged longer ago than a lease lasts.
pub const BOUNDED: &str = "bounded staleness";
/// An answer to a question with a token sees the token's change.
pub const TOKEN: &str = "token safety";
/// An answer to a question for everything sees all that was acknowledged before it came.
pub const FULL: &str = "full";
/// What a node has in memory is never older than what was there before, nor than what the node knows of.
pub const FORWARD: &str = "forward only";
/// After a change is said to be applied nobody is answered from what was before.
pub const BARRIER: &str = "barrier";
/// After a change is said to be applied no question that comes can be answered from what was before.
pub const BARRIER_FOR_LATER: &str = "barrier for later questions";

/// All that is promised.
pub const PROMISES: &[&str] = &[BOUNDED, TOKEN, FULL, FORWARD, BARRIER, BARRIER_FOR_LATER];

pub(crate) fn all(world: &World) -> Vec<Property<World>> {
    let mut all = vec![
        Property::always(BOUNDED, |world: &World, state: &State| state.all_given(world, is_bounded)),
        Property::always(TOKEN, |world: &World, state: &State| state.all_given(world, sees_its_token)),
        Property::always(FULL, |world: &World, state: &State| state.all_given(world, sees_everything)),
        Property::always(FORWARD, |_: &World, state: &State| goes_forward(state)),
        Property::always(BARRIER, |world: &World, state: &State| {
            state.all_given(world, is_not_before_the_barrier)
        }),
        Property::always(BARRIER_FOR_LATER, has_nothing_from_before_the_barrier),
    ];
    if world.has(Part::Questions) {
        all.extend(answers());
    }
    all.extend(possible(world));
    all
}

/// What answers must be possible.
fn answers() -> Vec<Property<World>> {
    vec![
        Property::sometimes("the latest is answered", |world: &World, state: &State| {
            state.some_given(world, is_latest)
        }),
        Property::sometimes("something older is answered", |world: &World, state: &State| {
            state.some_given(world, |world, state, answer| !is_latest(world, state, answer))
        }),
        Property::sometimes("a node refuses because its lease has ended", |world: &World, state: &State| {
            state.nodes.iter().any(|node| is_evaluated(node.request) && !node.may_answer(world))
        }),
        Property::sometimes("a node refuses although its lease is good", |world: &World, state: &State| {
            let refuses =
                |request: &Request| matches!(request, Request::Evaluated(answer) if answer.is_outdated);
            state.nodes.iter().any(|node| refuses(&node.request) && node.may_answer(world))
        }),
    ]
}

/// What must be possible where a world has the part that it is about.
fn possible(world: &World) -> Vec<Property<World>> {
    let mut all = Vec::new();
    if world.writes.len() > 1 {
        all.push(Property::sometimes(
            "a transaction ends after a later one",
            |world: &World, state: &State| {
                state.database.feed(world).any(|(xid, ..)| xid > state.database.horizon())
            },
        ));
    }
    if world.has(Part::Tokens) {
        all.push(Property::sometimes(
            "a question with a token is answered",
            |world: &World, state: &State| {
                state.some_given(world, |_, _, answer| matches!(answer.mode, Mode::AtLeast(1..)))
            },
        ));
    }
    if world.has(Part::Full) {
        all.push(Property::sometimes(
            "a question for everything is answered",
            |world: &World, state: &State| {
                state.some_given(world, |_, _, answer| matches!(answer.mode, Mode::Full(1..)))
            },
        ));
    }
    if world.has(Part::OldPrimary) {
        all.push(Property::sometimes(
            "after a fail-over the latest is answered",
            |world: &World, state: &State| {
                let is_later = |world: &World, state: &State, answer: Answer| {
                    is_latest(world, state, answer)
                        && state.database.cut_off.is_some_and(|cut_off| cut_off < answer.revision)
                };
                state.some_given(world, is_later)
            },
        ));
    }
    if world.has(Part::Barrier) {
        all.push(Property::sometimes(
            "a change is applied while all nodes answer",
            |world: &World, state: &State| {
                let applied = matches!(state.barrier, Barrier::Applied(..));
                applied && state.nodes.iter().all(|node| node.may_answer(world))
            },
        ));
        all.push(Property::sometimes(
            "a change is applied past a silent node",
            |world: &World, state: &State| {
                let is_silent = |row: &crate::database::Row| row.age > world.lease;
                matches!(state.barrier, Barrier::Applied(..))
                    && state.database.rows.iter().flatten().any(is_silent)
            },
        ));
    }
    all
}

type Judge = fn(&World, &State, Answer) -> bool;

impl State {
    /// Whether all is as it should be that would be answered if a node went on now.
    fn all_given(&self, world: &World, is_right: Judge) -> bool {
        self.nodes.iter().filter_map(|node| node.given(world)).all(|answer| is_right(world, self, answer))
    }

    fn some_given(&self, world: &World, is_so: Judge) -> bool {
        self.nodes.iter().filter_map(|node| node.given(world)).any(|answer| is_so(world, self, answer))
    }
}

fn is_evaluated(request: Request) -> bool {
    matches!(request, Request::Evaluated(_))
}

fn is_latest(world: &World, state: &State, answer: Answer) -> bool {
    answer.revision > 0 && answer.revision == state.database.revision(world)
}

fn is_bounded(world: &World, state: &State, answer: Answer) -> bool {
    let mut feed = state.database.feed(world);
    feed.all(|(_, tenant, revision, age)| {
        tenant == Tenant::Other || revision <= answer.revision || age <= world.lease
    })
}

fn sees_its_token(_: &World, _: &State, answer: Answer) -> bool {
    !matches!(answer.mode, Mode::AtLeast(token) if answer.revision < token)
}

fn sees_everything(_: &World, _: &State, answer: Answer) -> bool {
    !matches!(answer.mode, Mode::Full(acknowledged) if answer.revision < acknowledged)
}

fn goes_forward(state: &State) -> bool {
    state.nodes.iter().all(|node| {
        let least = node.known.max(node.highest);
        node.snapshot.is_none_or(|installed| installed >= least)
    })
}

fn is_not_before_the_barrier(_: &World, state: &State, answer: Answer) -> bool {
    !matches!(state.barrier, Barrier::Applied(revision) if answer.revision < revision)
}

fn has_nothing_from_before_the_barrier(world: &World, state: &State) -> bool {
    let Barrier::Applied(revision) = state.barrier else { return true };
    let mut answering = state.nodes.iter().filter(|node| node.may_answer(world));
    answering.all(|node| node.snapshot.is_none_or(|installed| installed >= revision))
}
