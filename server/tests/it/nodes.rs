//! Do several servers over one database agree? Only with `TEST_DATABASE`: SQLite is for one.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, sleep},
    time::{Duration, Instant},
};

use rolecall_engine::time::Span;
use rolecall_server::Staleness;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::{
    database::Database,
    harness::{Client, RUNTIME, Server, Setup},
    logins::{browser, claims, cookies, log_in, make_provider, signed},
};

const REVISION: &str = "rolecall-revision";

/// A transaction that goes on holds up whoever waits until all nodes know something, in whichever database of the cluster it is.
static ONE_OR_THE_OTHER: Mutex<()> = Mutex::new(());

/// A way to the database that can be blocked. Nothing is said then; connections just do not go on.
struct Way {
    port: u16,
    open: Arc<watch::Sender<bool>>,
}

impl Way {
    fn new() -> Self {
        let open = Arc::new(watch::Sender::new(true));
        let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let gate = Arc::clone(&open);
        RUNTIME.spawn(async move {
            while let Ok((mut here, _)) = listener.accept().await {
                let mut gate = gate.subscribe();
                tokio::spawn(async move {
                    gate.wait_for(|open| *open).await.unwrap();
                    let mut there =
                        TcpStream::connect(("127.0.0.1", Database::port().unwrap())).await.unwrap();
                    tokio::select! {
                        biased;
                        _ = gate.wait_for(|open| !*open) => {}
                        _ = copy_bidirectional(&mut here, &mut there) => {}
                    }
                    // As long as it is shut, both sides keep waiting; what was on the way is lost.
                    gate.wait_for(|open| *open).await.unwrap();
                });
            }
        });
        Self { port, open }
    }
}

/// Two servers, the second over a way that can be blocked.
struct Pair {
    a: Server,
    b: Server,
    way: Way,
}

impl Pair {
    /// None where there is no database for several servers.
    fn start(staleness: Staleness) -> Option<Self> {
        Database::port()?;
        let setup = || Setup { staleness, ..Setup::default() };
        let (a, way) = (Server::with(setup()), Way::new());
        let database = a.database.over(way.port)?;
        let b = RUNTIME.block_on(a.again(setup(), TempDir::new().unwrap(), database));
        Some(Self { a, b, way })
    }
}

/// Whether a server says that somebody may do something.
fn may(client: &Client, user: &str, scope: &str) -> Option<bool> {
    let asked = json!({"subject": {"type": "user", "id": user}, "action": {"name": scope},
        "resource": {"type": "tenant", "id": "acme.localhost"}});
    let answer = client.post("/access/v1/evaluation", asked);
    match answer.status {
        200 => Some(answer.body["decision"].as_bool().unwrap()),
        503 => None,
        other => panic!("{other}: {}", answer.text),
    }
}

/// Somebody with a role that grants something; answers the user and the role.
fn granted(server: &Server, subject: &str) -> (String, String) {
    let admin = server.admin();
    let role = admin.make_role(subject, &["apps.image:export"]);
    let user = admin.make_user(subject);
    give(&admin, &user, json!([{"id": role}])).expect(204);
    (user, role)
}

fn give(client: &Client, user: &str, roles: Value) -> crate::harness::Answer {
    client.replace(&format!("/api/v1/users/{user}"), "/assignedRoles", roles)
}

const SCOPE: &str = "apps.image:export";

#[test]
fn what_one_server_changes_the_other_knows() {
    let Some(Pair { a, b, .. }) = Pair::start(Staleness::default()) else { return };
    let (user, role) = granted(&a, "uta");
    let (here, there) = (a.admin(), b.admin());
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        for roles in [json!([]), json!([{"id": role}])] {
            let expected = roles != json!([]);
            give(&here, &user, roles).expect(204);
            let began = Instant::now();
            while may(&there, &user, SCOPE) != Some(expected) {
                assert!(began.elapsed() < Duration::from_secs(5), "it is never known");
            }
            slowest = slowest.max(began.elapsed());
        }
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}: a beacon comes four times a second");
    // Both write to the same tenant.
    for n in 0..10 {
        let server = if n % 2 == 0 { &a } else { &b };
        server.admin().make_role(&format!("Rota {n}"), &["notes"]);
    }
    let names = there.get("/api/v1/roles?limit=100&filter=name%20sw%20%22Rota%22").names().len();
    assert_eq!(names, 10);
}

