//! Which requests are there for deliveries?

use axum::{extract::State, http::Uri};
use rolecall_engine::ids::{DeliveryId, WebhookId};

use super::{
    sql::{self, Selection},
    wire::Delivery,
};
use crate::{
    app::App,
    caller::{Bearer, Caller},
    error::Error,
    http::{
        extract::{Id, Ids},
        operation::{Operation, get, post},
        page::{CURSORS, LIMIT, Page, Paging, Shape, Style},
        query::{Pairs, Parameter, Parameters, Query},
        respond::{Made, Shown},
    },
};

const DELIVERIES: &str = "/api/v1/webhooks/{id}/deliveries";
const DELIVERY: &str = "/api/v1/webhooks/{id}/deliveries/{deliveryId}";
const RESEND: &str = "/api/v1/webhooks/{id}/deliveries/{deliveryId}/actions/resend";

pub fn operations() -> Vec<Operation> {
    vec![
        get(DELIVERIES, "List what was sent to a webhook", list_deliveries),
        get(DELIVERY, "Get something that was sent to a webhook", get_delivery),
        post(RESEND, "Send something to a webhook once more", resend_delivery).refusing(&[400]),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "-triggeredAt", style: Style::Cursor };

struct ListDeliveries(Selection, Paging);

const SELECTION: &[Parameter] = &[
    Parameter::text("eventType", "The type of the event"),
    Parameter::text("status", "How the last attempt ended: `success` or `fail`"),
];

impl Parameters for ListDeliveries {
    fn parameters() -> Vec<Parameter> {
        [SELECTION, LIMIT, CURSORS].concat()
    }

    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        let text = |name: &str| pairs.get(name).map(str::to_owned);
        let selection = Selection { event_type: text("eventType"), status: text("status") };
        if selection.status.as_deref().is_some_and(|status| !["success", "fail"].contains(&status)) {
            return Err(Error::at_parameter("status", "must be `success` or `fail`"));
        }
        Ok(Self(selection, Paging::read(pairs, uri)?))
    }
}

async fn list_deliveries(
    State(app): State<App>,
    caller: Caller<Bearer>,
    Id(id): Id<WebhookId>,
    Query(ListDeliveries(selection, paging)): Query<ListDeliveries>,
) -> Result<Shown<Page<Delivery>>, Error> {
    let keyset = paging.keyset(&app, &caller, &SHAPE)?;
    let found = super::list(&app, &caller, id, selection, keyset).await?.map(Delivery::new);
    paging.page(&app, &caller, &SHAPE, found).map(Shown)
}

async fn get_delivery(
    State(app): State<App>,
    caller: Caller<Bearer>,
    Ids(id, delivery): Ids<WebhookId, DeliveryId>,
) -> Result<Shown<Delivery>, Error> {
    super::get(&app, &caller, id, delivery).await.map(Delivery::new).map(Shown)
}

async fn resend_delivery(
    State(app): State<App>,
    caller: Caller<Bearer>,
    Ids(id, delivery): Ids<WebhookId, DeliveryId>,
) -> Result<Made<Delivery>, Error> {
    super::resend(&app, &caller, id, delivery).await.map(Delivery::new).map(Made)
}
