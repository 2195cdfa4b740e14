//! What does everybody in a tenant have, and what of it should somebody look at?

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::Path,
};

use anyhow::Context as _;
use askama::Template;
use rolecall_engine::{
    access::{Path as Way, RoleFacts, UserFacts},
    groups::Provider,
    ids::{GroupId, RoleId},
    scopes::Level,
    users::UserStatus,
};
use serde_json::{Value, json};

use super::{
    Asking,
    read::{ReadRole, ReadUser, Tenant},
};
use crate::{api::Client, members::Members as _, output::Column};

/// The event of a login (reference/events.md).
const SIGN_IN: &str = "com.qlik.user-session.begin";
/// Names that are told of a finding; the rows have all.
const FEW: usize = 20;
/// Bars of a chart.
const BARS: usize = 15;

const COLUMNS: &[Column] = &[
    Column::of("ID", "id"),
    Column::of("NAME", "name"),
    Column::of("EMAIL", "email"),
    Column::of("SUBJECT", "subject"),
    Column::of("STATUS", "status"),
    Column::of("CREATED", "createdAt"),
    Column::of("LAST-SIGN-IN", "lastSignIn"),
    Column::of("ROLE", "role"),
    Column::of("LEVEL", "level"),
    Column::of("SOURCE", "source"),
    Column::of("SCOPES", "scopes"),
    Column::of("FINDINGS", "findings"),
];

/// A role that a user has by one way.
struct Held {
    id: String,
    name: String,
    email: String,
    subject: String,
    status: &'static str,
    created_at: Option<String>,
    last_sign_in: Option<String>,
    role: String,
    level: &'static str,
    source: String,
    scopes: usize,
    findings: Vec<&'static str>,
}

impl Held {
    fn row(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "subject": self.subject,
            "status": self.status,
            "createdAt": self.created_at,
            "lastSignIn": self.last_sign_in,
            "role": self.role,
            "level": self.level,
            "source": self.source,
            "scopes": self.scopes,
            "findings": self.findings,
        })
    }
}

/// Something that an auditor looks for.
struct Finding {
    what: &'static str,
    names: Vec<String>,
}

impl Finding {
    /// The first few names.
    fn few(&self) -> String {
        let first: Vec<&str> = self.names.iter().take(FEW).map(String::as_str).collect();
        match self.names.len().saturating_sub(FEW) {
            0 => first.join(", "),
            more => format!("{}, and {more} more", first.join(", ")),
        }
    }
}

/// Reviews a tenant.
pub async fn run(asking: &Asking, html: Option<&Path>, sign_ins: bool) -> anyhow::Result<()> {
    let client = asking.client()?;
    let tenant = asking.read(&client).await?;
    let signed_in = if sign_ins { last_sign_ins(&client, asking).await } else { None };
    let held = everything(&tenant, signed_in.as_ref())?;
    let findings = findings(&tenant, &held, signed_in.as_ref());
    if let Some(file) = html {
        let page = page(&tenant, &client, &held, &findings).render()?;
        fs::write(file, page).with_context(|| format!("cannot write `{}`", file.display()))?;
        asking.output.note(&format!("the review is in `{}`", file.display()));
        return Ok(());
    }
    for finding in findings.iter().filter(|finding| !finding.names.is_empty()) {
        asking.output.note(&format!("{}: {}", finding.what, finding.few()));
    }
    let rows: Vec<Value> = held.iter().map(Held::row).collect();
    asking.output.list(COLUMNS, "id", &rows)
}

/// When users last signed in, by their identifiers, as far as the trail goes; none where it cannot be read.
async fn last_sign_ins(client: &Client, asking: &Asking) -> Option<HashMap<String, String>> {
    let mut last: HashMap<String, String> = HashMap::new();
    let read = client
        .pages("/api/v1/audits", &[("eventType", SIGN_IN), ("sort", "-eventTime")], |page| {
            for event in page.member("data").as_array().into_iter().flatten() {
                if let (Some(user), Some(at)) =
                    (event.member("userId").as_str(), event.member("eventTime").as_str())
                {
                    last.entry(user.to_owned()).or_insert_with(|| at.to_owned());
                }
            }
        })
        .await;
    match read {
        Ok(()) => Some(last),
        Err(error) => {
            asking.output.note(&format!("warning: when users last signed in is not known: {error}"));
            None
        }
    }
}

/// Every role that everybody has, by every way; a user without any has one row all the same.
fn everything(tenant: &Tenant, signed_in: Option<&HashMap<String, String>>) -> anyhow::Result<Vec<Held>> {
    let mut held = Vec::new();
    for (id, user) in &tenant.users {
        let facts = tenant.snapshot.user(*id).with_context(|| format!("`{}` was not read", user.id))?;
        let last = signed_in.and_then(|all| all.get(&user.id)).cloned();
        let findings = of_user(user, facts, signed_in.is_some() && last.is_none(), tenant);
        let row = |role: &RoleFacts, source: String| Held {
            id: user.id.clone(),
            name: user.name.clone(),
            email: user.email.clone().unwrap_or_default(),
            subject: user.subject.clone(),
            status: facts.status.as_str(),
            created_at: user.created_at.clone(),
            last_sign_in: last.clone(),
            role: role.name.to_string(),
            level: role.level.as_str(),
            source,
            scopes: role.grants.iter().count(),
            findings: findings.clone(),
        };
        held.extend(tenant.snapshot.roles_of(facts).map(|(role, way)| row(role, source(tenant, way))));
    }
    Ok(held)
}

