//! Clients that act for whoever is logged in: reference/auth.md §3, RFC 6749 §4.1, RFC 9700, threats T06, T22, T25, T28.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_engine::time::Span;
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Client, Server},
    logins::{RSA_PUBLIC, jwt_provider, logged_in, visitor},
    oauth::{CLIENTS, TOKEN, oauth_error},
};

const REDIRECT: &str = "https://app.example/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn with_provider() -> Server {
    let server = Server::start();
    jwt_provider(&server.admin(), "https://idp.example", "portal-key", RSA_PUBLIC);
    server
}

/// A client that keeps no secret; answers its identifier.
pub fn spa(server: &Server, more: &Value) -> String {
    let mut new = json!({"appType": "spa", "clientName": "Chart <app>", "redirectUris": [REDIRECT],
        "allowedScopes": ["user_default", "offline_access", "openid", "profile", "email"]});
    new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.admin().post(CLIENTS, new).expect(201)["clientId"].as_str().unwrap().to_owned()
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// What a client asks for; `more` replaces parameters, and an empty text takes one away.
fn asked(client: &str, more: &[(&'static str, &str)]) -> String {
    let challenge = challenge(VERIFIER);
    let mut pairs = vec![
        ("client_id", client.to_owned()),
        ("redirect_uri", REDIRECT.to_owned()),
        ("response_type", "code".to_owned()),
        ("scope", "user_default offline_access openid profile".to_owned()),
        ("state", "xyz".to_owned()),
        ("code_challenge_method", "S256".to_owned()),
        ("code_challenge", challenge),
        ("nonce", "n-0S6".to_owned()),
    ];
    for (name, value) in more {
        pairs.retain(|(known, _)| known != name);
        if !value.is_empty() {
            pairs.push((name, (*value).to_owned()));
        }
    }
    encoded(&pairs.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
}

pub fn authorize(browser: &Client, client: &str, more: &[(&'static str, &str)]) -> Answer {
    browser.get(&format!("/oauth/authorize?{}", asked(client, more)))
}

/// A parameter of where a browser is sent.
pub fn sent(answer: &Answer, name: &str) -> Option<String> {
    let to = answer.headers["location"].to_str().unwrap();
    let (address, query) = to.split_once('?').unwrap();
    assert_eq!(address, REDIRECT);
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// Answers the page on which somebody is asked.
pub fn decide(browser: &Client, page: &Answer, decision: &str) -> Answer {
    let mut pairs: Vec<(String, String)> = page
        .text
        .split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"").unwrap();
            let value = rest.split_once('"').unwrap().0;
            (name.to_owned(), value.replace("&#38;", "&").replace("&amp;", "&"))
        })
        .collect();
    pairs.push(("decision".to_owned(), decision.to_owned()));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    browser.send("POST", "/oauth/authorize", Some(("application/x-www-form-urlencoded", body.as_bytes())))
}

/// A code that Nora allows.
fn code(server: &Server, client: &str, more: &[(&'static str, &str)]) -> String {
    code_of(server, client, "nora", more)
}

pub fn code_of(server: &Server, client: &str, subject: &str, more: &[(&'static str, &str)]) -> String {
    let somebody = logged_in(server, subject, &json!({}));
    let page = authorize(&somebody, client, more);
    let answer = if page.status == 200 { decide(&somebody, &page, "allow") } else { page };
    sent(&answer, "code").unwrap()
}

/// Somebody logs in and lets a client act, which is given a token.
pub fn allow(server: &Server, client: &str, subject: &str) {
    redeem(server, client, &code_of(server, client, subject, &[])).expect(200);
}

pub fn redeem(server: &Server, client: &str, code: &str) -> Answer {
    visitor(server).post(TOKEN, code_body(client, code))
}

pub fn code_body(client: &str, code: &str) -> Value {
    json!({"grant_type": "authorization_code", "client_id": client, "code": code,
        "redirect_uri": REDIRECT, "code_verifier": VERIFIER})
}

pub fn refresh(server: &Server, client: &str, token: &str) -> Answer {
    let body = json!({"grant_type": "refresh_token", "client_id": client, "refresh_token": token});
    visitor(server).post(TOKEN, body)
}

pub fn text(answer: &Answer, name: &str) -> String {
    answer.expect(200)[name].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_client_acts_for_whoever_allows_it() {
    let server = with_provider();
    let client = spa(&server, &json!({}));
    let nobody = authorize(&visitor(&server), &client, &[]);
    nobody.expect(302);
    assert!(
        nobody.headers["location"]
            .to_str()
            .unwrap()
            .starts_with("http://acme.localhost/login?returnto=%2Foauth%2Fauthorize")
    );
    let nora = logged_in(&server, "nora", &json!({}));
    let page = authorize(&nora, &client, &[]);
    page.expect(200);
    assert!(
        page.text.contains("Allow Chart &#60;app&#62;?") && page.text.contains("nora by token"),
        "{}",
        page.text
    );
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    let denied = decide(&nora, &page, "deny");
    denied.expect(303);
    assert_eq!((sent(&denied, "error"), sent(&denied, "code")), (Some("access_denied".into()), None));
    let allowed = decide(&nora, &page, "allow");
    allowed.expect(303);
    assert_eq!(
        (sent(&allowed, "state").unwrap(), sent(&allowed, "iss").unwrap()),
        ("xyz".into(), "http://acme.localhost".into())
    );
    let again = authorize(&nora, &client, &[]);
    again.expect(302);
    assert!(sent(&again, "code").is_some(), "who has allowed it is not asked again");
    authorize(&nora, &client, &[("prompt", "consent")]).expect(200);
    authorize(&nora, &client, &[("scope", "user_default email")]).expect(200);

    let given = redeem(&server, &client, &sent(&allowed, "code").unwrap());
    let token = given.expect(200);
    assert_eq!(
        (&token["scope"], &token["expires_in"]),
        (&"offline_access openid profile user_default".into(), &21600.into())
    );
    assert!(token["auth_time"].is_i64());
    let caller = server.client(&text(&given, "access_token"));
    assert_eq!(caller.id(), nora.id());
    let info = caller.get("/oauth/userinfo");
    assert_eq!((&info.expect(200)["sub"], &info.body["name"]), (&nora.id().into(), &"nora by token".into()));
    assert_eq!(info.body["email"], Value::Null, "only `profile` was asked for");
    assert_eq!(caller.post("/oauth/userinfo", json!({})).expect(200), &info.body);
    assert_eq!(server.admin().get("/oauth/userinfo").expect(403)["error"], "insufficient_scope");
    let tokens = nora.get("/api/v1/oauth-tokens");
    assert_eq!(tokens.expect(200)["data"].as_array().unwrap().len(), 1);
    nora.delete(&format!("{CLIENTS}/{client}/connection-configs/me")).expect(204);
    assert_eq!(caller.get("/api/v1/users/me").status, 401, "the user took it back");
    refresh(&server, &client, &text(&given, "refresh_token")).expect(400);
    authorize(&nora, &client, &[]).expect(200);
}

#[test]
fn an_identity_token_says_who_the_user_is() {
    let server = with_provider();
    let client = spa(&server, &json!({"clientName": "Portal"}));
    let given = redeem(&server, &client, &code(&server, &client, &[("scope", "openid profile email")]));
    let token = text(&given, "id_token");
    let keys = visitor(&server).get("/.well-known/jwks.json");
    let key = &keys.expect(200)["keys"][0];
    let key = jsonwebtoken::DecodingKey::from_jwk(&serde_json::from_value(key.clone()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES384);
    validation.set_audience(&[&client]);
    validation.set_issuer(&["http://acme.localhost"]);
    let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap().claims;
    assert_eq!((&claims["nonce"], &claims["azp"]), (&"n-0S6".into(), &client.as_str().into()));
    assert_eq!(
        (&claims["preferred_username"], &claims["email"]),
        (&"nora".into(), &"nora@idp.example".into())
    );
    assert_eq!(server.client(&token).get("/api/v1/users/me").status, 401, "it is no access token");
    let metadata = visitor(&server).get("/.well-known/openid-configuration");
    assert_eq!(metadata.expect(200)["issuer"], claims["iss"]);
    let without =
        redeem(&server, &client, &code(&server, &client, &[("scope", "user_default"), ("nonce", "")]));
    assert_eq!(
        (&without.expect(200)["id_token"], &without.body["refresh_token"]),
        (&Value::Null, &Value::Null)
    );
}

/// What is wrong is told to the client, or to nobody but the browser where the client cannot be trusted (RFC 9700 §4.11).
#[test]
fn a_request_that_is_wrong_goes_nowhere_else() {
    let server = with_provider();
    let client = spa(&server, &json!({}));
    let nora = logged_in(&server, "nora", &json!({}));
    authorize(&nora, "0123456789abcdef0123456789abcdef", &[]).refused(400, "OAUTH-14");
    authorize(&nora, "x", &[]).refused(400, "OAUTH-14");
    for uri in [
        "",
        "https://app.example/callback/",
        "https://app.example/callback?x=y",
        "https://app.example/callbac",
        "http://app.example/callback",
        "https://app.example:443/callback",
        "https://APP.example/callback",
        "https://app.example/callback#",
        "https://app.example/../callback",
        "https://app.example@evil.example/callback",
        "https://evil.example/callback",
        "https://app.example/callback%00",
        "//app.example/callback",
        "javascript:alert(1)",
        "https://app.example/callback\u{200b}",
        " https://app.example/callback",
        "https://app.example/Callback",
    ] {
        let answer = authorize(&nora, &client, &[("redirect_uri", uri)]);
        answer.refused(400, "OAUTH-1");
        assert!(answer.headers.get("location").is_none(), "{uri}");
    }
    for (more, error) in [
        (&[("response_type", "token")][..], "unsupported_response_type"),
        (&[("response_type", "")], "unsupported_response_type"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("state", "")], "invalid_request"),
        (&[("scope", "admin_classic")], "invalid_scope"),
        (&[("scope", "no\"scope")], "invalid_scope"),
        (&[("prompt", "none")], "consent_required"),
    ] {
        let answer = authorize(&nora, &client, more);
        answer.expect(302);
        assert_eq!(sent(&answer, "error").as_deref(), Some(error), "{more:?}");
        assert_eq!(sent(&answer, "error_code").as_deref(), Some("HTTP-400"), "{more:?}");
        assert!(sent(&answer, "code").is_none());
    }
    let nobody = authorize(&visitor(&server), &client, &[("prompt", "none")]);
    assert_eq!(sent(&nobody, "error").as_deref(), Some("login_required"));
    let page = authorize(&nora, &client, &[]);
    // A page of our own asks; one of somebody else's says nothing for people, whatever it knows.
    decide(&nora.header("origin", "https://app.example"), &page, "allow").refused(403, "HTTP-403");
    decide(&nora.header("origin", "http://acme.localhost"), &page, "allow").expect(303);
    // A login of just now is new enough for anybody, or nobody would ever come in.
    for more in [("max_age", "0"), ("max_age", "-1"), ("max_age", "9223372036854775807"), ("prompt", "login")]
    {
        assert!(sent(&authorize(&nora, &client, &[more]), "code").is_some(), "{more:?}");
    }
    server.app.clock.advance(Span::from_millis(61_000));
    for more in [("max_age", "0"), ("max_age", "60"), ("prompt", "login")] {
        let again = authorize(&nora, &client, &[more]);
        assert!(again.headers["location"].to_str().unwrap().contains("prompt=login"), "{more:?}");
    }
    assert!(sent(&authorize(&nora, &client, &[("max_age", "3600")]), "code").is_some());
    // A page of somebody else's, or of another session, decides nothing (threats T60).
    let page = authorize(&nora, &client, &[("prompt", "consent")]);
    let omar = logged_in(&server, "omar", &json!({}));
    decide(&omar, &page, "allow").refused(403, "CSRF-TOKEN-2");
    decide(&visitor(&server), &page, "allow").refused(403, "CSRF-TOKEN-2");
}

#[test]
fn a_code_counts_once_for_whom_it_was_made() {
    let server = with_provider();
    let (client, other) = (spa(&server, &json!({})), spa(&server, &json!({"clientName": "Other"})));
    let new_code = || code(&server, &client, &[]);
    let wrong = |change: &dyn Fn(&mut Value)| {
        let mut body = code_body(&client, &new_code());
        change(&mut body);
        visitor(&server).post(TOKEN, body)
    };
    for (name, value) in [
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXx"),
        ("redirect_uri", "https://app.example/other"),
        ("code", "00000000-0000-4000-8000-000000000000.x"),
        ("code", "x"),
    ] {
        oauth_error(&wrong(&|body| body[name] = value.into()), 400, "invalid_grant");
    }
    for (name, value) in [("code_verifier", "short"), ("code_verifier", "")] {
        oauth_error(&wrong(&|body| body[name] = value.into()), 400, "invalid_request");
    }
    oauth_error(&wrong(&|body| body["client_id"] = other.as_str().into()), 400, "invalid_grant");
    // Who guesses a verifier has one guess.
    let taken = new_code();
    let mut body = code_body(&client, &taken);
    body["code_verifier"] = VERIFIER.replace('d', "e").into();
    oauth_error(&visitor(&server).post(TOKEN, body), 400, "invalid_grant");
    oauth_error(&redeem(&server, &client, &taken), 400, "invalid_grant");
    // A second use ends what came of the first (RFC 6749 §4.1.2).
    let used = new_code();
    let given = redeem(&server, &client, &used);
    let caller = server.client(&text(&given, "access_token"));
    caller.get("/api/v1/users/me").expect(200);
    oauth_error(&redeem(&server, &client, &used), 400, "invalid_grant");
    assert_eq!(caller.get("/api/v1/users/me").status, 401);
    oauth_error(&refresh(&server, &client, &text(&given, "refresh_token")), 400, "invalid_grant");
    let late = new_code();
    server.app.clock.advance(Span::from_millis(61_000));
    oauth_error(&redeem(&server, &client, &late), 400, "invalid_grant");
}

#[test]
fn a_refresh_token_counts_once_and_a_stolen_one_ends_all() {
    let server = with_provider();
    let client = spa(&server, &json!({}));
    let first = redeem(&server, &client, &code(&server, &client, &[]));
    let second = refresh(&server, &client, &text(&first, "refresh_token"));
    let third = refresh(&server, &client, &text(&second, "refresh_token"));
    let caller = server.client(&text(&third, "access_token"));
    caller.get("/api/v1/users/me").expect(200);
    let without_client =
        json!({"grant_type": "refresh_token", "refresh_token": text(&third, "refresh_token")});
    let fourth = visitor(&server).post(TOKEN, without_client);
    let narrower = json!({"grant_type": "refresh_token", "client_id": client, "scope": "openid",
        "refresh_token": text(&fourth, "refresh_token")});
    let narrower = visitor(&server).post(TOKEN, narrower);
    assert_eq!(narrower.expect(200)["scope"], "openid");
    let wider = json!({"grant_type": "refresh_token", "client_id": client, "scope": "user_default admin_classic",
        "refresh_token": text(&narrower, "refresh_token")});
    oauth_error(&visitor(&server).post(TOKEN, wider), 400, "invalid_scope");
    // The last one is good yet; a used one ends the family (threats T28).
    oauth_error(&refresh(&server, &client, &text(&first, "refresh_token")), 400, "invalid_grant");
    oauth_error(&refresh(&server, &client, &text(&narrower, "refresh_token")), 400, "invalid_grant");
    assert_eq!(caller.get("/api/v1/users/me").status, 401);
    // One that was revoked, whose user is shut out, or that is too old.
    let given = redeem(&server, &client, &code(&server, &client, &[]));
    let revoke = json!({"token": text(&given, "refresh_token"), "client_id": client});
    visitor(&server).post("/oauth/revoke", revoke).expect(200);
    assert_eq!(server.client(&text(&given, "access_token")).get("/api/v1/users/me").status, 401);
    let given = redeem(&server, &client, &code(&server, &client, &[]));
    let nora = server.client(&text(&given, "access_token")).id();
    server.admin().replace(&format!("/api/v1/users/{nora}"), "/status", "disabled").expect(204);
    oauth_error(&refresh(&server, &client, &text(&given, "refresh_token")), 400, "invalid_grant");
    server.admin().replace(&format!("/api/v1/users/{nora}"), "/status", "active").expect(204);
    let given = redeem(&server, &client, &code(&server, &client, &[]));
    server.app.clock.advance(Span::from_days(31));
    oauth_error(&refresh(&server, &client, &text(&given, "refresh_token")), 400, "invalid_grant");
}

#[test]
fn a_client_with_a_secret_proves_itself_too() {
    let server = with_provider();
    let new = json!({"appType": "web", "clientName": "Web", "redirectUris": [REDIRECT], "allowedScopes": ["user_default"],
        "connectionConfig": {"consentMethod": "trusted"}});
    let made = server.admin().post(CLIENTS, new);
    let (client, secret) =
        (made.expect(201)["clientId"].as_str().unwrap(), made.body["clientSecret"].as_str().unwrap());
    let scope = [("scope", "user_default")];
    oauth_error(&redeem(&server, client, &code(&server, client, &scope)), 401, "invalid_client");
    let mut body = code_body(client, &code(&server, client, &scope));
    body["client_secret"] = secret.into();
    let given = visitor(&server).post(TOKEN, body);
    given.expect(200);
    // A secret is no way in for a client that keeps none, and no way around it for one that does.
    let exchange = json!({"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "client_id": client,
        "client_secret": secret, "subject_token": text(&given, "access_token"), "purpose": "websocket",
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token"});
    let exchanged = visitor(&server).post(TOKEN, exchange.clone());
    assert_eq!(exchanged.expect(200)["expires_in"], 300);
    assert_eq!(exchanged.body["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    server.client(&text(&exchanged, "access_token")).get("/api/v1/users/me").expect(200);
    let mut wrong = exchange.clone();
    wrong["purpose"] = "else".into();
    oauth_error(&visitor(&server).post(TOKEN, wrong), 400, "invalid_request");
    let mut wrong = exchange;
    wrong["subject_token"] = server.admin().key().into();
    oauth_error(&visitor(&server).post(TOKEN, wrong), 400, "invalid_grant");
}

/// What a client has of a user is bounded: the oldest ends (threats T28).
#[test]
fn a_client_has_so_many_grants_of_a_user() {
    let server = with_provider();
    let client = spa(&server, &json!({}));
    let nora = logged_in(&server, "nora", &json!({}));
    let page = authorize(&nora, &client, &[]);
    let oldest = sent(&decide(&nora, &page, "allow"), "code").unwrap();
    let given = redeem(&server, &client, &oldest);
    let caller = server.client(&text(&given, "access_token"));
    for _ in 0..99 {
        let code = sent(&authorize(&nora, &client, &[]), "code").unwrap();
        redeem(&server, &client, &code).expect(200);
    }
    caller.get("/api/v1/users/me").expect(200);
    let newest = sent(&authorize(&nora, &client, &[]), "code").unwrap();
    assert_eq!(caller.get("/api/v1/users/me").status, 401);
    oauth_error(&refresh(&server, &client, &text(&given, "refresh_token")), 400, "invalid_grant");
    redeem(&server, &client, &newest).expect(200);
}
