//! A server with the sandbox's tenants, and clients to ask it.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::Duration,
};

use rolecall_engine::{access::Revision, catalogue::Catalogue};
use rolecall_server::{
    Allowed, App, Budget, Clock, Entropy, Mailer, MasterKey, Origin, RateLimits, Settings, Staleness,
    demo::{COMPANIES, Demo},
    serve,
    setup::{self, Earlier},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime, sync::Notify};
use ureq::{Agent, http};

use crate::{database::Database, openapi::is_described};

pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// How a server differs from the sandbox's.
pub struct Setup {
    pub catalogue: Catalogue,
    pub rate_limits: RateLimits,
    pub public_url: Option<Origin>,
    pub connections: usize,
    pub snapshot_budget: Budget,
    /// Who takes letters; an inbox beside the database if not given.
    pub mail: Option<Mailer>,
    pub staleness: Staleness,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            catalogue: Catalogue::qlik(),
            rate_limits: RateLimits::new(None),
            public_url: None,
            connections: 100,
            snapshot_budget: Budget::default(),
            mail: None,
            staleness: Staleness::default(),
        }
    }
}

/// A running server. It stops when this is dropped.
pub struct Server {
    pub app: App,
    pub address: SocketAddr,
    pub tenants: Vec<Demo>,
    pub database: Database,
    stop: Arc<Notify>,
    data: TempDir,
}

impl Server {
    pub fn start() -> Self {
        Self::with(Setup::default())
    }

    pub fn with(setup: Setup) -> Self {
        let data = TempDir::new().unwrap();
        RUNTIME.block_on(async {
            let database = Database::new(data.path()).await;
            Self::start_in(setup, data, database, Vec::new()).await
        })
    }

    /// Another server, on a copy of the database as it is now, that knows both tenants already. Nobody may write to this
    /// one meanwhile.
    pub fn copy(&self) -> Self {
        let data = TempDir::new().unwrap();
        self.wait_for_the_outbox();
        let copy = RUNTIME.block_on(async {
            let database = self.database.copy(data.path()).await;
            self.again(Setup::default(), data, database).await
        });
        for admin in [copy.admin(), copy.other_admin()] {
            admin.get("/api/v1/users/me");
        }
        copy
    }

    /// Another server, on a database with the same tenants.
    pub async fn again(&self, setup: Setup, data: TempDir, database: Database) -> Self {
        let known = |demo: &Demo| Demo {
            hostname: demo.hostname.clone(),
            admin_email: demo.admin_email.clone(),
            user_email: demo.user_email.clone(),
            admin_key: demo.admin_key.clone(),
            user_key: demo.user_key.clone(),
            ..*demo
        };
        let tenants = self.tenants.iter().map(known).collect();
        Self::start_in(setup, data, database, tenants).await
    }

