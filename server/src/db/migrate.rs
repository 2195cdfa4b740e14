//! Is the database of the shape this program expects?

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use deadpool_postgres::Object;
use rusqlite::{Connection, TransactionBehavior};

use super::dialect;
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
];

/// What only PostgreSQL has: what several nodes agree by.
const ONLY_POSTGRES: &[(&str, &str)] = &[];

/// The steps that were done, each with the hash of its text.
const DONE: &str = "CREATE TABLE IF NOT EXISTS migrations
    (step INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, sha256 BLOB NOT NULL) STRICT";
const FIND: &str = "SELECT name, sha256 FROM migrations ORDER BY step";

/// What to do about missing steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Do them.
    Do,
    /// Refuse the database: who looks after it has not done them, or an older program uses it at this moment.
    Refuse,
}

/// A step of a database.
struct Step {
    name: &'static str,
    sql: Cow<'static, str>,
}

impl Step {
    fn hash(&self) -> Vec<u8> {
        digest(&SHA256, self.sql.as_bytes()).as_ref().to_vec()
    }
}

fn of_sqlite() -> Vec<Step> {
    STEPS.iter().map(|(name, sql)| Step { name, sql: Cow::Borrowed(*sql) }).collect()
}

fn of_postgres() -> Vec<Step> {
    let shared = STEPS.iter().map(|(name, sql)| Step { name, sql: Cow::Owned(dialect::migration(sql)) });
    let own = ONLY_POSTGRES.iter().map(|(name, sql)| Step { name, sql: Cow::Borrowed(*sql) });
    let mut steps: Vec<Step> = shared.chain(own).collect();
    steps.sort_by_key(|step| step.name);
    steps
}

/// The steps that are missing, if those that were done are ours.
///
/// # Errors
/// When the database is newer than the program or is not Rolecall's, or a step is missing and may not be done.
fn missing(steps: Vec<Step>, done: &[(String, Vec<u8>)], missing: Missing) -> Result<Vec<Step>, Error> {
    for (at, (name, hash)) in done.iter().enumerate() {
        match steps.get(at).filter(|step| step.name == name) {
            Some(step) if step.hash() == *hash => {}
            Some(_) => {
                return Err(Error::internal(format!(
                    "the database was made by another form of step `{name}`"
                )));
            }
            None => {
                return Err(Error::internal(format!(
                    "the database has step `{name}`, which this version does not know; use a newer one"
                )));
            }
        }
    }
    let steps: Vec<Step> = steps.into_iter().skip(done.len()).collect();
    match (steps.first(), missing) {
        (Some(step), Missing::Refuse) => {
            Err(Error::internal(format!("the database does not have step `{}` of this version", step.name)))
        }
        _ => Ok(steps),
    }
}

/// Brings the database to the present shape, all missing steps or none.
///
/// # Errors
/// As [`missing`], or when a step fails.
pub(super) fn sqlite(connection: &mut Connection, if_missing: Missing) -> Result<(), Error> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(DONE)?;
    let done: Vec<(String, Vec<u8>)> =
        tx.prepare(FIND)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (at, step) in (done.len()..).zip(missing(of_sqlite(), &done, if_missing)?) {
        tx.execute_batch(&step.sql)?;
        tx.execute(
            "INSERT INTO migrations (step, name, sha256) VALUES (?1, ?2, ?3)",
            (i64::try_from(at).unwrap_or(i64::MAX), step.name, step.hash()),
        )?;
    }
    Ok(tx.commit()?)
}

/// As [`sqlite`]. Whoever does it at the same time waits.
///
/// # Errors
/// As [`sqlite`].
pub(super) async fn postgres(client: &mut Object, if_missing: Missing) -> Result<(), Error> {
    let tx = client.transaction().await?;
    tx.batch_execute(super::postgres::TURNS).await?;
    if if_missing == Missing::Do {
        tx.batch_execute(&dialect::migration(DONE)).await?;
    }
    let done = match tx.query_one("SELECT to_regclass('migrations') IS NOT NULL", &[]).await?.try_get(0)? {
        true => tx.query(FIND, &[]).await?,
        false => Vec::new(),
    };
    let done =
        done.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<Vec<_>, Error>>()?;
    for (at, step) in (done.len()..).zip(missing(of_postgres(), &done, if_missing)?) {
        tx.batch_execute(&step.sql).await?;
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        let insert = "INSERT INTO migrations (step, name, sha256) VALUES ($1, $2, $3)";
        tx.execute(insert, &[&at, &step.name, &step.hash()]).await?;
    }
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_another_shape_is_refused() {
        let refused = |connection: &mut Connection| sqlite(connection, Missing::Do).unwrap_err().to_string();
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(sqlite(&mut connection, Missing::Refuse).is_err());
        sqlite(&mut connection, Missing::Do).unwrap();
        sqlite(&mut connection, Missing::Refuse).unwrap();
        connection.execute("UPDATE migrations SET sha256 = x'00' WHERE step = 1", ()).unwrap();
        assert!(refused(&mut connection).contains("another form"));
        connection.execute("UPDATE migrations SET name = '0002_other' WHERE step = 1", ()).unwrap();
        assert!(refused(&mut connection).contains("does not know"));
    }
}
