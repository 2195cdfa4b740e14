//! Listing, showing, making, changing and ending the things of a tenant over the API.

use serde_json::Value;

use crate::tool::{Tool, said, said_with, steady};

#[test]
fn roles_have_a_life() {
    let tool = Tool::start();
    let shown = tool.transcript(&[
        "role ls -f 'type eq \"custom\"'",
        "role create --name Reader --description 'Reads lineage' --scope lineage:read --scope notes --dry-run",
        "role create --name Reader --description 'Reads lineage' --scope lineage:read --scope notes",
        "role create --name Reader",
        "role get Reader -o yaml",
        "role get reader",
        "role edit Reader --name 'Lineage reader' --dry-run",
        "role edit Reader --name 'Lineage reader'",
        "role edit 'Lineage reader' --name 'Lineage reader'",
        "role edit 'Lineage reader'",
        "role add-scope 'Lineage reader' notes apps.image:export",
        "role add-scope 'Lineage reader' notes",
        "role add-scope 'Lineage reader' nonsense",
        "role remove-scope 'Lineage reader' notes lineage:read --dry-run",
        "role remove-scope 'Lineage reader' notes lineage:read",
        "role ls -f 'name eq \"Lineage reader\"' -o csv",
        "role rm 'Lineage reader' --dry-run",
        "role rm 'Lineage reader'",
        "role rm 'Lineage reader' Nobody --yes",
        "role rm 'Lineage reader' --yes",
        "role rm 'Report exporter' --yes",
        "role get 'Lineage reader'",
        "role ls -f nonsense",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn users_and_groups_are_given_what_they_need() {
    let tool = Tool::start();
    let shown = tool.transcript(&[
        "user ls",
        "user create --subject zoe --name 'Zoe Zhang' --email zoe@acme.example --status active --role 'Report exporter'",
        "user get ZOE@acme.example -o csv",
        "user add-role zoe 'Model approver' 'Report exporter'",
        "user remove-role zoe 'Report exporter' 'Key maker'",
        "user remove-role zoe 'Report exporter'",
        "user add-role zoe UserDefault",
        "group create --name Night --description 'On at night'",
        "group create --name Directory --provider idp -o csv",
        "group add-member Directory zoe",
        "group add-member Everyone zoe",
        "group add-role Night SharedSpaceCreator 'Report exporter' -q",
        "group add-member Night zoe 'Ben Berg'",
        "group add-member Night zoe",
        "group remove-member Night 'Ben Berg'",
        "group remove-role Night 'Report exporter'",
        "group get Night",
        "user get zoe",
        "group ls",
        "group add-role Everyone AuditAdmin --dry-run",
        "group add-role Everyone Steward",
        "group get Everyone -o csv",
        "group rm Night --yes",
        "group remove-member Night zoe",
        "group rm Night --yes",
        "user edit zoe --status disabled",
        "user get zoe -o csv",
        "user rm zoe --yes",
        "user rm ada@acme.example --yes",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn everything_else_has_a_command_too() {
    let tool = Tool::start();
    let shown = tool.transcript(&[
        "tenant get",
        "tenant edit --auto-assign-shared-spaces false --auto-assign-private-content false --auto-assign-data-services false",
        "tenant get -o csv",
        "api-key create --description Nightly",
        "space create --name Sales --type shared",
        "space edit Sales --description 'What is sold'",
        "space ls",
        "space get Sales -o csv",
        "space rm Sales --yes",
        "oauth-client create --name Sync --type web --grant-type client_credentials --scope roles",
        "oauth-client create --name Sync --type web --grant-type client_credentials --scope apps",
        "oauth-client create --name Page --type spa --redirect-uri https://a.example/back --origin https://a.example",
        "oauth-client edit Page --description 'Shows reports'",
        "oauth-client ls",
        "oauth-client get Page -o yaml",
        "oauth-client rm Page --yes",
        "web-integration create --name Portal --origin https://a.example",
        "web-integration ls",
        "web-integration edit Portal --name Portals --origin https://b.example",
        "web-integration get Portals -o csv",
        "web-integration rm Portals --yes",
        "identity-provider ls",
        "identity-provider get nothing",
        "identity-provider edit nothing --description Portal",
        "identity-provider rm nothing --yes",
        "webhook create --name Trail --url https://a.example/hook --event-type com.qlik.core.role.created",
        "webhook edit Trail --enabled true --event-type com.qlik.core.role.created --event-type com.qlik.core.role.deleted",
        "webhook ls -o csv",
        "webhook get Trail -o json",
        "webhook create --name Nonsense --url https://a.example/hook --event-type nonsense",
        "webhook rm Trail --yes",
        "group-settings get",
        "group-settings edit --auto-create true",
        "group-settings edit --auto-create true",
        "group-settings get -o csv",
        "api-key-settings get",
        "api-key-settings edit --max-per-user 7 --max-lifetime P30D --dry-run",
        "api-key-settings edit --max-per-user 7 --max-lifetime P30D",
        "api-key-settings edit --max-per-user 7",
        "api-key-settings edit --max-per-user 1001",
        "api-key-settings edit --max-per-user many",
        "api-key-settings get -o csv",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn spaces_have_roles_of_their_own() {
    let tool = Tool::start();
    let shown = tool.transcript(&[
        "space create --name Sales --type shared -q",
        "user create --subject zoe --name 'Zoe Zhang' --status active -q",
        "group create --name Night -q",
        "space roles Sales",
        "space add-role Sales producer --group Night --dry-run",
        "space add-role Sales producer --group Night",
        "space add-role Sales consumer producer --group Night",
        "space add-role Sales consumer --group Night",
        "space add-role Sales dataconsumer --user ZOE@acme.example",
        "space add-role Sales dataconsumer --user zoe",
        "space add-role Sales publisher --user zoe",
        "space add-role Sales steward --group Night",
        "space add-role Sales consumer",
        "space add-role Sales consumer --user zoe --group Night",
        "space add-role Purchases consumer --user zoe",
        "space roles Sales -o csv",
        "space remove-role Sales producer facilitator --group Night --dry-run",
        "space remove-role Sales producer facilitator --group Night",
        "space remove-role Sales producer --group Night",
        "space remove-role Sales dataconsumer --user zoe",
        "space remove-role Sales dataconsumer --user zoe",
        "space roles Sales",
        "group rm Night --yes -q",
        "space roles Sales",
        "space roles Purchases",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn a_name_that_two_have_is_no_name() {
    let tool = Tool::start();
    for subject in ["one", "two"] {
        tool.out(&format!("user create --subject {subject} --name 'Sam Same' --status active -q"));
    }
    let shown =
        tool.transcript(&["user get 'Sam Same'", "user rm 'Sam Same' --yes", "explain 'Sam Same' notes"]);
    let rows: Vec<&str> = shown.lines().filter(|line| line.starts_with("!   ")).collect();
    assert_eq!(rows.len(), 6, "{shown}");
    assert_eq!(shown.matches("`Sam Same` names 2 users; say which by its identifier").count(), 3, "{shown}");
    assert_eq!(tool.out("user ls -f 'name eq \"Sam Same\"' -o ids").lines().count(), 2, "nobody is deleted");
    tool.out("user add-role two Steward -q");
    let differences = tool.transcript(&["access diff one two"]);
    assert!(differences.contains("\nSam Same (two)  "), "{differences}");
}

#[test]
fn whoever_may_not_is_told_so() {
    let tool = Tool::start();
    let key = tool.user_key();
    let mut shown = String::new();
    for line in
        ["whoami", "role ls", "user add-role uma@acme.example TenantAdmin", "user ls -q -o csv", "group ls"]
    {
        shown += &said(line, tool.with_key(key, line));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn bodies_come_from_files_too() {
    let tool = Tool::start();
    let provider = r#"{"protocol": "jwtAuth", "provider": "external", "description": "Portal", "tenantIds": [],
        "options": {"issuer": "https://portal.example", "staticKeys": []}}"#;
    let mut shown = String::new();
    for (line, input) in [
        ("role create --from -", r#"{"name": "From a file", "assignedScopes": ["notes"]}"#),
        (
            "role create --from - --name 'By a flag' -o csv",
            r#"{"name": "From a file", "description": "Both"}"#,
        ),
        (
            "role edit 'By a flag' --from -",
            r#"[{"op": "add", "path": "/assignedScopes/-", "value": "notes"}]"#,
        ),
        ("role create --from -", "[]"),
        ("role create --from -", "{"),
        ("identity-provider create --from -", provider),
    ] {
        shown += &said_with(line, tool.command(line), input);
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn keys_are_shown_once() {
    let tool = Tool::start();
    let mut shown = String::new();
    for line in [
        "api-key create --description Nightly --expiry PT1H",
        "api-key edit Nightly --description 'Every night'",
        "api-key ls",
        "api-key get 'Every night' -o csv",
        "api-key rm 'Every night' --yes",
        "api-key ls -o csv",
    ] {
        shown += &said(line, tool.with_key(tool.user_key(), line));
    }
    insta::assert_snapshot!(shown);
}

/// Data is the same in every form, and lists are whole, however many pages they have.
#[test]
fn lists_are_whole() {
    let tool = Tool::start();
    let names: Vec<String> = (0..130).map(|at| format!("Role {at:03}")).collect();
    for name in &names {
        let body = serde_json::json!({"name": name});
        let url = format!("{}/api/v1/roles", tool.sandbox.url());
        let made = crate::process::ask(
            &crate::process::agent(),
            "POST",
            &url,
            tool.sandbox.admin_key(),
            Some(&body),
        );
        assert_eq!(made.unwrap().0, 201);
    }
    let json: Vec<Value> = serde_json::from_str(&tool.out("role ls -f 'name sw \"Role \"' --json")).unwrap();
    let mut found: Vec<&str> = json.iter().map(|role| role["name"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, names);
    let ids = tool.out("role ls -f 'name sw \"Role \"' -o ids");
    assert_eq!(
        ids.lines().collect::<Vec<_>>(),
        json.iter().map(|role| role["id"].as_str().unwrap()).collect::<Vec<_>>()
    );
    let raw = tool.out("role ls -f 'name sw \"Role \"' --raw");
    let pages: Vec<Value> = raw.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        pages.iter().map(|page| page["data"].as_array().unwrap().len()).collect::<Vec<_>>(),
        [100, 30]
    );
}

/// What is in names does nothing to whoever looks at them.
#[test]
fn names_are_only_names() {
    let tool = Tool::start();
    tool.out("user create --subject '=cmd' --name '=HYPERLINK(\"https://evil.example\")' --email +1@acme.example --status active -q");
    let csv = steady(&tool.out("user get '=cmd' -o csv"));
    assert!(csv.contains(",\"'=HYPERLINK(\"\"https://evil.example\"\")\",'+1@acme.example,'=cmd,"), "{csv}");
}

/// A group that is called like the one of all is not taken for it, nor the other way round.
#[test]
fn there_may_be_another_group_called_everyone() {
    let tool = Tool::start();
    let ends = |line: &str| tool.command(line).output().unwrap();
    assert!(ends("group create --name Everyone --provider custom").status.success());
    let refused = ends("group add-role Everyone Steward");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("names 2 groups") && said.contains("000000000000000000000001"), "{said}");
    assert!(ends("group add-role com.qlik.Everyone Steward").status.success());
}

/// It was done; that nobody can look again is no failure.
#[test]
fn whoever_takes_their_own_right_to_look_is_told_that_it_is_done() {
    let tool = Tool::start();
    let by_admin = |line: &str| assert!(tool.command(line).output().unwrap().status.success(), "{line}");
    by_admin("group create --name Lookers --provider custom --role TenantAdmin");
    by_admin("group add-member Lookers uma@acme.example");
    let taken =
        tool.with_key(tool.user_key(), "group remove-role Lookers TenantAdmin --yes").output().unwrap();
    assert_eq!(taken.status.code(), Some(0), "{}", String::from_utf8_lossy(&taken.stderr));
}
