//! How does a change get into the database?
//!
//! There is one way: a use case asks its caller to write, gets the tenant as it is with everybody else locked out, and
//! answers the edit. What was edited, its audit rows and its outbox rows are stored here, together or not at all.

use std::sync::Arc;

use rolecall_engine::{
    access::{Impact, Revision, Snapshot, impact, keep_administrator},
    change::{Change, Edited, Editor},
    ids::{OAuthClientId, TenantId, UserId},
    refusal::Rule,
    tenants::{Tenant, TenantStatus},
    time::Timestamp,
};

use crate::{
    api_keys::sql as api_keys,
    app::App,
    audits::{
        archive,
        record::{record, refuse_changed},
    },
    caller::{Caller, Operating, Permission},
    db::{Left, Reader, Shape, Writer, Written},
    error::Error,
    groups::sql as groups,
    http::preview::Preview,
    idempotency::{
        answer::Answer,
        once::{Done, Once},
        sql as idempotency,
    },
    identity_providers::sql as identity_providers,
    licenses::sql as licenses,
    login::sql as sessions,
    oauth::sql as oauth,
    oauth_clients::sql as oauth_clients,
    oauth_tokens::sql as oauth_tokens,
    provisioner::Provisioner,
    roles::sql as roles,
    snapshots,
    space_assignments::sql as space_assignments,
    spaces::sql as spaces,
    tenants::sql as tenants,
    trace::Cause,
    users::sql as users,
    web_integrations::sql as web_integrations,
    webhooks::sql as webhooks,
    written,
};

/// A tenant that nobody else can change meanwhile.
pub struct WriteTx<'t> {
    reader: &'t Reader<'t>,
    tenant: &'t Snapshot,
    editor: Editor,
}

impl<'t> WriteTx<'t> {
    /// Reads what the snapshot does not have.
    pub const fn reader(&self) -> &'t Reader<'t> {
        self.reader
    }

    /// The tenant as it is.
    pub const fn tenant(&self) -> &'t Snapshot {
        self.tenant
    }

    /// Who edits, and when.
    pub const fn editor(&self) -> &Editor {
        &self.editor
    }
}

impl<P: Permission> Caller<P> {
    /// The tenant with what the caller has written.
    pub(crate) fn tenant_now(&self, app: &App) -> Arc<Snapshot> {
        app.snapshots.get(self.tenant_id(), app.clock.now()).unwrap_or_else(|| Arc::clone(self.tenant()))
    }

    /// Stores the edit that `work` answers; nothing if it has no changes. The caller's right is proved again for the
    /// tenant that `work` sees. If the request asked for a preview, nothing is stored.
    ///
    /// # Errors
    /// [`Error::Previewed`] for a preview; what `work` answers; when the caller lost the right or the tenant its last administrator; or when the database
    /// cannot be written. Nothing is stored then.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        app: &App,
        work: impl AsyncFnOnce(&WriteTx<'_>) -> Result<Edited<T>, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let who = self.who.clone();
        let (tenant, mut cause) = (who.tenant(), who.cause.clone());
        // What the request itself has changed does not count.
        cause.expected = cause.expected.filter(|_| written::so_far().written.is_none());
        let prove = async move |tenant: &Snapshot, reader: &Reader<'_>, at| {
            who.prove::<P>(tenant, reader, at).await?;
            Ok(who.editor(tenant, at))
        };
        if self.previews {
            preview(app, tenant, cause, prove, work).await
        } else {
            change(app, tenant, cause, prove, work).await
        }
    }
}

impl Provisioner {
    /// The tenant with what the program has written.
    pub(crate) fn tenant_now(&self, app: &App) -> Arc<Snapshot> {
        app.snapshots.get(self.tenant_id(), app.clock.now()).unwrap_or_else(|| Arc::clone(self.tenant()))
    }

    /// Stores the edit that `work` answers, as [`Caller::write`]. The program's key is proved again.
    ///
    /// # Errors
    /// As [`Caller::write`].
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        app: &App,
        work: impl AsyncFnOnce(&WriteTx<'_>) -> Result<Edited<T>, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let proof = self.proof.clone();
        let prove =
            async move |tenant: &Snapshot, reader: &Reader<'_>, at| proof.prove(tenant, reader, at).await;
        change(app, self.tenant_id(), self.proof.cause.clone(), prove, work).await
    }
}

/// Users whom a preview names.
const NAMED: usize = 100;

