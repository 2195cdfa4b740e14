//! Catalogues: each is read, and read again as it was written, or refused with the line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_server::{read_catalogue, write_catalogue};

fuzz_target!(|text: &str| {
    match read_catalogue(text) {
        Err(error) => assert!(error.to_string().starts_with("line "), "{error}"),
        Ok(catalogue) => {
            let written = write_catalogue(&catalogue).expect("it can be written");
            let again = read_catalogue(&written).expect("what was written can be read");
            assert_eq!(write_catalogue(&again).expect("it can be written"), written);
        }
    }
});
