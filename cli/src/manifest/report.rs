//! How is a plan told to people, to programs and to build servers?

use std::{
    collections::{BTreeMap, HashMap},
    fmt::{Display, Write as _},
    hash::Hash,
    path::Path,
};

use rolecall_engine::{
    access::UserImpact,
    groups::Provider,
    ids::{GroupId, RoleId, UserId},
    manifest::{Assignee, Outcome, Plan, Step},
};
use serde::{Deserialize, Serialize};

use super::tenant::Tenant;
use crate::output::visible;

/// A plan that was written to be reviewed and applied later.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    /// The form of the file.
    pub version: u32,
    /// The file that was planned, and all that is in it.
    pub file: String,
    pub text: String,
    /// The values of variables that were given.
    pub variables: BTreeMap<String, String>,
    /// Whether it deletes.
    pub prune: bool,
    pub tenants: Vec<KeptTenant>,
}

/// What is to be done in one tenant.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeptTenant {
    /// The context.
    pub context: Option<String>,
    pub id: String,
    pub steps: Vec<KeptStep>,
}

/// One step in words, and the identifiers of whom and what it is about. A plan is only applied where the same comes out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeptStep {
    pub step: String,
    /// As far as it is there when it is planned: what another step makes has none yet.
    pub about: BTreeMap<String, String>,
    pub changes: Vec<String>,
}

/// What came of one expectation, and the line of its test.
pub struct Tried {
    pub line: Option<u64>,
    pub outcome: Outcome,
}

/// The form of files that this version writes.
pub const VERSION: u32 = 2;

impl KeptStep {
    pub fn of(step: &Step, tenant: &Tenant) -> Self {
        let (sign, what) = step.head();
        let about = about(step, tenant).into_iter().map(|(what, id)| (what.to_owned(), id));
        let changes = step.lines().into_iter().map(|(sign, line)| format!("{sign} {line}"));
        Self { step: format!("{sign} {what}"), about: about.collect(), changes: changes.collect() }
    }

    /// Whether it was reviewed with another one, which is about the same and says all that it says. What was done of that already
    /// is left out.
    pub fn is_of(&self, reviewed: &Self) -> bool {
        let same = reviewed.about.iter().all(|(what, id)| self.about.get(what) == Some(id));
        self.step == reviewed.step
            && same
            && self.changes.iter().all(|change| reviewed.changes.contains(change))
    }
}

/// The identifiers that a step knows, as the API has them, and whose the group is.
fn about(step: &Step, tenant: &Tenant) -> Vec<(&'static str, String)> {
    let ids = &tenant.ids;
    let role = |id: &RoleId| ("role", real(&ids.roles, id));
    let user = |id: &UserId| ("user", real(&ids.users, id));
    let group = |id: &GroupId| {
        let provider = tenant.holdings.groups.get(id).map(|group| ("provider", group.provider.to_string()));
        provider.into_iter().chain([("group", real(&ids.groups, id))])
    };
    match step {
        Step::Set { .. } | Step::CreateRole { .. } | Step::CreateGroup { .. } => Vec::new(),
        Step::DescribeRole { role: known, .. }
        | Step::Grant { role: known, .. }
        | Step::DeleteRole { role: known, .. } => vec![role(&known.id)],
        Step::DescribeGroup { group: known, .. }
        | Step::Assign { group: known, .. }
        | Step::DeleteGroup { group: known, .. } => group(&known.id).collect(),
        Step::AssignUser { user: known, .. } => vec![user(&known.id)],
        Step::AssignInSpace { space, who, .. } => {
            let mut about = vec![("space", real(&ids.spaces, &space.id))];
            match who {
                Assignee::User(known, _) => about.push(user(&known.id)),
                Assignee::Group(Some(id), _) => about.extend(group(id)),
                Assignee::Group(None, _) => about.push(("provider", Provider::Custom.to_string())),
            }
            about
        }
    }
}

/// The identifier in the API.
fn real<I: Eq + Hash + Display>(ids: &HashMap<I, String>, id: &I) -> String {
    ids.get(id).cloned().unwrap_or_else(|| id.to_string())
}

/// A plan for people: each step with what comes and goes, and who gains and loses what.
pub fn plan(tenant: &Tenant, plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        let (sign, what) = step.head();
        let _ = writeln!(text, "  {sign} {}", visible(&what));
        for (sign, line) in step.lines() {
            let _ = writeln!(text, "      {sign} {}", visible(&line));
        }
    }
    if !plan.kept.is_empty() {
        let kept: Vec<String> =
            plan.kept.iter().map(|role| format!("`{}`", visible(role.as_str()))).collect();
        let _ = writeln!(text, "  you keep {}: it is never taken from who applies a file", kept.join(", "));
    }
    if plan.steps.is_empty() {
        return text + "  nothing to do\n";
    }
    let count = |sign: char| plan.steps.iter().filter(|step| step.head().0 == sign).count();
    let counts = (count('+'), count('~'), count('-'));
    let _ = writeln!(text, "\n  {} to make, {} to change, {} to delete", counts.0, counts.1, counts.2);
    text.push_str(&impact(tenant, plan));
    text
}

