//! Is what was acknowledged still there after the program was killed, whole and with its audit rows? (threats I5, I7, T80)
//!
//! The harness must also notice when it is not: two builds with a deliberate fault have to make it go red.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use rusqlite::Connection;
use serde_json::json;

use crate::process::{Sandbox, agent, ask, rolecall};

const WRITERS: usize = 8;

/// What a writer did: users it made and patched, and how far it got.
#[derive(Default)]
struct Log {
    /// Subjects of users whose creation was acknowledged.
    made: Vec<String>,
    /// A user, and the number of the last patch that was acknowledged for it.
    patched: Option<(String, usize)>,
}

/// Makes users, and patches one of them with two operations that belong together, until no answer comes.
fn write(sandbox: &Sandbox, writer: &str, stop: &AtomicBool) -> Log {
    let (agent, url, key) = (agent(), sandbox.url(), sandbox.admin_key());
    let mut log = Log::default();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let subject = format!("{writer}-{number}");
        let new = json!({"subject": subject, "name": "n0", "email": "n0@x.example"});
        let Some((201, user)) = ask(&agent, "POST", &format!("{url}/api/v1/users"), key, Some(&new)) else {
            break;
        };
        log.made.push(subject.clone());
        let id = user["id"].as_str().unwrap().to_owned();
        log.patched = Some((id.clone(), 0));
        for patch in 1..4 {
            let ops = json!([
                {"op": "replace", "path": "/name", "value": format!("n{patch}")},
                {"op": "replace", "path": "/email", "value": format!("n{patch}@x.example")},
            ]);
            let Some((204, _)) = ask(&agent, "PATCH", &format!("{url}/api/v1/users/{id}"), key, Some(&ops))
            else {
                return log;
            };
            log.patched = Some((id.clone(), patch));
        }
    }
    log
}

/// What is wrong with the database after the program was killed.
fn fault(data: &Path, logs: &[Log]) -> Option<String> {
    let db = Connection::open(data.join("rolecall.db")).unwrap();
    let text = |sql: &str, parameter: &str| {
        db.query_row(sql, [parameter], |row| row.get::<_, String>(0)).unwrap_or_default()
    };
    for log in logs {
        for subject in &log.made {
            if text("SELECT id FROM users WHERE subject = ?1", subject).is_empty() {
                return Some(format!("the acknowledged user {subject} is lost"));
            }
        }
        if let Some((id, patch)) = &log.patched {
            let name = text("SELECT name FROM users WHERE id = ?1", id);
            let email = text("SELECT email FROM users WHERE id = ?1", id);
            if email != format!("{name}@x.example") {
                return Some(format!("the patch of {id} is half applied: {name} {email}"));
            }
            if name.trim_start_matches('n').parse::<usize>().unwrap_or_default() < *patch {
                return Some(format!("the acknowledged patch {patch} of {id} is lost: {name}"));
            }
        }
    }
    unaudited(&db).or_else(|| unverified(data))
}

/// What `rolecall audit verify` finds, if it finds something.
fn unverified(data: &Path) -> Option<String> {
    let mut verify = rolecall();
    verify.args(["audit", "verify"]).arg("--data").arg(data).arg("--key-file").arg(data.join("dev.key"));
    let output = verify.output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What is wrong with the audit trail: every user has the row of its creation, and is what its last row says; every
/// revision has rows.
fn unaudited(db: &Connection) -> Option<String> {
    let mut created = HashSet::new();
    let mut names = HashMap::new();
    let mut revisions = HashSet::new();
    let sql = "SELECT a.resource_id, a.event_type, json_extract(a.data, '$.name'), a.tenant_id || a.revision FROM audits a
               ORDER BY a.tenant_id, a.revision, a.ordinal";
    let mut statement = db.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let id: String = row.get(0).unwrap();
        let kind: String = row.get(1).unwrap();
        if kind == "com.qlik.core.user.created" {
            created.insert(id.clone());
        }
        // Of a user there are other events too, of the password for one.
        if kind.starts_with("com.qlik.core.user.") {
            names.insert(id, row.get::<_, Option<String>>(2).unwrap());
        }
        revisions.insert(row.get::<_, String>(3).unwrap());
    }
    let mut statement = db.prepare("SELECT id, name FROM users").unwrap();
    let users =
        statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
    for (id, name) in users.map(Result::unwrap) {
        if !created.contains(&id) {
            return Some(format!("the user {id} has no audit row"));
        }
        if names.get(&id) != Some(&Some(name)) {
            return Some(format!("the user {id} is not what its last audit row says"));
        }
    }
    let last: i64 = db.query_row("SELECT sum(revision) FROM tenants", [], |row| row.get(0)).unwrap();
    (i64::try_from(revisions.len()) != Ok(last)).then(|| "a revision has no audit row".to_owned())
}

/// Kills a sandbox in the middle of writes, so many times; answers what went wrong.
fn kill(rounds: usize, sabotage: Option<&str>) -> Result<usize, String> {
    let data = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..rounds {
        let sandbox = Sandbox::start(data.path(), sabotage);
        let stop = AtomicBool::new(false);
        let logs: Vec<Log> = thread::scope(|scope| {
            let (sandbox, stop) = (&sandbox, &stop);
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| scope.spawn(move || write(sandbox, &format!("r{round}w{writer}"), stop)))
                .collect();
            thread::sleep(Duration::from_millis(60 + (round as u64 * 37) % 120));
            let pid = i32::try_from(sandbox.child.id()).unwrap();
            rustix::process::kill_process(
                rustix::process::Pid::from_raw(pid).unwrap(),
                rustix::process::Signal::KILL,
            )
            .unwrap();
            stop.store(true, Ordering::Relaxed);
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        drop(sandbox);
        acknowledged += logs.iter().map(|log| log.made.len()).sum::<usize>();
        if let Some(fault) = fault(data.path(), &logs) {
            return Err(format!("round {round}: {fault}"));
        }
    }
    Ok(acknowledged)
}

#[test]
fn nothing_acknowledged_is_lost_when_the_program_is_killed() {
    let rounds = std::env::var("CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let acknowledged = kill(rounds, None).unwrap();
    println!("killed {rounds} times; {acknowledged} acknowledged users are there");
    assert!(acknowledged > rounds, "the writers got something done before each kill");
}

#[test]
fn the_harness_notices_answers_before_the_commit() {
    let fault = kill(30, Some("answer-before-commit")).unwrap_err();
    assert!(fault.contains("is lost"), "{fault}");
}

#[test]
fn the_harness_notices_audit_rows_outside_the_transaction() {
    let fault = kill(30, Some("audit-outside-transaction")).unwrap_err();
    assert!(fault.contains("audit row"), "{fault}");
}
