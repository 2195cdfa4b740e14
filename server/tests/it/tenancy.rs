//! Does a tenant learn nothing of another and change nothing in it? Every operation with another tenant's identifiers.
//! (threats T40, I3)

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    harness::{Client, Server, sent},
    logins::{RSA_PUBLIC, jwt_provider},
    oauth::program_of,
    openapi::operations,
    scim::program,
};

/// Something of each kind in the second tenant, and words that stand nowhere in the first.
pub struct Elsewhere {
    pub ids: BTreeMap<&'static str, String>,
    pub words: Vec<String>,
}

pub fn elsewhere(server: &Server) -> Elsewhere {
    let other = server.other_admin();
    let secret = server.client(server.tenants[1].user_key.as_ref().unwrap());
    let key = secret.post("/api/v1/api-keys", json!({"description": "zzz-key"}));
    let program = program_of(&other, &json!({"clientName": "zzz-client"}));
    program.token(server, &json!({}));
    let tokens = other.get("/api/v1/oauth-tokens");
    let integration = other.post("/api/v1/web-integrations", json!({"name": "zzz-integration"}));
    let audits = other.get("/api/v1/audits?limit=1");
    let hook = json!({"name": "zzz-hook", "url": "https://zzz-hook.example/"});
    let webhook = other.post("/api/v1/webhooks", hook);
    let ids = BTreeMap::from([
        ("audits", audits.expect(200)["data"][0]["id"].as_str().unwrap().to_owned()),
        ("oauth-clients", program.id),
        ("oauth-tokens", tokens.expect(200)["data"][0]["id"].as_str().unwrap().to_owned()),
        ("identity-providers", jwt_provider(&other, "https://zzz-idp.example", "zzz-key", RSA_PUBLIC)),
        ("web-integrations", integration.expect(201)["id"].as_str().unwrap().to_owned()),
        ("Users", other.make_user("zzz-scim-user")),
        ("Groups", idp_group(&other, "zzz-scim-group")),
        ("roles", other.make_role("zzz-role", &[])),
        ("users", other.make_user("zzz-user")),
        ("groups", other.make_group("zzz-group")),
        ("tenants", server.tenants[1].tenant.to_string()),
        ("api-keys", key.expect(201)["id"].as_str().unwrap().to_owned()),
        ("webhooks", webhook.expect(201)["id"].as_str().unwrap().to_owned()),
    ]);
    let ids = with_space(ids, &other);
    let add = json!({"add": [{"subject": "zzz-subject", "type": "analyzer"}]});
    other.post("/api/v1/licenses/assignments/actions/add", add).expect(207);
    let mut words: Vec<String> = ids.values().cloned().collect();
    words.extend(["zzz-".to_owned(), "lobex".to_owned()]);
    Elsewhere { ids, words }
}

