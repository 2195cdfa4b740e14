//! In which order are the steps of a plan done, and who may do something only while they are?

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::{String, ToString},
    vec::Vec,
};

use super::{Holdings, Problem, Step, Stop, Why, listed};
use crate::{
    access::{Impact, Snapshot, UserImpact, impact},
    change::Change,
    ids::{RoleId, UserId},
    refusal::Rule,
    scopes::ScopeName,
};

/// How many users an impact tells by name.
const NAMED: usize = 20;

/// When a step is done. What gives comes before what takes, so that nobody lacks in between what they have before and behind it; what is
/// made comes before what refers to it, and what is deleted is deleted last. Users come first or last who else would have in between
/// what they have neither before nor behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Set,
    CreateRole,
    CreateGroup,
    AssignFirst,
    Give,
    Assign,
    Take,
    AssignLast,
    DeleteGroup,
    DeleteRole,
}

type Phased = Vec<(Phase, Step)>;

/// Steps in an order, and what comes of it.
pub(super) struct Ordered {
    steps: Phased,
    pub(super) impact: Impact,
    /// What users may do only in between.
    passing: BTreeMap<UserId, BTreeSet<ScopeName>>,
    /// Users who lack in between what they may do before and behind it.
    lacking: BTreeSet<UserId>,
}

/// The order of some steps in which fewest users have in between what they have neither before nor behind it.
///
/// # Errors
/// What stands in the way of the steps.
pub(super) fn ordered(holdings: &Holdings, steps: Phased) -> Result<Ordered, Vec<Problem>> {
    let mut best = rehearse(holdings, steps)?;
    for phase in [Phase::AssignFirst, Phase::AssignLast] {
        let passing: BTreeSet<UserId> = best.passing.keys().copied().collect();
        let Some(all) = moved(holdings, &best, phase, &passing) else { continue };
        let is_better = |user: &UserId| !all.passing.contains_key(user) && !all.lacking.contains(user);
        let better: BTreeSet<UserId> = passing.into_iter().filter(is_better).collect();
        if let Some(next) = moved(holdings, &best, phase, &better).filter(|next| next.lacking.is_empty()) {
            best = next;
        }
    }
    Ok(best)
}

/// The same with the steps of some users in another phase, if there are any and nothing stands in their way then.
fn moved(holdings: &Holdings, from: &Ordered, to: Phase, whose: &BTreeSet<UserId>) -> Option<Ordered> {
    let is_moved = |step: &Step| matches!(step, Step::AssignUser { user, .. } if whose.contains(&user.id));
    if !from.steps.iter().any(|(_, step)| is_moved(step)) {
        return None;
    }
    let phase = |(phase, step): &(Phase, Step)| (if is_moved(step) { to } else { *phase }, step.clone());
    rehearse(holdings, from.steps.iter().map(phase).collect()).ok()
}

