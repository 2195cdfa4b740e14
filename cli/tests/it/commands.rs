//! Commands and settings, right and wrong.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::process::{Sandbox, agent, ask, rolecall, terminate};

fn run(command: &mut Command) -> (bool, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// The error a command ends with.
#[track_caller]
fn refused(command: &mut Command) -> String {
    let (success, _, stderr) = run(command);
    let error = stderr.lines().skip_while(|line| !line.starts_with("error: ")).collect::<Vec<_>>().join("\n");
    assert!(!success && !error.is_empty(), "{stderr}");
    error
}

fn init(data: &Path, key: &Path) -> Command {
    let mut command = rolecall();
    command.args([
        "init",
        "--name",
        "Acme",
        "--hostname",
        "acme.example",
        "--admin-email",
        "ada@acme.example",
    ]);
    command.arg("--data").arg(data).arg("--key-file").arg(key);
    command
}

/// A running server; killed when this is dropped.
struct Served(Child, String);

impl Served {
    fn start(data: &Path, key: &Path, more: &[&str]) -> Self {
        let mut command = rolecall();
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(more);
        Self::with(command.arg("--data").arg(data).arg("--key-file").arg(key))
    }

    fn with(command: &mut Command) -> Self {
        let command = command.args(["--log-format", "json"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = lines.find_map(|line| {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            line["address"].as_str().map(str::to_owned)
        });
        std::thread::spawn(move || lines.count());
        Self(child, format!("http://{}", ready.unwrap()))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_first_tenant_is_made_once_and_served() {
    let folder = tempfile::tempdir().unwrap();
    let (data, key) = (folder.path().join("data"), folder.path().join("key"));
    let (success, made, hint) = run(&mut init(&data, &key));
    assert!(success, "{hint}");
    let word =
        |label: &str| made.lines().find_map(|line| line.strip_prefix(label)).unwrap().trim().to_owned();
    let (tenant, token) = (word("tenant"), word("admin key"));
    assert!(refused(&mut init(&data, &key)).contains("has a tenant already"));
    assert_eq!(
        fs::metadata(&key).unwrap().permissions(),
        std::os::unix::fs::PermissionsExt::from_mode(0o100_600)
    );

    let served = Served::start(&data, &key, &[]);
    let me = ask(&agent(), "GET", &format!("{}/api/v1/users/me", served.1), &token, None).unwrap();
    assert_eq!(
        (me.0, &me.1["email"], &me.1["tenantId"]),
        (200, &"ada@acme.example".into(), &tenant.as_str().into())
    );

    let place = |command: &mut Command| {
        command.arg("--data").arg(&data).arg("--key-file").arg(&key);
    };
    let mut create = rolecall();
    create.args([
        "tenants",
        "create",
        "--name",
        "Globex",
        "--hostname",
        "globex.example",
        "--admin-email",
        "g@globex.example",
    ]);
    place(&mut create);
    assert!(run(&mut create).0, "while the server runs");
    assert!(refused(&mut create).contains("host name is not available"));
    let mut list = rolecall();
    list.args(["tenants", "ls"]);
    place(&mut list);
    let (_, listed, _) = run(&mut list);
    assert!(listed.contains(&format!("{tenant}  Acme")) && listed.contains("  Globex"), "{listed}");

    let mut again = rolecall();
    again.args(["tenants", "key", &tenant, "ada@acme.example"]);
    place(&mut again);
    let (success, fresh, _) = run(&mut again);
    assert!(success);
    let made = ask(
        &agent(),
        "POST",
        &format!("{}/api/v1/roles", served.1),
        fresh.trim(),
        Some(&json!({"name": "R"})),
    )
    .unwrap();
    assert_eq!(made.0, 201, "the server sees what the command wrote: {}", made.1);
    let mut nobody = rolecall();
    nobody.args(["tenants", "key", &tenant, "nobody"]);
    place(&mut nobody);
    assert!(refused(&mut nobody).contains("no key for `nobody`"));
}

#[test]
fn a_server_starts_only_with_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let (data, key) = (folder.path().join("data"), folder.path().join("key"));
    let serve = || {
        let mut command = rolecall();
        command.args(["serve", "--listen", "127.0.0.1:0"]).arg("--data").arg(&data);
        command
    };
    assert!(refused(&mut serve()).contains("there is no key"));
    assert!(refused(serve().arg("--key-file").arg(&key)).contains("`rolecall init` makes one"));
    fs::write(&key, "c2hvcnQ=").unwrap();
    assert!(refused(serve().arg("--key-file").arg(&key)).contains("does not have 32 bytes"));
    fs::remove_file(&key).unwrap();
    assert!(run(&mut init(&data, &key)).0);
    assert!(refused(serve().arg("--key-file").arg(&key).env("ROLECALL_KEY", "x")).contains("given twice"));
    for hostnames in [&["a.example", "a.example"][..], &["a.example", "b.example", "c.example"]] {
        let mut command = rolecall();
        command.args(["tenants", "create", "--name", "X", "--admin-email", "x@example.com"]);
        command.args(hostnames.iter().flat_map(|name| ["--hostname", name]));
        command.arg("--data").arg(&data).arg("--key-file").arg(&key);
        assert!(refused(&mut command).contains("one host name, or two that differ"));
    }
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert!(refused(serve().env("ROLECALL_KEY", other)).contains("sealed by another master key"));
    let _served = Served::start(&data, &key, &[]);
    assert!(refused(serve().arg("--key-file").arg(&key)).contains("another server uses"));
    assert!(
        refused(serve().env("ROLECALL_LISTENING", "x")).contains("`ROLECALL_LISTENING` is not a setting")
    );
    fs::write(folder.path().join("limits"), "tier1 = 5\ntier9 = 1").unwrap();
    let limits = folder.path().join("limits").display().to_string();
    assert!(refused(serve().arg("--key-file").arg(&key).args(["--rate-limits", &limits])).contains("tier9"));
    assert!(
        refused(serve().arg("--key-file").arg(&key).args(["--rate-limits", "quick"]))
            .contains("neither `off` nor `qlik` nor a file")
    );
    assert!(
        refused(serve().arg("--key-file").arg(&key).args(["--public-url", "example.com"]))
            .contains("http(s)://")
    );
    for (flag, wrong) in [
        ("max-connections", "0"),
        ("max-connections", "18446744073709551615"),
        ("drain-seconds", "86400"),
        ("snapshot-memory", "0"),
    ] {
        let error = refused(rolecall().args(["serve", "--print-config", &format!("--{flag}"), wrong]));
        assert!(error.contains(flag) && error.contains("must be from"), "{error}");
    }
    let kubernetes = [("ROLECALL_SERVICE_HOST", "10.0.0.1"), ("ROLECALL_PORT", "tcp://10.0.0.1:8787")];
    assert!(run(rolecall().args(["serve", "--print-config"]).envs(kubernetes)).0);
    let (success, _, usage) = run(rolecall().args(["serve", "--nonsense"]));
    assert!(!success && usage.contains("--nonsense"));
}

fn shown(command: &mut Command) -> toml::Table {
    let (success, shown, error) = run(command);
    assert!(success, "{error}");
    toml::from_str(&shown).unwrap()
}

#[test]
fn flags_go_before_variables_and_those_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, "max-connections = 1\ndrain-seconds = 1\nlog = 'error'\ncatalogue-mode = 'lenient'\n")
        .unwrap();
    let command = || {
        let mut command = rolecall();
        command.args(["serve", "--print-config", "--max-connections", "3"]).arg("--config").arg(&file);
        command
            .env("ROLECALL_MAX_CONNECTIONS", "2")
            .env("ROLECALL_DRAIN_SECONDS", "2")
            .env("ROLECALL_KEY", "secret-canary");
        command
    };
    let table = shown(&mut command());
    assert_eq!(table["metrics-listen"].as_str(), Some("off"), "as the tests' environment says");
    let metrics = |value: &str| shown(command().args(["--metrics-listen", value]));
    assert_eq!(metrics("[::1]:9464")["metrics-listen"].as_str(), Some("[::1]:9464"));
    let (success, _, error) = run(command().args(["--metrics-listen", "9464"]));
    assert!(!success && error.contains("neither `off` nor `address:port`"), "{error}");
    let values = ["max-connections", "drain-seconds"].map(|name| table[name].as_integer().unwrap());
    assert_eq!(values, [3, 2]);
    assert_eq!((table["log"].as_str(), table["catalogue-mode"].as_str()), (Some("error"), Some("lenient")));
    assert!(!run(&mut command()).1.contains("canary"));
    fs::write(&file, "max-connections = 1\nmax-connection = 1\n").unwrap();
    let error = refused(&mut command());
    assert!(error.contains("max-connection") && error.contains("line 2"), "{error}");
}

/// Commands beside the server take its file of settings, so that both mean the same data, key and catalogue.
#[test]
fn a_tenant_is_made_as_the_servers_file_says() {
    let folder = tempfile::tempdir().unwrap();
    let [data, key, file] = ["data", "key", "config.toml"].map(|name| folder.path().join(name));
    let settings =
        format!("data = {data:?}\nkey-file = {key:?}\ndeveloper-role = true\nlisten = '127.0.0.1:0'\n");
    fs::write(&file, settings).unwrap();
    let names = ["--name", "Acme", "--hostname", "acme.example", "--admin-email", "ada@acme.example"];
    let (success, made, error) = run(rolecall().arg("init").args(names).arg("--config").arg(&file));
    assert!(success && data.join("rolecall.db").exists() && key.exists(), "{error}");
    let (success, listed, error) = run(rolecall().args(["tenants", "ls"]).env("ROLECALL_CONFIG", &file));
    assert!(success && listed.contains("Acme"), "{error}");
    let token = made.lines().find_map(|line| line.strip_prefix("admin key")).unwrap().trim().to_owned();
    let served = Served::with(rolecall().arg("serve").arg("--config").arg(&file));
    let url = format!("{}/api/v1/roles?limit=100", served.1);
    let (status, roles) = ask(&agent(), "GET", &url, &token, None).unwrap();
    assert!(status == 200 && roles.to_string().contains("\"Developer\""), "{roles}");
}

#[test]
fn the_example_configuration_is_what_holds_without_one() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../config.example.toml");
    let show = || {
        let mut command = rolecall();
        command.args(["serve", "--print-config"]).env_remove("ROLECALL_METRICS_LISTEN");
        command
    };
    let defaults = shown(&mut show());
    assert_eq!(shown(show().args(["--config", example])), defaults);
    let text = fs::read_to_string(example).unwrap();
    let (_, help, _) = run(rolecall().args(["serve", "--help"]));
    let flags = help.split_whitespace().filter_map(|word| word.strip_prefix("--"));
    for name in flags.filter(|name| !["config", "print-config", "help"].contains(name)) {
        assert!(text.contains(&format!("\n{name} = ")) || text.contains(&format!("\n# {name} = ")), "{name}");
    }
    let given: toml::Table = toml::from_str(&text).unwrap();
    assert_eq!(given.keys().collect::<Vec<_>>(), defaults.keys().collect::<Vec<_>>());
}

#[test]
fn a_server_that_is_asked_to_stop_says_so_and_ends_its_requests() {
    let folder = tempfile::tempdir().unwrap();
    let (data, key) = (folder.path().join("data"), folder.path().join("key"));
    let (_, made, _) = run(&mut init(&data, &key));
    let token = made.lines().find_map(|line| line.strip_prefix("admin key")).unwrap().trim().to_owned();
    let mut served = Served::start(&data, &key, &["--drain-seconds", "1"]);
    let url = served.1.clone();
    let status =
        |path: &str| ask(&agent(), "GET", &format!("{url}{path}"), &token, None).map(|(status, _)| status);
    assert_eq!(status("/readyz"), Some(200));
    let mut slow = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let body = "{\"name\":\"late\"}";
    write!(slow, "POST /api/v1/roles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
    terminate(&served.0);
    let begun = Instant::now();
    while status("/readyz") != Some(503) {
        assert!(begun.elapsed() < Duration::from_millis(900), "it says that it is not ready");
    }
    assert_eq!(status("/livez"), Some(200));
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(status("/livez"), None, "it takes no more connections");
    slow.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(served.0.wait().unwrap().success());
    let served = Served::start(&data, &key, &[]);
    let roles =
        ask(&agent(), "GET", &format!("{}/api/v1/roles?filter=name+eq+%22late%22", served.1), &token, None)
            .unwrap();
    assert_eq!(roles.1["data"][0]["name"], "late");
}

#[test]
fn the_sandbox_tells_scripts_what_they_need() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path(), None);
    let tenants = sandbox.started["tenants"].as_array().unwrap();
    assert_eq!(tenants.len(), 2);
    for tenant in tenants {
        for member in ["id", "name", "hostname", "adminEmail", "adminKey", "userKey"] {
            assert!(tenant[member].is_string(), "{member}");
        }
        let get = |key: &str, path: &str| {
            ask(&agent(), "GET", &format!("{}{path}", sandbox.url()), tenant[key].as_str().unwrap(), None)
                .unwrap()
        };
        assert_eq!(get("adminKey", "/api/v1/roles").0, 200);
        assert_eq!(get("userKey", "/api/v1/roles").0, 403);
        assert_eq!(get("adminKey", "/api/v1/users/me").1["email"], tenant["adminEmail"]);
        let scopes = get("userKey", "/api/v1/users/me?fields=assignedScopes").1;
        assert!(scopes["assignedScopes"].as_array().unwrap().contains(&"api-keys".into()));
    }
    let make = |sandbox: &Sandbox| {
        ask(
            &agent(),
            "POST",
            &format!("{}/api/v1/roles", sandbox.url()),
            sandbox.admin_key(),
            Some(&json!({"name": "Kept"})),
        )
        .unwrap()
        .0
    };
    assert_eq!(make(&sandbox), 201);
    let id = sandbox.tenant()["id"].clone();
    drop(sandbox);
    let again = Sandbox::start(folder.path(), None);
    assert_eq!((make(&again), &again.tenant()["id"]), (400, &id), "the data is kept");
}

