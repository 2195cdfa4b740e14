//! Which requests are there for inviting people?

use axum::extract::State;

use super::wire::{Invitations, Results};
use crate::{
    app::App,
    caller::{Administrator, Caller},
    error::Error,
    http::{
        extract::Body,
        operation::{Operation, post},
        respond::EachDone,
    },
};

pub fn operations() -> Vec<Operation> {
    vec![post("/api/v1/users/actions/invite", "Invite people", invite_users)]
}

async fn invite_users(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Body(body): Body<Invitations>,
) -> Result<EachDone<Results>, Error> {
    super::invite_all(&app, &caller, body.read()?).await.map(|outcomes| EachDone(outcomes.into()))
}