/// What no hint tells, beacons do, however many tenants were changed at once.
#[test]
fn beacons_tell_of_all_tenants() {
    let Some(Pair { a, b, .. }) = Pair::start(Staleness::default()) else { return };
    let users = [b.user(), b.client(b.tenants[1].user_key.as_ref().unwrap())];
    // What they may not do is refused from memory, and who is disabled otherwise.
    let asked = |user: &Client| user.post("/access/v1/search/action", json!({})).status;
    assert!(users.iter().all(|user| asked(user) != 401));
    a.database.change("UPDATE users SET status = 'disabled'; UPDATE tenants SET revision = revision + 1");
    let began = Instant::now();
    while users.iter().any(|user| asked(user) != 401) {
        assert!(began.elapsed() < Duration::from_secs(5), "it is never known");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_question_can_ask_to_see_a_change() {
    let Some(Pair { a, b, .. }) = Pair::start(Staleness::default()) else { return };
    let (user, role) = granted(&a, "uta");
    let (here, there) = (a.admin(), b.admin());
    for _ in 0..20 {
        for roles in [json!([]), json!([{"id": role}])] {
            let expected = Some(roles != json!([]));
            let changed = give(&here, &user, roles);
            changed.expect(204);
            let token = changed.headers[REVISION].to_str().unwrap();
            assert_eq!(may(&there.header(REVISION, token), &user, SCOPE), expected);
            give(&here, &user, json!([{"id": role}])).expect(204);
            assert_eq!(may(&there.header("rolecall-consistency", "full"), &user, SCOPE), Some(true));
        }
    }
    for (name, value) in [(REVISION, "AAAA"), (REVISION, "%%%"), ("rolecall-consistency", "best")] {
        there.header(name, value).get("/api/v1/users/me").refused(400, "HTTP-400");
    }
}

/// What is changed all the time is never in memory for long, and is answered about all the same.
#[test]
fn a_tenant_that_changes_faster_than_it_is_loaded_is_answered_about() {
    let Some(Pair { a, b, .. }) = Pair::start(Staleness::default()) else { return };
    let (here, there) = (a.admin(), b.admin());
    let users: Vec<String> = (0..400).map(|n| here.make_user(&format!("many-{n}"))).collect();
    let (user, role) = granted(&a, "uta");
    let goes_on = AtomicBool::new(true);
    let answers: Vec<_> = thread::scope(|scope| {
        for part in users.chunks(100) {
            let (client, role, goes_on) = (a.admin(), &role, &goes_on);
            scope.spawn(move || {
                let roles = [json!([{"id": role}]), json!([])];
                let turns = roles.iter().cycle().flat_map(|roles| part.iter().map(move |user| (user, roles)));
                for (user, roles) in turns.take_while(|_| goes_on.load(Ordering::Relaxed)) {
                    give(&client, user, roles.clone()).expect(204);
                }
            });
        }
        let ask = |_| (Instant::now(), may(&there, &user, SCOPE));
        let answers = (0..50).map(ask).map(|(asked, answer)| (answer, asked.elapsed())).collect();
        goes_on.store(false, Ordering::Relaxed);
        answers
    });
    let slowest = answers.iter().map(|(_, took)| *took).max();
    assert!(answers.iter().all(|(answer, _)| *answer == Some(true)), "{answers:?}");
    assert!(slowest < Some(Duration::from_secs(5)), "{slowest:?}");
}

#[test]
fn a_change_can_wait_until_all_know_it() {
    let _turn = ONE_OR_THE_OTHER.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(Pair { a, b, way }) = Pair::start(Staleness(Duration::from_secs(2))) else { return };
    let (user, role) = granted(&a, "uta");
    let (here, there) = (a.admin().header("prefer", "wait=applied"), b.admin());
    for _ in 0..10 {
        for roles in [json!([]), json!([{"id": role}])] {
            let expected = Some(roles != json!([]));
            let changed = give(&here, &user, roles);
            changed.expect(204);
            assert_eq!(changed.headers["preference-applied"], "wait=applied");
            assert_eq!(may(&there, &user, SCOPE), expected);
        }
    }
    // Who is not heard any more may answer for some time; it is waited for that to end.
    way.open.send_replace(false);
    let began = Instant::now();
    let changed = give(&here, &user, json!([]));
    assert!([202, 204].contains(&changed.status), "{}", changed.status);
    assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
    assert_ne!(may(&there, &user, SCOPE), Some(true), "it was taken, and nobody says otherwise");
    way.open.send_replace(true);
}

/// Without the database a server answers from memory for some time, and then not at all.
#[test]
fn a_server_that_is_cut_off_stops_answering() {
    let Some(Pair { a, b, way }) = Pair::start(Staleness(Duration::from_secs(2))) else { return };
    let (user, _) = granted(&a, "uta");
    let there = b.admin();
    assert_eq!(may(&there.header("rolecall-consistency", "full"), &user, SCOPE), Some(true));
    way.open.send_replace(false);
    assert_eq!(may(&there, &user, SCOPE), Some(true), "it is known, and that is not long ago");
    give(&a.admin(), &user, json!([])).expect(204);
    let taken = Instant::now();
    let mut refused = false;
    while taken.elapsed() < Duration::from_secs(4) {
        let asked = taken.elapsed();
        match may(&there, &user, SCOPE) {
            Some(true) => assert!(asked < Duration::from_secs(2), "{asked:?}"),
            Some(false) => panic!("nobody told it"),
            None => refused = true,
        }
        sleep(Duration::from_millis(20));
    }
    assert!(refused);
    there.get("/api/v1/users/me").refused(503, "HTTP-503");
    b.anonymous().get("/readyz").refused(503, "HTTP-503");
    b.anonymous().get("/livez").expect(200);
    there.post("/api/v1/roles", json!({"name": "X"})).refused(503, "HTTP-503");
    way.open.send_replace(true);
    let mended = Instant::now();
    while may(&there, &user, SCOPE).is_none() {
        assert!(mended.elapsed() < Duration::from_secs(20), "it never comes back");
        sleep(Duration::from_millis(50));
    }
    assert_eq!(may(&there, &user, SCOPE), Some(false));
    assert!(there.get("/api/v1/roles?filter=name%20eq%20%22X%22").names().is_empty());
}

/// A session that is used on one server is not idle on another one.
#[test]
fn a_session_is_used_wherever_it_is_used() {
    let Some(Pair { a, b, .. }) = Pair::start(Staleness::default()) else { return };
    make_provider(&a);
    let cookies = cookies(&log_in(&a, &signed(&claims("nora", &json!({})))));
    let (here, there) = (browser(&a, &cookies), browser(&b, &cookies));
    let me = |client: &Client| client.get("/api/v1/users/me").status;
    assert_eq!((me(&here), me(&there)), (200, 200));
    for minutes in [40, 40] {
        for server in [&a, &b] {
            server.app.clock.advance(Span::from_millis(minutes * 60_000));
        }
        assert_eq!(me(&here), 200);
    }
    // As every half minute.
    a.database.change(&format!("UPDATE sessions SET seen_at = began_at + {}", 80 * 60_000));
    assert_eq!(me(&there), 200);
    for server in [&a, &b] {
        server.app.clock.advance(Span::from_millis(61 * 60_000));
    }
    assert_eq!((me(&there), me(&here)), (401, 401), "it was not used for longer than it may be idle");
}

/// Work has an end; a commit is waited for all the same.
#[test]
fn a_commit_takes_as_long_as_it_takes() {
    let _turn = ONE_OR_THE_OTHER.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(Pair { a, .. }) = Pair::start(Staleness::default()) else { return };
    a.database.change(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(11); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON roles DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION dawdle()",
    );
    let role = a.admin().make_role("Slow", &["notes"]);
    a.admin().get(&format!("/api/v1/roles/{role}")).expect(200);
}
