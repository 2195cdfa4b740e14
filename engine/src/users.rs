//! What is a user, and how may it change? (reference/access-control.md §3, §9, reference/rest-api.md §3)

use alloc::{boxed::Box, string::ToString, vec::Vec};

use crate::{
    access::Snapshot,
    assignments::{GroupRef, RoleRef, resolve_roles},
    change::{Change, Delta, Edited, Editor, Entity, created, deleted, updated},
    filter::{Filter, UserAttribute},
    groups::Provider,
    ids::{GroupId, IdpId, RoleId, UserId},
    licenses::{Entitlement, LicenseAssignment, auto_assigned_roles},
    names::{DisplayName, Email, Setting, Subject},
    oauth::{BOT, OAuthClient},
    periods::{Assigned, Assignments as _, Period},
    refusal::{Refusal, Rule, limits},
    scim::Profile,
    time::Timestamp,
    words::words,
};

words! {
    /// Where a user stands. Only active users may do anything.
    UserStatus {
        /// Can use the tenant.
        Active = "active",
        /// Was asked to join and has not yet.
        Invited = "invited",
        /// Cannot use the tenant.
        Disabled = "disabled",
        /// Was created by the identity provider and has not logged in yet.
        Provisioned = "provisioned",
    }
}

/// A user of a tenant, with direct roles and memberships. Everyone is not among the memberships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The identifier.
    pub id: UserId,
    /// What the identity provider calls the user; unique in the tenant.
    pub subject: Subject,
    /// The name to show.
    pub name: DisplayName,
    /// The address, not unique.
    pub email: Option<Email>,
    /// The address of a picture.
    pub picture: Option<Setting>,
    /// The language the identity provider knows.
    pub locale: Option<Setting>,
    /// The time zone the identity provider knows.
    pub zoneinfo: Option<Setting>,
    /// The language the user chose.
    pub preferred_locale: Option<Setting>,
    /// The time zone the user chose.
    pub preferred_zoneinfo: Option<Setting>,
    /// Where the user stands.
    pub status: UserStatus,
    /// When the invitation ends; only while invited.
    pub invite_expires_at: Option<Timestamp>,
    /// The OAuth client a bot user belongs to.
    pub client_id: Option<Setting>,
    /// The identity provider that named the user first.
    pub provider: Option<IdpId>,
    /// What the provider's program gave, where the user was provisioned.
    pub profile: Option<Profile>,
    /// The direct roles, in the order given.
    pub roles: Vec<Assigned<RoleId>>,
    /// The groups, in the order joined.
    pub groups: Vec<Assigned<GroupId>>,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user was last edited.
    pub updated_at: Timestamp,
}

/// A user to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// What the identity provider calls the user.
    pub subject: Subject,
    /// The name to show; if not given the address, else the subject.
    pub name: Option<DisplayName>,
    /// The address; needed to invite.
    pub email: Option<Email>,
    /// The address of a picture.
    pub picture: Option<Setting>,
    /// Whether the user is invited rather than active.
    pub invited: bool,
    /// The direct roles.
    pub roles: Vec<RoleRef>,
}

/// What is known already of the subject of a user to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSubject {
    /// The user who has it.
    pub user: Option<UserId>,
    /// What it is entitled to; if nothing, the tenant's licence settings decide.
    pub license: Option<LicenseAssignment>,
}

/// Whether a filter asks about roles, which only administrators see of others (reference/access-control.md §5).
#[must_use]
pub fn asks_about_roles(filter: &Filter<UserAttribute>) -> bool {
    use UserAttribute::{GroupRoleName, RoleId, RoleName, Scope};
    [RoleId, RoleName, GroupRoleName, Scope].into_iter().any(|attribute| filter.mentions(attribute))
}

