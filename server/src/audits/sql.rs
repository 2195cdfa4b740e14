//! How is the audit trail stored?

use std::{collections::HashSet, sync::LazyLock};

use rolecall_engine::{access::Revision, time::Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    archive::{Part, Place},
    chain::Head,
    id::EventId,
};
use crate::{
    db::{Found, Keyset, List, Reader, Row, Sort, Sorts, Table, Value, Writer},
    error::Error,
};

/// A row of the trail, as it is kept there and, as a line of JSON, in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Counts the rows of the tenant from 1, without gaps.
    pub sequence: i64,
    /// The revision of the tenant that the change led to.
    pub revision: i64,
    /// Counts the changes of one edit.
    pub ordinal: i64,
    pub event_type: String,
    pub source: String,
    /// Milliseconds since 1970.
    pub at: i64,
    pub actor: Option<String>,
    pub client: Option<String>,
    pub provider: Option<String>,
    pub trace: String,
    pub reason: Option<String>,
    pub resource: String,
    pub data: String,
    pub updates: Option<String>,
    /// None where the row is from before there were hashes.
    pub hash: Option<String>,
}

static AUDITS: LazyLock<Table<15>> = LazyLock::new(|| {
    let columns = [
        "sequence",
        "revision",
        "ordinal",
        "event_type",
        "source",
        "at",
        "actor",
        "client_id",
        "provider_id",
        "trace_id",
        "reason",
        "resource_id",
        "data",
        "updates",
        "hash",
    ];
    Table::new("audits", columns)
});

/// The columns of a row, the hash last.
pub fn values(row: &Kept) -> [Value<'_>; 15] {
    [
        row.sequence.into(),
        row.revision.into(),
        row.ordinal.into(),
        row.event_type.as_str().into(),
        row.source.as_str().into(),
        row.at.into(),
        row.actor.as_deref().into(),
        row.client.as_deref().into(),
        row.provider.as_deref().into(),
        row.trace.as_str().into(),
        row.reason.as_deref().into(),
        row.resource.as_str().into(),
        row.data.as_str().into(),
        row.updates.as_deref().into(),
        row.hash.as_deref().into(),
    ]
}

fn read(row: &Row<'_>) -> Result<Kept, Error> {
    Ok(Kept {
        sequence: row.integer(0)?,
        revision: row.integer(1)?,
        ordinal: row.integer(2)?,
        event_type: row.text(3)?,
        source: row.text(4)?,
        at: row.integer(5)?,
        actor: row.opt_text(6)?,
        client: row.opt_text(7)?,
        provider: row.opt_text(8)?,
        trace: row.text(9)?,
        reason: row.opt_text(10)?,
        resource: row.text(11)?,
        data: row.text(12)?,
        updates: row.opt_text(13)?,
        hash: row.opt_text(14)?,
    })
}

/// Where the tenant's chain ends.
pub async fn head(reader: &Reader<'_>) -> Result<Head, Error> {
    let sql = "SELECT audit_sequence, audit_at, audit_hash FROM tenants WHERE tenant_id = $1";
    let read =
        |row: &Row<'_>| Ok(Head { sequence: row.integer(0)?, at: row.integer(1)?, hash: row.opt_text(2)? });
    reader.first(sql, &[], read).await?.ok_or(Error::NotFound)
}

/// What was changed after a revision, as far as the trail says: kinds of events and the things they are about. None if rows of then have
/// left the trail, or there are more than `most`, which would keep others waiting.
pub async fn changed_since(
    reader: &Reader<'_>,
    Revision(revision): Revision,
    most: usize,
) -> Result<Option<Vec<(String, String)>>, Error> {
    let earliest =
        "SELECT revision, ordinal FROM audits WHERE tenant_id = $1 ORDER BY revision, ordinal LIMIT 1";
    let earliest = reader.first(earliest, &[], |row| Ok((row.integer(0)?, row.integer(1)?))).await?;
    if earliest.is_none_or(|earliest| earliest > (revision + 1, 0)) {
        return Ok(None);
    }
    let changed = "SELECT event_type, resource_id FROM audits WHERE tenant_id = $1 AND revision > $2
                   ORDER BY revision, ordinal LIMIT $3";
    let limit = i64::try_from(most + 1).unwrap_or(i64::MAX);
    let changed =
        reader.all(changed, &[revision.into(), limit.into()], |row| Ok((row.text(0)?, row.text(1)?))).await?;
    Ok(Some(changed).filter(|changed| changed.len() <= most))
}

/// Stores where the tenant's chain ends.
pub async fn set_head(writer: &mut Writer<'_>, head: &Head) -> Result<(), Error> {
    let sql = "UPDATE tenants SET audit_sequence = $2, audit_at = $3, audit_hash = $4 WHERE tenant_id = $1";
    let head = [head.sequence.into(), head.at.into(), head.hash.as_deref().into()];
    writer.execute(sql, &head).await.map(drop)
}

/// Adds a row to the trail and to what is to be delivered.
pub async fn append(writer: &mut Writer<'_>, row: &Kept) -> Result<(), Error> {
    writer.insert(&AUDITS, &values(row)).await?;
    let outbox = "INSERT INTO outbox (tenant_id, revision, ordinal) VALUES ($1, $2, $3)";
    writer.execute(outbox, &[row.revision.into(), row.ordinal.into()]).await.map(drop)
}

/// What the trail can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[
    ("eventTime", &[Sort::up("at")]),
    ("eventType", &[Sort::up("event_type"), Sort::up("at")]),
    ("source", &[Sort::up("source"), Sort::up("at")]),
];

/// Which events are on a list.
#[derive(Debug, Default)]
pub struct Selection {
    /// From the first of these times to the second.
    pub time: Option<(Timestamp, Timestamp)>,
    pub event_type: Option<String>,
    pub source: Option<String>,
    pub user: Option<String>,
    pub ids: Option<Vec<EventId>>,
}

