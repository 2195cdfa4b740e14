//! How are files planned for tenants, tried, and applied?

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, anyhow, bail};
use rolecall_engine::manifest::{self, Holdings, Plan, Step};
use serde_json::Value;

use super::{
    DIFFERENCE, Planning,
    apply::Applier,
    file::{Fault, Read},
    known::Known,
    refused,
    report::{self, Kept, KeptStep, KeptTenant, Tried, VERSION},
    tenant::Tenant,
};
use crate::{
    api::Client,
    contexts::Answers,
    files,
    output::{print, print_json, visible},
    progress::Progress,
};

/// One tenant with what is planned for it.
struct Planned {
    client: Client,
    tenant: Tenant,
    plan: Plan,
    tried: Vec<Tried>,
}

/// What is planned for all tenants that were named.
type Plans = Answers<Planned>;

/// Refuses a tenant that two contexts lead to.
fn refuse_twice(one: Planned, earlier: &[Planned]) -> anyhow::Result<Planned> {
    match earlier.iter().find(|other| other.tenant.id == one.tenant.id) {
        Some(other) => bail!("it is the same tenant as {}", other.called()),
        None => Ok(one),
    }
}

impl Planning {
    fn note(&self, note: &str) {
        if !self.asked.quiet {
            eprintln!("{}", visible(note));
        }
    }

    /// Plans a text for each tenant. All are planned before any is changed.
    async fn plan(&self, text: &str) -> anyhow::Result<Plans> {
        let plan = async |client, earlier: &[Planned]| {
            self.plan_one(client, text).await.and_then(|one| refuse_twice(one, earlier))
        };
        self.asked.reach.ask(self.asked.quiet, plan).await
    }

    /// Reads a file, and the tenant that it is for as far as the file is about it.
    async fn read_both(&self, client: &Client, text: &str) -> anyhow::Result<(Read, Tenant)> {
        let (written, context) = (self.given.parse(text)?, client.name.as_deref());
        let read = |known: &Known| self.given.read(&written, context, known);
        // What is wrong whatever the tenant has is told at once, with all that might be.
        let owned = read(&Known::later()).or_else(|_| read(&Known::default()))?.manifest.owned;
        let tenant = self.asked.read(client, &owned.into_iter().collect::<Vec<_>>()).await?;
        Ok((read(&Known::of(&tenant.holdings))?, tenant))
    }

    async fn plan_one(&self, client: Client, text: &str) -> anyhow::Result<Planned> {
        let (read, tenant) = self.read_both(&client, text).await?;
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
        let after = if read.tests.is_empty() { None } else { Some(behind(&tenant.holdings, &plan.steps)?) };
        let tried = |(line, test): &(Option<u64>, _)| {
            let outcomes = after.iter().flat_map(|after| manifest::examine(after, test));
            outcomes.map(|outcome| Tried { line: *line, outcome }).collect::<Vec<_>>()
        };
        let tried = read.tests.iter().flat_map(tried).collect();
        Ok(Planned { client, tenant, plan, tried })
    }

    pub async fn show(&self, out: Option<&Path>, json: bool) -> anyhow::Result<ExitCode> {
        let text = files::text(&self.given.file)?;
        let plans = self.plan(&text).await?;
        if json {
            let shown =
                plans.all.iter().map(|one| report::json(one.client.name.as_deref(), &one.tenant, &one.plan));
            print_json(&shown.collect::<Vec<_>>())?;
        } else {
            for one in &plans.all {
                print(&format!("{}\n{}", one.called(), report::plan(&one.tenant, &one.plan)))?;
            }
        }
        plans.all_there()?;
        if self.tests_fail(&plans) {
            bail!("tests fail, so it would not be applied");
        }
        let Some(out) = out else { return Ok(ExitCode::SUCCESS) };
        let is_input =
            |file: &Path| file.canonicalize().ok().is_some_and(|file| out.canonicalize().ok() == Some(file));
        if is_input(&self.given.file) {
            bail!("`{}` is what the plan is made from; keep it elsewhere", out.display());
        }
        let tenants = plans.all.iter().map(Planned::kept).collect();
        let file = self.given.file.display().to_string();
        let kept =
            Kept { version: VERSION, file, text, variables: self.given.values(), prune: self.prune, tenants };
        fs::write(out, serde_json::to_string_pretty(&kept)? + "\n")
            .with_context(|| format!("cannot write `{}`", out.display()))?;
        self.note(&format!("the plan is in `{0}`; `rolecall apply {0}` does it", out.display()));
        Ok(ExitCode::SUCCESS)
    }

    /// Whether a test fails in any tenant; those that do are told.
    fn tests_fail(&self, plans: &Plans) -> bool {
        for one in plans.all.iter().filter(|one| one.failed().next().is_some()) {
            eprintln!("{}", one.called());
            eprint!("{}", report::tried(&self.given.file, one.failed()));
        }
        plans.all.iter().flat_map(Planned::failed).next().is_some()
    }

