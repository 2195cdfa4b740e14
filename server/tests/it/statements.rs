//! The statements of the documents this product was asked for (reference/access-control.md §11), one test each, and the
//! readings of their inconsistencies where they decide something.

use rolecall_engine::catalogue::Catalogue;
use serde_json::{Value, json};

use crate::harness::{Server, Setup, names};

const EVERYONE: &str = "000000000000000000000001";
const EVERYONE_ROLES: &str = "/systemGroups/000000000000000000000001/assignedRoles";
const FLAGS: [(&str, &str); 3] = [
    ("autoAssignCreateSharedSpacesRoleToProfessionals", "SharedSpaceCreator"),
    ("autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals", "PrivateAnalyticsContentCreator"),
    ("autoAssignDataServicesContributorRoleToProfessionals", "DataServicesContributor"),
];

fn tenant(server: &Server) -> String {
    format!("/api/v1/tenants/{}", server.tenants[0].tenant)
}

fn set_flags(server: &Server, on: bool) {
    let ops: Vec<Value> = FLAGS
        .iter()
        .map(|(flag, _)| json!({"op": "replace", "path": format!("/{flag}"), "value": on}))
        .collect();
    server.admin().patch(&tenant(server), ops).expect(204);
}

/// The names of the direct roles of a user that is made now.
fn roles_of_new_user(server: &Server, subject: &str) -> Vec<String> {
    let id = server.admin().make_user(subject);
    let user = server.admin().get(&format!("/api/v1/users/{id}"));
    names(&user.expect(200)["assignedRoles"]).into_iter().map(str::to_owned).collect()
}

#[test]
fn s01_one_patch_sets_the_three_auto_assign_flags() {
    let server = Server::start();
    set_flags(&server, false);
    let body = server.admin().get(&tenant(&server));
    assert!(FLAGS.iter().all(|(flag, _)| body.expect(200)[flag] == false));
    set_flags(&server, true);
    let body = server.admin().get(&tenant(&server));
    assert!(FLAGS.iter().all(|(flag, _)| body.expect(200)[flag] == true));
}

fn a_flag_decides_about_its_role((flag, role): (&str, &str)) {
    let server = Server::start();
    assert!(roles_of_new_user(&server, "before").contains(&role.to_owned()));
    server.admin().replace(&tenant(&server), &format!("/{flag}"), false).expect(204);
    let roles = roles_of_new_user(&server, "after");
    assert!(!roles.contains(&role.to_owned()));
    assert_eq!(roles.len(), 2, "the other two flags are as before");
}

#[test]
fn s02_shared_space_creator_follows_its_flag() {
    a_flag_decides_about_its_role(FLAGS[0]);
}

#[test]
fn s03_private_analytics_content_creator_follows_its_flag() {
    a_flag_decides_about_its_role(FLAGS[1]);
}

#[test]
fn s04_data_services_contributor_follows_its_flag() {
    a_flag_decides_about_its_role(FLAGS[2]);
}

#[test]
fn s05_who_is_not_entitled_is_given_none_of_the_three() {
    let server = Server::start();
    server.admin().put("/api/v1/licenses/settings", json!({"autoAssignProfessional": false})).expect(200);
    assert!(roles_of_new_user(&server, "nobody").is_empty());
    server.admin().put("/api/v1/licenses/settings", json!({"autoAssignAnalyzer": true})).expect(200);
    assert!(roles_of_new_user(&server, "analyzer").is_empty());
    let add = json!({"add": [{"subject": "named", "type": "professional"}]});
    server.admin().post("/api/v1/licenses/assignments/actions/add", add).expect(207);
    assert_eq!(roles_of_new_user(&server, "named").len(), 3);
}

#[test]
fn s06_turning_a_flag_off_takes_nothing_from_anybody() {
    let server = Server::start();
    let id = server.admin().make_user("early");
    set_flags(&server, false);
    let path = format!("/api/v1/users/{id}");
    assert_eq!(server.admin().get(&path).expect(200)["assignedRoles"].as_array().unwrap().len(), 3);
    server.admin().replace(&path, "/assignedRoles", json!([])).expect(204);
    assert_eq!(server.admin().get(&path).expect(200)["assignedRoles"], json!([]));
}

