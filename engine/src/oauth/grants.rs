//! What did a user let a client do, and by what does it get tokens for that? (RFC 6749 §4.1, §6, RFC 9700 §2.2.2, §4.14)
//!
//! A grant begins with a code, which counts once and for a minute. With `offline_access` it goes on with refresh tokens, each
//! of which is used up by giving the next. Whoever shows one that is used up has stolen it, or was stolen from: the grant
//! ends, and every token that came of it.

use alloc::{boxed::Box, string::String, vec::Vec};

use sha2::{Digest as _, Sha256};

use super::{
    clients::{AppType, GrantType, OAuthClient},
    reach::OFFLINE_ACCESS,
    tokens::{OAuthToken, ScopeRefused},
};
use crate::{
    change::{Change, Delta, Edited, Editor, Entity, created, deleted, updated},
    ids::{OAuthClientId, OAuthGrantId, OAuthTokenId, UserId},
    names::Setting,
    refusal::limits,
    scopes::ScopeName,
    time::Timestamp,
};

/// SHA-256 of a text that only its owner has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashed(pub [u8; 32]);

impl Hashed {
    /// The hash of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Whether this text was hashed. Takes as long wherever the two differ.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.0.iter().zip(Self::of(text).0).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

/// What a code is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeBinding {
    /// Where it was sent.
    pub redirect_uri: Setting,
    /// SHA-256 of the verifier that must come with it, in base64url (RFC 7636 §4.2).
    pub challenge: String,
    /// What the identity token repeats (OpenID Connect Core 1.0 §3.1.2.1).
    pub nonce: Option<Setting>,
}

/// Where a grant stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// A code was given, which was not used yet.
    Code {
        /// What it is bound to.
        binding: CodeBinding,
        /// When it ends.
        expires_at: Timestamp,
    },
    /// Tokens were given for the code, and this many refresh tokens.
    Tokens {
        /// Counts the refresh tokens: all but the last are used up.
        refreshes: i64,
        /// The last refresh token; none if no refresh token was asked for.
        refresh: Option<Hashed>,
    },
}

/// What a user let a client do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthGrant {
    /// The identifier, also in the code and in refresh tokens.
    pub id: OAuthGrantId,
    /// Who was let.
    pub client: OAuthClientId,
    /// Who let it.
    pub user: UserId,
    /// How far the tokens reach at most.
    pub scopes: Vec<ScopeName>,
    /// When the user proved who they are, if that is known.
    pub authenticated_at: Option<Timestamp>,
    /// The code, also once it was used: so that a second use is noticed.
    pub code: Hashed,
    /// Where it stands.
    pub stage: Stage,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// What becomes of whoever shows a code or a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed {
    /// A token, and whether a refresh token comes with it.
    Given(Box<OAuthToken>),
    /// Nothing: it is not good.
    Refused,
    /// Nothing: it was used before, or with what it is not bound to. The grant must end, with all tokens that came of it (RFC 9700
    /// §4.5, §4.14).
    Spent,
    /// Nothing: the client may not have the scopes.
    Narrower(ScopeRefused),
}

impl Entity for OAuthGrant {
    fn change(delta: Delta<Self>) -> Change {
        Change::OAuthGrant(Box::new(delta))
    }
    fn touch(&mut self, _: &Editor) {}
}

impl OAuthClient {
    /// Whether the client may be sent codes.
    #[must_use]
    pub const fn may_get_codes(&self) -> bool {
        !matches!(self.settings.app_type, AppType::AnonymousEmbed) && !self.settings.redirect_uris.is_empty()
    }
}

impl OAuthGrant {
    /// A grant that begins with a code.
    pub fn begin(
        id: OAuthGrantId,
        code: &str,
        client: &OAuthClient,
        (user, authenticated_at): (UserId, Option<Timestamp>),
        scopes: Vec<ScopeName>,
        binding: CodeBinding,
        editor: &Editor,
    ) -> Edited<Self> {
        let expires_at = editor.at.plus(limits::CODE);
        created(Self {
            id,
            client: client.id,
            user,
            scopes,
            authenticated_at,
            code: Hashed::of(code),
            stage: Stage::Code { binding, expires_at },
            created_at: editor.at,
            expires_at: editor.at.plus(limits::REFRESH_TOKEN),
        })
    }

