//! What is everything at one moment, and what does a step make of it?

use stateright::{Model, Property};

use crate::{
    Fault, Place, World,
    action::{self, Action, Step},
    barrier::Barrier,
    beacon::{Beacon, Reading},
    database::{Database, Write},
    node::Node,
    promises,
    request::{Request, Wait},
};

/// Everything there is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub database: Database,
    pub nodes: Vec<Node>,
    pub barrier: Barrier,
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let nodes = (0..self.nodes).map(|_| Node::new(self)).collect();
        vec![State { database: Database::new(self), nodes, barrier: Barrier::None }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        action::all(self, state, actions);
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Tick => state.tick(self),
            Action::Write(write) => state.database.advance(self, write),
            Action::FailOver => state.fail_over(self),
            Action::Mark(write) => state.mark(write),
            Action::Apply => state.apply(),
            Action::At(place, step) => state.step(self, place, &step),
        }
        state.sort();
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises::all(self)
    }
}

impl State {
    /// Which node is which makes no difference.
    fn sort(&mut self) {
        if let ([a, b], [of_a, of_b]) = (&mut self.nodes[..], &mut self.database.rows[..])
            && (&*b, *of_b) < (&*a, *of_a)
        {
            std::mem::swap(a, b);
            std::mem::swap(of_a, of_b);
        }
    }

    fn tick(&mut self, world: &World) {
        self.database.tick(world);
        for node in &mut self.nodes {
            node.tick(world);
        }
    }

    /// All connections for beacons led to the primary that is cut off now: nothing more comes of them.
    fn fail_over(&mut self, world: &World) {
        self.database.fail_over(world);
        for node in &mut self.nodes {
            node.heard_by_cut_off = true;
            if !matches!(node.beacon, Beacon::Committed(..)) {
                node.disconnect();
            }
        }
    }

    fn mark(&mut self, write: usize) {
        if let Write::Committed(_, revision, _) = self.database.writes[write] {
            self.barrier = Barrier::Waiting(revision, self.database.next);
        }
    }

    fn apply(&mut self) {
        if let Barrier::Waiting(revision, _) = self.barrier {
            self.barrier = Barrier::Applied(revision);
        }
    }

    fn step(&mut self, world: &World, place: Place, step: &Step) {
        let node = &mut self.nodes[place];
        match step {
            Step::Send => {
                node.beacon = Beacon::Sent(0);
                node.request.beacon_sent();
            }
            Step::Read | Step::ReadCutOff | Step::Commit | Step::Hear => self.beacon(world, place, step),
            Step::Disconnect => node.disconnect(),
            Step::Hint(write) => {
                if let Write::Committed(_, revision, _) = self.database.writes[*write] {
                    node.outdate(revision);
                }
            }
            Step::BeginLoad => node.begin_load(self.database.revision(world)),
            Step::BeginLoadFromCutOff => {
                if let Some(revision) = self.database.cut_off {
                    node.begin_load(revision);
                }
            }
            Step::EndLoad(load) => node.end_load(world, *load),
            Step::Evict => node.snapshot = None,
            Step::AskFull => {
                node.request = Request::Waiting(self.database.revision(world), Wait::NotSent);
            }
            Step::Evaluate(mode) => {
                if let Some(answer) = node.evaluate(world, *mode) {
                    node.request = Request::Evaluated(answer);
                }
            }
            Step::Conclude => node.request = Request::None,
            Step::Die => {
                *node = Node::new(world);
                self.database.rows[place] = None;
            }
        }
    }

    fn beacon(&mut self, world: &World, place: Place, step: &Step) {
        let database = &mut self.database;
        let node = &mut self.nodes[place];
        match (step, node.beacon) {
            (Step::Read, Beacon::Sent(age)) => {
                let reading = Reading::new(world, database, node);
                node.beacon = if world.is(Fault::BeaconByRead) {
                    Beacon::Committed(age, reading)
                } else {
                    Beacon::Read(age, reading)
                };
            }
            (Step::ReadCutOff, Beacon::Sent(age)) => {
                if let Some(revision) = database.cut_off {
                    node.beacon = Beacon::Committed(age, Reading::of_cut_off(node, revision));
                }
            }
            (Step::Commit, Beacon::Read(age, reading)) => {
                database.rows[place] = Some(node.row(age));
                node.beacon = Beacon::Committed(age, reading);
            }
            (Step::Hear, Beacon::Committed(age, reading)) => node.hear(world, age, reading),
            _ => {}
        }
    }
}
