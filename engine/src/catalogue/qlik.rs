//! The catalogue of Qlik Cloud: 225 scopes, 16 default roles and `UserDefault`.
//!
//! Names, levels, uses and parents are the vendor's (reference/scopes.json, as of 2026-08-18; reference/default-roles.json,
//! as of 2026-01-26). The descriptions are ours. What is not public is our choice and said so in `SUPPORTED.md`: the
//! `permissions` of most default roles, what each grants in scopes, identifiers that no sample shows, and the beginning
//! of `UserDefault`.

use alloc::{string::ToString, vec::Vec};

use super::{AutoAssign, Catalogue, DefaultRole, Scope};
use crate::{
    ids::RoleId,
    names::RoleName,
    scopes::{
        Level::{self, Admin, User},
        ScopeIndex, ScopeName, ScopeSet,
    },
};

struct ScopeRow {
    name: &'static str,
    level: Level,
    uses: Uses,
    parent: Option<&'static str>,
    about: &'static str,
}

/// Where a scope may be used.
struct Uses {
    oauth: bool,
    custom_role: bool,
    user_default: bool,
}

const NOWHERE: Uses = Uses { oauth: false, custom_role: false, user_default: false };
const OAUTH: Uses = Uses { oauth: true, custom_role: false, user_default: false };
const ROLES: Uses = Uses { oauth: false, custom_role: true, user_default: false };
const ROLES_DEFAULT: Uses = Uses { oauth: false, custom_role: true, user_default: true };
const OAUTH_ROLES: Uses = Uses { oauth: true, custom_role: true, user_default: false };
const EVERYWHERE: Uses = Uses { oauth: true, custom_role: true, user_default: true };

struct RoleRow {
    id: &'static str,
    name: &'static str,
    level: Level,
    about: &'static str,
    permissions: &'static [&'static str],
    grants: Grants,
    promotes: bool,
    auto_assign: Option<AutoAssign>,
}

/// What a default role grants.
enum Grants {
    Scopes(&'static [&'static str]),
    /// All of level admin.
    Administration,
}

