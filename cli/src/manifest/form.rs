//! What can be written in a file? The form from which the schema is made.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::named::Named;

/// A text, with its line.
pub type Text = Spanned<String>;

/// What a tenant should hold. What is not said stays as it is; a list that is said is meant whole.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct File {
    /// Values for `${name}` in texts.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Other values for `${name}` in a context.
    #[serde(default)]
    pub contexts: BTreeMap<String, BTreeMap<String, String>>,
    /// The sections that the file owns; those that it says, if not given. Nothing of others is touched.
    #[schemars(with = "Vec<String>")]
    #[serde(default, deserialize_with = "said")]
    pub manage: Option<Vec<Text>>,
    /// Which roles are put on entitled users when they are made or log in.
    #[schemars(with = "AutoAssign")]
    #[serde(default, deserialize_with = "said")]
    pub auto_assign: Option<AutoAssign>,
    /// What logins do to groups.
    #[schemars(with = "GroupSettings")]
    #[serde(default, deserialize_with = "said")]
    pub group_settings: Option<GroupSettings>,
    /// How many API keys, and for how long.
    #[schemars(with = "ApiKeys")]
    #[serde(default, deserialize_with = "said")]
    pub api_keys: Option<ApiKeys>,
    /// The roles of the group Everyone, by name.
    #[schemars(with = "Vec<String>")]
    #[serde(default, deserialize_with = "said")]
    pub everyone: Option<Vec<Text>>,
    /// The scopes of the role `UserDefault`.
    #[schemars(with = "Vec<String>")]
    #[serde(default, deserialize_with = "said")]
    pub user_default: Option<Vec<Text>>,
    /// Custom roles, by name.
    #[schemars(with = "BTreeMap<String, Role>")]
    #[serde(default, deserialize_with = "said")]
    pub roles: Option<Named<Role>>,
    /// Custom groups, by name.
    #[schemars(with = "BTreeMap<String, Group>")]
    #[serde(default, deserialize_with = "said")]
    pub groups: Option<Named<Group>>,
    /// Groups of identity providers, by name. Logins and SCIM make them.
    #[schemars(with = "BTreeMap<String, IdpGroup>")]
    #[serde(default, deserialize_with = "said")]
    pub idp_groups: Option<Named<IdpGroup>>,
    /// Users, by subject or e-mail address. They are not made.
    #[schemars(with = "BTreeMap<String, User>")]
    #[serde(default, deserialize_with = "said")]
    pub users: Option<Named<User>>,
    /// Spaces, by name. They are not made.
    #[schemars(with = "BTreeMap<String, Space>")]
    #[serde(default, deserialize_with = "said")]
    pub spaces: Option<Named<Space>>,
    /// What must be so once the file is applied; else it is not.
    #[serde(default)]
    pub tests: Vec<Test>,
}

/// A section that stands in the file. One without anything in it is no section left out.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AutoAssign {
    /// `autoAssignCreateSharedSpacesRoleToProfessionals`
    #[schemars(with = "bool")]
    #[serde(default, deserialize_with = "said")]
    pub shared_space_creator: Option<Spanned<bool>>,
    /// `autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals`
    #[schemars(with = "bool")]
    #[serde(default, deserialize_with = "said")]
    pub private_analytics_content_creator: Option<Spanned<bool>>,
    /// `autoAssignDataServicesContributorRoleToProfessionals`
    #[schemars(with = "bool")]
    #[serde(default, deserialize_with = "said")]
    pub data_services_contributor: Option<Spanned<bool>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupSettings {
    /// Whether a login makes the groups it claims.
    #[schemars(with = "bool")]
    #[serde(default, deserialize_with = "said")]
    pub auto_create_groups: Option<Spanned<bool>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiKeys {
    /// Active keys of one user, 0 to 1000.
    #[schemars(with = "u32")]
    #[serde(default, deserialize_with = "said")]
    pub max_keys_per_user: Option<Spanned<u32>>,
    /// The longest life of a user's key, as an ISO 8601 duration such as `PT24H`.
    #[schemars(with = "String")]
    #[serde(default, deserialize_with = "said")]
    pub max_lifetime: Option<Text>,
    /// The life of the key of a program that provisions users.
    #[schemars(with = "String")]
    #[serde(default, deserialize_with = "said")]
    pub scim_lifetime: Option<Text>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Role {
    /// What it is for.
    #[schemars(with = "String")]
    #[serde(default, deserialize_with = "said")]
    pub description: Option<Text>,
    /// What it grants.
    #[schemars(with = "Vec<String>")]
    pub scopes: Vec<Text>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    /// What it is for.
    #[schemars(with = "String")]
    #[serde(default, deserialize_with = "said")]
    pub description: Option<Text>,
    /// What its members hold, by name.
    #[schemars(with = "Vec<String>")]
    #[serde(default, deserialize_with = "said")]
    pub roles: Option<Vec<Text>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdpGroup {
    /// What its members hold, by name.
    #[schemars(with = "Vec<String>")]
    #[serde(default, deserialize_with = "said")]
    pub roles: Option<Vec<Text>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// The direct roles, by name.
    #[schemars(with = "Vec<String>")]
    #[serde(default, deserialize_with = "said")]
    pub roles: Option<Vec<Text>>,
    /// The custom groups, by name.
    #[schemars(with = "Vec<String>")]
    #[serde(default, deserialize_with = "said")]
    pub groups: Option<Vec<Text>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Space {
    /// The roles of users in it, by subject or e-mail address.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub users: Named<Vec<Text>>,
    /// The roles of groups in it, by name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub groups: Named<Vec<Text>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Test {
    /// A user of the tenant, by subject or e-mail address.
    #[schemars(with = "String")]
    #[serde(default, deserialize_with = "said")]
    pub user: Option<Text>,
    /// Anybody with these direct roles and none besides; with none, a plain user.
    #[schemars(with = "Vec<String>")]
    #[serde(default, deserialize_with = "said")]
    pub holder_of: Option<Vec<Text>>,
    /// Scopes they may use.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub can: Vec<Text>,
    /// Scopes they may not use.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub cannot: Vec<Text>,
    /// The role that gives each of what they may use.
    #[schemars(with = "String")]
    #[serde(default, deserialize_with = "said")]
    pub because: Option<Text>,
}
