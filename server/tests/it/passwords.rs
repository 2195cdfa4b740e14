//! Logging in by a password, and the page for it: threats T25, T29, T60.

use std::time::Instant;

use rolecall_engine::names::Subject;
use rolecall_server::set_password;

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
    assert_eq!(elsewhere.headers["location"], "http://acme.localhost/login", "nobody is sent away");
    visitor(&server).get("/login?returnto=https%3A%2F%2Fevil.example").refused(401, "LOGIN-8");
    server.anonymous().header("host", "nobody.example").get("/login").refused(401, "LOGIN-2");
    // A form of another page logs nobody in.
    let foreign = visitor(&server).header("origin", "https://evil.example");
    log_in(&foreign, "ada@acme.example", PASSWORD, "").refused(403, "HTTP-403");
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
    let stored = std::fs::read(server.file()).unwrap();
    assert!(!stored.windows(20).any(|bytes| bytes == b"correct horse batter"));
    let id = server.admin().id();
    set(&server, "acme\\uma@acme.example", PASSWORD).unwrap();
    let uma = server.user().id();
    server.admin().replace(&format!("/api/v1/users/{uma}"), "/status", "disabled").expect(204);
    log_in(&visitor(&server), "uma@acme.example", PASSWORD, "").expect(401);
    assert_ne!(id, uma);
}
