//! Do the promises hold in all that can happen?

use rolecall_model::{
    Fault,
    Part::{Barrier, Full, Hints, OldPrimary, Questions},
    World,
    promises::{BARRIER, PROMISES},
};
use stateright::{Checker, Model as _};

use crate::worlds;

/// All of a world, which is of a size that says something.
fn explored(name: &str, world: World) -> impl Checker<World> {
    let explored = world.checker().threads(2).spawn_bfs().join();
    let states = explored.unique_state_count();
    println!("{name}: {states} states, {} steps between them", explored.state_count());
    assert!(states > 100_000, "{states} states");
    explored
}

#[test]
fn answers_are_as_new_as_they_must_be() {
    explored("answers", worlds::answers()).assert_properties();
}

#[test]
fn what_is_loaded_never_goes_back() {
    explored("loads", worlds::loads()).assert_properties();
}

#[test]
fn a_primary_that_was_cut_off_makes_nothing_old() {
    explored("fail-over", worlds::fail_over()).assert_properties();
}

#[test]
fn what_is_applied_is_applied() {
    explored("barrier", worlds::barrier()).assert_properties();
}

#[test]
fn what_is_applied_is_applied_on_every_node() {
    explored("nodes", worlds::nodes()).assert_properties();
}

/// Where only the lease of when a question came is looked at, the one promise that is lost is the one about questions that
/// came before the change was applied.
#[test]
fn the_lease_of_the_question_keeps_all_but_one_promise() {
    let parts = [
        (worlds::answers(), vec![Questions, Full, Hints]),
        (worlds::fail_over(), vec![Questions, OldPrimary]),
        (worlds::barrier(), vec![Questions, Barrier]),
    ];
    for (world, parts) in parts {
        let world = World { fault: Some(Fault::LeaseOfTheQuestion), parts, ..world };
        let explored = explored("lease of the question", world);
        for promise in PROMISES.iter().filter(|promise| **promise != BARRIER) {
            explored.assert_no_discovery(promise);
        }
    }
}
