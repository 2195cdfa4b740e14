//! Logging in by signed tokens, and what a session may do: reference/auth.md §4, §5, §6, threats T20, T21, T24, T27, T60.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rolecall_engine::time::Span;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server, names};

pub const PROVIDERS: &str = "/api/v1/identity-providers";
const SETTINGS: &str = "/api/core/auth-settings";
pub const SESSION: &str = "/login/jwt-session";
pub const RSA: &str = include_str!("keys/rsa.pem");
pub const RSA_PUBLIC: &str = include_str!("keys/rsa.pub.pem");
const RSA_CERTIFICATE: &str = include_str!("keys/rsa.cert.pem");
const EC: &str = include_str!("keys/ec.pem");
const EC_PUBLIC: &str = include_str!("keys/ec.pub.pem");

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A provider that signs tokens with the RSA key, as `admin`'s tenant knows it.
pub fn jwt_provider(admin: &Client, issuer: &str, kid: &str, pem: &str) -> String {
    let new = json!({"protocol": "jwtAuth", "provider": "external", "description": "portal",
        "tenantIds": [], "options": {"issuer": issuer, "staticKeys": [{"kid": kid, "pem": pem}]}});
    admin.post(PROVIDERS, new).expect(201)["id"].as_str().unwrap().to_owned()
}

/// Claims that log somebody in; `more` replaces some of them, and null takes one away.
pub fn claims(subject: &str, more: &Value) -> Value {
    let jti = format!("{subject}-{}-{}", now(), rand());
    let mut claims = json!({"iss": "https://idp.example", "aud": "qlik.api/login/jwt-session", "sub": subject,
        "subType": "user", "name": format!("{subject} by token"), "email": format!("{subject}@idp.example"),
        "email_verified": true, "jti": jti, "iat": now(), "nbf": now(), "exp": now() + 600});
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    claims
}

fn rand() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub fn signed(claims: &Value) -> String {
    signed_by(RSA, Algorithm::RS256, "portal-key", claims)
}

fn signed_by(pem: &str, algorithm: Algorithm, kid: &str, claims: &Value) -> String {
    let key = match algorithm {
        Algorithm::ES384 => EncodingKey::from_ec_pem(pem.as_bytes()),
        _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
    };
    encode(&Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) }, claims, &key.unwrap()).unwrap()
}

/// Somebody on the first tenant's host, without a credential.
pub fn visitor(server: &Server) -> Client {
    server.anonymous().header("host", "acme.localhost")
}

pub fn log_in(server: &Server, token: &str) -> Answer {
    visitor(server).header("authorization", &format!("Bearer {token}")).post(SESSION, json!({}))
}

/// The cookies that an answer sets, as a browser sends them back.
pub fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    set.map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

/// A browser in which somebody is logged in, with the token for what changes something.
pub fn browser(server: &Server, cookies: &str) -> Client {
    let browser = visitor(server).header("cookie", cookies);
    let token = browser.get("/api/v1/csrf-token");
    token.expect(204);
    browser.header("qlik-csrf-token", token.headers["qlik-csrf-token"].to_str().unwrap())
}

/// Somebody who has logged in by a token with these claims.
pub fn logged_in(server: &Server, subject: &str, more: &Value) -> Client {
    let answer = log_in(server, &signed(&claims(subject, more)));
    answer.expect(200);
    browser(server, &cookies(&answer))
}

/// Lets whoever has a token with [`claims`] log in.
pub fn make_provider(server: &Server) {
    jwt_provider(&server.admin(), "https://idp.example", "portal-key", RSA_CERTIFICATE);
}

pub fn with_provider() -> Server {
    let server = Server::start();
    make_provider(&server);
    server
}

