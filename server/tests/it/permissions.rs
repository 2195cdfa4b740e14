//! Who may do what? Every operation of the API by every kind of caller, as a table people can read: `permissions.txt`.
//!
//! `cargo xtask generate` writes it anew; whoever changes it changes who may do what.

use std::{fmt::Write as _, fs};

use serde_json::{Value, json};

use crate::{
    harness::{Client, Server, sent},
    logins::{RSA_PUBLIC, jwt_provider},
    oauth::program_of,
    openapi::operations,
    scim::program,
    tenants_life::{Operator, TENANTS, act, new_tenant},
    webhooks::first_delivery,
};

/// A request for an operation, against things that were made for it.
struct Request {
    method: String,
    path: String,
    body: Option<Value>,
    /// What is repeated in a header.
    confirmed: Option<(&'static str, String)>,
}

/// The table would be empty of meaning if a request were refused for another reason than who makes it, so each is one
/// that an administrator can make.
fn request(server: &Server, operation: &str, method: &str, template: &str, n: usize) -> Request {
    let admin = server.admin();
    let name = format!("{operation} {n}");
    let tenant = server.tenants[0].tenant.to_string();
    let hostname = format!("{}-{n}.localhost", operation.replace('_', "-"));
    let owner_key = || {
        let made = server.user().post("/api/v1/api-keys", json!({"description": name}));
        made.expect(201)["id"].as_str().unwrap().to_owned()
    };
    let id = match template.split('/').nth(3) {
        _ if !template.contains('{') => String::new(),
        Some("roles") => admin.make_role(&name, &[]),
        Some("users" | "Users") => admin.make_user(&name),
        Some("groups") => admin.make_group(&name),
        Some("tenants") if template.contains("/actions/") => ended_tenant(server, &hostname),
        Some("tenants") => tenant.clone(),
        Some("api-keys") if template.contains("configs") => tenant.clone(),
        Some("api-keys") => owner_key(),
        Some("oauth-clients") => program_of(&admin, &json!({ "clientName": name })).id,
        Some("identity-providers") => {
            jwt_provider(&admin, &format!("https://{operation}.example/{n}"), "k", RSA_PUBLIC)
        }
        Some("web-integrations") => {
            let made = admin.post("/api/v1/web-integrations", json!({"name": name}));
            made.expect(201)["id"].as_str().unwrap().to_owned()
        }
        Some("oauth-tokens") => {
            owner_token(server);
            let owner = server.user().id();
            let listed = admin.get(&format!("/api/v1/oauth-tokens?userId={owner}"));
            listed.expect(200)["data"][0]["id"].as_str().unwrap().to_owned()
        }
        Some("spaces") => admin.make_space(&name, "shared"),
        Some("audits") => {
            let listed = admin.get("/api/v1/audits?limit=1");
            listed.expect(200)["data"][0]["id"].as_str().unwrap().to_owned()
        }
        Some("webhooks") => webhook(&admin, &name),
        other => scim_id(&admin, other.unwrap_or_default(), &name),
    };
    let query = match operation {
        "explain_scope" | "list_who_can" => "?scope=notes",
        "list_holders" => "?role=TenantAdmin",
        "get_audit_archive" => "?date=2020-01-01",
        "stream_events" => "?follow=false",
        "compare_users" => "?user=ada@acme.example&with=uma@acme.example",
        _ => "",
    };
    let hint = || {
        let client = admin.get(&format!("/api/v1/oauth-clients/{id}"));
        client.expect(200)["clientSecrets"][0]["hint"].as_str().unwrap().to_owned()
    };
    let hint = if template.contains("{hint}") { hint() } else { String::new() };
    let assignment = || {
        let everyone = ("group", "000000000000000000000001");
        admin.assign_in_space(&id, everyone, &["consumer"])
    };
    let assignment = if template.contains("{assignmentId}") { assignment() } else { String::new() };
    let path = template.replace("{id}", &id).replace("{tenantId}", &id).replace("{hint}", &hint);
    let delivery = if template.contains("{deliveryId}") { delivery(server, &id) } else { String::new() };
    let path = path.replace("{assignmentId}", &assignment).replace("{deliveryId}", &delivery) + query;
    let body = body(server, operation, (&name, &hostname), n);
    assert_eq!(
        body.is_some(),
        ["PATCH", "PUT", "POST"].contains(&method)
            && !operation.starts_with("filter")
            && ![
                "publish_oauth_client",
                "create_client_secret",
                "search_scim",
                "send_scim_bulk",
                "resend_delivery",
                "post_userinfo",
            ]
            .contains(&operation),
        "{operation}"
    );
    let confirmed = match operation {
        "delete_oauth_client" => Some(("qlik-confirm-delete", id)),
        "deactivate_tenant" | "reactivate_tenant" => Some(("qlik-confirm-hostname", hostname)),
        _ => None,
    };
    Request { method: method.to_owned(), path, body, confirmed }
}

/// A webhook of the tenant, the only one: there may not be many.
fn webhook(admin: &Client, name: &str) -> String {
    for webhook in admin.get("/api/v1/webhooks?limit=100").expect(200)["data"].as_array().unwrap() {
        admin.delete(&format!("/api/v1/webhooks/{}", webhook["id"].as_str().unwrap())).expect(204);
    }
    let types = ["com.qlik.core.role.created"];
    let new = json!({"name": name, "url": "http://localhost:1/", "eventTypes": types});
    let made = admin.post("/api/v1/webhooks", new);
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Something that was sent to a webhook, which is off from then on.
fn delivery(server: &Server, webhook: &str) -> String {
    let (admin, path) = (server.admin(), format!("/api/v1/webhooks/{webhook}"));
    admin.replace(&path, "/enabled", true).expect(204);
    admin.make_role(&format!("for {webhook}"), &[]);
    let delivery = first_delivery(&admin, &path);
    admin.replace(&path, "/enabled", false).expect(204);
    delivery
}

/// What is sent with a request, if anything is.
fn body(server: &Server, operation: &str, (name, hostname): (&str, &str), n: usize) -> Option<Value> {
    let admin = server.admin();
    let tenant = server.tenants[0].tenant.to_string();
    match operation {
        "create_role" | "create_group" | "create_web_integration" => Some(json!({ "name": name })),
        "create_tenant" => Some(new_tenant(hostname)),
        "deactivate_tenant" | "reactivate_tenant" | "log_in_by_token" => Some(json!({})),
        "create_user" => Some(json!({ "subject": name })),
        "create_webhook" | "put_webhook" => Some(json!({"name": name, "url": "https://hook.example/"})),
        "patch_webhook" => Some(json!([{"op": "replace", "path": "/name", "value": "other"}])),
        "create_space" => Some(json!({"name": name, "type": "shared"})),
        "create_space_assignment" => {
            Some(json!({"type": "user", "assigneeId": server.user().id(), "roles": ["consumer"]}))
        }
        "put_space_assignment" => Some(json!({"roles": ["producer"]})),
        "assign_to_user" => Some(json!({"role": {"name": "Steward"}, "expiresAt": "2099-01-01T00:00:00Z"})),
        "create_identity_provider" => Some(json!({"protocol": "jwtAuth", "provider": "external",
            "options": {"issuer": format!("https://new.example/{n}"), "staticKeys": [{"kid": "k", "pem": RSA_PUBLIC}]}})),
        "patch_identity_provider" => {
            Some(json!([{"op": "replace", "path": "/description", "value": "other"}]))
        }
        "patch_auth_settings" => {
            Some(json!([{"op": "replace", "path": "/userSessionInactivityTimeoutMinutes", "value": 60}]))
        }
        "decide_authorize" => Some(json!("client_id=x&csrf=x&decision=allow")),
        "invite_users" => Some(json!({"invitees": [{"email": format!("{n}@new.example")}]})),
        "accept_invitation" => Some(json!("token=none&password=long-enough-for-all")),
        "log_in_by_password" => Some(json!("username=nobody&password=wrong")),
        "create_oauth_client" => Some(json!({"appType": "web", "clientName": name})),
        "patch_oauth_client" => Some(json!([{"op": "replace", "path": "/clientName", "value": name}])),
        "patch_connection_config" => {
            Some(json!([{"op": "replace", "path": "/consentMethod", "value": "trusted"}]))
        }
        "issue_token" => Some(program_of(&admin, &json!({})).asks(&json!({}))),
        "revoke_token" => Some(program_of(&admin, &json!({})).asks(&json!({"token": "x"}))),
        "create_api_key" | "put_space" => Some(json!({ "description": name })),
        "patch_role"
        | "patch_user"
        | "patch_group"
        | "patch_tenant"
        | "patch_web_integration"
        | "patch_space" => {
            Some(json!([{"op": "replace", "path": "/name", "value": format!("{name} renamed")}]))
        }
        "patch_api_key" => Some(json!([{"op": "replace", "path": "/description", "value": "other"}])),
        "patch_api_key_settings" => {
            Some(json!([{"op": "replace", "path": "/max_keys_per_user", "value": 1000}]))
        }
        "patch_group_settings" => {
            Some(json!([{"op": "replace", "path": "/autoCreateGroups", "value": true}]))
        }
        "put_license_settings" => Some(json!({"autoAssignProfessional": true})),
        "add_assignments" => Some(json!({"add": [{"subject": name, "type": "analyzer"}]})),
        "delete_assignments" => Some(json!({"delete": []})),
        "update_assignments" => Some(json!({"update": []})),
        "try_changes" => {
            let body = json!([{"op": "replace", "path": "/autoCreateGroups", "value": true}]);
            Some(json!({"changes": [{"method": "PATCH", "path": "/api/v1/groups/settings", "body": body}]}))
        }
        "evaluate" | "evaluate_all" | "search_subjects" | "search_resources" | "search_actions" => {
            let tenant = json!({"type": "tenant", "id": tenant});
            let ada = json!({"type": "email", "id": "ada@acme.example"});
            Some(json!({"subject": ada, "action": {"name": "notes"}, "resource": tenant}))
        }
        _ => scim_body(operation, name),
    }
}

/// What a program that provisions users asks for.
fn scim_id(admin: &Client, kind: &str, name: &str) -> String {
    match kind {
        "Schemas" => "urn:ietf:params:scim:schemas:core:2.0:User".to_owned(),
        "ResourceTypes" => "User".to_owned(),
        "Groups" => {
            let made = admin.post("/api/v1/groups", json!({ "name": name }));
            made.expect(201)["id"].as_str().unwrap().to_owned()
        }
        other => panic!("what is `{{id}}` in {other}?"),
    }
}

/// What a program that provisions users sends.
fn scim_body(operation: &str, name: &str) -> Option<Value> {
    match operation {
        "create_scim_user" | "put_scim_user" => {
            Some(json!({"userName": name, "externalId": format!("{name} x")}))
        }
        "create_scim_group" | "put_scim_group" => {
            Some(json!({"displayName": format!("{name} by a program")}))
        }
        "patch_scim_user" | "patch_scim_group" => {
            let value = format!("{name} renamed");
            Some(json!({"Operations": [{"op": "replace", "path": "displayName", "value": value}]}))
        }
        _ => None,
    }
}

/// A tenant that an operator has made and ended.
fn ended_tenant(server: &Server, hostname: &str) -> String {
    let operator = Operator::of(server).client(server);
    let made = operator.post(TENANTS, new_tenant(hostname));
    let id = made.expect(201)["id"].as_str().unwrap().to_owned();
    act(&operator, &id, "deactivate", hostname, json!({})).expect(200);
    id
}

/// A token of the plain user.
fn owner_token(server: &Server) {
    let trusted = json!({"allowedGrantTypes": ["urn:qlik:oauth:user-impersonation"], "connectionConfig": {"consentMethod": "trusted"}});
    let owner = json!({"field": "userId", "value": server.user().id()});
    let program = program_of(&server.admin(), &trusted);
    program.token(server, &json!({"grant_type": "urn:qlik:oauth:user-impersonation", "user_lookup": owner}));
}

fn kinds(server: &Server) -> Vec<(&'static str, Client)> {
    let admin = server.admin();
    admin.make_role("Origins", &["admin.csp"]);
    admin.make_role("Evaluator", &["access:evaluate"]);
    let group = admin.make_group("Administrators");
    admin
        .replace(&format!("/api/v1/groups/{group}"), "/assignedRoles", json!([{"name": "TenantAdmin"}]))
        .expect(204);
    let (id, by_group) = server.user_with("by group", &[]);
    admin.op(&format!("/api/v1/users/{id}"), "add", "/assignedGroups/-", group).expect(204);
    let (id, disabled) = server.user_with("disabled", &["TenantAdmin"]);
    admin.replace(&format!("/api/v1/users/{id}"), "/status", "disabled").expect(204);
    vec![
        ("anonymous", server.anonymous()),
        ("disabled-admin", disabled),
        ("other-host", admin.header("host", "globex.localhost")),
        ("bare-user", server.user_with("bare", &[]).1),
        ("key-maker", server.user_with("maker", &["Key maker"]).1),
        ("custom-admin-role", server.user_with("origins", &["Origins"]).1),
        ("evaluator", server.user_with("evaluator", &["Evaluator"]).1),
        ("AuditAdmin", server.user_with("audit", &["AuditAdmin"]).1),
        ("AnalyticsAdmin", server.user_with("analytics", &["AnalyticsAdmin"]).1),
        ("DataAdmin", server.user_with("data", &["DataAdmin"]).1),
        ("TenantAdmin", server.user_with("second", &["TenantAdmin"]).1),
        ("TenantAdmin-by-group", by_group),
        ("owner", server.user()),
        ("scim-client", program(server, &admin, "https://scim.example").1),
        ("operator", Operator::of(server).client(server)),
    ]
}

#[test]
fn the_table_holds() {
    let server = Server::start();
    let tenant = server.tenants[0].tenant;
    server
        .admin()
        .replace(&format!("/api/v1/api-keys/configs/{tenant}"), "/max_keys_per_user", 1000)
        .expect(204);
    let kinds = kinds(&server);
    let mut table = String::from(
        "Who may do what: the status each kind of caller gets for each operation, all else being right.\n\
         \"owner\" is the plain user whose API keys the operations on keys concern, \"scim-client\" a program that provisions users,\n\
         \"operator\" is in no tenant.\n\n",
    );
    let width = operations().iter().map(|(name, ..)| name.len()).max().unwrap();
    let header: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
    writeln!(table, "{:width$}  {}", "operation", header.join("  ")).unwrap();
    for (operation, method, template) in operations() {
        write!(table, "{operation:width$}").unwrap();
        for (n, (kind, client)) in kinds.iter().enumerate() {
            let Request { method, path, body, confirmed } =
                request(&server, &operation, &method, &template, n);
            let body = sent(body.as_ref());
            let body = body.as_ref().map(|(media_type, text)| (*media_type, text.as_bytes()));
            let client =
                confirmed.map_or_else(|| client.clone(), |(name, value)| client.header(name, &value));
            write!(table, "  {:<1$}", client.send(&method, &path, body).status, kind.len()).unwrap();
        }
        table.truncate(table.trim_end().len());
        table.push('\n');
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/permissions.txt");
    if std::env::var_os("ROLECALL_GENERATE").is_some() {
        fs::write(file, &table).unwrap();
    }
    assert_eq!(fs::read_to_string(file).unwrap_or_default(), table, "see permissions.txt");
}
