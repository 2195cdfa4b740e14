//! What is a token, and which scopes is it given? (reference/auth.md §3.3, threats T06)

use alloc::{boxed::Box, vec::Vec};

use super::{
    clients::{GrantType, OAuthClient},
    reach::OFFLINE_ACCESS,
};
use crate::{
    change::{Change, Delta, Edited, Editor, Entity, created, deleted},
    ids::{OAuthClientId, OAuthGrantId, OAuthTokenId, UserId},
    refusal::limits,
    scopes::ScopeName,
    time::Timestamp,
};

/// An access token. What is sent is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthToken {
    /// The identifier, also in the token.
    pub id: OAuthTokenId,
    /// The client that was given it.
    pub client: OAuthClientId,
    /// What it was given for.
    pub grant: GrantType,
    /// The grant that it came of, where a user let the client act.
    pub family: Option<OAuthGrantId>,
    /// The user it speaks for.
    pub user: UserId,
    /// What it reaches at most.
    pub scopes: Vec<ScopeName>,
    /// When it was given.
    pub issued_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// A scope was asked for that the client may not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the client may not have the scope `{0}`")]
pub struct ScopeRefused(pub ScopeName);

/// The scopes of a token: those that were asked for, each of which the client must be allowed; all that it is allowed but
/// [`OFFLINE_ACCESS`], if none were.
///
/// # Errors
/// When one of them is not allowed.
pub fn granted_scopes(client: &OAuthClient, asked: &[ScopeName]) -> Result<Vec<ScopeName>, ScopeRefused> {
    let allowed = &client.settings.allowed_scopes;
    if let Some(refused) = asked.iter().find(|scope| !allowed.contains(scope)) {
        return Err(ScopeRefused(refused.clone()));
    }
    let implied = allowed.iter().filter(|scope| scope.as_str() != OFFLINE_ACCESS);
    let mut granted: Vec<ScopeName> =
        if asked.is_empty() { implied.cloned().collect() } else { asked.to_vec() };
    granted.sort_unstable();
    granted.dedup();
    Ok(granted)
}

impl Entity for OAuthToken {
    fn change(delta: Delta<Self>) -> Change {
        Change::OAuthToken(Box::new(delta))
    }
    fn touch(&mut self, _: &Editor) {}
}

impl OAuthToken {
    /// A new token.
    pub fn issue(
        id: OAuthTokenId,
        client: &OAuthClient,
        (grant, user): (GrantType, UserId),
        family: Option<OAuthGrantId>,
        scopes: Vec<ScopeName>,
        editor: &Editor,
    ) -> Edited<Self> {
        let life =
            if grant == GrantType::TokenExchange { limits::EXCHANGED_TOKEN } else { limits::ACCESS_TOKEN };
        let expires_at = editor.at.plus(life);
        created(Self { id, client: client.id, grant, family, user, scopes, issued_at: editor.at, expires_at })
    }

    /// A token for a short while with the same reach as this one, for where tokens stand in addresses.
    pub fn exchange(&self, id: OAuthTokenId, client: &OAuthClient, editor: &Editor) -> Edited<Self> {
        let scopes = self.scopes.iter().filter(|scope| scope.as_str() != OFFLINE_ACCESS).cloned().collect();
        let grant = (GrantType::TokenExchange, self.user);
        let mut token = Self::issue(id, client, grant, self.family, scopes, editor).value;
        // It ends with the one that it was given for.
        token.expires_at = token.expires_at.min(self.expires_at);
        created(token)
    }

    /// Whether a client would still be given it: what the client may no longer do, its tokens do not do either.
    #[must_use]
    pub fn is_still_given(&self, client: &OAuthClient) -> bool {
        self.client == client.id && client.may(self.grant) && client.allows(&self.scopes)
    }

    /// The end of the token.
    pub fn revoke(self) -> Edited<()> {
        deleted(self)
    }
}
