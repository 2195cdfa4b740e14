//! Logging in by an OpenID Connect provider, which is another Rolecall or a hostile one: threats T21, T22, T23, T24, T70.

mod anew;

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rolecall_engine::names::Subject;
use rolecall_server::set_password;
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Client, RUNTIME, Server, names},
    logins::{PROVIDERS, RSA, browser, cookies, now, visitor},
    oauth::CLIENTS,
};

const PASSWORD: &str = "correct horse battery";

/// A client as a browser that follows no redirects, on some host of some server.
fn at(server: &Server, host: &str) -> Client {
    server.anonymous().header("host", &format!("{host}:{}", server.address.port()))
}

fn location(answer: &Answer) -> String {
    answer.expect(302);
    answer.headers["location"].to_str().unwrap().to_owned()
}

fn path(address: &str) -> String {
    let rest = address.split_once("://").unwrap().1;
    rest[rest.find('/').unwrap()..].to_owned()
}

fn parameter(address: &str, name: &str) -> String {
    let query = address.split_once('?').unwrap().1;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Options of a provider at an issuer, as an administrator gives them.
fn options(issuer: &str, client: &str, secret: &str) -> Value {
    json!({"protocol": "OIDC", "provider": "generic", "interactive": true, "description": "The other one", "pendingOptions": {
        "discoveryUrl": format!("{issuer}/.well-known/openid-configuration"), "clientId": client, "clientSecret": secret,
        "emailVerifiedAlwaysTrue": true, "claimsMapping": {"sub": ["/missing", "/preferred_username"]}}})
}

/// Makes a provider and lets its options hold.
fn provider(admin: &Client, options: Value) -> String {
    let made = admin.post(PROVIDERS, options);
    let id = made.expect(201)["id"].as_str().unwrap().to_owned();
    admin.op(&format!("{PROVIDERS}/{id}"), "promote-options", "/options", true).expect(204);
    id
}

#[test]
fn another_rolecall_says_who_somebody_is() {
    let (there, here) = (Server::start(), Server::start());
    let callback = format!("http://acme.localhost:{}/login/callback", here.address.port());
    let new = json!({"appType": "web", "clientName": "Here", "redirectUris": [callback], "connectionConfig": {"consentMethod": "trusted"},
        "allowedScopes": ["openid", "profile", "email"]});
    let client = there.admin().post(CLIENTS, new);
    let client = client.expect(201);
    let issuer = format!("http://acme.localhost:{}", there.address.port());
    let text = |name: &str| client[name].as_str().unwrap();
    here.admin().replace("/api/v1/groups/settings", "/autoCreateGroups", true).expect(204);
    let mut new = options(&issuer, text("clientId"), text("clientSecret"));
    new["pendingOptions"]["realm"] = "there".into();
    let id = provider(&here.admin(), new);
    assert_eq!(here.admin().get(&format!("{PROVIDERS}/{id}")).expect(200)["pendingState"], "verified");

    let uma = Subject::new("acme\\uma@acme.example").unwrap();
    RUNTIME.block_on(set_password(&there.app, there.tenants[0].tenant, uma, PASSWORD.to_owned())).unwrap();
    // The browser: here, there, logging in there, back here.
    let (mine, theirs) = (at(&here, "acme.localhost"), at(&there, "acme.localhost"));
    let page = mine.get("/login?returnto=%2Fdocs");
    assert_eq!(path(&location(&page)), format!("/login/oidc?idp={id}&returnto=%2Fdocs"), "the only way in");
    let departure = mine.get(&path(&location(&page)));
    let authorize = location(&departure);
    assert!(authorize.starts_with(&format!("{issuer}/oauth/authorize?")), "{authorize}");
    let sent = cookies(&departure);
    let login = location(&theirs.get(&path(&authorize)));
    let back = parameter(&login, "returnto");
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("username", "uma@acme.example"), ("password", PASSWORD), ("returnto", &back)])
        .finish();
    let entered = theirs.send("POST", "/login", Some(("application/x-www-form-urlencoded", form.as_bytes())));
    entered.expect(303);
    let logged_in = theirs.header("cookie", &cookies(&entered));
    let returned = location(&logged_in.get(&path(entered.headers["location"].to_str().unwrap())));
    assert!(returned.starts_with(&callback), "{returned}");
    // Only the browser that was sent comes back, and only with its own state (threats T22).
    for (cookie, address) in [
        (String::new(), path(&returned)),
        (sent.clone(), path(&returned).replace("state=", "state=x")),
        (sent.clone(), path(&returned).replace("iss=", "iss=x")),
        (format!("{sent}x"), path(&returned)),
    ] {
        let refused = mine.header("cookie", &cookie).get(&address);
        refused.expect(401);
        assert!(refused.text.contains("Logging in did not work"), "{}", refused.text);
    }
    let arrived = mine.header("cookie", &sent).get(&path(&returned));
    assert_eq!(path(&location(&arrived)), "/docs");
    let me = browser(&here, &cookies(&arrived)).get("/api/v1/users/me");
    let me = me.expect(200);
    assert_eq!((&me["subject"], &me["name"]), (&"there\\acme\\uma@acme.example".into(), &"Uma User".into()));
    assert_eq!(names(&me["assignedGroups"]), ["Analysts"]);
    assert_ne!(me["id"], here.user().id(), "not who has the address here (threats T24)");
}

