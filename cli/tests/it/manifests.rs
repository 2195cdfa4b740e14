//! Tenants as files say: planned, applied, compared and written down, on a Rolecall and on what the vendor documents.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    process::{agent, ask},
    strict,
    tool::{Tool, said, said_with, steady},
};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/access-as-code");

/// A command in the directory in which the files are.
fn here(tool: &Tool, line: &str) -> Command {
    let mut command = tool.command(line);
    command.current_dir(tool.contexts.path());
    command
}

fn transcript(tool: &Tool, lines: &[&str]) -> String {
    lines.iter().map(|line| said(line, here(tool, line))).collect()
}

fn put(tool: &Tool, file: &str, text: &str) {
    fs::write(tool.contexts.path().join(file), text).unwrap();
}

#[test]
fn a_tenant_becomes_what_a_file_says() {
    let tool = Tool::start();
    fs::copy(format!("{EXAMPLES}/auto-assign-off.yaml"), tool.contexts.path().join("off.yaml")).unwrap();
    put(
        &tool,
        "tenant.yaml",
        "roles:\n  Report exporter:\n    scopes: [apps.image:export]\n  Reader:\n    description: Reads\n    scopes: [lineage:read, notes]\n\
         groups:\n  Analysts:\n    roles: [Reader]\n  Readers:\n    roles: [Reader]\n\
         users:\n  uma@acme.example:\n    roles: [Key maker, Reader]\n    groups: [Readers]\n\
         tests:\n  - user: uma@acme.example\n    can: [lineage:read]\n    because: Reader\n    cannot: [apps.data:export]\n",
    );
    insta::assert_snapshot!(transcript(
        &tool,
        &[
            "drift off.yaml",
            "plan off.yaml",
            "apply off.yaml",
            "apply off.yaml",
            "drift off.yaml",
            "lint tenant.yaml",
            "plan tenant.yaml",
            "plan tenant.yaml --json",
            "test tenant.yaml",
            "apply tenant.yaml -q",
            "plan tenant.yaml",
            "plan tenant.yaml --prune",
            "export --only autoAssign,groupSettings,apiKeys,everyone,userDefault,roles,groups,users",
        ],
    ));
}

#[test]
fn what_cannot_be_used_is_told_with_its_line() {
    let tool = Tool::start();
    for (file, text) in [
        ("key.yaml", "everyone: []\nrolls: {}\n"),
        ("type.yaml", "autoAssign:\n  sharedSpaceCreator: perhaps\n"),
        ("twice.yaml", "roles:\n  A: {scopes: []}\n  A: {scopes: []}\n"),
        ("same.yaml", "roles:\n  A B: {scopes: [notes]}\n  A  B: {scopes: [notes, notes]}\n"),
        (
            "names.yaml",
            "manage: [roles, rolls, users]\nroles:\n  \"a\\u0007\": {scopes: [a b]}\n  ${who}: {scopes: []}\n",
        ),
        ("not.yaml", "roles: [\n"),
        (
            "unknown.yaml",
            "everyone: [Steward, Nobody]\nroles:\n  New:\n    scopes:\n      - notes\n      - nots\nusers:\n  ada@acme.example: {roles: []}\n  who@acme.example: {roles: [New]}\n",
        ),
        ("used.yaml", "roles: {}\n"),
        ("empty.yaml", "# nothing\n"),
        ("null.yaml", "everyone:\nroles: {}\n"),
        ("number.yaml", "apiKeys:\n  maxKeysPerUser: many\n"),
        ("most.yaml", "apiKeys:\n  maxLifetime: P1D\n  maxKeysPerUser: 5000\n"),
        ("documents.yaml", "everyone: []\n---\neveryone: []\n"),
        ("tag.yaml", "everyone: !env ROLES\n"),
        ("tests.yaml", "tests:\n  - {user: ada@acme.example}\n  - {can: [notes]}\n"),
        ("me.yaml", "users:\n  ada@acme.example: {roles: [Steward]}\n"),
        ("fails.yaml", "everyone: []\ntests:\n  - holderOf: []\n    can: [spaces.shared:create]\n"),
    ] {
        put(&tool, file, text);
    }
    let before = tool.out("export");
    insta::assert_snapshot!(transcript(
        &tool,
        &[
            "apply missing.yaml",
            "apply key.yaml",
            "apply type.yaml",
            "apply twice.yaml",
            "apply same.yaml",
            "apply names.yaml",
            "apply not.yaml",
            "apply unknown.yaml",
            "apply used.yaml --prune",
            "apply empty.yaml",
            "apply null.yaml",
            "apply number.yaml",
            "apply most.yaml",
            "apply documents.yaml",
            "apply tag.yaml",
            "apply tests.yaml",
            "apply me.yaml",
            "plan fails.yaml --out plan.json",
            "plan me.yaml --out -",
            "apply fails.yaml",
            "test fails.yaml --junit tests.xml",
            "export --only rolls",
        ],
    ));
    insta::assert_snapshot!(
        fs::read_to_string(tool.contexts.path().join("tests.xml"))
            .unwrap()
            .replace(tool.sandbox.tenant()["id"].as_str().unwrap(), "TENANT")
    );
    assert_eq!(tool.out("export"), before, "nothing was changed");
    assert!(!tool.contexts.path().join("plan.json").exists(), "what would not be applied is no plan");
    let plain = said("plan key.yaml", tool.with_key(tool.user_key(), "export"));
    assert!(plain.contains("[ends with 1]"), "{plain}");
}

