//! Which default roles does Qlik Cloud have? (as of 2026-01-26)

use crate::{
    catalogue::{AutoAssign, Catalogue},
    scopes::Level::{self, Admin, User},
};

pub(super) struct RoleRow {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) level: Level,
    pub(super) about: &'static str,
    pub(super) permissions: &'static [&'static str],
    pub(super) grants: Grants,
    pub(super) promotes: bool,
    pub(super) auto_assign: Option<AutoAssign>,
}

/// What a default role grants.
pub(super) enum Grants {
    Scopes(&'static [&'static str]),
    /// All of level admin.
    Administration,
}

/// The role that made API keys until January 2026, for tenants that still expect it (reference/access-control.md, I11).
pub(super) const DEVELOPER: RoleRow = RoleRow {
    id: "608050f750afab80bd5359a4",
    name: "Developer",
    level: User,
    about: "Made and used API keys until the scope `api-keys` took its place",
    permissions: &[
        "api-keys:read",
        "api-keys:create",
        "api-keys:update",
        "api-keys:delete",
        "api-keys:list_own",
        "api-keys:use",
    ],
    grants: Grants::Scopes(&[Catalogue::API_KEYS]),
    promotes: false,
    auto_assign: None,
};

#[rustfmt::skip]
pub(super) const ROLE_ROWS: &[RoleRow] = &[
    RoleRow {
        id: "605a18af2ab08cdbfad09259", name: "AnalyticsAdmin", level: Admin, promotes: true, auto_assign: None,
        about: "Administers content and the spaces it lies in, not users or security",
        permissions: &["automation:delete", "automation:disable", "automation:enable", "automation:list"],
        grants: Grants::Scopes(&["admin.apps", "admin.automations", "admin.spaces", "admin.report-tasks", "admin.extensions", "admin.themes"]),
    },
    RoleRow {
        id: "608050f7634644db3678b1a2", name: "AuditAdmin", level: Admin, promotes: true, auto_assign: None,
        about: "Reads the audit trail and what users asked assistants",
        permissions: &["audit:list", "audit:read"],
        grants: Grants::Scopes(&["thread-audits", Catalogue::READ_AUDITS]),
    },
    RoleRow {
        id: "6467dcd960754c03a3ed402c", name: "AutomationCreator", level: User, promotes: true, auto_assign: None,
        about: "Makes automations in the personal space",
        permissions: &["automation:create"],
        grants: Grants::Scopes(&["automations.private"]),
    },
    RoleRow {
        id: "64c8f1a05d3e7b2a9c410f61", name: "AutomlDeploymentContributor", level: User, promotes: true, auto_assign: None,
        about: "Deploys models and runs predictions",
        permissions: &["automl-deployment:create", "automl-deployment:list", "automl-experiment:list"],
        grants: Grants::Scopes(&["automl-deployments"]),
    },
    RoleRow {
        id: "64c8f1a05d3e7b2a9c410f62", name: "AutomlExperimentContributor", level: User, promotes: true, auto_assign: None,
        about: "Runs machine learning experiments",
        permissions: &["automl-experiment:create", "automl-experiment:list", "automl-deployment:list"],
        grants: Grants::Scopes(&["automl-experiments"]),
    },
    RoleRow {
        id: "60e6d9c41b7f2a63d8e5c0a4", name: "CollaborationPlatformUser", level: User, promotes: true, auto_assign: None,
        about: "Asks questions from a collaboration platform",
        permissions: &["question:create"],
        grants: Grants::Scopes(&["question:create"]),
    },
    RoleRow {
        id: "608050f77b3a91c2e4d6f805", name: "DataAdmin", level: Admin, promotes: true, auto_assign: None,
        about: "Administers data spaces",
        permissions: &["data-space:list", "data-space:update"],
        grants: Grants::Scopes(&["admin.dataquality", "admin.dataqualityrules", "admin.semantictype", "spaces.data"]),
    },
    RoleRow {
        id: "65b2f0d37c1e84a95f60d2b7", name: "DataProductManager", level: User, promotes: true, auto_assign: None,
        about: "Makes and administers data products",
        permissions: &["data-product:create", "data-product:update"],
        grants: Grants::Scopes(&["dataproduct"]),
    },
    RoleRow {
        id: "62f4a81c93d07e5b6a2c14f8", name: "DataServicesContributor", level: User, promotes: true, auto_assign: Some(AutoAssign::DataServices),
        about: "Works with the data integration services",
        permissions: &["data-service:use"],
        grants: Grants::Scopes(&["pipelines-projects"]),
    },
    RoleRow {
        id: "608050f7c25d48e17ab39f06", name: "DataSpaceCreator", level: User, promotes: true, auto_assign: None,
        about: "Makes data spaces",
        permissions: &["data-space:create"],
        grants: Grants::Scopes(&["spaces.data"]),
    },
    RoleRow {
        id: "63bd7c1e4f8a2095d6c3e7b1", name: "EmbeddedAnalyticsUser", level: User, promotes: false, auto_assign: None,
        about: "Sees embedded apps only; limits the interface, not the API",
        permissions: &["ui:restricted"],
        grants: Grants::Scopes(&[]),
    },
    RoleRow {
        id: "605a1c2151382ffc836af863", name: "ManagedSpaceCreator", level: User, promotes: true, auto_assign: None,
        about: "Makes managed spaces",
        permissions: &["managed-space:create"],
        grants: Grants::Scopes(&["spaces.managed"]),
    },
    RoleRow {
        id: "63580b8d5cf9728f19217be0", name: "PrivateAnalyticsContentCreator", level: User, promotes: true, auto_assign: Some(AutoAssign::PrivateContent),
        about: "Makes content in the personal space",
        permissions: &["personal-space:use"],
        grants: Grants::Scopes(&["apps"]),
    },
    RoleRow {
        id: "605a1c2151382ffc836af862", name: "SharedSpaceCreator", level: User, promotes: true, auto_assign: Some(AutoAssign::SharedSpaces),
        about: "Makes shared spaces",
        permissions: &["shared-space:create"],
        grants: Grants::Scopes(&["spaces.shared:create"]),
    },
    RoleRow {
        id: "61f2d8907ae35c4b1d60f3a9", name: "Steward", level: User, promotes: true, auto_assign: None,
        about: "Maintains glossaries and approves their terms",
        permissions: &["glossary:create", "glossary:update", "glossary:delete", "term:approve"],
        grants: Grants::Scopes(&["glossary:all"]),
    },
    RoleRow {
        id: "608050f750afab80bd53586d", name: "TenantAdmin", level: Admin, promotes: true, auto_assign: None,
        about: "Administers the tenant: users, groups, roles, settings, security",
        permissions: &["tenant:manage", "user:manage", "group:manage", "role:manage", "space:manage", "api-key:manage"],
        grants: Grants::Administration,
    },
];
