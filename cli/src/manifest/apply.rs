//! How is a step done over the API that Qlik Cloud and Rolecall share, without overwriting what others do?

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context as _, bail};
use reqwest::Method;
use rolecall_engine::{
    groups::Provider,
    ids::GroupId,
    manifest::{Assignee, Edit, Setting, Step, Value as Set},
    names::{GroupName, RoleName},
    spaces::{SpaceRole, SpaceRoles},
};
use serde_json::{Value, json};

use super::tenant::Tenant;
use crate::{
    api::{ApiError, Ask, Client},
    members::Members as _,
};

/// Rounds before it is given up: others change the tenant all the time.
const ROUNDS: usize = 20;
const EVERYONE: &str = "/systemGroups/000000000000000000000001/assignedRoles";

/// Does steps in one tenant.
pub struct Applier<'a> {
    client: &'a Client,
    tenant: &'a Tenant,
    /// The groups that were made here.
    made: HashMap<GroupName, String>,
}

impl<'a> Applier<'a> {
    pub fn new(client: &'a Client, tenant: &'a Tenant) -> Self {
        Self { client, tenant, made: HashMap::new() }
    }

    /// Does a step, if what it starts from is still there.
    ///
    /// # Errors
    /// When it is not, or the server refuses or does not answer.
    pub async fn perform(&mut self, step: &Step) -> anyhow::Result<()> {
        match step {
            Step::Set { setting, before, after } => self.set(*setting, before, after).await,
            Step::CreateRole { name, description, scopes } => {
                let description = description.as_ref().map(ToString::to_string).unwrap_or_default();
                let body = json!({"name": name.as_str(), "description": description, "assignedScopes": texts(scopes)});
                self.write(Method::POST, "/api/v1/roles".to_owned(), Some(body)).await.map(drop)
            }
            Step::DescribeRole { role, before, after } => {
                self.edit(self.role(&role.id)?, |role| {
                    unmoved(role.member("description").as_str().unwrap_or_default() == before.as_str())?;
                    Ok(json!([replace("/description", json!(after.as_str()))]))
                })
                .await
            }
            Step::Grant { role, scopes, .. } => {
                self.edit(self.role(&role.id)?, |role| {
                    unmoved(holds(role.member("assignedScopes"), None, &scopes.before))?;
                    Ok(one_by_one("/assignedScopes", scopes, |scope| json!(scope)).into())
                })
                .await
            }
            Step::DeleteRole { role, scopes } => {
                let as_planned = |role: &Value| unmoved(holds(role.member("assignedScopes"), None, scopes));
                self.delete(self.role(&role.id)?, as_planned).await
            }
            Step::CreateGroup { name, description, roles } => {
                let mut body =
                    json!({"name": name.as_str(), "providerType": "custom", "assignedRoles": by_name(roles)});
                if let Some((text, members)) = description.as_ref().zip(body.as_object_mut()) {
                    members.insert("description".to_owned(), json!(text.as_str()));
                }
                let made = self.write(Method::POST, "/api/v1/groups".to_owned(), Some(body)).await?;
                let id = made.member("id").as_str().context("the group that was made has no identifier")?;
                self.made.insert(name.clone(), id.to_owned());
                Ok(())
            }
            Step::DescribeGroup { group, before, after } => {
                let said = before.as_ref().map_or("", |text| text.as_str());
                self.edit(self.group_path(&group.id)?, |group| {
                    unmoved(group.member("description").as_str().unwrap_or_default() == said)?;
                    Ok(json!([replace("/description", json!(after.as_str()))]))
                })
                .await
            }
            Step::Assign { group, provider, roles } => self.assign(&group.id, *provider, roles).await,
            Step::DeleteGroup { group, roles } => {
                let as_planned =
                    |group: &Value| unmoved(holds(group.member("assignedRoles"), Some("name"), roles));
                self.delete(self.group_path(&group.id)?, as_planned).await
            }
            Step::AssignUser { user, roles, groups } => {
                let id = self.tenant.ids.users.get(&user.id).context("the user is not there")?;
                self.assign_user(format!("/api/v1/users/{id}"), roles.as_ref(), groups.as_ref()).await
            }
            Step::AssignInSpace { .. } => self.assign_in_space(step).await,
        }
    }

    async fn set(&self, setting: Setting, before: &Set, after: &Set) -> anyhow::Result<()> {
        let tenant = format!("/api/v1/tenants/{}", self.tenant.id);
        let keys = format!("/api/v1/api-keys/configs/{}", self.tenant.id);
        let (path, member) = match setting {
            Setting::SharedSpaces => (tenant, "/autoAssignCreateSharedSpacesRoleToProfessionals"),
            Setting::PrivateContent => {
                (tenant, "/autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals")
            }
            Setting::DataServices => (tenant, "/autoAssignDataServicesContributorRoleToProfessionals"),
            Setting::AutoCreateGroups => ("/api/v1/groups/settings".to_owned(), "/autoCreateGroups"),
            Setting::MaxKeysPerUser => (keys, "/max_keys_per_user"),
            Setting::MaxKeyLifetime => (keys, "/max_api_key_expiry"),
            Setting::ScimKeyLifetime => (keys, "/scim_externalClient_expiry"),
        };
        let said = |value: &Set| match value {
            Set::On(on) => json!(on),
            Set::Count(count) => json!(count),
            Set::Life(life) => json!(life.as_str()),
        };
        self.edit(path, |settings| {
            let present = settings.member(member.trim_start_matches('/'));
            // What is not shown has its usual value.
            unmoved(present.is_null() || *present == said(before))?;
            Ok(json!([replace(member, said(after))]))
        })
        .await
    }

