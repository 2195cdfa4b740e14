//! What the program says of itself.

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
