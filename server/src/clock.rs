//! What time is it, and what is random? The only place that asks the machine, so that tests can answer instead.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_engine::{
    ids::{
        ApiKeyId, DeliveryId, GroupId, IdpId, RoleId, SpaceAssignmentId, SpaceId, TenantId, UserId, WebhookId,
    },
    time::{Span, Timestamp},
};

/// The time of day.
#[derive(Debug, Default)]
pub struct Clock {
    /// How far the clock was moved ahead of the machine's, in milliseconds.
    ahead: AtomicI64,
}

impl Clock {
    /// The time now.
    #[expect(clippy::disallowed_methods, reason = "this is the injected clock")]
    pub fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(millis.saturating_add(self.ahead.load(Ordering::Relaxed)))
    }

    /// Moves the clock ahead.
    pub fn advance(&self, span: Span) {
        self.ahead.fetch_add(span.as_millis(), Ordering::Relaxed);
    }
}

/// Where identifiers and keys come from: the operating system.
#[derive(Debug, Clone, Copy)]
pub struct Entropy;

impl Entropy {
    /// `N` bytes that nobody can guess.
    ///
    /// # Panics
    /// When the operating system has no random bytes: without them nothing may go on.
    #[expect(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "the injected source; without randomness nothing may go on"
    )]
    #[must_use]
    pub fn bytes<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        bytes
    }

    fn object<T>(self, now: Timestamp, make: fn(u32, [u8; 8]) -> T) -> T {
        make(u32::try_from(now.as_seconds()).unwrap_or(u32::MAX), self.bytes())
    }

    pub fn role_id(self, now: Timestamp) -> RoleId {
        self.object(now, RoleId::new)
    }

    pub fn idp_id(self, now: Timestamp) -> IdpId {
        self.object(now, IdpId::new)
    }

    pub fn group_id(self, now: Timestamp) -> GroupId {
        self.object(now, GroupId::new)
    }

    pub fn user_id(self, now: Timestamp) -> UserId {
        self.object(now, UserId::new)
    }

    pub fn space_id(self, now: Timestamp) -> SpaceId {
        self.object(now, SpaceId::new)
    }

    pub fn webhook_id(self, now: Timestamp) -> WebhookId {
        self.object(now, WebhookId::new)
    }

    pub fn delivery_id(self, now: Timestamp) -> DeliveryId {
        self.object(now, DeliveryId::new)
    }

    pub fn space_assignment_id(self, now: Timestamp) -> SpaceAssignmentId {
        self.object(now, SpaceAssignmentId::new)
    }

    /// A text that nobody can guess: 32 bytes, as characters that stand in addresses and cookies.
    #[must_use]
    pub fn secret(self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }

    #[must_use]
    pub fn tenant_id(self) -> TenantId {
        TenantId::new(self.bytes())
    }

    #[must_use]
    pub fn api_key_id(self) -> ApiKeyId {
        ApiKeyId::new(self.bytes())
    }
}
