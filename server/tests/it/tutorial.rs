//! A tenant is set up and entered in the order of calls of the vendor's platform-operations tutorials: the token of a machine
//! client, who it is, settings of groups and licences, an identity provider, spaces, a login by a signed token with groups,
//! these groups, their assignment to the spaces, and the end of the temporary user.

use serde_json::json;

use crate::{
    harness::Server,
    logins::{RSA_PUBLIC, claims, jwt_provider, logged_in, visitor},
    oauth::{TOKEN, program},
};

#[test]
fn a_tenant_is_set_up_as_the_tutorials_do_it() {
    let server = Server::start();
    let machine = program(&server, &json!({"clientName": "Platform operations"}));
    // The token of a machine client, and who it is.
    let asked =
        json!({"client_id": machine.id, "client_secret": machine.secret, "grant_type": "client_credentials"});
    let token = visitor(&server).post(TOKEN, asked);
    let operator = server.client(token.expect(200)["access_token"].as_str().unwrap());
    let operator = operator.header("host", "acme.localhost");
    let me = operator.get("/api/v1/users/me");
    assert_eq!(me.expect(200)["subject"], format!("qlikbot\\{}", machine.id));
    assert_eq!(me.body["assignedRoles"][0]["name"], "TenantAdmin");
    // Groups are made at login, and licences given.
    let settings = json!([
        {"op": "replace", "path": "/autoCreateGroups", "value": true},
        {"op": "replace", "path": "/syncIdpGroups", "value": true},
        {"op": "replace", "path": "/systemGroups/000000000000000000000001/assignedRoles", "value": []}]);
    operator.patch("/api/v1/groups/settings", settings).expect(204);
    let licenses = json!({"autoAssignAnalyzer": true, "autoAssignProfessional": false});
    operator.put("/api/v1/licenses/settings", licenses).expect(200);
    // Who says who somebody is.
    let provider = jwt_provider(&operator, "https://idp.example", "portal-key", RSA_PUBLIC);
    // Spaces.
    let space = |name: &str, kind: &str| {
        let made = operator.post("/api/v1/spaces", json!({"name": name, "type": kind, "description": ""}));
        made.expect(201)["id"].as_str().unwrap().to_owned()
    };
    let (dev, prod) = (space("Dev", "shared"), space("Prod", "managed"));
    // A temporary user logs in, so that the groups are there.
    let groups = json!({"groups": ["Analytics Consumer", "Analytics Developer"]});
    let temporary = logged_in(&server, "temporary", &groups);
    assert!(claims("x", &groups)["groups"].is_array());
    assert_eq!(temporary.get("/api/v1/roles").status, 403);
    assert_eq!(temporary.get(&format!("/api/v1/spaces/{dev}")).status, 404, "not yet");
    let group = |name: &str| operator.find("/api/v1/groups", name);
    let (consumers, developers) = (group("Analytics Consumer"), group("Analytics Developer"));
    // The groups are let into the spaces.
    for (space, group, roles) in [
        (&dev, &developers, json!(["consumer", "dataconsumer", "facilitator", "producer"])),
        (&prod, &consumers, json!(["consumer"])),
        (&prod, &developers, json!(["consumer", "dataconsumer", "facilitator", "publisher"])),
    ] {
        let assignment = json!({"type": "group", "assigneeId": group, "roles": roles});
        let path = format!("/api/v1/spaces/{space}/assignments");
        operator.post(&path, assignment.clone()).expect(201);
        operator.post(&path, assignment).expect(409);
    }
    let seen = temporary.get(&format!("/api/v1/spaces/{prod}"));
    assert_eq!(
        seen.expect(200)["meta"]["roles"],
        json!(["consumer", "dataconsumer", "facilitator", "publisher"])
    );
    // The temporary user goes, the groups stay and let in whoever has them.
    operator.delete(&format!("/api/v1/users/{}", temporary.id())).expect(204);
    assert_eq!(temporary.get("/api/v1/users/me").status, 401);
    let consumer = logged_in(&server, "consumer", &json!({"groups": ["Analytics Consumer"]}));
    consumer.get(&format!("/api/v1/spaces/{prod}")).expect(200);
    assert_eq!(consumer.get(&format!("/api/v1/spaces/{dev}")).status, 404);
    operator.delete(&format!("/api/v1/identity-providers/{provider}")).expect(204);
}
