//! Identity providers: reference/rest-api.md §9.

use serde_json::{Value, json};

use crate::{
    harness::Server,
    logins::{PROVIDERS, RSA, RSA_PUBLIC},
};

#[test]
fn identity_providers_are_made_as_the_contract_says() {
    let server = Server::start();
    let admin = server.admin();
    let options =
        |pem: &str| json!({"issuer": "https://idp.example", "staticKeys": [{"kid": "k", "pem": pem}]});
    let new = |more: Value| {
        let mut new = json!({"protocol": "jwtAuth", "provider": "external", "options": options(RSA_PUBLIC)});
        new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        new
    };
    for (wrong, place) in [
        (new(json!({"provider": "okta"})), "/provider"),
        (new(json!({"protocol": "qsefw-local-bearer-token"})), "/protocol"),
        (new(json!({"options": null})), "/options"),
        (new(json!({"options": {"issuer": "x", "staticKeys": []}})), "/options/staticKeys"),
        (new(json!({"options": options("nonsense")})), "/options/staticKeys/0/pem"),
        (new(json!({"options": options(RSA)})), "/options/staticKeys/0/pem"),
        (new(json!({"options": options(include_str!("keys/weak.pub.pem"))})), "/options/staticKeys/0/pem"),
        (new(json!({"description": "x".repeat(129)})), "/description"),
    ] {
        let answer = admin.post(PROVIDERS, wrong);
        answer.expect(400);
        assert_eq!(answer.place(), place);
    }
    admin.post(PROVIDERS, new(json!({"clockToleranceSec": 7201}))).expect(400);
    let made = admin.post(PROVIDERS, new(json!({"description": "portal"})));
    let made = made.expect(201);
    assert_eq!(
        (&made["active"], &made["interactive"], &made["clockToleranceSec"]),
        (&true.into(), &false.into(), &5.into())
    );
    admin.post(PROVIDERS, new(json!({}))).expect(400);
    let path = format!("{PROVIDERS}/{}", made["id"].as_str().unwrap());
    admin.replace(&path, "/description", "other").expect(204);
    assert_eq!(admin.get(&path).expect(200)["description"], "other");
    admin.op(&path, "promote-options", "/options", true).expect(400);
    let saml = json!({"protocol": "SAML", "provider": "okta", "options": {"metadata": {"raw": "PHg+"}}});
    let saml = admin.post(PROVIDERS, saml).expect(201)["id"].as_str().unwrap().to_owned();
    admin.replace(&format!("{PROVIDERS}/{saml}"), "/active", true).expect(400);
    let secret = json!({"protocol": "OIDC", "provider": "generic", "interactive": true, "pendingOptions": {
        "discoveryUrl": "https://op.example/.well-known/openid-configuration", "clientId": "c", "clientSecret": "canary-secret",
        "claimsMapping": {"sub": ["/sub"], "name": ["/name"]}}});
    let oidc = admin.post(PROVIDERS, secret);
    let oidc = oidc.expect(201);
    assert_eq!((&oidc["active"], &oidc["pendingState"]), (&false.into(), &"pending".into()));
    let status = admin.get(&format!("{PROVIDERS}/status"));
    assert_eq!(status.expect(200)["active_interactive_idps_count"], 0);
    let listed = admin.get(PROVIDERS);
    assert_eq!(listed.expect(200)["data"].as_array().unwrap().len(), 3);
    assert!(!listed.text.contains("canary"), "secrets are not shown");
    assert_eq!(
        admin.get(&format!("{PROVIDERS}?active=true")).expect(200)["data"].as_array().unwrap().len(),
        1
    );
    let stored = server.database.stored();
    assert!(!stored.windows(6).any(|bytes| bytes == b"canary"), "nor stored in the clear");
    let oidc = format!("{PROVIDERS}/{}", oidc["id"].as_str().unwrap());
    admin.op(&oidc, "promote-options", "/options", true).expect(400);
    admin.replace(&oidc, "/active", true).expect(400);
    // What is read whenever somebody logs in is bounded.
    for (name, value) in [
        ("claimsMapping", json!({"sub": vec!["/sub"; 21]})),
        ("allowedClientIds", json!(vec!["c"; 101])),
        ("allowedClientIds", json!(["c".repeat(513)])),
        ("clientSecret", json!("s".repeat(4097))),
        ("openid_configuration", json!({"issuer": "i".repeat(40_000)})),
    ] {
        let mut options = json!({"discoveryUrl": "https://op.example/.well-known/openid-configuration",
            "clientId": "c", "clientSecret": "s", "claimsMapping": {"sub": ["/sub"]}});
        options[name] = value;
        let refused = admin.replace(&oidc, "/pendingOptions", options);
        refused.expect(400);
        assert!(refused.place().contains(name), "{name}: {}", refused.text);
    }
    admin.delete(&oidc).expect(204);
    admin.delete(&path).expect(204);
    admin.get(&path).expect(404);
}

