//! Tenants: reference/rest-api.md §5.

use serde_json::json;

use crate::harness::Server;

#[test]
fn the_own_tenant_is_found_through_me() {
    let server = Server::start();
    let own = format!("/api/v1/tenants/{}", server.tenants[0].tenant);
    let me = server.user().get("/api/v1/tenants/me");
    me.expect(302);
    assert_eq!(me.headers["location"], format!("{}{own}", server.url()));
    let tenant = server.user().get(me.headers["location"].to_str().unwrap());
    assert_eq!(tenant.expect(200)["hostnames"], json!(["acme.localhost"]));
    assert_eq!(tenant.body["status"], "active");
    assert_eq!(tenant.body["links"]["self"]["href"], format!("{}{own}", server.url()));
}

#[test]
fn other_tenants_are_not_there() {
    let server = Server::start();
    for id in [server.tenants[1].tenant.to_string(), "x".repeat(32), "short".into()] {
        let path = format!("/api/v1/tenants/{id}");
        server.admin().get(&path).refused(404, "TENANTS-8");
        server.admin().replace(&path, "/name", "Mine").refused(404, "TENANTS-8");
    }
}

#[test]
fn a_tenant_is_patched_whole_or_not_at_all() {
    let server = Server::start();
    let path = format!("/api/v1/tenants/{}", server.tenants[0].tenant);
    let ops = |alias: &str| {
        json!([
            {"op": "replace", "path": "/name", "value": "Corp"},
            {"op": "replace", "path": "/enableAnalyticCreation", "value": true},
            {"op": "replace", "path": "/enableAppOpeningFeedback", "value": true},
            {"op": "replace", "path": "/hostnames/1", "value": alias},
        ])
    };
    for wrong in ["ab.localhost", "globex.localhost", "acme.localhost", "corp.example.com", "not a host", ""]
    {
        let refused = server.admin().patch(&path, ops(wrong));
        let error = refused.refused(400, "TENANTS-10");
        assert!(error["meta"]["title"].is_string());
        assert_eq!(refused.place(), "/3/value");
    }
    assert_eq!(server.admin().get(&path).expect(200)["name"], "Acme");
    server.admin().patch(&path, ops("Corp.localhost")).expect(204);
    let tenant = server.admin().get(&path);
    assert_eq!(tenant.expect(200)["name"], "Corp");
    assert_eq!(tenant.body["hostnames"], json!(["acme.localhost", "corp.localhost"]));
    assert_eq!(
        (&tenant.body["enableAnalyticCreation"], &tenant.body["enableAppOpeningFeedback"]),
        (&true.into(), &true.into())
    );
    server.admin().replace(&path, "/hostnames/1", "other.localhost").expect(204);
    assert_eq!(
        server.admin().get(&path).expect(200)["hostnames"],
        json!(["acme.localhost", "other.localhost"])
    );
    server.admin().replace(&path, "/hostnames/0", "new.localhost").refused(400, "TENANTS-10");
    server.admin().replace(&path, "/status", "disabled").refused(400, "TENANTS-10");
    server
        .admin()
        .replace(&path, "/autoAssignDataServicesContributorRoleToProfessionals", "yes")
        .refused(400, "TENANTS-10");
    server.user().replace(&path, "/name", "Mine").refused(403, "HTTP-403");
}
