//! Which secrets, headers and filters can a webhook have?

use alloc::{
    borrow::ToOwned as _,
    string::{String, ToString as _},
    vec::Vec,
};

use crate::{
    filter::{Compare, EventAttribute, Filter, Limits, Operand, parse},
    names::{NameError, fold},
};

/// Bytes of all headers of one kind, names and values.
const HEADERS: usize = 2048;
/// Characters of a secret.
const SECRET: core::ops::RangeInclusive<usize> = 32..=64;

/// A secret as it comes in: 32 to 64 characters that a header could hold.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSecret(String);

impl NewSecret {
    /// Reads a secret.
    ///
    /// # Errors
    /// When it is too short or too long, or has other characters than ASCII shows.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let shown = text.bytes().all(|byte| byte.is_ascii_graphic());
        if shown && SECRET.contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Malformed("must have 32 to 64 characters of ASCII, without blanks"))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A header that is sent with each delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<V> {
    /// The name, as sent.
    pub name: String,
    /// The value.
    pub value: V,
}

/// Headers that a delivery has anyway, or that say where it goes and ends (RFC 9110 §7, §10).
const KEPT: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "qlik-signature",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

/// Reads the headers of one kind.
///
/// # Errors
/// With the name: when a name or a value cannot be one, a name stands twice or is not free, or all are too long.
pub fn headers(
    all: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<Header<String>>, (String, NameError)> {
    let mut read: Vec<Header<String>> = Vec::new();
    let mut length = 0;
    for (name, value) in all {
        let wrong = |why| Err((name.clone(), NameError::Malformed(why)));
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return wrong("must be the name of a header");
        }
        if !value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') || value.trim() != value {
            return wrong("must be a value of a header: ASCII, without blanks at the ends");
        }
        let lower = name.to_ascii_lowercase();
        if KEPT.contains(&lower.as_str()) || lower.starts_with("proxy-") {
            return wrong("is not free: deliveries have this header themselves");
        }
        if read.iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
            return wrong("stands twice, in whatever case");
        }
        length += name.len() + value.len();
        if length > HEADERS {
            return wrong("is too much: all headers of one kind have at most 2048 bytes");
        }
        read.push(Header { name, value });
    }
    Ok(read)
}

/// Which events a webhook is told of, besides by their types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFilter {
    text: String,
    filter: Filter<EventAttribute>,
}

impl EventFilter {
    /// Reads a filter: `eq` and `ne`, `and` and `or`, values in double quotes.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(text: &str) -> Result<Self, String> {
        let filter = parse(text, Limits::QUERY).map_err(|error| error.to_string())?;
        if has_single_quotes(text) {
            return Err("values stand in double quotes".to_owned());
        }
        if !is_plain(&filter) {
            return Err("only `eq`, `ne`, `and` and `or` are possible here".to_owned());
        }
        Ok(Self { text: text.to_owned(), filter })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it selects an event about a thing.
    #[must_use]
    pub fn selects(&self, about: &About<'_>) -> bool {
        let text = |text: &str| alloc::vec![Operand::Text(fold(text))];
        self.filter.selects(&|attribute| match attribute {
            EventAttribute::Id => text(about.id),
            EventAttribute::SpaceId => about.space.map(text).unwrap_or_default(),
            EventAttribute::TopLevelResourceId => text(about.top),
        })
    }
}

/// Whether a value of a filter stands in single quotes, and not only holds one.
fn has_single_quotes(filter: &str) -> bool {
    let (mut inside, mut escaped) = (false, false);
    for c in filter.chars() {
        match c {
            '\'' if !inside => return true,
            '"' if !escaped => inside = !inside,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    false
}

fn is_plain(filter: &Filter<EventAttribute>) -> bool {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().all(is_plain),
        Filter::Not(part) => matches!(**part, Filter::Compare(_, Compare::Equal, _)),
        Filter::Compare(_, compare, _) => *compare == Compare::Equal,
        Filter::Present(_) => false,
    }
}

/// What an event is about, for filters.
#[derive(Debug, Clone, Copy)]
pub struct About<'e> {
    /// The thing.
    pub id: &'e str,
    /// The space it is in, or is.
    pub space: Option<&'e str>,
    /// The thing that it is part of, or else itself.
    pub top: &'e str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about<'e>(id: &'e str, space: Option<&'e str>) -> About<'e> {
        About { id, space, top: space.unwrap_or(id) }
    }

    #[test]
    fn filters_look_at_what_an_event_is_about() {
        let selects = |text: &str, about: About<'_>| EventFilter::new(text).unwrap().selects(&about);
        assert!(selects("id eq \"a\"", about("a", None)) && !selects("id eq \"a\"", about("b", None)));
        assert!(
            selects("spaceId ne \"s\"", about("a", None))
                && !selects("spaceId ne \"s\"", about("a", Some("s")))
        );
        let either = "id eq \"a\" or (spaceId eq \"s\" and topLevelResourceId eq \"s\")";
        assert!(selects(either, about("a", None)) && selects(either, about("b", Some("s"))));
        assert!(!selects(either, about("b", Some("t"))));
        for wrong in [
            "",
            "id co \"a\"",
            "id eq 'a'",
            "id pr",
            "id eq null",
            "name eq \"a\"",
            "id gt \"a\"",
            "not (id pr)",
        ] {
            assert!(EventFilter::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn headers_are_few_and_nobody_elses() {
        let one = |name: &str, value: &str| headers([(name.to_owned(), value.to_owned())]);
        assert!(one("X-Key", "a b").is_ok() && one("Authorization", "").is_ok());
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("a", "x\n"),
            ("a", " x"),
            ("a", "\u{e4}"),
            ("HOST", "x"),
            ("Proxy-Auth", "x"),
        ] {
            assert!(one(name, value).is_err(), "{name} {value}");
        }
        assert!(one("a", &"x".repeat(2047)).is_ok() && one("a", &"x".repeat(2048)).is_err());
    }

    #[test]
    fn secrets_have_32_to_64_characters() {
        for (length, good) in [(31, false), (32, true), (64, true), (65, false)] {
            assert_eq!(NewSecret::new(&"x".repeat(length)).is_ok(), good, "{length}");
        }
        assert!(NewSecret::new(&" ".repeat(32)).is_err());
    }
}
