//! What is a webhook, who may have one, and how may it change? (reference/events.md §4)

mod values;

use alloc::{boxed::Box, string::String, vec::Vec};

pub use values::{About, EventFilter, Header, NewSecret, headers};

use crate::{
    access::{Query, Revision, Snapshot, decide},
    change::{Change, Delta, Edited, Editor, Entity, Stamps, created, deleted, updated},
    events::{EventLevel, EventType},
    identity_providers::Sealed,
    ids::{UserId, WebhookId},
    names::{Description, Setting, WebhookName},
    refusal::{Refusal, Rule, WebhookRule, limits},
    time::Timestamp,
    words::words,
};

words! {
    /// What a webhook was made with.
    WebhookOrigin {
        /// The API.
        Api = "api",
        /// Automations.
        Automations = "automations",
        /// A console.
        ManagementConsole = "management-console",
    }
}

/// The scope that lets a user have webhooks.
pub const WEBHOOKS: &str = "webhooks";
/// The scope that administers those of the tenant; a token can have it (reference/events.md §4).
pub const ADMINISTER_WEBHOOKS: &str = "admin.webhooks";

/// What somebody may do with webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookStanding {
    /// The user.
    pub user: UserId,
    /// Whether the user administers the tenant.
    pub administers: bool,
    /// Whether the user may have webhooks.
    pub holds: bool,
}

impl WebhookStanding {
    /// Refuses who has nothing to do with webhooks.
    ///
    /// # Errors
    /// When the user neither administers the tenant nor may have webhooks.
    pub const fn enter(&self) -> Result<(), WebhookRule> {
        if self.administers || self.holds { Ok(()) } else { Err(WebhookRule::MayNotHave) }
    }

    /// Whether a webhook is there for the user.
    #[must_use]
    pub fn sees(&self, webhook: &Webhook) -> bool {
        self.administers || (self.holds && webhook.level == EventLevel::User && webhook.owner == self.user)
    }
}

/// What whoever has a webhook can say of it. Its secret is an `S`, and the values of its encrypted headers are `H`: sealed, where
/// it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings<S = Sealed, H = Sealed> {
    /// The name to show.
    pub name: WebhookName,
    /// What it is for.
    pub description: Option<Description>,
    /// Where events are sent. Whoever reads it from outside checks it.
    pub url: Setting,
    /// The types of events that are sent.
    pub event_types: Vec<&'static EventType>,
    /// Which of them.
    pub filter: Option<EventFilter>,
    /// Whether any are.
    pub enabled: bool,
    /// Headers that are sent too.
    pub headers: Vec<Header<String>>,
    /// The same with values that nobody is shown.
    pub encrypted_headers: Vec<Header<H>>,
    /// What deliveries are signed by.
    pub secret: Option<S>,
    /// Kept: events are always sent as CloudEvents.
    pub cloud_events: bool,
    /// Kept.
    pub checks_revocation: bool,
}

/// Why Rolecall itself switched a webhook off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabled {
    /// For programs.
    pub code: String,
    /// For people.
    pub reason: String,
}

/// Where events are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The identifier.
    pub id: WebhookId,
    /// Whose events it is told of.
    pub level: EventLevel,
    /// Who made it first.
    pub owner: UserId,
    /// What it was made with.
    pub origin: WebhookOrigin,
    /// What was said of it.
    pub settings: WebhookSettings,
    /// Since which state of the tenant it is told of changes: when it was switched on.
    pub since: Revision,
    /// The secret before this one, and until when deliveries are signed by it too.
    pub earlier_secret: Option<(Sealed, Timestamp)>,
    /// Why it is off, if Rolecall switched it off.
    pub disabled: Option<Disabled>,
    /// Who made and edited it, and when.
    pub stamps: Stamps,
}

/// A webhook to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhook {
    /// Whose events it is told of.
    pub level: EventLevel,
    /// What it is made with.
    pub origin: WebhookOrigin,
    /// What is said of it.
    pub settings: WebhookSettings,
}

