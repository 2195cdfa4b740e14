//! Which requests are there for programs that provision users?

use std::collections::BTreeSet;

use axum::{extract::State, http::Uri};
use rolecall_engine::{
    filter::{
        Attribute, Compare, Filter, ItemAttribute, Limits, Operand, ScimGroupAttribute, ScimUserAttribute,
        parse,
    },
    groups::Group,
    ids::{GroupId, UserId},
    names::{GroupName, Setting},
    users,
};
use serde_json::{Map, Value, json};

use super::{
    groups::{self, Draft, Shown},
    patch::{Patch, Step, Verb},
    schema::{self, GROUP, USER},
    sql::Window,
    wire::{self, List, Sent},
};
use crate::{
    app::App,
    error::{Error, ScimRefusal},
    http::{
        extract::{Body, Id},
        operation::{Operation, delete, get, patch, post, put},
        query::{Pairs, Parameter, Parameters, Query},
        respond::Done,
        scim::{Answered, NotSupported, Provisioned, SELECTION, Selection},
    },
    limits::Tier,
    provisioner::Provisioner,
};

const USERS: &str = "/scim/v2/Users";
const A_USER: &str = "/scim/v2/Users/{id}";
const GROUPS: &str = "/scim/v2/Groups";
const A_GROUP: &str = "/scim/v2/Groups/{id}";

pub fn operations() -> Vec<Operation> {
    vec![
        get("/scim/v2/ServiceProviderConfig", "Get what can be done by SCIM", get_scim_configuration),
        get("/scim/v2/Schemas", "List the schemas of SCIM", list_scim_schemas),
        get("/scim/v2/Schemas/{id}", "Get a schema of SCIM", get_scim_schema),
        get("/scim/v2/ResourceTypes", "List the kinds of resources of SCIM", list_scim_resource_types),
        get("/scim/v2/ResourceTypes/{id}", "Get a kind of resource of SCIM", get_scim_resource_type),
        get(USERS, "List users by SCIM", list_scim_users),
        post(USERS, "Provision a user", create_scim_user).refusing(&[409]),
        get(A_USER, "Get a user by SCIM", get_scim_user),
        put(A_USER, "Replace a user", put_scim_user).refusing(&[403, 409]),
        patch(A_USER, "Change a user by SCIM", patch_scim_user).refusing(&[403, 409]),
        delete(A_USER, "Deprovision a user", delete_scim_user).refusing(&[403]),
        get(GROUPS, "List groups of identity providers by SCIM", list_scim_groups),
        post(GROUPS, "Provision a group", create_scim_group).refusing(&[403, 409]),
        get(A_GROUP, "Get a group by SCIM", get_scim_group),
        put(A_GROUP, "Replace a group", put_scim_group).refusing(&[403, 409]),
        patch(A_GROUP, "Change a group by SCIM", patch_scim_group).refusing(&[403, 409]),
        delete(A_GROUP, "Deprovision a group", delete_scim_group).refusing(&[403]),
        post("/scim/v2/.search", "Search all resources of SCIM: not supported", search_scim).tier(Tier::Read),
        post("/scim/v2/Bulk", "Send several requests of SCIM at once: not supported", send_scim_bulk)
            .tier(Tier::Read),
        get("/scim/v2/Me", "Get the caller by SCIM: not supported", get_scim_me),
    ]
}

/// Resources on a page at most, and if a request does not say.
const COUNT: usize = 100;

/// The parameters of a list.
struct ListResources<A> {
    window: Window,
    filter: Option<Filter<A>>,
    selection: Selection,
}

const WINDOW: &[Parameter] = &[
    Parameter::text("filter", "Which resources to list (RFC 7644 §3.4.2.2)"),
    Parameter::text("startIndex", "The place of the first one, counted from 1"),
    Parameter::text("count", "How many to list, at most 100; 0 only counts them"),
];

impl<A: Attribute> Parameters for ListResources<A> {
    fn parameters() -> Vec<Parameter> {
        [WINDOW, SELECTION].concat()
    }