    async fn assign(
        &self,
        group: &GroupId,
        provider: Provider,
        roles: &Edit<RoleName>,
    ) -> anyhow::Result<()> {
        if provider == Provider::System {
            let edit = |settings: &Value| {
                let everyone = settings.member("systemGroups").member(&group.to_string());
                unmoved(holds(everyone.member("assignedRoles"), Some("name"), &roles.before))?;
                Ok(json!([replace(EVERYONE, by_name(&roles.after))]))
            };
            return self.edit("/api/v1/groups/settings".to_owned(), edit).await;
        }
        let operations = self.role_operations(roles).await?;
        self.edit(self.group_path(group)?, |group| {
            unmoved(holds(group.member("assignedRoles"), Some("name"), &roles.before))?;
            Ok(operations.clone().into())
        })
        .await
    }

    /// The operations on the roles of a user or a group. Where one role can be given and taken, nobody else's change is overwritten.
    async fn role_operations(&self, roles: &Edit<RoleName>) -> anyhow::Result<Vec<Value>> {
        Ok(if self.client.is_rolecall().await? {
            one_by_one("/assignedRoles", roles, |name| json!({"name": name}))
        } else {
            vec![replace("/assignedRoles", by_name(&roles.after))]
        })
    }

    /// Changes a user in one request.
    async fn assign_user(
        &self,
        path: String,
        roles: Option<&Edit<RoleName>>,
        groups: Option<&Edit<GroupName>>,
    ) -> anyhow::Result<()> {
        let mut operations: Vec<Value> = Vec::new();
        if let Some(roles) = roles {
            operations.extend(self.role_operations(roles).await?);
        }
        for name in groups.iter().flat_map(|groups| groups.gives()) {
            operations.push(json!({"op": "add", "path": "/assignedGroups/-", "value": self.group(name)?}));
        }
        for name in groups.iter().flat_map(|groups| groups.takes()) {
            operations
                .push(json!({"op": "remove-value", "path": "/assignedGroups", "value": self.group(name)?}));
        }
        self.edit(path, |user| {
            if let Some(roles) = roles {
                unmoved(holds(user.member("assignedRoles"), Some("name"), &roles.before))?;
            }
            if let Some(groups) = groups {
                let all = user.member("assignedGroups").as_array().into_iter().flatten();
                let custom: Value = all.filter(|group| self.is_custom(group)).cloned().collect();
                unmoved(holds(&custom, Some("name"), &groups.before))?;
            }
            Ok(operations.clone().into())
        })
        .await
    }

    async fn assign_in_space(&self, step: &Step) -> anyhow::Result<()> {
        let Step::AssignInSpace { space, who, assignment, before, after } = step else { return Ok(()) };
        let space = self.tenant.ids.spaces.get(&space.id).context("the space is not there")?;
        let all = format!("/api/v1/spaces/{space}/assignments");
        let roles: Vec<&str> = after.iter().map(SpaceRole::as_str).collect();
        let present = assignment.as_ref().and_then(|id| self.tenant.ids.assignments.get(id));
        let Some(present) = present else {
            let (kind, id) = match who {
                Assignee::User(user, bot) => {
                    let id = self.tenant.ids.users.get(&user.id).context("the user is not there")?;
                    (if *bot { "bot" } else { "user" }, id.clone())
                }
                Assignee::Group(Some(id), _) => ("group", self.group_id(id)?),
                Assignee::Group(None, name) => ("group", self.group(&GroupName::stored(name.clone()))?),
            };
            let body = json!({"type": kind, "assigneeId": id, "roles": roles});
            return self.write(Method::POST, all, Some(body)).await.map(drop);
        };
        let path = format!("{all}/{present}");
        let as_planned = |held: &Value| {
            let held = held.member("roles").as_array().into_iter().flatten().filter_map(Value::as_str);
            unmoved(held.collect::<BTreeSet<&str>>() == words(*before))
        };
        if after.is_empty() {
            return self.delete(path, as_planned).await;
        }
        let put = |held: &Value| as_planned(held).map(|()| Some(json!({"roles": roles})));
        self.unmoved(Method::PUT, path, put).await.map(drop)
    }

    /// Changes something as long as it is what the plan starts from.
    async fn edit(
        &self,
        path: String,
        operations: impl Fn(&Value) -> anyhow::Result<Value>,
    ) -> anyhow::Result<()> {
        let answer = self.unmoved(Method::PATCH, path, |present| operations(present).map(Some)).await?;
        whole(&answer)
    }

