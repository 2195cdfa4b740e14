//! How is what was found told: for people, for programs, for spreadsheets? Data goes to the standard output, everything else does not.

mod text;

use std::{
    collections::HashSet,
    io::{ErrorKind, Write as _, stdout},
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;
use text::{hides, safe, visible_yaml};
pub use text::{visible, visible_json, visible_lines};

use crate::members::Members as _;

/// A form of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs, with all members.
    Json,
    /// For programs and people, with all members.
    Yaml,
    /// For spreadsheets, with the columns of the table.
    Csv,
    /// Only identifiers, one a line, each once.
    Ids,
}

/// In which form data is wanted.
#[derive(Debug, Clone, Args)]
pub struct Output {
    /// In which form data comes
    #[arg(id = "output", short, long = "output", value_name = "FORM", default_value = "table")]
    form: Format,
    /// The same as `--output json`
    #[arg(long, conflicts_with = "output")]
    json: bool,
    /// Say nothing besides the data and errors
    #[arg(short, long)]
    pub quiet: bool,
    /// Which of several tenants is told of.
    #[arg(skip)]
    pub place: Option<String>,
}

/// A column of a table: its title, and the members that lead to what stands in it.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    title: &'static str,
    path: &'static str,
    is_secret: bool,
}

impl Column {
    /// A column; `a.b` is the member `b` of the member `a`, of each of its elements if it is a list.
    pub const fn of(title: &'static str, path: &'static str) -> Self {
        Self { title, path, is_secret: false }
    }

    /// A column of secrets, which are told as they are.
    pub const fn secret(title: &'static str, path: &'static str) -> Self {
        Self { title, path, is_secret: true }
    }

    /// What stands in the column for a thing.
    pub fn text(self, row: &Value) -> String {
        text_at(row, self.path.split('.'))
    }

    /// The same for a spreadsheet.
    fn cell(self, row: &Value) -> String {
        let text = self.text(row);
        if self.is_secret { text } else { safe(&visible(&text)) }
    }
}

fn text_at<'p>(value: &Value, mut path: impl Iterator<Item = &'p str> + Clone) -> String {
    match value {
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(|item| text_at(item, path.clone())).collect();
            texts.join(", ")
        }
        other => match path.next() {
            Some(member) => text_at(other.member(member), path),
            None => match other {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            },
        },
    }
}

impl Output {
    /// The form.
    pub const fn format(&self) -> Format {
        if self.json { Format::Json } else { self.form }
    }

    /// Says something that is no data.
    pub fn note(&self, note: &str) {
        if !self.quiet {
            let place = self.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
            eprintln!("{place}{}", visible(note));
        }
    }

    /// Tells a list. `id` is the member that tells its things apart.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn list(&self, columns: &[Column], id: &str, rows: &[Value]) -> anyhow::Result<()> {
        match self.format() {
            Format::Table => {
                let mut table = bare();
                table.set_header(columns.iter().map(|column| column.title));
                for row in rows {
                    table.add_row(columns.iter().map(|column| visible(&column.text(row))));
                }
                print_table(&table)
            }
            Format::Json => print_json(&rows),
            Format::Yaml => print_yaml(&rows),
            Format::Csv => print_csv(columns, rows),
            Format::Ids => {
                let mut told = HashSet::new();
                let ids = rows.iter().map(|row| visible(&text_at(row.member(id), std::iter::empty())) + "\n");
                // Default roles have the same one in each tenant, and answers a row for each way.
                print(&ids.filter(|id| id != "\n" && told.insert(id.clone())).collect::<String>())
            }
        }
    }

    /// Tells one thing, in a table with a line for each column.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn one(&self, columns: &[Column], id: &str, row: &Value) -> anyhow::Result<()> {
        match self.format() {
            Format::Table => {
                let mut table = bare();
                for column in columns {
                    table.add_row([column.title.to_owned(), visible(&column.text(row))]);
                }
                print_table(&table)
            }
            Format::Json => print_json(row),
            Format::Yaml => print_yaml(row),
            Format::Csv | Format::Ids => self.list(columns, id, std::slice::from_ref(row)),
        }
    }

    /// Tells an answer in words, or its members where those are wanted.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn text(&self, text: &str, members: &Value) -> anyhow::Result<()> {
        match self.format() {
            Format::Table | Format::Csv | Format::Ids => print(text),
            Format::Json | Format::Yaml => self.one(&[], "", members),
        }
    }
}

/// A table of columns with blanks between them.
fn bare() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn print_table(table: &Table) -> anyhow::Result<()> {
    let lines =
        table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned() + "\n");
    print(&lines.collect::<String>())
}

/// Prints JSON that people can read.
///
/// # Errors
/// When it cannot be written.
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&(visible_json(&serde_json::to_string_pretty(value)?) + "\n"))
}

/// Prints YAML; as JSON, which is YAML too, where something in it has to be escaped.
fn print_yaml(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let yaml = serde_saphyr::to_string(value)?;
    if hides(&yaml) {
        print(&(visible_yaml(&serde_json::to_string_pretty(value)?) + "\n"))
    } else {
        print(&yaml)
    }
}

fn print_csv(columns: &[Column], rows: &[Value]) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(columns.iter().map(|column| column.title.to_lowercase()))?;
    for row in rows {
        csv.write_record(columns.iter().map(|column| column.cell(row)))?;
    }
    print(&String::from_utf8(csv.into_inner()?)?)
}

/// Prints data. Whoever has read enough may stop listening.
///
/// # Errors
/// When it cannot be written.
pub fn print(text: &str) -> anyhow::Result<()> {
    match stdout().write_all(text.as_bytes()).and_then(|()| stdout().flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to the standard output"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_told_as_they_are() {
        let row = json!({"secret": "-S8_x"});
        assert_eq!(Column::secret("SECRET", "secret").cell(&row), "-S8_x");
        assert_eq!(Column::of("SECRET", "secret").cell(&row), "'-S8_x");
    }
}
