//! What is an API key, who may have one, and for how long? (reference/rest-api.md §6, reference/auth.md §2)

use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, str::FromStr};

use crate::{
    change::{Change, Delta, Edited, Editor, Entity, created, deleted, updated},
    ids::{ApiKeyId, IdpId, ParseIdError, UserId},
    names::Description,
    refusal::{Refusal, Rule, limits},
    time::{ParseSpanError, Span, Timestamp},
    words::words,
};

/// Whom a key speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySubject {
    /// A user, with all rights the user has at the time of a request.
    User(UserId),
    /// A program that provisions users for an identity provider.
    ExternalClient(ExternalClient),
}

/// A program that provisions users for an identity provider, written `SCIM\{identifier of the provider}`
/// (reference/auth.md §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExternalClient(pub IdpId);

const EXTERNAL_CLIENT: &str = "SCIM\\";

impl fmt::Display for ExternalClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{EXTERNAL_CLIENT}{}", self.0)
    }
}

impl FromStr for ExternalClient {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        text.strip_prefix(EXTERNAL_CLIENT).ok_or(ParseIdError)?.parse().map(Self)
    }
}

/// An API key. Its token is shown once and not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The identifier, also in the token.
    pub id: ApiKeyId,
    /// Whom it speaks for.
    pub subject: KeySubject,
    /// What it is for.
    pub description: Description,
    /// Whether an administrator ended it.
    pub revoked: bool,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it: its user, where it was made from the command line.
    pub created_by: Option<UserId>,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

/// A key to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// What it is for.
    pub description: Description,
    /// How long it lives; the tenant's longest if not said.
    pub lifetime: Option<Lifetime>,
    /// Whom it speaks for.
    pub subject: KeySubject,
}

/// What is known when a key is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownKeys {
    /// How many active keys the editor has.
    pub active: usize,
    /// Whether the identity provider is there, for a key of a program that provisions users for it.
    pub provider_is_there: bool,
}

/// A length of time together with how it was written, so that it can be shown as it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifetime {
    written: String,
    span: Span,
}

impl Lifetime {
    /// Reads an ISO 8601 duration.
    ///
    /// # Errors
    /// As [`Span`]'s `from_str`.
    pub fn new(written: &str) -> Result<Self, ParseSpanError> {
        Ok(Self { span: written.parse()?, written: written.to_string() })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// How long it is.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }
}

/// A tenant's settings of API keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeySettings {
    /// Active keys of one user, 0 to 1000.
    pub max_per_user: u32,
    /// The longest life of a user's key.
    pub max_lifetime: Lifetime,
    /// The life of an external client's key.
    pub external_lifetime: Lifetime,
}

impl Default for ApiKeySettings {
    fn default() -> Self {
        let lifetime = |written: &str, span| Lifetime { written: written.to_string(), span };
        Self {
            max_per_user: 5,
            max_lifetime: lifetime("PT24H", Span::from_hours(24)),
            external_lifetime: lifetime("P365D", Span::from_days(365)),
        }
    }
}

/// One operation of a patch of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiKeySettingsOp {
    /// Another number of keys.
    MaxPerUser(i64),
    /// Another longest life.
    MaxLifetime(Lifetime),
    /// Another life of external clients' keys.
    ExternalLifetime(Lifetime),
}

impl ApiKeySettings {
    /// The settings after all operations of a patch, or none of them.
    ///
    /// # Errors
    /// When the number of keys is not in 0 to 1000, or a life is longer than ten years.
    pub fn edit(mut self, ops: &[ApiKeySettingsOp]) -> Result<Self, Refusal> {
        let range = |lifetime: &Lifetime| {
            if lifetime.span > limits::KEY_LIFE {
                Err(Rule::KeyLivesTooLong("P3650D".to_string()))
            } else {
                Ok(lifetime.clone())
            }
        };
        for (at, op) in ops.iter().enumerate() {
            let done = match op {
                ApiKeySettingsOp::MaxPerUser(count) => u32::try_from(*count)
                    .ok()
                    .filter(|&count| count <= limits::KEYS_PER_USER)
                    .map(|count| self.max_per_user = count)
                    .ok_or(Rule::OutOfRange(0, i64::from(limits::KEYS_PER_USER))),
                ApiKeySettingsOp::MaxLifetime(lifetime) => {
                    range(lifetime).map(|lifetime| self.max_lifetime = lifetime)
                }
                ApiKeySettingsOp::ExternalLifetime(lifetime) => {
                    range(lifetime).map(|lifetime| self.external_lifetime = lifetime)
                }
            };
            done.map_err(|rule| Refusal::from(rule).in_operation(at))?;
        }
        Ok(self)
    }
}