/// A sandbox comes up again whatever was done in it: the tenant has another name, and the plain user is gone. Keys of
/// earlier starts are over.
#[test]
fn a_sandbox_comes_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path(), None);
    let (id, earlier) = (sandbox.tenant()["id"].clone(), sandbox.admin_key().to_owned());
    let call = |sandbox: &Sandbox, method: &str, path: &str, key: &str, body: Option<&Value>| {
        ask(&agent(), method, &format!("{}{path}", sandbox.url()), key, body).unwrap()
    };
    let rename = json!([{"op": "replace", "path": "/name", "value": "Renamed"}]);
    let tenant = format!("/api/v1/tenants/{}", id.as_str().unwrap());
    assert_eq!(call(&sandbox, "PATCH", &tenant, &earlier, Some(&rename)).0, 204);
    let plain = sandbox.tenant()["userKey"].as_str().unwrap();
    let me = call(&sandbox, "GET", "/api/v1/users/me", plain, None).1;
    let user = format!("/api/v1/users/{}", me["id"].as_str().unwrap());
    assert_eq!(call(&sandbox, "DELETE", &user, &earlier, None).0, 204);
    drop(sandbox);
    let again = Sandbox::start(folder.path(), None);
    assert_eq!(again.started["tenants"].as_array().unwrap().len(), 2);
    assert_eq!((&again.tenant()["id"], &again.tenant()["userKey"]), (&id, &Value::Null));
    assert_eq!(call(&again, "GET", "/api/v1/users/me", again.admin_key(), None).0, 200);
    assert_eq!(call(&again, "GET", "/api/v1/users/me", &earlier, None).0, 401);
}

