//! Provisioning by SCIM (RFC 7643, RFC 7644): who may, and what becomes of users. Groups and the forms of patches have files of
//! their own.

mod groups;
mod patches;

use serde_json::{Value, json};

use crate::{
    harness::{Answer, Client, Server},
    logins::{PROVIDERS, RSA_PUBLIC, claims, jwt_provider, log_in, logged_in, signed},
};

const KEYS: &str = "/api/v1/api-keys";
const USERS: &str = "/scim/v2/Users";
const GROUPS: &str = "/scim/v2/Groups";

/// A key for programs of an identity provider; the answer with the token.
pub fn key_for(admin: &Client, provider: &str) -> Value {
    let new = json!({"description": "scim", "subType": "externalClient", "sub": format!("SCIM\\{provider}")});
    admin.post(KEYS, new).expect(201).clone()
}

/// A new identity provider, and a client with a key of its program.
pub fn program(server: &Server, admin: &Client, issuer: &str) -> (String, Client) {
    let provider = jwt_provider(admin, issuer, "portal-key", RSA_PUBLIC);
    let key = key_for(admin, &provider);
    (provider, server.client(key["token"].as_str().unwrap()))
}

fn with_program() -> (Server, String, Client) {
    let server = Server::start();
    let (provider, program) = program(&server, &server.admin(), "https://idp.example");
    (server, provider, program)
}

impl Answer {
    /// That the answer is an error of this status in the shape of SCIM, with this word.
    #[track_caller]
    fn scim_refused(&self, status: u16, kind: &str) -> &str {
        let body = self.expect(status);
        assert_eq!(self.headers["content-type"], "application/scim+json");
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        assert_eq!(body["status"], status.to_string());
        assert_eq!(body["scimType"].as_str().unwrap_or_default(), kind, "{}: {}", self.asked, self.text);
        body["detail"].as_str().unwrap()
    }
}

