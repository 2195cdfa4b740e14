//! How tenants are made and ended by operators: reference/rest-api.md §5, threats T13, T26.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpStream,
    num::NonZeroU32,
    thread,
    time::Duration,
};

use rolecall_engine::{names::Setting, time::Span};
use rolecall_server::{PerMinute, RateLimits, demo::COMPANIES, operators, purge};
use serde_json::{Value, json};

use crate::{
    envoy::Envoy,
    harness::{Answer, Client, RUNTIME, Server, Setup},
    logins::{RSA_PUBLIC, claims, jwt_provider, log_in, logged_in, signed, visitor},
    oauth::{TOKEN, oauth_error, program},
    tenancy::elsewhere,
};

pub const TENANTS: &str = "/api/v1/tenants";

/// An operator of the installation.
pub struct Operator {
    pub id: String,
    pub secret: String,
}

impl Operator {
    pub fn of(server: &Server) -> Self {
        let name = Setting::new("Portal").unwrap();
        let (operator, secret) = RUNTIME.block_on(operators::create(&server.app, name)).unwrap();
        Self { id: operator.id.to_string(), secret }
    }

    pub fn asks(&self, host: &str, server: &Server) -> Answer {
        let body =
            json!({"grant_type": "client_credentials", "client_id": self.id, "client_secret": self.secret});
        server.anonymous().header("host", host).post(TOKEN, body)
    }

    /// The operator itself, who makes and ends tenants.
    pub fn client(&self, server: &Server) -> Client {
        let answer = self.asks("register.localhost", server);
        server.client(answer.expect(200)["access_token"].as_str().unwrap())
    }

    /// The operator's client in a tenant.
    pub fn within(&self, server: &Server, hostname: &str) -> Client {
        let answer = self.asks(hostname, server);
        server.client(answer.expect(200)["access_token"].as_str().unwrap()).header("host", hostname)
    }
}

pub fn new_tenant(hostname: &str) -> Value {
    json!({"licenseKey": "a licence key", "datacenter": "eu-west-1", "hostnames": [hostname]})
}

fn hostname(tenant: &Answer) -> String {
    tenant.body["hostnames"][0].as_str().unwrap().to_owned()
}

pub fn act(client: &Client, tenant: &str, action: &str, hostname: &str, body: Value) -> Answer {
    let confirming = client.header("qlik-confirm-hostname", hostname);
    confirming.post(&format!("{TENANTS}/{tenant}/actions/{action}"), body)
}

/// The way that the vendor's tutorials go: a token for the region, a tenant, a token for the tenant, its first people.
#[test]
fn an_operator_makes_a_tenant_and_sets_it_up() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let made =
        operator.client(&server).post(TENANTS, json!({"licenseKey": "x", "datacenter": "ap-southeast-2"}));
    let tenant = made.expect(201);
    assert_eq!((&tenant["region"], &tenant["datacenter"]), (&"sg".into(), &"ap-southeast-2".into()));
    assert_eq!(tenant["status"], "active");
    let host = hostname(&made);
    let (label, parent) = host.split_once('.').unwrap();
    assert!(label.len() == 16 && label.bytes().all(|b| b.is_ascii_lowercase()) && parent == "localhost");
    assert_eq!(tenant["name"], label);

    let bot = operator.within(&server, &host);
    let own = made.headers["location"].to_str().unwrap();
    assert!(own.starts_with(&format!("http://{host}")), "{own}");
    let path = &own[own.find("/api").unwrap()..];
    assert_eq!(bot.get(path).expect(200)["id"], tenant["id"]);
    let users = bot.get("/api/v1/users?fields=subject,assignedRoles");
    let users = users.expect(200)["data"].as_array().unwrap();
    assert_eq!(users.len(), 1, "only the bot");
    assert_eq!(users[0]["subject"], format!("qlikbot\\{}", operator.id));
    assert_eq!(bot.get("/api/v1/groups?systemGroups=true").names(), ["com.qlik.Everyone"]);
    assert!(bot.get("/api/v1/roles?limit=100").names().contains(&"TenantAdmin"));

    let admins = json!({"name": "Admins", "assignedRoles": [{"name": "TenantAdmin"}]});
    let group = bot.post("/api/v1/groups", admins);
    let group = format!("/api/v1/groups/{}", group.expect(201)["id"].as_str().unwrap());
    bot.replace(&group, "/assignedRoles", json!([])).expect(204);
    let first = json!({"subject": "ada", "assignedRoles": [{"name": "TenantAdmin"}]});
    let first = bot.post("/api/v1/users", first);
    let ada = format!("/api/v1/users/{}", first.expect(201)["id"].as_str().unwrap());
    bot.delete(&ada).refused(403, "HTTP-403");
    bot.replace(&ada, "/assignedRoles", json!([])).refused(403, "HTTP-403");
    bot.replace(&ada, "/status", "disabled").refused(403, "HTTP-403");
}

