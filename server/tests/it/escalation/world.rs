//! Where does the search begin? A tenant with some of everything, another one beside it, and whoever wants more.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::state::Credential;
use crate::{
    authorize::{authorize, code_body, sent, spa},
    harness::{Client, Server},
    logins::{PROVIDERS, RSA_PUBLIC, claims, cookies, jwt_provider, log_in, logged_in, signed, visitor},
    oauth::{CLIENTS, Program, TOKEN, program_of},
    scim::key_for,
};

pub const ISSUER: &str = "https://idp.example";

/// Somebody who wants more, and what the search may take as given.
pub struct Start {
    pub name: &'static str,
    pub holds: Vec<(&'static str, Credential)>,
    /// How many requests one after the other are tried at most.
    pub depth: usize,
    /// Whether it may do what administrators do.
    pub administers: bool,
}

/// A tenant with some of everything, and what is known by name in it.
pub struct World {
    pub server: Server,
    pub names: BTreeMap<String, String>,
    pub starts: Vec<Start>,
}

impl World {
    pub fn new() -> Self {
        let server = Server::start();
        let mut world = Self { server, names: BTreeMap::new(), starts: Vec::new() };
        world.furnish();
        world.users();
        world.programs();
        world.token_of_an_administrator();
        world.other_tenant();
        world
    }

    fn admin(&self) -> Client {
        self.server.admin()
    }

    fn name(&mut self, name: &str, id: impl Into<String>) {
        self.names.insert(name.to_owned(), id.into());
    }

    fn start(&mut self, name: &'static str, holds: Vec<(&'static str, Credential)>) {
        self.starts.push(Start { name, holds, depth: super::depth(), administers: false });
    }

    /// Roles, groups, spaces, an identity provider.
    fn furnish(&mut self) {
        let admin = self.admin();
        for role in ["TenantAdmin", "UserDefault", "AuditAdmin", "Key maker", "Model approver"] {
            self.name(role, admin.find("/api/v1/roles", role));
        }
        self.name("Unused", admin.make_role("Unused", &["admin.csp"]));
        let (ada, ben) = (admin.id(), admin.find("/api/v1/users", "Ben Berg"));
        self.name("Ada", ada.clone());
        self.name("Ben", ben);
        let group =
            |new: Value| admin.post("/api/v1/groups", new).expect(201)["id"].as_str().unwrap().to_owned();
        let crew =
            json!({"name": "Crew", "providerType": "custom", "assignedRoles": [{"name": "Key maker"}]});
        self.name("Crew", group(crew));
        self.name(
            "Directors",
            group(json!({"name": "Directors", "assignedRoles": [{"name": "TenantAdmin"}]})),
        );
        self.name("Staff", group(json!({"name": "Staff", "assignedRoles": [{"name": "Report exporter"}]})));
        self.name("Everyone", "000000000000000000000001");
        self.name("Sales", self.server.user().make_space("Sales", "shared"));
        self.name("Vault", admin.make_space("Vault", "managed"));
        self.name("tenant", self.server.tenants[0].tenant.to_string());
        let keys = admin.get(&format!("/api/v1/api-keys?sub={ada}"));
        self.name("Ada's key", keys.expect(200)["data"][0]["id"].as_str().unwrap());
        let integration = admin.post("/api/v1/web-integrations", json!({"name": "Portal"}));
        self.name("integration", integration.expect(201)["id"].as_str().unwrap());
        let hook = admin.post("/api/v1/webhooks", json!({"name": "Hook", "url": "https://hook.example/"}));
        self.name("hook", hook.expect(201)["id"].as_str().unwrap());
        self.name("provider", jwt_provider(&admin, ISSUER, "portal-key", RSA_PUBLIC));
        let users = admin.get("/api/v1/users?limit=100");
        for user in users.expect(200)["data"].as_array().unwrap() {
            self.name(user["subject"].as_str().unwrap(), user["id"].as_str().unwrap());
        }
        self.name("key", RSA_PUBLIC.replace('\n', "\\n"));
    }

