//! Which texts may be names, when are two names the same, and when do they look the same? (threats I9)
//!
//! A name is made canonical once, when it enters: Unicode NFKC, no blanks at the ends, one blank between words. From
//! then on equal means equal byte by byte, case included.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
};
use core::fmt;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_security::{RestrictionLevel, RestrictionLevelDetection, skeleton};

/// Why a text cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left once blanks are taken off.
    #[error("must not be empty")]
    Empty,
    /// More than the given number of characters.
    #[error("must not have more than {0} characters")]
    TooLong(usize),
    /// A control character, or one that shows nothing or reorders its neighbours.
    #[error("must not contain U+{:04X}, a control or invisible character", u32::from(*.0))]
    Invisible(char),
    /// One word with letters of scripts that can be mistaken for each other (Unicode UTS 39 §5.2).
    #[error("mixes scripts that look alike within `{0}`; write a word in one script")]
    MixedScripts(String),
    /// Not of the form such a value has.
    #[error("{0}")]
    Malformed(&'static str),
}

/// Characters that show nothing or reorder text: Unicode's `Default_Ignorable_Code_Point` and bidirectional controls,
/// line and paragraph separators, the blank Braille pattern, interlinear marks and non-characters of the basic plane.
const INVISIBLE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fdd0}', '\u{fdef}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffc}'),
    ('\u{fffe}', '\u{ffff}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Whether a character ends a line, moves the cursor, shows nothing or reorders its neighbours.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control() || INVISIBLE.iter().any(|&(first, last)| (first..=last).contains(&c))
}

fn refuse_invisible(text: &str) -> Result<(), NameError> {
    text.chars().find(|&c| is_invisible(c)).map_or(Ok(()), |c| Err(NameError::Invisible(c)))
}

fn refuse_length(text: &str, max: usize) -> Result<(), NameError> {
    match text.chars().count() {
        0 => Err(NameError::Empty),
        n if n > max => Err(NameError::TooLong(max)),
        _ => Ok(()),
    }
}

/// The canonical form of a name of 1 to `max` characters.
fn canonical(text: &str, max: usize) -> Result<String, NameError> {
    // NFKC makes a text at most 18 times longer; a bound before it bounds the work.
    if text.len() > 16 * max {
        return Err(NameError::TooLong(max));
    }
    refuse_invisible(text)?;
    let mut name = String::with_capacity(text.len());
    for word in text.nfkc().collect::<String>().split_whitespace() {
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(word);
    }
    refuse_invisible(&name)?;
    refuse_length(&name, max)?;
    Ok(name)
}

/// Refuses a word that mixes, say, Latin and Cyrillic letters; Latin beside Chinese, Japanese or Korean passes.
fn refuse_mixed_scripts(name: &str) -> Result<(), NameError> {
    for word in name.split(|c: char| !c.is_alphabetic()) {
        let letters: String = word
            .chars()
            .filter(|&c| unicode_security::GeneralSecurityProfile::identifier_allowed(c))
            .collect();
        if !letters.as_str().check_restriction_level(RestrictionLevel::ModeratelyRestrictive) {
            return Err(NameError::MixedScripts(word.to_owned()));
        }
    }
    Ok(())
}

/// Folds a text for comparison without regard to case: NFKC, then lower, upper and lower case again letter by letter, so
/// that `ẞ`, `ß` and `SS` meet, and both small sigmas.
///
/// Filters and sort orders compare folded texts.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let letters = text.nfkc().flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    letters.flat_map(char::to_lowercase).nfkc().collect()
}

/// Letters that Unicode's table of confusables does not know, and signs that are read as letters.
const ALSO_READ_AS: &[(&str, &str)] = &[
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz"),
    ("🅐🅑🅒🅓🅔🅕🅖🅗🅘🅙🅚🅛🅜🅝🅞🅟🅠🅡🅢🅣🅤🅥🅦🅧🅨🅩", "abcdefghijklmnopqrstuvwxyz"),
    ("🅰🅱🅲🅳🅴🅵🅶🅷🅸🅹🅺🅻🅼🅽🅾🅿🆀🆁🆂🆃🆄🆅🆆🆇🆈🆉", "abcdefghijklmnopqrstuvwxyz"),
    ("@4!3$50", "aalesso"),
];

fn read_as(c: char) -> char {
    let found = ALSO_READ_AS.iter().find_map(|(signs, letters)| {
        signs.chars().zip(letters.chars()).find(|(sign, _)| *sign == c).map(|(_, letter)| letter)
    });
    found.unwrap_or(c)
}

