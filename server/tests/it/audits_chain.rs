//! Is it noticed when somebody who can write to the database changes the trail? (threats T81)

use rolecall_engine::ids::TenantId;
use rolecall_server::{Mark, Verdict, retain_audits, verify_audits};

use crate::harness::{RUNTIME, Server, Setup};

struct Trail {
    server: Server,
    tenant: TenantId,
    rows: i64,
}

impl Trail {
    fn new() -> Self {
        let server = Server::with(Setup::default());
        server.admin().make_role("R", &["notes"]);
        let tenant = server.tenants[0].tenant;
        let mut trail = Self { server, tenant, rows: 0 };
        trail.rows = trail.number("SELECT audit_sequence FROM tenants WHERE tenant_id = ?1");
        trail
    }

    /// The number that a statement answers; `?1` is the tenant.
    fn number(&self, sql: &str) -> i64 {
        self.server.database.rows(&self.of_tenant(sql))[0][0].as_ref().unwrap().parse().unwrap()
    }

    fn of_tenant(&self, sql: &str) -> String {
        sql.replace("?1", &format!("'{}'", self.tenant))
    }

    /// Does something to the tenant's rows; `?1` is the tenant.
    fn tamper(&self, sql: &str) {
        let changed = self.server.database.rows(&format!("{} RETURNING 1", self.of_tenant(sql)));
        assert!(!changed.is_empty(), "{sql}");
    }

    fn verdict(&self, known: Option<&Mark>) -> Verdict {
        RUNTIME.block_on(verify_audits(&self.server.app, self.tenant, known)).unwrap()
    }

    fn fault(&self) -> String {
        self.verdict(None).fault.unwrap_or_else(|| panic!("nothing was noticed"))
    }

    /// Puts everything back as it was.
    fn restored(&self, tampering: impl FnOnce(&Self)) {
        let whole = "CREATE TABLE was AS SELECT * FROM audits;
                     CREATE TABLE archive_was AS SELECT * FROM audit_archive;";
        self.server.database.batch(whole);
        tampering(self);
        let back = "DELETE FROM audits; INSERT INTO audits SELECT * FROM was; DROP TABLE was;
                    DELETE FROM audit_archive; INSERT INTO audit_archive SELECT * FROM archive_was; DROP TABLE archive_was;";
        self.server.database.batch(back);
        assert_eq!(self.verdict(None).fault, None);
    }

    /// Makes everything old enough for the archive, as the chain has it from the beginning, and moves it there.
    fn archive(&self) {
        self.server.database.batch("DELETE FROM outbox");
        self.server.app.clock.advance(rolecall_engine::time::Span::from_days(92));
        RUNTIME.block_on(retain_audits(&self.server.app)).unwrap();
    }
}

#[test]
fn a_trail_as_it_was_written_is_good() {
    let trail = Trail::new();
    let Verdict { fault, unhashed, end } = trail.verdict(None);
    assert_eq!((fault, unhashed, end.sequence), (None, 0, trail.rows));
    trail.server.admin().make_role("S", &[]);
    assert_eq!(trail.verdict(Some(&end)).fault, None);
    assert_eq!(trail.verdict(Some(&end)).end.sequence, trail.rows + 1);
}

/// Each column of each row.
#[test]
fn an_edited_row_is_noticed() {
    let trail = Trail::new();
    let columns = [
        "revision = revision + 1000",
        "ordinal = ordinal + 1000",
        "event_type = 'com.qlik.core.role.created '",
        "source = 'x'",
        "at = at + 1",
        "actor = 'x'",
        "client_id = 'x'",
        "provider_id = 'x'",
        "trace_id = 'x'",
        "reason = 'x'",
        "resource_id = 'x'",
        "data = data || ' '",
        "updates = '[]'",
        "hash = 'x'",
        "hash = NULL",
    ];
    for n in 1..=trail.rows {
        let change = columns[usize::try_from(n).unwrap() % columns.len()];
        trail.restored(|trail| {
            trail.tamper(&format!("UPDATE audits SET {change} WHERE tenant_id = ?1 AND sequence = {n}"));
            // A row with another time may stand elsewhere.
            let fault = trail.fault();
            let place = if change.starts_with("at") { "row " } else { &*format!("row {n} ") };
            assert!(fault.starts_with(place), "{change}: {fault}");
        });
    }
    for change in columns {
        trail.restored(|trail| {
            trail.tamper(&format!("UPDATE audits SET {change} WHERE tenant_id = ?1 AND sequence = 3"));
            trail.fault();
        });
    }
}