/// Makes an edit and throws it away: answers what it would do, by an error so that nobody takes it for done.
async fn preview<T: Send + 'static>(
    app: &App,
    tenant: TenantId,
    cause: Cause,
    prove: impl AsyncFnOnce(&Snapshot, &Reader<'_>, Timestamp) -> Result<Editor, Error> + Send + 'static,
    work: impl AsyncFnOnce(&WriteTx<'_>) -> Result<Edited<T>, Error> + Send + 'static,
) -> Result<T, Error> {
    let at = app.clock.now();
    let work = async move |reader: &Reader<'_>, before: &Snapshot| {
        let editor = prove(before, reader, at).await?;
        let changes = work(&WriteTx { reader, tenant: before, editor }).await?.changes;
        let after = before.apply(Revision(before.revision().0 + 1), at, &changes);
        keep_administrator(before, &after, &changes)?;
        refuse_changed(reader, &after, &changes, &cause).await?;
        let impact =
            if changes.is_empty() { Impact::default() } else { impact(before, &after, &changes, NAMED) };
        let ids: Vec<UserId> = impact.users.iter().map(|user| user.user).collect();
        let people = users::with_ids(reader, before, &ids).await?;
        Ok(Preview::new(!changes.is_empty(), &impact, &people, editor.administrator))
    };
    let (_, preview) = snapshots::scan(app, tenant, work).await?;
    Err(Error::Previewed(serde_json::to_value(preview).map_err(Error::internal)?))
}

/// Stores an edit that Rolecall itself makes to a tenant, for a command on its own machine.
///
/// # Errors
/// As [`Caller::write`].
pub(crate) async fn as_system<T: Send + 'static>(
    app: &App,
    tenant: TenantId,
    work: impl AsyncFnOnce(&WriteTx<'_>) -> Result<Edited<T>, Error> + Send + 'static,
) -> Result<T, Error> {
    let cause = app.traces.present().into();
    change(app, tenant, cause, async |_: &Snapshot, _: &Reader<'_>, at| Ok(Editor::system(at)), work).await
}

/// Stores an edit that an OAuth client asks for that is no caller yet.
///
/// # Errors
/// As [`Caller::write`].
pub(crate) async fn as_client<T: Send + 'static>(
    app: &App,
    tenant: TenantId,
    client: OAuthClientId,
    work: impl AsyncFnOnce(&WriteTx<'_>) -> Result<Edited<T>, Error> + Send + 'static,
) -> Result<T, Error> {
    let cause = app.traces.present().into();
    let editor = async move |_: &Snapshot, _: &Reader<'_>, at| {
        Ok(Editor { client: Some(client), ..Editor::system(at) })
    };
    change(app, tenant, cause, editor, work).await
}

/// Stores an edit that somebody who is logged in makes for an OAuth client. The work proves that they still are.
///
/// # Errors
/// As [`Caller::write`].
pub(crate) async fn as_user<T: Send + 'static>(
    app: &App,
    tenant: TenantId,
    user: UserId,
    client: OAuthClientId,
    work: impl AsyncFnOnce(&WriteTx<'_>) -> Result<Edited<T>, Error> + Send + 'static,
) -> Result<T, Error> {
    let cause = app.traces.present().into();
    let editor = async move |_: &Snapshot, _: &Reader<'_>, at| {
        Ok(Editor { user: Some(user), client: Some(client), provider: None, administrator: false, at })
    };
    change(app, tenant, cause, editor, work).await
}

/// Stores an edit of a tenant that an operator makes.
///
/// # Errors
/// As [`Caller::write`].
pub(crate) async fn as_operator<T: Send + 'static>(
    app: &App,
    tenant: TenantId,
    by: &Operating,
    work: impl AsyncFnOnce(&WriteTx<'_>) -> Result<Edited<T>, Error> + Send + 'static,
) -> Result<T, Error> {
    let id = by.operator().id;
    let prove = async move |_: &Snapshot, reader: &Reader<'_>, at| {
        Operating::prove(id, reader).await?;
        Ok(Editor { client: Some(id), ..Editor::system(at) })
    };
    change(app, tenant, by.cause.clone(), prove, work).await
}

/// Rows that are deleted in one commit when a tenant goes.
const ERASED: usize = 500;

/// Deletes some of the rows of a tenant that is about to be gone; answers whether that were the last ones. That is no change
/// of the tenant: what told of its changes goes too.
///
/// # Errors
/// When the database cannot be written.
pub(crate) async fn erase_some(app: &App, tenant: TenantId, tables: Arc<[Shape]>) -> Result<bool, Error> {
    let work = async move |writer: &mut Writer<'_>| {
        let found = tenants::find(writer).await?;
        let mut left = ERASED;
        if found.is_some_and(|(tenant, _)| tenant.status == TenantStatus::Deleted) {
            for table in tables.iter() {
                left -= writer.erase_some(table, left).await?;
                if left == 0 {
                    break;
                }
            }
        }
        Ok(left > 0)
    };
    beside(app, tenant, work).await
}

