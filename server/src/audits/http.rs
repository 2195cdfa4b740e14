//! Which requests are there for the audit trail?

use axum::{extract::State, http::Uri};
use futures_util::{Stream, StreamExt as _};
use rolecall_engine::{audits::Day, events, ids::TenantId};

use super::{
    id::EventId,
    sql::{self, Kept, Selection},
    wire::{ArchivedEvent, AuditEvent, AuditSettings, selection, span},
};
use crate::{
    app::App,
    caller::{Auditor, Caller},
    error::Error,
    http::{
        extract::Id,
        operation::{Operation, get},
        page::{CURSORS, FEW, Page, Paging, Shape, Style, whole},
        query::{Pairs, Parameter, Parameters, Query},
        respond::Shown,
        stream::{All, Lines},
    },
    limits::Tier,
};

const AUDITS: &str = "/api/v1/audits";
const AUDIT: &str = "/api/v1/audits/{id}";
const ARCHIVE: &str = "/api/v1/audits/archive";
const SETTINGS: &str = "/api/v1/audits/settings";
const SOURCES: &str = "/api/v1/audits/sources";
const TYPES: &str = "/api/v1/audits/types";
const EXPORT: &str = "/rolecall/v1/audits/export";

pub fn operations() -> Vec<Operation> {
    let all = vec![
        get(AUDITS, "List what happened", list_audits),
        get(ARCHIVE, "Get a day that is past", get_audit_archive).refusing(&[404]),
        get(SETTINGS, "Get how long events are kept", get_audit_settings),
        get(SOURCES, "List the sources of events", list_audit_sources),
        get(TYPES, "List the types of events", list_audit_types),
        get(AUDIT, "Get an event", get_audit),
        get(EXPORT, "Export what happened as JSON Lines", export_audits),
    ];
    all.into_iter().map(|operation| operation.tier(Tier::Audit)).collect()
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "-eventTime", style: Style::Cursor };

struct ListAudits {
    paging: Paging,
    selection: Selection,
}

impl Parameters for ListAudits {
    fn parameters() -> Vec<Parameter> {
        let own = [
            Parameter::text("eventTime", "Two points in time with `/` between; both belong to it"),
            Parameter::text("eventType", "The type; case counts"),
            Parameter::text("source", "The source; case counts"),
            Parameter::text("userId", "Who did it; case counts"),
            Parameter::text("id", "At most 100 identifiers with commas between"),
            Parameter::text("sort", "`eventTime`, `eventType` or `source`, with `+` or `-` in front"),
        ];
        [FEW, CURSORS, &own].concat()
    }
    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        let selection = selection(&pairs)?;
        Ok(Self { paging: Paging::few(pairs, uri)?, selection })
    }
}

async fn list_audits(
    State(app): State<App>,
    caller: Caller<Auditor>,
    Query(ListAudits { paging, selection }): Query<ListAudits>,
) -> Result<Shown<Page<AuditEvent>>, Error> {
    let keyset = paging.keyset(&app, &caller, &SHAPE)?;
    let found = super::list(&app, &caller, selection, keyset).await?;
    let found = found.try_map(|row| AuditEvent::new(row, caller.tenant_id(), caller.links()))?;
    paging.page(&app, &caller, &SHAPE, found).map(Shown)
}

async fn get_audit(
    State(app): State<App>,
    caller: Caller<Auditor>,
    Id(id): Id<EventId>,
) -> Result<Shown<AuditEvent>, Error> {
    let found = super::get(&app, &caller, id).await?;
    AuditEvent::new(found, caller.tenant_id(), caller.links()).map(Shown)
}

struct OnDay(Day);

impl Parameters for OnDay {
    fn parameters() -> Vec<Parameter> {
        vec![Parameter::text("date", "The day in UTC, for example `2026-01-31`; required")]
    }
    fn read(pairs: Pairs, _: &Uri) -> Result<Self, Error> {
        let day = pairs.parse("date")?;
        day.map(Self).ok_or_else(|| Error::at_parameter("date", "is required"))
    }
}

async fn get_audit_archive(
    State(app): State<App>,
    caller: Caller<Auditor>,
    Query(OnDay(day)): Query<OnDay>,
) -> Result<All<ArchivedEvent>, Error> {
    let rows = super::day(&app, &caller, day).await?;
    Ok(All::new(shown(rows, caller.tenant_id())))
}

async fn get_audit_settings(_: Caller<Auditor>) -> Result<Shown<AuditSettings>, Error> {
    Ok(Shown(AuditSettings::new()))
}

async fn list_audit_sources(caller: Caller<Auditor>) -> Result<Shown<Page<String>>, Error> {
    let sources = events::sources().into_iter().map(str::to_owned).collect();
    Ok(Shown(whole(caller.links(), SOURCES, sources)))
}

async fn list_audit_types(caller: Caller<Auditor>) -> Result<Shown<Page<String>>, Error> {
    let types = events::types().into_iter().map(str::to_owned).collect();
    Ok(Shown(whole(caller.links(), TYPES, types)))
}

struct Between((i64, i64));

impl Parameters for Between {
    fn parameters() -> Vec<Parameter> {
        vec![
            Parameter::text("from", "From when on: a point in time, or a day in UTC"),
            Parameter::text("to", "Before when, in the same forms"),
        ]
    }
    fn read(pairs: Pairs, _: &Uri) -> Result<Self, Error> {
        span(&pairs).map(Self)
    }
}

async fn export_audits(
    State(app): State<App>,
    caller: Caller<Auditor>,
    Query(Between(time)): Query<Between>,
) -> Result<Lines<ArchivedEvent>, Error> {
    let rows = super::trail(app, caller.tenant_id(), time).await?;
    Ok(Lines::new(shown(rows, caller.tenant_id())))
}

/// Events as they are shown.
fn shown(
    rows: impl Stream<Item = Result<Vec<Kept>, Error>> + Send + 'static,
    tenant: TenantId,
) -> impl Stream<Item = Result<Vec<ArchivedEvent>, Error>> + Send + 'static {
    rows.map(move |rows| rows?.into_iter().map(|row| ArchivedEvent::new(row, tenant)).collect())
}
