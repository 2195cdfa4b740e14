//! Is there what comments and papers refer to: sections of the reference, threats, tests, other files?

use std::{collections::BTreeSet, path::Path};

use super::{Fault, files::File};

const REFERENCE: &str = "docs/reference/";
const THREATS: &str = "docs/threats.md";

/// Checks what Rust files and papers refer to.
pub fn check(root: &Path, files: &[File], papers: &[File]) -> Vec<Fault> {
    let sections: BTreeSet<(&str, &str)> = papers.iter().flat_map(headings).collect();
    let threats: BTreeSet<&str> = papers
        .iter()
        .filter(|paper| paper.path == THREATS)
        .flat_map(|paper| paper.text.lines())
        .filter_map(|row| row.split('|').nth(1).map(str::trim))
        .collect();
    let mut faults = Vec::new();
    let programs = files.iter().map(|file| (&file.path, file.program()));
    for (path, text) in programs.chain(papers.iter().map(|paper| (&paper.path, paper.text.as_str()))) {
        let missing = citations(text).filter(|citation| match citation {
            Citation::Section(paper, section) => !sections.contains(&(*paper, *section)),
            Citation::Threat(threat) => !threats.contains(threat),
        });
        faults.extend(missing.map(|citation| format!("{path}: {citation:?} is nowhere")));
    }
    for paper in papers {
        let tests = named_tests(&paper.text).filter(|(file, test)| !exists(files, file, test));
        faults.extend(tests.map(|(file, test)| format!("{}: no test `{file}::{test}`", paper.path)));
        let folder = Path::new(&paper.path).parent().unwrap_or(Path::new(""));
        let links = links(&paper.text).filter(|link| !root.join(folder).join(link).exists());
        faults.extend(links.map(|link| format!("{}: no file `{link}`", paper.path)));
    }
    faults
}

/// The numbered headings of a paper of the reference.
fn headings(paper: &File) -> impl Iterator<Item = (&str, &str)> {
    let name = paper.path.strip_prefix(REFERENCE);
    paper.text.lines().filter_map(move |line| {
        let number = line.strip_prefix('#')?.trim_start_matches('#').trim().split(' ').next()?;
        Some((name?, number.trim_end_matches('.')))
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Citation<'t> {
    Section(&'t str, &'t str),
    Threat(&'t str),
}

/// What a text refers to: `reference/errors.md §1, §2`, `threats T01, I3`.
fn citations(text: &str) -> impl Iterator<Item = Citation<'_>> {
    text.lines().flat_map(|line| {
        let (mut paper, mut threats) = (None, false);
        line.split([' ', ',', ';', '(', ')', '`', '|']).filter_map(move |word| {
            let word = word.trim_end_matches(['.', ':', '"']);
            if let Some(section) = word.strip_prefix('§') {
                return paper.map(|paper| Citation::Section(paper, section));
            }
            if let Some(name) = word.strip_prefix("reference/") {
                paper = Some(name);
            } else if word == "RFC" {
                paper = None;
            }
            let is_number =
                word.len() > 1 && word.get(1..).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
            if threats && is_number && word.starts_with(['T', 'I']) {
                return Some(Citation::Threat(word));
            }
            threats = word == "threats" || (threats && word.is_empty());
            None
        })
    })
}

/// The tests a text names: `` `file::test` ``.
fn named_tests(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('`').skip(1).step_by(2).filter_map(|quoted| {
        let (file, name) = quoted.split_once("::")?;
        let is_name =
            |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        (is_name(file) && is_name(name) && name.contains('_')).then_some((file, name))
    })
}

fn exists(files: &[File], file: &str, test: &str) -> bool {
    let mut named = files.iter().filter(|found| {
        found.path.ends_with(&format!("/{file}.rs")) || found.path.ends_with(&format!("/{file}/mod.rs"))
    });
    named.any(|found| found.text.contains(&format!("fn {test}(")))
}

/// The files a text leads to.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let link = rest.split([')', '#']).next()?;
        (!link.is_empty() && !link.contains("://")).then_some(link)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_are_found() {
        let text = "//! (RFC 7644 §3.4, reference/rest-api.md §1.4, §2; threats T01, I3) and RFC 9 §8, T4";
        let found: Vec<Citation<'_>> = citations(text).collect();
        let section = |section| Citation::Section("rest-api.md", section);
        let expected = [section("1.4"), section("2"), Citation::Threat("T01"), Citation::Threat("I3")];
        assert_eq!(found, expected);
    }

    #[test]
    fn papers_lead_somewhere() {
        let file = |path: &str, text: &str| File { path: path.into(), text: text.into() };
        let code = [file("server/tests/it/roles.rs", "fn a_role_is_made() {}")];
        let good = "See `roles::a_role_is_made`, [this](README.md) and [that](https://example.com).";
        let root = crate::root();
        assert_eq!(check(&root, &code, &[file("A.md", good)]), Vec::<Fault>::new());
        let bad =
            "See `roles::a_role_is_found`, [this](NOWHERE.md), reference/errors.md §99 and threats T00.";
        assert_eq!(check(&root, &code, &[file("A.md", bad)]).len(), 4);
    }
}
