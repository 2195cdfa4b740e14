//! Explanations: every way to a scope, what would take it away, who may, and what two users have in common.

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server};

const ACCESS: &str = "/rolecall/v1/access";

/// Ben is an analyst, who may export by a role of the group; Uma by the group and by a role of her own.
fn server() -> Server {
    let server = Server::start();
    let uma = format!("/api/v1/users/{}", server.user().id());
    server.admin().op(&uma, "add", "/assignedRoles/-", json!({"name": "Report exporter"})).expect(204);
    server
}

fn sources(answer: &Answer) -> Vec<&str> {
    answer.expect(200)["grants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|way| way["source"].as_str().unwrap())
        .collect()
}

fn people(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|holder| holder["user"]["name"].as_str().unwrap()).collect()
}

#[test]
fn every_way_is_told_and_what_ends_it() {
    let server = server();
    let explain =
        |user: &str, scope: &str| server.admin().get(&format!("{ACCESS}/explain?user={user}&scope={scope}"));
    let uma = explain("uma@acme.example", "apps.data:export");
    assert_eq!(sources(&uma), ["direct", "group"]);
    assert_eq!((&uma.body["decision"], &uma.body["code"]), (&json!(true), &json!("granted")));
    assert_eq!(uma.body["grants"][0]["remove"], "take the role `Report exporter` from the user");
    assert_eq!(uma.body["grants"][1]["group"]["name"], "Analysts");
    assert!(uma.body["grants"][1]["remove"].as_str().unwrap().contains("out of the group `Analysts`"));
    assert_eq!(sources(&explain("uma@acme.example", "notes")), ["user-default"]);
    assert_eq!(sources(&explain("uma@acme.example", "automations.private")), ["everyone"]);

    let missing = explain("ben@acme.example", "automl-models:approve");
    assert_eq!(sources(&missing), ["group"]);
    let denied = explain("uma@acme.example", "tenant:administer");
    assert_eq!((&denied.body["decision"], &denied.body["code"]), (&json!(false), &json!("not-granted")));
    assert_eq!(denied.body["missing"][0]["name"], "TenantAdmin");
    for (user, scope, code) in
        [("nobody", "notes", "unknown-user"), ("uma@acme.example", "no.such", "unknown-scope")]
    {
        assert_eq!(explain(user, scope).expect(200)["code"], code);
    }
    server.admin().get(&format!("{ACCESS}/explain")).refused(400, "HTTP-400");
}

/// A parent scope grants its children, and that is said.
#[test]
fn a_parent_scope_is_named() {
    let server = server();
    let made = server.admin().get("/rolecall/v1/scopes").expect(200)["data"].as_array().unwrap().clone();
    let child = made.iter().find(|scope| scope["parent"].is_string() && scope["customRole"] == true).unwrap();
    let (child, parent) = (child["name"].as_str().unwrap(), child["parent"].as_str().unwrap());
    server.admin().make_role("Parent", &[parent]);
    server.user_with("holder", &["Parent"]);
    let explained = server.admin().get(&format!("{ACCESS}/explain?user=holder&scope={child}"));
    let way = &explained.expect(200)["grants"]
        .as_array()
        .unwrap()
        .iter()
        .find(|way| way["role"]["name"] == "Parent")
        .unwrap()
        .clone();
    assert_eq!(way["parentScope"], parent);
}