/// A provider that answers as it is told, and counts how often it is asked.
struct Double {
    issuer: String,
    asked: Arc<AtomicUsize>,
}

impl Double {
    fn start(answer: impl Fn(&str, &str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let asked = Arc::new(AtomicUsize::new(0));
        let (own, counted, answer) = (issuer.clone(), Arc::clone(&asked), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::Relaxed);
                let (own, answer) = (own.clone(), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &own, &*answer));
            }
        });
        Self { issuer, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn serve(mut stream: TcpStream, issuer: &str, answer: &dyn Fn(&str, &str) -> Option<Vec<u8>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).unwrap_or_default();
    match answer(issuer, path) {
        Some(bytes) => drop(stream.write_all(&bytes)),
        None => thread::sleep(Duration::from_secs(8)),
    }
}

fn ok(body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into()
}

fn metadata(issuer: &str) -> Value {
    json!({"issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"), "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys")})
}

/// What a hostile or broken provider does is bounded, and told to the administrator.
#[test]
fn a_provider_that_cannot_be_used_is_refused() {
    let server = Server::start();
    let admin = server.admin();
    let refused = |double: &Double| {
        let made = admin.post(PROVIDERS, options(&double.issuer, "c", "s"));
        let id = made.expect(201)["id"].as_str().unwrap().to_owned();
        let begun = Instant::now();
        let answer = admin.op(&format!("{PROVIDERS}/{id}"), "promote-options", "/options", true);
        assert!(begun.elapsed() < Duration::from_secs(8), "bounded in time");
        let detail = answer.expect(400)["errors"][0]["detail"].as_str().unwrap().to_owned();
        admin.delete(&format!("{PROVIDERS}/{id}")).expect(204);
        detail
    };
    let huge = |issuer: &str, _: &str| {
        let mut answer = metadata(issuer);
        answer["padding"] = "x".repeat(100_000).into();
        Some(ok(&answer))
    };
    let elsewhere = |_: &str, _: &str| {
        Some(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n".to_vec())
    };
    let endless =
        |_: &str, _: &str| Some([b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 10_000_000]].concat());
    for (double, why) in [
        (Double::start(huge), "too long"),
        (Double::start(endless), "too long"),
        (Double::start(elsewhere), "302"),
        (Double::start(|_, _| None), "in time"),
        (Double::start(|_, _| Some(ok(&json!({"issuer": 1})))), "configuration"),
        (Double::start(|_, _| Some(ok(&metadata("https://other.example")))), "another one"),
        (Double::start(|_, _| Some(b"nonsense".to_vec())), "reached"),
    ] {
        let detail = refused(&double);
        assert!(detail.contains(why), "{why}: {detail}");
    }
    for address in [
        "http://10.0.0.1",
        "https://169.254.169.254",
        "http://[::ffff:10.0.0.1]",
        "file:///etc",
        "gopher://x",
    ] {
        let made = admin.post(PROVIDERS, options(address, "c", "s"));
        if made.status == 201 {
            let id = made.body["id"].as_str().unwrap();
            admin.op(&format!("{PROVIDERS}/{id}"), "promote-options", "/options", true).expect(400);
        } else {
            made.expect(400);
        }
    }
}