fn impact(tenant: &Tenant, plan: &Plan) -> String {
    let impact = &plan.impact;
    let mut text = match impact.affected {
        0 => "  nobody gains or loses anything\n".to_owned(),
        affected => format!("  {} may do more or less than before:\n", users(affected)),
    };
    for (scope, counts) in &impact.scopes {
        let parts = [("gain", counts.gain), ("lose", counts.lose)];
        for (verb, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
            let verb = if count == 1 { format!("{verb}s") } else { verb.to_owned() };
            let _ = writeln!(text, "      {} {verb} {scope}", users(count));
        }
    }
    let line = |user: &UserImpact| {
        let name = tenant.holdings.users.get(&user.user).map(|user| user.subject.to_string());
        let name = name.unwrap_or_else(|| user.user.to_string());
        format!("    {}: {} gained, {} lost\n", visible(&name), user.gains.len(), user.loses.len())
    };
    let mut lines: Vec<String> = impact.users.iter().map(line).collect();
    lines.sort();
    text.push_str(&lines.concat());
    let more = impact.affected.saturating_sub(impact.users.len());
    if more > 0 {
        let _ = writeln!(text, "    and {more} more");
    }
    for (scope, count) in &plan.passing {
        let whose = users(*count);
        let _ = writeln!(text, "  only while it is applied, {whose} may use {scope}");
    }
    let [before, after] = impact.administrators;
    if before != after {
        let _ = writeln!(text, "  administrators of the tenant: {before} -> {after}");
    }
    text
}

fn users(count: usize) -> String {
    if count == 1 { "1 user".to_owned() } else { format!("{count} users") }
}

/// A plan for programs.
pub fn json(context: Option<&str>, tenant: &Tenant, plan: &Plan) -> serde_json::Value {
    let scopes = plan.impact.scopes.iter();
    let scopes: serde_json::Map<_, _> = scopes
        .map(|(scope, counts)| {
            (scope.to_string(), serde_json::json!({"gain": counts.gain, "lose": counts.lose}))
        })
        .collect();
    let passing: BTreeMap<&str, usize> =
        plan.passing.iter().map(|(scope, count)| (scope.as_str(), *count)).collect();
    serde_json::json!({
        "context": context,
        "tenant": tenant.id,
        "steps": plan.steps.iter().map(|step| KeptStep::of(step, tenant)).collect::<Vec<_>>(),
        "impact": {"users": plan.impact.affected, "scopes": scopes, "passing": passing},
    })
}

/// Outcomes of tests for people; those that fail with their places.
pub fn tried<'t>(file: &Path, tried: impl IntoIterator<Item = &'t Tried>) -> String {
    let line = |Tried { line, outcome: Outcome { expected, failure } }: &Tried| {
        let expected = visible(expected);
        match (failure, line) {
            (None, _) => format!("  ok      {expected}\n"),
            (Some(why), None) => format!("  FAILED  {expected}: {}\n", visible(why)),
            (Some(why), Some(line)) => {
                format!("  FAILED  {expected}: {} ({}:{line})\n", visible(why), file.display())
            }
        }
    };
    let told: String = tried.into_iter().map(line).collect();
    if told.is_empty() { "  no tests\n".to_owned() } else { told }
}

/// Outcomes of tests as build servers read them (the form of `JUnit`).
pub fn junit(suites: &[(String, &[Tried])]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (name, tried) in suites {
        let failures = tried.iter().filter(|tried| tried.outcome.failure.is_some()).count();
        let name = escaped(name);
        let _ =
            writeln!(text, "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\">", tried.len());
        for Tried { outcome, .. } in *tried {
            let case = escaped(&outcome.expected);
            let _ = match &outcome.failure {
                None => writeln!(text, "    <testcase classname=\"{name}\" name=\"{case}\"/>"),
                Some(why) => writeln!(
                    text,
                    "    <testcase classname=\"{name}\" name=\"{case}\"><failure message=\"{}\"/></testcase>",
                    escaped(why)
                ),
            };
        }
        text.push_str("  </testsuite>\n");
    }
    text + "</testsuites>\n"
}

fn escaped(text: &str) -> String {
    let safe = visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    safe.replace('"', "&quot;")
}
