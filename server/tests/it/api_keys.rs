//! API keys: reference/rest-api.md §6, reference/auth.md §2, threats T05, T20, T21.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_engine::time::Span;
use serde_json::{Value, json};

use crate::harness::{Client, Server};

const KEYS: &str = "/api/v1/api-keys";

fn make(client: &Client, description: &str) -> (String, String) {
    let made = client.post(KEYS, json!({"description": description}));
    let text = |member: &str| made.expect(201)[member].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

fn configs(server: &Server) -> String {
    format!("{KEYS}/configs/{}", server.tenants[0].tenant)
}

#[test]
fn a_key_speaks_for_its_user() {
    let server = Server::start();
    let made = server.user().post(KEYS, json!({"description": "ci", "expiry": "PT1H"}));
    let key = made.expect(201);
    let id = server.user().id();
    assert_eq!(
        (&key["sub"], &key["createdByUser"], &key["subType"]),
        (&id.as_str().into(), &id.as_str().into(), &"user".into())
    );
    assert_eq!((&key["status"], &key["description"]), (&"active".into(), &"ci".into()));
    assert_eq!(key["tenantId"], server.tenants[0].tenant.as_str());
    let ends = key["expiry"].as_str().unwrap().parse::<rolecall_engine::time::Timestamp>().unwrap();
    assert!(ends <= server.app.clock.now().plus(Span::from_hours(1)));
    assert_eq!(
        made.headers["location"].to_str().unwrap(),
        format!("{}{KEYS}/{}", server.url(), key["id"].as_str().unwrap())
    );
    let client = server.client(key["token"].as_str().unwrap());
    assert_eq!(client.id(), id);
    let shown = client.get(&format!("{KEYS}/{}", key["id"].as_str().unwrap()));
    assert!(shown.expect(200).get("token").is_none(), "a token is shown once");
}

#[test]
fn the_token_has_the_documented_claims() {
    let server = Server::start();
    let (id, token) = make(&server.user(), "ci");
    let parts: Vec<&str> = token.split('.').collect();
    let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let (header, claims) = (read(parts[0]), read(parts[1]));
    assert_eq!((&header["alg"], &header["typ"]), (&"ES384".into(), &"JWT".into()));
    assert_eq!((&claims["aud"], &claims["iss"]), (&"qlik.api".into(), &"qlik.api/api-keys".into()));
    assert_eq!(
        (&claims["jti"], &claims["sub"], &claims["subType"]),
        (&id.into(), &server.user().id().into(), &"user".into())
    );
    assert_eq!(claims["tenantId"], server.tenants[0].tenant.as_str());
}

#[test]
fn making_one_needs_the_scope_api_keys() {
    let server = Server::start();
    let (_, bare) = server.user_with("bare", &["TenantAdmin"]);
    bare.post(KEYS, json!({"description": "x"})).refused(403, "HTTP-403");
    let user_default = format!("/api/v1/roles/{}", server.admin().find("/api/v1/roles", "UserDefault"));
    server.admin().op(&user_default, "add", "/assignedScopes/-", "api-keys").expect(204);
    make(&bare, "x");
}

#[test]
fn a_key_that_cannot_be_made_is_not() {
    let server = Server::start();
    let admin = server.admin().id();
    for (new, status, place) in [
        (json!({}), 400, ""),
        (json!({"description": " "}), 400, "/description"),
        (json!({"description": "x", "expiry": "P2D"}), 400, "/expiry"),
        (json!({"description": "x", "expiry": "P1M"}), 400, "/expiry"),
        (json!({"description": "x", "expiry": "soon"}), 400, "/expiry"),
        (json!({"description": "x", "sub": admin}), 403, "/sub"),
        (json!({"description": "x", "sub": "nobody"}), 400, "/sub"),
        (json!({"description": "x", "subType": "robot"}), 400, "/subType"),
        (json!({"description": "x", "subType": "externalClient", "sub": "SCIM\\9"}), 400, "/sub"),
    ] {
        let made = server.user().post(KEYS, new.clone());
        made.expect(status);
        assert_eq!(made.place(), place, "{new}");
    }
}

#[test]
fn a_user_has_as_many_active_keys_as_the_tenant_allows() {
    let server = Server::start();
    server.admin().replace(&configs(&server), "/max_keys_per_user", 3).expect(204);
    let (first, _) = make(&server.user(), "2");
    make(&server.user(), "3");
    server.user().post(KEYS, json!({"description": "4"})).refused(403, "HTTP-403");
    server.user().delete(&format!("{KEYS}/{first}")).expect(204);
    make(&server.user(), "again");
    for (path, value) in [
        ("/max_keys_per_user", json!(1001)),
        ("/max_keys_per_user", json!(-1)),
        ("/max_api_key_expiry", json!("P20Y")),
        ("/max_api_key_expiry", json!("P3651D")),
    ] {
        server.admin().replace(&configs(&server), path, value).refused(400, "APIKEYS-10");
    }
    server.admin().replace(&configs(&server), "/max_keys_per_user", 0).expect(204);
    server.user().post(KEYS, json!({"description": "5"})).refused(403, "HTTP-403");
}

#[test]
fn the_settings_are_seen_and_set() {
    let server = Server::start();
    let seen = server.user().get(&configs(&server));
    let fresh =
        json!({"max_keys_per_user": 5, "max_api_key_expiry": "PT24H", "scim_externalClient_expiry": "P365D"});
    assert_eq!(seen.expect(200), &fresh);
    let ops = json!([
        {"op": "replace", "path": "/max_api_key_expiry", "value": "P7D"},
        {"op": "replace", "path": "/scim_externalClient_expiry", "value": "P30D"},
    ]);
    server.user().patch(&configs(&server), ops.clone()).refused(403, "HTTP-403");
    server.admin().patch(&configs(&server), ops).expect(204);
    assert_eq!(server.user().get(&configs(&server)).expect(200)["max_api_key_expiry"], "P7D");
    server.user().post(KEYS, json!({"description": "week", "expiry": "P7D"})).expect(201);
    let elsewhere = format!("{KEYS}/configs/{}", server.tenants[1].tenant);
    server.admin().get(&elsewhere).expect(404);
    server.admin().replace(&elsewhere, "/max_keys_per_user", 1).expect(404);
}

#[test]
fn an_owner_deletes_and_an_administrator_revokes() {
    let server = Server::start();
    let (kept, kept_token) = make(&server.user(), "revoked");
    let (gone, gone_token) = make(&server.user(), "deleted");
    let clients = [server.client(&kept_token), server.client(&gone_token)];
    for client in &clients {
        client.get("/api/v1/users/me").expect(200);
    }
    server.admin().delete(&format!("{KEYS}/{kept}")).expect(204);
    server.user().delete(&format!("{KEYS}/{gone}")).expect(204);
    for client in &clients {
        client.get("/api/v1/users/me").refused(401, "HTTP-401");
    }
    assert_eq!(server.user().get(&format!("{KEYS}/{kept}")).expect(200)["status"], "revoked");
    server.user().get(&format!("{KEYS}/{gone}")).expect(404);
    server.user().get("/api/v1/users/me").expect(200);
}

#[test]
fn a_key_ends_by_itself() {
    let server = Server::start();
    let made = server.user().post(KEYS, json!({"description": "short", "expiry": "PT1H"}));
    let client = server.client(made.expect(201)["token"].as_str().unwrap());
    client.get("/api/v1/users/me").expect(200);
    server.app.clock.advance(Span::from_hours(1));
    client.get("/api/v1/users/me").refused(401, "HTTP-401");
    let listed = server.user().get(&format!("{KEYS}?status=expired"));
    assert_eq!(listed.expect(200)["data"][0]["description"], "short");
}

#[test]
fn keys_of_others_are_for_administrators() {
    let server = Server::start();
    let (theirs, _) = make(&server.user(), "mine");
    let (_, other) = server.user_with("other", &["Key maker"]);
    let (own, _) = make(&other, "own");
    let path = format!("{KEYS}/{theirs}");
    other.get(&path).expect(404);
    other.delete(&path).expect(404);
    other.replace(&path, "/description", "x").expect(404);
    let uma = server.user().id();
    other.get(&format!("{KEYS}?sub={uma}")).refused(403, "HTTP-403");
    other.get(&format!("{KEYS}?createdByUser={uma}")).refused(403, "HTTP-403");
    let ids = |client: &Client, query: &str| {
        let listed = client.get(&format!("{KEYS}{query}"));
        listed.expect(200)["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(ids(&other, "").contains(&own) && !ids(&other, "").contains(&theirs));
    assert!(ids(&server.admin(), "?limit=100").contains(&theirs));
    assert_eq!(ids(&server.admin(), &format!("?createdByUser={uma}&sort=description")).len(), 2);
    server.admin().replace(&path, "/description", "x").refused(403, "HTTP-403");
    server.user().replace(&path, "/description", "renamed").expect(204);
    assert_eq!(server.admin().get(&path).expect(200)["description"], "renamed");
}

#[test]
fn keys_are_paged_by_identifier() {
    let server = Server::start();
    let (_, client) = server.user_with("many", &["Key maker"]);
    for n in 0..4 {
        make(&client, &format!("k{n}"));
    }
    let descriptions = |path: &str| {
        let page = client.get(path);
        let data = page.expect(200)["data"].as_array().unwrap();
        (
            data.iter().map(|key| key["description"].as_str().unwrap().to_owned()).collect::<Vec<_>>(),
            page.body["links"].clone(),
        )
    };
    let (first, links) = descriptions(&format!("{KEYS}?limit=2&sort=description"));
    let (second, more) = descriptions(links["next"]["href"].as_str().unwrap());
    assert_eq!(
        (first, second),
        (vec!["Made on the server's machine".into(), "k0".into()], vec!["k1".into(), "k2".into()])
    );
    assert!(links["next"]["href"].as_str().unwrap().contains("startingAfter="));
    let (back, _) = descriptions(more["prev"]["href"].as_str().unwrap());
    assert_eq!(back, ["Made on the server's machine", "k0"]);
    let k0 = &client.get(&format!("{KEYS}?limit=2&sort=description")).body["data"][1]["id"];
    let k0 = k0.as_str().unwrap();
    let (from_row, _) = descriptions(&format!("{KEYS}?limit=2&sort=description&startingAfter={k0}"));
    assert_eq!(from_row, ["k1", "k2"]);
    client.delete(&format!("{KEYS}/{k0}")).expect(204);
    let (from_gone, _) = descriptions(links["next"]["href"].as_str().unwrap());
    assert_eq!(from_gone, ["k1", "k2"], "a link holds although the row it begins at is gone");
    client.get(&format!("{KEYS}?startingAfter=a&endingBefore=b")).refused(400, "HTTP-400");
    client.get(&format!("{KEYS}?startingAfter=nobody")).refused(400, "HTTP-400");
    client.get(&format!("{KEYS}?status=gone")).refused(400, "HTTP-400");
}

/// Every way a token can be not quite ours: none is accepted (threats T20, T21).
#[test]
fn forged_tokens_are_refused() {
    let server = Server::start();
    let (_, token) = make(&server.user(), "real");
    let [header, claims, signature] = <[&str; 3]>::try_from(token.split('.').collect::<Vec<_>>()).unwrap();
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let mut forged = vec![
        String::new(),
        "x".into(),
        "..".into(),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
    ];
    for alg in ["none", "None", "HS256", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA"] {
        let mut changed = read(header);
        changed["alg"] = alg.into();
        forged.push(format!("{}.{claims}.{signature}", encode(&changed)));
        forged.push(format!("{}.{claims}.", encode(&changed)));
    }
    for (member, value) in [
        ("kid", json!("other")),
        ("kid", json!("x".repeat(5000))),
        ("kid", json!("../../etc/passwd")),
        ("kid", Value::Null),
        ("jku", json!("http://evil.example/keys")),
        ("jwk", json!({"kty": "EC"})),
        ("x5u", json!("http://evil.example")),
        ("crit", json!(["x"])),
    ] {
        let mut changed = read(header);
        changed[member] = value;
        forged.push(format!("{}.{claims}.{signature}", encode(&changed)));
    }
    for (member, value) in [
        ("sub", json!(server.admin().id())),
        ("tenantId", json!(server.tenants[1].tenant.as_str())),
        ("aud", json!("other")),
        ("iss", json!("other")),
        ("exp", json!(99_999_999_999_i64)),
        ("jti", json!("00000000-0000-4000-8000-000000000000")),
        ("subType", json!("externalClient")),
    ] {
        let mut changed = read(claims);
        changed[member] = value;
        forged.push(format!("{header}.{}.{signature}", encode(&changed)));
    }
    for at in (0..token.len()).step_by(3) {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        forged.push(String::from_utf8(bytes).unwrap());
    }
    assert!(forged.len() > 200);
    for token in forged {
        server.client(&token).get("/api/v1/users/me").refused(401, "HTTP-401");
    }
    server.client(&token).get("/api/v1/users/me").expect(200);
}
