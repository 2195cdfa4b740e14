//! Assignments for some time only: they count while they hold, and are in the contract's lists only then.

use rolecall_engine::time::{Span, Timestamp};
use serde_json::{Value, json};

use crate::harness::{Client, Server, names};

const HOUR: Span = Span::from_hours(1);

struct Given {
    server: Server,
    admin: Client,
    /// A user with nothing.
    id: String,
    client: Client,
}

impl Given {
    fn new() -> Self {
        let server = Server::start();
        let (id, client) = server.user_with("temp", &[]);
        Self { admin: server.admin(), server, id, client }
    }

    fn user(&self) -> String {
        format!("/api/v1/users/{}", self.id)
    }

    fn assignments(&self) -> String {
        format!("/rolecall/v1/users/{}/assignments", self.id)
    }

    fn hours_from_now(&self, hours: u32) -> Timestamp {
        self.server.app.clock.now().plus(Span::from_hours(hours))
    }

    /// Assigns something from one hour to another, counted from now.
    fn assign(&self, mut what: Value, from: Option<u32>, until: Option<u32>) {
        for (name, hours) in [("validFrom", from), ("expiresAt", until)] {
            if let Some(hours) = hours {
                what[name] = self.hours_from_now(hours).to_string().into();
            }
        }
        self.admin.post(&self.assignments(), what).expect(204);
    }

    fn held(&self, list: &str) -> Vec<String> {
        let user = self.admin.get(&self.user());
        names(&user.expect(200)[list]).into_iter().map(str::to_owned).collect()
    }

    /// The states of the assignments.
    fn states(&self) -> Vec<String> {
        let listed = self.admin.get(&self.assignments());
        let data = listed.expect(200)["data"].as_array().unwrap().clone();
        data.iter().map(|item| item["state"].as_str().unwrap().to_owned()).collect()
    }

    fn found(&self, filter: &str) -> usize {
        let filter = filter.replace(' ', "+").replace('"', "%22");
        let found = self.admin.get(&format!("/api/v1/users?filter={filter}+and+subject+eq+%22temp%22"));
        found.expect(200)["data"].as_array().unwrap().len()
    }

    fn may(&self, scope: &str) -> bool {
        let asked = json!({"subject": {"type": "user", "id": self.id}, "action": {"name": scope},
                           "resource": {"type": "tenant", "id": "acme.localhost"}});
        self.admin.post("/access/v1/evaluation", asked).expect(200)["decision"] == true
    }
}

#[test]
fn a_role_counts_from_its_begin_to_its_end() {
    let given = Given::new();
    given.admin.make_role("Origins", &["admin.csp"]);
    given.assign(json!({"role": {"name": "Origins"}}), Some(1), Some(3));
    for (hours, state, holds) in [(0, "scheduled", false), (2, "active", true), (2, "ended", false)] {
        given.server.app.clock.advance(Span::from_hours(hours));
        assert_eq!(given.states(), [state]);
        assert_eq!(given.held("assignedRoles"), if holds { vec!["Origins"] } else { vec![] });
        assert_eq!(given.found("assignedRoles.name eq \"Origins\""), usize::from(holds));
        assert_eq!(given.found("assignedScopes eq \"admin.csp\""), usize::from(holds));
        assert_eq!(given.may("admin.csp"), holds);
    }
}

#[test]
fn a_membership_counts_from_its_begin_to_its_end() {
    let given = Given::new();
    let group = given.admin.make_group("Night shift");
    given
        .admin
        .replace(&format!("/api/v1/groups/{group}"), "/assignedRoles", json!([{"name": "TenantAdmin"}]))
        .expect(204);
    given.assign(json!({"group": {"id": group}}), None, Some(2));
    assert_eq!(
        (given.states(), given.held("assignedGroups")),
        (vec!["active".into()], vec!["Night shift".into()])
    );
    given.client.get("/api/v1/roles").expect(200);
    assert_eq!(given.found("assignedGroupsAssignedRoles.name eq \"TenantAdmin\""), 1);
    let why = format!("/rolecall/v1/access/explain?scope=admin.users&user={}", given.id);
    let until = given.admin.get(&why).expect(200)["grants"][0]["expiresAt"].as_str().unwrap().to_owned();
    let seconds = given.hours_from_now(2).as_seconds() - until.parse::<Timestamp>().unwrap().as_seconds();
    assert!((0..60).contains(&seconds), "{until}");
    assert_eq!(given.admin.get(&format!("{why}&at={until}")).expect(200)["decision"], false);
    given.admin.get(&format!("{why}&at=tomorrow")).refused(400, "HTTP-400");
    given.admin.delete(&format!("/api/v1/groups/{group}")).expect(403);
    given.server.app.clock.advance(Span::from_hours(2));
    given.client.get("/api/v1/roles").expect(403);
    assert_eq!((given.states(), given.held("assignedGroups")), (vec!["ended".into()], vec![]));
    assert_eq!(given.found("assignedGroupsAssignedRoles.name eq \"TenantAdmin\""), 0);
    given.admin.delete(&format!("/api/v1/groups/{group}")).expect(204);
    assert!(given.states().is_empty());
}

