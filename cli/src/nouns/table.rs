//! Which things of a tenant are there, and what can be said of each? One table, from which the commands are made.

use super::noun::{Field, Kind, Noun, Part, Verb, When};
use crate::output::Column;

const fn text(flag: &'static str, member: &'static str, when: When, about: &'static str) -> Field {
    Field { flag, member, about, kind: Kind::Text, when }
}

const fn flag(flag: &'static str, member: &'static str, about: &'static str) -> Field {
    Field { flag, member, about, kind: Kind::Flag, when: When::Edit }
}

const fn texts(flag: &'static str, member: &'static str, when: When, about: &'static str) -> Field {
    Field { flag, member, about, kind: Kind::Texts, when }
}

const ROLES: Field = Field {
    flag: "role",
    member: "assignedRoles",
    about: "A role it has, by its name; can be given several times",
    kind: Kind::Roles,
    when: When::Create,
};
const ID: Column = Column::of("ID", "id");
const NAME: Column = Column::of("NAME", "name");
const DESCRIPTION: Column = Column::of("DESCRIPTION", "description");
const ASSIGNED_ROLES: Column = Column::of("ROLES", "assignedRoles.name");
const ALL: &[Verb] = &[Verb::Create, Verb::Edit, Verb::Rm];

/// The things, in the order of the help.
pub const NOUNS: &[Noun] = &[
    ROLE,
    USER,
    GROUP,
    GROUP_SETTINGS,
    TENANT,
    API_KEY,
    API_KEY_SETTINGS,
    OAUTH_CLIENT,
    SPACE,
    IDENTITY_PROVIDER,
    WEB_INTEGRATION,
    WEBHOOK,
];

const ROLE: Noun = Noun {
    name: "role",
    word: "role",
    path: "/api/v1/roles",
    id: "id",
    called: &["name"],
    has_filter: true,
    only: None,
    columns: &[
        ID,
        NAME,
        Column::of("TYPE", "type"),
        Column::of("LEVEL", "level"),
        Column::of("SCOPES", "assignedScopes"),
        DESCRIPTION,
    ],
    secret: None,
    fields: &[
        text("name", "name", When::FirstAndEdit, "The name"),
        text("description", "description", When::Any, "What it is for"),
        texts("scope", "assignedScopes", When::Create, "A scope it grants; can be given several times"),
    ],
    verbs: ALL,
    parts: &[Part::Scope],
};

const USER: Noun = Noun {
    name: "user",
    word: "user",
    path: "/api/v1/users",
    id: "id",
    called: &["subject", "email", "name"],
    has_filter: true,
    only: None,
    columns: &[
        ID,
        NAME,
        Column::of("EMAIL", "email"),
        Column::of("SUBJECT", "subject"),
        Column::of("STATUS", "status"),
        ASSIGNED_ROLES,
        Column::of("GROUPS", "assignedGroups.name"),
    ],
    secret: None,
    fields: &[
        text("subject", "subject", When::First, "What the identity provider calls the user"),
        text("name", "name", When::Any, "The name to show"),
        text("email", "email", When::Create, "The e-mail address"),
        text("status", "status", When::Any, "`active`, `invited` or `disabled`"),
        ROLES,
    ],
    verbs: ALL,
    parts: &[Part::Role],
};

const GROUP: Noun = Noun {
    name: "group",
    word: "group",
    path: "/api/v1/groups",
    id: "id",
    called: &["name"],
    has_filter: true,
    only: None,
    columns: &[
        ID,
        NAME,
        Column::of("PROVIDER", "providerType"),
        Column::of("STATUS", "status"),
        ASSIGNED_ROLES,
        DESCRIPTION,
    ],
    secret: None,
    fields: &[
        text("name", "name", When::FirstAndEdit, "The name"),
        text("description", "description", When::Any, "What it is for"),
        Field {
            flag: "provider",
            member: "providerType",
            about: "Who decides about members: `custom` for administrators, `idp` for the identity provider [default: custom]",
            kind: Kind::Usually("custom"),
            when: When::Create,
        },
        ROLES,
    ],
    verbs: ALL,
    parts: &[Part::Role, Part::Member],
};