#[test]
fn s07_a_role_on_everyone_is_effective_and_nobodys_own() {
    let server = Server::start();
    server.admin().make_role("Writer", &["write-table:full"]);
    let path = format!("/api/v1/users/{}", server.user().id());
    let holds = |scope: &str| {
        let scopes = server.admin().get(&path).expect(200)["assignedScopes"].clone();
        scopes.as_array().unwrap().contains(&scope.into())
    };
    assert!(!holds("write-table:full"));
    server
        .admin()
        .replace("/api/v1/groups/settings", EVERYONE_ROLES, json!([{"name": "Writer"}]))
        .expect(204);
    assert!(holds("write-table:full") && holds("write-table:access"), "a parent includes its children");
    let user = server.admin().get(&path);
    assert!(!names(&user.body["assignedRoles"]).contains(&"Writer"));
    assert!(!names(&user.body["assignedGroups"]).contains(&"com.qlik.Everyone"));
}

#[test]
fn s08_auto_assigned_in_the_console_is_what_everyone_holds() {
    let server = Server::start();
    let everyone = format!("/api/v1/groups/{EVERYONE}");
    server.admin().replace(&everyone, "/assignedRoles", json!([{"name": "Steward"}])).expect(204);
    let settings = server.admin().get("/api/v1/groups/settings");
    assert_eq!(names(&settings.expect(200)["systemGroups"][EVERYONE]["assignedRoles"]), ["Steward"]);
    let group = server.admin().get(&everyone);
    assert_eq!(names(&group.expect(200)["assignedRoles"]), ["Steward"]);
}

#[test]
fn s09_no_role_has_an_auto_assign_member() {
    let server = Server::start();
    for on in [true, false] {
        set_flags(&server, on);
        let everyone = if on { json!([{"name": "Steward"}]) } else { json!([]) };
        server.admin().replace("/api/v1/groups/settings", EVERYONE_ROLES, everyone).expect(204);
        for role in server.admin().get("/api/v1/roles?limit=100").expect(200)["data"].as_array().unwrap() {
            assert!(
                role.as_object().unwrap().keys().all(|member| !member.to_lowercase().contains("auto")),
                "{role}"
            );
        }
    }
}

