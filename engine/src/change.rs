//! What did an edit change, who made it, and when?

use alloc::{boxed::Box, vec, vec::Vec};

use crate::{
    api_keys::ApiKey,
    groups::Group,
    identity_providers::IdentityProvider,
    ids::{IdpId, OAuthClientId, UserId},
    licenses::LicenseAssignment,
    oauth::{OAuthClient, OAuthConsent, OAuthGrant, OAuthToken},
    passwords::Password,
    roles::Role,
    sessions::Session,
    spaces::{Space, SpaceAssignment},
    tenants::Tenant,
    time::Timestamp,
    users::User,
    web_integrations::WebIntegration,
    webhooks::Webhook,
};

/// What happened to one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta<T> {
    /// It is new.
    Created(T),
    /// It differs from before.
    Updated {
        /// What it was.
        before: T,
        /// What it is.
        after: T,
    },
    /// It is gone.
    Deleted(T),
}

impl<T> Delta<T> {
    /// What it was, unless it is new.
    pub const fn before(&self) -> Option<&T> {
        match self {
            Self::Created(_) => None,
            Self::Updated { before, .. } | Self::Deleted(before) => Some(before),
        }
    }

    /// What it is, unless it is gone.
    pub const fn after(&self) -> Option<&T> {
        match self {
            Self::Created(after) | Self::Updated { after, .. } => Some(after),
            Self::Deleted(_) => None,
        }
    }

    /// What it is, or was if it is gone.
    pub const fn latest(&self) -> &T {
        match self {
            Self::Created(latest) | Self::Updated { after: latest, .. } | Self::Deleted(latest) => latest,
        }
    }
}

/// One change of a tenant's state. Everything that is stored is stored because of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The tenant itself, its settings included.
    Tenant(Box<Delta<Tenant>>),
    /// A role.
    Role(Box<Delta<Role>>),
    /// A group, Everyone included.
    Group(Box<Delta<Group>>),
    /// A user with roles and memberships.
    User(Box<Delta<User>>),
    /// A licence assignment.
    License(Box<Delta<LicenseAssignment>>),
    /// An API key.
    ApiKey(Box<Delta<ApiKey>>),
    /// An OAuth client.
    OAuthClient(Box<Delta<OAuthClient>>),
    /// A token of an OAuth client.
    OAuthToken(Box<Delta<OAuthToken>>),
    /// What a user let an OAuth client do.
    OAuthGrant(Box<Delta<OAuthGrant>>),
    /// That a user is not asked again for a client.
    OAuthConsent(Box<Delta<OAuthConsent>>),
    /// The password of a user.
    Password(Box<Delta<Password>>),
    /// An identity provider.
    IdentityProvider(Box<Delta<IdentityProvider>>),
    /// A session of somebody who logged in.
    Session(Box<Delta<Session>>),
    /// Pages elsewhere that may use sessions.
    WebIntegration(Box<Delta<WebIntegration>>),
    /// Where events are sent.
    Webhook(Box<Delta<Webhook>>),
    /// A space.
    Space(Box<Delta<Space>>),
    /// Roles of somebody in a space.
    SpaceAssignment(Box<Delta<SpaceAssignment>>),
}

/// The answer to an edit: the new value, and the changes that lead to it. Without changes there is nothing to store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an edit has no effect until its changes are committed"]
pub struct Edited<T> {
    /// What the edited thing is now.
    pub value: T,
    /// What has to be stored for it.
    pub changes: Vec<Change>,
}

impl<T> Edited<T> {
    /// An edit that found nothing to do.
    pub const fn unchanged(value: T) -> Self {
        Self { value, changes: Vec::new() }
    }

    /// The same edit with another value.
    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Edited<U> {
        Edited { value: to(self.value), changes: self.changes }
    }

    /// The same edit with the changes of another one behind its own.
    pub fn and<U>(mut self, other: Edited<U>) -> Self {
        self.changes.extend(other.changes);
        self
    }

    /// Another edit with the changes of this one before its own.
    pub fn then<U>(mut self, other: Edited<U>) -> Edited<U> {
        self.changes.extend(other.changes);
        Edited { value: other.value, changes: self.changes }
    }
}

impl Edited<()> {
    /// The changes of the same edit of each of these.
    pub fn of_each<T, U>(things: impl IntoIterator<Item = T>, edit: impl Fn(T) -> Edited<U>) -> Self {
        Self { value: (), changes: things.into_iter().flat_map(|thing| edit(thing).changes).collect() }
    }
}

/// An edit that makes a thing.
pub(crate) fn created<T: Entity>(value: T) -> Edited<T> {
    Edited { changes: vec![T::change(Delta::Created(value.clone()))], value }
}

/// An edit that puts `after`, stamped by the editor, in place of `before`, if the two differ.
pub(crate) fn updated<T: Entity>(before: T, mut after: T, editor: &Editor) -> Edited<T> {
    if after == before {
        return Edited::unchanged(before);
    }
    after.touch(editor);
    Edited { value: after.clone(), changes: vec![T::change(Delta::Updated { before, after })] }
}

/// An edit that ends a thing.
pub(crate) fn deleted<T: Entity>(value: T) -> Edited<()> {
    Edited { value: (), changes: vec![T::change(Delta::Deleted(value))] }
}

/// A thing that is changed and stored as a whole.
pub(crate) trait Entity: Clone + PartialEq {
    /// The change that says what happened to it.
    fn change(delta: Delta<Self>) -> Change;
    /// Notes who edited it and when.
    fn touch(&mut self, editor: &Editor);
}

/// Who edits, with which standing, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Editor {
    /// The user, or none when Rolecall itself acts, for example when it sets up a tenant.
    pub user: Option<UserId>,
    /// The OAuth client that acts for the user, or for itself; none where the user has a credential of the own.
    pub client: Option<OAuthClientId>,
    /// The identity provider whose program provisions users.
    pub provider: Option<IdpId>,
    /// Whether the editor administers the tenant.
    pub administrator: bool,
    /// The time of the edit.
    pub at: Timestamp,
}

impl Editor {
    /// Rolecall itself.
    #[must_use]
    pub const fn system(at: Timestamp) -> Self {
        Self { user: None, client: None, provider: None, administrator: true, at }
    }
}

/// Who made a thing and who edited it last, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamps {
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it; none for what Rolecall made itself.
    pub created_by: Option<UserId>,
    /// When it was last edited; later with every edit.
    pub updated_at: Timestamp,
    /// Who edited it last.
    pub updated_by: Option<UserId>,
}

impl Stamps {
    /// The stamps of a thing that `editor` makes.
    #[must_use]
    pub const fn new(editor: &Editor) -> Self {
        Self {
            created_at: editor.at,
            created_by: editor.user,
            updated_at: editor.at,
            updated_by: editor.user,
        }
    }

    pub(crate) fn touch(&mut self, editor: &Editor) {
        self.updated_at = editor.at.max(Timestamp::from_millis(self.updated_at.as_millis() + 1));
        self.updated_by = editor.user;
    }
}
