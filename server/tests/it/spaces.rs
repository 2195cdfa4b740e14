//! Spaces: reference/rest-api.md §11.

use rolecall_server::Budget;
use serde_json::{Value, json};

use crate::{
    harness::{Client, Server, Setup},
    oauth::program_of,
};

const SPACES: &str = "/api/v1/spaces";
const EVERYONE: (&str, &str) = ("group", "000000000000000000000001");

fn space(id: &str) -> String {
    format!("{SPACES}/{id}")
}

fn assignments(id: &str) -> String {
    format!("{SPACES}/{id}/assignments")
}

/// The words of a list in `meta`.
fn meta<'v>(space: &'v Value, member: &str) -> Vec<&'v str> {
    space["meta"][member].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn a_space_lives_from_its_making_to_its_end() {
    let server = Server::start();
    let uma = server.user();
    let made = uma.post(SPACES, json!({"name": "  Sales  2026", "type": "shared", "description": "d"}));
    let body = made.expect(201);
    let id = body["id"].as_str().unwrap();
    assert_eq!(
        (&body["name"], &body["type"], &body["description"], &body["ownerId"], &body["createdBy"]),
        (&"Sales 2026".into(), &"shared".into(), &"d".into(), &uma.id().into(), &uma.id().into())
    );
    let own = ["change_owner", "create", "read", "update", "delete", "link_environment", "restrict"];
    let roles = ["codeveloper", "consumer", "dataconsumer", "facilitator", "producer"];
    assert_eq!((meta(body, "actions"), meta(body, "roles")), (own.to_vec(), roles.to_vec()));
    assert_eq!(meta(body, "assignableRoles"), roles);
    assert_eq!(made.headers["location"], body["links"]["self"]["href"].as_str().unwrap());
    assert_eq!(
        uma.get(body["links"]["assignments"]["href"].as_str().unwrap()).expect(200)["data"],
        json!([])
    );
    assert_eq!(uma.get(&space(id)).expect(200), body);
    let patched = uma.patch(
        &space(id),
        json!([{"op": "replace", "path": "/name", "value": "Sales"}, {"op": "replace", "path": "/description", "value": "about"}]),
    );
    assert_eq!(
        (&patched.expect(200)["name"], &patched.body["description"]),
        (&"Sales".into(), &"about".into())
    );
    let put = uma.put(&space(id), json!({"name": "Market"}));
    assert_eq!((&put.expect(200)["name"], &put.body["description"]), (&"Market".into(), &"about".into()));
    let before = server.revision(0);
    uma.patch(&space(id), json!([])).expect(200);
    assert_eq!(server.revision(0), before, "nothing to do");
    uma.assign_in_space(id, EVERYONE, &["consumer"]);
    uma.delete(&space(id)).expect(204);
    uma.get(&space(id)).refused(404, "HTTP-404");
    uma.delete(&space(id)).refused(404, "HTTP-404");
    assert_eq!(uma.get("/api/v1/spaces/types").expect(200)["data"], json!(["shared", "managed", "data"]));
}

