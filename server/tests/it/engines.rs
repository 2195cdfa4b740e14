//! Do both engines answer the same to the same history? With `TEST_DATABASE` one server is on PostgreSQL and one on SQLite.

use std::{collections::HashMap, path::Path};

use rolecall_engine::time::Span;
use rolecall_server::{Db, Location, Missing, copy};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    database::Database,
    harness::{Answer, RUNTIME, Server, Setup},
};

/// Requests of a history.
const STEPS: usize = 400;

/// Numbers that follow from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }
}

const NAMES: &[&str] = &[
    "Ann",
    "ann",
    "Änne",
    "Bob_1",
    "Bob%",
    "b\\o",
    "Zoë",
    "日本",
    "𝔘 Q",
    "z",
    "A\0b",
    "O'Neil",
    "-",
    "\u{10FFFD}x",
];
const SCOPES: &[&str] =
    &["notes", "webhooks", "automations.private", "admin.users", "apps.image:export", "nonsense"];
const FIELDS: &[&str] = &["name", "email", "subject", "status", "id"];
const OPERATORS: &[&str] = &["eq", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"];

/// A server with names for what was made there, so that the same can be asked of two.
struct Side {
    server: Server,
    made: HashMap<&'static str, Vec<String>>,
}

impl Side {
    fn new(server: Server) -> Self {
        Self { server, made: HashMap::new() }
    }

    fn id(&self, kind: &str, at: usize) -> String {
        let known = self.made.get(kind).map_or(&[][..], Vec::as_slice);
        known.get(at % known.len().max(1)).cloned().unwrap_or("65a000000000000000000001".to_owned())
    }

    fn make(&mut self, kind: &'static str, path: &str, body: Value) -> Answer {
        let answer = self.server.admin().post(path, body);
        if answer.status == 201 {
            self.made.entry(kind).or_default().push(answer.body["id"].as_str().unwrap().to_owned());
        }
        answer
    }

    /// One request, chosen by numbers alone.
    fn step(&mut self, random: &mut Random) -> Answer {
        // So that identifiers are in the order of their making on both sides.
        self.server.app.clock.advance(Span::from_millis(1000));
        let admin = self.server.admin();
        let (name, other, scope) = (random.of(NAMES), random.of(NAMES), random.of(SCOPES));
        let [a, b] = [random.below(50), random.below(50)];
        let (user, role, group) = (self.id("users", a), self.id("roles", b), self.id("groups", a));
        match random.below(12) {
            0 => self.make("users", "/api/v1/users", json!({"subject": format!("s\\{name}{}", a % 7), "name": name, "email": format!("u{a}@example.com")})),
            1 => self.make("roles", "/api/v1/roles", json!({"name": name, "assignedScopes": [scope]})),
            2 => self.make("groups", "/api/v1/groups", json!({"name": name, "providerType": "custom"})),
            3 => admin.replace(&format!("/api/v1/users/{user}"), "/assignedRoles", json!([{"id": role}])),
            4 => admin.replace(&format!("/api/v1/users/{user}"), "/assignedGroups", json!([{"id": group, "providerType": "custom"}])),
            5 => admin.replace(&format!("/api/v1/groups/{group}"), "/assignedRoles", json!([{"id": role}])),
            6 => admin.replace(&format!("/api/v1/roles/{role}"), "/name", json!(other)),
            7 => admin.delete(&format!("/api/v1/roles/{role}")),
            8 => admin.delete(&format!("/api/v1/users/{user}")),
            9 => {
                let (field, operator) = (random.of(FIELDS), random.of(OPERATORS));
                let operand = if operator == "pr" { String::new() } else { format!(" {}", json!(other)) };
                let filter = format!("{field} {operator}{operand}");
                let sort = ["name", "+email", "-subject"][a % 3];
                let query = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs([("filter", filter.as_str()), ("sort", sort), ("limit", "7"), ("totalResults", "true")])
                    .finish();
                admin.get(&format!("/api/v1/users?{query}"))
            }
            10 => admin.get(&format!("/api/v1/users/{user}")),
            _ => admin.get(&format!("/rolecall/v1/access/explain?user={user}&scope={scope}")),
        }
    }
}

/// An answer without what no two servers have in common: identifiers and times become numbers in the order they come up.
fn essence(answer: &Answer, known: &mut HashMap<String, usize>) -> String {
    let mut text = answer.text.clone();
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c)));
    let mut words: Vec<String> = words.filter(|word| is_own(word)).map(str::to_owned).collect();
    words.dedup();
    for word in words {
        let next = known.len();
        let number = if word.contains(':') { 0 } else { *known.entry(word.clone()).or_insert(next) };
        text = text.replace(&word, &format!("#{number}"));
    }
    format!("{} {text}", answer.status)
}

