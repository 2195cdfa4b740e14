//! Which requests are there for assignments in spaces?

use axum::{extract::State, http::Uri};
use rolecall_engine::ids::{SpaceAssignmentId, SpaceId};

use super::{
    sql::{self, Selection},
    wire::{NewSpaceAssignment, SpaceAssignment, SpaceAssignmentUpdate, SpaceAssignments},
};
use crate::{
    app::App,
    caller::{Caller, Member},
    error::Error,
    http::{
        extract::{Body, Id, Ids},
        operation::{Operation, delete, get, post, put},
        page::{CURSORS, FEW, Paging, Shape, Style},
        query::{Pairs, Parameter, Parameters, Query},
        respond::{Created, Done, Shown},
    },
};

const ASSIGNMENTS: &str = "/api/v1/spaces/{id}/assignments";
const ASSIGNMENT: &str = "/api/v1/spaces/{id}/assignments/{assignmentId}";

pub fn operations() -> Vec<Operation> {
    vec![
        get(ASSIGNMENTS, "List who has which roles in a space", list_space_assignments),
        post(ASSIGNMENTS, "Give somebody roles in a space", create_space_assignment).refusing(&[409]),
        get(ASSIGNMENT, "Get who has which roles in a space", get_space_assignment),
        put(ASSIGNMENT, "Give somebody other roles in a space", put_space_assignment),
        delete(ASSIGNMENT, "Take somebody's roles in a space", delete_space_assignment),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "createdAt", style: Style::Cursor };

struct ListSpaceAssignments {
    paging: Paging,
    selection: Selection,
}

const SELECTION: &[Parameter] = &[
    Parameter::text("assigneeId", "The user or the group"),
    Parameter::text("type", "`user`, `group` or `bot`"),
];

impl Parameters for ListSpaceAssignments {
    fn parameters() -> Vec<Parameter> {
        [FEW, CURSORS, SELECTION].concat()
    }

    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        let assignee = pairs.get("assigneeId").map(str::to_owned);
        let selection = Selection { assignee, kind: pairs.parse("type")? };
        Ok(Self { paging: Paging::counted(pairs, uri)?, selection })
    }
}

async fn list_space_assignments(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(space): Id<SpaceId>,
    Query(query): Query<ListSpaceAssignments>,
) -> Result<Shown<SpaceAssignments>, Error> {
    let ListSpaceAssignments { paging, selection } = query;
    let keyset = paging.keyset(&app, &caller, &SHAPE)?;
    let found = super::list(&app, &caller, space, selection, keyset).await?;
    let shown = |assignment| SpaceAssignment::new(&assignment, caller.tenant_id(), caller.links());
    let page = paging.page(&app, &caller, &SHAPE, found.map(shown))?;
    Ok(Shown(page.into()))
}

async fn create_space_assignment(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(space): Id<SpaceId>,
    Body(new): Body<NewSpaceAssignment>,
) -> Result<Created<SpaceAssignment>, Error> {
    let assignment = super::create(&app, &caller, space, new.read()?).await?;
    let body = SpaceAssignment::new(&assignment, caller.tenant_id(), caller.links());
    Ok(Created { at: body.links.this.clone(), body })
}

async fn get_space_assignment(
    State(app): State<App>,
    caller: Caller<Member>,
    Ids(space, id): Ids<SpaceId, SpaceAssignmentId>,
) -> Result<Shown<SpaceAssignment>, Error> {
    let assignment = super::get(&app, &caller, space, id).await?;
    Ok(Shown(SpaceAssignment::new(&assignment, caller.tenant_id(), caller.links())))
}

async fn put_space_assignment(
    State(app): State<App>,
    caller: Caller<Member>,
    Ids(space, id): Ids<SpaceId, SpaceAssignmentId>,
    Body(update): Body<SpaceAssignmentUpdate>,
) -> Result<Shown<SpaceAssignment>, Error> {
    let assignment = super::put(&app, &caller, (space, id), update.read()?).await?;
    Ok(Shown(SpaceAssignment::new(&assignment, caller.tenant_id(), caller.links())))
}

async fn delete_space_assignment(
    State(app): State<App>,
    caller: Caller<Member>,
    Ids(space, id): Ids<SpaceId, SpaceAssignmentId>,
) -> Result<Done, Error> {
    super::delete(&app, &caller, (space, id)).await.map(|()| Done)
}
