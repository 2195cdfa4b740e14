//! When is a request worth sending again, and after how long?

use std::time::Duration;

use rolecall_server::Entropy;

use super::ApiError;

/// Attempts where the server fails or cannot be reached.
const ATTEMPTS: u32 = 4;
/// Waits that are waited because the server asked for it.
const WAITS: u32 = 30;
/// How long the first wait is; each is twice the one before, and up to half as long again.
const FIRST: Duration = Duration::from_millis(250);
/// The longest wait that a server may ask for.
const LONGEST: Duration = Duration::from_mins(5);

/// How often a request was tried, and whether it can be sent again although it may have been done.
pub struct Patience {
    repeatable: bool,
    failures: u32,
    waits: u32,
}

impl Patience {
    pub const fn new(repeatable: bool) -> Self {
        Self { repeatable, failures: 0, waits: 0 }
    }

    /// Whether an attempt may have been done without an answer.
    pub const fn has_tried(&self) -> bool {
        self.failures > 0
    }

    /// How long to wait before the request is sent again; none if there is no use in it, or it could be done twice.
    pub fn after(&mut self, error: &ApiError) -> Option<Duration> {
        match error {
            ApiError::Refused(refused) if refused.status == 429 => {
                self.waits += 1;
                let asked = refused.retry_after.unwrap_or(Duration::from_secs(1));
                (self.waits <= WAITS && asked <= LONGEST).then(|| asked + jitter(FIRST))
            }
            ApiError::Refused(refused) if matches!(refused.status, 500 | 502 | 503 | 504) => {
                self.again(self.repeatable, refused.retry_after)
            }
            ApiError::Unreachable { sent, .. } => self.again(self.repeatable || !sent, None),
            ApiError::Refused(_) | ApiError::Strange { .. } => None,
        }
    }

    fn again(&mut self, is_safe: bool, asked: Option<Duration>) -> Option<Duration> {
        self.failures += 1;
        let own = FIRST * 2_u32.pow(self.failures - 1);
        let wait = asked.map_or(own, |asked| asked.clamp(own, LONGEST));
        (is_safe && self.failures < ATTEMPTS).then(|| wait + jitter(own / 2))
    }
}

/// A random part of a duration, so that those who failed together do not come back together.
fn jitter(most: Duration) -> Duration {
    most.mul_f64(f64::from(u16::from_be_bytes(Entropy.bytes())) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Ask, Refused};

    fn refused(status: u16, retry_after: Option<&str>) -> ApiError {
        let mut headers = reqwest::header::HeaderMap::new();
        if let Some(seconds) = retry_after {
            headers.insert("retry-after", seconds.parse().unwrap());
        }
        let status = reqwest::StatusCode::from_u16(status).unwrap();
        ApiError::Refused(Box::new(Refused::new(&Ask::get("/x", &[]), status, &headers, b"")))
    }

    #[test]
    fn only_what_is_safe_is_sent_again() {
        let lost = ApiError::Unreachable { base: String::new(), why: String::new(), sent: true };
        let not_sent = ApiError::Unreachable { base: String::new(), why: String::new(), sent: false };
        for (error, safe, unsafe_) in [
            (refused(503, None), true, false),
            (refused(429, None), true, true),
            (refused(400, None), false, false),
            (lost, true, false),
            (not_sent, true, true),
        ] {
            assert_eq!(Patience::new(true).after(&error).is_some(), safe, "{error}");
            assert_eq!(Patience::new(false).after(&error).is_some(), unsafe_, "{error}");
        }
    }

    #[test]
    fn it_ends() {
        let mut patience = Patience::new(true);
        let waits: Vec<Duration> = std::iter::from_fn(|| patience.after(&refused(503, None))).collect();
        assert_eq!(waits.len(), 3);
        assert!(waits.is_sorted() && waits.iter().sum::<Duration>() < Duration::from_secs(3), "{waits:?}");
        let asked = Patience::new(false).after(&refused(429, Some("7"))).unwrap();
        assert!(asked >= Duration::from_secs(7) && asked < Duration::from_secs(8));
        assert_eq!(Patience::new(true).after(&refused(429, Some("86400"))), None);
    }
}
