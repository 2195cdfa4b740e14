//! How are groups stored?

use std::{collections::HashMap, sync::LazyLock};

use rolecall_engine::{
    access::Snapshot,
    change::{Delta, Stamps},
    filter::{Filter, GroupAttribute},
    groups::Group,
    ids::{GroupId, RoleId},
    names::{Description, GroupName, Setting, fold},
    time::Timestamp,
};

use crate::{
    db::{
        Found, Keyset, List, Parameters, Reader, Row, Sort, Sorts, Table, Test, Value, Writer, column, one_of,
    },
    error::Error,
};

/// What groups can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[
    ("name", &[Sort::up("name_fold")]),
    ("id", &[Sort::up("id")]),
    ("status", &[Sort::up("status")]),
    ("providerType", &[Sort::up("provider")]),
    ("createdAt", &[Sort::up("created_at")]),
    ("lastUpdatedAt", &[Sort::up("updated_at")]),
    ("tenantId", &[Sort::up("tenant_id")]),
];

/// The columns of groups.
pub const COLUMNS: usize = 11;

static GROUPS: LazyLock<Table<COLUMNS>> = LazyLock::new(|| {
    Table::new(
        "groups",
        [
            "id",
            "name",
            "name_fold",
            "provider",
            "status",
            "description",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "external_id",
        ],
    )
});

fn values(group: &Group) -> [Value<'_>; COLUMNS] {
    [
        group.id.into(),
        group.name.as_str().into(),
        fold(group.name.as_str()).into(),
        group.provider.as_str().into(),
        group.status.as_str().into(),
        group.description.as_ref().map(Description::as_str).into(),
        group.stamps.created_at.into(),
        group.stamps.created_by.into(),
        group.stamps.updated_at.into(),
        group.stamps.updated_by.into(),
        group.external_id.as_ref().map(Setting::as_str).into(),
    ]
}

/// A group as the row has it, with the roles the tenant's snapshot has.
pub fn read(row: &Row<'_>, tenant: &Snapshot) -> Result<Group, Error> {
    let group = read_bare(row)?;
    let facts = tenant.group(group.id);
    let roles =
        facts.map(|facts| tenant.roles_of_group(facts).map(|role| role.id).collect()).unwrap_or_default();
    Ok(Group { roles, ..group })
}

fn read_bare(row: &Row<'_>) -> Result<Group, Error> {
    Ok(Group {
        id: row.parse(0)?,
        name: GroupName::stored(row.text(1)?),
        provider: row.parse(3)?,
        status: row.parse(4)?,
        description: row.opt_text(5)?.map(Description::stored),
        external_id: row.opt_text(10)?.map(Setting::stored),
        roles: Vec::new(),
        stamps: Stamps {
            created_at: row.time(6)?,
            created_by: row.opt_parse(7)?,
            updated_at: row.time(8)?,
            updated_by: row.opt_parse(9)?,
        },
    })
}

/// All groups, for lists that another room makes.
pub fn list() -> List<'static, COLUMNS> {
    List::of(&GROUPS)
}

/// One group, system groups included.
pub async fn find(reader: &Reader<'_>, tenant: &Snapshot, id: GroupId) -> Result<Option<Group>, Error> {
    reader.find(&GROUPS, id, |row| read(row, tenant)).await
}

/// All groups, system groups included, in no order, for a tenant that has no snapshot yet.
pub async fn all(reader: &Reader<'_>) -> Result<Vec<Group>, Error> {
    let sql = "SELECT group_id, role_id FROM group_roles WHERE tenant_id = $1 ORDER BY group_id, position";
    let mut roles: HashMap<GroupId, Vec<RoleId>> = HashMap::new();
    for (group, role) in reader.all(sql, &[], |row| Ok((row.parse(0)?, row.parse(1)?))).await? {
        roles.entry(group).or_default().push(role);
    }
    let read = |row: &Row<'_>| {
        let group = read_bare(row)?;
        Ok(Group { roles: roles.remove(&group.id).unwrap_or_default(), ..group })
    };
    reader.whole(&GROUPS, read).await
}

/// A page of the groups that a filter selects, system groups or the others.
pub async fn page(
    reader: &Reader<'_>,
    tenant: &Snapshot,
    filter: Option<&Filter<GroupAttribute>>,
    system: bool,
    keyset: &Keyset,
) -> Result<Found<Group>, Error> {
    let mut list = List::of(&GROUPS);
    list.and(|_| String::from(if system { "provider = 'system'" } else { "provider <> 'system'" }));
    list.filter(filter, &|attribute, test, parameters| compare(attribute, test, parameters, tenant));
    list.page(reader, keyset, |row| read(row, tenant)).await
}

fn compare(
    attribute: GroupAttribute,
    test: Test<'_>,
    parameters: &mut Parameters,
    tenant: &Snapshot,
) -> String {
    let holds = |condition: String| {
        format!("id IN (SELECT x.group_id FROM group_roles x WHERE x.tenant_id = $1 AND {condition})")
    };
    match attribute {
        GroupAttribute::Id => column("id", test, parameters),
        GroupAttribute::Name => column("name_fold", test, parameters),
        GroupAttribute::Status => column("status", test, parameters),
        GroupAttribute::ProviderType => column("provider", test, parameters),
        GroupAttribute::CreatedAt => column("created_at", test, parameters),
        GroupAttribute::LastUpdatedAt => column("updated_at", test, parameters),
        GroupAttribute::RoleId => holds(column("x.role_id", test, parameters)),
        GroupAttribute::RoleName => {
            let roles = tenant.roles().filter(|role| test.passes([role.name.as_str()])).map(|role| role.id);
            holds(one_of("x.role_id", roles, parameters))
        }
    }
}

/// Whether anybody is in the group.
pub async fn has_members(reader: &Reader<'_>, id: GroupId, at: Timestamp) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM user_groups
               WHERE tenant_id = $1 AND group_id = $2 AND expires_at > $3 LIMIT 1";
    Ok(reader.first(sql, &[id.into(), at.into()], |_| Ok(())).await?.is_some())
}

/// Stores what happened to a group. With a group go its memberships.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<Group>) -> Result<(), Error> {
    writer.store(&GROUPS, delta, values).await?;
    let before = delta.before().map(|group| group.roles.as_slice()).unwrap_or_default();
    match delta.after() {
        Some(after) if after.roles != before => {
            let owner = ("group_id", after.id.into());
            writer
                .replace_list(
                    "group_roles",
                    owner,
                    ["role_id"],
                    after.roles.iter().map(|role| [(*role).into()]),
                )
                .await
        }
        _ => Ok(()),
    }
}
