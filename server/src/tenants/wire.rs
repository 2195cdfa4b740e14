//! What do tenants look like outside? (reference/rest-api.md §5)

use rolecall_engine::{
    catalogue::AutoAssign,
    names::{DisplayName, Hostname},
    tenants::{self, Place, TenantOp},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, TenantError},
    http::patch::{Form, Operation, Operations, of},
    links::{Links, SelfLink},
};

/// A tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the contract has five")]
pub struct Tenant {
    /// 32 characters.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// The hosts it answers under, the one to show first.
    pub hostnames: Vec<String>,
    /// `active`, `disabled`, `deleted` or `user-access-disabled`.
    pub status: &'static str,
    /// When the status last changed.
    pub status_last_updated_at: String,
    /// The region it is in.
    pub region: String,
    /// The data centre it is in.
    pub datacenter: String,
    /// When it was made.
    pub created: String,
    /// When it was last changed.
    pub last_updated: String,
    /// The user who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by_user: Option<String>,
    /// Deprecated; kept, without effect.
    pub enable_analytic_creation: bool,
    /// Kept, without effect.
    pub enable_app_opening_feedback: bool,
    /// Whether professional users are given the role `SharedSpaceCreator`.
    pub auto_assign_create_shared_spaces_role_to_professionals: bool,
    /// Whether professional users are given the role `PrivateAnalyticsContentCreator`.
    pub auto_assign_private_analytics_content_creator_role_to_professionals: bool,
    /// Whether professional users are given the role `DataServicesContributor`.
    pub auto_assign_data_services_contributor_role_to_professionals: bool,
    /// Where it is.
    pub links: SelfLink,
}

impl Tenant {
    pub fn new(tenant: &tenants::Tenant, links: &Links) -> Self {
        Self {
            id: tenant.id.to_string(),
            name: tenant.name.to_string(),
            hostnames: tenant.hostnames.iter().map(ToString::to_string).collect(),
            status: tenant.status.as_str(),
            status_last_updated_at: tenant.status_updated_at.to_string(),
            region: tenant.place.region.clone(),
            datacenter: tenant.place.datacenter.clone(),
            created: tenant.created_at.to_string(),
            last_updated: tenant.updated_at.to_string(),
            created_by_user: tenant.created_by.map(|user| user.to_string()),
            enable_analytic_creation: tenant.enable_analytic_creation,
            enable_app_opening_feedback: tenant.enable_app_opening_feedback,
            auto_assign_create_shared_spaces_role_to_professionals: tenant.auto_assign.shared_spaces,
            auto_assign_private_analytics_content_creator_role_to_professionals: tenant
                .auto_assign
                .private_content,
            auto_assign_data_services_contributor_role_to_professionals: tenant.auto_assign.data_services,
            links: links.to(format_args!("/api/v1/tenants/{}", tenant.id)).into(),
        }
    }
}

impl Operations for TenantOp {
    const FORMS: &'static [Form] = &[
        ("replace", "/name", of::<String>),
        ("replace", "/hostnames/1", of::<String>),
        ("replace", "/autoAssignCreateSharedSpacesRoleToProfessionals", of::<bool>),
        ("replace", "/autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals", of::<bool>),
        ("replace", "/autoAssignDataServicesContributorRoleToProfessionals", of::<bool>),
        ("replace", "/enableAnalyticCreation", of::<bool>),
        ("replace", "/enableAppOpeningFeedback", of::<bool>),
    ];

    fn read(operation: &Operation) -> Result<Option<Self>, Error> {
        let flag = |flag| operation.value().map(|on| Self::SetAutoAssign(flag, on));
        Ok(Some(match operation.form() {
            ("replace", "/name") => Self::Rename(operation.text(DisplayName::new)?),
            ("replace", "/hostnames/1") => Self::SetAlias(operation.text(Hostname::new)?),
            ("replace", "/autoAssignCreateSharedSpacesRoleToProfessionals") => {
                flag(AutoAssign::SharedSpaces)?
            }
            ("replace", "/autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals") => {
                flag(AutoAssign::PrivateContent)?
            }
            ("replace", "/autoAssignDataServicesContributorRoleToProfessionals") => {
                flag(AutoAssign::DataServices)?
            }
            ("replace", "/enableAnalyticCreation") => Self::EnableAnalyticCreation(operation.value()?),
            ("replace", "/enableAppOpeningFeedback") => Self::EnableAppOpeningFeedback(operation.value()?),
            _ => return Ok(None),
        }))
    }
}

/// Characters of the longest licence key.
const LICENSE_KEY: usize = 4096;

/// A tenant to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewTenant {
    /// Any text of at most 4096 characters; only its hash is kept.
    license_key: Option<String>,
    /// One of the published data centres.
    datacenter: Option<String>,
    /// Rolecall's own: the name to show; the first label of the host name if not given.
    name: Option<String>,
    /// Rolecall's own: one or two host names; one that is made up if not given.
    hostnames: Option<Vec<String>>,
}

impl NewTenant {
    /// # Errors
    /// When the licence key is missing, or a member cannot be what it says.
    pub fn read(self) -> Result<super::NewTenant, Error> {
        let license_key = self.license_key.ok_or(TenantError::NoLicense)?;
        if !(1..=LICENSE_KEY).contains(&license_key.chars().count()) {
            return Err(TenantError::BadLicense.into());
        }
        let place = match self.datacenter.as_deref() {
            None => Place::local(),
            Some(name) => Place::of(name)
                .ok_or_else(|| Error::at_pointer("/datacenter", "is none of the published data centres"))?,
        };
        let name = self.name.as_deref().map(DisplayName::new).transpose();
        let hostname = |(at, text): (usize, &String)| {
            Hostname::new(text).map_err(|error| Error::at_pointer(format!("/hostnames/{at}"), error))
        };
        let hostnames = self.hostnames.unwrap_or_default();
        if hostnames.len() > 2 {
            return Err(Error::at_pointer("/hostnames", "at most two"));
        }
        Ok(super::NewTenant {
            name: name.map_err(|error| Error::at_pointer("/name", error))?,
            hostnames: hostnames.iter().enumerate().map(hostname).collect::<Result<_, _>>()?,
            place,
            license_key,
        })
    }
}

/// How a tenant ends.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "TenantDeactivation")]
#[serde(rename_all = "camelCase")]
pub struct Deactivation {
    /// Days until all of it is deleted: 10 to 90, 30 if not given.
    purge_after_days: Option<u32>,
}

impl Deactivation {
    pub fn days(&self) -> u32 {
        self.purge_after_days.unwrap_or(30)
    }
}

/// A tenant that nobody can use.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeactivatedTenant")]
#[serde(rename_all = "camelCase")]
pub struct Deactivated {
    /// The tenant.
    id: String,
    /// `disabled`.
    status: &'static str,
    /// When all of it is deleted.
    estimated_purge_date: Option<String>,
}

impl From<&tenants::Tenant> for Deactivated {
    fn from(tenant: &tenants::Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            status: tenant.status.as_str(),
            estimated_purge_date: tenant.purge_at.map(|at| at.to_string()),
        }
    }
}

/// Nothing.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "TenantReactivation")]
pub struct Reactivation {}

/// Nothing.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReactivatedTenant")]
pub struct Reactivated {}
