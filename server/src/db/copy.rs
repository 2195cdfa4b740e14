//! How does all that one database holds get into another, of whichever engine?

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};

use super::{Db, Shape, System, Value};
use crate::error::Error;

/// Rows that are read, and stored, at once.
const ROWS: usize = 500;
/// What nodes say of themselves is of one installation only.
const OF_NODES: &[&str] = &["nodes", "feed"];

/// A table whose rows were copied, and seen to be the same in both databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub table: String,
    pub rows: usize,
}

/// Copies everything from one database to another that is empty, and compares them. `report` is told of each table.
///
/// Nobody may serve either meanwhile. Until all is copied and compared, no program opens the other one.
///
/// # Errors
/// When the other one is not empty, one of them cannot be used, or they are not the same in the end.
pub async fn copy(from: &Db, to: &Db, report: impl Fn(&Copied)) -> Result<(), Error> {
    let tables = from.look_up(async |system| system.tables().await).await?;
    let known = to.look_up(async |system| system.tables().await).await?;
    // What others refer to comes first.
    let tables = tables.into_iter().rev().filter(|table| !OF_NODES.contains(&table.name.as_str()));
    let mut pairs = Vec::new();
    for table in tables {
        let same = known.iter().find(|known| known.name == table.name);
        let same = same.filter(|same| sorted(&same.columns) == sorted(&table.columns));
        same.ok_or_else(|| Error::internal(format!("the databases differ in table `{}`", table.name)))?;
        if !page(to, &table, None).await?.is_empty() {
            return Err(Error::internal(format!("the database to copy to is not empty: `{}`", table.name)));
        }
        pairs.push(table);
    }
    to.system(async |system| system.execute(MARK, &[]).await).await?;
    for table in pairs {
        let rows = fill(from, to, &table).await?;
        if fingerprint(from, &table).await? != fingerprint(to, &table).await? {
            return Err(Error::internal(format!("table `{}` is not the same in both databases", table.name)));
        }
        report(&Copied { table: table.name, rows });
    }
    to.system(async |system| system.execute(UNMARK, &[]).await).await
}

/// A step that no version knows, so that none uses the database.
const MARK: &str = "INSERT INTO migrations (step, name, sha256) SELECT 1000000, 'incomplete copy', sha256 FROM migrations WHERE step = 0";
const UNMARK: &str = "DELETE FROM migrations WHERE step = 1000000";

fn sorted(names: &[String]) -> Vec<&String> {
    let mut names: Vec<&String> = names.iter().collect();
    names.sort_unstable();
    names
}

type Row = Vec<Value<'static>>;

/// The rows behind a key, in the order of the key.
async fn page(db: &Db, table: &Shape, behind: Option<Row>) -> Result<Vec<Row>, Error> {
    let Shape { name, columns, key } = table;
    let key = key.join(", ");
    let parameters = behind.unwrap_or_default();
    let places: Vec<String> = (1..=parameters.len()).map(|place| format!("${place}")).collect();
    let condition =
        if places.is_empty() { String::new() } else { format!("WHERE ({key}) > ({})", places.join(", ")) };
    let sql = format!("SELECT {} FROM {name} {condition} ORDER BY {key} LIMIT {ROWS}", columns.join(", "));
    let width = columns.len();
    let read = async move |system: &System<'_>| {
        system.all(&sql, &parameters, |row| (0..width).map(|column| row.value(column)).collect()).await
    };
    db.look_up(read).await
}

/// The key of a row.
fn key_of(table: &Shape, row: &Row) -> Row {
    let column = |name: &String| table.columns.iter().position(|column| column == name);
    table.key.iter().filter_map(|name| row.get(column(name)?).cloned()).collect()
}

/// Stores all rows of a table in another database; answers how many there are.
async fn fill(from: &Db, to: &Db, table: &Shape) -> Result<usize, Error> {
    let (mut rows, mut behind) = (0, None);
    loop {
        let page = page(from, table, behind).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        behind = Some(key_of(table, last));
        rows += page.len();
        let insert = insert(table, page.len());
        let values: Row = page.into_iter().flatten().collect();
        to.system(async move |system: &System<'_>| system.execute(&insert, &values).await).await?;
    }
}

/// A statement that stores so many rows.
fn insert(table: &Shape, rows: usize) -> String {
    let width = table.columns.len();
    let mut sql = format!("INSERT INTO {} ({}) VALUES ", table.name, table.columns.join(", "));
    for row in 0..rows {
        let places: Vec<String> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
        let comma = if row == 0 { "" } else { ", " };
        let _ = write!(sql, "{comma}({})", places.join(", "));
    }
    sql
}

/// A hash over all rows of a table.
async fn fingerprint(db: &Db, table: &Shape) -> Result<Vec<u8>, Error> {
    let mut hash = Context::new(&SHA256);
    let mut behind = None;
    loop {
        let page = page(db, table, behind).await?;
        let Some(last) = page.last() else { return Ok(hash.finish().as_ref().to_vec()) };
        behind = Some(key_of(table, last));
        for row in &page {
            hash.update(format!("{row:?}").as_bytes());
        }
    }
}
