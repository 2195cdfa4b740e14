//! The disk is full, and then has room again.

use std::{
    env,
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::bail;
use rolecall_postgres::Cluster;

use crate::{
    report::Report,
    stage::{Installation, STALENESS, Stage, Store, faulty, ready},
    witness::{Cast, during},
};

const SECOND: Duration = Duration::from_secs(1);
/// How long there is no room.
const FULL: Duration = Duration::from_secs(3);

/// SQLite's: what is refused is not stored, the rest goes on, and once there is room so do writes.
pub fn sqlite_has_no_room(stage: &Stage, sabotaged: bool) -> anyhow::Result<Report> {
    let folder = stage.folder("disk-sqlite")?;
    let disk = Disk::mount("24m")?;
    let store = Store::Sqlite(disk.0.join("data"));
    let installation = Installation::found(&stage.program, folder, store)?;
    let mut node = installation.node("a", None, &faulty(sabotaged, "answer-before-commit"))?;
    let tenant = installation.tenant(&node)?;
    let nodes = [node.address];
    let cast = Cast {
        tenant: &tenant,
        writes: &nodes,
        changes: node.address,
        pace: SECOND / 10,
        asks: &nodes,
        staleness: Duration::ZERO,
    };
    let begun = Instant::now();
    let (seen, (full, room)) = during(&cast, |_| {
        sleep(SECOND);
        let full = Instant::now();
        disk.fill(FULL)?;
        let room = Instant::now();
        sleep(SECOND);
        Ok((full, room))
    })?;
    let mut report = Report::new(seen, begun, &cast, &nodes)?;
    let stored = report.seen.stored_though_refused(&cast, node.address)?;
    let runs = node.runs();
    drop(node);
    report.expect(runs, "the node ended");
    report.expect(stored == 0, format!("{stored} users were refused and are there"));
    let verified = installation.run(&["audit", "verify"]);
    report.expect(verified.is_ok(), format!("the audit trail: {verified:?}"));
    goes_on(&mut report, room);
    let late = report.seen.writes.good_between(full + FULL / 2, room);
    report.expect(late == 0, format!("{late} writes were acknowledged although the disk was full"));
    let others: Vec<u16> =
        report.seen.writes.statuses.keys().copied().filter(|status| ![201, 507].contains(status)).collect();
    report.expect(others.is_empty(), format!("writes were answered {others:?}"));
    let silent = report.without_decisions(0);
    report.expect(silent < SECOND, format!("there was no decision for {silent:?}"));
    Ok(report)
}

/// The one of PostgreSQL's log, without which it cannot commit, so that it ends. It is started again once there is room.
pub fn postgres_has_no_room(stage: &Stage, sabotaged: bool) -> anyhow::Result<Report> {
    let folder = stage.folder("disk-postgres")?;
    let disk = Disk::mount("64m")?;
    let log = format!("--waldir={}", disk.0.join("log").display());
    // Short parts, so that another one is soon needed.
    let cluster = Cluster::start_with(&rolecall_postgres::memory(), None, &[], &[&log, "--wal-segsize=1"])?;
    let url = cluster.database("faults")?;
    let store = Store::Postgres { near: url.clone(), far: url };
    let installation = Installation::found(&stage.program, folder, store)?;
    let a = installation.node("a", None, &[])?;
    let b = installation.node("b", None, &faulty(sabotaged, "answer-before-commit"))?;
    let tenant = installation.tenant(&a)?;
    let nodes = [a.address, b.address];
    let cast = Cast {
        tenant: &tenant,
        writes: &nodes,
        changes: a.address,
        pace: SECOND / 10,
        asks: &nodes,
        staleness: STALENESS,
    };
    let begun = Instant::now();
    let (seen, room) = during(&cast, |_| {
        sleep(SECOND);
        disk.fill(FULL)?;
        if cluster.processes().is_empty() {
            cluster.begin()?;
        }
        let room = Instant::now();
        ready(a.address)?;
        ready(b.address)?;
        sleep(SECOND);
        Ok(room)
    })?;
    let mut report = Report::new(seen, begun, &cast, &nodes)?;
    goes_on(&mut report, room);
    Ok(report)
}

/// Some writes are refused, and they are acknowledged again once there is room.
fn goes_on(report: &mut Report, room: Instant) {
    let writes = &report.seen.writes;
    let (again, refused) = (writes.good_between(room, Instant::now()), writes.bad());
    report.expect(again > 0, "no write was acknowledged once there was room");
    report.expect(refused > 0, "the disk was never full");
}

/// A small disk, in memory. It is gone when this is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(size: &str) -> anyhow::Result<Self> {
        // PostgreSQL's user must be able to get there.
        let folder = env::temp_dir().join(format!("rolecall-faults-disk-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let options = format!("size={size},mode=1777");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder))?;
        Ok(Self(folder))
    }

    /// Leaves no room for so long, whoever makes some.
    fn fill(&self, time: Duration) -> anyhow::Result<()> {
        let file = self.0.join("ballast");
        let begun = Instant::now();
        let mut ballast = File::create(&file)?;
        while begun.elapsed() < time {
            // As much as there is room for; less and less fits.
            let mut size = 1 << 20;
            while size > 0 {
                if ballast.write(&vec![0; size]).is_err() {
                    size /= 2;
                }
            }
            sleep(Duration::from_millis(5));
        }
        fs::remove_file(&file)?;
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg("--lazy").arg(&self.0));
        let _ = fs::remove_dir(&self.0);
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
