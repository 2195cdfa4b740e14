//! How are web integrations stored?

use std::sync::LazyLock;

use rolecall_engine::{
    change::Delta,
    ids::WebIntegrationId,
    names::{Setting, fold},
    web_integrations::WebIntegration,
};

use crate::{
    db::{Found, Keyset, List, Reader, Row, Sort, Sorts, Table, Value, Writer},
    error::Error,
};

/// What they can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[("name", &[Sort::up("name_fold")]), ("created", &[Sort::up("created_at")])];

static INTEGRATIONS: LazyLock<Table<7>> = LazyLock::new(|| {
    let columns = ["id", "name", "name_fold", "origins", "created_at", "created_by", "updated_at"];
    Table::new("web_integrations", columns)
});

fn values(integration: &WebIntegration) -> [Value<'_>; 7] {
    let origins: Vec<&str> = integration.origins.iter().map(Setting::as_str).collect();
    [
        integration.id.into(),
        integration.name.as_str().into(),
        fold(integration.name.as_str()).into(),
        // An origin has no blanks.
        origins.join(" ").into(),
        integration.created_at.into(),
        integration.created_by.into(),
        integration.updated_at.into(),
    ]
}

fn read(row: &Row<'_>) -> Result<WebIntegration, Error> {
    Ok(WebIntegration {
        id: row.parse(0)?,
        name: Setting::stored(row.text(1)?),
        origins: row.text(3)?.split_whitespace().map(|origin| Setting::stored(origin.to_owned())).collect(),
        created_at: row.time(4)?,
        created_by: row.opt_parse(5)?,
        updated_at: row.time(6)?,
    })
}

/// One web integration.
pub async fn find(reader: &Reader<'_>, id: WebIntegrationId) -> Result<Option<WebIntegration>, Error> {
    reader.find(&INTEGRATIONS, id, read).await
}

/// Whether there is a web integration with this identifier that pages of an origin may use.
pub async fn allows(reader: &Reader<'_>, id: &str, origin: &str) -> Result<bool, Error> {
    let Ok(id) = id.parse() else { return Ok(false) };
    let found = find(reader, id).await?;
    Ok(found.is_some_and(|found| found.origins.iter().any(|known| known.as_str() == origin)))
}

/// Whether pages of an origin may use any web integration of the tenant.
pub async fn any_allows(reader: &Reader<'_>, origin: &str) -> Result<bool, Error> {
    let all = reader.whole(&INTEGRATIONS, read).await?;
    Ok(all.iter().flat_map(|integration| &integration.origins).any(|known| known.as_str() == origin))
}

/// How many web integrations there are.
pub async fn count(reader: &Reader<'_>) -> Result<usize, Error> {
    let count = reader.count("SELECT count(*) FROM web_integrations WHERE tenant_id = $1", &[]).await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// A page of the web integrations.
pub async fn page(reader: &Reader<'_>, keyset: &Keyset) -> Result<Found<WebIntegration>, Error> {
    List::of(&INTEGRATIONS).page(reader, keyset, read).await
}

/// Stores what happened to a web integration.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<WebIntegration>) -> Result<(), Error> {
    writer.store(&INTEGRATIONS, delta, values).await
}
