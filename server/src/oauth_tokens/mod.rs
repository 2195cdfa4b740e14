//! Tokens of OAuth clients: who speaks for whom at this time. (reference/rest-api.md §7.1)

pub mod http;
pub mod sql;
mod wire;

use rolecall_engine::{
    ids::{OAuthTokenId, UserId},
    oauth::OAuthToken,
    refusal::Rule,
};

use crate::{
    app::App,
    caller::{Caller, Member, Permission},
    db::{Found, Keyset, Reader},
    error::Error,
    write::WriteTx,
};

/// A page of the tokens that the caller may see: all for an administrator, else the own ones.
pub async fn list(
    app: &App,
    caller: &Caller<Member>,
    user: Option<UserId>,
    keyset: Keyset,
) -> Result<Found<OAuthToken>, Error> {
    let user = if caller.is_administrator() {
        user
    } else if user.is_some_and(|user| user != caller.user()) {
        return Err(Rule::TokensOfOthers.into());
    } else {
        Some(caller.user())
    };
    let now = app.clock.now();
    let work = async move |reader: &Reader<'_>| sql::page(reader, user, now, &keyset).await;
    app.db.scan(caller.tenant_id(), work).await
}

/// Ends a token of the caller; for administrators, anybody's.
pub async fn revoke<P: Permission>(app: &App, caller: &Caller<P>, id: OAuthTokenId) -> Result<(), Error> {
    let edit = async move |tx: &WriteTx<'_>| {
        let token = sql::find(tx.reader(), id).await?;
        let visible = token.filter(|token| tx.editor().administrator || Some(token.user) == tx.editor().user);
        Ok(visible.ok_or(Error::NotFound)?.revoke())
    };
    caller.write(app, edit).await
}
