//! What is a tenant, and how may it change? (reference/rest-api.md §5, reference/access-control.md §4a)

use alloc::{boxed::Box, string::String, vec::Vec};
use core::ops::RangeInclusive;

use crate::{
    api_keys::ApiKeySettings,
    catalogue::AutoAssign,
    change::{Change, Delta, Edited, Editor, Entity, created, updated},
    ids::{TenantId, UserId},
    licenses::LicenseSettings,
    names::{DisplayName, Hostname},
    refusal::{Refusal, Rule, limits},
    sessions::SessionLimits,
    time::{Span, Timestamp},
    words::words,
};

words! {
    /// Whether a tenant can be used.
    TenantStatus {
        /// It can.
        Active = "active",
        /// Nobody can use it.
        Disabled = "disabled",
        /// It is gone, or about to be.
        Deleted = "deleted",
        /// Users cannot enter it.
        UserAccessDisabled = "user-access-disabled",
    }
}

/// Where a tenant is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The region, for example `eu`.
    pub region: String,
    /// The data centre, for example `eu-west-1`.
    pub datacenter: String,
}

/// The data centres and their regions, as published (reference/rest-api.md §5).
const DATACENTERS: &[(&str, &str)] = &[
    ("ap-northeast-1", "jp"),
    ("ap-southeast-1", "ap"),
    ("ap-southeast-2", "sg"),
    ("eu-central-1", "de"),
    ("eu-west-1", "eu"),
    ("eu-west-2", "uk"),
    ("us-east-1", "us"),
];

impl Place {
    /// Where tenants are of which nobody says where.
    #[must_use]
    pub fn local() -> Self {
        Self { region: String::from("local"), datacenter: String::from("local") }
    }

    /// The data centre with a name, in its region; none if there is no such data centre.
    #[must_use]
    pub fn of(datacenter: &str) -> Option<Self> {
        let found = DATACENTERS.iter().find(|(name, _)| *name == datacenter);
        found.map(|(name, region)| Self { region: String::from(*region), datacenter: String::from(*name) })
    }
}

/// The three settings that put a default role on entitled users; all on in a fresh tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoAssignFlags {
    /// See [`AutoAssign::SharedSpaces`].
    pub shared_spaces: bool,
    /// See [`AutoAssign::PrivateContent`].
    pub private_content: bool,
    /// See [`AutoAssign::DataServices`].
    pub data_services: bool,
}

impl AutoAssignFlags {
    /// Whether a flag is on.
    #[must_use]
    pub const fn get(self, flag: AutoAssign) -> bool {
        match flag {
            AutoAssign::SharedSpaces => self.shared_spaces,
            AutoAssign::PrivateContent => self.private_content,
            AutoAssign::DataServices => self.data_services,
        }
    }

    const fn set(&mut self, flag: AutoAssign, on: bool) {
        match flag {
            AutoAssign::SharedSpaces => self.shared_spaces = on,
            AutoAssign::PrivateContent => self.private_content = on,
            AutoAssign::DataServices => self.data_services = on,
        }
    }
}

/// A tenant with all of its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The identifier.
    pub id: TenantId,
    /// The name it shows.
    pub name: DisplayName,
    /// The hosts it answers under: the first is the one to show, the second the alias its administrators chose.
    pub hostnames: Vec<Hostname>,
    /// Whether it can be used.
    pub status: TenantStatus,
    /// When the status last changed.
    pub status_updated_at: Timestamp,
    /// When all of it is deleted; only while it is disabled or about to be gone.
    pub purge_at: Option<Timestamp>,
    /// Where it is.
    pub place: Place,
    /// SHA-256 of the licence key that it was made with.
    pub license: Option<[u8; 32]>,
    /// Who made it; none when it was made from the command line or by an operator.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it or one of its settings was last edited.
    pub updated_at: Timestamp,
    /// Which roles entitled users are given.
    pub auto_assign: AutoAssignFlags,
    /// Deprecated setting of the vendor, kept and shown.
    pub enable_analytic_creation: bool,
    /// Setting of the vendor, kept and shown.
    pub enable_app_opening_feedback: bool,
    /// Whether a login creates the groups it claims.
    pub auto_create_groups: bool,
    /// What new users are entitled to.
    pub licenses: LicenseSettings,
    /// How many API keys, and for how long.
    pub api_keys: ApiKeySettings,
    /// How long sessions are good for.
    pub sessions: SessionLimits,
}

