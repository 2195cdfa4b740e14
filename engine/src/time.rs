//! What is a point in time, a length of time, and how are both written? (reference/rest-api.md §1.8)

use core::{fmt, str::FromStr};

/// A point in time in UTC, in whole milliseconds since 1970, from the start of 1970 to the last day but one of 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a point in time, or not one that can be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a point in time as RFC 3339 writes it, for example `2026-11-24T08:00:00Z`")]
pub struct ParseTimeError;

impl Timestamp {
    /// The start of 1970.
    pub const EPOCH: Self = Self(0);
    /// The last millisecond that can be written in every time zone: `9999-12-30T22:00:00.000Z`.
    pub const MAX: Self = Self(253_402_207_200_000);

    /// The point `millis` milliseconds after 1970; what lies outside the range is moved to its end.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        if millis < 0 {
            Self::EPOCH
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0 / 1000
    }

    /// The point `span` later, at most [`Timestamp::MAX`].
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self::from_millis(self.0.saturating_add(span.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{instant:.3}")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimeError;
    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        if !is_rfc_3339(text.as_bytes()) {
            return Err(ParseTimeError);
        }
        let millis = text.parse::<jiff::Timestamp>().map_err(|_| ParseTimeError)?.as_millisecond();
        if Self::from_millis(millis).0 == millis { Ok(Self(millis)) } else { Err(ParseTimeError) }
    }
}

/// Whether a text is written as RFC 3339 §5.6 says. The library reads more: zones in brackets, offsets with seconds, dates in other
/// forms, of which some are not what they seem.
fn is_rfc_3339(text: &[u8]) -> bool {
    let fits = |text: &[u8], form: &[u8]| {
        text.len() == form.len()
            && text.iter().zip(form).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                b'T' => b"Tt ".contains(byte),
                other => byte == other,
            })
    };
    let Some((time, rest)) = text.split_at_checked(19) else { return false };
    let fraction = match rest.split_first() {
        Some((b'.', more)) => 1 + more.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    };
    let zone = rest.get(fraction..).unwrap_or_default();
    let offset = || {
        let hours: Option<u8> =
            zone.get(1..3).and_then(|hours| core::str::from_utf8(hours).ok()?.parse().ok());
        (fits(zone, b"+00:00") || fits(zone, b"-00:00")) && hours.is_some_and(|hours| hours < 24)
    };
    let second = time.get(17..).unwrap_or_default();
    fits(time, b"0000-00-00T00:00:00")
        && second != b"60"
        && fraction != 1
        && (matches!(zone, [b'Z' | b'z']) || offset())
}

/// A length of time in whole milliseconds, not negative, at most ten thousand years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

/// The text is not a length of time, or one without a fixed length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 8601 duration in weeks, days, hours, minutes or seconds, for example `PT24H` or `P7D`")]
pub struct ParseSpanError;

impl Span {
    /// A number of milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    const MAX: Self = Self::from_days(3_652_500);

    /// `hours` hours.
    #[must_use]
    pub const fn from_hours(hours: u32) -> Self {
        Self(hours as i64 * 3_600_000)
    }

    /// `days` days of 24 hours.
    #[must_use]
    pub const fn from_days(days: u32) -> Self {
        Self(days as i64 * 86_400_000)
    }

    /// Milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

impl FromStr for Span {
    type Err = ParseSpanError;
    /// Reads an ISO 8601 duration. A day has 24 hours; years and months have no fixed length and are refused.
    fn from_str(text: &str) -> Result<Self, ParseSpanError> {
        let span: jiff::Span = text.parse().map_err(|_| ParseSpanError)?;
        if !text.starts_with('P') || span.get_years() != 0 || span.get_months() != 0 {
            return Err(ParseSpanError);
        }
        let length =
            span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| ParseSpanError)?;
        let millis = i64::try_from(length.as_millis()).map_err(|_| ParseSpanError)?;
        if (1..=Self::MAX.0).contains(&millis) { Ok(Self(millis)) } else { Err(ParseSpanError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn times_are_written_with_milliseconds_and_z() {
        assert_eq!(Timestamp::from_millis(1_730_468_085_000).to_string(), "2024-11-01T13:34:45.000Z");
        assert_eq!("2024-11-01T14:34:45.0005+01:00".parse(), Ok(Timestamp(1_730_468_085_000)));
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.000Z");
        for good in ["2024-11-01t13:34:45z", "2024-11-01 13:34:45.1Z", "2024-11-01T13:34:45-23:59"] {
            assert!(good.parse::<Timestamp>().is_ok(), "{good}");
        }
        for wrong in [
            "",
            "2024-11-01",
            "1969-12-31T23:59:59Z",
            "yesterday",
            "2027-01-01T00:00:00+09:00[Europe/Paris]",
            "2027-01-01T00:00:00Z[u-ca=hebrew]",
            "2027-01-01T00:00:00+25:00",
            "2027-01-01T00:00:00+01:00:30",
            "20270101T00Z",
            "2027-01-01T00Z",
            "2027-01-01T00:00:00,5Z",
            "2027-01-01T00:00:00.Z",
            "+002027-01-01T00:00:00Z",
            "2027-01-01T23:59:60Z",
            "2027-01-01T00:00:00",
        ] {
            assert_eq!(wrong.parse::<Timestamp>(), Err(ParseTimeError), "{wrong}");
        }
    }

    #[test]
    fn durations_have_a_fixed_length() {
        assert_eq!("PT24H".parse(), Ok(Span::from_hours(24)));
        assert_eq!("P7D".parse(), Ok(Span::from_days(7)));
        assert_eq!("P1DT1H".parse(), Ok(Span::from_hours(25)));
        for wrong in ["", "P1M", "P1Y", "-P1D", "PT0S", "24h", "P99999999D"] {
            assert_eq!(wrong.parse::<Span>(), Err(ParseSpanError), "{wrong}");
        }
    }
}
