//! A tenant in memory, and random things that are done to it.

use std::{collections::BTreeMap, sync::Arc};

use rolecall_engine::{
    access::{Entry, Revision, Roster, Snapshot, keep_administrator},
    assignments::{GroupRef, RoleRef},
    catalogue::{AutoAssign, Catalogue},
    change::{Change, Edited, Editor},
    groups::{Group, GroupOp, NewGroup, Provider, SettingsOp, edit_settings},
    ids::{GroupId, IdpId, RoleId, SpaceAssignmentId, SpaceId, TenantId, UserId},
    licenses::LicenseSettings,
    names::{Description, DisplayName, Email, GroupName, Hostname, RoleName, Setting, Subject},
    periods::{Assigned, Period},
    refusal::Refusal,
    roles::{NewRole, Role, RoleOp},
    scim::{Holder, KnownNames, Profile, Provisioned, provision, reprovision, set_membership},
    scopes::ScopeName,
    spaces::{Member, Space, SpaceAssignment},
    tenants::{Tenant, TenantOp},
    time::{Span, Timestamp},
    users::{KnownSubject, NewUser, User, UserOp, UserStatus},
};

use crate::acts::{Act, Hours, RoleAct, UserAct};

/// How many tenants a law is tried on: so many, unless `PROPTEST_CASES` says otherwise.
pub fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// A tenant, kept twice: as the things it holds and as the snapshot that follows their changes.
#[derive(Clone)]
pub struct World {
    pub snapshot: Snapshot,
    pub tenant: Tenant,
    pub roles: BTreeMap<RoleId, Role>,
    pub groups: BTreeMap<GroupId, Group>,
    pub users: BTreeMap<UserId, User>,
    pub spaces: BTreeMap<SpaceId, Space>,
    pub assignments: BTreeMap<SpaceAssignmentId, SpaceAssignment>,
    /// What was changed, in order.
    pub changes: Vec<Change>,
    made: u32,
    /// The time.
    pub now: Timestamp,
}

pub fn choose<'t, T>(mut items: impl ExactSizeIterator<Item = &'t T>, n: u8) -> Option<&'t T> {
    let count = items.len();
    items.nth(usize::from(n) % count.max(1))
}

impl World {
    /// A fresh tenant with one administrator.
    pub fn new() -> Self {
        let catalogue = Catalogue::qlik();
        let editor = Editor::system(Timestamp::from_millis(1_700_000_000_000));
        let hostname = Hostname::new("acme.example").unwrap();
        let name = DisplayName::new("Acme").unwrap();
        let tenant = Tenant::create(TenantId::new([1; 32]), name, vec![hostname], &editor).value;
        let snapshot = Snapshot::new(Arc::new(catalogue.clone()), tenant.clone(), Revision(1), editor.at);
        let mut world = Self {
            snapshot,
            tenant,
            roles: BTreeMap::new(),
            groups: BTreeMap::new(),
            users: BTreeMap::new(),
            spaces: BTreeMap::new(),
            assignments: BTreeMap::new(),
            changes: Vec::new(),
            made: 0,
            now: editor.at,
        };
        for role in catalogue.default_roles() {
            world.keep(Role::adopt(role, &catalogue, &editor)).unwrap();
        }
        world.keep(Group::everyone(&catalogue, &editor)).unwrap();
        world.make_user("admin", vec![RoleRef::Name("TenantAdmin".into())], false).unwrap();
        world
    }

    /// A tenant after these acts; those that are refused are left out.
    pub fn after(acts: &[Act]) -> Self {
        let mut world = Self::new();
        for act in acts {
            let _ = world.act(act);
        }
        world
    }

    pub fn editor(&self) -> Editor {
        let at = self.now;
        let admin = self.snapshot.users().map(|(id, _)| id).filter(|id| self.snapshot.administers(*id)).min();
        Editor { user: admin, ..Editor::system(at) }
    }

    /// Lets hours pass.
    pub fn pass(&mut self, hours: u8) {
        self.now = self.now.plus(Span::from_hours(u32::from(hours)));
        self.snapshot = self.snapshot.at(self.now);
    }

    pub fn id(&mut self) -> (u32, [u8; 8]) {
        self.made += 1;
        (1_700_000_000 + self.made, u64::from(self.made).to_be_bytes())
    }