/// One operation of a patch of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantOp {
    /// Another name.
    Rename(DisplayName),
    /// Another alias, the second host name.
    SetAlias(Hostname),
    /// One of the auto-assign flags.
    SetAutoAssign(AutoAssign, bool),
    /// `enableAnalyticCreation`
    EnableAnalyticCreation(bool),
    /// `enableAppOpeningFeedback`
    EnableAppOpeningFeedback(bool),
}

impl Entity for Tenant {
    fn change(delta: Delta<Self>) -> Change {
        Change::Tenant(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.updated_at = editor.at.max(Timestamp::from_millis(self.updated_at.as_millis() + 1));
    }
}

impl Tenant {
    /// A fresh tenant: everything auto-assigned, new users professional, API keys good for a day.
    pub fn create(
        id: TenantId,
        name: DisplayName,
        hostnames: Vec<Hostname>,
        editor: &Editor,
    ) -> Edited<Self> {
        created(Self {
            id,
            name,
            hostnames,
            status: TenantStatus::Active,
            status_updated_at: editor.at,
            purge_at: None,
            place: Place::local(),
            license: None,
            created_by: editor.user,
            created_at: editor.at,
            updated_at: editor.at,
            auto_assign: AutoAssignFlags { shared_spaces: true, private_content: true, data_services: true },
            enable_analytic_creation: false,
            enable_app_opening_feedback: false,
            auto_create_groups: false,
            licenses: LicenseSettings { auto_assign_professional: true, auto_assign_analyzer: false },
            api_keys: ApiKeySettings::default(),
            sessions: SessionLimits::default(),
        })
    }

    /// The same fresh tenant somewhere else, made with a licence key of which only the hash is kept.
    pub fn licensed(fresh: Edited<Self>, place: Place, license: [u8; 32]) -> Edited<Self> {
        created(Self { place, license: Some(license), ..fresh.value })
    }

    /// The tenant, which nobody can use, and all of which is deleted so many days from now. One that is disabled already
    /// gets that day instead.
    ///
    /// # Errors
    /// When that are too few or too many days, or the tenant is about to be gone.
    pub fn deactivate(self, days: u32, editor: &Editor) -> Result<Edited<Self>, Refusal> {
        const DAYS: RangeInclusive<u32> = limits::PURGE_DAYS;
        if self.status == TenantStatus::Deleted {
            return Err(Rule::TenantDeleted.into());
        }
        if !DAYS.contains(&days) {
            return Err(Rule::OutOfRange((*DAYS.start()).into(), (*DAYS.end()).into()).into());
        }
        let purge_at = Some(editor.at.plus(Span::from_days(days)));
        let after = Self { purge_at, ..self.clone().standing(TenantStatus::Disabled, editor) };
        Ok(updated(self, after, editor))
    }

    /// The tenant, which can be used again and is not deleted.
    ///
    /// # Errors
    /// When it is about to be gone.
    pub fn reactivate(self, editor: &Editor) -> Result<Edited<Self>, Refusal> {
        if self.status == TenantStatus::Deleted {
            return Err(Rule::TenantDeleted.into());
        }
        let after = Self { purge_at: None, ..self.clone().standing(TenantStatus::Active, editor) };
        Ok(updated(self, after, editor))
    }

