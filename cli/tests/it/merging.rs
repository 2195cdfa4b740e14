//! Giving and taking while others do the same, and on a server that offers no more than the vendor documents.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Stdio,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::tool::{Tool, said};

/// Whoever gives something to the same thing at the same time loses nothing by it.
#[test]
fn nothing_is_lost_between_two_who_give() {
    let tool = Tool::start();
    let roles: Vec<String> = (0..8).map(|at| format!("Role {at}")).collect();
    for role in &roles {
        tool.out(&format!("role create --name '{role}' -q"));
    }
    for (owner, read) in [("user", "user get uma@acme.example"), ("group", "group get Analysts")] {
        let name = read.rsplit(' ').next().unwrap();
        let give = |role: &String| {
            let mut command = tool.command(&format!("{owner} add-role {name} '{role}' -q"));
            command.stdout(Stdio::null()).spawn().unwrap()
        };
        let giving: Vec<_> = roles.iter().map(give).collect();
        for mut one in giving {
            assert!(one.wait().unwrap().success());
        }
        let shown: Value = serde_json::from_str(&tool.out(&format!("{read} --json"))).unwrap();
        let has: Vec<&str> = shown["assignedRoles"]
            .as_array()
            .unwrap()
            .iter()
            .map(|role| role["name"].as_str().unwrap())
            .collect();
        assert!(roles.iter().all(|role| has.contains(&role.as_str())), "{owner}: {has:?}");
    }
}

/// A request as the stand-in got it.
#[derive(Debug, Clone, PartialEq)]
pub struct Got {
    pub line: String,
    has_name: bool,
    pub body: Value,
}

/// A server that knows one user and two roles, and of the API what the guides say: lists are replaced as a whole. It is busy at times.
struct StandIn {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl StandIn {
    fn start(busy: &'static [(&'static str, u16)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        std::thread::spawn(move || {
            let mut roles = vec![json!({"id": "608050f749634644db678b17", "name": "First"})];
            let mut busy = busy.to_vec();
            for stream in listener.incoming() {
                let Some(got) = request(&mut stream.unwrap().try_clone().unwrap(), |got| {
                    if let Some(at) = busy.iter().position(|(line, _)| got.line.starts_with(line)) {
                        return (busy.remove(at).1, Value::Null);
                    }
                    answer(got, &mut roles)
                }) else {
                    continue;
                };
                kept.lock().unwrap().push(got);
            }
        });
        Self { url, got }
    }

    fn writes(&self) -> Vec<Got> {
        let got = self.got.lock().unwrap();
        got.iter().filter(|got| !got.line.starts_with("GET")).cloned().collect()
    }
}

