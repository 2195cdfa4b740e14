//! Which requests are there for groups?

use axum::{extract::State, http::Uri};
use rolecall_engine::{
    filter::{Filter, GroupAttribute},
    groups::{GroupOp, SettingsOp},
    ids::GroupId,
};

use super::{sql, wire};
use crate::{
    app::App,
    caller::{Administrator, Caller, Member},
    error::Error,
    http::{
        extract::{Body, Id, OptionalBody},
        operation::{Operation, delete, get, patch, post},
        page::{FilterBody, Page, Paging, Searched, Shape, Style},
        patch::Patch,
        query::{Pairs, Parameter, Parameters, Query},
        respond::{Created, Done, Shown},
    },
    limits::Tier,
};

pub fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/groups", "List groups", list_groups),
        post("/api/v1/groups", "Make a group", create_group).refusing(&[409]),
        get("/api/v1/groups/settings", "Get the group settings", get_group_settings),
        patch("/api/v1/groups/settings", "Change the group settings", patch_group_settings),
        post("/api/v1/groups/actions/filter", "List groups that a filter selects", filter_groups)
            .tier(Tier::Filter),
        get("/api/v1/groups/{id}", "Get a group", get_group),
        patch("/api/v1/groups/{id}", "Change a group", patch_group).refusing(&[409]),
        delete("/api/v1/groups/{id}", "Delete a group", delete_group),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "name", style: Style::Cursor };

/// The parameters of a list of groups.
struct ListGroups {
    paging: Paging,
    /// Whether system groups are listed rather than the others.
    system: bool,
}

const SYSTEM: &[Parameter] =
    &[Parameter::boolean("systemGroups", "List the system groups; not together with anything else")];

impl Parameters for ListGroups {
    fn parameters() -> Vec<Parameter> {
        [&Paging::parameters(), SYSTEM].concat()
    }

    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        let system = pairs.flag("systemGroups")?;
        let mut known = Self::parameters().into_iter().map(|parameter| parameter.name);
        let other = known.find(|name| *name != "systemGroups" && pairs.get(name).is_some());
        match other {
            Some(other) if system => {
                Err(Error::at_parameter(other, "cannot be used together with `systemGroups`"))
            }
            _ => Ok(Self { paging: Paging::read(pairs, uri)?, system }),
        }
    }
}

async fn list_groups(
    State(app): State<App>,
    caller: Caller<Member>,
    Query(query): Query<ListGroups>,
) -> Result<Shown<Page<wire::Group>>, Error> {
    let filter = query.paging.filter()?;
    answer_page(&app, &caller, &query, filter).await
}

async fn filter_groups(
    State(app): State<App>,
    caller: Caller<Member>,
    Query(Searched(paging)): Query<Searched>,
    OptionalBody(body): OptionalBody<FilterBody>,
) -> Result<Shown<Page<wire::Group>>, Error> {
    let query = ListGroups { paging: paging.filtered_by(body.filter), system: false };
    let filter = query.paging.body_filter()?;
    answer_page(&app, &caller, &query, filter).await
}

async fn answer_page(
    app: &App,
    caller: &Caller<Member>,
    query: &ListGroups,
    filter: Option<Filter<GroupAttribute>>,
) -> Result<Shown<Page<wire::Group>>, Error> {
    let keyset = query.paging.keyset(app, caller, &SHAPE)?;
    let administrator = caller.is_administrator();
    let (tenant, found) = super::list(app, caller, filter, query.system, keyset).await?;
    let found = found.map(|group| wire::Group::new(group, &tenant, administrator, caller.links()));
    query.paging.page(app, caller, &SHAPE, found).map(Shown)
}

async fn create_group(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Body(new): Body<wire::NewGroup>,
) -> Result<Created<wire::Group>, Error> {
    let group = super::create(&app, &caller, new.read()?).await?;
    let body = wire::Group::new(group, &caller.tenant_now(&app), true, caller.links());
    Ok(Created { at: body.links.this.clone(), body })
}

async fn get_group(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<GroupId>,
) -> Result<Shown<wire::Group>, Error> {
    let (tenant, group) = super::get(&app, &caller, id).await?;
    Ok(Shown(wire::Group::new(group, &tenant, caller.is_administrator(), caller.links())))
}

async fn patch_group(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<GroupId>,
    Patch(ops): Patch<GroupOp>,
) -> Result<Done, Error> {
    super::patch(&app, &caller, id, ops).await.map(|()| Done)
}

async fn delete_group(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<GroupId>,
) -> Result<Done, Error> {
    super::delete(&app, &caller, id).await.map(|()| Done)
}

async fn get_group_settings(
    State(app): State<App>,
    caller: Caller<Administrator>,
) -> Result<Shown<wire::Settings>, Error> {
    let (tenant, everyone) = super::get(&app, &caller, GroupId::EVERYONE).await?;
    Ok(Shown(wire::Settings::new(&everyone, &tenant, caller.links())))
}

async fn patch_group_settings(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Patch(ops): Patch<SettingsOp>,
) -> Result<Done, Error> {
    super::patch_settings(&app, &caller, ops).await.map(|()| Done)
}
