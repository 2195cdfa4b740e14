//! Groups: reference/access-control.md §6, §8 and reference/rest-api.md §4.

use serde_json::{Value, json};

use crate::harness::{Server, names};

const GROUPS: &str = "/api/v1/groups";
const EVERYONE: &str = "/api/v1/groups/000000000000000000000001";

#[test]
fn a_group_is_made_with_its_documented_members() {
    let server = Server::start();
    let made = server.admin().post(
        GROUPS,
        json!({"name": "Team", "description": "d", "providerType": "custom", "status": "active", "assignedRoles": [{"name": "Steward"}]}),
    );
    let group = made.expect(201);
    assert_eq!(
        (&group["providerType"], &group["status"], &group["description"]),
        (&"custom".into(), &"active".into(), &"d".into())
    );
    assert_eq!(names(&group["assignedRoles"]), ["Steward"]);
    assert_eq!(group["createdBy"], server.admin().id().as_str());
    assert_eq!(made.headers["location"], group["links"]["self"]["href"].as_str().unwrap());
    let idp = server.admin().post(GROUPS, json!({"name": "Team"}));
    assert_eq!(idp.expect(201)["providerType"], "idp", "the default, with a name space of its own");
}

#[test]
fn a_group_that_cannot_be_made_is_not() {
    let server = Server::start();
    server.admin().make_group("Team");
    let many: Vec<_> = (0..101).map(|n| json!({"name": format!("R{n}")})).collect();
    for n in 0..101 {
        server.admin().make_role(&format!("R{n}"), &[]);
    }
    for (new, status, place) in [
        (json!({"name": "Team", "providerType": "custom"}), 409, "/name"),
        (json!({"name": "com.qlik.Everyone"}), 400, "/name"),
        (json!({"name": "Com.Qlik.Everyone", "providerType": "custom"}), 400, "/name"),
        (json!({"name": ""}), 400, "/name"),
        (json!({"name": "x".repeat(257)}), 400, "/name"),
        (json!({"name": "x", "status": "disabled"}), 400, "/status"),
        (json!({"name": "x", "providerType": "system"}), 400, "/providerType"),
        (json!({"name": "x", "assignedRoles": [{"name": "Nobody"}]}), 400, "/assignedRoles/0"),
        (json!({"name": "x", "assignedRoles": many}), 400, "/assignedRoles"),
    ] {
        let made = server.admin().post(GROUPS, new.clone());
        made.expect(status);
        assert_eq!(made.place(), place, "{new}");
    }
    server.admin().post(GROUPS, json!({"name": "x".repeat(256), "assignedRoles": many[..100]})).expect(201);
    server.admin().post(GROUPS, json!({"name": "team", "providerType": "custom"})).expect(201);
}

#[test]
fn a_group_is_patched_by_paths_with_and_without_a_slash() {
    let server = Server::start();
    let path = format!("{GROUPS}/{}", server.admin().make_group("Team"));
    for (pointer, value) in [
        ("assignedRoles", json!([{"name": "Steward"}])),
        ("/assignedRoles", json!([{"name": "DataAdmin"}])),
        ("name", json!("Crew")),
        ("/description", json!("about")),
    ] {
        server.admin().replace(&path, pointer, value).expect(204);
    }
    let group = server.admin().get(&path);
    assert_eq!((&group.expect(200)["name"], &group.body["description"]), (&"Crew".into(), &"about".into()));
    assert_eq!(names(&group.body["assignedRoles"]), ["DataAdmin"]);
    server.admin().op(&path, "add", "/assignedRoles", json!({"name": "Steward"})).refused(400, "GROUPS-10");
    server.admin().replace(&path, "/status", "disabled").refused(400, "GROUPS-10");
    server.admin().replace(&path, "/name", "Analysts").expect(409);
}

/// The contract only replaces; single roles are ours, so that two who change a group lose nothing of each other.
#[test]
fn one_role_is_added_and_taken() {
    let server = Server::start();
    let path = format!("{GROUPS}/{}", server.admin().make_group("Team"));
    let roles = || names(&server.admin().get(&path).expect(200)["assignedRoles"]).join(",");
    let one = |op: &str, pointer: &str, role: Value| server.admin().op(&path, op, pointer, role);
    for (role, then) in
        [("Steward", "Steward"), ("DataAdmin", "Steward,DataAdmin"), ("Steward", "Steward,DataAdmin")]
    {
        one("add", "/assignedRoles/-", json!({"name": role})).expect(204);
        assert_eq!(roles(), then);
    }
    one("add", "/assignedRoles/-", json!({"name": "Nobody"})).refused(400, "GROUPS-10");
    one("add", "/assignedRoles/-", json!({"name": "UserDefault"})).refused(400, "GROUPS-10");
    one("add", "/assignedRoles/-", json!([{"name": "AuditAdmin"}])).refused(400, "GROUPS-10");
    one("remove-value", "/assignedRoles", json!({"name": "Steward"})).expect(204);
    one("remove-value", "/assignedRoles", json!({"name": "AuditAdmin"})).expect(204);
    assert_eq!(roles(), "DataAdmin");
    server.admin().op(EVERYONE, "add", "/assignedRoles/-", json!({"name": "Steward"})).expect(204);
}

