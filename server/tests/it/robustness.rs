//! Whatever is sent, the answer is one of the documented ones, and soon: texts that are nearly right, at random.
//!
//! `ROBUSTNESS_SECONDS` says for how long each is tried; `cargo xtask robustness` tries long.

use std::time::{Duration, Instant};

use rolecall_server::read_catalogue;
use serde_json::json;

use crate::harness::{Client, Server};

/// Numbers that look random; the first one is printed so that a run can be repeated.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let seed = std::env::var("ROBUSTNESS_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed =
            seed.unwrap_or_else(|| u64::from(std::process::id()).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        eprintln!("ROBUSTNESS_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }

    /// A text that is nearly one of these: parts are cut out, doubled, or replaced by what often goes wrong.
    fn nearly(&mut self, good: &[&str]) -> String {
        const ODD: &[&str] = &[
            "",
            "null",
            "[]",
            "{}",
            "\"",
            "\\",
            "'",
            "\u{0}",
            "\u{feff}",
            "ẞ",
            "𝔘",
            "\u{202e}",
            "-1",
            "1e999",
            "18446744073709551616",
            "[[[[[[[[[[",
            "}",
            ",",
            ":",
            "(",
            ")",
            " or ",
            " and ",
            "not ",
            "%",
            "/",
            "~1",
            "..",
            "\n",
            "id",
            "TenantAdmin",
        ];
        let mut text: Vec<char> = self.pick(good).chars().collect();
        for _ in 0..=self.below(4) {
            let (a, b) = (self.below(text.len() + 1), self.below(text.len() + 1));
            let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 12));
            let part: Vec<char> = text[from..to].to_vec();
            match self.below(4) {
                0 => drop(text.splice(from..to, [])),
                1 => drop(text.splice(from..from, part)),
                2 => drop(text.splice(from..to, self.pick(ODD).chars())),
                _ => {
                    let other: Vec<char> = self.pick(good).chars().collect();
                    let cut = self.below(other.len() + 1);
                    text.splice(from.., other[cut..].iter().copied());
                }
            }
        }
        text.into_iter().collect()
    }
}

