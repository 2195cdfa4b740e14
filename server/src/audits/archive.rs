//! How does a day leave the trail, and how are archive and trail read as one? (decision 0011)
//!
//! The archive has rows of one day each as lines of JSON, compressed. A row that is moved keeps all of its columns and so its
//! hash: the chain goes on from the archive into the trail.

use std::{
    fmt::Display,
    io::{Read as _, Write as _},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use rolecall_engine::{audits::Day, time::Timestamp};

use super::sql::{self, Kept};
use crate::{
    db::{Reader, Writer},
    error::Error,
};

/// Rows that are read at once, and the most that one row of the archive has.
const ROWS: usize = 200;

/// A row, to go on behind it: its time in milliseconds since 1970, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub at: i64,
    pub sequence: i64,
}

impl Place {
    /// Before the first row.
    pub const BEGIN: Self = Self { at: i64::MIN, sequence: 0 };
}

/// Some rows in order.
pub struct Run {
    pub rows: Vec<Kept>,
    /// Where to go on; none if these are the last ones.
    pub end: Option<Place>,
}

/// Some rows of the archive.
pub struct Part {
    pub first: i64,
    pub last: i64,
    pub day: i64,
    pub lines: Vec<u8>,
}

/// The next rows behind a place, of those from one time on and before another one. They may be few or none although there are more.
pub async fn run(reader: &Reader<'_>, (from, until): (i64, i64), behind: Place) -> Result<Run, Error> {
    let from = from.max(behind.at);
    let day = |millis| Day::of(Timestamp::from_millis(millis)).number();
    let days = (day(from), day(until.saturating_sub(1)));
    let Some(part) = sql::part(reader, days, behind.sequence).await? else {
        let rows = sql::behind(reader, (from, until), behind, ROWS).await?;
        let end = rows.last().filter(|_| rows.len() == ROWS).map(place);
        return Ok(Run { rows, end });
    };
    let mut rows = part.unpack()?;
    let end = rows.last().map(place);
    rows.retain(|row| row.sequence > behind.sequence && (from..until).contains(&row.at));
    Ok(Run { rows, end })
}

fn day(row: &Kept) -> Day {
    Day::of(Timestamp::from_millis(row.at))
}

fn place(row: &Kept) -> Place {
    Place { at: row.at, sequence: row.sequence }
}

/// Whether the first row of the trail is of a day that is past.
pub async fn is_due(reader: &Reader<'_>, now: Timestamp) -> Result<bool, Error> {
    let first = sql::behind(reader, (i64::MIN, i64::MAX), Place::BEGIN, 1).await?;
    Ok(first.first().is_some_and(|row| day(row).is_past(now)))
}

/// Moves the first rows of the trail into the archive, if their day is past and they wait for nobody any more; answers whether there
/// were any.
pub async fn move_some(writer: &mut Writer<'_>, now: Timestamp) -> Result<bool, Error> {
    let rows = sql::behind(writer, (i64::MIN, i64::MAX), Place::BEGIN, ROWS).await?;
    let Some(first) = rows.first() else { return Ok(false) };
    let today = day(first);
    if !today.is_past(now) {
        return Ok(false);
    }
    let revisions = || rows.iter().map(|row| row.revision);
    let (lowest, highest) = (revisions().min().unwrap_or_default(), revisions().max().unwrap_or_default());
    let waiting = sql::waiting(writer, lowest, highest).await?;
    let is_free = |row: &&Kept| day(row) == today && !waiting.contains(&(row.revision, row.ordinal));
    let free: Vec<&Kept> = rows.iter().take_while(is_free).collect();
    let Some(last) = free.last() else { return Ok(false) };
    let part = Part { first: first.sequence, last: last.sequence, day: today.number(), lines: pack(&free)? };
    let is_new = sql::archive(writer, &part).await?;
    if is_new {
        sql::remove_until(writer, place(last)).await?;
    } else {
        tracing::error!(tenant = %writer.tenant(), row = part.first, "a row of an audit trail is in its archive already");
    }
    Ok(is_new)
}

fn pack(rows: &[&Kept]) -> Result<Vec<u8>, Error> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for row in rows {
        serde_json::to_writer(&mut encoder, row).map_err(Error::internal)?;
        encoder.write_all(b"\n").map_err(Error::internal)?;
    }
    encoder.finish().map_err(Error::internal)
}

impl Part {
    /// # Errors
    /// When the lines are not those of the day and the rows that they should be.
    fn unpack(&self) -> Result<Vec<Kept>, Error> {
        let wrong = |why: &dyn Display| {
            Error::internal(format!("rows {} to {} of the archive: {why}", self.first, self.last))
        };
        let mut lines = String::new();
        GzDecoder::new(self.lines.as_slice()).read_to_string(&mut lines).map_err(|error| wrong(&error))?;
        let rows = lines.lines().map(|line| serde_json::from_str(line).map_err(|error| wrong(&error)));
        let rows = rows.collect::<Result<Vec<Kept>, Error>>()?;
        let ends = [rows.first(), rows.last()].map(|row| row.map(|row| (row.sequence, day(row).number())));
        if ends == [Some((self.first, self.day)), Some((self.last, self.day))] {
            Ok(rows)
        } else {
            Err(wrong(&"they are others"))
        }
    }
}
