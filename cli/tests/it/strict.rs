//! A stand-in that offers only what the vendor documents: a Rolecall behind a gate that refuses the rest, and that is busy now and then.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::Value;

/// Every so many writes there are too many of them.
const BUSY: usize = 4;

/// A gate in front of a server, which lets so many writes through; answers its address.
pub fn gate(server: &str, most: usize) -> String {
    open(server, most, usize::MAX)
}

/// A gate that is closed for good behind so many writes.
pub fn gate_that_closes(server: &str, after: usize) -> String {
    open(server, usize::MAX, after)
}

fn open(server: &str, most: usize, closes_after: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = server.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        let writes = AtomicUsize::new(0);
        for stream in listener.incoming().flatten() {
            let _ = pass(stream, &server, &writes, most);
            if writes.load(Ordering::Relaxed) >= closes_after {
                break;
            }
        }
    });
    url
}

/// Passes one request on, and ends the connection.
fn pass(mut client: TcpStream, server: &str, writes: &AtomicUsize, most: usize) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(text) = lower.strip_prefix("content-length:") {
            length = text.trim().parse().unwrap_or(0);
        }
        // What the vendor does not know has no effect there.
        let unknown = ["connection:", "idempotency-key:", "if-match:", "prefer:"];
        if !unknown.iter().any(|name| lower.starts_with(name)) {
            head.push(line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let Some(first) = head.first() else { return Ok(()) };
    if let Some((status, wait)) =
        refused(first, &serde_json::from_slice(&body).unwrap_or_default(), writes, most)
    {
        let code = format!("{{\"errors\":[{{\"code\":\"HTTP-{status}\",\"title\":\"Not offered here\"}}]}}");
        let head = format!(
            "HTTP/1.1 {status} X\r\nconnection: close\r\n{wait}content-length: {}\r\n\r\n",
            code.len()
        );
        return client.write_all((head + &code).as_bytes());
    }
    let mut upstream = TcpStream::connect(server)?;
    upstream.write_all((head.concat() + "connection: close\r\n\r\n").as_bytes())?;
    upstream.write_all(&body)?;
    io::copy(&mut upstream, &mut client).map(drop)
}

fn refused(line: &str, body: &Value, writes: &AtomicUsize, most: usize) -> Option<(u16, &'static str)> {
    let mut words = line.split([' ', '?']);
    let (method, path) = (words.next()?, words.next()?);
    if !path.starts_with("/api/v1/") {
        return Some((404, ""));
    }
    let before = if method == "GET" { 0 } else { writes.fetch_add(1, Ordering::Relaxed) };
    if before >= most {
        return Some((403, ""));
    }
    if before % BUSY == BUSY - 1 {
        return Some((429, "retry-after: 1\r\n"));
    }
    let only_replaces = |operation: &Value| {
        operation["op"] == "replace"
            || operation["path"].as_str().is_some_and(|path| path.starts_with("/assignedGroups"))
    };
    let patched = body.as_array().is_none_or(|operations| operations.iter().all(only_replaces));
    (method == "PATCH" && path.starts_with("/api/v1/users/") && !patched).then_some((400, ""))
}
