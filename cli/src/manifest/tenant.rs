//! How does a tenant that is asked over the API become what a plan starts from?

use std::collections::HashMap;

use anyhow::Context as _;
use rolecall_engine::{
    access::Revision,
    api_keys::{ApiKeySettings, Lifetime},
    catalogue::Catalogue,
    change::{Change, Delta, Editor, Stamps},
    groups::{Group, GroupStatus, Provider},
    ids::{GroupId, RoleId, SpaceAssignmentId, SpaceId, UserId},
    manifest::{Holdings, Section},
    names::{Description, DisplayName, Email, GroupName, RoleName, Setting, SpaceName, Subject},
    periods::Assigned,
    roles::Role,
    scopes::ScopeName,
    spaces::{Assignee, Space, SpaceAssignment, SpaceRole, SpaceRoles},
    tenants::{self, AutoAssignFlags},
    users::User,
};
use serde_json::Value;

use crate::{access::read, api::Client, members::Members as _, output::visible};

/// A tenant that was read, and what its things are called there.
pub struct Tenant {
    /// What it holds.
    pub holdings: Holdings,
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The identifiers that things have in the API, which need not be those of the holdings.
    pub ids: Ids,
    /// Default roles of which it is not known what they grant.
    pub unknown_roles: Vec<String>,
}

/// Identifiers in the API.
#[derive(Default)]
pub struct Ids {
    pub roles: HashMap<RoleId, String>,
    pub groups: HashMap<GroupId, String>,
    pub users: HashMap<UserId, String>,
    pub spaces: HashMap<SpaceId, String>,
    pub assignments: HashMap<SpaceAssignmentId, String>,
}

/// Reads a tenant, as far as some sections need it.
///
/// # Errors
/// When the key's user may not see it, or the server does not answer.
pub async fn read(client: &Client, catalogue: Catalogue, sections: &[Section]) -> anyhow::Result<Tenant> {
    let read = read::read(client, catalogue).await?;
    let me = client.get("/api/v1/users/me", &[]).await?;
    let caller =
        read.users.iter().find(|(_, user)| me.member("id").as_str() == Some(&user.id)).map(|(id, _)| *id);
    let id = read.about.member("id").as_str().context("the tenant has no identifier")?.to_owned();
    let name = read.about.member("name").as_str().unwrap_or_default().to_owned();
    let mut tenant = read.snapshot.tenant().clone();
    tenant.auto_assign = flags(&read.about);
    if sections.contains(&Section::GroupSettings) {
        let settings = client.get("/api/v1/groups/settings", &[]).await?;
        tenant.auto_create_groups = settings.member("autoCreateGroups").as_bool().unwrap_or_default();
    }
    if sections.contains(&Section::ApiKeys) {
        tenant.api_keys = api_keys(&client.get(&format!("/api/v1/api-keys/configs/{id}"), &[]).await?)?;
    }
    let editor = Editor { user: caller, ..Editor::system(read.snapshot.moment()) };
    let mut found = compiled((id, name), read, tenant, &editor)?;
    if sections.contains(&Section::Spaces) {
        found.spaces(client, &editor).await?;
    }
    Ok(found)
}

/// What was read, for an engine that knows of no API; with other settings than were read with it.
fn compiled(
    (id, name): (String, String),
    read: read::Tenant,
    settings: tenants::Tenant,
    editor: &Editor,
) -> anyhow::Result<Tenant> {
    let change = Change::Tenant(Box::new(Delta::Updated {
        before: read.snapshot.tenant().clone(),
        after: settings.clone(),
    }));
    let snapshot = read.snapshot.apply(Revision(read.snapshot.revision().0 + 1), editor.at, &[change]);
    let mut holdings = Holdings::new(std::sync::Arc::new(snapshot.catalogue().clone()), settings, editor);
    holdings.snapshot = snapshot;
    let mut found = Tenant { holdings, id, name, ids: Ids::default(), unknown_roles: read.unknown_roles };
    found.roles(&read.roles, editor)?;
    found.groups(&read.groups, editor);
    found.users(read.users, editor);
    Ok(found)
}

fn flags(about: &Value) -> AutoAssignFlags {
    let flag = |name: &str| about.member(name).as_bool().unwrap_or(true);
    AutoAssignFlags {
        shared_spaces: flag("autoAssignCreateSharedSpacesRoleToProfessionals"),
        private_content: flag("autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals"),
        data_services: flag("autoAssignDataServicesContributorRoleToProfessionals"),
    }
}

