//! What is an identity provider, and how may it change? (reference/rest-api.md §9, reference/auth.md §4)

use alloc::{borrow::ToOwned as _, boxed::Box, string::String, vec::Vec};

use crate::{
    change::{Change, Delta, Edited, Editor, Entity, created, deleted, updated},
    ids::IdpId,
    names::{Description, Setting},
    refusal::{Refusal, Rule, limits},
    time::Timestamp,
    words::words,
};

words! {
    /// How a provider says who somebody is.
    Protocol {
        /// By OpenID Connect, in the browser.
        Oidc = "OIDC",
        /// By SAML: kept, and nobody can log in by it.
        Saml = "SAML",
        /// By tokens that it signs with a key that is known.
        JwtAuth = "jwtAuth",
    }
}

words! {
    /// Whose product a provider is.
    Vendor {
        /// Auth0.
        Auth0 = "auth0",
        /// Okta.
        Okta = "okta",
        /// Qlik.
        Qlik = "qlik",
        /// Any that keeps to the standard.
        Generic = "generic",
        /// Salesforce.
        Salesforce = "salesforce",
        /// Keycloak.
        Keycloak = "keycloak",
        /// Active Directory Federation Services.
        Adfs = "adfs",
        /// One that signs tokens.
        External = "external",
        /// Microsoft Entra ID.
        AzureAd = "azureAD",
    }
}

words! {
    /// Whether options that are to hold later are known to be good.
    PendingState {
        /// They are.
        Verified = "verified",
        /// Nobody has tried.
        Pending = "pending",
        /// They are not.
        Error = "error",
    }
}

words! {
    /// How the signatures of a provider's tokens are made, where its options say so.
    SignatureAlgorithm {
        /// RSA with SHA-256.
        Rs256 = "RS256",
        /// RSA with SHA-512.
        Rs512 = "RS512",
    }
}

/// The key that a provider signs tokens with: its name, and its public half in PEM. Whoever reads it from outside checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticKey {
    /// The `kid` in the header of tokens.
    pub id: Setting,
    /// The public key or a certificate.
    pub pem: String,
}

/// What makes a token of a provider one that logs somebody in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtTrust {
    /// The `iss` of its tokens.
    pub issuer: Setting,
    /// The key.
    pub key: StaticKey,
}

/// A secret that is kept sealed. The rules have no use for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

/// Where in the claims of a provider something is: pointers (RFC 6901) that are tried in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like the claims")]
pub struct ClaimsMapping {
    pub sub: Vec<String>,
    pub name: Vec<String>,
    pub email: Vec<String>,
    pub groups: Vec<String>,
    pub locale: Vec<String>,
    pub picture: Vec<String>,
    pub zoneinfo: Vec<String>,
    pub client_id: Vec<String>,
    pub email_verified: Vec<String>,
}

impl ClaimsMapping {
    /// The pointers of what has this name; none if nothing has.
    pub fn of_mut(&mut self, name: &str) -> Option<&mut Vec<String>> {
        Some(match name {
            "sub" => &mut self.sub,
            "name" => &mut self.name,
            "email" => &mut self.email,
            "groups" => &mut self.groups,
            "locale" => &mut self.locale,
            "picture" => &mut self.picture,
            "zoneinfo" => &mut self.zoneinfo,
            "client_id" => &mut self.client_id,
            "email_verified" => &mut self.email_verified,
            _ => return None,
        })
    }