#[test]
fn s10_a_default_role_is_shown_whole() {
    let server = Server::start();
    let roles = server.admin().get("/api/v1/roles?limit=100&filter=type+eq+%22default%22");
    let shipped: Vec<&Value> = roles.expect(200)["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|role| role["name"] != "UserDefault")
        .collect();
    assert_eq!(shipped.len(), 16);
    for role in shipped {
        assert_eq!(role["type"], "default");
        assert_eq!((&role["canEdit"], &role["canDelete"]), (&false.into(), &false.into()));
        assert_eq!(role["assignedScopes"], json!([]));
        assert!(!role["permissions"].as_array().unwrap().is_empty());
        assert!(["admin", "user"].contains(&role["level"].as_str().unwrap()));
        assert!(role["createdAt"].is_string() && role["lastUpdatedAt"].is_string());
        let link = role["links"]["self"]["href"].as_str().unwrap();
        assert!(link.ends_with(&format!("/api/v1/roles/{}", role["id"].as_str().unwrap())));
    }
}

#[test]
fn s11_the_legacy_role_developer_has_its_six_permissions() {
    let server = Server::with(Setup { catalogue: Catalogue::qlik_with_developer(), ..Setup::default() });
    let id = server.admin().find("/api/v1/roles", "Developer");
    let role = server.admin().get(&format!("/api/v1/roles/{id}"));
    let permissions =
        ["read", "create", "update", "delete", "list_own", "use"].map(|action| format!("api-keys:{action}"));
    assert_eq!(role.expect(200)["permissions"], json!(permissions));
    assert_eq!(role.body["level"], "user");
}

#[test]
fn s12_everyone_is_emptied_through_the_group_settings() {
    let server = Server::start();
    let before = server.admin().get("/api/v1/groups/settings");
    let held = &before.expect(200)["systemGroups"][EVERYONE]["assignedRoles"];
    assert_eq!(names(held), ["AutomationCreator", "PrivateAnalyticsContentCreator", "SharedSpaceCreator"]);
    server.admin().replace("/api/v1/groups/settings", EVERYONE_ROLES, json!([])).expect(204);
    let after = server.admin().get("/api/v1/groups/settings");
    assert_eq!(after.expect(200)["systemGroups"][EVERYONE]["assignedRoles"], json!([]));
}

#[test]
fn s13_emptying_everyone_leaves_the_tenant_flags_alone() {
    let server = Server::start();
    server.admin().replace(&tenant(&server), &format!("/{}", FLAGS[0].0), false).expect(204);
    server.admin().replace("/api/v1/groups/settings", EVERYONE_ROLES, json!([])).expect(204);
    let body = server.admin().get(&tenant(&server));
    assert_eq!(FLAGS.map(|(flag, _)| body.expect(200)[flag] == true), [false, true, true]);
    let (_, user) = server.user_with("bare", &[]);
    let scopes = user.get("/api/v1/users/me?fields=assignedScopes");
    assert!(
        !scopes.expect(200)["assignedScopes"].as_array().unwrap().contains(&"automations.private".into())
    );
}

#[test]
fn s14_everyone_has_its_constant_identifier() {
    let server = Server::start();
    for admin in [server.admin(), server.other_admin()] {
        let groups = admin.get("/api/v1/groups?systemGroups=true");
        let group = &groups.expect(200)["data"][0];
        assert_eq!((&group["id"], &group["name"]), (&EVERYONE.into(), &"com.qlik.Everyone".into()));
    }
}

#[test]
fn s15_user_default_holds_scopes_that_can_be_taken_from_all() {
    let server = Server::start();
    let id = server.admin().find("/api/v1/roles", "UserDefault");
    let path = format!("/api/v1/roles/{id}");
    let role = server.admin().get(&path);
    assert!(role.expect(200)["assignedScopes"].as_array().unwrap().contains(&"notes".into()));
    assert_eq!(
        (&role.body["type"], &role.body["canEdit"], &role.body["canDelete"]),
        (&"default".into(), &true.into(), &false.into())
    );
    server.admin().op(&path, "remove-value", "/assignedScopes", "notes").expect(204);
    for user in [server.admin(), server.user()] {
        let scopes = user.get("/api/v1/users/me?fields=assignedScopes");
        assert!(!scopes.expect(200)["assignedScopes"].as_array().unwrap().contains(&"notes".into()));
    }
}

#[test]
fn s16_replacing_an_alias_by_itself_is_an_error() {
    let server = Server::start();
    server.admin().replace(&tenant(&server), "/hostnames/1", "acme-alias.localhost").expect(204);
    let again = server.admin().replace(&tenant(&server), "/hostnames/1", "acme-alias.localhost");
    again.refused(400, "TENANTS-10");
    assert_eq!(again.place(), "/0/value");
    assert_eq!(again.body["errors"][0]["meta"]["code"], "TENANTS-10");
}

#[test]
fn s17_roles_say_nothing_of_who_is_given_them() {
    let server = Server::start();
    let id = server.admin().find("/api/v1/roles", "SharedSpaceCreator");
    let role = server.admin().get(&format!("/api/v1/roles/{id}"));
    let members: Vec<&String> = role.expect(200).as_object().unwrap().keys().collect();
    assert!(
        members.iter().all(|member| !["users", "groups", "assignedTo"].contains(&member.as_str())),
        "{members:?}"
    );
    let user = server.admin().get("/api/v1/users/me?fields=assignedRoles");
    assert!(names(&user.expect(200)["assignedRoles"]).contains(&"SharedSpaceCreator"));
}

const BOTH: [&str; 2] = ["automl-models:approve", "apps.image:export"];

fn new_role() -> Value {
    json!({"name": "Custom", "description": "made by a guide", "assignedScopes": BOTH})
}

#[test]
fn s18_roles_are_made_with_the_token_of_an_administrator() {
    let server = Server::start();
    server.admin().post("/api/v1/roles", new_role()).expect(201);
    server.user().post("/api/v1/roles", new_role()).refused(403, "HTTP-403");
    server.anonymous().post("/api/v1/roles", new_role()).refused(401, "HTTP-401");
}

#[test]
fn s19_a_custom_role_is_made() {
    let server = Server::start();
    server.admin().post("/api/v1/roles", new_role()).expect(201);
}

#[test]
fn s20_its_body_has_all_members() {
    let server = Server::start();
    let role = server.admin().post("/api/v1/roles", new_role());
    for member in "id tenantId name description type canEdit canDelete fullUser userEntitlementType level assignedScopes \
                   permissions createdAt lastUpdatedAt createdBy updatedBy links"
        .split_whitespace()
    {
        assert!(role.expect(201).get(member).is_some(), "{member}");
    }
}

#[test]
fn s21_its_members_have_the_values_of_the_guide() {
    let server = Server::start();
    let answer = server.admin().post("/api/v1/roles", new_role());
    let role = answer.expect(201);
    assert_eq!((&role["type"], &role["level"]), (&"custom".into(), &"user".into()));
    assert_eq!(
        (&role["canEdit"], &role["canDelete"], &role["fullUser"]),
        (&true.into(), &true.into(), &false.into())
    );
    assert_eq!(role["userEntitlementType"], "");
    assert_eq!(role["permissions"], json!([]));
    assert_eq!(role["assignedScopes"], json!(BOTH));
}

#[test]
fn s22_it_is_stamped_with_time_and_caller() {
    let server = Server::start();
    let answer = server.admin().post("/api/v1/roles", new_role());
    let role = answer.expect(201);
    assert_eq!(role["createdAt"], role["lastUpdatedAt"]);
    let time = role["createdAt"].as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z') && time.as_bytes()[19] == b'.', "{time}");
    assert_eq!(
        (&role["createdBy"], &role["updatedBy"]),
        (&server.admin().id().into(), &server.admin().id().into())
    );
}

#[test]
fn s23_its_identifier_is_what_the_other_calls_take() {
    let server = Server::start();
    let id = server.admin().make_role("Custom", &BOTH);
    assert!(
        id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)),
        "{id}"
    );
    assert_eq!(server.admin().get(&format!("/api/v1/roles/{id}")).expect(200)["id"], id.as_str());
}

