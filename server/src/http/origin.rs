//! What is an origin, in a body? (RFC 6454 §7)

use rolecall_engine::names::Setting;

use crate::error::Error;

/// Characters of the longest origin.
const ORIGIN: usize = 256;

/// A scheme, a host and a port, and nothing else: it is compared letter by letter later.
///
/// # Errors
/// Why it is not one.
pub fn origin(text: &str) -> Result<Setting, String> {
    let uri: Option<http::Uri> = text.parse().ok();
    let bare = uri.is_some_and(|uri| {
        let web = uri.scheme_str().is_some_and(|scheme| ["http", "https"].contains(&scheme));
        web && uri.host().is_some() && uri.path() == "/" && uri.query().is_none()
    });
    if bare && !text.ends_with('/') && !text.contains(['#', '*', '@']) && text.len() <= ORIGIN {
        Setting::new(text).map_err(|error| error.to_string())
    } else {
        Err("must be an origin, for example `https://app.example`".to_owned())
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