/// Moves some of a tenant's audit rows of a day that is past into the archive; answers whether there were any. That is no change of
/// the tenant: the rows stay what they are.
///
/// # Errors
/// When the database cannot be written.
pub(crate) async fn archive_some(app: &App, tenant: TenantId) -> Result<bool, Error> {
    let now = app.clock.now();
    beside(app, tenant, async move |writer| archive::move_some(writer, now).await).await
}

/// Stores what is no change of a tenant, for example how far the delivery of its events is. It has no revision and no audit row.
///
/// # Errors
/// What the work answers, which then must have stored nothing; or when the database cannot be written.
pub(crate) async fn beside<T: Send + 'static>(
    app: &App,
    tenant: TenantId,
    work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let work =
        async move |writer: &mut Writer<'_>| Ok(Written { value: work(writer).await?, left: Left::Note });
    app.db.write(tenant, work, |_| ()).await
}

/// Writes down when sessions were last used. That is no change of a tenant: it has no revision and no audit row. What cannot be
/// written is only logged: those sessions end some seconds earlier after the next start.
pub(crate) async fn note_seen(app: &App) {
    for (tenant, seen) in app.lately_seen.take() {
        let work = async move |writer: &mut Writer<'_>| {
            for (session, at) in seen {
                sessions::see(writer, session, at).await?;
            }
            Ok(())
        };
        if let Err(error) = beside(app, tenant, work).await {
            tracing::warn!(%tenant, %error, "when sessions were used cannot be written down");
        }
    }
}

async fn change<T: Send + 'static>(
    app: &App,
    tenant: TenantId,
    cause: Cause,
    prove: impl AsyncFnOnce(&Snapshot, &Reader<'_>, Timestamp) -> Result<Editor, Error> + Send + 'static,
    work: impl AsyncFnOnce(&WriteTx<'_>) -> Result<Edited<T>, Error> + Send + 'static,
) -> Result<T, Error> {
    let inside = app.clone();
    let work = async move |writer: &mut Writer<'_>| {
        let before = present(&inside, writer).await?;
        if before.tenant().status == TenantStatus::Deleted {
            return Err(Error::NotFound);
        }
        let editor = prove(&before, writer, inside.clock.now()).await?;
        refuse_again(&inside, writer, &editor, &cause).await?;
        let edited = work(&WriteTx { reader: writer, tenant: &before, editor }).await?;
        store(writer, &before, edited, &editor, &cause).await
    };
    stored(app, tenant, work).await
}

/// Refuses a request that was done before, with the answer it was given.
async fn refuse_again(app: &App, reader: &Reader<'_>, editor: &Editor, cause: &Cause) -> Result<(), Error> {
    let Some(once) = cause.once.as_ref().filter(|once| once.done().is_none()) else { return Ok(()) };
    let id = once.id(editor);
    let Some(known) = idempotency::find(reader, &id).await? else { return Ok(()) };
    if known.request != once.request {
        return Err(Error::invalid("the `Idempotency-Key` was given to another request before"));
    }
    let answer = known.answer.and_then(|sealed| Answer::opened(&app.answers, &id, &sealed));
    Err(answer.map_or(Error::DoneBefore, |answer| Error::Replayed(Box::new(answer))))
}

/// What was stored of an edit.
struct Stored<T> {
    value: T,
    /// The one that the tenant is at then.
    revision: Revision,
    /// Rows of the audit trail.
    rows: u64,
    /// The request that is done with it, and what it is called.
    done: Option<(Arc<Once>, String)>,
}

/// Waits until what the work stored is durable. Then the state that it led to is the present one.
async fn stored<T: Send + 'static>(
    app: &App,
    tenant: TenantId,
    work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<Written<Stored<T>>, Error> + Send + 'static,
) -> Result<T, Error> {
    let outside = app.clone();
    let era = app.snapshots.era();
    let publish = move |after| {
        outside.snapshots.publish_written(after, era);
        outside.signal.changed(tenant);
    };
    let Stored { value, revision, rows, done } = app.db.write(tenant, work, publish).await?;
    app.metrics.audit_rows.inc_by(rows);
    written::note_written(tenant, revision);
    if let Some((once, id)) = done {
        once.set_done(Done { tenant, id });
    }
    Ok(value)
}

/// Stores a tenant that does not exist yet, with everything in it. If an operator makes it, that is proved again.
///
/// # Errors
/// When one of its host names is taken, or the database cannot be written. Nothing is stored then.
pub(crate) async fn establish<T: Send + 'static>(
    app: &App,
    tenant: Tenant,
    edited: Edited<T>,
    editor: Editor,
    cause: Cause,
) -> Result<T, Error> {
    // There is nothing yet in which it could be found again: a host name is there once.
    let cause = Cause { once: None, ..cause };
    let id = tenant.id;
    let nothing = Snapshot::new(Arc::clone(&app.catalogue), tenant, Revision::default(), editor.at);
    let work = async move |writer: &mut Writer<'_>| {
        if let Some(operator) = editor.client {
            Operating::prove(operator, writer).await?;
        }
        for hostname in &nothing.tenant().hostnames {
            if tenants::has_hostname(writer, hostname).await? {
                return Err(Rule::HostnameTaken.into());
            }
        }
        store(writer, &nothing, edited, &editor, &cause).await
    };
    stored(app, id, work).await
}