/// One operation of a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like the settings")]
pub enum WebhookOp {
    Name(WebhookName),
    Description(Option<Description>),
    Url(Setting),
    EventTypes(Vec<&'static EventType>),
    Headers(Vec<Header<String>>),
    EncryptedHeaders(Vec<Header<Sealed>>),
    Enabled(bool),
    Secret(Option<Sealed>),
    CloudEvents(bool),
}

impl WebhookOp {
    const fn member(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Description(_) => "description",
            Self::Url(_) => "url",
            Self::EventTypes(_) => "eventTypes",
            Self::Headers(_) => "headers",
            Self::EncryptedHeaders(_) => "encryptedHeaders",
            Self::Enabled(_) => "enabled",
            Self::Secret(_) => "secret",
            Self::CloudEvents(_) => "enableCloudEventDelivery",
        }
    }
}

impl Entity for Webhook {
    fn change(delta: Delta<Self>) -> Change {
        Change::Webhook(Box::new(delta))
    }
    fn touch(&mut self, editor: &Editor) {
        self.stamps.touch(editor);
    }
}

impl Webhook {
    /// A new webhook. `others` counts those it is limited with: of the tenant, or of the user.
    ///
    /// # Errors
    /// When there are too many, the level is not for the user, or the settings do not fit.
    pub fn create(
        new: NewWebhook,
        id: WebhookId,
        others: usize,
        who: &WebhookStanding,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        let NewWebhook { level, origin, settings } = new;
        who.enter()?;
        match level {
            EventLevel::Tenant if !who.administers => return Err(WebhookRule::TenantLevel.into()),
            EventLevel::Tenant if others >= limits::TENANT_WEBHOOKS => {
                return Err(WebhookRule::TooManyOfTenant(limits::TENANT_WEBHOOKS).into());
            }
            EventLevel::User if others >= limits::USER_WEBHOOKS => {
                return Err(WebhookRule::TooManyOfUser(limits::USER_WEBHOOKS).into());
            }
            EventLevel::Tenant | EventLevel::User => {}
        }
        let stamps = Stamps::new(editor);
        let (owner, earlier_secret, disabled) = (who.user, None, None);
        let since = next(tenant);
        let new = Self { id, level, owner, origin, settings, since, earlier_secret, disabled, stamps };
        new.fits()?;
        Ok(created(new))
    }

    /// The webhook with other settings.
    ///
    /// # Errors
    /// When they do not fit.
    pub fn replace(
        self,
        level: Option<EventLevel>,
        settings: WebhookSettings,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        if level.is_some_and(|level| level != self.level) {
            return Err(WebhookRule::LevelIsFixed.into());
        }
        self.with(settings, tenant, editor)
    }

    /// The webhook after all operations of a patch, or none of them.
    ///
    /// # Errors
    /// When what they lead to does not fit.
    pub fn edit(
        self,
        ops: Vec<WebhookOp>,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        let mut settings = self.settings.clone();
        let members: Vec<&str> = ops.iter().map(WebhookOp::member).collect();
        for op in ops {
            match op {
                WebhookOp::Name(name) => settings.name = name,
                WebhookOp::Description(description) => settings.description = description,
                WebhookOp::Url(url) => settings.url = url,
                WebhookOp::EventTypes(types) => settings.event_types = types,
                WebhookOp::Headers(headers) => settings.headers = headers,
                WebhookOp::EncryptedHeaders(headers) => settings.encrypted_headers = headers,
                WebhookOp::Enabled(on) => settings.enabled = on,
                WebhookOp::Secret(secret) => settings.secret = secret,
                WebhookOp::CloudEvents(on) => settings.cloud_events = on,
            }
        }
        self.with(settings, tenant, editor).map_err(|refusal| {
            let about = match &refusal.rule {
                Rule::Webhook(rule) => rule.members(),
                _ => &[],
            };
            match members.iter().rposition(|member| about.contains(member)) {
                Some(at) => refusal.in_operation(at),
                None => refusal,
            }
        })
    }