/// A product of one's own: its catalogue is checked, served, and new tenants have its roles.
#[test]
fn a_catalogue_of_ones_own_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalogue.toml");
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/invoices/catalogue.toml");
    let check = |file: &Path| {
        let mut command = rolecall();
        command.args(["catalogue", "check"]).arg(file);
        command
    };
    let (success, said, _) = run(&mut check(Path::new(example)));
    assert!(success && said.contains("1 types of resources"), "{said}");
    let text = fs::read_to_string(example).unwrap();
    fs::write(&file, text.replacen("parent = \"invoice\"", "parent = \"invoices\"", 1)).unwrap();
    let error = refused(&mut check(&file));
    assert!(error.contains("line ") && error.contains("there is no scope `invoices`"), "{error}");
    let (success, shown, _) = run(rolecall().args(["catalogue", "show"]));
    fs::write(&file, shown).unwrap();
    assert!(success && run(&mut check(&file)).0);

    let data = folder.path().join("data");
    let with = |catalogue: Option<&str>| {
        let mut command = rolecall();
        command.args(["dev", "--json", "--port", "0", "--data"]).arg(&data);
        command.args(catalogue.map(|file| ["--catalogue", file]).into_iter().flatten());
        command
    };
    drop(Sandbox::of(with(Some(example))));
    assert!(refused(&mut with(None)).contains("was made with another catalogue"));
    drop(Sandbox::of(with(Some(example))));
    let mut command = rolecall();
    command.args(["dev", "--json", "--port", "0", "--catalogue", example]);
    let sandbox = Sandbox::of(command);
    let roles = ask(&agent(), "GET", &format!("{}/api/v1/roles", sandbox.url()), sandbox.admin_key(), None)
        .unwrap()
        .1;
    let names: Vec<&str> =
        roles["data"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Accountant", "Administrator", "Clerk", "Key maker", "UserDefault"]);
}