    /// Takes over what an edit changed, as the store does.
    pub fn keep<T>(&mut self, edited: Edited<T>) -> Result<T, Refusal> {
        let Edited { value, changes } = edited;
        let after = self.snapshot.apply(Revision(self.snapshot.revision().0 + 1), self.now, &changes);
        keep_administrator(&self.snapshot, &after, &changes)?;
        self.snapshot = after;
        self.changes.extend(changes.iter().cloned());
        for change in changes {
            match change {
                Change::Tenant(delta) => self.tenant = delta.after().unwrap().clone(),
                Change::Role(delta) => put(&mut self.roles, delta.latest().id, delta.after()),
                Change::Group(delta) => {
                    if delta.after().is_none() {
                        let gone = delta.latest().id;
                        self.users.values_mut().for_each(|user| user.groups.retain(|group| group.to != gone));
                        self.forget(Member::Group(gone));
                    }
                    put(&mut self.groups, delta.latest().id, delta.after());
                }
                Change::User(delta) => {
                    if delta.after().is_none() {
                        self.forget(Member::User(delta.latest().id));
                    }
                    put(&mut self.users, delta.latest().id, delta.after());
                }
                Change::Space(delta) => put(&mut self.spaces, delta.latest().id, delta.after()),
                Change::SpaceAssignment(delta) => {
                    put(&mut self.assignments, delta.latest().id, delta.after());
                }
                Change::License(_)
                | Change::ApiKey(_)
                | Change::OAuthClient(_)
                | Change::OAuthToken(_)
                | Change::OAuthGrant(_)
                | Change::OAuthConsent(_)
                | Change::Password(_)
                | Change::IdentityProvider(_)
                | Change::Session(_)
                | Change::WebIntegration(_)
                | Change::Webhook(_) => {}
            }
        }
        Ok(value)
    }

    /// What goes with somebody who goes. In the server these are changes of their own.
    fn forget(&mut self, gone: Member) {
        self.assignments.retain(|_, assignment| assignment.assignee.member() != gone);
        for space in self.spaces.values_mut() {
            space.owner = space.owner.filter(|owner| Member::User(*owner) != gone);
        }
    }

    pub fn make_role(&mut self, name: &str, scopes: &[&str]) -> Result<RoleId, Refusal> {
        let new = NewRole {
            name: RoleName::new(name).unwrap(),
            description: Description::new("").unwrap(),
            scopes: scopes.iter().map(|scope| ScopeName::new(scope).unwrap()).collect(),
        };
        let (at, id) = self.id();
        let edited = Role::create(new, RoleId::new(at, id), &self.snapshot, &self.editor())?;
        self.keep(edited).map(|role| role.id)
    }

    pub fn make_group(
        &mut self,
        name: &str,
        provider: Provider,
        roles: Vec<RoleRef>,
    ) -> Result<GroupId, Refusal> {
        let new = NewGroup {
            name: GroupName::new(name).unwrap(),
            provider,
            description: None,
            external_id: None,
            roles,
        };
        let (at, id) = self.id();
        let edited = Group::create(new, GroupId::new(at, id), &self.snapshot, &self.editor())?;
        self.keep(edited).map(|group| group.id)
    }

    pub fn make_user(
        &mut self,
        subject: &str,
        roles: Vec<RoleRef>,
        invited: bool,
    ) -> Result<UserId, Refusal> {
        let new = NewUser {
            subject: Subject::new(subject).unwrap(),
            name: None,
            email: Email::new("x@example.com").ok().filter(|_| invited),
            picture: None,
            invited,
            roles,
        };
        let known = KnownSubject {
            user: self.users.values().find(|user| user.subject == new.subject).map(|user| user.id),
            license: None,
        };
        let (at, id) = self.id();
        let edited = User::create(new, UserId::new(at, id), known, &self.snapshot, &self.editor())?;
        self.keep(edited).map(|user| user.id)
    }

    pub fn patch_user(&mut self, id: UserId, ops: &[UserOp], editor: &Editor) -> Result<(), Refusal> {
        let edited = self.users[&id].clone().edit(ops, &self.snapshot, editor)?;
        self.keep(edited).map(drop)
    }

