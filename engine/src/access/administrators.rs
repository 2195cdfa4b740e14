//! Does the tenant keep an administrator? (reference/access-control.md §3 "TenantAdmin protection", threats I6, T13)

use super::{
    decide::{Query, decide},
    people::UserFacts,
    slots::SlotSet,
    snapshot::{GroupFacts, Snapshot},
};
use crate::{
    catalogue::Catalogue,
    change::{Change, Delta},
    groups::{Group, GroupStatus},
    ids::{RoleId, UserId},
    refusal::Rule,
    users::UserStatus,
};

/// Refuses changes that take administration from somebody and leave nobody active who has it for good, by whatever path. A
/// tenant where nobody has it yet, because a program made the tenant and is setting it up, has nothing to lose: there these
/// changes pass.
///
/// # Errors
/// [`Rule::LastAdministrator`].
pub fn keep_administrator(before: &Snapshot, after: &Snapshot, changes: &[Change]) -> Result<(), Rule> {
    let takes = changes.iter().any(|change| match change {
        Change::User(delta) => {
            let id = delta.latest().id;
            before.administers_for_good(id) && !after.administers_for_good(id)
        }
        Change::Group(delta) => takes_from_group(before, delta),
        Change::Role(_)
        | Change::Tenant(_)
        | Change::License(_)
        | Change::ApiKey(_)
        | Change::OAuthClient(_)
        | Change::OAuthToken(_)
        | Change::OAuthGrant(_)
        | Change::OAuthConsent(_)
        | Change::Password(_)
        | Change::IdentityProvider(_)
        | Change::Session(_)
        | Change::WebIntegration(_)
        | Change::Webhook(_)
        | Change::Space(_)
        | Change::SpaceAssignment(_) => false,
    });
    if takes && !after.has_administrator() && before.has_administrator() {
        return Err(Rule::LastAdministrator);
    }
    Ok(())
}

fn takes_from_group(before: &Snapshot, delta: &Delta<Group>) -> bool {
    let grants =
        |group: &Group, role: &RoleId| group.status == GroupStatus::Active && group.roles.contains(role);
    delta.before().is_some_and(|was| {
        was.roles.iter().any(|role| {
            before.catalogue().administers(*role)
                && grants(was, role)
                && !delta.after().is_some_and(|is| grants(is, role))
        })
    })
}

impl Snapshot {
    /// Whether a user may administer the tenant: is active and holds [`Catalogue::ADMINISTER`].
    #[must_use]
    pub fn administers(&self, user: UserId) -> bool {
        decide(self, &Query { user, scope: Catalogue::ADMINISTER }).is_allowed()
    }

    /// How many active users, programs not counted, administer the tenant.
    #[must_use]
    pub fn administrators(&self) -> usize {
        let Some(scope) = self.scope(Catalogue::ADMINISTER) else { return 0 };
        let row = self.granting(scope);
        let everybody = self.slots_of_everybody().any(|(role, _)| row.has(role));
        // Few groups make administrators: they are looked up once, and not for each user.
        let mut groups = SlotSet::default();
        let grants = |group: &&GroupFacts| group.active && group.roles.iter().any(|role| row.has(*role));
        let granting = self.groups.iter().filter(grants);
        groups.extend(granting.filter_map(|group| self.groups.slot(&group.id)));
        let administers = |user: &UserFacts| {
            everybody
                || user.roles().iter().any(|role| row.has(*role))
                || user.groups().iter().any(|group| groups.has(*group))
        };
        self.users().filter(|(_, user)| user.is_active() && !user.bot && administers(user)).count()
    }

    /// Whether somebody active administers the tenant for good.
    fn has_administrator(&self) -> bool {
        self.users().any(|(id, user)| self.is_administrator(user) && self.administers_for_good(id))
    }

    /// The same for a person, by what has no end: a program, whose tokens may reach less, does not keep a tenant.
    fn administers_for_good(&self, user: UserId) -> bool {
        self.lasting(user).is_some_and(|lasting| !lasting.bot && self.is_administrator(&lasting))
    }

    fn is_administrator(&self, user: &UserFacts) -> bool {
        let scope = self.scope(Catalogue::ADMINISTER).filter(|_| user.status == UserStatus::Active);
        scope.is_some_and(|scope| self.is_granted(user, scope))
    }
}