#[test]
fn a_tenant_is_made_as_it_is_asked_for() {
    let server = Server::start();
    let operator = Operator::of(&server).client(&server);
    let refused = |body: Value, code: &str, status| {
        operator.post(TENANTS, body).refused(status, code);
    };
    refused(json!({}), "TENANTS-21", 400);
    refused(json!({"datacenter": "eu-west-1"}), "TENANTS-21", 400);
    refused(json!({"licenseKey": ""}), "TENANTS-23", 403);
    refused(json!({"licenseKey": "x".repeat(4097)}), "TENANTS-23", 403);
    for (member, wrong) in [
        ("datacenter", json!("moon-1")),
        ("hostnames", json!(["acme.localhost"])),
        ("hostnames", json!(["register.localhost"])),
        ("hostnames", json!(["a.localhost", "a.localhost"])),
        ("hostnames", json!(["a.localhost", "b.localhost", "c.localhost"])),
        ("hostnames", json!(["no host"])),
        ("name", json!("")),
    ] {
        let mut body = json!({"licenseKey": "x"});
        body[member] = wrong;
        refused(body, "HTTP-400", 400);
    }
    let body = json!({"licenseKey": "x".repeat(4096), "name": "Initech", "hostnames": ["Initech.localhost", "two.localhost"]});
    let made = operator.post(TENANTS, body.clone());
    assert_eq!(made.expect(201)["hostnames"], json!(["initech.localhost", "two.localhost"]));
    assert_eq!((&made.body["name"], &made.body["region"]), (&"Initech".into(), &"local".into()));
    refused(body, "HTTP-400", 400);
    let preview = operator.header("prefer", "preview");
    preview.post(TENANTS, json!({"licenseKey": "x"})).refused(400, "HTTP-400");
    let stored = server.database.stored();
    assert!(!stored.windows(64).any(|bytes| bytes == [b'x'; 64]), "only the hash of the key is kept");
}

#[test]
fn the_token_of_an_operator_is_for_nothing_else_and_ends_with_it() {
    let public_url = Some("https://access.example.com".parse().unwrap());
    let server = Server::with(Setup { public_url, ..Setup::default() });
    let operator = Operator::of(&server);
    for host in [
        "register.access.example.com",
        "register.localhost",
        "access.example.com",
        "access.example.com:443",
        "127.0.0.1",
    ] {
        let answer = operator.asks(host, &server);
        assert_eq!(answer.expect(200)["expires_in"], 21600, "{host}");
        assert_eq!(answer.body["scope"], "");
    }
    for host in ["acme.localhost", "elsewhere.example"] {
        oauth_error(&operator.asks(host, &server), 401, "invalid_client");
    }
    let client = operator.client(&server);
    for path in ["/api/v1/users/me", "/api/v1/tenants/me", "/api/v1/roles"] {
        client.get(path).refused(401, "HTTP-401");
    }
    let host = hostname(&client.post(TENANTS, json!({"licenseKey": "x"})));
    assert!(host.ends_with(".access.example.com"), "{host}");
    let wrong = Operator { id: operator.id.clone(), secret: "wrong".into() };
    for host in ["register.localhost", "127.0.0.1", &host] {
        oauth_error(&wrong.asks(host, &server), 401, "invalid_client");
    }
    server.admin().post(TENANTS, json!({"licenseKey": "x"})).refused(403, "HTTP-403");
    server.anonymous().post(TENANTS, json!({"licenseKey": "x"})).refused(401, "HTTP-401");
    // A client that two tenants have is only known under a host of theirs.
    client.post(TENANTS, json!({"licenseKey": "x"})).expect(201);
    oauth_error(&operator.asks("elsewhere.example", &server), 401, "invalid_client");

    let revoking = json!({"token": client.key(), "client_id": operator.id, "client_secret": "wrong"});
    oauth_error(&server.anonymous().post("/oauth/revoke", revoking), 401, "invalid_client");
    let grant = json!({"grant_type": "urn:qlik:oauth:user-impersonation", "client_id": operator.id,
        "client_secret": operator.secret, "user_lookup": {"field": "subject", "value": "x"}});
    oauth_error(&server.anonymous().post(TOKEN, grant), 400, "unauthorized_client");
    let id = operator.id.parse().unwrap();
    RUNTIME.block_on(operators::remove(&server.app, id)).unwrap();
    client.post(TENANTS, json!({"licenseKey": "x"})).refused(401, "HTTP-401");
    oauth_error(&operator.asks("register.localhost", &server), 401, "invalid_client");
    operator.within(&server, &host).get("/api/v1/users/me").expect(200);
}

