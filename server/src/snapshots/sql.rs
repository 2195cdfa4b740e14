//! How is a snapshot read from the database?

use std::{collections::HashMap, str::FromStr, sync::Arc};

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
    tenants::sql as tenants,
};

const USER_ROLES: &str = "SELECT user_id, role_id, valid_from, expires_at FROM user_roles WHERE tenant_id = $1 ORDER BY user_id, position";
const USER_GROUPS: &str = "SELECT user_id, group_id, valid_from, expires_at FROM user_groups WHERE tenant_id = $1 ORDER BY user_id, position";
const USERS: &str = "SELECT id, status, subject, email FROM users WHERE tenant_id = $1";

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
    let mut roles: Assignments<RoleId> = assignments(reader, USER_ROLES).await?;
    let mut groups: Assignments<GroupId> = assignments(reader, USER_GROUPS).await?;
    let mut users = Roster::default();
    let put = |row: &Row<'_>| {
        let (id, subject, email) = (row.parse(0)?, row.text(2)?, row.opt_text(3)?);
        let roles = roles.remove(&id).unwrap_or_default();
        let groups = groups.remove(&id).unwrap_or_default();
        let entry = Entry {
            id,
            status: row.parse(1)?,
            subject: &subject,
            email: email.as_deref(),
            roles: &roles,
            groups: &groups,
        };
        users.add(&snapshot, &entry);
        Ok(())
    };
    reader.all(USERS, &[], put).await?;
    snapshot.put_users(users);
    Ok(Some(snapshot))
}

/// What each user has.
type Assignments<T> = HashMap<UserId, Vec<Assigned<T>>>;

async fn assignments<T: FromStr>(reader: &Reader<'_>, sql: &str) -> Result<Assignments<T>, Error> {
    let mut by_user: Assignments<T> = HashMap::new();
    let read = |row: &Row<'_>| {
        let period = Period::stored(row.integer(2)?, row.integer(3)?);
        Ok((row.parse(0)?, Assigned { to: row.parse(1)?, period }))
    };
    for (user, assigned) in reader.all(sql, &[], read).await? {
        by_user.entry(user).or_default().push(assigned);
    }
    Ok(by_user)
}