#[test]
fn a_reviewed_plan_is_applied_as_it_is_or_not_at_all() {
    let tool = Tool::start();
    put(
        &tool,
        "tenant.yaml",
        "roles:\n  One: {scopes: [notes]}\n  Two: {scopes: [notes]}\n  Report exporter: {scopes: [apps.image:export]}\n",
    );
    let mut shown = transcript(&tool, &["plan tenant.yaml --out plan.json"]);
    // What was done of it before it was interrupted.
    tool.out("role create --name One --scope notes -q");
    // What somebody wrote into the file behind it is not reviewed.
    put(&tool, "tenant.yaml", "everyone: []\n");
    shown += &transcript(&tool, &["apply plan.json", "apply plan.json"]);
    tool.out("role add-scope Two lineage:read -q");
    shown += &transcript(&tool, &["apply plan.json", "apply plan.json --prune"]);
    // Nor is something deleted that is not as it was reviewed.
    let all = tool.out("export --only roles");
    put(&tool, "all.yaml", &all);
    tool.out("role create --name Spare --scope notes -q");
    shown += &transcript(&tool, &["plan all.yaml --prune --out spare.json"]);
    tool.out("role add-scope Spare lineage:read -q");
    shown += &transcript(&tool, &["apply spare.json"]);
    put(&tool, "nobody.yaml", "groups: {}\nusers: {}\n");
    shown += &transcript(&tool, &["plan nobody.yaml --prune"]);
    let globex = tool.sandbox.started["tenants"][1]["adminKey"].as_str().unwrap().to_owned();
    let mut elsewhere = tool.with_key(&globex, "apply plan.json");
    elsewhere.current_dir(tool.contexts.path());
    shown += &said("apply plan.json", elsewhere);
    insta::assert_snapshot!(shown);
}

/// A name may mean somebody else by the time the plan is applied.
#[test]
fn a_plan_is_about_those_it_was_made_for() {
    let tool = Tool::start();
    let make = |subject: &str| {
        let rest = "--name Vip --email vip@acme.example --status active -q";
        tool.out(&format!("user create --subject {subject} {rest}"));
    };
    make("one");
    put(&tool, "vip.yaml", "users:\n  vip@acme.example: {roles: [TenantAdmin]}\n");
    transcript(&tool, &["plan vip.yaml --out vip.json"]);
    tool.out("user rm one --yes");
    make("two");
    let refused = transcript(&tool, &["apply vip.json"]);
    assert!(refused.contains("this was not reviewed\n!   ~ user `vip@acme.example`"), "{refused}");
    let plan = fs::read_to_string(tool.contexts.path().join("vip.json")).unwrap();
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let id = plan["tenants"][0]["steps"][0]["about"]["user"].as_str().unwrap().to_owned();
    assert_ne!(tool.out("user get two -o ids").trim(), id);
}