/// The role that made API keys until January 2026, for tenants that still expect it (reference/access-control.md, I11).
const DEVELOPER: RoleRow = RoleRow {
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

const USER_DEFAULT: RoleId = RoleId::new(0x66fa_3b20, [0xd1, 0x8c, 0x4e, 0x7a, 0x5b, 0x92, 0xf0, 0x64]);

/// What every user of a fresh tenant may do: what is documented (`notes`), and what only reads.
const INITIAL_USER_DEFAULT: &[&str] = &[
    "notes",
    "data-connections:read",
    "dataquality:read",
    "discovery-agent:read",
    "knowledgebases:read",
    "lineage:read",
    "pipelines-projects:read",
    "semantictype:read",
];

const INITIAL_EVERYONE: &[&str] =
    &["AutomationCreator", "PrivateAnalyticsContentCreator", "SharedSpaceCreator"];

impl Catalogue {
    /// The catalogue of Qlik Cloud.
    #[must_use]
    pub fn qlik() -> Self {
        Self::from_rows(ROLE_ROWS.iter())
    }

    /// The catalogue of Qlik Cloud with the retired role `Developer`.
    #[must_use]
    pub fn qlik_with_developer() -> Self {
        Self::from_rows(ROLE_ROWS.iter().chain([&DEVELOPER]))
    }

    fn from_rows(roles: impl Iterator<Item = &'static RoleRow>) -> Self {
        let place = |name: &str| {
            SCOPE_ROWS
                .iter()
                .position(|row| row.name == name)
                .and_then(|at| u16::try_from(at).ok())
                .map(ScopeIndex)
        };
        let scopes: Vec<Scope> = SCOPE_ROWS
            .iter()
            .filter_map(|row| {
                Some(Scope {
                    name: ScopeName::new(row.name).ok()?,
                    level: row.level,
                    parent: row.parent.and_then(place),
                    about: row.about.to_string(),
                    oauth: row.uses.oauth,
                    custom_role: row.uses.custom_role,
                    user_default: row.uses.user_default,
                })
            })
            .collect();
        let bare = Self::build(scopes.clone(), Vec::new(), USER_DEFAULT);
        let role = |row: &RoleRow| {
            let granted: ScopeSet = match row.grants {
                Grants::Scopes(names) => names
                    .iter()
                    .filter_map(|name| place(name))
                    .flat_map(|at| bare.with_children(at))
                    .collect(),
                Grants::Administration => (0_u16..)
                    .map(ScopeIndex)
                    .zip(SCOPE_ROWS)
                    .filter(|(_, row)| row.level == Admin && row.name != "admin_classic")
                    .map(|(at, _)| at)
                    .collect(),
            };
            Some(DefaultRole {
                id: RoleId::from_hex(row.id)?,
                name: RoleName::new(row.name).ok()?,
                level: row.level,
                about: row.about.to_string(),
                permissions: row.permissions.iter().map(ToString::to_string).collect(),
                grants: granted,
                promotes: row.promotes,
                auto_assign: row.auto_assign,
            })
        };
        let mut default_roles: Vec<DefaultRole> = roles.filter_map(role).collect();
        default_roles.push(DefaultRole {
            id: USER_DEFAULT,
            name: RoleName::stored("UserDefault".to_string()),
            level: User,
            about: "What every user may do; not assignable".to_string(),
            permissions: Vec::new(),
            grants: ScopeSet::new(),
            promotes: false,
            auto_assign: None,
        });
        let initial_everyone = default_roles
            .iter()
            .filter(|role| INITIAL_EVERYONE.contains(&role.name.as_str()))
            .map(|role| role.id)
            .collect();
        Self {
            initial_user_default: INITIAL_USER_DEFAULT
                .iter()
                .filter_map(|name| ScopeName::new(name).ok())
                .collect(),
            initial_everyone,
            ..Self::build(scopes, default_roles, USER_DEFAULT)
        }
    }
}

/// Rolecall's own scope first, then the vendor's in the order of its table.
#[rustfmt::skip]
const SCOPE_ROWS: &[ScopeRow] = &[
    ScopeRow { name: Catalogue::ADMINISTER, level: Admin, uses: NOWHERE, parent: None, about: "Administer users, groups, roles and settings of the tenant" },
    ScopeRow { name: "admin_classic", level: Admin, uses: OAUTH, parent: None, about: "All administration, as a set that follows the catalogue; OAuth clients only" },
    ScopeRow { name: "admin.ai-descriptions", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Set up generated texts for datasets and rules" },
    ScopeRow { name: "admin.aiplatform", level: Admin, uses: OAUTH, parent: None, about: "Talk to the language model" },
    ScopeRow { name: "admin.apps", level: Admin, uses: OAUTH, parent: None, about: "Administer all apps of the tenant" },
    ScopeRow { name: "admin.apps:export", level: Admin, uses: OAUTH, parent: Some("admin.apps"), about: "Export any app of the tenant" },
    ScopeRow { name: "admin.apps:read", level: Admin, uses: OAUTH, parent: Some("admin.apps"), about: "View any app of the tenant" },
    ScopeRow { name: "admin.assistants", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Administer all assistants of the tenant" },
    ScopeRow { name: "admin.auth-settings", level: Admin, uses: OAUTH, parent: None, about: "View and set authentication, including session lifetimes" },
    ScopeRow { name: "admin.automations", level: Admin, uses: OAUTH, parent: None, about: "Administer all automations of the tenant" },
    ScopeRow { name: "admin.automations:read", level: Admin, uses: OAUTH, parent: Some("admin.automations"), about: "View all automations of the tenant" },
    ScopeRow { name: "admin.automations:strict", level: Admin, uses: ROLES, parent: None, about: "Administer all automations, in the form a custom role can hold" },
    ScopeRow { name: "admin.automl-models:approve", level: Admin, uses: ROLES, parent: None, about: "Approve or reject any model of the tenant" },
    ScopeRow { name: "admin.automl:full", level: Admin, uses: ROLES, parent: None, about: "Administer machine learning from the console" },
    ScopeRow { name: "admin.collections.publicgoverned", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Maintain governed public collections" },
    ScopeRow { name: "admin.csp", level: Admin, uses: ROLES, parent: None, about: "Maintain the origins of the content security policy" },
    ScopeRow { name: "admin.dataproduct", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Administer data products of every space" },
    ScopeRow { name: "admin.dataquality", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Administer data quality of every space" },
    ScopeRow { name: "admin.dataqualityrules", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Administer validation rules of every space, and hand them over" },
    ScopeRow { name: "admin.direct-access-gateways:delete_gateway", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Remove a Direct Access gateway" },
    ScopeRow { name: "admin.direct-access-gateways:register_gateway", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Register a Direct Access gateway" },
    ScopeRow { name: "admin.direct-access-gateways:remote_configuration", level: Admin, uses: OAUTH, parent: None, about: "View and set the configuration of gateways" },
    ScopeRow { name: "admin.environments", level: Admin, uses: ROLES, parent: None, about: "Maintain environments and their links to spaces" },
    ScopeRow { name: "admin.extensions", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Maintain and download extensions" },
    ScopeRow { name: "admin.insightshome:edit", level: Admin, uses: ROLES, parent: None, about: "Arrange the home page" },
    ScopeRow { name: "admin.ip-policies", level: Admin, uses: OAUTH, parent: None, about: "Maintain the list of allowed addresses" },
    ScopeRow { name: "admin.knowledgebases", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Administer all knowledge bases of the tenant" },
    ScopeRow { name: "admin.lakehouse-cluster", level: Admin, uses: ROLES, parent: None, about: "Maintain and run lakehouse clusters" },
    ScopeRow { name: "admin.report-tasks", level: Admin, uses: OAUTH, parent: None, about: "Administer report tasks and subscriptions, with their templates and filters" },
    ScopeRow { name: "admin.semantictype", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Administer all semantic types of the tenant" },
    ScopeRow { name: "admin.spaces", level: Admin, uses: OAUTH, parent: None, about: "Administer all spaces of the tenant" },
    ScopeRow { name: "admin.spaces:read", level: Admin, uses: OAUTH, parent: Some("admin.spaces"), about: "View all spaces of the tenant" },
    ScopeRow { name: "admin.sprints", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Administer stewardship sprints of every space" },
    ScopeRow { name: "admin.themes", level: Admin, uses: OAUTH_ROLES, parent: None, about: "Maintain and download themes" },
    ScopeRow { name: "admin.ui-config:edit", level: Admin, uses: ROLES, parent: None, about: "Set the appearance for the whole tenant, pinned links for one" },
    ScopeRow { name: "admin.users", level: Admin, uses: OAUTH, parent: None, about: "Administer all users of the tenant" },
    ScopeRow { name: "admin.users:read", level: Admin, uses: OAUTH, parent: Some("admin.users"), about: "View all fields of all users" },
    ScopeRow { name: "admin.webhooks", level: Admin, uses: OAUTH, parent: None, about: "Administer the webhooks of the tenant" },
    ScopeRow { name: "user_default", level: User, uses: OAUTH, parent: None, about: "All rights of ordinary users, as a set that follows the catalogue; OAuth clients only" },
    ScopeRow { name: "ai-descriptions", level: User, uses: EVERYWHERE, parent: None, about: "Have descriptions of rules and resources written" },
    ScopeRow { name: "analysis-agent", level: User, uses: EVERYWHERE, parent: None, about: "Ask the analysis agent about data" },
    ScopeRow { name: "api-keys", level: User, uses: ROLES_DEFAULT, parent: None, about: "Make, list, change and delete API keys of one's own" },
    ScopeRow { name: "app.share", level: User, uses: EVERYWHERE, parent: None, about: "Share one app outside its space" },
    ScopeRow { name: "apps", level: User, uses: OAUTH, parent: None, about: "Work with apps of one's own" },
    ScopeRow { name: "apps:export", level: User, uses: OAUTH, parent: Some("apps"), about: "Export apps of one's own" },
    ScopeRow { name: "apps:read", level: User, uses: OAUTH, parent: Some("apps"), about: "View apps of one's own" },
    ScopeRow { name: "apps:manage", level: User, uses: OAUTH_ROLES, parent: None, about: "Choose the engine size of an app" },
    ScopeRow { name: "apps.data:export", level: User, uses: EVERYWHERE, parent: None, about: "Download the content of apps, data included" },
    ScopeRow { name: "apps.image:export", level: User, uses: EVERYWHERE, parent: Some("apps.data:export"), about: "Download the content of apps as image or PDF" },
    ScopeRow { name: "apps.report:all", level: User, uses: EVERYWHERE, parent: None, about: "All reporting, with templates, filters, recipients and tasks" },
    ScopeRow { name: "apps.report:export", level: User, uses: EVERYWHERE, parent: Some("apps.report:all"), about: "Reports on demand" },
    ScopeRow { name: "assistants", level: User, uses: EVERYWHERE, parent: None, about: "Work with assistants" },
    ScopeRow { name: "assistants:read", level: User, uses: EVERYWHERE, parent: Some("assistants"), about: "Put questions to assistants" },
    ScopeRow { name: "automations", level: User, uses: OAUTH, parent: None, about: "Work with automations of one's own" },
    ScopeRow { name: "automations:read", level: User, uses: OAUTH, parent: Some("automations"), about: "View automations of one's own" },
    ScopeRow { name: "automations.private", level: User, uses: EVERYWHERE, parent: None, about: "Automations in one's personal space" },
    ScopeRow { name: "automations.shared", level: User, uses: EVERYWHERE, parent: None, about: "Automations in shared spaces, together with a space role" },
    ScopeRow { name: "automl-deployments", level: User, uses: EVERYWHERE, parent: None, about: "Change deployments of models and run predictions of every kind" },
    ScopeRow { name: "automl-deployments:predict", level: User, uses: EVERYWHERE, parent: Some("automl-deployments"), about: "Run predictions through API or connector" },
    ScopeRow { name: "automl-experiments", level: User, uses: EVERYWHERE, parent: None, about: "Work with experiments" },
    ScopeRow { name: "automl-experiments:no_gen_ai_assist", level: User, uses: EVERYWHERE, parent: Some("automl-experiments"), about: "Work with experiments, without generated help" },
    ScopeRow { name: "automl-models:approve", level: User, uses: ROLES_DEFAULT, parent: None, about: "Approve or reject models of spaces one may edit" },
    ScopeRow { name: "classic_talend.audit_logs_view", level: User, uses: ROLES, parent: None, about: "Talend (legacy): audit logs view" },
    ScopeRow { name: "classic_talend.connection_create", level: User, uses: ROLES, parent: None, about: "Talend (legacy): connection create" },
    ScopeRow { name: "classic_talend.connection_delete", level: User, uses: ROLES, parent: None, about: "Talend (legacy): connection delete" },
    ScopeRow { name: "classic_talend.connection_read", level: User, uses: ROLES, parent: None, about: "Talend (legacy): connection read" },
    ScopeRow { name: "classic_talend.connection_share", level: User, uses: ROLES, parent: None, about: "Talend (legacy): connection share" },
    ScopeRow { name: "classic_talend.connection_update", level: User, uses: ROLES, parent: None, about: "Talend (legacy): connection update" },
    ScopeRow { name: "classic_talend.crawling_create", level: User, uses: ROLES, parent: None, about: "Talend (legacy): crawling create" },
    ScopeRow { name: "classic_talend.crawling_delete", level: User, uses: ROLES, parent: None, about: "Talend (legacy): crawling delete" },
    ScopeRow { name: "classic_talend.crawling_read", level: User, uses: ROLES, parent: None, about: "Talend (legacy): crawling read" },
    ScopeRow { name: "classic_talend.crawling_update", level: User, uses: ROLES, parent: None, about: "Talend (legacy): crawling update" },
    ScopeRow { name: "classic_talend.custom_attribute_create", level: User, uses: ROLES, parent: None, about: "Talend (legacy): custom attribute create" },
    ScopeRow { name: "classic_talend.custom_attribute_delete", level: User, uses: ROLES, parent: None, about: "Talend (legacy): custom attribute delete" },
    ScopeRow { name: "classic_talend.custom_attribute_read", level: User, uses: ROLES, parent: None, about: "Talend (legacy): custom attribute read" },
    ScopeRow { name: "classic_talend.custom_attribute_update", level: User, uses: ROLES, parent: None, about: "Talend (legacy): custom attribute update" },
    ScopeRow { name: "classic_talend.dataset_advanced_search", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset advanced search" },
    ScopeRow { name: "classic_talend.dataset_api_manage", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset api manage" },
    ScopeRow { name: "classic_talend.dataset_api_view", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset api view" },
    ScopeRow { name: "classic_talend.dataset_attributes_manage", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset attributes manage" },
    ScopeRow { name: "classic_talend.dataset_certify", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset certify" },
    ScopeRow { name: "classic_talend.dataset_create", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset create" },
    ScopeRow { name: "classic_talend.dataset_delete", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset delete" },
    ScopeRow { name: "classic_talend.dataset_download", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset download" },
    ScopeRow { name: "classic_talend.dataset_read", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset read" },
    ScopeRow { name: "classic_talend.dataset_sample_update", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset sample update" },
    ScopeRow { name: "classic_talend.dataset_schema_update", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset schema update" },
    ScopeRow { name: "classic_talend.dataset_share", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset share" },
    ScopeRow { name: "classic_talend.dataset_tags_manage", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset tags manage" },
    ScopeRow { name: "classic_talend.dataset_update", level: User, uses: ROLES, parent: None, about: "Talend (legacy): dataset update" },
    ScopeRow { name: "classic_talend.execution_logs_delete", level: User, uses: ROLES, parent: None, about: "Talend (legacy): execution logs delete" },
    ScopeRow { name: "classic_talend.rule_create", level: User, uses: ROLES, parent: None, about: "Talend (legacy): rule create" },
    ScopeRow { name: "classic_talend.rule_delete", level: User, uses: ROLES, parent: None, about: "Talend (legacy): rule delete" },
    ScopeRow { name: "classic_talend.rule_edit", level: User, uses: ROLES, parent: None, about: "Talend (legacy): rule edit" },
    ScopeRow { name: "classic_talend.rule_view", level: User, uses: ROLES, parent: None, about: "Talend (legacy): rule view" },
    ScopeRow { name: "classic_talend.studio_entitlement_studio_developer", level: User, uses: ROLES, parent: None, about: "Talend (legacy): studio entitlement studio developer" },
    ScopeRow { name: "classic_talend.tapid_admin", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tapid admin" },
    ScopeRow { name: "classic_talend.tapid_definition_manage", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tapid definition manage" },
    ScopeRow { name: "classic_talend.tapid_definition_share", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tapid definition share" },
    ScopeRow { name: "classic_talend.tapid_portal_manage", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tapid portal manage" },
    ScopeRow { name: "classic_talend.tapit_project_manage", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tapit project manage" },
    ScopeRow { name: "classic_talend.tapit_project_share", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tapit project share" },
    ScopeRow { name: "classic_talend.tdp_basic", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdp basic" },
    ScopeRow { name: "classic_talend.tdp_dataset_certify", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdp dataset certify" },
    ScopeRow { name: "classic_talend.tdp_dataset_perform_live", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdp dataset perform live" },
    ScopeRow { name: "classic_talend.tdp_full_run_perform", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdp full run perform" },
    ScopeRow { name: "classic_talend.tdp_hybrid_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdp hybrid management" },
    ScopeRow { name: "classic_talend.tdp_prep_version_create", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdp prep version create" },
    ScopeRow { name: "classic_talend.tdp_tcomp_use", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdp tcomp use" },
    ScopeRow { name: "classic_talend.tdq_semantic_type_create", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdq semantic type create" },
    ScopeRow { name: "classic_talend.tdq_semantic_type_delete", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdq semantic type delete" },
    ScopeRow { name: "classic_talend.tdq_semantic_type_edit", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdq semantic type edit" },
    ScopeRow { name: "classic_talend.tdq_semantic_type_list", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdq semantic type list" },
    ScopeRow { name: "classic_talend.tdq_semantic_type_publish", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdq semantic type publish" },
    ScopeRow { name: "classic_talend.tdq_semantic_type_view", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tdq semantic type view" },
    ScopeRow { name: "classic_talend.tds_assigned_task_assign", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds assigned task assign" },
    ScopeRow { name: "classic_talend.tds_assigned_task_data_update", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds assigned task data update" },
    ScopeRow { name: "classic_talend.tds_assigned_task_metadata_update", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds assigned task metadata update" },
    ScopeRow { name: "classic_talend.tds_assigned_task_read", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds assigned task read" },
    ScopeRow { name: "classic_talend.tds_campaign_create", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds campaign create" },
    ScopeRow { name: "classic_talend.tds_campaign_delete", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds campaign delete" },
    ScopeRow { name: "classic_talend.tds_campaign_list", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds campaign list" },
    ScopeRow { name: "classic_talend.tds_campaign_read", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds campaign read" },
    ScopeRow { name: "classic_talend.tds_campaign_update", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds campaign update" },
    ScopeRow { name: "classic_talend.tds_hybrid_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds hybrid management" },
    ScopeRow { name: "classic_talend.tds_schema_create", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds schema create" },
    ScopeRow { name: "classic_talend.tds_schema_delete", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds schema delete" },
    ScopeRow { name: "classic_talend.tds_schema_list", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds schema list" },
    ScopeRow { name: "classic_talend.tds_schema_read", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds schema read" },
    ScopeRow { name: "classic_talend.tds_schema_update", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds schema update" },
    ScopeRow { name: "classic_talend.tds_task_assign", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds task assign" },
    ScopeRow { name: "classic_talend.tds_task_create", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds task create" },
    ScopeRow { name: "classic_talend.tds_task_delete", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds task delete" },
    ScopeRow { name: "classic_talend.tds_task_history_delete", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds task history delete" },
    ScopeRow { name: "classic_talend.tds_task_history_read", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds task history read" },
    ScopeRow { name: "classic_talend.tds_task_metadata_update", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds task metadata update" },
    ScopeRow { name: "classic_talend.tds_task_read", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds task read" },
    ScopeRow { name: "classic_talend.tds_task_read_by_external_id", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds task read by external id" },
    ScopeRow { name: "classic_talend.tds_task_update", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds task update" },
    ScopeRow { name: "classic_talend.tds_unassigned_task_assign", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds unassigned task assign" },
    ScopeRow { name: "classic_talend.tds_unassigned_task_read", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds unassigned task read" },
    ScopeRow { name: "classic_talend.tds_users_read", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tds users read" },
    ScopeRow { name: "classic_talend.tmc_cloud_configuration_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc cloud configuration management" },
    ScopeRow { name: "classic_talend.tmc_cluster_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc cluster management" },
    ScopeRow { name: "classic_talend.tmc_configuration_nexus_userlibs", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc configuration nexus userlibs" },
    ScopeRow { name: "classic_talend.tmc_connection_resource_edit", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc connection resource edit" },
    ScopeRow { name: "classic_talend.tmc_engine_use", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc engine use" },
    ScopeRow { name: "classic_talend.tmc_environment_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc environment management" },
    ScopeRow { name: "classic_talend.tmc_group_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc group management" },
    ScopeRow { name: "classic_talend.tmc_operator", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc operator" },
    ScopeRow { name: "classic_talend.tmc_pipeline_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc pipeline management" },
    ScopeRow { name: "classic_talend.tmc_project_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc project management" },
    ScopeRow { name: "classic_talend.tmc_promotion_execution", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc promotion execution" },
    ScopeRow { name: "classic_talend.tmc_role_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc role management" },
    ScopeRow { name: "classic_talend.tmc_run_profile_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc run profile management" },
    ScopeRow { name: "classic_talend.tmc_service_account_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc service account management" },
    ScopeRow { name: "classic_talend.tmc_sso_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc sso management" },
    ScopeRow { name: "classic_talend.tmc_static_ip_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc static ip management" },
    ScopeRow { name: "classic_talend.tmc_subscription_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc subscription management" },
    ScopeRow { name: "classic_talend.tmc_user_management", level: User, uses: ROLES, parent: None, about: "Talend (legacy): tmc user management" },
    ScopeRow { name: "data-connections", level: User, uses: EVERYWHERE, parent: None, about: "Work with data connections of one's own" },
    ScopeRow { name: "data-connections:read", level: User, uses: EVERYWHERE, parent: Some("data-connections"), about: "View data connections of one's own" },
    ScopeRow { name: "data-governance-agents", level: User, uses: EVERYWHERE, parent: None, about: "Steer data governance by agent" },
    ScopeRow { name: "dataproduct", level: User, uses: EVERYWHERE, parent: None, about: "Make and administer data products" },
    ScopeRow { name: "dataproduct:consume", level: User, uses: EVERYWHERE, parent: None, about: "Find and use data products" },
    ScopeRow { name: "dataquality", level: User, uses: EVERYWHERE, parent: None, about: "Compute and view data quality" },
    ScopeRow { name: "dataquality:read", level: User, uses: EVERYWHERE, parent: Some("dataquality"), about: "View data quality" },
    ScopeRow { name: "dataqualityrules", level: User, uses: EVERYWHERE, parent: None, about: "Write and apply validation rules" },
    ScopeRow { name: "dataqualityrules:assign", level: User, uses: EVERYWHERE, parent: Some("dataqualityrules"), about: "View and apply validation rules" },
    ScopeRow { name: "dataset", level: User, uses: OAUTH, parent: None, about: "Maintain datasets" },
    ScopeRow { name: "direct-access-gateways:consume_data", level: User, uses: OAUTH, parent: None, about: "Load data through Direct Access gateways" },
    ScopeRow { name: "discovery-agent", level: User, uses: EVERYWHERE, parent: None, about: "Define what the insight feed watches for" },
    ScopeRow { name: "discovery-agent:read", level: User, uses: EVERYWHERE, parent: None, about: "Follow the insight feed" },
    ScopeRow { name: "environments:read", level: User, uses: OAUTH, parent: None, about: "View environments of one's spaces" },
    ScopeRow { name: "genericlink:all", level: User, uses: ROLES_DEFAULT, parent: None, about: "Make, change and follow links in spaces" },
    ScopeRow { name: "geo-operations", level: User, uses: EVERYWHERE, parent: None, about: "Geographic operations of every kind" },
    ScopeRow { name: "geo-operations.limited", level: User, uses: EVERYWHERE, parent: Some("geo-operations"), about: "Geographic operations without geocoding" },
    ScopeRow { name: "glossary:all", level: User, uses: EVERYWHERE, parent: None, about: "All work on glossaries and terms, with approval" },
    ScopeRow { name: "glossary:manage", level: User, uses: EVERYWHERE, parent: Some("glossary:all"), about: "All work on glossaries and terms but approval" },
    ScopeRow { name: "glossary:update", level: User, uses: EVERYWHERE, parent: Some("glossary:all"), about: "View glossaries, work on terms" },
    ScopeRow { name: "governance-definition:read", level: User, uses: EVERYWHERE, parent: None, about: "Mark fields and datasets with classifications and regulations" },
    ScopeRow { name: "help-agent", level: User, uses: EVERYWHERE, parent: None, about: "Ask about the product documentation" },
    ScopeRow { name: "identity.email:read", level: User, uses: OAUTH, parent: None, about: "Pass on the e-mail address of the user" },
    ScopeRow { name: "identity.name:read", level: User, uses: OAUTH, parent: None, about: "Pass on the name of the user" },
    ScopeRow { name: "identity.picture:read", level: User, uses: OAUTH, parent: None, about: "Pass on the picture of the user" },
    ScopeRow { name: "identity.subject:read", level: User, uses: OAUTH, parent: None, about: "Pass on the subject of the user" },
    ScopeRow { name: "insight-advisor:experience", level: User, uses: ROLES_DEFAULT, parent: None, about: "Work with Insight Advisor" },
    ScopeRow { name: "knowledgebases", level: User, uses: EVERYWHERE, parent: None, about: "Work with knowledge bases" },
    ScopeRow { name: "knowledgebases:read", level: User, uses: EVERYWHERE, parent: Some("knowledgebases"), about: "View knowledge bases" },
    ScopeRow { name: "knowledgebases:index", level: User, uses: EVERYWHERE, parent: None, about: "Feed content into knowledge bases" },
    ScopeRow { name: "knowledgebases:search", level: User, uses: EVERYWHERE, parent: None, about: "Search knowledge bases" },
    ScopeRow { name: "lakehouse-cluster-moderator", level: User, uses: ROLES_DEFAULT, parent: None, about: "Configure and run lakehouse clusters" },
    ScopeRow { name: "lakehouse-cluster-viewer", level: User, uses: ROLES_DEFAULT, parent: Some("lakehouse-cluster-moderator"), about: "View lakehouse clusters" },
    ScopeRow { name: "lakehouse-cluster-operator", level: User, uses: ROLES, parent: None, about: "Start, stop and scale lakehouse clusters" },
    ScopeRow { name: "learning-center:all", level: User, uses: ROLES_DEFAULT, parent: None, about: "Use the learning centre" },
    ScopeRow { name: "lineage:create", level: User, uses: OAUTH, parent: None, about: "Record lineage" },
    ScopeRow { name: "lineage:read", level: User, uses: EVERYWHERE, parent: None, about: "View lineage" },
    ScopeRow { name: "mcp:execute", level: User, uses: OAUTH_ROLES, parent: None, about: "Call the MCP server" },
    ScopeRow { name: "mobile:all", level: User, uses: ROLES_DEFAULT, parent: None, about: "Use the mobile app" },
    ScopeRow { name: "mobile:mamintune", level: User, uses: ROLES_DEFAULT, parent: Some("mobile:all"), about: "Use the mobile app under Intune only" },
    ScopeRow { name: "network-integration-viewer", level: User, uses: ROLES_DEFAULT, parent: None, about: "View network integrations" },
    ScopeRow { name: "notes", level: User, uses: ROLES_DEFAULT, parent: None, about: "Write and keep notes, as far as the space allows" },
    ScopeRow { name: "offline_access", level: User, uses: OAUTH, parent: None, about: "Receive a refresh token; only when asked for by name" },
    ScopeRow { name: "pipelines-projects", level: User, uses: ROLES_DEFAULT, parent: None, about: "Work with pipeline projects, as far as the space allows" },
    ScopeRow { name: "pipelines-projects:read", level: User, uses: ROLES_DEFAULT, parent: Some("pipelines-projects"), about: "View pipeline projects, as far as the space allows" },
    ScopeRow { name: "question:create", level: User, uses: ROLES, parent: None, about: "Ask Insight Advisor from collaboration platforms" },
    ScopeRow { name: "semantictype", level: User, uses: EVERYWHERE, parent: None, about: "Make, change and assign semantic types" },
    ScopeRow { name: "semantictype:read", level: User, uses: EVERYWHERE, parent: Some("semantictype"), about: "View and assign semantic types" },
    ScopeRow { name: "space-requests:create", level: User, uses: ROLES_DEFAULT, parent: None, about: "Ask to be let into content" },
    ScopeRow { name: "spaces.data", level: User, uses: OAUTH, parent: None, about: "Work with data spaces of one's own" },
    ScopeRow { name: "spaces.data:read", level: User, uses: OAUTH, parent: Some("spaces.data"), about: "View data spaces of one's own" },
    ScopeRow { name: "spaces.managed", level: User, uses: OAUTH, parent: None, about: "Work with managed spaces of one's own" },
    ScopeRow { name: "spaces.managed:read", level: User, uses: OAUTH, parent: Some("spaces.managed"), about: "View managed spaces of one's own" },
    ScopeRow { name: "spaces.shared", level: User, uses: OAUTH, parent: None, about: "Work with shared spaces of one's own" },
    ScopeRow { name: "spaces.shared:create", level: User, uses: OAUTH_ROLES, parent: Some("spaces.shared"), about: "Make shared spaces" },
    ScopeRow { name: "spaces.shared:read", level: User, uses: OAUTH, parent: Some("spaces.shared"), about: "View shared spaces of one's own" },
    ScopeRow { name: "sprints:all", level: User, uses: EVERYWHERE, parent: None, about: "Plan and work in stewardship sprints" },
    ScopeRow { name: "sprints:contribute", level: User, uses: EVERYWHERE, parent: Some("sprints:all"), about: "Work in stewardship sprints as owner or steward" },
    ScopeRow { name: "thread-audits", level: User, uses: OAUTH_ROLES, parent: None, about: "Review conversations others had with agents" },
    ScopeRow { name: "trustscore", level: User, uses: EVERYWHERE, parent: None, about: "Weigh the axes of the trust score" },
    ScopeRow { name: "users", level: User, uses: OAUTH, parent: None, about: "Look up users, keep one's own preferences" },
    ScopeRow { name: "users:read", level: User, uses: OAUTH, parent: Some("users"), about: "Look up users" },
    ScopeRow { name: "webhooks", level: User, uses: EVERYWHERE, parent: None, about: "Make and change webhooks" },
    ScopeRow { name: "write-table:external_read", level: User, uses: OAUTH, parent: None, about: "Read write tables from outside" },
    ScopeRow { name: "write-table:full", level: User, uses: ROLES_DEFAULT, parent: None, about: "Set up and use write tables" },
    ScopeRow { name: "write-table:access", level: User, uses: ROLES_DEFAULT, parent: Some("write-table:full"), about: "Read and write the values of write tables" },
];

#[rustfmt::skip]
const ROLE_ROWS: &[RoleRow] = &[
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
        grants: Grants::Scopes(&["thread-audits"]),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_the_catalogue_and_every_name_in_it_is_known() {
        let catalogue = Catalogue::qlik();
        assert_eq!(catalogue.len(), 226, "225 of the vendor's and one of our own");
        assert_eq!(catalogue.default_roles().count(), 17);
        assert_eq!(Catalogue::qlik_with_developer().default_roles().count(), 18);
        assert_eq!(catalogue.initial_everyone.len(), INITIAL_EVERYONE.len());
        for row in SCOPE_ROWS {
            let scope = catalogue.scope(catalogue.find(row.name).unwrap()).unwrap();
            assert_eq!(scope.parent.is_some(), row.parent.is_some(), "{}", row.name);
        }
        for row in ROLE_ROWS {
            assert!(!row.permissions.is_empty(), "{}", row.name);
            if let Grants::Scopes(names) = row.grants {
                assert!(names.iter().all(|name| catalogue.find(name).is_some()), "{}", row.name);
            }
        }
        for name in &catalogue.initial_user_default {
            assert!(catalogue.scope(catalogue.find(name.as_str()).unwrap()).unwrap().user_default, "{name}");
        }
    }

    /// The counts and invariants that reference/scopes.json states.
    #[test]
    fn the_vendor_part_agrees_with_its_source() {
        let catalogue = Catalogue::qlik();
        let vendor: Vec<&Scope> =
            catalogue.scopes().filter(|scope| scope.name.as_str() != Catalogue::ADMINISTER).collect();
        let count = |test: fn(&Scope) -> bool| vendor.iter().filter(|scope| test(scope)).count();
        assert_eq!(count(|scope| scope.level == Admin), 37);
        assert_eq!(count(|scope| scope.level == User), 188);
        assert_eq!(count(|scope| scope.oauth), 101);
        assert_eq!(count(|scope| scope.custom_role), 185);
        assert_eq!(count(|scope| scope.user_default), 60);
        assert_eq!(count(|scope| scope.parent.is_some()), 31);
        assert_eq!(count(|scope| scope.user_default && (scope.level == Admin || !scope.custom_role)), 0);
        let nested = |scope: &&Scope| {
            scope.parent.and_then(|at| catalogue.scope(at)).is_some_and(|up| up.parent.is_some())
        };
        assert!(!catalogue.scopes().any(|scope| nested(&scope)), "nesting is one level deep");
    }

    #[test]
    fn only_tenant_admin_administers() {
        let catalogue = Catalogue::qlik();
        let holders: Vec<&str> = catalogue
            .default_roles()
            .filter(|role| catalogue.administers(role.id))
            .map(|role| role.name.as_str())
            .collect();
        assert_eq!(holders, ["TenantAdmin"]);
    }
}