/// What a client of the contract writes back as it read it keeps its end, and what it does not see is not touched.
#[test]
fn patches_of_the_contract_keep_periods() {
    let given = Given::new();
    given.assign(json!({"role": {"name": "Steward"}}), None, Some(5));
    given.assign(json!({"role": {"name": "DataAdmin"}}), Some(5), None);
    let read = given.admin.get(&given.user()).expect(200)["assignedRoles"].clone();
    given.admin.replace(&given.user(), "/assignedRoles", read).expect(204);
    assert_eq!(given.states(), ["active", "scheduled"]);
    let listed = given.admin.get(&given.assignments()).body["data"].clone();
    assert!(listed[0]["expiresAt"].is_string() && listed[1]["validFrom"].is_string());
    given.admin.op(&given.user(), "add", "/assignedRoles/-", json!({"name": "DataAdmin"})).expect(204);
    assert_eq!(given.held("assignedRoles"), ["Steward", "DataAdmin"]);
    given.admin.op(&given.user(), "remove-value", "/assignedRoles", json!({"name": "Steward"})).expect(204);
    assert_eq!(given.held("assignedRoles"), ["DataAdmin"]);
    assert!(given.admin.get(&given.assignments()).body["data"][0].get("validFrom").is_none());
    // Without times it is for good.
    given.assign(json!({"role": {"name": "DataAdmin"}}), None, Some(1));
    given.assign(json!({"role": {"name": "DataAdmin"}}), None, None);
    given.server.app.clock.advance(Span::from_hours(9));
    assert_eq!(given.held("assignedRoles"), ["DataAdmin"]);
}

/// Who administers the tenant only for a while does not count as its administrator.
#[test]
fn an_administrator_remains_for_good() {
    let given = Given::new();
    given.assign(json!({"role": {"name": "TenantAdmin"}}), None, Some(1));
    let ada = given.admin.id();
    let only = format!("/rolecall/v1/users/{ada}/assignments");
    let end = given.hours_from_now(9).to_string();
    let bounded = json!({"role": {"name": "TenantAdmin"}, "expiresAt": end});
    let refused = given.client.post(&only, bounded.clone());
    assert!(refused.refused(403, "HTTP-403")["detail"].as_str().unwrap().contains("for good"));
    given.admin.post(&only, bounded).refused(403, "HTTP-403");
    given.client.replace(&format!("/api/v1/users/{ada}"), "/status", "disabled").expect(403);
}

#[test]
fn a_wrong_assignment_changes_nothing() {
    let given = Given::new();
    let before = given.server.revision(0);
    let (hour, two) = (given.hours_from_now(1).to_string(), given.hours_from_now(2).to_string());
    let steward = json!({"name": "Steward"});
    for (body, place) in [
        (json!({}), ""),
        (json!({"role": steward, "group": {"name": "Finance"}}), ""),
        (json!({"role": {"name": "No such"}}), "/role"),
        (json!({"role": {"name": "UserDefault"}}), "/role"),
        (json!({"group": {"id": "0123456789abcdef01234567"}}), "/group"),
        (json!({"role": steward, "validFrom": two, "expiresAt": hour}), "/expiresAt"),
        (json!({"role": steward, "expiresAt": "2020-01-01T00:00:00Z"}), "/expiresAt"),
        (json!({"role": steward, "expiresAt": "soon"}), "/expiresAt"),
        (json!({"role": steward, "validFrom": 7}), "/validFrom"),
        (json!({"role": steward, "expiresAt": "2099-01-01T00:00:00+09:00[Europe/Paris]"}), "/expiresAt"),
        (json!({"role": steward, "expires_at": two}), "/expires_at"),
    ] {
        let answer = given.admin.post(&given.assignments(), body.clone());
        answer.expect(400);
        assert_eq!(answer.place(), place, "{body}");
    }
    given.client.post(&given.assignments(), json!({"role": steward})).expect(403);
    assert_eq!(given.server.revision(0), before);
    let other = format!("/rolecall/v1/users/{}/assignments", given.admin.id());
    given.client.get(&other).expect(403);
    given.client.get(&given.assignments()).expect(200);
    let preview = given.admin.header("prefer", "preview");
    let would =
        preview.post(&given.assignments(), json!({"role": {"name": "TenantAdmin"}, "expiresAt": two}));
    assert_eq!(would.expect(200)["administrators"], json!({"before": 1, "after": 2}));
    assert_eq!(given.server.revision(0), before);
}

/// A role whose last assignment has ended can be deleted, and the assignment goes with it.
#[test]
fn what_has_ended_holds_nothing_back() {
    let given = Given::new();
    let role = given.admin.make_role("Short", &["admin.csp"]);
    given.assign(json!({"role": {"id": role}}), Some(1), Some(2));
    given.admin.delete(&format!("/api/v1/roles/{role}")).expect(403);
    given.server.app.clock.advance(HOUR);
    given.admin.delete(&format!("/api/v1/roles/{role}")).expect(403);
    given.server.app.clock.advance(HOUR);
    given.admin.delete(&format!("/api/v1/roles/{role}")).expect(204);
    assert!(given.states().is_empty());
}
