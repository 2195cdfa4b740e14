//! nginx lets through what the sandbox allows, by its own `auth_request`.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command},
    time::Duration,
};

use crate::process::{Sandbox, agent, ask};

/// A running nginx. It is killed when this is dropped.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The configuration of the example, for these places.
fn configuration(folder: &Path, port: u16, rolecall: &str, page: &str) -> String {
    let example = include_str!("../../../examples/nginx/nginx.conf");
    let replaced = [
        ("listen 8080;", format!("listen 127.0.0.1:{port};")),
        ("http://127.0.0.1:8787", rolecall.to_owned()),
        ("http://127.0.0.1:3000", format!("http://127.0.0.1:{port}/{page}")),
    ];
    let text = replaced.iter().fold(example.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    let folder = folder.display();
    let own = format!("daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n");
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = kinds.map(|kind| format!("{kind}_temp_path {folder}/{kind};\n")).concat();
    let application =
        "location /application/ { return 200 \"reports of $http_remote_user, $http_remote_email\"; }";
    let http = format!("http {{\naccess_log off;\n{temporary}");
    own + &text.replace("http {", &http).replace("# the application stands here", application)
}

#[test]
#[ignore = "needs nginx; `cargo xtask test` installs and runs it"]
fn nginx_lets_through_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&folder.path().join("data"), None);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = folder.path().join("nginx.conf");
    fs::write(&file, configuration(folder.path(), port, sandbox.url(), "application/")).unwrap();
    let nginx = Command::new("nginx").arg("-c").arg(&file).arg("-p").arg(folder.path()).spawn().unwrap();
    let _nginx = Nginx(nginx);
    for _ in 0..200 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let get = |path: &str, key: &str| {
        let url = format!("http://127.0.0.1:{port}{path}");
        ask(&agent(), "GET", &url, key, None).unwrap().0
    };
    let (admin, user) = (sandbox.admin_key(), sandbox.tenant()["userKey"].as_str().unwrap());
    assert_eq!((get("/reports/", user), get("/reports/", "junk")), (200, 401));
    assert_eq!((get("/settings/", admin), get("/settings/", user)), (200, 403));
    let mut answer = agent()
        .get(format!("http://127.0.0.1:{port}/reports/"))
        .header("authorization", format!("Bearer {user}"))
        .header("remote-user", "somebody else")
        .header("remote-email", "ceo@acme.example")
        .call()
        .unwrap();
    assert_eq!(
        answer.body_mut().read_to_string().unwrap(),
        "reports of acme\\uma@acme.example, uma@acme.example"
    );
}