    fn read(pairs: Pairs, _: &Uri) -> Result<Self, Error> {
        let number = |name| match pairs.parse::<i64>(name) {
            Ok(number) => Ok(number),
            Err(_) => Err(Error::at_parameter(name, "must be a number")),
        };
        let start = number("startIndex")?.unwrap_or(1).max(1);
        let count = number("count")?.map_or(COUNT, |count| usize::try_from(count.max(0)).unwrap_or(COUNT));
        let filter = pairs.get("filter").map(|text| parse(text, Limits::QUERY)).transpose();
        Ok(Self {
            window: Window { offset: start - 1, count: count.min(COUNT) },
            filter: filter.map_err(|error| ScimRefusal::invalid_filter(error.to_string()))?,
            selection: Selection::of(&pairs)?,
        })
    }
}

async fn list_scim_users(
    State(app): State<App>,
    client: Provisioner,
    Query(query): Query<ListResources<ScimUserAttribute>>,
) -> Result<Answered<List<wire::User>>, Error> {
    let ListResources { window, filter, selection } = query;
    let (tenant, (found, total)) = super::list(&app, &client, filter, window).await?;
    let users = found.iter().map(|user| wire::User::shown(user, &tenant, client.links())).collect();
    Ok(Answered { body: List::new(users, total, window.offset + 1), selection })
}

async fn create_scim_user(
    State(app): State<App>,
    client: Provisioner,
    Query(selection): Query<Selection>,
    Body(sent): Body<Sent<wire::User>>,
) -> Result<Provisioned<wire::User>, Error> {
    let mut to = sent.read()?;
    to.active = to.active.or(Some(true));
    let user = super::create(&app, &client, to.provisioned()?).await?;
    let at = client.links().to(format_args!("{USERS}/{}", user.id));
    let body = wire::User::shown(&user, &client.tenant_now(&app), client.links());
    Ok(Provisioned { at, answer: Answered { body, selection } })
}

async fn get_scim_user(
    State(app): State<App>,
    client: Provisioner,
    Id(id): Id<UserId>,
    Query(selection): Query<Selection>,
) -> Result<Answered<wire::User>, Error> {
    let (tenant, user) = super::get(&app, &client, id).await?;
    Ok(Answered { body: wire::User::shown(&user, &tenant, client.links()), selection })
}

async fn put_scim_user(
    State(app): State<App>,
    client: Provisioner,
    Id(id): Id<UserId>,
    Query(selection): Query<Selection>,
    Body(sent): Body<Sent<wire::User>>,
) -> Result<Answered<wire::User>, Error> {
    // Whether the user is active stays as it is if it is not said.
    let to = sent.read()?.provisioned()?;
    let user = super::edit(&app, &client, id, move |_| Ok(to)).await?;
    Ok(Answered { body: wire::User::shown(&user, &client.tenant_now(&app), client.links()), selection })
}

async fn patch_scim_user(
    State(app): State<App>,
    client: Provisioner,
    Id(id): Id<UserId>,
    Query(selection): Query<Selection>,
    Body(sent): Body<Patch>,
) -> Result<Answered<wire::User>, Error> {
    let steps = sent.steps(&USER)?;
    let patched = move |user: &users::User| {
        let mut members = wire::members_of(&wire::User::of(user))?;
        steps.into_iter().try_for_each(|step| step.apply(&mut members))?;
        wire::typed::<wire::User>(members)?.provisioned()
    };
    let user = super::edit(&app, &client, id, patched).await?;
    Ok(Answered { body: wire::User::shown(&user, &client.tenant_now(&app), client.links()), selection })
}

async fn delete_scim_user(
    State(app): State<App>,
    client: Provisioner,
    Id(id): Id<UserId>,
) -> Result<Done, Error> {
    super::delete(&app, &client, id).await.map(|()| Done)
}

fn shown_group((group, members): Shown, client: &Provisioner) -> wire::Group {
    wire::Group::shown(&group, members, client.links())
}

/// What is to become of a group by a whole one that is sent.
fn draft(sent: wire::Group) -> Result<Draft, Error> {
    let missing = || ScimRefusal::invalid_value("`displayName` must have a value");
    let name = sent.display_name.ok_or_else(missing)?;
    let wrong = |error| ScimRefusal::invalid_value(format!("`displayName`: {error}"));
    Ok(Draft {
        name: GroupName::new(&name).map_err(wrong)?,
        external_id: sent.external_id.map(Setting::stored),
        members: sent.members.iter().map(|member| user_id(&member.value)).collect::<Result<_, _>>()?,
    })
}