#[test]
fn a_signed_token_logs_in_and_makes_the_user() {
    let server = with_provider();
    server.admin().replace("/api/v1/groups/settings", "/autoCreateGroups", true).expect(204);
    let answer =
        log_in(&server, &signed(&claims("nora", &json!({"groups": ["Sales", "Everyone", "Sales"]}))));
    assert_eq!(answer.expect(200), &json!({}));
    let set: Vec<&str> =
        answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    for (cookie, name) in set.iter().zip(["eas.sid=", "eas.sid.sig=", "_csrfToken="]) {
        assert!(
            cookie.starts_with(name) && cookie.contains("HttpOnly") && cookie.contains("Path=/"),
            "{cookie}"
        );
        assert!(!cookie.contains("Domain") && cookie.contains("SameSite=Lax"), "{cookie}");
    }
    let nora = browser(&server, &cookies(&answer));
    let me = nora.get("/api/v1/users/me");
    let me = me.expect(200);
    assert_eq!((&me["subject"], &me["name"]), (&"nora".into(), &"nora by token".into()));
    assert_eq!((&me["email"], &me["status"]), (&"nora@idp.example".into(), &"active".into()));
    assert_eq!(
        names(&me["assignedGroups"]),
        ["Sales", "Everyone"],
        "groups of the provider, whatever they are called"
    );
    assert_eq!(names(&me["assignedRoles"]).len(), 3, "what the tenant's flags give to professionals");
    let groups = server.admin().get("/api/v1/groups?filter=providerType+eq+%22idp%22");
    assert_eq!(groups.names(), ["Everyone", "Sales"]);
    assert_eq!(nora.get("/api/v1/roles").status, 403);
}