#[test]
fn a_space_that_cannot_be_made_is_not() {
    let server = Server::start();
    let (uma, admin) = (server.user(), server.admin());
    uma.make_space("Sales", "shared");
    for (new, status, place) in [
        (json!({"name": "SALES", "type": "shared"}), 409, "/name"),
        (json!({"name": "x", "type": "personal"}), 400, "/type"),
        (json!({"name": "x"}), 400, ""),
        (json!({"name": "a/b", "type": "shared"}), 400, "/name"),
        (json!({"name": "x".repeat(257), "type": "shared"}), 400, "/name"),
        (json!({"name": " ", "type": "shared"}), 400, "/name"),
        (json!({"name": "x", "type": "managed"}), 403, "/type"),
        (json!({"name": "x", "type": "data"}), 403, "/type"),
    ] {
        let made = uma.post(SPACES, new.clone());
        made.expect(status);
        assert_eq!(made.place(), place, "{new}");
        let (item, body) = (&made.body["errors"][0], &made.body);
        assert!(item.get("status").is_none() && item.get("source").is_none());
        for copy in ["code", "title", "detail", "meta"] {
            assert_eq!(body[copy], item[copy], "{copy} stands beside the errors once more");
        }
        assert_eq!(body["source"], item["meta"]["source"]);
    }
    for kind in ["managed", "data"] {
        admin.make_space(kind, kind);
    }
    let (_, maker) = server.user_with("maker", &["ManagedSpaceCreator", "DataSpaceCreator"]);
    for kind in ["managed", "data"] {
        maker.make_space(&format!("another {kind}"), kind);
    }
    admin.replace("/api/v1/groups/000000000000000000000001", "/assignedRoles", json!([])).expect(204);
    maker.post(SPACES, json!({"name": "x", "type": "shared"})).refused(403, "HTTP-403");
}

#[test]
fn only_who_is_in_a_space_sees_it() {
    let server = Server::start();
    let uma = server.user();
    let id = uma.make_space("Sales", "shared");
    let (ben_id, ben) = server.user_with("ben", &[]);
    let (_, analytics) = server.user_with("analytics", &["AnalyticsAdmin"]);
    let sees = |client: &Client| client.get(&space(&id)).status;
    let listed = |client: &Client| client.get(SPACES).names().len();
    assert_eq!((sees(&ben), listed(&ben)), (404, 0));
    assert_eq!((sees(&server.admin()), listed(&server.admin())), (200, 1));
    assert_eq!((sees(&analytics), listed(&analytics)), (200, 1), "who administers spaces");
    for refused in [
        ben.replace(&space(&id), "/name", "x"),
        ben.delete(&space(&id)),
        ben.get(&assignments(&id)),
        ben.post(&assignments(&id), json!({"type": "user", "assigneeId": ben_id, "roles": ["facilitator"]})),
    ] {
        refused.refused(404, "HTTP-404");
    }
    let held = uma.assign_in_space(&id, ("user", &ben_id), &["consumer"]);
    assert_eq!((sees(&ben), listed(&ben)), (200, 1));
    assert_eq!(meta(&ben.get(&space(&id)).body, "actions"), ["read"]);
    for refused in [
        ben.replace(&space(&id), "/name", "x"),
        ben.delete(&space(&id)),
        ben.get(&assignments(&id)),
        ben.put(&format!("{}/{held}", assignments(&id)), json!({"roles": ["facilitator"]})),
    ] {
        refused.refused(403, "HTTP-403");
    }
    uma.delete(&format!("{}/{held}", assignments(&id))).expect(204);
    assert_eq!((sees(&ben), listed(&ben)), (404, 0));
    // By a group, as long as one is in it; by everybody's group.
    let admin = server.admin();
    let group = admin.make_group("Crew");
    let by_group = uma.assign_in_space(&id, ("group", &group), &["producer", "facilitator"]);
    assert_eq!(sees(&ben), 404);
    let user = format!("/api/v1/users/{ben_id}");
    admin.op(&user, "add", "/assignedGroups/-", group.clone()).expect(204);
    assert_eq!(meta(ben.get(&space(&id)).expect(200), "roles"), ["facilitator", "producer"]);
    ben.replace(&space(&id), "/name", "Ben's").expect(200);
    ben.replace(&space(&id), "/ownerId", ben_id.clone()).refused(403, "HTTP-403");
    admin.op(&user, "remove-value", "/assignedGroups", group).expect(204);
    assert_eq!(sees(&ben), 404);
    uma.delete(&format!("{}/{by_group}", assignments(&id))).expect(204);
    uma.assign_in_space(&id, EVERYONE, &["consumer"]);
    assert_eq!(sees(&ben), 200);
}