    pub fn set_everyone(&mut self, roles: Vec<RoleRef>) -> Result<(), Refusal> {
        let everyone = self.groups[&GroupId::EVERYONE].clone();
        let ops = [SettingsOp::ReplaceEveryoneRoles(roles)];
        let edited = edit_settings(self.tenant.clone(), everyone, &ops, &self.snapshot, &self.editor())?;
        self.keep(edited)
    }

    pub fn set_user_default(&mut self, scopes: Vec<ScopeName>) -> Result<(), Refusal> {
        let role = self.roles[&self.snapshot.catalogue().user_default].clone();
        let edited = role.edit(&[RoleOp::ReplaceScopes(scopes)], &self.snapshot, &self.editor())?;
        self.keep(edited).map(drop)
    }

    pub fn set_flag(&mut self, flag: AutoAssign, on: bool) {
        let edited =
            self.tenant.clone().edit(&[TenantOp::SetAutoAssign(flag, on)], |_| false, &self.editor());
        self.keep(edited.unwrap()).unwrap();
    }

    pub fn entitle(&mut self, professional: bool) {
        let settings = LicenseSettings { auto_assign_professional: professional, auto_assign_analyzer: true };
        let edited = self.tenant.clone().set_licenses(settings, &self.editor());
        self.keep(edited).unwrap();
    }

    fn role(&self, n: u8) -> RoleRef {
        RoleRef::Id(choose(self.roles.keys(), n).unwrap().to_string())
    }

    fn roles(&self, numbers: &[u8]) -> Vec<RoleRef> {
        numbers.iter().map(|n| self.role(*n)).collect()
    }

    fn group(&self, n: u8) -> GroupRef {
        GroupRef::Id(choose(self.groups.keys(), n).unwrap().to_string())
    }

    /// Whether something is in a list, and holds now.
    pub fn holds<T: PartialEq + Copy>(&self, list: &[Assigned<T>], sought: T) -> bool {
        list.iter().any(|assigned| assigned.to == sought && assigned.period.holds(self.now))
    }

    /// A period; always where there would be none.
    fn period(&self, (from, until): Hours) -> Period {
        let at =
            |hours: u8| Timestamp::from_millis(self.now.as_millis() + (i64::from(hours) - 12) * 3_600_000);
        Period::new(from.map(at), until.map(at)).unwrap_or(Period::ALWAYS)
    }

    fn scope(&self, n: u8) -> ScopeName {
        let scopes: Vec<ScopeName> =
            self.snapshot.catalogue().scopes().map(|scope| scope.name.clone()).collect();
        scopes[usize::from(n) % scopes.len()].clone()
    }

    fn scopes(&self, numbers: &[u8]) -> Vec<ScopeName> {
        numbers.iter().map(|n| self.scope(*n)).collect()
    }

    pub fn user_ops(&self, acts: &[UserAct]) -> Vec<UserOp> {
        let statuses =
            [UserStatus::Active, UserStatus::Disabled, UserStatus::Invited, UserStatus::Provisioned];
        let op = |act: &UserAct| match act {
            UserAct::Roles(roles) => UserOp::ReplaceRoles(self.roles(roles)),
            UserAct::AddRole(role) => UserOp::AddRole(self.role(*role)),
            UserAct::RemoveRole(role) => UserOp::RemoveRoles(vec![self.role(*role)]),
            UserAct::Join(group) => UserOp::AddGroup(self.group(*group)),
            UserAct::Leave(group) => UserOp::RemoveGroup(self.group(*group)),
            UserAct::Groups(groups) => UserOp::ReplaceGroups(groups.iter().map(|n| self.group(*n)).collect()),
            UserAct::AssignRole(role, hours) => UserOp::AssignRole(self.role(*role), self.period(*hours)),
            UserAct::AssignGroup(group, hours) => {
                UserOp::AssignGroup(self.group(*group), self.period(*hours))
            }
            UserAct::Status(n) => UserOp::SetStatus(statuses[usize::from(*n) % 4]),
            UserAct::Locale(n) => UserOp::PreferLocale(Setting::new(&format!("l{n}")).ok()),
            UserAct::Rename(n) => UserOp::Rename(DisplayName::new(&format!("n{n}")).unwrap()),
            UserAct::Email(n) => {
                let local = ["ann", "ANN", "bob", "x"][usize::from(*n) % 4];
                UserOp::SetEmail(Email::new(&format!("{local}@example.com")).unwrap())
            }
        };
        acts.iter().map(op).collect()
    }