    /// Waits until the server itself has nothing to write any more: what has happened is on its way.
    fn wait_for_the_outbox(&self) {
        while self.database.count("outbox") > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Makes the sandbox's tenants if none are known to be there.
    pub async fn start_in(setup: Setup, data: TempDir, database: Database, mut tenants: Vec<Demo>) -> Self {
        let Setup { catalogue, rate_limits, public_url, connections, snapshot_budget, mail, staleness } =
            setup;
        let settings = Settings {
            master_key: MasterKey::new([7; 32]),
            catalogue,
            public_url,
            rate_limits,
            egress: Allowed::own_machine(),
            mail: mail.unwrap_or_else(|| Mailer::inbox(data.path().join("inbox"))),
            snapshot_budget,
            staleness,
        };
        let db = database.open().await;
        let app = App::new(db, settings, Clock::default(), Entropy).await.unwrap();
        if tenants.is_empty() {
            for company in COMPANIES {
                tenants.push(company.make(&app).await.unwrap());
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let stopped = async move { stopped.notified().await };
        tokio::spawn(serve(app.clone(), listener, connections, Duration::ZERO, stopped));
        Self { app, address, tenants, database, stop, data }
    }

    /// How often one of the tenants was changed.
    pub fn revision(&self, tenant: usize) -> Revision {
        let sql = format!("SELECT revision FROM tenants WHERE tenant_id = '{}'", self.tenants[tenant].tenant);
        Revision(self.database.rows(&sql)[0][0].as_ref().unwrap().parse().unwrap())
    }

    /// The letters that were written, the newest last.
    pub fn letters(&self) -> Vec<String> {
        let Ok(folder) = fs::read_dir(self.data.path().join("inbox")) else { return Vec::new() };
        let mut files: Vec<PathBuf> = folder.map(|file| file.unwrap().path()).collect();
        files.sort_by_key(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap();
            let (at, n) = name.split_once('-').unwrap();
            (at.parse::<u64>().unwrap(), n.parse::<u64>().unwrap())
        });
        files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client with some API key.
    pub fn client(&self, key: &str) -> Client {
        Client { agent: agent(), url: self.url(), key: Some(key.to_owned()), headers: Vec::new() }
    }

    /// A client without a credential.
    pub fn anonymous(&self) -> Client {
        Client { key: None, ..self.client("") }
    }

    /// The administrator of the first tenant.
    pub fn admin(&self) -> Client {
        self.client(self.tenants[0].admin_key.as_ref().unwrap())
    }

    /// The plain user of the first tenant.
    pub fn user(&self) -> Client {
        self.client(self.tenants[0].user_key.as_ref().unwrap())
    }

    /// The administrator of the second tenant.
    pub fn other_admin(&self) -> Client {
        self.client(self.tenants[1].admin_key.as_ref().unwrap())
    }

    /// A new user of the first tenant who holds these roles and nothing by assignment, with an API key.
    pub fn user_with(&self, subject: &str, roles: &[&str]) -> (String, Client) {
        let id = self.admin().make_user(subject);
        let roles: Vec<Value> = roles.iter().map(|name| serde_json::json!({ "name": name })).collect();
        self.admin().replace(&format!("/api/v1/users/{id}"), "/assignedRoles", roles).expect(204);
        (id, self.key_of(subject))
    }

    /// A client with a new API key of the user with this subject in the first tenant.
    pub fn key_of(&self, subject: &str) -> Client {
        let subject = rolecall_engine::names::Subject::new(subject).unwrap();
        let lifetime = rolecall_engine::time::Span::from_days(30);
        let key = setup::issue_key(&self.app, self.tenants[0].tenant, subject, lifetime, Earlier::Stays);
        self.client(&RUNTIME.block_on(key).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}

/// Somebody who asks.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    url: String,
    key: Option<String>,
    headers: Vec<(String, String)>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub asked: String,
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Value,
    pub text: String,
}

fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

impl Client {
    /// The same client with one more header on each request.
    pub fn header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    /// A request whose body is a text, of a media type.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Answer {
        let address = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        let mut request = http::Request::builder().method(method).uri(address);
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some((media_type, _)) = body {
            request = request.header("content-type", media_type);
        }
        let body = body.map(|(_, body)| body);
        let response = match body {
            Some(body) => self.agent.run(request.body(body.to_vec()).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let (parts, mut body) = response.unwrap().into_parts();
        let text = body.read_to_string().unwrap();
        let answer = Answer {
            asked: format!("{method} {path}"),
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        };
        is_described(&answer, method, path);
        answer
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, Some(("application/json", body.to_string().as_bytes())))
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None)
    }

    pub fn post(&self, path: &str, body: impl Into<Value>) -> Answer {
        self.json("POST", path, &body.into())
    }

    pub fn put(&self, path: &str, body: impl Into<Value>) -> Answer {
        self.json("PUT", path, &body.into())
    }

    pub fn patch(&self, path: &str, body: impl Into<Value>) -> Answer {
        self.json("PATCH", path, &body.into())
    }

    /// A patch with one operation.
    pub fn op(&self, path: &str, op: &str, pointer: &str, value: impl Into<Value>) -> Answer {
        let value: Value = value.into();
        self.patch(path, serde_json::json!([{"op": op, "path": pointer, "value": value}]))
    }

    pub fn replace(&self, path: &str, pointer: &str, value: impl Into<Value>) -> Answer {
        self.op(path, "replace", pointer, value)
    }

    /// The identifier of what a list's `name eq` finds.
    pub fn find(&self, list: &str, name: &str) -> String {
        let filter: String = ureq::http::Uri::builder()
            .path_and_query(format!("{list}?filter=name+eq+%22{}%22", name.replace(' ', "+")))
            .build()
            .unwrap()
            .to_string();
        self.get(&filter).expect(200)["data"][0]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}"))
            .to_owned()
    }

    /// The identifier of the caller.
    pub fn id(&self) -> String {
        self.get("/api/v1/users/me").expect(200)["id"].as_str().unwrap().to_owned()
    }

    /// Makes a user; answers its identifier.
    pub fn make_user(&self, subject: &str) -> String {
        let new = serde_json::json!({"subject": subject, "name": subject});
        self.post("/api/v1/users", new).expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// Makes a custom role; answers its identifier.
    pub fn make_role(&self, name: &str, scopes: &[&str]) -> String {
        let new = serde_json::json!({"name": name, "assignedScopes": scopes});
        self.post("/api/v1/roles", new).expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// Makes a space; answers its identifier.
    pub fn make_space(&self, name: &str, kind: &str) -> String {
        let new = serde_json::json!({"name": name, "type": kind});
        self.post("/api/v1/spaces", new).expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// Gives somebody roles in a space; answers the identifier of the assignment.
    pub fn assign_in_space(&self, space: &str, (kind, assignee): (&str, &str), roles: &[&str]) -> String {
        let new = serde_json::json!({"type": kind, "assigneeId": assignee, "roles": roles});
        let made = self.post(&format!("/api/v1/spaces/{space}/assignments"), new);
        made.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// Makes a custom group; answers its identifier.
    pub fn make_group(&self, name: &str) -> String {
        let new = serde_json::json!({"name": name, "providerType": "custom"});
        self.post("/api/v1/groups", new).expect(201)["id"].as_str().unwrap().to_owned()
    }
}

impl Answer {
    /// The body, if the status is this.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        &self.body
    }

    /// That the answer is an error of this status in the documented shape, with this code.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> &Value {
        let body = self.expect(status);
        let item = &body["errors"][0];
        assert_eq!(item["code"], code, "{}: {}", self.asked, self.text);
        assert!(item["title"].is_string(), "{}: {}", self.asked, self.text);
        let trace = body["traceId"].as_str().unwrap_or_default();
        assert!(trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", self.text);
        assert_eq!(self.headers["x-b3-traceid"], trace);
        item
    }

    /// The place an error names: the pointer or the parameter.
    #[track_caller]
    pub fn place(&self) -> &str {
        let item = &self.body["errors"][0];
        // Spaces have it in `meta`.
        let source = item.get("source").unwrap_or(&item["meta"]["source"]);
        let place = source["pointer"].as_str().or(source["parameter"].as_str());
        place.unwrap_or_else(|| panic!("no place in {}: {}", self.asked, self.text))
    }

    /// The names of the items of a list.
    pub fn names(&self) -> Vec<&str> {
        self.expect(200)["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap())
            .collect()
    }
}

/// A body as it is sent: a text is a form, anything else JSON.
pub fn sent(body: Option<&Value>) -> Option<(&'static str, String)> {
    body.map(|body| match body {
        Value::String(form) => ("application/x-www-form-urlencoded", form.clone()),
        other => ("application/json", other.to_string()),
    })
}

/// The names of a list of references.
pub fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}
