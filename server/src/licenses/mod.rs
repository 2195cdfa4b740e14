//! Licences: who is entitled as what. (reference/rest-api.md §12, reference/access-control.md §7)

pub mod http;
pub mod sql;
mod wire;

use rolecall_engine::{
    change::Edited,
    filter::{Filter, LicenseAttribute},
    licenses::{
        AssignmentOp, Entitlement, LicenseAssignment, LicenseSettings, Outcome, edit_assignments,
        newly_entitled,
    },
};

use crate::{
    app::App,
    caller::{Administrator, Caller},
    db::{Found, Keyset, Reader},
    error::Error,
    users::sql as users,
    write::WriteTx,
};

/// A page of the assignments; of `orphans`, only those whose subject is nobody's.
pub async fn list(
    app: &App,
    caller: &Caller<Administrator>,
    filter: Option<Filter<LicenseAttribute>>,
    orphans: bool,
    keyset: Keyset,
) -> Result<Found<LicenseAssignment>, Error> {
    let work = async move |reader: &Reader<'_>| sql::page(reader, filter.as_ref(), orphans, &keyset).await;
    app.db.scan(caller.tenant_id(), work).await
}

/// How many subjects are entitled, by what they are entitled to.
pub async fn count(app: &App, caller: &Caller<Administrator>) -> Result<[(Entitlement, i64); 2], Error> {
    let work = async |reader: &Reader<'_>| {
        let [professional, analyzer] = [Entitlement::Professional, Entitlement::Analyzer];
        let counts = [sql::count(reader, professional).await?, sql::count(reader, analyzer).await?];
        let [professionals, analyzers] = counts;
        Ok([(professional, professionals), (analyzer, analyzers)])
    };
    app.db.scan(caller.tenant_id(), work).await
}

/// Changes assignments, each operation for itself. A user who becomes Professional by it is assigned the roles that the
/// tenant's flags say.
pub async fn edit(
    app: &App,
    caller: &Caller<Administrator>,
    ops: Vec<AssignmentOp>,
) -> Result<Vec<Outcome>, Error> {
    let edit = async move |tx: &WriteTx<'_>| {
        let mut present = Vec::new();
        for subject in ops.iter().flat_map(AssignmentOp::subjects) {
            present.extend(sql::find(tx.reader(), subject).await?);
        }
        let Edited { value, mut changes } = edit_assignments(present, &ops, tx.editor());
        let mut users_changes = Vec::new();
        for (subject, kind) in newly_entitled(&changes) {
            let Some(id) = users::with_subject(tx.reader(), subject).await? else { continue };
            if let Some(user) = users::find(tx.reader(), tx.tenant(), id).await? {
                users_changes.extend(user.entitle(kind, tx.tenant(), tx.editor()).changes);
            }
        }
        changes.extend(users_changes);
        Ok(Edited { value, changes })
    };
    caller.write(app, edit).await
}

/// Sets what new users are entitled to; answers the settings as they are then.
pub async fn set(
    app: &App,
    caller: &Caller<Administrator>,
    change: impl FnOnce(LicenseSettings) -> LicenseSettings + Send + 'static,
) -> Result<LicenseSettings, Error> {
    let edit = async move |tx: &WriteTx<'_>| {
        let tenant = tx.tenant().tenant().clone();
        let settings = change(tenant.licenses);
        Ok(tenant.set_licenses(settings, tx.editor()).map(|tenant| tenant.licenses))
    };
    caller.write(app, edit).await
}
