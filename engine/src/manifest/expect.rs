//! May those do what they should, and nobody what they should not?

use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};

use super::{Holdings, Why, names::find_user};
use crate::{
    access::{Query, Revision, Snapshot, decide, explain},
    change::{Change, Delta},
    ids::{RoleId, UserId},
    names::{DisplayName, RoleName, Subject},
    periods::Assigned,
    users::{User, UserStatus},
};

/// What is expected of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Of whom.
    pub who: Who,
    /// Scopes they may use.
    pub can: Vec<String>,
    /// Scopes they may not use.
    pub cannot: Vec<String>,
    /// The role that gives each of what they may use, if that is said.
    pub because: Option<RoleName>,
}

/// Of whom something is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A user of the tenant, by subject or by e-mail address.
    User(String),
    /// Anybody with these direct roles and none besides; with none, a plain user.
    Holder(Vec<RoleName>),
}

/// What came of one expectation of one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was expected, in words.
    pub expected: String,
    /// What is the case instead, if it is not as expected.
    pub failure: Option<String>,
}

/// Looks whether a tenant is as expected.
#[must_use]
pub fn examine(holdings: &Holdings, expectation: &Expectation) -> Vec<Outcome> {
    let (name, found) = match &expectation.who {
        Who::User(text) => (
            alloc::format!("`{text}`"),
            find_user(holdings, text).map(|user| (holdings.snapshot.clone(), user)),
        ),
        Who::Holder(roles) => (holder_of(roles), with_holder(holdings, roles)),
    };
    let can = expectation.can.iter().map(|scope| (scope, true));
    let cannot = expectation.cannot.iter().map(|scope| (scope, false));
    can.chain(cannot)
        .map(|(scope, expected)| {
            let (verb, because) = match (&expectation.because, expected) {
                (Some(role), true) => ("can", alloc::format!(" because of `{role}`")),
                (_, true) => ("can", String::new()),
                (_, false) => ("cannot", String::new()),
            };
            let failure = match &found {
                Ok((tenant, user)) => fault(tenant, *user, scope, expected, expectation.because.as_ref()),
                Err(why) => Some(why.to_string()),
            };
            Outcome { expected: alloc::format!("{name} {verb} `{scope}`{because}"), failure }
        })
        .collect()
}

fn holder_of(roles: &[RoleName]) -> String {
    if roles.is_empty() {
        String::from("a user without roles")
    } else {
        alloc::format!("a user with {}", super::listed(roles))
    }
}

fn fault(
    tenant: &Snapshot,
    user: UserId,
    scope: &str,
    expected: bool,
    because: Option<&RoleName>,
) -> Option<String> {
    // Whatever nobody knows is denied, which would let an expectation with a slip of the pen come true.
    if tenant.scope(scope).is_none() {
        return Some(alloc::format!("the tenant knows no scope `{scope}`"));
    }
    let query = Query { user, scope };
    let (allowed, explained) = (decide(tenant, &query).is_allowed(), explain(tenant, &query));
    match (allowed, expected, because) {
        (true, true, Some(role)) if !explained.ways.iter().any(|way| way.role.name == *role) => {
            Some(explained.to_string())
        }
        (true, false, _) => {
            let ways: Vec<String> = explained.ways.iter().map(ToString::to_string).collect();
            Some(alloc::format!("granted {}", ways.join(", and ")))
        }
        (false, true, _) => Some(explained.to_string()),
        _ => None,
    }
}

/// A tenant with somebody more in it, who has some roles.
fn with_holder(holdings: &Holdings, roles: &[RoleName]) -> Result<(Snapshot, UserId), Why> {
    let mut ids: Vec<RoleId> = Vec::new();
    for name in roles {
        let role = holdings.snapshot.role_named(name).ok_or_else(|| Why::UnknownRole(name.to_string()))?;
        ids.push(role.id);
    }
    let id = UserId::new(u32::MAX, [0xff; 8]);
    let at = holdings.snapshot.moment();
    let user = User {
        id,
        subject: Subject::stored(String::from("\u{0}somebody")),
        name: DisplayName::stored(String::from("somebody")),
        email: None,
        picture: None,
        locale: None,
        zoneinfo: None,
        preferred_locale: None,
        preferred_zoneinfo: None,
        status: UserStatus::Active,
        invite_expires_at: None,
        client_id: None,
        provider: None,
        profile: None,
        roles: ids.into_iter().map(Assigned::from).collect(),
        groups: Vec::new(),
        created_at: at,
        updated_at: at,
    };
    let change = Change::User(Box::new(Delta::Created(user)));
    let revision = Revision(holdings.snapshot.revision().0 + 1);
    Ok((holdings.snapshot.apply(revision, at, &[change]), id))
}