#[test]
fn only_the_roles_of_other_groups_are_patched() {
    let server = Server::start();
    let idp = server.admin().post(GROUPS, json!({"name": "Claimed"})).expect(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for path in [format!("{GROUPS}/{idp}"), EVERYONE.to_owned()] {
        server.admin().replace(&path, "/assignedRoles", json!([{"name": "Steward"}])).expect(204);
        server.admin().replace(&path, "/name", "x").refused(400, "GROUPS-10");
        server.admin().replace(&path, "/description", "x").refused(400, "GROUPS-10");
    }
    server.admin().replace(EVERYONE, "/enabled", false).refused(400, "GROUPS-10");
}

#[test]
fn a_group_is_deleted_when_it_may_be() {
    let server = Server::start();
    let analysts = format!("{GROUPS}/{}", server.admin().find(GROUPS, "Analysts"));
    server.admin().delete(&analysts).refused(403, "HTTP-403");
    server.admin().delete(EVERYONE).refused(403, "HTTP-403");
    let empty = format!("{GROUPS}/{}", server.admin().make_group("Empty"));
    server.admin().delete(&empty).expect(204);
    server.admin().get(&empty).refused(404, "GROUPS-7");
    server.admin().delete(&empty).refused(404, "GROUPS-7");
    for member in ["Uma User", "Ben Berg"] {
        let path = format!("/api/v1/users/{}", server.admin().find("/api/v1/users", member));
        server.admin().replace(&path, "/assignedGroups", json!([])).expect(204);
    }
    server.admin().delete(&analysts).expect(204);
}

#[test]
fn system_groups_are_listed_by_themselves() {
    let server = Server::start();
    let listed = server.admin().get(GROUPS);
    assert_eq!(listed.names(), ["Analysts", "Data science"]);
    let system = server.admin().get("/api/v1/groups?systemGroups=True");
    assert_eq!(system.names(), ["com.qlik.Everyone"]);
    assert!(system.body["data"][0].get("providerType").is_none());
    for other in ["limit=5", "filter=name+pr", "sort=name", "totalResults=true"] {
        server.admin().get(&format!("{GROUPS}?systemGroups=true&{other}")).refused(400, "HTTP-400");
    }
    server.admin().get("/api/v1/groups?systemGroups=false&limit=5").expect(200);
}

#[test]
fn roles_of_groups_are_seen_by_administrators_only() {
    let server = Server::start();
    let group = format!("{GROUPS}/{}", server.admin().find(GROUPS, "Analysts"));
    assert!(server.user().get(&group).expect(200).get("assignedRoles").is_none());
    assert!(server.user().get(GROUPS).expect(200)["data"][0].get("assignedRoles").is_none());
    assert!(server.admin().get(GROUPS).expect(200)["data"][0].get("assignedRoles").is_some());
    let filter = "filter=assignedRoles.name+eq+%22Report+exporter%22";
    assert_eq!(server.admin().get(&format!("{GROUPS}?{filter}")).names(), ["Analysts"]);
    server.user().get(&format!("{GROUPS}?{filter}")).refused(403, "HTTP-403");
    server.user().get("/api/v1/groups/settings").refused(403, "HTTP-403");
}

#[test]
fn settings_are_patched_whole_or_not_at_all() {
    let server = Server::start();
    let settings = "/api/v1/groups/settings";
    let both = |roles| {
        json!([
            {"op": "replace", "path": "/autoCreateGroups", "value": true},
            {"op": "replace", "path": "/syncIdpGroups", "value": false},
            {"op": "replace", "path": "/systemGroups/000000000000000000000001/assignedRoles", "value": roles},
        ])
    };
    server.admin().patch(settings, both(json!([{"name": "Nobody"}]))).refused(400, "GROUPS-10");
    assert_eq!(server.admin().get(settings).expect(200)["autoCreateGroups"], false);
    server.admin().patch(settings, both(json!([{"name": "Steward"}]))).expect(204);
    let now = server.admin().get(settings);
    assert_eq!(
        (&now.expect(200)["autoCreateGroups"], &now.body["syncIdpGroups"]),
        (&true.into(), &true.into())
    );
    let everyone = &now.body["systemGroups"]["000000000000000000000001"];
    assert_eq!(names(&everyone["assignedRoles"]), ["Steward"]);
    assert_eq!((&everyone["enabled"], &everyone["name"]), (&true.into(), &"com.qlik.Everyone".into()));
    server
        .admin()
        .replace(settings, "/systemGroups/000000000000000000000002/assignedRoles", json!([]))
        .refused(400, "GROUPS-10");
    server
        .admin()
        .replace(settings, "/systemGroups/000000000000000000000001/enabled", false)
        .refused(400, "GROUPS-10");
}

#[test]
fn a_filter_may_come_in_a_body() {
    let server = Server::start();
    let posted = server
        .admin()
        .post("/api/v1/groups/actions/filter?sort=-name", json!({"filter": "providerType eq \"custom\""}));
    assert_eq!(posted.names(), ["Data science", "Analysts"]);
    assert_eq!(server.user().send("POST", "/api/v1/groups/actions/filter", None).names().len(), 2);
}