/// The three calls the sandbox prints work when they are pasted into a shell, and nothing is left when it stops.
#[test]
fn the_printed_calls_work_when_pasted() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = rolecall();
    let mut child = command
        .args(["dev", "--port", "0"])
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while text.matches("curl ").count() < 3 || !text.ends_with("'\n") {
        assert!(output.read_line(&mut text).unwrap() > 0);
    }
    assert!(fs::read_dir(temporary.path()).unwrap().count() > 0);
    let calls: Vec<&str> = text
        .split("Try it:")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .map(str::trim)
        .filter(|call| !call.is_empty())
        .collect();
    let answers: Vec<Value> = calls
        .iter()
        .map(|call| {
            let (success, answer, error) = run(Command::new("sh").arg("-c").arg(call));
            assert!(success, "{call}: {error}");
            serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{call}: {answer}"))
        })
        .collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["assignedGroups"][0]["name"], "Analysts");
    assert_eq!(answers[1]["name"], "Exporter");
    let names: Vec<&str> =
        answers[2]["data"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"Exporter"), "{names:?}");
    terminate(&child);
    assert!(child.wait().unwrap().success());
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "a fresh sandbox leaves nothing behind");
}

/// An operator is made on the machine, makes a tenant over HTTP, and ends on the machine.
#[test]
fn operators_are_made_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (data, key) = (folder.path().join("data"), folder.path().join("key"));
    assert!(run(&mut init(&data, &key)).0);
    let operators = |arguments: &[&str]| {
        let mut command = rolecall();
        command.arg("operators").args(arguments).arg("--data").arg(&data).arg("--key-file").arg(&key);
        command
    };
    let (success, made, hint) = run(&mut operators(&["create", "Portal"]));
    assert!(success && hint.contains("shown this once"), "{hint}");
    let word =
        |label: &str| made.lines().find_map(|line| line.strip_prefix(label)).unwrap().trim().to_owned();
    let (id, secret) = (word("client id"), word("client secret"));
    let (_, listed, _) = run(&mut operators(&["ls"]));
    assert!(listed.starts_with(&id) && listed.contains("Portal") && !listed.contains(&secret), "{listed}");

    let served = Served::start(&data, &key, &[]);
    let asked = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
    let post = |path: &str, token: &str, body: &Value| {
        ask(&agent(), "POST", &format!("{}{path}", served.1), token, Some(body)).unwrap()
    };
    let (status, token) = post("/oauth/token", "", &asked);
    assert_eq!(status, 200, "{token}");
    let token = token["access_token"].as_str().unwrap();
    let (status, tenant) = post("/api/v1/tenants", token, &json!({"licenseKey": "x", "name": "Initech"}));
    assert_eq!((status, &tenant["name"]), (201, &"Initech".into()), "{tenant}");

    assert!(run(&mut operators(&["rm", &id])).0, "while the server runs");
    assert_eq!(post("/api/v1/tenants", token, &json!({"licenseKey": "x"})).0, 401);
    assert!(refused(&mut operators(&["rm", &id])).contains("there is no operator"));
    assert!(refused(&mut operators(&["rm", "portal"])).contains("cannot be an operator's identifier"));
    assert!(refused(&mut operators(&["create", " "])).contains("needs a name"));
    let (_, listed, _) = run(&mut operators(&["ls"]));
    assert_eq!(listed, "");
}