fn patch_of(operations: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

impl Client {
    fn scim_patch(&self, path: &str, operations: impl Into<Value>) -> Answer {
        self.patch(path, patch_of(&operations.into()))
    }

    fn provision(&self, user: Value) -> String {
        self.post(USERS, user).expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// The user names, or the names, of what a filter selects.
    fn selected(&self, list: &str, filter: &str) -> Vec<String> {
        let encoded: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let found = self.get(&format!("{list}?filter={encoded}"));
        let found = found.expect(200);
        assert_eq!(found["totalResults"], found["Resources"].as_array().unwrap().len());
        let name = |one: &Value| one["userName"].as_str().or(one["displayName"].as_str()).unwrap().to_owned();
        let mut names: Vec<String> = found["Resources"].as_array().unwrap().iter().map(name).collect();
        names.sort();
        names
    }
}

fn user_path(id: &str) -> String {
    format!("{USERS}/{id}")
}

fn group_path(id: &str) -> String {
    format!("{GROUPS}/{id}")
}

#[test]
fn a_key_for_a_program_is_made_listed_and_revoked_by_administrators() {
    let server = Server::start();
    let admin = server.admin();
    let provider = jwt_provider(&admin, "https://idp.example", "portal-key", RSA_PUBLIC);
    for _ in 0..6 {
        key_for(&admin, &provider);
    }
    let key = key_for(&admin, &provider);
    assert_eq!(key["subType"], "externalClient");
    assert_eq!(key["sub"], format!("SCIM\\{provider}"));
    let days =
        (key["expiry"].as_str().unwrap()[..4].parse::<i32>().unwrap(), key["created"].as_str().unwrap());
    assert_eq!(days.0, days.1[..4].parse::<i32>().unwrap() + 1, "365 days: {key}");
    let tenant = server.tenants[0].tenant;
    admin.replace(&format!("{KEYS}/configs/{tenant}"), "/scim_externalClient_expiry", "PT1H").expect(204);
    let too_long =
        json!({"description": "x", "subType": "externalClient", "sub": key["sub"], "expiry": "PT2H"});
    admin.post(KEYS, too_long).refused(400, "HTTP-400");
    let listed = admin.get(&format!("{KEYS}?sub=SCIM%5C{provider}"));
    assert_eq!(listed.expect(200)["data"].as_array().unwrap().len(), 7);
    let path = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    admin.get(&path).expect(200);
    server.user().get(&path).expect(404);
    admin.replace(&path, "/description", "x").expect(403);
    let program = server.client(key["token"].as_str().unwrap());
    program.get(USERS).expect(200);
    admin.delete(&path).expect(204);
    assert_eq!(admin.get(&path).expect(200)["status"], "revoked");
    program.get(USERS).scim_refused(401, "");

    for sub in ["", "SCIM\\", &format!("SCIM\\{}", "0".repeat(24)), &provider, "SCIM\\x"] {
        let new = json!({"description": "x", "subType": "externalClient", "sub": sub});
        assert_eq!(
            admin.post(KEYS, new).refused(400, "HTTP-400")["source"]["pointer"].as_str().unwrap_or("/sub"),
            "/sub"
        );
    }
    let maker = server.user_with("maker", &["Key maker"]).1;
    let new = json!({"description": "x", "subType": "externalClient", "sub": format!("SCIM\\{provider}")});
    maker.post(KEYS, new).refused(403, "HTTP-403");
}

#[test]
fn a_key_is_good_here_only_and_others_are_not() {
    let (server, provider, program) = with_program();
    let admin = server.admin();
    for path in [
        "/api/v1/users/me",
        "/api/v1/users",
        "/api/v1/groups",
        "/rolecall/v1/access/forward",
        "/api/v1/roles",
    ] {
        program.get(path).expect(401);
    }
    program.post("/access/v1/evaluation", json!({})).expect(401);
    program.post("/api/v1/users", json!({"subject": "x"})).refused(401, "HTTP-401");
    let session = logged_in(&server, "nora", &json!({}));
    for other in [&admin, &server.user(), &session, &server.anonymous()] {
        other.get(USERS).scim_refused(401, "");
        other.get("/scim/v2/ServiceProviderConfig").scim_refused(401, "");
        other.post(GROUPS, json!({"displayName": "x"})).scim_refused(401, "");
    }
    program.header("host", "globex.localhost").get(USERS).scim_refused(401, "");
    program.header("host", "acme.localhost").get(USERS).expect(200);
    assert_eq!(program.get("/scim/v2/nothing").scim_refused(404, ""), "Not Found");
    program.send("PUT", USERS, None).scim_refused(405, "");

    admin.replace(&format!("{PROVIDERS}/{provider}"), "/active", false).expect(204);
    program.get(USERS).scim_refused(401, "");
    admin.replace(&format!("{PROVIDERS}/{provider}"), "/active", true).expect(204);
    program.get(USERS).expect(200);
    admin.delete(&format!("{PROVIDERS}/{provider}")).expect(204);
    program.get(USERS).scim_refused(401, "");
}

#[test]
fn a_user_lives_from_provisioning_to_the_end() {
    let (server, provider, program) = with_program();
    let admin = server.admin();
    let new = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Nora@idp.example", "externalId": "nora",
        "name": {"givenName": "Nora", "familyName": "North"}, "locale": "de", "timezone": "Europe/Berlin", "active": "True",
        "emails": [{"value": "home@x.example", "type": "home"}, {"value": "nora@x.example", "type": "work", "primary": true}],
        "photos": [{"value": "https://x.example/nora.png", "type": "photo"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "D"}});
    let made = program.post(USERS, new.clone());
    let user = made.expect(201);
    let id = user["id"].as_str().unwrap();
    assert_eq!(made.headers["location"], user["meta"]["location"].as_str().unwrap());
    for attribute in ["userName", "externalId", "name", "locale", "timezone", "emails", "photos"] {
        assert_eq!(user[attribute], new[attribute]);
    }
    assert_eq!((&user["active"], &user["displayName"]), (&json!(true), &Value::Null));
    assert_eq!(user["meta"]["resourceType"], "User");
    program.post(USERS, new).scim_refused(409, "uniqueness");
    let other = json!({"userName": "nora@IDP.example", "externalId": "other"});
    program.post(USERS, other).scim_refused(409, "uniqueness");

    let path = format!("/api/v1/users/{id}");
    let known = admin.get(&path);
    let known = known.expect(200);
    assert_eq!((&known["subject"], &known["status"]), (&"nora".into(), &"provisioned".into()));
    assert_eq!((&known["name"], &known["email"]), (&"Nora North".into(), &"nora@x.example".into()));
    assert_eq!((&known["locale"], &known["zoneinfo"]), (&"de".into(), &"Europe/Berlin".into()));
    assert_eq!(
        known["assignedRoles"].as_array().unwrap().len(),
        3,
        "what the tenant's flags give to professionals"
    );

    let nora = logged_in(&server, "nora", &json!({"groups": null, "name": "Nora by token"}));
    assert_eq!(nora.id(), id);
    assert_eq!(admin.get(&path).expect(200)["status"], "active");
    assert_eq!(program.get(&user_path(id)).expect(200)["displayName"], "Nora by token", "as it is now");
    let shut_out = json!([{"op": "Replace", "path": "active", "value": "False"}]);
    assert_eq!(program.scim_patch(&user_path(id), shut_out).expect(200)["active"], false);
    assert_eq!(nora.get("/api/v1/users/me").status, 401, "the session ended");
    log_in(&server, &signed(&claims("nora", &json!({})))).refused(401, "HTTP-401");
    let let_in = json!([{"op": "replace", "value": {"active": true}}]);
    assert_eq!(program.scim_patch(&user_path(id), let_in.clone()).expect(200)["active"], true);
    assert_eq!(admin.get(&path).expect(200)["status"], "active");
    assert_eq!(nora.get("/api/v1/users/me").status, 401, "who is let in again logs in again");

    let key = server.key_of("nora");
    key.get("/api/v1/users/me").expect(200);
    program.delete(&user_path(id)).expect(204);
    key.get("/api/v1/users/me").expect(401);
    program.get(&user_path(id)).scim_refused(404, "");
    program.delete(&user_path(id)).scim_refused(404, "");
    admin.get(&path).expect(404);

    let waiting = program.provision(json!({"userName": "olga", "active": false}));
    assert_eq!(admin.get(&format!("/api/v1/users/{waiting}")).expect(200)["status"], "disabled");
    program.scim_patch(&user_path(&waiting), let_in).expect(200);
    assert_eq!(
        admin.get(&format!("/api/v1/users/{waiting}")).expect(200)["status"],
        "provisioned",
        "not before a login"
    );
    let replaced = program.put(&user_path(&waiting), json!({"userName": "olga", "displayName": "Olga"}));
    assert_eq!(replaced.expect(200)["active"], true);
    let provider = format!("{PROVIDERS}/{provider}");
    admin.get(&provider).expect(200);
}

#[test]
fn the_subject_is_what_the_provider_calls_the_user() {
    let (server, _, program) = with_program();
    let admin = server.admin();
    let id = program.provision(json!({"userName": "uma"}));
    let subject = || admin.get(&format!("/api/v1/users/{id}")).expect(200)["subject"].clone();
    let license = |subject: &str| {
        let found = admin.get(&format!("/api/v1/licenses/assignments?filter=subject+eq+%22{subject}%22"));
        found.expect(200)["data"].as_array().unwrap().len()
    };
    assert_eq!((subject(), license("uma")), (json!("uma"), 1));
    program
        .scim_patch(&user_path(&id), json!([{"op": "add", "path": "externalId", "value": "u-1"}]))
        .expect(200);
    assert_eq!((subject(), license("uma"), license("u-1")), (json!("u-1"), 0, 1));
    assert_eq!(logged_in(&server, "u-1", &json!({})).id(), id);
    let other = program.provision(json!({"userName": "vera", "externalId": "v-1"}));
    for (path, value) in [("externalId", "v-1"), ("userName", "VERA")] {
        let taken = json!([{"op": "replace", "path": path, "value": value}]);
        program.scim_patch(&user_path(&id), taken).scim_refused(409, "uniqueness");
    }
    let bot = json!([{"op": "replace", "path": "externalId", "value": "qlikbot\\x"}]);
    program.scim_patch(&user_path(&id), bot).scim_refused(400, "invalidValue");
    program.scim_patch(&user_path(&other), json!([{"op": "remove", "path": "externalId"}])).expect(200);
    assert_eq!(admin.get(&format!("/api/v1/users/{other}")).expect(200)["subject"], "vera");
    program.post(USERS, json!({"userName": "qlikbot\\y"})).scim_refused(400, "invalidValue");
}

/// What a patch makes of a user, without what every user has.
#[test]
fn lists_are_filtered_and_counted() {
    let (server, _, program) = with_program();
    let admin = server.admin();
    let all = program.get(USERS).expect(200)["totalResults"].as_i64().unwrap();
    for n in 0..5 {
        program.provision(
            json!({"userName": format!("n{n}@x.example"), "externalId": format!("N-{n}"), "active": n != 3,
            "displayName": format!("Person {n}"), "emails": [{"value": format!("p{n}@x.example")}]}),
        );
    }
    for (filter, expected) in [
        ("userName eq \"N1@x.example\"", vec!["n1@x.example"]),
        ("externalId eq \"N-2\"", vec!["n2@x.example"]),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"n\" and active eq false",
            vec!["n3@x.example"],
        ),
        (
            "userName co \"@x.example\" and not (displayName ew \"1\") and active eq \"True\"",
            vec!["n0@x.example", "n2@x.example", "n4@x.example"],
        ),
        (
            "emails.value eq \"p4@x.example\" or emails eq \"p0@x.example\"",
            vec!["n0@x.example", "n4@x.example"],
        ),
        (
            "externalId pr and meta.created gt \"2020-01-01T00:00:00Z\" and meta.lastModified lt \"2020-01-01T00:00:00Z\"",
            vec![],
        ),
        ("userName eq \"ada@acme.example\" and externalId pr", vec![]),
    ] {
        assert_eq!(program.selected(USERS, filter), expected, "{filter}");
    }
    for wrong in [
        "userName",
        "userName eq",
        "password eq \"x\"",
        "active gt true",
        "active eq 1",
        "emails[type eq \"work\"]",
    ] {
        let encoded: String = form_urlencoded::byte_serialize(wrong.as_bytes()).collect();
        program.get(&format!("{USERS}?filter={encoded}")).scim_refused(400, "invalidFilter");
        program.get(&format!("{GROUPS}?filter={encoded}")).scim_refused(400, "invalidFilter");
    }
    let mut seen = Vec::new();
    for start in 1..=all + 5 {
        let page = program.get(&format!("{USERS}?startIndex={start}&count=1"));
        let page = page.expect(200);
        assert_eq!(
            (page["totalResults"].as_i64(), page["startIndex"].as_i64(), &page["itemsPerPage"]),
            (Some(all + 5), Some(start), &json!(1))
        );
        seen.push(page["Resources"][0]["id"].as_str().unwrap().to_owned());
    }
    seen.dedup();
    assert_eq!(seen.len(), usize::try_from(all).unwrap() + 5);
    for (query, items) in [
        ("count=0", 0),
        ("count=-1", 0),
        ("startIndex=-5&count=2", 2),
        ("startIndex=1000", 0),
        ("count=1000", all + 5),
    ] {
        let page = program.get(&format!("{USERS}?{query}"));
        let page = page.expect(200);
        assert_eq!(
            (page["itemsPerPage"].as_i64(), page["totalResults"].as_i64()),
            (Some(items), Some(all + 5)),
            "{query}"
        );
    }
    for wrong in ["count=x", "startIndex=1.5", "attributes=userName&excludedAttributes=name"] {
        program.get(&format!("{USERS}?{wrong}")).scim_refused(400, "invalidValue");
    }
    let bare = program
        .get(&format!("{USERS}?attributes=userName,emails.value&filter=userName+eq+%22n1@x.example%22"));
    let bare = &bare.expect(200)["Resources"][0];
    assert_eq!(bare["emails"], json!([{"value": "p1@x.example"}]));
    let mut names: Vec<&String> = bare.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["emails", "id", "schemas", "userName"]);
    admin.get("/api/v1/users?filter=name+eq+%22Person+1%22").expect(200);
}

