//! How are files parsed, and what does the parser say?

/// How the parser reads: only `true` and `false` are booleans, and the file may be that of a tenant with a million users.
pub fn options() -> serde_saphyr::Options {
    const NODES: usize = 20_000_000;
    let budget =
        serde_saphyr::budget! { max_nodes: NODES, max_events: 2 * NODES, max_total_scalar_bytes: 1 << 30 };
    serde_saphyr::options! { strict_booleans: true, budget: budget }
}

/// What the parser says is wrong, without the place, which is told by itself, and without what is for programmers.
pub fn without_place(error: &str) -> String {
    let what = error.rsplit_once(" at line ").map_or(error, |(what, _)| what);
    what.replace(", set DuplicateKeyPolicy in Options if acceptable", "")
}
