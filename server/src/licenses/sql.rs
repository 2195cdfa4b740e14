//! How are licence assignments stored?

use std::sync::LazyLock;

use rolecall_engine::{
    change::Delta,
    filter::{Filter, LicenseAttribute},
    licenses::{Entitlement, LicenseAssignment},
    names::{Subject, fold},
};

use crate::{
    db::{Found, Keyset, List, Parameters, Reader, Row, Sort, Sorts, Table, Test, Value, Writer, column},
    error::Error,
};

/// What assignments can be sorted by, and the columns that hold it.
pub const SORTS: Sorts = &[
    ("subject", &[Sort::up("subject_fold")]),
    ("type", &[Sort::up("kind")]),
    ("created", &[Sort::up("created_at")]),
];

static LICENSES: LazyLock<Table<4>> =
    LazyLock::new(|| Table::new("license_assignments", ["subject", "subject_fold", "kind", "created_at"]));

fn values(license: &LicenseAssignment) -> [Value<'_>; 4] {
    let subject = license.subject.as_str();
    [subject.into(), fold(subject).into(), license.kind.as_str().into(), license.created_at.into()]
}

fn read(row: &Row<'_>) -> Result<LicenseAssignment, Error> {
    Ok(LicenseAssignment {
        subject: Subject::stored(row.text(0)?),
        kind: row.parse(2)?,
        created_at: row.time(3)?,
    })
}

/// What a subject is entitled to.
pub async fn find(reader: &Reader<'_>, subject: &Subject) -> Result<Option<LicenseAssignment>, Error> {
    reader.find(&LICENSES, subject.as_str(), read).await
}

/// How many subjects are entitled so.
pub async fn count(reader: &Reader<'_>, kind: Entitlement) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM license_assignments WHERE tenant_id = $1 AND kind = $2";
    reader.count(sql, &[kind.as_str().into()]).await
}

/// A page of the assignments that a filter selects; of `orphans`, only those whose subject is nobody's.
pub async fn page(
    reader: &Reader<'_>,
    filter: Option<&Filter<LicenseAttribute>>,
    orphans: bool,
    keyset: &Keyset,
) -> Result<Found<LicenseAssignment>, Error> {
    let mut list = List::of(&LICENSES);
    if orphans {
        list.and(|_| String::from("subject NOT IN (SELECT u.subject FROM users u WHERE u.tenant_id = $1)"));
    }
    list.filter(filter, &compare);
    list.page(reader, keyset, read).await
}

fn compare(attribute: LicenseAttribute, test: Test<'_>, parameters: &mut Parameters) -> String {
    match attribute {
        LicenseAttribute::Subject => column("subject_fold", test, parameters),
        LicenseAttribute::Type => column("kind", test, parameters),
        LicenseAttribute::Created => column("created_at", test, parameters),
    }
}

/// Stores what happened to an assignment.
pub async fn store(writer: &mut Writer<'_>, delta: &Delta<LicenseAssignment>) -> Result<(), Error> {
    writer.store(&LICENSES, delta, values).await
}
