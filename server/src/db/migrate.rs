//! Is the database of the shape this program expects?

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, TransactionBehavior};
use tokio_postgres::{Client, GenericClient};

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
    ("0009_audits", include_str!("../../migrations/sqlite/0009_audits.sql")),
    ("0010_webhooks", include_str!("../../migrations/sqlite/0010_webhooks.sql")),
    ("0012_idempotency", include_str!("../../migrations/sqlite/0012_idempotency.sql")),
    ("0013_authentication", include_str!("../../migrations/sqlite/0013_authentication.sql")),
];

/// What only PostgreSQL has: what several nodes agree by.
const ONLY_POSTGRES: &[(&str, &str)] =
    &[("0011_nodes", include_str!("../../migrations/postgres/0011_nodes.sql"))];

/// The steps that were done, each with the hash of its text.
const DONE: &str = "CREATE TABLE IF NOT EXISTS migrations
    (step INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, sha256 BLOB NOT NULL) STRICT";
const FIND: &str = "SELECT name, sha256 FROM migrations ORDER BY step";

/// What to do about missing steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Do them.
    Do,
    /// Refuse the database: who looks after it has not done them, or an older program uses it at this moment.
    Refuse,
}

/// A step that leads to the present shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub name: &'static str,
    /// What it does, as the engine is told.
    pub sql: Cow<'static, str>,
    /// Whether it was done.
    pub done: bool,
}

impl Step {
    fn hash(&self) -> Vec<u8> {
        digest(&SHA256, self.sql.as_bytes()).as_ref().to_vec()
    }
}

/// Steps that were done: their names, and the hashes of their texts.
type Done = Vec<(String, Vec<u8>)>;

fn of_sqlite() -> Vec<Step> {
    STEPS.iter().map(|(name, sql)| Step { name, sql: Cow::Borrowed(*sql), done: false }).collect()
}

fn of_postgres() -> Vec<Step> {
    let step = |name, sql| Step { name, sql, done: false };
    let shared = STEPS.iter().map(|(name, sql)| step(name, Cow::Owned(dialect::migration(sql))));
    let own = ONLY_POSTGRES.iter().map(|(name, sql)| step(name, Cow::Borrowed(*sql)));
    let mut steps: Vec<Step> = shared.chain(own).collect();
    steps.sort_by_key(|step| step.name);
    steps
}

