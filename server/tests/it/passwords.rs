//! Logging in by a password, and the page for it: threats T25, T29, T60.

use std::time::Instant;

use rolecall_engine::names::Subject;
use rolecall_server::set_password;
use serde_json::json;

use crate::{
    harness::{Answer, Client, RUNTIME, Server},
    logins::{browser, cookies, visitor},
};

const PASSWORD: &str = "correct horse battery";

fn with_password() -> Server {
    let server = Server::start();
    set(&server, "acme\\ada@acme.example", PASSWORD).unwrap();
    server
}

fn set(server: &Server, subject: &str, password: &str) -> Result<(), rolecall_server::Error> {
    let subject = Subject::new(subject).unwrap();
    RUNTIME.block_on(set_password(&server.app, server.tenants[0].tenant, subject, password.to_owned()))
}

fn log_in(client: &Client, name: &str, password: &str, returnto: &str) -> Answer {
    let pairs = [("username", name), ("password", password), ("returnto", returnto)];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    client.send("POST", "/login", Some(("application/x-www-form-urlencoded", body.as_bytes())))
}

#[test]
fn a_password_logs_in_by_subject_or_address() {
    let server = with_password();
    let page = visitor(&server).get("/login?returnto=%2Fdocs");
    page.expect(200);
    assert!(page.text.contains("value=\"/docs\"") && page.text.contains("Acme"), "{}", page.text);
    for name in ["ada@acme.example", "acme\\ada@acme.example", "ADA@acme.example"] {
        let answer = log_in(&visitor(&server), name, PASSWORD, "/docs");
        answer.expect(303);
        assert_eq!(answer.headers["location"], "http://acme.localhost/docs");
        let ada = browser(&server, &cookies(&answer));
        ada.get("/api/v1/roles").expect(200);
        let page = ada.get("/login");
        assert!(page.text.contains("You are logged in"), "{}", page.text);
        assert_eq!(ada.get("/login?returnto=%2Fdocs").headers["location"], "http://acme.localhost/docs");
        ada.get("/login?prompt=login").expect(200);
    }
    let elsewhere = log_in(&visitor(&server), "ada@acme.example", PASSWORD, "https://evil.example/");
    elsewhere.refused(401, "LOGIN-8");
    visitor(&server).get("/login?returnto=https%3A%2F%2Fevil.example").refused(401, "LOGIN-8");
    server.anonymous().header("host", "nobody.example").get("/login").refused(401, "LOGIN-2");
    // A form of another page logs nobody in.
    let foreign = visitor(&server).header("origin", "https://evil.example");
    log_in(&foreign, "ada@acme.example", PASSWORD, "").refused(403, "HTTP-403");
}

/// Whoever comes from a page of a web integration goes back there, whichever way it was (reference/auth.md §5).
#[test]
fn whoever_comes_from_a_portal_goes_back_to_it() {
    let server = with_password();
    let admin = server.admin();
    let portal = json!({"name": "Portal", "validOrigins": ["https://portal.example"]});
    let made = admin.post("/api/v1/web-integrations", portal);
    let id = made.expect(201)["id"].as_str().unwrap();
    let login = "/login?returnto=https%3A%2F%2Fportal.example%2Fa%3Fb&qlik-web-integration-id=";
    let page = visitor(&server).get(&format!("{login}{id}"));
    assert!(
        page.text.contains("value=\"https://portal.example/a?b\"") && page.text.contains(id),
        "{}",
        page.text
    );
    visitor(&server).get(&format!("{login}x")).refused(401, "LOGIN-10");
    let enter = |returnto: &str, integration: &str| {
        let pairs = [
            ("username", "ada@acme.example"),
            ("password", PASSWORD),
            ("returnto", returnto),
            ("qlik-web-integration-id", integration),
        ];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let form = Some(("application/x-www-form-urlencoded", body.as_bytes()));
        visitor(&server).send("POST", "/login", form)
    };
    let entered = enter("https://portal.example/a?b", id);
    assert_eq!(entered.headers["location"], "https://portal.example/a?b");
    enter("https://evil.example/", id).refused(401, "LOGIN-10");
    enter("https://portal.example/a?b", "").refused(401, "LOGIN-8");
    // By a provider too.
    let saml = json!({"protocol": "SAML", "provider": "generic", "interactive": true, "options": {"a": "x".repeat(40_000)}});
    admin.post("/api/v1/identity-providers", saml).expect(400);
    let new = json!({"protocol": "OIDC", "provider": "generic", "interactive": true, "skipVerify": true,
        "pendingOptions": {"discoveryUrl": "https://op.example/.well-known/openid-configuration", "clientId": "c",
            "clientSecret": "s", "realm": "op", "claimsMapping": {"sub": ["/sub"]}}});
    let provider = admin.post("/api/v1/identity-providers", new);
    let provider = provider.expect(201)["id"].as_str().unwrap();
    let page = visitor(&server).get(&format!("{login}{id}"));
    let link = format!("returnto=https%3A%2F%2Fportal.example%2Fa%3Fb&#38;qlik-web-integration-id={id}");
    assert!(page.text.contains(&link), "{}", page.text);
    // A secret is not shown, so options that were read and written back have none: they are refused, and the old ones stay.
    let without = json!({"discoveryUrl": "https://op.example/.well-known/openid-configuration", "clientId": "c",
        "realm": "op", "claimsMapping": {"sub": ["/sub"]}});
    admin.replace(&format!("/api/v1/identity-providers/{provider}"), "/pendingOptions", without).expect(400);
}

