//! Which worlds are explored?

use rolecall_model::{
    Part::{Barrier, Full, Hints, Losses, OldPrimary, Questions, Tokens},
    Tenant::{Other, Watched},
    World,
};

/// Every kind of question, and writes of two tenants.
pub fn answers() -> World {
    World {
        nodes: 1,
        writes: vec![Watched, Other],
        lease: 1,
        loads: 1,
        parts: vec![Questions, Tokens, Full, Hints, Losses],
        fault: None,
    }
}

/// Two writes of one tenant, and two loads at once.
pub fn loads() -> World {
    World { writes: vec![Watched, Watched], loads: 2, parts: vec![Questions, Losses], ..answers() }
}

/// A primary that is cut off, and two loads at once.
pub fn fail_over() -> World {
    World {
        writes: vec![Watched],
        loads: 2,
        parts: vec![Questions, Tokens, Full, OldPrimary, Losses],
        ..answers()
    }
}

/// A writer that waits until its change is applied, beside another.
pub fn barrier() -> World {
    World { parts: vec![Questions, Barrier, Losses], ..answers() }
}

/// A writer that waits for two nodes, which lose nothing. What is in their memory says enough.
pub fn nodes() -> World {
    World { nodes: 2, writes: vec![Watched], parts: vec![Barrier], ..answers() }
}
