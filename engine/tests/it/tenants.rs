//! A tenant's own patch. (reference/rest-api.md §5)

use rolecall_engine::{
    access::{Decision, Denial, Query, decide},
    catalogue::{AutoAssign, Catalogue},
    change::Editor,
    names::{DisplayName, Hostname},
    refusal::Rule,
    tenants::{Place, Tenant, TenantOp, TenantStatus},
    time::{Span, Timestamp},
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
    assert_eq!(set(&["register.example"]), Err((0, Rule::HostnameTaken)), "it is the installation's");
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

#[test]
fn a_tenant_ends_on_its_day_unless_that_is_taken_back() {
    let at =
        |days: u32| Editor::system(Timestamp::from_millis(1_800_000_000_000).plus(Span::from_days(days)));
    let tenant = World::new().tenant;
    for days in [0, 9, 91] {
        let refused = tenant.clone().deactivate(days, &at(0)).unwrap_err();
        assert_eq!(refused.rule, Rule::OutOfRange(10, 90));
    }
    let ended = tenant.clone().deactivate(10, &at(0)).unwrap().value;
    assert_eq!((ended.status, ended.status_updated_at), (TenantStatus::Disabled, at(0).at));
    assert_eq!(ended.purge_at, Some(at(10).at));
    assert!(ended.clone().expire(&at(9)).changes.is_empty(), "not before its day");
    let later = ended.clone().deactivate(90, &at(5)).unwrap().value;
    assert_eq!((later.purge_at, later.status_updated_at), (Some(at(95).at), at(0).at));
    let back = ended.clone().reactivate(&at(9)).unwrap().value;
    assert_eq!((back.status, back.purge_at), (TenantStatus::Active, None));
    assert!(back.clone().expire(&at(99)).changes.is_empty());
    assert!(back.reactivate(&at(99)).unwrap().changes.is_empty());
    let gone: Tenant = ended.expire(&at(10)).value;
    assert_eq!((gone.status, gone.hostnames.len()), (TenantStatus::Deleted, 0));
    for refused in [gone.clone().reactivate(&at(11)), gone.deactivate(10, &at(11))] {
        assert_eq!(refused.unwrap_err().rule, Rule::TenantDeleted);
    }
    assert_eq!(Place::of("ap-southeast-2").unwrap().region, "sg");
    assert_eq!(Place::of("eu-west-9"), None);
}

#[test]
fn nobody_may_do_anything_in_a_tenant_that_is_not_active() {
    let mut world = World::new();
    let user = world.editor().user.unwrap();
    let query = Query { user, scope: Catalogue::ADMINISTER };
    assert!(decide(&world.snapshot, &query).is_allowed());
    let editor = world.editor();
    world.keep(world.snapshot.tenant().clone().deactivate(30, &editor).unwrap()).unwrap();
    assert_eq!(decide(&world.snapshot, &query), Decision::Denied(Denial::TenantNotActive));
    world.keep(world.snapshot.tenant().clone().reactivate(&editor).unwrap()).unwrap();
    assert!(decide(&world.snapshot, &query).is_allowed());
}
