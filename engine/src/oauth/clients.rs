//! What is an OAuth client, and how may it change? (reference/rest-api.md §7)

use alloc::{borrow::ToOwned as _, boxed::Box, string::String, vec::Vec};

use sha2::{Digest as _, Sha256};

use super::reach::{ADMIN_CLASSIC, EMAIL, OFFLINE_ACCESS, OPENID, PROFILE, USER_DEFAULT};
use crate::{
    access::Snapshot,
    change::{Change, Delta, Edited, Editor, Entity, created, deleted, updated},
    ids::{OAuthClientId, UserId},
    names::{Description, Setting},
    refusal::{Refusal, Rule, limits},
    scopes::ScopeName,
    time::Timestamp,
    words::words,
};

words! {
    /// What kind of program a client is. It stays what it is.
    AppType {
        /// It runs on a server and can keep a secret.
        Web = "web",
        /// It is installed by its user.
        Native = "native",
        /// It runs in a browser.
        Spa = "spa",
        /// It shows content to whoever comes by.
        AnonymousEmbed = "anonymous-embed",
    }
}

words! {
    /// What a client may get tokens for besides the code of somebody who logged in.
    GrantType {
        /// To act as itself, by its bot user.
        ClientCredentials = "client_credentials",
        /// To act as any user of the tenant.
        Impersonation = "urn:qlik:oauth:user-impersonation",
        /// To act as the user who let it; whoever has somewhere to send codes may.
        AuthorizationCode = "authorization_code",
        /// To be used where tokens stand in addresses; whoever has a token may.
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
    }
}

impl GrantType {
    /// Whether clients are allowed it one by one (reference/rest-api.md §7).
    #[must_use]
    pub const fn is_listed(self) -> bool {
        matches!(self, Self::ClientCredentials | Self::Impersonation)
    }
}

words! {
    /// How a client proves who it is.
    AuthMethod {
        /// By a secret.
        ClientSecret = "client_secret",
        /// By a signature of one of its keys (RFC 7523).
        PrivateKeyJwt = "private_key_jwt",
    }
}

words! {
    /// Whether users are asked before the client acts for them.
    Consent {
        /// They are.
        Required = "required",
        /// They are not.
        Trusted = "trusted",
    }
}

/// Scopes that clients may have besides those of the catalogue.
const NOT_IN_THE_CATALOGUE: &[&str] = &[USER_DEFAULT, ADMIN_CLASSIC, OFFLINE_ACCESS, OPENID, PROFILE, EMAIL];

/// How the subjects of bot users begin (reference/access-control.md §1.1). Nobody else's does.
pub const BOT: &str = "qlikbot\\";

/// The public half of a key as a JSON Web Key (RFC 7517), in the form it was given. Whoever reads it from outside checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyText(pub String);

/// A secret of a client. Only its hash is kept: it is long and random, so a plain hash is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its first characters, by which people tell secrets apart.
    pub hint: String,
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: Option<UserId>,
}

impl Secret {
    /// Characters of a hint.
    const HINT: usize = 5;

    /// What is kept of a text that is a secret.
    #[must_use]
    pub fn new(text: &str, editor: &Editor) -> Self {
        Self {
            hint: text.chars().take(Self::HINT).collect(),
            hash: Sha256::digest(text.as_bytes()).into(),
            created_at: editor.at,
            created_by: editor.user,
        }
    }

    /// Whether this text is the secret. Takes as long wherever the two differ.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        self.hash.iter().zip(hash).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

/// What a client is made with and what edits change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSettings {
    /// What kind of program it is.
    pub app_type: AppType,
    /// The name to show.
    pub name: Setting,
    /// What it is for.
    pub description: Option<Description>,
    /// The address of a picture.
    pub logo_uri: Option<Setting>,
    /// The address of the program.
    pub client_uri: Option<Setting>,
    /// Where its public keys are.
    pub jwks_uri: Option<Setting>,
    /// Where codes may be sent.
    pub redirect_uris: Vec<Setting>,
    /// The origins of a program in a browser.
    pub allowed_origins: Vec<Setting>,
    /// The most its tokens may reach.
    pub allowed_scopes: Vec<ScopeName>,
    /// What it may get tokens for.
    pub grant_types: Vec<GrantType>,
    /// How it may prove who it is.
    pub auth_methods: Vec<AuthMethod>,
    /// Its public keys.
    pub public_keys: Vec<KeyText>,
    /// Whether users are asked.
    pub consent: Consent,
}

/// A program that may be given tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthClient {
    /// The identifier.
    pub id: OAuthClientId,
    /// What it is and may do.
    pub settings: ClientSettings,
    /// Its secrets.
    pub secrets: Vec<Secret>,
    /// When it was published to other tenants.
    pub published_at: Option<Timestamp>,
    /// Who made it.
    pub owner: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

