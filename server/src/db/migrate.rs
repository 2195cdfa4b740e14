//! Is the database of the shape this program expects?

use rusqlite::{Connection, TransactionBehavior};

use crate::error::Error;

/// The steps that lead to the present shape. Steps are added, never changed.
const STEPS: &[(&str, &str)] = &[
    ("0001_begin", include_str!("../../migrations/sqlite/0001_begin.sql")),
    ("0002_plans", include_str!("../../migrations/sqlite/0002_plans.sql")),
];

/// Brings the database to the present shape, all missing steps or none.
///
/// # Errors
/// When the database is newer than the program, is not Rolecall's, or a step fails.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Error> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch("CREATE TABLE IF NOT EXISTS migrations (step INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT")?;
    let done: Vec<String> = tx
        .prepare("SELECT name FROM migrations ORDER BY step")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for (step, name) in done.iter().enumerate() {
        if STEPS.get(step).is_none_or(|(known, _)| known != name) {
            return Err(Error::internal(format!(
                "the database has step `{name}`, which this version does not know; use a newer one"
            )));
        }
    }
    for (step, (name, sql)) in STEPS.iter().enumerate().skip(done.len()) {
        tx.execute_batch(sql)?;
        tx.execute(
            "INSERT INTO migrations (step, name) VALUES (?1, ?2)",
            (i64::try_from(step).unwrap_or(i64::MAX), name),
        )?;
    }
    Ok(tx.commit()?)
}
