//! Which requests are there for users?

use axum::{extract::State, http::Uri};
use rolecall_engine::{
    access::Snapshot,
    filter::{Compare, Filter, Operand, UserAttribute},
    ids::UserId,
    names::fold,
    users::{self, UserOp},
};

use super::{
    sql,
    wire::{self, Count, Fields, View},
};
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
    invitations,
    limits::Tier,
};

pub fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/users", "List users", list_users),
        post("/api/v1/users", "Make a user", create_user).refusing(&[409]),
        get("/api/v1/users/me", "Get the caller", get_me),
        get("/api/v1/users/actions/count", "Count users", count_users),
        post("/api/v1/users/actions/filter", "List users that a filter selects", filter_users)
            .tier(Tier::Filter),
        get("/api/v1/users/{id}", "Get a user", get_user),
        patch("/api/v1/users/{id}", "Change a user, or one's own preferences", patch_user),
        delete("/api/v1/users/{id}", "Delete a user", delete_user),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "name", style: Style::CursorOrRow };

const FIELDS: &[Parameter] = &[Parameter::text("fields", "The members to answer, with commas between them")];
const DEPRECATED: &[Parameter] = &[
    Parameter::deprecated("email", "Use `filter`"),
    Parameter::deprecated("subject", "Use `filter`"),
    Parameter::deprecated("role", "Use `filter`"),
    Parameter::deprecated("status", "Use `filter`; several with commas between them"),
    Parameter::deprecated("tenantId", "Ignored: users are always those of the caller's tenant"),
    Parameter::deprecated("sortBy", "Use `sort`"),
    Parameter::deprecated("sortOrder", "Use `sort`; `asc` or `desc`"),
    Parameter::deprecated("startingAfter", "Use `next`"),
    Parameter::deprecated("endingBefore", "Use `prev`"),
];

/// The parameters of a list of users.
struct ListUsers {
    paging: Paging,
    fields: Fields,
    deprecated: Option<Filter<UserAttribute>>,
}

impl Parameters for ListUsers {
    fn parameters() -> Vec<Parameter> {
        [&Paging::parameters(), FIELDS, DEPRECATED].concat()
    }

    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        let fields = pairs.get("fields").map_or(Fields::Default, Fields::read);
        let deprecated = deprecated_filter(&pairs)?;
        let sort = match (pairs.get("sortBy"), pairs.get("sortOrder")) {
            (None, None) => None,
            (by, order) => {
                let descending = match order.map(str::to_ascii_lowercase).as_deref() {
                    Some("desc") => true,
                    None | Some("asc") => false,
                    Some(_) => return Err(Error::at_parameter("sortOrder", "must be `asc` or `desc`")),
                };
                Some(format!("{}{}", if descending { "-" } else { "" }, by.unwrap_or(SHAPE.default)))
            }
        };
        Ok(Self { paging: Paging::read(pairs, uri)?.sorted_by(sort), fields, deprecated })
    }
}

/// The parameters of a list of users whose filter is in the body.
struct FilterUsers {
    paging: Paging,
    fields: Fields,
}

impl Parameters for FilterUsers {
    fn parameters() -> Vec<Parameter> {
        [&Searched::parameters(), FIELDS].concat()
    }

    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        let fields = pairs.get("fields").map_or(Fields::Default, Fields::read);
        Ok(Self { paging: Paging::read(pairs, uri)?, fields })
    }
}

/// What the deprecated parameters select (reference/rest-api.md §3.1).
fn deprecated_filter(pairs: &Pairs) -> Result<Option<Filter<UserAttribute>>, Error> {
    let is = |attribute, text: &str| Filter::Compare(attribute, Compare::Equal, Operand::Text(fold(text)));
    let mut parts = Vec::new();
    for (name, attribute) in [
        ("email", UserAttribute::Email),
        ("subject", UserAttribute::Subject),
        ("role", UserAttribute::RoleName),
        ("status", UserAttribute::Status),
    ] {
        let Some(values) = pairs.get(name) else { continue };
        if pairs.get("filter").is_some() {
            return Err(Error::at_parameter(name, "is deprecated and cannot be combined with `filter`"));
        }
        let values: Vec<&str> = if name == "status" { values.split(',').collect() } else { vec![values] };
        parts.push(Filter::Any(values.into_iter().map(|value| is(attribute, value.trim())).collect()));
    }
    Ok(if parts.is_empty() { None } else { Some(Filter::All(parts)) })
}