    pub fn role_ops(&self, acts: &[RoleAct]) -> Vec<RoleOp> {
        let op = |act: &RoleAct| match act {
            RoleAct::Rename(n) => RoleOp::Rename(RoleName::new(&format!("role {}", n % 8)).unwrap()),
            RoleAct::Scopes(scopes) => RoleOp::ReplaceScopes(self.scopes(scopes)),
            RoleAct::Add(scope) => RoleOp::AddScope(self.scope(*scope)),
            RoleAct::Remove(scope) => RoleOp::RemoveScope(self.scope(*scope)),
        };
        acts.iter().map(op).collect()
    }

    pub fn act(&mut self, act: &Act) -> Result<(), Refusal> {
        let editor = self.editor();
        match act {
            Act::MakeRole(name, scopes) => {
                let scopes = self.scopes(scopes);
                let scopes: Vec<&str> = scopes.iter().map(ScopeName::as_str).collect();
                self.make_role(&format!("role {}", name % 16), &scopes).map(drop)
            }
            Act::PatchRole(role, ops) => {
                let role = choose(self.roles.values(), *role).unwrap().clone();
                let edited = role.edit(&self.role_ops(ops), &self.snapshot, &editor)?;
                self.keep(edited).map(drop)
            }
            Act::DeleteRole(role) => {
                let role = choose(self.roles.values(), *role).unwrap().clone();
                let in_use = self.users.values().any(|user| is_open(&user.roles, role.id, self.now))
                    || self.groups.values().any(|group| group.roles.contains(&role.id));
                assert_eq!(self.snapshot.is_held(role.id), in_use);
                let edited = role.delete(in_use)?;
                self.keep(edited)
            }
            Act::MakeGroup(name, idp, roles) => {
                let provider = if *idp { Provider::Idp } else { Provider::Custom };
                let roles = self.roles(roles);
                self.make_group(&format!("group {}", name % 8), provider, roles).map(drop)
            }
            Act::PatchGroup(group, roles) => {
                self.patch_group(*group, GroupOp::ReplaceRoles(self.roles(roles)))
            }
            Act::GiveGroup(group, role, give) => {
                let role = self.role(*role);
                self.patch_group(
                    *group,
                    if *give { GroupOp::AddRole(role) } else { GroupOp::RemoveRole(role) },
                )
            }
            Act::RenameGroup(group, name) => {
                let name = GroupName::new(&format!("group {}", name % 8)).unwrap();
                self.patch_group(*group, GroupOp::Rename(name))
            }
            Act::DeleteGroup(group) => {
                let group = choose(self.groups.values(), *group).unwrap().clone();
                let has_members = self.users.values().any(|user| is_open(&user.groups, group.id, self.now));
                assert!(group.id == GroupId::EVERYONE || self.snapshot.has_members(group.id) == has_members);
                let edited = group.delete(has_members)?;
                self.keep(edited)
            }
            Act::MakeUser(roles, invited) => {
                let subject = format!("user {}", self.made);
                let roles = self.roles(roles);
                self.make_user(&subject, roles, *invited).map(drop)
            }
            Act::PatchUser(user, ops) => {
                let user = choose(self.users.values(), *user).unwrap().id;
                let ops = self.user_ops(ops);
                self.patch_user(user, &ops, &editor)
            }
            Act::DeleteUser(user) => {
                let edited = choose(self.users.values(), *user).unwrap().clone().delete(&editor)?;
                self.keep(edited)
            }
            Act::Provision(user, name, active) => {
                let to = provisioned(&format!("user {name}"), *active);
                let known = holder(choose(self.users.values(), *user).unwrap());
                self.provision(known, to).map(drop)
            }
            Act::Member(user, group, is) => {
                let known = holder(choose(self.users.values(), *user).unwrap());
                let group = choose(self.groups.keys(), *group).unwrap();
                if self.groups[group].provider != Provider::Idp {
                    return Ok(());
                }
                let edited = set_membership(known, *group, *is, &self.snapshot, &program(self.now))?;
                self.keep(edited).map(drop)
            }
            Act::Everyone(roles) => self.set_everyone(self.roles(roles)),
            Act::UserDefault(scopes) => self.set_user_default(self.scopes(scopes)),
            Act::Flag(flag, on) => {
                let flags = [AutoAssign::SharedSpaces, AutoAssign::PrivateContent, AutoAssign::DataServices];
                self.set_flag(flags[usize::from(*flag) % 3], *on);
                Ok(())
            }
            Act::Pass(hours) => {
                self.pass(*hours);
                Ok(())
            }
            Act::Space(act) => self.space_act(act),
            Act::Entitle(professional) => {
                self.entitle(*professional);
                Ok(())
            }
        }
    }

