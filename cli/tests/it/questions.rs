//! Who may do what, asked from elsewhere and answered by the engine.

use std::fs;

use serde_json::Value;

use crate::tool::{Tool, said, steady};

#[test]
fn questions_are_answered() {
    let tool = Tool::start();
    let shown = tool.transcript(&[
        "whoami",
        "can-i tenant:administer",
        "can-i apps.data:export --as ben@acme.example",
        "can-i apps.data:export --as 'Chloe Chen'",
        "can-i apps.data:exprot --as 'Chloe Chen'",
        "can-i --list --as nobody",
        "who-can automl-models:approve",
        "who-can tenant:administer -o ids",
        "explain ben@acme.example apps.data:export",
        "explain 'Dan Diaz' apps.data:export -o json",
        "access diff 'Uma User' 'Ben Berg'",
        "access diff 'Ben Berg' 'Ben Berg'",
        "can-i",
    ]);
    insta::assert_snapshot!(shown);
}

/// Who is no administrator is told about oneself, as far as a Rolecall says.
#[test]
fn plain_users_may_ask_about_themselves() {
    let tool = Tool::start();
    let mut shown = String::new();
    for line in [
        "can-i api-keys",
        "can-i tenant:administer",
        "can-i nonsense",
        "can-i api-keys --as ben@acme.example",
        "can-i --list",
        "who-can api-keys",
        "access review",
    ] {
        shown += &said(line, tool.with_key(tool.user_key(), line));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_review_has_everybody_and_what_is_to_be_looked_at() {
    let tool = Tool::start();
    tool.out("user create --subject '=off' --name '<b>Off</b>' --status active --role 'Report exporter' -q");
    tool.out("user edit '=off' --status disabled -q");
    tool.out(
        "user create --subject soon --name Soon --email soon@acme.example --status invited --role Steward -q",
    );
    tool.out("role create --name Idle -q");
    tool.out("group create --name Empty --provider custom -q");
    let csv = tool.transcript(&["access review -o csv"]);
    insta::assert_snapshot!(csv);

    let file = tool.contexts.path().join("review.html");
    tool.out(&format!("access review --html {} -q", file.display()));
    let page = fs::read_to_string(file).unwrap();
    assert!(page.contains("<svg") && page.contains("Access review of Acme"), "{page}");
    assert!(page.contains("&#60;b&#62;Off") && !page.contains("<b>Off"), "names are only names");
    for outside in ["src=", "href=", "<script", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}: nothing comes from elsewhere");
    }
}

/// The answers are those of the server's own engine.
#[test]
fn answers_are_those_of_the_server() {
    let tool = Tool::start();
    let ask = |path: &str| {
        let url = format!("{}{path}", tool.sandbox.url());
        crate::process::ask(&crate::process::agent(), "GET", &url, tool.sandbox.admin_key(), None).unwrap().1
    };
    for user in ["ben@acme.example", "uma@acme.example", "ada@acme.example", "dan@acme.example"] {
        let listed: Vec<Value> =
            serde_json::from_str(&tool.out(&format!("can-i --list --as {user} --json"))).unwrap();
        let mut here: Vec<String> =
            listed.iter().map(|row| row["scope"].as_str().unwrap().to_owned()).collect();
        let shown = ask(&format!("/rolecall/v1/access/effective?user={user}"));
        let mut there: Vec<String> = shown["scopes"]
            .as_array()
            .unwrap_or_else(|| panic!("{}", steady(&shown.to_string())))
            .iter()
            .map(|row| row["scope"].as_str().or_else(|| row["name"].as_str()).unwrap().to_owned())
            .collect();
        here.sort();
        there.sort();
        assert_eq!(here, there, "{user}");
    }
}
