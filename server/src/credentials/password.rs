//! Is this the password? (reference: RFC 9106; OWASP ASVS 5.0 §6.2, §11.4.2; threats T29)

use std::{
    num::NonZeroU32,
    sync::{Arc, LazyLock},
    thread::available_parallelism,
    time::Duration,
};

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;
use rolecall_engine::{ids::TenantId, names::fold};
use tokio::{
    sync::Semaphore,
    task::{JoinError, spawn_blocking},
    time::timeout,
};

use super::TokenHash;
use crate::error::Error;

/// Characters that a password must have at least, and may have at most.
pub const LENGTH: std::ops::RangeInclusive<usize> = 12..=256;

/// Half as many passwords are hashed at once as there are processors: each takes 19 MiB and tens of milliseconds, and the other
/// half answers everybody else.
static HASHING: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let processors = available_parallelism().map_or(1, usize::from);
    Arc::new(Semaphore::new(processors.div_ceil(2)))
});
/// How long a password waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// Passwords of a tenant that are hashed or wait for it at once: those of one keep nobody's of another waiting for long.
const OF_A_TENANT: usize = 16;
static PLACES: LazyLock<Cache<TenantId, Arc<Semaphore>>> =
    LazyLock::new(|| Cache::builder().time_to_idle(TURN.saturating_mul(6)).max_capacity(100_000).build());

/// The hash of a password that nobody has, looked at where there is none, so that the time does not tell.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cyBzYWx0IQ$\
                       ixk6Dm0YXJ4BzV2u3oO1dPCIyzCmRtqFv7mY9VQ8n2E";

async fn hashing<T: Send + 'static>(
    tenant: TenantId,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let places = PLACES.get_with(tenant, || Arc::new(Semaphore::new(OF_A_TENANT)));
    let place = places.try_acquire_owned().map_err(|_| Error::TooManyRequests(TURN.as_secs()))?;
    let turn = timeout(TURN, Arc::clone(&HASHING).acquire_owned()).await;
    let permit = turn.map_err(|_| Error::TooManyRequests(TURN.as_secs()))?.map_err(Error::internal)?;
    let work = move || {
        // The turn goes with the work, which nobody can stop, and not with who asked, who may leave.
        let _turn = (place, permit);
        work()
    };
    spawn_blocking(work).await.map_err(|error: JoinError| Error::internal(error))
}

/// The hash of a password with a salt, as a PHC string: Argon2id with the library's parameters.
///
/// # Errors
/// When too many are hashed at this time, of the tenant or of all, or the library fails.
pub async fn hash(tenant: TenantId, password: String, salt: [u8; 16]) -> Result<String, Error> {
    let hashed = hashing(tenant, move || {
        let hash: Result<argon2::password_hash::phc::PasswordHash, _> =
            Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
        hash.map(|hash| hash.to_string())
    });
    hashed.await?.map_err(|error| Error::internal(error.to_string()))
}

/// Whether a password has this hash. Takes as long where there is none, and is false then.
///
/// # Errors
/// When too many are looked at, at this time, of the tenant or of all, or the work cannot be done.
pub async fn verify(tenant: TenantId, hash: Option<String>, password: String) -> Result<bool, Error> {
    hashing(tenant, move || {
        let known = PasswordHash::new(hash.as_deref().unwrap_or(NOBODYS));
        let is =
            known.is_ok_and(|known| Argon2::default().verify_password(password.as_bytes(), &known).is_ok());
        is && hash.is_some()
    })
    .await
}

/// Attempts to log in by a password, by the name that was tried: a few at once, then one each half minute. Names that differ
/// in case or blanks only are counted as one.
pub struct Attempts(Cache<Tried, Arc<DefaultDirectRateLimiter>>);

/// A tenant, and the hash of a name.
type Tried = (TenantId, Option<TokenHash>);

/// Attempts that may follow one another at once.
const AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
/// How long it takes until there may be one more.
const ONE_MORE: Duration = Duration::from_secs(30);

impl Default for Attempts {
    fn default() -> Self {
        let idle = ONE_MORE.saturating_mul(AT_ONCE.get());
        Self(Cache::builder().time_to_idle(idle).max_capacity(100_000).build())
    }
}

impl Attempts {
    fn key(tenant: TenantId, name: &str) -> Tried {
        let name: String = fold(name).split_whitespace().collect();
        // All that are too long for a hash are counted as one.
        (tenant, TokenHash::of(&name))
    }

    /// Counts an attempt; answers whether it may be made.
    pub fn count(&self, tenant: TenantId, name: &str) -> bool {
        let quota = Quota::with_period(ONE_MORE).map(|quota| quota.allow_burst(AT_ONCE));
        let Some(quota) = quota else { return false };
        let limiter = self.0.get_with(Self::key(tenant, name), || Arc::new(RateLimiter::direct(quota)));
        limiter.check().is_ok()
    }

    /// Forgets the attempts: one of them was good.
    pub fn forget(&self, tenant: TenantId, name: &str) {
        self.0.invalidate(&Self::key(tenant, name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> TenantId {
        TenantId::new([1; 32])
    }

    #[tokio::test]
    async fn only_the_password_has_its_hash() {
        let hashed = hash(tenant(), "correct horse battery".to_owned(), [1; 16]).await.unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m="), "{hashed}");
        assert!(verify(tenant(), Some(hashed.clone()), "correct horse battery".to_owned()).await.unwrap());
        for wrong in ["", "correct horse batterx", "Correct horse battery"] {
            assert!(!verify(tenant(), Some(hashed.clone()), wrong.to_owned()).await.unwrap());
        }
        assert!(!verify(tenant(), Some("nonsense".to_owned()), "x".to_owned()).await.unwrap());
        assert!(!verify(tenant(), None, "x".to_owned()).await.unwrap());
        assert!(PasswordHash::new(NOBODYS).is_ok(), "it is looked at like any other");
    }

    /// However many passwords of one tenant come at once, those of another have their turn.
    #[tokio::test]
    async fn one_tenants_passwords_do_not_keep_anothers_waiting() {
        let other = TenantId::new([2; 32]);
        let many = (0..100).map(|_| tokio::spawn(verify(other, None, "x".to_owned()))).collect::<Vec<_>>();
        tokio::task::yield_now().await;
        assert!(!verify(tenant(), None, "x".to_owned()).await.unwrap());
        let mut refused = 0;
        for one in many {
            refused += usize::from(matches!(one.await.unwrap(), Err(Error::TooManyRequests(_))));
        }
        assert_eq!(refused, 100 - OF_A_TENANT);
    }

    #[test]
    fn attempts_are_counted_by_what_a_name_reads_as() {
        let (attempts, tenant) = (Attempts::default(), TenantId::new([1; 32]));
        for n in 0..10 {
            assert!(attempts.count(tenant, ["ada", "ADA", " a d a"][n % 3]));
        }
        assert!(!attempts.count(tenant, "Ada"));
        assert!(attempts.count(tenant, "other") && attempts.count(TenantId::new([2; 32]), "ada"));
        attempts.forget(tenant, "ada");
        assert!(attempts.count(tenant, "ADA "));
    }
}
