//! Questions of access: each is decided or refused. The first byte says which question it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_fuzz::with;

const PATHS: [&str; 5] = ["evaluation", "evaluations", "search/subject", "search/resource", "search/action"];

fuzz_target!(|input: &[u8]| {
    let Some((first, body)) = input.split_first() else { return };
    let asked = PATHS[usize::from(first.wrapping_sub(b'0')) % PATHS.len()];
    let answer = with(|installation| installation.send("POST", &format!("/access/v1/{asked}"), body));
    assert!([200, 400, 413].contains(&answer.status), "{}", answer.status);
    if answer.status == 200 && asked == "evaluation" {
        let (decision, code) = (&answer.body["decision"], &answer.body["context"]["code"]);
        assert_eq!(decision == true, code == "granted", "{}", answer.body);
    }
});
