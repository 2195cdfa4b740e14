//! How is a snapshot read from the database?

use std::{str::FromStr, sync::Arc};

use rolecall_engine::{
    access::{Entry, Roster, Snapshot},
    catalogue::Catalogue,
    ids::{GroupId, RoleId, UserId},
    periods::{Assigned, Period},
    time::Timestamp,
};

use crate::{
    db::{Reader, Row},
    error::Error,
    groups::sql as groups,
    roles::sql as roles,
    space_assignments::sql as space_assignments,
    spaces::sql as spaces,
    tenants::sql as tenants,
};

const USER_ROLES: &str = "SELECT user_id, role_id, valid_from, expires_at FROM user_roles WHERE tenant_id = $1 ORDER BY user_id, position";
const USER_GROUPS: &str = "SELECT user_id, group_id, valid_from, expires_at FROM user_groups WHERE tenant_id = $1 ORDER BY user_id, position";
const USERS: &str =
    "SELECT id, status, subject, email, client_id <> '' FROM users WHERE tenant_id = $1 ORDER BY id";

/// The tenant as the database has it, as it is at a moment; none if there is no such tenant.
///
/// # Errors
/// When the database cannot be read or holds what this program does not understand.
pub async fn load(
    reader: &Reader<'_>,
    catalogue: Arc<Catalogue>,
    moment: Timestamp,
) -> Result<Option<Snapshot>, Error> {
    let Some((tenant, revision)) = tenants::find(reader).await? else { return Ok(None) };
    let mut snapshot = Snapshot::new(catalogue, tenant, revision, moment);
    for role in roles::all(reader).await? {
        snapshot.put_role(&role);
    }
    for group in groups::all(reader).await? {
        snapshot.put_group(&group);
    }
    let mut roles = Assignments::<RoleId>::read(reader, USER_ROLES).await?;
    let mut groups = Assignments::<GroupId>::read(reader, USER_GROUPS).await?;
    let mut users = Roster::default();
    let put = |row: &Row<'_>| {
        let (id, subject, email) = (row.parse(0)?, row.text(2)?, row.opt_text(3)?);
        let entry = Entry {
            id,
            status: row.parse(1)?,
            bot: row.boolean(4)?,
            subject: &subject,
            email: email.as_deref(),
            roles: roles.of(id),
            groups: groups.of(id),
        };
        users.add(&snapshot, &entry);
        Ok(())
    };
    reader.all(USERS, &[], put).await?;
    snapshot.put_users(users);
    snapshot.put_spaces(&spaces::all(reader).await?, &space_assignments::all(reader).await?);
    Ok(Some(snapshot))
}

/// What users have, in the order of the users.
#[derive(Default)]
struct Assignments<T> {
    owners: Vec<UserId>,
    assigned: Vec<Assigned<T>>,
    /// Where the next user's begin.
    next: usize,
}

impl<T: FromStr> Assignments<T> {
    async fn read(reader: &Reader<'_>, sql: &str) -> Result<Self, Error> {
        let read = |row: &Row<'_>| {
            let period = Period::stored(row.integer(2)?, row.integer(3)?);
            Ok((row.parse::<UserId>(0)?, Assigned { to: row.parse(1)?, period }))
        };
        let (owners, assigned) = reader.all(sql, &[], read).await?.into_iter().unzip();
        Ok(Self { owners, assigned, next: 0 })
    }

    /// What a user has; users are asked about in their order.
    fn of(&mut self, user: UserId) -> &[Assigned<T>] {
        let rest = self.owners.get(self.next..).unwrap_or_default();
        let begin = self.next + rest.iter().take_while(|owner| **owner < user).count();
        let own =
            self.owners.get(begin..).unwrap_or_default().iter().take_while(|owner| **owner == user).count();
        self.next = begin + own;
        self.assigned.get(begin..self.next).unwrap_or_default()
    }
}
