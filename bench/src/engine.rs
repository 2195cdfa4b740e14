//! Decisions in memory: what each costs, and what a change costs.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;
use rolecall_engine::{
    access::{Query, Revision, Snapshot, decide, explain, impact},
    change::{Change, Delta},
    ids::{TenantId, UserId},
    roles::{Role, RoleKind},
    users::User,
};

use crate::world::{Dice, Scale, UserRow, World};

/// One tenant of the usual size.
pub const USUAL: Scale = Scale { users: 10_000, groups: 1_000, custom_roles: 175 };
/// A hundred times as many users.
const HUGE: Scale = Scale { users: 1_000_000, groups: 9_999, custom_roles: 500 };

/// A tenant of which there are many.
const SMALL: Scale = Scale { users: 100, groups: 10, custom_roles: 5 };
const TENANTS: usize = 10_000;

/// Questions that are asked in turn; more than fit into what a processor keeps at hand.
pub const QUESTIONS: usize = 100_000;
const ROUNDS: usize = 5;

/// The median time of one of many, in nanoseconds.
pub fn each(count: usize, mut run: impl FnMut()) -> f64 {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a time")]
    times.get(ROUNDS / 2).map_or(0.0, |time| time.as_nanos() as f64 / count as f64)
}

fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() * 1024.0
}

pub fn questions(world: &World, count: usize) -> Vec<(String, &str)> {
    let mut dice = Dice::new(11);
    let one = |_| {
        let user = world.users.get(dice.below(world.users.len()))?;
        Some((user.id.to_string(), world.scopes.get(dice.below(world.scopes.len()))?.as_str()))
    };
    (0..count).filter_map(one).collect()
}

pub fn ask(snapshot: &Snapshot, user: &str, scope: &str) -> bool {
    let Some(user) = UserId::from_hex(user) else { return false };
    decide(snapshot, &Query { user, scope }).is_allowed()
}

/// Decisions from texts, beside answers that were worked out beforehand.
pub fn decisions() {
    let world = World::new(USUAL);
    let snapshot = world.snapshot();
    let ideal = world.ideal(&snapshot);
    let asked = questions(&world, QUESTIONS);
    let wrong =
        asked.iter().filter(|(user, scope)| ask(&snapshot, user, scope) != ideal.may(user, scope)).count();
    assert_eq!(wrong, 0, "both answer alike");
    let own = each(asked.len(), || {
        for (user, scope) in &asked {
            black_box(ask(&snapshot, user, scope));
        }
    });
    let best = each(asked.len(), || {
        for (user, scope) in &asked {
            black_box(ideal.may(user, scope));
        }
    });
    println!(
        "decision, 10,000 users: {own:.0} ns; answers worked out beforehand {best:.0} ns; ratio {:.2} (at most 2)",
        own / best
    );
    let explained = each(asked.len() / 100, || {
        for (user, scope) in asked.iter().step_by(100) {
            let user = UserId::from_hex(user).unwrap_or(UserId::new(0, [0; 8]));
            black_box(explain(&snapshot, &Query { user, scope }));
        }
    });
    println!("explanation, 10,000 users: {:.2} us (at most 5)", explained / 1000.0);
}

/// A tenant with a million users: memory, building, decisions, changes, searches.
pub fn huge() {
    let world = World::new(HUGE);
    let begun = Instant::now();
    let snapshot = world.snapshot();
    let built = begun.elapsed().as_secs_f64();
    // A second one, so that what the allocator holds from building is not counted.
    let before = resident();
    let second = world.snapshot();
    println!(
        "snapshot of 1,000,000 users: built in {built:.2} s, {:.2} million users/s (at least 1); {:.0} bytes a user (at most 150)",
        1.0 / built,
        (resident() - before) / 1e6
    );
    drop(second);
    let asked = questions(&world, QUESTIONS);
    let own = each(asked.len(), || {
        for (user, scope) in &asked {
            black_box(ask(&snapshot, user, scope));
        }
    });
    println!("decision, 1,000,000 users: {own:.0} ns");
    changes(&world, &snapshot);
    searches(&world, &snapshot);
}

/// Ten thousand tenants of a hundred users, asked in turn.
pub fn many() {
    let world = World::new(SMALL);
    let tenants: Vec<Snapshot> = (0..TENANTS).map(|_| world.snapshot()).collect();
    let asked = questions(&world, QUESTIONS);
    let mut dice = Dice::new(13);
    let asked: Vec<_> = asked
        .iter()
        .filter_map(|(user, scope)| Some((tenants.get(dice.below(TENANTS))?, user, scope)))
        .collect();
    let own = each(asked.len(), || {
        for (tenant, user, scope) in &asked {
            black_box(ask(tenant, user, scope));
        }
    });
    println!(
        "decision, {TENANTS} tenants of {} users: {own:.0} ns (at most twice one tenant's with as many)",
        SMALL.users
    );
}

