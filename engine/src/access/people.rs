//! Who is in the tenant, and by what can somebody be found?

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use sha2::{Digest as _, Sha256};

use super::{
    slots::{Slot, Slots},
    snapshot::{GroupFacts, RoleFacts, Snapshot},
    table::Table,
    timed::{Timed, earlier},
};
use crate::{
    change::Delta,
    ids::{GroupId, RoleId, UserId},
    names::{Email, fold},
    periods::{Assigned, Period},
    time::Timestamp,
    users::{User, UserStatus},
};

/// What a snapshot takes in of a user.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'u> {
    /// The identifier.
    pub id: UserId,
    /// Where the user stands.
    pub status: UserStatus,
    /// Whether an OAuth client acts as this user.
    pub bot: bool,
    /// What the identity provider calls the user.
    pub subject: &'u str,
    /// The address.
    pub email: Option<&'u str>,
    /// Direct roles.
    pub roles: &'u [Assigned<RoleId>],
    /// Memberships.
    pub groups: &'u [Assigned<GroupId>],
}

impl<'u> From<&'u User> for Entry<'u> {
    fn from(user: &'u User) -> Self {
        Self {
            id: user.id,
            status: user.status,
            bot: user.client_id.is_some(),
            subject: user.subject.as_str(),
            email: user.email.as_ref().map(Email::as_str),
            roles: &user.roles,
            groups: &user.groups,
        }
    }
}

/// The numbers that roles and groups have.
#[derive(Clone, Copy)]
pub(super) struct Numbers<'n> {
    pub(super) roles: &'n Slots<RoleId, RoleFacts>,
    pub(super) groups: &'n Slots<GroupId, GroupFacts>,
}

/// Numbers that lie in place; most users have no more.
const FEW: usize = 10;

/// The numbers of the roles and groups somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    Few(u8, [Slot; FEW]),
    Many(Box<[Slot]>),
}

impl Held {
    fn as_slice(&self) -> &[Slot] {
        match self {
            Self::Few(len, slots) => slots.get(..usize::from(*len)).unwrap_or_default(),
            Self::Many(slots) => slots,
        }
    }
}

impl From<Vec<Slot>> for Held {
    fn from(all: Vec<Slot>) -> Self {
        let mut slots = [0; FEW];
        match (slots.get_mut(..all.len()), u8::try_from(all.len())) {
            (Some(place), Ok(len)) => {
                place.copy_from_slice(&all);
                Self::Few(len, slots)
            }
            _ => Self::Many(all.into()),
        }
    }
}

/// What decisions need of a user at the moment of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFacts {
    /// Where the user stands.
    pub status: UserStatus,
    /// Whether an OAuth client acts as this user, and no person.
    pub bot: bool,
    /// How many of `held` are direct roles; the others are memberships.
    direct: u16,
    held: Held,
}

impl UserFacts {
    fn new(
        (status, bot): (UserStatus, bool),
        roles: impl Iterator<Item = Slot>,
        groups: impl Iterator<Item = Slot>,
    ) -> Self {
        let mut held: Vec<Slot> = roles.take(usize::from(u16::MAX)).collect();
        let direct = u16::try_from(held.len()).unwrap_or(u16::MAX);
        held.extend(groups);
        Self { status, bot, direct, held: held.into() }
    }

    /// With the roles and groups whose period is one that `counts`.
    pub(super) fn of(
        standing: (UserStatus, bool),
        roles: &[Assigned<RoleId>],
        groups: &[Assigned<GroupId>],
        numbers: Numbers<'_>,
        counts: impl Fn(Period) -> bool,
    ) -> Self {
        let roles = roles.iter().filter(|role| counts(role.period));
        let groups = groups.iter().filter(|group| counts(group.period));
        Self::new(
            standing,
            roles.filter_map(|role| numbers.roles.slot(&role.to)),
            groups.filter_map(|group| numbers.groups.slot(&group.to)),
        )
    }