/// A provider, and the identity token that it gives.
fn speaking() -> (Double, Arc<Mutex<String>>) {
    let token = Arc::new(Mutex::new(String::new()));
    let given = Arc::clone(&token);
    let key = rsa_components();
    let double = Double::start(move |issuer, path| {
        Some(ok(&match path.split('?').next().unwrap() {
            "/.well-known/openid-configuration" => metadata(issuer),
            "/keys" => json!({"keys": [key]}),
            "/token" => {
                json!({"id_token": *given.lock().unwrap(), "access_token": "a", "token_type": "Bearer"})
            }
            _ => json!({}),
        }))
    });
    (double, token)
}

/// An identity token counts only from the provider, for us, in answer to what was asked, and now (threats T21).
#[test]
fn no_forged_identity_token_logs_anybody_in() {
    let server = Server::start();
    let (double, token) = speaking();
    let admin = server.admin();
    let mut options = options(&double.issuer, "our-client", "s");
    options["pendingOptions"]["claimsMapping"] = json!({"sub": ["/sub"]});
    let id = provider(&admin, options);
    let attempt = |forge: &dyn Fn(&mut Value, &mut Header) -> Option<String>| {
        let mine = visitor(&server);
        let departure = mine.get(&format!("/login/oidc?idp={id}"));
        let to = location(&departure);
        let mut claims = json!({"iss": double.issuer, "aud": "our-client", "sub": "nora", "iat": now(), "exp": now() + 300,
            "nonce": parameter(&to, "nonce")});
        let mut header = Header { kid: Some("k".to_owned()), ..Header::new(Algorithm::RS256) };
        let forged = forge(&mut claims, &mut header);
        let key = EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap();
        *token.lock().unwrap() = forged.unwrap_or_else(|| encode(&header, &claims, &key).unwrap());
        let back = format!("/login/callback?code=c&state={}", parameter(&to, "state"));
        mine.header("cookie", &cookies(&departure)).get(&back).status
    };
    assert_eq!(attempt(&|_, _| None), 302, "the right one");
    for (name, value) in [
        ("iss", json!("https://other.example")),
        ("iss", Value::Null),
        ("aud", json!("other")),
        ("aud", Value::Null),
        ("aud", json!(["our-client", "other"])),
        ("azp", json!("other")),
        ("sub", Value::Null),
        ("sub", json!(1)),
        ("nonce", json!("x")),
        ("nonce", Value::Null),
        ("exp", json!(now() - 60)),
        ("exp", Value::Null),
        ("iat", json!(now() + 600)),
        ("iat", Value::Null),
    ] {
        let status = attempt(&|claims, _| {
            claims[name] = value.clone();
            None
        });
        assert_eq!(status, 401, "{name} {value}");
    }
    let unsigned = attempt(&|claims, _| {
        let part = |value: &Value| {
            base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, value.to_string())
        };
        Some(format!("{}.{}.", part(&json!({"alg": "none", "kid": "k"})), part(claims)))
    });
    assert_eq!(unsigned, 401);
    let confused = attempt(&|claims, _| {
        let header = Header { kid: Some("k".to_owned()), ..Header::new(Algorithm::HS256) };
        Some(
            encode(&header, claims, &EncodingKey::from_secret(crate::logins::RSA_PUBLIC.as_bytes())).unwrap(),
        )
    });
    assert_eq!(confused, 401);
    // Names of keys that are not known make the provider be asked once a minute, not each time.
    let before = double.asked();
    for n in 0..5 {
        let status = attempt(&|_, header| {
            header.kid = Some(format!("unknown-{n}"));
            None
        });
        assert_eq!(status, 401);
    }
    assert_eq!(double.asked() - before, 5, "five codes, and no keys");
    assert_eq!(attempt(&|_, _| None), 302);
}

/// The public half of the RSA key, as a key set has it.
fn rsa_components() -> Value {
    use aws_lc_rs::{rsa::KeyPair, signature::KeyPair as _};
    let der: String = RSA.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, der).unwrap();
    let pair = KeyPair::from_pkcs8(&der).unwrap();
    let encoded =
        |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes);
    let public = pair.public_key();
    json!({"kty": "RSA", "kid": "k", "use": "sig", "alg": "RS256",
        "n": encoded(public.modulus().big_endian_without_leading_zero()), "e": encoded(public.exponent().big_endian_without_leading_zero())})
}