/// Tries for as long as is wanted; answers how often.
fn tries(mut once: impl FnMut(&mut Dice)) {
    let seconds = std::env::var("ROBUSTNESS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let (begun, mut dice, mut count) = (Instant::now(), Dice::new(), 0);
    while begun.elapsed() < Duration::from_secs(seconds) {
        once(&mut dice);
        count += 1;
    }
    assert!(count > 50, "only {count} tries");
}

/// The answer has a documented status and shape, which the client checks, is no fault of the server, and comes soon.
fn soon(client: &Client, method: &str, path: &str, body: Option<&str>) -> u16 {
    let begun = Instant::now();
    let answer = client.send(method, path, body.map(|body| ("application/json", body.as_bytes())));
    assert!(answer.status < 500, "{method} {path} {body:?}: {}", answer.text);
    assert!(begun.elapsed() < Duration::from_secs(5), "{method} {path} {body:?}");
    answer.status
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn filters_and_cursors() {
    let server = Server::start();
    let admin = server.admin();
    let first = admin.get("/api/v1/users?limit=1");
    let next = first.expect(200)["links"]["next"]["href"]
        .as_str()
        .unwrap()
        .split("next=")
        .nth(1)
        .unwrap()
        .to_owned();
    let filters = [
        "name eq \"Uma\" and (status eq 'active' or status eq \"invited\")",
        "not (email co \"@\") or subject sw 'acme' and id pr",
        "assignedRoles.name eq 'Steward' and assignedScopes eq \"notes\"",
        "createdAt ge \"2026-01-01T00:00:00Z\" and lastUpdatedAt lt '2030-01-01T00:00:00Z'",
    ];
    tries(|dice| {
        let filter = encoded(&dice.nearly(&filters));
        soon(
            &admin,
            "GET",
            &format!("/api/v1/{}?filter={filter}", dice.pick(&["users", "groups", "roles"])),
            None,
        );
        let cursor = encoded(&dice.nearly(&[&next]));
        soon(&admin, "GET", &format!("/api/v1/users?limit=1&next={cursor}"), None);
        let sort = encoded(&dice.nearly(&["name,-id", "+status", "-createdAt"]));
        soon(&admin, "GET", &format!("/api/v1/users?sort={sort}"), None);
    });
}

/// Patches that are nearly right, whichever of them are carried out: the tenant keeps its administrator.
#[test]
fn patches_and_bodies() {
    let server = Server::start();
    let admin = server.admin();
    let user = format!("/api/v1/users/{}", server.user().id());
    let role = format!("/api/v1/roles/{}", admin.make_role("Mine", &["notes"]));
    let group = format!("/api/v1/groups/{}", admin.make_group("Ours"));
    let tenant = format!("/api/v1/tenants/{}", server.tenants[0].tenant);
    let patches = [
        r#"[{"op":"replace","path":"/name","value":"N"},{"op":"add","path":"/assignedScopes/-","value":"notes"}]"#,
        r#"[{"op":"replace","path":"/assignedRoles","value":[{"name":"Steward"},{"id":"608050f750afab80bd53586d"}]}]"#,
        r#"[{"op":"remove-value","path":"/assignedGroups","value":{"name":"Ours","providerType":"custom"}}]"#,
        r#"[{"op":"replace","path":"/autoCreateGroups","value":true},{"op":"renew","path":"/inviteExpiry"}]"#,
        r#"[{"op":"set","path":"/roles","value":["Steward"]},{"op":"unset","path":"/preferredLocale"}]"#,
    ];
    let bodies = [
        r#"{"name":"X","description":"d","assignedScopes":["notes","apps.image:export"]}"#,
        r#"{"subject":"s","email":"a@b.c","status":"invited","assignedRoles":[{"name":"Steward"}]}"#,
        r#"{"add":[{"subject":"x","type":"professional"}],"delete":[{"subject":"x","type":"analyzer"}]}"#,
        r#"{"filter":"id eq '1'","autoAssignProfessional":false,"expiry":"PT1H"}"#,
    ];
    tries(|dice| {
        let path = dice.pick(&[&user, &role, &group, &tenant, "/api/v1/groups/settings"]).to_owned();
        soon(&admin, "PATCH", &path, Some(&dice.nearly(&patches)));
        let path = dice.pick(&[
            "/api/v1/roles",
            "/api/v1/users",
            "/api/v1/groups",
            "/api/v1/users/actions/filter",
            "/api/v1/licenses/assignments/actions/add",
        ]);
        soon(&admin, "POST", path, Some(&dice.nearly(&bodies)));
    });
    admin.get("/api/v1/roles").expect(200);
}

#[test]
fn questions() {
    let server = Server::start();
    let admin = server.admin();
    let single = json!({"subject": {"type": "user", "id": server.user().id(), "properties": {"a": [1]}}, "action": {"name": "notes"},
        "resource": {"type": "tenant", "id": "acme.localhost"}, "context": {"x": null}, "page": {"limit": 2, "token": "t"}})
    .to_string();
    let several = json!({"subject": {"type": "email", "id": "uma@acme.example"}, "resource": {"type": "tenant", "id": "acme.localhost"},
        "evaluations": [{"action": {"name": "notes"}}, {"action": {"name": "api-keys"}}, {}],
        "options": {"evaluations_semantic": "deny_on_first_deny"}})
    .to_string();
    let paths = ["evaluation", "evaluations", "search/subject", "search/resource", "search/action"];
    tries(|dice| {
        let body = dice.nearly(&[&single, &several]);
        soon(&admin, "POST", &format!("/access/v1/{}", dice.pick(&paths)), Some(&body));
        let (user, scope) =
            (encoded(&dice.nearly(&["uma@acme.example"])), encoded(&dice.nearly(&["apps.data:export"])));
        soon(&admin, "GET", &format!("/rolecall/v1/access/explain?user={user}&scope={scope}"), None);
    });
}

#[test]
fn catalogues() {
    let (one, other) =
        (include_str!("certification.toml"), include_str!("../../../examples/invoices/catalogue.toml"));
    tries(|dice| {
        if let Err(error) = read_catalogue(&dice.nearly(&[one, other])) {
            assert!(error.to_string().starts_with("line "), "{error}");
        }
    });
}