    /// Whether the user may do anything at all.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == UserStatus::Active
    }

    pub(super) fn roles(&self) -> &[Slot] {
        self.held.as_slice().get(..usize::from(self.direct)).unwrap_or_default()
    }

    pub(super) fn groups(&self) -> &[Slot] {
        self.held.as_slice().get(usize::from(self.direct)..).unwrap_or_default()
    }
}

/// What stands for a text by which somebody is found: half of its SHA-256. Texts are chosen outside, and nobody can choose
/// two that meet.
pub(super) type Mark = [u8; 16];

pub(super) fn mark(text: &str) -> Mark {
    let hash = Sha256::digest(text.as_bytes());
    let mut mark = Mark::default();
    mark.iter_mut().zip(hash).for_each(|(mark, byte)| *mark = byte);
    mark
}

/// The users with one e-mail address; it need not be one.
#[derive(Debug, Clone)]
enum Holders {
    One(UserId),
    Several(Arc<Vec<UserId>>),
}

impl Holders {
    fn as_slice(&self) -> &[UserId] {
        match self {
            Self::One(user) => core::slice::from_ref(user),
            Self::Several(users) => users,
        }
    }
}

/// The users of a tenant at a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct People {
    pub(super) users: Table<UserId, UserFacts>,
    subjects: Table<Mark, UserId>,
    emails: Table<Mark, Holders>,
    pub(super) timed: Table<UserId, Arc<Timed>>,
    /// A time at which somebody may have more or less than at the moment; not before it does anybody.
    pub(super) turn: Option<Timestamp>,
}

impl People {
    pub(super) fn find(&self, id: UserId) -> Option<&UserFacts> {
        self.users.get(&id)
    }

    pub(super) fn with_subject(&self, subject: &str) -> Option<UserId> {
        self.subjects.get(&mark(subject)).copied()
    }