/// A page of the trail.
pub async fn page(reader: &Reader<'_>, selection: &Selection, keyset: &Keyset) -> Result<Found<Kept>, Error> {
    selected(selection).page(reader, keyset, read).await
}

fn selected(selection: &Selection) -> List<'static, 15> {
    let mut list = List::of(&AUDITS);
    if let Some((from, until)) = selection.time {
        list.and(|parameters| format!("at >= {} AND at <= {}", parameters.add(from), parameters.add(until)));
    }
    let texts =
        [("event_type", &selection.event_type), ("source", &selection.source), ("actor", &selection.user)];
    for (column, text) in texts {
        if let Some(text) = text {
            list.and(|parameters| format!("{column} = {}", parameters.add(text.clone())));
        }
    }
    if let Some(ids) = &selection.ids {
        list.and(|parameters| {
            let one = |id: &EventId| {
                let (revision, ordinal) = id.place();
                format!("(revision = {} AND ordinal = {})", parameters.add(revision), parameters.add(ordinal))
            };
            let all: Vec<String> = ids.iter().map(one).collect();
            if all.is_empty() { String::from("1 = 0") } else { all.join(" OR ") }
        });
    }
    list
}

/// The row that an identifier names.
pub async fn find(reader: &Reader<'_>, id: EventId) -> Result<Option<Kept>, Error> {
    let (revision, ordinal) = id.place();
    let condition = "revision = $2 AND ordinal = $3";
    Ok(reader.matching(&AUDITS, condition, &[revision.into(), ordinal.into()], read).await?.pop())
}

/// The next rows of the trail behind a place, of those from one time on and before another one.
pub async fn behind(
    reader: &Reader<'_>,
    (from, until): (i64, i64),
    place: Place,
    limit: usize,
) -> Result<Vec<Kept>, Error> {
    let condition = "at >= $2 AND at < $3 AND (at, sequence) > ($4, $5) ORDER BY at, sequence LIMIT $6";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [from.into(), until.into(), place.at.into(), place.sequence.into(), limit.into()];
    reader.matching(&AUDITS, condition, &values, read).await
}

/// How many rows there are in the trail and in the archive.
pub async fn count(reader: &Reader<'_>) -> Result<i64, Error> {
    let trail = "SELECT count(*) FROM audits WHERE tenant_id = $1";
    let archive = "SELECT CAST(coalesce(sum(last_sequence - first_sequence + 1), 0) AS BIGINT) FROM audit_archive WHERE tenant_id = $1";
    Ok(reader.count(trail, &[]).await? + reader.count(archive, &[]).await?)
}

/// The first rows of the archive behind a row, of days from one to another.
pub async fn part(reader: &Reader<'_>, (from, to): (i64, i64), behind: i64) -> Result<Option<Part>, Error> {
    let sql = "SELECT first_sequence, last_sequence, day, lines FROM audit_archive
               WHERE tenant_id = $1 AND day >= $2 AND day <= $3 AND last_sequence > $4
               ORDER BY day, last_sequence LIMIT 1";
    let read = |row: &Row<'_>| {
        Ok(Part { first: row.integer(0)?, last: row.integer(1)?, day: row.integer(2)?, lines: row.bytes(3)? })
    };
    reader.first(sql, &[from.into(), to.into(), behind.into()], read).await
}

/// The rows of some revisions whose events are not delivered yet: revision and ordinal of each.
pub async fn waiting(reader: &Reader<'_>, from: i64, to: i64) -> Result<HashSet<(i64, i64)>, Error> {
    let sql =
        "SELECT revision, ordinal FROM outbox WHERE tenant_id = $1 AND revision >= $2 AND revision <= $3
               ORDER BY revision, ordinal";
    let read = |row: &Row<'_>| Ok((row.integer(0)?, row.integer(1)?));
    Ok(reader.all(sql, &[from.into(), to.into()], read).await?.into_iter().collect())
}

/// Adds rows to the archive; answers whether they were not there yet.
pub async fn archive(writer: &mut Writer<'_>, part: &Part) -> Result<bool, Error> {
    let sql = "INSERT INTO audit_archive (tenant_id, first_sequence, last_sequence, day, lines)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, first_sequence) DO NOTHING";
    let values = [part.first.into(), part.last.into(), part.day.into(), part.lines.clone().into()];
    Ok(writer.execute(sql, &values).await? > 0)
}

/// Takes the rows up to a place out of the trail.
pub async fn remove_until(writer: &mut Writer<'_>, place: Place) -> Result<(), Error> {
    let sql = "DELETE FROM audits WHERE tenant_id = $1 AND (at, sequence) <= ($2, $3)";
    writer.execute(sql, &[place.at.into(), place.sequence.into()]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Db;

    /// Lists in the order of the trail follow its index, whatever they are filtered by.
    #[tokio::test]
    async fn the_trail_is_read_by_its_index() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&folder.path().join("plans.db")).unwrap();
        let tenant = "0123456789abcdefghijklmnopqrstuv".parse().unwrap();
        let some = || Some(String::from("x"));
        for selection in [
            Selection::default(),
            Selection { time: Some((Timestamp::EPOCH, Timestamp::MAX)), ..Selection::default() },
            Selection { event_type: some(), ..Selection::default() },
            Selection { user: some(), source: some(), ..Selection::default() },
        ] {
            let sorts = [Sort::down("at"), Sort::down("sequence")];
            let plan = async move |reader: &Reader<'_>| selected(&selection).plan(reader, &sorts).await;
            let plan = db.read(tenant, plan).await.unwrap().join("\n");
            assert!(plan.contains("audits_by_time") && !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
