//! What is a point of the search? What somebody can use, and what everybody is granted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use rolecall_engine::{access::Snapshot, ids::UserId};
use serde_json::{Value, json};

use super::attempts::NEW;
use crate::{
    harness::{Client, Server},
    logins::{browser, visitor},
};

/// Something by which somebody can ask.
#[derive(Debug, Clone)]
pub enum Credential {
    /// An API key or an access token.
    Bearer(String),
    /// The cookies of a session.
    Session(String),
    /// An OAuth client and its secret.
    Secret(String, String),
    /// An OAuth client and a refresh token.
    Refresh(String, String),
    /// The key by which an identity provider signs.
    Provider(String),
}

impl Credential {
    pub fn client(&self, server: &Server) -> Client {
        match self {
            Self::Bearer(token) => server.client(token),
            Self::Session(cookies) => browser(server, cookies),
            Self::Secret(..) | Self::Refresh(..) => visitor(server),
            Self::Provider(_) => server.anonymous(),
        }
    }
}

/// What a credential is good for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reach {
    pub kind: &'static str,
    /// Whom it speaks for, if that is known.
    pub of: String,
    pub id: Option<String>,
    /// What was done with it.
    pub powers: BTreeSet<&'static str>,
    /// The spaces that are seen with it, and the roles in them.
    pub spaces: BTreeSet<String>,
}

impl Reach {
    /// Tries what can be done with a credential.
    pub fn find(state: &State, kind: &'static str, credential: &Credential) -> Self {
        let server = &state.server;
        let mut reach =
            Self { kind, of: String::new(), id: None, powers: BTreeSet::new(), spaces: BTreeSet::new() };
        match credential {
            Credential::Bearer(_) => reach.try_out(state, &credential.client(server)),
            Credential::Session(cookies) => {
                let visitor = visitor(server).header("cookie", cookies);
                if visitor.get("/api/v1/csrf-token").status == 204 {
                    reach.try_out(state, &credential.client(server));
                }
            }
            Credential::Secret(client, _) | Credential::Refresh(client, _) => {
                state.known(client).unwrap_or(NEW).clone_into(&mut reach.of);
            }
            Credential::Provider(issuer) => reach.of.clone_from(issuer),
        }
        reach
    }

    fn try_out(&mut self, state: &State, client: &Client) {
        let me = client.get("/api/v1/users/me");
        self.id = me.body["id"].as_str().map(str::to_owned);
        if let Some(id) = &self.id {
            state.known(id).unwrap_or(NEW).clone_into(&mut self.of);
        }
        // The server closes a connection when it leaves a body unread.
        let preview = client.header("prefer", "preview");
        let key = preview.post("/api/v1/api-keys", json!({"description": "x"}));
        for (power, answer) in [
            ("administers", client.get("/api/v1/roles?limit=1")),
            ("asks about others", client.get("/rolecall/v1/access/who-can?scope=notes&limit=1")),
            ("makes keys", key),
            ("provisions", client.get("/scim/v2/Users?count=1")),
            ("asks as a user", me),
        ] {
            if answer.status == 200 {
                self.powers.insert(power);
            }
        }
        let spaces = client.get("/api/v1/spaces?limit=100");
        for space in spaces.body["data"].as_array().into_iter().flatten() {
            let may = |action: &str| space["meta"]["actions"].as_array().unwrap().contains(&action.into());
            let name = state.known(space["id"].as_str().unwrap()).unwrap_or(NEW);
            // What is one's own is given to whomever one likes.
            let all = match name {
                "made space" => "",
                _ if may("change_owner") => ", whole",
                _ if may("update") => ", changing",
                _ => "",
            };
            self.spaces.insert(format!("{name}{all}"));
        }
    }

    pub fn say(&self) -> String {
        let powers: Vec<&str> = self.powers.iter().copied().collect();
        let of = if self.of.is_empty() { String::new() } else { format!(" of {}", self.of) };
        let does = if powers.is_empty() { String::new() } else { format!(": {}", powers.join(", ")) };
        format!("{}{of}{does}", self.kind)
    }
}