/// The password of the mail server is nowhere to be seen, and does not go out in the clear.
#[test]
fn the_password_of_the_mail_server_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (data, key, file) =
        (folder.path().join("data"), folder.path().join("key"), folder.path().join("config.toml"));
    let url = "smtps://access:mail-canary@mail.example:465";
    fs::write(&file, format!("smtp-url = '{url}'\nsmtp-from = 'Access <access@mail.example>'\n")).unwrap();
    let print = || {
        let mut command = rolecall();
        command.args(["serve", "--print-config"]);
        command
    };
    let shown_url = |command: &mut Command| {
        let table = shown(command);
        table["smtp-url"].as_str().unwrap().to_owned()
    };
    assert_eq!(shown_url(print().arg("--config").arg(&file)), "smtps://***@mail.example:465");
    assert_eq!(shown_url(print().env("ROLECALL_SMTP_URL", url)), "smtps://***@mail.example:465");
    assert_eq!(shown_url(print().args(["--smtp-url", "smtp://mail.example"])), "smtp://mail.example");
    let (_, help, _) = run(rolecall().args(["serve", "--help"]).env("ROLECALL_SMTP_URL", url));
    assert!(help.contains("ROLECALL_SMTP_URL") && !help.contains("canary"), "{help}");

    assert!(run(&mut init(&data, &key)).0);
    let serve = |url: &str, from: &[&str]| {
        let mut command = rolecall();
        command.args(["serve", "--listen", "127.0.0.1:0", "--smtp-url", url]).args(from);
        command.arg("--data").arg(&data).arg("--key-file").arg(&key);
        refused(&mut command)
    };
    let from = ["--smtp-from", "access@mail.example"];
    for (error, why) in [
        (serve(url, &[]), "given together"),
        (serve("smtp://access:mail-canary@mail.example", &from), "in the clear"),
        (serve("mail-canary", &from), "is not `smtp(s)://"),
        (serve(url, &["--smtp-from", "nobody"]), "is not an address"),
    ] {
        assert!(error.contains(why) && !error.contains("canary"), "{error}");
    }
}

/// Letters of the sandbox are on a page and in its data directory.
#[test]
fn the_sandbox_keeps_letters() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path(), None);
    let url = format!("{}/api/v1/users/actions/invite", sandbox.url());
    let body = json!({"invitees": [{"email": "nora@acme.example"}]});
    let (status, invited) = ask(&agent(), "POST", &url, sandbox.admin_key(), Some(&body)).unwrap();
    assert_eq!((status, &invited["data"][0]["status"]), (207, &"ok".into()), "{invited}");
    let mut inbox = agent().get(format!("{}/rolecall/dev/inbox", sandbox.url())).call().unwrap();
    let page = inbox.body_mut().read_to_string().unwrap();
    let link = page.split("<a href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(
        link.starts_with("http://acme.localhost:") && link.contains("/login/invitation?token="),
        "{page}"
    );
    let files: Vec<_> = fs::read_dir(folder.path().join("inbox")).unwrap().collect();
    assert_eq!(files.len(), 1);
    let letter = fs::read_to_string(files[0].as_ref().unwrap().path()).unwrap();
    assert!(letter.contains("To: nora@acme.example"), "{letter}");
}
