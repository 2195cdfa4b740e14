//! Would a change take from its caller the last of what makes them an administrator?
//!
//! Worked out from what the API shows of the caller, of the caller's groups and of Everyone, so that a real tenant, which would do it, is not asked to.

use reqwest::Method;
use rolecall_engine::catalogue::Catalogue;
use serde_json::{Value, json};

use super::find::{EVERYONE, everyone};
use crate::{
    api::{Ask, Client},
    members::Members as _,
};

const USERS: &str = "/api/v1/users/";
const GROUPS: &str = "/api/v1/groups/";

/// What the caller would lose by some requests, if that is the last of what makes them an administrator.
///
/// # Errors
/// When the server does not say who the caller is.
pub async fn loss(client: &Client, asks: &[Ask]) -> anyhow::Result<Option<String>> {
    if !asks.iter().any(could_take) {
        return Ok(None);
    }
    let me = client.get("/api/v1/users/me", &[]).await?;
    let mut after = Standing::of(&me);
    if !asks.iter().any(|ask| after.is_touched(ask)) {
        return Ok(None);
    }
    after.look(client).await?;
    let Some(ways) = after.ways() else { return Ok(None) };
    for ask in asks {
        after.apply(ask);
    }
    Ok(after.ways().is_none().then(|| {
        format!(
            "you would lose TenantAdmin, which you have {ways}; only another administrator could give it back"
        )
    }))
}

/// Whether a request could take a role, a membership or an active state.
fn could_take(ask: &Ask) -> bool {
    let takes = |operation: &Value| {
        let path = operation.member("path").as_str().unwrap_or_default();
        operation.member("op") != "add"
            && ["assignedRoles", "assignedGroups", "roles", "status"]
                .iter()
                .any(|member| path.contains(member))
    };
    let patched = ask.body.as_ref().and_then(Value::as_array);
    ask.method == Method::DELETE || patched.is_some_and(|operations| operations.iter().any(takes))
}

/// What the caller has.
struct Standing {
    id: String,
    active: bool,
    roles: Vec<Value>,
    /// The groups the caller is in, Everyone last.
    groups: Vec<Group>,
    /// The roles that make administrators, by name, and by identifier as far as the caller has them.
    administering: Vec<Value>,
}

/// A group the caller is in.
struct Group {
    id: String,
    name: String,
    active: bool,
    roles: Vec<Value>,
}

impl Group {
    fn new(id: &str, name: &str) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), active: true, roles: Vec::new() }
    }
}

impl Standing {
    /// What the API shows of the caller.
    fn of(me: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let group = |group: &Value| Group::new(&text(group.member("id")), &text(group.member("name")));
        let mut groups: Vec<Group> = list(me.member("assignedGroups")).iter().map(group).collect();
        groups.push(Group::new(EVERYONE, "Everyone"));
        let catalogue = Catalogue::qlik();
        let administering = catalogue.default_roles().filter(|role| catalogue.administers(role.id));
        Self {
            id: text(me.member("id")),
            active: true,
            roles: list(me.member("assignedRoles")),
            groups,
            administering: administering.map(|role| json!({"name": role.name.as_str()})).collect(),
        }
    }

    /// Looks at the roles of the groups.
    async fn look(&mut self, client: &Client) -> anyhow::Result<()> {
        for group in &mut self.groups {
            let shown = if group.id == EVERYONE {
                Some(everyone(client).await?)
            } else {
                client.find(&format!("{GROUPS}{}", group.id)).await?
            };
            group.roles = shown.as_ref().map_or_else(Vec::new, |shown| list(shown.member("assignedRoles")));
            group.active = shown.is_some_and(|shown| shown.member("status") != "disabled");
        }
        let all = self.groups.iter().flat_map(|group| &group.roles).chain(&self.roles);
        let ids = all.filter(|role| self.administers(role)).map(|role| json!({"id": role.member("id")}));
        let ids: Vec<Value> = ids.collect();
        self.administering.extend(ids);
        Ok(())
    }

    fn is_touched(&self, ask: &Ask) -> bool {
        let is_own = |id: &str| id == "settings" || self.groups.iter().any(|group| group.id == id);
        ask.url.strip_prefix(USERS) == Some(&self.id) || ask.url.strip_prefix(GROUPS).is_some_and(is_own)
    }

    fn administers(&self, role: &Value) -> bool {
        self.administering.iter().any(|known| is_same(known, role))
    }

    /// By what the caller administers the tenant; nothing if not at all.
    fn ways(&self) -> Option<String> {
        let has = |roles: &[Value]| roles.iter().any(|role| self.administers(role));
        let direct = has(&self.roles).then(|| "by a role of your own".to_owned());
        let groups = self.groups.iter().filter(|group| group.active && has(&group.roles));
        let groups = groups.map(|group| format!("by the group `{}`", group.name));
        let ways: Vec<String> = direct.into_iter().chain(groups).filter(|_| self.active).collect();
        (!ways.is_empty()).then(|| ways.join(" and "))
    }

    fn apply(&mut self, ask: &Ask) {
        let deletes = ask.method == Method::DELETE;
        let operations = ask.body.as_ref().map_or_else(Vec::new, list);
        if ask.url.strip_prefix(USERS) == Some(&self.id) {
            self.active &= !deletes;
            for operation in &operations {
                self.change(operation);
            }
        } else if let Some(id) = ask.url.strip_prefix(GROUPS) {
            let id = if id == "settings" { EVERYONE } else { id };
            for group in self.groups.iter_mut().filter(|group| group.id == id) {
                group.active &= !deletes;
                for operation in &operations {
                    group.change(operation);
                }
            }
        }
    }

    fn change(&mut self, operation: &Value) {
        match member(operation) {
            "status" => self.active = operation.member("value") == "active",
            "assignedRoles" | "roles" => patch(&mut self.roles, operation),
            "assignedGroups" => {
                let said = |group: &Group| json!({"id": group.id, "name": group.name});
                let mut left: Vec<Value> = self.groups.iter().map(said).collect();
                patch(&mut left, operation);
                let stays = |group: &Group| left.iter().any(|item| is_same(item, &said(group)));
                self.groups.retain(|group| group.id == EVERYONE || stays(group));
            }
            _ => {}
        }
    }
}

impl Group {
    fn change(&mut self, operation: &Value) {
        match member(operation) {
            "status" => self.active = operation.member("value") == "active",
            "assignedRoles" => patch(&mut self.roles, operation),
            _ => {}
        }
    }
}

/// The member that an operation is about; paths of group settings name the group before it.
fn member(operation: &Value) -> &str {
    let path = operation.member("path").as_str().unwrap_or_default();
    path.trim_end_matches("/-").rsplit('/').next().unwrap_or_default()
}

/// What an operation makes of what is there.
fn patch(present: &mut Vec<Value>, operation: &Value) {
    let value = operation.member("value");
    let values = if value.is_array() { list(value) } else { vec![value.clone()] };
    match operation.member("op").as_str() {
        Some("add") => present.extend(values),
        Some("remove-value") => present.retain(|item| !values.iter().any(|value| is_same(item, value))),
        _ => *present = values,
    }
}

/// Whether two ways to say something mean the same: an identifier, or an object with an identifier or a name.
fn is_same(one: &Value, other: &Value) -> bool {
    let said = |value: &'_ Value| -> Vec<String> {
        let texts = [value, value.member("id"), value.member("name")];
        texts.into_iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let others = said(other);
    said(one).iter().any(|text| others.contains(text))
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}