#[test]
fn a_login_refreshes_what_the_provider_knows_and_leaves_the_rest() {
    let server = with_provider();
    let admin = server.admin();
    let id = admin.make_user("nora");
    let custom = admin.make_group("Custom");
    admin.op(&format!("/api/v1/users/{id}"), "add", "/assignedGroups/-", custom).expect(204);
    admin
        .post("/api/v1/groups", json!({"name": "Sales", "assignedRoles": [{"name": "Steward"}]}))
        .expect(201);
    let groups = |client: &Client| {
        let me = client.get("/api/v1/users/me");
        let mut names: Vec<String> =
            names(&me.expect(200)["assignedGroups"]).iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    let nora = logged_in(&server, "nora", &json!({"groups": ["Sales", "Unknown"], "name": "Nora N."}));
    assert_eq!(nora.id(), id, "who has the subject");
    assert_eq!(groups(&nora), ["Custom", "Sales"], "nothing is made while the setting is off");
    assert_eq!(
        groups(&logged_in(&server, "nora", &json!({}))),
        ["Custom", "Sales"],
        "not said, so not changed"
    );
    assert_eq!(groups(&logged_in(&server, "nora", &json!({"groups": []}))), ["Custom"]);
    // The same address, another subject: somebody else (threats T24).
    let other = logged_in(&server, "other", &json!({"email": "nora@idp.example"}));
    assert_ne!(other.id(), id);
    let unverified =
        logged_in(&server, "third", &json!({"email": "ada@acme.example", "email_verified": false}));
    assert_eq!(unverified.get("/api/v1/users/me").expect(200)["email"], Value::Null);
}

#[test]
fn a_subject_stays_with_the_provider_that_named_it_first() {
    let server = with_provider();
    let admin = server.admin();
    let first = logged_in(&server, "nora", &json!({})).id();
    let second = jwt_provider(&admin, "https://other.example", "other-key", EC_PUBLIC);
    let by_second = |subject: &str| {
        let claims = claims(subject, &json!({"iss": "https://other.example"}));
        log_in(&server, &signed_by(EC, Algorithm::ES384, "other-key", &claims))
    };
    by_second("nora").refused(401, "HTTP-401");
    by_second("omar").expect(200);
    log_in(&server, &signed(&claims("omar", &json!({})))).refused(401, "HTTP-401");
    admin.delete(&format!("{PROVIDERS}/{second}")).expect(204);
    let omar = logged_in(&server, "omar", &json!({}));
    assert_ne!(omar.id(), first, "another provider may name whom a deleted one named");
    let bot = log_in(&server, &signed(&claims("qlikbot\\0123456789abcdef0123456789abcdef", &json!({}))));
    bot.refused(401, "HTTP-401");
}

#[test]
fn who_is_shut_out_does_not_get_in() {
    let server = with_provider();
    let admin = server.admin();
    let nora = logged_in(&server, "nora", &json!({}));
    let path = format!("/api/v1/users/{}", nora.id());
    admin.replace(&path, "/status", "disabled").expect(204);
    assert_eq!(nora.get("/api/v1/users/me").status, 401);
    log_in(&server, &signed(&claims("nora", &json!({})))).refused(401, "HTTP-401");
    admin.replace(&path, "/status", "active").expect(204);
    assert_eq!(nora.get("/api/v1/users/me").status, 401, "the session ended then");
    let nora = logged_in(&server, "nora", &json!({}));
    admin.delete(&path).expect(204);
    assert_eq!(nora.get("/api/v1/users/me").status, 401);
    let idp = admin.get(PROVIDERS).expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
    admin.replace(&format!("{PROVIDERS}/{idp}"), "/createNewUsersOnLogin", false).expect(204);
    log_in(&server, &signed(&claims("nobody", &json!({})))).refused(401, "HTTP-401");
    admin.replace(&format!("{PROVIDERS}/{idp}"), "/active", false).expect(204);
    log_in(&server, &signed(&claims("uma", &json!({})))).refused(401, "INVALID-IDP-CONFIG");
}

/// Tokens whose claims are missing or wrong, in every shape.
fn wrong_claims() -> Vec<String> {
    let mut forged = Vec::new();
    let members =
        ["iss", "aud", "sub", "subType", "name", "email", "email_verified", "jti", "iat", "nbf", "exp"];
    let shapes = [
        Value::Null,
        json!(""),
        json!(0),
        json!(-1),
        json!([]),
        json!({}),
        json!("x".repeat(300)),
        json!(["https://evil.example"]),
        json!("qlik.api"),
        json!(1e300),
        json!("\u{202e}evil"),
    ];
    for name in members {
        for shape in &shapes {
            let may_be = name == "name" && [json!("qlik.api")].contains(shape)
                || name == "sub" && [json!("qlik.api")].contains(shape)
                || name == "jti" && [json!("qlik.api"), json!("\u{202e}evil")].contains(shape)
                || ["nbf", "iat"].contains(&name) && [json!(0), json!(-1)].contains(shape);
            if !may_be {
                forged.push(signed(&claims("mallory", &json!({name: shape.clone()}))));
            }
        }
    }
    for (name, value) in [
        ("nbf", json!(now() + 60)),
        ("iat", json!(now() + 60)),
        ("exp", json!(now() - 60)),
        ("exp", json!(now() + 3700)),
        ("nbf", json!(now() - 7200)),
        ("subType", json!("externalClient")),
        ("iss", json!("https://idp.example/")),
        ("iss", json!("https://IDP.example")),
        ("aud", json!("qlik.api/login/jwt-session/")),
        ("groups", json!("Sales")),
        ("groups", json!([1])),
        ("groups", json!({"a": 1})),
    ] {
        forged.push(signed(&claims("mallory", &json!({name: value}))));
    }
    forged
}

/// Tokens that the provider did not sign so.
fn wrong_signatures() -> Vec<String> {
    let good = claims("mallory", &json!({}));
    let mut forged = Vec::new();
    // Other keys, other names of keys, other algorithms.
    forged.push(signed_by(EC, Algorithm::ES384, "portal-key", &good));
    for kid in ["", "other", "../portal-key", "portal-key\0", "PORTAL-KEY", &"k".repeat(300)] {
        forged.push(signed_by(RSA, Algorithm::RS256, kid, &good));
    }
    let (head, rest) = signed(&good).split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let encoded = |value: &Value| {
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, value.to_string())
    };
    for algorithm in [
        "none", "None", "NONE", "nOnE", "HS256", "HS384", "HS512", "RS256", "RS512", "ES256", "PS256",
        "EdDSA", "",
    ] {
        for more in [
            json!({}),
            json!({"jwk": {"kty": "oct", "k": "AA"}}),
            json!({"jku": "https://evil.example/keys"}),
            json!({"x5u": "https://evil.example/cert"}),
            json!({"crit": ["b64"], "b64": false}),
        ] {
            let mut header = json!({"alg": algorithm, "typ": "JWT", "kid": "portal-key"});
            header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let signature = if algorithm == "RS256" { "" } else { signature };
            forged.push(format!("{}.{body}.{signature}", encoded(&header)));
            forged.push(format!("{}.{body}.", encoded(&header)));
        }
    }
    // A good signature, under a header that wants more than is understood here (RFC 7515 §4.1.11).
    let header = Header {
        kid: Some("portal-key".to_owned()),
        crit: Some(vec!["exp2".to_owned()]),
        ..Header::new(Algorithm::RS256)
    };
    forged.push(encode(&header, &good, &EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap()).unwrap());
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        for secret in [RSA_PUBLIC, RSA_CERTIFICATE, RSA_PUBLIC.trim(), "", "portal-key"] {
            let header = Header { kid: Some("portal-key".to_owned()), ..Header::new(algorithm) };
            forged.push(encode(&header, &good, &EncodingKey::from_secret(secret.as_bytes())).unwrap());
        }
    }
    // One letter of the signature, cut and joined texts.
    for at in 0..20 {
        let mut changed = signature.to_owned().into_bytes();
        changed[at * 7] = if changed[at * 7] == b'A' { b'B' } else { b'A' };
        forged.push(format!("{head}.{body}.{}", String::from_utf8(changed).unwrap()));
    }
    forged.extend([
        head.clone(),
        format!("{head}.{body}"),
        format!("{head}..{signature}"),
        ".".into(),
        "..".into(),
        "x".repeat(70_000),
    ]);
    forged
}

