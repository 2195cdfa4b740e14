//! Invitations: reference/rest-api.md §3.4, threats T10, T26, T29, T60.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use rolecall_engine::time::Span;
use rolecall_server::Mailer;
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Client, RUNTIME, Server, Setup},
    logins::{browser, cookies, visitor},
    tenants_life::{Operator, act},
};

const INVITE: &str = "/api/v1/users/actions/invite";
const ACCEPT: &str = "/login/invitation";
const PASSWORD: &str = "correct horse battery";

fn invite(admin: &Client, invitees: &Value) -> Answer {
    admin.post(INVITE, json!({ "invitees": invitees }))
}

/// Invites somebody; answers the item of the answer.
fn invited(admin: &Client, invitee: &Value) -> Value {
    invite(admin, &json!([invitee])).expect(207)["data"][0].clone()
}

/// The link of the newest letter.
fn link(server: &Server) -> String {
    let letters = server.letters();
    let letter = letters.last().unwrap().replace("=\r\n", "").replace("=3D", "=");
    let from = letter.find("http://").unwrap();
    letter[from..].split_whitespace().next().unwrap().to_owned()
}

fn token(server: &Server) -> String {
    link(server).split("token=").nth(1).unwrap().to_owned()
}

fn page(client: &Client, token: &str) -> Answer {
    client.get(&format!("{ACCEPT}?token={token}"))
}

fn accept(client: &Client, token: &str, password: &str) -> Answer {
    let form: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("token", token), ("password", password)])
        .finish();
    client.send("POST", ACCEPT, Some(("application/x-www-form-urlencoded", form.as_bytes())))
}

#[test]
fn whoever_is_invited_joins_by_the_link() {
    let server = Server::start();
    let item =
        invited(&server.admin(), &json!({"email": "nora@acme.example", "name": "Nora N.", "language": "sv"}));
    assert_eq!((&item["status"], &item["subject"]), (&"ok".into(), &"nora@acme.example".into()));
    let user = format!("/api/v1/users/{}", item["userId"].as_str().unwrap());
    let nora = server.admin().get(&user);
    let nora = nora.expect(200);
    assert_eq!(
        (&nora["status"], &nora["name"], &nora["locale"]),
        (&"invited".into(), &"Nora N.".into(), &"sv".into())
    );
    let seconds = nora["inviteExpiry"].as_i64().unwrap() - server.app.clock.now().as_seconds();
    assert!((7 * 86_400 - 5..=7 * 86_400).contains(&seconds), "{seconds}");

    let letters = server.letters();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].contains("To: nora@acme.example") && letters[0].contains("You are invited to Acme"));
    let port = server.address.port();
    assert!(
        link(&server).starts_with(&format!("http://acme.localhost:{port}{ACCEPT}?token=")),
        "{}",
        link(&server)
    );
    let shown = page(&visitor(&server), &token(&server));
    shown.expect(200);
    assert!(shown.text.contains("nora@acme.example") && shown.text.contains("Acme"));
    assert_eq!(shown.headers["referrer-policy"], "same-origin");
    let short = accept(&visitor(&server), &token(&server), "short");
    short.expect(401);
    assert!(short.text.contains("12 to 256 characters") && short.text.contains("name=\"password\""));

    let joined = accept(&visitor(&server), &token(&server), PASSWORD);
    joined.expect(303);
    let session = browser(&server, &cookies(&joined));
    let me = session.get("/api/v1/users/me");
    assert_eq!((&me.expect(200)["id"], &me.body["status"]), (&item["userId"], &"active".into()));
    assert!(me.body.get("inviteExpiry").is_none());
    let form = "username=nora%40acme.example&password=correct+horse+battery";
    let form = Some(("application/x-www-form-urlencoded", form.as_bytes()));
    visitor(&server).send("POST", "/login", form).expect(303);
    assert!(!server.letters()[0].contains(PASSWORD));
}