    /// Deletes something as long as it is what the plan starts from.
    async fn delete(
        &self,
        path: String,
        as_planned: impl Fn(&Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.unmoved(Method::DELETE, path, |present| as_planned(present).map(|()| None)).await.map(drop)
    }

    /// Reads something, and sends what is made of it. A Rolecall refuses that if anything was changed in between; then it is read
    /// again.
    async fn unmoved(
        &self,
        method: Method,
        path: String,
        body: impl Fn(&Value) -> anyhow::Result<Option<Value>>,
    ) -> anyhow::Result<Value> {
        for _ in 0..ROUNDS {
            let (present, tag) = self.client.tagged(&path).await?;
            let ask = Ask::new(method.clone(), path.clone(), body(&present)?).expecting(tag);
            match self.client.write(&ask).await {
                Err(ApiError::Refused(refused)) if refused.status == 412 => {}
                answer => return Ok(answer?),
            }
        }
        bail!("others change the tenant all the time; try again")
    }

    async fn write(&self, method: Method, path: String, body: Option<Value>) -> anyhow::Result<Value> {
        Ok(self.client.write(&Ask::new(method, path, body)).await?)
    }

    fn role(&self, id: &rolecall_engine::ids::RoleId) -> anyhow::Result<String> {
        let id = self.tenant.ids.roles.get(id).context("the role is not there")?;
        Ok(format!("/api/v1/roles/{id}"))
    }

    fn group_id(&self, id: &GroupId) -> anyhow::Result<String> {
        self.tenant.ids.groups.get(id).cloned().context("the group is not there")
    }

    fn group_path(&self, id: &GroupId) -> anyhow::Result<String> {
        Ok(format!("/api/v1/groups/{}", self.group_id(id)?))
    }

    /// Whether a group that a user is in is a custom one. That need not be said (reference/rest-api.md §3).
    fn is_custom(&self, group: &Value) -> bool {
        let holdings = &self.tenant.holdings;
        let mut custom = holdings.groups.values().filter(|known| known.provider == Provider::Custom);
        let id = group.member("id").as_str();
        match group.member("providerType").as_str() {
            Some(provider) => provider == "custom",
            None => custom.any(|known| self.tenant.ids.groups.get(&known.id).map(String::as_str) == id),
        }
    }

    /// The identifier of a custom group, which may have been made here.
    fn group(&self, name: &GroupName) -> anyhow::Result<String> {
        if let Some(id) = self.made.get(name) {
            return Ok(id.clone());
        }
        let found = self.tenant.holdings.snapshot.group_named(Provider::Custom, name);
        found.map_or_else(|| bail!("the group `{name}` is not there"), |id| self.group_id(&id))
    }
}

/// Refuses an answer that says that not all was done: users may be changed partly (reference/rest-api.md §3.1).
fn whole(answer: &Value) -> anyhow::Result<()> {
    match answer.member("errors").as_array().map(Vec::as_slice) {
        None | Some([]) => Ok(()),
        Some(errors) => {
            let said = errors.iter().map(|error| {
                error.member("detail").as_str().or(error.member("title").as_str()).unwrap_or("?")
            });
            bail!("it was done in part only: {}", said.collect::<Vec<_>>().join("; "))
        }
    }
}

fn unmoved(is: bool) -> anyhow::Result<()> {
    if is { Ok(()) } else { bail!("somebody else has changed it meanwhile") }
}

fn replace(path: &str, value: impl Into<Value>) -> Value {
    let value: Value = value.into();
    json!({"op": "replace", "path": path, "value": value})
}

/// The operations that give and take one value each.
fn one_by_one<T: Ord + ToString>(path: &str, edit: &Edit<T>, value: impl Fn(String) -> Value) -> Vec<Value> {
    let adds = edit
        .gives()
        .map(|item| json!({"op": "add", "path": format!("{path}/-"), "value": value(item.to_string())}));
    let takes = edit
        .takes()
        .map(|item| json!({"op": "remove-value", "path": path, "value": value(item.to_string())}));
    adds.chain(takes).collect()
}

fn texts<T: ToString>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    texts.into_iter().map(|text| text.to_string()).collect()
}

fn by_name(roles: &BTreeSet<RoleName>) -> Value {
    roles.iter().map(|name| json!({"name": name.as_str()})).collect()
}

fn words(roles: SpaceRoles) -> BTreeSet<&'static str> {
    roles.iter().map(SpaceRole::as_str).collect()
}

/// Whether a list in an answer holds what a step starts from.
fn holds<T: Ord + ToString>(list: &Value, member: Option<&str>, known: &BTreeSet<T>) -> bool {
    let text = |item: &Value| member.map_or(item, |member| item.member(member)).as_str().map(str::to_owned);
    let present: BTreeSet<String> = list.as_array().into_iter().flatten().filter_map(text).collect();
    present == known.iter().map(ToString::to_string).collect()
}