/// What a name looks like, for telling look-alikes (threats T08; Unicode UTS 39 §4).
///
/// Two names with the same key can be mistaken for each other: by case, width, blanks, punctuation, marks on letters or
/// similar letters. Some letters look alike only once their case is folded, so that is done twice. A capital `I` looks
/// like a small `l`, and `1` like both; so `i` and `l` count as one letter.
fn look(name: &str) -> String {
    let seen = |text: &str| fold(&skeleton(text).collect::<String>());
    let bare: String = name.nfkd().filter(|c| !is_combining_mark(*c)).map(read_as).collect();
    let letters = seen(&seen(&bare)).replace('i', "l").replace("vv", "w");
    letters.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether two names can be mistaken for each other.
#[must_use]
pub fn look_alike(a: &str, b: &str) -> bool {
    look(a) == look(b)
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, |$text:ident| $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads the text from outside.
            ///
            /// # Errors
            /// When the text cannot be such a value.
            pub fn new($text: &str) -> Result<Self, NameError> {
                $check.map(Self)
            }

            /// Takes a text that was checked when it first entered, for example one read from the store.
            #[must_use]
            pub const fn stored(text: String) -> Self {
                Self(text)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

text_type!(
    /// The name of a role: 1 to 256 characters, no word in mixed scripts.
    RoleName,
    |text| canonical(text, 256).and_then(|name| refuse_mixed_scripts(&name).map(|()| name))
);
text_type!(
    /// The name of a group: 1 to 256 characters (reference/rest-api.md §4.2), no word in mixed scripts.
    GroupName,
    |text| canonical(text, 256).and_then(|name| refuse_mixed_scripts(&name).map(|()| name))
);
text_type!(
    /// The name of a space: 1 to 256 characters, none that paths of files have a meaning for (reference/rest-api.md §11).
    SpaceName,
    |text| {
        let name = canonical(text, 256)?;
        if name.contains(['"', '*', '?', '<', '>', '/', '|', '\\', ':']) {
            return Err(NameError::Malformed("must not contain any of `\" * ? < > / | \\ :`"));
        }
        Ok(name)
    }
);
text_type!(
    /// The name a user or a tenant shows: 1 to 256 characters.
    DisplayName,
    |text| canonical(text, 256)
);
text_type!(
    /// The name of a webhook: 1 to 512 characters (reference/events.md §4).
    WebhookName,
    |text| canonical(text, 512)
);
text_type!(
    /// A description: at most 4096 characters, lines and tabs allowed, kept as sent.
    Description,
    |text| {
        let shown: String = text.chars().filter(|c| !matches!(c, '\n' | '\r' | '\t')).collect();
        refuse_invisible(&shown)?;
        match text.chars().count() {
            n if n > 4096 => Err(NameError::TooLong(4096)),
            _ => Ok(text.to_owned()),
        }
    }
);
text_type!(
    /// Why somebody changes something, for who reads the trail later: 1 to 512 characters.
    Reason,
    |text| canonical(text, 512)
);
text_type!(
    /// What the identity provider calls the user: 1 to 255 characters, kept and compared as sent.
    Subject,
    |text| {
        refuse_invisible(text)?;
        refuse_length(text, 255)?;
        if text.trim() == text { Ok(text.to_owned()) } else { Err(NameError::Malformed("must not begin or end with a blank")) }
    }
);
text_type!(
    /// An e-mail address: at most 254 characters (RFC 5321 §4.5.3.1), one `@` with text around it, no blank.
    Email,
    |text| {
        refuse_invisible(text)?;
        refuse_length(text, 254)?;
        let (local, domain) = text.rsplit_once('@').unwrap_or_default();
        let blank = text.chars().any(char::is_whitespace);
        if local.is_empty() || domain.is_empty() || local.contains('@') || blank {
            return Err(NameError::Malformed("must be an e-mail address, for example `ann@example.com`"));
        }
        Ok(text.to_owned())
    }
);
text_type!(
    /// A short value that is kept as sent, such as a locale, a time zone or the address of a picture: 1 to 2048 characters.
    Setting,
    |text| {
        refuse_invisible(text)?;
        refuse_length(text, 2048).map(|()| text.to_owned())
    }
);
text_type!(
    /// A host name in lower case: labels of letters, digits and inner hyphens (RFC 1123 §2.1), at most 253 characters.
    Hostname,
    |text| {
        let name = text.to_ascii_lowercase();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if name.len() > 253 || !name.split('.').all(label) {
            return Err(NameError::Malformed("must be a host name, for example `acme.example.com`"));
        }
        Ok(name)
    }
);

impl Hostname {
    /// The first label and what follows its dot.
    #[must_use]
    pub fn split(&self) -> (&str, &str) {
        self.0.split_once('.').unwrap_or((&self.0, ""))
    }

    /// Whether the name is kept for the installation: under `register` operators make tenants (reference/rest-api.md §5).
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.split().0 == "register"
    }

    /// Whether the name always means the own machine (RFC 6761 §6.3): `localhost` and what ends in `.localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.0 == "localhost" || self.0.ends_with(".localhost")
    }
}

impl From<&Subject> for DisplayName {
    /// The name of a user who came without one.
    fn from(subject: &Subject) -> Self {
        Self(subject.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_canonical_once_they_are_in() {
        let name = RoleName::new("  Report\u{a0}  \u{ff4d}akers ").unwrap();
        assert_eq!(name.as_str(), "Report makers");
        assert_eq!(RoleName::new(name.as_str()), Ok(name));
        assert_eq!(RoleName::new(" \u{3000} "), Err(NameError::Empty));
        assert_eq!(RoleName::new(&"x".repeat(257)), Err(NameError::TooLong(256)));
        assert_eq!(GroupName::new(&"\u{fdfa}".repeat(256)), Err(NameError::TooLong(256)));
    }

    #[test]
    fn control_and_invisible_characters_are_refused() {
        for c in ['\0', '\n', '\u{7f}', '\u{ad}', '\u{200b}', '\u{202e}', '\u{feff}', '\u{3164}', '\u{e0041}']
        {
            assert_eq!(
                RoleName::new(&alloc::format!("Rep{c}ort")),
                Err(NameError::Invisible(c)),
                "U+{:04X}",
                u32::from(c)
            );
            assert!(Subject::new(&alloc::format!("a{c}b")).is_err());
        }
        assert!(Description::new("two\nlines\tand a tab").is_ok());
        assert!(Description::new("a bell\u{7}").is_err());
    }

    #[test]
    fn a_word_keeps_to_one_script() {
        for name in ["Отчёты Qlik", "日本Team", "Größe", "Ελληνικά", "Team 7", "दल"] {
            assert!(RoleName::new(name).is_ok(), "{name}");
        }
        assert_eq!(RoleName::new("Rep\u{43e}rts"), Err(NameError::MixedScripts("Rep\u{43e}rts".into())));
    }

    #[test]
    fn look_alikes_are_told_by_case_width_blanks_and_similar_letters() {
        for name in [
            "tenantadmin",
            "TENANTADMIN",
            "Tenant Admin",
            "Tenant-Admin",
            "\u{ff34}enantAdmin",
            "Ten\u{430}nt\u{410}dmin",
            "Tenant\u{2010}Admin",
            "TenantAdrnin",
            "TenantÀdmin",
            "TenantAdmiṅ",
            "TenanțAdmin",
            "ᴛᴇɴᴀɴᴛᴀᴅᴍɪɴ",
            "🆃🅴🅽🅰🅽🆃🅰🅳🅼🅸🅽",
            "Tenant@dmin",
            "TenantAdm!n",
            "T3nant4dmin",
        ] {
            assert!(look_alike(name, "TenantAdmin"), "{name}");
        }
        assert!(look_alike("5tevvard", "Steward") && look_alike("Stewarḋ", "Steward"));
        assert!(look_alike("AutomIDeploymentContributor", "AutomlDeploymentContributor"));
        for name in ["Tenant Administration", "Admin", "Tenant Admins", "Reports"] {
            assert!(!look_alike(name, "TenantAdmin"), "{name}");
        }
    }

    #[test]
    fn folding_forgets_case_in_every_script() {
        assert_eq!(fold("ÅNGSTRÖM Σίσυφος STRASSE"), fold("ångström σίσυφοσ straße"));
        assert_eq!(fold("PLAIN"), "plain");
    }

    #[test]
    fn addresses_and_hosts_have_their_forms() {
        for wrong in ["", "ann", "@b.c", "ann@", "a@b@c", "a b@c.d"] {
            assert!(Email::new(wrong).is_err(), "{wrong}");
        }
        assert!(Email::new("ann.o'hara+x@example.com").is_ok());
        assert_eq!(Hostname::new("ACME.Example").unwrap().as_str(), "acme.example");
        for wrong in ["", ".", "a..b", "-a.b", "a_b.c", "a.b/c", &"a".repeat(64)] {
            assert!(Hostname::new(wrong).is_err(), "{wrong}");
        }
        assert!(Hostname::new("acme.localhost").unwrap().is_loopback());
        assert!(!Hostname::new("localhost.example").unwrap().is_loopback());
    }
}
