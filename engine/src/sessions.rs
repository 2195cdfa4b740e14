//! What is a session, and what may be done in it? (reference/auth.md §5, §6, reference/access-control.md §1.2)
//!
//! A session keeps what its user was granted at login. What is given or taken since counts from the next login on; a
//! session ends at once when its user is disabled or deleted.

use alloc::{boxed::Box, string::String, vec::Vec};

use sha2::{Digest as _, Sha256};

use crate::{
    access::Snapshot,
    change::{Change, Delta, Edited, Editor, Entity, created, deleted},
    ids::{IdpId, SessionId, UserId},
    refusal::{Rule, limits},
    scopes::{ScopeIndex, ScopeName},
    time::{Span, Timestamp},
    words::words,
};

words! {
    /// How somebody proved who they are.
    Proof {
        /// By a token that an identity provider signed.
        Jwt = "jwt",
        /// By OpenID Connect.
        Oidc = "oidc",
        /// By a password.
        Password = "password",
        /// By an invitation.
        Invitation = "invitation",
    }
}

/// The time somebody is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The identifier, also in the cookie.
    pub id: SessionId,
    /// SHA-256 of what stands behind the identifier in the cookie.
    pub secret: [u8; 32],
    /// Who is logged in.
    pub user: UserId,
    /// How they proved who they are.
    pub proof: Proof,
    /// The identity provider that said so; none where nobody did.
    pub provider: Option<IdpId>,
    /// What the user was granted at login, sorted.
    pub scopes: Vec<ScopeName>,
    /// When the user proved who they are; none where the provider did not say when that was.
    pub authenticated_at: Option<Timestamp>,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
    /// What began it and is used up by that; not kept with the session.
    pub assertion: Option<UsedAssertion>,
}

/// A token of a provider that logged somebody in: it does so once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedAssertion {
    /// The provider.
    pub issuer: IdpId,
    /// The `jti` of the token.
    pub jti: String,
    /// When it counts no more in any case.
    pub expires_at: Timestamp,
}

/// How long sessions are good for (reference/rest-api.md §12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Minutes without a request after which a session ends.
    pub inactivity_minutes: i64,
    /// Minutes after which it ends whatever happens.
    pub lifespan_minutes: i64,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { inactivity_minutes: 60, lifespan_minutes: 1440 }
    }
}

impl SessionLimits {
    /// The same limits, if sessions can have them.
    ///
    /// # Errors
    /// When they are less than a minute or more than 30 days, or the lifespan is not in whole hours
    /// (reference/rest-api.md §12).
    pub(crate) fn checked(self) -> Result<Self, Rule> {
        let most = limits::SESSION_MINUTES;
        let in_range = |minutes: i64| (1..=most).contains(&minutes);
        if !in_range(self.inactivity_minutes) || !in_range(self.lifespan_minutes) {
            return Err(Rule::OutOfRange(1, most));
        }
        if self.lifespan_minutes % 60 == 0 { Ok(self) } else { Err(Rule::NotInHours) }
    }

    /// How long a session may be idle.
    #[must_use]
    pub const fn idle(self) -> Span {
        Span::from_millis(self.inactivity_minutes * 60_000)
    }
}

impl Entity for Session {
    fn change(delta: Delta<Self>) -> Change {
        Change::Session(Box::new(delta))
    }
    fn touch(&mut self, _: &Editor) {}
}

/// A session that is about to begin.
#[derive(Debug, Clone)]
pub struct Opening<'o> {
    /// The identifier.
    pub id: SessionId,
    /// What stands behind it in the cookie.
    pub secret: &'o str,
    /// Who logs in.
    pub user: UserId,
    /// How they proved who they are.
    pub proof: Proof,
    /// The identity provider that said so.
    pub provider: Option<IdpId>,
    /// When they proved it to a provider that asked them, if it says that.
    pub said_at: Option<Timestamp>,
    /// By what, where that counts once.
    pub assertion: Option<UsedAssertion>,
}

impl Session {
    /// A session of a user who is in `tenant` as it is after the login.
    pub fn begin(opening: Opening<'_>, tenant: &Snapshot, editor: &Editor) -> Edited<Self> {
        let Opening { id, secret, user, proof, provider, said_at, assertion } = opening;
        let authenticated_at = match proof {
            // It may have asked long ago (OpenID Connect Core 1.0 §2, `auth_time`).
            Proof::Oidc => said_at.map(|at| at.min(editor.at)),
            Proof::Jwt | Proof::Password | Proof::Invitation => Some(editor.at),
        };
        let minutes = tenant.tenant().sessions.lifespan_minutes;
        created(Self {
            id,
            secret: hash(secret),
            user,
            proof,
            provider,
            scopes: granted(tenant, user),
            authenticated_at,
            began_at: editor.at,
            expires_at: editor.at.plus(Span::from_millis(minutes * 60_000)),
            assertion,
        })
    }

    /// Whether this text stood behind the identifier in the cookie. Takes as long wherever the two differ.
    #[must_use]
    pub fn has_secret(&self, text: &str) -> bool {
        self.secret.iter().zip(hash(text)).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }

    /// The end of the session.
    pub fn end(self) -> Edited<()> {
        deleted(self)
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The names of all scopes that a user is granted, sorted.
fn granted(tenant: &Snapshot, user: UserId) -> Vec<ScopeName> {
    let scopes = tenant.user(user).map(|facts| tenant.effective(facts)).unwrap_or_default();
    let names = scopes.iter().filter_map(|at: ScopeIndex| tenant.scope_name(at).map(ScopeName::as_str));
    let mut names: Vec<String> = names.map(String::from).collect();
    names.sort_unstable();
    names.iter().filter_map(|name| ScopeName::new(name).ok()).collect()
}
