//! The stories of `scenarios/`, told to the engine.

use std::collections::BTreeMap;

use rolecall_engine::{
    access::{Query, decide},
    assignments::{GroupRef, RoleRef},
    catalogue::AutoAssign,
    groups::{GroupOp, Provider},
    ids::{GroupId, UserId},
    names::RoleName,
    refusal::Refusal,
    roles::RoleOp,
    scopes::ScopeName,
    users::UserOp,
};

use crate::{
    story::{Door, all},
    world::{World, is_open},
};

#[derive(Default)]
struct Names {
    users: BTreeMap<String, UserId>,
    groups: BTreeMap<String, GroupId>,
}

struct Engine {
    world: World,
    names: Names,
}

fn by_name(roles: &[String]) -> Vec<RoleRef> {
    roles.iter().cloned().map(RoleRef::Name).collect()
}

fn scopes(names: &[String]) -> Vec<ScopeName> {
    names.iter().map(|name| ScopeName::new(name).unwrap()).collect()
}

impl Engine {
    fn patch(&mut self, user: &str, op: UserOp) -> bool {
        let editor = self.world.editor();
        self.world.patch_user(self.names.users[user], &[op], &editor).is_ok()
    }

    fn edit_role(&mut self, name: &str, ops: &[RoleOp]) -> Result<(), Refusal> {
        let id = self.world.snapshot.role_named(&RoleName::new(name).unwrap()).unwrap().id;
        let edited = self.world.roles[&id].clone().edit(ops, &self.world.snapshot, &self.world.editor())?;
        self.world.keep(edited).map(drop)
    }
}

impl Door for Engine {
    fn role(&mut self, name: &str, scopes: &[String]) -> bool {
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        self.world.make_role(name, &scopes).is_ok()
    }

    fn scopes(&mut self, role: &str, names: &[String]) -> bool {
        self.edit_role(role, &[RoleOp::ReplaceScopes(scopes(names))]).is_ok()
    }

    fn no_role(&mut self, name: &str) -> bool {
        let id = self.world.snapshot.role_named(&RoleName::new(name).unwrap()).unwrap().id;
        let in_use = self.world.users.values().any(|user| is_open(&user.roles, id, self.world.now))
            || self.world.groups.values().any(|group| group.roles.contains(&id));
        let edited = self.world.roles[&id].clone().delete(in_use);
        edited.and_then(|edited| self.world.keep(edited)).is_ok()
    }

    fn group(&mut self, name: &str, roles: &[String]) -> bool {
        if let Some(id) = self.names.groups.get(name) {
            let ops = [GroupOp::ReplaceRoles(by_name(roles))];
            let edited = self.world.groups[id].clone().edit(&ops, &self.world.snapshot, &self.world.editor());
            return edited.and_then(|edited| self.world.keep(edited)).is_ok();
        }
        let made = self.world.make_group(name, Provider::Custom, by_name(roles));
        made.map(|id| self.names.groups.insert(name.to_owned(), id)).is_ok()
    }

    fn user(&mut self, name: &str) -> bool {
        let made = self.world.make_user(name, Vec::new(), false);
        made.map(|id| self.names.users.insert(name.to_owned(), id)).is_ok()
    }

    fn assign(&mut self, user: &str, roles: &[String]) -> bool {
        self.patch(user, UserOp::ReplaceRoles(by_name(roles)))
    }

    fn membership(&mut self, user: &str, group: &str, join: bool) -> bool {
        let group = GroupRef::Name(group.to_owned(), Provider::Custom);
        self.patch(user, if join { UserOp::AddGroup(group) } else { UserOp::RemoveGroup(group) })
    }

    fn status(&mut self, user: &str, status: &str) -> bool {
        self.patch(user, UserOp::SetStatus(status.parse().unwrap()))
    }

    fn no_user(&mut self, name: &str) -> bool {
        let user = self.world.users[&self.names.users[name]].clone();
        let edited = user.delete(&self.world.editor());
        edited.and_then(|edited| self.world.keep(edited)).is_ok()
    }

    fn everyone(&mut self, roles: &[String]) -> bool {
        self.world.set_everyone(by_name(roles)).is_ok()
    }

    fn user_default(&mut self, names: &[String]) -> bool {
        self.world.set_user_default(scopes(names)).is_ok()
    }

    fn flags(&mut self, on: bool) {
        for flag in [AutoAssign::SharedSpaces, AutoAssign::PrivateContent, AutoAssign::DataServices] {
            self.world.set_flag(flag, on);
        }
    }

    fn professionals(&mut self, on: bool) {
        self.world.entitle(on);
    }

    fn may(&mut self, user: &str, scope: &str) -> bool {
        decide(&self.world.snapshot, &Query { user: self.names.users[user], scope }).is_allowed()
    }

    fn direct_roles(&mut self, user: &str) -> Vec<String> {
        let roles = &self.world.users[&self.names.users[user]].roles;
        roles.iter().map(|id| self.world.roles[&id.to].name.to_string()).collect()
    }
}

#[test]
fn the_engine_keeps_to_every_story() {
    let stories = all();
    assert!(!stories.is_empty());
    for story in stories.values() {
        let world = World::new();
        let admin = *world.users.keys().next().unwrap();
        let users = BTreeMap::from([("admin".to_owned(), admin)]);
        story.tell(&mut Engine { world, names: Names { users, ..Names::default() } });
    }
}