#[test]
fn a_row_that_goes_is_noticed() {
    let trail = Trail::new();
    for n in 1..=trail.rows {
        trail.restored(|trail| {
            trail.tamper(&format!("DELETE FROM audits WHERE tenant_id = ?1 AND sequence = {n}"));
            assert!(trail.fault().starts_with(&format!("row {n} is missing")), "{}", trail.fault());
        });
        trail.restored(|trail| {
            trail.tamper(&format!("DELETE FROM audits WHERE tenant_id = ?1 AND sequence >= {n}"));
            assert!(trail.fault().starts_with(&format!("row {n} is missing")), "{}", trail.fault());
        });
    }
}

/// Rows that change places, numbers included or not.
#[test]
fn rows_that_are_swapped_are_noticed() {
    let trail = Trail::new();
    for n in 1..trail.rows {
        trail.restored(|trail| {
            trail.tamper(&format!(
                "UPDATE audits SET sequence = CASE sequence WHEN {n} THEN {n} + 1 ELSE {n} END
                 WHERE tenant_id = ?1 AND sequence IN ({n}, {n} + 1)"
            ));
            assert!(trail.fault().starts_with(&format!("row {n} ")), "{}", trail.fault());
        });
        trail.restored(|trail| {
            trail.tamper(&format!(
                "UPDATE audits SET (event_type, data, resource_id, updates, hash) =
                 (SELECT o.event_type, o.data, o.resource_id, o.updates, o.hash FROM was o
                  WHERE o.tenant_id = ?1 AND o.sequence = CASE audits.sequence WHEN {n} THEN {n} + 1 ELSE {n} END)
                 WHERE tenant_id = ?1 AND sequence IN ({n}, {n} + 1)"
            ));
            assert!(trail.fault().starts_with(&format!("row {n} ")), "{}", trail.fault());
        });
    }
}

#[test]
fn a_row_that_comes_is_noticed() {
    let trail = Trail::new();
    trail.restored(|trail| {
        trail.tamper(
            "INSERT INTO audits (tenant_id, revision, ordinal, event_type, at, trace_id, resource_id, data, sequence, hash)
             SELECT tenant_id, revision + 1, 0, event_type, at, trace_id, resource_id, data, sequence + 1, hash
             FROM audits WHERE tenant_id = ?1 ORDER BY sequence DESC LIMIT 1",
        );
        assert!(trail.fault().starts_with(&format!("row {} ", trail.rows + 1)), "{}", trail.fault());
    });
}

/// Whoever also changes what the tenant was left with is noticed by who knows an earlier end.
#[test]
fn a_tail_that_was_cut_with_care_is_noticed_by_an_earlier_head() {
    let trail = Trail::new();
    let known = trail.verdict(None).end;
    trail.tamper(&format!("DELETE FROM audits WHERE tenant_id = ?1 AND sequence = {}", trail.rows));
    trail.tamper(
        "UPDATE tenants SET audit_sequence = audit_sequence - 1, audit_hash =
         (SELECT hash FROM audits a WHERE a.tenant_id = ?1 ORDER BY sequence DESC LIMIT 1) WHERE tenant_id = ?1",
    );
    assert_eq!(trail.verdict(None).fault, None, "nothing here tells");
    assert!(trail.verdict(Some(&known)).fault.unwrap().contains("at an earlier look"));
    trail.server.admin().make_role("Another one", &[]);
    assert!(trail.verdict(Some(&known)).fault.unwrap().contains("not the one that was there"));
}

/// Rows of another tenant do not fit, though their hashes are good there.
#[test]
fn another_tenants_trail_is_no_replacement() {
    let trail = Trail::new();
    let other = trail.server.tenants[1].tenant;
    trail.tamper("DELETE FROM audits WHERE tenant_id = ?1");
    let copy = format!(
        "INSERT INTO audits SELECT ?1, revision, ordinal, event_type, at, actor, trace_id, resource_id, data, updates,
         client_id, provider_id, sequence, source, reason, hash FROM audits WHERE tenant_id = '{other}'"
    );
    trail.tamper(&copy);
    assert_eq!(trail.fault(), "row 1 is not what was written");
}

