//! Which requests are there for assignments?

use axum::extract::State;
use rolecall_engine::ids::UserId;

use super::wire::{Assignments, NewAssignment};
use crate::{
    app::App,
    caller::{Administrator, Caller, Member},
    error::Error,
    http::{
        extract::{Body, Id},
        operation::{Operation, get, post},
        respond::{Done, Shown},
    },
};

pub fn operations() -> Vec<Operation> {
    vec![
        get(
            "/rolecall/v1/users/{id}/assignments",
            "Get the roles and groups of a user, and for which time",
            get_assignments,
        ),
        post(
            "/rolecall/v1/users/{id}/assignments",
            "Assign a role or a group to a user for some time",
            assign_to_user,
        ),
    ]
}

async fn get_assignments(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<UserId>,
) -> Result<Shown<Assignments>, Error> {
    let tenant = super::of_user(&caller, id)?;
    Ok(Shown(Assignments::new(&tenant, id, app.clock.now())))
}

async fn assign_to_user(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Id(id): Id<UserId>,
    Body(new): Body<NewAssignment>,
) -> Result<Done, Error> {
    super::assign(&app, &caller, id, new.read()?).await.map(|()| Done)
}