#[test]
fn everybody_may_ask_about_oneself_only() {
    let server = server();
    let own = server.user().get(&format!("{ACCESS}/explain?scope=api-keys"));
    assert_eq!(own.expect(200)["decision"], true);
    let scopes = |answer: &Answer| {
        let scopes = answer.expect(200)["scopes"].as_array().unwrap().clone();
        scopes.iter().map(|scope| scope["scope"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let effective = scopes(&server.user().get(&format!("{ACCESS}/effective")));
    let me = server.user().get("/api/v1/users/me?fields=assignedScopes");
    let mut listed: Vec<String> = me.expect(200)["assignedScopes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| scope.as_str().unwrap().to_owned())
        .collect();
    listed.sort_unstable();
    assert_eq!(effective, listed);
    for path in [
        "explain?user=ada@acme.example&scope=notes",
        "effective?user=ada@acme.example",
        "explain?user=nobody&scope=notes",
    ] {
        server.user().get(&format!("{ACCESS}/{path}")).refused(403, "HTTP-403");
    }
    server.admin().get(&format!("{ACCESS}/effective?user=nobody")).refused(404, "HTTP-404");
    let refused = server.user().get("/api/v1/roles");
    assert!(
        refused.refused(403, "HTTP-403")["detail"]
            .as_str()
            .unwrap()
            .contains("no role of the user grants it")
    );
}

#[test]
fn who_can_and_who_has() {
    let server = server();
    let admin = server.admin();
    let list = |path: &str| admin.get(&format!("{ACCESS}/{path}")).expect(200).clone();
    let mut exporters = list("who-can?scope=apps.data:export&limit=100");
    let mut names = people(&exporters);
    names.sort_unstable();
    assert_eq!(names, ["Ben Berg", "Uma User"]);
    exporters = list("who-can?scope=apps.data:export&source=direct");
    assert_eq!(people(&exporters), ["Uma User"]);
    let role = admin.find("/api/v1/roles", "Report exporter");
    for path in
        [format!("holders?role={role}&source=group"), "holders?role=Report+exporter&source=group".into()]
    {
        let holders = list(&path);
        let mut names = people(&holders);
        names.sort_unstable();
        assert_eq!(names, ["Ben Berg", "Uma User"]);
        assert_eq!(holders["data"][0]["grants"].as_array().unwrap().len(), 1);
    }
    for wrong in [
        "who-can",
        "who-can?scope=no.such",
        "who-can?scope=notes&source=luck",
        "who-can?scope=notes&next=made-up",
        "who-can?scope=notes&limit=0",
        "holders?role=nobody",
    ] {
        admin.get(&format!("{ACCESS}/{wrong}")).refused(400, "HTTP-400");
    }
}

/// Page by page everybody is found once, and a cursor is good for its own list only.
#[test]
fn who_can_is_paged() {
    let server = server();
    let admin = server.admin();
    for n in 0..25 {
        admin.make_user(&format!("u{n}"));
    }
    let all = admin.get("/api/v1/users?limit=100&totalResults=true");
    let total = all.expect(200)["totalResults"].as_u64().unwrap();
    let (mut found, mut at) = (Vec::new(), format!("{ACCESS}/who-can?scope=notes&limit=4"));
    let mut first = None;
    loop {
        let page = admin.get(&at);
        found.extend(people(page.expect(200)).iter().map(ToString::to_string));
        let Some(next) = page.body["links"]["next"]["href"].as_str() else { break };
        at = next.to_owned();
        first.get_or_insert(at.clone());
    }
    let distinct: std::collections::BTreeSet<&String> = found.iter().collect();
    assert_eq!((found.len() as u64, distinct.len() as u64), (total, total));
    let other = first.unwrap().replace("scope=notes", "scope=api-keys");
    admin.get(&other).refused(400, "HTTP-400");
}

#[test]
fn two_users_are_compared() {
    let server = server();
    let compare = |client: &Client, user: &str, with: &str| {
        client.get(&format!("{ACCESS}/compare?user={user}&with={with}"))
    };
    let compared = compare(&server.admin(), "uma@acme.example", "ben@acme.example");
    let body = compared.expect(200);
    let names = |list: &Value| {
        list.as_array()
            .unwrap()
            .iter()
            .map(|scope| scope["scope"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&body["onlyUser"]), ["api-keys"]);
    assert!(names(&body["onlyWith"]).contains(&"automl-models:approve".to_owned()));
    assert!(body["both"].as_array().unwrap().contains(&"notes".into()));
    compare(&server.admin(), "uma@acme.example", "nobody").refused(400, "HTTP-400");
    compare(&server.user(), "uma@acme.example", "ben@acme.example").refused(403, "HTTP-403");
}
