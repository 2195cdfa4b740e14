//! Is the database of the shape this program expects?

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, TransactionBehavior};

use crate::error::Error;

/// The steps that lead to the present shape. Steps are added; one that was released is never changed.
const STEPS: &[(&str, &str)] = &[
    ("0001_begin", include_str!("../../migrations/sqlite/0001_begin.sql")),
    ("0002_plans", include_str!("../../migrations/sqlite/0002_plans.sql")),
    ("0003_periods", include_str!("../../migrations/sqlite/0003_periods.sql")),
    ("0004_oauth", include_str!("../../migrations/sqlite/0004_oauth.sql")),
    ("0005_logins", include_str!("../../migrations/sqlite/0005_logins.sql")),
    ("0006_spaces", include_str!("../../migrations/sqlite/0006_spaces.sql")),
    ("0007_scim", include_str!("../../migrations/sqlite/0007_scim.sql")),
    ("0008_operators", include_str!("../../migrations/sqlite/0008_operators.sql")),
    ("0010_webhooks", include_str!("../../migrations/sqlite/0010_webhooks.sql")),
];

/// The steps that were done, each with the hash of its text.
const DONE: &str = "CREATE TABLE IF NOT EXISTS migrations
    (step INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, sha256 BLOB NOT NULL) STRICT";

/// What to do about missing steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Do them.
    Do,
    /// Refuse the database: an older program uses it at this moment.
    Refuse,
}

/// Brings the database to the present shape, all missing steps or none.
///
/// # Errors
/// When the database is newer than the program, is not Rolecall's, or a step fails or is missing and may not be done.
pub(super) fn migrate(connection: &mut Connection, missing: Missing) -> Result<(), Error> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(DONE)?;
    let done: Vec<(String, Vec<u8>)> = tx
        .prepare("SELECT name, sha256 FROM migrations ORDER BY step")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (step, (name, hash)) in done.iter().enumerate() {
        match STEPS.get(step) {
            Some((known, sql)) if known == name && digest(&SHA256, sql.as_bytes()).as_ref() == hash => {}
            Some((known, _)) if known == name => {
                return Err(Error::internal(format!(
                    "the database was made by another form of step `{name}`"
                )));
            }
            _ => {
                return Err(Error::internal(format!(
                    "the database has step `{name}`, which this version does not know; use a newer one"
                )));
            }
        }
    }
    for (step, (name, sql)) in STEPS.iter().enumerate().skip(done.len()) {
        if missing == Missing::Refuse {
            return Err(Error::internal("an older server uses the database; stop it first"));
        }
        tx.execute_batch(sql)?;
        tx.execute(
            "INSERT INTO migrations (step, name, sha256) VALUES (?1, ?2, ?3)",
            (i64::try_from(step).unwrap_or(i64::MAX), name, digest(&SHA256, sql.as_bytes()).as_ref()),
        )?;
    }
    Ok(tx.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_another_shape_is_refused() {
        let refused = |connection: &mut Connection| migrate(connection, Missing::Do).unwrap_err().to_string();
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(migrate(&mut connection, Missing::Refuse).is_err());
        migrate(&mut connection, Missing::Do).unwrap();
        migrate(&mut connection, Missing::Refuse).unwrap();
        connection.execute("UPDATE migrations SET sha256 = x'00' WHERE step = 1", ()).unwrap();
        assert!(refused(&mut connection).contains("another form"));
        connection.execute("UPDATE migrations SET name = '0002_other' WHERE step = 1", ()).unwrap();
        assert!(refused(&mut connection).contains("does not know"));
    }
}
