//! How is a tenant brought to what a file says, and what would that change?

mod apply;
mod file;
mod furnish;
mod named;
mod report;
mod tenant;
mod write;
mod yaml;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use apply::Applier;
use clap::{Args, Subcommand};
pub use furnish::Furnishing;
use report::{Kept, KeptStep, KeptTenant, VERSION};
use rolecall_engine::manifest::{self, Holdings, Outcome, Place, Plan, Section, Step, export, lint};

use self::{file::Fault, tenant::Tenant};
use crate::{
    api::Client,
    catalogue,
    contexts::Reach,
    output::{print, print_json, visible},
};

/// What a difference ends with.
const DIFFERENCE: u8 = 2;

/// Keep tenants as files say.
#[derive(Subcommand)]
pub enum Manifests {
    /// Show what a file would change in a tenant, and who would gain and lose what
    Plan {
        #[command(flatten)]
        planning: Planning,
        /// Write the plan into this file, to be reviewed and applied as it is
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a tenant to what a file says, or as a reviewed plan says
    Apply {
        #[command(flatten)]
        planning: Planning,
    },
    /// Say whether a tenant is what a file says; ends with 2 if not
    Drift {
        #[command(flatten)]
        planning: Planning,
    },
    /// Print the file that says what a tenant is
    Export {
        /// The sections; all if not given
        #[arg(long, value_name = "SECTION[,SECTION…]", value_delimiter = ',', value_parser = section)]
        only: Vec<Section>,
        #[command(flatten)]
        asked: Asked,
    },
    /// Say what in a file is without effect, outdated or more than is needed; ends with 2 if anything is
    Lint {
        #[command(flatten)]
        given: Given,
        /// The catalogue that the server has, if not Qlik Cloud's
        #[arg(long, value_name = "FILE", env = "ROLECALL_CATALOGUE")]
        catalogue: Option<PathBuf>,
    },
    /// Try the tests of a file on the tenant as it would be once the file is applied
    Test {
        #[command(flatten)]
        planning: Planning,
        /// Write the outcome into this file, as build servers read it
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
    },
    /// Print the JSON Schema of the files, for editors
    Schema,
}

/// A file, and the values of its variables.
#[derive(Debug, Args)]
pub struct Given {
    /// The file
    file: PathBuf,
    /// The value of a variable, instead of the file's
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
}

/// Which tenants are asked.
#[derive(Debug, Args)]
pub struct Asked {
    #[command(flatten)]
    reach: Reach,
    /// The catalogue that the server has, if not Qlik Cloud's
    #[arg(long, value_name = "FILE", env = "ROLECALL_CATALOGUE")]
    catalogue: Option<PathBuf>,
    /// Say nothing besides the data and errors
    #[arg(short, long)]
    quiet: bool,
}

/// What is planned, and for which tenants.
#[derive(Debug, Args)]
pub struct Planning {
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    asked: Asked,
    /// Delete, in the sections that the file owns, what it does not say
    #[arg(long)]
    prune: bool,
}

fn section(text: &str) -> Result<Section, String> {
    text.parse().map_err(|unknown: rolecall_engine::words::UnknownWord| unknown.to_string())
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be `NAME=VALUE`")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// One tenant with what is planned for it.
struct Planned {
    client: Client,
    tenant: Tenant,
    plan: Plan,
    outcomes: Vec<Outcome>,
}

impl Manifests {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Plan { planning, out, json } => planning.show(out.as_deref(), json).await,
            Self::Apply { planning } => planning.apply().await,
            Self::Drift { planning } => planning.drift().await,
            Self::Export { only, asked } => asked.export(&only).await,
            Self::Lint { given, catalogue } => given.lint(catalogue.as_deref()),
            Self::Test { planning, junit } => planning.test(junit.as_deref()).await,
            Self::Schema => print_json(&schemars::schema_for!(file::File)).map(|()| ExitCode::SUCCESS),
        }
    }
}

impl Given {
    fn text(&self) -> anyhow::Result<String> {
        let file = self.file.display();
        fs::read_to_string(&self.file).with_context(|| format!("cannot read `{file}`"))
    }

    fn values(&self) -> BTreeMap<String, String> {
        self.variables.iter().cloned().collect()
    }

    fn lint(&self, catalogue: Option<&Path>) -> anyhow::Result<ExitCode> {
        let read = self.read(&self.text()?, None)?;
        let catalogue = catalogue::of(catalogue, false, true)?;
        let mut found: Vec<Fault> = lint(&read.manifest, &catalogue)
            .into_iter()
            .map(|finding| Fault {
                line: read.line(&finding.at),
                what: format!("{}: {}", finding.at, finding.text),
            })
            .collect();
        let left = read.left.iter().map(|section| {
            let line = read.line(&Place::of(*section));
            Fault { line, what: format!("{section}: is said and not managed, so it is not applied") }
        });
        found.extend(left);
        found.sort();
        print(&told(&self.file, &found))?;
        Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCE) })
    }

    fn read(&self, text: &str, context: Option<&str>) -> anyhow::Result<file::Read> {
        file::read(text, context, &self.values()).map_err(|faults| refused(&self.file, &faults))
    }
}

