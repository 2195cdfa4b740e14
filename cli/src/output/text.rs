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

/// A text of several lines, each made visible.
pub fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// JSON with what is invisible in its texts escaped. It says the same.
pub fn visible_json(json: &str) -> String {
    escaped(json, |character, shown| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(shown, "\\u{unit:04x}");
        }
    })
}

/// The same for JSON that is read as YAML, which has no pairs.
pub fn visible_yaml(json: &str) -> String {
    escaped(json, |character, shown| {
        let _ = write!(shown, "\\U{:08x}", u32::from(character));
    })
}

/// Whether something in a text of several lines is invisible.
pub fn hides(text: &str) -> bool {
    text.contains(is_hidden)
}

fn is_hidden(character: char) -> bool {
    character != '\n' && is_invisible(character)
}

fn escaped(json: &str, escape: impl Fn(char, &mut String)) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if is_hidden(character) { escape(character, &mut shown) } else { shown.push(character) }
    }
    shown
}

/// The text as a spreadsheet takes it for a text, and not for a formula (OWASP: CSV injection), also one that takes `;` for the
/// end of a cell.
pub fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (at, cell) in text.split_inclusive([';', '\t']).enumerate() {
        if is_formula(cell) || at == 0 && cell.starts_with(['\t', '\r', '\n']) {
            safe.push('\'');
        }
        safe.push_str(cell);
    }
    safe
}

fn is_formula(cell: &str) -> bool {
    cell.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(visible("a\u{1b}[2J\u{202e}\nb"), "a\\u001b[2J\\u202e\\u000ab");
        assert_eq!(visible("Ni\u{200b}ght\u{ad}\u{feff}"), "Ni\\u200bght\\u00ad\\ufeff");
        assert_eq!(visible("Ünï"), "Ünï");
        assert_eq!(visible_lines("a\u{9b}\nb"), "a\\u009b\nb");
    }

    #[test]
    fn what_is_escaped_says_the_same() {
        let text = "a\u{1b}\u{9b}\u{202e}\u{e0041}\nÜ";
        let json = serde_json::to_string_pretty(&[text]).unwrap();
        let (as_json, as_yaml) = (visible_json(&json), visible_yaml(&json));
        assert!(hides(&json) && !hides(&as_json) && !hides(&as_yaml), "{as_json} {as_yaml}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&as_json).unwrap(), [text]);
        assert_eq!(serde_saphyr::from_str::<Vec<String>>(&as_yaml).unwrap(), [text]);
    }

    #[test]
    fn nothing_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u{ff1d}1"] {
            assert!(safe(formula).starts_with('\''), "{formula:?}");
        }
        assert_eq!(safe("a=1; b"), "a=1; b");
        assert_eq!(safe("a;=1;b\t +1"), "a;'=1;b\t' +1");
    }
}
