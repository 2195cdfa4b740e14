//! What would several changes do, one after the other? Each is written as the request that would make it.
//!
//! Nothing is stored: the changes are made on the tenant's snapshot, and what they edit is kept here for those behind them.

use std::{collections::HashMap, hash::Hash};

use rolecall_engine::{
    access::{Revision, Snapshot, impact, keep_administrator},
    change::{Change, Delta, Edited, Editor},
    groups::{Group, GroupOp, SettingsOp, edit_settings},
    ids::{GroupId, RoleId, UserId},
    roles::{Role, RoleOp},
    users::{KnownSubject, User, UserOp},
};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    app::App,
    caller::{Administrator, Caller},
    db::Reader,
    error::Error,
    groups::{sql as groups, wire::NewGroup},
    http::{json, patch, preview::Preview},
    licenses::sql as licenses,
    roles::{sql as roles, wire::NewRole},
    snapshots,
    users::{sql as users, wire::NewUser},
};

/// Changes to be tried.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Plan {
    /// At most 100, in order.
    changes: Vec<Request>,
}

/// A request that would make a change.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "PlannedRequest")]
struct Request {
    /// `POST`, `PATCH` or `DELETE`.
    method: String,
    /// The address of roles, users, groups, one of these, or the group settings; without host and query.
    path: String,
    /// The body.
    #[serde(default)]
    body: Value,
}

/// Changes in one plan, and users named in the answer.
const CHANGES: usize = 100;
const NAMED: usize = 100;

/// What all of the changes would do together.
///
/// # Errors
/// When one of them would be refused; with its place in the plan.
pub async fn preview(app: &App, caller: &Caller<Administrator>, plan: Plan) -> Result<Preview, Error> {
    if plan.changes.len() > CHANGES {
        return Err(Error::at_pointer("/changes", format!("more than {CHANGES} changes")));
    }
    let inside = app.clone();
    let editor = caller.who.editor(caller.tenant(), app.clock.now());
    let work = async move |reader: &Reader<'_>, before: &Snapshot| {
        let mut trial = Trial::new(&inside, reader, before, editor);
        for (at, request) in plan.changes.into_iter().enumerate() {
            let place = |error: Error| match error {
                fault if fault.is_fault() => fault,
                refused => Error::at_pointer(format!("/changes/{at}"), refused),
            };
            trial.make(request).await.map_err(place)?;
        }
        let impact = impact(before, &trial.tenant, &trial.changes, NAMED);
        let ids: Vec<UserId> = impact.users.iter().map(|user| user.user).collect();
        let people = users::with_ids(reader, before, &ids).await?;
        Ok(Preview::new(!trial.changes.is_empty(), &impact, &people, editor.administrator))
    };
    Ok(snapshots::scan(app, caller.tenant_id(), work).await?.1)
}

/// The tenant as the changes so far would leave it.
struct Trial<'t> {
    app: &'t App,
    reader: &'t Reader<'t>,
    editor: Editor,
    tenant: Snapshot,
    changes: Vec<Change>,
    /// What was edited; none for what was deleted.
    roles: HashMap<RoleId, Option<Role>>,
    groups: HashMap<GroupId, Option<Group>>,
    users: HashMap<UserId, Option<User>>,
}

/// What an earlier change left, or what is stored.
fn edited_or<K: Eq + Hash, T: Clone>(
    edited: &HashMap<K, Option<T>>,
    id: &K,
    stored: Option<T>,
) -> Result<T, Error> {
    edited.get(id).cloned().unwrap_or(stored).ok_or(Error::NotFound)
}

fn new<T: DeserializeOwned>(body: Value) -> Result<T, Error> {
    json::convert(body, "")
}

impl<'t> Trial<'t> {
    fn new(app: &'t App, reader: &'t Reader<'t>, tenant: &Snapshot, editor: Editor) -> Self {
        Self {
            app,
            reader,
            editor,
            tenant: tenant.clone(),
            changes: Vec::new(),
            roles: HashMap::new(),
            groups: HashMap::new(),
            users: HashMap::new(),
        }
    }