words! {
    /// Whether a key can be used.
    KeyStatus {
        /// It can.
        Active = "active",
        /// Its time is over.
        Expired = "expired",
        /// An administrator ended it.
        Revoked = "revoked",
    }
}

impl Entity for ApiKey {
    fn change(delta: Delta<Self>) -> Change {
        Change::ApiKey(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.updated_at = editor.at.max(Timestamp::from_millis(self.updated_at.as_millis() + 1));
    }
}

impl ApiKey {
    /// A new key. Those of programs that provision users are made by administrators, and count for nobody.
    ///
    /// # Errors
    /// When it is for somebody else or for a provider that is not there, lives longer than the tenant allows, or is one too
    /// many.
    pub fn create(
        new: NewApiKey,
        id: ApiKeyId,
        settings: &ApiKeySettings,
        known: KnownKeys,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        match &new.subject {
            KeySubject::ExternalClient(_) if !editor.administrator => {
                return Err(Rule::NotAdministrator.into());
            }
            KeySubject::ExternalClient(_) if !known.provider_is_there => {
                return Err(Rule::UnknownIdentityProvider.into());
            }
            KeySubject::ExternalClient(_) => {}
            KeySubject::User(user) if editor.user != Some(*user) => return Err(Rule::KeyForOther.into()),
            KeySubject::User(_)
                if u32::try_from(known.active).is_ok_and(|active| active < settings.max_per_user) => {}
            KeySubject::User(_) => return Err(Rule::TooManyKeys(settings.max_per_user).into()),
        }
        let longest = match &new.subject {
            KeySubject::User(_) => &settings.max_lifetime,
            KeySubject::ExternalClient(_) => &settings.external_lifetime,
        };
        let lifetime = new.lifetime.as_ref().unwrap_or(longest);
        if lifetime.span > longest.span {
            return Err(Rule::KeyLivesTooLong(longest.written.clone()).into());
        }
        Ok(Self::issue(new.subject, new.description, id, lifetime.span, editor))
    }

    /// A new key without asking the tenant's settings, for setting up a tenant and for getting back into one.
    pub fn issue(
        subject: KeySubject,
        description: Description,
        id: ApiKeyId,
        lifetime: Span,
        editor: &Editor,
    ) -> Edited<Self> {
        let owner = match &subject {
            KeySubject::User(user) => Some(*user),
            KeySubject::ExternalClient(_) => None,
        };
        created(Self {
            id,
            subject,
            description,
            revoked: false,
            expires_at: editor.at.plus(lifetime),
            created_at: editor.at,
            created_by: editor.user.or(owner),
            updated_at: editor.at,
        })
    }

    /// Whether the key can be used at a time.
    #[must_use]
    pub fn status(&self, at: Timestamp) -> KeyStatus {
        if self.revoked {
            KeyStatus::Revoked
        } else if self.expires_at <= at {
            KeyStatus::Expired
        } else {
            KeyStatus::Active
        }
    }

    /// Whether the key speaks for this program.
    #[must_use]
    pub fn is_of_client(&self, client: ExternalClient) -> bool {
        matches!(self.subject, KeySubject::ExternalClient(owner) if owner == client)
    }

    /// Whether the key speaks for this user.
    #[must_use]
    pub fn is_of(&self, user: Option<UserId>) -> bool {
        matches!(self.subject, KeySubject::User(owner) if user == Some(owner))
    }

    /// The key with the last of these descriptions.
    ///
    /// # Errors
    /// When the editor is not its owner.
    pub fn describe(self, descriptions: Vec<Description>, editor: &Editor) -> Result<Edited<Self>, Refusal> {
        if !self.is_of(editor.user) {
            return Err(Rule::KeyForOther.into());
        }
        let mut after = self.clone();
        if let Some(description) = descriptions.into_iter().last() {
            after.description = description;
        }
        Ok(updated(self, after, editor))
    }

    /// The end of the key: the owner deletes it, an administrator revokes it, so that it stays listed.
    ///
    /// # Errors
    /// When the editor is neither.
    pub fn end(self, editor: &Editor) -> Result<Edited<()>, Refusal> {
        if self.is_of(editor.user) {
            Ok(deleted(self))
        } else if editor.administrator {
            Ok(self.revoke(editor).map(drop))
        } else {
            Err(Rule::NotAdministrator.into())
        }
    }

    /// The key, revoked.
    pub fn revoke(self, editor: &Editor) -> Edited<Self> {
        let after = Self { revoked: true, ..self.clone() };
        updated(self, after, editor)
    }
}
