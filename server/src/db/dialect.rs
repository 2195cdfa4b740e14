//! Where do the two engines not understand the same text?
//!
//! Rooms and migrations write SQLite's form with `$n` for parameters. What PostgreSQL says differently is said here.

use std::borrow::Cow;

use super::tx::Connection;

/// SQLite counts `$n` by first appearance and `?n` by number; the texts mean the number.
pub(super) fn sqlite(sql: &str) -> String {
    sql.replace('$', "?")
}

/// A list of texts in one parameter, as JSON.
const LIST: &str = "SELECT value FROM json_each(";

/// A statement as PostgreSQL understands it.
pub(super) fn postgres(sql: &str) -> Cow<'_, str> {
    let Some((before, rest)) = sql.split_once(LIST) else { return Cow::Borrowed(sql) };
    let Some((parameter, after)) = rest.split_once(')') else { return Cow::Borrowed(sql) };
    let list = format!("SELECT jsonb_array_elements_text(CAST(CAST({parameter} AS TEXT) AS JSONB))");
    Cow::Owned(format!("{before}{list}{}", postgres(after)))
}

/// Whether a statement stores something. SQLite says so itself.
pub(super) fn stores(sql: &str) -> bool {
    !sql.trim_start().starts_with("SELECT") && !sql.trim_start().starts_with("EXPLAIN")
}

/// The statements of a migration as PostgreSQL understands them. Texts compare byte by byte, as they do in SQLite; what only
/// SQLite's planner is told is left out.
pub(super) fn migration(sql: &str) -> String {
    let lines = sql.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code));
    let code: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    let code = code.join("\n");
    let statements = code.split(';').filter(|statement| !statement.contains("sqlite_")).map(|statement| {
        let statement = statement.replace(" STRICT, WITHOUT ROWID", "").replace(" STRICT", "");
        let statement = statement.replace(" INTEGER", " BIGINT").replace(" BLOB", " BYTEA");
        statement.replace(" TEXT", " TEXT COLLATE \"C\"")
    });
    statements.collect::<Vec<_>>().join(";")
}

/// How a database is asked for its own shape.
pub(super) struct Schema {
    /// The tables, but those that the engine or the migrations keep.
    pub tables: &'static str,
    /// The columns of the table `$1`.
    pub columns: &'static str,
    /// The columns of the primary key of the table `$1`.
    pub keys: &'static str,
    /// The tables that the table `$1` refers to.
    pub parents: &'static str,
}

const SQLITE: Schema = Schema {
    tables: "SELECT name FROM sqlite_schema
             WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' AND name <> 'migrations' ORDER BY name",
    columns: "SELECT name FROM pragma_table_info($1) ORDER BY cid",
    keys: "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk",
    parents: "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list($1)",
};

const POSTGRES: Schema = Schema {
    tables: "SELECT relname FROM pg_class
             WHERE relkind = 'r' AND relnamespace = CAST(current_schema() AS regnamespace) AND relname <> 'migrations'
             ORDER BY relname",
    columns: "SELECT attname FROM pg_attribute
              WHERE attrelid = CAST(CAST($1 AS TEXT) AS regclass) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
    keys: "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
           WHERE i.indisprimary AND i.indrelid = CAST(CAST($1 AS TEXT) AS regclass)
           ORDER BY array_position(CAST(i.indkey AS SMALLINT[]), a.attnum)",
    parents: "SELECT DISTINCT c.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid
              WHERE k.contype = 'f' AND k.conrelid = CAST(CAST($1 AS TEXT) AS regclass)",
};

pub(super) const fn schema(connection: Connection<'_>) -> Schema {
    match connection {
        Connection::Sqlite(_) => SQLITE,
        Connection::Postgres(_) => POSTGRES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_one_parameter_in_both() {
        let sql = "SELECT a FROM t WHERE b IN (SELECT value FROM json_each($2)) AND c IN (SELECT value FROM json_each($13))";
        assert_eq!(
            sqlite(sql),
            "SELECT a FROM t WHERE b IN (SELECT value FROM json_each(?2)) AND c IN (SELECT value FROM json_each(?13))"
        );
        assert_eq!(
            postgres(sql),
            "SELECT a FROM t WHERE b IN (SELECT jsonb_array_elements_text(CAST(CAST($2 AS TEXT) AS JSONB))) \
             AND c IN (SELECT jsonb_array_elements_text(CAST(CAST($13 AS TEXT) AS JSONB)))"
        );
        assert!(matches!(postgres("SELECT 1"), Cow::Borrowed("SELECT 1")));
    }

    #[test]
    fn columns_have_the_types_of_the_engine() {
        let sql = "-- A; comment.\nCREATE TABLE t (\n    a TEXT NOT NULL, -- what; else\n    b INTEGER,\n    c BLOB\n) STRICT, WITHOUT ROWID;\n\
                   INSERT INTO sqlite_stat1 VALUES ('t');\nALTER TABLE t ADD COLUMN d INTEGER;\n";
        assert_eq!(
            migration(sql),
            "CREATE TABLE t (\n    a TEXT COLLATE \"C\" NOT NULL, \n    b BIGINT,\n    c BYTEA\n);\nALTER TABLE t ADD COLUMN d BIGINT;"
        );
    }
}