#[test]
fn s24_scopes_may_be_given_at_creation_or_not() {
    let server = Server::start();
    let role = server.admin().post("/api/v1/roles", json!({"name": "Bare"}));
    assert_eq!(role.expect(201)["assignedScopes"], json!([]));
    assert_eq!(role.body["description"], "");
    server.admin().make_role("Full", &BOTH);
}

#[test]
fn s25_a_patch_replaces_the_scopes() {
    let server = Server::start();
    let before = server.admin().post("/api/v1/roles", new_role());
    let path = format!("/api/v1/roles/{}", before.expect(201)["id"].as_str().unwrap());
    let (_, second) = server.user_with("second", &["TenantAdmin"]);
    let patched = second.replace(&path, "/assignedScopes", json!([BOTH[1]]));
    patched.expect(204);
    assert_eq!(patched.text, "");
    let after = server.admin().get(&path);
    assert_eq!(after.expect(200)["assignedScopes"], json!([BOTH[1]]));
    assert!(after.body["lastUpdatedAt"].as_str() > before.body["lastUpdatedAt"].as_str());
    assert_eq!(after.body["createdAt"], before.body["createdAt"]);
    assert_eq!(after.body["updatedBy"], second.id().as_str());
    assert_eq!(after.body["createdBy"], server.admin().id().as_str());
}

#[test]
fn s26_a_custom_role_is_assigned_like_any_role() {
    let server = Server::start();
    let role = server.admin().make_role("Custom", &BOTH);
    let user = format!("/api/v1/users/{}", server.admin().make_user("holder"));
    let group = format!("/api/v1/groups/{}", server.admin().make_group("Holders"));
    server.admin().replace(&user, "/assignedRoles", json!([{"id": role}])).expect(204);
    server.admin().replace(&group, "/assignedRoles", json!([{"name": "Custom"}])).expect(204);
    for path in [user, group] {
        assert_eq!(names(&server.admin().get(&path).expect(200)["assignedRoles"]), ["Custom"]);
    }
}

#[test]
fn s27_whoever_holds_it_can_what_it_grants() {
    let server = Server::start();
    server.admin().make_role("Custom", &BOTH);
    let group = server.admin().make_group("Holders");
    server
        .admin()
        .replace(&format!("/api/v1/groups/{group}"), "/assignedRoles", json!([{"name": "Custom"}]))
        .expect(204);
    let (_, direct) = server.user_with("direct", &["Custom"]);
    let (id, member) = server.user_with("member", &[]);
    let (_, other) = server.user_with("other", &[]);
    server.admin().op(&format!("/api/v1/users/{id}"), "add", "/assignedGroups/-", group).expect(204);
    for (client, holds) in [(&direct, true), (&member, true), (&other, false)] {
        let scopes =
            client.get("/api/v1/users/me?fields=assignedScopes").expect(200)["assignedScopes"].clone();
        for scope in BOTH {
            assert_eq!(scopes.as_array().unwrap().contains(&scope.into()), holds, "{scope}");
        }
    }
}

