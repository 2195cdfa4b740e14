//! How is it stored who has which roles in a space?

use std::sync::LazyLock;

use rolecall_engine::{
    change::{Delta, Stamps},
    ids::{GroupId, SpaceAssignmentId, SpaceId, UserId},
    spaces::{Assignee, AssigneeKind, SpaceAssignment, SpaceRole, SpaceRoles},
};

use crate::{
    db::{Found, Keyset, List, Reader, Row, Sort, Sorts, Table, Value, Writer},
    error::Error,
};

/// What assignments can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[("createdAt", &[Sort::up("created_at")])];

static ASSIGNMENTS: LazyLock<Table<10>> = LazyLock::new(|| {
    Table::new(
        "space_assignments",
        [
            "id",
            "space_id",
            "kind",
            "user_id",
            "group_id",
            "roles",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
        ],
    )
});

fn values(assignment: &SpaceAssignment) -> [Value<'_>; 10] {
    let (user, group) = match assignment.assignee {
        Assignee::User(user) | Assignee::Bot(user) => (Some(user), None),
        Assignee::Group(group) => (None, Some(group)),
    };
    let roles: Vec<&str> = assignment.roles.iter().map(SpaceRole::as_str).collect();
    [
        assignment.id.into(),
        assignment.space.into(),
        assignment.assignee.kind().as_str().into(),
        user.into(),
        group.into(),
        roles.join(" ").into(),
        assignment.stamps.created_at.into(),
        assignment.stamps.created_by.into(),
        assignment.stamps.updated_at.into(),
        assignment.stamps.updated_by.into(),
    ]
}

fn read(row: &Row<'_>) -> Result<SpaceAssignment, Error> {
    let roles = row.text(5)?;
    let roles: Result<Vec<SpaceRole>, _> = roles.split_whitespace().map(str::parse).collect();
    Ok(SpaceAssignment {
        id: row.parse(0)?,
        space: row.parse(1)?,
        assignee: match row.parse(2)? {
            AssigneeKind::User => Assignee::User(row.parse(3)?),
            AssigneeKind::Bot => Assignee::Bot(row.parse(3)?),
            AssigneeKind::Group => Assignee::Group(row.parse(4)?),
        },
        roles: SpaceRoles::of(&roles.map_err(Error::internal)?),
        stamps: Stamps {
            created_at: row.time(6)?,
            created_by: row.opt_parse(7)?,
            updated_at: row.time(8)?,
            updated_by: row.opt_parse(9)?,
        },
    })
}

/// One assignment of a space.
pub async fn find(
    reader: &Reader<'_>,
    space: SpaceId,
    id: SpaceAssignmentId,
) -> Result<Option<SpaceAssignment>, Error> {
    let found = reader.find(&ASSIGNMENTS, id, read).await?;
    Ok(found.filter(|assignment| assignment.space == space))
}

/// The assignment of a user in a space.
pub async fn of_user_in(
    reader: &Reader<'_>,
    user: UserId,
    space: SpaceId,
) -> Result<Option<SpaceAssignment>, Error> {
    let condition = "user_id = $2 AND space_id = $3";
    Ok(reader.matching(&ASSIGNMENTS, condition, &[user.into(), space.into()], read).await?.pop())
}

/// All assignments of a user.
pub async fn of_user(reader: &Reader<'_>, user: UserId) -> Result<Vec<SpaceAssignment>, Error> {
    reader.matching(&ASSIGNMENTS, "user_id = $2 ORDER BY space_id", &[user.into()], read).await
}

/// All assignments of a group.
pub async fn of_group(reader: &Reader<'_>, group: GroupId) -> Result<Vec<SpaceAssignment>, Error> {
    reader.matching(&ASSIGNMENTS, "group_id = $2 ORDER BY space_id", &[group.into()], read).await
}

/// All assignments in a space.
pub async fn of_space(reader: &Reader<'_>, space: SpaceId) -> Result<Vec<SpaceAssignment>, Error> {
    reader.matching(&ASSIGNMENTS, "space_id = $2 ORDER BY created_at, id", &[space.into()], read).await
}

/// All assignments, in no order.
pub async fn all(reader: &Reader<'_>) -> Result<Vec<SpaceAssignment>, Error> {
    reader.whole(&ASSIGNMENTS, read).await
}

/// Which assignments a list has.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The identifier of the assignee, as sent.
    pub assignee: Option<String>,
    /// The kind of assignee.
    pub kind: Option<AssigneeKind>,
}

/// A page of the assignments in a space that are selected.
pub async fn page(
    reader: &Reader<'_>,
    space: SpaceId,
    selection: &Selection,
    keyset: &Keyset,
) -> Result<Found<SpaceAssignment>, Error> {
    let mut list = List::of(&ASSIGNMENTS);
    list.and(|parameters| format!("space_id = {}", parameters.add(space)));
    if let Some(assignee) = &selection.assignee {
        list.and(|parameters| {
            let place = parameters.add(assignee.clone());
            format!("user_id = {place} OR group_id = {place}")
        });
    }
    if let Some(kind) = selection.kind {
        list.and(|parameters| format!("kind = {}", parameters.add(kind.as_str())));
    }
    list.page(reader, keyset, read).await
}

/// Stores what happened to an assignment.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<SpaceAssignment>) -> Result<(), Error> {
    writer.store(&ASSIGNMENTS, delta, values).await
}