    /// What is mapped, each with its pointers.
    #[must_use]
    pub fn entries(&self) -> [(&'static str, &[String]); 9] {
        [
            ("sub", &self.sub),
            ("name", &self.name),
            ("email", &self.email),
            ("groups", &self.groups),
            ("locale", &self.locale),
            ("picture", &self.picture),
            ("zoneinfo", &self.zoneinfo),
            ("client_id", &self.client_id),
            ("email_verified", &self.email_verified),
        ]
    }
}

/// How a provider is asked who somebody is (OpenID Connect Core 1.0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcSettings {
    /// Stands before the subjects of its users, with a backslash between.
    pub realm: Option<Setting>,
    /// Where the provider says what it is (OpenID Connect Discovery 1.0 §4).
    pub discovery_url: Option<Setting>,
    /// What it says there, as JSON, where it is not to be asked.
    pub configuration: Option<String>,
    /// What the provider calls us.
    pub client_id: Option<Setting>,
    /// What we prove ourselves to it by.
    pub client_secret: Option<Sealed>,
    /// The scopes to ask for.
    pub scope: Option<Setting>,
    /// Where in its claims what is.
    pub claims: ClaimsMapping,
    /// The audience of tokens of other clients; kept.
    pub audience: Option<Setting>,
    /// Other clients whose tokens count; kept.
    pub allowed_client_ids: Vec<Setting>,
    /// How its tokens must be signed; if not given, as its key says.
    pub signature: Option<SignatureAlgorithm>,
    /// Whether addresses count as verified though the provider does not say so.
    pub email_always_verified: bool,
    /// Whether claims are taken from the token rather than asked for.
    pub claims_from_token: bool,
    /// Whether `offline_access` is not asked for.
    pub block_offline_access: bool,
}

/// How an OpenID Connect provider is asked, now and once somebody says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcTrust {
    /// Whether people log in by it in a browser.
    pub interactive: bool,
    /// How it is asked.
    pub live: Option<OidcSettings>,
    /// How it is to be asked.
    pub pending: Option<OidcSettings>,
    /// What is known of that.
    pub state: PendingState,
}

/// Why what a provider says is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// It signs with a key that is known.
    Jwt(JwtTrust),
    /// It is asked.
    Oidc(Box<OidcTrust>),
    /// It is not: this is only kept, as JSON.
    Saml(String),
}

/// Somebody who says who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityProvider {
    /// The identifier.
    pub id: IdpId,
    /// Whose product it is.
    pub vendor: Vendor,
    /// What it is for.
    pub description: Description,
    /// Whether anybody can log in by it.
    pub active: bool,
    /// Whether whoever it names becomes a user.
    pub creates_users: bool,
    /// Seconds by which its clock may differ.
    pub clock_tolerance: i64,
    /// Where browsers go once somebody logged out.
    pub post_logout: Option<Setting>,
    /// Why it is believed.
    pub trust: Trust,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

/// A provider to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIdentityProvider {
    /// Whose product it is.
    pub vendor: Vendor,
    /// What it is for.
    pub description: Description,
    /// Whether whoever it names becomes a user.
    pub creates_users: bool,
    /// Seconds by which its clock may differ.
    pub clock_tolerance: i64,
    /// Where browsers go once somebody logged out.
    pub post_logout: Option<Setting>,
    /// Why it is believed.
    pub trust: Trust,
}

/// One operation of a patch (reference/rest-api.md §9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdpOp {
    /// Another description.
    Describe(Description),
    /// On, or off.
    Activate(bool),
    /// Whether whoever it names becomes a user.
    CreateUsers(bool),
    /// Another tolerance.
    Tolerate(i64),
    /// Somewhere else to go.
    PostLogout(Option<Setting>),
    /// Other options, for later.
    SetPending(Box<OidcSettings>),
    /// The options for later hold from now on.
    Promote,
}

impl Entity for IdentityProvider {
    fn change(delta: Delta<Self>) -> Change {
        Change::IdentityProvider(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.updated_at = editor.at.max(Timestamp::from_millis(self.updated_at.as_millis() + 1));
    }
}

impl IdentityProvider {
    /// A new provider. `others` are those of the tenant.
    ///
    /// # Errors
    /// When there are too many, its clock may differ by more than two hours, or another one has its issuer.
    pub fn create(
        new: NewIdentityProvider,
        id: IdpId,
        others: &[Self],
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        let NewIdentityProvider { vendor, description, creates_users, clock_tolerance, post_logout, trust } =
            new;
        if others.len() >= limits::IDENTITY_PROVIDERS {
            return Err(Rule::TooManyIdentityProviders(limits::IDENTITY_PROVIDERS).into());
        }
        tolerable(clock_tolerance)?;
        if let Trust::Jwt(JwtTrust { issuer, .. }) = &trust
            && others.iter().any(|other| other.issuer() == Some(issuer))
        {
            return Err(Rule::IssuerTaken(issuer.as_str().to_owned()).into());
        }
        let active = match &trust {
            Trust::Jwt(_) => true,
            Trust::Oidc(oidc) => oidc.live.is_some(),
            Trust::Saml(_) => false,
        };
        let (created_at, updated_at) = (editor.at, editor.at);
        Ok(created(Self {
            id,
            vendor,
            description,
            active,
            creates_users,
            clock_tolerance,
            post_logout,
            trust,
            created_at,
            updated_at,
        }))
    }

