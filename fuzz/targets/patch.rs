//! Bodies of changes: each is carried out as a whole, as a preview, or refused. The first byte says where it is sent.
#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use rolecall_fuzz::{Installation, with};

thread_local! {
    static ADDRESSES: OnceCell<Vec<(&'static str, String)>> = const { OnceCell::new() };
}

fn addresses(installation: &mut Installation) -> Vec<(&'static str, String)> {
    let mut first = |list: &str| {
        let page = installation.send("GET", list, &[]).body;
        page["data"][0]["id"].as_str().expect("something").to_owned()
    };
    let role = first("/api/v1/roles?filter=type+eq+%22custom%22");
    let user = first("/api/v1/users?filter=email+eq+%22uma@acme.example%22");
    let group = first("/api/v1/groups");
    let tenant = installation.demo.tenant;
    vec![
        ("PATCH", format!("/api/v1/roles/{role}")),
        ("PATCH", format!("/api/v1/users/{user}")),
        ("PATCH", format!("/api/v1/groups/{group}")),
        ("PATCH", format!("/api/v1/tenants/{tenant}")),
        ("PATCH", String::from("/api/v1/groups/settings")),
        ("PATCH", format!("/api/v1/api-keys/configs/{tenant}")),
        ("POST", String::from("/api/v1/roles")),
        ("POST", String::from("/api/v1/users")),
        ("POST", String::from("/api/v1/groups")),
        ("POST", String::from("/api/v1/users/actions/filter")),
        ("POST", format!("/rolecall/v1/users/{user}/assignments")),
        ("POST", String::from("/rolecall/v1/access/impact")),
        ("POST", String::from("/api/v1/licenses/assignments/actions/add")),
        ("PUT", String::from("/api/v1/licenses/settings")),
    ]
}

fuzz_target!(|input: &[u8]| {
    let Some((first, body)) = input.split_first() else { return };
    with(|installation| {
        let all = ADDRESSES.with(|all| all.get_or_init(|| addresses(installation)).clone());
        // From `0` on, so that an input can be written by hand.
        let (method, path) = &all[usize::from(first.wrapping_sub(b'0')) % all.len()];
        installation.send(method, path, body);
    });
});