fn source(tenant: &Tenant, way: Way) -> String {
    match way {
        Way::UserDefault => "every user".to_owned(),
        Way::Direct => "direct".to_owned(),
        Way::Everyone => "Everyone".to_owned(),
        Way::Group(group) => {
            let name = tenant.snapshot.group(group).map(|group| group.name.to_string());
            format!("group {}", name.unwrap_or_default())
        }
    }
}

/// What is to be looked at of a user.
fn of_user(user: &ReadUser, facts: &UserFacts, never_signed_in: bool, tenant: &Tenant) -> Vec<&'static str> {
    let has_own = tenant.snapshot.direct_roles(facts).next().is_some()
        || tenant.snapshot.memberships(facts).next().is_some();
    let is_admin = tenant.snapshot.roles_of(facts).any(|(role, _)| role.level == Level::Admin);
    let findings = [
        ("administrator", is_admin && facts.is_active()),
        ("disabled with roles", facts.status == UserStatus::Disabled && has_own),
        ("never signed in", never_signed_in && facts.is_active() && !user.is_bot()),
        ("bot", user.is_bot()),
    ];
    findings.into_iter().filter(|(_, holds)| *holds).map(|(what, _)| what).collect()
}

/// What is to be looked at in the tenant.
fn findings(tenant: &Tenant, held: &[Held], signed_in: Option<&HashMap<String, String>>) -> Vec<Finding> {
    let with = |finding: &'static str| {
        let found = held.iter().filter(|held| held.findings.contains(&finding));
        // Two users may have the same name.
        let by_id: BTreeMap<&str, &Held> = found.map(|held| (held.id.as_str(), held)).collect();
        let mut names: Vec<String> = by_id.into_values().map(|held| held.name.clone()).collect();
        names.sort_unstable();
        names
    };
    let mut all = vec![
        Finding { what: "administrators", names: with("administrator") },
        Finding { what: "users who are disabled and have roles", names: with("disabled with roles") },
        Finding { what: "bots", names: with("bot") },
        Finding { what: "custom roles that nobody has", names: orphaned_roles(tenant) },
        Finding { what: "groups without members", names: empty_groups(tenant) },
    ];
    if signed_in.is_some() {
        all.push(Finding {
            what: "users who never signed in, as far as the trail goes",
            names: with("never signed in"),
        });
    }
    all
}

fn orphaned_roles(tenant: &Tenant) -> Vec<String> {
    let snapshot = &tenant.snapshot;
    let mut used: BTreeSet<RoleId> = BTreeSet::new();
    for (_, facts) in snapshot.users() {
        used.extend(snapshot.direct_roles(facts).map(|role| role.id));
    }
    let groups = tenant.groups.iter().filter_map(|group| snapshot.group(GroupId::from_hex(&group.id)?));
    for group in groups {
        used.extend(snapshot.roles_of_group(group).map(|role| role.id));
    }
    let is_used = |role: &ReadRole| RoleId::from_hex(&role.id).is_none_or(|id| used.contains(&id));
    let idle = tenant.roles.iter().filter(|role| role.kind == "custom" && !is_used(role));
    idle.map(|role| role.name.clone()).collect()
}

fn empty_groups(tenant: &Tenant) -> Vec<String> {
    let snapshot = &tenant.snapshot;
    let mut used: BTreeSet<GroupId> = BTreeSet::new();
    for (_, facts) in snapshot.users() {
        used.extend(snapshot.memberships(facts).map(|group| group.id));
    }
    let groups = tenant.groups.iter().filter_map(|group| snapshot.group(GroupId::from_hex(&group.id)?));
    let empty = groups.filter(|group| group.provider != Provider::System && !used.contains(&group.id));
    empty.map(|group| group.name.to_string()).collect()
}

/// A bar of a chart.
struct Bar {
    label: String,
    count: usize,
    /// Of the longest bar, in hundredths.
    width: usize,
}

struct Chart {
    title: &'static str,
    bars: Vec<Bar>,
}

/// The review as a page for a browser, with nothing from elsewhere in it.
#[derive(Template)]
#[template(path = "review.html")]
struct Page<'p> {
    tenant: &'p str,
    server: &'p str,
    at: String,
    charts: Vec<Chart>,
    findings: &'p [Finding],
    held: &'p [Held],
}

fn page<'p>(tenant: &'p Tenant, client: &'p Client, held: &'p [Held], findings: &'p [Finding]) -> Page<'p> {
    let people: BTreeMap<&str, &Held> = held.iter().map(|held| (held.id.as_str(), held)).collect();
    let holders: BTreeSet<(&str, &str)> =
        held.iter().map(|held| (held.role.as_str(), held.id.as_str())).collect();
    let charts = vec![
        chart("Users by status", people.values().map(|held| held.status.to_owned())),
        chart("Users by role, by any way", holders.iter().map(|(role, _)| (*role).to_owned())),
        chart(
            "Ways in which roles come to users",
            held.iter().map(|held| match held.source.split_once(' ') {
                Some(("group", _)) => "a group".to_owned(),
                _ => held.source.clone(),
            }),
        ),
    ];
    Page {
        tenant: tenant.about.member("name").as_str().unwrap_or_default(),
        server: client.base().as_str(),
        at: tenant.snapshot.moment().to_string(),
        charts,
        findings,
        held,
    }
}

fn chart(title: &'static str, labels: impl Iterator<Item = String>) -> Chart {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    labels.for_each(|label| *counts.entry(label).or_default() += 1);
    let longest = counts.values().copied().max().unwrap_or_default().max(1);
    let bar = |(label, count)| Bar { label, count, width: (count * 100).div_ceil(longest) };
    let mut bars: Vec<Bar> = counts.into_iter().map(bar).collect();
    bars.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.label.cmp(&b.label)));
    bars.truncate(BARS);
    Chart { title, bars }
}
