//! How far does a token reach? (reference/access-control.md §1.1)

use alloc::vec::Vec;

use crate::{
    access::{Decision, Denial, Query, Snapshot, decide},
    catalogue::Catalogue,
    scopes::{Level, ScopeName, ScopeSet},
};

/// The scope that stands for all scopes of users, whichever they are at the time.
pub const USER_DEFAULT: &str = "user_default";
/// The scope that stands for all scopes of administrators, whichever they are at the time.
pub const ADMIN_CLASSIC: &str = "admin_classic";
/// The scope that asks for a token to get further tokens by. It allows nothing.
pub const OFFLINE_ACCESS: &str = "offline_access";

/// The scope that asks for a token that says who the user is (OpenID Connect Core 1.0 §3.1.2.1). It allows nothing.
pub const OPENID: &str = "openid";
/// The scopes that ask for more than that (OpenID Connect Core 1.0 §5.4). They allow nothing.
pub const PROFILE: &str = "profile";
/// See [`PROFILE`].
pub const EMAIL: &str = "email";

/// What a token allows at most. It adds nothing to what its user is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    users: bool,
    administrators: bool,
    told: Option<Told>,
    scopes: ScopeSet,
}

/// What a token lets its client know of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Name, picture, language and groups.
    pub profile: bool,
    /// The address.
    pub email: bool,
}

impl Reach {
    /// The reach of scopes with these names, those they include among them. Names that are not known reach nothing.
    #[must_use]
    pub fn new(catalogue: &Catalogue, names: &[ScopeName]) -> Self {
        let has = |umbrella: &str| names.iter().any(|name| name.as_str() == umbrella);
        Self {
            users: has(USER_DEFAULT),
            administrators: has(ADMIN_CLASSIC),
            told: has(OPENID).then(|| Told { profile: has(PROFILE), email: has(EMAIL) }),
            scopes: catalogue.set(names.iter().map(ScopeName::as_str)),
        }
    }

    /// Whether the token reaches a scope. Scopes that are not in the catalogue are scopes of users. To make API keys, which allow
    /// all that their user may do, a token must reach all of it too.
    #[must_use]
    pub fn allows(&self, tenant: &Snapshot, scope: &str) -> bool {
        if scope == Catalogue::API_KEYS {
            return self.is_whole();
        }
        let Some(at) = tenant.scope(scope) else { return false };
        let level = tenant.catalogue().scope(at).map_or(Level::User, |scope| scope.level);
        let umbrella = match level {
            Level::User => self.users,
            Level::Admin => self.administrators,
        };
        umbrella || self.scopes.contains(at)
    }

    /// What the client may know of the user; none if not even who it is.
    #[must_use]
    pub const fn told(&self) -> Option<Told> {
        self.told
    }

    /// Whether the token reaches all that its user may do.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.users && self.administrators
    }

    /// Whether the token may be used for what every user may do.
    #[must_use]
    pub const fn is_general(&self) -> bool {
        self.users || self.administrators
    }
}

/// What bounds somebody who asks, besides what the user is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bounds {
    /// Nothing: an API key allows all that its user may do.
    None,
    /// A token's scopes, which only narrow.
    Token(Reach),
    /// A session: exactly what was granted when it began, sorted (reference/access-control.md §1.2).
    Session(Vec<ScopeName>),
}

impl Bounds {
    /// Whether all that the user may do is within them.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        match self {
            Self::None | Self::Session(_) => true,
            Self::Token(reach) => reach.is_whole(),
        }
    }

    /// Whether they let through what every user may do.
    #[must_use]
    pub const fn is_general(&self) -> bool {
        match self {
            Self::None | Self::Session(_) => true,
            Self::Token(reach) => reach.is_general(),
        }
    }
}

/// Answers a question that somebody asks within bounds. Whoever is not active may do nothing within any.
#[must_use]
pub fn decide_within(tenant: &Snapshot, query: &Query<'_>, bounds: &Bounds) -> Decision {
    match (decide(tenant, query), bounds) {
        (Decision::Allowed(_), Bounds::Token(reach)) if !reach.allows(tenant, query.scope) => {
            Decision::Denied(Denial::NotReached)
        }
        (decision @ (Decision::Allowed(_) | Decision::Denied(Denial::NotGranted)), Bounds::Session(kept)) => {
            let kept = kept.binary_search_by(|name| name.as_str().cmp(query.scope)).is_ok();
            match (kept, decision) {
                (true, Decision::Allowed(_)) => decision,
                (true, _) => Decision::Kept,
                (false, Decision::Allowed(_)) => Decision::Denied(Denial::NotReached),
                (false, _) => decision,
            }
        }
        (decision, _) => decision,
    }
}
