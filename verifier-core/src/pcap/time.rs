//! The time of a line: UTC with milliseconds, `2026-01-31T12:34:56.789Z`.

use alloc::{format, string::String};
use core::ops::{Range, RangeInclusive};

const SHAPE: &str = "0000-00-00T00:00:00.000Z";

/// Milliseconds since the Unix epoch of a line's time: a moment of the Gregorian calendar from 1970 on, without leap seconds.
/// The width is fixed, so that text order is time order.
#[expect(clippy::arithmetic_side_effects, reason = "fields are bounded by their digits")]
pub fn millis(time: &str) -> Option<u64> {
    let shaped = time.len() == SHAPE.len()
        && time.bytes().zip(SHAPE.bytes()).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        });
    let field = |place: Range<usize>, within: RangeInclusive<u64>| {
        let digits = time.as_bytes().get(place).filter(|_| shaped)?;
        let value = digits.iter().fold(0u64, |value, digit| value * 10 + u64::from(digit & 0x0f));
        within.contains(&value).then_some(value)
    };
    // Fields are bounded, so that nothing below overflows.
    let (year, month) = (field(0..4, 1970..=9999)?, field(5..7, 1..=12)?);
    let days = days_before(year, month) + field(8..10, 1..=days_of_month(year, month))? - 1;
    let (hour, minute, second) = (field(11..13, 0..=23)?, field(14..16, 0..=59)?, field(17..19, 0..=59)?);
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + field(20..23, 0..=999)?)
}

/// Seconds since the Unix epoch as `2026-01-31T12:34:56Z`; a year after 9999 has more digits. The work is the same for every
/// number, since some that are shown come from lists without a bound on times.
#[expect(clippy::arithmetic_side_effects, reason = "quotients of a 64-bit number of seconds, far below overflow")]
pub fn second_text(seconds: u64) -> String {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    /// From the first of March of year 0 to the epoch.
    const DAYS_TO_EPOCH: u64 = 719_468;
    let (days, second) = (seconds / 86_400 + DAYS_TO_EPOCH, seconds % 86_400);
    // Years begin in March, so that a leap day is the last of its year (Hinnant, "chrono-compatible low-level date algorithms").
    let (era, day_of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = 400 * era + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Days from the epoch to the first of a month.
#[expect(clippy::arithmetic_side_effects, reason = "years are 1970 to 9999")]
fn days_before(year: u64, month: u64) -> u64 {
    let leap_days = |until: u64| until / 4 - until / 100 + until / 400;
    let months = (1..month).map(|month| days_of_month(year, month)).sum::<u64>();
    (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969) + months
}

const fn days_of_month(year: u64, month: u64) -> u64 {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
