//! Why was an edit refused?

use alloc::string::String;

use crate::time::Span;

/// A refused edit: the rule it breaks, and where in the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct Refusal {
    /// The broken rule.
    pub rule: Rule,
    /// Which operation of a patch broke it, counted from 0.
    pub operation: Option<usize>,
    /// Which item of a list broke it, counted from 0.
    pub item: Option<usize>,
}

impl Refusal {
    /// The refusal of operation `operation` of a patch.
    #[must_use]
    pub fn in_operation(self, operation: usize) -> Self {
        Self { operation: Some(operation), ..self }
    }

    pub(crate) const fn at_item(rule: Rule, item: usize) -> Self {
        Self { rule, operation: None, item: Some(item) }
    }
}

impl From<Rule> for Refusal {
    fn from(rule: Rule) -> Self {
        Self { rule, operation: None, item: None }
    }
}

impl WebhookRule {
    /// The members of a webhook that it is about, the first one foremost.
    #[must_use]
    pub const fn members(&self) -> &'static [&'static str] {
        match self {
            Self::TenantLevel | Self::LevelIsFixed => &["level"],
            Self::TypeNotOfLevel(_) => &["eventTypes"],
            Self::HeadersNeededAgain => &["encryptedHeaders", "url"],
            Self::HeaderTwice(_) => &["headers", "encryptedHeaders"],
            Self::CloudEventsStayOn => &["enableCloudEventDelivery"],
            Self::MayNotHave | Self::TooManyOfTenant(_) | Self::TooManyOfUser(_) => &[],
        }
    }
}

impl From<WebhookRule> for Refusal {
    fn from(rule: WebhookRule) -> Self {
        Rule::from(rule).into()
    }
}

impl From<SpaceRule> for Refusal {
    fn from(rule: SpaceRule) -> Self {
        Rule::from(rule).into()
    }
}

/// The rules an edit can break. The sections are those of reference/access-control.md unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says what its rule is")]
pub enum Rule {
    // roles, §1 and §2
    #[error("a role named `{0}` exists; role names are unique in a tenant")]
    RoleNameTaken(String),
    #[error("`{0}` can be mistaken for the default role `{1}`; choose another name")]
    RoleNameReserved(String, String),
    #[error("a tenant has at most {0} custom roles; delete one first")]
    TooManyRoles(usize),
    #[error("the default role `{0}` cannot be changed or deleted")]
    DefaultRole(String),
    #[error("only the scopes of `{0}` can be changed")]
    OnlyScopesOf(String),
    #[error("the role `{0}` is assigned to a user or a group; take it from all of them first")]
    RoleInUse(String),
    #[error("the scope `{0}` is not in the catalogue; see `/rolecall/v1/scopes`")]
    UnknownScope(String),
    #[error("a role has at most {0} scopes")]
    TooManyScopes(usize),
    #[error("a tenant has at most {0} scopes that are not in the catalogue")]
    TooManyOpaqueScopes(usize),
    #[error("the scope `{0}` cannot be held by a custom role")]
    ScopeNotForCustomRoles(String),
    #[error("the scope `{0}` cannot be held by the role every user has")]
    ScopeNotForUserDefault(String),

    // assignments, §3
    #[error("there is no role `{0}`")]
    UnknownRole(String),
    #[error("the role `{0}` is every user's already and cannot be assigned")]
    NotAssignable(String),
    #[error("a group has at most {0} roles")]
    TooManyGroupRoles(usize),
    #[error("a role that administers the tenant cannot be taken from oneself; ask another administrator")]
    OwnAdministration,
    #[error("the tenant would be left without an active administrator for good")]
    LastAdministrator,
    #[error("it must end after it begins")]
    EmptyPeriod,
    #[error("it would have ended already")]
    PeriodIsOver,

    // groups, §8
    #[error("a group named `{0}` exists; group names are unique per provider")]
    GroupNameTaken(String),
    #[error("`{0}` can be mistaken for a system group; choose another name")]
    GroupNameReserved(String),
    #[error("a tenant has at most {0} groups; delete one first")]
    TooManyGroups(usize),
    #[error("only a custom group can be renamed or described")]
    NotACustomGroup,
    #[error("a system group cannot be deleted")]
    SystemGroup,
    #[error("the group `{0}` has members; take them out first")]
    GroupHasMembers(String),
    #[error("there is no group `{0}`")]
    UnknownGroup(String),
    #[error("the members of `{0}` are decided by the identity provider")]
    IdpGroup(String),
    #[error("the user is in the group `{0}` already")]
    AlreadyMember(String),

    // users, §9
    #[error("only an administrator may do this")]
    NotAdministrator,
    #[error("a user with the subject `{0}` exists")]
    SubjectTaken(String),
    #[error("an invited user needs an e-mail address")]
    InviteNeedsEmail,
    #[error("the user is not invited")]
    NotInvited,
    #[error("a user who is {0} cannot become {1}")]
    StatusStep(&'static str, &'static str),
    #[error("an invitation must end after it is made")]
    InviteEnded,
    #[error("nobody can delete or disable themselves; ask another administrator")]
    OwnAccount,

