//! Tokens for programs: reference/auth.md §3, threats T06, T20, T21.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rolecall_engine::time::Span;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server, names};

pub const CLIENTS: &str = "/api/v1/oauth-clients";
pub const TOKEN: &str = "/oauth/token";

/// A client of the first tenant.
pub struct Program {
    pub id: String,
    pub secret: String,
}

pub fn program(server: &Server, more: &Value) -> Program {
    program_of(&server.admin(), more)
}

/// A client that an administrator makes.
pub fn program_of(admin: &Client, more: &Value) -> Program {
    let mut new = json!({"appType": "web", "clientName": "Nightly", "allowedGrantTypes": ["client_credentials"],
        "allowedScopes": ["user_default", "admin_classic", "offline_access", "apps:read"]});
    new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = admin.post(CLIENTS, new);
    let made = made.expect(201);
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    Program { id: text("clientId"), secret: text("clientSecret") }
}

impl Program {
    pub fn asks(&self, more: &Value) -> Value {
        let mut body =
            json!({"grant_type": "client_credentials", "client_id": self.id, "client_secret": self.secret});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    pub fn token(&self, server: &Server, more: &Value) -> Client {
        let answer = server.anonymous().post(TOKEN, self.asks(more));
        server.client(answer.expect(200)["access_token"].as_str().unwrap())
    }
}

pub fn oauth_error(answer: &Answer, status: u16, error: &str) {
    let body = answer.expect(status);
    assert_eq!(body["error"], error, "{}", answer.text);
    assert!(
        body["error_description"].is_string() && body["errors"][0]["code"].is_string(),
        "{}",
        answer.text
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
}

fn form(client: &Client, body: &str) -> Answer {
    client.send("POST", TOKEN, Some(("application/x-www-form-urlencoded", body.as_bytes())))
}

/// Whatever is wrong, a client of OAuth finds a word that it knows beside the contract's error.
#[test]
fn every_error_has_a_word_of_oauth() {
    let server = Server::start();
    let word = |answer: Answer, status| answer.expect(status)["error"].as_str().unwrap().to_owned();
    let large = format!(r#"{{"token": "{}"}}"#, "x".repeat(2_000_000));
    let large = server.anonymous().send("POST", TOKEN, Some(("application/json", large.as_bytes())));
    assert_eq!(word(large, 413), "invalid_request");
    assert_eq!(word(server.anonymous().get(TOKEN), 405), "invalid_request");
    assert_eq!(word(server.anonymous().get("/oauth/nothing"), 404), "invalid_request");
    assert_eq!(word(server.anonymous().get("/oauth/userinfo"), 401), "invalid_token");
    assert_eq!(word(server.user().get("/oauth/userinfo"), 403), "insufficient_scope");
    assert!(server.user().get("/api/v1/nothing").expect(404).get("error").is_none());
}

#[test]
fn a_program_acts_by_its_bot_user() {
    let server = Server::start();
    let program = program(&server, &json!({}));
    let answer = server.anonymous().post(TOKEN, program.asks(&json!({})));
    let token = answer.expect(200);
    assert_eq!((&token["token_type"], &token["expires_in"]), (&"bearer".into(), &21600.into()));
    assert_eq!(
        token["scope"], "admin_classic apps:read user_default",
        "not `offline_access`, which was not asked for"
    );
    assert!(token["expires_at"].as_str().unwrap().ends_with('Z'));
    let bot = server.client(token["access_token"].as_str().unwrap());
    let me = bot.get("/api/v1/users/me");
    assert_eq!(me.expect(200)["subject"], format!("qlikbot\\{}", program.id));
    assert_eq!(
        (&me.body["clientId"], names(&me.body["assignedRoles"])),
        (&program.id.as_str().into(), vec!["TenantAdmin"])
    );
    bot.make_role("By a program", &[]);
    let again = program.token(&server, &json!({})).get("/api/v1/users/me");
    assert_eq!(again.expect(200)["id"], me.body["id"], "one bot for all tokens");
    let found = server.admin().get(&format!("/api/v1/users?filter=clientId+eq+%22{}%22", program.id));
    assert_eq!(found.expect(200)["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_program_proves_itself_in_every_documented_way() {
    let server = Server::start();
    let Program { id, secret } = &program(&server, &json!({}));
    let anonymous = server.anonymous();
    let basic = |id: &str, secret: &str| {
        anonymous.header("authorization", &format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
    };
    basic(id, secret).post(TOKEN, json!({"grant_type": "client_credentials"})).expect(200);
    form(&basic(id, secret), "grant_type=client_credentials&scope=user_default+apps:read").expect(200);
    form(&anonymous, &format!("grant_type=client_credentials&client_id={id}&client_secret={secret}"))
        .expect(200);
    oauth_error(
        &basic(id, "wrong").post(TOKEN, json!({"grant_type": "client_credentials"})),
        401,
        "invalid_client",
    );
    oauth_error(
        &basic("0123456789abcdef0123456789abcdef", secret)
            .post(TOKEN, json!({"grant_type": "client_credentials"})),
        401,
        "invalid_client",
    );
    oauth_error(
        &anonymous.post(TOKEN, json!({"grant_type": "client_credentials", "client_id": id})),
        401,
        "invalid_client",
    );
    let twice = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
    oauth_error(&basic(id, secret).post(TOKEN, twice), 400, "invalid_request");
    oauth_error(
        &form(
            &anonymous,
            &format!("grant_type=client_credentials&grant_type=x&client_id={id}&client_secret={secret}"),
        ),
        400,
        "invalid_request",
    );
    for (body, error) in [
        (json!({"client_id": id, "client_secret": secret}), "invalid_request"),
        (
            json!({"grant_type": "password", "client_id": id, "client_secret": secret}),
            "unsupported_grant_type",
        ),
        (
            json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret, "scope": "spaces.data"}),
            "invalid_scope",
        ),
        (json!({"grant_type": 7}), "invalid_request"),
        (json!([]), "invalid_request"),
    ] {
        oauth_error(&anonymous.post(TOKEN, body), 400, error);
    }
    let unproven = form(&anonymous, "%%%");
    oauth_error(&unproven, 401, "invalid_client");
    assert_eq!(unproven.headers["www-authenticate"], "Basic realm=\"rolecall\"");
    let text = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    anonymous
        .send("POST", TOKEN, Some(("Application/X-WWW-Form-Urlencoded; charset=utf-8", text.as_bytes())))
        .expect(200);
    anonymous
        .header("authorization", "Basic !!!")
        .post(TOKEN, json!({"grant_type": "client_credentials"}))
        .expect(400);
    let elsewhere = anonymous.header("host", "globex.localhost");
    oauth_error(
        &elsewhere.post(
            TOKEN,
            json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret}),
        ),
        401,
        "invalid_client",
    );
}

/// What a token may do is what its user may do and its scopes reach, whichever is less.
#[test]
fn scopes_only_narrow() {
    let server = Server::start();
    let program = program(&server, &json!({}));
    let admin = program.token(&server, &json!({"scope": "admin_classic"}));
    admin.get("/api/v1/roles").expect(200);
    let user = program.token(&server, &json!({"scope": "user_default"}));
    user.get("/api/v1/users/me").expect(200);
    user.get("/api/v1/roles").refused(403, "HTTP-403");
    user.post("/api/v1/roles", json!({"name": "x"})).expect(403);
    assert!(user.get("/api/v1/users").expect(200)["data"][0].get("assignedRoles").is_none());
    let me = user.id();
    user.replace(&format!("/api/v1/users/{me}"), "/name", "Other").expect(403);
    // A key knows no scopes, so a token that does cannot make one.
    user.post("/api/v1/api-keys", json!({"description": "d"})).refused(403, "HTTP-403");
    admin.post("/api/v1/api-keys", json!({"description": "d"})).refused(403, "HTTP-403");
    let narrow = program.token(&server, &json!({"scope": "apps:read"}));
    let refused = narrow.get("/api/v1/users/me");
    assert!(refused.refused(403, "HTTP-403")["detail"].as_str().unwrap().contains("user_default"));
    narrow.get("/rolecall/v1/access/forward?scope=apps:read").expect(200);
    narrow.get("/rolecall/v1/access/forward?scope=apps:export").expect(403);
    let itself = program.token(&server, &json!({"scope": "apps:read"}));
    itself.post("/oauth/revoke", json!({"token": itself.key()})).expect(200);
    itself.get("/rolecall/v1/access/forward?scope=apps:read").expect(401);
    narrow.post("/access/v1/evaluation", json!({})).expect(403);
    let asking = program_of(&server.admin(), &json!({"allowedScopes": ["access:evaluate"]}))
        .token(&server, &json!({}));
    let question = json!({"subject": {"type": "email", "id": "uma@acme.example"}, "action": {"name": "notes"},
        "resource": {"type": "tenant", "id": "acme.localhost"}});
    assert_eq!(asking.post("/access/v1/evaluation", question).expect(200)["decision"], true);
    asking.get("/api/v1/roles").expect(403);
    // Nor a client that may have more than the token.
    admin.post(CLIENTS, json!({"appType": "web", "clientName": "x"})).refused(403, "HTTP-403");
    admin.post(&format!("{CLIENTS}/{}/client-secrets", program.id), json!({})).expect(403);
    admin.replace(&format!("{CLIENTS}/{}", program.id), "/clientName", "x").expect(403);
    program
        .token(&server, &json!({"scope": "admin_classic,user_default"}))
        .post(CLIENTS, json!({"appType": "web", "clientName": "x"}))
        .expect(201);
    // A scope of an administrator does not make one.
    server.admin().replace(&format!("/api/v1/users/{me}"), "/assignedRoles", json!([])).expect(204);
    admin.get("/api/v1/roles").expect(403);
}

#[test]
fn a_trusted_program_acts_as_users() {
    let server = Server::start();
    let new = json!({"allowedGrantTypes": ["urn:qlik:oauth:user-impersonation"], "connectionConfig": {"consentMethod": "trusted"}});
    let program = program(&server, &new);
    let as_user = |field: &str, value: &str| {
        let lookup = json!({"grant_type": "urn:qlik:oauth:user-impersonation", "user_lookup": {"field": field, "value": value}});
        server.anonymous().post(TOKEN, program.asks(&lookup))
    };
    let uma = server.user().get("/api/v1/users/me").body.clone();
    for (field, member) in [("subject", "subject"), ("userId", "id"), ("email", "email")] {
        let answer = as_user(field, uma[member].as_str().unwrap());
        let client = server.client(answer.expect(200)["access_token"].as_str().unwrap());
        assert_eq!(client.id(), uma["id"]);
        client.get("/api/v1/roles").expect(403);
    }
    oauth_error(&as_user("subject", "nobody"), 400, "invalid_grant");
    oauth_error(&as_user("name", "Uma"), 400, "invalid_request");
    let missing = program.asks(&json!({"grant_type": "urn:qlik:oauth:user-impersonation"}));
    oauth_error(&server.anonymous().post(TOKEN, missing), 400, "invalid_request");
    oauth_error(&server.anonymous().post(TOKEN, program.asks(&json!({}))), 400, "unauthorized_client");
    server
        .admin()
        .replace(&format!("/api/v1/users/{}", uma["id"].as_str().unwrap()), "/status", "disabled")
        .expect(204);
    oauth_error(&as_user("email", uma["email"].as_str().unwrap()), 400, "invalid_grant");
    let untrusted = server.admin().post(CLIENTS, json!({"appType": "web", "clientName": "x", "allowedGrantTypes": ["urn:qlik:oauth:user-impersonation"]}));
    untrusted.expect(400);
    assert_eq!(untrusted.place(), "/allowedGrantTypes");
}

/// A token ends with its revocation, its client and its time, at the next request.
#[test]
fn a_token_ends_when_it_should() {
    let server = Server::start();
    let (first, other) = (program(&server, &json!({})), program(&server, &json!({"clientName": "Other"})));
    let [kept, revoked, by_admin] = [(); 3].map(|()| first.token(&server, &json!({})));
    for token in [&kept, &revoked, &by_admin] {
        token.get("/api/v1/users/me").expect(200);
    }
    let revoke = |program: &Program, token: &str| {
        let body = json!({"token": token, "client_id": program.id, "client_secret": program.secret});
        server.anonymous().post("/oauth/revoke", body).expect(200);
    };
    revoke(&other, revoked.key());
    revoked.get("/api/v1/users/me").expect(200);
    revoke(&first, "nonsense");
    revoke(&first, revoked.key());
    revoked.get("/api/v1/users/me").refused(401, "HTTP-401");
    kept.get("/api/v1/users/me").expect(200);
    oauth_error(
        &server.anonymous().post("/oauth/revoke", json!({"token": kept.key()})),
        401,
        "invalid_client",
    );
    server.user().post("/oauth/revoke", json!({"token": kept.key()})).expect(200);
    kept.get("/api/v1/users/me").expect(200);

    let listed = server.admin().get("/api/v1/oauth-tokens?sort=userId");
    assert_eq!(listed.expect(200)["data"].as_array().unwrap().len(), 2);
    assert!(server.user().get("/api/v1/oauth-tokens").expect(200)["data"].as_array().unwrap().is_empty());
    server.user().get(&format!("/api/v1/oauth-tokens?userId={}", kept.id())).expect(403);
    let id = listed.body["data"][0]["id"].as_str().unwrap();
    server.user().delete(&format!("/api/v1/oauth-tokens/{id}")).expect(404);
    server.other_admin().delete(&format!("/api/v1/oauth-tokens/{id}")).expect(404);
    server.admin().delete(&format!("/api/v1/oauth-tokens/{id}")).expect(204);
    let left = [&kept, &by_admin].map(|token| token.get("/api/v1/users/me").status);
    assert!(left == [200, 401] || left == [401, 200], "{left:?}");

    let long = other.token(&server, &json!({}));
    server.app.clock.advance(Span::from_hours(6));
    long.get("/api/v1/users/me").expect(401);
    let renewed = other.token(&server, &json!({}));
    renewed.get("/api/v1/users/me").expect(200);
    let client = format!("{CLIENTS}/{}", other.id);
    let admin = server.admin();
    admin.delete(&client).refused(400, "HTTP-400");
    admin.header("qlik-confirm-delete", &other.id).delete(&client).expect(204);
    renewed.get("/api/v1/users/me").expect(401);
    oauth_error(&server.anonymous().post(TOKEN, other.asks(&json!({}))), 401, "invalid_client");
    let bots = admin.get(&format!("/api/v1/users?filter=clientId+eq+%22{}%22", other.id));
    assert!(bots.expect(200)["data"].as_array().unwrap().is_empty(), "the user it acted as went with it");
}

/// A program does not keep a tenant, and its user is not brought back by a token.
#[test]
fn a_bot_is_no_person() {
    let server = Server::start();
    let program = program(&server, &json!({}));
    let token = program.token(&server, &json!({}));
    let (bot, ada) =
        (format!("/api/v1/users/{}", token.id()), format!("/api/v1/users/{}", server.admin().id()));
    let refused = token.replace(&ada, "/status", "disabled");
    assert!(refused.refused(403, "HTTP-403")["detail"].as_str().unwrap().contains("administrator"));
    server.admin().delete(&bot).refused(403, "HTTP-403");
    let subject = format!("qlikbot\\{}", "0".repeat(32));
    let answer = server.admin().post("/api/v1/users", json!({ "subject": subject }));
    answer.refused(400, "HTTP-400");
    assert_eq!(answer.place(), "/subject");
    server.admin().replace(&bot, "/status", "disabled").expect(204);
    token.get("/api/v1/users/me").expect(401);
    oauth_error(&server.anonymous().post(TOKEN, program.asks(&json!({}))), 400, "invalid_grant");
}

/// A key of a program: the half it signs by, and the one it shows.
fn key_pair() -> (EncodingKey, Value) {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
    let [x, y] = [x, y].map(|half| URL_SAFE_NO_PAD.encode(half));
    let public =
        json!({"kty": "EC", "crv": "P-384", "alg": "ES384", "use": "sig", "kid": "k1", "x": x, "y": y});
    (EncodingKey::from_ec_der(pkcs8.as_ref()), public)
}

struct Assertion {
    header: Header,
    claims: Value,
}

impl Assertion {
    fn new(server: &Server, id: &str) -> Self {
        let now = server.app.clock.now().as_seconds();
        let aud = format!("{}/oauth/token", server.url());
        let claims = json!({"iss": id, "sub": id, "aud": aud, "jti": "0d9a6c1e-6b3f-4a55-9a1e-000000000000", "iat": now, "exp": now + 300});
        Self { header: Header { kid: Some("k1".into()), ..Header::new(Algorithm::ES384) }, claims }
    }

    fn send(&self, server: &Server, id: &str, key: &EncodingKey) -> Answer {
        let token = encode(&self.header, &self.claims, key).unwrap();
        send_assertion(server, id, &token)
    }
}

fn send_assertion(server: &Server, id: &str, token: &str) -> Answer {
    let body = json!({"grant_type": "client_credentials", "client_id": id, "client_assertion": token,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"});
    server.anonymous().post(TOKEN, body)
}

/// An assertion counts once, for this client, this address and these five minutes, and only if the client's key signed it.
#[test]
fn an_assertion_proves_a_program() {
    let server = Server::start();
    let (key, public) = key_pair();
    let more = json!({"allowedAuthMethods": ["private_key_jwt"], "publicKeys": [public]});
    let Program { id, secret } = program(&server, &more);
    assert!(secret.is_empty(), "a program that signs has no secret");
    let good = Assertion::new(&server, &id);
    good.send(&server, &id, &key).expect(200);
    oauth_error(&good.send(&server, &id, &key), 401, "invalid_client");
    let mut n = 0;
    let mut refused = |change: &dyn Fn(&mut Assertion)| {
        let mut changed = Assertion::new(&server, &id);
        n += 1;
        changed.claims["jti"] = format!("jti-{n}").into();
        change(&mut changed);
        oauth_error(&changed.send(&server, &id, &key), 401, "invalid_client");
    };
    let now = server.app.clock.now().as_seconds();
    for (member, value) in [
        ("iss", json!("other")),
        ("sub", json!("other")),
        ("aud", json!("https://other.example/oauth/token")),
        ("aud", Value::Null),
        ("iat", json!(now - 400)),
        ("iat", json!(now + 60)),
        ("exp", json!(now - 10)),
        ("exp", json!(now + 3600)),
        ("exp", Value::Null),
        ("jti", json!("")),
        ("jti", json!("x".repeat(200))),
        ("jti", Value::Null),
        ("iat", json!("now")),
    ] {
        refused(&|assertion| assertion.claims[member] = value.clone());
    }
    for (member, value) in [("iat", i64::MIN), ("iat", i64::MAX), ("exp", i64::MIN), ("exp", i64::MAX)] {
        refused(&|assertion| assertion.claims[member] = value.into());
    }
    refused(&|assertion| assertion.header.kid = Some("k2".into()));
    refused(&|assertion| assertion.header.kid = None);
    refused(&|assertion| assertion.header.kid = Some("../../k1".into()));
    // The public key, taken for a secret, signs nothing.
    let mut confused = Assertion::new(&server, &id);
    confused.claims["jti"] = "confused".into();
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        confused.header.alg = algorithm;
        for text in [public.to_string().as_str(), public["x"].as_str().unwrap()] {
            oauth_error(
                &confused.send(&server, &id, &EncodingKey::from_secret(text.as_bytes())),
                401,
                "invalid_client",
            );
        }
    }
    let unsigned = |header: Value| {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", encode(&header), encode(&Assertion::new(&server, &id).claims))
    };
    for alg in ["none", "None", "NONE", "", "ES384"] {
        oauth_error(
            &send_assertion(&server, &id, &unsigned(json!({"alg": alg, "kid": "k1"}))),
            401,
            "invalid_client",
        );
    }
    // Every byte of a good one counts.
    let mut fresh = Assertion::new(&server, &id);
    fresh.claims["jti"] = "fresh".into();
    let token = encode(&fresh.header, &fresh.claims, &key).unwrap();
    for at in (0..token.len() - 2).step_by(token.len() / 150) {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        oauth_error(&send_assertion(&server, &id, &String::from_utf8(bytes).unwrap()), 401, "invalid_client");
    }
    send_assertion(&server, &id, &token).expect(200);
}

#[test]
fn a_program_finds_where_tokens_are_given() {
    let server = Server::start();
    let metadata = server.anonymous().get("/.well-known/oauth-authorization-server");
    assert_eq!(metadata.expect(200)["token_endpoint"], format!("{}/oauth/token", server.url()));
    let keys = server.anonymous().get("/.well-known/jwks.json");
    let key: jsonwebtoken::jwk::Jwk = serde_json::from_value(keys.expect(200)["keys"][0].clone()).unwrap();
    let program = program(&server, &json!({}));
    let token = program.token(&server, &json!({}));
    let mut validation = jsonwebtoken::Validation::new(Algorithm::ES384);
    validation.set_audience(&["qlik.api"]);
    let decoded = jsonwebtoken::decode::<Value>(
        token.key(),
        &jsonwebtoken::DecodingKey::from_jwk(&key).unwrap(),
        &validation,
    );
    assert_eq!(decoded.unwrap().claims["client_id"], program.id.as_str());
}