    /// Makes a change, as the request would.
    async fn make(&mut self, Request { method, path, body }: Request) -> Result<(), Error> {
        let parts: Vec<&str> = path.trim_start_matches("/api/v1/").split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("POST", ["roles"]) => self.create_role(body),
            ("PATCH", ["roles", id]) => self.patch_role(parsed(id)?, body).await,
            ("DELETE", ["roles", id]) => self.delete_role(parsed(id)?).await,
            ("POST", ["users"]) => self.create_user(body).await,
            ("PATCH", ["users", id]) => self.patch_user(parsed(id)?, body).await,
            ("DELETE", ["users", id]) => self.delete_user(parsed(id)?).await,
            ("POST", ["groups"]) => self.create_group(body),
            ("PATCH", ["groups", "settings"]) => self.patch_settings(body).await,
            ("PATCH", ["groups", id]) => self.patch_group(parsed(id)?, body).await,
            ("DELETE", ["groups", id]) => self.delete_group(parsed(id)?).await,
            _ => Err(Error::invalid(format!(
                "`{method} {path}` cannot be tried; changes of roles, users, groups and group settings can"
            ))),
        }
    }

    /// Takes over what an edit changes, unless the tenant would lose its last administrator.
    fn keep<T>(&mut self, edited: Edited<T>) -> Result<(), Error> {
        let changes = edited.changes;
        let after = self.tenant.apply(Revision(self.tenant.revision().0 + 1), self.editor.at, &changes);
        keep_administrator(&self.tenant, &after, &changes)?;
        for change in &changes {
            match change {
                Change::Role(delta) => note(&mut self.roles, delta.latest().id, delta),
                Change::Group(delta) => note(&mut self.groups, delta.latest().id, delta),
                Change::User(delta) => note(&mut self.users, delta.latest().id, delta),
                Change::Tenant(_)
                | Change::License(_)
                | Change::ApiKey(_)
                | Change::OAuthClient(_)
                | Change::OAuthToken(_)
                | Change::OAuthGrant(_)
                | Change::OAuthConsent(_)
                | Change::Password(_)
                | Change::IdentityProvider(_)
                | Change::Session(_)
                | Change::WebIntegration(_)
                | Change::Webhook(_)
                | Change::Space(_)
                | Change::SpaceAssignment(_) => {}
            }
        }
        self.tenant = after;
        self.changes.extend(changes);
        Ok(())
    }

    fn create_role(&mut self, body: Value) -> Result<(), Error> {
        let id = self.app.entropy.role_id(self.editor.at);
        let edited = Role::create(new::<NewRole>(body)?.read()?, id, &self.tenant, &self.editor)?;
        self.keep(edited)
    }

    async fn role(&self, id: RoleId) -> Result<Role, Error> {
        edited_or(&self.roles, &id, roles::find(self.reader, id).await?)
    }

    async fn patch_role(&mut self, id: RoleId, body: Value) -> Result<(), Error> {
        let ops: Vec<RoleOp> = patch::operations(body)?;
        let edited = self.role(id).await?.edit(&ops, &self.tenant, &self.editor)?;
        self.keep(edited)
    }

    async fn delete_role(&mut self, id: RoleId) -> Result<(), Error> {
        let role = self.role(id).await?;
        let edited = role.delete(self.tenant.is_held(id))?;
        self.keep(edited)
    }

    async fn create_user(&mut self, body: Value) -> Result<(), Error> {
        let new = new::<NewUser>(body)?.read(&self.tenant)?;
        let known = KnownSubject {
            user: self.tenant.user_with_subject(new.subject.as_str()),
            license: licenses::find(self.reader, &new.subject).await?,
        };
        let id = self.app.entropy.user_id(self.editor.at);
        let edited = User::create(new, id, known, &self.tenant, &self.editor)?;
        self.keep(edited)
    }

    async fn user(&self, id: UserId) -> Result<User, Error> {
        edited_or(&self.users, &id, users::find(self.reader, &self.tenant, id).await?)
    }

    async fn patch_user(&mut self, id: UserId, body: Value) -> Result<(), Error> {
        let ops: Vec<UserOp> = patch::operations(body)?;
        let edited = self.user(id).await?.edit(&ops, &self.tenant, &self.editor)?;
        self.keep(edited)
    }

    async fn delete_user(&mut self, id: UserId) -> Result<(), Error> {
        let edited = self.user(id).await?.delete(&self.editor)?;
        self.keep(edited)
    }

    fn create_group(&mut self, body: Value) -> Result<(), Error> {
        let id = self.app.entropy.group_id(self.editor.at);
        let edited = Group::create(new::<NewGroup>(body)?.read()?, id, &self.tenant, &self.editor)?;
        self.keep(edited)
    }

    async fn group(&self, id: GroupId) -> Result<Group, Error> {
        edited_or(&self.groups, &id, groups::find(self.reader, &self.tenant, id).await?)
    }

    async fn patch_group(&mut self, id: GroupId, body: Value) -> Result<(), Error> {
        let ops: Vec<GroupOp> = patch::operations(body)?;
        let edited = self.group(id).await?.edit(&ops, &self.tenant, &self.editor)?;
        self.keep(edited)
    }

    async fn delete_group(&mut self, id: GroupId) -> Result<(), Error> {
        let group = self.group(id).await?;
        let edited = group.delete(self.tenant.has_members(id))?;
        self.keep(edited)
    }

    async fn patch_settings(&mut self, body: Value) -> Result<(), Error> {
        let ops: Vec<SettingsOp> = patch::operations(body)?;
        let everyone = self.group(GroupId::EVERYONE).await?;
        let settings = self.tenant.tenant().clone();
        let edited = edit_settings(settings, everyone, &ops, &self.tenant, &self.editor)?;
        self.keep(edited)
    }
}

fn parsed<T: std::str::FromStr>(id: &str) -> Result<T, Error> {
    id.parse().map_err(|_| Error::NotFound)
}

fn note<K: Eq + Hash, T: Clone>(edited: &mut HashMap<K, Option<T>>, id: K, delta: &Delta<T>) {
    edited.insert(id, delta.after().cloned());
}