#[test]
fn a_program_sees_its_own_and_whom_nobody_has() {
    let (server, _, first) = with_program();
    let admin = server.admin();
    let (_, second) = program(&server, &admin, "https://other.example");
    let ours = first.provision(json!({"userName": "ours"}));
    let free = admin.make_user("free");
    let theirs = second.provision(json!({"userName": "theirs"}));
    for (client, own, other) in [(&first, &ours, &theirs), (&second, &theirs, &ours)] {
        client.get(&user_path(own)).expect(200);
        client.get(&user_path(&free)).expect(200);
        client.get(&user_path(other)).scim_refused(404, "");
        client.put(&user_path(other), json!({"userName": "x"})).scim_refused(404, "");
        client
            .scim_patch(&user_path(other), json!([{"op": "replace", "path": "active", "value": false}]))
            .scim_refused(404, "");
        client.delete(&user_path(other)).scim_refused(404, "");
    }
    first.post(USERS, json!({"userName": "theirs"})).scim_refused(409, "uniqueness");
    first.post(USERS, json!({"userName": "x", "externalId": "theirs"})).scim_refused(409, "uniqueness");
    assert!(first.selected(USERS, "userName eq \"theirs\"").is_empty());

    // Groups are the tenant's, their members are whom one sees.
    let group = first.post(GROUPS, json!({"displayName": "Both", "members": [{"value": ours}]}));
    let group = group_path(group.expect(201)["id"].as_str().unwrap());
    let join = |id: &str| json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
    first.scim_patch(&group, join(&theirs)).scim_refused(400, "invalidValue");
    second.scim_patch(&group, join(&theirs)).expect(200);
    assert_eq!(first.get(&group).expect(200)["members"].as_array().unwrap().len(), 1);
    second.put(&group, json!({"displayName": "Both"})).expect(200);
    assert_eq!(first.get(&group).expect(200)["members"][0]["value"], ours.as_str(), "others stay");
    second.delete(&group).scim_refused(403, "");
    first.delete(&group).expect(204);

    // Whoever belongs to nobody belongs to who writes first.
    let made = second.post(USERS, json!({"userName": "free@x", "externalId": "free", "displayName": "Free"}));
    assert_eq!(made.expect(201)["id"], free.as_str(), "taken over");
    assert_eq!(admin.get(&format!("/api/v1/users/{free}")).expect(200)["status"], "active");
    first.get(&user_path(&free)).scim_refused(404, "");
    let patched = admin.make_user("patched");
    first
        .scim_patch(&user_path(&patched), json!([{"op": "replace", "path": "displayName", "value": "P"}]))
        .expect(200);
    second.get(&user_path(&patched)).scim_refused(404, "");

    // An administrator whom no provider brought is changed by none, nor is a program's user.
    let ada = admin.id();
    assert_eq!(first.get(&user_path(&ada)).expect(200)["id"], ada.as_str());
    let subject = admin.get("/api/v1/users/me").expect(200)["subject"].clone();
    first.post(USERS, json!({"userName": subject})).scim_refused(409, "uniqueness");
    first
        .scim_patch(&user_path(&ada), json!([{"op": "replace", "path": "active", "value": false}]))
        .scim_refused(403, "");
    first.put(&user_path(&ada), json!({"userName": subject})).scim_refused(403, "");
    first.delete(&user_path(&ada)).scim_refused(403, "");
    let bot = crate::oauth::program_of(&admin, &json!({}));
    bot.token(&server, &json!({}));
    let bot = admin.find("/api/v1/users", "Nightly");
    first.get(&user_path(&bot)).scim_refused(404, "");

    // Another tenant.
    let (_, elsewhere) = program(&server, &server.other_admin(), "https://idp.example");
    for path in [user_path(&ours), user_path(&free), group] {
        elsewhere.get(&path).scim_refused(404, "");
        elsewhere.delete(&path).scim_refused(404, "");
    }
    elsewhere.provision(json!({"userName": "ours"}));
}

