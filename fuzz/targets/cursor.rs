//! Cursors: whatever is changed of one, it is refused; it leads on only as it was given.
#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use rolecall_fuzz::{Installation, encoded, with};

thread_local! {
    static GIVEN: OnceCell<Vec<u8>> = const { OnceCell::new() };
}

fn given(installation: &mut Installation) -> Vec<u8> {
    let page = installation.send("GET", "/api/v1/users?limit=1", &[]).body;
    let next = page["links"]["next"]["href"].as_str().expect("a next page");
    next.split("next=").nth(1).expect("a cursor").as_bytes().to_vec()
}

// Pairs of a place and what stands there instead; an odd byte at the end cuts the cursor there.
fuzz_target!(|changes: &[u8]| {
    with(|installation| {
        let good = GIVEN.with(|cursor| cursor.get_or_init(|| given(installation)).clone());
        let mut cursor = good.clone();
        let pairs = changes.chunks_exact(2);
        if let [cut] = pairs.remainder() {
            cursor.truncate(usize::from(*cut));
        }
        for pair in pairs {
            if let Some(byte) = cursor.get_mut(usize::from(pair[0])) {
                *byte = pair[1];
            }
        }
        let path = format!("/api/v1/users?limit=1&next={}", encoded(&cursor));
        let status = installation.send("GET", &path, &[]).status;
        assert_eq!(status, if cursor == good || cursor.is_empty() { 200 } else { 400 });
    });
});
