//! How are spaces stored?

use std::sync::LazyLock;

use rolecall_engine::{
    change::{Delta, Stamps},
    filter::{Compare, Operand},
    ids::{SpaceId, UserId},
    names::{Description, SpaceName, fold},
    spaces::{Space, SpaceKind},
};

use crate::{
    db::{Found, Keyset, List, Reader, Row, Sort, Sorts, Table, Test, Value, Writer, column, one_of},
    error::Error,
};

/// What spaces can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[
    ("name", &[Sort::up("name_fold")]),
    ("type", &[Sort::up("kind")]),
    ("createdAt", &[Sort::up("created_at")]),
];

static SPACES: LazyLock<Table<10>> = LazyLock::new(|| {
    Table::new(
        "spaces",
        [
            "id",
            "name",
            "name_fold",
            "kind",
            "description",
            "owner_id",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
        ],
    )
});

fn values(space: &Space) -> [Value<'_>; 10] {
    [
        space.id.into(),
        space.name.as_str().into(),
        fold(space.name.as_str()).into(),
        space.kind.as_str().into(),
        space.description.as_ref().map(Description::as_str).into(),
        space.owner.into(),
        space.stamps.created_at.into(),
        space.stamps.created_by.into(),
        space.stamps.updated_at.into(),
        space.stamps.updated_by.into(),
    ]
}

fn read(row: &Row<'_>) -> Result<Space, Error> {
    Ok(Space {
        id: row.parse(0)?,
        name: SpaceName::stored(row.text(1)?),
        kind: row.parse(3)?,
        description: row.opt_text(4)?.map(Description::stored),
        owner: row.opt_parse(5)?,
        stamps: Stamps {
            created_at: row.time(6)?,
            created_by: row.opt_parse(7)?,
            updated_at: row.time(8)?,
            updated_by: row.opt_parse(9)?,
        },
    })
}

/// One space.
pub async fn find(reader: &Reader<'_>, id: SpaceId) -> Result<Option<Space>, Error> {
    reader.find(&SPACES, id, read).await
}

/// All spaces of an owner.
pub async fn of_owner(reader: &Reader<'_>, owner: UserId) -> Result<Vec<Space>, Error> {
    reader.matching(&SPACES, "owner_id = $2 ORDER BY id", &[owner.into()], read).await
}

/// All spaces, in no order.
pub async fn all(reader: &Reader<'_>) -> Result<Vec<Space>, Error> {
    reader.whole(&SPACES, read).await
}

/// Which spaces a list has.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// A part of the name, in any case.
    pub name: Option<String>,
    /// The identifier of the owner, as sent.
    pub owner: Option<String>,
    /// The types; none for all.
    pub kinds: Vec<SpaceKind>,
}

/// A page of the spaces that are selected, of `among` these, where that says which.
pub async fn page(
    reader: &Reader<'_>,
    selection: &Selection,
    among: Option<Vec<SpaceId>>,
    keyset: &Keyset,
) -> Result<Found<Space>, Error> {
    let mut list = List::of(&SPACES);
    if let Some(among) = among {
        list.and(|parameters| one_of("id", among, parameters));
    }
    if let Some(part) = &selection.name {
        let part = Operand::Text(fold(part));
        list.and(|parameters| column("name_fold", Test::Compare(Compare::Contains, &part), parameters));
    }
    if let Some(owner) = &selection.owner {
        list.and(|parameters| format!("owner_id = {}", parameters.add(owner.clone())));
    }
    if !selection.kinds.is_empty() {
        list.and(|parameters| one_of("kind", &selection.kinds, parameters));
    }
    list.page(reader, keyset, read).await
}

/// Stores what happened to a space.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<Space>) -> Result<(), Error> {
    writer.store(&SPACES, delta, values).await
}
