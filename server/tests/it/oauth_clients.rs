//! OAuth clients: reference/rest-api.md §7.

use serde_json::{Value, json};

use crate::{
    harness::Server,
    oauth::{CLIENTS, Program, TOKEN, oauth_error, program, program_of},
};

#[test]
fn a_client_is_kept_as_documented() {
    let server = Server::start();
    let admin = server.admin();
    let new = json!({"appType": "spa", "clientName": "Portal", "description": "d", "redirectUris": ["https://portal.example/cb", "http://localhost:3000/cb"],
        "allowedOrigins": ["https://portal.example"], "allowedScopes": ["user_default"], "logoUri": "https://portal.example/logo.png"});
    let made = admin.post(CLIENTS, new);
    let id = made.expect(201)["clientId"].as_str().unwrap().to_owned();
    assert!(
        id.len() == 32 && made.body.get("clientSecret").is_none(),
        "a program in a browser keeps no secret"
    );
    let path = format!("{CLIENTS}/{id}");
    admin.op(&path, "add", "/redirectUris", "https://portal.example/other").expect(204);
    admin.op(&path, "remove", "/redirectUris", json!(["http://localhost:3000/cb"])).expect(204);
    admin.replace(&path, "/clientName", "Portal 2").expect(204);
    admin.patch(&path, json!([{"op": "remove", "path": "/logoUri"}])).expect(204);
    let read = admin.get(&path);
    assert_eq!(
        read.expect(200)["redirectUris"],
        json!(["https://portal.example/cb", "https://portal.example/other"])
    );
    assert_eq!((&read.body["clientName"], read.body.get("logoUri")), (&"Portal 2".into(), None));
    assert_eq!(read.body["connectionConfig"]["consentMethod"], "required");
    admin.replace(&format!("{path}/connection-configs/me"), "/consentMethod", "trusted").expect(204);
    assert_eq!(
        server.user().get(&format!("{path}/connection-configs/me")).expect(200)["consentMethod"],
        "trusted"
    );
    admin.post(&format!("{path}/actions/publish"), json!({})).expect(201);
    assert!(admin.get(&path).body["publishedAt"].is_string());
    let listed = admin.get(&format!("{CLIENTS}?sort=-clientName&limit=1&totalResults=true"));
    assert_eq!(listed.expect(200)["data"][0]["clientId"], id.as_str());
    for (body, place) in [
        (json!({"appType": "desktop", "clientName": "x"}), "/appType"),
        (json!({"appType": "web", "clientName": ""}), "/clientName"),
        (
            json!({"appType": "web", "clientName": "x", "redirectUris": ["http://evil.example"]}),
            "/redirectUris/0",
        ),
        (
            json!({"appType": "web", "clientName": "x", "redirectUris": ["https://a.example/#f"]}),
            "/redirectUris/0",
        ),
        (
            json!({"appType": "web", "clientName": "x", "allowedOrigins": ["https://a.example"]}),
            "/allowedOrigins",
        ),
        (
            json!({"appType": "spa", "clientName": "x", "allowedOrigins": ["https://a.example/path"]}),
            "/allowedOrigins/0",
        ),
        (
            json!({"appType": "spa", "clientName": "x", "allowedGrantTypes": ["client_credentials"]}),
            "/allowedGrantTypes",
        ),
        (
            json!({"appType": "web", "clientName": "x", "allowedScopes": ["user_default", "api-keys"]}),
            "/allowedScopes/1",
        ),
        (
            json!({"appType": "web", "clientName": "x", "allowedScopes": ["tenant:administer"]}),
            "/allowedScopes/0",
        ),
        (json!({"appType": "web", "clientName": "x", "logoUri": "javascript:alert(1)"}), "/logoUri"),
        (
            json!({"appType": "web", "clientName": "x", "redirectUris": ["https://user@evil.example/"]}),
            "/redirectUris/0",
        ),
        (
            json!({"appType": "spa", "clientName": "x", "allowedOrigins": ["ftp://a.example"]}),
            "/allowedOrigins/0",
        ),
        (
            json!({"appType": "web", "clientName": "x", "publicKeys": [{"kty": "RSA", "alg": "RS256", "kid": "1", "n": "AAAA".repeat(86), "e": "AQAB"}]}),
            "/publicKeys/0",
        ),
        (
            json!({"appType": "web", "clientName": "x", "publicKeys": [{"kty": "EC", "crv": "P-256", "alg": "ES384", "kid": "1", "x": "AA", "y": "AA"}]}),
            "/publicKeys/0",
        ),
        (
            json!({"appType": "web", "clientName": "x", "publicKeys": [{"kty": "oct", "k": "AAAA", "kid": "1", "alg": "HS256"}]}),
            "/publicKeys/0",
        ),
    ] {
        let answer = admin.post(CLIENTS, body.clone());
        answer.refused(400, "HTTP-400");
        assert_eq!(answer.place(), place, "{body}");
    }
}