#[test]
fn each_invitee_has_a_result() {
    let server = Server::start();
    let admin = server.admin();
    let disabled = json!({"subject": "off", "email": "off@acme.example"});
    let id = admin.post("/api/v1/users", disabled).expect(201)["id"].as_str().unwrap().to_owned();
    admin.replace(&format!("/api/v1/users/{id}"), "/status", "disabled").expect(204);
    invited(&admin, &json!({"email": "old@acme.example"}));
    let answer = invite(
        &admin,
        &json!([
        {"email": "new@acme.example"}, {"email": "NEW@acme.example"}, {"email": "old@acme.example"},
        {"email": "Uma@acme.example"}, {"email": "off@acme.example"}, {"email": "no address"},
        {"email": "x@acme.example", "language": "English"}, {"email": "y@acme.example", "name": ""}]),
    );
    let data = answer.expect(207)["data"].as_array().unwrap();
    let results: Vec<(&str, &str)> = data
        .iter()
        .map(|item| (item["status"].as_str().unwrap(), item["code"].as_str().unwrap_or_default()))
        .collect();
    let error = |code| ("error", code);
    assert_eq!(
        results,
        [
            ("ok", ""),
            ("exists", ""),
            ("exists", ""),
            error("1001"),
            error("1002"),
            error("400"),
            error("400"),
            error("400")
        ]
    );
    assert_eq!(data[0]["userId"], data[1]["userId"]);
    assert_eq!(server.letters().len(), 2, "only to who was not invited before");
    let again = invited(&admin, &json!({"email": "old@acme.example", "resend": true}));
    assert_eq!((&again["status"], server.letters().len()), (&"ok".into(), 3));

    let many: Vec<Value> = (0..101).map(|n| json!({"email": format!("{n}@acme.example")})).collect();
    invite(&admin, &json!(many)).refused(400, "HTTP-400");
    invite(&server.user(), &json!([{"email": "z@acme.example"}])).refused(403, "HTTP-403");
    invite(&admin.header("prefer", "preview"), &json!([{"email": "z@acme.example"}])).expect(200);
    assert_eq!(server.letters().len(), 3);
    assert_eq!(
        admin.get("/api/v1/users?filter=email+eq+%22z%40acme.example%22").expect(200)["data"],
        json!([])
    );
}

/// Whatever is wrong with a link, the answer is the same, and nobody is let in.
#[track_caller]
fn not_good(server: &Server, client: &Client, token: &str) {
    let refused = page(&visitor(server), "none");
    refused.expect(401);
    for answer in [page(client, token), accept(client, token, PASSWORD)] {
        assert_eq!(answer.status, 401, "{token}");
        assert_eq!(answer.text, refused.text, "{token}");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
}

/// A link is for one tenant, one user, one address, one purpose and one time (threats T10).
#[test]
fn a_link_is_for_what_it_was_made_for() {
    let server = Server::start();
    let admin = server.admin();
    let email = |name: &str| json!({"email": format!("{name}@acme.example")});
    let item = invited(&admin, &email("nora"));
    let good = token(&server);
    let text: Vec<u8> = good.bytes().collect();
    let host = visitor(&server);
    for at in 0..text.len() {
        for bit in 0..7 {
            let mut broken = text.clone();
            broken[at] ^= 1 << bit;
            let Ok(broken) = String::from_utf8(broken) else { continue };
            if broken.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
                // The last character of a signature has two bits that say nothing.
                let same = at == text.len() - 1 && page(&host, &broken).status == 200;
                assert!(!same, "bit {bit} of {at}");
                if at % 16 == 0 {
                    not_good(&server, &host, &broken);
                }
            }
        }
    }
    invited(&admin, &email("olaf"));
    let other = token(&server);
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (mine, theirs) = (parts(&good), parts(&other));
    for swapped in 0..mine.len() {
        let mut mixed = mine.clone();
        mixed[swapped].clone_from(&theirs[swapped]);
        if mixed != mine {
            not_good(&server, &host, &mixed.join("."));
        }
    }
    for elsewhere in ["globex.localhost", "localhost", "nobody.example"] {
        not_good(&server, &server.anonymous().header("host", elsewhere), &good);
    }
    // What is signed for another purpose.
    let logged = accept(&host, &other, PASSWORD);
    logged.expect(303);
    let set = cookies(&logged);
    let session = set.split("eas.sid=").nth(1).unwrap().split(';').next().unwrap();
    let signature = set.split("eas.sid.sig=").nth(1).unwrap().split(';').next().unwrap();
    not_good(&server, &host, &format!("{session}.{signature}"));
    for text in ["", ".", "....", &good[..good.len() - 1], &format!("{good}."), &"x".repeat(5000)] {
        not_good(&server, &host, text);
    }
    let user = format!("/api/v1/users/{}", item["userId"].as_str().unwrap());
    admin.replace(&user, "/email", "other@acme.example").expect(204);
    not_good(&server, &host, &good);
    admin.replace(&user, "/email", "nora@acme.example").expect(204);
    page(&host, &good).expect(200);
}

