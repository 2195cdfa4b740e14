//! Is every mistake found?

use rolecall_model::{
    Fault,
    Part::{self, Barrier, Full, Losses, OldPrimary, Questions, Tokens},
    World,
    promises::{BARRIER, BARRIER_FOR_LATER, BOUNDED, FORWARD, FULL, TOKEN},
};
use stateright::{Checker as _, HasDiscoveries, Model as _};

use crate::worlds;

/// Looks for a way to break a promise in a world with a mistake. Of the world's parts there are only those that it takes.
fn found(world: World, parts: &[Part], fault: Fault, promise: &'static str) {
    assert!(
        parts.iter().all(|part| world.parts.contains(part)),
        "without the mistake the promise was not tried"
    );
    let world = World { fault: Some(fault), parts: parts.to_vec(), ..world };
    let broken = HasDiscoveries::AllOf([promise].into());
    let checked = world.checker().threads(2).finish_when(broken).spawn_bfs().join();
    let states = checked.unique_state_count();
    let way = checked.assert_any_discovery(promise).into_actions();
    println!("{fault:?} breaks `{promise}`, after {states} states:");
    for action in way {
        println!("  {action:?}");
    }
}

#[test]
fn a_lease_from_when_the_beacon_came_back() {
    found(worlds::answers(), &[Questions], Fault::LeaseFromTheEnd, BOUNDED);
}

#[test]
fn a_lease_that_is_looked_at_before_evaluating() {
    found(worlds::answers(), &[Questions], Fault::LeaseBeforeEvaluating, BOUNDED);
}

/// The beacon that outdates the snapshot renews the lease for whoever still works with it.
#[test]
fn a_lease_that_was_renewed_meanwhile() {
    found(worlds::answers(), &[Questions], Fault::LeaseAlone, BOUNDED);
}

/// That the lease was good all the time bounds how old an answer is, but a change may be applied meanwhile.
#[test]
fn an_outdated_snapshot_under_the_lease_of_the_question() {
    found(worlds::barrier(), &[Questions, Barrier], Fault::LeaseOfTheQuestion, BARRIER);
}

#[test]
fn a_token_that_is_ignored() {
    found(worlds::answers(), &[Questions, Tokens], Fault::TokenIgnored, TOKEN);
}

#[test]
fn a_beacon_begun_before_a_question_for_everything() {
    found(worlds::answers(), &[Questions, Full], Fault::AnyBeaconIsFull, FULL);
}

#[test]
fn an_older_snapshot_over_a_later_one() {
    found(worlds::loads(), &[Questions], Fault::OlderInstalled, FORWARD);
}

#[test]
fn a_snapshot_that_was_outdated_while_it_was_loaded() {
    found(worlds::loads(), &[Questions], Fault::OutdatedInstalled, FORWARD);
}

#[test]
fn a_feed_that_is_read_by_revision() {
    found(worlds::answers(), &[Questions], Fault::FeedByRevision, BOUNDED);
}

#[test]
fn a_feed_that_is_read_by_the_last_transaction_seen() {
    found(worlds::answers(), &[Questions], Fault::FeedByLastTransaction, BOUNDED);
}

#[test]
fn a_first_beacon_that_keeps_what_was_in_memory() {
    found(worlds::answers(), &[Questions, Losses], Fault::NothingForgottenAtFirst, BOUNDED);
}

/// The feed may have been tidied up meanwhile.
#[test]
fn a_late_beacon_that_keeps_what_was_in_memory() {
    found(worlds::answers(), &[Questions], Fault::NothingForgottenAfterTheLease, BOUNDED);
}

/// The writer did not wait for the node, which was silent, and whose beacon had read and was not committed.
#[test]
fn a_late_beacon_that_read_before_the_change() {
    found(worlds::barrier(), &[Questions, Barrier], Fault::NothingForgottenAfterTheLease, BARRIER_FOR_LATER);
}

#[test]
fn a_load_from_a_primary_that_was_cut_off() {
    found(worlds::fail_over(), &[Questions, OldPrimary], Fault::LoadsFromAnywhere, BOUNDED);
}

#[test]
fn a_beacon_that_has_nothing_to_commit() {
    found(worlds::fail_over(), &[Questions, OldPrimary], Fault::BeaconByRead, BOUNDED);
}

#[test]
fn a_writer_that_does_not_wait_for_silent_nodes() {
    found(worlds::barrier(), &[Questions, Barrier], Fault::SilentNodesIgnored, BARRIER);
}

#[test]
fn a_writer_that_waits_for_one_node() {
    found(worlds::nodes(), &[Barrier], Fault::OneNodeIsEnough, BARRIER_FOR_LATER);
}