/// What is wrong with a file, each thing on a line with its place.
fn told(file: &Path, faults: &[Fault]) -> String {
    let line = |fault: &Fault| {
        let line = fault.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}: {}\n", file.display(), visible(&fault.what))
    };
    faults.iter().map(line).collect()
}

fn refused(file: &Path, faults: &[Fault]) -> anyhow::Error {
    anyhow::anyhow!("the file cannot be used; nothing was changed\n{}", told(file, faults).trim_end())
}

impl Asked {
    async fn read(&self, client: &Client, sections: &[Section]) -> anyhow::Result<Tenant> {
        let catalogue = catalogue::of(self.catalogue.as_deref(), true, true)?;
        tenant::read(client, catalogue, sections).await
    }

    async fn export(&self, only: &[Section]) -> anyhow::Result<ExitCode> {
        let client = self.reach.client(self.quiet)?;
        let sections = if only.is_empty() { Section::ALL } else { only };
        let tenant = self.read(&client, sections).await?;
        print(&write::write(&export(&tenant.holdings, sections))?)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Planning {
    fn note(&self, note: &str) {
        if !self.asked.quiet {
            eprintln!("{}", visible(note));
        }
    }

    /// Plans a text for each tenant. All are planned before any is changed.
    async fn plan(&self, text: &str) -> anyhow::Result<Vec<Planned>> {
        let mut all = Vec::new();
        for client in self.asked.reach.clients(self.asked.quiet)? {
            let read = self.given.read(text, client.name.as_deref())?;
            let sections: Vec<Section> = read.manifest.owned.iter().copied().collect();
            let tenant = self.asked.read(&client, &sections).await?;
            let plan = manifest::plan(&tenant.holdings, &read.manifest, self.prune).map_err(|problems| {
                let fault = |problem: &manifest::Problem| Fault {
                    line: read.line(&problem.at),
                    what: problem.to_string(),
                };
                let mut faults: Vec<Fault> = problems.iter().map(fault).collect();
                faults.sort();
                refused(&self.given.file, &faults)
            });
            let plan = plan.with_context(|| called(&client, &tenant))?;
            let after = behind(&tenant.holdings, &plan.steps)?;
            let outcomes = read.tests.iter().flat_map(|test| manifest::examine(&after, test)).collect();
            all.push(Planned { client, tenant, plan, outcomes });
        }
        Ok(all)
    }

    async fn show(&self, out: Option<&Path>, json: bool) -> anyhow::Result<ExitCode> {
        let text = self.given.text()?;
        let all = self.plan(&text).await?;
        if json {
            let shown =
                all.iter().map(|one| report::json(one.client.name.as_deref(), &one.tenant, &one.plan));
            print_json(&shown.collect::<Vec<_>>())?;
        } else {
            for one in &all {
                print(&format!("{}\n{}", one.called(), report::plan(&one.tenant, &one.plan)))?;
            }
        }
        for one in &all {
            let failed: Vec<Outcome> = one.failed().cloned().collect();
            if !failed.is_empty() {
                self.note(&format!("{}: tests fail, so it would not be applied", one.called()));
                eprint!("{}", report::outcomes(&failed));
            }
        }
        if let Some(out) = out {
            let is_input = |file: &Path| {
                file.canonicalize().ok().is_some_and(|file| out.canonicalize().ok() == Some(file))
            };
            if is_input(&self.given.file) {
                bail!("`{}` is what the plan is made from; keep it elsewhere", out.display());
            }
            let tenants = all.iter().map(Planned::kept).collect();
            let file = self.given.file.display().to_string();
            let variables = self.given.values();
            let kept = Kept { version: VERSION, file, text, variables, prune: self.prune, tenants };
            fs::write(out, serde_json::to_string_pretty(&kept)? + "\n")
                .with_context(|| format!("cannot write `{}`", out.display()))?;
            self.note(&format!("the plan is in `{0}`; `rolecall apply {0}` does it", out.display()));
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn drift(&self) -> anyhow::Result<ExitCode> {
        let all = self.plan(&self.given.text()?).await?;
        for one in &all {
            print(&format!("{}\n{}", one.called(), report::plan(&one.tenant, &one.plan)))?;
        }
        let same = all.iter().all(|one| one.plan.steps.is_empty());
        Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCE) })
    }

    async fn test(&self, junit: Option<&Path>) -> anyhow::Result<ExitCode> {
        let all = self.plan(&self.given.text()?).await?;
        for one in &all {
            print(&format!("{}\n{}", one.called(), report::outcomes(&one.outcomes)))?;
        }
        if let Some(junit) = junit {
            let suites: Vec<_> = all.iter().map(|one| (one.called(), one.outcomes.clone())).collect();
            fs::write(junit, report::junit(&suites))
                .with_context(|| format!("cannot write `{}`", junit.display()))?;
        }
        let failed = all.iter().flat_map(Planned::failed).count();
        if failed > 0 {
            bail!("{failed} of {} tests fail", all.iter().map(|one| one.outcomes.len()).sum::<usize>());
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn apply(mut self) -> anyhow::Result<ExitCode> {
        let text = self.given.text()?;
        let is_plan = text.trim_start().starts_with('{');
        let reviewed: Option<Kept> = is_plan.then(|| self.take_over(&text)).transpose()?;
        let text = reviewed.as_ref().map_or(text, |kept| kept.text.clone());
        let all = self.plan(&text).await?;
        for one in &all {
            if let Some(kept) = &reviewed {
                one.refuse_other(kept)?;
            }
            let failed: Vec<Outcome> = one.failed().cloned().collect();
            if !failed.is_empty() {
                eprint!("{}", report::outcomes(&failed));
                bail!("{}: tests fail; nothing was changed", one.called());
            }
        }
        for one in &all {
            print(&format!("{}\n", one.called()))?;
            one.apply().await?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Takes over what a plan was made from.
    fn take_over(&mut self, text: &str) -> anyhow::Result<Kept> {
        let file = self.given.file.display().to_string();
        let kept: Kept = serde_json::from_str(text).with_context(|| format!("`{file}` is no plan"))?;
        if kept.version != VERSION {
            bail!("`{file}` was written by another version; plan again");
        }
        if self.prune || !self.given.variables.is_empty() {
            bail!("a plan is applied as it is; `--prune` and `--var` go with `rolecall plan`");
        }
        self.prune = kept.prune;
        self.given.variables = kept.variables.clone().into_iter().collect();
        self.given.file = PathBuf::from(&kept.file);
        if self.asked.reach.context.is_empty() {
            self.asked.reach.context =
                kept.tenants.iter().filter_map(|tenant| tenant.context.clone()).collect();
        }
        Ok(kept)
    }
}

/// What a tenant holds behind some steps.
fn behind(holdings: &Holdings, steps: &[Step]) -> anyhow::Result<Holdings> {
    let mut after = holdings.clone();
    for step in steps {
        after.perform(step).with_context(|| step.head().1)?;
    }
    Ok(after)
}

fn called(client: &Client, tenant: &Tenant) -> String {
    let context = client.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    format!("{context}{} ({})", visible(&tenant.name), tenant.id)
}

impl Planned {
    fn called(&self) -> String {
        called(&self.client, &self.tenant)
    }

    fn failed(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.failure.is_some())
    }

    fn kept(&self) -> KeptTenant {
        KeptTenant {
            context: self.client.name.clone(),
            id: self.tenant.id.clone(),
            steps: self.plan.steps.iter().map(KeptStep::from).collect(),
        }
    }

    /// Refuses a plan that was made for another tenant, or one that was changed since: every step that is still to be done must have
    /// been reviewed. What was done of it already is left out, so an interrupted plan can be applied again.
    fn refuse_other(&self, kept: &Kept) -> anyhow::Result<()> {
        let Some(reviewed) = kept.tenants.iter().find(|tenant| tenant.id == self.tenant.id) else {
            bail!("the plan was made for another tenant than {}; nothing was changed", self.called());
        };
        let now: Vec<KeptStep> = self.plan.steps.iter().map(KeptStep::from).collect();
        let new: Vec<&KeptStep> = now.iter().filter(|step| !reviewed.steps.contains(step)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = new.iter().map(|step| format!("\n  {}", visible(&step.step))).collect();
        bail!(
            "{} was changed since the plan was made; nothing was changed. Plan again: this was not reviewed{}",
            self.called(),
            list.concat()
        )
    }

    /// Does what is planned, step by step, and says what was done and what was not.
    async fn apply(&self) -> anyhow::Result<()> {
        let steps = &self.plan.steps;
        let mut applier = Applier::new(&self.client, &self.tenant);
        for (at, step) in steps.iter().enumerate() {
            let what = visible(&KeptStep::from(step).step);
            if let Err(error) = applier.perform(step).await {
                print(&format!("  failed  {what}\n"))?;
                for left in steps.iter().skip(at + 1) {
                    print(&format!("  left    {}\n", visible(&KeptStep::from(left).step)))?;
                }
                let done = format!("{at} of {} steps were done; the same command does the rest", steps.len());
                return Err(error.context(format!("{}: {what}: {done}", self.called())));
            }
            print(&format!("  done    {what}\n"))?;
        }
        let steps = steps.len();
        print(&format!("  {steps} {} done\n", if steps == 1 { "step" } else { "steps" }))
    }
}