#[test]
fn the_last_administrator_is_not_shut_out() {
    let (server, _, program) = with_program();
    let admin = server.admin();
    let root = program.provision(json!({"userName": "root"}));
    admin
        .replace(&format!("/api/v1/users/{root}"), "/assignedRoles", json!([{"name": "TenantAdmin"}]))
        .expect(204);
    logged_in(&server, "root", &json!({}));
    let root_key = server.key_of("root");
    root_key.replace(&format!("/api/v1/users/{}", admin.id()), "/assignedRoles", json!([])).expect(204);
    let shut_out = json!([{"op": "replace", "path": "active", "value": false}]);
    program.scim_patch(&user_path(&root), shut_out.clone()).scim_refused(403, "");
    program.delete(&user_path(&root)).scim_refused(403, "");

    let group = program.post(GROUPS, json!({"displayName": "Admins", "members": [{"value": root}]}));
    let group = group.expect(201)["id"].as_str().unwrap().to_owned();
    root_key
        .replace(&format!("/api/v1/groups/{group}"), "/assignedRoles", json!([{"name": "TenantAdmin"}]))
        .expect(204);
    let second = program.provision(json!({"userName": "second"}));
    program
        .scim_patch(
            &group_path(&group),
            json!([{"op": "add", "path": "members", "value": {"value": second}}]),
        )
        .expect(200);
    let path = group_path(&group);
    let by_second = logged_in(&server, "second", &json!({}));
    by_second.replace(&format!("/api/v1/users/{root}"), "/assignedRoles", json!([])).expect(204);
    program.scim_patch(&user_path(&root), shut_out).expect(200);
    program.scim_patch(&path, json!([{"op": "remove", "path": "members"}])).scim_refused(403, "");
    program.delete(&path).scim_refused(403, "");
    program.delete(&user_path(&second)).scim_refused(403, "");
}

