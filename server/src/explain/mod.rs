//! Explanations: who may what, by which ways, and what would take it away? (`/rolecall/v1/access`)

pub mod http;
mod impact;
mod wire;

use std::{collections::HashMap, sync::Arc};

use rolecall_engine::{
    access::{Query, Snapshot, Way, explain},
    catalogue::Catalogue,
    ids::{RoleId, UserId},
    names::RoleName,
    time::Timestamp,
};
use wire::{Comparison, Effective, Explanation, Holder, Person, Source};

use crate::{
    app::App,
    caller::{Caller, Evaluator, Member},
    error::Error,
    snapshots,
    users::sql as users,
};

/// The user whom a request means: by identifier, subject or address.
fn meant(tenant: &Snapshot, text: &str) -> Option<UserId> {
    let by_id = UserId::from_hex(text).filter(|id| tenant.user(*id).is_some());
    by_id.or_else(|| tenant.user_with_subject(text)).or(match tenant.users_with_email(text) {
        [user] => Some(*user),
        _ => None,
    })
}

/// The user whom a request means, or the caller. Others are for those who may ask about them.
fn asked_about(caller: &Caller<Member>, text: Option<&str>) -> Result<Option<UserId>, Error> {
    let user = text.map_or(Some(caller.user()), |text| meant(caller.tenant(), text));
    if user != Some(caller.user()) {
        caller.require(Catalogue::EVALUATE)?;
    }
    Ok(user)
}

/// Users with what people know them by.
async fn people(
    app: &App,
    caller: &Caller<impl Sized>,
    ids: Vec<UserId>,
) -> Result<HashMap<UserId, Person>, Error> {
    let work = async move |reader: &crate::db::Reader<'_>, tenant: &Snapshot| {
        users::with_ids(reader, tenant, &ids).await
    };
    let (_, users) = snapshots::read(app, caller.tenant_id(), work).await?;
    Ok(users.iter().map(|user| (user.id, Person::from(user))).collect())
}

async fn person(app: &App, caller: &Caller<impl Sized>, id: UserId) -> Result<Person, Error> {
    people(app, caller, vec![id]).await?.remove(&id).ok_or(Error::NotFound)
}

/// The caller's tenant as it is at a time, or now.
fn tenant_at(caller: &Caller<Member>, at: Option<Timestamp>) -> Arc<Snapshot> {
    at.map_or_else(|| Arc::clone(caller.tenant()), |at| Arc::new(caller.tenant().at(at)))
}

/// Why a user may use a scope, or may not.
async fn explanation(
    app: &App,
    caller: &Caller<Member>,
    user: Option<&str>,
    scope: &str,
    at: Option<Timestamp>,
) -> Result<Explanation, Error> {
    let user = asked_about(caller, user)?;
    let known = match user {
        Some(user) => Some(person(app, caller, user).await?),
        None => None,
    };
    let tenant = &tenant_at(caller, at);
    // An identifier that nobody has stands for whoever is not there.
    let user = user.unwrap_or(UserId::new(0, [0; 8]));
    let sees_roles = caller.require(Catalogue::EVALUATE).is_ok();
    Ok(Explanation::new(explain(tenant, &Query { user, scope }), scope, known, tenant, sees_roles))
}

/// Everything a user is granted.
async fn effective(
    app: &App,
    caller: &Caller<Member>,
    user: Option<&str>,
    at: Option<Timestamp>,
) -> Result<Effective, Error> {
    let user = asked_about(caller, user)?.ok_or(Error::NotFound)?;
    let tenant = &tenant_at(caller, at);
    Ok(Effective {
        user: person(app, caller, user).await?,
        scopes: wire::scopes_of(tenant, user),
        revision: tenant.revision().0,
    })
}

/// What two users are granted.
async fn comparison(
    app: &App,
    caller: &Caller<Evaluator>,
    user: &str,
    with: &str,
) -> Result<Comparison, Error> {
    let find = |name, text| {
        meant(caller.tenant(), text).ok_or_else(|| Error::at_parameter(name, "there is no such user"))
    };
    let (one, other) = (find("user", user)?, find("with", with)?);
    let (mut ones, mut others) =
        (wire::scopes_of(caller.tenant(), one), wire::scopes_of(caller.tenant(), other));
    // Both are sorted.
    let has = |scopes: &[wire::GrantedScope], scope: &str| {
        scopes.binary_search_by(|known| known.scope.as_str().cmp(scope)).is_ok()
    };
    let names = ones.iter().map(|scope| scope.scope.clone());
    let both: Vec<String> = names.filter(|scope| has(&others, scope)).collect();
    ones.retain(|scope| both.binary_search(&scope.scope).is_err());
    others.retain(|scope| both.binary_search(&scope.scope).is_err());
    Ok(Comparison {
        user: person(app, caller, one).await?,
        with: person(app, caller, other).await?,
        only_user: ones,
        only_with: others,
        both,
    })
}

/// What a list of users is about.
#[derive(Debug, Clone)]
enum Sought {
    /// Whoever may use a scope.
    Scope(String),
    /// Whoever has a role.
    Role(RoleId),
}

impl Sought {
    /// A scope by name.
    fn scope(tenant: &Snapshot, name: String) -> Result<Self, Error> {
        let unknown = "there is no such scope; see `/rolecall/v1/scopes`";
        tenant.scope(&name).ok_or_else(|| Error::at_parameter("scope", unknown))?;
        Ok(Self::Scope(name))
    }

    /// A role by identifier or name.
    fn role(tenant: &Snapshot, text: &str) -> Result<Self, Error> {
        let by_name = || RoleName::new(text).ok().and_then(|name| tenant.role_named(&name));
        let role = RoleId::from_hex(text).and_then(|id| tenant.role(id)).or_else(by_name);
        role.map(|role| Self::Role(role.id))
            .ok_or_else(|| Error::at_parameter("role", "there is no such role"))
    }
}

/// Active users who have what is sought, by this kind of way if one is given, behind one of them; and the last
/// of them if there are more.
async fn holders(
    app: &App,
    caller: &Caller<Evaluator>,
    sought: Sought,
    source: Option<Source>,
    (after, limit): (Option<UserId>, usize),
) -> Result<(Vec<Holder>, Option<UserId>), Error> {
    let tenant = Arc::clone(caller.tenant());
    // Going through all users may take milliseconds.
    let find = move || -> Vec<(UserId, Vec<wire::Way>)> {
        let wanted = |way: &Way<'_>| source.is_none_or(|source| Source::from(way.path) == source);
        let scope = match &sought {
            Sought::Scope(scope) => tenant.scope(scope),
            Sought::Role(_) => None,
        };
        let found = tenant.active_users_with(after, |user| match (&sought, scope) {
            (Sought::Role(role), _) => {
                tenant.ways_to(user, *role).filter(wanted).take(wire::WAYS).map(wire::Way::from).collect()
            }
            (Sought::Scope(_), Some(scope)) => {
                tenant.ways(user, scope).filter(wanted).take(wire::WAYS).map(wire::Way::from).collect()
            }
            (Sought::Scope(_), None) => Vec::new(),
        });
        found.take(limit + 1).collect()
    };
    let mut found = tokio::task::spawn_blocking(find).await.map_err(Error::internal)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|(id, _)| *id).filter(|_| more);
    let mut people = people(app, caller, found.iter().map(|(id, _)| *id).collect()).await?;
    // Whoever was deleted meanwhile is left out.
    let holder = |(id, grants)| people.remove(&id).map(|user| Holder { user, grants });
    Ok((found.into_iter().filter_map(holder).collect(), last))
}
