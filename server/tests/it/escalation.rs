//! What can be reached? From whoever is no administrator, every request that could help is tried, and after each that
//! changed something every request again, a few steps deep (threats I1, I2, T02, T04, T06, T12).
//!
//! A state is what somebody can use, and what everybody is granted and every program may do. Two ways to the same state
//! are one. Of spaces only what one can do oneself is part of it, and settings that only administrators change are none:
//! what else is done there helps nobody to more roles. What is found must be what `escalation.txt` says; `ROLECALL_GENERATE` writes it anew, and whoever changes it
//! changes what can be reached. `ROLECALL_EXPLORE` says how deep to go, 3 if it is not set.

mod alphabet;
mod attempts;
mod state;
mod world;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
    fmt::Write as _,
    fs, mem,
    sync::Mutex,
    thread,
};

use self::{
    alphabet::{BY_NOBODY, BY_REFRESH, BY_SECRET, LOGINS},
    attempts::{asked, handed_out, made, operation},
    state::{Credential, Reach, Standing, State},
    world::{Start, World},
};
use crate::{harness::Server, logins::visitor, openapi::operations};

/// How many requests one after the other are tried.
fn depth() -> usize {
    std::env::var("ROLECALL_EXPLORE").map_or(3, |depth| depth.parse().unwrap())
}

/// What was found of a start.
#[derive(Default)]
struct Found {
    at_first: Vec<Reach>,
    later: Vec<Reach>,
    changes: BTreeSet<String>,
    grown: BTreeSet<String>,
    requests: usize,
    /// From which everything was tried.
    states: usize,
}

impl Found {
    /// What is held later and not at first.
    fn comes_to_hold(&self) -> BTreeSet<String> {
        &said(&self.later) - &said(&self.at_first)
    }

    /// What is found of a start, for people.
    fn write(&self, start: &Start, table: &mut String) {
        writeln!(table, "\n{}", start.name).unwrap();
        let first = seen(&self.at_first);
        for (what, words) in [
            ("holds", &said(&self.at_first)),
            ("changes by", &self.changes),
            ("comes to hold", &self.comes_to_hold()),
            ("who grows", &self.grown),
            ("sees spaces", &first),
            ("then sees", &(&seen(&self.later) - &first)),
        ] {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let words =
                if words.is_empty() { "nothing".to_owned() } else { words.join("\n                 ") };
            writeln!(table, "  {what:13}  {words}").unwrap();
        }
    }
}

fn said(reaches: &[Reach]) -> BTreeSet<String> {
    reaches.iter().map(Reach::say).collect()
}

fn seen(reaches: &[Reach]) -> BTreeSet<String> {
    reaches.iter().flat_map(|reach| &reach.spaces).cloned().collect()
}

/// Goes breadth-first from a start.
struct Search<'w> {
    start: &'w Start,
    before: Standing,
    seen: HashSet<String>,
    waiting: VecDeque<State>,
    found: Found,
}

impl<'w> Search<'w> {
    fn run(world: &World, start: &'w Start) -> Found {
        let mut names = world.names.clone();
        let key = names.get(&format!("{}'s key", start.name)).cloned();
        names.extend(key.map(|key| ("my key".to_owned(), key)));
        let state = State { server: world.server.copy(), holds: start.holds.clone(), names, steps: 0 };
        let before = Standing::of(&state);
        let mut search =
            Self { start, before, seen: HashSet::new(), waiting: VecDeque::new(), found: Found::default() };
        search.arrive(state);
        while let Some(state) = search.waiting.pop_front() {
            search.expand(&state);
        }
        search.found
    }

