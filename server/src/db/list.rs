//! Which rows are on a page?
//!
//! Pages are found by key, not by counting: a page begins behind the sort values of the row before it. It costs the same
//! at any depth, and rows that come or go elsewhere do not move it.

use std::fmt::Write as _;

use rolecall_engine::{
    filter::{Compare, Filter, Operand},
    names::fold,
};

use super::{Reader, Row, Table, Value};
use crate::error::Error;

/// A column that rows are sorted by. It must not hold NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub column: &'static str,
    pub descending: bool,
}

impl Sort {
    /// The smallest first.
    pub const fn up(column: &'static str) -> Self {
        Self { column, descending: false }
    }

    /// The largest first.
    pub const fn down(column: &'static str) -> Self {
        Self { column, descending: true }
    }

    /// The other way round.
    pub const fn reversed(self) -> Self {
        Self { descending: !self.descending, ..self }
    }
}

/// What a list can be sorted by: the name a request gives, and what it means.
pub type Sorts = &'static [(&'static str, &'static [Sort])];

/// Which way a page lies from the row that a cursor names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Behind it.
    Next,
    /// Before it.
    Previous,
}

/// The values that place a row in the sort order, its identifier last.
pub type Key = Vec<Value<'static>>;

/// The row that a page is beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Neighbour {
    /// The row that has or had these sort values.
    Key(Key),
    /// The row with this identifier.
    Row(String),
}

/// Where a page lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyset {
    /// The sort order; the identifier decides between equals.
    pub sorts: Vec<Sort>,
    /// The row to go on from; none for the first page.
    pub from: Option<(Direction, Neighbour)>,
    /// Rows on a page.
    pub limit: usize,
    /// Whether to count the whole list.
    pub total: bool,
}

/// The values of a statement, `$2` the first.
#[derive(Debug, Default)]
pub struct Parameters(pub Vec<Value<'static>>);

impl Parameters {
    /// Adds a value; answers the place that stands for it.
    pub fn add(&mut self, value: impl Into<Value<'static>>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len() + 1)
    }
}

/// A list of rows of one table.
pub struct List<'t, const N: usize> {
    table: &'t Table<N>,
    /// Which rows are on the list, as SQL.
    condition: String,
    /// The values in `condition`.
    parameters: Parameters,
}

/// The rows of a page, and the keys that lead to its neighbours.
#[derive(Debug)]
pub struct Found<T> {
    pub rows: Vec<T>,
    /// How many rows are on the whole list, if that was asked.
    pub total: Option<i64>,
    /// The key of the first row, if there are rows before it.
    pub previous: Option<Key>,
    /// The key of the last row, if there are rows behind it.
    pub next: Option<Key>,
}

impl<T> Found<T> {
    /// The same page with other rows.
    pub fn map<U>(self, to: impl FnMut(T) -> U) -> Found<U> {
        let Self { rows, total, previous, next } = self;
        Found { rows: rows.into_iter().map(to).collect(), total, previous, next }
    }

    /// The same, where a row may not be what it should.
    pub fn try_map<U, E>(self, to: impl FnMut(T) -> Result<U, E>) -> Result<Found<U>, E> {
        let Self { rows, total, previous, next } = self;
        Ok(Found { rows: rows.into_iter().map(to).collect::<Result<_, _>>()?, total, previous, next })
    }
}

impl<'t, const N: usize> List<'t, N> {
    /// All rows of a table.
    pub fn of(table: &'t Table<N>) -> Self {
        Self { table, condition: String::from("tenant_id = $1"), parameters: Parameters::default() }
    }

    /// Keeps only rows that also meet a condition.
    pub fn and(&mut self, condition: impl FnOnce(&mut Parameters) -> String) {
        let condition = condition(&mut self.parameters);
        let _ = write!(self.condition, " AND ({condition})");
    }

    /// Keeps only rows that a filter selects. `test` gives the SQL of one comparison.
    pub fn filter<A: Copy>(
        &mut self,
        filter: Option<&Filter<A>>,
        test: &impl Fn(A, Test<'_>, &mut Parameters) -> String,
    ) {
        if let Some(filter) = filter {
            self.and(|parameters| condition(filter, parameters, test));
        }
    }

    /// How many rows are on the list.
    pub async fn count(&self, reader: &Reader<'_>) -> Result<i64, Error> {
        let sql = format!("SELECT count(*) FROM {} WHERE {}", self.table.name, self.condition);
        reader.count(&sql, &self.parameters.0).await
    }

    /// The sort values of the row with an identifier, wherever it is on the list.
    async fn key_of(&self, reader: &Reader<'_>, id: &str, sorts: &[Sort]) -> Result<Key, Error> {
        let columns: Vec<&str> = sorts.iter().map(|sort| sort.column).collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE tenant_id = $1 AND {} = $2",
            columns.join(", "),
            self.table.name,
            self.table.key()
        );
        let key = reader
            .first(&sql, &[id.into()], |row| (0..sorts.len()).map(|column| row.value(column)).collect())
            .await?;
        key.ok_or_else(|| Error::invalid(format!("there is no `{id}` to go on from")))
    }

