//! What would a manifest say that wants just what a tenant holds?

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::{String, ToString},
};

use super::{Holdings, Manifest, Section, Setting, WantedGroup, WantedRole, WantedSpace, WantedUser};
use crate::{
    groups::Provider,
    ids::{GroupId, UserId},
    roles::RoleKind,
    spaces::{Assignee, Space, SpaceRoles},
    users::User,
};

/// The manifest that wants what a tenant holds, in these sections. Planning it finds nothing to do.
#[must_use]
pub fn export(holdings: &Holdings, sections: &[Section]) -> Manifest {
    let mut manifest = Manifest { owned: sections.iter().copied().collect(), ..Manifest::default() };
    for section in sections {
        match section {
            Section::AutoAssign | Section::GroupSettings | Section::ApiKeys => {
                let settings = Setting::ALL.iter().filter(|setting| setting.section() == *section);
                let tenant = holdings.snapshot.tenant();
                manifest.settings.extend(settings.map(|setting| (*setting, setting.of(tenant))));
            }
            Section::Everyone => {
                let everyone = holdings.groups.get(&GroupId::EVERYONE);
                manifest.everyone =
                    everyone.map(|group| holdings.roles_of(group).into_iter().cloned().collect());
            }
            Section::UserDefault => {
                let role = holdings.roles.values().find(|role| role.kind == RoleKind::UserDefault);
                manifest.user_default = role.map(|role| role.scopes.iter().cloned().collect());
            }
            Section::Roles => {
                let custom = holdings.roles.values().filter(|role| role.kind == RoleKind::Custom);
                manifest.roles = custom
                    .map(|role| {
                        let description = Some(role.description.clone());
                        let scopes = role.scopes.iter().cloned().collect();
                        (role.name.clone(), WantedRole { description, scopes })
                    })
                    .collect();
            }
            Section::Groups => groups(holdings, Provider::Custom, &mut manifest),
            Section::IdpGroups => groups(holdings, Provider::Idp, &mut manifest),
            Section::Users => manifest.users = users(holdings),
            Section::Spaces => {
                let spaces = holdings.spaces.values();
                manifest.spaces =
                    spaces.map(|space| (space.name.clone(), in_space(holdings, space))).collect();
            }
        }
    }
    manifest
}

fn groups(holdings: &Holdings, provider: Provider, manifest: &mut Manifest) {
    for group in holdings.groups.values().filter(|group| group.provider == provider) {
        let wanted = WantedGroup {
            description: group.description.clone().filter(|_| provider == Provider::Custom),
            roles: Some(holdings.roles_of(group).into_iter().cloned().collect()),
        };
        manifest.groups.insert((provider, group.name.clone()), wanted);
    }
}

/// The people who hold roles or are in custom groups themselves.
fn users(holdings: &Holdings) -> BTreeMap<String, WantedUser> {
    let people = holdings.users.values().filter(|user| user.client_id.is_none());
    people
        .filter_map(|user| {
            let wanted = WantedUser {
                roles: Some(holdings.direct_roles(user).into_iter().cloned().collect()),
                groups: Some(holdings.custom_groups(user).into_iter().cloned().collect()),
            };
            let holds = [
                wanted.roles.as_ref().map_or(0, BTreeSet::len),
                wanted.groups.as_ref().map_or(0, BTreeSet::len),
            ];
            (holds != [0, 0]).then(|| (called(holdings, user), wanted))
        })
        .collect()
}

/// The address of a user where that means the user and nobody else, for it means the same in other tenants; else the subject.
fn called(holdings: &Holdings, user: &User) -> String {
    let means_the_user = |address: &&str| {
        let snapshot = &holdings.snapshot;
        snapshot.user_with_subject(address).is_none() && snapshot.users_with_email(address).len() == 1
    };
    let address = user.email.as_ref().map(crate::names::Email::as_str).filter(means_the_user);
    address.unwrap_or(user.subject.as_str()).to_string()
}

fn in_space(holdings: &Holdings, space: &Space) -> WantedSpace {
    let mut wanted = WantedSpace::default();
    let mut user = |id: UserId, roles: SpaceRoles| {
        let name = holdings.users.get(&id).map(|user| called(holdings, user));
        wanted.users.extend(name.map(|name| (name, roles)));
    };
    for held in holdings.assignments.values().filter(|held| held.space == space.id) {
        match held.assignee {
            Assignee::User(id) | Assignee::Bot(id) => user(id, held.roles),
            Assignee::Group(_) => {}
        }
    }
    for held in holdings.assignments.values().filter(|held| held.space == space.id) {
        let Assignee::Group(id) = held.assignee else { continue };
        let Some(group) = holdings.groups.get(&id) else { continue };
        let of = |provider| holdings.snapshot.group_named(provider, &group.name).is_some();
        let shared = of(Provider::Custom) && of(Provider::Idp);
        let name = if shared { id.to_string() } else { group.name.to_string() };
        wanted.groups.insert(name, held.roles);
    }
    wanted
}