/// A user as somebody may see it who `administers` the tenant or does not.
fn show(
    caller: &Caller<Member>,
    administers: bool,
    tenant: &Snapshot,
    user: &users::User,
    fields: &Fields,
) -> wire::User {
    let view = View { tenant, fields, roles: administers || user.id == caller.user() };
    wire::User::new(user, view, caller.links().to(format_args!("/api/v1/users/{}", user.id)))
}

async fn list_users(
    State(app): State<App>,
    caller: Caller<Member>,
    Query(query): Query<ListUsers>,
) -> Result<Shown<Page<wire::User>>, Error> {
    let ListUsers { paging, fields, deprecated } = query;
    let filter = paging.filter()?.or(deprecated);
    answer_page(&app, &caller, &paging, &fields, filter).await
}

async fn filter_users(
    State(app): State<App>,
    caller: Caller<Member>,
    Query(FilterUsers { paging, fields }): Query<FilterUsers>,
    OptionalBody(body): OptionalBody<FilterBody>,
) -> Result<Shown<Page<wire::User>>, Error> {
    let paging = paging.filtered_by(body.filter);
    let filter = paging.body_filter()?;
    answer_page(&app, &caller, &paging, &fields, filter).await
}

async fn answer_page(
    app: &App,
    caller: &Caller<Member>,
    paging: &Paging,
    fields: &Fields,
    filter: Option<Filter<UserAttribute>>,
) -> Result<Shown<Page<wire::User>>, Error> {
    let keyset = paging.keyset(app, caller, &SHAPE)?;
    let administers = caller.is_administrator();
    let (tenant, found) = super::list(app, caller, filter, keyset).await?;
    let found = found.map(|user| show(caller, administers, &tenant, &user, fields));
    paging.page(app, caller, &SHAPE, found).map(Shown)
}

async fn create_user(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Body(new): Body<wire::NewUser>,
) -> Result<Created<wire::User>, Error> {
    let user = super::create(&app, &caller, new.read(caller.tenant())?).await?;
    let at = caller.links().to(format_args!("/api/v1/users/{}", user.id));
    let view = View { tenant: &caller.tenant_now(&app), fields: &Fields::All, roles: true };
    Ok(Created { body: wire::User::new(&user, view, at.clone()), at })
}

/// The `fields` of a request for one user.
struct OneUser {
    fields: Fields,
    uri: Uri,
}

impl Parameters for OneUser {
    fn parameters() -> Vec<Parameter> {
        FIELDS.to_vec()
    }
    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        Ok(Self { fields: pairs.get("fields").map_or(Fields::All, Fields::read), uri: uri.clone() })
    }
}

async fn get_user(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<UserId>,
    Query(query): Query<OneUser>,
) -> Result<Shown<wire::User>, Error> {
    let (tenant, user) = super::get(&app, &caller, id).await?;
    Ok(Shown(show(&caller, caller.is_administrator(), &tenant, &user, &query.fields)))
}

/// The link of the answer is the address that was asked, and it is there whatever `fields` says (statements S39, S40).
async fn get_me(
    State(app): State<App>,
    caller: Caller<Member>,
    Query(query): Query<OneUser>,
) -> Result<Shown<wire::User>, Error> {
    let asked = query.uri.path_and_query().map_or("/api/v1/users/me", |asked| asked.as_str());
    let link = caller.links().to(asked);
    let fields = &query.fields;
    let user = if fields.are_in_snapshot() {
        let view = View { tenant: caller.tenant(), fields, roles: true };
        wire::User::of_snapshot(caller.user(), view, link.clone())
    } else {
        let (tenant, user) = super::get(&app, &caller, caller.user()).await?;
        wire::User::new(&user, View { tenant: &tenant, fields, roles: true }, link.clone())
    };
    Ok(Shown(wire::User { links: Some(link.into()), ..user }))
}

async fn count_users(_: State<App>, caller: Caller<Member>) -> Result<Shown<Count>, Error> {
    Ok(Shown(Count { total: caller.tenant().user_count() }))
}

async fn patch_user(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<UserId>,
    Patch(ops): Patch<UserOp>,
) -> Result<Done, Error> {
    let renews = ops.contains(&UserOp::RenewInvite);
    let user = super::patch(&app, &caller, id, ops).await?;
    if renews {
        let name = caller.tenant().tenant().name.as_str();
        invitations::remind(&app, caller.tenant_links(), name, caller.tenant_id(), &user).await;
    }
    Ok(Done)
}

async fn delete_user(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<UserId>,
) -> Result<Done, Error> {
    super::delete(&app, &caller, id).await.map(|()| Done)
}