fn user_id(text: &str) -> Result<UserId, Error> {
    text.parse().map_err(|_| ScimRefusal::invalid_value(format!("`members`: there is no user `{text}`")))
}

async fn list_scim_groups(
    State(app): State<App>,
    client: Provisioner,
    Query(query): Query<ListResources<ScimGroupAttribute>>,
) -> Result<Answered<List<wire::Group>>, Error> {
    let ListResources { window, filter, selection } = query;
    let (found, total) = groups::list(&app, &client, filter, window, selection.has("members")).await?;
    let groups = found.into_iter().map(|group| shown_group(group, &client)).collect();
    Ok(Answered { body: List::new(groups, total, window.offset + 1), selection })
}

async fn group_now(
    app: &App,
    client: &Provisioner,
    id: GroupId,
    selection: Selection,
) -> Result<Answered<wire::Group>, Error> {
    let group = groups::get(app, client, id, selection.has("members")).await?;
    Ok(Answered { body: shown_group(group, client), selection })
}

async fn create_scim_group(
    State(app): State<App>,
    client: Provisioner,
    Query(selection): Query<Selection>,
    Body(sent): Body<Sent<wire::Group>>,
) -> Result<Provisioned<wire::Group>, Error> {
    let id = groups::create(&app, &client, draft(sent.read()?)?).await?;
    let at = client.links().to(format_args!("{GROUPS}/{id}"));
    Ok(Provisioned { at, answer: group_now(&app, &client, id, selection).await? })
}

async fn get_scim_group(
    State(app): State<App>,
    client: Provisioner,
    Id(id): Id<GroupId>,
    Query(selection): Query<Selection>,
) -> Result<Answered<wire::Group>, Error> {
    group_now(&app, &client, id, selection).await
}

async fn put_scim_group(
    State(app): State<App>,
    client: Provisioner,
    Id(id): Id<GroupId>,
    Query(selection): Query<Selection>,
    Body(sent): Body<Sent<wire::Group>>,
) -> Result<Answered<wire::Group>, Error> {
    let to = draft(sent.read()?)?;
    groups::edit(&app, &client, id, move |_, _| Ok(to)).await?;
    group_now(&app, &client, id, selection).await
}

async fn patch_scim_group(
    State(app): State<App>,
    client: Provisioner,
    Id(id): Id<GroupId>,
    Query(selection): Query<Selection>,
    Body(sent): Body<Patch>,
) -> Result<Answered<wire::Group>, Error> {
    let steps = sent.steps(&GROUP)?;
    let patched = move |group: &Group, members: BTreeSet<UserId>| patched_group(group, members, steps);
    groups::edit(&app, &client, id, patched).await?;
    group_now(&app, &client, id, selection).await
}

/// What is to become of a group by a patch. A group may have very many members, so they are no list here.
fn patched_group(group: &Group, mut members: BTreeSet<UserId>, steps: Vec<Step<'_>>) -> Result<Draft, Error> {
    let mut rest = Map::from_iter([("displayName".to_owned(), json!(group.name.as_str()))]);
    rest.extend(group.external_id.as_ref().map(|id| ("externalId".to_owned(), json!(id.as_str()))));
    for step in steps {
        if step.path.attribute.name == "members" {
            patch_members(&mut members, step)?;
        } else {
            step.apply(&mut rest)?;
        }
    }
    Ok(Draft { members, ..draft(wire::typed(rest)?)? })
}

