//! Which spaces are in the tenant, and who may do what in them by the roles there?

use alloc::{collections::BTreeMap, string::String, sync::Arc, vec::Vec};

use super::{
    decide::{Decision, Denial},
    people::{Mark, UserFacts, mark},
    snapshot::Snapshot,
    table::{Spread, Table},
};
use crate::{
    catalogue::Catalogue,
    change::Delta,
    ids::{GroupId, SpaceId, UserId},
    names::{SpaceName, fold},
    spaces::{
        Member, Rights, Space, SpaceAction, SpaceActions, SpaceAssignment, SpaceKind, SpaceRole, SpaceRoles,
    },
};

/// The type of resource that a space is.
pub const SPACE: &str = "space";

/// What decisions need of a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceFacts {
    /// The identifier.
    pub id: SpaceId,
    /// The type.
    pub kind: SpaceKind,
    /// Who has all roles in it.
    pub owner: Option<UserId>,
    /// Who has which roles, in the order of the members.
    assigned: Arc<[(Member, SpaceRoles)]>,
}

impl SpaceFacts {
    /// The roles that are assigned to a member itself.
    #[must_use]
    pub fn roles_of(&self, member: Member) -> Option<SpaceRoles> {
        let at = self.assigned.binary_search_by_key(&member, |(member, _)| *member).ok()?;
        self.assigned.get(at).map(|(_, roles)| *roles)
    }

    /// Who is assigned which roles.
    pub fn members(&self) -> impl Iterator<Item = (Member, SpaceRoles)> {
        self.assigned.iter().copied()
    }

    /// Everybody whom it concerns, in order.
    fn concerned(&self) -> Vec<Member> {
        let mut all: Vec<Member> = self.members().map(|(member, _)| member).collect();
        all.extend(self.owner.map(Member::User));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The same with other roles of a member; none to take them.
    fn with(&self, member: Member, roles: Option<SpaceRoles>) -> Self {
        let others = self.members().filter(|(known, _)| *known != member);
        let mut assigned: Vec<(Member, SpaceRoles)> = others.collect();
        assigned.extend(roles.map(|roles| (member, roles)));
        assigned.sort_unstable_by_key(|(member, _)| *member);
        Self { assigned: assigned.into(), ..self.clone() }
    }
}

impl Spread for Member {
    fn spread(&self) -> u64 {
        match self {
            Self::User(user) => user.spread(),
            Self::Group(group) => group.spread(),
        }
    }
}

/// The spaces of a tenant.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    spaces: Table<SpaceId, SpaceFacts>,
    names: Table<Mark, SpaceId>,
    /// In which spaces somebody is the owner or assigned roles.
    of: Table<Member, Arc<[SpaceId]>>,
}

fn name_mark(name: &SpaceName) -> Mark {
    mark(&fold(name.as_str()))
}

