//! Many users, groups and roles from files.

use std::fs;

use crate::tool::{Tool, said};

const ROLES: &str = "name,description,scopes\nNight shift,On at night,notes;lineage:read\nBroken,,nonsense\n";
const GROUPS: &str = "name,provider,roles\nNight,custom,Night shift\n,custom,\n";
const USERS: &str = "\u{feff}subject,name,email,status,roles,groups
zoe,Zoe Zhang,zoe@acme.example,active,Report exporter;Night shift,Night
yan,\"Yan, the second\",,active,,Night
twice,One,,active,,
twice,Two,,active,,
nowhere,No Group,,active,,Nowhere
norole,No Role,,active,Nothing,
acme\\uma@acme.example,,,,Night shift,Night
long,Too Long,,active,,,more
";

#[test]
fn files_are_brought_in_and_again_without_harm() {
    let tool = Tool::start();
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    for (kind, text) in [("roles", ROLES), ("groups", GROUPS), ("users", USERS)] {
        let file = folder.path().join(kind);
        fs::write(&file, text).unwrap();
        for flags in ["--dry-run", "", "-o csv"] {
            let line = format!("import {kind} {} {flags}", file.display());
            all += &said(&line, tool.command(&line));
        }
    }
    all += &tool.transcript(&["user get zoe -o csv", "user get uma@acme.example -o csv", "user get twice"]);
    insta::assert_snapshot!(all.replace(&folder.path().display().to_string(), "DIR"));
}

#[test]
fn files_that_are_none_are_told() {
    let tool = Tool::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users");
    let mut all = String::new();
    for text in ["subject,colour\na,b\n", "name\nA\n", "", "subject,name\na,\"b\n"] {
        fs::write(&file, text).unwrap();
        let line = format!("import users {}", file.display());
        all += &said(&line, tool.command(&line));
    }
    all += &said("import users /nowhere", tool.command("import users /nowhere"));
    insta::assert_snapshot!(all.replace(&folder.path().display().to_string(), "DIR"));
}

/// Ten thousand rows are not for a test of seconds; some hundreds show that a run goes over pages and is finished by the next one.
#[test]
fn what_was_broken_off_is_finished_by_running_it_again() {
    let tool = Tool::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users");
    let row = |at: usize| format!("user{at:04},User {at},active");
    let import = |many: usize| {
        fs::write(
            &file,
            ["subject,name,status".to_owned()]
                .into_iter()
                .chain((0..many).map(row))
                .collect::<Vec<_>>()
                .join("\n"),
        )
        .unwrap();
        tool.out(&format!("import users {} -o csv", file.display()))
    };
    assert_eq!(import(120).matches(",made,").count(), 120);
    let again = import(250);
    assert_eq!((again.matches(",same,").count(), again.matches(",made,").count()), (120, 130));
}
