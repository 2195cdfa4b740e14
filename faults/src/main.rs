//! What happens when its surroundings fail? `cargo xtask faults` lets each fault happen to running nodes, twice: as it is, and
//! with a fault of the program or of its surroundings on purpose, which must be noticed.
//!
//! No write that was acknowledged may be lost, no answer may be older than the lease of its node, and nobody may be allowed who
//! never had the right.

#![expect(clippy::disallowed_methods, reason = "what is tested happens in real time")]

mod client;
mod clock;
mod disk;
mod failover;
mod history;
mod kill;
mod loopback;
mod network;
mod node;
mod partition;
mod pause;
mod report;
mod split;
mod stage;
mod tenant;
mod witness;

use std::{path::PathBuf, process::ExitCode, time::Instant};

use anyhow::bail;
use report::{Noticed, Report};
use stage::Stage;

/// How often a fault on purpose is tried until it shows.
const TRIES: usize = 6;

/// Lets something fail, with a fault on purpose or without.
type Happens = fn(&Stage, sabotaged: bool) -> anyhow::Result<Report>;

/// Something that fails.
struct Fault {
    name: &'static str,
    /// Whether it is one of those that every test of the program tries.
    is_short: bool,
    happens: Happens,
    /// What is wrong on purpose, and by what that must be noticed.
    sabotage: &'static str,
    noticed: Noticed,
}

const FAULTS: &[Fault] = &[
    Fault {
        name: "kill-node",
        is_short: true,
        happens: kill::a_node_is_killed,
        sabotage: "answers come before the commit",
        noticed: Noticed::Missing,
    },
    Fault {
        name: "kill-postgres",
        is_short: true,
        happens: kill::the_database_is_killed,
        sabotage: "the database acknowledges before it has written",
        noticed: Noticed::Missing,
    },
    Fault {
        name: "partition",
        is_short: true,
        happens: partition::a_node_is_cut_off,
        sabotage: "leases do not end",
        noticed: Noticed::Stale,
    },
    Fault {
        name: "pause",
        is_short: true,
        happens: pause::a_node_is_stopped,
        sabotage: "leases do not end",
        noticed: Noticed::Stale,
    },
    Fault {
        name: "clock",
        is_short: true,
        happens: clock::a_clock_jumps,
        sabotage: "leases go by the wall clock",
        noticed: Noticed::Stale,
    },
    Fault {
        name: "disk-sqlite",
        is_short: true,
        happens: disk::sqlite_has_no_room,
        sabotage: "answers come before the commit",
        noticed: Noticed::Missing,
    },
    Fault {
        name: "disk-postgres",
        is_short: true,
        happens: disk::postgres_has_no_room,
        sabotage: "answers come before the commit",
        noticed: Noticed::Missing,
    },
    Fault {
        name: "fail-over",
        is_short: false,
        happens: failover::the_primary_is_lost,
        sabotage: "commits are acknowledged that no standby has",
        noticed: Noticed::Missing,
    },
    Fault {
        name: "split-brain",
        is_short: false,
        happens: split::there_are_two_primaries,
        sabotage: "commits are acknowledged that no standby has",
        noticed: Noticed::Missing,
    },
];

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `faults FOLDER [--short | NAME...]`
fn run(mut arguments: Vec<String>) -> anyhow::Result<()> {
    if arguments.is_empty() {
        bail!("where are logs to be kept?");
    }
    let folder = PathBuf::from(arguments.remove(0));
    let is_short = arguments.iter().any(|argument| argument == "--short");
    arguments.retain(|argument| argument != "--short");
    if let Some(unknown) = arguments.iter().find(|name| FAULTS.iter().all(|fault| fault.name != **name)) {
        let names: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
        bail!("there is no fault `{unknown}`; there are {}", names.join(", "));
    }
    let wanted = |fault: &&Fault| {
        (arguments.is_empty() && (fault.is_short || !is_short))
            || arguments.iter().any(|name| name == fault.name)
    };
    let program = std::env::current_exe()?.with_file_name("rolecall");
    let stage = Stage::new(program, folder)?;
    let mut failed = Vec::new();
    for fault in FAULTS.iter().filter(wanted) {
        if let Err(error) = fault.try_out(&stage) {
            println!("{}: FAILED: {error:#}", fault.name);
            failed.push(fault.name);
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("{} did not go as they must", failed.join(", ")) }
}

impl Fault {
    /// Lets it happen as it is, and tells what came of it.
    fn as_it_is(&self, stage: &Stage) -> anyhow::Result<Report> {
        let begun = Instant::now();
        let report = (self.happens)(stage, false)?;
        println!("{}: {report} ({:.0} s)", self.name, begun.elapsed().as_secs_f64());
        for unexpected in &report.unexpected {
            println!("{}: {unexpected}", self.name);
        }
        Ok(report)
    }

    /// Lets it happen, as it is and with a fault on purpose.
    fn try_out(&self, stage: &Stage) -> anyhow::Result<()> {
        let report = self.as_it_is(stage)?;
        // What takes too long only may do so because of other work on this machine: once.
        let report = if report.is_right() && !report.is_good() { self.as_it_is(stage)? } else { report };
        if !report.is_good() {
            bail!("{}", report.unexpected.join("; "));
        }
        for _ in 0..TRIES {
            let begun = Instant::now();
            let count = (self.happens)(stage, true)?.count(self.noticed);
            if count > 0 {
                let (what, seconds) = (self.sabotage, begun.elapsed().as_secs_f64());
                println!(
                    "{}, if {what}: {count} {:?}, as it must be ({seconds:.0} s)",
                    self.name, self.noticed
                );
                return Ok(());
            }
        }
        bail!("if {}, nobody notices it", self.sabotage)
    }
}