    /// Looks at a state, and keeps it if it is a new one from which to go on.
    fn arrive(&mut self, mut state: State) {
        let standing = Standing::of(&state);
        self.found.grown.extend(standing.grown(&self.before, "bare"));
        let mut reaches: BTreeMap<Reach, (&'static str, Credential)> = BTreeMap::new();
        for (kind, credential) in mem::take(&mut state.holds) {
            let reach = Reach::find(&state, kind, &credential);
            let may_be_over = matches!(credential, Credential::Bearer(_) | Credential::Session(_));
            if !may_be_over || !reach.powers.is_empty() {
                reaches.insert(reach, (kind, credential));
            }
        }
        let found = if state.steps == 0 { &mut self.found.at_first } else { &mut self.found.later };
        found.extend(reaches.keys().cloned());
        // Whoever administers the tenant reaches everything.
        let arrived = state.steps > 0 && reaches.keys().any(|reach| reach.powers.contains("administers"));
        if state.steps == self.start.depth || arrived {
            return;
        }
        let held: Vec<&Reach> = reaches.keys().collect();
        if self.seen.insert(format!("{held:?} {}", standing.text(&state))) {
            self.found.states += 1;
            state.holds = reaches.into_values().collect();
            self.waiting.push_back(state);
        }
    }

    /// Tries everything in a state, each on a copy of it.
    fn expand(&mut self, state: &State) {
        let mut work = state.server.copy();
        let nobody = [None];
        let with = state.holds.iter().map(Some);
        let with: Vec<_> = if state.holds.is_empty() { nobody.into() } else { with.collect() };
        for held in with {
            let credential = held.map(|(_, credential)| credential);
            let reach = held.map(|(kind, credential)| Reach::find(state, kind, credential));
            let of = |server: &Server| credential.map_or_else(|| visitor(server), |held| held.client(server));
            let mut client = of(&work);
            for attempt in state.attempts(credential, reach.as_ref()) {
                self.found.requests += 1;
                let revision = work.revision(0);
                let answer = attempt.ask(&work, &client);
                assert!(answer.status < 500, "{}: {} {}", attempt.label, answer.status, answer.text);
                assert_eq!(work.revision(1), state.server.revision(1), "{} elsewhere", attempt.label);
                let handed = handed_out(&attempt, &answer);
                if work.revision(0) == revision && handed.is_empty() {
                    continue;
                }
                self.found.changes.insert(attempt.label.clone());
                let mut names = state.names.clone();
                let made = made(&attempt, &answer).filter(|(_, id)| state.known(id).is_none());
                names.extend(made);
                let holds = [state.holds.clone(), handed].concat();
                let after = mem::replace(&mut work, state.server.copy());
                client = of(&work);
                self.arrive(State { server: after, holds, names, steps: state.steps + 1 });
            }
        }
    }
}

/// What is found of each start, two of them at a time.
fn explore(world: &World, starts: &[&Start]) -> Vec<Found> {
    let waiting = Mutex::new((0..starts.len()).collect::<Vec<_>>());
    let found: Vec<Mutex<Found>> = starts.iter().map(|_| Mutex::default()).collect();
    let next = || waiting.lock().unwrap().pop();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(at) = next() {
                    *found[at].lock().unwrap() = Search::run(world, starts[at]);
                }
            });
        }
    });
    found.into_iter().map(|found| found.into_inner().unwrap()).collect()
}

const ABOUT: &str = "\
What can be reached by whom, in at most three requests one after the other, of those in `escalation/alphabet.rs`.

\"holds\" are the credentials at first: whom they speak for, and what was done with them. \"changes by\" are the requests that
changed something or handed out a credential, at any step. \"comes to hold\" are credentials that were handed out and speak
for somebody else, or do more. \"who grows\" are users who are granted more than at first, and the roles they have it by.
In a space that is \"whole\" all may be done; in one that is \"changing\", all but giving it away.

That is how it is meant to be:
- Whoever is no administrator makes nobody's rights grow, and comes to hold nothing that does more: keys do what their
  user may, tokens what their client was allowed, and neither is for somebody else.
- A client that administrators trust to act as users acts as each of them, within the scopes they gave it.
- Who provisions users, and who signs for their identity provider, decides who is in the groups of providers. Such a
  group has the roles that administrators gave it: here \"Directors\" has TenantAdmin, and \"Staff\" has \"Report exporter\".
  New users, and users at a login, also get the roles of the tenant's flags, such as DataServicesContributor.
- A provider that names a subject of no other provider lets that user in, also an administrator. A program that
  provisions users does not touch administrators of no provider, nor users of others.
- Administrators of spaces, and of one space, give roles in it, which are no roles of the tenant.
";

