//! What was seen by whoever asks for a change? (RFC 9110 §8.8.3, §13.1.1; threats T09)
//!
//! What is read says how far its tenant had come, and a change can be made to depend on that nothing of what it changes was changed
//! since.

use rolecall_engine::access::Revision;

/// What stands for any state.
const ANY: &str = "*";

/// The tag of a revision.
pub fn of(Revision(revision): Revision) -> String {
    format!("\"{revision}\"")
}

/// The tags that a change depends on: `If-Match`. What is none is nobody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected(Vec<String>);

impl Expected {
    /// What a request expects by the values of its headers, if it says so.
    pub fn by<'v>(values: impl Iterator<Item = &'v [u8]>) -> Option<Self> {
        let tags: Vec<String> = values
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(|tag| String::from_utf8_lossy(tag).trim().to_owned())
            .collect();
        (!tags.is_empty()).then_some(Self(tags))
    }

    /// The revisions, of which one must be the last in which anything was changed of what is to be changed; none where any will do.
    pub fn revisions(&self) -> Option<Vec<Revision>> {
        let revision = |text: &String| {
            let revision = Revision(text.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?);
            (of(revision) == *text).then_some(revision)
        };
        let any = self.0.iter().any(|tag| tag == ANY);
        (!any).then(|| self.0.iter().filter_map(revision).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_they_are_written() {
        let read = |values: &[&str]| {
            let expected = Expected::by(values.iter().map(|value| value.as_bytes()));
            expected.map(|expected| expected.revisions())
        };
        let all = |revisions: &[i64]| Some(Some(revisions.iter().copied().map(Revision).collect()));
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["\"6\", *"]), Some(None));
        assert_eq!(read(&["\"6\", \"7\"", "\"8\""]), all(&[6, 7, 8]));
        assert_eq!(read(&["7, W/\"7\", \"07\", \"\", \"+7\", \"9999999999999999999\""]), all(&[]));
        assert_eq!(of(Revision(7)), "\"7\"");
    }
}
