//! Does a tenant keep an administrator, by every route and whoever acts at the same time? (reference/access-control.md §3,
//! threats T13)

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Barrier,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    harness::{Client, Server},
    logins::PROVIDERS,
    scim::program,
};

const USERS: &str = "/api/v1/users";
const EVERYONE: &str = "000000000000000000000001";

fn path(client: &Client) -> String {
    format!("{USERS}/{}", client.id())
}

#[test]
fn nobody_takes_it_from_oneself() {
    let server = Server::start();
    let (_, second) = server.user_with("second", &["TenantAdmin"]);
    let own = path(&second);
    for (op, pointer, value) in [
        ("replace", "/assignedRoles", json!([])),
        ("replace", "/assignedRoles", json!([{"name": "Steward"}])),
        ("remove-value", "/assignedRoles", json!({"name": "TenantAdmin"})),
        ("set", "/roles", json!([])),
        ("unset", "/roles", json!(["TenantAdmin"])),
        ("replace", "/status", json!("disabled")),
    ] {
        second.op(&own, op, pointer, value).refused(403, "HTTP-403");
    }
    second.delete(&own).refused(403, "HTTP-403");
    second.get("/api/v1/roles").expect(200);
    server.admin().replace(&own, "/assignedRoles", json!([])).expect(204);
    second.get("/api/v1/roles").refused(403, "HTTP-403");
}

/// An administrator through a group only, and nobody else: each way of taking the group's grant away.
#[test]
fn the_last_one_is_not_lost_through_a_group() {
    let server = Server::start();
    let group = server.admin().make_group("Admins");
    let group_path = format!("/api/v1/groups/{group}");
    server.admin().replace(&group_path, "/assignedRoles", json!([{"name": "TenantAdmin"}])).expect(204);
    let (id, member) = server.user_with("member", &[]);
    let user = format!("{USERS}/{id}");
    server.admin().op(&user, "add", "/assignedGroups/-", group.clone()).expect(204);
    member.replace(&path(&server.admin()), "/assignedRoles", json!([])).expect(204);
    server.admin().get("/api/v1/roles").refused(403, "HTTP-403");

    member.replace(&group_path, "/assignedRoles", json!([])).refused(403, "HTTP-403");
    member.op(&user, "remove-value", "/assignedGroups", group).refused(403, "HTTP-403");
    member.replace(&user, "/assignedGroups", json!([])).refused(403, "HTTP-403");
    member.replace(&user, "/status", "disabled").refused(403, "HTTP-403");
    member.delete(&user).refused(403, "HTTP-403");

    member
        .replace(
            "/api/v1/groups/000000000000000000000001",
            "/assignedRoles",
            json!([{"name": "TenantAdmin"}]),
        )
        .expect(204);
    member.replace(&group_path, "/assignedRoles", json!([])).expect(204);
    let clear = "/systemGroups/000000000000000000000001/assignedRoles";
    member.replace("/api/v1/groups/settings", clear, json!([])).refused(403, "HTTP-403");
    member
        .replace("/api/v1/groups/000000000000000000000001", "/assignedRoles", json!([]))
        .refused(403, "HTTP-403");
    server.user().get("/api/v1/roles").expect(200);
}

#[test]
fn an_administrator_who_is_disabled_does_not_count() {
    let server = Server::start();
    let (id, second) = server.user_with("second", &["TenantAdmin"]);
    server.admin().replace(&format!("{USERS}/{id}"), "/status", "disabled").expect(204);
    let third = server.user_with("third", &["TenantAdmin"]).1;
    third.replace(&path(&server.admin()), "/assignedRoles", json!([])).expect(204);
    third.replace(&path(&third), "/assignedRoles", json!([])).refused(403, "HTTP-403");
    second.get(USERS).refused(401, "HTTP-401");
}

/// Two administrators, each about to take the role from the other at the same moment: one of them wins.
#[test]
fn two_administrators_who_turn_on_each_other_leave_one() {
    let server = Server::start();
    let (_, second) = server.user_with("second", &["TenantAdmin"]);
    let pair = [server.admin(), second];
    let ids = [pair[0].id(), pair[1].id()];
    let mut refused = 0;
    for _ in 0..50 {
        let barrier = Barrier::new(2);
        let statuses: Vec<u16> = thread::scope(|scope| {
            let attack = |from: usize| {
                let (client, victim, barrier) = (&pair[from], &ids[1 - from], &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    client.replace(&format!("{USERS}/{victim}"), "/assignedRoles", json!([])).status
                })
            };
            [attack(0), attack(1)].map(|thread| thread.join().unwrap()).to_vec()
        });
        let left: Vec<usize> = (0..2).filter(|n| pair[*n].get("/api/v1/roles").status == 200).collect();
        assert_eq!(left.len(), 1, "{statuses:?}");
        refused += statuses.iter().filter(|status| **status == 403).count();
        pair[left[0]]
            .replace(
                &format!("{USERS}/{}", ids[1 - left[0]]),
                "/assignedRoles",
                json!([{"name": "TenantAdmin"}]),
            )
            .expect(204);
    }
    assert_eq!(refused, 50, "the loser is told, by the right it has lost when its turn comes");
}

