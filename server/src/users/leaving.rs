//! What ends with a user who is deleted or shut out? Each end is a change of its own, with its audit row.

use rolecall_engine::{
    api_keys::ApiKey,
    change::Edited,
    ids::UserId,
    oauth::{OAuthConsent, OAuthGrant, OAuthToken},
    passwords::Password,
    sessions::Session,
    spaces::{Space, SpaceAssignment},
    users::{User, UserStatus},
    webhooks::Webhook,
};

use crate::{
    api_keys::sql as api_keys, error::Error, login::sql as sessions, oauth::sql as oauth,
    oauth_tokens::sql as tokens, space_assignments::sql as assignments, spaces::sql as spaces,
    webhooks::sql as webhooks, write::WriteTx,
};

/// The end of all that is a user's: the API keys are revoked and stay listed, the spaces stay without an owner, and nothing else is left.
///
/// # Errors
/// When the database cannot be read.
pub async fn belongings(tx: &WriteTx<'_>, user: UserId) -> Result<Edited<()>, Error> {
    let (reader, editor) = (tx.reader(), tx.editor());
    let ends = [
        Edited::of_each(tokens::of_user(reader, user).await?, OAuthToken::revoke),
        Edited::of_each(oauth::of_user(reader, user).await?, |grant: OAuthGrant| grant.end(Vec::new())),
        Edited::of_each(oauth::consents_of_user(reader, user).await?, OAuthConsent::take_back),
        Edited::of_each(sessions::of_user(reader, user).await?, Session::end),
        Edited::of_each(sessions::password(reader, user).await?, Password::forget),
        Edited::of_each(webhooks::of_user(reader, user).await?, Webhook::delete),
        Edited::of_each(assignments::of_user(reader, user).await?, SpaceAssignment::end),
        Edited::of_each(spaces::of_owner(reader, user).await?, |space: Space| space.disown(editor)),
        Edited::of_each(api_keys::of_user(reader, user).await?, |key: ApiKey| key.revoke(editor)),
    ];
    Ok(ends.into_iter().fold(Edited::unchanged(()), Edited::and))
}

/// An edit of a user, and the end of the sessions of one who is shut out by it. Whoever is let in again later logs in again.
///
/// # Errors
/// When the database cannot be read.
pub async fn with_sessions(tx: &WriteTx<'_>, edited: Edited<User>) -> Result<Edited<User>, Error> {
    let ends = edited.value.status == UserStatus::Disabled && !edited.changes.is_empty();
    let ended = if ends { sessions::of_user(tx.reader(), edited.value.id).await? } else { Vec::new() };
    Ok(Edited::of_each(ended, Session::end).then(edited))
}