    pub(super) fn with_email(&self, email: &str) -> &[UserId] {
        self.emails.get(&mark(&fold(email))).map(Holders::as_slice).unwrap_or_default()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (UserId, &UserFacts)> {
        self.users.iter().map(|(id, facts)| (*id, facts))
    }

    pub(super) fn behind(&self, after: Option<UserId>) -> impl Iterator<Item = (UserId, &UserFacts)> {
        self.users.in_order(after.as_ref()).map(|(id, facts)| (*id, facts))
    }

    pub(super) const fn len(&self) -> usize {
        self.users.len()
    }

    pub(super) fn apply(&mut self, delta: &Delta<User>, numbers: Numbers<'_>, moment: Timestamp) {
        let (before, after) = (delta.before().map(Entry::from), delta.after().map(Entry::from));
        if let Some(before) = before {
            if after.is_none_or(|after| after.subject != before.subject) {
                self.subjects.remove(&mark(before.subject));
            }
            if let Some(email) =
                before.email.filter(|_| after.is_none_or(|after| after.email != before.email))
            {
                self.remove_email(mark(&fold(email)), before.id);
            }
        }
        match after {
            None => {
                self.users.remove(&delta.latest().id);
                self.timed.remove(&delta.latest().id);
            }
            Some(after) => {
                let same = before.is_some_and(|before| {
                    (before.status, before.roles, before.groups) == (after.status, after.roles, after.groups)
                });
                if !same {
                    self.put(&after, numbers, moment);
                }
                if before.is_none_or(|before| before.subject != after.subject) {
                    self.subjects.insert(mark(after.subject), after.id);
                }
                let changed = before.is_none_or(|before| before.email != after.email);
                if let Some(email) = after.email.filter(|_| changed) {
                    self.add_email(mark(&fold(email)), after.id);
                }
            }
        }
    }

    fn put(&mut self, entry: &Entry<'_>, numbers: Numbers<'_>, moment: Timestamp) {
        let Entry { id, status, bot, roles, groups, .. } = *entry;
        let holds = |period: Period| period.holds(moment);
        self.users.insert(id, UserFacts::of((status, bot), roles, groups, numbers, holds));
        match Timed::of(entry) {
            Some(timed) => {
                self.turn = earlier(self.turn, timed.turn(moment));
                self.timed.insert(id, Arc::new(timed));
            }
            None => self.timed.remove(&id),
        }
    }

    fn add_email(&mut self, email: Mark, user: UserId) {
        let present = self.emails.get(&email).map(Holders::as_slice).unwrap_or_default();
        if present.contains(&user) {
            return;
        }
        let holders = if present.is_empty() {
            Holders::One(user)
        } else {
            let mut several = present.to_vec();
            several.push(user);
            several.sort_unstable();
            Holders::Several(Arc::new(several))
        };
        self.emails.insert(email, holders);
    }

    fn remove_email(&mut self, email: Mark, user: UserId) {
        let present = self.emails.get(&email).map(Holders::as_slice).unwrap_or_default();
        let left: Vec<UserId> = present.iter().copied().filter(|present| *present != user).collect();
        match left.as_slice() {
            [] => self.emails.remove(&email),
            [one] => self.emails.insert(email, Holders::One(*one)),
            _ => self.emails.insert(email, Holders::Several(Arc::new(left))),
        }
    }

    /// The same with the numbers that roles and groups have in other tables.
    pub(super) fn renumbered(&self, old: Numbers<'_>, new: Numbers<'_>) -> Self {
        let renumbered = |facts: &UserFacts| {
            let role = |slot: &Slot| old.roles.get(*slot).and_then(|role| new.roles.slot(&role.id));
            let group = |slot: &Slot| old.groups.get(*slot).and_then(|group| new.groups.slot(&group.id));
            let held = (facts.roles().iter().filter_map(role), facts.groups().iter().filter_map(group));
            UserFacts::new((facts.status, facts.bot), held.0, held.1)
        };
        let users = self.all().map(|(id, facts)| (id, renumbered(facts)));
        Self { users: Table::of(users.collect()), ..self.clone() }
    }
}

/// Users on their way into a snapshot, which takes many at once sooner than one by one.
#[derive(Debug, Default)]
pub struct Roster {
    users: Vec<(UserId, UserFacts)>,
    subjects: Vec<(Mark, UserId)>,
    emails: Vec<(Mark, UserId)>,
    timed: Vec<(UserId, Arc<Timed>)>,
    turn: Option<Timestamp>,
}

impl Roster {
    /// Adds a user, whose roles and groups are in the snapshot already.
    pub fn add(&mut self, tenant: &Snapshot, entry: &Entry<'_>) {
        let Entry { id, status, bot, roles, groups, .. } = *entry;
        let moment = tenant.moment();
        let holds = |period: Period| period.holds(moment);
        self.users.push((id, UserFacts::of((status, bot), roles, groups, tenant.numbers(), holds)));
        if let Some(timed) = Timed::of(entry) {
            self.turn = earlier(self.turn, timed.turn(moment));
            self.timed.push((id, Arc::new(timed)));
        }
        self.subjects.push((mark(entry.subject), entry.id));
        self.emails.extend(entry.email.map(|email| (mark(&fold(email)), entry.id)));
    }

    /// The users, in place of all who were there.
    pub(super) fn into_people(self) -> People {
        let Self { users, subjects, mut emails, timed, turn } = self;
        emails.sort_unstable();
        let mut holders: Vec<(Mark, Holders)> = Vec::with_capacity(emails.len());
        for same in emails.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((email, user)) = same.first() else { continue };
            let several = || Arc::new(same.iter().map(|(_, user)| *user).collect());
            holders.push((
                *email,
                if same.len() == 1 { Holders::One(*user) } else { Holders::Several(several()) },
            ));
        }
        People {
            users: Table::of(users),
            subjects: Table::of(subjects),
            emails: Table::of(holders),
            timed: Table::of(timed),
            turn,
        }
    }
}