/// What was shown to somebody who is not an administrator any more when the write's turn comes is not done.
#[test]
fn rights_are_looked_at_again_when_a_write_begins() {
    let server = Server::start();
    let (id, client) = server.user_with("racer", &["TenantAdmin"]);
    let take: Value = json!([{"op": "replace", "path": "/assignedRoles", "value": []}]);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut made = 0;
            while client.post("/api/v1/groups", json!({"name": format!("g{made}")})).status == 201 {
                made += 1;
            }
            made
        });
        thread::sleep(Duration::from_millis(50));
        server.admin().patch(&format!("{USERS}/{id}"), take).expect(204);
        let groups = || {
            server
                .admin()
                .get("/api/v1/groups?totalResults=true&limit=1&filter=providerType+eq+%22idp%22")
                .expect(200)["totalResults"]
                .clone()
        };
        let at_once = groups();
        let made: i64 = writer.join().unwrap();
        assert_eq!(groups(), at_once);
        assert_eq!(groups(), made);
    });
}

/// A right that was there when the head of a request came, and is gone when its body has: nothing is done.
#[test]
fn a_right_that_goes_while_the_body_arrives_does_not_count() {
    let server = Server::start();
    let (id, client) = server.user_with("slow", &["TenantAdmin"]);
    let answer = late(&server, &client, "/api/v1/roles", "{\"name\":\"late\"}", || {
        server.admin().replace(&format!("{USERS}/{id}"), "/assignedRoles", json!([])).expect(204);
    });
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let list = "/api/v1/roles?filter=name+eq+%22late%22";
    assert_eq!(server.admin().get(list).expect(200)["data"], json!([]));
}

/// The same for a program that provisions users, whose identity provider is switched off.
#[test]
fn a_program_whose_provider_goes_while_the_body_arrives_does_not_count() {
    let server = Server::start();
    let admin = server.admin();
    let (provider, client) = program(&server, &admin, "https://idp.example");
    let answer = late(&server, &client, "/scim/v2/Users", "{\"userName\":\"late\"}", || {
        admin.replace(&format!("{PROVIDERS}/{provider}"), "/active", false).expect(204);
    });
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!(admin.get(&format!("{USERS}?filter=subject+eq+%22late%22")).expect(200)["data"], json!([]));
}

/// What is answered to a request whose body comes only after something else has happened.
fn late(server: &Server, client: &Client, path: &str, body: &str, meanwhile: impl FnOnce()) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
        client.key(),
        body.len()
    )
    .unwrap();
    thread::sleep(Duration::from_millis(200));
    meanwhile();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Whoever is no administrator gives nobody anything, oneself least of all, in whichever form it is asked (threats T01, T02).
#[test]
fn nobody_else_gives_roles() {
    let server = Server::start();
    let admin = server.admin();
    let admin_role = admin.make_role("Nearly", &["admin.csp", "api-keys"]);
    let tenant_admin = admin.find("/api/v1/roles", "TenantAdmin");
    let group = admin.make_group("Admins");
    admin
        .replace(&format!("/api/v1/groups/{group}"), "/assignedRoles", json!([{"id": tenant_admin}]))
        .expect(204);
    for role in ["Nearly", "AuditAdmin", "AnalyticsAdmin", "DataAdmin"] {
        let (id, caller) = server.user_with(&format!("holder of {role}"), &[role]);
        let revision = admin.get(&format!("{USERS}/{id}")).body["lastUpdatedAt"].clone();
        let own = format!("{USERS}/{id}");
        for wanted in [json!({"id": tenant_admin}), json!({"name": "TenantAdmin"})] {
            let list = json!([wanted]);
            for (op, pointer, value) in [
                ("replace", "/assignedRoles", &list),
                ("set", "/assignedRoles", &list),
                ("add", "/assignedRoles", &wanted),
                ("add", "/assignedRoles/-", &wanted),
            ] {
                caller.op(&own, op, pointer, value.clone()).refused(403, "HTTP-403");
            }
            caller
                .replace(&format!("/api/v1/groups/{EVERYONE}"), "/assignedRoles", list.clone())
                .refused(403, "HTTP-403");
        }
        for op in ["set", "replace"] {
            caller.op(&own, op, "/roles", json!(["TenantAdmin"])).refused(403, "HTTP-403");
        }
        for (op, pointer, value) in [
            ("add", "/assignedGroups/-", json!(group)),
            ("add", "/assignedGroups", json!({"id": group})),
            ("replace", "/assignedGroups", json!([{"name": "Admins", "providerType": "custom"}])),
        ] {
            caller.op(&own, op, pointer, value).refused(403, "HTTP-403");
        }
        caller
            .op(&format!("/api/v1/roles/{admin_role}"), "add", "/assignedScopes", "admin.users")
            .refused(403, "HTTP-403");
        let new = json!({"subject": "accomplice", "assignedRoles": [{"id": tenant_admin}]});
        caller.post(USERS, new).refused(403, "HTTP-403");
        assert_eq!(admin.get(&format!("{USERS}/{id}")).body["lastUpdatedAt"], revision, "{role}");
    }
}