/// Whoever comes while a provider is asked waits for what it says: it is asked once (threats T23).
#[test]
fn a_provider_is_asked_once_at_a_time() {
    let server = Server::start();
    let double = Double::start(|issuer, _| {
        thread::sleep(Duration::from_millis(300));
        Some(ok(&metadata(issuer)))
    });
    let mut new = options(&double.issuer, "c", "s");
    new["skipVerify"] = true.into();
    let id = server.admin().post(PROVIDERS, new).expect(201)["id"].as_str().unwrap().to_owned();
    let visit = || visitor(&server).get(&format!("/login/oidc?idp={id}")).status;
    thread::scope(|scope| {
        for visitor in [(); 8].map(|()| scope.spawn(visit)) {
            assert_eq!(visitor.join().unwrap(), 302);
        }
    });
    assert_eq!(double.asked(), 1);
}

/// What holds is what was verified, not what was put in its place meanwhile (reference/rest-api.md §9).
#[test]
fn options_that_change_while_they_are_verified_do_not_hold() {
    let server = Server::start();
    let admin = server.admin();
    let double = Double::start(|issuer, _| {
        thread::sleep(Duration::from_millis(1500));
        Some(ok(&metadata(issuer)))
    });
    let made = admin.post(PROVIDERS, options(&double.issuer, "c", "s"));
    let path = format!("{PROVIDERS}/{}", made.expect(201)["id"].as_str().unwrap());
    let promote = || admin.op(&path, "promote-options", "/options", true);
    thread::scope(|scope| {
        let promoted = scope.spawn(promote);
        while double.asked() == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        let other = options("https://op.example", "c", "s")["pendingOptions"].clone();
        admin.replace(&path, "/pendingOptions", other).expect(204);
        promoted.join().unwrap().refused(412, "HTTP-412");
    });
    let left = admin.get(&path);
    let left = left.expect(200);
    assert_eq!(
        (&left["active"], &left["options"], &left["pendingState"]),
        (&false.into(), &json!({}), &"pending".into())
    );
    // What else changes meanwhile is no matter.
    admin
        .replace(&path, "/pendingOptions", options(&double.issuer, "c", "s")["pendingOptions"].clone())
        .expect(204);
    promote().expect(204);
}

#[test]
fn saml_is_told_not_to_work() {
    let server = Server::start();
    let saml = json!({"protocol": "SAML", "provider": "okta", "options": {"metadata": {"raw": "PHg+"}}});
    let id = server.admin().post(PROVIDERS, saml).expect(201)["id"].as_str().unwrap().to_owned();
    visitor(&server).get(&format!("/login/oidc?idp={id}")).refused(401, "INVALID-IDP-CONFIG");
    visitor(&server).get("/login/oidc?idp=x").refused(401, "INVALID-IDP-CONFIG");
}

/// A client's keys can be at an address of its own, which is asked for as identity providers are.
#[test]
fn a_client_proves_itself_by_keys_that_it_publishes() {
    let server = Server::start();
    let keys = rsa_components();
    let double = Double::start(move |_, _| Some(ok(&json!({"keys": [keys]}))));
    let new = json!({"appType": "web", "clientName": "Keys", "allowedAuthMethods": ["private_key_jwt"],
        "allowedGrantTypes": ["client_credentials"], "allowedScopes": ["user_default"],
        "jwksUri": format!("{}/keys", double.issuer)});
    let made = server.admin().post(CLIENTS, new);
    let id = made.expect(201)["clientId"].as_str().unwrap().to_owned();
    let ask = |kid: &str, jti: &str| {
        let claims = json!({"iss": id, "sub": id, "aud": "http://acme.localhost/oauth/token", "jti": jti,
            "iat": now(), "exp": now() + 200});
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::RS256) };
        let assertion =
            encode(&header, &claims, &EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap()).unwrap();
        let body = json!({"grant_type": "client_credentials", "client_id": id, "client_assertion": assertion,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"});
        visitor(&server).post("/oauth/token", body).status
    };
    assert_eq!((ask("k", "1"), ask("k", "2"), ask("k", "2")), (200, 200, 401));
    assert_eq!((ask("x", "3"), ask("y", "4"), double.asked()), (401, 401, 1), "asked once a minute");
}
