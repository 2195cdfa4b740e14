//! How do many users, groups or roles come from a file? Line by line, each with a word on what became of it.
//!
//! A line says what there should be. What is there already stays, and only what is missing is made or given, so an import that was
//! broken off is finished by running it again.

mod line;

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use line::Line;
use serde_json::{Value, json};

use crate::{
    api::Client,
    contexts::Reach,
    members::Members as _,
    nouns::{Doing, Noun, Tells, noun},
    output::{Column, Output},
};

/// What the lines of a file are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Columns `subject`, `name`, `email`, `status`, `roles`, `groups`.
    Users,
    /// Columns `name`, `description`, `provider`, `roles`.
    Groups,
    /// Columns `name`, `description`, `scopes`.
    Roles,
}

/// Bring in many users, groups or roles from a file.
#[derive(Args)]
pub struct Import {
    /// What the lines are about
    kind: Kind,
    /// A CSV file whose first line names the columns; several roles, groups or scopes have `;` between them
    file: PathBuf,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    doing: Doing,
    #[command(flatten)]
    output: Output,
}

/// A column of a file.
#[derive(Clone, Copy)]
struct Field {
    name: &'static str,
    /// The member of the API.
    member: &'static str,
    holds: Holds,
}

/// What stands in a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// A text that can be changed later.
    Text,
    /// A text that stays.
    Fixed,
    /// Scopes.
    Scopes,
    /// Names of roles.
    Roles,
    /// Names of custom groups.
    Groups,
}

const fn field(name: &'static str, member: &'static str, holds: Holds) -> Field {
    Field { name, member, holds }
}

impl Kind {
    const fn noun(self) -> &'static str {
        match self {
            Self::Users => "user",
            Self::Groups => "group",
            Self::Roles => "role",
        }
    }

    /// The columns; the first one tells things apart.
    const fn fields(self) -> &'static [Field] {
        match self {
            Self::Users => USERS,
            Self::Groups => GROUPS,
            Self::Roles => ROLES,
        }
    }
}

const USERS: &[Field] = &[
    field("subject", "subject", Holds::Fixed),
    field("name", "name", Holds::Text),
    field("email", "email", Holds::Fixed),
    field("status", "status", Holds::Text),
    field("roles", "assignedRoles", Holds::Roles),
    field("groups", "assignedGroups", Holds::Groups),
];
const GROUPS: &[Field] = &[
    field("name", "name", Holds::Fixed),
    field("description", "description", Holds::Text),
    field("provider", "providerType", Holds::Fixed),
    field("roles", "assignedRoles", Holds::Roles),
];
const ROLES: &[Field] = &[
    field("name", "name", Holds::Fixed),
    field("description", "description", Holds::Text),
    field("scopes", "assignedScopes", Holds::Scopes),
];

const REPORT: &[Column] = &[
    Column::of("LINE", "line"),
    Column::of("NAME", "name"),
    Column::of("RESULT", "result"),
    Column::of("WHY", "why"),
];

/// What is in the tenant already.
struct Present {
    noun: &'static Noun,
    /// The things, by the member that tells them apart.
    things: HashMap<String, Value>,
    /// Names that two things have: groups of different providers can.
    shared: HashSet<String>,
    roles: HashMap<String, String>,
    groups: HashMap<String, String>,
}

impl Import {
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { kind, file, reach, mut doing, output } = self;
        doing.tells = Tells::Nothing;
        let lines = read(kind, &file)?;
        let client = reach.client(output.quiet)?;
        let present = Present::read(&client, kind).await?;
        let (mut rows, mut failed) = (Vec::with_capacity(lines.len()), 0);
        for line in lines {
            let done = match &line.fault {
                Some(fault) => Err(anyhow::anyhow!("{fault}")),
                None => line.bring(&client, &present, &doing).await,
            };
            failed += usize::from(done.is_err());
            let (result, why) = match done {
                Ok(done) => (done.word(doing.dry_run), None),
                Err(error) => ("failed", Some(format!("{error:#}"))),
            };
            rows.push(json!({"line": line.at, "name": line.name, "result": result, "why": why}));
        }
        let total = rows.len();
        output.list(REPORT, "line", &rows)?;
        if failed > 0 {
            bail!("{failed} of {total} lines failed; the others are done; correct them and run it again");
        }
        Ok(())
    }
}

/// The lines of a file.
fn read(kind: Kind, file: &std::path::Path) -> anyhow::Result<Vec<Line>> {
    let shown = file.display();
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_path(file)
        .with_context(|| format!("cannot read `{shown}`"))?;
    let fields = kind.fields();
    let header = reader.headers().with_context(|| format!("cannot read `{shown}`"))?.clone();
    let known = |name: &str| fields.iter().copied().find(|field| field.name == name);
    let mut columns = Vec::new();
    for name in &header {
        let name = name.trim_start_matches('\u{feff}');
        let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
        columns.push(
            known(name).with_context(|| {
                format!("`{shown}` has a column `{name}`; there are {}", names.join(", "))
            })?,
        );
    }
    let key = fields.first().context("a kind has columns")?;
    if !columns.iter().any(|column| column.name == key.name) {
        bail!("`{shown}` has no column `{}`", key.name);
    }
    let mut lines = Vec::new();
    for record in reader.into_records() {
        lines.push(Line::new(&record.with_context(|| format!("cannot read `{shown}`"))?, &columns, key.name));
    }
    line::refuse_twice(&mut lines);
    Ok(lines)
}

impl Present {
    async fn read(client: &Client, kind: Kind) -> anyhow::Result<Self> {
        let noun = noun(kind.noun()).context("there are users, groups and roles")?;
        let key = kind.fields().first().map_or("", |field| field.member);
        let ids = |things: Vec<Value>| -> HashMap<String, String> {
            let pair = |thing: &Value| {
                Some((thing.member("name").as_str()?.to_owned(), thing.member("id").as_str()?.to_owned()))
            };
            things.iter().filter_map(pair).collect()
        };
        let roles = if kind == Kind::Roles { Vec::new() } else { client.list("/api/v1/roles", &[]).await? };
        let mut groups =
            if kind == Kind::Users { client.list("/api/v1/groups", &[]).await? } else { Vec::new() };
        groups.retain(|group| group.member("providerType") == "custom");
        let (mut things, mut shared) = (HashMap::new(), HashSet::new());
        for thing in client.list(noun.path, &[]).await? {
            let name = thing.member(key).as_str().unwrap_or_default().to_owned();
            if things.insert(name.clone(), thing).is_some() {
                shared.insert(name);
            }
        }
        Ok(Self { noun, things, shared, roles: ids(roles), groups: ids(groups) })
    }
}
