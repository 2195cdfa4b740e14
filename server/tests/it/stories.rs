//! The stories of the engine, told to the server over HTTP.

use serde_json::{Value, json};

#[path = "../../../engine/tests/it/story.rs"]
mod story;

use story::{Door, all};

use crate::harness::{Client, Server, names};

struct Http {
    server: Server,
    admin: Client,
    /// Whoever may ask about others, and nothing else.
    asker: Client,
}

fn by_name(roles: &[String]) -> Vec<Value> {
    roles.iter().map(|name| json!({ "name": name })).collect()
}

impl Http {
    fn path_of(&self, list: &str, name: &str) -> String {
        let name = if name == "admin" { "ada@acme.example" } else { name };
        format!("/api/v1/{list}/{}", self.admin.find(&format!("/api/v1/{list}"), name))
    }

    fn user_op(&self, user: &str, op: &str, pointer: &str, value: impl Into<Value>) -> bool {
        self.admin.op(&self.path_of("users", user), op, pointer, value).status == 204
    }
}

impl Door for Http {
    fn role(&mut self, name: &str, scopes: &[String]) -> bool {
        self.admin.post("/api/v1/roles", json!({"name": name, "assignedScopes": scopes})).status == 201
    }

    fn scopes(&mut self, role: &str, scopes: &[String]) -> bool {
        self.admin.replace(&self.path_of("roles", role), "/assignedScopes", scopes).status == 204
    }

    fn no_role(&mut self, name: &str) -> bool {
        self.admin.delete(&self.path_of("roles", name)).status == 204
    }

    fn group(&mut self, name: &str, roles: &[String]) -> bool {
        let new = json!({"name": name, "providerType": "custom", "assignedRoles": by_name(roles)});
        match self.admin.post("/api/v1/groups", new).status {
            409 => {
                self.admin.replace(&self.path_of("groups", name), "/assignedRoles", by_name(roles)).status
                    == 204
            }
            status => status == 201,
        }
    }

    fn user(&mut self, name: &str) -> bool {
        self.admin.post("/api/v1/users", json!({"subject": name, "name": name})).status == 201
    }

    fn assign(&mut self, user: &str, roles: &[String]) -> bool {
        self.user_op(user, "replace", "/assignedRoles", by_name(roles))
    }

    fn membership(&mut self, user: &str, group: &str, join: bool) -> bool {
        let id = self.admin.find("/api/v1/groups", group);
        let (op, pointer) =
            if join { ("add", "/assignedGroups/-") } else { ("remove-value", "/assignedGroups") };
        self.user_op(user, op, pointer, id)
    }

    fn status(&mut self, user: &str, status: &str) -> bool {
        self.user_op(user, "replace", "/status", status)
    }

    fn no_user(&mut self, name: &str) -> bool {
        self.admin.delete(&self.path_of("users", name)).status == 204
    }

    fn everyone(&mut self, roles: &[String]) -> bool {
        let path = "/systemGroups/000000000000000000000001/assignedRoles";
        self.admin.replace("/api/v1/groups/settings", path, by_name(roles)).status == 204
    }

    fn user_default(&mut self, scopes: &[String]) -> bool {
        self.admin.replace(&self.path_of("roles", "UserDefault"), "/assignedScopes", scopes).status == 204
    }

    fn flags(&mut self, on: bool) {
        let flags = ["CreateSharedSpaces", "PrivateAnalyticsContentCreator", "DataServicesContributor"];
        let op = |flag| json!({"op": "replace", "path": format!("/autoAssign{flag}RoleToProfessionals"), "value": on});
        let path = format!("/api/v1/tenants/{}", self.server.tenants[0].tenant);
        self.admin.patch(&path, flags.map(op).to_vec()).expect(204);
    }

    fn professionals(&mut self, on: bool) {
        self.admin.put("/api/v1/licenses/settings", json!({"autoAssignProfessional": on})).expect(200);
    }

    fn may(&mut self, user: &str, scope: &str) -> bool {
        let subject = if user == "admin" { "acme\\ada@acme.example" } else { user };
        let me = self.server.key_of(subject).get("/api/v1/users/me?fields=assignedScopes");
        let own = me.status == 200 && me.body["assignedScopes"].as_array().unwrap().contains(&scope.into());
        let tenant = self.server.tenants[0].tenant.as_str();
        let question = json!({"subject": {"type": "user", "id": subject}, "action": {"name": scope},
            "resource": {"type": "tenant", "id": tenant}});
        let decided = self.asker.post("/access/v1/evaluation", question).expect(200)["decision"] == true;
        let mut query = form_urlencoded::Serializer::new(String::new());
        let query = query.append_pair("user", subject).append_pair("scope", scope).finish();
        let explained = self.asker.get(&format!("/rolecall/v1/access/explain?{query}"));
        let ways = explained.expect(200)["grants"].as_array().unwrap().len();
        let told = explained.body["decision"] == true;
        assert_eq!((own, own, !own || ways > 0), (decided, told, true), "{user} {scope}: {}", explained.text);
        own
    }

    fn direct_roles(&mut self, user: &str) -> Vec<String> {
        let user = self.admin.get(&self.path_of("users", user));
        names(&user.expect(200)["assignedRoles"]).into_iter().map(str::to_owned).collect()
    }
}

#[test]
fn the_server_keeps_to_every_story() {
    for story in all().values() {
        let server = Server::start();
        let admin = server.admin();
        admin.make_role("Asker", &["access:evaluate"]);
        let asker = server.user_with("asker", &["Asker"]).1;
        story.tell(&mut Http { server, admin, asker });
    }
}
