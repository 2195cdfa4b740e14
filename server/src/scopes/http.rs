//! Which requests are there for scopes?

use axum::extract::State;

use super::wire;
use crate::{
    app::App,
    caller::{Caller, Member},
    error::Error,
    http::{
        operation::{Operation, get},
        page::{Page, whole},
        respond::Shown,
    },
};

const PATH: &str = "/rolecall/v1/scopes";

pub fn operations() -> Vec<Operation> {
    vec![get(PATH, "List the scopes of the catalogue", list_scopes)]
}

async fn list_scopes(
    State(app): State<App>,
    caller: Caller<Member>,
) -> Result<Shown<Page<wire::Scope>>, Error> {
    let scopes = app.catalogue.scopes().map(|scope| wire::Scope::new(scope, &app.catalogue));
    Ok(Shown(whole(caller.links(), PATH, scopes.collect())))
}