/// Reads a request and answers it; the connection ends with that.
pub fn request(stream: &mut TcpStream, answer: impl FnOnce(&Got) -> (u16, Value)) -> Option<Got> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            head => lines.push(head.to_owned()),
        }
    }
    let header = |name: &str| {
        lines.iter().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let mut body = vec![0; header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let got = Got {
        line: lines.first()?.trim_end_matches(" HTTP/1.1").to_owned(),
        has_name: header("idempotency-key").is_some(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let (status, body) = answer(&got);
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let wait = if status == 429 { "retry-after: 1\r\n" } else { "" };
    let head =
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n{wait}\r\n", text.len());
    stream.write_all((head + &text).as_bytes()).ok()?;
    Some(got)
}

/// What clears the screen, turns text around and is a formula.
const ODD: &str = "\u{1b}[2J\u{9b}\u{202e}=1;=1";

fn answer(got: &Got, roles: &mut Vec<Value>) -> (u16, Value) {
    let known = [("608050f749634644db678b17", "First"), ("608050f749634644db678b18", "Second")];
    let role =
        |(id, name): (&str, &str)| json!({"id": id, "name": name, "type": "custom", "assignedScopes": []});
    let user = json!({"id": "u1", "subject": "sam", "name": "Sam", "assignedRoles": roles});
    let mut words = got.line.split([' ', '?']);
    match (words.next().unwrap(), words.next().unwrap()) {
        ("GET", "/api/v1/users") => (200, json!({"data": [user], "links": {}})),
        ("GET", "/api/v1/users/u1") => (200, user),
        ("GET", "/api/v1/users/me") => (200, json!({"id": "u2", "assignedRoles": [], "assignedGroups": []})),
        ("GET", "/api/v1/roles") => {
            let odd = json!({"id": "r1", "name": "Odd", "type": "custom", "description": ODD});
            let data: Vec<Value> = known.map(role).into_iter().chain([odd]).collect();
            (200, json!({"data": data, "links": {}}))
        }
        ("PATCH", "/api/v1/users/u1") if got.body[0]["op"] == "replace" => {
            let named = |item: &Value| {
                let (id, name) = known.into_iter().find(|(id, _)| item["id"] == *id).unwrap();
                json!({"id": id, "name": name})
            };
            *roles = got.body[0]["value"].as_array().unwrap().iter().map(named).collect();
            (204, Value::Null)
        }
        ("GET", "/api/v1/groups") if got.line.contains("next=2") => {
            (200, json!({"data": [{"id": "g2"}], "links": {}}))
        }
        ("GET", "/api/v1/groups") => {
            let next = json!({"href": "http://evil.invalid/api/v1/groups?filter=x&next=2"});
            (200, json!({"data": [{"id": "g1"}], "links": {"next": next}}))
        }
        ("GET", "/api/v1/oauth-clients") => {
            (200, json!({"data": [{"clientId": "c1", "clientName": "Sync"}], "links": {}}))
        }
        ("PATCH", "/api/v1/oauth-clients/c1") => (202, json!({"clientSecret": "-Q7"})),
        ("PATCH", _) => (400, json!({"errors": [{"code": "X-1", "title": "only replace"}]})),
        ("POST", "/api/v1/roles") => (201, role(("608050f749634644db678b19", "Third"))),
        _ => (404, json!({"errors": [{"code": "X-404", "title": "Not found"}]})),
    }
}

#[test]
fn where_lists_are_only_replaced_they_are_replaced() {
    let tool = Tool::start();
    let server = StandIn::start(&[("PATCH", 429), ("GET /api/v1/users", 503)]);
    let command = |line: &str| {
        let mut command = tool.command(line);
        command.env("ROLECALL_URL", &server.url).env("ROLECALL_API_KEY", "key");
        said(line, command)
    };
    assert_eq!(
        command("user add-role sam Second"),
        "$ rolecall user add-role sam Second\n! the user `sam` now has `Second`\n\n"
    );
    let ids = |ids: &[&str]| {
        ids.iter().map(|id| json!({"id": format!("608050f749634644db678b{id}")})).collect::<Value>()
    };
    let patch = |value: Value| Got {
        line: "PATCH /api/v1/users/u1".to_owned(),
        has_name: false,
        body: json!([{"op": "replace", "path": "/assignedRoles", "value": value}]),
    };
    let twice = [patch(ids(&["17", "18"])), patch(ids(&["17", "18"]))];
    assert_eq!(server.writes(), twice, "once it is busy, and is asked again");
    assert!(command("user remove-role sam First").contains("no longer has"));
    assert_eq!(server.writes()[2..], [patch(ids(&["18"]))]);
}

/// Links that name another server are followed on the one that has the key.
#[test]
fn links_lead_nowhere_else() {
    let tool = Tool::start();
    let server = StandIn::start(&[]);
    let line = "group ls -f x -o ids";
    let mut command = tool.command(line);
    command.env("ROLECALL_URL", &server.url);
    assert_eq!(said(line, command), "$ rolecall group ls -f x -o ids\ng1\ng2\n\n");
}

/// What is in an answer does nothing to whoever looks at it, and says the same in every form.
#[test]
fn nothing_in_an_answer_moves_the_cursor() {
    let tool = Tool::start();
    let server = StandIn::start(&[]);
    let get = |line: &str| {
        let output = tool.command(line).env("ROLECALL_URL", &server.url).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let csv = get("role get Odd -o csv");
    assert!(csv.contains("\\u001b[2J\\u009b\\u202e=1;'=1"), "{csv}");
    for form in ["json", "yaml"] {
        let text = get(&format!("role get Odd -o {form}"));
        let odd: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(odd["description"], ODD, "{text}");
        assert!(!text.contains(|c: char| c != '\n' && c.is_control() || c == '\u{202e}'), "{text:?}");
    }
    let refused = get(&format!("role edit '{ODD}' --name X"));
    assert!(refused.starts_with("error: ") && !refused.contains('\u{1b}'), "{refused:?}");
}

/// A change may make a secret, which is told as it is, and in a form that has it.
#[test]
fn a_secret_that_a_change_makes_is_told() {
    let tool = Tool::start();
    let server = StandIn::start(&[]);
    let edit = |form: &str| {
        let line = format!("oauth-client edit Sync --description Nightly -q -o {form}");
        let mut command = tool.command(&line);
        command.env("ROLECALL_URL", &server.url);
        said(&line, command)
    };
    assert!(edit("table").contains("SECRET  -Q7"), "{}", edit("table"));
    assert!(edit("csv").contains("\nid,secret\nc1,-Q7\n"), "{}", edit("csv"));
    assert!(edit("json").contains("\"clientSecret\": \"-Q7\""), "{}", edit("json"));
    let changes = server.writes().len();
    let refused = edit("ids");
    assert!(refused.contains("may have a secret that is shown only now"), "{refused}");
    assert_eq!(server.writes().len(), changes, "nothing is changed");
}

/// What may have been done is not asked for again where that could do it twice.
#[test]
fn nothing_is_done_twice() {
    let tool = Tool::start();
    let server = StandIn::start(&[("POST", 503)]);
    let line = "role create --name Third";
    let mut command = tool.command(line);
    command.env("ROLECALL_URL", &server.url);
    let shown = said(line, command);
    assert!(shown.contains("is refused with 503") && shown.contains("[ends with 1]"), "{shown}");
    assert_eq!(server.writes().len(), 1);
}