#[test]
fn operators_tokens_end_after_six_hours() {
    let server = Server::start();
    let client = Operator::of(&server).client(&server);
    server.app.clock.advance(Span::from_hours(6));
    client.post(TENANTS, json!({"licenseKey": "x"})).refused(401, "HTTP-401");
}

/// Tokens and what is done with them count as writes of a program.
#[test]
fn operators_are_counted() {
    let five = NonZeroU32::new(5).unwrap();
    let per_minute = PerMinute { tier1: five, tier2: five, filter: five };
    let rate_limits = RateLimits::new(Some(per_minute));
    let server = Server::with(Setup { rate_limits, ..Setup::default() });
    let operator = Operator::of(&server);
    let client = operator.client(&server);
    for _ in 0..4 {
        client.post(TENANTS, json!({"licenseKey": "x"})).expect(201);
    }
    client.post(TENANTS, json!({"licenseKey": "x"})).refused(429, "HTTP-429");
    operator.asks("register.localhost", &server).refused(429, "HTTP-429");
}

#[test]
fn a_tenant_is_ended_by_whom_and_how_it_must_be() {
    let server = Server::start();
    let client = Operator::of(&server).client(&server);
    let tenant = server.tenants[0].tenant.to_string();
    for host in ["", "globex.localhost", "nothing", "acme.localhost.evil.example"] {
        act(&client, &tenant, "deactivate", host, json!({})).refused(412, "HTTP-412");
        act(&client, &tenant, "reactivate", host, json!({})).refused(412, "HTTP-412");
    }
    client.post(&format!("{TENANTS}/{tenant}/actions/deactivate"), json!({})).refused(412, "HTTP-412");
    for days in [json!(9), json!(91), json!(-1), json!("30"), json!(1.5)] {
        let body = json!({"purgeAfterDays": days});
        act(&client, &tenant, "deactivate", "acme.localhost", body).refused(400, "HTTP-400");
    }
    let nobody = "x".repeat(32);
    act(&client, &nobody, "deactivate", "acme.localhost", json!({})).refused(404, "TENANTS-8");
    act(&server.admin(), &tenant, "deactivate", "acme.localhost", json!({})).refused(403, "HTTP-403");
    let before = server.admin().get("/api/v1/tenants/me").headers["location"].clone();
    let shown = server.admin().get(before.to_str().unwrap());
    let changed = shown.expect(200)["statusLastUpdatedAt"].clone();

    let ended = act(&client, &tenant, "deactivate", "ACME.localhost", json!({"purgeAfterDays": 10}));
    assert_eq!(ended.expect(200)["status"], "disabled");
    assert_eq!(ended.body["id"], tenant);
    let purge_at = ended.body["estimatedPurgeDate"].as_str().unwrap();
    assert!(purge_at.ends_with('Z') && purge_at.len() == 24, "{purge_at}");
    server.admin().get("/api/v1/roles").refused(401, "HTTP-401");
    assert_eq!(act(&client, &tenant, "reactivate", "acme.localhost", json!({})).expect(200), &json!({}));
    let again = server.admin().get(before.to_str().unwrap());
    assert_eq!(again.expect(200)["status"], "active");
    assert_ne!(again.body["statusLastUpdatedAt"], changed);
}