#[test]
fn a_link_is_good_once_and_until_a_later_one() {
    let server = Server::start();
    let (admin, host) = (server.admin(), visitor(&server));
    let invitee = |resend: bool| json!({"email": "nora@acme.example", "resend": resend});
    let item = invited(&admin, &invitee(false));
    let user = format!("/api/v1/users/{}", item["userId"].as_str().unwrap());
    let first = token(&server);
    server.app.clock.advance(Span::from_hours(1));
    assert_eq!(invited(&admin, &invitee(true))["status"], "ok");
    let second = token(&server);
    not_good(&server, &host, &first);
    server.app.clock.advance(Span::from_hours(1));
    admin.op(&user, "renew", "/inviteExpiry", true).expect(204);
    let third = token(&server);
    assert_eq!(server.letters().len(), 3, "the letter is sent again");
    not_good(&server, &host, &second);
    server.app.clock.advance(Span::from_days(7));
    not_good(&server, &host, &third);
    assert_eq!(invited(&admin, &invitee(true))["status"], "ok");
    let fourth = token(&server);
    let foreign = host.header("origin", "https://evil.example");
    accept(&foreign, &fourth, PASSWORD).refused(403, "HTTP-403");
    accept(&host, &fourth, PASSWORD).expect(303);
    not_good(&server, &host, &fourth);
    assert_eq!(invited(&admin, &invitee(true))["code"], "1001");
}

#[test]
fn an_invitation_ends_with_its_user_and_its_tenant() {
    let server = Server::start();
    let (admin, host) = (server.admin(), visitor(&server));
    for end in ["disable", "delete", "make active"] {
        let email = format!("{}@acme.example", end.replace(' ', "-"));
        let item = invited(&admin, &json!({ "email": email }));
        let user = format!("/api/v1/users/{}", item["userId"].as_str().unwrap());
        let link = token(&server);
        page(&host, &link).expect(200);
        match end {
            "delete" => admin.delete(&user).expect(204),
            "disable" => admin.replace(&user, "/status", "disabled").expect(204),
            _ => admin.replace(&user, "/status", "active").expect(204),
        };
        not_good(&server, &host, &link);
    }
    invited(&admin, &json!({"email": "late@acme.example"}));
    let link = token(&server);
    let (operator, tenant) = (Operator::of(&server).client(&server), server.tenants[0].tenant.to_string());
    act(&operator, &tenant, "deactivate", "acme.localhost", json!({})).expect(200);
    not_good(&server, &host, &link);
    act(&operator, &tenant, "reactivate", "acme.localhost", json!({})).expect(200);
    accept(&host, &link, PASSWORD).expect(303);
}

/// An operator's way to the first person of a tenant.
#[test]
fn an_operator_invites_the_first_administrator() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let made = operator
        .client(&server)
        .post("/api/v1/tenants", json!({"licenseKey": "x", "hostnames": ["first.localhost"]}));
    made.expect(201);
    let bot = operator.within(&server, "first.localhost");
    let item = invited(&bot, &json!({"email": "ada@first.example"}));
    let user = format!("/api/v1/users/{}", item["userId"].as_str().unwrap());
    bot.op(&user, "add", "/assignedRoles/-", json!({"name": "TenantAdmin"})).expect(204);
    assert!(link(&server).starts_with("http://first.localhost"));
    let host = server.anonymous().header("host", "first.localhost");
    let joined = accept(&host, &token(&server), PASSWORD);
    joined.expect(303);
    host.header("cookie", &cookies(&joined)).get("/api/v1/roles").expect(200);
}

#[test]
fn nobody_is_written_to_all_the_time() {
    let server = Server::start();
    let admin = server.admin();
    let codes: Vec<Value> = (0..12)
        .map(|n| invited(&admin, &json!({"email": if n % 2 == 0 { "NORA@acme.example" } else { "nora@acme.example" }, "resend": true})))
        .map(|item| item["code"].clone())
        .collect();
    assert_eq!(codes.iter().filter(|code| **code == "429").count(), 2, "{codes:?}");
    assert_eq!(server.letters().len(), 10);
}