    /// Whether refresh tokens come with its tokens.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.scopes.iter().any(|scope| scope.as_str() == OFFLINE_ACCESS)
    }

    /// Whether it is over by itself.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        let end = match &self.stage {
            Stage::Code { expires_at, .. } => *expires_at,
            // As long as its tokens may live, so that a second use of the code is noticed.
            Stage::Tokens { refresh: None, .. } => self.created_at.plus(limits::ACCESS_TOKEN),
            Stage::Tokens { .. } => self.expires_at,
        };
        end <= now
    }

    /// Uses the code: `challenge` is the hash of the verifier that came with it. `refresh` is the refresh token that is given
    /// besides, if there is to be one.
    pub fn use_code(
        self,
        (code, challenge, redirect_uri): (&str, &str, &str),
        (token, refresh): (OAuthTokenId, &str),
        client: &OAuthClient,
        editor: &Editor,
    ) -> Edited<Redeemed> {
        if !self.code.is(code) || self.client != client.id {
            return Edited::unchanged(Redeemed::Refused);
        }
        let Stage::Code { binding, expires_at } = &self.stage else {
            return Edited::unchanged(Redeemed::Spent);
        };
        let bound = binding.challenge == challenge && binding.redirect_uri.as_str() == redirect_uri;
        if !bound || *expires_at <= editor.at || !client.may_get_codes() {
            // Whoever guesses has one guess.
            return Edited::unchanged(Redeemed::Spent);
        }
        let scopes = self.scopes.clone();
        self.give(scopes, 0, (token, refresh), client, editor)
    }

    /// Uses a refresh token that was given, the `nth` of the grant, for `scopes`; all of the grant's, if there are none.
    pub fn refresh(
        self,
        (nth, secret, scopes): (i64, &str, &[ScopeName]),
        (token, refresh): (OAuthTokenId, &str),
        client: &OAuthClient,
        editor: &Editor,
    ) -> Edited<Redeemed> {
        let Stage::Tokens { refreshes, refresh: Some(last) } = &self.stage else {
            return Edited::unchanged(Redeemed::Refused);
        };
        if self.client != client.id || self.is_over(editor.at) {
            return Edited::unchanged(Redeemed::Refused);
        }
        if nth < *refreshes {
            return Edited::unchanged(Redeemed::Spent);
        }
        if nth != *refreshes || !last.is(secret) || !client.may_get_codes() {
            return Edited::unchanged(Redeemed::Refused);
        }
        if let Some(wider) = scopes.iter().find(|scope| !self.scopes.contains(scope)) {
            return Edited::unchanged(Redeemed::Narrower(ScopeRefused(wider.clone())));
        }
        let scopes = if scopes.is_empty() { self.scopes.clone() } else { scopes.to_vec() };
        let nth = *refreshes + 1;
        self.give(scopes, nth, (token, refresh), client, editor)
    }

    fn give(
        self,
        scopes: Vec<ScopeName>,
        refreshes: i64,
        (id, refresh): (OAuthTokenId, &str),
        client: &OAuthClient,
        editor: &Editor,
    ) -> Edited<Redeemed> {
        let refresh = self.is_offline().then(|| Hashed::of(refresh));
        let after = Self { stage: Stage::Tokens { refreshes, refresh }, ..self.clone() };
        let (user, family) = (self.user, self.id);
        let grant = (GrantType::AuthorizationCode, user);
        let token = OAuthToken::issue(id, client, grant, Some(family), scopes, editor);
        let given = Redeemed::Given(Box::new(token.value.clone()));
        updated(self, after, editor).and(token).map(|_| given)
    }

    /// Those of a user's grants to a client that end before another one begins: what is over; and where there are too many, codes
    /// that nobody used, then what began first.
    #[must_use]
    pub fn superfluous(mut grants: Vec<Self>, now: Timestamp) -> Vec<Self> {
        let is_used = |grant: &Self| matches!(grant.stage, Stage::Tokens { .. });
        grants.sort_by_key(|grant| (!grant.is_over(now), is_used(grant), grant.created_at));
        let over = grants.partition_point(|grant| grant.is_over(now));
        let beyond = (grants.len() + 1).saturating_sub(limits::GRANTS);
        grants.truncate(over.max(beyond));
        grants
    }

    /// The end of the grant, and of the tokens that came of it.
    pub fn end(self, tokens: Vec<OAuthToken>) -> Edited<()> {
        Edited::of_each(tokens, OAuthToken::revoke).and(deleted(self))
    }
}

/// That a user lets a client act without being asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthConsent {
    /// The client.
    pub client: OAuthClientId,
    /// The user.
    pub user: UserId,
    /// For which scopes.
    pub scopes: Vec<ScopeName>,
    /// When the user said so last.
    pub at: Timestamp,
}

impl Entity for OAuthConsent {
    fn change(delta: Delta<Self>) -> Change {
        Change::OAuthConsent(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.at = editor.at;
    }
}

impl OAuthConsent {
    /// What a user lets a client do from now on, besides what it was let before.
    pub fn give(
        before: Option<Self>,
        client: OAuthClientId,
        user: UserId,
        scopes: &[ScopeName],
        editor: &Editor,
    ) -> Edited<Self> {
        let Some(before) = before else {
            return created(Self { client, user, scopes: scopes.to_vec(), at: editor.at });
        };
        let mut after = before.clone();
        after.scopes.extend(scopes.iter().filter(|scope| !before.scopes.contains(scope)).cloned());
        after.scopes.sort_unstable();
        updated(before, after, editor)
    }

    /// Whether the user is not asked again for these scopes.
    #[must_use]
    pub fn covers(&self, scopes: &[ScopeName]) -> bool {
        scopes.iter().all(|scope| self.scopes.contains(scope))
    }

    /// The user lets the client do nothing any more.
    pub fn take_back(self) -> Edited<()> {
        deleted(self)
    }
}