    /// The tenant, which is about to be gone and whose host names are free, if its day has come.
    pub fn expire(self, editor: &Editor) -> Edited<Self> {
        let due = self.status == TenantStatus::Disabled && self.purge_at.is_some_and(|at| at <= editor.at);
        if !due {
            return Edited::unchanged(self);
        }
        let after = Self { hostnames: Vec::new(), ..self.clone().standing(TenantStatus::Deleted, editor) };
        updated(self, after, editor)
    }

    fn standing(self, status: TenantStatus, editor: &Editor) -> Self {
        let status_updated_at = if self.status == status { self.status_updated_at } else { editor.at };
        Self { status, status_updated_at, ..self }
    }

    /// Whether anybody may use it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == TenantStatus::Active
    }

    /// The tenant after all operations of a patch, or none of them. `taken` tells whether another tenant or the
    /// installation itself has a host name.
    ///
    /// # Errors
    /// When the alias is the present one, has a first label of fewer than 3 characters, does not lie beside the first
    /// host name, or is taken.
    pub fn edit(
        self,
        ops: &[TenantOp],
        taken: impl Fn(&Hostname) -> bool,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        let mut tenant = self.clone();
        for (at, op) in ops.iter().enumerate() {
            tenant.apply(op, &taken).map_err(|rule| Refusal::from(rule).in_operation(at))?;
        }
        Ok(updated(self, tenant, editor))
    }

    fn apply(&mut self, op: &TenantOp, taken: impl Fn(&Hostname) -> bool) -> Result<(), Rule> {
        match op {
            TenantOp::Rename(name) => self.name = name.clone(),
            TenantOp::SetAlias(alias) => {
                self.free_alias(alias, taken)?;
                self.hostnames.truncate(1);
                self.hostnames.push(alias.clone());
            }
            TenantOp::SetAutoAssign(flag, on) => self.auto_assign.set(*flag, *on),
            TenantOp::EnableAnalyticCreation(on) => self.enable_analytic_creation = *on,
            TenantOp::EnableAppOpeningFeedback(on) => self.enable_app_opening_feedback = *on,
        }
        Ok(())
    }

    fn free_alias(&self, alias: &Hostname, taken: impl Fn(&Hostname) -> bool) -> Result<(), Rule> {
        let (label, parent) = alias.split();
        let (_, own_parent) = self.hostnames.first().map(Hostname::split).unwrap_or_default();
        if self.hostnames.get(1) == Some(alias) {
            Err(Rule::HostnameUnchanged)
        } else if label.len() < 3 {
            Err(Rule::HostnameLabel)
        } else if parent != own_parent {
            Err(Rule::HostnameParent(String::from(own_parent)))
        } else if self.hostnames.first() == Some(alias) || alias.is_reserved() || taken(alias) {
            Err(Rule::HostnameTaken)
        } else {
            Ok(())
        }
    }

    /// The tenant with these group settings.
    pub fn set_group_settings(self, auto_create_groups: bool, editor: &Editor) -> Edited<Self> {
        let after = Self { auto_create_groups, ..self.clone() };
        updated(self, after, editor)
    }

    /// The tenant with these licence settings.
    pub fn set_licenses(self, licenses: LicenseSettings, editor: &Editor) -> Edited<Self> {
        let after = Self { licenses, ..self.clone() };
        updated(self, after, editor)
    }

    /// The tenant with other limits of sessions.
    ///
    /// # Errors
    /// When one of them is out of range.
    pub fn set_sessions(self, sessions: SessionLimits, editor: &Editor) -> Result<Edited<Self>, Refusal> {
        let after = Self { sessions: sessions.checked()?, ..self.clone() };
        Ok(updated(self, after, editor))
    }

    /// The tenant with these settings of API keys.
    pub fn set_api_keys(self, api_keys: ApiKeySettings, editor: &Editor) -> Edited<Self> {
        let after = Self { api_keys, ..self.clone() };
        updated(self, after, editor)
    }
}