/// Nothing but the right key, algorithm, issuer, audience and time logs anybody in (threats T20, T21).
#[test]
fn no_forged_token_logs_anybody_in() {
    let server = with_provider();
    let forged = [wrong_claims(), wrong_signatures()].concat();
    assert!(forged.len() >= 300, "{}", forged.len());
    let before = server.revision(0);
    for token in &forged {
        let answer = log_in(&server, token);
        assert!([400, 401].contains(&answer.status), "{}: {} {}", token, answer.status, answer.text);
        assert!(answer.headers.get("set-cookie").is_none());
    }
    assert_eq!(server.revision(0), before, "nothing was changed");
    log_in(&server, &signed(&claims("mallory", &json!({"jti": null})))).refused(400, "INTERNAL-TOKEN-1");
    // What is good here is good nowhere else.
    let token = signed(&claims("mallory", &json!({})));
    let elsewhere = server.anonymous().header("authorization", &format!("Bearer {token}"));
    elsewhere.header("host", "globex.localhost").post(SESSION, json!({})).refused(401, "INVALID-IDP-CONFIG");
    elsewhere.header("host", "nobody.example").post(SESSION, json!({})).refused(401, "LOGIN-2");
    assert_eq!(server.client(&token).get("/api/v1/users/me").status, 401);
    assert_eq!(server.client(&token).get("/api/v1/csrf-token").status, 400);
}

#[test]
fn a_token_logs_in_once() {
    let server = with_provider();
    let token = signed(&claims("nora", &json!({})));
    log_in(&server, &token).expect(200);
    let again = log_in(&server, &token);
    let error = again.refused(400, "INTERNAL-TOKEN-1");
    assert_eq!((&error["status"], &error["title"]), (&"400".into(), &"Invalid token request".into()));
    let same_jti = claims("nora", &json!({"jti": "the-same"}));
    log_in(&server, &signed(&same_jti)).expect(200);
    log_in(&server, &signed(&claims("nora", &json!({"jti": "the-same"})))).expect(400);
}

