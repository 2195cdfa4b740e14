//! Which requests are there for tokens?

use axum::{extract::State, http::Uri};
use rolecall_engine::ids::{OAuthTokenId, UserId};

use super::{sql, wire::OAuthToken};
use crate::{
    app::App,
    caller::{Caller, Member},
    error::Error,
    http::{
        extract::Id,
        operation::{Operation, delete, get},
        page::{LIMIT, PAGE, Page, Paging, Shape, Style},
        query::{Pairs, Parameter, Parameters, Query},
        respond::{Done, Shown},
    },
};

pub fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/oauth-tokens", "List the caller's tokens; for administrators, all", list_oauth_tokens),
        delete(
            "/api/v1/oauth-tokens/{id}",
            "End a token of the caller; for administrators, anybody's",
            delete_oauth_token,
        ),
    ]
}

const SHAPE: Shape = Shape { sorts: sql::SORTS, default: "userId", style: Style::Page };

struct ListTokens {
    paging: Paging,
    user: Option<UserId>,
}

impl Parameters for ListTokens {
    fn parameters() -> Vec<Parameter> {
        [LIMIT, PAGE, &[Parameter::text("userId", "Tokens that speak for this user")]].concat()
    }
    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        Ok(Self { user: pairs.parse("userId")?, paging: Paging::read(pairs, uri)? })
    }
}

async fn list_oauth_tokens(
    State(app): State<App>,
    caller: Caller<Member>,
    Query(query): Query<ListTokens>,
) -> Result<Shown<Page<OAuthToken>>, Error> {
    let ListTokens { paging, user } = query;
    let keyset = paging.keyset(&app, &caller, &SHAPE)?;
    let found = super::list(&app, &caller, user, keyset).await?;
    let found = found.map(|token| OAuthToken::new(&token, caller.tenant_id()));
    paging.page(&app, &caller, &SHAPE, found).map(Shown)
}

async fn delete_oauth_token(
    State(app): State<App>,
    caller: Caller<Member>,
    Id(id): Id<OAuthTokenId>,
) -> Result<Done, Error> {
    super::revoke(&app, &caller, id).await.map(|()| Done)
}
