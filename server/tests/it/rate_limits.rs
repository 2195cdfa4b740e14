//! Rate limits: reference/rest-api.md §1.7.

use std::num::NonZeroU32;

use rolecall_server::{PerMinute, RateLimits};
use serde_json::json;

use crate::{
    harness::{Client, Server, Setup},
    scim::program,
};

/// A server with these limits.
pub fn limited(tier1: u32, tier2: u32, filter: u32) -> Server {
    let limit = |n| NonZeroU32::new(n).unwrap();
    let per_minute = PerMinute { tier1: limit(tier1), tier2: limit(tier2), filter: limit(filter) };
    Server::with(Setup { rate_limits: RateLimits::new(Some(per_minute)), ..Setup::default() })
}

fn reads(client: &Client, n: usize) -> usize {
    (0..n).filter(|_| client.get("/api/v1/users/me?fields=id").status == 200).count()
}

#[test]
fn beyond_the_limit_a_request_is_told_when_to_come_back() {
    let server = limited(5, 100, 100);
    assert_eq!(reads(&server.user(), 5), 5);
    let answer = server.user().get("/api/v1/users/me");
    let error = answer.refused(429, "HTTP-429");
    assert_eq!(error["title"], "API rate limit reached.");
    let seconds: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=12).contains(&seconds), "{seconds}");
    assert!(error["detail"].as_str().unwrap().contains(&seconds.to_string()), "{error}");
}

#[test]
fn each_tier_is_counted_for_itself() {
    let server = limited(3, 3, 3);
    assert_eq!(reads(&server.admin(), 5), 3);
    let writes = (0..5)
        .filter(|n| server.admin().post("/api/v1/groups", json!({"name": format!("g{n}")})).status == 201)
        .count();
    assert_eq!(writes, 3);
    let filters = (0..5)
        .filter(|_| server.admin().post("/api/v1/users/actions/filter", json!({})).status == 200)
        .count();
    assert_eq!(filters, 3);
    let audits = (0..5).filter(|_| server.admin().get("/api/v1/audits").status == 200).count();
    assert_eq!(audits, 3);
}

#[test]
fn one_user_does_not_use_up_the_limit_of_another() {
    let server = limited(4, 100, 100);
    assert_eq!(reads(&server.user(), 10), 4);
    assert_eq!(reads(&server.admin(), 10), 4);
    assert_eq!(reads(&server.other_admin(), 10), 4);
}

/// Five users: together they may make as many requests as half of them might alone, rounded up to a power of two, four.
/// Nine users may make twice as many, though the first came when there were five.
#[test]
fn the_users_of_a_tenant_share_a_limit() {
    let server = limited(4, 100, 100);
    let subjects = [
        "acme\\ada@acme.example",
        "acme\\uma@acme.example",
        "acme\\ben@acme.example",
        "acme\\chloe@acme.example",
        "acme\\dan@acme.example",
    ];
    let answered: usize = subjects.iter().map(|subject| reads(&server.key_of(subject), 4)).sum();
    assert_eq!(answered, 16);
    assert_eq!(reads(&server.other_admin(), 4), 4);
    for n in 6..=9 {
        server.admin().make_user(&format!("user {n}"));
    }
    assert_eq!(reads(&server.key_of("user 9"), 5), 4);
}

#[test]
fn what_needs_no_credential_is_not_counted() {
    let server = limited(1, 1, 1);
    assert!((0..10).all(|_| server.anonymous().get("/livez").status == 200));
}

/// The programs of a provider count as one user.
#[test]
fn programs_that_provision_users_are_counted() {
    let server = limited(4, 100, 100);
    let (_, client) = program(&server, &server.admin(), "https://idp.example");
    let read = || client.get("/scim/v2/Users?count=0");
    assert_eq!((0..6).filter(|_| read().status == 200).count(), 4);
    let told = read();
    assert!(told.headers.contains_key("retry-after"));
    assert_eq!(told.expect(429)["status"], "429");
    assert_eq!(reads(&server.user(), 1), 1);
}