/// Does the steps on a copy, so that what stands in their way is known before the first write.
fn rehearse(holdings: &Holdings, mut steps: Phased) -> Result<Ordered, Vec<Problem>> {
    steps.sort_by_key(|(phase, _)| *phase);
    let mut after = holdings.clone();
    let (mut changes, mut problems): (Vec<Change>, _) = (Vec::new(), Vec::new());
    let mut between: BTreeMap<Phase, (Snapshot, usize)> = BTreeMap::new();
    let administers =
        |holdings: &Holdings| holdings.caller.is_some_and(|caller| holdings.snapshot.administers(caller));
    let administered = administers(holdings);
    for (phase, step) in &steps {
        let before = after.snapshot.clone();
        match after.perform(step) {
            Ok(_) if administered && !administers(&after) => {
                after.snapshot = before;
                problems.push(Why::LocksOut.at(step.place()));
            }
            Ok(done) => {
                changes.extend(done);
                between.insert(*phase, (after.snapshot.clone(), changes.len()));
            }
            // It starts from what a step leads to that was refused, which is told.
            Err(Stop::Moved) if !problems.is_empty() => {}
            Err(stop) => problems.push(why(stop, step, &after).at(step.place())),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let impact = impact(&holdings.snapshot, &after.snapshot, &changes, NAMED);
    let mut ordered = Ordered { steps, impact, passing: BTreeMap::new(), lacking: BTreeSet::new() };
    between.retain(|phase, _| (Phase::AssignFirst..=Phase::AssignLast).contains(phase));
    if between.len() > 1 {
        ordered.look(
            &holdings.snapshot,
            &after.snapshot,
            &between.into_values().collect::<Vec<_>>(),
            &changes,
        );
    }
    Ok(ordered)
}

impl Ordered {
    /// Finds who has or lacks something only in between, in states that some of the changes lead to. Within a phase it only
    /// becomes more or only less, or is as it was.
    fn look(
        &mut self,
        before: &Snapshot,
        after: &Snapshot,
        between: &[(Snapshot, usize)],
        changes: &[Change],
    ) {
        let compared = |state: &Snapshot, done: &[Change]| impact(before, state, done, usize::MAX).users;
        let end: BTreeMap<UserId, UserImpact> =
            compared(after, changes).into_iter().map(|one| (one.user, one)).collect();
        for (state, done) in between {
            for UserImpact { user, gains, loses } in compared(state, changes.get(..*done).unwrap_or_default())
            {
                let is = end.get(&user);
                let passes = |scope: &ScopeName| is.is_none_or(|is| !is.gains.contains(scope));
                let passing: Vec<ScopeName> = gains.into_iter().filter(passes).collect();
                if !passing.is_empty() {
                    self.passing.entry(user).or_default().extend(passing);
                }
                if loses.iter().any(|scope| is.is_none_or(|is| !is.loses.contains(scope))) {
                    self.lacking.insert(user);
                }
            }
        }
    }

    /// How many users may use each scope only in between.
    pub(super) fn passing(&self) -> BTreeMap<ScopeName, usize> {
        let mut passing = BTreeMap::new();
        for scope in self.passing.values().flatten() {
            *passing.entry(scope.clone()).or_default() += 1;
        }
        passing
    }

    /// The steps.
    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps.into_iter().map(|(_, step)| step).collect()
    }
}

/// A refusal, in the words of who wrote the manifest.
fn why(refused: Stop, step: &Step, holdings: &Holdings) -> Why {
    match (refused, step) {
        (Stop::Refused(refusal), Step::DeleteRole { role, .. })
            if matches!(refusal.rule, Rule::RoleInUse(_)) =>
        {
            Why::RoleInUse(role.name.to_string(), holders(holdings, role.id))
        }
        (Stop::Refused(refusal), Step::DeleteGroup { group, .. })
            if matches!(refusal.rule, Rule::GroupHasMembers(_)) =>
        {
            let members =
                holdings.users.values().filter(|user| user.groups.iter().any(|held| held.to == group.id));
            Why::GroupHasMembers(group.name.to_string(), listed(members.map(|user| &user.subject).take(3)))
        }
        (Stop::Refused(refusal), _) if matches!(refusal.rule, Rule::OwnAdministration) => Why::LocksOut,
        (Stop::Refused(refusal), _) => Why::Refused(refusal),
        // Nothing else changes the copy.
        (Stop::Moved, _) => Why::Moved,
    }
}

fn holders(holdings: &Holdings, role: RoleId) -> String {
    let groups = holdings.groups.values().filter(|group| group.roles.contains(&role));
    let users = holdings.users.values().filter(|user| user.roles.iter().any(|held| held.to == role));
    let groups = groups.map(|group| alloc::format!("the group `{}`", group.name));
    let users = users.map(|user| alloc::format!("the user `{}`", user.subject));
    let some: Vec<String> = groups.chain(users).take(5).collect();
    some.join(", ")
}