/// One operation of a patch (reference/rest-api.md §3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserOp {
    /// Another name.
    Rename(DisplayName),
    /// Another address.
    SetEmail(Email),
    /// Another language; none takes the choice back.
    PreferLocale(Option<Setting>),
    /// Another time zone; none takes the choice back.
    PreferZoneinfo(Option<Setting>),
    /// Another status.
    SetStatus(UserStatus),
    /// The invitation ends then.
    SetInviteExpiry(Timestamp),
    /// The invitation ends seven days from now.
    RenewInvite,
    /// These direct roles instead of the present ones.
    ReplaceRoles(Vec<RoleRef>),
    /// One direct role more; no effect if it is held.
    AddRole(RoleRef),
    /// These direct roles less; no effect where one is not held.
    RemoveRoles(Vec<RoleRef>),
    /// These groups instead of the present ones.
    ReplaceGroups(Vec<GroupRef>),
    /// One custom group more.
    AddGroup(GroupRef),
    /// One custom group less; no effect if the user is not in it.
    RemoveGroup(GroupRef),
    /// One direct role for some time; if it is held, for that time from now on.
    AssignRole(RoleRef, Period),
    /// One custom group for some time; if the user is in it, for that time from now on.
    AssignGroup(GroupRef, Period),
}

impl UserOp {
    /// Whether users may do this to themselves (reference/access-control.md §5).
    const fn is_preference(&self) -> bool {
        matches!(self, Self::PreferLocale(_) | Self::PreferZoneinfo(_))
    }
}

impl Entity for User {
    fn change(delta: Delta<Self>) -> Change {
        Change::User(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.updated_at = editor.at.max(Timestamp::from_millis(self.updated_at.as_millis() + 1));
    }
}

impl User {
    /// A new user. A professional is given the tenant's auto-assigned roles behind the roles of the request.
    ///
    /// # Errors
    /// When the subject is taken, an invited user has no address, or a role is unknown or not assignable.
    pub fn create(
        new: NewUser,
        id: UserId,
        known: KnownSubject,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        if known.user.is_some() {
            return Err(Rule::SubjectTaken(new.subject.to_string()).into());
        }
        if new.subject.as_str().starts_with(BOT) {
            return Err(Rule::SubjectReserved.into());
        }
        if new.invited && new.email.is_none() {
            return Err(Rule::InviteNeedsEmail.into());
        }
        let mut roles = resolve_roles(&new.roles, tenant)?;
        let license = match (known.license, tenant.tenant().licenses.entitlement()) {
            (Some(license), _) => Edited::unchanged(Some(license)),
            (None, Some(kind)) => LicenseAssignment::assign(new.subject.clone(), kind, editor).map(Some),
            (None, None) => Edited::unchanged(None),
        };
        let entitlement = license.value.as_ref().map(|license| license.kind);
        let missing: Vec<RoleId> = auto_assigned_roles(tenant, entitlement)
            .into_iter()
            .filter(|role| !roles.contains(role))
            .collect();
        roles.extend(missing);
        let name =
            new.name.or_else(|| new.email.as_ref().and_then(|email| DisplayName::new(email.as_str()).ok()));
        let user = Self {
            id,
            name: name.unwrap_or_else(|| DisplayName::from(&new.subject)),
            subject: new.subject,
            email: new.email,
            picture: new.picture,
            locale: None,
            zoneinfo: None,
            preferred_locale: None,
            preferred_zoneinfo: None,
            status: if new.invited { UserStatus::Invited } else { UserStatus::Active },
            invite_expires_at: new.invited.then(|| editor.at.plus(limits::INVITATION)),
            client_id: None,
            provider: None,
            profile: None,
            roles: roles.into_iter().map(Assigned::from).collect(),
            groups: Vec::new(),
            created_at: editor.at,
            updated_at: editor.at,
        };
        Ok(created(user).and(license))
    }