/// Whether a word is an identifier, a cursor, a trace number, an address or a time.
fn is_own(word: &str) -> bool {
    let hex = word.len() >= 24 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let time = word.len() > 18 && word.starts_with("20") && word.contains('T') && word.contains(':');
    hex || time || word.len() >= 32 || word.starts_with("127.0.0.1:")
}

#[test]
fn the_same_history_has_the_same_answers() {
    let other = {
        let data = TempDir::new().unwrap();
        let database = Database::file(data.path());
        RUNTIME.block_on(Server::start_in(Setup::default(), data, database, Vec::new()))
    };
    let mut sides = [Side::new(Server::start()), Side::new(other)];
    let mut known = [HashMap::new(), HashMap::new()];
    let mut made = [0, 0];
    for step in 0..STEPS {
        let [one, two] = std::array::from_fn(|side| {
            let answer = sides[side].step(&mut Random(step as u64));
            made[side] += usize::from(answer.status < 300);
            essence(&answer, &mut known[side])
        });
        assert_eq!(one, two, "step {step}");
    }
    assert!(made[0] > STEPS / 4, "{made:?} of {STEPS} did something");
}

/// A server on a copy answers as the one it was copied from, whichever engines they are on.
#[test]
fn everything_is_copied() {
    let server = Server::start();
    server.admin().make_role("R", &["notes"]);
    server.admin().make_group("G");
    let asked = [
        "/api/v1/roles?sort=name&limit=100",
        "/api/v1/groups",
        "/api/v1/users?sort=name",
        "/api/v1/tenants/me",
    ];
    let answers =
        |server: &Server| asked.map(|path| server.admin().get(path).text.replace(&server.url(), ""));
    let before = answers(&server);
    let [there, back] = RUNTIME.block_on(async {
        let data = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        let there = Database::file(data[0].path());
        let back = Database::new(data[1].path()).await;
        let (from, to) = (there.open().await, back.open().await);
        copy(&server.app.db, &from, |_| ()).await.unwrap();
        copy(&from, &to, |_| ()).await.unwrap();
        let again = copy(&from, &to, |_| ()).await.unwrap_err();
        assert!(again.to_string().contains("not empty"), "{again}");
        from.close().await;
        to.close().await;
        let [first, second] = data;
        let there = server.again(Setup::default(), first, there).await;
        [there, server.again(Setup::default(), second, back).await]
    });
    assert_eq!(answers(&there), before);
    assert_eq!(answers(&back), before);
}

/// What a copy that was broken off has left is not used by anybody.
#[test]
fn half_a_copy_is_not_opened() {
    let data = TempDir::new().unwrap();
    let database = Database::file(data.path());
    RUNTIME.block_on(async { database.open().await.close().await });
    database.batch("INSERT INTO migrations (step, name, sha256) VALUES (1000000, 'incomplete copy', x'00')");
    let open = async |file: &Path| Db::open(&Location::File(file.join("rolecall.db")), Missing::Do).await;
    let refused = RUNTIME.block_on(open(data.path()));
    assert!(refused.err().unwrap().to_string().contains("incomplete copy"));
}
