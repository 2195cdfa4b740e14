//! Which settings of a tenant can a manifest say? (reference/rest-api.md §4.6, §5, §6)

use core::fmt;

use super::Section;
use crate::{
    api_keys::{ApiKeySettingsOp, Lifetime},
    catalogue::AutoAssign,
    change::{Edited, Editor},
    refusal::{Refusal, Rule, limits},
    tenants::{Tenant, TenantOp},
    words::words,
};

words! {
    /// A setting of a tenant, by its name in a manifest.
    Setting {
        /// See [`AutoAssign::SharedSpaces`].
        SharedSpaces = "sharedSpaceCreator",
        /// See [`AutoAssign::PrivateContent`].
        PrivateContent = "privateAnalyticsContentCreator",
        /// See [`AutoAssign::DataServices`].
        DataServices = "dataServicesContributor",
        /// Whether a login creates the groups it claims.
        AutoCreateGroups = "autoCreateGroups",
        /// Active keys of one user.
        MaxKeysPerUser = "maxKeysPerUser",
        /// The longest life of a user's key.
        MaxKeyLifetime = "maxLifetime",
        /// The life of the key of a program that provisions users.
        ScimKeyLifetime = "scimLifetime",
    }
}

/// What a setting is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// On or off.
    On(bool),
    /// So many.
    Count(u32),
    /// So long.
    Life(Lifetime),
}

impl Value {
    /// Whether both set the same: a day is as long as 24 hours.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Life(one), Self::Life(other)) => one.span() == other.span(),
            _ => self == other,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(on) => f.write_str(if *on { "on" } else { "off" }),
            Self::Count(count) => count.fmt(f),
            Self::Life(life) => f.write_str(life.as_str()),
        }
    }
}

impl Setting {
    /// All there are.
    pub const ALL: &[Self] = &[
        Self::SharedSpaces,
        Self::PrivateContent,
        Self::DataServices,
        Self::AutoCreateGroups,
        Self::MaxKeysPerUser,
        Self::MaxKeyLifetime,
        Self::ScimKeyLifetime,
    ];

    /// The section it stands in.
    #[must_use]
    pub const fn section(self) -> Section {
        match self {
            Self::SharedSpaces | Self::PrivateContent | Self::DataServices => Section::AutoAssign,
            Self::AutoCreateGroups => Section::GroupSettings,
            Self::MaxKeysPerUser | Self::MaxKeyLifetime | Self::ScimKeyLifetime => Section::ApiKeys,
        }
    }

    /// The flag, if it puts a role on users.
    #[must_use]
    pub const fn flag(self) -> Option<AutoAssign> {
        match self {
            Self::SharedSpaces => Some(AutoAssign::SharedSpaces),
            Self::PrivateContent => Some(AutoAssign::PrivateContent),
            Self::DataServices => Some(AutoAssign::DataServices),
            Self::AutoCreateGroups | Self::MaxKeysPerUser | Self::MaxKeyLifetime | Self::ScimKeyLifetime => {
                None
            }
        }
    }

    /// What it is set to in a tenant.
    #[must_use]
    pub fn of(self, tenant: &Tenant) -> Value {
        let keys = &tenant.api_keys;
        match self {
            Self::SharedSpaces => Value::On(tenant.auto_assign.shared_spaces),
            Self::PrivateContent => Value::On(tenant.auto_assign.private_content),
            Self::DataServices => Value::On(tenant.auto_assign.data_services),
            Self::AutoCreateGroups => Value::On(tenant.auto_create_groups),
            Self::MaxKeysPerUser => Value::Count(keys.max_per_user),
            Self::MaxKeyLifetime => Value::Life(keys.max_lifetime.clone()),
            Self::ScimKeyLifetime => Value::Life(keys.external_lifetime.clone()),
        }
    }

    /// The tenant with the setting set.
    ///
    /// # Errors
    /// When the value is out of range.
    pub fn set(self, value: &Value, tenant: Tenant, editor: &Editor) -> Result<Edited<Tenant>, Refusal> {
        let keys = |op| {
            let keys = tenant.api_keys.clone().edit(&[op])?;
            Ok(tenant.clone().set_api_keys(keys, editor))
        };
        match (self, self.flag(), value) {
            (_, Some(flag), Value::On(on)) => {
                tenant.edit(&[TenantOp::SetAutoAssign(flag, *on)], |_| false, editor)
            }
            (Self::AutoCreateGroups, _, Value::On(on)) => Ok(tenant.set_group_settings(*on, editor)),
            (Self::MaxKeysPerUser, _, Value::Count(count)) => {
                keys(ApiKeySettingsOp::MaxPerUser(i64::from(*count)))
            }
            (Self::MaxKeyLifetime, _, Value::Life(life)) => keys(ApiKeySettingsOp::MaxLifetime(life.clone())),
            (Self::ScimKeyLifetime, _, Value::Life(life)) => {
                keys(ApiKeySettingsOp::ExternalLifetime(life.clone()))
            }
            _ => Err(Rule::OutOfRange(0, i64::from(limits::KEYS_PER_USER)).into()),
        }
    }
}