/// Two readers, without changes and beside ten a second.
pub fn readers() {
    let world = World::new(USUAL);
    let Some((before, after)) = changed_role(&world) else { return };
    let asked = questions(&world, QUESTIONS);
    // As the server keeps it.
    let (kept, tenant) = (Cache::new(10), TenantId::new([1; 32]));
    kept.insert(tenant, Arc::new(world.snapshot()));
    let turns = [
        [Change::Role(Box::new(Delta::Updated { before: before.clone(), after: after.clone() }))],
        [Change::Role(Box::new(Delta::Updated { before: after, after: before }))],
    ];
    let read = |stop: &AtomicBool| {
        let mut answers = 0_u64;
        for (user, scope) in asked.iter().cycle() {
            black_box(kept.get(&tenant).is_some_and(|snapshot: Arc<Snapshot>| ask(&snapshot, user, scope)));
            answers += 1;
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
        answers
    };
    let (mut without, mut beside) = (0, 0);
    for round in 0..10 {
        let swaps = round % 2 == 1;
        let stop = AtomicBool::new(false);
        let answers = std::thread::scope(|threads| {
            let readers = [threads.spawn(|| read(&stop)), threads.spawn(|| read(&stop))];
            for change in turns.iter().cycle().take(10) {
                std::thread::sleep(Duration::from_millis(100));
                if let (true, Some(snapshot)) = (swaps, kept.get(&tenant)) {
                    kept.insert(tenant, Arc::new(snapshot.apply(Revision(2), snapshot.moment(), change)));
                }
            }
            stop.store(true, Ordering::Relaxed);
            readers.into_iter().filter_map(|reader| reader.join().ok()).sum::<u64>()
        });
        *(if swaps { &mut beside } else { &mut without }) += answers;
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let [without, beside] = [without, beside].map(|answers: u64| answers as f64 / 5e6);
    println!(
        "two readers: {without:.1} million decisions/s; beside ten changes a second {beside:.1}; ratio {:.2} (at least 0.95)",
        beside / without
    );
}

fn changed_role(world: &World) -> Option<(Role, Role)> {
    let before = world.roles.iter().find(|role| role.kind == RoleKind::Custom)?.clone();
    let scopes = world.scopes.iter().rev().take(10).cloned().collect();
    Some((before.clone(), Role { scopes, ..before }))
}

fn changes(world: &World, snapshot: &Snapshot) {
    let Some((before, after)) = changed_role(world) else { return };
    let role = [Change::Role(Box::new(Delta::Updated { before, after }))];
    let apply = |changes: &[Change]| {
        each(100, || {
            for _ in 0..100 {
                black_box(snapshot.apply(Revision(2), snapshot.moment(), changes));
            }
        }) / 1000.0
    };
    println!("a role's scopes change, 1,000,000 users: {:.1} us (at most 100)", apply(&role));
    let mut everyone = world.groups.first().cloned();
    if let Some(group) = &mut everyone {
        let before = group.clone();
        group.roles.clear();
        let change = [Change::Group(Box::new(Delta::Updated { before, after: group.clone() }))];
        println!("Everyone changes, 1,000,000 users: {:.1} us (at most 100)", apply(&change));
    }
    let of = |count: usize, edit: &dyn Fn(&mut User)| -> Vec<Change> {
        let users = world.users.iter().step_by(9_973).take(count);
        let change = |user: &UserRow| {
            let before = user.stored();
            let mut after = before.clone();
            edit(&mut after);
            Change::User(Box::new(Delta::Updated { before, after }))
        };
        users.map(change).collect()
    };
    println!(
        "a user's roles change, 1,000,000 users: {:.1} us (at most 100)",
        apply(&of(1, &|user| user.roles.clear()))
    );
    if let Some(group) = world.groups.last().map(|group| group.id) {
        println!(
            "100 users join a group, 1,000,000 users: {:.1} us (at most 5000)",
            apply(&of(100, &|user| user.groups.push(group.into())))
        );
    }
    let preview = each(1, || {
        let after = snapshot.apply(Revision(2), snapshot.moment(), &role);
        let found = impact(snapshot, &after, &role, 100);
        black_box(found.affected);
    });
    let after = snapshot.apply(Revision(2), snapshot.moment(), &role);
    let affected = impact(snapshot, &after, &role, 100).affected;
    println!("impact of a role's patch that touches {affected} of 1,000,000 users: {:.0} ms", preview / 1e6);
}

fn searches(world: &World, snapshot: &Snapshot) {
    let Some(scope) = world.scopes.first().and_then(|scope| snapshot.scope(scope.as_str())) else { return };
    let may = |limit: usize| snapshot.users_who_may(None, scope).take(limit).count();
    let page = each(1, || {
        black_box(may(100));
    });
    let whole = each(1, || {
        black_box(may(usize::MAX));
    });
    println!(
        "who can, 1,000,000 users: first page {:.2} ms (at most 5); all {:.1} million users/s (at least 5)",
        page / 1e6,
        1e9 / whole
    );
}