/// The same with a space of the other tenant and an assignment in it.
fn with_space(mut ids: BTreeMap<&'static str, String>, other: &Client) -> BTreeMap<&'static str, String> {
    let space = other.make_space("zzz-space", "shared");
    let assignment = other.assign_in_space(&space, ("user", &ids["users"]), &["consumer"]);
    ids.extend([("spaces", space), ("space-assignments", assignment)]);
    ids
}

/// Makes a group of identity providers; answers its identifier.
fn idp_group(admin: &Client, name: &str) -> String {
    let made = admin.post("/api/v1/groups", json!({ "name": name }));
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Bodies that refer to things of the other tenant, by operation. Operations without one have nothing to refer by.
fn body(operation: &str, ids: &BTreeMap<&'static str, String>) -> Option<Value> {
    let patch = |path: &str, value: Value| Some(json!([{"op": "replace", "path": path, "value": value}]));
    match operation {
        "create_role" => Some(json!({"name": "own role", "tenantId": ids["tenants"]})),
        "create_tenant" => Some(json!({"licenseKey": "x"})),
        "deactivate_tenant" | "reactivate_tenant" | "log_in_by_token" => Some(json!({})),
        "create_user" => Some(json!({"subject": "own", "assignedRoles": [{"id": ids["roles"]}]})),
        "create_group" => Some(json!({"name": "own group", "assignedRoles": [{"id": ids["roles"]}]})),
        "assign_to_user" => Some(json!({"role": {"id": ids["roles"]}})),
        "create_identity_provider" => {
            Some(json!({"protocol": "jwtAuth", "provider": "external", "tenantIds": [ids["tenants"]],
            "options": {"issuer": "https://own.example", "staticKeys": [{"kid": "k", "pem": RSA_PUBLIC}]}}))
        }
        "create_web_integration" => Some(json!({"name": "own", "tenantId": ids["tenants"]})),
        "create_webhook" | "put_webhook" => {
            Some(json!({"name": "own", "url": "https://own.example/", "ownerId": ids["users"]}))
        }
        "patch_auth_settings" => patch("/userSessionInactivityTimeoutMinutes", json!(60)),
        "decide_authorize" => {
            Some(json!(format!("client_id={}&csrf=x&decision=allow", ids["oauth-clients"])))
        }
        "invite_users" => Some(json!({"invitees": [{"email": "invitee@acme.example"}]})),
        "accept_invitation" => Some(json!("token=none&password=long-enough-for-all")),
        "log_in_by_password" => Some(json!("username=zzz-user&password=wrong")),
        "create_oauth_client" => Some(json!({"appType": "web", "clientName": "own"})),
        "patch_oauth_client" => patch("/clientName", json!("taken")),
        "patch_connection_config" => patch("/consentMethod", json!("trusted")),
        "issue_token" => Some(
            json!({"grant_type": "client_credentials", "client_id": ids["oauth-clients"], "client_secret": "x"}),
        ),
        "revoke_token" => Some(json!({"token": ids["oauth-tokens"]})),
        "create_api_key" => Some(json!({"description": "d", "sub": ids["users"]})),
        "patch_group_settings" => {
            patch("/systemGroups/000000000000000000000001/assignedRoles", json!([{"id": ids["roles"]}]))
        }
        "patch_api_key" | "patch_identity_provider" => patch("/description", json!("taken")),
        "patch_api_key_settings" => patch("/max_keys_per_user", json!(1)),
        "create_space" => Some(json!({"name": "own space", "type": "shared", "ownerId": ids["users"]})),
        "put_space" => Some(json!({"ownerId": ids["users"]})),
        "create_space_assignment" => {
            Some(json!({"type": "user", "assigneeId": ids["users"], "roles": ["consumer"]}))
        }
        "put_space_assignment" => Some(json!({"roles": ["producer"]})),
        "patch_role"
        | "patch_user"
        | "patch_group"
        | "patch_tenant"
        | "patch_web_integration"
        | "patch_space"
        | "patch_webhook" => patch("/name", json!("taken")),
        "put_license_settings" => Some(json!({"autoAssignProfessional": true})),
        "add_assignments" => Some(json!({"add": [{"subject": "own", "type": "analyzer"}]})),
        "delete_assignments" => Some(json!({"delete": [{"subject": "zzz-subject", "type": "analyzer"}]})),
        "evaluate" | "search_subjects" | "search_resources" | "search_actions" => {
            let user = json!({"type": "user", "id": ids["users"]});
            let tenant = json!({"type": "tenant", "id": ids["tenants"]});
            Some(json!({"subject": user, "action": {"name": "notes"}, "resource": tenant}))
        }
        "try_changes" => Some(json!({"changes": [
            {"method": "DELETE", "path": format!("/api/v1/users/{}", ids["users"])}]})),
        "evaluate_all" => {
            let user = json!({"type": "subject", "id": "zzz-user"});
            Some(json!({"subject": user, "action": {"name": "notes"}, "evaluations": [
                {"resource": {"type": "tenant", "id": ids["tenants"]}}, {"resource": {"type": "tenant", "id": "globex.localhost"}}]}))
        }
        "update_assignments" => Some(json!({"update": [{"subject": "zzz-subject", "type": "professional"}]})),
        _ => scim_body(operation, ids),
    }
}

/// The same for programs that provision users.
fn scim_body(operation: &str, ids: &BTreeMap<&'static str, String>) -> Option<Value> {
    match operation {
        "create_scim_user" | "put_scim_user" => Some(json!({"userName": "own"})),
        "create_scim_group" => Some(json!({"displayName": "own", "members": [{"value": ids["Users"]}]})),
        "put_scim_group" => Some(json!({"displayName": "own"})),
        "patch_scim_user" | "patch_scim_group" => {
            Some(json!({"Operations": [{"op": "replace", "path": "displayName", "value": "taken"}]}))
        }
        _ => None,
    }
}

#[test]
fn every_operation_stays_in_its_tenant() {
    let server = Server::start();
    let Elsewhere { ids, words } = elsewhere(&server);
    let client = program(&server, &server.admin(), "https://own-scim.example").1;
    let state = || server.revision(1);
    let before = state();
    for (operation, method, template) in operations() {
        let room = template.split('/').nth(3).unwrap_or_default();
        let kind = if template.contains("{tenantId}") { "tenants" } else { room };
        let id = ids.get(kind).map_or("", String::as_str);
        let query = match operation.as_str() {
            "explain_scope" => format!("?scope=notes&user={}", ids["users"]),
            "get_effective" => String::from("?user=zzz-user"),
            "list_who_can" => String::from("?scope=notes&limit=100"),
            "list_holders" => format!("?role={}", ids["roles"]),
            "get_audit_archive" => String::from("?date=2020-01-01"),
            "stream_events" => String::from("?follow=false"),
            "compare_users" => format!("?user=zzz-user&with={}", ids["users"]),
            _ => String::new(),
        };
        let template =
            template.replace("{hint}", "abcde").replace("{assignmentId}", &ids["space-assignments"]);
        let template = template.replace("{deliveryId}", &"0".repeat(24));
        let path = template.replace("{id}", id).replace("{tenantId}", id) + &query;
        assert!(!path.contains('{'), "what identifies {template}?");
        let body = sent(body(&operation, &ids).as_ref());
        let text = body.as_ref().map(|(_, text)| text.clone());
        let sent = body.as_ref().map(|(media_type, text)| (*media_type, text.as_bytes()));
        let caller = if template.starts_with("/scim/") { client.clone() } else { server.admin() };
        let confirming = |id: &str| caller.header("qlik-confirm-delete", id);
        let answer = confirming(id).send(&method, &path, sent);
        if template.contains('{') {
            // Who is no operator is not even told which tenants there are.
            let expected =
                if template.contains("/actions/deactivate") || template.contains("/actions/reactivate") {
                    403
                } else {
                    404
                };
            assert_eq!(answer.status, expected, "{operation}: {}", answer.text);
            let missing_id = missing(kind);
            let missing = template.replace("{id}", &missing_id).replace("{tenantId}", &missing_id);
            let nothing = confirming(&missing_id).send(&method, &missing, sent);
            assert_eq!(nothing.status, expected);
            let bare =
                |answer: &crate::harness::Answer| json!([answer.body["errors"], answer.body["detail"]]);
            assert_eq!(bare(&answer), bare(&nothing), "{operation}: exactly as something that is not there");
        } else {
            assert!(answer.status < 500 || answer.status == 501, "{operation}: {}", answer.text);
            let repeated = text.unwrap_or_default() + &path;
            let leaked = words
                .iter()
                .find(|word| answer.text.contains(word.as_str()) && !repeated.contains(word.as_str()));
            assert_eq!(leaked, None, "{operation}: {}", answer.text);
        }
    }
    assert_eq!(state(), before, "the other tenant is as it was");
}

/// An identifier of a kind that nothing has.
fn missing(kind: &str) -> String {
    match kind {
        "tenants" | "web-integrations" => "z".repeat(32),
        "oauth-clients" => "0".repeat(32),
        "Schemas" | "ResourceTypes" => "Nothing".to_owned(),
        "api-keys" | "oauth-tokens" | "audits" => "00000000-0000-4000-8000-000000000000".to_owned(),
        _ => "0".repeat(24),
    }
}

/// Roles and groups of the other tenant cannot be given, by any form of a patch.
#[test]
fn nothing_of_another_tenant_can_be_assigned() {
    let server = Server::start();
    let Elsewhere { ids, .. } = elsewhere(&server);
    let user = format!("/api/v1/users/{}", server.user().id());
    let group = format!("/api/v1/groups/{}", server.admin().find("/api/v1/groups", "Analysts"));
    let role = json!({"id": ids["roles"]});
    for (path, op, pointer, value) in [
        (&user, "replace", "/assignedRoles", json!([role])),
        (&user, "add", "/assignedRoles/-", role.clone()),
        (&user, "add", "/assignedRoles/-", json!({"name": "zzz-role"})),
        (&user, "replace", "/roles", json!(["zzz-role"])),
        (&user, "add", "/assignedGroups/-", json!(ids["groups"])),
        (&user, "add", "/assignedGroups/-", json!({"name": "zzz-group", "providerType": "custom"})),
        (&user, "replace", "/assignedGroups", json!([{"id": ids["groups"]}])),
        (&group, "replace", "/assignedRoles", json!([role])),
    ] {
        server.admin().op(path, op, pointer, value).expect(400);
    }
    for filter in [
        format!("id eq '{}'", ids["users"]),
        format!("assignedRoles.id eq '{}'", ids["roles"]),
        "name co 'zzz'".into(),
    ] {
        let encoded: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        assert_eq!(
            server.admin().get(&format!("/api/v1/users?filter={encoded}")).expect(200)["data"],
            json!([])
        );
    }
}