    // lists, §5
    #[error("only an administrator may filter by roles or scopes")]
    RolesHidden,

    // tenants, reference/rest-api.md §5
    #[error("the host name is the present one")]
    HostnameUnchanged,
    #[error("the first label of a host name has 3 to 63 characters")]
    HostnameLabel,
    #[error("the host name must end in `.{0}` like the tenant's first one")]
    HostnameParent(String),
    #[error("the host name is not available")]
    HostnameTaken,
    #[error("the tenant is about to be gone")]
    TenantDeleted,

    // API keys, reference/rest-api.md §6
    #[error("an API key can only be made and described by its owner")]
    KeyForOther,
    #[error("only an administrator sees the API keys of others")]
    KeysOfOthers,
    #[error("there is no identity provider with this identifier")]
    UnknownIdentityProvider,
    #[error("a user has at most {0} active API keys in this tenant; delete one first")]
    TooManyKeys(u32),
    #[error("an API key lives at most {0} in this tenant")]
    KeyLivesTooLong(String),
    // OAuth clients, reference/rest-api.md §7
    #[error("only an administrator sees the tokens of others")]
    TokensOfOthers,
    #[error("a client has at most {0} of these")]
    TooManyUris(usize),
    #[error("the names of the scopes of a client have at most {0} characters together")]
    TooManyClientScopes(usize),
    #[error("the same key stands twice")]
    KeyTwice,
    #[error("subjects that begin like those of bot users are for these")]
    SubjectReserved,
    #[error("this user belongs to an OAuth client; delete that, or disable the user")]
    UserOfClient,
    #[error("only a client of type `spa` has allowed origins")]
    OriginsOfBrowsersOnly,
    #[error("only a client of type `web` has grant types of its own")]
    GrantNeedsWeb,
    #[error("only a trusted client may act as users")]
    ImpersonationNeedsTrust,
    #[error("an OAuth client cannot have the scope `{0}`")]
    ScopeNotForClients(String),
    #[error("only a client of type `web` has secrets")]
    SecretNeedsWeb,
    #[error("a client has at most {0} secrets; delete one first")]
    TooManySecrets(usize),
    #[error("must be between {0} and {1}")]
    OutOfRange(i64, i64),