fn api_keys(config: &Value) -> anyhow::Result<ApiKeySettings> {
    let usual = ApiKeySettings::default();
    let life = |name: &str, usual: Lifetime| match config.member(name).as_str() {
        Some(text) => Lifetime::new(text).with_context(|| format!("the tenant's `{name}` is `{text}`")),
        None => Ok(usual),
    };
    let most = config.member("max_keys_per_user").as_u64().and_then(|most| u32::try_from(most).ok());
    Ok(ApiKeySettings {
        max_per_user: most.unwrap_or(usual.max_per_user),
        max_lifetime: life("max_api_key_expiry", usual.max_lifetime)?,
        external_lifetime: life("scim_externalClient_expiry", usual.external_lifetime)?,
    })
}

impl Tenant {
    fn roles(&mut self, roles: &[read::ReadRole], editor: &Editor) -> anyhow::Result<()> {
        for role in roles {
            let name = RoleName::stored(role.name.clone());
            let Some(facts) = self.holdings.snapshot.role_named(&name) else { continue };
            let scopes = role.assigned_scopes.iter().flatten().map(|scope| ScopeName::new(scope));
            let known = Role {
                id: facts.id,
                name,
                kind: facts.kind,
                level: facts.level,
                description: Description::stored(role.description.clone()),
                scopes: scopes.collect::<Result<_, _>>()?,
                stamps: Stamps::new(editor),
            };
            self.ids.roles.insert(known.id, role.id.clone());
            self.holdings.roles.insert(known.id, known);
        }
        Ok(())
    }

    fn groups(&mut self, groups: &[read::ReadGroup], editor: &Editor) {
        let snapshot = &self.holdings.snapshot;
        for group in groups {
            let name = GroupName::stored(group.name.clone());
            let provider = match group.provider_type.as_deref() {
                _ if GroupId::from_hex(&group.id) == Some(GroupId::EVERYONE) => Provider::System,
                Some("custom") => Provider::Custom,
                _ => Provider::Idp,
            };
            let found = snapshot.group_named(provider, &name).and_then(|id| snapshot.group(id));
            let Some(facts) = found else { continue };
            let known = Group {
                id: facts.id,
                name,
                provider,
                status: if facts.active { GroupStatus::Active } else { GroupStatus::Disabled },
                description: group.description.clone().map(Description::stored),
                external_id: None,
                roles: snapshot.roles_of_group(facts).map(|role| role.id).collect(),
                stamps: Stamps::new(editor),
            };
            self.ids.groups.insert(known.id, group.id.clone());
            self.holdings.groups.insert(known.id, known);
        }
    }

    fn users(&mut self, users: Vec<(UserId, read::ReadUser)>, editor: &Editor) {
        let snapshot = &self.holdings.snapshot;
        for (id, user) in users {
            let Some(facts) = snapshot.user(id) else { continue };
            let client_id = user.is_bot().then(|| Setting::stored(user.subject.clone()));
            let known = User {
                id,
                subject: Subject::stored(user.subject),
                name: DisplayName::stored(user.name),
                email: user.email.map(Email::stored),
                picture: None,
                locale: None,
                zoneinfo: None,
                preferred_locale: None,
                preferred_zoneinfo: None,
                status: facts.status,
                invite_expires_at: None,
                client_id,
                provider: None,
                profile: None,
                roles: snapshot.direct_roles(facts).map(|role| Assigned::from(role.id)).collect(),
                groups: snapshot.memberships(facts).map(|group| Assigned::from(group.id)).collect(),
                created_at: editor.at,
                updated_at: editor.at,
            };
            self.ids.users.insert(id, user.id);
            self.holdings.users.insert(id, known);
        }
    }

    async fn spaces(&mut self, client: &Client, editor: &Editor) -> anyhow::Result<()> {
        for space in client.list("/api/v1/spaces", &[]).await? {
            let text = |member: &str| space.member(member).as_str().unwrap_or_default().to_owned();
            let real = text("id");
            let id = SpaceId::from_hex(&real)
                .with_context(|| format!("the space `{real}` has another kind of identifier"))?;
            // The type is optional (reference/rest-api.md §11).
            let Ok(kind) = text("type").parse() else {
                let name = visible(&text("name"));
                eprintln!("warning: the space `{name}` ({real}) is left out: its type is not known");
                continue;
            };
            let known = Space {
                id,
                name: SpaceName::stored(text("name")),
                kind,
                description: None,
                owner: self.user(&text("ownerId")),
                stamps: Stamps::new(editor),
            };
            for held in client.list(&format!("/api/v1/spaces/{real}/assignments"), &[]).await? {
                self.assignment(id, &held, editor)?;
            }
            self.ids.spaces.insert(id, real);
            self.holdings.spaces.insert(id, known);
        }
        let spaces: Vec<Space> = self.holdings.spaces.values().cloned().collect();
        let assignments: Vec<SpaceAssignment> = self.holdings.assignments.values().cloned().collect();
        self.holdings.snapshot.put_spaces(&spaces, &assignments);
        Ok(())
    }

