//! A tenant in memory, as large as wanted, the same in every run.

use std::{collections::HashMap, sync::Arc};

use rolecall_engine::{
    access::{Entry, Revision, Roster, Snapshot},
    catalogue::Catalogue,
    change::{Editor, Stamps},
    groups::{Group, GroupStatus, Provider},
    ids::{GroupId, RoleId, TenantId, UserId},
    names::{Description, DisplayName, Email, GroupName, RoleName, Subject},
    periods::Assigned,
    roles::{Role, RoleKind},
    scopes::{Level, ScopeName},
    tenants::Tenant,
    time::Timestamp,
    users::{User, UserStatus},
};

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    pub users: u32,
    pub groups: u32,
    pub custom_roles: u32,
}

/// Numbers that look random and are the same in every run (xorshift).
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % end.max(1)
    }
}

/// The rows of a tenant, as a database would give them.
pub struct World {
    pub roles: Vec<Role>,
    pub groups: Vec<Group>,
    pub users: Vec<UserRow>,
    pub scopes: Vec<ScopeName>,
    pub catalogue: Arc<Catalogue>,
}

pub struct UserRow {
    pub id: UserId,
    pub subject: String,
    pub email: String,
    pub roles: Vec<Assigned<RoleId>>,
    pub groups: Vec<Assigned<GroupId>>,
}

impl UserRow {
    /// The user as an edit takes it.
    pub fn stored(&self) -> User {
        User {
            id: self.id,
            subject: Subject::stored(self.subject.clone()),
            name: DisplayName::stored(self.subject.clone()),
            email: Some(Email::stored(self.email.clone())),
            picture: None,
            locale: None,
            zoneinfo: None,
            preferred_locale: None,
            preferred_zoneinfo: None,
            status: UserStatus::Active,
            invite_expires_at: None,
            client_id: None,
            provider: None,
            profile: None,
            roles: self.roles.clone(),
            groups: self.groups.clone(),
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        }
    }
}

fn eight(n: u32) -> [u8; 8] {
    // Spread, as random identifiers are.
    (u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes()
}

impl World {
    pub fn new(Scale { users, groups, custom_roles }: Scale) -> Self {
        let catalogue = Arc::new(Catalogue::qlik());
        let editor = Editor::system(Timestamp::from_millis(0));
        let mut dice = Dice::new(7);
        let scopes: Vec<ScopeName> =
            catalogue.scopes().filter(|scope| scope.custom_role).map(|scope| scope.name.clone()).collect();
        let mut roles: Vec<Role> =
            catalogue.default_roles().map(|role| Role::adopt(role, &catalogue, &editor).value).collect();
        roles.extend((0..custom_roles).map(|n| Role {
            id: RoleId::new(1, eight(n)),
            name: RoleName::stored(format!("Role {n}")),
            kind: RoleKind::Custom,
            level: Level::User,
            description: Description::stored(String::new()),
            scopes: (0..10).filter_map(|_| scopes.get(dice.below(scopes.len())).cloned()).collect(),
            stamps: Stamps::new(&editor),
        }));
        let assignable: Vec<RoleId> =
            roles.iter().filter(|role| role.kind != RoleKind::UserDefault).map(|role| role.id).collect();
        let pick = |dice: &mut Dice, n: usize| -> Vec<RoleId> {
            (0..n).filter_map(|_| assignable.get(dice.below(assignable.len())).copied()).collect()
        };
        let mut all_groups = vec![Group::everyone(&catalogue, &editor).value];
        for n in 0..groups {
            let count = 1 + dice.below(3);
            all_groups.push(Group {
                id: GroupId::new(2, eight(n)),
                name: GroupName::stored(format!("Group {n}")),
                provider: Provider::Custom,
                status: GroupStatus::Active,
                description: None,
                external_id: None,
                roles: pick(&mut dice, count),
                stamps: Stamps::new(&editor),
            });
        }
        let users = (0..users).map(|n| {
            let direct = dice.below(3);
            UserRow {
                id: UserId::new(3, eight(n)),
                subject: format!("idp\\user-{n:07}"),
                email: format!("user-{n:07}@bench.example"),
                roles: pick(&mut dice, direct).into_iter().map(Assigned::from).collect(),
                groups: (0..5)
                    .filter_map(|_| {
                        all_groups.get(1 + dice.below(all_groups.len() - 1)).map(|group| group.id.into())
                    })
                    .collect(),
            }
        });
        let users = users.collect();
        Self { roles, groups: all_groups, users, scopes, catalogue }
    }

    /// The tenant, compiled.
    pub fn snapshot(&self) -> Snapshot {
        let editor = Editor::system(Timestamp::from_millis(0));
        let name = DisplayName::stored(String::from("Bench"));
        let tenant = Tenant::create(TenantId::new([1; 32]), name, Vec::new(), &editor).value;
        let mut snapshot = Snapshot::new(Arc::clone(&self.catalogue), tenant, Revision(1), editor.at);
        self.roles.iter().for_each(|role| snapshot.put_role(role));
        self.groups.iter().for_each(|group| snapshot.put_group(group));
        let mut users = Roster::default();
        for user in &self.users {
            let entry = Entry {
                id: user.id,
                status: UserStatus::Active,
                bot: false,
                subject: &user.subject,
                email: Some(&user.email),
                roles: &user.roles,
                groups: &user.groups,
            };
            users.add(&snapshot, &entry);
        }
        snapshot.put_users(users);
        snapshot
    }

    /// What the fastest answer by texts would be: everything worked out beforehand, two look-ups.
    pub fn ideal(&self, snapshot: &Snapshot) -> Ideal {
        let scopes: HashMap<String, usize> =
            self.scopes.iter().enumerate().map(|(at, scope)| (scope.to_string(), at)).collect();
        let granted = self.users.iter().map(|user| {
            let mut mask = [0_u64; 4];
            let facts = snapshot.user(user.id);
            for (at, scope) in self.scopes.iter().enumerate() {
                let holds = facts.zip(snapshot.scope(scope.as_str()));
                let holds =
                    holds.is_some_and(|(facts, scope)| snapshot.grants(facts, scope).next().is_some());
                if let (true, Some(word)) = (holds, mask.get_mut(at / 64)) {
                    *word |= 1 << (at % 64);
                }
            }
            (user.id.to_string(), mask)
        });
        Ideal { users: granted.collect(), scopes }
    }
}

/// Answers worked out beforehand.
pub struct Ideal {
    users: HashMap<String, [u64; 4]>,
    scopes: HashMap<String, usize>,
}

impl Ideal {
    pub fn may(&self, user: &str, scope: &str) -> bool {
        let (Some(mask), Some(at)) = (self.users.get(user), self.scopes.get(scope)) else { return false };
        mask.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
}