    // ways in, reference/rest-api.md §9 and §12
    #[error("a tenant has at most {0} identity providers; delete one first")]
    TooManyIdentityProviders(usize),
    #[error("a tenant has at most {0} OAuth clients; delete one first")]
    TooManyClients(usize),
    #[error("a tenant has at most {0} web integrations; delete one first")]
    TooManyWebIntegrations(usize),
    #[error("another identity provider has the issuer `{0}`")]
    IssuerTaken(String),
    #[error(
        "this identity provider has no options yet that it could be used with; promote the pending ones first"
    )]
    NoLiveOptions,
    #[error("this identity provider has no pending options")]
    NoPendingOptions,
    #[error("a provider that people log in by in a browser needs `clientId` and `clientSecret`")]
    NoClientOfProvider,
    #[error("SAML is only kept: nobody can log in by it")]
    SamlIsOnlyKept,
    #[error("people log in by this identity provider; switch it off first")]
    InteractiveIdp,
    #[error("must be a multiple of 60")]
    NotInHours,
    // provisioning, RFC 7644
    #[error("a user with the user name `{0}` exists")]
    UserNameTaken(String),
    #[error("an administrator who belongs to no identity provider is not changed by one")]
    AdministratorOfNoProvider,
    #[error("only a group of identity providers can be provisioned")]
    NotAnIdpGroup,
    #[error("users whom this identity provider may not change are in the group")]
    MembersOfOthers,

    // spaces
    #[error(transparent)]
    Space(#[from] SpaceRule),

    // webhooks
    #[error(transparent)]
    Webhook(#[from] WebhookRule),
}

/// The rules an edit of a webhook can break (reference/events.md §4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says what its rule is")]
pub enum WebhookRule {
    #[error("this needs the scope `webhooks`, or TenantAdmin")]
    MayNotHave,
    #[error("a webhook of level `tenant` is for TenantAdmin; make one of level `user`")]
    TenantLevel,
    #[error("a tenant has at most {0} webhooks of level `tenant`; delete one first")]
    TooManyOfTenant(usize),
    #[error("a user has at most {0} webhooks of level `user`; delete one first")]
    TooManyOfUser(usize),
    #[error("events of type `{0}` are not for webhooks of level `user`")]
    TypeNotOfLevel(&'static str),
    #[error("the level of a webhook cannot be changed; make another one")]
    LevelIsFixed,
    #[error("the encrypted headers must be sent again with another URL")]
    HeadersNeededAgain,
    #[error("the header `{0}` stands among both the headers and the encrypted ones")]
    HeaderTwice(String),
    #[error("the delivery of CloudEvents cannot be switched off again")]
    CloudEventsStayOn,
}

/// The rules an edit of a space or of the assignments in it can break (reference/rest-api.md §11).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says what its rule is")]
pub enum SpaceRule {
    #[error("a space named `{0}` exists; names of spaces are unique in a tenant, in whatever case")]
    NameTaken(String),
    #[error("to make spaces of type `{0}` needs the scope `{1}`")]
    MayNotMake(&'static str, &'static str),
    #[error("a tenant has at most {0} spaces; delete one first")]
    TooMany(usize),
    #[error("this needs the action `{0}` in the space; ask its owner")]
    Needs(&'static str),
    #[error("there is no user `{0}`")]
    UnknownOwner(String),
    #[error("there is no {0} `{1}`")]
    UnknownAssignee(&'static str, String),
    #[error("the owner of a space has all roles in it")]
    OwnerHasAllRoles,
    #[error("the assignee has roles in the space; change that assignment")]
    AlreadyIn,
    #[error("a space has at most {0} assignments; take one away, or assign groups")]
    TooManyAssignments(usize),
    #[error("the role `{0}` is none of spaces of type `{1}`")]
    RoleNotOfType(&'static str, &'static str),
    #[error("there must be at least one role")]
    NoRole,
}

/// The limits that reference/rest-api.md §1.9 and reference/access-control.md §6 give, and some of our own.
pub mod limits {
    use super::Span;

    /// Custom roles in a tenant.
    pub const CUSTOM_ROLES: usize = 500;
    /// Scopes of a role; ours.
    pub const SCOPES_OF_ROLE: usize = 1000;
    /// Scopes of a tenant that are not in the catalogue, where those are accepted; ours.
    pub const OPAQUE_SCOPES: usize = 10_000;
    /// Groups in a tenant, system groups not counted.
    pub const GROUPS: usize = 10_000;
    /// Roles of a group.
    pub const ROLES_OF_GROUP: usize = 100;
    /// Spaces in a tenant; ours.
    pub const SPACES: usize = 10_000;
    /// Assignments in a space; ours.
    pub const SPACE_ASSIGNMENTS: usize = 1000;
    /// API keys of a user, as a tenant may set it.
    pub const KEYS_PER_USER: u32 = 1000;
    /// Redirect addresses, and origins, of an OAuth client.
    pub const CLIENT_URIS: usize = 5;
    /// Public keys of an OAuth client; ours.
    pub const CLIENT_KEYS: usize = 10;
    /// Characters of the names of all scopes of an OAuth client, for they stand in its tokens; ours.
    pub const CLIENT_SCOPES: usize = 4000;
    /// Secrets of an OAuth client.
    pub const CLIENT_SECRETS: usize = 5;
    /// How long an access token is good for (reference/auth.md §3.2).
    pub const ACCESS_TOKEN: Span = Span::from_hours(6);
    /// OAuth clients of a tenant; ours.
    pub const CLIENTS: usize = 1000;
    /// Web integrations of a tenant; ours.
    pub const WEB_INTEGRATIONS: usize = 100;
    /// Identity providers of a tenant; ours.
    pub const IDENTITY_PROVIDERS: usize = 50;
    /// Seconds by which the clock of an identity provider may differ (reference/rest-api.md §9).
    pub const CLOCK_TOLERANCE: i64 = 7200;
    /// Groups in the claims of a login; more than these are taken for none (threats T24). Ours.
    pub const CLAIMED_GROUPS: usize = 1000;
    /// Origins of a web integration; ours.
    pub const ORIGINS: usize = 50;
    /// Webhooks of level `tenant` in a tenant.
    pub const TENANT_WEBHOOKS: usize = 100;
    /// Webhooks of level `user` of a user.
    pub const USER_WEBHOOKS: usize = 150;
    /// How long a webhook signs with its earlier secret too; ours.
    pub const SECRET_ROTATION: Span = Span::from_hours(24);
    /// Minutes that a session may last, or be idle; ours.
    pub const SESSION_MINUTES: i64 = 30 * 24 * 60;
    /// How long a code is good for (RFC 9700 §4.5, threats T28).
    pub const CODE: Span = Span::from_millis(60_000);
    /// Grants that a client has of one user; with one more the least needed ends. Ours.
    pub const GRANTS: usize = 100;
    /// Tokens that came of a grant; with one more the oldest ends. Ours.
    pub const TOKENS_OF_GRANT: i64 = 100;
    /// How long refresh tokens are given (reference/auth.md §3.2).
    pub const REFRESH_TOKEN: Span = Span::from_days(30);
    /// How long a token is good for that stands in addresses; ours.
    pub const EXCHANGED_TOKEN: Span = Span::from_millis(300_000);
    /// Days between the end of a tenant and the deletion of all of it (reference/rest-api.md §5).
    pub const PURGE_DAYS: core::ops::RangeInclusive<u32> = 10..=90;
    /// How long an invitation is good for.
    pub const INVITATION: Span = Span::from_days(7);
    /// The longest life a tenant may allow its API keys.
    pub const KEY_LIFE: Span = Span::from_days(3650);
}
