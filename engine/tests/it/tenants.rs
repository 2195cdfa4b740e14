//! A tenant's own patch. (reference/rest-api.md §5)

use rolecall_engine::{
    catalogue::AutoAssign,
    change::Editor,
    names::{DisplayName, Hostname},
    refusal::Rule,
    tenants::TenantOp,
    time::Timestamp,
};

use crate::world::World;

fn host(name: &str) -> Hostname {
    Hostname::new(name).unwrap()
}

#[test]
fn an_alias_lies_beside_the_first_host_name_and_is_nobody_elses() {
    let tenant = World::new().tenant;
    let editor = Editor::system(Timestamp::from_millis(1_800_000_000_000));
    let set = |names: &[&str]| {
        let ops: Vec<TenantOp> = names.iter().map(|name| TenantOp::SetAlias(host(name))).collect();
        let edited = tenant.clone().edit(&ops, |name| *name == host("taken.example"), &editor);
        edited
            .map(|edited| edited.value.hostnames)
            .map_err(|refusal| (refusal.operation.unwrap(), refusal.rule))
    };
    assert_eq!(set(&["corp.example"]), Ok(vec![host("acme.example"), host("corp.example")]));
    assert_eq!(set(&["corp.example", "two.example"]), Ok(vec![host("acme.example"), host("two.example")]));
    assert_eq!(set(&["corp.example", "corp.example"]), Err((1, Rule::HostnameUnchanged)));
    assert_eq!(set(&["ab.example"]), Err((0, Rule::HostnameLabel)));
    assert_eq!(set(&["corp.other"]), Err((0, Rule::HostnameParent("example".into()))));
    assert_eq!(set(&["taken.example"]), Err((0, Rule::HostnameTaken)));
    assert_eq!(set(&["acme.example"]), Err((0, Rule::HostnameTaken)));
}

#[test]
fn every_setting_is_set_by_itself() {
    let tenant = World::new().tenant;
    let editor = Editor::system(Timestamp::from_millis(1_800_000_000_000));
    let ops = [
        TenantOp::Rename(DisplayName::new("Corp").unwrap()),
        TenantOp::SetAutoAssign(AutoAssign::PrivateContent, false),
        TenantOp::EnableAnalyticCreation(true),
        TenantOp::EnableAppOpeningFeedback(true),
    ];
    let edited = tenant.clone().edit(&ops, |_| false, &editor).unwrap();
    let after = &edited.value;
    assert_eq!(
        (after.name.as_str(), after.enable_analytic_creation, after.enable_app_opening_feedback),
        ("Corp", true, true)
    );
    assert_eq!(
        [after.auto_assign.shared_spaces, after.auto_assign.private_content, after.auto_assign.data_services],
        [true, false, true]
    );
    assert_eq!((edited.changes.len(), after.updated_at), (1, editor.at));
    assert!(after.clone().edit(&ops, |_| false, &editor).unwrap().changes.is_empty());
    assert!(tenant.clone().set_group_settings(tenant.auto_create_groups, &editor).changes.is_empty());
}
