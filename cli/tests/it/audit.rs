//! Audit trails on the server's machine.

use std::{fs, path::Path, process::Command};

use rusqlite::Connection;

use crate::process::rolecall;

fn verify(folder: &Path, more: &[&str]) -> Command {
    let mut command = rolecall();
    command.args(["audit", "verify"]).arg("--data").arg(folder.join("data"));
    command.arg("--key-file").arg(folder.join("key")).args(more);
    command
}

/// The status a command ends with, and what it says.
fn said(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

fn make(folder: &Path, command: &[&str], name: &str) -> String {
    let mut made = rolecall();
    made.args(command).args(["--name", name, "--admin-email", "ada@acme.example"]);
    made.args(["--hostname", &format!("{name}.example")]);
    made.arg("--data").arg(folder.join("data")).arg("--key-file").arg(folder.join("key"));
    let (status, said) = said(made);
    assert_eq!(status, Some(0), "{said}");
    said.lines().find_map(|line| line.strip_prefix("tenant")).unwrap().trim().to_owned()
}

#[test]
fn trails_are_verified_on_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let acme = make(folder, &["init"], "acme");
    let globex = make(folder, &["tenants", "create"], "globex");
    let (status, all) = said(verify(folder, &[]));
    assert_eq!(status, Some(0), "{all}");
    assert!(
        all.lines().count() == 2
            && all.contains(&format!("{acme}  "))
            && all.contains(&format!("{globex}  ")),
        "{all}"
    );
    let (status, one) = said(verify(folder, &["--tenant", &globex]));
    assert!(status == Some(0) && one.lines().count() == 1, "{one}");

    let heads = folder.join("heads");
    let with_heads = ["--heads", heads.to_str().unwrap()];
    assert_eq!(said(verify(folder, &with_heads)).0, Some(0));
    let kept = fs::read_to_string(&heads).unwrap();
    assert!(kept.lines().count() == 2 && kept.contains(&acme), "{kept}");

    let db = Connection::open(folder.join("data/rolecall.db")).unwrap();
    db.execute("DELETE FROM audits WHERE tenant_id = ?1 AND sequence > 5", [&acme]).unwrap();
    let (status, cut) = said(verify(folder, &[]));
    assert_eq!(status, Some(1), "{cut}");
    assert!(cut.contains(&format!("{acme}  wrong: row 6 is missing")), "{cut}");
    assert!(cut.contains("1 of the audit trails"), "{cut}");
    let with_care = "UPDATE tenants SET audit_sequence = 5, audit_hash =
        (SELECT hash FROM audits a WHERE a.tenant_id = ?1 AND sequence = 5) WHERE tenant_id = ?1";
    db.execute(with_care, [&acme]).unwrap();
    assert_eq!(said(verify(folder, &[])).0, Some(0));
    let (status, cut) = said(verify(folder, &with_heads));
    assert_eq!(status, Some(1), "{cut}");
    assert!(cut.contains("row 6 is missing") && cut.contains("at an earlier look"), "{cut}");
    assert_eq!(fs::read_to_string(&heads).unwrap(), kept, "what was known stays known");
}

#[test]
fn what_cannot_be_verified_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let acme = make(folder, &["init"], "acme");
    let heads = folder.join("heads");
    let with_heads = ["--heads", heads.to_str().unwrap()];
    let nobody = "z".repeat(32);
    for (wrong, told) in [("x", "cannot be a tenant's identifier"), (&*nobody, "there is no tenant")] {
        let (status, said) = said(verify(folder, &["--tenant", wrong]));
        assert!(status == Some(1) && said.contains(told), "{said}");
    }
    fs::write(&heads, format!("{acme} many")).unwrap();
    let (status, told) = said(verify(folder, &with_heads));
    assert!(status == Some(1) && told.contains("line 1"), "{told}");
    fs::write(&heads, format!("{nobody} 7 00\n")).unwrap();
    let (status, told) = said(verify(folder, &with_heads));
    assert!(status == Some(1) && told.contains(&format!("{nobody}  wrong: the tenant is gone")), "{told}");
    assert_eq!(said(verify(folder, &["--heads", "/nowhere/heads"])).0, Some(1));
}
