//! What is seen of a running server from outside: traces, log lines and numbers, and no secret in any of them.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{agent, ask, rolecall, terminate};

/// A server with one tenant, all of whose log is kept.
struct Watched {
    child: Child,
    folder: TempDir,
    token: String,
    log: Arc<Mutex<Vec<String>>>,
    url: String,
    metrics: String,
}

impl Watched {
    fn start(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (data, key) = (folder.path().join("data"), folder.path().join("key"));
        let place = |command: &mut Command| {
            command.arg("--data").arg(&data).arg("--key-file").arg(&key);
        };
        let mut init = rolecall();
        init.args([
            "init",
            "--name",
            "Acme",
            "--hostname",
            "acme.example",
            "--admin-email",
            "ada@acme.example",
        ]);
        place(&mut init);
        let made = String::from_utf8(init.output().unwrap().stdout).unwrap();
        let token = made.lines().find_map(|line| line.strip_prefix("admin key")).unwrap().trim().to_owned();
        let mut command = rolecall();
        command.args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
        command.args(["--log", "trace", "--log-format", "json"]).envs(variables.iter().copied());
        place(&mut command);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut said = |name: &str| {
            let value = lines.find_map(|line| {
                let read: Value = serde_json::from_str(&line).unwrap();
                log.lock().unwrap().push(line);
                read[name].as_str().map(str::to_owned)
            });
            format!("http://{}", value.unwrap())
        };
        let (metrics, url) = (said("metrics"), said("address"));
        let kept = Arc::clone(&log);
        std::thread::spawn(move || lines.for_each(|line| kept.lock().unwrap().push(line)));
        Self { child, folder, token, log, url, metrics }
    }

    /// Asks with headers; answers the status and the text.
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = agent().run(request.body(body.to_owned()).unwrap()).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    fn get(&self, path: &str) -> u16 {
        ask(&agent(), "GET", &format!("{}{path}", self.url), &self.token, None).unwrap().0
    }

    fn numbers(&self) -> String {
        agent().get(format!("{}/metrics", self.metrics)).call().unwrap().body_mut().read_to_string().unwrap()
    }

    /// Stops the server; answers the log.
    fn stop(&mut self) -> Vec<Value> {
        terminate(&self.child);
        assert!(self.child.wait().unwrap().success());
        std::thread::sleep(Duration::from_millis(100));
        self.log.lock().unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A collector that takes everything; answers its address, and the heads and bodies of what comes.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                while let Some(taken) = take(stream.as_ref().unwrap()) {
                    sender.send(taken).unwrap();
                }
            });
        }
    });
    (address, received)
}

fn take(mut stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    Some((head, body))
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The fields with a tag of a protobuf message that have a length.
fn fields(mut message: &[u8], tag: u64) -> Vec<&[u8]> {
    fn number(bytes: &mut &[u8]) -> u64 {
        let mut number = 0;
        for at in 0.. {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }
    let mut found = Vec::new();
    while !message.is_empty() {
        let key = number(&mut message);
        let length = match key & 7 {
            0 => {
                number(&mut message);
                0
            }
            1 => 8,
            2 => usize::try_from(number(&mut message)).unwrap(),
            5 => 4,
            other => panic!("a field of kind {other}"),
        };
        let (field, rest) = message.split_at(length);
        message = rest;
        if key == tag << 3 | 2 {
            found.push(field);
        }
    }
    found
}

/// The spans in a request to a collector (opentelemetry/proto/trace/v1): resource spans, scope spans, spans.
fn spans(body: &[u8]) -> Vec<&[u8]> {
    let scopes = fields(body, 1).into_iter().flat_map(|resource| fields(resource, 2));
    scopes.flat_map(|scope| fields(scope, 2)).collect()
}

fn number(hexadecimal: &str) -> Vec<u8> {
    (0..hexadecimal.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap())
        .collect()
}

/// A request is a span of its caller's trace, its transactions are below it, and its log lines name both.
#[test]
fn traces_go_to_the_collector_that_is_named() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const CALLER: &str = "00f067aa0ba902b7";
    let (address, received) = collector();
    let mut watched = Watched::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &address),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=canary-of-the-collector"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test-of-traces"),
    ]);
    let bearer = format!("Bearer {}", watched.token);
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let traced = [("authorization", bearer.as_str()), ("traceparent", &parent)];
    let known = "/api/v1/roles?limit=1&x=canary-in-query";
    assert_eq!(watched.send("GET", known, &traced, "").0, 200);
    assert_eq!(watched.get("/api/v1/users/canary-in-path"), 404);
    let log = watched.stop();
    let taken: Vec<(String, Vec<u8>)> = received.try_iter().collect();
    assert!(!taken.is_empty(), "{log:?}");
    assert!(
        taken[0].0.starts_with("post /v1/traces ") && taken[0].0.contains("application/x-protobuf"),
        "{taken:?}"
    );
    assert!(taken[0].0.contains("canary-of-the-collector"));
    for (_, body) in &taken {
        assert!(has(body, b"test-of-traces") && has(body, b"rolecall") && !has(body, b"canary"));
    }
    let all: Vec<&[u8]> = taken.iter().flat_map(|(_, body)| spans(body)).collect();
    let name = |span: &[u8]| String::from_utf8(fields(span, 5)[0].to_vec()).unwrap();
    let of_trace = |trace: &str| {
        let trace = number(trace);
        all.iter().copied().filter(|span| fields(span, 1)[0] == trace).collect::<Vec<_>>()
    };
    let mine = of_trace(TRACE);
    let request = mine.iter().find(|span| name(span) == "GET /api/v1/roles").unwrap();
    assert_eq!(fields(request, 4)[0], number(CALLER), "it is below its caller's span");
    assert!(has(request, b"list_roles") && has(request, b"http.response.status_code"));
    let below = mine.iter().find(|span| fields(span, 4)[0] == fields(request, 2)[0]).unwrap();
    assert!(has(below, b"sqlite") && ["read", "scan"].contains(&name(below).as_str()), "{}", name(below));
    let line = log.iter().find(|line| line["trace_id"] == TRACE && line["message"] == "answered").unwrap();
    assert_eq!(number(line["span_id"].as_str().unwrap()), fields(request, 2)[0]);
    // Without a caller's, the trace has the number of the request.
    let refused = log.iter().find(|line| line["message"] == "refused").unwrap();
    let names: Vec<String> = of_trace(refused["trace_id"].as_str().unwrap()).into_iter().map(name).collect();
    assert!(names.contains(&"GET /api/v1/users/{id}".to_owned()), "{names:?}");
    assert!(!log.iter().any(|line| line.to_string().contains("canary-of-the-collector")));
}

