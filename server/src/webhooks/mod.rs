//! Webhooks: where a tenant's events are sent. (reference/events.md §4)

pub mod http;
pub mod sql;
pub mod wire;

use rolecall_engine::{
    events::{EventLevel, EventType},
    identity_providers::Sealed,
    ids::{TenantId, WebhookId},
    names::{Description, Setting, WebhookName},
    webhooks::{
        Header, NewSecret, NewWebhook, Webhook, WebhookOp, WebhookOrigin, WebhookSettings, WebhookStanding,
    },
};
use sql::Selection;

use crate::{
    app::App,
    caller::{Bearer, Caller},
    db::{Found, Keyset, Reader},
    error::Error,
    write::WriteTx,
};

/// What is said of a webhook, with secrets that are not sealed yet.
pub type Given = WebhookSettings<NewSecret, String>;

/// One operation of a patch, the same way.
pub enum GivenOp {
    Name(WebhookName),
    Description(Option<Description>),
    Url(Setting),
    EventTypes(Vec<&'static EventType>),
    Headers(Vec<Header<String>>),
    EncryptedHeaders(Vec<Header<String>>),
    Enabled(bool),
    Secret(Option<NewSecret>),
    CloudEvents(bool),
}

/// What the caller may do with webhooks.
///
/// # Errors
/// When that is nothing.
pub fn standing<P>(caller: &Caller<P>) -> Result<WebhookStanding, Error> {
    let who = caller.asker().webhook_standing(caller.tenant());
    who.enter().map_err(|rule| Error::Refused(Box::new(rule.into())))?;
    Ok(who)
}

/// A page of the webhooks that the caller sees.
pub async fn list(
    app: &App,
    caller: &Caller<Bearer>,
    selection: Selection,
    keyset: Keyset,
) -> Result<Found<Webhook>, Error> {
    let who = standing(caller)?;
    let work = async move |reader: &Reader<'_>| sql::page(reader, &selection, &who, &keyset).await;
    app.db.scan(caller.tenant_id(), work).await
}

/// One webhook.
pub async fn get(app: &App, caller: &Caller<Bearer>, id: WebhookId) -> Result<Webhook, Error> {
    let who = standing(caller)?;
    let work = async move |reader: &Reader<'_>| seen(reader, &who, id).await;
    app.db.read(caller.tenant_id(), work).await
}

/// A webhook, if it is there for somebody.
pub async fn seen(reader: &Reader<'_>, who: &WebhookStanding, id: WebhookId) -> Result<Webhook, Error> {
    sql::find(reader, id).await?.filter(|webhook| who.sees(webhook)).ok_or(Error::NotFound)
}

/// Makes a webhook.
pub async fn create(
    app: &App,
    caller: &Caller<Bearer>,
    (level, origin): (EventLevel, WebhookOrigin),
    given: Given,
) -> Result<Webhook, Error> {
    may_be_asked(app, &given.url, "/url")?;
    let id = app.entropy.webhook_id(app.clock.now());
    let settings = Vault::of(app, caller.tenant_id(), id).settings(given, None)?;
    let new = NewWebhook { level, origin, settings };
    let asker = caller.asker();
    let edit = async move |tx: &WriteTx<'_>| {
        let who = asker.webhook_standing(tx.tenant());
        let others = match new.level {
            EventLevel::Tenant => sql::count_of_tenant(tx.reader()).await?,
            EventLevel::User => sql::of_user(tx.reader(), who.user).await?.len(),
        };
        Ok(Webhook::create(new, id, others, &who, tx.tenant(), tx.editor())?)
    };
    caller.write(app, edit).await
}

/// Puts other settings in place of a webhook's.
pub async fn replace(
    app: &App,
    caller: &Caller<Bearer>,
    id: WebhookId,
    level: Option<EventLevel>,
    given: Given,
) -> Result<Webhook, Error> {
    standing(caller)?;
    may_be_asked(app, &given.url, "/url")?;
    let vault = Vault::of(app, caller.tenant_id(), id);
    let asker = caller.asker();
    let edit = async move |tx: &WriteTx<'_>| {
        let webhook = seen(tx.reader(), &asker.webhook_standing(tx.tenant()), id).await?;
        let settings = vault.settings(given, Some(&webhook.settings))?;
        Ok(webhook.replace(level, settings, tx.tenant(), tx.editor())?)
    };
    caller.write(app, edit).await
}

/// Changes a webhook, all operations or none.
pub async fn patch(
    app: &App,
    caller: &Caller<Bearer>,
    id: WebhookId,
    ops: Vec<GivenOp>,
) -> Result<(), Error> {
    standing(caller)?;
    for (at, op) in ops.iter().enumerate() {
        if let GivenOp::Url(url) = op {
            may_be_asked(app, url, &format!("/{at}/value"))?;
        }
    }
    let vault = Vault::of(app, caller.tenant_id(), id);
    let asker = caller.asker();
    let edit = async move |tx: &WriteTx<'_>| {
        let webhook = seen(tx.reader(), &asker.webhook_standing(tx.tenant()), id).await?;
        let sealed = ops.into_iter().map(|op| vault.op(op, &webhook.settings));
        let ops = sealed.collect::<Result<Vec<_>, Error>>()?;
        Ok(webhook.edit(ops, tx.tenant(), tx.editor())?.map(drop))
    };
    caller.write(app, edit).await
}