    fn with(
        self,
        settings: WebhookSettings,
        tenant: &Snapshot,
        editor: &Editor,
    ) -> Result<Edited<Self>, Refusal> {
        let was = &self.settings;
        let kept = !was.encrypted_headers.is_empty() && was.encrypted_headers == settings.encrypted_headers;
        if kept && was.url != settings.url {
            return Err(WebhookRule::HeadersNeededAgain.into());
        }
        if was.cloud_events && !settings.cloud_events {
            return Err(WebhookRule::CloudEventsStayOn.into());
        }
        let earlier_secret = match (&was.secret, &settings.secret) {
            (Some(earlier), Some(secret)) if earlier != secret => {
                Some((earlier.clone(), editor.at.plus(limits::SECRET_ROTATION)))
            }
            (_, None) => None,
            (None | Some(_), Some(_)) => self.earlier_secret.clone(),
        };
        let disabled = self.disabled.clone().filter(|_| !settings.enabled);
        let begins = settings.enabled && !was.enabled;
        let since = if begins { next(tenant) } else { self.since };
        // One of the tenant whose owner may not have it any more is taken over by the administrator who switches it on.
        let is_left = begins && self.level == EventLevel::Tenant && !self.is_entitled(tenant);
        let owner = editor.user.filter(|_| is_left).unwrap_or(self.owner);
        let after = Self { owner, settings, since, earlier_secret, disabled, ..self.clone() };
        after.fits()?;
        Ok(updated(self, after, editor))
    }

    /// Whether the settings fit together, and the level.
    fn fits(&self) -> Result<(), Refusal> {
        let settings = &self.settings;
        for (at, kind) in settings.event_types.iter().enumerate() {
            if !kind.is_for(self.level) {
                return Err(Refusal::at_item(WebhookRule::TypeNotOfLevel(kind.name).into(), at));
            }
        }
        for header in &settings.headers {
            let mut encrypted = settings.encrypted_headers.iter();
            if encrypted.any(|other| other.name.eq_ignore_ascii_case(&header.name)) {
                return Err(WebhookRule::HeaderTwice(header.name.clone()).into());
            }
        }
        Ok(())
    }

    /// The webhook, switched off by Rolecall; as it is if it is off already.
    pub fn disable(self, why: Disabled, editor: &Editor) -> Edited<Self> {
        if !self.settings.enabled {
            return Edited::unchanged(self);
        }
        let settings = WebhookSettings { enabled: false, ..self.settings.clone() };
        let after = Self { settings, disabled: Some(why), ..self.clone() };
        updated(self, after, editor)
    }

    /// Whether it may be told of anything: for as long as its owner may have it (threats T12).
    #[must_use]
    pub fn is_entitled(&self, tenant: &Snapshot) -> bool {
        let holds = decide(tenant, &Query { user: self.owner, scope: WEBHOOKS }).is_allowed();
        let owner = WebhookStanding { user: self.owner, administers: tenant.administers(self.owner), holds };
        match self.level {
            EventLevel::Tenant => owner.administers,
            EventLevel::User => owner.enter().is_ok(),
        }
    }

    /// Whether it is told of an event about a thing that is `whose`, of a change that led to state `at`.
    #[must_use]
    pub fn is_told(&self, kind: &EventType, whose: Option<UserId>, about: &About<'_>, at: Revision) -> bool {
        let level = match self.level {
            EventLevel::Tenant => true,
            EventLevel::User => kind.of_users && whose == Some(self.owner),
        };
        let filter = self.settings.filter.as_ref();
        self.settings.enabled
            && self.since < at
            && level
            && self.settings.event_types.iter().any(|known| known.name == kind.name)
            && filter.is_none_or(|filter| filter.selects(about))
    }

    /// The secrets that deliveries are signed by now, the present one first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &Sealed> {
        let earlier = self.earlier_secret.as_ref().filter(|(_, until)| now < *until);
        self.settings.secret.iter().chain(earlier.map(|(secret, _)| secret))
    }

    /// The end of it.
    pub fn delete(self) -> Edited<()> {
        deleted(self)
    }
}

/// The state that an edit of a tenant leads to.
const fn next(tenant: &Snapshot) -> Revision {
    Revision(tenant.revision().0 + 1)
}
