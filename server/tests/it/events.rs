//! The stream of what happens in a tenant: who may listen, where it begins, and when it ends.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::harness::{Client, Server};

const EVENTS: &str = "/rolecall/v1/events";

/// An open stream.
struct Stream(BufReader<TcpStream>);

impl Stream {
    /// Opens a stream; reads its head.
    fn open(server: &Server, client: &Client, query: &str, header: &str) -> Self {
        let mut tcp = TcpStream::connect(server.address).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let key = client.key();
        write!(
            tcp,
            "GET {EVENTS}{query} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n{header}\r\n"
        )
        .unwrap();
        let mut stream = Self(BufReader::new(tcp));
        assert_eq!(stream.line().unwrap(), "HTTP/1.1 200 OK");
        while !stream.line().unwrap().is_empty() {}
        stream
    }

    /// The next line, without what the transfer adds; none at the end.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.0.read_line(&mut line).unwrap() > 0).then(|| line.trim_end().to_owned())
    }

    /// The next event with its place; none when the stream ends.
    fn next(&mut self) -> Option<(String, Value)> {
        let mut id = String::new();
        loop {
            let line = self.line()?;
            if line == "0" {
                return None;
            }
            if let Some(place) = line.strip_prefix("id: ") {
                place.clone_into(&mut id);
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Some((id, serde_json::from_str(data).unwrap()));
            }
        }
    }
}

/// The events of a stream that does not go on: places and names.
fn present(client: &Client, query: &str) -> Vec<(String, Value)> {
    let answer = client.get(&format!("{EVENTS}?follow=false{query}"));
    answer.expect(200);
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    let mut place = String::new();
    let mut events = Vec::new();
    for line in answer.text.lines() {
        if let Some(id) = line.strip_prefix("id: ") {
            id.clone_into(&mut place);
        }
        if let Some(data) = line.strip_prefix("data: ") {
            events.push((place.clone(), serde_json::from_str(data).unwrap()));
        }
    }
    events
}

#[test]
fn what_happens_is_told_as_it_happens() {
    let server = Server::start();
    let (admin, auditor) = (server.admin(), server.user_with("audit", &["AuditAdmin"]).1);
    let mut streams = [&admin, &auditor].map(|client| Stream::open(&server, client, "", ""));
    let role = admin.make_role("Told", &[]);
    server.other_admin().make_role("Elsewhere", &[]);
    admin.replace(&format!("/api/v1/roles/{role}"), "/description", "other").expect(204);
    for stream in &mut streams {
        let (_, created) = stream.next().unwrap();
        let (_, updated) = stream.next().unwrap();
        assert_eq!(
            (&created["type"], &created["data"]["id"]),
            (&json!("com.qlik.core.role.created"), &json!(role))
        );
        assert_eq!(created["tenantid"], server.tenants[0].tenant.to_string());
        assert_eq!(updated["data"]["_updates"][0]["newValue"], "other");
    }
}

#[test]
fn a_stream_is_resumed_where_it_ended() {
    let server = Server::start();
    let admin = server.admin();
    let begin = present(&admin, "&after=0-0");
    assert!(begin.len() > 5, "all there is");
    assert_eq!(present(&admin, ""), [], "only what is to come");
    for n in 0..250 {
        admin.make_role(&format!("Role {n}"), &[]);
    }
    let (last, _) = begin.last().unwrap();
    let events = present(&admin, &format!("&after={last}"));
    let names: Vec<&str> = events.iter().map(|(_, event)| event["data"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, (0..250).map(|n| format!("Role {n}")).collect::<Vec<_>>());
    let (middle, known) = &events[100];
    let mut stream = Stream::open(&server, &admin, "?after=0-0", &format!("last-event-id: {middle}\r\n"));
    let (place, next) = stream.next().unwrap();
    assert_eq!((&place, &next), (&events[101].0, &events[101].1));
    assert_ne!(next["id"], known["id"]);
    for wrong in ["x", "1", "-1-0", "1-", "1-0-0", "99999999999999999999-0"] {
        admin.get(&format!("{EVENTS}?after={wrong}")).refused(400, "HTTP-400");
        admin.header("last-event-id", wrong).get(EVENTS).refused(400, "HTTP-400");
    }
    admin.get(&format!("{EVENTS}?follow=perhaps")).refused(400, "HTTP-400");
}

#[test]
fn a_stream_ends_with_the_right_to_it() {
    let server = Server::start();
    let admin = server.admin();
    let open = |subject: &str, role: &str| {
        let (id, client) = server.user_with(subject, &[role]);
        let key = client.get("/api/v1/api-keys").expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
        (id, key, Stream::open(&server, &client, "", ""))
    };
    let ends = |mut stream: Stream, what: &str| {
        let begun = Instant::now();
        while stream.next().is_some() {}
        assert!(begun.elapsed() < Duration::from_secs(3), "{what}: {:?}", begun.elapsed());
    };
    let (id, _, stream) = open("demoted", "AuditAdmin");
    admin.replace(&format!("/api/v1/users/{id}"), "/assignedRoles", json!([])).expect(204);
    ends(stream, "the role is taken");
    let (_, key, stream) = open("revoked", "TenantAdmin");
    admin.delete(&format!("/api/v1/api-keys/{key}")).expect(204);
    ends(stream, "the key is revoked");
    let (id, _, stream) = open("disabled", "TenantAdmin");
    admin.replace(&format!("/api/v1/users/{id}"), "/status", "disabled").expect(204);
    ends(stream, "the user is disabled");
    for roles in [&[][..], &["AnalyticsAdmin"]] {
        let (_, client) = server.user_with(&format!("with {roles:?}"), roles);
        client.get(EVENTS).refused(403, "HTTP-403");
    }
    server.anonymous().get(EVENTS).refused(401, "HTTP-401");
}

/// A server that stops does not wait for those who would listen for ever.
#[test]
fn a_stream_ends_when_the_server_stops() {
    let server = Server::start();
    let mut stream = Stream::open(&server, &server.admin(), "", "");
    let begun = Instant::now();
    drop(server);
    assert_eq!(stream.next(), None);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn a_stream_goes_on_while_nothing_happens_and_there_are_only_so_many() {
    let server = Server::start();
    let admin = server.admin();
    let mut quiet = Stream::open(&server, &admin, "", "");
    let others: Vec<Stream> = (0..19).map(|_| Stream::open(&server, &admin, "", "")).collect();
    let refused = admin.get(EVENTS);
    refused.refused(429, "HTTP-429");
    assert!(refused.headers.contains_key("retry-after"));
    present(&server.other_admin(), "");
    // Longer than a connection may be silent.
    std::thread::sleep(Duration::from_secs(12));
    admin.make_role("Told", &[]);
    assert_eq!(quiet.next().unwrap().1["data"]["name"], "Told");
    drop(others);
    let begun = Instant::now();
    while admin.get(&format!("{EVENTS}?follow=false")).status == 429 {
        assert!(begun.elapsed() < Duration::from_secs(15), "the streams that ended make room");
        std::thread::sleep(Duration::from_millis(100));
    }
}
