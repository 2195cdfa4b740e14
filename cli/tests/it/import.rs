//! Many users, groups and roles from files.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    process::Sandbox,
    strict,
    tool::{Tool, said},
};

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
    for text in [
        "subject,colour\na,b\n".as_bytes(),
        "subject,na\u{200b}me\na,b\n".as_bytes(),
        b"subject,name,subject\na,b,c\n",
        b"name\nA\n",
        b"",
        "\u{feff}".as_bytes(),
        b"subject,name\na,b\nc,\"d\ne,f\n",
        b"subject,name\na,Zo\xeb\n",
    ] {
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

/// What each line of a file becomes, by a command and by its dry run before.
struct Runs {
    dry: Vec<Value>,
    real: Vec<Value>,
    shown: String,
}

fn runs(tool: &Tool, url: &str, kind: &str, file: &Path) -> Runs {
    let command = |flags: &str| {
        let mut command = tool.command(&format!("import {kind} {} {flags}", file.display()));
        command.env("ROLECALL_URL", url);
        command
    };
    let shown = said(&format!("import {kind} FILE --dry-run -o csv"), command("--dry-run -o csv"));
    let report = |flags: &str| {
        let output = command(flags).output().unwrap();
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let failed = rows.iter().any(is_bad);
        assert_eq!(output.status.code(), Some(i32::from(failed)), "{kind} {flags}");
        rows
    };
    Runs { dry: report("--dry-run --json"), real: report("--json"), shown }
}

fn is_bad(row: &Value) -> bool {
    ["failed", "refused"].contains(&row["result"].as_str().unwrap())
}

/// Files in which each rule is broken by a line.
fn broken() -> [(&'static str, String); 3] {
    let long = "x".repeat(257);
    let roles = format!(
        "name,description,scopes
Plain,,notes
Nonsense,,nonsense
Administers,,tenant:administer
TenantAdmin,Mine,
TenantAdmln,,notes
{long},,notes
Ni\u{200b}ght,,notes
Report exporter,Exports,notes;lineage:read
UserDefault,,tenant:administer
Steward,,notes
"
    );
    let groups = format!(
        "name,description,provider,roles
Night,,,Plain
Day,,idp,Steward
Night,,idp,
Odd,,system,
com.qlik.Everyone,,,
{long},,,
No role,,,Nobody
Default,,,UserDefault
Analysts,Who analyse,,Steward
"
    );
    let users = format!(
        "subject,name,email,status,roles,groups
new,New,new@acme.example,active,Steward,Night
guest,,guest@acme.example,invited,,
nobody,,,invited,,
off,,,disabled,,
odd,,,sleeping,,
{long},,,,,
ru\u{200b}n,,,,,
qlikbot\\x,,,,,
wrong,,no address,,,
acme\\ada@acme.example,,,disabled,,
acme\\ben@acme.example,Ben,,invited,,
acme\\dan@acme.example,,,disabled,,
acme\\chloe@acme.example,,,,UserDefault,
acme\\uma@acme.example,,,,Steward,Day
"
    );
    [("roles", roles), ("groups", groups), ("users", users)]
}

/// Nothing is promised that is then refused, and nothing refused that would be done.
#[test]
fn a_dry_run_says_what_a_run_would_do() {
    let tool = Tool::start();
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    for (kind, text) in broken() {
        let file = folder.path().join(kind);
        fs::write(&file, text).unwrap();
        let Runs { dry, real, shown } = runs(&tool, tool.sandbox.url(), kind, &file);
        for (dry, real) in dry.iter().zip(&real) {
            assert_eq!(is_bad(dry), is_bad(real), "{kind}: {dry} {real}");
            assert_eq!(dry["result"] == "same", real["result"] == "same", "{kind}: {dry} {real}");
        }
        all += &shown;
    }
    insta::assert_snapshot!(all);
}

/// A real tenant lists no scopes; those that are known are promised, others are left to it.
#[test]
fn a_dry_run_knows_scopes_where_none_are_listed() {
    let tool = Tool::start();
    let gate = strict::gate(tool.sandbox.url(), usize::MAX);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roles");
    fs::write(&file, "name,scopes\nGood,notes\nNew,brand.new\nAdministers,tenant:administer\n").unwrap();
    let Runs { dry, real, shown } = runs(&tool, &gate, "roles", &file);
    let results = |rows: &[Value]| {
        rows.iter().map(|row| row["result"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(results(&dry), ["to be made", "refused", "refused"], "{shown}");
    assert_eq!(results(&real), ["made", "failed", "failed"]);
    assert!(
        shown.contains("the scope `brand.new` is not known; newer ones are left to the tenant"),
        "{shown}"
    );
}

/// The same files lead to the same end where lists can only be replaced, and changes are refused now and then.
#[test]
fn a_real_tenant_is_served_as_well() {
    let tool = Tool::start();
    let gate = strict::gate(tool.sandbox.url(), usize::MAX);
    let folder = tempfile::tempdir().unwrap();
    for (kind, flags, text, results) in [
        ("groups", "", "name,roles\nNight,Steward\n", vec!["made"]),
        ("users", "", "subject,status,roles,groups\nzoe,active,Steward;Key maker,Night\n", vec!["made"]),
        ("users", "", "subject,name,roles\numa@acme.example,Uma,Steward\n", vec!["changed"]),
        ("users", "--remove", "subject,roles\nzoe,Key maker\n", vec!["changed"]),
        ("memberships", "", "group,user\nNight,uma@acme.example\nAnalysts,zoe\n", vec!["changed", "changed"]),
        ("memberships", "--remove", "group,user\nNight,zoe\n", vec!["changed"]),
    ] {
        let file = folder.path().join(kind);
        fs::write(&file, text).unwrap();
        let line = format!("import {kind} {} {flags} --json", file.display());
        let mut command = tool.command(&line);
        command.env("ROLECALL_URL", &gate);
        let output = command.output().unwrap();
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let done: Vec<&str> = rows.iter().map(|row| row["result"].as_str().unwrap()).collect();
        assert_eq!(done, results, "{kind} {flags}: {rows:?}");
    }
    insta::assert_snapshot!(tool.transcript(&[
        "user get zoe -o csv",
        "user get uma@acme.example -o csv",
        "group get Night -o csv"
    ]));
}

#[test]
fn people_are_found_by_subject_and_by_address() {
    let tool = Tool::start();
    for subject in ["one", "two"] {
        tool.out(&format!("user create --subject {subject} --name {subject} --email same@acme.example -q"));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users");
    let text = "subject,email,roles
UMA@acme.example,,Steward
ben,ben@acme.example,Steward
same@acme.example,,Steward
one,same@acme.example,Steward
acme\\uma@acme.example,,Steward
two,other@acme.example,Steward
";
    fs::write(&file, text).unwrap();
    let before = tool.out("user ls -o ids").lines().count();
    let line = format!("import users {}", file.display());
    let shown = said("import users FILE", tool.command(&line)) + &tool.transcript(&["user ls -o csv"]);
    assert_eq!(tool.out("user ls -o ids").lines().count(), before, "nobody is made twice");
    insta::assert_snapshot!(shown);
}

const MEMBERSHIPS: &str = "group,user
Night,uma@acme.example
Night,acme\\ben@acme.example
Analysts,acme\\uma@acme.example
Night,nobody
Nowhere,acme\\uma@acme.example
Directory,acme\\uma@acme.example
Data science,acme\\dan@acme.example
Data science,dan@acme.example
,acme\\dan@acme.example
";

/// What is given by a file is taken by the same file.
#[test]
fn memberships_and_roles_are_given_and_taken() {
    let tool = Tool::start();
    let folder = tempfile::tempdir().unwrap();
    tool.out("group create --name Night -q");
    tool.out("group create --name Directory --provider idp -q");
    let memberships = folder.path().join("memberships");
    fs::write(&memberships, MEMBERSHIPS).unwrap();
    let users = folder.path().join("users");
    fs::write(
        &users,
        "subject,name,roles,groups\nacme\\ada@acme.example,Ada,TenantAdmin;Steward,Night\nnobody,,Steward,\n",
    )
    .unwrap();
    let mut all = String::new();
    for (kind, file) in [("memberships", &memberships), ("users", &users)] {
        for flags in ["--dry-run", "", "-o csv", "--remove --dry-run", "--remove", "--remove -o csv"] {
            let line = format!("import {kind} {} {flags}", file.display());
            all += &said(&line, tool.command(&line));
        }
    }
    all += &tool.transcript(&["user ls -o csv"]);
    insta::assert_snapshot!(all.replace(&folder.path().display().to_string(), "DIR"));
}

/// An interrupt ends a run behind the line it is at, and the next run does the rest.
#[test]
fn an_interrupted_run_says_what_is_left() {
    let tool = Tool::start();
    let gate = strict::gate(tool.sandbox.url(), usize::MAX);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users");
    let rows: Vec<String> = (0..40).map(|at| format!("user{at:04}")).collect();
    fs::write(&file, format!("subject\n{}\n", rows.join("\n"))).unwrap();
    let line = format!("import users {} --json", file.display());
    let mut command = tool.command(&line);
    // Every fourth change waits for a second there.
    command.env("ROLECALL_URL", &gate).stdout(Stdio::piped()).stderr(Stdio::piped());
    let run = command.spawn().unwrap();
    while tool.out("user ls -o ids -f 'subject sw \"user\"'").lines().count() < 4 {
        std::thread::sleep(Duration::from_millis(50));
    }
    crate::process::terminate(&run);
    let ended = run.wait_with_output().unwrap();
    let error = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{error}");
    let rows: Vec<Value> = serde_json::from_slice(&ended.stdout).unwrap();
    let made = rows.iter().take_while(|row| row["result"] == "made").count();
    assert!((4..40).contains(&made), "{made}");
    assert!(rows[made..].iter().all(|row| row["result"] == "not done") && rows.len() == 40);
    let next = format!(
        "it was stopped; of 40 lines {made} are done, 0 failed and {} are left; run it again",
        40 - made
    );
    assert!(error.contains(&next), "{error}");
    let again: Vec<Value> = serde_json::from_str(&tool.out(&line)).unwrap();
    let (same, rest) = again.split_at(made);
    assert!(same.iter().all(|row| row["result"] == "same") && rest.iter().all(|row| row["result"] == "made"));
}

/// Where nobody answers any more there is no use in asking for each line.
#[test]
fn a_run_ends_where_nobody_answers() {
    let tool = Tool::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users");
    fs::write(&file, "subject\none\ntwo\nthree\n").unwrap();
    let gate = strict::gate_that_closes(tool.sandbox.url(), 1);
    let line = format!("import users {} -o csv", file.display());
    let mut command = tool.command(&line);
    command.env("ROLECALL_URL", &gate);
    let shown = said("import users FILE -o csv", command);
    assert!(shown.contains("\n2,one,made,\n3,two,failed,cannot reach"), "{shown}");
    assert!(shown.contains("\n4,three,not done,\n"), "{shown}");
    assert!(shown.contains("of 3 lines 1 are done, 1 failed and 1 are left; run it again"), "{shown}");
}

/// A server that takes so many changes in a minute is sent no more of them than it takes.
#[test]
fn a_run_keeps_to_the_pace_it_is_told() {
    let data = tempfile::tempdir().unwrap();
    let limits = data.path().join("limits.toml");
    // A change each half second, once a minute's are used up.
    fs::write(&limits, "tier1 = 10000\ntier2 = 120\nfilter = 10000\n").unwrap();
    let mut command: Command = crate::process::rolecall();
    command.args(["dev", "--json", "--port", "0", "--rate-limits"]).arg(&limits);
    let sandbox = Sandbox::of(command);
    let file = data.path().join("users");
    let rows: Vec<String> = (0..124).map(|at| format!("user{at:04}")).collect();
    fs::write(&file, format!("subject\n{}\n", rows.join("\n"))).unwrap();
    let mut import = crate::process::rolecall();
    import.args(["import", "users", "--json"]).arg(&file);
    import.env("ROLECALL_URL", sandbox.url()).env("ROLECALL_API_KEY", sandbox.admin_key());
    let begun = Instant::now();
    let output = import.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    assert!(begun.elapsed() > Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(String::from_utf8_lossy(&output.stdout).matches("\"made\"").count(), 124);
    assert!(!error.contains('\u{1b}') && !error.contains("lines"), "no progress where nobody looks: {error}");
}
