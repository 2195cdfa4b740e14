//! How are roles stored?

use std::sync::LazyLock;

use rolecall_engine::{
    catalogue::Catalogue,
    change::{Delta, Stamps},
    filter::{Filter, RoleAttribute},
    ids::RoleId,
    names::{Description, RoleName, fold},
    roles::Role,
    scopes::ScopeName,
    time::Timestamp,
};

use crate::{
    db::{
        Found, Keyset, List, Parameters, Reader, Row, Sort, Sorts, Table, Test, Value, Writer, column, one_of,
    },
    error::Error,
};

/// The `type` of the contract, which does not tell `UserDefault` from other default roles.
const TYPE: &str = "CASE kind WHEN 'custom' THEN 'custom' ELSE 'default' END";

/// What roles can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[
    ("name", &[Sort::up("name_fold")]),
    ("id", &[Sort::up("id")]),
    ("type", &[Sort::up(TYPE)]),
    ("level", &[Sort::up("level")]),
    ("description", &[Sort::up("description_fold")]),
    ("createdAt", &[Sort::up("created_at")]),
    ("lastUpdatedAt", &[Sort::up("updated_at")]),
    ("tenantId", &[Sort::up("tenant_id")]),
];

static ROLES: LazyLock<Table<12>> = LazyLock::new(|| {
    Table::new(
        "roles",
        [
            "id",
            "name",
            "name_fold",
            "kind",
            "level",
            "description",
            "description_fold",
            "scopes",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
        ],
    )
});

fn values(role: &Role) -> [Value<'_>; 12] {
    let scopes: Vec<&str> = role.scopes.iter().map(ScopeName::as_str).collect();
    [
        role.id.into(),
        role.name.as_str().into(),
        fold(role.name.as_str()).into(),
        role.kind.as_str().into(),
        role.level.as_str().into(),
        role.description.as_str().into(),
        fold(role.description.as_str()).into(),
        scopes.join(" ").into(),
        role.stamps.created_at.into(),
        role.stamps.created_by.into(),
        role.stamps.updated_at.into(),
        role.stamps.updated_by.into(),
    ]
}

fn read(row: &Row<'_>) -> Result<Role, Error> {
    let scopes = row.text(7)?;
    Ok(Role {
        id: row.parse(0)?,
        name: RoleName::stored(row.text(1)?),
        kind: row.parse(3)?,
        level: row.parse(4)?,
        description: Description::stored(row.text(5)?),
        scopes: scopes.split(' ').filter_map(|scope| ScopeName::new(scope).ok()).collect(),
        stamps: Stamps {
            created_at: row.time(8)?,
            created_by: row.opt_parse(9)?,
            updated_at: row.time(10)?,
            updated_by: row.opt_parse(11)?,
        },
    })
}

/// One role.
pub async fn find(reader: &Reader<'_>, id: RoleId) -> Result<Option<Role>, Error> {
    reader.find(&ROLES, id, read).await
}

/// All roles, in no order.
pub async fn all(reader: &Reader<'_>) -> Result<Vec<Role>, Error> {
    reader.whole(&ROLES, read).await
}

/// A page of the roles that a filter selects.
pub async fn page(
    reader: &Reader<'_>,
    filter: Option<&Filter<RoleAttribute>>,
    keyset: &Keyset,
    catalogue: &Catalogue,
) -> Result<Found<Role>, Error> {
    let mut list = List::of(&ROLES);
    list.filter(filter, &|attribute, test, parameters| compare(attribute, test, parameters, catalogue));
    list.page(reader, keyset, read).await
}

fn compare(
    attribute: RoleAttribute,
    test: Test<'_>,
    parameters: &mut Parameters,
    catalogue: &Catalogue,
) -> String {
    match attribute {
        RoleAttribute::Id => column("id", test, parameters),
        RoleAttribute::Name => column("name_fold", test, parameters),
        RoleAttribute::Type => column(TYPE, test, parameters),
        RoleAttribute::Level => column("level", test, parameters),
        RoleAttribute::TenantId => column("lower(tenant_id)", test, parameters),
        RoleAttribute::CreatedAt => column("created_at", test, parameters),
        RoleAttribute::Description => column("description_fold", test, parameters),
        RoleAttribute::LastUpdatedAt => column("updated_at", test, parameters),
        RoleAttribute::Permissions => {
            let selected = catalogue
                .default_roles()
                .filter(|role| test.passes(role.permissions.iter().map(String::as_str)));
            one_of("id", selected.map(|role| role.id), parameters)
        }
    }
}

/// Whether a user or a group holds the role at a time, or a user will.
pub async fn in_use(reader: &Reader<'_>, id: RoleId, at: Timestamp) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM user_roles WHERE tenant_id = $1 AND role_id = $2 AND expires_at > $3
               UNION ALL SELECT 1 FROM group_roles WHERE tenant_id = $1 AND role_id = $2 LIMIT 1";
    Ok(reader.first(sql, &[id.into(), at.into()], |_| Ok(())).await?.is_some())
}

/// Stores what happened to a role. With a role go the assignments of it that have ended; there are no others.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<Role>) -> Result<(), Error> {
    if let Delta::Deleted(gone) = delta {
        let ended = "DELETE FROM user_roles WHERE tenant_id = $1 AND role_id = $2";
        writer.execute(ended, &[gone.id.into()]).await?;
    }
    writer.store(&ROLES, delta, values).await
}