    fn assignment(&mut self, space: SpaceId, held: &Value, editor: &Editor) -> anyhow::Result<()> {
        let text = |member: &str| held.member(member).as_str().unwrap_or_default();
        let group =
            || self.ids.groups.iter().find(|(_, real)| *real == text("assigneeId")).map(|(id, _)| *id);
        let assignee = match text("type") {
            "group" => group().map(Assignee::Group),
            "bot" => self.user(text("assigneeId")).map(Assignee::Bot),
            _ => self.user(text("assigneeId")).map(Assignee::User),
        };
        let id = SpaceAssignmentId::from_hex(text("id"));
        // Of somebody who is gone.
        let (Some(assignee), Some(id)) = (assignee, id) else { return Ok(()) };
        let roles = held.member("roles").as_array().into_iter().flatten().filter_map(Value::as_str);
        let roles: Vec<SpaceRole> = roles.map(str::parse).collect::<Result<_, _>>()?;
        self.ids.assignments.insert(id, text("id").to_owned());
        let roles = SpaceRoles::of(&roles);
        let known = SpaceAssignment { id, space, assignee, roles, stamps: Stamps::new(editor) };
        self.holdings.assignments.insert(id, known);
        Ok(())
    }

    fn user(&self, real: &str) -> Option<UserId> {
        UserId::from_hex(real)
            .filter(|id| self.holdings.users.contains_key(id))
            .or_else(|| self.ids.users.iter().find(|(_, id)| *id == real).map(|(id, _)| *id))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rolecall_engine::{
        catalogue::Unknown,
        manifest::{export, plan},
    };
    use serde_json::json;

    use super::{
        super::{file, known::Known, write::write},
        *,
    };

    /// A tenant may have names that Rolecall would write otherwise, or refuse.
    #[test]
    fn what_is_exported_changes_nothing_whatever_it_is_called() {
        let names = ["Analytics™ User", "Sales  EMEA", "аdmin2", "Tenant-Admin", "Level²", "Team\u{a0}A"];
        let id = |at: usize| format!("62b9d3c2a1b2c3d4e5f60{at:03}");
        let role = |(at, name): (usize, &&str)| json!({"id": id(at), "name": name, "type": "custom", "assignedScopes": ["notes"]});
        let groups = [("custom", 100), ("idp", 200)].into_iter().flat_map(|(provider, first)| {
            names.iter().enumerate().map(move |(at, name)| {
                json!({"id": id(first + at), "name": name, "providerType": provider,
                    "assignedRoles": [{"id": id(at), "name": name}]})
            })
        });
        let default = json!({"id": id(300), "name": "UserDefault", "type": "default", "assignedScopes": []});
        let roles: Value = names.iter().enumerate().map(role).chain([default]).collect();
        let mut catalogue = Catalogue::qlik();
        catalogue.unknown = Unknown::Accept;
        let about = json!({"id": "t", "name": "Elsewhere", "status": "active"});
        let things = |things: Value| serde_json::from_value(things).unwrap();
        let groups = serde_json::from_value(groups.collect()).unwrap();
        let read = read::compiled(about, things(roles), groups, Vec::new(), catalogue).unwrap();
        let editor = Editor::system(read.snapshot.moment());
        let settings = read.snapshot.tenant().clone();
        let tenant = compiled(("t".to_owned(), "Elsewhere".to_owned()), read, settings, &editor).unwrap();
        let sections = [Section::Roles, Section::Groups, Section::IdpGroups];
        let written = write(&export(&tenant.holdings, &sections)).unwrap();
        let known = Known::of(&tenant.holdings);
        let read = file::parse(&written).unwrap().read(None, &BTreeMap::new(), &known).unwrap();
        let plan = plan(&tenant.holdings, &read.manifest, true).unwrap();
        assert!(plan.steps.is_empty(), "{written}\n{:?}", plan.steps);
    }
}
