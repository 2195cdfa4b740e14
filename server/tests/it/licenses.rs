//! Licences: reference/rest-api.md §12, reference/access-control.md §7.

use serde_json::{Value, json};

use crate::harness::{Server, names};

const ASSIGNMENTS: &str = "/api/v1/licenses/assignments";

#[test]
fn settings_are_seen_and_set() {
    let server = Server::start();
    let path = "/api/v1/licenses/settings";
    let fresh = json!({"autoAssignProfessional": true, "autoAssignAnalyzer": false});
    assert_eq!(server.admin().get(path).expect(200), &fresh);
    let set = server.admin().put(path, json!({"autoAssignAnalyzer": true}));
    assert_eq!(set.expect(200), &json!({"autoAssignProfessional": true, "autoAssignAnalyzer": true}));
    assert_eq!(server.admin().get(path).expect(200), &set.body);
    let wrong = server.admin().put(path, json!({"autoAssignAnalyzer": "yes"}));
    wrong.refused(400, "HTTP-400");
    assert!(wrong.body["error"].is_string() && wrong.body["message"].is_string(), "the deprecated members");
    server.user().get(path).refused(403, "HTTP-403");
}

/// The flags act when a user becomes Professional (reference/access-control.md §4a), once, and only as they stand then.
#[test]
fn who_becomes_professional_is_assigned_roles() {
    let server = Server::start();
    let admin = server.admin();
    admin.put("/api/v1/licenses/settings", json!({"autoAssignProfessional": false})).expect(200);
    let tenant = format!("/api/v1/tenants/{}", server.tenants[0].tenant);
    admin.replace(&tenant, "/autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals", false).expect(204);
    let user = format!("/api/v1/users/{}", admin.make_user("late"));
    let held = || {
        let read = admin.get(&user);
        let mut held: Vec<String> =
            names(&read.expect(200)["assignedRoles"]).into_iter().map(str::to_owned).collect();
        held.sort_unstable();
        held
    };
    let entitle = |action: &str, item: Value| {
        admin.post(&format!("{ASSIGNMENTS}/actions/{action}"), json!({ action: [item] })).expect(207);
    };
    assert!(held().is_empty());
    entitle("add", json!({"subject": "late", "type": "analyzer"}));
    assert!(held().is_empty(), "nobody but professionals");
    entitle("update", json!({"subject": "late", "type": "professional"}));
    let assigned = held();
    assert!(assigned.contains(&"SharedSpaceCreator".to_owned()), "{assigned:?}");
    assert!(
        !assigned.contains(&"PrivateAnalyticsContentCreator".to_owned()),
        "its flag is off: {assigned:?}"
    );
    admin.replace(&user, "/assignedRoles", json!([])).expect(204);
    entitle("add", json!({"subject": "late", "type": "professional"}));
    assert!(held().is_empty(), "who is professional already does not become it");
}

#[test]
fn assignments_are_added_changed_and_removed_each_for_itself() {
    let server = Server::start();
    let action = |name: &str, body: Value| {
        let done = server.admin().post(&format!("{ASSIGNMENTS}/actions/{name}"), body);
        done.expect(207)["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["status"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let add = json!({"add": [{"subject": "a", "type": "professional"}, {"subject": "b", "type": "analyzer"}, {"subject": "a", "type": "analyzer"}]});
    assert_eq!(action("add", add), [201, 201, 200]);
    let update = json!({"update": [
        {"subject": "a", "sourceType": "analyzer", "type": "professional"},
        {"subject": "b", "sourceType": "professional", "type": "analyzer"},
        {"subject": "c", "sourceSubject": "b"},
        {"subject": "nobody", "type": "analyzer"},
    ]});
    assert_eq!(action("update", update), [200, 404, 201, 404]);
    let delete = json!({"delete": [{"subject": "a", "type": "analyzer"}, {"subject": "a", "type": "professional"}, {"subject": "b", "type": "analyzer"}]});
    assert_eq!(action("delete", delete), [404, 200, 404]);
    let listed = server.admin().get(&format!("{ASSIGNMENTS}?orphans=true"));
    let left = &listed.expect(200)["data"];
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(
        (&left[0]["subject"], &left[0]["type"], &left[0]["excess"]),
        (&"c".into(), &"analyzer".into(), &false.into())
    );
    let missing = server.admin().post(
        &format!("{ASSIGNMENTS}/actions/delete"),
        json!({"delete": [{"subject": "x", "type": "analyzer"}]}),
    );
    let item = &missing.expect(207)["data"][0];
    assert_eq!((&item["code"], &item["title"]), (&"LICENSES-016".into(), &"Assignment not found.".into()));
}

#[test]
fn what_cannot_be_an_assignment_changes_nothing() {
    let server = Server::start();
    for (name, body, place) in [
        (
            "add",
            json!({"add": [{"subject": "a", "type": "professional"}, {"subject": "b", "type": "boss"}]}),
            "/add/1/type",
        ),
        ("add", json!({"add": [{"subject": "", "type": "professional"}]}), "/add/0/subject"),
        ("add", json!({"add": [{"type": "professional"}]}), "/add/0"),
        ("add", json!({}), ""),
        ("delete", json!({"delete": [{"subject": "a", "type": "boss"}]}), "/delete/0/type"),
        ("update", json!({"update": vec![json!({"subject": "a"}); 101]}), "/update"),
    ] {
        let done = server.admin().post(&format!("{ASSIGNMENTS}/actions/{name}"), body.clone());
        done.refused(400, "HTTP-400");
        assert_eq!(done.place(), place, "{body}");
    }
    let listed = server.admin().get(&format!("{ASSIGNMENTS}?filter=subject+eq+%22a%22"));
    assert_eq!(listed.expect(200)["data"], json!([]));
}

#[test]
fn new_users_are_listed_with_what_they_were_given() {
    let server = Server::start();
    let listed =
        server.admin().get(&format!("{ASSIGNMENTS}?limit=3&sort=-subject&filter=type+eq+%22professional%22"));
    let subjects = |page: &Value| {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["subject"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        subjects(listed.expect(200)),
        ["acme\\uma@acme.example", "acme\\dan@acme.example", "acme\\chloe@acme.example"]
    );
    let next = listed.body["links"]["next"]["href"].as_str().unwrap();
    assert!(next.contains("page="));
    let second = server.admin().get(next);
    assert_eq!(subjects(second.expect(200)), ["acme\\ben@acme.example", "acme\\ada@acme.example"]);
    let back = server.admin().get(second.body["links"]["prev"]["href"].as_str().unwrap());
    assert_eq!(back.expect(200)["data"], listed.body["data"]);
    server.admin().get(&format!("{ASSIGNMENTS}?page=x")).refused(400, "HTTP-400");
}

/// Nothing runs out; what is used is counted.
#[test]
fn what_is_used_is_shown() {
    let server = Server::start();
    let overview = server.admin().get("/api/v1/licenses/overview");
    let used = |overview: &Value| {
        let allotments = overview["allotments"].as_array().unwrap().clone();
        allotments.iter().map(|one| (one["name"].clone(), one["unitsUsed"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(
        used(overview.expect(200)),
        [("professional".into(), 5.into()), ("analyzer".into(), 0.into())]
    );
    assert_eq!(
        (&overview.body["status"], &overview.body["allotments"][0]["overage"]),
        (&"Ok".into(), &(-1).into())
    );
    server.user().get("/api/v1/licenses/overview").refused(403, "HTTP-403");
    let status = server.user().get("/api/v1/licenses/status");
    assert_eq!((&status.expect(200)["status"], &status.body["deactivated"]), (&"Ok".into(), &false.into()));
}
