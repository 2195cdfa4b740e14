//! Invitations: who is asked to join, and by which letter. (reference/rest-api.md §3.4)

pub mod http;
mod wire;

use std::{collections::HashMap, time::Duration};

use futures_util::{StreamExt as _, stream};
use rolecall_engine::{
    change::{Change, Edited},
    ids::{TenantId, UserId},
    invitations::{Invitation, Invited, Invitee, invite},
    names::fold,
    refusal::Refusal,
    users::User,
};
use tokio::time::{Instant, timeout_at};
use wire::{Outcome, letter};

use crate::{
    app::App,
    caller::{Administrator, Caller},
    credentials::invitation::token,
    error::Error,
    licenses::sql as licenses,
    links::Links,
    mail::NotSent,
    users::sql as users,
    write::WriteTx,
};

/// How long all letters of a request may take together, and how many are on their way at once.
const SENDING: Duration = Duration::from_secs(30);
const AT_ONCE: usize = 8;

/// Invites several people, each for itself, in one change. Letters are sent when that is stored; who gets none is invited
/// nonetheless, and can be invited again.
pub async fn invite_all(
    app: &App,
    caller: &Caller<Administrator>,
    invitees: Vec<Result<Invitee, Outcome>>,
) -> Result<Vec<Outcome>, Error> {
    let tenant = caller.tenant_id();
    // How often somebody is written to is bounded by address, whoever wants it.
    let bounded = invitees.into_iter().map(|invitee| {
        let invitee = invitee?;
        let counted = app.letters.count(tenant, invitee.email.as_str());
        if counted { Ok(invitee) } else { Err(Outcome::TooOften(invitee.email)) }
    });
    let invitees: Vec<Result<Invitee, Outcome>> = bounded.collect();
    let (entropy, now) = (app.entropy, app.clock.now());
    let work = async move |tx: &WriteTx<'_>| {
        let mut done = Edited::unchanged(Vec::with_capacity(invitees.len()));
        let mut before: HashMap<String, Outcome> = HashMap::new();
        for invitee in invitees {
            let (outcome, changes) = match invitee {
                Err(refused) => (refused, Vec::new()),
                Ok(invitee) => match before.get(&fold(invitee.email.as_str())) {
                    Some(earlier) => (earlier.clone().again(), Vec::new()),
                    None => one(tx, invitee, entropy.user_id(now), &mut before).await?,
                },
            };
            done.value.push(outcome);
            done.changes.extend(changes);
        }
        Ok(done)
    };
    let outcomes = caller.write(app, work).await?;
    Ok(send(app, caller.tenant_links(), caller.tenant().tenant().name.as_str(), tenant, outcomes).await)
}

/// Invites one of several people.
async fn one(
    tx: &WriteTx<'_>,
    invitee: Invitee,
    id: UserId,
    before: &mut HashMap<String, Outcome>,
) -> Result<(Outcome, Vec<Change>), Error> {
    let email = invitee.email.clone();
    let with_email = tx.tenant().users_with_email(email.as_str()).iter().copied();
    let with_subject = tx.tenant().user_with_subject(invitee.subject.as_str());
    let mut present: Vec<User> = Vec::new();
    for user in with_email.chain(with_subject) {
        present.extend(users::find(tx.reader(), tx.tenant(), user).await?);
    }
    let license = licenses::find(tx.reader(), &invitee.subject).await?;
    let done = invite(invitee, &present, license, id, tx.tenant(), tx.editor());
    let (outcome, changes) = match done {
        Ok(Edited { value: Invited::Now(user), changes }) => {
            (Outcome::Invited(email.clone(), Box::new(user)), changes)
        }
        Ok(Edited { value: Invited::Before(user), .. }) => {
            (Outcome::Exists(email.clone(), Box::new(user)), Vec::new())
        }
        Ok(Edited { value: Invited::Active, .. }) => (Outcome::Active(email.clone()), Vec::new()),
        Ok(Edited { value: Invited::Disabled, .. }) => (Outcome::Disabled(email.clone()), Vec::new()),
        Err(Refusal { rule, .. }) => (Outcome::wrong(email.as_str(), &rule), Vec::new()),
    };
    before.insert(fold(email.as_str()), outcome.clone());
    Ok((outcome, changes))
}

/// Writes to everybody who was invited, and says of whom it could not be done.
async fn send(app: &App, links: Links, name: &str, tenant: TenantId, outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let until = Instant::now() + SENDING;
    let sending = outcomes.into_iter().map(|outcome| {
        let links = &links;
        async move {
            let Outcome::Invited(email, user) = outcome else { return outcome };
            match timeout_at(until, write_to(app, links, name, tenant, &user)).await {
                Ok(Ok(())) => Outcome::Invited(email, user),
                Ok(Err(why)) => Outcome::NotSent(email, why.to_string()),
                Err(_) => Outcome::NotSent(email, NotSent::TooLate.to_string()),
            }
        }
    });
    stream::iter(sending).buffered(AT_ONCE).collect().await
}

/// Writes to a user who is invited.
async fn write_to(
    app: &App,
    links: &Links,
    name: &str,
    tenant: TenantId,
    user: &User,
) -> Result<(), NotSent> {
    let now = app.clock.now();
    let invitation = Invitation::of(user, now).ok_or(NotSent::Address)?;
    let token = token(&app.cookies, tenant, &invitation);
    let link = links.to(format_args!("/login/invitation?token={token}"));
    let sent = app.mail.send(letter(name, &link.href, &invitation)?, now).await;
    sent.inspect_err(|error| {
        let (user, cause) = (user.id, error.cause());
        tracing::warn!(%tenant, %user, %error, cause, "an invitation was not sent");
    })
}

/// Writes once more to a user whose invitation was renewed. That the letter was not sent is only said to the log: the
/// invitation is renewed in any case.
pub async fn remind(app: &App, links: Links, name: &str, tenant: TenantId, user: &User) {
    if user.email.as_ref().is_some_and(|email| app.letters.count(tenant, email.as_str())) {
        let until = Instant::now() + SENDING;
        let _ = timeout_at(until, write_to(app, &links, name, tenant, user)).await;
    }
}