    /// Users by key and by session.
    fn users(&mut self) {
        let by_key = |world: &mut Self, name: &'static str, subject: &str, roles: &[&str]| {
            let (id, client) = world.server.user_with(subject, roles);
            world.name(subject, id.clone());
            let key = Credential::Bearer(client.key().to_owned());
            world.start(name, vec![("API key", key)]);
            let keys = client.get("/api/v1/api-keys");
            world.name(&format!("{name}'s key"), keys.expect(200)["data"][0]["id"].as_str().unwrap());
            id
        };
        let bare = by_key(self, "bare user", "bare", &[]);
        self.name("me", bare);
        by_key(self, "key maker", "maker", &["Key maker"]);
        by_key(self, "AuditAdmin", "audit", &["AuditAdmin"]);
        by_key(self, "AnalyticsAdmin", "analytics", &["AnalyticsAdmin"]);
        by_key(self, "DataAdmin", "data", &["DataAdmin"]);
        let flo = by_key(self, "facilitator", "flo", &[]);
        let place =
            self.server.user().assign_in_space(&self.names["Sales"], ("user", &flo), &["facilitator"]);
        self.name("Flo's assignment", place);
        let answer = log_in(&self.server, &signed(&claims("visitor", &json!({}))));
        let session = Credential::Session(cookies(&answer));
        let visitor = session.client(&self.server).id();
        self.name("visitor", visitor.clone());
        self.start("user by a session", vec![("session", session)]);
        // Somebody of another provider, which is not asked any more.
        let other = jwt_provider(&self.admin(), "https://other.example", "portal-key", RSA_PUBLIC);
        let stranger = logged_in(&self.server, "stranger", &json!({"iss": "https://other.example"}));
        self.name("stranger", stranger.id());
        self.admin().replace(&format!("{PROVIDERS}/{other}"), "/active", false).expect(204);
    }

    /// OAuth clients of each kind, and programs that provision users.
    fn programs(&mut self) {
        let admin = self.admin();
        let scopes = json!(["user_default", "apps:read", "offline_access"]);
        let machine = program_of(&admin, &json!({"clientName": "machine", "allowedScopes": scopes}));
        self.name("machine", machine.id.clone());
        let client = admin.get(&format!("{CLIENTS}/{}", machine.id));
        self.name("hint", client.expect(200)["clientSecrets"][0]["hint"].as_str().unwrap());
        let token = machine.token(&self.server, &json!({"scope": "user_default"}));
        self.name("machine's token as it is sent", token.key());
        let tokens = admin.get(&format!("/api/v1/oauth-tokens?userId={}", token.id()));
        self.name("machine's token", tokens.expect(200)["data"][0]["id"].as_str().unwrap());
        self.name("machine's user", token.id());
        let secret = |program: &Program| Credential::Secret(program.id.clone(), program.secret.clone());
        self.start("machine client without admin_classic", vec![("client secret", secret(&machine))]);
        let impersonator = program_of(&admin, &impersonating("impersonator"));
        self.name("impersonator", impersonator.id.clone());
        self.start(
            "impersonating client without admin_classic",
            vec![("client secret", secret(&impersonator))],
        );
        self.token_by_code();
        let key = key_for(&admin, &self.names["provider"]);
        let key = Credential::Bearer(key["token"].as_str().unwrap().to_owned());
        self.start("SCIM client", vec![("API key", key)]);
        let provider = Credential::Provider(ISSUER.to_owned());
        self.start("whoever signs for the identity provider", vec![("signing key", provider)]);
        self.start("nobody", Vec::new());
    }

    /// A token that somebody allowed in a browser, with a refresh token. Its user may make keys; it may not.
    fn token_by_code(&mut self) {
        let trusted = json!({"connectionConfig": {"consentMethod": "trusted"}});
        let app = spa(&self.server, &trusted);
        self.name("browser app", app.clone());
        let coder = logged_in(&self.server, "coder", &json!({}));
        let id = coder.id();
        self.name("coder", id.clone());
        let user = format!("/api/v1/users/{id}");
        self.admin().op(&user, "add", "/assignedRoles/-", json!({"name": "Key maker"})).expect(204);
        let answer = authorize(&coder, &app, &[]);
        let given = visitor(&self.server).post(TOKEN, code_body(&app, &sent(&answer, "code").unwrap()));
        let text = |name: &str| given.expect(200)[name].as_str().unwrap().to_owned();
        let holds = vec![
            ("access token", Credential::Bearer(text("access_token"))),
            ("refresh token", Credential::Refresh(app.clone(), text("refresh_token"))),
        ];
        self.start("key maker's token by code", holds);
    }

    /// Tokens of an administrator: one that reaches what every user may do, one that reaches what administrators may do
    /// and not what users may. And a whole administrator, who must be found to reach everything.
    fn token_of_an_administrator(&mut self) {
        let (id, abe) = self.server.user_with("abe", &["TenantAdmin", "Key maker"]);
        self.name("abe", id.clone());
        let keys = abe.get("/api/v1/api-keys");
        self.name("TenantAdmin's key", keys.expect(200)["data"][0]["id"].as_str().unwrap());
        let lookup = json!({"field": "userId", "value": id});
        for (name, scope) in [
            ("TenantAdmin's token without admin_classic", "user_default"),
            ("TenantAdmin's token with admin_classic alone", "admin_classic"),
        ] {
            let both = json!({"allowedScopes": ["user_default", "admin_classic"]});
            let mut new = impersonating(scope);
            new.as_object_mut().unwrap().extend(both.as_object().unwrap().clone());
            let asked = json!({"grant_type": IMPERSONATION, "user_lookup": lookup, "scope": scope});
            let token = program_of(&self.admin(), &new).token(&self.server, &asked);
            self.start(name, vec![("access token", Credential::Bearer(token.key().to_owned()))]);
            self.starts.last_mut().unwrap().administers = scope == "admin_classic";
        }
        self.start("TenantAdmin", vec![("API key", Credential::Bearer(abe.key().to_owned()))]);
        self.starts.last_mut().unwrap().administers = true;
        // There is very much that an administrator can do.
        self.starts.iter_mut().filter(|start| start.administers).for_each(|start| start.depth = 1);
    }

    fn other_tenant(&mut self) {
        let other = self.server.other_admin();
        self.name("other tenant", self.server.tenants[1].tenant.to_string());
        self.name("their user", other.find("/api/v1/users", "Uri User"));
        self.name("their role", other.find("/api/v1/roles", "Reader"));
    }
}

pub const IMPERSONATION: &str = "urn:qlik:oauth:user-impersonation";

/// A client that acts as whomever it names, without being asked about it.
fn impersonating(name: &str) -> Value {
    json!({"clientName": name, "allowedGrantTypes": [IMPERSONATION], "allowedScopes": ["user_default"],
        "connectionConfig": {"consentMethod": "trusted"}})
}