/// A token that reaches nothing of administrators administers no space, whoever its user is (threats T06).
#[test]
fn a_narrow_token_is_in_no_space_of_others() {
    let server = Server::start();
    let id = server.user().make_space("Sales", "shared");
    let program = program_of(&server.admin(), &json!({}));
    let [wide, narrow] = ["admin_classic user_default", "user_default"]
        .map(|scope| program.token(&server, &json!({ "scope": scope })));
    wide.get(&space(&id)).expect(200);
    narrow.get(&space(&id)).refused(404, "HTTP-404");
    assert_eq!(narrow.get(SPACES).names().len(), 0);
    narrow.delete(&space(&id)).refused(404, "HTTP-404");
    narrow.post(SPACES, json!({"name": "Own", "type": "shared"})).expect(201);
    wide.delete(&space(&id)).expect(204);
}

/// Nothing is done for who asks only what it would do.
#[test]
fn a_preview_makes_no_space() {
    let server = Server::start();
    let before = server.revision(0);
    let asks = server.user().header("prefer", "preview");
    asks.post(SPACES, json!({"name": "Sales", "type": "shared"})).expect(200);
    asks.post(SPACES, json!({"name": "Sales", "type": "data"})).expect(403);
    assert_eq!(server.revision(0), before);
}

#[test]
fn assignments_are_made_read_changed_and_taken() {
    let server = Server::start();
    let uma = server.user();
    let id = uma.make_space("Sales", "shared");
    let (ben_id, _) = server.user_with("ben", &[]);
    let place = assignments(&id);
    let new = json!({"type": "user", "assigneeId": ben_id, "roles": ["producer", "consumer", "consumer"]});
    let made = uma.post(&place, new.clone());
    let body = made.expect(201);
    assert_eq!(
        (&body["type"], &body["assigneeId"], &body["spaceId"]),
        (&"user".into(), &ben_id.clone().into(), &id.clone().into())
    );
    assert_eq!(body["roles"], json!(["consumer", "producer"]));
    let address = body["links"]["self"]["href"].as_str().unwrap();
    assert_eq!(made.headers["location"], address);
    assert!(body["links"]["space"]["href"].as_str().unwrap().ends_with(&space(&id)));
    assert_eq!(uma.get(address).expect(200), body);
    uma.post(&place, new).refused(409, "HTTP-409");
    for (new, status, place_of) in [
        (json!({"type": "user", "assigneeId": uma.id(), "roles": ["consumer"]}), 409, "/assigneeId"),
        (json!({"type": "user", "assigneeId": "0".repeat(24), "roles": ["consumer"]}), 400, "/assigneeId"),
        (json!({"type": "group", "assigneeId": ben_id, "roles": ["consumer"]}), 400, "/assigneeId"),
        (json!({"type": "bot", "assigneeId": ben_id, "roles": ["consumer"]}), 400, "/assigneeId"),
        (json!({"type": "link", "assigneeId": ben_id, "roles": ["consumer"]}), 400, "/type"),
        (json!({"type": "group", "assigneeId": EVERYONE.1, "roles": []}), 400, "/roles"),
        (
            json!({"type": "group", "assigneeId": EVERYONE.1, "roles": ["consumer", "publisher"]}),
            400,
            "/roles/1",
        ),
        (json!({"type": "group", "assigneeId": EVERYONE.1, "roles": ["boss"]}), 400, "/roles/0"),
    ] {
        let refused = uma.post(&place, new.clone());
        refused.expect(status);
        assert_eq!(refused.place(), place_of, "{new}");
    }
    let put = uma.put(address, json!({"roles": ["facilitator"]}));
    assert_eq!(put.expect(200)["roles"], json!(["facilitator"]));
    assert!(put.body["updatedAt"].as_str() > body["updatedAt"].as_str());
    assert_eq!(uma.put(address, json!({"roles": []})).expect(400)["code"], "HTTP-400");
    let other = uma.make_space("Other", "shared");
    let held = body["id"].as_str().unwrap();
    uma.get(&format!("{}/{held}", assignments(&other))).refused(404, "HTTP-404");
    uma.delete(&format!("{}/{held}", assignments(&other))).refused(404, "HTTP-404");
    uma.delete(address).expect(204);
    uma.get(address).refused(404, "HTTP-404");
}

