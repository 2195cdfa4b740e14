//! Which attributes can each kind of resource be filtered by? (reference/rest-api.md §1.4)

/// What the values of an attribute are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Texts, compared without regard to case.
    Text,
    /// Points in time.
    Time,
    /// `true` or `false`, in quotes or not.
    Boolean,
}

/// An attribute that filters may use.
pub trait Attribute: Copy + PartialEq + 'static {
    /// All attributes of the resource with their names and kinds.
    const ALL: &'static [(Self, &'static str, Kind)];
    /// All names.
    const NAMES: &'static [&'static str];
    /// The attribute whose conditions must stand in a group of their own that is and-ed to the rest.
    const APART: Option<Self>;
    /// What may stand before a name and changes nothing: the schema that it is of.
    const SCHEMA: &'static str;

    /// The attribute with a name, in any case.
    #[must_use]
    fn named(name: &str) -> Option<(Self, Kind)> {
        let prefix = name.get(..Self::SCHEMA.len()).filter(|start| start.eq_ignore_ascii_case(Self::SCHEMA));
        let name = prefix.and_then(|prefix| name.get(prefix.len()..)).unwrap_or(name);
        Self::ALL
            .iter()
            .find(|(_, known, _)| known.eq_ignore_ascii_case(name))
            .map(|(attribute, _, kind)| (*attribute, *kind))
    }
}

macro_rules! apart {
    () => {
        None
    };
    ($apart:ident) => {
        Some(Self::$apart)
    };
}

macro_rules! schema {
    () => {
        ""
    };
    ($schema:literal) => {
        $schema
    };
}

macro_rules! attributes {
    ($(#[$doc:meta])* $name:ident $(apart $apart:ident)? $(of $schema:literal)? { $($variant:ident = $text:literal $kind:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $(
                #[doc = concat!("`", $text, "`")]
                $variant,
            )+
        }

        impl Attribute for $name {
            const ALL: &'static [(Self, &'static str, Kind)] = &[$((Self::$variant, $text, Kind::$kind)),+];
            const NAMES: &'static [&'static str] = &[$($text),+];
            const APART: Option<Self> = apart!($($apart)?);
            const SCHEMA: &'static str = schema!($($schema)?);
        }
    };
}

attributes! {
    /// Attributes of roles.
    RoleAttribute {
        Id = "id" Text,
        Name = "name" Text,
        Type = "type" Text,
        Level = "level" Text,
        TenantId = "tenantId" Text,
        CreatedAt = "createdAt" Time,
        Description = "description" Text,
        Permissions = "permissions" Text,
        LastUpdatedAt = "lastUpdatedAt" Time,
    }
}

attributes! {
    /// Attributes of users.
    UserAttribute apart Status {
        Id = "id" Text,
        Subject = "subject" Text,
        Name = "name" Text,
        Email = "email" Text,
        Status = "status" Text,
        ClientId = "clientId" Text,
        RoleId = "assignedRoles.id" Text,
        RoleName = "assignedRoles.name" Text,
        GroupId = "assignedGroups.id" Text,
        GroupRoleName = "assignedGroupsAssignedRoles.name" Text,
        Scope = "assignedScopes" Text,
    }
}

attributes! {
    /// Attributes of groups.
    GroupAttribute {
        Id = "id" Text,
        Name = "name" Text,
        Status = "status" Text,
        ProviderType = "providerType" Text,
        CreatedAt = "createdAt" Time,
        LastUpdatedAt = "lastUpdatedAt" Time,
        RoleId = "assignedRoles.id" Text,
        RoleName = "assignedRoles.name" Text,
    }
}

attributes! {
    /// Attributes of licence assignments.
    LicenseAttribute {
        Subject = "subject" Text,
        Type = "type" Text,
        Created = "created" Time,
    }
}

attributes! {
    /// Attributes of OAuth clients.
    ClientAttribute {
        ClientId = "clientId" Text,
        ClientName = "clientName" Text,
        AppType = "appType" Text,
        TenantId = "tenantId" Text,
        CreatedByType = "createdByType" Text,
    }
}

attributes! {
    /// Attributes of events, as webhooks are told of them (reference/events.md §4).
    EventAttribute {
        Id = "id" Text,
        SpaceId = "spaceId" Text,
        TopLevelResourceId = "topLevelResourceId" Text,
    }
}

attributes! {
    /// Attributes of users, as programs that provision them call these (RFC 7643 §4.1).
    ScimUserAttribute of "urn:ietf:params:scim:schemas:core:2.0:User:" {
        Id = "id" Text,
        UserName = "userName" Text,
        ExternalId = "externalId" Text,
        DisplayName = "displayName" Text,
        Emails = "emails" Text,
        Email = "emails.value" Text,
        Active = "active" Boolean,
        Created = "meta.created" Time,
        LastModified = "meta.lastModified" Time,
    }
}

attributes! {
    /// Attributes of groups, as programs that provision them call these (RFC 7643 §4.2).
    ScimGroupAttribute of "urn:ietf:params:scim:schemas:core:2.0:Group:" {
        Id = "id" Text,
        DisplayName = "displayName" Text,
        ExternalId = "externalId" Text,
        Members = "members" Text,
        Member = "members.value" Text,
        Created = "meta.created" Time,
        LastModified = "meta.lastModified" Time,
    }
}

attributes! {
    /// Attributes of one of several values, in a patch (RFC 7644 §3.5.2).
    ItemAttribute {
        Value = "value" Text,
        Type = "type" Text,
        Display = "display" Text,
        Primary = "primary" Boolean,
    }
}