    pub async fn drift(&self) -> anyhow::Result<ExitCode> {
        let plans = self.plan(&files::text(&self.given.file)?).await?;
        for one in &plans.all {
            print(&format!("{}\n{}", one.called(), report::plan(&one.tenant, &one.plan)))?;
        }
        plans.all_there()?;
        let same = plans.all.iter().all(|one| one.plan.steps.is_empty());
        Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCE) })
    }

    pub async fn test(&self, junit: Option<&Path>) -> anyhow::Result<ExitCode> {
        let plans = self.plan(&files::text(&self.given.file)?).await?;
        for one in &plans.all {
            print(&format!("{}\n{}", one.called(), report::tried(&self.given.file, &one.tried)))?;
        }
        if let Some(junit) = junit {
            let suites: Vec<_> = plans.all.iter().map(|one| (one.called(), one.tried.as_slice())).collect();
            fs::write(junit, report::junit(&suites))
                .with_context(|| format!("cannot write `{}`", junit.display()))?;
        }
        plans.all_there()?;
        let [failed, all] = [
            plans.all.iter().flat_map(Planned::failed).count(),
            plans.all.iter().map(|one| one.tried.len()).sum(),
        ];
        if failed > 0 {
            bail!("{failed} of {all} tests fail");
        }
        Ok(ExitCode::SUCCESS)
    }

    pub async fn apply(mut self) -> anyhow::Result<ExitCode> {
        let text = files::text(&self.given.file)?;
        let reviewed: Option<Kept> = is_plan(&text).then(|| self.take_over(&text)).transpose()?;
        let text = reviewed.as_ref().map_or(text, |kept| kept.text.clone());
        let plans = self.prepare(&text, reviewed.as_ref()).await.context("nothing was changed")?;
        let steps = plans.all.iter().map(|one| one.plan.steps.len()).sum();
        let progress = Progress::of(steps, "step", self.asked.quiet)?;
        for (at, one) in plans.all.iter().enumerate() {
            progress.beside(|| print(&format!("{}\n", one.called())))?;
            if let Err(error) = one.apply(&progress).await {
                progress.end();
                for left in plans.all.iter().skip(at + 1) {
                    print(&format!("{}\n  {} steps were not begun\n", left.called(), left.plan.steps.len()))?;
                }
                return Err(error);
            }
        }
        progress.end();
        Ok(ExitCode::SUCCESS)
    }

    /// Plans, and refuses what may not be applied.
    async fn prepare(&self, text: &str, reviewed: Option<&Kept>) -> anyhow::Result<Plans> {
        let plans = self.plan(text).await?;
        plans.all_there()?;
        for one in &plans.all {
            reviewed.map_or(Ok(()), |kept| one.refuse_other(kept))?;
        }
        if self.tests_fail(&plans) {
            bail!("tests fail");
        }
        Ok(plans)
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

/// Whether a text is a plan that was kept. A manifest may be JSON too.
fn is_plan(text: &str) -> bool {
    let has = |file: &Value| ["version", "tenants"].iter().all(|member| file.get(member).is_some());
    serde_json::from_str(text).is_ok_and(|file: Value| has(&file))
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

    fn failed(&self) -> impl Iterator<Item = &Tried> {
        self.tried.iter().filter(|tried| tried.outcome.failure.is_some())
    }

    fn kept(&self) -> KeptTenant {
        KeptTenant { context: self.client.name.clone(), id: self.tenant.id.clone(), steps: self.steps() }
    }

    fn steps(&self) -> Vec<KeptStep> {
        self.plan.steps.iter().map(|step| KeptStep::of(step, &self.tenant)).collect()
    }

    /// Refuses a plan that was made for another tenant, or one that was changed since: every step that is still to be done must have
    /// been reviewed. What was done of it already is left out, so an interrupted plan can be applied again.
    fn refuse_other(&self, kept: &Kept) -> anyhow::Result<()> {
        let Some(reviewed) = kept.tenants.iter().find(|tenant| tenant.id == self.tenant.id) else {
            bail!("the plan was made for another tenant than {}", self.called());
        };
        let now = self.steps();
        let is_new = |step: &&KeptStep| !reviewed.steps.iter().any(|reviewed| step.is_of(reviewed));
        let new: Vec<&KeptStep> = now.iter().filter(is_new).collect();
        if new.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = new.iter().map(|step| format!("\n  {}", visible(&step.step))).collect();
        bail!(
            "{} was changed since the plan was made. Plan again: this was not reviewed{}",
            self.called(),
            list.concat()
        )
    }

    /// Does what is planned, step by step, and says what was done and what was not. Asked to stop, it does so behind the step it is at.
    async fn apply(&self, progress: &Progress) -> anyhow::Result<()> {
        let steps: Vec<(&Step, String)> = self
            .plan
            .steps
            .iter()
            .zip(self.steps())
            .map(|(step, kept)| (step, visible(&kept.step)))
            .collect();
        let tell = |line: String| progress.beside(|| print(&line));
        let mut applier = Applier::new(&self.client, &self.tenant);
        for (at, (step, what)) in steps.iter().enumerate() {
            let is_stopped = progress.is_stopping();
            let done =
                if is_stopped { Err(anyhow!("it was asked to stop")) } else { applier.perform(step).await };
            let Err(error) = done else {
                progress.step();
                tell(format!("  done    {what}\n"))?;
                continue;
            };
            if !is_stopped {
                tell(format!("  failed  {what}\n"))?;
            }
            for (_, left) in steps.iter().skip(if is_stopped { at } else { at + 1 }) {
                tell(format!("  left    {left}\n"))?;
            }
            let done = format!("{at} of {} steps were done; the same command does the rest", steps.len());
            return Err(error.context(format!("{}: {what}: {done}", self.called())));
        }
        let steps = steps.len();
        tell(format!("  {steps} {} done\n", if steps == 1 { "step" } else { "steps" }))
    }
}
