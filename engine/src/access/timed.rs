//! What does somebody have for some time only? (Rolecall's own)

use alloc::vec::Vec;

use super::{
    explain::Way,
    paths::Path,
    people::{Entry, Numbers, People, UserFacts},
    snapshot::Snapshot,
};
use crate::{
    ids::{GroupId, RoleId, UserId},
    periods::{Assigned, Period},
    time::Timestamp,
    users::UserStatus,
};

/// What somebody has who has some of it for some time only.
#[derive(Debug, Clone)]
pub(super) struct Timed {
    status: UserStatus,
    bot: bool,
    pub(super) roles: Vec<Assigned<RoleId>>,
    pub(super) groups: Vec<Assigned<GroupId>>,
}

impl Timed {
    /// None if the user has everything for good.
    pub(super) fn of(entry: &Entry<'_>) -> Option<Self> {
        let for_good = entry.roles.iter().all(|role| role.period == Period::ALWAYS)
            && entry.groups.iter().all(|group| group.period == Period::ALWAYS);
        (!for_good).then(|| Self {
            status: entry.status,
            bot: entry.bot,
            roles: entry.roles.to_vec(),
            groups: entry.groups.to_vec(),
        })
    }

    fn facts(&self, numbers: Numbers<'_>, counts: impl Fn(Period) -> bool) -> UserFacts {
        UserFacts::of((self.status, self.bot), &self.roles, &self.groups, numbers, counts)
    }

    /// When the user next has more or less than at a moment.
    pub(super) fn turn(&self, moment: Timestamp) -> Option<Timestamp> {
        let roles = self.roles.iter().map(|role| role.period);
        let periods = roles.chain(self.groups.iter().map(|group| group.period));
        periods.filter_map(|period| period.turn(moment)).min()
    }
}

/// The earlier of two times, where there are any.
pub(super) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

impl People {
    /// What somebody has, if some of it for some time only.
    pub(super) fn timed(&self, id: UserId) -> Option<&Timed> {
        self.timed.get(&id).map(|timed| &**timed)
    }

    /// Everybody who has something that `counts` for some time only.
    pub(super) fn with_timed(&self, counts: impl Fn(&Timed) -> bool) -> bool {
        self.timed.iter().any(|(_, timed)| counts(timed))
    }

    /// What somebody has at a moment that has no end.
    pub(super) fn lasting(&self, id: UserId, moment: Timestamp, numbers: Numbers<'_>) -> Option<UserFacts> {
        let lasts = |period: Period| period.holds(moment) && period.expires_at().is_none();
        match self.timed(id) {
            Some(timed) => Some(timed.facts(numbers, lasts)),
            None => self.find(id).cloned(),
        }
    }

    /// The same people at another moment. Costs by how many have something for some time only.
    pub(super) fn at(&mut self, moment: Timestamp, numbers: Numbers<'_>) {
        self.turn = None;
        for (id, timed) in self.timed.iter() {
            let facts = timed.facts(numbers, |period| period.holds(moment));
            self.turn = earlier(self.turn, timed.turn(moment));
            if self.users.get(id).is_some_and(|present| *present != facts) {
                self.users.insert(*id, facts);
            }
        }
    }
}

impl Snapshot {
    /// The same revision at another moment. Costs by how many users have something for some time only, and nothing while
    /// [`Snapshot::holds_at`] is true.
    #[must_use]
    pub fn at(&self, moment: Timestamp) -> Self {
        let mut next = self.clone();
        next.moment = moment;
        if !self.holds_at(moment) {
            next.people.at(moment, self.numbers());
        }
        next
    }

    /// The moment it is about.
    #[must_use]
    pub const fn moment(&self) -> Timestamp {
        self.moment
    }

    /// Whether it is right also for a time: nothing begins or ends from its moment until then.
    #[must_use]
    pub fn holds_at(&self, time: Timestamp) -> bool {
        self.moment <= time && self.people.turn.is_none_or(|turn| time < turn)
    }

    /// The direct roles and the memberships of a user, those included that have yet to begin or have ended.
    #[must_use]
    pub fn assignments(&self, user: UserId) -> (Vec<Assigned<RoleId>>, Vec<Assigned<GroupId>>) {
        if let Some(Timed { roles, groups, .. }) = self.people.timed(user) {
            let roles = roles.iter().filter(|role| self.role(role.to).is_some());
            let groups = groups.iter().filter(|group| self.group(group.to).is_some());
            return (roles.copied().collect(), groups.copied().collect());
        }
        let Some(facts) = self.user(user) else { return Default::default() };
        let roles = self.direct_roles(facts).map(|role| role.id.into());
        (roles.collect(), self.memberships(facts).map(|group| group.id.into()).collect())
    }

    /// When a way in which a user is granted something ends.
    pub(super) fn end_of(&self, user: UserId, way: &Way<'_>) -> Option<Timestamp> {
        let timed = self.people.timed(user)?;
        let period = match way.path {
            Path::Direct => timed.roles.iter().find(|held| held.to == way.role.id)?.period,
            Path::Group(group) => timed.groups.iter().find(|held| held.to == group)?.period,
            Path::UserDefault | Path::Everyone => Period::ALWAYS,
        };
        period.expires_at()
    }

    /// What a user has that has no end.
    pub(super) fn lasting(&self, user: UserId) -> Option<UserFacts> {
        self.people.lasting(user, self.moment, self.numbers())
    }
}
