//! How many requests may somebody make? (reference/rest-api.md §1.7)

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _};
use moka::sync::Cache;
use rolecall_engine::ids::{IdpId, OAuthClientId, TenantId, UserId};
use serde::Deserialize;

/// How much work a request is. Every tier has a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Tier 1: reads.
    Read,
    /// Tier 2: writes.
    Write,
    /// Filtering by POST.
    Filter,
    /// Reads of the audit trail: as many as other reads, counted apart.
    Audit,
    /// Questions of access: as many as there are.
    Decision,
}

impl Tier {
    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Filter => "filter",
            Self::Audit => "audit",
            Self::Decision => "decision",
        }
    }
}

/// Requests a user may make in a minute, by tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerMinute {
    /// Reads.
    pub tier1: NonZeroU32,
    /// Writes.
    pub tier2: NonZeroU32,
    /// Filters by POST.
    pub filter: NonZeroU32,
}

impl PerMinute {
    /// What the vendor documents, times `factor`.
    #[must_use]
    pub const fn qlik(factor: NonZeroU32) -> Self {
        const fn times(factor: NonZeroU32, limit: u32) -> NonZeroU32 {
            factor.saturating_mul(NonZeroU32::MIN.saturating_add(limit - 1))
        }
        Self { tier1: times(factor, 1000), tier2: times(factor, 100), filter: times(factor, 200) }
    }
}

/// Whose requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    User(TenantId, UserId),
    Client(TenantId, OAuthClientId),
    Operator(OAuthClientId),
    Provider(TenantId, IdpId),
    /// All users of a tenant, who may make as many requests as this many users.
    Tenant(TenantId, NonZeroU32),
}

/// The limits, and what was used of them.
///
/// A user may make a minute's requests at once, and then as many as come back as time goes on. The users of a tenant
/// together may make half of what all of them might, rounded up to a power of two so that it stays as it is while users come
/// and go. Nothing is remembered of who has been quiet for five minutes.
pub struct RateLimits {
    per_minute: Option<PerMinute>,
    used: Cache<(Counted, Tier), Arc<DefaultDirectRateLimiter>>,
}

/// Seconds until the limit lets a request through again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub u64);

impl RateLimits {
    /// These limits; none for no limits at all.
    #[must_use]
    pub fn new(per_minute: Option<PerMinute>) -> Self {
        Self {
            per_minute,
            used: Cache::builder().time_to_idle(Duration::from_mins(5)).max_capacity(1_000_000).build(),
        }
    }

    /// Counts a request of a user of a tenant with so many users.
    ///
    /// # Errors
    /// When the user or the tenant has made too many; the request is then not counted for the tenant.
    pub fn count(&self, tenant: TenantId, user: UserId, users: usize, tier: Tier) -> Result<(), RetryAfter> {
        self.count_for(Counted::User(tenant, user), tenant, users, tier)
    }

    /// Counts a request of a program that provisions users for a provider, which may make as many as a user.
    ///
    /// # Errors
    /// As [`RateLimits::count`].
    pub fn count_provider(
        &self,
        tenant: TenantId,
        provider: IdpId,
        users: usize,
        tier: Tier,
    ) -> Result<(), RetryAfter> {
        self.count_for(Counted::Provider(tenant, provider), tenant, users, tier)
    }

    fn count_for(&self, who: Counted, tenant: TenantId, users: usize, tier: Tier) -> Result<(), RetryAfter> {
        let Some(per_minute) = self.per_minute else { return Ok(()) };
        let limit = match tier {
            Tier::Read | Tier::Audit => per_minute.tier1,
            Tier::Write => per_minute.tier2,
            Tier::Filter => per_minute.filter,
            Tier::Decision => return Ok(()),
        };
        self.take((who, tier), limit)?;
        let half_of_users =
            u32::try_from(users.div_ceil(2).next_power_of_two()).ok().and_then(NonZeroU32::new);
        let share = half_of_users.unwrap_or(NonZeroU32::MAX);
        self.take((Counted::Tenant(tenant, share), tier), limit.saturating_mul(share))
    }

    /// Counts a request of an OAuth client for a token, as a write.
    ///
    /// # Errors
    /// When it has made too many.
    pub fn count_client(&self, tenant: TenantId, client: OAuthClientId) -> Result<(), RetryAfter> {
        let Some(per_minute) = self.per_minute else { return Ok(()) };
        self.take((Counted::Client(tenant, client), Tier::Write), per_minute.tier2)
    }

    /// Counts a request of an operator of the installation, as a write.
    ///
    /// # Errors
    /// When it has made too many.
    pub fn count_operator(&self, operator: OAuthClientId) -> Result<(), RetryAfter> {
        let Some(per_minute) = self.per_minute else { return Ok(()) };
        self.take((Counted::Operator(operator), Tier::Write), per_minute.tier2)
    }

    fn take(&self, counted: (Counted, Tier), limit: NonZeroU32) -> Result<(), RetryAfter> {
        let limiter = self.used.get_with(counted, || Arc::new(RateLimiter::direct(Quota::per_minute(limit))));
        limiter.check().map_err(|until| {
            let wait = until.wait_time_from(limiter.clock().now());
            RetryAfter(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody with the identifier of another tenant's client uses up nothing of it, nor of an operator.
    #[test]
    fn clients_are_counted_by_tenant_and_apart_from_operators() {
        let limits = RateLimits::new(Some(PerMinute::qlik(NonZeroU32::MIN)));
        let [here, there] = [1, 2].map(|n| TenantId::new([n; 32]));
        let id = OAuthClientId::new([7; 16]);
        for _ in 0..100 {
            limits.count_client(here, id).unwrap();
        }
        assert!(limits.count_client(here, id).is_err());
        assert!(limits.count_client(there, id).is_ok() && limits.count_operator(id).is_ok());
    }
}
