//! What would a change do? The answer to `Prefer: preview` (RFC 7240).

use std::collections::BTreeMap;

use rolecall_engine::{
    access::{Counts, Impact, UserImpact},
    ids::UserId,
    names::Email,
    scopes::ScopeName,
    users::User,
};
use schemars::JsonSchema;
use serde::Serialize;

/// What a change would do. It was not made.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// Whether anything would be stored at all.
    pub changes: bool,
    /// Users who could do more or less than now.
    pub affected_users: usize,
    /// The scopes that somebody would gain or lose.
    pub scopes: Vec<ScopePreview>,
    /// At most 100 of the affected users.
    pub users: Vec<UserPreview>,
    /// Active users who administer the tenant; for administrators, and where something would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administrators: Option<AdministratorsPreview>,
}

/// A scope that somebody would gain or lose.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ScopePreview {
    /// The scope.
    pub scope: String,
    /// Users who would gain it.
    pub gain: usize,
    /// Users who would lose it.
    pub lose: usize,
}

/// What a user would gain and lose.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UserPreview {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The name to show; none for a user who is not there yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Scopes the user would gain.
    pub gains: Vec<String>,
    /// Scopes the user would lose.
    pub loses: Vec<String>,
}

/// How many active users administer the tenant.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AdministratorsPreview {
    /// Now.
    pub before: usize,
    /// If the change were made.
    pub after: usize,
}

impl Preview {
    /// The preview of an edit that stores something or does not; `people` are those of the users who are there now.
    pub fn new(changes: bool, impact: &Impact, people: &[User], for_administrator: bool) -> Self {
        let people: BTreeMap<UserId, &User> = people.iter().map(|user| (user.id, user)).collect();
        let scope = |(scope, Counts { gain, lose }): (&ScopeName, &Counts)| ScopePreview {
            scope: scope.to_string(),
            gain: *gain,
            lose: *lose,
        };
        let user = |UserImpact { user, gains, loses }: &UserImpact| {
            let known = people.get(user);
            UserPreview {
                id: user.to_string(),
                name: known.map(|user| user.name.to_string()),
                email: known.and_then(|user| user.email.as_ref()).map(Email::to_string),
                gains: gains.iter().map(ToString::to_string).collect(),
                loses: loses.iter().map(ToString::to_string).collect(),
            }
        };
        let [before, after] = impact.administrators;
        Self {
            changes,
            affected_users: impact.affected,
            scopes: impact.scopes.iter().map(scope).collect(),
            users: impact.users.iter().map(user).collect(),
            administrators: (changes && for_administrator).then_some(AdministratorsPreview { before, after }),
        }
    }
}