/// What is done to a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit<T> {
    /// These instead.
    Replace(Vec<T>),
    /// These besides.
    Add(Vec<T>),
    /// Without these.
    Remove(Vec<T>),
}

impl<T: Clone + PartialEq> Edit<T> {
    fn apply(&self, list: &mut Vec<T>) {
        match self {
            Self::Replace(items) => list.clone_from(items),
            Self::Add(items) => {
                for item in items {
                    if !list.contains(item) {
                        list.push(item.clone());
                    }
                }
            }
            Self::Remove(items) => list.retain(|item| !items.contains(item)),
        }
    }
}

/// One operation of a patch (reference/rest-api.md §7).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the members of a client")]
pub enum ClientOp {
    Name(Setting),
    Description(Option<Description>),
    LogoUri(Option<Setting>),
    ClientUri(Option<Setting>),
    JwksUri(Option<Setting>),
    RedirectUris(Edit<Setting>),
    AllowedOrigins(Edit<Setting>),
    AllowedScopes(Edit<ScopeName>),
    GrantTypes(Edit<GrantType>),
    AuthMethods(Edit<AuthMethod>),
    PublicKeys(Edit<KeyText>),
    Consent(Consent),
}

impl Entity for OAuthClient {
    fn change(delta: Delta<Self>) -> Change {
        Change::OAuthClient(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.updated_at = editor.at.max(Timestamp::from_millis(self.updated_at.as_millis() + 1));
    }
}

impl ClientSettings {
    /// Whether the program can keep a secret.
    #[must_use]
    pub const fn is_confidential(&self) -> bool {
        matches!(self.app_type, AppType::Web)
    }

    fn apply(&mut self, op: &ClientOp) {
        match op {
            ClientOp::Name(name) => self.name = name.clone(),
            ClientOp::Description(description) => self.description.clone_from(description),
            ClientOp::LogoUri(uri) => self.logo_uri.clone_from(uri),
            ClientOp::ClientUri(uri) => self.client_uri.clone_from(uri),
            ClientOp::JwksUri(uri) => self.jwks_uri.clone_from(uri),
            ClientOp::RedirectUris(edit) => edit.apply(&mut self.redirect_uris),
            ClientOp::AllowedOrigins(edit) => edit.apply(&mut self.allowed_origins),
            ClientOp::AllowedScopes(edit) => edit.apply(&mut self.allowed_scopes),
            ClientOp::GrantTypes(edit) => edit.apply(&mut self.grant_types),
            ClientOp::AuthMethods(edit) => edit.apply(&mut self.auth_methods),
            ClientOp::PublicKeys(edit) => edit.apply(&mut self.public_keys),
            ClientOp::Consent(consent) => self.consent = *consent,
        }
    }

    fn check(&self, tenant: &Snapshot) -> Result<(), Refusal> {
        if self.redirect_uris.len() > limits::CLIENT_URIS || self.allowed_origins.len() > limits::CLIENT_URIS
        {
            return Err(Rule::TooManyUris(limits::CLIENT_URIS).into());
        }
        if self.public_keys.len() > limits::CLIENT_KEYS {
            return Err(Rule::TooManyUris(limits::CLIENT_KEYS).into());
        }
        let same = |(at, KeyText(key)): (usize, &KeyText)| {
            self.public_keys.iter().skip(at + 1).any(|KeyText(other)| other == key)
        };
        if self.public_keys.iter().enumerate().any(same) {
            return Err(Rule::KeyTwice.into());
        }
        // All of them stand in a token.
        let scopes = self.allowed_scopes.iter().map(|scope| scope.as_str().len() + 1);
        if scopes.sum::<usize>() > limits::CLIENT_SCOPES {
            return Err(Rule::TooManyClientScopes(limits::CLIENT_SCOPES).into());
        }
        if self.app_type != AppType::Spa && !self.allowed_origins.is_empty() {
            return Err(Rule::OriginsOfBrowsersOnly.into());
        }
        if !self.is_confidential() && !self.grant_types.is_empty() {
            return Err(Rule::GrantNeedsWeb.into());
        }
        if self.grant_types.contains(&GrantType::Impersonation) && self.consent != Consent::Trusted {
            return Err(Rule::ImpersonationNeedsTrust.into());
        }
        for (item, scope) in self.allowed_scopes.iter().enumerate() {
            let umbrella = NOT_IN_THE_CATALOGUE.contains(&scope.as_str());
            let known = tenant.catalogue().find(scope.as_str()).and_then(|at| tenant.catalogue().scope(at));
            if !umbrella && !known.is_some_and(|known| known.oauth) {
                return Err(Refusal::at_item(Rule::ScopeNotForClients(scope.as_str().to_owned()), item));
            }
        }
        Ok(())
    }
}

impl OAuthClient {
    /// A new client; with a first secret, if it can keep one.
    ///
    /// # Errors
    /// When what it is does not go together, it asks for a scope that no client may have, or the tenant has 1,000 `others`.
    pub fn create(
        settings: ClientSettings,
        id: OAuthClientId,
        secret: Option<&str>,
        others: usize,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        if others >= limits::CLIENTS {
            return Err(Rule::TooManyClients(limits::CLIENTS).into());
        }
        let secrets = secret.map(|text| Secret::new(text, editor)).into_iter().collect();
        Self::with_secrets(settings, id, secrets, tenant, editor)
    }