/// Deletes a webhook. What waits for it is not sent any more.
pub async fn delete(app: &App, caller: &Caller<Bearer>, id: WebhookId) -> Result<(), Error> {
    standing(caller)?;
    let asker = caller.asker();
    let edit = async move |tx: &WriteTx<'_>| {
        Ok(seen(tx.reader(), &asker.webhook_standing(tx.tenant()), id).await?.delete())
    };
    caller.write(app, edit).await
}

/// Refuses an address that is not one of a public machine, as far as it says so itself (threats T70).
fn may_be_asked(app: &App, url: &Setting, at: &str) -> Result<(), Error> {
    app.egress.may_ask(url.as_str()).map_err(|why| Error::at_pointer(at, why))
}

/// Where the secrets of one webhook are sealed, so that no other has any use for them (threats T83).
pub struct Vault {
    app: App,
    context: String,
}

impl Vault {
    /// That of a webhook.
    pub fn of(app: &App, tenant: TenantId, id: WebhookId) -> Self {
        Self { app: app.clone(), context: format!("{tenant} {id}") }
    }

    fn seal(&self, what: &str, text: &str) -> Result<Sealed, Error> {
        let context = format!("{} {what}", self.context);
        self.app.webhook_secrets.seal(context.as_bytes(), text.as_bytes()).map(Sealed)
    }

    fn open(&self, what: &str, Sealed(sealed): &Sealed) -> Result<String, Error> {
        let context = format!("{} {what}", self.context);
        let opened = self.app.webhook_secrets.open(context.as_bytes(), sealed);
        let opened = opened.and_then(|bytes| String::from_utf8(bytes).ok());
        opened.ok_or_else(|| Error::internal("a secret of a webhook was not sealed here"))
    }

    /// A secret. If it is the `present` one, that stays: sealed anew, it would look like another one.
    fn seal_secret(
        &self,
        secret: Option<NewSecret>,
        present: Option<&WebhookSettings>,
    ) -> Result<Option<Sealed>, Error> {
        let Some(secret) = secret else { return Ok(None) };
        let is_same = |known: &&Sealed| self.open_secret(known).is_ok_and(|known| known == secret.as_str());
        let same = present.and_then(|present| present.secret.as_ref()).filter(is_same);
        same.map_or_else(|| self.seal("secret", secret.as_str()), |same| Ok(same.clone())).map(Some)
    }

    /// A secret of the webhook.
    pub fn open_secret(&self, secret: &Sealed) -> Result<String, Error> {
        self.open("secret", secret)
    }

    /// Headers, each sealed anew: that is how one sees that they were sent again.
    fn seal_headers(&self, headers: Vec<Header<String>>) -> Result<Vec<Header<Sealed>>, Error> {
        let sealed = |Header { name, value }: Header<String>| {
            let value = self.seal(&name, &value)?;
            Ok(Header { name, value })
        };
        headers.into_iter().map(sealed).collect()
    }

    /// The value of an encrypted header.
    pub fn open_header(&self, header: &Header<Sealed>) -> Result<String, Error> {
        self.open(&header.name, &header.value)
    }

    fn settings(&self, given: Given, present: Option<&WebhookSettings>) -> Result<WebhookSettings, Error> {
        Ok(WebhookSettings {
            name: given.name,
            description: given.description,
            url: given.url,
            event_types: given.event_types,
            filter: given.filter,
            enabled: given.enabled,
            headers: given.headers,
            encrypted_headers: self.seal_headers(given.encrypted_headers)?,
            secret: self.seal_secret(given.secret, present)?,
            cloud_events: given.cloud_events,
            checks_revocation: given.checks_revocation,
        })
    }

    fn op(&self, op: GivenOp, present: &WebhookSettings) -> Result<WebhookOp, Error> {
        Ok(match op {
            GivenOp::Name(name) => WebhookOp::Name(name),
            GivenOp::Description(description) => WebhookOp::Description(description),
            GivenOp::Url(url) => WebhookOp::Url(url),
            GivenOp::EventTypes(types) => WebhookOp::EventTypes(types),
            GivenOp::Headers(headers) => WebhookOp::Headers(headers),
            GivenOp::EncryptedHeaders(headers) => WebhookOp::EncryptedHeaders(self.seal_headers(headers)?),
            GivenOp::Enabled(on) => WebhookOp::Enabled(on),
            GivenOp::Secret(secret) => WebhookOp::Secret(self.seal_secret(secret, Some(present))?),
            GivenOp::CloudEvents(on) => WebhookOp::CloudEvents(on),
        })
    }
}