    /// So many rows behind so many others, in one order: for lists whose contract counts rows.
    pub async fn slice<T>(
        mut self,
        reader: &Reader<'_>,
        sorts: &[Sort],
        (offset, limit): (i64, usize),
        read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let sql = self.select(sorts, false, limit);
        let sql = format!("{sql} OFFSET {}", self.parameters.add(offset));
        reader.all(&sql, &self.parameters.0, read).await
    }

    /// How the first page would be found, in the words of SQLite's planner.
    #[cfg(test)]
    pub async fn plan(mut self, reader: &Reader<'_>, sorts: &[Sort]) -> Result<Vec<String>, Error> {
        let sql = format!("EXPLAIN QUERY PLAN {}", self.select(sorts, false, 100));
        reader.all(&sql, &self.parameters.0, |row| row.text(3)).await
    }

    /// The query for so many rows, each with its sort values behind its columns.
    fn select(&mut self, sorts: &[Sort], backward: bool, limit: usize) -> String {
        let order = |sort: &Sort| {
            format!("{} {}", sort.column, if sort.descending == backward { "ASC" } else { "DESC" })
        };
        let limit = self.parameters.add(i64::try_from(limit).unwrap_or(i64::MAX));
        format!(
            "SELECT {}, {} FROM {} WHERE {} ORDER BY {} LIMIT {limit}",
            self.table.columns.join(", "),
            sorts.iter().map(|sort| sort.column).collect::<Vec<_>>().join(", "),
            self.table.name,
            self.condition,
            sorts.iter().map(order).collect::<Vec<_>>().join(", "),
        )
    }

    /// A page of the list, its rows read by `read`.
    pub async fn page<T>(
        mut self,
        reader: &Reader<'_>,
        keyset: &Keyset,
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Found<T>, Error> {
        let mut sorts = keyset.sorts.clone();
        let descending = sorts.last().is_some_and(|sort| sort.descending);
        sorts.push(Sort { column: self.table.key(), descending });
        let direction = keyset.from.as_ref().map(|(direction, _)| *direction);
        let backward = direction == Some(Direction::Previous);
        let total = if keyset.total { Some(self.count(reader).await?) } else { None };
        let key = match &keyset.from {
            None => None,
            Some((_, Neighbour::Key(key))) => Some(key.clone()),
            Some((_, Neighbour::Row(id))) => Some(self.key_of(reader, id, &sorts).await?),
        };
        if let Some(key) = key {
            if key.len() != sorts.len() {
                return Err(Error::internal("a cursor does not fit its sort order"));
            }
            self.and(|parameters| behind(&sorts, &key, backward, parameters));
        }
        let sql = self.select(&sorts, backward, keyset.limit + 1);
        // Only the keys of the first row and of the last that fits lead anywhere.
        let (mut first, mut last, mut count) = (None, None, 0);
        let mut rows = reader
            .all(&sql, &self.parameters.0, |row| {
                let key =
                    || (N..N + sorts.len()).map(|column| row.value(column)).collect::<Result<Key, Error>>();
                count += 1;
                if count == 1 {
                    first = Some(key()?);
                }
                if count == keyset.limit {
                    last = Some(key()?);
                }
                read(row)
            })
            .await?;
        let more = rows.len() > keyset.limit;
        rows.truncate(keyset.limit);
        let beyond = last.filter(|_| more);
        let (previous, next) = match direction {
            None => (None, beyond),
            Some(Direction::Next) => (first, beyond),
            Some(Direction::Previous) => (beyond, first),
        };
        if backward {
            rows.reverse();
        }
        Ok(Found { rows, total, previous, next })
    }
}

/// The condition that a row lies behind (or before) a key.
fn behind(sorts: &[Sort], key: &[Value<'static>], backward: bool, parameters: &mut Parameters) -> String {
    let places: Vec<String> = key.iter().map(|value| parameters.add(value.clone())).collect();
    let operator = |sort: &Sort| if sort.descending == backward { ">" } else { "<" };
    let mixed =
        sorts.iter().any(|sort| sorts.first().is_some_and(|first| first.descending != sort.descending));
    if let (Some(first), false) = (sorts.first(), mixed) {
        let columns: Vec<&str> = sorts.iter().map(|sort| sort.column).collect();
        return format!("({}) {} ({})", columns.join(", "), operator(first), places.join(", "));
    }
    // a > x OR (a = x AND (b < y OR (b = y AND …)))
    sorts.iter().zip(places).rev().fold(String::new(), |rest, (sort, place)| {
        let column = sort.column;
        let equal =
            if rest.is_empty() { String::new() } else { format!(" OR ({column} = {place} AND ({rest}))") };
        format!("{column} {} {place}{equal}", operator(sort))
    })
}

/// What a filter asks of one attribute.
#[derive(Debug, Clone, Copy)]
pub enum Test<'f> {
    Compare(Compare, &'f Operand),
    Present,
}

impl Test<'_> {
    /// Whether one of these texts is what is asked for, for attributes that are not in the database.
    pub fn passes<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        let mut texts = texts.into_iter();
        match self {
            Self::Present => texts.next().is_some(),
            Self::Compare(compare, operand) => {
                texts.any(|text| compare.holds(&Operand::Text(fold(text)), operand))
            }
        }
    }
}

