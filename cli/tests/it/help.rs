//! What the program says of itself.

use std::collections::BTreeSet;

use crate::{
    process::rolecall,
    tool::{files, said, words},
};

#[test]
fn help_keeps_apart_what_is_where() {
    let mut all = String::new();
    for line in [
        "--help",
        "user --help",
        "user add-role -h",
        "access review -h",
        "context create -h",
        "nonsense",
        "user nonsense",
    ] {
        let mut command = rolecall();
        command.args(words(line));
        all += &said(line, command);
    }
    insta::assert_snapshot!(all);
}

/// The checked-in reference is the program's.
#[test]
fn the_reference_is_the_one_that_is_published() {
    let printed = rolecall().args(["man", "--markdown"]).output().unwrap().stdout;
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/commands.md");
    assert!(
        printed == std::fs::read(kept).unwrap(),
        "write it with `cargo xtask generate`, or `rolecall man --markdown`"
    );
}

/// Commands whose output is looked at elsewhere: they run until they are stopped, or print what is checked in, generated, or the whole
/// of a catalogue.
const ELSEWHERE: &[&str] = &["dev", "serve", "catalogue show", "schema", "completions", "man"];

/// What each command prints is in a transcript, whole.
#[test]
fn every_command_is_seen() {
    let page = String::from_utf8(rolecall().args(["man", "--markdown"]).output().unwrap().stdout).unwrap();
    let commands: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("## `rolecall ")?.strip_suffix('`')).collect();
    let is_last = |command: &&&str| !commands.iter().any(|other| other.starts_with(&format!("{command} ")));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots");
    let transcripts: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let is_seen = |command: &str| {
        let line = format!("$ rolecall {command}");
        let begins =
            |text: &String| text.lines().any(|said| said == line || said.starts_with(&format!("{line} ")));
        transcripts.iter().any(begins)
    };
    let unseen: Vec<&str> =
        commands.iter().filter(is_last).copied().filter(|command| !is_seen(command)).collect();
    assert!(commands.len() > 80, "{}", commands.len());
    assert_eq!(unseen.iter().collect::<BTreeSet<_>>(), ELSEWHERE.iter().collect());
}

#[test]
fn shells_and_manuals_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = rolecall().args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && script.contains("add-scope") && script.contains("who-can"),
            "{shell}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man");
    assert!(rolecall().arg("man").arg(&pages).status().unwrap().success());
    let pages = files(&pages);
    for page in ["rolecall.1", "rolecall-role-add-scope.1", "rolecall-access-review.1", "rolecall-serve.1"] {
        assert!(pages.iter().any(|there| there == page), "{page}: {pages:?}");
    }
    assert!(!rolecall().args(["man", "/proc/nowhere"]).status().unwrap().success());
}
