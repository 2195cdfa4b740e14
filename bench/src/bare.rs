//! What a durable write costs at least: SQLite alone, set up as the server sets it up.

use std::{path::Path, time::Instant};

use rusqlite::Connection;

/// What commits cost.
pub struct Commits {
    /// The median time of a commit of one row, in microseconds.
    pub single: f64,
    /// Rows a second when this many share a commit.
    pub grouped: f64,
}

/// Rows in a shared commit.
pub const GROUP: usize = 32;
const ROUNDS: usize = 500;

/// Measures commits in a folder, so on the same disk as the server's.
///
/// # Errors
/// When the database cannot be used.
pub fn commits(folder: &Path) -> anyhow::Result<Commits> {
    let file = tempfile::Builder::new().prefix("bare-").tempdir_in(folder)?;
    let db = Connection::open(file.path().join("bare.db"))?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT",
    )?;
    let mut insert = db.prepare("INSERT INTO users (name) VALUES (?1)")?;
    for n in 0..10_000 {
        insert.execute([format!("user {n}")])?;
    }
    let mut update = db.prepare("UPDATE users SET name = ?2 WHERE id = ?1")?;
    let mut commit = |rows: usize, round: usize| -> anyhow::Result<f64> {
        let begun = Instant::now();
        db.execute_batch("BEGIN IMMEDIATE")?;
        for row in 0..rows {
            let id = i64::try_from((round * GROUP + row) * 7919 % 10_000)?;
            update.execute((id, format!("user {round}")))?;
        }
        db.execute_batch("COMMIT")?;
        Ok(begun.elapsed().as_secs_f64())
    };
    let mut singles = (0..ROUNDS).map(|round| commit(1, round)).collect::<anyhow::Result<Vec<f64>>>()?;
    singles.sort_unstable_by(f64::total_cmp);
    let grouped: f64 = (0..ROUNDS).map(|round| commit(GROUP, round)).sum::<anyhow::Result<f64>>()?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let grouped = (ROUNDS * GROUP) as f64 / grouped;
    Ok(Commits { single: singles.get(ROUNDS / 2).copied().unwrap_or_default() * 1e6, grouped })
}