#[test]
fn s28_a_role_that_a_user_holds_is_not_deleted() {
    let server = Server::start();
    let role = format!("/api/v1/roles/{}", server.admin().make_role("Custom", &BOTH));
    server.user_with("holder", &["Custom"]);
    server.admin().delete(&role).refused(403, "HTTP-403");
    server.admin().get(&role).expect(200);
}

#[test]
fn s29_a_role_that_a_group_holds_is_not_deleted() {
    let server = Server::start();
    let role = format!("/api/v1/roles/{}", server.admin().make_role("Custom", &BOTH));
    let group = format!("/api/v1/groups/{}", server.admin().make_group("Holders"));
    server.admin().replace(&group, "/assignedRoles", json!([{"name": "Custom"}])).expect(204);
    server.admin().delete(&role).refused(403, "HTTP-403");
    server.admin().get(&role).expect(200);
}

#[test]
fn s30_a_role_that_nobody_holds_any_more_is_deleted() {
    let server = Server::start();
    let role = format!("/api/v1/roles/{}", server.admin().make_role("Custom", &BOTH));
    let (user, _) = server.user_with("holder", &["Custom"]);
    let group = format!("/api/v1/groups/{}", server.admin().make_group("Holders"));
    server.admin().replace(&group, "/assignedRoles", json!([{"name": "Custom"}])).expect(204);
    for path in [format!("/api/v1/users/{user}"), group] {
        server.admin().replace(&path, "/assignedRoles", json!([])).expect(204);
    }
    let deleted = server.admin().delete(&role);
    deleted.expect(204);
    assert_eq!(deleted.text, "");
    server.admin().get(&role).refused(404, "IDENTITIES-10402");
}

#[test]
fn s31_custom_roles_and_user_default_stand_beside_the_built_in_ones() {
    let server = Server::start();
    server.admin().make_role("Custom", &BOTH);
    let roles = server.admin().get("/api/v1/roles?limit=100");
    for name in ["Custom", "UserDefault", "TenantAdmin", "SharedSpaceCreator"] {
        assert!(roles.names().contains(&name), "{name}");
    }
}

#[test]
fn s32_roles_are_closed_to_who_is_not_tenant_admin() {
    let server = Server::start();
    server.user().get("/api/v1/roles").refused(403, "HTTP-403");
    let id = server.admin().find("/api/v1/roles", "TenantAdmin");
    server.user().get(&format!("/api/v1/roles/{id}")).refused(403, "HTTP-403");
}

#[test]
fn s33_that_includes_the_other_administrators() {
    let server = Server::start();
    for role in ["AnalyticsAdmin", "AuditAdmin", "DataAdmin"] {
        let (_, client) = server.user_with(role, &[role]);
        client.get("/api/v1/roles").refused(403, "HTTP-403");
    }
}

#[test]
fn s34_a_tenant_admin_lists_roles() {
    let server = Server::start();
    let roles = server.admin().get("/api/v1/roles");
    assert!(roles.expect(200)["data"].is_array());
    assert_eq!(roles.body["links"]["self"]["href"], format!("{}/api/v1/roles", server.url()));
}

#[test]
fn s35_each_listed_role_says_at_least_what_it_is() {
    let server = Server::start();
    let roles = server.admin().get("/api/v1/roles?limit=100");
    for role in roles.expect(200)["data"].as_array().unwrap() {
        assert!(role["id"].is_string() && role["name"].is_string());
        assert_eq!(role["tenantId"], server.tenants[0].tenant.as_str());
    }
}

const ME: &str = "/api/v1/users/me?fields=assignedGroups,assignedRoles";

#[test]
fn s36_anybody_may_ask_for_the_own_roles() {
    let server = Server::start();
    let (_, bare) = server.user_with("bare", &[]);
    for client in [server.admin(), server.user(), bare] {
        client.get(ME).expect(200);
    }
}

