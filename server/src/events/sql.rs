//! Which events are there?

use std::{fmt, str::FromStr};

use rolecall_engine::{ids::TenantId, time::Timestamp};

use crate::{
    db::{Reader, Row, System, Writer},
    error::Error,
};

/// Where in the order of a tenant's events one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The revision the change led to.
    pub revision: i64,
    /// Which change of that revision.
    pub ordinal: i64,
}

/// The text is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be what the stream gave as `id`, for example `12-0`")]
pub struct ParsePlaceError;

impl FromStr for Place {
    type Err = ParsePlaceError;
    fn from_str(text: &str) -> Result<Self, ParsePlaceError> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten().ok_or(ParsePlaceError)
        };
        let (revision, ordinal) = text.split_once('-').ok_or(ParsePlaceError)?;
        Ok(Self { revision: number(revision)?, ordinal: number(ordinal)? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.revision, self.ordinal)
    }
}

/// An event, as the trail has it.
pub struct Happened {
    pub place: Place,
    pub kind: String,
    pub at: Timestamp,
    pub actor: Option<String>,
    pub resource: String,
    /// The thing, as JSON.
    pub data: String,
    /// What differs from before, as JSON.
    pub updates: Option<String>,
}

const COLUMNS: &str = "revision, ordinal, event_type, at, actor, resource_id, data, updates";

fn place(row: &Row<'_>) -> Result<Place, Error> {
    Ok(Place { revision: row.integer(0)?, ordinal: row.integer(1)? })
}

fn read(row: &Row<'_>) -> Result<Happened, Error> {
    Ok(Happened {
        place: place(row)?,
        kind: row.text(2)?,
        at: row.time(3)?,
        actor: row.opt_text(4)?,
        resource: row.text(5)?,
        data: row.text(6)?,
        updates: row.opt_text(7)?,
    })
}

/// The events behind a place, in their order, and at most so many.
pub async fn behind(reader: &Reader<'_>, behind: Place, most: i64) -> Result<Vec<Happened>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audits WHERE tenant_id = $1 AND (revision, ordinal) > ($2, $3)
         ORDER BY revision, ordinal LIMIT $4"
    );
    reader.all(&sql, &[behind.revision.into(), behind.ordinal.into(), most.into()], read).await
}

/// The place of the last event.
pub async fn last(reader: &Reader<'_>) -> Result<Place, Error> {
    let sql = "SELECT revision, ordinal FROM audits WHERE tenant_id = $1
               ORDER BY revision DESC, ordinal DESC LIMIT 1";
    let found = reader.first(sql, &[], place).await?;
    Ok(found.unwrap_or(Place { revision: 0, ordinal: 0 }))
}

/// Takes events out of what is to be delivered, the first ones, at most so many; answers them in their order. Somebody else
/// who takes some too gets others.
pub async fn take(writer: &mut Writer<'_>, most: i64) -> Result<Vec<Happened>, Error> {
    let sql = "DELETE FROM outbox WHERE tenant_id = $1 AND (revision, ordinal) IN
               (SELECT revision, ordinal FROM outbox WHERE tenant_id = $1 ORDER BY revision, ordinal LIMIT $2)
               RETURNING revision, ordinal";
    let taken = writer.returning(sql, &[most.into()], place).await?;
    let (Some(first), Some(last)) = (taken.iter().min(), taken.iter().max()) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT {COLUMNS} FROM audits WHERE tenant_id = $1 AND (revision, ordinal) >= ($2, $3)
         AND (revision, ordinal) <= ($4, $5) ORDER BY revision, ordinal"
    );
    let bounds = [first.revision, first.ordinal, last.revision, last.ordinal].map(Into::into);
    let mut found = writer.all(&sql, &bounds, read).await?;
    found.retain(|happened| taken.contains(&happened.place));
    Ok(found)
}

/// The tenants with events that are to be delivered.
pub async fn waiting(all: &System<'_>) -> Result<Vec<TenantId>, Error> {
    // One look-up for each tenant: a tenant may have very many.
    let sql = "SELECT tenant_id FROM outbox WHERE tenant_id > $1 ORDER BY tenant_id LIMIT 1";
    let mut tenants: Vec<TenantId> = Vec::new();
    loop {
        let behind = tenants.last().map(TenantId::to_string).unwrap_or_default();
        match all.all(sql, &[behind.into()], |row| row.parse(0)).await?.pop() {
            Some(tenant) => tenants.push(tenant),
            None => return Ok(tenants),
        }
    }
}