const GROUP_SETTINGS: Noun = Noun {
    name: "group-settings",
    word: "configuration of groups",
    path: "/api/v1/groups",
    id: "tenantId",
    called: &[],
    has_filter: false,
    only: Some("/api/v1/groups/settings"),
    columns: &[
        Column::of("AUTO-CREATE", "autoCreateGroups"),
        Column::of("EVERYONE", "systemGroups.000000000000000000000001.assignedRoles.name"),
    ],
    secret: None,
    fields: &[flag(
        "auto-create",
        "autoCreateGroups",
        "Whether a login makes the groups that its identity provider names",
    )],
    verbs: &[Verb::Edit],
    parts: &[],
};

const TENANT: Noun = Noun {
    name: "tenant",
    word: "tenant",
    path: "/api/v1/tenants",
    id: "id",
    called: &[],
    has_filter: false,
    only: Some("/api/v1/tenants/{tenant}"),
    columns: &[
        ID,
        NAME,
        Column::of("HOSTNAMES", "hostnames"),
        Column::of("STATUS", "status"),
        Column::of("SHARED-SPACES", "autoAssignCreateSharedSpacesRoleToProfessionals"),
        Column::of("PRIVATE-CONTENT", "autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals"),
        Column::of("DATA-SERVICES", "autoAssignDataServicesContributorRoleToProfessionals"),
    ],
    secret: None,
    fields: &[
        text("name", "name", When::Edit, "The name it shows"),
        text("alias", "hostnames/1", When::Edit, "The second host name it is reached under"),
        flag(
            "auto-assign-shared-spaces",
            "autoAssignCreateSharedSpacesRoleToProfessionals",
            "Whether entitled users get the role SharedSpaceCreator",
        ),
        flag(
            "auto-assign-private-content",
            "autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals",
            "Whether entitled users get the role PrivateAnalyticsContentCreator",
        ),
        flag(
            "auto-assign-data-services",
            "autoAssignDataServicesContributorRoleToProfessionals",
            "Whether entitled users get the role DataServicesContributor",
        ),
        flag(
            "app-opening-feedback",
            "enableAppOpeningFeedback",
            "Whether feedback is asked for when an app opens",
        ),
    ],
    verbs: &[Verb::Edit],
    parts: &[],
};

const API_KEY: Noun = Noun {
    name: "api-key",
    word: "API key",
    path: "/api/v1/api-keys",
    id: "id",
    called: &["description"],
    has_filter: false,
    only: None,
    columns: &[
        ID,
        DESCRIPTION,
        Column::of("SUBJECT", "sub"),
        Column::of("STATUS", "status"),
        Column::of("EXPIRES", "expiry"),
    ],
    secret: Some(Column::secret("TOKEN", "token")),
    fields: &[
        text("description", "description", When::FirstAndEdit, "What it is for"),
        text("expiry", "expiry", When::Create, "How long it is good for, for example `P30D`"),
        text("subject", "sub", When::Create, "Whose it is; the caller's if not given"),
        text(
            "subject-type",
            "subType",
            When::Create,
            "`user`, or `externalClient` for a program that provisions users",
        ),
    ],
    verbs: ALL,
    parts: &[],
};

const API_KEY_SETTINGS: Noun = Noun {
    name: "api-key-settings",
    word: "configuration of API keys",
    path: "/api/v1/api-keys",
    id: "tenantId",
    called: &[],
    has_filter: false,
    only: Some("/api/v1/api-keys/configs/{tenant}"),
    columns: &[
        Column::of("MAX-PER-USER", "max_keys_per_user"),
        Column::of("MAX-LIFETIME", "max_api_key_expiry"),
        Column::of("PROVISIONING-LIFETIME", "scim_externalClient_expiry"),
    ],
    secret: None,
    fields: &[
        Field {
            flag: "max-per-user",
            member: "max_keys_per_user",
            about: "How many active keys a user may have, 0 to 1000",
            kind: Kind::Number,
            when: When::Edit,
        },
        text(
            "max-lifetime",
            "max_api_key_expiry",
            When::Edit,
            "How long a key may be good for, for example `P90D`",
        ),
        text(
            "provisioning-lifetime",
            "scim_externalClient_expiry",
            When::Edit,
            "The same of keys for programs that provision users",
        ),
    ],
    verbs: &[Verb::Edit],
    parts: &[],
};

