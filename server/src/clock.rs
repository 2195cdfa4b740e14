//! What time is it, and what is random? The only place that asks the machine, so that tests can answer instead.

use std::{
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_engine::{
    ids::{
        ApiKeyId, DeliveryId, GroupId, IdpId, RoleId, SpaceAssignmentId, SpaceId, TenantId, UserId, WebhookId,
    },
    time::{Span, Timestamp},
};

/// How far the machine's clock of the day may be behind what it was before it is not believed any more, in milliseconds
/// (threats T30).
const SKEW: i64 = 60_000;

/// The machine's two clocks: the one of the day, which people and programs set, and the time since the machine was started, which nobody
/// sets and which goes on while the machine sleeps. Both run equally fast, so they get apart only if the first is set.
struct Machine {
    /// The most that the first was ahead of the second, in milliseconds.
    most: AtomicI64,
    /// Whether the first was found to be set back, and that was said.
    behind: AtomicBool,
}

static MACHINE: Machine = Machine::new();

impl Machine {
    const fn new() -> Self {
        Self { most: AtomicI64::new(i64::MIN), behind: AtomicBool::new(false) }
    }

    /// The time of the day as it is told, and as it never goes back, both in milliseconds since 1970. The second counts it as
    /// time that has passed when the clock is set forward: so does a machine that was stopped without knowing it.
    #[expect(clippy::disallowed_methods, reason = "this is the injected clock")]
    fn now(&self) -> (i64, i64) {
        // In this order: who is held up between the two finds the day behind, which changes nothing.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let day = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        #[cfg(target_os = "linux")]
        let clock = rustix::time::ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        let clock = rustix::time::ClockId::Monotonic;
        let up = rustix::time::clock_gettime(clock);
        (day, self.steady(day, up.tv_sec * 1000 + up.tv_nsec / 1_000_000))
    }

    /// The time of the day that never goes back, at a time since the machine was started.
    fn steady(&self, day: i64, up: i64) -> i64 {
        let ahead = day - up;
        let mut most = self.most.load(Ordering::Relaxed);
        if ahead > most {
            most = self.most.fetch_max(ahead, Ordering::Relaxed).max(ahead);
        }
        up + most
    }

    /// The time of the day, unless it was set back: then it goes on as if it had not been.
    fn today(&self) -> i64 {
        let (day, steady) = self.now();
        let behind = day < steady - SKEW;
        if behind != self.behind.load(Ordering::Relaxed) {
            self.behind.store(behind, Ordering::Relaxed);
            if behind {
                tracing::error!(
                    seconds = (steady - day) / 1000,
                    "the machine's clock was set back; time goes on here as if it had not been, until a restart"
                );
            }
        }
        if behind { steady } else { day }
    }
}

/// A point in time that compares with others of this process: it never goes back, and goes on while the machine sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

impl Moment {
    /// The time now, in milliseconds.
    pub fn now() -> Self {
        #[cfg(feature = "sabotage")]
        if crate::sabotage::leases_go_by_the_wall_clock() {
            return Self(u64::try_from(MACHINE.now().0).unwrap_or_default());
        }
        Self(u64::try_from(MACHINE.now().1).unwrap_or_default())
    }
}

/// The time of day.
#[derive(Debug, Default)]
pub struct Clock {
    /// How far the clock was moved ahead of the machine's, in milliseconds.
    ahead: AtomicI64,
}

impl Clock {
    /// The time now. It does not go back by more than a minute while the process lives, however the machine's clock is set.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(MACHINE.today().saturating_add(self.ahead.load(Ordering::Relaxed)))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours, as the clocks tell them.
    const HOUR: i64 = 3_600_000;

    #[test]
    fn time_goes_on_whoever_sets_the_clock() {
        let machine = Machine::new();
        assert_eq!(machine.steady(100 * HOUR, HOUR), 100 * HOUR);
        assert_eq!(machine.steady(101 * HOUR, 2 * HOUR), 101 * HOUR);
        // A day back: an hour later it is an hour later.
        assert_eq!(machine.steady(78 * HOUR, 3 * HOUR), 102 * HOUR);
        // Set right again, and then a day ahead: that counts as passed.
        assert_eq!(machine.steady(103 * HOUR, 4 * HOUR), 103 * HOUR);
        assert_eq!(machine.steady(128 * HOUR, 5 * HOUR), 128 * HOUR);
        assert_eq!(machine.steady(105 * HOUR, 6 * HOUR), 129 * HOUR);
    }
}