const PROVIDER: &str = "whoever signs for the identity provider";
const PROVISIONER: &str = "SCIM client";

#[test]
fn what_can_be_reached_is_what_is_written() {
    let world = World::new();
    let starts: Vec<&Start> = world.starts.iter().filter(|start| !start.administers).collect();
    let found = explore(&world, &starts);
    let mut table = String::from(ABOUT);
    for (start, found) in starts.iter().zip(&found) {
        let administers = found.later.iter().any(|reach| reach.powers.contains("administers"));
        assert!(!administers || start.name == PROVIDER, "{} administers the tenant", start.name);
        let may_grow = [PROVIDER, PROVISIONER].contains(&start.name);
        assert!(may_grow || found.grown.is_empty(), "{}: {:?}", start.name, found.grown);
        found.write(start, &mut table);
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/escalation.txt");
    if std::env::var_os("ROLECALL_GENERATE").is_some() {
        fs::write(file, &table).unwrap();
    }
    let states: usize = found.iter().map(|found| found.states).sum();
    let requests: usize = found.iter().map(|found| found.requests).sum();
    println!("{} starts, {requests} requests, {states} states", starts.len());
    assert!(depth() < 3 || states > 50, "only {states} states");
    assert_eq!(fs::read_to_string(file).unwrap_or_default(), table, "see escalation.txt");
}

/// The search would see it if somebody reached more: an administrator reaches everything.
#[test]
fn an_administrator_is_found_to_reach_everything() {
    let world = World::new();
    let starts: Vec<&Start> = world.starts.iter().filter(|start| start.administers).collect();
    let [narrow, whole] = explore(&world, &starts).try_into().ok().unwrap();
    for grows in ["bare by TenantAdmin", "visitor by TenantAdmin", "flo by api-keys", "maker by admin.csp"] {
        assert!(whole.grown.contains(grows) && narrow.grown.contains(grows), "{grows}: {:?}", whole.grown);
    }
    for held in [
        "API key: provisions",
        "client secret of machine",
        "client secret of impersonator",
        "signing key of https://evil.example",
    ] {
        assert!(whole.comes_to_hold().contains(held), "{held}: {:?}", whole.comes_to_hold());
    }
    // What does not know the bounds of a token is not made by one that has bounds.
    assert_eq!(narrow.comes_to_hold(), BTreeSet::new());
    let operations = |labels: &BTreeSet<String>| -> BTreeSet<String> {
        labels.iter().map(|label| operation(label).to_owned()).collect()
    };
    let never = |label: &String| {
        // What is for others than administrators of a tenant.
        [
            "scim",
            "log_in",
            "authorize",
            "connection_config",
            "issue_token",
            "create_tenant",
            "activate_tenant",
        ]
        .iter()
        .any(|word| label.contains(word))
    };
    let tried: BTreeSet<String> =
        asked().into_iter().map(|(label, ..)| label).filter(|l| !never(l)).collect();
    let left: BTreeSet<String> = &operations(&tried) - &operations(&whole.changes);
    assert_eq!(left, BTreeSet::new(), "nothing is refused to an administrator");
}

/// Requests by POST that only ask, or send once more what was sent.
const QUESTIONS: &[&str] = &[
    "evaluate",
    "evaluate_all",
    "search_actions",
    "search_resources",
    "search_subjects",
    "filter_groups",
    "filter_users",
    "try_changes",
    "post_userinfo",
    "resend_delivery",
    "search_scim",
    "send_scim_bulk",
];

#[test]
fn every_operation_that_changes_something_is_tried() {
    let mut tried: BTreeSet<String> =
        asked().into_iter().map(|(label, ..)| operation(&label).to_owned()).collect();
    let others = [BY_NOBODY, BY_SECRET, BY_REFRESH].into_iter().flatten().map(|(label, ..)| *label);
    let others = others.chain(LOGINS.iter().map(|(label, ..)| *label));
    tried.extend(others.map(|label| operation(label).to_owned()));
    let all: BTreeSet<String> = operations()
        .into_iter()
        .filter(|(name, method, _)| method != "GET" && !QUESTIONS.contains(&name.as_str()))
        .map(|(name, ..)| name)
        .collect();
    assert_eq!(tried, all);
}