/// A mail server that takes letters, or refuses each.
fn mail_server(takes: bool) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://user:p%40ss@{}", listener.local_addr().unwrap());
    let received = Arc::new(Mutex::new(Vec::new()));
    let letters = Arc::clone(&received);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let mut say = |text: &str| write!(stream, "{text}\r\n").unwrap();
            say("220 test");
            let mut letter: Option<String> = None;
            while let Some(Ok(line)) = lines.next() {
                match (&mut letter, line.as_str()) {
                    (Some(_), ".") => {
                        letters.lock().unwrap().extend(letter.take());
                        say("250 taken");
                    }
                    (Some(text), _) => text.push_str(&(line + "\n")),
                    (None, line) if line.starts_with("EHLO") => say("250-test\r\n250 AUTH PLAIN"),
                    (None, line) if line.starts_with("AUTH") => say("235 come in"),
                    (None, line) if line.starts_with("RCPT") && !takes => say("550 nobody"),
                    (None, "DATA") => {
                        letter = Some(String::new());
                        say("354 go on");
                    }
                    (None, "QUIT") => say("221 bye"),
                    (None, _) => say("250 ok"),
                }
            }
        }
    });
    (url, received)
}

#[test]
fn letters_go_through_a_mail_server() {
    let (url, received) = mail_server(true);
    let mail = RUNTIME.block_on(async { Mailer::smtp(&url, "Access <access@example.com>") }).unwrap();
    let server = Server::with(Setup { mail: Some(mail), ..Setup::default() });
    assert_eq!(invited(&server.admin(), &json!({"email": "nora@acme.example"}))["status"], "ok");
    let letters = received.lock().unwrap().clone();
    assert!(
        letters.len() == 1 && letters[0].contains("From: \"Access\" <access@example.com>")
            || letters[0].contains("From: Access <access@example.com>"),
        "{letters:?}"
    );
    assert!(letters[0].contains("text/plain") && letters[0].contains("text/html"));
    server.anonymous().header("host", "localhost").get("/rolecall/dev/inbox").refused(404, "HTTP-404");
}

/// Who is not told is invited nonetheless, and can be invited again.
#[test]
fn a_letter_that_is_not_sent_leaves_an_invitation() {
    let (url, _) = mail_server(false);
    let refusing = RUNTIME.block_on(async { Mailer::smtp(&url, "access@example.com") }).unwrap();
    let gone = RUNTIME.block_on(async { Mailer::smtp("smtp://127.0.0.1:1", "access@example.com") }).unwrap();
    for (mail, why) in [(Mailer::Off, "smtp-url"), (refusing, "did not take"), (gone, "did not take")] {
        let server = Server::with(Setup { mail: Some(mail), ..Setup::default() });
        let item = invited(&server.admin(), &json!({"email": "nora@acme.example"}));
        assert_eq!((&item["status"], &item["code"]), (&"error".into(), &"1003".into()));
        assert!(item["detail"].as_str().unwrap().contains(why), "{item}");
        assert!(!item.to_string().contains("p%40ss") && !item.to_string().contains("p@ss"));
        let users = server.admin().get("/api/v1/users?filter=email+eq+%22nora%40acme.example%22");
        assert_eq!(users.expect(200)["data"][0]["status"], "invited");
        assert_eq!(invited(&server.admin(), &json!({"email": "nora@acme.example"}))["status"], "exists");
        let again = invited(&server.admin(), &json!({"email": "nora@acme.example", "resend": true}));
        assert_eq!(again["code"], "1003");
    }
}

#[test]
fn the_inbox_of_the_sandbox_is_for_the_own_machine() {
    let server = Server::start();
    let local = server.anonymous();
    assert!(local.get("/rolecall/dev/inbox").text.contains("There are none yet"));
    invited(&server.admin(), &json!({"email": "nora@acme.example"}));
    let inbox = local.get("/rolecall/dev/inbox");
    inbox.expect(200);
    assert!(
        inbox.text.contains("nora@acme.example") && inbox.text.contains(&token(&server)),
        "{}",
        inbox.text
    );
    for host in ["evil.example", "10.0.0.1", "localhost.evil.example"] {
        local.header("host", host).get("/rolecall/dev/inbox").refused(404, "HTTP-404");
    }
}