#[test]
fn s37_assigned_roles_are_the_direct_ones() {
    let server = Server::start();
    let me = server.user().get(ME);
    let roles = &me.expect(200)["assignedRoles"];
    for role in roles.as_array().unwrap() {
        let members: Vec<&String> = role.as_object().unwrap().keys().collect();
        assert_eq!(members, ["id", "level", "name", "type"]);
    }
    assert!(names(roles).contains(&"Key maker") && !names(roles).contains(&"Report exporter"));
}

#[test]
fn s38_assigned_groups_carry_their_roles() {
    let server = Server::start();
    let me = server.user().get(ME);
    let group = &me.expect(200)["assignedGroups"][0];
    assert_eq!(group["name"], "Analysts");
    assert!(group["id"].is_string());
    let role = &group["assignedRoles"][0];
    assert_eq!(
        (&role["name"], &role["type"], &role["level"]),
        (&"Report exporter".into(), &"custom".into(), &"user".into())
    );
    assert!(role["id"].is_string());
}

#[test]
fn s39_nothing_else_of_the_user_is_there() {
    let server = Server::start();
    let me = server.user().get(ME);
    let members: Vec<&String> = me.expect(200).as_object().unwrap().keys().collect();
    assert_eq!(members, ["assignedGroups", "assignedRoles", "id", "links"]);
}

#[test]
fn s40_the_link_keeps_what_was_asked() {
    let server = Server::start();
    let me = server.user().get(ME);
    assert_eq!(me.expect(200)["links"]["self"]["href"], format!("{}{ME}", server.url()));
}

#[test]
fn i01_delete_deletes_and_a_patch_without_a_body_is_an_error() {
    let server = Server::start();
    let role = format!("/api/v1/roles/{}", server.admin().make_role("Custom", &BOTH));
    server.admin().send("PATCH", &role, None).refused(400, "ROLES-10");
    server.admin().get(&role).expect(200);
    server.admin().delete(&role).expect(204);
}

#[test]
fn i02_the_link_of_a_role_ends_in_its_identifier() {
    let server = Server::start();
    let role = server.admin().post("/api/v1/roles", new_role());
    let link = role.expect(201)["links"]["self"]["href"].as_str().unwrap();
    assert!(link.ends_with(role.body["id"].as_str().unwrap()));
    assert_eq!(role.headers["location"], link);
}

#[test]
fn i05_links_come_back_from_users_me_and_from_no_other_user_whose_fields_leave_them_out() {
    let server = Server::start();
    let id = server.user().id();
    assert!(server.user().get("/api/v1/users/me?fields=name").expect(200)["links"].is_object());
    assert!(server.user().get(&format!("/api/v1/users/{id}?fields=name")).expect(200)["links"].is_null());
}

#[test]
fn i06_a_users_groups_say_their_provider_type() {
    let server = Server::start();
    let me = server.user().get(ME);
    assert_eq!(me.expect(200)["assignedGroups"][0]["providerType"], "custom");
}

#[test]
fn i08_default_roles_have_a_tenant_and_a_description() {
    let server = Server::start();
    let id = server.admin().find("/api/v1/roles", "TenantAdmin");
    let role = server.admin().get(&format!("/api/v1/roles/{id}"));
    assert_eq!(role.expect(200)["tenantId"], server.tenants[0].tenant.as_str());
    assert!(role.body["description"].is_string());
}

#[test]
fn i11_developer_is_not_there_unless_it_is_asked_for() {
    let server = Server::start();
    let roles = server.admin().get("/api/v1/roles?limit=100");
    assert!(!roles.names().contains(&"Developer"));
}

#[test]
fn i12_user_default_is_patched_on_its_scopes_and_other_default_roles_not_at_all() {
    let server = Server::start();
    let user_default = format!("/api/v1/roles/{}", server.admin().find("/api/v1/roles", "UserDefault"));
    let shipped = format!("/api/v1/roles/{}", server.admin().find("/api/v1/roles", "Steward"));
    server.admin().op(&user_default, "add", "/assignedScopes/-", "webhooks").expect(204);
    server.admin().replace(&user_default, "/name", "Other").refused(400, "ROLES-10");
    server.admin().replace(&user_default, "/assignedScopes", json!(["apps"])).refused(400, "ROLES-10");
    server.admin().delete(&user_default).refused(403, "HTTP-403");
    server.admin().replace(&shipped, "/description", "x").refused(403, "HTTP-403");
    server.admin().delete(&shipped).refused(403, "HTTP-403");
}
