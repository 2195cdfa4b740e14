//! How do many users, groups, roles or memberships come from a file? Line by line, each with a word on what became of it.
//!
//! A line says what there should be. What is there already stays, and only what is missing is made or given, so an import that was
//! broken off is finished by running it again.

mod file;
mod kinds;
mod line;
mod rules;
mod tenant;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use file::Line;
use kinds::Kind;
use line::{Done, Job};
use serde_json::{Value, json};
use tenant::Present;

use crate::{
    api::ApiError,
    contexts::Reach,
    nouns::{Doing, Tells},
    output::{Column, Output},
    progress::Progress,
};

/// Bring in many users, groups, roles or memberships from a file, or take them away.
#[derive(Args)]
pub struct Import {
    /// What the lines are about
    kind: Kind,
    /// A CSV file whose first line names the columns; several roles, groups or scopes have `;` between them
    file: PathBuf,
    /// Take away the roles, groups or scopes that the lines name, and change nothing else
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    doing: Doing,
    #[command(flatten)]
    output: Output,
}

const REPORT: &[Column] = &[
    Column::of("LINE", "line"),
    Column::of("NAME", "name"),
    Column::of("RESULT", "result"),
    Column::of("WHY", "why"),
];

impl Import {
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { kind, file, remove, reach, mut doing, output } = self;
        doing.tells = Tells::Nothing;
        let mut lines = file::read(kind, &file)?;
        // What it waits for is seen by the progress.
        let client = reach.client(Progress::is_seen(output.quiet) || output.quiet)?;
        let present = Present::read(&client, kind).await?;
        line::refuse_twice(kind, &mut lines, &present);
        let job = Job { client: &client, present: &present, kind, removes: remove, doing: &doing };
        let report = Report::of(&job, &lines, output.quiet).await?;
        output.list(REPORT, "line", &report.rows)?;
        report.conclude(doing.dry_run)
    }
}

/// What became of the lines.
struct Report {
    rows: Vec<Value>,
    failed: usize,
    /// How many lines were looked at, and why not all.
    reached: usize,
    stopped: Option<String>,
}

impl Report {
    /// Does the lines one after the other, until the last one, or until there is no use or no wish to go on.
    async fn of(job: &Job<'_>, lines: &[Line], quiet: bool) -> anyhow::Result<Self> {
        let progress = Progress::of(lines.len(), "line", quiet)?;
        let mut report = Self { rows: Vec::with_capacity(lines.len()), failed: 0, reached: 0, stopped: None };
        let mut made = 0;
        for line in lines {
            if progress.is_stopping() {
                report.stopped = Some("it was stopped".to_owned());
            }
            if report.stopped.is_some() {
                report.tell(line, "not done", None);
                continue;
            }
            let (result, why) = match job.bring(line, made).await {
                Ok((done, why)) => {
                    made += usize::from(done == Done::Made);
                    (done.word(job.doing.dry_run), why)
                }
                Err(error) => {
                    report.failed += 1;
                    report.stopped =
                        is_hopeless(&error).then(|| format!("there was no use in going on: {error:#}"));
                    (if job.doing.dry_run { "refused" } else { "failed" }, Some(format!("{error:#}")))
                }
            };
            report.reached += 1;
            report.tell(line, result, why.as_deref());
            progress.step();
        }
        progress.end();
        Ok(report)
    }

    fn tell(&mut self, line: &Line, result: &str, why: Option<&str>) {
        self.rows.push(json!({"line": line.at, "name": line.name(), "result": result, "why": why}));
    }

    fn conclude(self, tried: bool) -> anyhow::Result<()> {
        let Self { rows, failed, reached, stopped } = self;
        let total = rows.len();
        if let Some(why) = stopped {
            let (done, left) = (reached - failed, total - reached);
            if tried {
                bail!("{why}; {reached} of {total} lines were looked at, and {failed} would be refused");
            }
            bail!(
                "{why}; of {total} lines {done} are done, {failed} failed and {left} are left; run it again"
            );
        }
        match failed {
            0 => Ok(()),
            _ if tried => bail!("{failed} of {total} lines would be refused"),
            _ => {
                bail!("{failed} of {total} lines failed; the others are done; correct them and run it again")
            }
        }
    }
}

/// Whether no line after it would fare better: nobody answers, or the key is good no more.
fn is_hopeless(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<ApiError>()).any(|error| match error {
        ApiError::Unreachable { .. } => true,
        ApiError::Refused(refused) => refused.status == 401,
        ApiError::Strange { .. } => false,
    })
}
