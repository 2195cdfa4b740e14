//! Filters: each is read or refused, with the place; what is read is carried out by the database.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_engine::filter::{Limits, UserAttribute, parse};
use rolecall_fuzz::{encoded, with};

fuzz_target!(|text: &str| {
    let Ok(_) = parse::<UserAttribute>(text, Limits::QUERY) else { return };
    let path = format!("/api/v1/users?limit=1&filter={}", encoded(text.as_bytes()));
    let status = with(|installation| installation.send("GET", &path, &[]).status);
    assert!([200, 400].contains(&status), "{status}");
});
