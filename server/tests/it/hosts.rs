//! Hosts: whose name is it, and what do links say? (threats T26)

use serde_json::json;

use crate::harness::{Server, Setup};

fn link(server: &Server, host: &str) -> String {
    let answer = server.user().header("host", host).get("/api/v1/users/me?fields=links");
    answer.expect(200)["links"]["self"]["href"]
        .as_str()
        .unwrap()
        .strip_suffix("/api/v1/users/me?fields=links")
        .unwrap()
        .to_owned()
}

#[test]
fn links_repeat_a_host_that_is_known() {
    let server = Server::start();
    for (host, base) in [
        ("acme.localhost:1234", "http://acme.localhost:1234"),
        ("ACME.localhost", "http://acme.localhost"),
        ("localhost:80", "http://localhost:80"),
        ("127.0.0.1:9", "http://127.0.0.1:9"),
        ("[::1]:9", "http://[::1]:9"),
        ("free.localhost", "http://free.localhost"),
        ("evil.example", "http://acme.localhost"),
        ("acme.localhost.evil.example", "http://acme.localhost"),
        ("10.1.2.3", "http://acme.localhost"),
        ("a@b", "http://acme.localhost"),
    ] {
        assert_eq!(link(&server, host), base, "{host}");
    }
}

#[test]
fn forwarding_headers_change_nothing() {
    let server = Server::start();
    let client = server
        .user()
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-proto", "https")
        .header("forwarded", "host=evil.example;proto=https")
        .header("x-original-host", "evil.example")
        .header("x-host", "globex.localhost");
    let answer = client.get("/api/v1/users/me?fields=links");
    assert!(
        answer.expect(200)["links"]["self"]["href"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{}/", server.url()))
    );
}

#[test]
fn the_public_address_is_known_and_gives_the_scheme() {
    let public_url = Some("https://access.example.com".parse().unwrap());
    let server = Server::with(Setup { public_url, ..Setup::default() });
    assert_eq!(link(&server, "access.example.com"), "https://access.example.com");
    assert_eq!(
        link(&server, "acme.localhost"),
        "http://acme.localhost",
        "the own machine has no TLS before it"
    );
    assert_eq!(link(&server, "evil.example"), "https://access.example.com");
    server.other_admin().header("host", "access.example.com").get("/api/v1/users/me").expect(200);
    let path = format!("/api/v1/tenants/{}", server.tenants[0].tenant);
    server.admin().replace(&path, "/hostnames/1", "access.example.com").refused(400, "TENANTS-10");
}

#[test]
fn a_credential_of_another_tenant_is_refused() {
    let server = Server::start();
    for (client, host) in [
        (server.other_admin(), "acme.localhost"),
        (server.user(), "globex.localhost:8080"),
        (server.admin(), "GLOBEX.localhost"),
        (server.admin(), "globex.localhost."),
        (server.admin(), "globex.localhost:"),
        (server.admin(), "globex.localhost:99999"),
    ] {
        let answer = client.header("host", host).get("/api/v1/users/me");
        answer.refused(401, "AUTH-5");
        assert!(!answer.text.contains("lobex") && !answer.text.contains("cme"), "{}", answer.text);
    }
    server.user().header("host", "acme.localhost").get("/api/v1/users/me").expect(200);
}

#[test]
fn an_alias_counts_from_the_moment_it_is_set() {
    let server = Server::start();
    let path = format!("/api/v1/tenants/{}", server.tenants[1].tenant);
    server.user().header("host", "new.localhost").get("/api/v1/users/me").expect(200);
    server.other_admin().replace(&path, "/hostnames/1", json!("new.localhost")).expect(204);
    server.user().header("host", "new.localhost").get("/api/v1/users/me").refused(401, "AUTH-5");
    server.other_admin().header("host", "new.localhost").get("/api/v1/users/me").expect(200);
    server.other_admin().replace(&path, "/hostnames/1", json!("newer.localhost")).expect(204);
    server.user().header("host", "new.localhost").get("/api/v1/users/me").expect(200);
}
