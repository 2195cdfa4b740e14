//! How does each service of the contract write its errors? (reference/rest-api.md §1.2)

/// How a service writes its errors.
pub struct Family {
    /// The paths of the service begin with this.
    path: &'static str,
    /// Code and title for what is not there.
    pub not_found: (&'static str, &'static str),
    /// The code of a bad patch.
    pub bad_patch: &'static str,
    pub status: StatusMember,
    /// Whether errors carry a word of OAuth too (RFC 6749 §5.2, RFC 6750 §3.1).
    pub speaks_oauth: bool,
    pub copies: Copies,
}

/// What stands beside `errors` once more, deprecated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// Nothing.
    None,
    /// Title and detail, as `error` and `message`.
    Message,
    /// The members of the error; its source lies in `meta`.
    Members,
}

/// How `status` stands in an error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum StatusMember {
    Absent,
    Number,
    Text,
}

pub const BAD_REQUEST: &str = "HTTP-400";

/// What most services, and what is no service of the contract, have in common.
const fn like(path: &'static str) -> Family {
    Family {
        path,
        not_found: ("HTTP-404", "Not found"),
        bad_patch: BAD_REQUEST,
        status: StatusMember::Number,
        speaks_oauth: false,
        copies: Copies::None,
    }
}

/// Codes are the vendor's where one is public (reference/errors.md §1); the others are ours, in its style.
const FAMILIES: &[Family] = &[
    Family {
        not_found: ("IDENTITIES-10402", "Not Found"),
        bad_patch: "ROLES-10",
        status: StatusMember::Absent,
        ..like("/api/v1/roles")
    },
    Family { not_found: ("USERS-7", "Not found"), bad_patch: "USERS-10", ..like("/api/v1/users") },
    Family { not_found: ("GROUPS-7", "Not found"), bad_patch: "GROUPS-10", ..like("/api/v1/groups") },
    Family {
        not_found: ("TENANTS-8", "Not found"),
        bad_patch: "TENANTS-10",
        status: StatusMember::Text,
        ..like("/api/v1/tenants")
    },
    Family { bad_patch: "APIKEYS-10", ..like("/api/v1/api-keys") },
    Family {
        not_found: ("TENANTS-8", "Not found"),
        status: StatusMember::Text,
        ..like("/api/v1/web-integrations")
    },
    Family { status: StatusMember::Absent, ..like("/api/core/") },
    Family { status: StatusMember::Absent, ..like("/api/v1/audits") },
    Family { status: StatusMember::Text, ..like("/api/v1/csrf-token") },
    Family { status: StatusMember::Text, speaks_oauth: true, ..like("/oauth") },
    Family { status: StatusMember::Absent, ..like("/api/v1/oauth-clients") },
    Family { status: StatusMember::Text, ..like("/api/v1/oauth-tokens") },
    Family { status: StatusMember::Text, ..like("/log") },
    Family { status: StatusMember::Absent, copies: Copies::Message, ..like("/api/v1/licenses") },
    Family { status: StatusMember::Absent, ..like("/api/v1/webhooks") },
    Family { status: StatusMember::Absent, copies: Copies::Members, ..like("/api/v1/spaces") },
];

static OTHER: Family = like("");

/// The service that a path belongs to.
pub fn family(path: &str) -> &'static Family {
    FAMILIES.iter().find(|family| path.starts_with(family.path)).unwrap_or(&OTHER)
}
