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
    ("0009_audits", include_str!("../../migrations/sqlite/0009_audits.sql")),
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