#[test]
fn a_name_that_nobody_can_have_costs_nothing() {
    let server = with_password();
    for (name, password) in
        [("x".repeat(3000), "x".to_owned()), ("ada@acme.example".to_owned(), "x".repeat(257))]
    {
        // More often than attempts are allowed: they are none.
        for _ in 0..12 {
            let answer = log_in(&visitor(&server), &name, &password, "");
            answer.expect(401);
            assert!(answer.text.contains("The name or the password is wrong."), "{}", answer.text);
        }
    }
    log_in(&visitor(&server), "ada@acme.example", PASSWORD, "").expect(303);
}

#[test]
fn a_wrong_password_and_nobody_look_the_same() {
    let server = with_password();
    let mut pages = Vec::new();
    for (name, password) in [
        ("ada@acme.example", "wrong horse battery"),
        ("nobody@acme.example", PASSWORD),
        ("uma@acme.example", PASSWORD),
    ] {
        let answer = log_in(&visitor(&server), name, password, "");
        answer.expect(401);
        assert!(answer.headers.get("set-cookie").is_none());
        pages.push(answer.text.replace(name, "NAME"));
    }
    assert!(
        pages.iter().all(|page| *page == pages[0] && page.contains("The name or the password is wrong."))
    );
    // The time does not tell either: whoever it is, one password is hashed.
    let spent = |name: &str| {
        let mut spent: Vec<_> = (0..5)
            .map(|_| {
                let begun = Instant::now();
                log_in(&visitor(&server), name, "wrong", "");
                begun.elapsed()
            })
            .collect();
        spent.sort();
        spent[2]
    };
    let (known, unknown) = (spent("ada@acme.example"), spent("somebody@acme.example"));
    assert!(known < unknown * 5 && unknown < known * 5, "{known:?} {unknown:?}");
    // The name is shown, and is only a name.
    let answer = log_in(&visitor(&server), "\"><script>alert(1)</script>", "x", "");
    assert!(!answer.text.contains("<script>"), "{}", answer.text);
}

#[test]
fn who_guesses_has_to_wait() {
    let server = with_password();
    for n in 0..10 {
        let name = ["ada@acme.example", "ADA@acme.example", " ada@acme.example "][n % 3];
        log_in(&visitor(&server), name, "wrong", "").expect(401);
    }
    let answer = log_in(&visitor(&server), "ada@acme.example", PASSWORD, "");
    answer.expect(401);
    assert!(answer.text.contains("Too many attempts"), "{}", answer.text);
    log_in(&visitor(&server), "acme\\ada@acme.example", PASSWORD, "").expect(303);
}

#[test]
fn a_new_password_ends_the_sessions_of_the_old_one() {
    let server = with_password();
    let ada = browser(&server, &cookies(&log_in(&visitor(&server), "ada@acme.example", PASSWORD, "")));
    ada.get("/api/v1/users/me").expect(200);
    set(&server, "acme\\ada@acme.example", "another horse battery").unwrap();
    assert_eq!(ada.get("/api/v1/users/me").status, 401);
    log_in(&visitor(&server), "ada@acme.example", PASSWORD, "").expect(401);
    log_in(&visitor(&server), "ada@acme.example", "another horse battery", "").expect(303);
    assert!(set(&server, "acme\\ada@acme.example", "short").is_err());
    assert!(set(&server, "nobody", PASSWORD).is_err());
    let stored = server.database.stored();
    assert!(!stored.windows(20).any(|bytes| bytes == b"correct horse batter"));
    let id = server.admin().id();
    set(&server, "acme\\uma@acme.example", PASSWORD).unwrap();
    let uma = server.user().id();
    server.admin().replace(&format!("/api/v1/users/{uma}"), "/status", "disabled").expect(204);
    log_in(&visitor(&server), "uma@acme.example", PASSWORD, "").expect(401);
    assert_ne!(id, uma);
}