    /// How it says who somebody is.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        match self.trust {
            Trust::Jwt(_) => Protocol::JwtAuth,
            Trust::Oidc(_) => Protocol::Oidc,
            Trust::Saml(_) => Protocol::Saml,
        }
    }

    /// Whether people log in by it in a browser.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        match &self.trust {
            Trust::Jwt(_) => false,
            Trust::Oidc(oidc) => oidc.interactive,
            Trust::Saml(_) => true,
        }
    }

    /// The `iss` of its tokens, where it signs with a key that is known.
    #[must_use]
    pub const fn issuer(&self) -> Option<&Setting> {
        match &self.trust {
            Trust::Jwt(trust) => Some(&trust.issuer),
            Trust::Oidc(_) | Trust::Saml(_) => None,
        }
    }

    /// The provider after all operations of a patch, or none of them.
    ///
    /// # Errors
    /// When an operation is not one for its protocol, or it cannot be believed so.
    pub fn edit(self, ops: &[IdpOp], editor: &Editor) -> Result<Edited<Self>, Refusal> {
        let mut after = self.clone();
        for (at, op) in ops.iter().enumerate() {
            after.apply(op).map_err(|rule| Refusal::from(rule).in_operation(at))?;
        }
        Ok(updated(self, after, editor))
    }

    fn apply(&mut self, op: &IdpOp) -> Result<(), Rule> {
        let active = self.active;
        match (op, &mut self.trust) {
            (IdpOp::Describe(description), _) => self.description = description.clone(),
            (IdpOp::Activate(on), Trust::Oidc(oidc)) if *on && oidc.live.is_none() => {
                return Err(Rule::NoLiveOptions);
            }
            (IdpOp::Activate(true), Trust::Saml(_)) => return Err(Rule::SamlIsOnlyKept),
            (IdpOp::Activate(on), _) => self.active = *on,
            (IdpOp::CreateUsers(on), _) => self.creates_users = *on,
            (IdpOp::Tolerate(seconds), _) => {
                tolerable(*seconds)?;
                self.clock_tolerance = *seconds;
            }
            (IdpOp::PostLogout(uri), _) => self.post_logout.clone_from(uri),
            (IdpOp::SetPending(settings), Trust::Oidc(oidc)) => {
                if oidc.interactive && (settings.client_id.is_none() || settings.client_secret.is_none()) {
                    return Err(Rule::NoClientOfProvider);
                }
                oidc.pending = Some((**settings).clone());
                oidc.state = PendingState::Pending;
            }
            (IdpOp::Promote, Trust::Oidc(oidc)) => {
                oidc.live = Some(oidc.pending.take().ok_or(Rule::NoPendingOptions)?);
                oidc.state = PendingState::Verified;
                self.active = active || oidc.interactive;
            }
            (IdpOp::SetPending(_) | IdpOp::Promote, Trust::Jwt(_) | Trust::Saml(_)) => {
                return Err(Rule::NoPendingOptions);
            }
        }
        Ok(())
    }

    /// The end of the provider.
    ///
    /// # Errors
    /// When people log in by it in a browser at this time (reference/rest-api.md §9).
    pub fn delete(self) -> Result<Edited<()>, Refusal> {
        if self.active && self.is_interactive() {
            Err(Rule::InteractiveIdp.into())
        } else {
            Ok(deleted(self))
        }
    }
}

/// Seconds by which a clock may differ.
fn tolerable(seconds: i64) -> Result<(), Rule> {
    let most = limits::CLOCK_TOLERANCE;
    if (0..=most).contains(&seconds) { Ok(()) } else { Err(Rule::OutOfRange(0, most)) }
}
