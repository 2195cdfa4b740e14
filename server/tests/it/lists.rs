//! Lists: paging, sorting, filtering, counting. (reference/rest-api.md §1.3, §1.4)

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Client, Server};

const USERS: &str = "/api/v1/users";

fn names_of(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

/// The names on all pages, by following `next`.
fn all(client: &Client, first: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut at = first.to_owned();
    loop {
        let page = client.get(&at);
        names.extend(names_of(page.expect(200)));
        match page.body["links"]["next"]["href"].as_str() {
            Some(next) => next.clone_into(&mut at),
            None => return names,
        }
    }
}

fn people(server: &Server, names: &[&str]) {
    for name in names {
        let new = json!({"subject": format!("s-{name}"), "name": name, "email": format!("{}@x.example", name.len())});
        server.admin().post(USERS, new).expect(201);
    }
}

#[test]
fn pages_hold_everything_once_in_order() {
    let server = Server::start();
    for n in 0..23 {
        people(&server, &[&format!("p{n:02}")]);
    }
    let expected: Vec<String> = (0..23).map(|n| format!("p{n:02}")).collect();
    let filter = "filter=name+sw+%22p%22";
    for limit in [1, 2, 7, 23, 24, 100] {
        assert_eq!(all(&server.admin(), &format!("{USERS}?limit={limit}&{filter}")), expected);
        let mut down = expected.clone();
        down.reverse();
        assert_eq!(all(&server.admin(), &format!("{USERS}?limit={limit}&sort=-name&{filter}")), down);
    }
}

#[test]
fn a_page_leads_back_to_the_one_before() {
    let server = Server::start();
    people(&server, &["p1", "p2", "p3", "p4", "p5"]);
    let first = server.admin().get(&format!("{USERS}?limit=2&filter=name+sw+%22p%22&totalResults=true"));
    assert_eq!(first.expect(200)["totalResults"], 5);
    assert!(first.body["links"].get("prev").is_none());
    let second = server.admin().get(first.body["links"]["next"]["href"].as_str().unwrap());
    assert_eq!(second.names(), ["p3", "p4"]);
    assert_eq!(second.body["totalResults"], 5, "the links carry all parameters");
    let third = server.admin().get(second.body["links"]["next"]["href"].as_str().unwrap());
    assert_eq!(third.names(), ["p5"]);
    assert!(third.body["links"].get("next").is_none());
    let back = server.admin().get(third.body["links"]["prev"]["href"].as_str().unwrap());
    assert_eq!(back.names(), ["p3", "p4"]);
    let start = server.admin().get(back.body["links"]["prev"]["href"].as_str().unwrap());
    assert_eq!(start.names(), ["p1", "p2"]);
    assert!(start.body["links"].get("prev").is_none());
}

#[test]
fn changes_elsewhere_do_not_move_a_page() {
    let server = Server::start();
    people(&server, &["p1", "p2", "p3", "p4", "p5", "p6"]);
    let first = server.admin().get(&format!("{USERS}?limit=2&filter=name+sw+%22p%22"));
    let next = first.body["links"]["next"]["href"].as_str().unwrap();
    people(&server, &["p0", "p11", "p25"]);
    let gone = server.admin().find(USERS, "p2");
    server.admin().delete(&format!("{USERS}/{gone}")).expect(204);
    assert_eq!(all(&server.admin(), next), ["p25", "p3", "p4", "p5", "p6"]);
}

#[test]
fn equal_names_are_told_apart_by_identifier() {
    let server = Server::start();
    for n in 0..7 {
        server.admin().post(USERS, json!({"subject": format!("twin{n}"), "name": "Twin"})).expect(201);
    }
    let path = |sort: &str| format!("{USERS}?limit=2&fields=id,name&sort={sort}&filter=name+eq+%22twin%22");
    for sort in ["name", "-name", "status,-createdAt", "-status,name", "inviteExpiry", "clientId", "tenantId"]
    {
        assert_eq!(all(&server.admin(), &path(sort)).len(), 7, "{sort}");
    }
}

#[test]
fn sort_orders_are_as_asked() {
    let server = Server::start();
    people(&server, &["bb", "A", "ccc"]);
    let sorted = |sort: &str| {
        all(&server.admin(), &format!("{USERS}?sort={sort}&filter=subject+sw+%22s-%22")).join(" ")
    };
    for (sort, expected) in [
        ("name", "A bb ccc"),
        ("%2Bname", "A bb ccc"),
        ("+name", "A bb ccc"),
        ("-name", "ccc bb A"),
        ("-email", "ccc bb A"),
        ("status,-name", "ccc bb A"),
        ("createdAt", "bb A ccc"),
    ] {
        assert_eq!(sorted(sort), expected, "{sort}");
    }
    let page = server.admin().get(&format!("{USERS}?sort=_id"));
    let ids: Vec<&str> = page.expect(200)["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["id"].as_str().unwrap())
        .collect();
    assert!(ids.len() > 3 && ids.is_sorted(), "{ids:?}");
    for wrong in ["nothing", "name,nothing", "--", "assignedRoles", "--name", "%20-name", "%2B-name"] {
        let refused = server.admin().get(&format!("{USERS}?sort={wrong}"));
        refused.refused(400, "HTTP-400");
        assert_eq!(refused.place(), "sort");
    }
    for (list, sort) in
        [("roles", "level,-description"), ("groups", "providerType,-lastUpdatedAt"), ("roles", "-type")]
    {
        server.admin().get(&format!("/api/v1/{list}?sort={sort}&limit=3")).expect(200);
    }
}

#[test]
fn parameters_are_read_generously() {
    let server = Server::start();
    for query in [
        "limit=5&limit=2",
        "totalResults=True",
        "totalResults=FALSE",
        "sort=+name",
        "unknown=1&limit=3",
        "filter=",
        "limit=1&fields=",
    ] {
        server.admin().get(&format!("{USERS}?{query}")).expect(200);
    }
    assert_eq!(server.admin().get(&format!("{USERS}?limit=5&limit=2")).names().len(), 2);
    for (query, place) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("totalResults=yes", "totalResults"),
        ("next=a&prev=b", "prev"),
    ] {
        let refused = server.admin().get(&format!("{USERS}?{query}"));
        refused.refused(400, "HTTP-400");
        assert_eq!(refused.place(), place);
    }
}

#[test]
fn a_cursor_is_good_for_its_own_list_only() {
    let server = Server::start();
    let cursor = |client: &Client, path: &str| {
        let page = client.get(path);
        let next = page.expect(200)["links"]["next"]["href"].as_str().unwrap().to_owned();
        next.split("next=").nth(1).unwrap().split('&').next().unwrap().to_owned()
    };
    let path = format!("{USERS}?limit=2");
    let next = cursor(&server.admin(), &path);
    server.admin().get(&format!("{path}&next={next}")).expect(200);
    server.admin().get(&format!("{USERS}?limit=100&next={next}&fields=name&totalResults=true")).expect(200);
    server.user().get(&format!("{path}&next={next}")).expect(200);
    server.admin().get(&format!("{path}&sort=%2Bname&next={next}")).expect(200);
    let refused = |client: &Client, path: &str| {
        let answer = client.get(path);
        answer.refused(400, "HTTP-400");
    };
    refused(&server.other_admin(), &format!("{path}&next={next}"));
    refused(&server.admin(), &format!("{path}&sort=-name&next={next}"));
    refused(&server.admin(), &format!("{path}&filter=name+pr&next={next}"));
    refused(&server.admin(), &format!("{path}&status=active&next={next}"));
    refused(&server.admin(), &format!("{path}&prev={next}"));
    refused(&server.admin(), &format!("/api/v1/groups?limit=2&next={next}"));
    refused(&server.admin(), &format!("/api/v1/roles?limit=2&next={next}"));
    refused(&server.admin(), &format!("{path}&next={}", "x".repeat(9000)));
    for at in 0..next.len() {
        let mut bytes = next.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let broken = String::from_utf8(bytes).unwrap();
        let answer = server.admin().get(&format!("{path}&next={broken}"));
        assert!(answer.status == 400 || broken == next, "{at}: {}", answer.text);
    }
}

/// What a filter selects in the database is what the engine says it selects.
#[test]
fn the_database_and_the_engine_agree_on_filters() {
    use rolecall_engine::filter::{Limits, Operand, UserAttribute, parse};
    use rolecall_engine::names::fold;
    let server = Server::start();
    people(
        &server,
        &["Ann", "ann", "Ünal", "O'Hara", "a%b", "a_b", "back\\slash", "Straße", "STRASSE", "日本", "x y"],
    );
    server.admin().post(USERS, json!({"subject": "nomail", "name": "No mail"})).expect(201);
    let disabled = server.admin().find(USERS, "Ann");
    server.admin().replace(&format!("{USERS}/{disabled}"), "/status", "disabled").expect(204);
    let users = server.admin().get(&format!("{USERS}?limit=100"));
    let users = users.expect(200)["data"].as_array().unwrap();
    let values = |user: &Value, attribute: UserAttribute| -> Vec<Operand> {
        let texts = |member: &str, of: &str| {
            user[member]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item[of].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let texts = match attribute {
            UserAttribute::Id => vec![user["id"].as_str().unwrap().to_owned()],
            UserAttribute::Subject => vec![user["subject"].as_str().unwrap().to_owned()],
            UserAttribute::Name => vec![user["name"].as_str().unwrap().to_owned()],
            UserAttribute::Email => user["email"].as_str().map(str::to_owned).into_iter().collect(),
            UserAttribute::Status => vec![user["status"].as_str().unwrap().to_owned()],
            UserAttribute::RoleName => texts("assignedRoles", "name"),
            UserAttribute::RoleId => texts("assignedRoles", "id"),
            UserAttribute::GroupId => texts("assignedGroups", "id"),
            UserAttribute::ClientId => Vec::new(),
            UserAttribute::GroupRoleName | UserAttribute::Scope => unreachable!("not in these filters"),
        };
        texts.iter().map(|text| Operand::Text(fold(text))).collect()
    };
    for filter in [
        "name eq 'ANN'",
        "name ne 'ann'",
        "name co 'n'",
        "name sw 'a%'",
        "name sw 'a_'",
        "name co '\\\\'",
        "name eq 'strasse'",
        "name ew 'B'",
        "name gt 'b'",
        "name ge 'ann'",
        "name lt 'b'",
        "name le 'ann'",
        "name co \"'\"",
        "name sw '日'",
        "email pr",
        "not (email pr)",
        "email eq null",
        "email lt 'z'",
        "email gt ''  or name pr",
        "status eq 'disabled'",
        "(name sw 'a' or name sw 'x') and (status ne 'disabled')",
        "assignedRoles.name eq 'steward'",
        "assignedRoles.name ne 'steward'",
        "not (assignedRoles.name co 'e' or email pr)",
        "assignedRoles.name pr",
        "assignedGroups.id pr",
        "clientId pr",
        "clientId ne 'x'",
        "subject co 'S-' and (name co 'a' or name co 'o') and not (name eq 'ann')",
    ] {
        let encoded: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let answer = server.admin().get(&format!("{USERS}?limit=100&filter={encoded}"));
        let Ok(parsed) = parse::<UserAttribute>(filter, Limits::QUERY) else {
            answer.refused(400, "HTTP-400");
            continue;
        };
        let selected: BTreeSet<String> = names_of(answer.expect(200)).into_iter().collect();
        let expected: BTreeSet<String> = users
            .iter()
            .filter(|user| parsed.selects(&|attribute| values(user, attribute)))
            .map(|user| user["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(selected, expected, "{filter}");
    }
}

#[test]
fn filters_reach_roles_groups_and_effective_scopes() {
    let server = Server::start();
    let found = |list: &str, filter: &str| {
        let encoded: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        server.admin().get(&format!("/api/v1/{list}?limit=100&filter={encoded}")).names().join(", ")
    };
    assert_eq!(found("users", "assignedRoles.name eq \"AuditAdmin\""), "Dan Diaz");
    assert_eq!(
        found("users", "assignedGroupsAssignedRoles.name eq 'Model approver'"),
        "Ben Berg, Chloe Chen"
    );
    assert_eq!(found("users", "assignedScopes eq 'automl-models:approve'"), "Ben Berg, Chloe Chen");
    assert_eq!(found("users", "assignedScopes eq 'api-keys'"), "Uma User");
    assert_eq!(
        found("users", "assignedScopes eq 'notes'").split(", ").count(),
        5,
        "UserDefault is everybody's"
    );
    assert_eq!(found("users", "assignedScopes eq 'no.such'"), "");
    let steward = server.admin().find("/api/v1/roles", "Steward");
    assert_eq!(found("users", &format!("assignedRoles.id eq '{steward}'")), "Chloe Chen");
    assert_eq!(found("roles", "level eq 'admin' and type eq 'default'").split(", ").count(), 4);
    assert_eq!(found("roles", "permissions eq 'automation:create'"), "AutomationCreator");
    assert_eq!(found("roles", "description co 'KEYS'"), "Key maker");
    assert_eq!(found("roles", "createdAt lt '2022-01-01T00:00:00Z'").split(", ").count(), 8);
    for always in ["createdAt pr", "not (lastUpdatedAt eq null)"] {
        assert_eq!(found("roles", &format!("{always} and name eq 'Steward'")), "Steward");
        assert_eq!(found("groups", always), "Analysts, Data science");
    }
    assert_eq!(found("groups", "not (createdAt pr)"), "");
    assert_eq!(found("groups", "assignedRoles.name eq 'sharedspacecreator'"), "Data science");
    assert_eq!(
        found("groups", "status eq 'active' and createdAt gt '2020-01-01T00:00:00Z'"),
        "Analysts, Data science"
    );
}

/// What a caller may not see cannot be found out by filtering either (threats T44).
#[test]
fn hidden_members_cannot_be_filtered_by() {
    let server = Server::start();
    for filter in [
        "assignedRoles.name eq 'TenantAdmin'",
        "assignedRoles.id pr",
        "assignedGroupsAssignedRoles.name eq 'TenantAdmin'",
        "assignedScopes eq 'api-keys'",
        "name pr and not (assignedScopes eq 'api-keys')",
    ] {
        let encoded: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        server.user().get(&format!("/api/v1/users?filter={encoded}")).refused(403, "HTTP-403");
        let body = json!({ "filter": filter });
        server.user().post("/api/v1/users/actions/filter", body).refused(403, "HTTP-403");
    }
    let encoded: String = form_urlencoded::byte_serialize(b"assignedRoles.name eq 'TenantAdmin'").collect();
    server.user().get(&format!("/api/v1/groups?filter={encoded}")).refused(403, "HTTP-403");
    server.user().get("/api/v1/users?role=TenantAdmin").refused(403, "HTTP-403");
}

#[test]
fn a_wrong_filter_is_refused_with_its_place() {
    let server = Server::start();
    for filter in [
        "name",
        "name eq",
        "name is 'x'",
        "nothing eq 'x'",
        "name eq x",
        "(name pr",
        "name pr or",
        "password eq 'x'",
        "name regex '.*'",
    ] {
        let encoded: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        for list in ["users", "groups", "roles", "licenses/assignments"] {
            let answer = server.admin().get(&format!("/api/v1/{list}?filter={encoded}"));
            let error = answer.refused(400, "HTTP-400");
            assert!(error["detail"].as_str().unwrap().contains("at character"), "{error}");
            assert_eq!(answer.place(), "filter");
        }
    }
    let deep = format!("{}name+pr{}", "(".repeat(17), ")".repeat(17));
    server.admin().get(&format!("{USERS}?filter={deep}")).refused(400, "HTTP-400");
    let long = vec!["name+pr"; 65].join("+or+");
    server.admin().get(&format!("{USERS}?filter={long}")).refused(400, "HTTP-400");
    let mixed = "name+eq+%22Bob%22+or+name+eq+%22Al%22+and+(status+eq+%22active%22)";
    server.admin().get(&format!("{USERS}?filter={mixed}")).refused(400, "HTTP-400");
}