    pub(super) fn with_secrets(
        settings: ClientSettings,
        id: OAuthClientId,
        secrets: Vec<Secret>,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        settings.check(tenant)?;
        Ok(created(Self {
            id,
            settings,
            secrets,
            published_at: None,
            owner: editor.user,
            created_at: editor.at,
            updated_at: editor.at,
        }))
    }

    /// Whether the client may prove itself in a way.
    #[must_use]
    pub fn proves_by(&self, method: AuthMethod) -> bool {
        self.settings.is_confidential() && self.settings.auth_methods.contains(&method)
    }

    /// Whether the client may get tokens for this.
    #[must_use]
    pub fn may(&self, grant: GrantType) -> bool {
        match grant {
            GrantType::ClientCredentials => self.settings.grant_types.contains(&grant),
            GrantType::Impersonation => {
                self.settings.consent == Consent::Trusted && self.settings.grant_types.contains(&grant)
            }
            GrantType::AuthorizationCode => self.may_get_codes(),
            GrantType::TokenExchange => true,
        }
    }

    /// Whether the client may have all of these scopes.
    pub(super) fn allows(&self, scopes: &[ScopeName]) -> bool {
        scopes.iter().all(|scope| self.settings.allowed_scopes.contains(scope))
    }

    /// Whether one of the secrets is this text.
    #[must_use]
    pub fn has_secret(&self, text: &str) -> bool {
        // All are looked at, so that the time does not tell which it is.
        self.secrets.iter().fold(false, |found, secret| found | secret.is(text))
    }

    /// The client after all operations of a patch, or none of them.
    ///
    /// # Errors
    /// As [`OAuthClient::create`].
    pub fn edit(self, ops: &[ClientOp], tenant: &Snapshot, editor: &Editor) -> Result<Edited<Self>, Refusal> {
        let mut after = self.clone();
        for (at, op) in ops.iter().enumerate() {
            after.settings.apply(op);
            after.settings.check(tenant).map_err(|refusal| refusal.in_operation(at))?;
        }
        Ok(updated(self, after, editor))
    }

    /// Whether the client may prove itself by a secret and has none.
    #[must_use]
    pub fn lacks_secret(&self) -> bool {
        self.proves_by(AuthMethod::ClientSecret) && self.secrets.is_empty()
    }

    /// The client with one more secret.
    ///
    /// # Errors
    /// When it has as many as it may, or cannot keep one.
    pub fn add_secret(self, text: &str, editor: &Editor) -> Result<Edited<Self>, Refusal> {
        if !self.settings.is_confidential() {
            return Err(Rule::SecretNeedsWeb.into());
        }
        if self.secrets.len() >= limits::CLIENT_SECRETS {
            return Err(Rule::TooManySecrets(limits::CLIENT_SECRETS).into());
        }
        let mut after = self.clone();
        after.secrets.push(Secret::new(text, editor));
        Ok(updated(self, after, editor))
    }

    /// The client without the secret that has a hint; none if there is no such secret.
    #[must_use]
    pub fn remove_secret(self, hint: &str, editor: &Editor) -> Option<Edited<Self>> {
        let mut after = self.clone();
        let at = after.secrets.iter().position(|secret| secret.hint == hint)?;
        after.secrets.remove(at);
        Some(updated(self, after, editor))
    }

    /// The client, for other tenants to use.
    pub fn publish(self, editor: &Editor) -> Edited<Self> {
        let published_at = self.published_at.or(Some(editor.at));
        let after = Self { published_at, ..self.clone() };
        updated(self, after, editor)
    }

    /// The end of the client. Its tokens end with it.
    pub fn delete(self) -> Edited<()> {
        deleted(self)
    }

    /// The subject of the user that the client acts as (reference/access-control.md §1.1).
    #[must_use]
    pub fn bot_subject(&self) -> String {
        alloc::format!("{BOT}{}", self.id)
    }

    /// What kind of thing made it, and owns it: `user` or `service`.
    #[must_use]
    pub const fn maker(&self) -> &'static str {
        if self.owner.is_some() { "user" } else { "service" }
    }
}
