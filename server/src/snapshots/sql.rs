//! How is a snapshot read from the database?

use std::{collections::HashMap, hash::Hash, str::FromStr, sync::Arc};

use rolecall_engine::{
    access::{Entry, Roster, Snapshot},
    catalogue::Catalogue,
    ids::{GroupId, RoleId, UserId},
};

use crate::{
    db::{Reader, Row},
    error::Error,
    groups::sql as groups,
    roles::sql as roles,
    tenants::sql as tenants,
};

const USER_ROLES: &str =
    "SELECT user_id, role_id FROM user_roles WHERE tenant_id = $1 ORDER BY user_id, position";
const USER_GROUPS: &str =
    "SELECT user_id, group_id FROM user_groups WHERE tenant_id = $1 ORDER BY user_id, position";
const USERS: &str = "SELECT id, status, subject, email FROM users WHERE tenant_id = $1";

/// The tenant as the database has it; none if there is no such tenant.
///
/// # Errors
/// When the database cannot be read or holds what this program does not understand.
pub async fn load(reader: &Reader<'_>, catalogue: Arc<Catalogue>) -> Result<Option<Snapshot>, Error> {
    let Some((tenant, revision)) = tenants::find(reader).await? else { return Ok(None) };
    let mut snapshot = Snapshot::new(catalogue, tenant, revision);
    for role in roles::all(reader).await? {
        snapshot.put_role(&role);
    }
    for group in groups::all(reader).await? {
        snapshot.put_group(&group);
    }
    let mut roles: HashMap<UserId, Vec<RoleId>> = pairs(reader, USER_ROLES).await?;
    let mut groups: HashMap<UserId, Vec<GroupId>> = pairs(reader, USER_GROUPS).await?;
    let mut users = Roster::default();
    let put = |row: &Row<'_>| {
        let (id, subject, email) = (row.parse(0)?, row.text(2)?, row.opt_text(3)?);
        let roles: Vec<RoleId> = roles.remove(&id).unwrap_or_default();
        let groups: Vec<GroupId> = groups.remove(&id).unwrap_or_default();
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

/// The second column's values by the first's.
async fn pairs<K: Eq + Hash + FromStr, V: FromStr>(
    reader: &Reader<'_>,
    sql: &str,
) -> Result<HashMap<K, Vec<V>>, Error> {
    let mut by_key: HashMap<K, Vec<V>> = HashMap::new();
    for (key, value) in reader.all(sql, &[], |row| Ok((row.parse(0)?, row.parse(1)?))).await? {
        by_key.entry(key).or_default().push(value);
    }
    Ok(by_key)
}
