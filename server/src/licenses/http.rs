//! Which requests are there for licences?

use axum::{extract::State, http::Uri};
use rolecall_engine::licenses::AssignmentOp;

use super::{
    sql,
    wire::{self, OperationResult, Results},
};
use crate::{
    app::App,
    caller::{Administrator, Caller, Member},
    error::Error,
    http::{
        extract::Body,
        operation::{Operation, get, post, put},
        page::{FILTER, LIMIT, PAGE, Page, Paging, Shape, Style},
        query::{Pairs, Parameter, Parameters, Query},
        respond::{EachDone, Shown},
    },
};

pub fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/licenses/settings", "Get what new users are entitled to", get_license_settings),
        put("/api/v1/licenses/settings", "Set what new users are entitled to", put_license_settings),
        get(
            "/api/v1/licenses/overview",
            "Get what the tenant is entitled to, and what is used of it",
            get_overview,
        ),
        get("/api/v1/licenses/status", "Get whether the tenant's licence is good", get_license_status),
        get("/api/v1/licenses/assignments", "List who is entitled", list_assignments),
        post("/api/v1/licenses/assignments/actions/add", "Entitle subjects", add_assignments),
        post("/api/v1/licenses/assignments/actions/delete", "End entitlements", delete_assignments),
        post("/api/v1/licenses/assignments/actions/update", "Change entitlements", update_assignments),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "subject", style: Style::Page };

/// The parameters of a list of assignments.
struct ListAssignments {
    paging: Paging,
    orphans: bool,
}

const ORPHANS: &[Parameter] =
    &[Parameter::boolean("orphans", "List only assignments whose subject is no user's")];

impl Parameters for ListAssignments {
    fn parameters() -> Vec<Parameter> {
        [LIMIT, PAGE, FILTER, ORPHANS].concat()
    }

    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        Ok(Self { orphans: pairs.flag("orphans")?, paging: Paging::read(pairs, uri)? })
    }
}

async fn get_license_settings(
    _: State<App>,
    caller: Caller<Administrator>,
) -> Result<Shown<wire::Settings>, Error> {
    Ok(Shown(caller.tenant().tenant().licenses.into()))
}

async fn put_license_settings(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Body(new): Body<wire::NewSettings>,
) -> Result<Shown<wire::Settings>, Error> {
    let settings = super::set(&app, &caller, move |present| new.apply(present)).await?;
    Ok(Shown(settings.into()))
}

async fn list_assignments(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Query(query): Query<ListAssignments>,
) -> Result<Shown<Page<wire::Assignment>>, Error> {
    let ListAssignments { paging, orphans } = query;
    let keyset = paging.keyset(&app, &caller, &SHAPE)?;
    let found = super::list(&app, &caller, paging.filter()?, orphans, keyset).await?;
    paging.page(&app, &caller, &SHAPE, found.map(wire::Assignment::from)).map(Shown)
}

async fn get_overview(
    State(app): State<App>,
    caller: Caller<Administrator>,
) -> Result<Shown<wire::Overview>, Error> {
    let used = super::count(&app, &caller).await?;
    Ok(Shown(wire::Overview::new(used, caller.tenant().tenant())))
}

async fn get_license_status(_: State<App>, caller: Caller<Member>) -> Result<Shown<wire::Standing>, Error> {
    Ok(Shown(caller.tenant().tenant().into()))
}

async fn edit(
    app: &App,
    caller: &Caller<Administrator>,
    ops: Vec<AssignmentOp>,
) -> Result<EachDone<Results>, Error> {
    let outcomes = super::edit(app, caller, ops.clone()).await?;
    let results = ops.iter().zip(outcomes).map(|(op, outcome)| OperationResult::new(op, outcome));
    Ok(EachDone(Results { data: results.collect() }))
}

async fn add_assignments(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Body(body): Body<wire::Additions>,
) -> Result<EachDone<Results>, Error> {
    edit(&app, &caller, body.read()?).await
}

async fn delete_assignments(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Body(body): Body<wire::Deletions>,
) -> Result<EachDone<Results>, Error> {
    edit(&app, &caller, body.read()?).await
}

async fn update_assignments(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Body(body): Body<wire::Updates>,
) -> Result<EachDone<Results>, Error> {
    edit(&app, &caller, body.read()?).await
}