/// What was done of a step in part, or by hand, does not stand in the way of the rest.
#[test]
fn a_plan_that_was_done_in_part_is_finished() {
    let tool = Tool::start();
    put(&tool, "more.yaml", "users:\n  uma@acme.example: {roles: [Steward, AuditAdmin, Key maker]}\n");
    transcript(&tool, &["plan more.yaml --out more.json"]);
    tool.out("user add-role uma@acme.example Steward -q");
    let ends = |line: &str| here(&tool, line).output().unwrap().status.code();
    assert_eq!(ends("apply more.json -q"), Some(0));
    assert_eq!(ends("drift more.yaml"), Some(0));
}

/// What begins like a plan need not be one: JSON is YAML too.
#[test]
fn a_manifest_may_be_json() {
    let tool = Tool::start();
    put(&tool, "tenant.json", r#"{"roles": {"Reader": {"scopes": ["notes"]}}}"#);
    let applied = transcript(&tool, &["apply tenant.json"]);
    assert!(applied.contains("done    + role `Reader`"), "{applied}");
}

/// What somebody has only while a file is applied is told, since it cannot be kept from them.
#[test]
fn what_is_held_only_in_between_is_told() {
    let tool = Tool::start();
    tool.out("role create --name Passing --scope notes -q");
    tool.out("group create --name Passers --role Passing -q");
    tool.out("group add-member Passers uma@acme.example -q");
    let text = "roles:\n  Passing: {scopes: [automl-models:approve]}\ngroups:\n  Passers: {roles: []}\n";
    put(&tool, "passing.yaml", text);
    let shown = transcript(&tool, &["plan passing.yaml"]);
    let told = "  nobody gains or loses anything\n  only while it is applied, 1 user may use automl-models:approve\n";
    assert!(shown.contains(told), "{shown}");
}

#[test]
fn one_file_does_for_several_tenants() {
    let tool = Tool::start();
    let globex = tool.sandbox.started["tenants"][1]["adminKey"].as_str().unwrap();
    for (name, key) in [("acme", tool.sandbox.admin_key()), ("globex", globex)] {
        put(&tool, name, key);
        let url = tool.sandbox.url();
        let made = tool.nowhere(&format!("context create {name} --url {url} --key-file {name}"));
        let mut made = made;
        assert!(made.current_dir(tool.contexts.path()).output().unwrap().status.success());
    }
    put(
        &tool,
        "tenants.yaml",
        "variables: {admin: ada@acme.example}\ncontexts:\n  globex: {admin: ada@globex.example}\nusers:\n  ${admin}: {roles: [TenantAdmin, '${more}']}\n",
    );
    let nowhere = |line: &str| {
        let mut command = tool.nowhere(line);
        command.current_dir(tool.contexts.path());
        said(line, command)
    };
    tool.out("user add-role ada@acme.example 'Key maker' -q");
    let key: Value = serde_json::from_str(&tool.out("api-key create --description Again --json")).unwrap();
    put(&tool, "again", key["token"].as_str().unwrap());
    let mut again =
        tool.nowhere(&format!("context create again --url {} --key-file again", tool.sandbox.url()));
    assert!(again.current_dir(tool.contexts.path()).output().unwrap().status.success());
    let mut shown = nowhere("plan tenants.yaml --context acme,globex");
    shown += &nowhere("apply tenants.yaml --context acme,again --var more=Steward -q");
    shown += &nowhere("plan tenants.yaml --context nobody,acme --var more=Steward -q");
    shown += &nowhere("whoami --context nobody,acme -o csv");
    shown += &nowhere("apply tenants.yaml --context acme,globex --var more=Steward");
    shown += &nowhere("drift tenants.yaml --context acme,globex --var more=Steward");
    insta::assert_snapshot!(shown);
}

/// The worked examples lead to the same on a Rolecall and on a server that offers what the vendor documents, and no more.
#[test]
fn examples_end_the_same_on_what_the_vendor_documents() {
    for example in ["auto-assign-off", "report-export", "minimal"] {
        let file = format!("{EXAMPLES}/{example}.yaml");
        let apply = format!("apply {file} -q");
        let users = "users:\n  uma@acme.example:\n    roles: [Key maker, Steward]\n    groups: [Data science]\n  ben@acme.example: {roles: []}\n\
             groups:\n  Analysts: {roles: [Model approver]}\n";
        let mut ends = Vec::new();
        for strict in [false, true] {
            let tool = Tool::start();
            put(&tool, "users.yaml", users);
            let url = if strict {
                strict::gate(tool.sandbox.url(), usize::MAX)
            } else {
                tool.sandbox.url().to_owned()
            };
            for line in [
                &format!("lint {file}"),
                apply.as_str(),
                "apply users.yaml",
                &format!("drift {file}"),
                &format!("test {file}"),
                "drift users.yaml",
            ] {
                let mut command = here(&tool, line);
                let output = command.env("ROLECALL_URL", &url).output().unwrap();
                assert!(
                    output.status.success(),
                    "{example}: {line}: {}",
                    steady(&String::from_utf8_lossy(&output.stderr))
                );
            }
            let exported = tool.out("export");
            put(&tool, "exported.yaml", &exported);
            assert!(here(&tool, "drift exported.yaml --prune").output().unwrap().status.success());
            ends.push(exported);
        }
        assert_eq!(ends[0], ends[1], "{example}");
    }
}

#[test]
fn spaces_and_settings_become_what_a_file_says() {
    let tool = Tool::start();
    tool.out("space create --name Sales --type shared -q");
    for (file, text) in [
        (
            "first.yaml",
            "groups:\n  Sellers: {roles: []}\nspaces:\n  Sales:\n    users:\n      uma@acme.example: [consumer, producer]\n    groups:\n      Analysts: [consumer]\n      Sellers: [facilitator]\n",
        ),
        ("then.yaml", "spaces:\n  Sales:\n    users:\n      uma@acme.example: [consumer]\n"),
        ("wrong.yaml", "spaces:\n  Sales:\n    users:\n      ben@acme.example: [publisher]\n"),
        ("empty.yaml", "everyone:\n"),
        (
            "keys.yaml",
            "apiKeys: {maxKeysPerUser: 7, maxLifetime: P1D}\ngroupSettings: {autoCreateGroups: true}\n",
        ),
    ] {
        put(&tool, file, text);
    }
    insta::assert_snapshot!(transcript(
        &tool,
        &[
            "plan first.yaml",
            "apply first.yaml",
            "drift first.yaml",
            "apply wrong.yaml",
            "apply then.yaml --prune",
            "export --only spaces",
            "apply empty.yaml",
            "apply keys.yaml",
            "export --only apiKeys,groupSettings",
        ],
    ));
}

/// What one tenant has becomes what another has.
#[test]
fn a_tenant_is_promoted_to_another() {
    let tool = Tool::start();
    let globex = tool.sandbox.started["tenants"][1]["adminKey"].as_str().unwrap().to_owned();
    let exported = tool.out("export --only everyone,userDefault,roles");
    let there = |line: &str| said_with(line, tool.with_key(&globex, line), &exported);
    insta::assert_snapshot!(["plan -", "apply - -q", "drift -"].map(there).concat());
}

#[test]
fn names_that_look_like_something_else_stay_names() {
    let tool = Tool::start();
    let ends = |line: &str| here(&tool, line).output().unwrap().status.code();
    let roles = "roles:\n  $${team}:\n    scopes: [notes]\n";
    put(&tool, "roles.yaml", roles);
    assert_eq!(ends("plan roles.yaml --out roles.yaml"), Some(1), "it would be written over");
    assert_eq!(ends("apply roles.yaml"), Some(0));
    let exported = String::from_utf8(here(&tool, "export --only roles").output().unwrap().stdout).unwrap();
    assert!(exported.contains("$${team}"), "{exported}");
    put(&tool, "exported.yaml", &exported);
    assert_eq!(ends("drift exported.yaml"), Some(0));
    put(&tool, "yes.yaml", "autoAssign:\n  sharedSpaceCreator: yes\n");
    assert_eq!(ends("plan yes.yaml"), Some(1), "YAML 1.2 has true and false");
}

/// Somebody who changes other things all the time neither stops an apply nor loses anything by it.
#[test]
fn others_may_work_beside_an_apply() {
    let tool = Tool::start();
    let told = |what: &str| {
        let roles: Vec<String> =
            (0..20).map(|n| format!("  Role {n}: {{description: {what}, scopes: [notes]}}\n")).collect();
        format!("everyone: []\nroles:\n{}", roles.concat())
    };
    put(&tool, "first.yaml", &told("First"));
    assert!(here(&tool, "apply first.yaml").output().unwrap().status.success());
    put(&tool, "then.yaml", &told("Then").replace("everyone: []", "everyone: [SharedSpaceCreator]"));
    let goes_on = AtomicBool::new(true);
    let made = thread::scope(|scope| {
        let beside = scope.spawn(|| {
            let (agent, url) = (agent(), format!("{}/api/v1/roles", tool.sandbox.url()));
            let mut made = 0;
            while goes_on.load(Ordering::Relaxed) {
                let body = json!({"name": format!("Beside {made}")});
                let (status, _) = ask(&agent, "POST", &url, tool.sandbox.admin_key(), Some(&body)).unwrap();
                assert_eq!(status, 201);
                made += 1;
            }
            made
        });
        let applied = here(&tool, "apply then.yaml").output().unwrap();
        goes_on.store(false, Ordering::Relaxed);
        assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
        beside.join().unwrap()
    });
    assert!(made > 0);
    assert!(here(&tool, "drift then.yaml").output().unwrap().status.success());
    assert_eq!(tool.out("role ls --json").matches("\"Beside ").count(), made);
}

/// Asked to stop, it ends behind the step it is at, and says what is left.
#[test]
fn who_interrupts_is_told_what_is_left() {
    let tool = Tool::start();
    let roles: Vec<String> = (0..200).map(|n| format!("  Role {n}: {{scopes: [notes]}}\n")).collect();
    put(&tool, "many.yaml", &format!("roles:\n{}", roles.concat()));
    let mut command = here(&tool, "apply many.yaml");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let done = |line: &str| line.starts_with("  done ");
    assert!(lines.by_ref().any(|line| done(&line)), "a step is done");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let rest: Vec<String> = lines.collect();
    let count = |what: &str| rest.iter().filter(|line| line.starts_with(what)).count();
    assert_eq!(count("  done ") + count("  left "), 199, "{rest:#?}");
    assert!(count("  left ") > 0 && count("  failed ") == 0, "{rest:#?}");
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(
        told.contains("it was asked to stop") && told.contains("the same command does the rest"),
        "{told}"
    );
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(here(&tool, "apply many.yaml").output().unwrap().status.success());
    assert!(here(&tool, "drift many.yaml").output().unwrap().status.success());
}

/// Where a step fails, what was done and what was not is told, and the same command does the rest.
#[test]
fn what_was_interrupted_is_finished_by_the_same_command() {
    let tool = Tool::start();
    put(
        &tool,
        "tenant.yaml",
        "roles:\n  One: {scopes: [notes]}\n  Two: {scopes: [notes]}\ngroups:\n  Analysts: {roles: [One, Two]}\n",
    );
    let line = "apply tenant.yaml";
    let mut command = here(&tool, line);
    command.env("ROLECALL_URL", strict::gate(tool.sandbox.url(), 1));
    let shown = said(line, command) + &transcript(&tool, &[line, "drift tenant.yaml"]);
    insta::assert_snapshot!(shown);
}

/// The checked-in schema is the one of the program.
#[test]
fn the_schema_is_the_one_that_is_published() {
    let schema = crate::process::rolecall().arg("schema").output().unwrap().stdout;
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/access-as-code.schema.json");
    assert_eq!(
        String::from_utf8(schema).unwrap(),
        fs::read_to_string(kept).unwrap(),
        "write it with `rolecall schema`"
    );
}

/// A sandbox that is made from an export exports the same.
#[test]
fn a_sandbox_is_made_like_a_tenant() {
    let tool = Tool::start();
    let only = "export --only autoAssign,groupSettings,apiKeys,everyone,userDefault,roles,groups";
    let exported =
        tool.out("export --only autoAssign,groupSettings,apiKeys,everyone,userDefault,roles,groups,users");
    put(&tool, "tenant.yaml", &exported);
    let mut command = crate::process::rolecall();
    command.args(["dev", "--json", "--port", "0", "--from", "tenant.yaml"]).current_dir(tool.contexts.path());
    let sandbox = crate::process::Sandbox::of(command);
    let there = |line: &str| {
        let mut command = tool.with_key(sandbox.admin_key(), line);
        command.current_dir(tool.contexts.path()).env("ROLECALL_URL", sandbox.url());
        said(line, command)
    };
    assert_eq!(there(only), transcript(&tool, &[only]));
    assert_eq!(there("drift tenant.yaml").lines().nth(2), Some("  nothing to do"));
}

/// Where variables have values only in a context, it is named.
#[test]
fn a_context_has_the_values_of_variables() {
    let tool = Tool::start();
    let text = "contexts:\n  prod: {name: Readers}\nroles:\n  ${name}: {scopes: [notes]}\ngroups:\n  A: {roles: ['${name}']}\n";
    put(&tool, "tenant.yaml", text);
    let ends = |line: &str| here(&tool, line).output().unwrap().status.code();
    assert_eq!(ends("lint tenant.yaml"), Some(1));
    assert_eq!(ends("lint tenant.yaml --context prod"), Some(0));
    let mut command = crate::process::rolecall();
    let from = ["--from", "tenant.yaml", "--from-context", "prod"];
    command.args(["dev", "--json", "--port", "0"]).args(from).current_dir(tool.contexts.path());
    let sandbox = crate::process::Sandbox::of(command);
    let mut command = tool.with_key(sandbox.admin_key(), "role get Readers");
    assert!(command.env("ROLECALL_URL", sandbox.url()).output().unwrap().status.success());
}

/// What is no address is a subject all the same.
#[test]
fn a_sandbox_has_whoever_a_file_names() {
    let tool = Tool::start();
    put(&tool, "tenant.yaml", "users:\n  team@: {roles: [Steward]}\n  a@b@c: {roles: []}\n");
    let mut command = crate::process::rolecall();
    command.args(["dev", "--json", "--port", "0", "--from", "tenant.yaml"]).current_dir(tool.contexts.path());
    let sandbox = crate::process::Sandbox::of(command);
    let mut command = tool.with_key(sandbox.admin_key(), "drift tenant.yaml");
    command.current_dir(tool.contexts.path()).env("ROLECALL_URL", sandbox.url());
    assert!(command.output().unwrap().status.success());

    put(&tool, "tenant.yaml", "everyone: [Nobody]\n");
    let mut command = crate::process::rolecall();
    command.args(["dev", "--json", "--port", "0", "--from", "tenant.yaml"]).current_dir(tool.contexts.path());
    let output = command.output().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("no role `Nobody`"));
}
