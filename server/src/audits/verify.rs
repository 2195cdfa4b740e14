//! Is a tenant's trail whole and as it was written? (threats T81)

use rolecall_engine::ids::TenantId;

use super::{
    archive::{self, Place, Run},
    chain::{self, Head},
    sql::{self, Kept},
};
use crate::{app::App, db::Reader, error::Error};

/// A row of a chain that was seen, and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The row's number.
    pub sequence: i64,
    /// Its hash, in hexadecimal digits; none of a row from before there were hashes.
    pub hash: Option<String>,
}

/// What was found in a tenant's trail and archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Rows from before there were hashes. Nothing can be said of what is in them.
    pub unhashed: i64,
    /// The last row, as far as the trail was good.
    pub end: Mark,
    /// The first thing that is wrong, if there is one.
    pub fault: Option<String>,
}

/// Goes over all rows of a tenant, those in the archive first. `known` is a row that was the last one at an earlier look.
///
/// # Errors
/// When the database cannot be read.
pub async fn verify(app: &App, tenant: TenantId, known: Option<&Mark>) -> Result<Verdict, Error> {
    let mut walk = Walk { tenant, known: known.cloned(), unhashed: 0, sequence: 0, hash: None };
    let mut place = Some(Place::BEGIN);
    let mut fault = None;
    while let (Some(behind), None) = (place, &fault) {
        let work = async move |reader: &Reader<'_>| {
            let run = archive::run(reader, (i64::MIN, i64::MAX), behind).await?;
            // Of the same state: rows are added and moved meanwhile.
            let whole = match run.end {
                Some(_) => None,
                None => Some((sql::head(reader).await?, sql::count(reader).await?)),
            };
            Ok((run, whole))
        };
        let (Run { rows, end }, whole) = app.db.scan(tenant, work).await?;
        let found = rows.iter().try_for_each(|row| walk.step(row));
        let found = found.and_then(|()| whole.map_or(Ok(()), |(head, rows)| walk.arrive(&head, rows)));
        fault = found.err();
        place = end;
    }
    let Walk { unhashed, sequence, hash, .. } = walk;
    Ok(Verdict { unhashed, end: Mark { sequence, hash }, fault })
}

/// How far the chain was gone along.
struct Walk {
    tenant: TenantId,
    known: Option<Mark>,
    unhashed: i64,
    sequence: i64,
    hash: Option<String>,
}

impl Walk {
    /// Goes to the next row; or what is wrong with it.
    fn step(&mut self, row: &Kept) -> Result<(), String> {
        let expected = self.sequence + 1;
        if row.sequence != expected {
            return Err(format!("row {expected} is missing; row {} stands in its place", row.sequence));
        }
        if row.hash.is_some() || self.hash.is_some() {
            let hash = chain::hash(self.hash.as_deref(), self.tenant, row);
            if row.hash.as_ref() != Some(&hash) {
                return Err(format!("row {expected} is not what was written"));
            }
        } else {
            self.unhashed += 1;
        }
        if self.known.as_ref().is_some_and(|known| known.sequence == expected && known.hash != row.hash) {
            return Err(format!("row {expected} is not the one that was there at an earlier look"));
        }
        self.sequence = expected;
        self.hash.clone_from(&row.hash);
        Ok(())
    }

    /// Says that there are no more rows, but so many in all; or what is wrong with that.
    fn arrive(&self, head: &Head, rows: i64) -> Result<(), String> {
        let missing = |why: &str| Err(format!("row {} is missing: {why}", self.sequence + 1));
        if self.sequence < head.sequence {
            return missing(&format!("the tenant had {} rows", head.sequence));
        }
        if let Some(known) = self.known.as_ref().filter(|known| self.sequence < known.sequence) {
            return missing(&format!("there were {} rows at an earlier look", known.sequence));
        }
        if self.sequence > head.sequence || self.hash != head.hash {
            return Err(format!("row {} is not the one that the tenant was left with", self.sequence));
        }
        if rows > self.sequence {
            // Beside the way through archive and trail, but not beside what is shown.
            return Err(format!("{} rows stand there a second time", rows - self.sequence));
        }
        Ok(())
    }
}