/// Whoever has something good for a tenant, asked in every way there is: what each is answered.
struct WaysIn {
    server: Server,
    envoy: Envoy,
    callers: Vec<(&'static str, Client)>,
    program: Value,
    bot: Client,
}

impl WaysIn {
    fn of(server: Server) -> Self {
        jwt_provider(&server.admin(), "https://idp.example", "portal-key", RSA_PUBLIC);
        RUNTIME.block_on(COMPANIES[0].set_passwords(&server.app, server.tenants[0].tenant)).unwrap();
        let (program, impersonating) = (program(&server, &json!({})), json!({}));
        let token = program.token(&server, &impersonating);
        let callers = vec![
            ("key", server.admin()),
            ("token", token.clone()),
            ("session", logged_in(&server, "nora", &json!({"exp": crate::logins::now() + 600}))),
        ];
        let envoy = Envoy::before(&server);
        Self { envoy, callers, program: program.asks(&json!({})), bot: token, server }
    }

    fn asked(&self) -> BTreeMap<String, u16> {
        let server = &self.server;
        let mut all = BTreeMap::new();
        for (kind, client) in &self.callers {
            for path in ["/api/v1/users/me", "/rolecall/v1/access/forward?scope=notes"] {
                all.insert(format!("{kind} {path}"), client.get(path).status);
            }
        }
        let tenant = json!({"type": "tenant", "id": server.tenants[0].tenant.to_string()});
        let ada = json!({"type": "email", "id": "ada@acme.example"});
        let question = json!({"subject": ada, "action": {"name": "notes"}, "resource": tenant});
        for path in ["/access/v1/evaluation", "/access/v1/search/action"] {
            all.insert(path.to_owned(), server.admin().post(path, question.clone()).status);
        }
        let authorization = format!("Bearer {}", server.admin().key());
        let envoy = self.envoy.check(&[("authorization", &authorization)], &[("scope", "notes")]);
        all.insert("envoy".to_owned(), if envoy.status.unwrap().code == 0 { 200 } else { 401 });
        let issued = server.anonymous().header("host", "acme.localhost").post(TOKEN, self.program.clone());
        all.insert("token endpoint".to_owned(), issued.status);
        let login = log_in(server, &signed(&claims("nora", &json!({}))));
        all.insert("login by token".to_owned(), login.status);
        let form = "username=ada%40acme.example&password=only-for-trying-out";
        let form = Some(("application/x-www-form-urlencoded", form.as_bytes()));
        all.insert("login by password".to_owned(), visitor(server).send("POST", "/login", form).status);
        all.insert("login page".to_owned(), visitor(server).get("/login").status);
        all
    }
}

/// A disabled tenant answers nobody, whatever was remembered of whom, and all is as it was once it is active again.
#[test]
fn a_disabled_tenant_answers_nobody() {
    let ways = WaysIn::of(Server::start());
    let server = &ways.server;
    let before = ways.asked();
    assert!(before.values().all(|status| [200, 303].contains(status)), "{before:?}");
    let mut slow = TcpStream::connect(server.address).unwrap();
    let body = "{\"name\":\"late\"}";
    let (key, length) = (server.admin().key().to_owned(), body.len());
    write!(slow, "POST /api/v1/roles HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {key}\r\nContent-Length: {length}\r\n\r\n").unwrap();
    thread::sleep(Duration::from_millis(200));

    let operator = Operator::of(server).client(server);
    let tenant = server.tenants[0].tenant.to_string();
    act(&operator, &tenant, "deactivate", "acme.localhost", json!({})).expect(200);
    slow.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let disabled = ways.asked();
    assert!(disabled.values().all(|status| [400, 401].contains(status)), "{disabled:?}");
    let revoking = json!({"token": ways.bot.key(), "client_id": ways.program["client_id"],
        "client_secret": ways.program["client_secret"]});
    oauth_error(&server.anonymous().post("/oauth/revoke", revoking), 400, "unauthorized_client");
    server.other_admin().get("/api/v1/roles").expect(200);

    act(&operator, &tenant, "reactivate", "acme.localhost", json!({})).expect(200);
    assert_eq!(ways.asked(), before);
}

/// How many rows a tenant has, by table.
fn rows(server: &Server, tenant: &str) -> BTreeMap<String, i64> {
    let count = |table: &String| server.database.count(&format!("{table} WHERE tenant_id = '{tenant}'"));
    server.database.columns().keys().map(|table| (table.clone(), count(table))).collect()
}

/// A statement that puts rows into a table that no request has filled.
fn fill(tenant: &str, table: &str, columns: &[(String, String)], rows: usize) -> String {
    let row = |n: usize| {
        let value = |(name, kind): &(String, String)| match (name.as_str(), kind.as_str()) {
            ("tenant_id", _) => format!("'{tenant}'"),
            (_, "INTEGER" | "bigint") => format!("{}", 1_000_000 + n),
            (_, "BLOB") => "x'00'".to_owned(),
            (_, "bytea") => "'00'".to_owned(),
            _ => format!("'filled {n}'"),
        };
        format!("({})", columns.iter().map(value).collect::<Vec<_>>().join(", "))
    };
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {table} ({}) VALUES {};", names.join(", "), rows.join(", "))
}

/// What stopped in the middle goes on later.
#[test]
fn a_tenant_that_is_half_gone_is_deleted() {
    let server = Server::start();
    let tenant = server.tenants[1].tenant.to_string();
    let begun =
        "UPDATE tenants SET status = 'deleted', purge_at = 1, revision = revision + 1 WHERE tenant_id = '?';
        DELETE FROM user_roles WHERE tenant_id = '?'; DELETE FROM hostnames WHERE tenant_id = '?'";
    server.database.batch(&begun.replace('?', &tenant));
    RUNTIME.block_on(purge(&server.app)).unwrap();
    assert!(rows(&server, &tenant).values().all(|count| *count == 0));
    server.other_admin().get("/api/v1/users/me").refused(401, "HTTP-401");
    server.admin().get("/api/v1/users/me").expect(200);
}

/// Nothing is left of a tenant after its day, and everything of the others.
#[test]
fn all_of_a_tenant_is_deleted_on_its_day() {
    let server = Server::start();
    elsewhere(&server);
    let tenant = server.tenants[1].tenant.to_string();
    let kept = server.tenants[0].tenant.to_string();
    let columns = server.database.columns();
    // More than go in one commit into the longest.
    let filled = rows(&server, &tenant).into_iter().filter(|(table, count)| *count == 0 || table == "audits");
    let filled = filled
        .map(|(table, _)| fill(&tenant, &table, &columns[&table], if table == "audits" { 1200 } else { 2 }));
    server.database.batch(&filled.collect::<String>());
    let before = rows(&server, &tenant);
    // What is in the outbox is on its way all the time.
    assert!(before.iter().all(|(table, count)| *count > 0 || table == "outbox"), "{before:?}");
    let mut others = rows(&server, &kept);
    others.remove("outbox");

    let operator = Operator::of(&server);
    let client = operator.client(&server);
    act(&client, &kept, "deactivate", "acme.localhost", json!({"purgeAfterDays": 10})).expect(200);
    act(&client, &kept, "reactivate", "acme.localhost", json!({})).expect(200);
    act(&client, &tenant, "deactivate", "globex.localhost", json!({"purgeAfterDays": 10})).expect(200);
    let look = || RUNTIME.block_on(purge(&server.app)).unwrap();
    server.app.clock.advance(Span::from_days(9));
    look();
    assert!(rows(&server, &tenant)["audits"] > 1200);
    server.app.clock.advance(Span::from_days(1));
    look();
    let left = rows(&server, &tenant);
    assert!(left.values().all(|count| *count == 0), "{left:?}");
    assert!(server.app.snapshots.get(server.tenants[1].tenant, server.app.clock.now()).is_none());
    server.other_admin().get("/api/v1/users/me").refused(401, "HTTP-401");
    let client = operator.client(&server);
    act(&client, &tenant, "reactivate", "globex.localhost", json!({})).refused(404, "TENANTS-8");
    client.post(TENANTS, new_tenant("globex.localhost")).expect(201);

    server.app.clock.advance(Span::from_days(90));
    look();
    let now = rows(&server, &kept);
    assert!(others.iter().all(|(table, count)| now[table] >= *count), "{others:?} {now:?}");
    server.admin().get("/api/v1/users/me").expect(200);
}
