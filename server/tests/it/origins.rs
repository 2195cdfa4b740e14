//! Pages elsewhere: which may use sessions, and which may read answers. Threats T60.

use serde_json::json;

use crate::{
    harness::{Client, Server, Setup},
    logins::{SESSION, claims, logged_in, signed, visitor, with_provider},
};

#[test]
fn pages_elsewhere_need_a_web_integration() {
    let server = with_provider();
    let admin = server.admin();
    let made = admin.post(
        "/api/v1/web-integrations",
        json!({"name": "Portal", "validOrigins": ["https://portal.example"]}),
    );
    let id = made.expect(201)["id"].as_str().unwrap().to_owned();
    let nora = logged_in(&server, "nora", &json!({}));
    let from = |origin: &str| nora.header("origin", origin);
    assert_eq!(from("http://acme.localhost").get("/api/v1/users/me").status, 200, "the own pages");
    for (origin, named) in [
        ("https://portal.example", None),
        ("https://evil.example", Some(id.as_str())),
        ("https://portal.example.evil.example", Some(id.as_str())),
        ("http://portal.example", Some(id.as_str())),
        ("null", Some(id.as_str())),
        ("https://portal.example", Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
    ] {
        let client =
            named.map_or_else(|| from(origin), |id| from(origin).header("qlik-web-integration-id", id));
        client.get("/api/v1/users/me").refused(403, "HTTP-403");
    }
    let allowed = from("https://portal.example");
    allowed.header("qlik-web-integration-id", &id).get("/api/v1/users/me").expect(200);
    allowed.get(&format!("/api/v1/users/me?qlik-web-integration-id={id}")).expect(200);
    // The same for the token without which nothing is changed.
    allowed.header("qlik-web-integration-id", &id).get("/api/v1/csrf-token").expect(204);
    allowed.get("/api/v1/csrf-token").refused(403, "HTTP-403");
    from("https://evil.example").get("/api/v1/csrf-token").refused(403, "HTTP-403");
    let token = signed(&claims("nora", &json!({})));
    let login = visitor(&server)
        .header("authorization", &format!("Bearer {token}"))
        .header("origin", "https://evil.example");
    login.post(SESSION, json!({})).refused(403, "HTTP-403");
    admin
        .replace(&format!("/api/v1/web-integrations/{id}"), "/validOrigins", json!(["https://evil.example/"]))
        .expect(400);
    admin.delete(&format!("/api/v1/web-integrations/{id}")).expect(204);
    allowed.header("qlik-web-integration-id", &id).get("/api/v1/users/me").refused(403, "HTTP-403");
}

/// Browsers let pages of other sites read only what is for them.
#[test]
fn only_pages_of_the_tenant_read_answers() {
    let server = with_provider();
    let admin = server.admin();
    let portal = json!({"name": "Portal", "validOrigins": ["https://portal.example"]});
    admin.post("/api/v1/web-integrations", portal).expect(201);
    let spa = json!({"appType": "spa", "clientName": "App", "allowedOrigins": ["https://app.example"]});
    admin.post("/api/v1/oauth-clients", spa).expect(201);
    let nora = logged_in(&server, "nora", &json!({}));
    let readable = |client: &Client, origin: &str| {
        let answer = client.header("origin", origin).get("/api/v1/csrf-token");
        assert!(answer.headers["vary"].to_str().unwrap().contains("origin"));
        let allowed = answer
            .headers
            .get("access-control-allow-origin")
            .map(|origin| origin.to_str().unwrap().to_owned());
        if allowed.is_some() {
            assert_eq!(answer.headers["access-control-allow-credentials"], "true");
            assert!(
                answer.headers["access-control-expose-headers"].to_str().unwrap().contains("qlik-csrf-token")
            );
        }
        allowed
    };
    for origin in ["https://portal.example", "https://app.example"] {
        assert_eq!(readable(&nora, origin).as_deref(), Some(origin));
    }
    for origin in
        ["https://evil.example", "https://portal.example.evil.example", "http://portal.example", "null"]
    {
        assert_eq!(readable(&nora, origin), None, "{origin}");
    }
    assert_eq!(
        readable(&server.other_admin().header("host", "globex.localhost"), "https://portal.example"),
        None
    );
    let preflight = visitor(&server)
        .header("origin", "https://portal.example")
        .header("access-control-request-method", "PATCH")
        .header("access-control-request-headers", "qlik-csrf-token,qlik-web-integration-id,content-type");
    let answer = preflight.send("OPTIONS", "/api/v1/users/me", None);
    assert_eq!(answer.headers["access-control-allow-origin"], "https://portal.example");
    assert!(answer.headers["access-control-allow-headers"].to_str().unwrap().contains("qlik-csrf-token"));
    assert!(answer.headers["access-control-allow-methods"].to_str().unwrap().contains("PATCH"));
    // The question that is asked most is answered on a way of its own, which is no other.
    let question = json!({"subject": {"type": "user", "id": server.user().id()}, "action": {"name": "notes"},
        "resource": {"type": "scope", "id": "notes"}});
    let decided = |origin: &str| {
        let asking = admin.header("host", "acme.localhost").header("origin", origin);
        let answer = asking.post("/access/v1/evaluation", question.clone());
        answer.expect(200);
        let allowed = answer.headers.get("access-control-allow-origin");
        allowed.map(|origin| origin.to_str().unwrap().to_owned())
    };
    assert_eq!(decided("https://app.example").as_deref(), Some("https://app.example"));
    assert_eq!(decided("https://evil.example"), None);
}

/// Behind TLS a page that came without it may be anybody's in between, whatever its host (threats T60).
#[test]
fn a_page_that_came_without_tls_is_not_ours() {
    let public_url = Some("https://access.example.com".parse().unwrap());
    let server = Server::with(Setup { public_url, ..Setup::default() });
    let log_in = |host: &str, origin: &str| {
        let browser = server.anonymous().header("host", host).header("origin", origin);
        let form = b"username=uma%40acme.example&password=wrong";
        browser.send("POST", "/login", Some(("application/x-www-form-urlencoded", form)))
    };
    log_in("access.example.com", "http://access.example.com").refused(403, "HTTP-403");
    let ours = log_in("access.example.com", "https://access.example.com");
    assert_eq!(ours.status, 401, "nobody's host, but our page");
    assert_eq!(log_in("acme.localhost", "http://acme.localhost").status, 401, "the own machine");
    assert_eq!(ours.headers["strict-transport-security"], "max-age=31536000");
    let plain = Server::start();
    assert!(plain.anonymous().get("/livez").headers.get("strict-transport-security").is_none());
}