impl Places {
    /// These, and nothing else.
    fn new<'s>(
        spaces: impl IntoIterator<Item = &'s Space>,
        assignments: impl IntoIterator<Item = &'s SpaceAssignment>,
    ) -> Self {
        let mut assigned: BTreeMap<SpaceId, Vec<(Member, SpaceRoles)>> = BTreeMap::new();
        for assignment in assignments {
            let entry = (assignment.assignee.member(), assignment.roles);
            assigned.entry(assignment.space).or_default().push(entry);
        }
        let (mut all, mut names, mut of) = (Vec::new(), Vec::new(), BTreeMap::<Member, Vec<SpaceId>>::new());
        for space in spaces {
            let mut assigned = assigned.remove(&space.id).unwrap_or_default();
            assigned.sort_unstable_by_key(|(member, _)| *member);
            let Space { id, kind, owner, .. } = *space;
            let facts = SpaceFacts { id, kind, owner, assigned: assigned.into() };
            facts.concerned().into_iter().for_each(|member| of.entry(member).or_default().push(id));
            names.push((name_mark(&space.name), id));
            all.push((id, facts));
        }
        let sorted = |(member, mut spaces): (Member, Vec<SpaceId>)| {
            spaces.sort_unstable();
            (member, spaces.into())
        };
        Self {
            spaces: Table::of(all),
            names: Table::of(names),
            of: Table::of(of.into_iter().map(sorted).collect()),
        }
    }

    /// About how many bytes they take.
    pub(super) fn memory(&self) -> usize {
        const OF_A_SPACE: usize = 250;
        const OF_A_MEMBER: usize = 100;
        self.spaces.len() * OF_A_SPACE + self.of.len() * OF_A_MEMBER
    }

    fn of(&self, member: Member) -> &[SpaceId] {
        self.of.get(&member).map(AsRef::as_ref).unwrap_or_default()
    }

    pub(super) fn apply(&mut self, delta: &Delta<Space>) {
        if let Some(before) = delta.before() {
            self.names.remove(&name_mark(&before.name));
        }
        let Space { id, kind, owner, .. } = *delta.latest();
        let Some(after) = delta.after() else { return self.replace(id, None) };
        self.names.insert(name_mark(&after.name), id);
        let assigned = self.spaces.get(&id).map(|facts| Arc::clone(&facts.assigned)).unwrap_or_default();
        self.replace(id, Some(SpaceFacts { id, kind, owner, assigned }));
    }

    pub(super) fn apply_assignment(&mut self, delta: &Delta<SpaceAssignment>) {
        let SpaceAssignment { space, assignee, .. } = *delta.latest();
        let roles = delta.after().map(|after| after.roles);
        let changed = self.spaces.get(&space).map(|facts| facts.with(assignee.member(), roles));
        if let Some(changed) = changed {
            self.replace(space, Some(changed));
        }
    }

    /// Takes out somebody who is not in the tenant any more. What was owned stays, without an owner.
    pub(super) fn forget(&mut self, gone: Member) {
        for id in self.of(gone).to_vec() {
            let Some(facts) = self.spaces.get(&id) else { continue };
            let owner = facts.owner.filter(|owner| Member::User(*owner) != gone);
            self.replace(id, Some(SpaceFacts { owner, ..facts.with(gone, None) }));
        }
    }

    fn replace(&mut self, id: SpaceId, after: Option<SpaceFacts>) {
        let concerned = |facts: Option<&SpaceFacts>| facts.map(SpaceFacts::concerned).unwrap_or_default();
        let (before, now) = (concerned(self.spaces.get(&id)), concerned(after.as_ref()));
        for member in before.iter().filter(|member| now.binary_search(member).is_err()) {
            let left: Arc<[SpaceId]> =
                self.of(*member).iter().copied().filter(|other| *other != id).collect();
            if left.is_empty() {
                self.of.remove(member);
            } else {
                self.of.insert(*member, left);
            }
        }
        for member in now.iter().filter(|member| before.binary_search(member).is_err()) {
            let mut spaces = self.of(*member).to_vec();
            spaces.push(id);
            spaces.sort_unstable();
            self.of.insert(*member, spaces.into());
        }
        match after {
            Some(facts) => self.spaces.insert(id, facts),
            None => self.spaces.remove(&id),
        }
    }
}

/// What lets somebody do something with a space by being in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpaceGrant {
    /// The user owns it.
    Owner,
    /// The user has a role in it, or a group has that the user is in.
    Role(SpaceRole, Member),
}

impl Snapshot {
    /// Puts spaces and the assignments in them in, in place of all that were there.
    pub fn put_spaces(&mut self, spaces: &[Space], assignments: &[SpaceAssignment]) {
        self.places = Places::new(spaces, assignments);
    }

    /// The space with an identifier.
    #[must_use]
    pub fn space(&self, id: SpaceId) -> Option<&SpaceFacts> {
        self.places.spaces.get(&id)
    }

    /// The space with a name, in whatever case.
    #[must_use]
    pub fn space_named(&self, name: &SpaceName) -> Option<SpaceId> {
        self.places.names.get(&name_mark(name)).copied()
    }

    /// How many spaces there are.
    #[must_use]
    pub const fn space_count(&self) -> usize {
        self.places.spaces.len()
    }

    /// All spaces, in no order.
    pub fn spaces(&self) -> impl Iterator<Item = &SpaceFacts> {
        self.places.spaces.iter().map(|(_, facts)| facts)
    }

    /// The spaces that a user owns or has roles in, by whatever way, each once.
    #[must_use]
    pub fn spaces_of(&self, user: UserId) -> Vec<&SpaceFacts> {
        let mut ids: Vec<SpaceId> =
            self.ways_into_spaces(user).flat_map(|member| self.places.of(member)).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(|id| self.space(id)).collect()
    }