fn condition<A: Copy>(
    filter: &Filter<A>,
    parameters: &mut Parameters,
    test: &impl Fn(A, Test<'_>, &mut Parameters) -> String,
) -> String {
    let mut all = |parts: &[Filter<A>], word: &str| {
        let parts: Vec<String> = parts.iter().map(|part| condition(part, parameters, test)).collect();
        format!("({})", parts.join(word))
    };
    match filter {
        Filter::All(parts) => all(parts, " AND "),
        Filter::Any(parts) => all(parts, " OR "),
        Filter::Not(part) => format!("NOT ({})", condition(part, parameters, test)),
        Filter::Compare(attribute, compare, operand) => {
            test(*attribute, Test::Compare(*compare, operand), parameters)
        }
        Filter::Present(attribute) => test(*attribute, Test::Present, parameters),
    }
}

/// A test of a column that holds folded texts, '' for none, or times.
pub fn column(name: &str, test: Test<'_>, parameters: &mut Parameters) -> String {
    match test {
        // Of a time PostgreSQL wants to be told that it is compared as a text. It is always there.
        Test::Present => format!("CAST({name} AS TEXT) <> ''"),
        Test::Compare(compare, Operand::Time(time)) => {
            format!("{name} {} {}", operator(compare), parameters.add(*time))
        }
        Test::Compare(compare, Operand::Text(operand)) => text_column(name, compare, operand, parameters),
    }
}

fn text_column(column: &str, compare: Compare, text: &str, parameters: &mut Parameters) -> String {
    let mut like = |pattern: String| format!("{column} LIKE {} ESCAPE '\\'", parameters.add(pattern));
    match compare {
        Compare::Contains => like(format!("%{}%", escape(text))),
        Compare::EndsWith => like(format!("%{}", escape(text))),
        // A range instead of a pattern, so that an index serves it. No text has a character behind the last one.
        Compare::StartsWith => {
            let from = parameters.add(text.to_owned());
            let to = parameters.add(format!("{text}{}", char::MAX));
            format!("({column} >= {from} AND {column} < {to})")
        }
        Compare::Less | Compare::LessOrEqual => {
            format!("({column} {} {} AND {column} <> '')", operator(compare), parameters.add(text.to_owned()))
        }
        Compare::Equal | Compare::Greater | Compare::GreaterOrEqual => {
            format!("{column} {} {}", operator(compare), parameters.add(text.to_owned()))
        }
    }
}

/// The operator of SQL, for comparisons that have one.
const fn operator(compare: Compare) -> &'static str {
    match compare {
        Compare::Equal | Compare::Contains | Compare::StartsWith | Compare::EndsWith => "=",
        Compare::Greater => ">",
        Compare::GreaterOrEqual => ">=",
        Compare::Less => "<",
        Compare::LessOrEqual => "<=",
    }
}

/// The condition that a column holds one of these identifiers. They are one parameter, however many there are: the number
/// of parameters of a statement is limited.
pub fn one_of<T: ToString>(
    column: &str,
    ids: impl IntoIterator<Item = T>,
    parameters: &mut Parameters,
) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    if ids.is_empty() {
        return String::from("1 = 0");
    }
    let list = serde_json::Value::from(ids).to_string();
    format!("{column} IN (SELECT value FROM json_each({}))", parameters.add(list))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