    /// What a program makes of a user it sees, or of none.
    pub fn provision(
        &mut self,
        present: impl Into<Option<Holder>>,
        to: Provisioned,
    ) -> Result<UserId, Refusal> {
        let other = self.users.values().find(|user| user.subject == to.subject).map(holder);
        let known = KnownNames { holder: other, user_name_is_free: true, licenses: Vec::new() };
        let (at, id) = self.id();
        let editor = program(self.now);
        let edited = match present.into() {
            Some(present) => reprovision(present, to, IDP, known, &self.snapshot, &editor),
            None => provision(to, IDP, known, UserId::new(at, id), &self.snapshot, &editor),
        };
        self.keep(edited?).map(|user| user.id)
    }

    fn patch_group(&mut self, group: u8, op: GroupOp) -> Result<(), Refusal> {
        let group = choose(self.groups.values(), group).unwrap().clone();
        let edited = group.edit(&[op], &self.snapshot, &self.editor())?;
        self.keep(edited).map(drop)
    }

    /// The snapshot that is made from what the tenant holds, as a start does.
    pub fn rebuilt(&self) -> Snapshot {
        self.under(self.snapshot.catalogue().clone())
    }

    /// The snapshot of the same things under a catalogue.
    pub fn under(&self, catalogue: Catalogue) -> Snapshot {
        let (revision, now) = (self.snapshot.revision(), self.now);
        let mut snapshot = Snapshot::new(Arc::new(catalogue), self.tenant.clone(), revision, now);
        self.roles.values().for_each(|role| snapshot.put_role(role));
        self.groups.values().for_each(|group| snapshot.put_group(group));
        let mut users = Roster::default();
        self.users.values().for_each(|user| users.add(&snapshot, &Entry::from(user)));
        snapshot.put_users(users);
        let spaces: Vec<Space> = self.spaces.values().cloned().collect();
        let assignments: Vec<SpaceAssignment> = self.assignments.values().cloned().collect();
        snapshot.put_spaces(&spaces, &assignments);
        snapshot
    }
}

/// The identity provider of programs that provision users.
pub const IDP: IdpId = IdpId::new(1, [9; 8]);

/// Such a program.
pub fn program(at: Timestamp) -> Editor {
    Editor { provider: Some(IDP), administrator: false, ..Editor::system(at) }
}

/// A user with the provider that named the user; here all of these are there.
pub fn holder(user: &User) -> Holder {
    Holder { user: user.clone(), bound: user.provider }
}

/// What such a program says of somebody.
pub fn provisioned(subject: &str, active: Option<bool>) -> Provisioned {
    let profile =
        Profile { user_name: subject.into(), external_id: None, document: "{}".into(), waits: false };
    Provisioned {
        subject: Subject::new(subject).unwrap(),
        user_name: subject.into(),
        name: DisplayName::new(subject).unwrap(),
        email: None,
        picture: None,
        locale: None,
        zoneinfo: None,
        active,
        profile,
    }
}

/// Whether something is in a list, and has not ended.
pub fn is_open<T: PartialEq + Copy>(list: &[Assigned<T>], sought: T, at: Timestamp) -> bool {
    list.iter().any(|assigned| assigned.to == sought && !assigned.period.is_over(at))
}

pub fn put<K: Ord, V: Clone>(map: &mut BTreeMap<K, V>, key: K, value: Option<&V>) {
    match value {
        Some(value) => map.insert(key, value.clone()),
        None => map.remove(&key),
    };
}