#[test]
fn a_space_is_given_to_another_owner() {
    let server = Server::start();
    let uma = server.user();
    let id = uma.make_space("Sales", "shared");
    let (ben_id, ben) = server.user_with("ben", &[]);
    uma.assign_in_space(&id, ("user", &ben_id), &["consumer"]);
    let nobody = uma.replace(&space(&id), "/ownerId", "0".repeat(24));
    nobody.refused(400, "HTTP-400");
    assert_eq!(nobody.place(), "/0/value");
    assert_eq!(uma.put(&space(&id), json!({"ownerId": "x"})).place(), "/ownerId");
    assert_eq!(uma.put(&space(&id), json!({"ownerId": "0".repeat(24)})).place(), "/ownerId");
    uma.make_space("Taken", "shared");
    let taken = uma.put(&space(&id), json!({"name": "Taken"}));
    taken.refused(409, "HTTP-409");
    assert_eq!(taken.place(), "/name");
    let given = uma.put(&space(&id), json!({"ownerId": ben_id}));
    assert_eq!(given.expect(200)["ownerId"], ben_id.as_str());
    assert_eq!(given.body["meta"]["actions"], json!([]), "who gave it away has nothing left");
    uma.get(&space(&id)).refused(404, "HTTP-404");
    assert_eq!(ben.get(&assignments(&id)).expect(200)["meta"]["count"], 0, "an owner is not listed");
    // What was owned stays when its owner goes, without one.
    server.admin().delete(&format!("/api/v1/users/{ben_id}")).expect(204);
    assert!(server.admin().get(&space(&id)).expect(200).get("ownerId").is_none());
    assert_eq!(server.admin().get(&format!("{SPACES}?ownerId={ben_id}")).names().len(), 0);
}

/// With a user or a group go its roles in spaces.
#[test]
fn who_goes_leaves_no_assignment() {
    let server = Server::start();
    let admin = server.admin();
    let id = admin.make_space("Sales", "managed");
    let (ben_id, _) = server.user_with("ben", &[]);
    let group = admin.make_group("Crew");
    let program = program_of(&admin, &json!({}));
    let bot = program.token(&server, &json!({})).id();
    for assignee in [("user", &*ben_id), ("group", &*group), ("bot", &*bot)] {
        admin.assign_in_space(&id, assignee, &["publisher"]);
    }
    let count = || admin.get(&assignments(&id)).expect(200)["meta"]["count"].as_i64().unwrap();
    assert_eq!(count(), 3);
    for (kind, assignee) in [("user", &ben_id), ("group", &group), ("bot", &bot)] {
        let found = admin.get(&format!("{}?assigneeId={assignee}", assignments(&id)));
        assert_eq!(found.expect(200)["data"][0]["type"], kind);
        let found = admin.get(&format!("{}?type={kind}", assignments(&id)));
        assert_eq!(found.expect(200)["data"][0]["assigneeId"], assignee.as_str());
    }
    admin.delete(&format!("/api/v1/users/{ben_id}")).expect(204);
    admin.delete(&format!("/api/v1/groups/{group}")).expect(204);
    let confirmed = admin.header("qlik-confirm-delete", &program.id);
    confirmed.delete(&format!("/api/v1/oauth-clients/{}", program.id)).expect(204);
    assert_eq!(count(), 0);
}

