//! How long is what happened kept at hand, and which days are in the archive? (reference/rest-api.md §10)

use core::{fmt, str::FromStr};

use jiff::civil::Date;

use crate::time::{Span, Timestamp};

/// How long the trail keeps what happened at hand.
pub const RETENTION: Span = Span::from_days(90);

/// Milliseconds of a day.
const DAY: i64 = Span::from_days(1).as_millis();

/// A day in UTC, counted from the first of 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

/// The text is not a day, or not one that can be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day as ISO 8601 writes it, for example `2026-11-24`")]
pub struct ParseDayError;

impl Day {
    /// The day of a point in time.
    #[must_use]
    pub const fn of(time: Timestamp) -> Self {
        Self(time.as_millis() / DAY)
    }

    /// Days since 1970.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Its first millisecond.
    #[must_use]
    pub const fn begins(self) -> Timestamp {
        Timestamp::from_millis(self.0 * DAY)
    }

    /// The first millisecond of the day behind it.
    #[must_use]
    pub const fn ends(self) -> Timestamp {
        self.begins().plus(Span::from_days(1))
    }

    /// Whether all of the day is older than what is kept at hand, so that it belongs in the archive.
    #[must_use]
    pub const fn is_past(self, now: Timestamp) -> bool {
        self.ends().plus(RETENTION).as_millis() <= now.as_millis()
    }
}

impl FromStr for Day {
    type Err = ParseDayError;
    fn from_str(text: &str) -> Result<Self, ParseDayError> {
        let date: Date = text.parse().map_err(|_| ParseDayError)?;
        // The library reads other forms too.
        let (year, month, day) = (date.year(), date.month(), date.day());
        let since = date.since(Date::constant(1970, 1, 1)).map_err(|_| ParseDayError)?;
        let days = i64::from(since.get_days());
        let is_written_so = text.len() == 10 && text == alloc::format!("{year:04}-{month:02}-{day:02}");
        let is_stored = days >= 0 && Self(days).begins().as_millis() == days * DAY;
        if is_written_so && is_stored { Ok(Self(days)) } else { Err(ParseDayError) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = alloc::format!("{}", self.begins());
        f.write_str(time.split('T').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn days_are_read_in_one_form() {
        for good in ["1970-01-01", "2024-02-29", "2026-11-24", "9999-12-30"] {
            assert_eq!(good.parse::<Day>().unwrap().to_string(), good);
        }
        assert_eq!("1970-01-02".parse::<Day>().unwrap().number(), 1);
        for wrong in ["", "2026-2-3", "20261124", "2026-02-30", "1969-12-31", "2026-11-24T00:00:00Z", "today"]
        {
            assert_eq!(wrong.parse::<Day>(), Err(ParseDayError), "{wrong}");
        }
    }

    #[test]
    fn a_day_is_past_once_all_of_it_is() {
        let day: Day = "2026-01-01".parse().unwrap();
        let last = |time: &str| time.parse::<Timestamp>().unwrap();
        assert_eq!(Day::of(last("2026-01-01T23:59:59.999Z")), day);
        assert!(!day.is_past(last("2026-04-01T23:59:59.999Z")));
        assert!(day.is_past(last("2026-04-02T00:00:00Z")));
    }
}
