//! Which requests are there for webhooks?

use axum::{extract::State, http::Uri};
use rolecall_engine::{events::EventLevel, ids::WebhookId};

use super::{
    GivenOp,
    sql::{self, Selection},
    wire::{EventTypes, NewWebhook, Webhook},
};
use crate::{
    app::App,
    caller::{Bearer, Caller},
    error::Error,
    http::{
        extract::{Body, Id},
        operation::{Operation, delete, get, patch, post, put},
        page::{CURSORS, LIMIT, Page, Paging, Shape, Style},
        patch::Patch,
        query::{Pairs, Parameter, Parameters, Query},
        respond::{Created, Done, Shown},
    },
};

const WEBHOOKS: &str = "/api/v1/webhooks";
const EVENT_TYPES: &str = "/api/v1/webhooks/event-types";
const WEBHOOK: &str = "/api/v1/webhooks/{id}";

pub fn operations() -> Vec<Operation> {
    vec![
        get(WEBHOOKS, "List webhooks", list_webhooks),
        post(WEBHOOKS, "Make a webhook", create_webhook),
        get(EVENT_TYPES, "List the types of events", list_event_types),
        get(WEBHOOK, "Get a webhook", get_webhook),
        put(WEBHOOK, "Put other settings in place of a webhook's", put_webhook),
        patch(WEBHOOK, "Change a webhook", patch_webhook),
        delete(WEBHOOK, "Delete a webhook", delete_webhook),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "-createdAt", style: Style::Cursor };

/// Values that a parameter with commas may have.
const VALUES: usize = 100;

struct ListWebhooks(Selection, Paging);

const SELECTION: &[Parameter] = &[
    Parameter::text("createdByUserId", "Who made it"),
    Parameter::text("updatedByUserId", "Who changed it last"),
    Parameter::text("ownerId", "Whose it is"),
    Parameter::text("enabled", "`true` or `false`"),
    Parameter::text("eventTypes", "One of these types, with commas between"),
    Parameter::text("level", "`tenant` or `user`"),
    Parameter::text("name", "The name, in any case; `*` stands for any characters"),
    Parameter::text("url", "The address, the same way"),
    Parameter::text("origins", "One of these origins, with commas between"),
];

impl Parameters for ListWebhooks {
    fn parameters() -> Vec<Parameter> {
        [SELECTION, LIMIT, CURSORS].concat()
    }

    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        let text = |name: &str| pairs.get(name).map(str::to_owned);
        let enabled = pairs.get("enabled").map(|_| pairs.flag("enabled")).transpose()?;
        let selection = Selection {
            created_by: text("createdByUserId"),
            updated_by: text("updatedByUserId"),
            owner: text("ownerId"),
            enabled,
            event_types: list(&pairs, "eventTypes")?,
            level: pairs.parse("level")?,
            name: text("name"),
            url: text("url"),
            origins: list(&pairs, "origins")?,
        };
        for origin in &selection.origins {
            let known = origin.parse::<rolecall_engine::webhooks::WebhookOrigin>();
            known.map_err(|error| Error::at_parameter("origins", error))?;
        }
        Ok(Self(selection, Paging::read(pairs, uri)?))
    }
}

fn list(pairs: &Pairs, name: &str) -> Result<Vec<String>, Error> {
    let texts: Vec<String> =
        pairs.get(name).into_iter().flat_map(|text| text.split(',')).map(str::to_owned).collect();
    if texts.len() > VALUES {
        return Err(Error::at_parameter(name, format!("must not have more than {VALUES} values")));
    }
    Ok(texts)
}

async fn list_webhooks(
    State(app): State<App>,
    caller: Caller<Bearer>,
    Query(ListWebhooks(selection, paging)): Query<ListWebhooks>,
) -> Result<Shown<Page<Webhook>>, Error> {
    let keyset = paging.keyset(&app, &caller, &SHAPE)?;
    let found = super::list(&app, &caller, selection, keyset).await?;
    paging.page(&app, &caller, &SHAPE, found.map(|webhook| Webhook::from(&webhook))).map(Shown)
}

async fn create_webhook(
    State(app): State<App>,
    caller: Caller<Bearer>,
    Body(new): Body<NewWebhook>,
) -> Result<Created<Webhook>, Error> {
    super::standing(&caller)?;
    let (level, origin, given) = new.read()?;
    let level = level.unwrap_or(EventLevel::Tenant);
    let made = super::create(&app, &caller, (level, origin), given).await?;
    let at = caller.links().to(format_args!("/api/v1/webhooks/{}", made.id));
    Ok(Created { body: Webhook::from(&made), at })
}

async fn list_event_types(caller: Caller<Bearer>) -> Result<Shown<EventTypes>, Error> {
    super::standing(&caller)?;
    Ok(Shown(EventTypes::all()))
}

async fn get_webhook(
    State(app): State<App>,
    caller: Caller<Bearer>,
    Id(id): Id<WebhookId>,
) -> Result<Shown<Webhook>, Error> {
    super::get(&app, &caller, id).await.map(|webhook| Shown(Webhook::from(&webhook)))
}

async fn put_webhook(
    State(app): State<App>,
    caller: Caller<Bearer>,
    Id(id): Id<WebhookId>,
    Body(new): Body<NewWebhook>,
) -> Result<Shown<Webhook>, Error> {
    let (level, _, given) = new.read()?;
    super::replace(&app, &caller, id, level, given).await.map(|webhook| Shown(Webhook::from(&webhook)))
}

async fn patch_webhook(
    State(app): State<App>,
    caller: Caller<Bearer>,
    Id(id): Id<WebhookId>,
    Patch(ops): Patch<GivenOp>,
) -> Result<Done, Error> {
    super::patch(&app, &caller, id, ops).await.map(|()| Done)
}

async fn delete_webhook(
    State(app): State<App>,
    caller: Caller<Bearer>,
    Id(id): Id<WebhookId>,
) -> Result<Done, Error> {
    super::delete(&app, &caller, id).await.map(|()| Done)
}