#[test]
fn the_list_is_selected_sorted_and_paged() {
    let server = Server::start();
    let (uma, admin) = (server.user(), server.admin());
    for n in 0..12 {
        uma.make_space(&format!("Space {n:02}"), "shared");
    }
    let managed = admin.make_space("Managed Fin", "managed");
    let data = admin.make_space("data", "data");
    let first = admin.get(SPACES);
    assert_eq!((first.names().len(), &first.body["meta"]["count"]), (10, &14.into()));
    assert_eq!(first.names()[..3], ["data", "Managed Fin", "Space 00"], "by name, ten if not said otherwise");
    let second = admin.get(first.body["links"]["next"]["href"].as_str().unwrap());
    assert_eq!(second.names(), ["Space 08", "Space 09", "Space 10", "Space 11"]);
    let back = admin.get(second.body["links"]["prev"]["href"].as_str().unwrap());
    assert_eq!(back.names(), first.names());
    assert_eq!(first.body["meta"]["personalSpace"]["resourceType"], "personalspace");
    assert_eq!(uma.get(SPACES).expect(200)["meta"]["count"], 12);
    let names = |client: &Client, query: &str| client.get(&format!("{SPACES}?{query}")).names().join(",");
    assert_eq!(names(&admin, "name=FIN"), "Managed Fin");
    assert_eq!(names(&admin, "name=%25"), "", "no pattern");
    assert_eq!(names(&admin, "type=managed,data&sort=-name"), "Managed Fin,data");
    assert_eq!(names(&admin, "type=data,managed&sort=%2Btype"), "data,Managed Fin");
    assert_eq!(names(&admin, &format!("ownerId={}&sort=createdAt", admin.id())), "Managed Fin,data");
    assert_eq!(names(&admin, "roles=publisher"), "data,Managed Fin", "the owner has all roles");
    assert_eq!(names(&uma, "roles=publisher,facilitator&limit=1"), "Space 00");
    assert_eq!(names(&uma, "action=publish"), "");
    let uma_id = uma.id();
    admin.assign_in_space(&managed, ("user", &uma_id), &["publisher"]);
    admin.assign_in_space(&data, ("user", &uma_id), &["consumer"]);
    assert_eq!(names(&uma, "action=publish"), "Managed Fin");
    assert_eq!(names(&uma, "roles=consumer&type=data"), "data");
    assert_eq!(names(&admin, "environmentId=67f4fba37f7cbb2f04ce727a"), "");
    assert_eq!(names(&admin, "environment.name=&type=data"), "data", "all are in no environment");
    for wrong in
        ["limit=0", "limit=101", "type=personal", "roles=boss", "action=read", "sort=ownerId", "next=x"]
    {
        admin.get(&format!("{SPACES}?{wrong}")).refused(400, "HTTP-400");
    }
}