/// The steps, with those marked that were done.
///
/// # Errors
/// When the database is newer than the program or is not Rolecall's.
fn marked(mut steps: Vec<Step>, done: &Done) -> Result<Vec<Step>, Error> {
    for (at, (name, hash)) in done.iter().enumerate() {
        match steps.get_mut(at).filter(|step| step.name == name) {
            Some(step) if step.hash() == *hash => step.done = true,
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
    Ok(steps)
}

/// The steps that are to be done, with their numbers.
///
/// # Errors
/// As [`marked`], or when a step is missing that may not be done.
fn missing(steps: Vec<Step>, done: &Done, missing: Missing) -> Result<Vec<(i64, Step)>, Error> {
    let steps = (0_i64..).zip(marked(steps, done)?).filter(|(_, step)| !step.done);
    let steps: Vec<(i64, Step)> = steps.collect();
    match (steps.first(), missing) {
        (Some((_, step)), Missing::Refuse) => Err(Error::internal(format!(
            "the database does not have step `{}` of this version; `rolecall migrate up` does what is missing, when no older \
             server uses it any more",
            step.name
        ))),
        _ => Ok(steps),
    }
}

fn done(connection: &Connection) -> Result<Done, Error> {
    let mut find = connection.prepare(FIND)?;
    let rows = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Brings the database to the present shape, all missing steps or none.
///
/// # Errors
/// As [`missing`], or when a step fails.
pub(super) fn sqlite(connection: &mut Connection, if_missing: Missing) -> Result<(), Error> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(DONE)?;
    for (at, step) in missing(of_sqlite(), &done(&tx)?, if_missing)? {
        tx.execute_batch(&step.sql)?;
        tx.execute(
            "INSERT INTO migrations (step, name, sha256) VALUES (?1, ?2, ?3)",
            (at, step.name, step.hash()),
        )?;
    }
    Ok(tx.commit()?)
}

/// The steps of an SQLite database.
///
/// # Errors
/// As [`marked`].
pub(super) fn steps_of_sqlite(connection: &Connection) -> Result<Vec<Step>, Error> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'migrations'";
    let begun = connection.query_row(sql, [], |row| row.get::<_, i64>(0))? > 0;
    marked(of_sqlite(), &if begun { done(connection)? } else { Done::new() })
}

async fn done_remotely(client: &impl GenericClient) -> Result<Done, Error> {
    let begun = client.query_one("SELECT to_regclass('migrations') IS NOT NULL", &[]).await?;
    if !begun.try_get::<_, bool>(0)? {
        return Ok(Done::new());
    }
    let done = client.query(FIND, &[]).await?;
    done.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// As [`sqlite`]. Whoever does it at the same time waits.
///
/// # Errors
/// As [`sqlite`].
pub(super) async fn postgres(client: &mut Client, if_missing: Missing) -> Result<(), Error> {
    let tx = client.transaction().await?;
    tx.batch_execute(super::postgres::TURNS).await?;
    let steps = missing(of_postgres(), &done_remotely(&tx).await?, if_missing)?;
    tx.batch_execute(&dialect::migration(DONE)).await?;
    for (at, step) in steps {
        tx.batch_execute(&step.sql).await?;
        let insert = "INSERT INTO migrations (step, name, sha256) VALUES ($1, $2, $3)";
        tx.execute(insert, &[&at, &step.name, &step.hash()]).await?;
    }
    Ok(tx.commit().await?)
}

/// The steps of a PostgreSQL database.
///
/// # Errors
/// As [`marked`].
pub(super) async fn steps_of_postgres(client: &Client) -> Result<Vec<Step>, Error> {
    marked(of_postgres(), &done_remotely(client).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of audit trails from before they were chains are numbered by time, tenant by tenant, and told where they are from.
    #[test]
    fn older_audit_rows_are_numbered() {
        let connection = Connection::open_in_memory().unwrap();
        let (before, after) = STEPS.split_at(8);
        for (_, sql) in before {
            connection.execute_batch(sql).unwrap();
        }
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let tenant = "INSERT INTO tenants VALUES (?1, 3, 'n', 'active', 0, 'r', 'd', NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
                      'P1D', 'P1D', 60, 60, NULL, NULL)";
        for id in ["a", "b", "c"] {
            connection.execute(tenant, [id]).unwrap();
        }
        let row =
            "INSERT INTO audits (tenant_id, revision, ordinal, event_type, at, trace_id, resource_id, data)
                   VALUES (?1, ?2, ?3, ?4, ?5, '', '', '')";
        for (tenant, revision, ordinal, kind, at) in [
            ("a", 2, 0, "com.qlik.core.api-key.created", 10),
            ("a", 1, 1, "com.qlik.v1.tenant.deactivated", 20),
            ("a", 1, 0, "com.qlik.core.user.created", 20),
            ("a", 3, 0, "rolecall.password.created", 30),
            ("b", 1, 0, "com.qlik.user-session.begin", 15),
        ] {
            connection.execute(row, (tenant, revision, ordinal, kind, at)).unwrap();
        }
        for (_, sql) in after {
            connection.execute_batch(sql).unwrap();
        }
        let all = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        let rows = "SELECT tenant_id || sequence || ' ' || revision || ordinal || ' ' || source FROM audits
                    WHERE hash IS NULL ORDER BY tenant_id, sequence";
        assert_eq!(
            all(rows),
            [
                "a1 20 com.qlik/api-keys",
                "a2 10 com.qlik/identities",
                "a3 11 com.qlik/tenants",
                "a4 30 rolecall",
                "b1 10 com.qlik/edge-auth"
            ]
        );
        let heads = "SELECT tenant_id || audit_sequence || ' ' || audit_at FROM tenants WHERE audit_hash IS NULL ORDER BY 1";
        assert_eq!(all(heads), ["a4 30", "b1 15", "c0 0"]);
    }

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