#[test]
fn secrets_are_shown_once_and_counted() {
    let server = Server::start();
    let admin = server.admin();
    let Program { id, secret } = program(&server, &json!({}));
    let path = format!("{CLIENTS}/{id}");
    let more: Vec<String> = (0..4)
        .map(|_| {
            let made = admin.post(&format!("{path}/client-secrets"), json!({}));
            let made = made.expect(201);
            assert_eq!(made["hint"], made["clientSecret"].as_str().unwrap()[..5]);
            made["clientSecret"].as_str().unwrap().to_owned()
        })
        .collect();
    admin.post(&format!("{path}/client-secrets"), json!({})).refused(409, "HTTP-409");
    let read = admin.get(&path);
    assert_eq!(read.expect(200)["clientSecrets"].as_array().unwrap().len(), 5);
    assert!(more.iter().chain([&secret]).all(|secret| !read.text.contains(secret.as_str())));
    let works = |secret: &str| Program { id: id.clone(), secret: secret.to_owned() }.asks(&json!({}));
    server.anonymous().post(TOKEN, works(&more[3])).expect(200);
    admin.delete(&format!("{path}/client-secrets/{}", &more[3][..5])).expect(204);
    admin.delete(&format!("{path}/client-secrets/{}", &more[3][..5])).expect(404);
    oauth_error(&server.anonymous().post(TOKEN, works(&more[3])), 401, "invalid_client");
    server.anonymous().post(TOKEN, works(&secret)).expect(200);
    // Neither the database nor its journal has them.
    let stored = server.database.stored();
    assert!(more.iter().all(|secret| !stored.windows(secret.len()).any(|bytes| bytes == secret.as_bytes())));
}

/// What is taken from a client is taken from its tokens.
#[test]
fn a_narrowed_client_has_narrow_tokens() {
    let server = Server::start();
    let program = program(&server, &json!({}));
    let [wide, narrow] = ["admin_classic user_default", "user_default"]
        .map(|scope| program.token(&server, &json!({ "scope": scope })));
    wide.get("/api/v1/users/me").expect(200);
    server
        .admin()
        .op(&format!("{CLIENTS}/{}", program.id), "remove", "/allowedScopes", "admin_classic")
        .expect(204);
    wide.get("/api/v1/users/me").expect(401);
    narrow.get("/api/v1/users/me").expect(200);
    server
        .admin()
        .op(&format!("{CLIENTS}/{}", program.id), "remove", "/allowedGrantTypes", "client_credentials")
        .expect(204);
    narrow.get("/api/v1/users/me").expect(401);

    let trusted = json!({"allowedGrantTypes": ["urn:qlik:oauth:user-impersonation", "client_credentials"], "connectionConfig": {"consentMethod": "trusted"}});
    let program = program_of(&server.admin(), &trusted);
    let lookup = json!({"field": "userId", "value": server.user().id()});
    let as_user = program
        .token(&server, &json!({"grant_type": "urn:qlik:oauth:user-impersonation", "user_lookup": lookup}));
    as_user.get("/api/v1/users/me").expect(200);
    let path = format!("{CLIENTS}/{}", program.id);
    server
        .admin()
        .replace(&format!("{path}/connection-configs/me"), "/consentMethod", "required")
        .refused(400, "HTTP-400");
    server.admin().replace(&path, "/allowedGrantTypes", json!(["client_credentials"])).expect(204);
    as_user.get("/api/v1/users/me").expect(401);
}

/// A client that is to prove itself by a secret and has none is given one (reference/rest-api.md §7).
#[test]
fn a_change_gives_the_secret_that_it_needs() {
    let server = Server::start();
    let new = json!({"appType": "web", "clientName": "Keys", "allowedAuthMethods": ["private_key_jwt"],
        "allowedGrantTypes": ["client_credentials"], "allowedScopes": ["user_default"]});
    let made = server.admin().post(CLIENTS, new);
    assert_eq!(made.expect(201)["clientSecret"], Value::Null);
    let id = made.body["clientId"].as_str().unwrap();
    let path = format!("{CLIENTS}/{id}");
    let changed = server.admin().replace(&path, "/allowedAuthMethods", json!(["client_secret"]));
    let secret = changed.expect(202)["clientSecret"].as_str().unwrap();
    let asked = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
    server.anonymous().post(TOKEN, asked).expect(200);
    server.admin().replace(&path, "/clientName", "Other").expect(204);
    server
        .admin()
        .replace(&path, "/allowedAuthMethods", json!(["client_secret", "private_key_jwt"]))
        .expect(204);
}

/// A list holds what its filter says, and errors say no status of their own (reference/rest-api.md §1.2, §1.4).
#[test]
fn clients_are_filtered() {
    let server = Server::start();
    let admin = server.admin();
    let make = |name: &str, kind: &str| {
        let new =
            json!({"appType": kind, "clientName": name, "redirectUris": ["https://app.example/callback"]});
        admin.post(CLIENTS, new).expect(201)["clientId"].as_str().unwrap().to_owned()
    };
    let (alpha, beta) = (make("Alpha", "web"), make("Beta", "spa"));
    let filtered = |filter: &str| {
        let encoded: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        admin.get(&format!("{CLIENTS}?filter={encoded}"))
    };
    let names = |filter: &str| -> Vec<String> {
        let found = filtered(filter);
        let found = found.expect(200)["data"].as_array().unwrap();
        found.iter().map(|client| client["clientName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&format!("clientId eq \"{beta}\"")), ["Beta"]);
    assert_eq!(names(&format!("clientId ne \"{alpha}\"")), ["Beta"]);
    assert_eq!(names("clientName co \"alph\" and appType eq \"web\""), ["Alpha"]);
    assert_eq!(names("createdByType eq \"user\""), ["Alpha", "Beta"]);
    assert!(names("createdByType eq \"service\"").is_empty());
    assert_eq!(names("not (appType eq \"web\")"), ["Beta"]);
    for wrong in ["clientId", "nothing eq \"x\"", "clientName gt"] {
        let refused = filtered(wrong);
        let error = refused.refused(400, "HTTP-400");
        assert_eq!((&error["source"]["parameter"], &error["status"]), (&"filter".into(), &Value::Null));
    }
}
