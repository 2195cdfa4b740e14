//! Which files of its crate does a file import?

use std::collections::BTreeSet;

use super::files::File;

/// The files of the server that a file of it names by `crate::` or `super::`, as paths in `server/src/`.
pub fn of(file: &File, path: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let module: Vec<&str> = path.trim_end_matches("/mod.rs").trim_end_matches(".rs").split('/').collect();
    let parent = module.split_last().map(|(_, parent)| parent).unwrap_or_default();
    let code: String = file
        .program()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join(" ");
    let mut found = BTreeSet::new();
    for (keyword, prefix) in [("crate::", &[][..]), ("super::", parent)] {
        for tail in code.split(keyword).skip(1) {
            for mut segments in paths(tail) {
                let mut full: Vec<String> = prefix.iter().map(|part| (*part).to_owned()).collect();
                full.append(&mut segments);
                found.extend(resolve(&full, known));
            }
        }
    }
    found.remove(path);
    found
}

/// The paths that begin here, braces opened: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_start();
    if let Some(inner) = text.strip_prefix('{') {
        return split(inner).iter().flat_map(|item| paths(item)).collect();
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return Vec::new();
    }
    let Some(rest) = rest.strip_prefix("::") else { return vec![vec![name.to_owned()]] };
    let tails = paths(rest);
    let whole = |mut tail: Vec<String>| {
        tail.insert(0, name.to_owned());
        tail
    };
    if tails.is_empty() { vec![vec![name.to_owned()]] } else { tails.into_iter().map(whole).collect() }
}

/// The items between braces, the opening one taken already.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                items.push(&text[start..at]);
                return items;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items
}

/// The file that the longest part of a path names.
fn resolve(path: &[String], known: &BTreeSet<String>) -> Option<String> {
    (1..=path.len()).rev().find_map(|length| {
        let module = path.get(..length)?.join("/");
        [format!("{module}.rs"), format!("{module}/mod.rs")].into_iter().find(|file| known.contains(file))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_found_in_every_form() {
        let known: BTreeSet<String> = [
            "error.rs",
            "db/mod.rs",
            "db/tx.rs",
            "roles/mod.rs",
            "roles/sql.rs",
            "roles/wire.rs",
            "http/page.rs",
            "users/sql.rs",
        ]
        .map(String::from)
        .into();
        let text = "//! x\nuse super::{sql, wire::Role};\nuse crate::{\n    db::{Reader, tx},\n    error::Error,\n    http::page::{Page, Shape},\n};\n\
                    fn f() { crate::users::sql::find(); }\n// crate::nothing\n";
        let file = File { path: "server/src/roles/http.rs".into(), text: text.into() };
        let found: Vec<String> = of(&file, "roles/http.rs", &known).into_iter().collect();
        assert_eq!(
            found,
            [
                "db/mod.rs",
                "db/tx.rs",
                "error.rs",
                "http/page.rs",
                "roles/sql.rs",
                "roles/wire.rs",
                "users/sql.rs"
            ]
        );
        let file = File {
            path: "server/src/roles/mod.rs".into(),
            text: "use super::error::Error; use crate::roles::sql as x;".into(),
        };
        let found: Vec<String> = of(&file, "roles/mod.rs", &known).into_iter().collect();
        assert_eq!(found, ["error.rs", "roles/sql.rs"]);
    }
}
