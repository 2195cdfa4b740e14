//! Which requests are there for spaces?

use axum::{extract::State, http::Uri};
use rolecall_engine::{
    ids::SpaceId,
    spaces::{SpaceAction, SpaceActions, SpaceOp, SpaceRole, SpaceRoles},
};

use super::{
    Wanted,
    sql::{self, Selection},
    wire::{self, NewSpace, Space, SpaceTypes, SpaceUpdate, Spaces},
};
use crate::{
    app::App,
    caller::{Caller, Member},
    error::Error,
    http::{
        extract::{Body, Id},
        operation::{Operation, delete, get, patch, post, put},
        page::{CURSORS, FEW, Paging, Shape, Style},
        patch::Patch,
        query::{Pairs, Parameter, Parameters, Query},
        respond::{Created, Done, Shown},
    },
};

const SPACES: &str = "/api/v1/spaces";
const SPACE: &str = "/api/v1/spaces/{id}";

pub fn operations() -> Vec<Operation> {
    vec![
        get(SPACES, "List the spaces one sees", list_spaces),
        post(SPACES, "Make a space", create_space).refusing(&[409]),
        get("/api/v1/spaces/types", "List the types of spaces", list_space_types),
        get(SPACE, "Get a space", get_space),
        patch(SPACE, "Change a space", patch_space).refusing(&[409]),
        put(SPACE, "Change a space as a whole", put_space).refusing(&[409]),
        delete(SPACE, "Delete a space", delete_space),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "name", style: Style::Cursor };

/// The parameters of a list of spaces.
struct ListSpaces {
    paging: Paging,
    selection: Selection,
    wanted: Wanted,
}

const SELECTION: &[Parameter] = &[
    Parameter::text("sort", "`type`, `name` or `createdAt`, with `-` in front for the other way"),
    Parameter::text("name", "A part of the name, in any case"),
    Parameter::text("ownerId", "The owner"),
    Parameter::text("type", "Types, with commas between them"),
    Parameter::text("roles", "Roles, with commas between them, of which the caller has one"),
    Parameter::text("action", "`publish`: only spaces into which the caller may publish"),
    Parameter::text("environmentId", "No space is bound to an environment: with a value, no space is listed"),
    Parameter::text("environment.name", "The same"),
];

impl Parameters for ListSpaces {
    fn parameters() -> Vec<Parameter> {
        [FEW, CURSORS, SELECTION].concat()
    }

    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        let text = |name| pairs.get(name).map(str::to_owned);
        let roles: Vec<SpaceRole> = words(&pairs, "roles")?;
        let publish = match pairs.get("action") {
            None => SpaceActions::NOTHING,
            Some("publish") => SpaceActions::of(&[SpaceAction::Publish]),
            Some(_) => return Err(Error::at_parameter("action", "must be `publish`")),
        };
        let selection =
            Selection { name: text("name"), owner: text("ownerId"), kinds: words(&pairs, "type")? };
        let nothing = ["environmentId", "environment.name"].iter().any(|name| pairs.get(name).is_some());
        let wanted = Wanted { roles: SpaceRoles::of(&roles), actions: publish, nothing };
        Ok(Self { paging: Paging::counted(pairs, uri)?, selection, wanted })
    }
}

/// The words of a parameter that is a list; none if it is not there.
fn words<T: std::str::FromStr<Err: std::fmt::Display>>(pairs: &Pairs, name: &str) -> Result<Vec<T>, Error> {
    let read = |text| wire::list(text).map_err(|error| Error::at_parameter(name, error));
    pairs.get(name).map_or(Ok(Vec::new()), read)
}

async fn list_spaces(
    State(app): State<App>,
    caller: Caller<Member>,
    Query(query): Query<ListSpaces>,
) -> Result<Shown<Spaces>, Error> {
    let ListSpaces { paging, selection, wanted } = query;
    let keyset = paging.keyset(&app, &caller, &SHAPE)?;
    let found = super::list(&app, &caller, selection, wanted, keyset).await?;
    let found = found.map(|seen| Space::new(seen, caller.tenant_id(), caller.links()));
    let page = paging.page(&app, &caller, &SHAPE, found)?;
    Ok(Shown(Spaces::new(page, super::personal_actions(&caller))))
}

async fn create_space(
    State(app): State<App>,
    caller: Caller<Member>,
    Body(new): Body<NewSpace>,
) -> Result<Created<Space>, Error> {
    let seen = super::create(&app, &caller, new.read()?).await?;
    let body = Space::new(seen, caller.tenant_id(), caller.links());
    Ok(Created { at: body.links.this.clone(), body })
}

async fn list_space_types(_: Caller<Member>) -> Result<Shown<SpaceTypes>, Error> {
    Ok(Shown(SpaceTypes::all()))
}

async fn get_space(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<SpaceId>,
) -> Result<Shown<Space>, Error> {
    let seen = super::get(&app, &caller, id).await?;
    Ok(Shown(Space::new(seen, caller.tenant_id(), caller.links())))
}

async fn patch_space(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<SpaceId>,
    Patch(ops): Patch<SpaceOp>,
) -> Result<Shown<Space>, Error> {
    let seen = super::patch(&app, &caller, id, ops).await?;
    Ok(Shown(Space::new(seen, caller.tenant_id(), caller.links())))
}

async fn put_space(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<SpaceId>,
    Body(update): Body<SpaceUpdate>,
) -> Result<Shown<Space>, Error> {
    let seen = super::put(&app, &caller, id, update.read()?).await?;
    Ok(Shown(Space::new(seen, caller.tenant_id(), caller.links())))
}

async fn delete_space(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<SpaceId>,
) -> Result<Done, Error> {
    super::delete(&app, &caller, id).await.map(|()| Done)
}