#[test]
fn the_chain_goes_through_the_archive() {
    let trail = Trail::new();
    trail.archive();
    let left = "SELECT count(*) FROM audits WHERE tenant_id = ?1";
    assert_eq!(trail.number(left), 0);
    let admin = trail.server.key_of("acme\\ada@acme.example");
    admin.make_role("S", &[]);
    let Verdict { fault, end, .. } = trail.verdict(None);
    assert_eq!(fault, None);
    assert!(end.sequence > trail.rows);
    trail.restored(|trail| {
        trail.tamper("DELETE FROM audit_archive WHERE tenant_id = ?1");
        assert!(trail.fault().starts_with("row 1 is missing"), "{}", trail.fault());
    });
    for change in [
        "day = day + 1000",
        "first_sequence = first_sequence + 1",
        "last_sequence = last_sequence + 1",
        "lines = substr(lines, 1, 40)",
    ] {
        trail.restored(|trail| {
            trail.tamper(&format!("UPDATE audit_archive SET {change} WHERE tenant_id = ?1"));
            let looked = RUNTIME.block_on(verify_audits(&trail.server.app, trail.tenant, None));
            assert!(looked.unwrap_err().to_string().contains("of the archive"), "{change}");
        });
    }
}

/// Rows beside those of the archive are shown, so they are noticed; and they stop nobody else.
#[test]
fn rows_beside_the_archive_are_noticed() {
    let trail = Trail::new();
    trail.server.database.batch("CREATE TABLE again AS SELECT * FROM audits");
    trail.archive();
    trail.restored(|trail| {
        trail.tamper("INSERT INTO audits SELECT * FROM again WHERE tenant_id = ?1");
        RUNTIME.block_on(retain_audits(&trail.server.app)).unwrap();
        assert_eq!(trail.fault(), format!("{} rows stand there a second time", trail.rows));
    });
    trail.restored(|trail| {
        trail.tamper("INSERT INTO audits SELECT * FROM again WHERE tenant_id = ?1 AND sequence = 2");
        trail.tamper("UPDATE audits SET sequence = 1000, data = '{}' WHERE tenant_id = ?1");
        trail.fault();
    });
    trail.tamper(
        "INSERT INTO audit_archive SELECT tenant_id, last_sequence, last_sequence, day + 1, lines
         FROM audit_archive WHERE tenant_id = ?1 ORDER BY first_sequence LIMIT 1",
    );
    assert_eq!(trail.fault(), "1 rows stand there a second time");
}

/// A clock that goes back moves no event in front of another one.
#[test]
fn times_do_not_go_back() {
    let trail = Trail::new();
    let later = "UPDATE tenants SET audit_at = audit_at + 86400000 WHERE tenant_id = ?1";
    trail.tamper(later);
    trail.server.admin().make_role("S", &[]);
    let at = |n: i64| {
        trail.number(&format!("SELECT max(at) FROM audits WHERE tenant_id = ?1 AND sequence <= {n}"))
    };
    assert_eq!(at(trail.rows + 1), at(trail.rows) + 86_400_000);
    assert_eq!(trail.verdict(None).fault, None);
}

/// Rows from before there were hashes have numbers, and the chain begins behind them.
#[test]
fn a_trail_may_begin_before_the_chain() {
    let trail = Trail::new();
    trail.tamper("UPDATE audits SET hash = NULL WHERE tenant_id = ?1");
    trail.tamper("UPDATE tenants SET audit_hash = NULL WHERE tenant_id = ?1");
    trail.server.admin().make_role("S", &[]);
    let Verdict { fault, unhashed, end } = trail.verdict(None);
    assert_eq!((fault, unhashed, end.sequence), (None, trail.rows, trail.rows + 1));
    trail.tamper(&format!("DELETE FROM audits WHERE tenant_id = ?1 AND sequence = {}", trail.rows));
    assert!(trail.fault().contains("is missing"), "{}", trail.fault());
}