    /// As whom a user has roles in spaces: as oneself, by the groups that count now, by Everyone.
    fn ways_into_spaces(&self, user: UserId) -> impl Iterator<Item = Member> + use<'_> {
        let facts = self.user(user);
        let slots = facts.map(UserFacts::groups).unwrap_or_default().iter();
        let everyone = self.everyone.iter().filter(move |_| facts.is_some());
        let groups = slots.chain(everyone).filter_map(|slot| self.groups.get(*slot));
        let groups = groups.filter(|group| group.active).map(|group| Member::Group(group.id));
        facts.map(|_| Member::User(user)).into_iter().chain(groups)
    }

    /// What a user may do with a space by being in it.
    #[must_use]
    pub fn rights_in(&self, user: UserId, space: &SpaceFacts) -> Rights {
        if space.owner == Some(user) && self.user(user).is_some() {
            return Rights { roles: space.kind.roles(), actions: space.kind.owner_actions() };
        }
        let held = self.ways_into_spaces(user).filter_map(|member| space.roles_of(member));
        let roles = held.fold(SpaceRoles::NOTHING, SpaceRoles::or);
        Rights { roles, actions: roles.actions() }
    }

    /// What lets a user do something with a space, of what the user is in it.
    fn space_grant(&self, user: UserId, space: &SpaceFacts, action: SpaceAction) -> Option<SpaceGrant> {
        if space.owner == Some(user) && space.kind.owner_actions().has(action) {
            return Some(SpaceGrant::Owner);
        }
        self.ways_into_spaces(user).find_map(|member| {
            let role = space.roles_of(member)?.iter().find(|role| role.actions().has(action))?;
            Some(SpaceGrant::Role(role, member))
        })
    }

    /// A grant in words.
    #[must_use]
    pub fn describe_in_space(&self, grant: SpaceGrant) -> String {
        let group = |id: GroupId| self.group(id).map(|group| group.name.as_str()).unwrap_or_default();
        match grant {
            SpaceGrant::Owner => String::from("granted to the owner of the space"),
            SpaceGrant::Role(role, Member::User(_)) => {
                alloc::format!("granted by the role `{role}` in the space")
            }
            SpaceGrant::Role(role, Member::Group(id)) => {
                alloc::format!("granted by the role `{role}` in the space of the group `{}`", group(id))
            }
        }
    }

    /// The space and the action that a question is about.
    ///
    /// # Errors
    /// When there is no such space or action.
    pub fn asked_of_space(&self, action: &str, id: &str) -> Result<(&SpaceFacts, SpaceAction), Denial> {
        let space = SpaceId::from_hex(id).and_then(|id| self.space(id)).ok_or(Denial::UnknownResource)?;
        Ok((space, action.parse().map_err(|_| Denial::UnknownAction)?))
    }

    /// May this user do this with this space? By what the user is in it, or by administering all spaces.
    #[must_use]
    pub fn judge_in_space(&self, user: UserId, space: &SpaceFacts, action: SpaceAction) -> Decision {
        let Some(facts) = self.user(user) else { return Decision::Denied(Denial::UnknownUser) };
        if let Err(why) = self.may_act(facts) {
            return Decision::Denied(why);
        }
        if let Some(grant) = self.space_grant(user, space, action) {
            return Decision::AllowedInSpace(grant);
        }
        let by_scopes: &[&str] = match action {
            SpaceAction::Read => {
                &[Catalogue::ADMINISTER, Catalogue::ADMINISTER_SPACES, Catalogue::READ_SPACES]
            }
            other if SpaceActions::ADMINISTERING.has(other) => {
                &[Catalogue::ADMINISTER, Catalogue::ADMINISTER_SPACES]
            }
            _ => &[],
        };
        let granted = by_scopes.iter().map(|scope| self.judge(facts, scope)).find(|by| by.is_allowed());
        granted.unwrap_or(Decision::Denied(Denial::NotGranted))
    }

    /// What a user may do with a space.
    pub(super) fn actions_in_space(
        &self,
        user: UserId,
        id: &str,
    ) -> impl Iterator<Item = SpaceAction> + use<'_> {
        let space = SpaceId::from_hex(id).and_then(|id| self.space(id));
        let may = move |action: &SpaceAction| {
            space.is_some_and(|space| self.judge_in_space(user, space, *action).is_allowed())
        };
        SpaceAction::ALL.iter().copied().filter(may)
    }

    /// The spaces with which a user may do something.
    pub fn spaces_for(&self, user: UserId, action: SpaceAction) -> impl Iterator<Item = SpaceId> {
        let may = move |space: &&SpaceFacts| self.judge_in_space(user, space, action).is_allowed();
        self.places.spaces.in_order(None).map(|(_, facts)| facts).filter(may).map(|facts| facts.id)
    }

    /// The users who may do something with a space, behind `after` in the order of [`Snapshot::users_behind`].
    pub fn users_of_space(
        &self,
        after: Option<UserId>,
        space: &SpaceFacts,
        action: SpaceAction,
    ) -> impl Iterator<Item = UserId> {
        let users = self.users_behind(after).map(|(id, _)| id);
        users.filter(move |user| self.judge_in_space(*user, space, action).is_allowed())
    }
}
