//! Is each committed change delivered at least once, and nothing else, although the program is killed again and again?
//! (threats T73)
//!
//! The harness must also notice when it is not: a build with a deliberate fault has to make it go red.

use std::{
    collections::{HashMap, HashSet},
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::process::{Sandbox, agent, ask};

/// Identifiers of events with the names they told, in the order they came.
type Got = Arc<Mutex<Vec<(String, String)>>>;

/// A receiver that takes everything, and keeps on while the program is killed.
fn receiver() -> (SocketAddr, Got) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let got = Got::default();
    let inside = Arc::clone(&got);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let got = Arc::clone(&inside);
            thread::spawn(move || receive(stream.unwrap(), &got));
        }
    });
    (address, got)
}

/// Takes events until the sender is gone.
fn receive(stream: TcpStream, got: &Got) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(text) = line.strip_prefix("content-length: ") {
                length = text.parse().ok()?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let event: Value = serde_json::from_slice(&body).ok()?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        got.lock().unwrap().push((text(&event["id"]), text(&event["data"]["subject"])));
        writer.write_all(b"HTTP/1.1 204 x\r\n\r\n").ok()?;
    }
}

/// Between two changes of a writer, so that on any machine all that waits after [`ROUNDS`] kills is less than a queue holds:
/// whoever sent when the program was killed has the queue for some time yet.
const PAUSE: Duration = Duration::from_millis(5);
/// Kills after which all that waits is delivered before there are more.
const ROUNDS: usize = 20;

/// Makes users until no answer comes.
fn write(sandbox: &Sandbox, round: usize, writer: usize) {
    let (agent, url, key) = (agent(), format!("{}/api/v1/users", sandbox.url()), sandbox.admin_key());
    for number in 0.. {
        let new = json!({"subject": format!("r{round}w{writer}-{number}")});
        if ask(&agent, "POST", &url, key, Some(&new)).is_none() {
            return;
        }
        thread::sleep(PAUSE);
    }
}

/// Makes users, and kills the program in the middle of that.
fn round(data: &Path, round: usize, sabotage: Option<&str>) {
    let sandbox = Sandbox::start(data, sabotage);
    thread::scope(|scope| {
        let sandbox = &sandbox;
        for writer in 0..4 {
            scope.spawn(move || write(sandbox, round, writer));
        }
        thread::sleep(Duration::from_millis(200 + (round as u64 * 67) % 300));
        let pid = i32::try_from(sandbox.child.id()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    });
}

/// What was committed: the events that had to be told, each with the subject of the user.
fn committed(data: &Path) -> HashMap<String, String> {
    let db = Connection::open(data.join("rolecall.db")).unwrap();
    let sql = "SELECT tenant_id || '-' || revision || '-' || ordinal, json_extract(data, '$.subject') FROM audits
               WHERE event_type = 'com.qlik.core.user.created' AND json_extract(data, '$.subject') LIKE 'r%w%-%'";
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Waits until nothing is to be delivered any more.
fn settle(data: &Path) {
    let db = Connection::open(data.join("rolecall.db")).unwrap();
    let left =
        "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM webhook_deliveries WHERE pending = 1)";
    let until = Instant::now() + Duration::from_mins(2);
    while db.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap() > 0 {
        assert!(Instant::now() < until, "deliveries do not end");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Kills the program so many times; answers how many events were told, or what is wrong.
fn kill(rounds: usize, sabotage: Option<&str>) -> Result<usize, String> {
    let data = tempfile::tempdir().unwrap();
    let (address, got) = receiver();
    {
        let sandbox = Sandbox::start(data.path(), None);
        let hook = json!({"name": "Hook", "url": format!("http://{address}/"), "enabled": true,
            "eventTypes": ["com.qlik.core.user.created"]});
        let url = format!("{}/api/v1/webhooks", sandbox.url());
        let made = ask(&agent(), "POST", &url, sandbox.admin_key(), Some(&hook));
        assert_eq!(made.unwrap().0, 201);
    }
    for n in 0..rounds {
        round(data.path(), n, sabotage);
        if n % ROUNDS == ROUNDS - 1 || n == rounds - 1 {
            let calm = Sandbox::start(data.path(), None);
            settle(data.path());
            drop(calm);
        }
    }
    let committed = committed(data.path());
    let got = got.lock().unwrap();
    let told: HashMap<&String, &String> = got.iter().map(|(id, subject)| (id, subject)).collect();
    if let Some((id, subject)) = committed.iter().find(|(id, _)| !told.contains_key(id)) {
        return Err(format!("the event {id} of {subject} is lost"));
    }
    if let Some((id, subject)) = told.iter().find(|(id, subject)| committed.get(**id) != Some(**subject)) {
        return Err(format!("the event {id} of {subject} never happened"));
    }
    let mut seen = HashSet::new();
    let mut first = got.iter().map(|(id, _)| id).filter(|id| seen.insert(*id));
    let revision = |id: &String| id.rsplit('-').nth(1).unwrap().parse::<i64>().unwrap();
    if !first.by_ref().map(revision).is_sorted() {
        return Err("events came in another order than they happened".to_owned());
    }
    Ok(committed.len())
}

#[test]
fn each_committed_change_is_delivered_and_nothing_else() {
    let rounds = std::env::var("DELIVERY_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4);
    let told = kill(rounds, None).unwrap();
    println!("killed {rounds} times; {told} events were told");
    assert!(told > rounds, "the writers got something done before each kill");
}

#[test]
fn the_harness_notices_deliveries_outside_the_transaction() {
    // It shows by chance.
    let fault = (0..3).find_map(|_| kill(10, Some("deliveries-outside-transaction")).err()).unwrap();
    assert!(fault.contains("is lost"), "{fault}");
}
