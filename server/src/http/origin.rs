//! What is an origin, in a body? (RFC 6454 §7)

use rolecall_engine::names::Setting;
use url::Url;

use crate::error::Error;

/// Characters of the longest origin.
const ORIGIN: usize = 256;

/// A scheme, a host and a port, as a browser writes them (URL Standard §4.7): it is compared letter by letter later.
///
/// # Errors
/// Why it is not one.
pub fn origin(text: &str) -> Result<Setting, String> {
    let page = Url::parse(text).ok().filter(|page| ["http", "https"].contains(&page.scheme()));
    let as_sent = page.is_some_and(|page| page.origin().ascii_serialization() == text);
    if as_sent && !text.contains('*') && text.len() <= ORIGIN {
        Setting::new(text).map_err(|error| error.to_string())
    } else {
        Err("must be an origin as browsers write it, for example `https://app.example`".to_owned())
    }
}

/// A list of origins at a place in a body.
///
/// # Errors
/// When one of them is not an origin.
pub fn origins(texts: &[String], at: &str) -> Result<Vec<Setting>, Error> {
    let read = |(n, text): (usize, &String)| {
        origin(text).map_err(|error| Error::at_pointer(format!("{at}/{n}"), error))
    };
    texts.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_do() {
        for good in [
            "https://app.example",
            "http://localhost:8080",
            "http://[::1]:3000",
            "https://xn--bcher-kva.example",
        ] {
            assert!(origin(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "app.example",
            "https://",
            "https://app.example/",
            "https://app.example/a",
            "https://app.example?a",
            "https://app.example#a",
            "https://ada@app.example",
            "https://*.example",
            "HTTPS://app.example",
            "https://APP.example",
            "https://app.example:443",
            "http://app.example:80",
            "https://app.example:99999",
            "https://b\u{fc}cher.example",
            " https://app.example",
            "https://app.example ",
            "ftp://app.example",
            "null",
            "https://app.example\n",
            "https:app.example",
            "https:///app.example",
            "https:\\\\app.example",
        ] {
            assert!(origin(wrong).is_err(), "{wrong:?}");
        }
        assert!(origin(&format!("https://{}.example", "a.".repeat(200))).is_err());
    }
}
