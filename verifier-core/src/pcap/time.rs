//! The time of a line: UTC with milliseconds, `2026-01-31T12:34:56.789Z`.

use alloc::{format, string::String};
use core::ops::{Range, RangeInclusive};

const SHAPE: &str = "0000-00-00T00:00:00.000Z";

/// Milliseconds since the Unix epoch of a line's time: a moment of the Gregorian calendar from 1970 on, without leap seconds.
/// The width is fixed, so that text order is time order.
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

/// Seconds since the Unix epoch as `2026-01-31T12:34:56Z`; of a year up to 9999.
pub fn second_text(seconds: u64) -> String {
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    while days >= days_before(year + 1, 1) {
        year += 1;
    }
    days -= days_before(year, 1);
    let mut month = 1;
    while days >= days_of_month(year, month) {
        days -= days_of_month(year, month);
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", days + 1)
}

/// Days from the epoch to the first of a month.
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