/// Whom a provider is believed, and by what, is in the trail whenever it changes; secrets are not (threats T80, T43).
#[test]
fn the_trail_says_how_a_provider_is_believed() {
    let server = Server::start();
    let admin = server.admin();
    let configuration = |issuer: &str| {
        json!({"issuer": issuer, "authorization_endpoint": format!("{issuer}/a"), "token_endpoint": format!("{issuer}/t"),
            "jwks_uri": format!("{issuer}/k")})
    };
    let options = |issuer: &str, secret: &str| {
        json!({"openid_configuration": configuration(issuer), "clientId": "c", "clientSecret": secret, "scope": "openid",
            "idTokenSignatureAlg": "RS256", "claimsMapping": {"sub": ["/sub"], "groups": ["/roles"]}})
    };
    let good = options("https://good.example", "canary-one");
    let new = json!({"protocol": "OIDC", "provider": "generic", "interactive": true, "skipVerify": true, "pendingOptions": good});
    let id = admin.post(PROVIDERS, new).expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("{PROVIDERS}/{id}");
    let mut other = options("https://other.example", "canary-two");
    for (name, value) in [
        ("scope", json!("openid roles")),
        ("idTokenSignatureAlg", json!("RS512")),
        ("claimsMapping", json!({"sub": ["/email"]})),
        ("emailVerifiedAlwaysTrue", json!(true)),
        ("useClaimsFromIdToken", json!(true)),
    ] {
        other[name] = value;
    }
    admin.replace(&path, "/pendingOptions", other).expect(204);
    admin.op(&path, "promote-options", "/options", true).expect(204);
    let trail = admin.get("/api/v1/audits?eventType=rolecall.identity-provider.updated");
    let rows = trail.expect(200)["data"].as_array().unwrap();
    let [promoted, pending] = rows.as_slice() else { panic!("{rows:?}") };
    let told = |row: &Value, path: &str| -> (Value, Value) {
        let updates = row["extensions"]["updates"].as_array().unwrap();
        let update = updates.iter().find(|update| update["path"] == path);
        let update = update.unwrap_or_else(|| panic!("{path}: {row}"));
        (update["oldValue"].clone(), update["newValue"].clone())
    };
    for (name, later, old, new) in [
        (
            "/openid_configuration",
            "/pendingOpenid_configuration",
            configuration("https://good.example"),
            configuration("https://other.example"),
        ),
        ("/clientSecret", "/pendingClientSecret", json!("sealed"), json!("sealed")),
        ("/scope", "/pendingScope", json!("openid"), json!("openid roles")),
        ("/idTokenSignatureAlg", "/pendingIdTokenSignatureAlg", json!("RS256"), json!("RS512")),
        (
            "/claimsMapping",
            "/pendingClaimsMapping",
            json!({"sub": ["/sub"], "groups": ["/roles"]}),
            json!({"sub": ["/email"]}),
        ),
        ("/emailVerifiedAlwaysTrue", "/pendingEmailVerifiedAlwaysTrue", json!(false), json!(true)),
        ("/useClaimsFromIdToken", "/pendingUseClaimsFromIdToken", json!(false), json!(true)),
    ] {
        assert_eq!(told(pending, later), (Value::Null, new.clone()), "{later}");
        assert_eq!(told(promoted, later), (new.clone(), Value::Null), "{later}");
        assert_eq!(told(promoted, name), (old, new), "{name}");
    }
    assert!(!trail.text.contains("canary"), "secrets are not told");
}