/// A point of the search.
pub struct State {
    pub server: Server,
    pub holds: Vec<(&'static str, Credential)>,
    /// What is known by name, with what was made on the way.
    pub names: BTreeMap<String, String>,
    pub steps: usize,
}

impl State {
    fn tenant(&self) -> Arc<Snapshot> {
        let app = &self.server.app;
        app.snapshots.get(self.server.tenants[0].tenant, app.clock.now()).unwrap()
    }

    /// The name by which an identifier is known.
    pub fn known(&self, id: &str) -> Option<&str> {
        self.names.iter().find(|(_, known)| *known == id).map(|(name, _)| name.as_str())
    }
}

/// What everybody is granted.
pub struct Standing {
    /// By name: everything that is granted, and by which roles.
    users: BTreeMap<String, Granted>,
}

impl Standing {
    pub fn of(state: &State) -> Self {
        let known = |id: UserId| state.known(&id.to_string()).unwrap_or(NEW).to_owned();
        let users = granted(&state.tenant()).map(|(id, granted)| (known(id), granted)).collect();
        Self { users }
    }

    /// All that decides about what can be asked next, as a text without what differs by chance.
    pub fn text(&self, state: &State) -> String {
        let tenant = state.tenant();
        let mut text = String::new();
        for (id, facts) in tenant.users() {
            let groups = tenant.memberships(facts).filter(|group| tenant.roles_of_group(group).count() > 0);
            let groups: Vec<_> = groups.map(|group| group.id).collect();
            writeln!(text, "{} {:?} {groups:?}", state.known(&id.to_string()).unwrap_or(NEW), facts.status)
                .unwrap();
        }
        for role in tenant.roles() {
            let grants: Vec<_> = role.grants.iter().collect();
            writeln!(text, "{} {} {grants:?}", role.id, role.name).unwrap();
        }
        for list in ["oauth-clients?limit=100", "identity-providers", "groups?limit=100", "groups/settings"] {
            let mut answer = state.server.admin().get(&format!("/api/v1/{list}")).body;
            without_times(&mut answer);
            writeln!(text, "{answer}").unwrap();
        }
        for (name, id) in &state.names {
            text = text.replace(id.as_str(), &format!("<{name}>"));
        }
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        format!("{:?} {lines:?}", self.users)
    }

    /// Who is granted more than before, by which roles, or else which scopes. Somebody new had what `everybody` has.
    pub fn grown(&self, before: &Self, everybody: &str) -> BTreeSet<String> {
        let nothing = &before.users[everybody];
        let mut grown = BTreeSet::new();
        for (subject, (scopes, roles)) in &self.users {
            let (had, by) = before.users.get(subject).unwrap_or(nothing);
            let more: Vec<&str> = scopes.difference(had).map(String::as_str).collect();
            let roles: Vec<&str> = roles.difference(by).map(String::as_str).collect();
            if !more.is_empty() {
                let what = if roles.is_empty() { more.join(", ") } else { roles.join(", ") };
                grown.insert(format!("{subject} by {what}"));
            }
        }
        grown
    }
}

/// What a user is granted: the scopes, and the roles they come by.
type Granted = (BTreeSet<String>, BTreeSet<String>);

/// Everything that each user is granted, and by which roles.
fn granted(tenant: &Snapshot) -> impl Iterator<Item = (UserId, Granted)> {
    tenant.users().map(|(id, facts)| {
        let scopes = tenant.effective(facts);
        let scopes = scopes.iter().filter_map(|scope| tenant.scope_name(scope)).map(ToString::to_string);
        let by_group = tenant.memberships(facts).flat_map(|group| tenant.roles_of_group(group));
        let roles = tenant.direct_roles(facts).chain(by_group).chain(tenant.roles_of_everybody());
        (id, (scopes.collect(), roles.map(|role| role.name.to_string()).collect()))
    })
}

/// Takes out when things were made and changed, and by whom.
fn without_times(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| {
                !name.ends_with("At") && !name.ends_with("ated") && name != "links" && name != "hint"
            });
            members.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}