    /// The user who has become entitled so, with the roles that the tenant's flags put on such users
    /// (reference/access-control.md §4a).
    pub fn entitle(self, kind: Entitlement, tenant: &Snapshot, editor: &Editor) -> Edited<Self> {
        let mut after = self.clone();
        for role in auto_assigned_roles(tenant, Some(kind)) {
            after.roles.add(role, editor.at);
        }
        updated(self, after, editor)
    }

    /// The user that an OAuth client acts as. It administers the tenant, and is entitled to nothing besides
    /// (reference/access-control.md §1.1).
    pub fn bot(client: &OAuthClient, id: UserId, tenant: &Snapshot, editor: &Editor) -> Edited<Self> {
        let roles = tenant.catalogue().default_roles().map(|role| role.id);
        let administers =
            |role: &RoleId| tenant.catalogue().administers(*role) && tenant.role(*role).is_some();
        created(Self {
            id,
            subject: Subject::stored(client.bot_subject()),
            name: DisplayName::stored(client.settings.name.as_str().chars().take(256).collect()),
            email: None,
            picture: None,
            locale: None,
            zoneinfo: None,
            preferred_locale: None,
            preferred_zoneinfo: None,
            status: UserStatus::Active,
            invite_expires_at: None,
            client_id: Some(Setting::stored(client.id.to_string())),
            provider: None,
            profile: None,
            roles: roles.filter(administers).take(1).map(Assigned::from).collect(),
            groups: Vec::new(),
            created_at: editor.at,
            updated_at: editor.at,
        })
    }

    /// The user after all operations of a patch, or none of them.
    ///
    /// # Errors
    /// When the editor is not an administrator and does more than choose own preferences, an operation breaks a rule, or
    /// the editor would lose the own administration.
    pub fn edit(self, ops: &[UserOp], tenant: &Snapshot, editor: &Editor) -> Result<Edited<Self>, Refusal> {
        let own = editor.user == Some(self.id);
        let mut user = self.clone();
        for (at, op) in ops.iter().enumerate() {
            let allowed = editor.administrator || (own && op.is_preference());
            if !allowed {
                return Err(Rule::NotAdministrator.into());
            }
            user.apply(op, tenant, editor).map_err(|refusal| refusal.in_operation(at))?;
        }
        let kept = |role: &&Assigned<RoleId>| {
            user.roles.iter().any(|now| now.to == role.to && now.period.outlasts(role.period, editor.at))
        };
        let administering = self.roles.iter().filter(|role| tenant.catalogue().administers(role.to));
        if own && !administering.filter(|role| role.period.holds(editor.at)).all(|role| kept(&role)) {
            return Err(Rule::OwnAdministration.into());
        }
        if own && self.status == UserStatus::Active && user.status != UserStatus::Active {
            return Err(Rule::OwnAccount.into());
        }
        Ok(updated(self, user, editor))
    }

    fn apply(&mut self, op: &UserOp, tenant: &Snapshot, editor: &Editor) -> Result<(), Refusal> {
        match op {
            UserOp::Rename(name) => self.name = name.clone(),
            UserOp::SetEmail(email) => self.email = Some(email.clone()),
            UserOp::PreferLocale(locale) => self.preferred_locale.clone_from(locale),
            UserOp::PreferZoneinfo(zone) => self.preferred_zoneinfo.clone_from(zone),
            UserOp::SetStatus(status) => self.set_status(*status)?,
            UserOp::SetInviteExpiry(at) => self.invite_until(*at, editor)?,
            UserOp::RenewInvite => self.invite_until(editor.at.plus(limits::INVITATION), editor)?,
            UserOp::ReplaceRoles(roles) => self.roles.replace(resolve_roles(roles, tenant)?, editor.at),
            UserOp::AddRole(role) => self.roles.add(role.resolve(tenant)?, editor.at),
            UserOp::RemoveRoles(roles) => {
                let gone = resolve_roles(roles, tenant)?;
                self.roles.retain(|role| !gone.contains(&role.to));
            }
            UserOp::ReplaceGroups(groups) => self.replace_groups(groups, tenant, editor.at)?,
            UserOp::AddGroup(group) => {
                let (group, name) = custom_group(group, tenant)?;
                if self.groups.held(editor.at).any(|held| held == group) {
                    return Err(Rule::AlreadyMember(name).into());
                }
                self.groups.add(group, editor.at);
            }
            UserOp::RemoveGroup(group) => {
                let (gone, _) = custom_group(group, tenant)?;
                self.groups.retain(|group| group.to != gone);
            }
            UserOp::AssignRole(_, period) | UserOp::AssignGroup(_, period) if period.is_over(editor.at) => {
                return Err(Rule::PeriodIsOver.into());
            }
            UserOp::AssignRole(role, period) => {
                self.roles.assign(Assigned { to: role.resolve(tenant)?, period: *period });
            }
            UserOp::AssignGroup(group, period) => {
                self.groups.assign(Assigned { to: custom_group(group, tenant)?.0, period: *period });
            }
        }
        Ok(())
    }

