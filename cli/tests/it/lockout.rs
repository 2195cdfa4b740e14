//! Nobody gives away the last of what makes them an administrator without being told.

use crate::{
    strict,
    tool::{Tool, said, said_with},
};

/// Uma administers by one custom group and by nothing else.
fn by_one_group() -> Tool {
    let tool = Tool::start();
    tool.out("group create --name Lookers --provider custom --role TenantAdmin -q");
    tool.out("group add-member Lookers uma@acme.example");
    tool
}

#[test]
fn the_last_way_is_not_given_away_unsaid() {
    let tool = by_one_group();
    let (key, mut all) = (tool.user_key(), String::new());
    for line in [
        "group remove-role Lookers TenantAdmin",
        "group remove-role Lookers TenantAdmin --no-input",
        "group remove-role Lookers TenantAdmin --dry-run",
        "group remove-member Lookers uma@acme.example",
        "group remove-member Lookers uma@acme.example ben@acme.example",
        "group rm Lookers",
        "user rm uma@acme.example",
        "user edit uma@acme.example --status disabled",
        "user edit uma@acme.example --name 'Uma Unchanged'",
        "user remove-role uma@acme.example 'Key maker'",
        "group remove-role Everyone SharedSpaceCreator",
    ] {
        all += &said(line, tool.with_key(key, line));
    }
    let line = "group edit Lookers --from -";
    let patch = r#"[{"op": "replace", "path": "/assignedRoles", "value": [{"name": "Steward"}]}]"#;
    all += &said_with(line, tool.with_key(key, line), patch);
    // With another way there is nothing to say.
    tool.out("group create --name Second --provider custom --role TenantAdmin -q");
    tool.out("group add-member Second uma@acme.example");
    for line in [
        "group remove-role Lookers TenantAdmin",
        "group rm Lookers Second",
        "group remove-role Second TenantAdmin --yes",
    ] {
        all += &said(line, tool.with_key(key, line));
    }
    insta::assert_snapshot!(all);
}

/// A tenant that offers no more than the vendor documents would do it, or not say why not.
#[test]
fn the_last_way_is_not_given_away_on_a_tenant_that_would_take_it() {
    let tool = by_one_group();
    let gate = strict::gate(tool.sandbox.url(), usize::MAX);
    let refused = |line: &str| {
        let mut command = tool.with_key(tool.user_key(), line);
        command.env("ROLECALL_URL", &gate);
        let shown = said(line, command);
        assert!(
            shown.contains("you would lose TenantAdmin, which you have by the group `Lookers`"),
            "{shown}"
        );
        assert!(shown.ends_with("[ends with 1]\n\n"), "{shown}");
    };
    refused("group remove-role Lookers TenantAdmin");
    refused("group remove-member Lookers uma@acme.example");
    refused("group rm Lookers");
    assert!(tool.out("group get Lookers -o csv").contains("TenantAdmin"));
}
