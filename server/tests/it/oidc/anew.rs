//! When somebody who is logged in at a provider logs in again: OpenID Connect Core 1.0 §2, §3.1.2.1.

use super::*;
use crate::authorize::{authorize, code_body, decide, sent, spa};

/// A browser that comes back from the provider with what its identity token says besides, and where it was sent.
struct Trip<'t> {
    server: &'t Server,
    double: Double,
    token: Arc<Mutex<String>>,
}

impl<'t> Trip<'t> {
    fn to(server: &'t Server) -> Self {
        let (double, token) = speaking();
        let mut options = options(&double.issuer, "our-client", "s");
        options["pendingOptions"]["claimsMapping"] = json!({"sub": ["/sub"]});
        provider(&server.admin(), options);
        Self { server, double, token }
    }

    /// `login` is the page to log in on, from where it goes straight to the only provider.
    fn go(&self, login: &str, more: &Value) -> (String, Answer) {
        let mine = visitor(self.server);
        let departure = mine.get(&path(&location(&mine.get(login))));
        let to = location(&departure);
        let mut claims = json!({"iss": self.double.issuer, "aud": "our-client", "sub": "nora", "iat": now(),
            "exp": now() + 300, "nonce": parameter(&to, "nonce")});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let header = Header { kid: Some("k".to_owned()), ..Header::new(Algorithm::RS256) };
        let key = EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap();
        *self.token.lock().unwrap() = encode(&header, &claims, &key).unwrap();
        let back = format!("/login/callback?code=c&state={}", parameter(&to, "state"));
        (to, mine.header("cookie", &cookies(&departure)).get(&back))
    }

    fn logged_in(&self, login: &str, more: &Value) -> Client {
        browser(self.server, &cookies(&self.go(login, more).1))
    }
}

#[test]
fn a_provider_asks_again_where_that_is_wanted() {
    let server = Server::start();
    let trip = Trip::to(&server);
    let again = "/login?prompt=login&login_hint=nora%40acme.example&returnto=%2Fdocs";
    let (to, arrived) = trip.go(again, &json!({"auth_time": now()}));
    let asked = |to: &str| ["prompt", "max_age", "login_hint"].map(|name| parameter(to, name));
    assert_eq!(asked(&to), ["login", "0", "nora@acme.example"]);
    assert_eq!(path(&location(&arrived)), "/docs");
    for more in [
        json!({}),
        json!({"auth_time": null}),
        json!({"auth_time": "now"}),
        json!({"auth_time": now() - 60}),
        json!({"auth_time": now() + 600}),
    ] {
        assert_eq!(trip.go(again, &more).1.status, 401, "{more}");
    }
    let (to, arrived) = trip.go("/login", &json!({"auth_time": now() - 60}));
    assert_eq!((asked(&to), arrived.status), (Default::default(), 302), "nobody wanted that");
}

/// What a client is told, and may ask for, is when the provider asked, not when it was asked.
#[test]
fn a_session_is_as_old_as_what_the_provider_says() {
    let server = Server::start();
    let trip = Trip::to(&server);
    let client = spa(&server, &json!({}));
    let token = |nora: &Client| {
        let page = authorize(nora, &client, &[("prompt", "consent")]);
        page.expect(200);
        let code = sent(&decide(nora, &page, "allow"), "code").unwrap();
        let token = visitor(&server).post(crate::oauth::TOKEN, code_body(&client, &code));
        let token = token.expect(200);
        let claims = token["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
        let claims =
            base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["auth_time"], token["auth_time"]);
        token["auth_time"].clone()
    };
    let again = |nora: &Client, age: &str| {
        let answer = authorize(nora, &client, &[("max_age", age)]);
        answer.status == 302 && answer.headers["location"].to_str().unwrap().contains("prompt=login")
    };
    let asked_at = i64::try_from(now()).unwrap() - 600;
    let nora = trip.logged_in("/login", &json!({"auth_time": asked_at}));
    assert_eq!(token(&nora), asked_at);
    assert!(again(&nora, "60") && again(&nora, "500") && !again(&nora, "7200"));
    let nora = trip.logged_in("/login", &json!({}));
    assert_eq!(token(&nora), Value::Null, "nobody knows");
    assert!(again(&nora, "7200"));
    let nora = trip.logged_in("/login?prompt=login", &json!({"auth_time": now()}));
    assert!(token(&nora).as_i64().is_some_and(|at| at > asked_at) && !again(&nora, "60"));
}