const OAUTH_CLIENT: Noun = Noun {
    name: "oauth-client",
    word: "OAuth client",
    path: "/api/v1/oauth-clients",
    id: "clientId",
    called: &["clientName"],
    has_filter: true,
    only: None,
    columns: &[
        Column::of("ID", "clientId"),
        Column::of("NAME", "clientName"),
        Column::of("TYPE", "appType"),
        Column::of("SCOPES", "allowedScopes"),
        Column::of("CREATED", "createdAt"),
        DESCRIPTION,
    ],
    secret: Some(Column::secret("SECRET", "clientSecret")),
    fields: &[
        text("type", "appType", When::First, "`web`, `native`, `spa` or `anonymous-embed`"),
        text("name", "clientName", When::FirstAndEdit, "The name"),
        text("description", "description", When::Any, "What it is for"),
        texts(
            "redirect-uri",
            "redirectUris",
            When::Any,
            "Where users come back to; can be given several times",
        ),
        texts("origin", "allowedOrigins", When::Any, "A page that may use it; can be given several times"),
        texts("scope", "allowedScopes", When::Any, "A scope it may have; can be given several times"),
        texts(
            "grant-type",
            "allowedGrantTypes",
            When::Any,
            "A way to get tokens; can be given several times",
        ),
    ],
    verbs: ALL,
    parts: &[],
};

const SPACE: Noun = Noun {
    name: "space",
    word: "space",
    path: "/api/v1/spaces",
    id: "id",
    called: &["name"],
    has_filter: false,
    only: None,
    columns: &[ID, NAME, Column::of("TYPE", "type"), Column::of("OWNER", "ownerId"), DESCRIPTION],
    secret: None,
    fields: &[
        text("name", "name", When::FirstAndEdit, "The name"),
        text("type", "type", When::First, "`shared`, `managed` or `data`"),
        text("description", "description", When::Any, "What it is for"),
        text("owner", "ownerId", When::Edit, "The identifier of the user who owns it"),
    ],
    verbs: &[Verb::Create, Verb::Edit, Verb::Rm, Verb::Roles],
    parts: &[],
};

const IDENTITY_PROVIDER: Noun = Noun {
    name: "identity-provider",
    word: "identity provider",
    path: "/api/v1/identity-providers",
    id: "id",
    called: &["description"],
    has_filter: false,
    only: None,
    columns: &[
        ID,
        Column::of("PROTOCOL", "protocol"),
        Column::of("PROVIDER", "provider"),
        Column::of("ACTIVE", "active"),
        Column::of("INTERACTIVE", "interactive"),
        DESCRIPTION,
    ],
    secret: None,
    fields: &[text("description", "description", When::Edit, "What it is for")],
    verbs: ALL,
    parts: &[],
};

const WEB_INTEGRATION: Noun = Noun {
    name: "web-integration",
    word: "web integration",
    path: "/api/v1/web-integrations",
    id: "id",
    called: &["name"],
    has_filter: false,
    only: None,
    columns: &[ID, NAME, Column::of("ORIGINS", "validOrigins"), Column::of("CREATED", "created")],
    secret: None,
    fields: &[
        text("name", "name", When::FirstAndEdit, "The name"),
        texts(
            "origin",
            "validOrigins",
            When::Any,
            "A page that may use sessions; can be given several times",
        ),
    ],
    verbs: ALL,
    parts: &[],
};

const WEBHOOK: Noun = Noun {
    name: "webhook",
    word: "webhook",
    path: "/api/v1/webhooks",
    id: "id",
    called: &["name"],
    has_filter: false,
    only: None,
    columns: &[
        ID,
        NAME,
        Column::of("URL", "url"),
        Column::of("LEVEL", "level"),
        Column::of("ENABLED", "enabled"),
        Column::of("EVENTS", "eventTypes"),
        DESCRIPTION,
    ],
    secret: None,
    fields: &[
        text("name", "name", When::FirstAndEdit, "The name"),
        text("url", "url", When::FirstAndEdit, "Where events are sent"),
        text("level", "level", When::Create, "`tenant` if not given, or `user`: whose events"),
        texts("event-type", "eventTypes", When::Any, "A type of events; can be given several times"),
        Field {
            flag: "enabled",
            member: "enabled",
            about: "Whether events are sent; not until it is said, if not given",
            kind: Kind::Flag,
            when: When::Any,
        },
        text("description", "description", When::Any, "What it is for"),
    ],
    verbs: ALL,
    parts: &[],
};