/// The tenant as it is: as earlier work of the same commit left it, or as the database has it.
async fn present(app: &App, writer: &Writer<'_>) -> Result<Arc<Snapshot>, Error> {
    if let Some(left) = writer.uncommitted() {
        let now = app.clock.now();
        // What was assigned for some time only may have ended since.
        return Ok(if left.holds_at(now) { Arc::clone(left) } else { Arc::new(left.at(now)) });
    }
    snapshots::seen_by(app, writer).await?.ok_or(Error::NotFound)
}

/// Stores all of an edit, or nothing where it changes nothing; answers with the revision that the tenant is at then. A new one is stored last: until then a refused edit
/// has left nothing to undo.
async fn store<T>(
    writer: &mut Writer<'_>,
    before: &Snapshot,
    edited: Edited<T>,
    editor: &Editor,
    cause: &Cause,
) -> Result<Written<Stored<T>>, Error> {
    let Edited { value, changes } = edited;
    if changes.is_empty() {
        let stored = Stored { value, revision: before.revision(), rows: 0, done: None };
        return Ok(Written { value: stored, left: Left::Nothing });
    }
    let revision = Revision(before.revision().0 + 1);
    let after = before.apply(revision, editor.at, &changes);
    keep_administrator(before, &after, &changes)?;
    refuse_changed(writer, &after, &changes, cause).await?;
    for change in &changes {
        store_one(writer, change).await?;
    }
    record(writer, &after, &changes, editor, cause).await?;
    let done = cause.once.clone().filter(|once| once.done().is_none());
    let done = done.map(|once| (Arc::clone(&once), once.id(editor)));
    if let Some((once, id)) = &done {
        idempotency::insert(writer, id, &once.request, editor.at).await?;
    }
    tenants::set_revision(writer, after.revision()).await?;
    let stored = Stored { value, revision, rows: changes.len() as u64, done };
    Ok(Written { value: stored, left: Left::State(Arc::new(after)) })
}

async fn store_one(writer: &mut Writer<'_>, change: &Change) -> Result<(), Error> {
    match change {
        Change::Tenant(delta) => tenants::store(writer, delta).await,
        Change::Role(delta) => roles::store(writer, delta).await,
        Change::Group(delta) => groups::store(writer, delta).await,
        Change::User(delta) => users::store(writer, delta).await,
        Change::License(delta) => licenses::store(writer, delta).await,
        Change::ApiKey(delta) => api_keys::store(writer, delta).await,
        Change::OAuthClient(delta) => oauth_clients::store(writer, delta).await,
        Change::OAuthToken(delta) => oauth_tokens::store(writer, delta).await,
        Change::OAuthGrant(delta) => oauth::store(writer, delta).await,
        Change::OAuthConsent(delta) => oauth::store_consent(writer, delta).await,
        Change::Password(delta) => sessions::store_password(writer, delta).await,
        Change::IdentityProvider(delta) => identity_providers::store(writer, delta).await,
        Change::Session(delta) => sessions::store(writer, delta).await,
        Change::WebIntegration(delta) => web_integrations::store(writer, delta).await,
        Change::Webhook(delta) => webhooks::store(writer, delta).await,
        Change::Space(delta) => spaces::store(writer, delta).await,
        Change::SpaceAssignment(delta) => space_assignments::store(writer, delta).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::tests::over, demo::COMPANIES, login::password};

    /// When sessions were last used is written down beside changes, and takes none of them with it.
    #[tokio::test]
    async fn notes_spoil_no_changes() {
        let folder = tempfile::tempdir().unwrap();
        let app = over(&folder.path().join("notes.db")).await;
        let tenant = COMPANIES.first().unwrap().make(&app).await.unwrap().tenant;
        COMPANIES.first().unwrap().set_passwords(&app, tenant).await.unwrap();
        let host = "acme.localhost".parse().unwrap();
        let log_in = || {
            let secret = crate::demo::PASSWORD.to_owned();
            password::by_password(&app, Some(&host), "ada@acme.example", secret)
        };
        let session = log_in().await.unwrap().session;
        let later = app.clock.now().plus(rolecall_engine::time::Span::from_hours(1));
        app.lately_seen.note(tenant, session, later);
        let ((), another) = tokio::join!(note_seen(&app), log_in());
        assert!(another.is_ok());
        let work = async move |reader: &Reader<'_>| sessions::seen_at(reader, session).await;
        assert_eq!(app.db.read(tenant, work).await.unwrap(), Some(later));
    }
}
