//! What in a text from elsewhere could do something to whoever looks at it?

use std::fmt::Write as _;

use rolecall_engine::names::is_invisible;

/// The text with what shows nothing, ends a line, moves the cursor or turns the text around written as JSON would: `\u001b`.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_invisible(character) {
            let _ = write!(shown, "\\u{:04x}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The text as a spreadsheet takes it for a text, and not for a formula (OWASP: CSV injection).
pub fn safe(text: &str) -> String {
    let is_formula =
        text.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
            || text.starts_with(['\t', '\r', '\n']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(visible("a\u{1b}[2J\u{202e}\nb"), "a\\u001b[2J\\u202e\\u000ab");
        assert_eq!(visible("Ni\u{200b}ght\u{ad}\u{feff}"), "Ni\\u200bght\\u00ad\\ufeff");
        assert_eq!(visible("Ünï"), "Ünï");
    }

    #[test]
    fn nothing_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u{ff1d}1"] {
            assert!(safe(formula).starts_with('\''), "{formula:?}");
        }
        assert_eq!(safe("a=1"), "a=1");
    }
}