#[test]
fn changes_say_which_provider_made_them() {
    let (server, provider, program) = with_program();
    let id = program.provision(json!({"userName": "uma"}));
    let sql = format!("SELECT actor, provider_id, event_type FROM audits WHERE resource_id = '{id}'");
    let row = vec![None, Some(provider), Some("com.qlik.core.user.created".to_owned())];
    assert_eq!(server.database.rows(&sql), [row]);
}

#[test]
fn the_service_describes_itself() {
    let (_server, _, program) = with_program();
    let configuration = program.get("/scim/v2/ServiceProviderConfig");
    let configuration = configuration.expect(200);
    for (feature, supported) in [
        ("patch", true),
        ("filter", true),
        ("bulk", false),
        ("sort", false),
        ("etag", false),
        ("changePassword", false),
    ] {
        assert_eq!(configuration[feature]["supported"], supported, "{feature}");
    }
    for list in ["/scim/v2/Schemas", "/scim/v2/ResourceTypes"] {
        let all = program.get(list);
        for one in all.expect(200)["Resources"].as_array().unwrap() {
            let id = one["id"].as_str().unwrap();
            assert_eq!(program.get(&format!("{list}/{id}")).expect(200), one);
            assert_eq!(program.get(one["meta"]["location"].as_str().unwrap()).expect(200), one);
        }
        program.get(&format!("{list}/nothing")).scim_refused(404, "");
    }
    program.send("POST", "/scim/v2/Bulk", None).scim_refused(501, "");
    program.send("POST", "/scim/v2/.search", None).scim_refused(501, "");
    program.get("/scim/v2/Me").scim_refused(501, "");
}