#[test]
fn services_ask_what_somebody_may_do_with_a_space() {
    let server = Server::start();
    let (uma, admin) = (server.user(), server.admin());
    let id = uma.make_space("Sales", "shared");
    let (ben_id, _) = server.user_with("ben", &[]);
    let ask = |subject: &str, action: &str, id: &str| {
        let question = json!({
            "subject": {"type": "user", "id": subject},
            "action": {"name": action},
            "resource": {"type": "space", "id": id},
        });
        admin.post("/access/v1/evaluation", question)
    };
    let code = |subject: &str, action: &str, id: &str| {
        let answer = ask(subject, action, id);
        let code = answer.expect(200)["context"]["code"].as_str().unwrap().to_owned();
        assert_eq!(answer.body["decision"], code == "granted");
        code
    };
    assert_eq!(code(&ben_id, "read", &id), "not-granted");
    let held = uma.assign_in_space(&id, ("user", &ben_id), &["producer"]);
    assert_eq!(code(&ben_id, "create", &id), "granted");
    let reason = ask(&ben_id, "create", &id).body["context"]["reason"].as_str().unwrap().to_owned();
    assert_eq!(reason, "granted by the role `producer` in the space");
    assert_eq!(code(&ben_id, "update", &id), "not-granted");
    assert_eq!(code(&ben_id, "fly", &id), "unknown-action");
    assert_eq!(code(&ben_id, "read", &"0".repeat(24)), "unknown-resource");
    assert_eq!(code(&uma.id(), "change_owner", &id), "granted");
    let search = |what: &str, mut question: Value| {
        for (member, value) in [
            ("subject", json!({"type": "user", "id": ben_id})),
            ("action", json!({"name": "create"})),
            ("resource", json!({"type": "space", "id": id})),
        ] {
            let question = question.as_object_mut().unwrap();
            question.entry(member).or_insert(value);
        }
        let found = admin.post(&format!("/access/v1/search/{what}"), question);
        let results = found.expect(200)["results"].as_array().unwrap().clone();
        let name = |item: &Value| item["id"].as_str().or(item["name"].as_str()).unwrap().to_owned();
        let mut names: Vec<String> = results.iter().map(name).collect();
        names.sort();
        names
    };
    let mut both = vec![ben_id.clone(), uma.id()];
    both.sort();
    assert_eq!(search("subject", json!({"subject": {"type": "user"}})), both);
    assert_eq!(search("resource", json!({"resource": {"type": "space"}})), [&*id]);
    assert_eq!(search("action", json!({})), ["create", "read"]);
    uma.delete(&format!("{}/{held}", assignments(&id))).expect(204);
    assert_eq!(code(&ben_id, "create", &id), "not-granted");
}

/// What is read from the database is what was written: the same spaces, owners and roles.
#[test]
fn what_is_read_anew_is_the_same() {
    // There is room for one tenant, so each is read anew once the other was asked for.
    let server = Server::with(Setup { snapshot_budget: Budget(1), ..Setup::default() });
    let uma = server.user();
    let id = uma.make_space("Sales", "shared");
    let (ben_id, ben) = server.user_with("ben", &[]);
    uma.assign_in_space(&id, ("user", &ben_id), &["producer", "dataconsumer"]);
    let seen = ben.get(&space(&id)).expect(200).clone();
    server.other_admin().id();
    assert_eq!(server.app.snapshots.get(server.tenants[0].tenant, server.app.clock.now()).map(drop), None);
    assert_eq!(*ben.get(&space(&id)).expect(200), seen);
    server.other_admin().id();
    uma.post(SPACES, json!({"name": "sALES", "type": "shared"})).refused(409, "HTTP-409");
}

/// What happened is told by events in the contract's style.
#[test]
fn changes_of_spaces_leave_audit_rows() {
    let server = Server::start();
    let uma = server.user();
    let id = uma.make_space("Sales", "shared");
    let held = uma.assign_in_space(&id, EVERYONE, &["consumer"]);
    uma.replace(&space(&id), "/name", "Market").expect(200);
    uma.put(&format!("{}/{held}", assignments(&id)), json!({"roles": ["producer"]})).expect(200);
    uma.delete(&format!("{}/{held}", assignments(&id))).expect(204);
    uma.delete(&space(&id)).expect(204);
    let rows = server.database.rows(
        "SELECT event_type, updates FROM audits WHERE event_type LIKE 'com.qlik.v1.space%' ORDER BY revision, ordinal",
    );
    let kind = |row: &Vec<Option<String>>| {
        row[0].as_ref().unwrap().trim_start_matches("com.qlik.v1.space.").to_owned()
    };
    let kinds: Vec<String> = rows.iter().map(kind).collect();
    let expected =
        ["created", "assignment.created", "updated", "assignment.updated", "assignment.deleted", "deleted"];
    assert_eq!(kinds, expected);
    let updates = |at: usize| serde_json::from_str::<Value>(rows[at][1].as_ref().unwrap()).unwrap();
    assert_eq!(updates(2), json!([{"path": "/name", "oldValue": "Sales", "newValue": "Market"}]));
    assert_eq!(updates(3), json!([{"path": "/roles", "oldValue": ["consumer"], "newValue": ["producer"]}]));
}
