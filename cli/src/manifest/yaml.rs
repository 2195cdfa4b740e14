//! How are files parsed, and what does the parser say?

/// How the parser reads: only `true` and `false` are booleans, and the file may be that of a tenant with a million users.
pub fn options() -> serde_saphyr::Options {
    const NODES: usize = 20_000_000;
    let budget =
        serde_saphyr::budget! { max_nodes: NODES, max_events: 2 * NODES, max_total_scalar_bytes: 1 << 30 };
    serde_saphyr::options! { strict_booleans: true, reject_unsupported_tags: true, budget: budget }
}

/// What the parser says in words for programmers, and what it means for who wrote the file.
const WORDS: &[(&str, &str)] = &[
    (
        "expected mapping start",
        "here must be names with something under each, as in `name: …`; `{}` for none",
    ),
    ("expected sequence start", "here must be a list, as in `[a, b]`; `[]` for an empty one"),
    ("invalid u32", "here must be a whole number that is not negative"),
    ("invalid boolean", "here must be `true` or `false`"),
    ("cannot deserialize null into string", "here must be a text; `\"\"` for an empty one"),
    ("multiple YAML documents detected", "a second document begins here; a file has one"),
    ("alias references unknown anchor", "`*…` names something that no `&…` before it names"),
];

/// What the parser says is wrong, without the place, which is told by itself, and without what is for programmers.
pub fn said(error: &str) -> String {
    let what = error.rsplit_once(" at line ").map_or(error, |(what, _)| what);
    let known = WORDS.iter().find(|(parsers, _)| what.starts_with(parsers));
    known.map_or_else(
        || what.replace(", set DuplicateKeyPolicy in Options if acceptable", ""),
        |(_, ours)| (*ours).to_owned(),
    )
}