/// A session keeps what was granted at login, and keys count at once (reference/access-control.md §1.2).
#[test]
fn a_session_keeps_the_permissions_of_its_login() {
    let server = with_provider();
    let admin = server.admin();
    let nora = logged_in(&server, "nora", &json!({}));
    let path = format!("/api/v1/users/{}", nora.id());
    admin.op(&path, "add", "/assignedRoles/-", json!({"name": "TenantAdmin"})).expect(204);
    assert_eq!(nora.get("/api/v1/roles").status, 403, "from the next login on");
    let again = logged_in(&server, "nora", &json!({}));
    again.get("/api/v1/roles").expect(200);
    let space = format!("/api/v1/spaces/{}", admin.make_space("Sales", "shared"));
    let role = admin.find("/api/v1/roles", "TenantAdmin");
    admin.op(&path, "remove-value", "/assignedRoles", json!({"id": role})).expect(204);
    again.get("/api/v1/roles").expect(200);
    // What somebody makes as an administrator outlives the session, so that takes an administrator.
    again.post("/api/v1/roles", json!({"name": "Made in a session"})).refused(403, "HTTP-403");
    again.op(&path, "add", "/assignedRoles/-", json!({"name": "TenantAdmin"})).refused(403, "HTTP-403");
    again
        .post("/api/v1/users", json!({"subject": "friend", "assignedRoles": [{"name": "TenantAdmin"}]}))
        .refused(403, "HTTP-403");
    again.post(PROVIDERS, json!({"protocol": "SAML", "provider": "okta"})).refused(403, "HTTP-403");
    again.get(&space).expect(200);
    again.replace(&space, "/ownerId", nora.id()).refused(403, "HTTP-403");
    let to_nora = json!({"type": "user", "assigneeId": nora.id(), "roles": ["facilitator"]});
    again.post(&format!("{space}/assignments"), to_nora).refused(403, "HTTP-403");
    admin.op(&path, "add", "/assignedRoles/-", json!({"name": "TenantAdmin"})).expect(204);
    again.make_role("Made in a session", &[]);
    admin.op(&path, "remove-value", "/assignedRoles", json!({"id": role})).expect(204);
    assert_eq!(logged_in(&server, "nora", &json!({})).get("/api/v1/roles").status, 403);
    assert_eq!(server.key_of("nora").get("/api/v1/roles").status, 403);
}

#[test]
fn what_changes_something_repeats_the_token_of_the_session() {
    let server = with_provider();
    let answer = log_in(&server, &signed(&claims("nora", &json!({}))));
    let nora = visitor(&server).header("cookie", &cookies(&answer));
    let id = nora.id();
    let change = |client: &Client| client.replace(&format!("/api/v1/users/{id}"), "/preferredLocale", "de");
    let refused = change(&nora);
    refused.refused(403, "CSRF-TOKEN-2");
    assert_eq!(refused.body["code"], "CSRF-TOKEN-2", "where clients look for it");
    change(&nora.header("qlik-csrf-token", "x")).refused(403, "CSRF-TOKEN-2");
    let other = log_in(&server, &signed(&claims("omar", &json!({}))));
    let foreign = browser(&server, &cookies(&other)).get("/api/v1/csrf-token");
    let foreign = foreign.headers["qlik-csrf-token"].to_str().unwrap();
    change(&nora.header("qlik-csrf-token", foreign)).refused(403, "CSRF-TOKEN-2");
    change(&browser(&server, &cookies(&answer))).expect(204);
    visitor(&server).get("/api/v1/csrf-token").refused(404, "CSRF-TOKEN-3");
    server.admin().get("/api/v1/csrf-token").refused(400, "CSRF-TOKEN-4");
}

