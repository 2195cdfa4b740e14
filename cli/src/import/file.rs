//! Which lines are in a file, and what stands in each?

use std::{fs, path::Path};

use anyhow::{Context as _, bail};
use csv::{Position, StringRecord};

use super::kinds::{Field, Holds, Kind};
use crate::output::visible;

/// Put behind a file's end; where it is no line of its own there, a quote was left open.
const END: &str = "\u{1}end";

/// A line of a file.
pub struct Line {
    /// Its number.
    pub at: usize,
    /// Why nothing can be done with it.
    pub fault: Option<String>,
    /// What stands in it; nothing is said of what is left out.
    pub members: Vec<(Field, String)>,
}

impl Line {
    fn new(at: usize, record: &StringRecord, columns: &[Field]) -> Self {
        let cells = columns.iter().zip(record).filter(|(_, text)| !text.is_empty());
        let members: Vec<(Field, String)> = cells.map(|(field, text)| (*field, text.to_owned())).collect();
        let lacks =
            |field: &&Field| field.required && !members.iter().any(|(there, _)| there.name == field.name);
        let fault = if record.len() == columns.len() {
            columns.iter().find(lacks).map(|field| format!("it says no `{}`", field.name))
        } else {
            Some(format!("it has {} cells, and the first line has {}", record.len(), columns.len()))
        };
        Self { at, fault, members }
    }

    /// What stands in a column.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.members.iter().find(|(field, _)| field.name == column).map(|(_, text)| text.as_str())
    }

    /// What tells its thing apart.
    pub fn key(&self) -> &str {
        let key = self.members.iter().find(|(field, _)| field.required && field.holds == Holds::Fixed);
        key.map_or("", |(_, text)| text)
    }

    /// What people call what it is about.
    pub fn name(&self) -> String {
        match self.text("group") {
            Some(group) => format!("{} in {group}", self.key()),
            None => self.key().to_owned(),
        }
    }
}

/// The lines of a file of comma-separated values (RFC 4180), those left out in which nothing stands.
///
/// # Errors
/// When it cannot be read, is no such file, or has other columns.
pub fn read(kind: Kind, file: &Path) -> anyhow::Result<Vec<Line>> {
    let shown = file.display();
    let bytes = fs::read(file).with_context(|| format!("cannot read `{shown}`"))?;
    let Ok(text) = String::from_utf8(bytes) else { bail!("`{shown}` is not UTF-8") };
    let text = text.trim_start_matches('\u{feff}');
    let records = records(text).with_context(|| format!("`{shown}` cannot be used"))?;
    let mut records = records.into_iter();
    let (_, header) = records.next().unwrap_or_default();
    let columns = columns(kind, &header).with_context(|| format!("`{shown}` cannot be used"))?;
    Ok(records.map(|(at, record)| Line::new(at, &record, &columns)).collect())
}

/// What stands in each line that is not empty, with the line's number.
fn records(text: &str) -> anyhow::Result<Vec<(usize, StringRecord)>> {
    let whole = format!("{text}\n{END}\n");
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(whole.as_bytes());
    let (mut all, mut counted, mut line) = (Vec::new(), 0, 1);
    for record in reader.records() {
        let record = record?;
        // The reader begins a record before the ends of lines that it skips, half a `\r\n` among them.
        let from = record.position().map_or(0, Position::byte);
        let from = usize::try_from(from)?;
        let skipped =
            whole.get(from..).map_or(0, |rest| rest.len() - rest.trim_start_matches(['\r', '\n']).len());
        line += whole.get(counted..from + skipped).map_or(0, |passed| passed.matches('\n').count());
        counted = from + skipped;
        all.push((line, record));
    }
    match all.pop() {
        Some((_, end)) if end.len() == 1 && end.get(0) == Some(END) => {}
        last => bail!("the quote that is opened in line {} is not closed", last.map_or(1, |(line, _)| line)),
    }
    all.retain(|(_, record)| record.iter().any(|cell| !cell.is_empty()));
    Ok(all)
}

/// The columns that the first line names.
fn columns(kind: Kind, header: &StringRecord) -> anyhow::Result<Vec<Field>> {
    let fields = kind.fields();
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    let mut columns: Vec<Field> = Vec::new();
    for name in header {
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            bail!("there is no column `{}`; there are {}", visible(name), names.join(", "));
        };
        if columns.iter().any(|column| column.name == name) {
            bail!("the column `{name}` is there twice");
        }
        columns.push(*field);
    }
    match fields
        .iter()
        .find(|field| field.required && !columns.iter().any(|column| column.name == field.name))
    {
        Some(lacking) => bail!("it has no column `{}`; there are {}", lacking.name, names.join(", ")),
        None => Ok(columns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(usize, Vec<String>)> {
        let cells = |record: StringRecord| record.iter().map(str::to_owned).collect();
        records(text).unwrap().into_iter().map(|(line, record)| (line, cells(record))).collect()
    }

    #[test]
    fn lines_have_the_numbers_an_editor_shows() {
        for end in ["\n", "\r\n"] {
            let text = ["a,b", "", "c,\"d", "e\"", ",", "  ", "f,g", "h,i"].join(end);
            let numbers: Vec<usize> = lines(&text).iter().map(|(line, _)| *line).collect();
            assert_eq!(numbers, [1, 3, 7, 8], "{end:?}");
            assert_eq!(lines(&(text.clone() + end)), lines(&text));
        }
    }

    #[test]
    fn a_quote_is_closed() {
        assert_eq!(
            lines("a,\"b\"\"c\"\n\"d\""),
            [(1, vec!["a".to_owned(), "b\"c".to_owned()]), (2, vec!["d".to_owned()])]
        );
        let error = records("a,b\nc,\"d\ne,f\n").unwrap_err().to_string();
        assert_eq!(error, "the quote that is opened in line 2 is not closed");
    }
}
