//! Connections: what is slow, half-open or not quite HTTP. (threats T48, T86)

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::harness::{Server, Setup};

/// What the server answers to these bytes before it closes the connection, or nothing more comes.
fn say(server: &Server, bytes: &str) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect()
}

#[test]
fn a_body_has_one_length() {
    let server = Server::start();
    let key = server.admin().key().to_owned();
    let post = |headers: &str, body: &str| {
        say(
            &server,
            &format!(
                "POST /api/v1/groups HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n{headers}\r\n\r\n{body}"
            ),
        )
    };
    let body = "{\"name\":\"g\"}";
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for headers in [
        "Content-Length: 12\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 12",
        "transfer-encoding: chunked\r\ncontent-LENGTH: 12",
        "Transfer-Encoding: chunked\r\nX: y\r\nContent-Length: 0",
    ] {
        let answer = post(headers, &chunked);
        assert_eq!(statuses(&answer), ["400"], "{answer}");
        assert!(answer.contains("connection: close") && answer.contains("\"errors\""), "{answer}");
    }
    for headers in [
        "Content-Length: 12\r\nContent-Length: 13",
        "Content-Length: -1",
        "Content-Length: 1x",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ] {
        assert_eq!(statuses(&post(headers, &chunked)), ["400"], "{headers}");
    }
    assert_eq!(statuses(&post("Transfer-Encoding: chunked", &chunked)), ["201"], "one by itself is good");
    let request = |headers: &str, body: &str| {
        format!(
            "POST /api/v1/groups HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n{headers}\r\n\r\n{body}"
        )
    };
    let first = request("Content-Length: 12", "{\"name\":\"h\"}");
    let second = request("Transfer-Encoding: chunked\r\nContent-Length: 12", &chunked);
    assert_eq!(statuses(&say(&server, &format!("{first}{second}"))), ["201", "400"], "behind a good one");
    let chunked_first = request("Transfer-Encoding: chunked", &chunked.replace("\"g\"", "\"i\""));
    let sized = request("Content-Length: 12", "{\"name\":\"j\"}");
    assert_eq!(
        statuses(&say(&server, &format!("{chunked_first}{sized}"))),
        ["201", "201"],
        "each says it once"
    );
    assert_eq!(statuses(&say(&server, "GET /livez HTTP/1.1\r\n\r\n")), ["400"], "no host");
    assert_eq!(statuses(&say(&server, "GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")), ["400"]);
    assert_eq!(statuses(&say(&server, "GET /livez HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n")), ["400"]);
    assert_eq!(
        statuses(&say(
            &server,
            "GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
        )),
        ["200", "200"]
    );
}

#[test]
fn a_chunked_body_is_bounded_too() {
    let server = Server::start();
    let key = server.admin().key().to_owned();
    let chunk = format!("{:x}\r\n{}\r\n", 100_000, "x".repeat(100_000));
    let request = format!(
        "POST /api/v1/groups HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(6)
    );
    assert_eq!(statuses(&say(&server, &request)), ["413"]);
}

#[test]
fn half_open_connections_are_closed_while_others_are_served() {
    let server = Server::with(Setup { connections: 200, ..Setup::default() });
    let begun = Instant::now();
    let mut half_open: Vec<TcpStream> =
        (0..150).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    for (n, stream) in half_open.iter_mut().enumerate() {
        if n % 2 == 0 {
            stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow:").unwrap();
        }
    }
    server.user().get("/api/v1/users/me").expect(200);
    for mut stream in half_open {
        stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn there_are_only_so_many_connections_at_once() {
    let server = Server::with(Setup { connections: 4, ..Setup::default() });
    let mut held: Vec<TcpStream> = (0..4).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    for stream in &mut held {
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut first = [0];
        stream.read_exact(&mut first).unwrap();
    }
    assert_eq!(say(&server, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"), "", "waits for a place");
    held.pop();
    assert_eq!(statuses(&say(&server, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")), ["200"]);
}

#[test]
fn the_clients_probe_is_answered_without_a_credential() {
    let server = Server::start();
    for client in [server.anonymous(), server.client("nonsense")] {
        let info = client.get("/resources/autogenerated/product-info.json");
        assert_eq!(info.expect(200)["composition"]["deploymentType"], "qlikcloudservices");
        client.get("/livez").expect(200);
        client.get("/readyz").expect(200);
        client.get("/nothing/there").refused(404, "HTTP-404");
        client.get("/docs").expect(200);
        assert_eq!(client.get("/openapi.json").expect(200)["openapi"], "3.1.0");
    }
}

#[test]
fn a_refused_credential_says_which_kind_is_wanted() {
    let server = Server::start();
    let answer = server.anonymous().get("/api/v1/users/me");
    answer.refused(401, "HTTP-401");
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    let key = server.user().key().to_owned();
    for (authorization, status) in [
        (format!("bearer {key}"), 200),
        (format!("BEARER  {key}"), 200),
        (format!("Basic {key}"), 401),
        (key.clone(), 401),
        ("Bearer ".into(), 401),
    ] {
        server.anonymous().header("authorization", &authorization).get("/api/v1/users/me").expect(status);
    }
}

/// Whoever sends a body that nobody reads is told that the connection ends, and so does not use it again.
#[test]
fn an_unread_body_ends_its_connection() {
    let server = Server::start();
    let client = server.anonymous();
    for _ in 0..50 {
        let unread = client.post("/api/v1/roles", serde_json::json!({"name": "x".repeat(100_000)}));
        assert_eq!((unread.status, &unread.headers["connection"]), (401, &"close".parse().unwrap()));
        assert!(client.get("/livez").headers.get("connection").is_none());
    }
    let read = server.admin().post("/api/v1/roles", serde_json::json!({"name": "Read"}));
    assert!(read.status == 201 && read.headers.get("connection").is_none());
}

/// A connection on which a body was left unread ends, and the answer says so, or the next request would go into nothing.
#[test]
fn an_answer_says_that_the_body_was_not_read() {
    let server = Server::start();
    for path in ["/access/v1/evaluation", "/access/v1/evaluations", "/api/v1/roles"] {
        let refused = server.anonymous().post(path, serde_json::json!({"name": "x"}));
        assert_eq!(
            (refused.status, &refused.headers["connection"]),
            (401, &"close".parse().unwrap()),
            "{path}"
        );
    }
    for header in ["rolecall-revision", "idempotency-key"] {
        let refused =
            server.admin().header(header, "ü").post("/api/v1/roles", serde_json::json!({"name": "x"}));
        assert_eq!(
            (refused.status, &refused.headers["connection"]),
            (400, &"close".parse().unwrap()),
            "{header}"
        );
    }
}