#[test]
fn a_session_ends_by_logout_by_idleness_and_by_age() {
    let server = with_provider();
    let admin = server.admin();
    let minutes = |n: i64| server.app.clock.advance(Span::from_millis(n * 60_000));
    let nora = logged_in(&server, "nora", &json!({}));
    minutes(59);
    nora.get("/api/v1/users/me").expect(200);
    minutes(59);
    nora.get("/api/v1/users/me").expect(200);
    minutes(61);
    assert_eq!(nora.get("/api/v1/users/me").status, 401, "idle for too long");
    let changed = admin.replace(SETTINGS, "/maxUserSessionLifespanMinutes", 120);
    assert_eq!(changed.expect(200)["maxUserSessionLifespanMinutes"], 120);
    assert_eq!(changed.body["isDefault"], false);
    for wrong in [0, 59, 61, 60 * 24 * 31] {
        admin.replace(SETTINGS, "/maxUserSessionLifespanMinutes", wrong).expect(400);
    }
    let claims_then = |subject: &str, ahead: u64| {
        let at = now() + ahead * 60;
        claims(subject, &json!({"iat": at, "nbf": at, "exp": at + 600}))
    };
    let answer = log_in(&server, &signed(&claims_then("nora", 179)));
    answer.expect(200);
    let nora = browser(&server, &cookies(&answer));
    for _ in 0..3 {
        minutes(35);
        nora.get("/api/v1/users/me").expect(200);
    }
    minutes(20);
    assert_eq!(nora.get("/api/v1/users/me").status, 401, "too old");
    let answer = log_in(&server, &signed(&claims_then("nora", 304)));
    let nora = browser(&server, &cookies(&answer));
    let out = nora.get("/logout");
    out.expect(302);
    assert_eq!(out.headers["location"], "http://acme.localhost/login?loggedout=true");
    let gone = cookies(&out);
    assert!(gone.contains("eas.sid=;") && out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(nora.get("/api/v1/users/me").status, 401, "the cookie is worth nothing any more");
    nora.get("/logout").expect(302);
}

#[test]
fn cookies_are_whole_or_nothing() {
    let server = with_provider();
    let answer = log_in(&server, &signed(&claims("nora", &json!({}))));
    let other = log_in(&server, &signed(&claims("omar", &json!({}))));
    let split = |answer: &Answer| {
        let cookies = cookies(answer);
        let mut parts = cookies.split("; ").map(str::to_owned);
        (parts.next().unwrap(), parts.next().unwrap())
    };
    let ((sid, signature), (other_sid, other_signature)) = (split(&answer), split(&other));
    let me = |cookies: &str| visitor(&server).header("cookie", cookies).get("/api/v1/users/me").status;
    assert_eq!(me(&format!("{sid}; {signature}")), 200);
    let changed = format!("{}x", sid.strip_suffix(|_: char| true).unwrap());
    for wrong in [
        sid.clone(),
        signature.clone(),
        format!("{sid}; {other_signature}"),
        format!("{other_sid}; {signature}"),
        format!("{changed}; {signature}"),
        format!("{sid}; eas.sid.sig=x"),
        "eas.sid=; eas.sid.sig=".to_owned(),
    ] {
        assert_eq!(me(&wrong), 401, "{wrong}");
    }
    let elsewhere = server.anonymous().header("host", "globex.localhost");
    let elsewhere = elsewhere.header("cookie", &format!("{sid}; {signature}"));
    assert_eq!(elsewhere.get("/api/v1/users/me").status, 401, "a session of another tenant");
    assert!(elsewhere.get("/login").text.contains("<h1>Log in</h1>"), "nobody is logged in there");
    // What is in the cookie is no token, although it was looked up a moment ago.
    let value = sid.strip_prefix("eas.sid=").unwrap();
    assert_eq!(server.client(value).get("/api/v1/users/me").status, 401);
    // Nobody is given a session that was there before (threats T27).
    let token = signed(&claims("pia", &json!({})));
    let planted = visitor(&server).header("cookie", &format!("{other_sid}; {other_signature}"));
    let entered = planted.header("authorization", &format!("Bearer {token}")).post(SESSION, json!({}));
    assert_ne!(split(&entered).0, other_sid);
    assert_eq!(me(&format!("{other_sid}; {other_signature}")), 200, "it stays whose it was");
}

#[test]
fn a_provider_that_is_switched_off_ends_what_it_began() {
    let server = Server::start();
    let admin = server.admin();
    let id = jwt_provider(&admin, "https://idp.example", "portal-key", RSA_PUBLIC);
    let nora = logged_in(&server, "nora", &json!({}));
    nora.get("/api/v1/users/me").expect(200);
    let path = format!("{PROVIDERS}/{id}");
    admin.replace(&path, "/active", false).expect(204);
    assert_eq!(nora.get("/api/v1/users/me").status, 401);
    admin.replace(&path, "/active", true).expect(204);
    nora.get("/api/v1/users/me").expect(200);
    admin.delete(&path).expect(204);
    assert_eq!(nora.get("/api/v1/users/me").status, 401);
}