/// A collector that is there is left alone unless it is named, or where traces are turned off.
#[test]
fn nothing_is_sent_unless_it_is_wanted() {
    let (address, received) = collector();
    let off = [("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()), ("OTEL_SDK_DISABLED", "true")];
    for variables in [&[("OTEL_SERVICE_NAME", "x")][..], &off] {
        let mut watched = Watched::start(variables);
        assert_eq!(watched.get("/api/v1/roles"), 200);
        let log = watched.stop();
        let line = log.iter().find(|line| line["message"] == "answered").unwrap();
        assert!(line["trace_id"].is_string() && line["span_id"].is_null(), "{line}");
    }
    assert!(received.try_recv().is_err());
    let grpc = [("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let refused = rolecall().arg("serve").envs(grpc).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8(refused.stderr).unwrap().contains("must be `http/protobuf`"));
}

/// All files below a folder, as bytes.
fn stored(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

/// A header and its value.
type Header<'h> = (&'h str, &'h str);

const FORM: [Header; 2] = [("content-type", "application/x-www-form-urlencoded"), ("host", "acme.example")];
const CREDENTIALS: &str = "grant_type=client_credentials";

fn basic(id: &str, secret: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Gives secrets in bodies, wrong ones or to the wrong end; answers the errors.
fn secrets_in_bodies(watched: &Watched, id: &str) -> String {
    let bearer = format!("Bearer {}", watched.token);
    let provider = json!({
        "provider": "generic", "protocol": "OIDC", "interactive": true, "tenantIds": ["x"],
        "options": {"clientId": "c", "clientSecret": "canary-provider", "discoveryUrl": "http://u:canary@10.0.0.1/"}
    });
    let webhook = json!({
        "name": "W", "url": "https://10.0.0.1/canary-receiver", "eventTypes": ["com.qlik.v1.user.created"],
        "secret": "canary-webhook-secret-of-32-bytes", "headers": {"authorization": "canary-header"}
    });
    let secret = format!("{CREDENTIALS}&client_id={id}&client_secret=canary-form-secret");
    let refresh = format!("grant_type=refresh_token&refresh_token=canary-refresh&client_id={id}");
    let admin = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let all: [(&str, &[Header], &str); 7] = [
        ("/oauth/token", &FORM, &secret),
        ("/oauth/token", &FORM, &refresh),
        ("/oauth/token", &FORM, "grant_type=authorization_code&code=canary&code_verifier=canary"),
        ("/login", &FORM, "username=ada%40acme.example&password=canary-password"),
        ("/login/invitation", &FORM, "token=canary-invitation&password=canary-new-password"),
        ("/api/v1/identity-providers", &admin, &provider.to_string()),
        ("/api/v1/webhooks", &admin, &webhook.to_string()),
    ];
    let sent = all.iter().map(|(path, headers, body)| (path, watched.send("POST", path, headers, body)));
    let refused = |(path, (status, text)): (&&str, (u16, String))| {
        assert!(status >= 400, "{path}: {status} {text}");
        text
    };
    sent.map(refused).collect()
}

/// Gives secrets in headers and queries, wrong ones or to the wrong end; answers the errors.
fn secrets_in_heads(watched: &Watched, id: &str, secret: &str) -> String {
    let host = ("host", "acme.example");
    let almost = format!("Bearer {}x", watched.token);
    let (wrong, right) = (basic(id, "canary-client-secret"), basic(id, secret));
    let token = |authorization| {
        let headers = [FORM[0], FORM[1], ("authorization", authorization)];
        watched.send("POST", "/oauth/token", &headers, "grant_type=none")
    };
    let mut errors: Vec<(u16, String)> = vec![token(&wrong), token(&right)];
    let all: [(&str, &str, (&str, &str)); 9] = [
        ("GET", "/api/v1/users/me", ("authorization", "Bearer canary.api.key")),
        ("GET", "/api/v1/users/me", ("authorization", &almost)),
        ("GET", "/api/v1/users/me", ("cookie", "eas.sid=canary-cookie; x=canary-other")),
        ("GET", "/api/v1/users/me?access_token=canary-query", ("accept", "*/*")),
        ("POST", "/api/v1/roles", ("qlik-csrf-token", "canary-csrf")),
        ("POST", "/login/jwt-session", ("authorization", "Bearer canary.login.token")),
        ("GET", "/login/callback?code=canary-code&state=canary-state", ("cookie", "rolecall.login=canary")),
        ("GET", "/scim/v2/Users", ("authorization", "Bearer canary-scim")),
        ("GET", "/rolecall/v1/access/forward?scope=x", ("authorization", "Bearer canary-forward")),
    ];
    errors.extend(all.iter().map(|(method, path, header)| watched.send(method, path, &[host, *header], "")));
    assert!(errors.iter().all(|(status, _)| *status >= 400), "{errors:?}");
    errors.into_iter().map(|(_, text)| text).collect()
}

/// A server that does not find its database.
fn lost(watched: &Watched) -> String {
    let mut command = rolecall();
    command.args([
        "serve",
        "--log",
        "trace",
        "--database",
        "postgres://rolecall:canary-database@127.0.0.1:1/x",
    ]);
    command.args(["--smtp-url", "smtps://u:canary-smtp@127.0.0.1:1", "--smtp-from", "a@example.com"]);
    let stopped = command.arg("--key-file").arg(watched.folder.path().join("key")).output().unwrap();
    assert!(!stopped.status.success());
    String::from_utf8(stopped.stderr).unwrap()
}

/// Every way that takes a secret is given one, right or wrong, with all that can be logged: none of it is seen again, in no
/// log line, number, audit row or error (threats T82, T90).
#[test]
fn no_secret_is_seen_again() {
    let mut watched = Watched::start(&[]);
    let bearer = format!("Bearer {}", watched.token);
    let admin = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let new = json!({"appType": "web", "clientName": "C", "allowedGrantTypes": ["client_credentials"]});
    let made = watched.send("POST", "/api/v1/oauth-clients", &admin, &new.to_string());
    let client: Value = serde_json::from_str(&made.1).unwrap();
    let [id, secret] = ["clientId", "clientSecret"].map(|name| client[name].as_str().unwrap().to_owned());
    let right = basic(&id, &secret);
    let token =
        watched.send("POST", "/oauth/token", &[FORM[0], FORM[1], ("authorization", &right)], CREDENTIALS);
    let token: Value = serde_json::from_str(&token.1).unwrap();
    let errors =
        [secrets_in_bodies(&watched, &id), secrets_in_heads(&watched, &id, &secret), lost(&watched)].concat();
    let audits = watched.send("GET", "/api/v1/audits?limit=100", &admin, "");
    assert!(audits.0 == 200 && audits.1.contains("oauth-client"), "{}", audits.1);
    let numbers = watched.numbers();
    assert!(numbers.contains("rolecall_logins_total{way=\"password\",outcome=\"refused\"}"), "{numbers}");
    let master = fs::read_to_string(watched.folder.path().join("key")).unwrap();
    watched.stop();
    let log = watched.log.lock().unwrap().join("\n");
    assert!(log.contains("/login/jwt-session") && log.contains("\"DEBUG\""), "much is logged: {log}");

    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    let issued = signature(token["access_token"].as_str().unwrap());
    let secrets = [secret, signature(&watched.token), issued, master.trim().to_owned(), "canary".to_owned()];
    for secret in &secrets {
        for (place, text) in
            [("log", &log), ("numbers", &numbers), ("audit rows", &audits.1), ("errors", &errors)]
        {
            let line = text.lines().find(|line| line.contains(secret.as_str()));
            assert!(line.is_none(), "{secret} in the {place}: {line:?}");
        }
        for (file, bytes) in stored(&watched.folder.path().join("data")) {
            assert!(!has(&bytes, secret.as_bytes()), "{secret} in {}", file.display());
        }
    }
}