fn patch_members(members: &mut BTreeSet<UserId>, step: Step<'_>) -> Result<(), Error> {
    let Step { verb, path, value } = step;
    let given = match value {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    let given =
        given.iter().map(|item| user_id(item.get("value").and_then(Value::as_str).unwrap_or_default()));
    match (verb, &path.filter) {
        (Verb::Remove, Some(filter)) if path.part.is_none() => {
            let gone = named_by(filter).ok_or_else(|| {
                ScimRefusal::invalid_filter("members are selected by `value eq` and `or` between these")
            })?;
            for id in gone {
                members.remove(&id);
            }
        }
        (_, Some(_)) => return Err(ScimRefusal::no_target("members are added and removed, not changed")),
        (Verb::Add, None) => members.extend(given.collect::<Result<Vec<_>, _>>()?),
        (Verb::Replace, None) => *members = given.collect::<Result<_, _>>()?,
        // Without a value all of them; some programs name the ones to remove.
        (Verb::Remove, None) if given.len() == 0 => members.clear(),
        // Whoever is not there is out already.
        (Verb::Remove, None) => {
            for id in given.flatten() {
                members.remove(&id);
            }
        }
    }
    Ok(())
}

/// The users that a filter names. Whoever is no user is in no group.
fn named_by(filter: &Filter<ItemAttribute>) -> Option<Vec<UserId>> {
    match filter {
        Filter::Any(parts) => {
            let all: Option<Vec<Vec<UserId>>> = parts.iter().map(named_by).collect();
            Some(all?.concat())
        }
        Filter::Compare(ItemAttribute::Value, Compare::Equal, Operand::Text(id)) => {
            Some(id.parse().into_iter().collect())
        }
        _ => None,
    }
}

async fn delete_scim_group(
    State(app): State<App>,
    client: Provisioner,
    Id(id): Id<GroupId>,
) -> Result<Done, Error> {
    groups::delete(&app, &client, id).await.map(|()| Done)
}

async fn get_scim_configuration(_: State<App>, client: Provisioner) -> Result<Answered<Value>, Error> {
    let location = client.links().to("/scim/v2/ServiceProviderConfig").href;
    let (yes, no) = (json!({"supported": true}), json!({"supported": false}));
    Ok(Answered::whole(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": yes,
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": COUNT},
        "changePassword": no,
        "sort": no,
        "etag": no,
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "API key of an external client",
            "description": "The token of an API key whose subType is externalClient, as Authorization: Bearer",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": {"resourceType": "ServiceProviderConfig", "location": location},
    })))
}

fn list_of(resources: Vec<Value>) -> Answered<List<Value>> {
    let total = i64::try_from(resources.len()).unwrap_or_default();
    Answered::whole(List::new(resources, total, 1))
}

fn with_id(all: Vec<Value>, id: &str) -> Result<Answered<Value>, Error> {
    all.into_iter().find(|one| one["id"] == id).map(Answered::whole).ok_or(Error::NotFound)
}

async fn list_scim_schemas(_: State<App>, client: Provisioner) -> Result<Answered<List<Value>>, Error> {
    Ok(list_of(schema::documents(client.links())))
}

async fn get_scim_schema(
    _: State<App>,
    client: Provisioner,
    Id(id): Id<String>,
) -> Result<Answered<Value>, Error> {
    with_id(schema::documents(client.links()), &id)
}

fn resource_types(client: &Provisioner) -> Vec<Value> {
    let one = |name: &str, about: &str, endpoint: &str| {
        let location = client.links().to(format_args!("/scim/v2/ResourceTypes/{name}")).href;
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": name,
            "name": name,
            "description": about,
            "endpoint": endpoint,
            "schema": format!("urn:ietf:params:scim:schemas:core:2.0:{name}"),
            "meta": {"resourceType": "ResourceType", "location": location},
        })
    };
    vec![one("User", "A user", "/Users"), one("Group", "A group of identity providers", "/Groups")]
}

async fn list_scim_resource_types(
    _: State<App>,
    client: Provisioner,
) -> Result<Answered<List<Value>>, Error> {
    Ok(list_of(resource_types(&client)))
}

async fn get_scim_resource_type(
    _: State<App>,
    client: Provisioner,
    Id(id): Id<String>,
) -> Result<Answered<Value>, Error> {
    with_id(resource_types(&client), &id)
}

async fn search_scim(_: State<App>, _: Provisioner) -> Result<NotSupported, Error> {
    Ok(NotSupported)
}

async fn send_scim_bulk(_: State<App>, _: Provisioner) -> Result<NotSupported, Error> {
    Ok(NotSupported)
}

async fn get_scim_me(_: State<App>, _: Provisioner) -> Result<NotSupported, Error> {
    Ok(NotSupported)
}