    fn set_status(&mut self, status: UserStatus) -> Result<(), Rule> {
        let allowed = matches!(status, UserStatus::Active | UserStatus::Disabled) || status == self.status;
        if !allowed {
            return Err(Rule::StatusStep(self.status.as_str(), status.as_str()));
        }
        self.status = status;
        if status != UserStatus::Invited {
            self.invite_expires_at = None;
        }
        Ok(())
    }

    fn invite_until(&mut self, at: Timestamp, editor: &Editor) -> Result<(), Rule> {
        if self.status != UserStatus::Invited {
            return Err(Rule::NotInvited);
        }
        if at <= editor.at {
            return Err(Rule::InviteEnded);
        }
        self.invite_expires_at = Some(at);
        Ok(())
    }

    /// Sets the memberships. Those that the identity provider decides must stay as they are.
    fn replace_groups(
        &mut self,
        groups: &[GroupRef],
        tenant: &Snapshot,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let mut wanted = Vec::with_capacity(groups.len());
        for (item, group) in groups.iter().enumerate() {
            let (id, facts) = group.resolve(tenant).map_err(|rule| Refusal::at_item(rule, item))?;
            if facts.provider != Provider::Custom && !self.groups.held(at).any(|held| held == id) {
                return Err(Refusal::at_item(Rule::IdpGroup(facts.name.to_string()), item));
            }
            if !wanted.contains(&id) {
                wanted.push(id);
            }
        }
        let left = self.groups.held(at).filter(|id| !wanted.contains(id)).filter_map(|id| tenant.group(id));
        if let Some(group) = left.into_iter().find(|group| group.provider != Provider::Custom) {
            return Err(Rule::IdpGroup(group.name.to_string()).into());
        }
        self.groups.replace(wanted, at);
        Ok(())
    }

    /// The end of a user. The user's API keys are revoked with it (reference/access-control.md §6).
    ///
    /// # Errors
    /// When users would delete themselves, or the user belongs to an OAuth client.
    pub fn delete(self, editor: &Editor) -> Result<Edited<()>, Refusal> {
        if editor.user == Some(self.id) {
            return Err(Rule::OwnAccount.into());
        }
        // With its next token the client would make it anew, with all that it begins with.
        if self.client_id.is_some() {
            return Err(Rule::UserOfClient.into());
        }
        Ok(deleted(self))
    }

    /// The end of the user that an OAuth client acted as, with the client.
    pub fn delete_with_client(self) -> Edited<()> {
        deleted(self)
    }
}

/// A group whose members administrators decide.
fn custom_group(group: &GroupRef, tenant: &Snapshot) -> Result<(GroupId, alloc::string::String), Rule> {
    let (id, facts) = group.resolve(tenant)?;
    let name = facts.name.to_string();
    if facts.provider == Provider::Custom { Ok((id, name)) } else { Err(Rule::IdpGroup(name)) }
}
